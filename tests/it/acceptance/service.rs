//! Rows about the supervisor, starting, stopping and restarting.
