//! Output that is waiting for the peer to read: whole frames in order, freed as soon as they are written.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

/// A frame to send.
#[derive(Debug, Clone)]
pub enum OutFrame {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// A ping; the payload is cut at 125 bytes.
    Ping(Vec<u8>),
    /// The close frame. Code 1005 sends a frame without code and reason; a reason is cut at 123 bytes on a
    /// character boundary. Nothing can be sent after it.
    Close(u16, String),
    /// One or more whole unmasked frames made by [`crate::encode_text`], written as they are. Servers only: a
    /// client must mask each frame afresh.
    Encoded(Bytes),
}

/// How many pieces one vectored write takes.
const PIECES: usize = 16;

/// Byte strings waiting to be written. Owns no heap memory while empty.
#[derive(Debug, Default)]
pub(crate) struct Out {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// Something was written that the layer below (TLS) may still hold back.
    unflushed: bool,
}

impl Out {
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes not yet written.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.bytes += piece.len();
            self.pieces.push_back(piece);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Out::default();
    }

    /// Queues `header` and `parts`, after writing straight from the caller's memory what the peer takes at
    /// once, so that in the usual case nothing is copied or set aside. Never waits.
    pub(crate) fn push_through<IO: AsyncWrite + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
        header: &[u8],
        parts: &[Bytes],
    ) -> io::Result<()> {
        let mut written = 0;
        // A layer that cannot write in pieces would send the header as a packet of its own.
        if self.is_empty() && io.is_write_vectored() && parts.len() < PIECES {
            let mut slices = [IoSlice::new(&[]); PIECES];
            slices[0] = IoSlice::new(header);
            for (slot, part) in slices[1..].iter_mut().zip(parts) {
                *slot = IoSlice::new(part);
            }
            if let Poll::Ready(result) = Pin::new(io).poll_write_vectored(cx, &slices[..=parts.len()]) {
                written = result?;
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                self.unflushed = true;
            }
            let total = header.len() + parts.iter().map(Bytes::len).sum::<usize>();
            if written == total {
                return Ok(());
            }
            if written < header.len() {
                self.push(Bytes::copy_from_slice(&header[written..]));
                written = 0;
            } else {
                written -= header.len();
            }
            for part in parts {
                let skip = written.min(part.len());
                written -= skip;
                self.push(part.slice(skip..));
            }
            return Ok(());
        }
        let total = header.len() + parts.iter().map(Bytes::len).sum::<usize>();
        let mut whole = Vec::with_capacity(total);
        whole.extend_from_slice(header);
        for part in parts {
            whole.extend_from_slice(part);
        }
        self.push(Bytes::from(whole));
        Ok(())
    }

    /// Writes until everything is written and flushed.
    pub(crate) fn poll_flush<IO: AsyncWrite + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.pieces.is_empty() {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let mut count = 0;
            for (slot, piece) in slices.iter_mut().zip(&self.pieces) {
                *slot = IoSlice::new(piece);
                count += 1;
            }
            let written = ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices[..count]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(written);
        }
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        while let Some(front) = self.pieces.front_mut() {
            if written < front.len() {
                front.advance(written);
                return;
            }
            written -= front.len();
            self.pieces.pop_front();
        }
        self.pieces = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_queue_owns_nothing() {
        let mut out = Out::default();
        for n in 0..20u8 {
            out.push(Bytes::from(vec![n; 10]));
        }
        out.push(Bytes::new());
        assert_eq!((out.bytes(), out.pieces.len()), (200, 20));
        out.advance(15);
        assert_eq!((out.bytes(), out.pieces.len(), out.pieces[0].len()), (185, 19, 5));
        out.advance(185);
        assert!(out.is_empty());
        assert_eq!(out.pieces.capacity(), 0);
    }
}
