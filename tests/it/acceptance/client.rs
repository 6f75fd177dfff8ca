//! Rows about what a client says about a gateway that it cannot reach or does not get into.

mod path;
mod peers;
mod reached;
mod refused;
