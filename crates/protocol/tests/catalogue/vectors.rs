//! Vectors for the page's own tests: what pasted texts look like, and device proofs.

use openclaw_protocol::{
    connect::{ClientInfo, ConnectParams, DeviceProofParams},
    device_proof::{self, ProofInput, PublicKey, SigningKey},
    recognise::recognise,
    secret::{self, Secret},
    setup_code::SetupCode,
};
use serde_json::{Value, json};

use crate::{HEAD, constant};

fn recognised() -> Value {
    let setup = SetupCode {
        url: "wss://gw.example/claw".to_owned(),
        bootstrap_token: Secret::new("single-use-token".to_owned()),
        expires_at_ms: Some(1_771_891_200_000),
        tls_fingerprint: None,
        urls: Vec::new(),
    };
    let setup = setup.encode();
    let texts = [
        "7F3A-9C1E",
        " 7f3a 9cle ",
        "7F3A–9C1E",
        "7F3A9C1E",
        "7F3A-9C1U",
        &setup,
        "eyJ1cmwiOiJodHRwOi8vaG9zdCIsImJvb3RzdHJhcFRva2VuIjoiYWJjIn0",
        "mH3Qf_TiD223BoD5rDMOOog9NFB-UZRlNunxRJvducU",
        "0123456789abcdef0123456789abcdef0123456789abcdef",
        "0123456789ABCDEF0123456789ABCDEF",
        "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
        "56475AA75463474C0285DF5DBF2BCAB73DA651358839E9B77481B2EAB107708C",
        "05493183-47b8-4757-ab6b-2da89ac73923",
        "http://127.0.0.1:18789/#token=x",
        "wss://gw.example",
        secret::REDACTED,
        "<token>",
        "<your token>",
        "YOUR_TOKEN",
        "your-gateway-token",
        "$OPENCLAW_GATEWAY_TOKEN",
        "${OPENCLAW_GATEWAY_TOKEN}",
        "$ecret",
        "********",
        "…",
        "xxxx",
        "changeme",
        "TOK-secret-123",
        "my-token-7",
        "",
        "  ",
    ];
    texts.into_iter().map(|text| json!([text, recognise(text)])).collect()
}

/// Client id, mode, platform, device family, scopes, token.
type Claim<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, &'a [&'a str], &'a str);

/// Proofs with the key whose seed is 00 01 02 … 1f: what is said, the text under the signature, and the signature.
fn proofs() -> Value {
    let key = SigningKey::from_bytes(&std::array::from_fn(|at| u8::try_from(at).unwrap()));
    let public = PublicKey::from(&key);
    let nonce = "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42";
    let rows: [Claim<'_>; 4] = [
        (
            "cli",
            "cli",
            "  Linux 6.8.0 ",
            Some("Desktop"),
            &["operator.read", "operator.admin"],
            "example-gateway-token",
        ),
        ("node-host", "node", "darwin", None, &[], ""),
        ("openclaw-control-ui", "webchat", "iPadOS", None, &["operator.admin"], "mH3Qf_TiD223BoD5rDMOOog9"),
        (
            "openclaw-control-ui",
            "webchat",
            "\u{feff}ÄÖ WINDOWS\u{a0}",
            Some(" Phone\t"),
            &[],
            "tökèn|with|bars",
        ),
    ];
    let row =
        |(id, mode, platform, family, scopes, token): (&str, &str, &str, Option<&str>, &[&str], &str)| {
            let mut client = ClientInfo::new(id, mode, "1", platform);
            client.device_family = family.map(str::to_owned);
            let mut params = ConnectParams::new(client, 3, 4);
            let role = if mode == "node" { "node" } else { "operator" };
            params.role_sent = Some(role.to_owned());
            params.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            params.auth.token = (!token.is_empty()).then(|| Secret::new(token.to_owned()));
            params.device = Some(DeviceProofParams {
                id: public.device_id().as_str().to_owned(),
                public_key: public.to_base64url(),
                signature: String::new(),
                signed_at: 1_771_891_200_000,
                nonce: nonce.to_owned(),
            });
            let input = ProofInput::of(&params).unwrap();
            json!({
                "signed": {
                    "deviceId": public.device_id().as_str(), "clientId": id, "clientMode": mode, "role": role,
                    "scopes": scopes, "signedAtMs": 1_771_891_200_000_u64, "token": token, "nonce": nonce,
                    "platform": platform, "deviceFamily": family.unwrap_or_default(),
                },
                "payload": device_proof::payload_v3(&input, nonce),
                "signature": device_proof::sign_v3(&key, &input, nonce),
            })
        };
    json!({
        "seed": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "publicKey": public.to_base64url(),
        "deviceId": public.device_id().as_str(),
        "rows": rows.map(row),
    })
}

/// The file.
pub(crate) fn text() -> String {
    let mut out = HEAD.split_once("\n\n").unwrap().0.to_owned() + "\n";
    constant(
        &mut out,
        "Texts that people paste, and what they look like.",
        "recognised",
        "[text: string, kind: string][]",
        &recognised(),
    );
    constant(&mut out, "Device proofs that the gateway accepts.", "proofs", "", &proofs());
    out
}
