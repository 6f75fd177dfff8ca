//! A WebSocket over any tokio byte stream.
//!
//! Every wait is cancel-safe: all progress lives in the [`Stream`], so `recv` and `flush` may be dropped by a
//! `select!` and called again. Time limits are the caller's.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout_at};

use crate::frame::{self, Header};
use crate::out::{Out, OutFrame};
use crate::{Decoder, Error, Event, Message, Opcode, Role};

/// Bytes taken from the socket at once, by way of the stack.
const SCRATCH: usize = 16 * 1024;

/// The limit until [`Stream::set_max_message`] says otherwise: what an unauthenticated peer may send.
const FIRST_LIMIT: usize = 64 * 1024;

/// The most bytes of payload in a control frame.
const CONTROL_LIMIT: usize = 125;

/// One WebSocket connection after its HTTP upgrade. Owns no heap memory while idle.
#[derive(Debug)]
pub struct Stream<IO> {
    io: IO,
    decoder: Decoder,
    /// Received behind the last message and not decoded yet.
    leftover: Bytes,
    out: Out,
    /// The answer to the newest ping, waiting until the queue is empty. Newer pings replace it, so a peer that
    /// pings without reading makes nothing grow.
    pong: Option<Box<[u8]>>,
    role: Role,
    close_sent: bool,
    close_received: bool,
    /// The receiving side is over: close frame, end of stream or error.
    receive_over: bool,
    /// The sending side failed.
    send_failed: Option<io::ErrorKind>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Stream<IO> {
    /// The server's end of an upgraded connection; `leftover` is what was read behind the HTTP head.
    pub fn server(io: IO, leftover: Bytes) -> Stream<IO> {
        Stream::new(io, leftover, Role::Server)
    }

    /// The client's end of an upgraded connection; `leftover` is what was read behind the HTTP head.
    pub fn client(io: IO, leftover: Bytes) -> Stream<IO> {
        Stream::new(io, leftover, Role::Client)
    }

    fn new(io: IO, leftover: Bytes, role: Role) -> Stream<IO> {
        Stream {
            io,
            decoder: Decoder::new(role, FIRST_LIMIT),
            leftover,
            out: Out::default(),
            pong: None,
            role,
            close_sent: false,
            close_received: false,
            receive_over: false,
            send_failed: None,
        }
    }

    /// Sets the largest message accepted, in bytes (64 KiB at first). Holds from the next frame on.
    pub fn set_max_message(&mut self, bytes: usize) {
        self.decoder.set_max_message(bytes);
    }

    /// The byte stream below.
    pub fn get_ref(&self) -> &IO {
        &self.io
    }

    /// Bytes queued and not yet taken by the peer.
    pub fn queued_bytes(&self) -> usize {
        self.out.bytes()
    }

    /// Waits for the next message. Pings are answered on the way, and queued output is written while waiting, but
    /// a peer that does not read never holds up reading. Cancel-safe.
    ///
    /// After `Message::Close` (the answering close frame is queued by then; [`Stream::finish`] writes it) or an
    /// error nothing more comes: further calls fail with [`Error::Closed`].
    pub async fn recv(&mut self) -> Result<Message, Error> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Poll form of [`Stream::recv`].
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        if self.receive_over {
            return Poll::Ready(Err(Error::Closed));
        }
        let received = ready!(self.poll_message(cx));
        if !matches!(received, Ok(Message::Text(_) | Message::Binary(_) | Message::Pong)) {
            self.receive_over = true;
            self.leftover = Bytes::new();
        }
        Poll::Ready(received)
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        loop {
            while !self.leftover.is_empty() {
                let mut rest = &self.leftover[..];
                let found = self.decoder.decode(&mut rest)?;
                let used = self.leftover.len() - rest.len();
                self.leftover.advance(used);
                if self.leftover.is_empty() {
                    self.leftover = Bytes::new();
                }
                if let Some(message) = found.and_then(|event| self.take_event(event)) {
                    return Poll::Ready(Ok(message));
                }
            }
            self.write_behind(cx);
            let mut scratch = [const { MaybeUninit::<u8>::uninit() }; SCRATCH];
            let mut buf = ReadBuf::uninit(&mut scratch);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
            let mut rest = buf.filled();
            if rest.is_empty() {
                return Poll::Ready(Err(Error::Eof));
            }
            while !rest.is_empty() {
                let found = self.decoder.decode(&mut rest)?;
                if let Some(message) = found.and_then(|event| self.take_event(event)) {
                    self.leftover = Bytes::copy_from_slice(rest);
                    return Poll::Ready(Ok(message));
                }
            }
        }
    }

    fn take_event(&mut self, event: Event) -> Option<Message> {
        match event {
            Event::Ping(payload) => {
                if !self.close_sent {
                    self.pong = Some(payload.into_boxed_slice());
                }
                None
            }
            Event::Message(message) => {
                if let Message::Close { code, .. } = &message {
                    self.close_received = true;
                    self.queue_close(*code, "");
                }
                Some(message)
            }
        }
    }

