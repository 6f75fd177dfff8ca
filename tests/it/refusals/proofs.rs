//! Missing device identity, spoilt device proofs, and origins.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Row, UI, check_all, patient_world};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_proof_is_refused_for_exactly_what_is_wrong_with_it() {
    let world = patient_world();
    let gateway = world.start();
    check_all(&gateway, |dialect| {
        let proof = |name, connect: Connect, message, code, reason| {
            let details = json!({"code": format!("DEVICE_AUTH_{code}"), "reason": reason});
            Row::new(name, connect, "INVALID_REQUEST", message, details)
        };
        let spoil = |change: fn(&mut Value)| {
            Connect::test(dialect)
                .token(TOKEN)
                .device(&Device::new())
                .edit(move |params| change(&mut params["device"]))
        };
        let mismatch = ("device identity mismatch", "DEVICE_ID_MISMATCH", "device-id-mismatch");
        let stale = ("device signature expired", "SIGNATURE_EXPIRED", "device-signature-stale");
        let invalid = ("device signature invalid", "SIGNATURE_INVALID", "device-signature");
        let skewed = |skew| Connect::test(dialect).token(TOKEN).device(&Device::new()).clock_skew_ms(skew);
        let row = |name, connect, (message, code, reason)| proof(name, connect, message, code, reason);
        vec![
            row("another device's id", spoil(|device| device["id"] = json!(Device::new().id())), mismatch),
            row(
                "the id in capitals",
                spoil(|device| device["id"] = json!(device["id"].as_str().unwrap().to_uppercase())),
                mismatch,
            ),
            row("a key that does not decode", spoil(|device| device["publicKey"] = json!("!!!")), mismatch),
            row("a clock two minutes slow", skewed(-125_000), stale),
            row("a clock two minutes fast", skewed(125_000), stale),
            proof(
                "a blank nonce",
                spoil(|device| device["nonce"] = json!("   ")),
                "device nonce required",
                "NONCE_REQUIRED",
                "device-nonce-missing",
            ),
            proof(
                "another connection's nonce",
                spoil(|device| device["nonce"] = json!("3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42")),
                "device nonce mismatch",
                "NONCE_MISMATCH",
                "device-nonce-mismatch",
            ),
            row("a signature of noise", spoil(|device| device["signature"] = json!("bm9pc2U")), invalid),
            row(
                "a signature over something else",
                spoil(|device| device["signature"] = json!(Device::new().sign("something else"))),
                invalid,
            ),
            row(
                "a key of the wrong length",
                spoil(|device| {
                    device["publicKey"] = json!(URL_SAFE_NO_PAD.encode([7; 31]));
                    device["id"] = json!(hex(&Sha256::digest([7; 31])));
                }),
                invalid,
            ),
            row(
                "signed with another token",
                Connect::test(dialect)
                    .token("another")
                    .device(&Device::new())
                    .edit(|params| params["auth"]["token"] = json!(TOKEN)),
                invalid,
            ),
            row(
                "signed for other scopes",
                Connect::test(dialect)
                    .token(TOKEN)
                    .device(&Device::new())
                    .edit(|params| params["scopes"] = json!(["operator.admin"])),
                invalid,
            ),
            // A wrong signature is told before a wrong token.
            row(
                "a wrong token as well",
                Connect::test(dialect)
                    .token("wrong")
                    .device(&Device::new())
                    .edit(|params| params["device"]["signature"] = json!("bm9pc2U")),
                invalid,
            ),
        ]
    });
}

#[test]
fn a_proof_is_taken_in_every_spelling_that_clients_use() {
    let world = patient_world();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let connect = || Connect::test(dialect).token(TOKEN).device(&device);
        let standard = STANDARD.encode(device.raw_public_key());
        let mut der = hex_bytes("302a300506032b6570032100");
        der.extend_from_slice(&device.raw_public_key());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
        let spellings = [
            connect(),
            connect().payload_v2(),
            connect().clock_skew_ms(-110_000),
            connect().client("platform", json!("  LINUX 6.8 ")).client("deviceFamily", json!("DeskTop")),
            connect().edit(move |params| params["device"]["publicKey"] = json!(standard)),
            connect().edit(move |params| params["device"]["publicKey"] = json!(pem)),
            connect().edit(|params| {
                let nonce = params["device"]["nonce"].as_str().unwrap().to_owned();
                params["device"]["nonce"] = json!(format!(" {nonce} "));
            }),
        ];
        for (at, spelling) in spellings.iter().enumerate() {
            // It is the proof that is looked at here; a device nobody knows has to pair after it.
            let (error, _) = gateway.dial_remote().open().connect(spelling).refused();
            assert_eq!(error["code"], json!("NOT_PAIRED"), "{dialect:?}, spelling {at}: {error}");
            assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{dialect:?}, spelling {at}");
        }
    }
}

fn hex_bytes(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn who_has_no_device_is_told_to_get_one() {
    let world = patient_world();
    let gateway = world.start();
    check_all(&gateway, |dialect| {
        let required = |name, connect| {
            let details = json!({"code": "DEVICE_IDENTITY_REQUIRED"});
            Row::new(name, connect, "NOT_PAIRED", "device identity required", details)
        };
        vec![
            required("no secret either", Connect::cli(dialect)),
            required("an empty secret", Connect::cli(dialect).token("")),
            required("a node with the right token", Connect::node_host(dialect).token(TOKEN)),
            required("a device token without its device", Connect::cli(dialect).auth("deviceToken", "x")),
        ]
    });
    for dialect in Dialect::BOTH {
        let message = "control ui requires device identity (use HTTPS or localhost secure context)";
        let details = json!({"code": "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"});
        let connect = Connect::control_ui(dialect).token(TOKEN);
        Row::new("Control UI", connect, "INVALID_REQUEST", message, details)
            .check(gateway.dial_remote().web_origin(UI));
    }
}

#[test]
fn an_origin_is_judged_before_any_secret() {
    let world = patient_world();
    let gateway = world.start();
    let message = "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)";
    for dialect in Dialect::BOTH {
        let row = |name, connect, reason| {
            let details = json!({"code": "CONTROL_UI_ORIGIN_NOT_ALLOWED", "reason": reason});
            Row::new(name, connect, "INVALID_REQUEST", message, details)
        };
        let ui = || Connect::control_ui(dialect).token("wrong").device(&Device::new());
        row("Control UI without an origin", ui(), "origin missing or invalid").check(gateway.dial_remote());
        for origin in ["null", "not an origin", "file:///index.html"] {
            row(origin_name(origin), ui(), "origin missing or invalid")
                .check(gateway.dial().web_origin(origin));
        }
        let foreign = [
            "https://evil.example.com",
            "https://gateway.example.com.evil.com",
            "https://gateway.example.com:444",
        ];
        for origin in foreign {
            row("Control UI", ui(), "origin not allowed").check(gateway.dial_remote().web_origin(origin));
            let cli = Connect::cli(dialect).token(TOKEN).device(&Device::new());
            row("another client", cli, "origin not allowed").check(gateway.dial().web_origin(origin));
        }
        // Equality with `Host` proves nothing when a proxy may have written it.
        let same = gateway.dial().host("evil.example.com").web_origin("https://evil.example.com");
        row("same as a foreign host", ui(), "origin not allowed")
            .check(same.header("X-Forwarded-For", "203.0.113.9"));
    }
    // None of it left a trace in what waits for approval.
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"], json!([]));
}

/// A name for a row that lives as long as the table.
fn origin_name(origin: &str) -> &'static str {
    match origin {
        "null" => "a sandboxed page",
        "file:///index.html" => "a local file",
        _ => "words",
    }
}
