//! What people read: every refusal has a cause, a plain sentence and, unless only waiting helps, a safe command.

use super::*;
use crate::device_proof::ProofError;
use proptest::prelude::*;

/// One refusal of each kind.
pub(in crate::refusal) fn every_refusal() -> Vec<Refusal> {
    let reasons = [
        AuthReason::TokenMissing,
        AuthReason::TokenMismatch,
        AuthReason::TokenNotConfigured,
        AuthReason::PasswordMissing,
        AuthReason::PasswordMismatch,
        AuthReason::PasswordNotConfigured,
        AuthReason::DeviceTokenMismatch,
        AuthReason::ScopeMismatch,
        AuthReason::BootstrapInvalid,
        AuthReason::RateLimited,
        AuthReason::TrustedProxy("trusted_proxy_untrusted_source".to_owned()),
        AuthReason::TrustedProxy("trusted_proxy_loopback_source".to_owned()),
        AuthReason::TrustedProxy("trusted_proxy_missing_header_x-user".to_owned()),
        AuthReason::TrustedProxy("trusted_proxy_user_missing".to_owned()),
        AuthReason::TrustedProxy("trusted_proxy_user_not_allowed".to_owned()),
        AuthReason::Tailscale(TailscaleReason::UserMissing),
        AuthReason::Tailscale(TailscaleReason::ProxyMissing),
        AuthReason::Tailscale(TailscaleReason::WhoisFailed),
        AuthReason::Tailscale(TailscaleReason::UserMismatch),
        AuthReason::Placeholder,
        AuthReason::Unauthorized,
    ];
    let clients = [CLI, REMOTE_CLI, UI, NODE, OTHER];
    let mut all: Vec<Refusal> =
        reasons.iter().flat_map(|reason| clients.map(|client| failure(reason.clone(), client))).collect();
    all.extend(ProofKind::ALL.map(|kind| Refusal::Proof(ProofError::from(kind))));
    all.extend(
        ["not-paired", "role-upgrade", "scope-upgrade", "metadata-upgrade"]
            .map(|reason| Refusal::Pairing(pairing(PairingReason::parse(reason).unwrap()))),
    );
    all.extend(
        [
            InvalidatedWhy::DeviceRemoved,
            InvalidatedWhy::TokenRevoked,
            InvalidatedWhy::TokenRotated,
            InvalidatedWhy::AccessReduced,
            InvalidatedWhy::AuthChanged,
            InvalidatedWhy::Closed,
        ]
        .map(|why| Refusal::Invalidated { why }),
    );
    all.extend([
        Refusal::InvalidJson,
        Refusal::InvalidFrame,
        Refusal::NotConnect,
        Refusal::FrameTooLarge,
        Refusal::HandshakeTimeout,
        Refusal::TooManyHandshakeFrames,
        Refusal::InvalidParams { message: "invalid connect params: must be object".to_owned() },
        Refusal::ProtocolMismatch { min: 1, max: 2 },
        Refusal::ProtocolMismatch { min: 5, max: 6 },
        Refusal::ProtocolMismatch { min: 4, max: 3 },
        Refusal::InvalidRole,
        Refusal::WorkerClaim,
        Refusal::BuildMismatch { gateway_build: "b".to_owned() },
        Refusal::Starting,
        Refusal::Draining { reason: DrainReason::Restart },
        Refusal::Draining { reason: DrainReason::Suspension },
        Refusal::Origin { missing: true, origin: None },
        Refusal::Origin { missing: false, origin: Some(Words::new("https://evil.example")) },
        Refusal::DeviceRequired { control_ui: true },
        Refusal::DeviceRequired { control_ui: false },
        Refusal::TooManyWaiting { retry_after_ms: 5000 },
        Refusal::StoreUnavailable { retry_after_ms: 1000, why: "disk full".to_owned() },
        Refusal::SlowConsumer,
        Refusal::RepeatedUnauthorized,
        Refusal::Displaced,
    ]);
    all
}

#[test]
fn every_refusal_explains_itself() {
    for refusal in every_refusal() {
        let help = refusal.help();
        assert_eq!(help.cause, refusal.cause(), "{refusal:?}");
        assert!(
            help.sentence.len() > 30 && help.sentence.ends_with(['.', '?']),
            "{refusal:?}: {}",
            help.sentence
        );
        assert!(!help.sentence.contains("  ") && !help.sentence.contains(".."), "{}", help.sentence);
        if let Some(fix) = &help.fix {
            let known = ["openclaw ", "ssh ", "sudo timedatectl "];
            assert!(known.iter().any(|word| fix.starts_with(word)), "{refusal:?}: {fix}");
        }
        for dialect in [Dialect::V3, Dialect::V4] {
            let wire = refusal.wire(dialect);
            assert!(!wire.close.reason.is_empty() && wire.close.reason.len() <= 120, "{refusal:?}");
            // A command never travels in a close reason (ruling 3), except where the original's own text has one.
            if let Some(fix) = &help.fix {
                assert!(!wire.close.reason.contains(fix.as_str()), "{refusal:?}");
            }
        }
    }
}

