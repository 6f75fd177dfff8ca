//! Rows about approving devices.