    /// Writes what it can without waiting. A failure is kept for the next send: what the peer sent before it
    /// went away is still worth reading.
    fn write_behind(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
            self.send_failed = Some(error.kind());
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(kind) = self.send_failed {
            return Poll::Ready(Err(kind.into()));
        }
        loop {
            match ready!(self.out.poll_flush(&mut self.io, cx)) {
                Ok(()) => {}
                Err(error) => {
                    self.send_failed = Some(error.kind());
                    self.out.clear();
                    self.pong = None;
                    return Poll::Ready(Err(error));
                }
            }
            match self.pong.take() {
                Some(payload) if !self.close_sent => {
                    let frame = frame::encode(Opcode::Pong, &payload, self.fresh_mask()?);
                    self.out.push(frame);
                }
                _ => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Queues a frame and waits until the peer's side has taken everything queued. When dropped while waiting,
    /// the frame stays queued and goes out with the next `recv`, `send`, `flush` or `finish`.
    pub async fn send(&mut self, frame: OutFrame) -> Result<(), Error> {
        self.queue(frame)?;
        self.flush().await
    }

    /// Sends a text message.
    pub async fn send_text(&mut self, text: String) -> Result<(), Error> {
        self.send(OutFrame::Text(text)).await
    }

    /// Sends one text message given in parts, of which some may be shared with other connections. On a server
    /// the parts are written from where they are, without a copy. The caller answers for their being UTF-8
    /// together. Cancellation as in [`Stream::send`].
    pub async fn send_shared(&mut self, parts: &[Bytes]) -> Result<(), Error> {
        self.may_send()?;
        if self.role == Role::Client {
            self.push_message(Opcode::Text, &parts.concat())?;
            return self.flush().await;
        }
        let len = parts.iter().map(|part| part.len() as u64).sum();
        let header = Header { fin: true, opcode: Opcode::Text, mask: None, len }.encode();
        poll_fn(|cx| Poll::Ready(self.out.push_through(&mut self.io, cx, header.as_slice(), parts)))
            .await
            .inspect_err(|error| self.send_failed = Some(error.kind()))?;
        self.flush().await
    }

    /// Sends a ping; the peer's answer arrives as [`Message::Pong`].
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.send(OutFrame::Ping(payload.to_vec())).await
    }

    /// Sends the close frame (code 1005: one without code) and waits until it is written. Follow with
    /// [`Stream::finish`]. Does nothing when a close frame was sent before.
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<(), Error> {
        self.queue_close(code, reason);
        self.flush().await
    }

    /// Queues a frame without writing it; `recv` writes it while it waits.
    pub fn queue(&mut self, frame: OutFrame) -> Result<(), Error> {
        self.may_send()?;
        match frame {
            OutFrame::Text(text) => self.push_message(Opcode::Text, text.as_bytes()),
            OutFrame::Binary(bytes) => self.push_message(Opcode::Binary, &bytes),
            OutFrame::Ping(payload) => {
                self.push_message(Opcode::Ping, &payload[..payload.len().min(CONTROL_LIMIT)])
            }
            OutFrame::Close(code, reason) => {
                self.queue_close(code, &reason);
                Ok(())
            }
            OutFrame::Encoded(frame) if self.role == Role::Server => {
                self.out.push(frame);
                Ok(())
            }
            OutFrame::Encoded(_) => Err(Error::Protocol("a client frame must be masked")),
        }
    }

    /// Waits until everything queued is written. Cancel-safe.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flush(cx)).await.map_err(Error::Io)
    }

    /// Ends the connection: writes what is queued, then reads and drops what still comes until the peer's close
    /// frame or the end of the stream, at most until `deadline`, and shuts the byte stream down. Without this
    /// last reading the kernel would answer late data with a reset, and the peer could lose the close frame.
    pub async fn finish(&mut self, deadline: Instant) {
        // A peer that does not answer in time is no different from one that does: the connection is gone.
        let _ = timeout_at(deadline, self.drain()).await;
    }

    async fn drain(&mut self) {
        let _ = self.flush().await;
        if self.role == Role::Server && self.close_received {
            let _ = self.io.shutdown().await;
            return;
        }
        while !self.receive_over {
            match self.recv().await {
                Ok(_) => {}
                Err(Error::Eof | Error::Io(_)) => return,
                Err(_) => break,
            }
        }
        let _ = self.flush().await;
        // The server hangs up first (RFC 6455 §7.1.1); a client only ends its own direction and waits for that.
        let _ = self.io.shutdown().await;
        if !(self.role == Role::Server && self.close_received) {
            while self.discard().await {}
        }
    }

    /// Reads and drops some bytes; false at the end of the stream.
    async fn discard(&mut self) -> bool {
        poll_fn(|cx| {
            let mut scratch = [const { MaybeUninit::<u8>::uninit() }; SCRATCH];
            let mut buf = ReadBuf::uninit(&mut scratch);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf));
            Poll::Ready(read.is_ok() && !buf.filled().is_empty())
        })
        .await
    }

    fn may_send(&self) -> Result<(), Error> {
        if self.close_sent {
            return Err(Error::Closed);
        }
        match self.send_failed {
            Some(kind) => Err(Error::Io(kind.into())),
            None => Ok(()),
        }
    }

    fn queue_close(&mut self, code: u16, reason: &str) {
        if self.may_send().is_err() {
            return;
        }
        let mut payload = Vec::new();
        if code != 1005 {
            payload.extend_from_slice(&code.to_be_bytes());
            let cut = reason.floor_char_boundary(CONTROL_LIMIT - payload.len());
            payload.extend_from_slice(&reason.as_bytes()[..cut]);
        }
        if let Err(Error::Io(error)) = self.push_message(Opcode::Close, &payload) {
            self.send_failed = Some(error.kind());
        }
        self.close_sent = true;
    }

    fn push_message(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Error> {
        let frame = frame::encode(opcode, payload, self.fresh_mask()?);
        self.out.push(frame);
        Ok(())
    }

    /// A new masking key for a client; none for a server.
    fn fresh_mask(&self) -> io::Result<Option<[u8; 4]>> {
        if self.role == Role::Server {
            return Ok(None);
        }
        let mut mask = [0; 4];
        getrandom::fill(&mut mask).map_err(|_| io::Error::other("the system has no randomness"))?;
        Ok(Some(mask))
    }
}