#[test]
fn only_waiting_needs_no_command() {
    let waiting = |refusal: &Refusal| refusal.help().fix.is_none();
    let mut locked = AuthFailure::new(AuthReason::RateLimited, CLI);
    locked.retry_after_ms = Some(252_000);
    locked.locked = Some(Words::new("203.0.113.9"));
    let locked = Refusal::Unauthorized(locked);
    assert!(waiting(&locked) && waiting(&Refusal::Starting) && waiting(&Refusal::SlowConsumer));
    assert!(!waiting(&Refusal::InvalidRole));
    assert_eq!(
        locked.help().sentence,
        "Too many wrong attempts from 203.0.113.9: signing in is possible again in 4 min 12 s. The owner on the gateway's host, and paired devices with their own token, are not locked out."
    );
}

#[test]
fn causes_have_the_ids_of_the_acceptance_list() {
    for (refusal, id) in [
        (Refusal::Pairing(pairing(PairingReason::NotPaired)), "C-01"),
        (Refusal::Pairing(pairing(PairingReason::ScopeUpgrade)), "C-02"),
        (Refusal::Pairing(pairing(PairingReason::RoleUpgrade)), "C-03"),
        (Refusal::Pairing(pairing(PairingReason::MetadataUpgrade { changed: Vec::new() })), "C-04"),
        (Refusal::DeviceRequired { control_ui: true }, "C-05"),
        (Refusal::Proof(ProofKind::Expired.into()), "C-06"),
        (failure(AuthReason::TokenMissing, CLI), "C-07"),
        (failure(AuthReason::TokenMismatch, CLI), "C-08"),
        (failure(AuthReason::DeviceTokenMismatch, CLI), "C-09"),
        (failure(AuthReason::ScopeMismatch, CLI), "C-10"),
        (failure(AuthReason::PasswordMissing, CLI), "C-11"),
        (failure(AuthReason::TokenNotConfigured, CLI), "C-12"),
        (failure(AuthReason::RateLimited, CLI), "C-13"),
        (Refusal::Origin { missing: false, origin: None }, "C-14"),
        (failure(AuthReason::TrustedProxy("trusted_proxy_untrusted_source".to_owned()), CLI), "C-15"),
        (Refusal::ProtocolMismatch { min: 1, max: 2 }, "C-16"),
        (Refusal::TooManyWaiting { retry_after_ms: 1 }, "C-21"),
    ] {
        assert_eq!(refusal.cause().id(), id);
        assert_eq!(Cause::parse(id), Some(refusal.cause()));
    }
    assert_eq!(Cause::MissingScope.id(), "C-17");
    assert_eq!(Cause::Unreachable.id(), "C-20");
    for cause in Cause::ALL {
        assert_eq!(Cause::parse(&cause.id()), Some(cause));
    }
}

#[test]
fn pairing_says_who_asks_for_what_and_why_it_is_not_local() {
    let mut new = pairing(PairingReason::NotPaired);
    new.requested_scopes = scopes(&[Scope::ADMIN, Scope::READ]);
    new.token_accepted = true;
    new.claimable = true;
    new.not_local =
        Some(NotLocal { address: Some("172.18.0.1".parse().unwrap()), why: NotLocalWhy::ContainerNetwork });
    let help = Refusal::Pairing(new).help();
    assert_eq!(
        help.sentence,
        "This device is not approved yet, which is normal once for each browser, app and profile. The token was right, but a token does not approve a device. It asks for operator access: admin, read. This device reaches this gateway through a container network (172.18.0.1), as any machine could, so it does not count as local. Enter the claim code that the gateway shows in its output, or approve the device on the gateway's host."
    );
    assert_eq!(help.fix.unwrap(), format!("openclaw devices approve {REQUEST}"));

    let mut wider = pairing(PairingReason::ScopeUpgrade);
    wider.approved_scopes = scopes(&[Scope::WRITE]);
    wider.requested_scopes = scopes(&[Scope::READ, Scope::PAIRING]);
    assert_eq!(
        Refusal::Pairing(wider).help().sentence,
        "This device is paired for write and asks for pairing in addition. Meanwhile its old access keeps working. The owner approves it on the gateway's host."
    );

    let mut node = pairing(PairingReason::RoleUpgrade);
    node.requested_role = Role::Node;
    node.approved_roles = vec![Role::Operator];
    assert_eq!(
        Refusal::Pairing(node).help().sentence,
        "This device is paired as operator and now connects as node. An admin must approve a node, on the gateway's host or from an admin's device."
    );

    let changed = vec![MetadataChange {
        field: Words::new("platform"),
        old: Words::new("linux"),
        new: Words::new("macos\u{202e}"),
    }];
    assert_eq!(
        Refusal::Pairing(pairing(PairingReason::MetadataUpgrade { changed })).help().sentence,
        "This device is paired, but what it says about itself changed: platform linux → macos\\u{202e}. A new version alone never asks for this. The owner approves it on the gateway's host."
    );
}

