//! Rows about what must stay refused whatever is mended.
