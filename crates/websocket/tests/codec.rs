//! Properties of the codec: whatever was sent comes out again however it is cut up, and whatever is not
//! WebSocket is refused without a panic and without memory.

use openclaw_websocket::{Decoder, Error, Event, Header, Message, Opcode, Role, encode};
use proptest::prelude::*;

const LIMIT: usize = 4096;

/// Encodes one frame with any header.
fn frame(fin: bool, opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let header = Header { fin, opcode, mask, len: payload.len() as u64 }.encode();
    let mut bytes = header.as_slice().to_vec();
    let key = mask.unwrap_or([0; 4]);
    bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
    bytes
}

fn decode_all(decoder: &mut Decoder, mut input: &[u8]) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    while let Some(event) = decoder.decode(&mut input)? {
        events.push(event);
    }
    assert!(input.is_empty());
    Ok(events)
}

fn decode_one(role: Role, bytes: &[u8]) -> Result<Vec<Event>, Error> {
    decode_all(&mut Decoder::new(role, LIMIT), bytes)
}

/// A message, the places where it is cut into fragments, and the pings between the fragments.
#[derive(Debug, Clone)]
struct Sent {
    message: Message,
    cuts: Vec<prop::sample::Index>,
    mask: [u8; 4],
    pings: Vec<Option<Vec<u8>>>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let message = prop_oneof![
        "\\PC{0,300}".prop_map(Message::Text),
        prop::collection::vec(any::<u8>(), 0..600).prop_map(Message::Binary),
    ];
    (
        message,
        prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        any::<[u8; 4]>(),
        prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..=125)), 6),
    )
        .prop_map(|(message, cuts, mask, pings)| Sent { message, cuts, mask, pings })
}

/// What goes over the wire for it, and what the receiver should see.
fn wire(sent: &Sent, role: Role, bytes: &mut Vec<u8>, expected: &mut Vec<Event>) {
    let mask = (role == Role::Server).then_some(sent.mask);
    let (opcode, payload) = match &sent.message {
        Message::Text(text) => (Opcode::Text, text.as_bytes()),
        Message::Binary(data) => (Opcode::Binary, &data[..]),
        other => panic!("not sent here: {other:?}"),
    };
    let mut cuts: Vec<usize> = sent.cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(payload.len());
    let mut start = 0;
    for (nth, end) in cuts.iter().enumerate() {
        if let Some(Some(ping)) = sent.pings.get(nth) {
            bytes.extend(frame(true, Opcode::Ping, ping, mask));
            expected.push(Event::Ping(ping.clone()));
        }
        let opcode = if nth == 0 { opcode } else { Opcode::Continuation };
        bytes.extend(frame(nth + 1 == cuts.len(), opcode, &payload[start..*end], mask));
        start = *end;
    }
    expected.push(Event::Message(sent.message.clone()));
}

proptest! {
    #[test]
    fn any_fragmentation_chunking_and_masking_decodes_to_the_same(
        messages in prop::collection::vec(sent(), 0..5),
        chunks in prop::collection::vec(1usize..200, 1..50),
        server in any::<bool>(),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for sent in &messages {
            wire(sent, role, &mut bytes, &mut expected);
        }
        let mut decoder = Decoder::new(role, LIMIT);
        let mut events = Vec::new();
        let (mut rest, mut sizes) = (&bytes[..], chunks.iter().cycle());
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            events.extend(decode_all(&mut decoder, chunk).unwrap());
            rest = later;
        }
        prop_assert_eq!(events, expected);
        prop_assert_eq!(decoder.held_bytes(), 0);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_never_take_memory_beyond_the_limit(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        chunk in 1usize..500,
        limit in 0usize..2000,
        server in any::<bool>(),
    ) {
        let mut decoder = Decoder::new(if server { Role::Server } else { Role::Client }, limit);
        for chunk in bytes.chunks(chunk) {
            let failed = decode_all(&mut decoder, chunk).is_err();
            prop_assert!(decoder.held_bytes() <= 2 * limit + 2 * 125 + 16);
            if failed {
                prop_assert_eq!(decoder.held_bytes(), 0);
                break;
            }
        }
    }

    #[test]
    fn a_damaged_conversation_never_panics_and_never_takes_memory_beyond_the_limit(
        messages in prop::collection::vec(sent(), 1..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        limit in 0usize..700,
    ) {
        let mut bytes = Vec::new();
        for sent in &messages {
            wire(sent, Role::Server, &mut bytes, &mut Vec::new());
        }
        for (at, value) in &damage {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        let mut decoder = Decoder::new(Role::Server, limit);
        for chunk in bytes.chunks(37) {
            let failed = decode_all(&mut decoder, chunk).is_err();
            prop_assert!(decoder.held_bytes() <= 2 * limit + 2 * 125 + 16);
            if failed {
                break;
            }
        }
    }
}

#[test]
fn rfc_6455_section_5_7_examples_decode() {
    let hello = [Event::Message(Message::Text("Hello".into()))];
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode_one(Role::Client, b"\x81\x05Hello").unwrap(), hello);
    assert_eq!(decode_one(Role::Server, &masked).unwrap(), hello);
    assert_eq!(decode_one(Role::Client, b"\x01\x03Hel\x80\x02lo").unwrap(), hello);
    assert_eq!(decode_one(Role::Client, b"\x89\x05Hello").unwrap(), [Event::Ping(b"Hello".to_vec())]);
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode_one(Role::Server, &pong).unwrap(), [Event::Message(Message::Pong)]);
}