#[test]
fn commands_follow_the_reader() {
    let vantage = Vantage {
        profile: Some("work".to_owned()),
        container: Some("docker compose exec openclaw-gateway".to_owned()),
        ..Vantage::default()
    };
    assert_eq!(
        Refusal::Pairing(pairing(PairingReason::NotPaired)).help_for(&vantage).fix.unwrap(),
        format!("docker compose exec openclaw-gateway openclaw --profile work devices approve {REQUEST}")
    );
    let remote = Vantage { url: Some("wss://gw.example/x?token=s".to_owned()), ..Vantage::default() };
    assert_eq!(
        Refusal::HandshakeTimeout.help_for(&remote).fix.unwrap(),
        "openclaw doctor --url wss://gw.example/x"
    );
    let skewed = Refusal::Proof(ProofError { kind: ProofKind::Expired, skew_ms: Some(-185_000) });
    let mac = Vantage { os: Os::MacOs, ..Vantage::default() };
    let help = skewed.help_for(&mac);
    assert_eq!(help.fix.unwrap(), "sudo sntp -sS time.apple.com");
    assert!(help.sentence.contains("3 min 5 s behind the gateway's"), "{}", help.sentence);
}

#[test]
fn an_origin_reaches_the_command_only_when_it_is_one() {
    let fix = |origin: &str| {
        Refusal::Origin { missing: false, origin: Some(Words::new(origin)) }.help().fix.unwrap()
    };
    assert_eq!(
        fix("https://App.example:8443"),
        "openclaw config set gateway.controlUi.allowedOrigins '[\"https://app.example:8443\"]' --strict-json"
    );
    for evil in ["https://a'; rm -rf /; '", "https://$(id)", "https://a\"]", "x"] {
        assert!(fix(evil).contains("https://<your page>"), "{evil}");
    }
}

#[test]
fn what_comes_next_is_named() {
    let wire = Refusal::Origin { missing: true, origin: None }.wire_told(
        Dialect::V4,
        &Telling { ahead: &[Cause::TokenMissing, Cause::NewDevice], ..Telling::default() },
    );
    let sentence = wire.error.unwrap().details.unwrap()["help"]["sentence"].as_str().unwrap().to_owned();
    assert!(
        sentence.ends_with("After that, the gateway's token is needed, and the device must be approved."),
        "{sentence}"
    );
}

#[test]
fn a_gateway_without_an_owner_says_so_to_programs() {
    let missing = Refusal::Unauthorized(AuthFailure::new(AuthReason::TokenMissing, CLI));
    for claimable in [false, true] {
        let wire = missing.wire_told(Dialect::V4, &Telling { claimable, ..Telling::default() });
        let help = &wire.error.unwrap().details.unwrap()["help"];
        assert_eq!(help.get("claimable").is_some(), claimable, "{help}");
    }
}

#[test]
fn strangers_do_not_see_fingerprints_unless_told() {
    let mut failure = AuthFailure::new(AuthReason::TokenMismatch, CLI);
    assert!(!Refusal::Unauthorized(failure.clone()).help().sentence.contains("the gateway has"));
    failure.client_fingerprint = Some("1a2b3c4d".to_owned());
    failure.gateway_fingerprint = Some("5e6f7a8b".to_owned());
    let sentence = Refusal::Unauthorized(failure).help().sentence;
    assert!(sentence.contains("(sent 1a2b3c4d, the gateway has 5e6f7a8b)"), "{sentence}");
}

