//! Wrong and missing secrets in each mode, and what has to be paired first.

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::{Value, json};

use super::{Row, UI, check_all, check_help, patient_world, split_help};

/// The four fields of every authentication failure.
fn failure(code: &str, reason: &str, retry: bool, next: &str) -> Value {
    json!({
        "code": code, "authReason": reason, "canRetryWithDeviceToken": retry, "recommendedNextStep": next,
    })
}

fn row(name: &'static str, connect: Connect, message: &str, details: Value) -> Row {
    Row::new(name, connect, "INVALID_REQUEST", &format!("unauthorized: {message}"), details)
}

const TOKEN_HINT: &str = "set gateway.remote.token to match gateway.auth.token";
const PASSWORD_HINT: &str = "set gateway.remote.password to match gateway.auth.password";

#[test]
fn in_token_mode() {
    let world = patient_world();
    let gateway = world.start();
    check_all(&gateway, |dialect| {
        let cli = || Connect::cli(dialect).device(&Device::new());
        let other = || Connect::test(dialect).device(&Device::new());
        let missing = || failure("AUTH_TOKEN_MISSING", "token_missing", false, "update_auth_configuration");
        let mismatch = |retry| {
            let next = if retry { "retry_with_device_token" } else { "update_auth_credentials" };
            failure("AUTH_TOKEN_MISMATCH", "token_mismatch", retry, next)
        };
        let device_token = || {
            failure("AUTH_DEVICE_TOKEN_MISMATCH", "device_token_mismatch", false, "update_auth_credentials")
        };
        let bootstrap = || {
            failure(
                "AUTH_BOOTSTRAP_TOKEN_INVALID",
                "bootstrap_token_invalid",
                false,
                "review_auth_configuration",
            )
        };
        let rotate = "device token mismatch (rotate/reissue device token)";
        let code = dialect.pick(
            "bootstrap token invalid or expired (scan a fresh setup code)",
            "setup code invalid, expired, revoked, or already used (create a new code; review `openclaw devices list`)",
        );
        vec![
            row("nothing, CLI", cli(), &format!("gateway token missing ({TOKEN_HINT})"), missing()),
            row("nothing, other", other(), "gateway token missing (provide gateway auth token)", missing()),
            row(
                "wrong, CLI",
                cli().token("wrong"),
                &format!("gateway token mismatch ({TOKEN_HINT})"),
                mismatch(true),
            ),
            row(
                "wrong, other",
                other().token("wrong"),
                "gateway token mismatch (provide gateway auth token)",
                mismatch(true),
            ),
            row(
                "wrong, no device",
                Connect::cli(dialect).token("wrong"),
                &format!("gateway token mismatch ({TOKEN_HINT})"),
                mismatch(false),
            ),
            row(
                "only a password",
                cli().auth("password", "wrong"),
                &format!("gateway token {} ({TOKEN_HINT})", dialect.pick("missing", "mismatch")),
                dialect.pick(missing(), mismatch(false)),
            ),
            row("a wrong device token", cli().auth("deviceToken", "wrong"), rotate, device_token()),
            row(
                "a wrong device token beside a wrong token",
                cli().token("wrong").auth("deviceToken", "wrong"),
                rotate,
                device_token(),
            ),
            row("a wrong setup code", cli().auth("bootstrapToken", "wrong"), code, bootstrap()),
        ]
    });
    for dialect in Dialect::BOTH {
        let ui = || Connect::control_ui(dialect).device(&Device::new());
        let paste = "open the dashboard URL and paste the token in Control UI settings";
        let doctor = "paste in Control UI settings or openclaw doctor --generate-gateway-token; restart";
        let from_ui = || gateway.dial_remote().web_origin(UI);
        let details = failure("AUTH_TOKEN_MISSING", "token_missing", false, "update_auth_configuration");
        let text = format!("gateway token missing ({})", dialect.pick(paste, doctor));
        row("nothing, Control UI", ui(), &text, details).check(from_ui());
        let details = failure("AUTH_TOKEN_MISMATCH", "token_mismatch", true, "retry_with_device_token");
        let text = format!("gateway token mismatch ({paste})");
        row("wrong, Control UI", ui().token("wrong"), &text, details).check(from_ui());
    }
}

#[test]
fn in_password_mode() {
    let world = patient_world().with(|config| {
        config["gateway"]["auth"]["mode"] = json!("password");
        config["gateway"]["auth"].as_object_mut().unwrap().remove("token");
        config["gateway"]["auth"]["password"] = json!("correct horse battery staple");
    });
    let gateway = world.start();
    check_all(&gateway, |dialect| {
        let cli = || Connect::cli(dialect).device(&Device::new());
        let missing =
            || failure("AUTH_PASSWORD_MISSING", "password_missing", false, "update_auth_configuration");
        let mismatch =
            || failure("AUTH_PASSWORD_MISMATCH", "password_mismatch", false, "update_auth_credentials");
        vec![
            row("nothing", cli(), &format!("gateway password missing ({PASSWORD_HINT})"), missing()),
            row(
                "wrong",
                cli().auth("password", "wrong"),
                &format!("gateway password mismatch ({PASSWORD_HINT})"),
                mismatch(),
            ),
            row(
                "wrong, other",
                Connect::test(dialect).device(&Device::new()).auth("password", "wrong"),
                "gateway password mismatch (provide gateway auth password)",
                mismatch(),
            ),
        ]
    });
    for dialect in Dialect::BOTH {
        let right =
            Connect::test(dialect).auth("password", "correct horse battery staple").device(&Device::new());
        let (error, _) = gateway.dial_remote().open().connect(&right).refused();
        assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    }
}

