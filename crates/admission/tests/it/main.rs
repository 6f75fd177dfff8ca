//! The decision, seen from outside: a table of situations, and properties over generated worlds.

mod properties;
mod table;
mod world;