#[test]
fn close_frames() {
    let close = |payload: &[u8]| decode_one(Role::Client, &encode(Opcode::Close, payload, None));
    let closed = |code, reason: &str| [Event::Message(Message::Close { code, reason: reason.into() })];
    assert_eq!(close(b"").unwrap(), closed(1005, ""));
    assert_eq!(close(b"\x03\xf0pairing required").unwrap(), closed(1008, "pairing required"));
    assert!(matches!(close(b"\x03"), Err(Error::Protocol(_))));
    assert!(matches!(close(b"\x03\xed"), Err(Error::Protocol(_))), "1005 must not be sent");
    assert!(matches!(close(b"\x03\xf0\xff"), Err(Error::Utf8)));
}

#[test]
fn sequences_that_break_the_rules_are_refused() {
    for bytes in [
        &b"\x80\x01a"[..],
        b"\x01\x01a\x81\x01b",
        b"\x01\x01a\x02\x01b",
        b"\x81\x01a\x80\x01b",
        b"\x09\x01a",
        b"\x88\x7e\x00\x7e",
    ] {
        assert!(matches!(decode_one(Role::Client, bytes), Err(Error::Protocol(_))), "{bytes:02x?}");
    }
    for text in [&b"\x81\x01\xff"[..], b"\x01\x01\xc3\x80\x00", b"\x81\x03\xed\xa0\x80"] {
        assert!(matches!(decode_one(Role::Client, text), Err(Error::Utf8)), "{text:02x?}");
    }
    let split = b"\x01\x01\xc3\x80\x01\xa9";
    assert_eq!(decode_one(Role::Client, split).unwrap(), [Event::Message(Message::Text("é".into()))]);
}

#[test]
fn a_message_above_the_limit_is_refused_from_its_header() {
    let mut decoder = Decoder::new(Role::Client, 10);
    assert_eq!(decode_all(&mut decoder, b"\x82\x0a0123456789").unwrap().len(), 1);
    let failed = decode_all(&mut decoder, &[0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]);
    assert!(matches!(failed, Err(Error::TooBig { limit: 10 })), "{failed:?}");
    assert_eq!(decoder.held_bytes(), 0);
    assert!(matches!(decode_all(&mut decoder, b"\x81\x00"), Err(Error::Closed)));

    let mut decoder = Decoder::new(Role::Client, 10);
    let fragments = decode_all(&mut decoder, b"\x01\x060123456\x80\x06");
    assert!(matches!(fragments, Err(Error::Protocol(_) | Error::TooBig { .. })), "{fragments:?}");
    let mut decoder = Decoder::new(Role::Client, 10);
    let fragments = decode_all(&mut decoder, b"\x01\x06012345\x80\x05");
    assert!(matches!(fragments, Err(Error::TooBig { limit: 10 })), "{fragments:?}");

    // Raised after the hello, it holds for what follows.
    let mut decoder = Decoder::new(Role::Client, 1);
    decoder.set_max_message(2);
    assert_eq!(decode_all(&mut decoder, b"\x81\x02ab").unwrap().len(), 1);
}
