//! Rows about reverse proxies between a client and the gateway.
