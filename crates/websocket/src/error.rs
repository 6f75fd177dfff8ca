//! What can go wrong on a WebSocket, and the close code that answers it.

use std::io;

/// Why a WebSocket cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The byte stream below failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The peer ended the byte stream without a close frame (what browsers report as 1006).
    #[error("the peer hung up without a close frame")]
    Eof,
    /// The close handshake has begun or the stream has failed already; nothing more can be sent or received.
    #[error("the WebSocket is closed")]
    Closed,
    /// The peer broke RFC 6455; answer with close 1002.
    #[error("WebSocket protocol error: {0}")]
    Protocol(&'static str),
    /// A text message or close reason was not UTF-8; answer with close 1007.
    #[error("a WebSocket text was not valid UTF-8")]
    Utf8,
    /// A message is larger than the receiver's limit; found from its header, before memory is set aside for
    /// it. Answer with close 1009.
    #[error("a WebSocket message is larger than {limit} bytes")]
    TooBig {
        /// The limit in force, in bytes.
        limit: usize,
    },
}

impl Error {
    /// The close code to send to the peer for this error; `None` when the peer cannot be told any more.
    pub fn close_code(&self) -> Option<u16> {
        match self {
            Error::Io(_) | Error::Eof | Error::Closed => None,
            Error::Protocol(_) => Some(1002),
            Error::Utf8 => Some(1007),
            Error::TooBig { .. } => Some(1009),
        }
    }
}
