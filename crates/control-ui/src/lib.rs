//! The browser app, built from `web/` and embedded in the binary.
