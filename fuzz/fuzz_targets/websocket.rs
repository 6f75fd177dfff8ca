//! The WebSocket decoder against a second, naive decoder that sees all bytes at once. Input: a byte of settings, a
//! byte that chooses where the stream is cut, the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_websocket::{Decoder, Error, Event, Header, Message, Opcode, Role, encode, is_valid_close_code};

const LIMITS: [usize; 4] = [16, 125, 1_024, 65_536];

/// What comes out of a stream of bytes; an error as the close code that answers it.
#[derive(Debug, PartialEq)]
enum Seen {
    Event(Event),
    Failed(u16),
}

fuzz_target!(|data: &[u8]| {
    let [settings, cut, stream @ ..] = data else { return };
    let role = if settings & 1 == 0 { Role::Server } else { Role::Client };
    let limit = LIMITS[usize::from(settings >> 1 & 3)];
    let want = naive(stream, role, limit);
    let whole = decoded(stream, role, limit, &mut |left| left);
    assert_eq!(whole, want, "in one piece");
    let bytewise = decoded(stream, role, limit, &mut |_| 1);
    assert_eq!(bytewise, want, "byte by byte");
    let mut state = u64::from(*cut) + 1;
    let pieces = decoded(stream, role, limit, &mut |left| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize % 40 + 1).min(left)
    });
    assert_eq!(pieces, want, "in pieces");
    what_we_send_arrives(stream, *cut);
});

/// Runs the decoder, feeding as many bytes at a time as `next` says, and watches its memory.
fn decoded(stream: &[u8], role: Role, limit: usize, next: &mut dyn FnMut(usize) -> usize) -> Vec<Seen> {
    let mut decoder = Decoder::new(role, limit);
    let mut seen = Vec::new();
    let mut fed = 0;
    while fed < stream.len() {
        let piece = next(stream.len() - fed).clamp(1, stream.len() - fed);
        let mut input = &stream[fed..fed + piece];
        fed += piece;
        loop {
            let before = input.len();
            match decoder.decode(&mut input) {
                Ok(Some(event)) => seen.push(Seen::Event(event)),
                Ok(None) => {
                    assert!(input.is_empty(), "bytes were left lying");
                    break;
                }
                Err(error) => {
                    seen.push(Seen::Failed(error.close_code().expect("the peer can be told")));
                    assert_eq!(decoder.held_bytes(), 0, "memory kept after a failure");
                    assert!(matches!(decoder.decode(&mut &stream[..]), Err(Error::Closed)), "it goes on");
                    return seen;
                }
            }
            assert!(input.len() < before, "an event out of nothing");
            // A declared length must never become memory; only bytes that came may.
            let bound = 2 * fed.min(limit + 125) + 32;
            assert!(decoder.held_bytes() <= bound, "{} bytes held of {fed}", decoder.held_bytes());
        }
        let bound = 2 * fed.min(limit + 125) + 32;
        assert!(decoder.held_bytes() <= bound, "{} bytes held of {fed}", decoder.held_bytes());
    }
    seen
}

