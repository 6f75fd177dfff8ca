//! Rows about what `openclaw status` and its kin show.