#[test]
fn in_trusted_proxy_mode() {
    let world = World::new().with(|config| {
        let gateway = &mut config["gateway"];
        gateway["auth"] = json!({
            "mode": "trusted-proxy",
            "trustedProxy": {
                "userHeader": "x-user", "requiredHeaders": ["x-proof"], "allowUsers": ["ada"], "allowLoopback": true,
            },
        });
        gateway["trustedProxies"] = json!(["127.0.0.1"]);
    });
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let check = |name, headers: &[(&str, &str)], reason: &str| {
            let identity = reason.starts_with("trusted_proxy_missing_header") && dialect == Dialect::V4;
            let code = if identity { "AUTH_IDENTITY_HEADER_REQUIRED" } else { "AUTH_UNAUTHORIZED" };
            let details = failure(code, reason, false, "review_auth_configuration");
            let connect = Connect::test(dialect).device(&Device::new());
            let mut dial = gateway.dial().header("X-Forwarded-For", "203.0.113.7");
            for (name, value) in headers {
                dial = dial.header(name, value);
            }
            Row::new(name, connect, "INVALID_REQUEST", "unauthorized", details).check(dial);
        };
        check("no proof", &[("x-user", "ada")], "trusted_proxy_missing_header_x-proof");
        check("no user", &[("x-proof", "1")], "trusted_proxy_user_missing");
        check("another user", &[("x-proof", "1"), ("x-user", "eve")], "trusted_proxy_user_not_allowed");
    }
}

#[test]
fn after_too_many_attempts() {
    let world = World::new().with(|config| {
        config["gateway"]["auth"]["rateLimit"] =
            json!({"maxAttempts": 3, "windowMs": 60000, "lockoutMs": 60000, "exemptLoopback": false});
        config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]);
    });
    let gateway = world.start();
    for (dialect, address) in [(Dialect::V3, "203.0.113.3"), (Dialect::V4, "203.0.113.4")] {
        let from = |address: &str| gateway.dial().header("X-Forwarded-For", address).open();
        let known = Device::new();
        let paired = Connect::test(dialect).token(TOKEN).device(&known);
        let device_token = gateway.pair_remote(&paired);
        let wrong = Connect::test(dialect).token("wrong");
        for attempt in 1..=3 {
            let (error, _) = from(address).connect(&wrong).refused();
            assert_eq!(
                error["details"]["code"],
                json!("AUTH_TOKEN_MISMATCH"),
                "{dialect:?}, attempt {attempt}"
            );
        }
        for connect in [wrong, Connect::test(dialect).token(TOKEN)] {
            let (error, close) = from(address).connect(&connect).refused();
            let message = "unauthorized: too many failed authentication attempts (retry later)";
            assert_eq!((&error["code"], &error["message"]), (&json!("INVALID_REQUEST"), &json!(message)));
            assert_eq!((close.code, close.reason.as_str()), (1008, message));
            let (details, help) = split_help("locked out", &error);
            assert_eq!(details, failure("AUTH_RATE_LIMITED", "rate_limited", false, "wait_then_retry"));
            check_help("locked out", &help);
            if dialect == Dialect::V4 {
                assert_eq!(error["retryable"], json!(true));
                let after = error["retryAfterMs"].as_u64().unwrap();
                assert!(after > 30_000 && after <= 60_000, "{after}");
            }
        }
        // Somebody else is not locked out, and neither is a paired device with its own token.
        from("198.51.100.1").connect(&Connect::test(dialect).token(TOKEN)).hello();
        let own = Connect::test(dialect).auth("deviceToken", &device_token).device(&known);
        from(address).connect(&own).hello();
    }
}

#[test]
fn a_device_token_admits_to_what_was_approved_and_no_more() {
    let world = patient_world();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let token = gateway.pair_remote(&Connect::test(dialect).token(TOKEN).device(&device));
        let with_token = || Connect::test(dialect).auth("deviceToken", &token).device(&device);
        gateway.dial_remote().open().connect(&with_token()).hello();
        // A device token in the place of the shared token is what the older clients send.
        gateway.dial_remote().open().connect(&Connect::test(dialect).token(&token).device(&device)).hello();

        let more = with_token().scopes(&["read", "write"]);
        let (text, details) = dialect.pick(
            (
                "device token mismatch (rotate/reissue device token)",
                failure(
                    "AUTH_DEVICE_TOKEN_MISMATCH",
                    "device_token_mismatch",
                    false,
                    "update_auth_credentials",
                ),
            ),
            (
                "device token scope mismatch (re-pair or approve scope upgrade)",
                failure("AUTH_SCOPE_MISMATCH", "scope_mismatch", false, "review_auth_configuration"),
            ),
        );
        row("more scopes", more, text, details).check(gateway.dial_remote());
        let other = Connect::test(dialect).auth("deviceToken", &token).device(&Device::new());
        let text = "device token mismatch (rotate/reissue device token)";
        let details =
            failure("AUTH_DEVICE_TOKEN_MISMATCH", "device_token_mismatch", false, "update_auth_credentials");
        row("another device", other, text, details).check(gateway.dial_remote());
    }
}