/// RFC 6455 §5, read slowly.
fn naive(mut bytes: &[u8], role: Role, limit: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut joined: Option<(bool, Vec<u8>)> = None;
    while let [first, second, ..] = *bytes {
        let (fin, opcode, masked, short) = (first & 0x80 != 0, first & 15, second & 0x80 != 0, second & 0x7f);
        let control = opcode >= 8;
        let wrong = first & 0x70 != 0
            || !matches!(opcode, 0..=2 | 8..=10)
            || masked != (role == Role::Server)
            || (control && (!fin || short > 125));
        if wrong {
            seen.push(Seen::Failed(1002));
            return seen;
        }
        let extended = [0, 2, 8][usize::from(short > 125) + usize::from(short > 126)];
        let head = 2 + extended + if masked { 4 } else { 0 };
        if bytes.len() < head {
            return seen;
        }
        let mut len = u64::from(short);
        if extended > 0 {
            len = bytes[2..2 + extended].iter().fold(0, |sum, byte| sum * 256 + u64::from(*byte));
            let least = if extended == 2 { 126 } else { 65_536 };
            if len < least || len > u64::MAX / 2 {
                seen.push(Seen::Failed(1002));
                return seen;
            }
        }
        if (opcode == 0) != joined.is_some() && !control {
            seen.push(Seen::Failed(1002));
            return seen;
        }
        let have = joined.as_ref().map_or(0, |(_, bytes)| bytes.len() as u64);
        if !control && have.checked_add(len).is_none_or(|total| total > limit as u64) {
            seen.push(Seen::Failed(1009));
            return seen;
        }
        let Some(payload) = usize::try_from(len).ok().and_then(|len| bytes.get(head..head.checked_add(len)?))
        else {
            return seen;
        };
        let key = if masked { &bytes[head - 4..head] } else { &[0; 4] };
        let plain: Vec<u8> = payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect();
        bytes = &bytes[head + payload.len()..];
        let event = match opcode {
            8 => match closing(&plain) {
                Ok(message) => Event::Message(message),
                Err(code) => {
                    seen.push(Seen::Failed(code));
                    return seen;
                }
            },
            9 => Event::Ping(plain),
            10 => Event::Message(Message::Pong),
            _ => {
                let (text, mut all) = joined.take().unwrap_or((opcode == 1, Vec::new()));
                all.extend(plain);
                if !fin {
                    joined = Some((text, all));
                    continue;
                }
                match (text, String::from_utf8(all)) {
                    (true, Ok(text)) => Event::Message(Message::Text(text)),
                    (true, Err(_)) => {
                        seen.push(Seen::Failed(1007));
                        return seen;
                    }
                    (false, Ok(text)) => Event::Message(Message::Binary(text.into_bytes())),
                    (false, Err(error)) => Event::Message(Message::Binary(error.into_bytes())),
                }
            }
        };
        seen.push(Seen::Event(event));
    }
    seen
}

fn closing(payload: &[u8]) -> Result<Message, u16> {
    match payload {
        [] => Ok(Message::Close { code: 1005, reason: String::new() }),
        [_] => Err(1002),
        [a, b, reason @ ..] => {
            let code = u16::from(*a) * 256 + u16::from(*b);
            if !is_valid_close_code(code) {
                return Err(1002);
            }
            let reason = String::from_utf8(reason.to_vec()).map_err(|_| 1007u16)?;
            Ok(Message::Close { code, reason })
        }
    }
}

/// The other direction: any payload, sent whole or in fragments, comes out as it went in.
fn what_we_send_arrives(payload: &[u8], cut: u8) {
    let want = match std::str::from_utf8(payload) {
        Ok(text) => (Opcode::Text, Message::Text(text.to_owned())),
        Err(_) => (Opcode::Binary, Message::Binary(payload.to_vec())),
    };
    for (role, mask) in [(Role::Client, None), (Role::Server, Some([cut, 0x5a, 0xff, cut ^ 0x33]))] {
        let whole = encode(want.0, payload, mask);
        let at = usize::from(cut).min(payload.len());
        let mut parts = Vec::new();
        for (opcode, fin, part) in
            [(want.0, false, &payload[..at]), (Opcode::Continuation, true, &payload[at..])]
        {
            parts.extend_from_slice(Header { fin, opcode, mask, len: part.len() as u64 }.encode().as_slice());
            parts
                .extend(part.iter().enumerate().map(|(at, byte)| byte ^ mask.map_or(0, |mask| mask[at % 4])));
        }
        for stream in [&whole[..], &parts] {
            let seen = decoded(stream, role, payload.len(), &mut |left| left);
            assert_eq!(seen, [Seen::Event(Event::Message(want.1.clone()))]);
        }
    }
}
