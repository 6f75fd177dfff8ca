//! The receiving half of the codec: bytes in, messages out. It joins fragments, unmasks, enforces the size limit
//! and knows nothing of sockets.

use crate::frame::{self, Header, MAX_HEADER};
use crate::{Error, Opcode, Role};

/// What an application receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A whole text message, known to be UTF-8.
    Text(String),
    /// A whole binary message.
    Binary(Vec<u8>),
    /// The peer answered a ping (or sent an unasked-for pong): it is alive.
    Pong,
    /// The peer began or answered the close handshake; nothing follows.
    Close {
        /// The close code; 1005 when the frame carried none.
        code: u16,
        /// The reason, empty when none was given.
        reason: String,
    },
}

/// What the [`Decoder`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something for the application.
    Message(Message),
    /// A ping with its payload, to be answered with a pong of the same payload.
    Ping(Vec<u8>),
}

/// The frame whose payload is being received.
#[derive(Clone, Copy, Debug)]
struct Current {
    fin: bool,
    opcode: Opcode,
    mask: Option<[u8; 4]>,
    /// Payload bytes still to come.
    remaining: u64,
    /// Payload bytes received so far, for the phase of the mask.
    received: u64,
}

/// The state of one receiving end. Holds no heap memory between messages.
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    failed: bool,
    /// Whether the message being joined is text; `None` between messages.
    joining_text: Option<bool>,
    header: [u8; MAX_HEADER],
    header_len: u8,
    current: Option<Current>,
    max_message: usize,
    message: Vec<u8>,
    /// Payload of a control frame, apart from `message` because it may come between two fragments.
    control: Vec<u8>,
}

impl Decoder {
    /// A decoder for the given end; messages above `max_message` bytes are refused.
    pub fn new(role: Role, max_message: usize) -> Decoder {
        Decoder {
            role,
            failed: false,
            joining_text: None,
            header: [0; MAX_HEADER],
            header_len: 0,
            current: None,
            max_message,
            message: Vec::new(),
            control: Vec::new(),
        }
    }

    /// Changes the size limit in bytes, from the next frame header on.
    pub fn set_max_message(&mut self, bytes: usize) {
        self.max_message = bytes;
    }

    /// Heap bytes held at the moment: never more than twice what the peer has really sent of one message, plus a
    /// control frame.
    pub fn held_bytes(&self) -> usize {
        self.message.capacity() + self.control.capacity()
    }

    /// Takes bytes from the front of `input` until an event is complete; `None` when all were taken and more are
    /// needed. After an error the decoder is spent and every further call fails with [`Error::Closed`].
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Error> {
        if self.failed {
            return Err(Error::Closed);
        }
        let found = self.advance(input);
        if found.is_err() {
            self.failed = true;
            self.message = Vec::new();
            self.control = Vec::new();
        }
        found
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Error> {
        loop {
            let Some(current) = self.current else {
                if !self.take_header(input)? {
                    return Ok(None);
                }
                continue;
            };
            let rest = *input;
            let take = usize::try_from(current.remaining).unwrap_or(usize::MAX).min(rest.len());
            let (payload, rest) = rest.split_at(take);
            *input = rest;
            let target = if current.opcode.is_control() { &mut self.control } else { &mut self.message };
            let start = target.len();
            target.extend_from_slice(payload);
            if let Some(mask) = current.mask {
                frame::apply_mask(&mut target[start..], mask, (current.received % 4) as usize);
            }
            let remaining = current.remaining - take as u64;
            if remaining > 0 {
                self.current =
                    Some(Current { remaining, received: current.received + take as u64, ..current });
                return Ok(None);
            }
            self.current = None;
            if let Some(event) = self.frame_complete(current)? {
                return Ok(Some(event));
            }
        }
    }

    /// Collects header bytes; true once a header was complete and accepted.
    fn take_header(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            let at = usize::from(self.header_len);
            self.header[at] = *byte;
            self.header_len += 1;
            if let Some((header, _)) = Header::parse(&self.header[..at + 1], self.role)? {
                self.header_len = 0;
                self.accept_header(header)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn accept_header(&mut self, header: Header) -> Result<(), Error> {
        match (header.opcode, self.joining_text) {
            (Opcode::Continuation, None) => {
                return Err(Error::Protocol("a continuation frame without a message to continue"));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Error::Protocol("a new message began before the last one ended"));
            }
            (Opcode::Text, None) => self.joining_text = Some(true),
            (Opcode::Binary, None) => self.joining_text = Some(false),
            _ => {}
        }
        if !header.opcode.is_control() {
            let total = (self.message.len() as u64).saturating_add(header.len);
            if total > self.max_message as u64 {
                return Err(Error::TooBig { limit: self.max_message });
            }
        }
        self.current = Some(Current {
            fin: header.fin,
            opcode: header.opcode,
            mask: header.mask,
            remaining: header.len,
            received: 0,
        });
        Ok(())
    }

    fn frame_complete(&mut self, frame: Current) -> Result<Option<Event>, Error> {
        match frame.opcode {
            Opcode::Ping => Ok(Some(Event::Ping(std::mem::take(&mut self.control)))),
            Opcode::Pong => {
                self.control = Vec::new();
                Ok(Some(Event::Message(Message::Pong)))
            }
            Opcode::Close => {
                let payload = std::mem::take(&mut self.control);
                parse_close(&payload).map(|message| Some(Event::Message(message)))
            }
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                if !frame.fin {
                    return Ok(None);
                }
                let bytes = std::mem::take(&mut self.message);
                let message = match self.joining_text.take() {
                    Some(true) => Message::Text(String::from_utf8(bytes).map_err(|_| Error::Utf8)?),
                    _ => Message::Binary(bytes),
                };
                Ok(Some(Event::Message(message)))
            }
        }
    }
}

fn parse_close(payload: &[u8]) -> Result<Message, Error> {
    match payload {
        [] => Ok(Message::Close { code: 1005, reason: String::new() }),
        [_] => Err(Error::Protocol("a close frame with half a code")),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !frame::is_valid_close_code(code) {
                return Err(Error::Protocol("a close code that must not be sent"));
            }
            let reason = std::str::from_utf8(reason).map_err(|_| Error::Utf8)?;
            Ok(Message::Close { code, reason: reason.to_owned() })
        }
    }
}
