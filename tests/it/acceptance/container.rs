//! Rows about gateways in containers and behind address translation.
