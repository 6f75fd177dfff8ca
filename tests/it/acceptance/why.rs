//! Rows about what the log, `why` and `explain` tell.
