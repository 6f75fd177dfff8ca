//! WebSocket (RFC 6455) for the gateway and its clients: a codec without I/O ([`Decoder`], [`encode`]) and a
//! thin tokio [`Stream`] over any byte stream.
//!
//! What it is for: many connections that are nearly always idle. An idle [`Stream`] owns no heap memory; bytes
//! are read through a scratch buffer on the stack, and queued output is freed as soon as it is written.
//! What is absent: extensions (no compression), subprotocols, timers of its own, and any knowledge of the
//! gateway's frames.

mod decode;
mod error;
mod frame;
mod handshake;
mod out;
mod stream;

pub use decode::{Decoder, Event, Message};
pub use error::Error;
pub use frame::{Header, HeaderBytes, Opcode, Role, encode, encode_text, is_valid_close_code};
pub use handshake::{
    ClientHandshake, HandshakeError, HttpAnswer, accept_key, client_handshake, http_get, new_key,
    request_bytes,
};
pub use out::OutFrame;
pub use stream::Stream;
