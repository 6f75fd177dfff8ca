//! Frame headers, masking and the encoding of whole frames (RFC 6455 §5). Pure functions, no state.

use bytes::Bytes;

use crate::Error;

/// Which end of the connection this is: servers receive masked frames and send unmasked ones, clients the reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that accepted the connection.
    Server,
    /// The end that opened the connection.
    Client,
}

/// The kind of a frame (RFC 6455 §5.2); reserved kinds never become a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further fragment of the message begun before.
    Continuation,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
    /// The beginning or the answer of the close handshake.
    Close,
    /// Asks for a pong with the same payload.
    Ping,
    /// Answers a ping.
    Pong,
}

impl Opcode {
    fn parse(bits: u8) -> Result<Opcode, Error> {
        Ok(match bits {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            _ => return Err(Error::Protocol("reserved opcode")),
        })
    }

    fn bits(self) -> u8 {
        match self {
            Opcode::Continuation => 0x0,
            Opcode::Text => 0x1,
            Opcode::Binary => 0x2,
            Opcode::Close => 0x8,
            Opcode::Ping => 0x9,
            Opcode::Pong => 0xA,
        }
    }

    /// Close, ping and pong: at most 125 bytes, never fragmented, allowed between the fragments of a message.
    pub fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// The most bytes a frame header can have.
pub(crate) const MAX_HEADER: usize = 14;

/// One frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// The kind of frame.
    pub opcode: Opcode,
    /// The masking key; `None` for an unmasked frame.
    pub mask: Option<[u8; 4]>,
    /// The length of the payload in bytes, as declared by the sender.
    pub len: u64,
}

/// An encoded frame header, held without heap memory.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBytes {
    bytes: [u8; MAX_HEADER],
    len: u8,
}

impl HeaderBytes {
    /// The bytes to put on the wire.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn push(&mut self, more: &[u8]) {
        let start = usize::from(self.len);
        self.bytes[start..start + more.len()].copy_from_slice(more);
        self.len += more.len() as u8;
    }
}

impl Header {
    /// How many bytes the header has whose first two bytes are these.
    pub(crate) fn size(second: u8) -> usize {
        let extended = match second & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 != 0 { 4 } else { 0 };
        2 + extended + mask
    }

    /// Judges the first two bytes alone, so that a peer that speaks something else is refused at once and not
    /// after a length that never comes.
    pub(crate) fn check_start(first: u8, second: u8, role: Role) -> Result<(), Error> {
        if first & 0x70 != 0 {
            return Err(Error::Protocol("reserved bits are set"));
        }
        let opcode = Opcode::parse(first & 0x0F)?;
        let masked = second & 0x80 != 0;
        match role {
            Role::Server if !masked => return Err(Error::Protocol("a client frame must be masked")),
            Role::Client if masked => return Err(Error::Protocol("a server frame must not be masked")),
            _ => {}
        }
        if opcode.is_control() {
            if first & 0x80 == 0 {
                return Err(Error::Protocol("a control frame must not be fragmented"));
            }
            if second & 0x7F > 125 {
                return Err(Error::Protocol("a control frame is longer than 125 bytes"));
            }
        }
        Ok(())
    }

    /// Parses a header from the start of `bytes`, as the given end receives it: `None` while incomplete, else
    /// the header and its size. Fails on every breach of RFC 6455 §5.2 visible in a header.
    pub fn parse(bytes: &[u8], role: Role) -> Result<Option<(Header, usize)>, Error> {
        let &[first, second, ..] = bytes else {
            return Ok(None);
        };
        Header::check_start(first, second, role)?;
        let size = Header::size(second);
        if bytes.len() < size {
            return Ok(None);
        }
        let mut rest = &bytes[2..size];
        let len = match second & 0x7F {
            126 => {
                let (value, tail) = rest.split_at(2);
                rest = tail;
                let len = value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                if len < 126 {
                    return Err(Error::Protocol("a frame length is not in its shortest form"));
                }
                len
            }
            127 => {
                let (value, tail) = rest.split_at(8);
                rest = tail;
                let len = value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                if len >> 63 != 0 {
                    return Err(Error::Protocol("a frame length has its highest bit set"));
                }
                if len <= u64::from(u16::MAX) {
                    return Err(Error::Protocol("a frame length is not in its shortest form"));
                }
                len
            }
            short => u64::from(short),
        };
        let mask = rest.first_chunk::<4>().copied();
        let header = Header { fin: first & 0x80 != 0, opcode: Opcode::parse(first & 0x0F)?, mask, len };
        Ok(Some((header, size)))
    }

