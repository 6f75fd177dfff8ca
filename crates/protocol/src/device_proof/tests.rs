use super::*;
use crate::secret::Secret;

const NONCE: &str = "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42";
const SIGNED_AT: u64 = 1_771_891_200_000;
const KEY: &str = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";
const ID: &str = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";

fn key() -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn device(signature: &str) -> Option<DeviceProofParams> {
    Some(DeviceProofParams {
        id: ID.to_owned(),
        public_key: KEY.to_owned(),
        signature: signature.to_owned(),
        signed_at: SIGNED_AT,
        nonce: NONCE.to_owned(),
    })
}

/// Vector A of §1.5: an operator with a token, a platform in mixed case.
fn vector_a(signature: &str) -> ConnectParams {
    let mut client = ClientInfo::new("cli", "cli", "1", "  Linux 6.8.0 ");
    client.device_family = Some("Desktop".to_owned());
    let mut params = ConnectParams::new(client, 4, 4);
    params.scopes = ["operator.read", "operator.admin"].map(str::to_owned).to_vec();
    params.auth.token = Some(Secret::from("example-gateway-token"));
    params.device = device(signature);
    params
}

/// Vector B of §1.5: a node without credentials.
fn vector_b(signature: &str) -> ConnectParams {
    let mut params = ConnectParams::new(ClientInfo::new("node-host", "node", "1", "darwin"), 4, 4);
    params.role_sent = Some("node".to_owned());
    params.device = device(signature);
    params
}

fn check(params: &ConnectParams, now: u64, challenge: &str) -> Result<DeviceId, ProofKind> {
    verify(&ProofInput::of(params).unwrap(), Millis(now), challenge).map_err(|error| error.kind)
}

/// Maker, `v2` payload and signature, `v3` payload and signature.
type Vector = (fn(&str) -> ConnectParams, &'static str, &'static str, &'static str, &'static str);

const SIGNATURES: [Vector; 2] = [
    (
        vector_a,
        "v2|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|cli|cli|operator|operator.read,operator.admin|1771891200000|example-gateway-token|3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42",
        "DOB58ORLkoxoyry68-PC6cFIjXtWuqd4XICaf5UJmLXPalPLZyeyaRbQjTWx5AG_puTX1XfKeeREoM1aa35VBA",
        "v3|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|cli|cli|operator|operator.read,operator.admin|1771891200000|example-gateway-token|3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42|linux 6.8.0|desktop",
        "iZpGIFIQYZH7JsA7Lg4WSn3upbUB63QrXWdGPdI_5gJ0AOH3MAba3m9ZQDtb9Ihn3egW1NUFc0-zdvAmi47EDg",
    ),
    (
        vector_b,
        "v2|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|node-host|node|node||1771891200000||3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42",
        "dObd4Nok3BUmenOxlZUFijt98HbwvTLnAHkmHXC30EAMp7SF7xHYmppd10TouWJ2d8tVOJgaecqnfi_pAzZuBw",
        "v3|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|node-host|node|node||1771891200000||3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42|darwin|",
        "A5DTVWDH-ohcFdLDoNiB9NPDvqnrc9d7g0-1Fw40vNzcregIOgGIzVlbYmYvYtvxrMn5wYTfJgapXZTSqhkvCw",
    ),
];

#[test]
fn the_published_vectors_hold() {
    for (make, v2, v2_signature, v3, v3_signature) in SIGNATURES {
        let unsigned = make("");
        let input = ProofInput::of(&unsigned).unwrap();
        assert_eq!(payload_v2(&input, NONCE), v2);
        assert_eq!(payload_v3(&input, NONCE), v3);
        assert_eq!(sign_v2(&key(), &input, NONCE), v2_signature);
        assert_eq!(sign_v3(&key(), &input, NONCE), v3_signature);
        for signature in [v2_signature, v3_signature] {
            assert_eq!(check(&make(signature), SIGNED_AT, NONCE).unwrap().as_str(), ID);
        }
    }
}