#[test]
fn other_things_in_the_place_of_a_token_are_named() {
    for (pasted, want) in [
        ("7F3A-9C1E", "claim code"),
        (REQUEST, "id of a device or of a pairing request"),
        ("http://127.0.0.1:18789/#token=x", "whole link"),
        ("just-wrong", "not the gateway's token"),
    ] {
        let mut failure = AuthFailure::new(AuthReason::TokenMismatch, OTHER);
        failure.pasted = Some(crate::recognise::recognise(pasted));
        let help = Refusal::Unauthorized(failure).help();
        assert!(help.sentence.contains(want), "{pasted}: {}", help.sentence);
        assert_eq!(help.fix.as_deref(), Some("openclaw gateway auth-token --show"));
    }
}

#[test]
fn the_owner_hears_which_tokens_differ() {
    let env = TokenSource::Env {
        name: "OPENCLAW_GATEWAY_TOKEN".to_owned(),
        set_in: Some(Words::new("~/.config/systemd/user/openclaw-gateway.service")),
    };
    let vantage = Vantage::default();
    let help = token_mismatch(
        (&env, Some("1a2b3c4d")),
        (&TokenSource::ConfigAuth, Some("5e6f7a8b")),
        false,
        &vantage,
    );
    assert_eq!(
        help.sentence,
        "The tokens differ: this client uses OPENCLAW_GATEWAY_TOKEN (set in ~/.config/systemd/user/openclaw-gateway.service) [1a2b3c4d], the gateway uses gateway.auth.token [5e6f7a8b]. The variable wins over the configuration, so unset it or correct it where it is set."
    );
    assert_eq!(help.fix.unwrap(), "unset OPENCLAW_GATEWAY_TOKEN");
    let remote =
        token_mismatch((&TokenSource::ConfigRemote, None), (&TokenSource::ConfigAuth, None), false, &vantage);
    assert_eq!(remote.fix.unwrap(), "openclaw config set gateway.remote.token <token>");
    let stale =
        token_mismatch((&TokenSource::ConfigAuth, None), (&TokenSource::ConfigAuth, None), true, &vantage);
    assert_eq!(stale.fix.unwrap(), "openclaw gateway restart");
}

#[test]
fn a_client_hears_where_it_took_the_wrong_token_from() {
    let variable = TokenSource::Env { name: "OPENCLAW_GATEWAY_TOKEN".to_owned(), set_in: None };
    let here = Vantage::default();
    let there = Vantage { gateway: Some(Caller::default()), ..Vantage::default() };
    for (source, vantage, fix) in [
        (&variable, &here, "unset OPENCLAW_GATEWAY_TOKEN"),
        (&variable, &there, "export OPENCLAW_GATEWAY_TOKEN=<token>"),
        (&TokenSource::ConfigRemote, &there, "openclaw config set gateway.remote.token <token>"),
        (&TokenSource::Flag, &there, "openclaw gateway auth-token --show"),
    ] {
        let help = token_refused((source, Some("1a2b3c4d")), vantage);
        assert_eq!((help.cause.id().as_str(), help.fix.as_deref()), ("C-08", Some(fix)));
        assert!(help.sentence.contains("[1a2b3c4d]"), "{}", help.sentence);
    }
}

