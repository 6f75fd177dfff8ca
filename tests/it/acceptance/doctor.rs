//! Rows about what `openclaw doctor` and the configuration commands find and mend.

mod contract;
mod devices;
mod keys;
mod records;
mod token;