    /// Encodes the header.
    pub fn encode(&self) -> HeaderBytes {
        let mut out = HeaderBytes { bytes: [0; MAX_HEADER], len: 0 };
        let first = if self.fin { 0x80 } else { 0 } | self.opcode.bits();
        let mask_bit = if self.mask.is_some() { 0x80 } else { 0 };
        match self.len {
            0..=125 => out.push(&[first, mask_bit | self.len as u8]),
            126..=0xFFFF => {
                out.push(&[first, mask_bit | 126]);
                out.push(&(self.len as u16).to_be_bytes());
            }
            _ => {
                out.push(&[first, mask_bit | 127]);
                out.push(&self.len.to_be_bytes());
            }
        }
        if let Some(mask) = self.mask {
            out.push(&mask);
        }
        out
    }
}

/// Applies a masking key to `data` in place, `data` beginning `offset` bytes into the payload. The same call
/// unmasks.
pub(crate) fn apply_mask(data: &mut [u8], mask: [u8; 4], offset: usize) {
    let mut key = mask;
    key.rotate_left(offset % 4);
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, tail) = data.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Encodes one whole, unfragmented frame, masked when a key is given.
pub fn encode(opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) -> Bytes {
    let header = Header { fin: true, opcode, mask, len: payload.len() as u64 }.encode();
    let mut frame = Vec::with_capacity(header.as_slice().len() + payload.len());
    frame.extend_from_slice(header.as_slice());
    let start = frame.len();
    frame.extend_from_slice(payload);
    if let Some(mask) = mask {
        apply_mask(&mut frame[start..], mask, 0);
    }
    Bytes::from(frame)
}

/// Encodes a text message as a server sends it (header and payload in one piece), to be shared between any
/// number of connections with [`crate::OutFrame::Encoded`].
pub fn encode_text(payload: &str) -> Bytes {
    encode(Opcode::Text, payload.as_bytes(), None)
}

/// Whether a close code may stand in a close frame (RFC 6455 §7.4 and the IANA registry).
pub fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_6455_section_5_7() {
        assert_eq!(&encode(Opcode::Text, b"Hello", None)[..], b"\x81\x05Hello");
        assert_eq!(
            &encode(Opcode::Text, b"Hello", Some([0x37, 0xfa, 0x21, 0x3d]))[..],
            [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        );
        assert_eq!(&encode(Opcode::Ping, b"Hello", None)[..], b"\x89\x05Hello");
        assert_eq!(encode(Opcode::Binary, &[0; 256], None)[..4], [0x82, 0x7E, 0x01, 0x00]);
        assert_eq!(encode(Opcode::Binary, &[0; 65536], None)[..10], [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn headers_that_break_the_rules_are_refused() {
        let table: &[(&[u8], Role, &str)] = &[
            (&[0xC1, 0x80], Role::Server, "reserved bits are set"),
            (&[0x91, 0x80], Role::Server, "reserved bits are set"),
            (&[0x83, 0x80], Role::Server, "reserved opcode"),
            (&[0x8B, 0x80], Role::Server, "reserved opcode"),
            (&[0x81, 0x00], Role::Server, "a client frame must be masked"),
            (&[0x81, 0x80], Role::Client, "a server frame must not be masked"),
            (&[0x09, 0x80], Role::Server, "a control frame must not be fragmented"),
            (&[0x88, 0xFE], Role::Server, "a control frame is longer than 125 bytes"),
            (&[0x82, 126, 0, 125], Role::Client, "a frame length is not in its shortest form"),
            (
                &[0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255],
                Role::Client,
                "a frame length is not in its shortest form",
            ),
            (&[0x82, 127, 128, 0, 0, 0, 0, 1, 0, 0], Role::Client, "a frame length has its highest bit set"),
        ];
        for (bytes, role, expected) in table {
            match Header::parse(bytes, *role) {
                Err(Error::Protocol(text)) => assert_eq!(text, *expected, "{bytes:02x?}"),
                other => panic!("{bytes:02x?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_header_is_read_back_as_written_at_every_length_boundary() {
        for len in [0, 1, 125, 126, 127, 65535, 65536, (1 << 63) - 1] {
            for (role, mask) in [(Role::Server, Some([1, 2, 3, 4])), (Role::Client, None)] {
                let header = Header { fin: true, opcode: Opcode::Binary, mask, len };
                let bytes = header.encode();
                let bytes = bytes.as_slice();
                assert_eq!(Header::parse(bytes, role).unwrap(), Some((header, bytes.len())));
                assert!(Header::parse(&bytes[..bytes.len() - 1], role).unwrap().is_none());
            }
        }
    }

    #[test]
    fn masking_in_pieces_equals_masking_at_once() {
        let mask = [9, 80, 200, 3];
        let plain: Vec<u8> = (0..100).collect();
        let mut whole = plain.clone();
        apply_mask(&mut whole, mask, 0);
        for cut in 0..plain.len() {
            let mut pieces = plain.clone();
            let (left, right) = pieces.split_at_mut(cut);
            apply_mask(left, mask, 0);
            apply_mask(right, mask, cut);
            assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn close_codes() {
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4999] {
            assert!(is_valid_close_code(code), "{code}");
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            assert!(!is_valid_close_code(code), "{code}");
        }
    }
}