#[test]
fn the_host_explains_ports_binds_and_silence() {
    let vantage = Vantage::default();
    let url = "ws://127.0.0.1:18789";
    let legacy = PortHolder {
        pid: Some(42),
        program: Some(Words::new("node")),
        unit: Some("clawdbot-gateway.service".to_owned()),
        former: true,
        ..PortHolder::default()
    };
    let help = port_taken(url, Some(&legacy), &vantage);
    assert_eq!(help.fix.as_deref(), Some("systemctl --user disable --now clawdbot-gateway.service"));
    assert!(
        help.sentence.contains("node (pid 42) of the service clawdbot-gateway.service"),
        "{}",
        help.sentence
    );
    let fix = |holder: PortHolder| port_taken(url, Some(&holder), &vantage).fix.unwrap();
    let machine = PortHolder { system_unit: true, ..legacy.clone() };
    assert_eq!(fix(machine), "sudo systemctl disable --now clawdbot-gateway.service");
    assert_eq!(fix(PortHolder { unit: None, ..legacy }), "kill 42");
    let ours = PortHolder { ours: true, ..PortHolder::default() };
    assert_eq!(port_taken(url, Some(&ours), &vantage).fix.as_deref(), Some("openclaw gateway restart"));
    assert_eq!(
        bind_without_auth("lan", "no token or password is set", &vantage).fix.as_deref(),
        Some("openclaw doctor --generate-gateway-token")
    );
    for (why, fix, id) in [
        (Unreached::NothingListening, Some("openclaw gateway start"), "C-20"),
        (
            Unreached::Timeout { after_ms: 10_000, waiting: Waiting::Connection },
            Some("openclaw doctor --url ws://127.0.0.1:18789"),
            "C-20",
        ),
        (Unreached::Cut { code: 1006 }, Some("openclaw doctor --url ws://127.0.0.1:18789"), "C-20"),
        (Unreached::Cut { code: 1012 }, None, "C-24"),
        (Unreached::ForeignHttp { status: 404 }, Some("openclaw config get gateway.port"), "C-20"),
    ] {
        let at = Vantage { url: Some(url.to_owned()), ..Vantage::default() };
        let help = unreachable(url, "local loopback", &why, &at);
        assert_eq!((help.fix.as_deref(), help.cause.id().as_str()), (fix, id), "{why:?}");
        assert!(help.sentence.contains(url), "{}", help.sentence);
    }
    for (why, url, source, fix) in [
        (Unreached::WantsTls, "ws://gw.example", "cli --url", "openclaw doctor --url wss://gw.example"),
        (
            Unreached::WantsTls,
            "ws://gw.example:1/x",
            "config gateway.remote.url",
            "openclaw config set gateway.remote.url wss://gw.example:1/x",
        ),
        (
            Unreached::NotTls,
            "wss://127.0.0.1:1",
            "env OPENCLAW_GATEWAY_URL",
            "export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:1",
        ),
        (Unreached::NotTls, "wss://gw.example:1", "cli --url", "ssh -N -L 18789:127.0.0.1:1 user@gw.example"),
        (
            Unreached::SignIn { status: 302 },
            "wss://gw.example",
            "cli --url",
            "openclaw config set gateway.remote.edgeAuth.CF-Access-Client-Id <id>",
        ),
        (Unreached::WantsTls, "ws://$(id)", "cli --url", "openclaw doctor --url <url>"),
    ] {
        let at =
            Vantage { url: Some(url.to_owned()), gateway: Some(Caller::default()), ..Vantage::default() };
        assert_eq!(unreachable(url, source, &why, &at).fix.as_deref(), Some(fix), "{why:?} {url}");
    }
    let proxy = unknown_proxy(
        Some("10.0.0.7".parse().unwrap()),
        &[Words::new("X-Forwarded-For")],
        None,
        &[],
        &vantage,
    );
    assert_eq!(
        proxy.fix.as_deref(),
        Some("openclaw config set gateway.trustedProxies '[\"<proxy address>\"]' --strict-json")
    );
    assert!(proxy.sentence.contains("a proxy at 10.0.0.7"), "{}", proxy.sentence);
}

#[test]
fn a_missing_scope_says_what_is_held_and_keeps_the_wire_shape() {
    let missing = MissingScope {
        missing: Scope::PAIRING,
        required: vec![Scope::PAIRING],
        held: Some(scopes(&[Scope::READ])),
        without_device: true,
        request_id: None,
    };
    let v3 = missing.error(Dialect::V3, &Vantage::default());
    assert_eq!(
        (v3.code.as_str(), v3.message.as_str()),
        ("INVALID_REQUEST", "missing scope: operator.pairing")
    );
    let v4 = missing.error(Dialect::V4, &Vantage::default());
    assert_eq!((v4.code.as_str(), v4.detail("missingScope")), ("FORBIDDEN", Some("operator.pairing")));
    let help = &v4.details.as_ref().unwrap()["help"];
    assert_eq!(help["cause"], "C-17");
    assert_eq!(
        help["sentence"],
        "This call needs pairing; the connection has read. Scopes were not granted because the client sent no device identity. The owner can approve more for this device."
    );
}

proptest! {
    #[test]
    fn no_strangers_word_reaches_the_shell(origin in "(https?://)?\\PC{0,40}", id in "[!-~]{1,64}", header in "\\PC{0,30}") {
        let mut pair = pairing(PairingReason::NotPaired);
        pair.request_id = RequestId::parse(&id).unwrap();
        let refusals = [
            Refusal::Pairing(pair),
            Refusal::Origin { missing: false, origin: Some(Words::new(&origin)) },
            failure(AuthReason::TrustedProxy(format!("trusted_proxy_missing_header_{header}")), CLI),
        ];
        for refusal in refusals {
            let help = refusal.help();
            prop_assert!(!help.sentence.chars().any(crate::words::is_deceptive));
            let fix = help.fix.unwrap().replace("<requestId>", "").replace("<your page>", "");
            // Only the JSON list we wrote ourselves is quoted.
            let bare = fix.replace("'[\"", "").replace("\"]'", "");
            prop_assert!(!bare.contains(['$', '`', ';', '&', '|', '<', '>', '\'', '"', '\\', '\n', '(']), "{}", fix);
        }
    }
}
