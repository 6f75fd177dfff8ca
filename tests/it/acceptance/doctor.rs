//! Rows about what `openclaw doctor` and the configuration commands find and mend.