#[test]
fn keys_are_read_in_three_forms() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n-----END PUBLIC KEY-----\n";
    for text in [KEY, "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=", pem] {
        let key = PublicKey::parse(text).unwrap();
        assert_eq!((key.to_base64url().as_str(), key.device_id().as_str()), (KEY, ID));
        assert_eq!(key.to_spki_pem(), pem);
    }
    for bad in ["", "!!!", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        assert!(PublicKey::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn checks_come_in_the_order_of_the_wire() {
    let signature = SIGNATURES[0].4;
    type Change = fn(&mut DeviceProofParams);
    let cases: [(Change, u64, &str, ProofKind); 13] = [
        (|d| d.id = ID.to_uppercase(), SIGNED_AT, NONCE, ProofKind::IdMismatch),
        (|d| d.id = "0".repeat(64), SIGNED_AT, NONCE, ProofKind::IdMismatch),
        (|d| d.public_key = "!!!".to_owned(), SIGNED_AT, NONCE, ProofKind::IdMismatch),
        // A wrong id is told before a wrong clock, a wrong clock before a wrong nonce, and so on.
        (|d| d.id = "0".repeat(64), SIGNED_AT + 999_999, "x", ProofKind::IdMismatch),
        (|d| d.nonce = "x".to_owned(), SIGNED_AT + 120_001, NONCE, ProofKind::Expired),
        (|d| d.nonce = "x".to_owned(), SIGNED_AT - 120_001, NONCE, ProofKind::Expired),
        (|d| d.nonce = "  ".to_owned(), SIGNED_AT, NONCE, ProofKind::NonceMissing),
        (|d| d.signature = "AAAA".to_owned(), SIGNED_AT, "other", ProofKind::NonceMismatch),
        (|d| d.signature = "AAAA".to_owned(), SIGNED_AT, NONCE, ProofKind::Signature),
        (|d| d.signature = "%".to_owned(), SIGNED_AT, NONCE, ProofKind::Signature),
        (|d| d.signed_at += 1, SIGNED_AT, NONCE, ProofKind::Signature),
        (|d| d.signed_at = u64::MAX, SIGNED_AT, NONCE, ProofKind::Expired),
        (
            |d| {
                d.public_key = URL_SAFE_NO_PAD.encode([7; 16]);
                d.id = DeviceId::of_key_bytes(&[7; 16]).as_str().to_owned();
            },
            SIGNED_AT,
            NONCE,
            ProofKind::Signature,
        ),
    ];
    for (at, (change, now, challenge, want)) in cases.into_iter().enumerate() {
        let mut params = vector_a(signature);
        change(params.device.as_mut().unwrap());
        assert_eq!(check(&params, now, challenge), Err(want), "case {at}");
    }
    for now in [SIGNED_AT - 120_000, SIGNED_AT + 120_000] {
        assert!(check(&vector_a(signature), now, NONCE).is_ok());
    }
    let mut padded = vector_a(signature);
    padded.device.as_mut().unwrap().nonce = format!(" {NONCE} ");
    assert!(check(&padded, SIGNED_AT, NONCE).is_ok());
}

#[test]
fn everything_under_the_signature_counts() {
    type Change = fn(&mut ConnectParams);
    let changes: [Change; 7] = [
        |p| p.auth.token = Some(Secret::from("other")),
        |p| p.auth.token = None,
        |p| p.scopes.reverse(),
        |p| p.role_sent = Some("node".to_owned()),
        |p| p.client.id = "test".to_owned(),
        |p| p.client.mode = "ui".to_owned(),
        |p| p.client.platform = "darwin".to_owned(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut params = vector_a(SIGNATURES[0].4);
        change(&mut params);
        assert_eq!(check(&params, SIGNED_AT, NONCE), Err(ProofKind::Signature), "case {at}");
    }
}

#[test]
fn skew_is_told_with_its_side() {
    let params = vector_a(SIGNATURES[0].4);
    let input = ProofInput::of(&params).unwrap();
    let skew = |now: u64| verify(&input, Millis(now), NONCE).unwrap_err().skew_ms;
    assert_eq!(skew(SIGNED_AT - 185_000), Some(185_000));
    assert_eq!(skew(SIGNED_AT + 185_000), Some(-185_000));
}

#[test]
fn clients_sign_what_gateways_verify() {
    let mut params = vector_b("");
    params.device = None;
    params.auth.device_token = Some(Secret::from("tok"));
    attach(&mut params, &key(), "n-1", Millis(42));
    assert_eq!(check(&params, 42, "n-1").unwrap().as_str(), ID);
    assert_eq!(check(&params, 42, "n-2"), Err(ProofKind::NonceMismatch));
}
