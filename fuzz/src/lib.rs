//! What the fuzz targets share: reading their inputs, and looking at values and texts independently of the crates
//! under test. Nothing here judges with their help, except [`harmless`], which asks for the one list of deceptive
//! characters.
//!
//! | module | owns |
//! | --- | --- |
//! | [`door`] | where a connection comes from, in lines |
//! | [`lines`] | inputs made of lines, so that seeds and findings can be read and written by hand |
//! | [`values`] | depth, equality and canonical form of JSON values |
//! | [`json5`] | a scanner that finds comments and members in a JSON5 text |

pub mod door;
pub mod json5;
pub mod lines;
pub mod values;

/// Panics unless a text that goes to a person or a peer is free of control, invisible and bidirectional characters.
pub fn harmless(text: &str) {
    if let Some(c) = text.chars().find(|c| openclaw_protocol::words::is_deceptive(*c)) {
        panic!("{c:?} gets through in {text:?}");
    }
}