/// One reason for pairing in the words of each generation.
fn check_pairing(dialect: Dialect, error: &Value, reason: &str, text: &str, hint: &str, more: Value) {
    let what = format!("{dialect:?}, {reason}");
    assert_eq!(error["code"], json!("NOT_PAIRED"), "{what}: {error}");
    let (mut details, help) = split_help(&what, error);
    check_help(&what, &help);
    let request = details["requestId"].as_str().unwrap_or_else(|| panic!("{what}: {details}")).to_owned();
    details.as_object_mut().unwrap().remove("requestId");
    let mut expected = json!({"code": "PAIRING_REQUIRED", "reason": reason});
    if dialect == Dialect::V4 {
        expected["remediationHint"] = json!(hint);
        for (field, value) in more.as_object().unwrap() {
            expected[field] = value.clone();
        }
    }
    assert_eq!(details, expected, "{what}");
    let message = dialect.pick("pairing required".to_owned(), format!("pairing required: {text}"));
    assert_eq!(error["message"], json!(message), "{what}");
    // The way out names the very request.
    assert!(help["fix"].to_string().contains(&request), "{what}: {help}");
}

#[test]
fn what_has_to_be_paired_first() {
    let world = patient_world();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let plain = || Connect::test(dialect).token(TOKEN).device(&device);
        let refused = |connect: &Connect| {
            let (error, close) = gateway.dial_remote().open().connect(connect).refused();
            assert_eq!(close.code, 1008);
            match dialect {
                Dialect::V3 => assert_eq!(close.reason, "pairing required"),
                Dialect::V4 => {
                    let request = error["details"]["requestId"].as_str().unwrap();
                    assert!(close.reason.starts_with("pairing required"), "{close:?}");
                    assert!(close.reason.ends_with(&format!("(requestId: {request})")), "{close:?}");
                }
            }
            error
        };
        let asks = |role: &str, scopes: Value| {
            let mut asks = json!({"deviceId": device.id(), "requestedRole": role});
            if scopes != json!([]) {
                asks["requestedScopes"] = scopes;
            }
            asks
        };
        let knows = |mut asks: Value| {
            asks["approvedRoles"] = json!(["operator"]);
            asks["approvedScopes"] = json!(["operator.read"]);
            asks
        };

        check_pairing(
            dialect,
            &refused(&plain()),
            "not-paired",
            "device is not approved yet",
            "Approve this device from the pending pairing requests.",
            asks("operator", json!(["operator.read"])),
        );
        gateway.pair_remote(&plain());
        check_pairing(
            dialect,
            &refused(&plain().scopes(&["read", "write"])),
            "scope-upgrade",
            "device is asking for more scopes than currently approved",
            "Review the requested scopes, then approve the pending upgrade.",
            knows(asks("operator", json!(["operator.read", "operator.write"]))),
        );
        check_pairing(
            dialect,
            &refused(
                &Connect::node_host(dialect).client("platform", json!("linux")).token(TOKEN).device(&device),
            ),
            "role-upgrade",
            "device is asking for a higher role than currently approved",
            "Review the requested role upgrade, then approve the pending request.",
            knows(asks("node", json!([]))),
        );
        check_pairing(
            dialect,
            &refused(&plain().client("platform", json!("darwin"))),
            "metadata-upgrade",
            "device identity changed and must be re-approved",
            "Review the refreshed device details, then approve the pending request.",
            knows(asks("operator", json!(["operator.read"]))),
        );
    }
}

#[test]
fn a_refusal_names_what_would_be_refused_next() {
    let world = patient_world();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let sentence = |connect: &Connect| {
            let (error, _) = gateway.dial_remote().open().connect(connect).refused();
            error["details"]["help"]["sentence"].as_str().unwrap().to_owned()
        };
        // A newcomer without the token would be told to pair next.
        let newcomer = Connect::test(dialect).device(&Device::new());
        for connect in [newcomer.clone(), newcomer.clone().token("wrong")] {
            let told = sentence(&connect);
            assert!(told.contains("After that, the device must be approved."), "{dialect:?}: {told}");
        }
        // A paired device would not, unless it asks for more.
        let device = Device::new();
        let known = Connect::test(dialect).device(&device);
        gateway.pair_remote(&known.clone().token(TOKEN));
        let told = sentence(&known);
        assert!(!told.contains("After that"), "{dialect:?}: {told}");
        let told = sentence(&known.scopes(&["admin"]));
        assert!(told.contains("After that, the owner must approve what it asks for."), "{dialect:?}: {told}");
    }
}
