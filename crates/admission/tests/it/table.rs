//! Situations and what becomes of them. Each row is a rule of the specification or of a ruling; a check that is
//! removed from `decide` changes at least one of them.

use openclaw_admission::limiter::{CredentialClass, LimitKey, Who};
use openclaw_admission::peer::SocketOwner;
use openclaw_admission::{Auth, Outcome, TrustedProxyAuth};
use openclaw_pairing::{CallerAuthority, CodeHash, CodeKind, Mutation, NewCode, Roles};
use openclaw_protocol::refusal::Refusal;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::secret::Secret;

use crate::world::{CLAIM, Knock, SETUP, TOKEN, World, scopes, summary};

fn check(world: &World, rows: &[(&str, Knock, &str)]) {
    for (what, knock, expected) in rows {
        assert_eq!(summary(&world.decide(knock)), *expected, "{what}");
    }
}

#[test]
fn shared_token_with_a_new_device() {
    let local = || Knock::local().token(TOKEN);
    let remote = || Knock::remote().token(TOKEN);
    check(
        &World::with_token(),
        &[
            ("local", local(), "admit silently token [admin read]"),
            ("local, protocol 3", local().v3(), "admit silently token [admin read]"),
            (
                "token with spaces around it",
                Knock::local().token(&format!("  {TOKEN} ")),
                "admit silently token [admin read]",
            ),
            (
                "the token as password (protocol 4 habit)",
                Knock { password: Some(TOKEN.into()), ..Knock::local() },
                "admit silently token [admin read]",
            ),
            ("remote", remote(), "pair not-paired"),
            (
                "another user of this host",
                Knock { owner: SocketOwner::Other(1000), ..local() },
                "pair not-paired",
            ),
            (
                "the kernel does not say whose",
                Knock { owner: SocketOwner::Unknown, ..local() },
                "pair not-paired",
            ),
            ("in a container", Knock { in_container: true, ..local() }, "pair not-paired"),
            ("loopback with a foreign Host", local().host("gw.example.com"), "pair not-paired"),
            (
                "loopback with a forwarding header",
                local().header("x-forwarded-for", "127.0.0.1"),
                "pair not-paired",
            ),
            ("loopback with Forwarded", local().header("forwarded", "for=127.0.0.1"), "pair not-paired"),
            (
                "loopback with X-Forwarded-Proto",
                local().header("x-forwarded-proto", "https"),
                "pair not-paired",
            ),
            (
                "a tailscale header",
                local().header("tailscale-user-login", "me@example.com"),
                "pair not-paired",
            ),
            (
                "spoofed X-Forwarded-For from far",
                remote().header("x-forwarded-for", "127.0.0.1"),
                "pair not-paired",
            ),
            (
                "a node, local",
                local().client("node-host", "node").role("node").scopes(&[]),
                "admit silently token []",
            ),
            (
                "a node, remote",
                remote().client("node-host", "node").role("node").scopes(&[]),
                "pair not-paired",
            ),
            (
                "unknown scopes are not granted",
                Knock { scopes: vec!["operator.read".into(), "operator.everything".into()], ..local() },
                "admit silently token [read]",
            ),
            (
                "node scopes for an operator are not granted",
                Knock { scopes: vec!["operator.read".into(), "node.exec".into()], ..local() },
                "admit silently token [read]",
            ),
            (
                "the backend's own call",
                local().client("gateway-client", "backend"),
                "admit token [admin read]",
            ),
            (
                "a backend's call with a page behind it",
                local().client("gateway-client", "backend").header("origin", "http://127.0.0.1:18789"),
                "pair not-paired",
            ),
            ("a backend's call from far", remote().client("gateway-client", "backend"), "pair not-paired"),
        ],
    );
}

#[test]
fn silent_approval_can_be_switched_off() {
    let mut world = World::with_token();
    world.policy.approve_local = false;
    check(&world, &[("local", Knock::local().token(TOKEN), "pair not-paired")]);
}

#[test]
fn wrong_or_missing_secrets() {
    let claims = |knock: Knock| {
        knock.client("openclaw-control-ui", "webchat").header("origin", "http://127.0.0.1:18789")
    };
    check(
        &World::with_token(),
        &[
            ("none, with device", Knock::remote(), "refuse token_missing"),
            ("wrong", Knock::remote().token("wrong"), "refuse token_mismatch"),
            ("empty is missing", Knock::remote().token("   "), "refuse token_missing"),
            ("a placeholder", Knock::remote().token("YOUR_TOKEN"), "refuse token_mismatch"),
            ("wrong, without device", Knock::remote().token("wrong").no_device(), "refuse token_mismatch"),
            ("none, without device", Knock::remote().no_device(), "refuse device identity required"),
            (
                "right, a node without device",
                Knock::remote().token(TOKEN).role("node").no_device(),
                "refuse device identity required",
            ),
            ("right, without device: no scopes", Knock::remote().token(TOKEN).no_device(), "admit token []"),
            (
                "the local command line keeps its scopes",
                Knock::local().token(TOKEN).no_device(),
                "admit token [admin read]",
            ),
            ("but not in protocol 3", Knock::local().token(TOKEN).no_device().v3(), "admit token []"),
            (
                "nor with a page behind it",
                Knock::local().token(TOKEN).no_device().header("origin", "http://127.0.0.1:18789"),
                "admit token []",
            ),
            (
                "nor the backend with a page behind it",
                Knock::local()
                    .token(TOKEN)
                    .no_device()
                    .client("gateway-client", "backend")
                    .header("origin", "http://127.0.0.1:18789"),
                "admit token []",
            ),
            (
                "nor a backend with a page behind it",
                Knock::local()
                    .token(TOKEN)
                    .no_device()
                    .client("gateway-client", "backend")
                    .header("origin", "http://127.0.0.1:18789"),
                "admit token []",
            ),
            (
                "nor another client",
                Knock::local().token(TOKEN).no_device().client("test", "test"),
                "admit token []",
            ),
            (
                "nor from far",
                Knock::remote().token(TOKEN).no_device().client("gateway-client", "backend"),
                "admit token []",
            ),
            (
                "the control UI needs a device",
                claims(Knock::local().token(TOKEN).no_device()),
                "refuse control ui requires device identity (use HTTPS or localhost secure context)",
            ),
            (
                "a wrong explicit device token",
                Knock::remote().device_token("x"),
                "refuse device_token_mismatch",
            ),
            (
                "a wrong device token beside a wrong token",
                Knock::remote().token("wrong").device_token("x"),
                "refuse device_token_mismatch",
            ),
            (
                "a wrong device token beside the right token",
                Knock::local().token(TOKEN).device_token("x"),
                "admit silently token [admin read]",
            ),
            ("a wrong code", Knock::remote().bootstrap("nope"), "refuse bootstrap_token_invalid"),
            (
                "a bad proof comes before a wrong token",
                Knock { bad_proof: true, ..Knock::remote().token("wrong") },
                "refuse device nonce mismatch",
            ),
        ],
    );
    check(
        &World::new(Auth::Token(None)),
        &[("no token configured", Knock::remote().token("x"), "refuse token_missing_config")],
    );
    let password = World::new(Auth::Password(Some(Secret::new("correct horse".into()))));
    check(
        &password,
        &[
            ("missing", Knock::remote(), "refuse password_missing"),
            ("wrong", Knock { password: Some("x".into()), ..Knock::remote() }, "refuse password_mismatch"),
            (
                "right",
                Knock { password: Some("correct horse".into()), ..Knock::local() },
                "admit silently password [admin read]",
            ),
        ],
    );
}

#[test]
fn mode_none_is_for_the_owner_alone() {
    check(
        &World::new(Auth::None),
        &[
            ("local", Knock::local(), "admit silently none [admin read]"),
            ("a junk token is ignored", Knock::local().token("junk"), "admit silently none [admin read]"),
            (
                "through a proxy on this host",
                Knock { owner: SocketOwner::Other(33), ..Knock::local() },
                "pair not-paired",
            ),
            ("from far", Knock::remote(), "pair not-paired"),
            ("without device", Knock::local().no_device(), "refuse device identity required"),
            (
                "the backend without device",
                Knock::local().no_device().client("gateway-client", "backend"),
                "admit none [admin read]",
            ),
            (
                "not in protocol 3",
                Knock::local().no_device().client("gateway-client", "backend").v3(),
                "refuse device identity required",
            ),
            (
                "not from far",
                Knock::remote().no_device().client("gateway-client", "backend"),
                "refuse device identity required",
            ),
            (
                "not with a page behind it",
                Knock::local()
                    .no_device()
                    .client("gateway-client", "backend")
                    .header("origin", "http://127.0.0.1:18789"),
                "refuse device identity required",
            ),
            (
                "a page of another loopback port must pair",
                Knock::local()
                    .client("openclaw-control-ui", "webchat")
                    .header("origin", "http://localhost:5173"),
                "pair not-paired",
            ),
        ],
    );
}

#[test]
fn pages() {
    let page = |origin: &str| {
        Knock::local().token(TOKEN).client("openclaw-control-ui", "webchat").header("origin", origin)
    };
    let refused = "refuse origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)";
    check(
        &World::with_token(),
        &[
            (
                "the gateway's own page on this machine",
                page("http://127.0.0.1:18789"),
                "admit silently token [admin read]",
            ),
            ("another loopback page must pair", page("http://localhost:3000"), "pair not-paired"),
            (
                "an allowed page from far must pair",
                Knock { address: "203.0.113.9:1".into(), ..page("https://gw.example.com") },
                "pair not-paired",
            ),
            ("a foreign page", page("https://evil.example"), refused),
            (
                "a foreign page with a command line's name",
                page("https://evil.example").client("cli", "cli"),
                refused,
            ),
            (
                "a command line's name with the own page's origin must pair",
                page("http://127.0.0.1:18789").client("cli", "cli"),
                "pair not-paired",
            ),
            (
                "no Origin from the control UI",
                Knock::local().token(TOKEN).client("openclaw-control-ui", "webchat"),
                refused,
            ),
            ("a null Origin", page("null"), refused),
            (
                "behind a proxy, equality with Host proves nothing",
                page("http://127.0.0.1:18789").header("x-forwarded-for", "1.2.3.4"),
                refused,
            ),
            (
                "protocol before origin",
                Knock { protocol: (5, 6), ..page("https://evil.example") },
                "refuse protocol mismatch",
            ),
            (
                "origin before device and token",
                Knock { bad_proof: true, ..page("https://evil.example").token("wrong") },
                refused,
            ),
        ],
    );
}

#[test]
fn no_secret_is_compared_for_a_refused_page() {
    let mut world = World::with_token();
    let evil =
        Knock::local().client("openclaw-control-ui", "webchat").header("origin", "https://evil.example");
    for attempt in ["wrong", TOKEN] {
        let decision = world.knock(&evil.clone().token(attempt));
        assert!(decision.effects.is_empty(), "{:?}", decision.effects);
        let told: Vec<&str> = decision.trace.checks().iter().map(|check| &*check.name).collect();
        assert!(told.contains(&"device"), "the trace goes on: {told:?}");
        assert!(
            !decision
                .trace
                .checks()
                .iter()
                .any(|check| check.saw.contains("is right") || check.saw.contains("differs"))
        );
    }
    assert!(world.limiter.is_empty());
    assert_eq!(world.devices.request_count(), 0);
}

#[test]
fn a_paired_device() {
    let mut world = World::with_token();
    world.pair(1, Role::Operator, scopes(&["read", "write"]));
    let own = world.device_token(1, Role::Operator);
    let node = world.device_token(1, Role::Node);
    let other = {
        let mut other = world.clone();
        other.pair(2, Role::Operator, scopes(&["read"]));
        other.device_token(2, Role::Operator)
    };
    let remote = || Knock::remote().scopes(&["read"]);
    check(
        &world,
        &[
            ("shared token, what is approved", remote().token(TOKEN), "admit token [read]"),
            ("asking for nothing gives nothing", remote().scopes(&[]).token(TOKEN), "admit token []"),
            (
                "asking for more, from far",
                remote().scopes(&["read", "admin"]).token(TOKEN),
                "pair scope-upgrade",
            ),
            ("asking for more, local", Knock::local().token(TOKEN), "admit silently token [admin read]"),
            (
                "another role, even local",
                Knock::local().token(TOKEN).client("node-host", "node").role("node").scopes(&[]),
                "pair role-upgrade",
            ),
            (
                "another kind of machine, even local",
                Knock { platform: "darwin".into(), ..Knock::local().scopes(&["read"]).token(TOKEN) },
                "pair metadata-upgrade",
            ),
            (
                "another version of the same platform",
                Knock { platform: "Linux 6.99".into(), ..remote().token(TOKEN) },
                "admit token [read]",
            ),
            ("its own token", remote().device_token(&own), "admit device-token [read]"),
            ("its own token where a token is expected", remote().token(&own), "admit device-token [read]"),
            (
                "its own token in both places (protocol 3 habit)",
                remote().v3().token(&own).device_token(&own),
                "admit device-token [read]",
            ),
            (
                "its own token beside a wrong shared one",
                remote().token("wrong").device_token(&own),
                "admit device-token [read]",
            ),
            (
                "its own token, asking for more",
                remote().scopes(&["admin"]).device_token(&own),
                "refuse scope_mismatch",
            ),
            ("another device's token", remote().device_token(&other), "refuse device_token_mismatch"),
            (
                "a token of a role it does not have",
                remote().role("node").scopes(&[]).device_token(&node),
                "refuse device_token_mismatch",
            ),
            (
                "its token without its key",
                remote().no_device().device_token(&own),
                "refuse device identity required",
            ),
        ],
    );
    world.revoke(1, Role::Operator);
    check(
        &world,
        &[
            ("revoked: its own token", remote().device_token(&own), "refuse device_token_mismatch"),
            ("revoked: the shared token must be approved again", remote().token(TOKEN), "pair role-upgrade"),
        ],
    );
}

#[test]
fn codes() {
    let mut world = World::with_token();
    world.mint(SETUP, CodeKind::Setup, Roles::only(Role::Operator), scopes(&["read", "write"]));
    world.mint(CLAIM, CodeKind::Claim, Roles::only(Role::Operator), ScopeSet::full_operator());
    let remote = || Knock::remote().scopes(&["read"]);
    check(
        &world,
        &[
            ("a setup code", remote().bootstrap(SETUP), "admit by code bootstrap-token [read]"),
            (
                "asking for more than the code gives",
                remote().scopes(&["admin"]).bootstrap(SETUP),
                "refuse bootstrap_token_invalid",
            ),
            (
                "another role than the code gives",
                remote().role("node").scopes(&[]).bootstrap(SETUP),
                "refuse bootstrap_token_invalid",
            ),
            (
                "beside the right token",
                remote().token(TOKEN).bootstrap(SETUP),
                "admit by code bootstrap-token [read]",
            ),
            (
                "the claim code",
                remote().scopes(&["admin"]).bootstrap(CLAIM),
                "admit by code bootstrap-token [admin]",
            ),
            (
                "the claim code where a token is expected, as typed",
                remote().scopes(&["admin"]).token("abcd efgh"),
                "admit by code bootstrap-token [admin]",
            ),
            (
                "the claim code without its dash",
                remote().scopes(&["admin"]).token("abcdefgh"),
                "admit by code bootstrap-token [admin]",
            ),
            ("no device, no claim", remote().no_device().bootstrap(CLAIM), "refuse device identity required"),
        ],
    );
    let mut late = World::with_token();
    late.apply(Mutation::MintCode {
        code: NewCode {
            hash: CodeHash::of(SETUP),
            kind: CodeKind::Setup,
            roles: Roles::BOTH,
            scopes: scopes(&["read"]),
            ttl_ms: 0,
            minted_by: None,
        },
        caller: CallerAuthority::owner(),
    });
    check(&late, &[("an expired code", remote().bootstrap(SETUP), "refuse bootstrap_token_invalid")]);
    let mut first = world.clone();
    first.knock(&remote().scopes(&["admin"]).bootstrap(CLAIM));
    let second = Knock { device: Some(2), ..remote().scopes(&["admin"]).bootstrap(CLAIM) };
    assert_eq!(
        summary(&first.decide(&second)),
        "refuse bootstrap_token_invalid",
        "a claimed gateway stays claimed"
    );
    let mut used = world.clone();
    used.knock(&remote().bootstrap(SETUP));
    let replay = Knock { device: Some(2), ..remote().bootstrap(SETUP) };
    assert_eq!(summary(&used.decide(&replay)), "refuse bootstrap_token_invalid", "a setup code works once");
}

#[test]
fn trusted_proxies_vouch_only_for_what_they_may() {
    let proxy = |change: fn(&mut TrustedProxyAuth)| {
        let mut auth = TrustedProxyAuth {
            user_header: "x-user".into(),
            required_headers: vec!["x-secret".into()],
            allow_users: vec!["me".into()],
            allow_loopback: false,
            password: None,
        };
        change(&mut auth);
        World::new(Auth::TrustedProxy(auth))
    };
    let through = || {
        Knock { address: "10.0.0.1:50000".into(), ..Knock::remote() }
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-secret", "1")
            .header("x-user", "me")
    };
    let without = |name: &str| {
        let mut knock = through();
        knock.headers.retain(|(have, _)| have != name);
        knock
    };
    check(
        &proxy(|_| {}),
        &[
            ("a device must be paired", through(), "pair not-paired"),
            ("no device: no scopes", through().no_device(), "admit trusted-proxy []"),
            ("a node needs a device", through().no_device().role("node"), "refuse device identity required"),
            (
                "not from the proxy",
                Knock { address: "10.0.0.2:50000".into(), ..through() },
                "refuse trusted_proxy_untrusted_source",
            ),
            ("a header is missing", without("x-secret"), "refuse trusted_proxy_missing_header_x-secret"),
            ("no user", without("x-user"), "refuse trusted_proxy_user_missing"),
            ("two users", through().header("x-user", "you"), "refuse trusted_proxy_user_missing"),
            (
                "another user",
                without("x-user").header("x-user", "you"),
                "refuse trusted_proxy_user_not_allowed",
            ),
        ],
    );
    let mut local = proxy(|_| {});
    local.policy.trusted_proxies.push("127.0.0.1/32".parse().unwrap());
    let via_loopback = Knock { address: "127.0.0.1:50000".into(), ..through() };
    check(
        &local,
        &[(
            "a proxy on this host needs the opt-in",
            via_loopback.clone(),
            "refuse trusted_proxy_loopback_source",
        )],
    );
    let mut opted = proxy(|auth| auth.allow_loopback = true);
    opted.policy.trusted_proxies.push("127.0.0.1/32".parse().unwrap());
    check(&opted, &[("with the opt-in", via_loopback, "pair not-paired")]);
    let mut own = proxy(|_| {});
    own.policy.own_addresses.push("10.0.0.1".parse().unwrap());
    check(
        &own,
        &[("an address of this host is no proxy", through(), "refuse trusted_proxy_local_interface_source")],
    );
}

#[test]
fn roles_and_protocols() {
    check(
        &World::with_token(),
        &[
            ("an unknown role", Knock::local().token(TOKEN).role("king"), "refuse invalid role"),
            ("a worker", Knock::local().token(TOKEN).role("worker"), "refuse silently"),
            ("too old", Knock { protocol: (1, 2), ..Knock::local() }, "refuse protocol mismatch"),
            (
                "a range over both",
                Knock { protocol: (1, 9), ..Knock::local().token(TOKEN) },
                "admit silently token [admin read]",
            ),
        ],
    );
    assert_eq!(
        World::with_token().decide(&Knock { protocol: (1, 9), ..Knock::local() }).dialect.protocol(),
        4
    );
    assert_eq!(
        World::with_token().decide(&Knock { protocol: (1, 3), ..Knock::local() }).dialect.protocol(),
        3
    );
}

#[test]
fn the_owner_socket() {
    let owner = || Knock { owner_socket: true, ..Knock::remote() }.no_device();
    check(
        &World::with_token(),
        &[
            ("needs nothing", owner(), "admit owner [admin read]"),
            ("no node comes through it", owner().role("node"), "refuse invalid role"),
        ],
    );
}

#[test]
fn lock_outs() {
    let address = |class| LimitKey { class, who: Who::Address("203.0.113.9".parse().unwrap()) };
    let mut world = World::with_token();
    world.pair(1, Role::Operator, scopes(&["read"]));
    let own = world.device_token(1, Role::Operator);
    let remote = || Knock::remote().scopes(&["read"]);
    world.lock_out(&address(CredentialClass::Shared));
    check(
        &world,
        &[
            ("the right token is not looked at", remote().token(TOKEN), "refuse rate_limited"),
            ("nor without a device", remote().token(TOKEN).no_device(), "refuse rate_limited"),
            ("nothing sent is nothing tried", Knock { device: Some(2), ..remote() }, "refuse token_missing"),
            ("a right device token passes", remote().device_token(&own), "admit device-token [read]"),
            (
                "another address is not locked",
                Knock { address: "203.0.113.10:1".into(), ..remote().token(TOKEN) },
                "admit token [read]",
            ),
        ],
    );
    let device = LimitKey {
        class: CredentialClass::Device,
        who: Who::Device(
            "203.0.113.9".parse().unwrap(),
            openclaw_protocol::device_proof::PublicKey::from(&crate::world::key(1)).device_id(),
        ),
    };
    world.lock_out(&device);
    check(
        &world,
        &[
            (
                "a right device token passes its own lock-out too",
                remote().device_token(&own),
                "admit device-token [read]",
            ),
            ("a wrong one is told to wait", remote().device_token("x"), "refuse rate_limited"),
        ],
    );
    let mut codes = World::with_token();
    codes.mint(SETUP, CodeKind::Setup, Roles::only(Role::Operator), scopes(&["read"]));
    codes.lock_out(&address(CredentialClass::Bootstrap));
    check(&codes, &[("a right code is not looked at", remote().bootstrap(SETUP), "refuse rate_limited")]);
}

#[test]
fn failures_are_counted_where_they_belong() {
    let mut world = World::with_token();
    let limit = world.policy.limits.max_attempts;
    let wrong = Knock::remote().token("wrong");
    for _ in 0..limit {
        assert_eq!(summary(&world.knock(&wrong)), "refuse token_mismatch");
    }
    assert_eq!(summary(&world.knock(&wrong)), "refuse rate_limited");
    let decision = world.decide(&wrong);
    let Outcome::Refuse(Refusal::Unauthorized(failure)) = &decision.outcome else { panic!("{decision:?}") };
    assert_eq!(failure.retry_after_ms, Some(world.policy.limits.lockout_ms));

    let mut local = World::with_token();
    for _ in 0..=limit {
        assert_eq!(
            summary(&local.knock(&Knock::local().token("wrong"))),
            "refuse token_mismatch",
            "the owner is never locked out"
        );
    }
    let page = Knock::local()
        .token("wrong")
        .client("openclaw-control-ui", "webchat")
        .header("origin", "http://127.0.0.1:18789");
    for _ in 0..limit {
        local.knock(&page);
    }
    assert_eq!(summary(&local.knock(&page)), "refuse rate_limited", "a page is never exempt");
    assert_eq!(summary(&local.knock(&page.token(TOKEN))), "refuse rate_limited");
    assert_eq!(local.devices.request_count(), 0);
    assert_eq!(local.devices.device_count(), 0);

    let mut codes = World::with_token();
    for _ in 0..5 {
        assert_eq!(
            summary(&codes.knock(&Knock::local().bootstrap("WXYZ-WXYZ"))),
            "refuse bootstrap_token_invalid"
        );
    }
    let locked = codes.decide(&Knock::local().bootstrap("WXYZ-WXYZ"));
    assert_eq!(summary(&locked), "refuse rate_limited", "guessing codes is counted everywhere");
    assert!(locked.effects.is_empty(), "what was not looked at is not counted: {:?}", locked.effects);

    let mut bare = World::with_token();
    for _ in 0..limit {
        bare.knock(&Knock::remote().token("wrong").no_device());
    }
    assert_eq!(summary(&bare.decide(&Knock::remote().token(TOKEN).no_device())), "refuse rate_limited");
}

#[test]
fn a_success_clears_the_count() {
    let mut world = World::with_token();
    world.pair(1, Role::Operator, scopes(&["read"]));
    let remote = || Knock::remote().scopes(&["read"]);
    for _ in 0..world.policy.limits.max_attempts - 1 {
        world.knock(&remote().token("wrong"));
    }
    world.knock(&remote().token(TOKEN));
    assert!(
        world.limiter.is_empty()
            || summary(&world.knock(&remote().token("wrong"))) == "refuse token_mismatch"
    );
    assert_eq!(summary(&world.knock(&remote().token(TOKEN))), "admit token [read]");
}

#[test]
fn the_trace_holds_no_secret_and_names_what_comes_next() {
    let mut world = World::with_token();
    world.pair(1, Role::Operator, scopes(&["read"]));
    let own = world.device_token(1, Role::Operator);
    let decision = world
        .decide(&Knock { device: Some(9), ..Knock::remote().token("wrong-secret-value").device_token(&own) });
    let trace = serde_json::to_string(&decision.trace).unwrap();
    for secret in [TOKEN, "wrong-secret-value", own.as_str()] {
        assert!(!trace.contains(secret));
    }
    let ahead: Vec<String> = decision.ahead.iter().map(|cause| cause.id()).collect();
    assert_eq!(ahead, ["C-01"]);
}

#[test]
fn a_claimed_page_is_no_way_around_the_limit() {
    // Whoever is not a browser writes Host and Origin as he likes: here each attempt is "another page".
    let page = |number: u32, knock: Knock| {
        let host = format!("n{number}.local:18789");
        knock.host(&host).header("origin", &format!("http://{host}"))
    };
    let limit = World::with_token().policy.limits.max_attempts;
    let mut world = World::with_token();
    for number in 0..limit {
        assert_eq!(
            summary(&world.knock(&page(number, Knock::remote().token("wrong")))),
            "refuse token_mismatch"
        );
    }
    check(
        &world,
        &[
            ("as yet another page", page(99, Knock::remote().token(TOKEN)), "refuse rate_limited"),
            ("as no page", Knock::remote().token(TOKEN), "refuse rate_limited"),
        ],
    );
    let mut world = World::with_token();
    let other_user = |number: u32, knock: Knock| {
        let origin = format!("http://localhost:{}", 3_000 + number);
        Knock { owner: SocketOwner::Other(1000), ..knock }.header("origin", &origin)
    };
    for number in 0..limit {
        world.knock(&other_user(number, Knock::local().token("wrong")));
    }
    check(
        &world,
        &[("another user's pages", other_user(99, Knock::local().token(TOKEN)), "refuse rate_limited")],
    );
    let mut world = World::with_token();
    for number in 0..5 {
        world.knock(&page(number, Knock::remote().bootstrap("WXYZ-WXYZ")));
    }
    check(&world, &[("codes", page(99, Knock::remote().bootstrap("WXYZ-WXYZ")), "refuse rate_limited")]);
}

#[test]
fn a_page_that_guesses_does_not_lock_the_gateways_own_page_out() {
    let page =
        |origin: &str| Knock::local().client("openclaw-control-ui", "webchat").header("origin", origin);
    let mut world = World::with_token();
    for _ in 0..world.policy.limits.max_attempts {
        world.knock(&page("http://localhost:3000").token("wrong"));
    }
    check(
        &world,
        &[
            ("the one that guessed", page("http://localhost:3000").token(TOKEN), "refuse rate_limited"),
            (
                "the gateway's own",
                page("http://127.0.0.1:18789").token(TOKEN),
                "admit silently token [admin read]",
            ),
        ],
    );
}

#[test]
fn a_guess_counts_also_beside_something_right() {
    // A code beside the right token, and in mode none, where everybody is "right".
    for (auth, token) in [(World::with_token(), Some(TOKEN)), (World::new(Auth::None), None)] {
        let mut world = auth;
        world.mint(CLAIM, CodeKind::Claim, Roles::only(Role::Operator), ScopeSet::full_operator());
        let guess = |code: &str| Knock { token: token.map(str::to_owned), ..Knock::remote().bootstrap(code) };
        for _ in 0..5 {
            assert_eq!(summary(&world.knock(&guess("WXYZ-WXYZ"))), "pair not-paired");
        }
        assert_eq!(
            summary(&world.decide(&guess(CLAIM))),
            "pair not-paired",
            "the code is not looked at any more"
        );
    }
    // The gateway's secret, by a device that has a token of its own: `auth.method` would tell when it is found.
    let mut world = World::new(Auth::Password(Some(Secret::new("hunter2".into()))));
    world.pair(1, Role::Operator, scopes(&["read"]));
    let own = world.device_token(1, Role::Operator);
    let guess = |word: &str| Knock {
        password: Some(word.into()),
        ..Knock::remote().scopes(&["read"]).device_token(&own)
    };
    for _ in 0..world.policy.limits.max_attempts {
        assert_eq!(summary(&world.knock(&guess("wrong"))), "admit device-token [read]");
    }
    assert_eq!(
        summary(&world.knock(&guess("hunter2"))),
        "admit device-token [read]",
        "not looked at any more"
    );
    let implicit =
        Knock { password: Some("hunter2".into()), ..Knock::remote().scopes(&["read"]).token(&own) };
    assert_eq!(summary(&world.decide(&implicit)), "admit device-token [read]");

    // Its own token where a token is expected is no guess.
    let mut world = World::with_token();
    world.pair(1, Role::Operator, scopes(&["read"]));
    let own = world.device_token(1, Role::Operator);
    for knock in [Knock::remote().token(&own), Knock::remote().v3().token(&own).device_token(&own)] {
        world.knock(&knock.scopes(&["read"]));
        assert!(world.limiter.is_empty());
    }
}

#[test]
fn whether_a_secret_is_right_is_told_to_nobody_who_is_locked_out() {
    // The gateway takes an answer back when a lock-out came in between; it does so by the effects.
    let node = Knock::remote().client("node-host", "node").role("node").scopes(&[]).no_device();
    for (token, effect) in [(TOKEN, "ClearFailures"), ("wrong", "CountFailure")] {
        let effects = World::with_token().decide(&node.clone().token(token)).effects;
        assert!(format!("{effects:?}").contains(effect), "{token}: {effects:?}");
    }
}

#[test]
fn the_winner_of_a_code_may_present_it_again() {
    // Its first answer may have been lost on the way, and with it the only copy of its token.
    for (code, kind) in [(SETUP, CodeKind::Setup), (CLAIM, CodeKind::Claim)] {
        let mut world = World::with_token();
        world.mint(code, kind, Roles::only(Role::Operator), ScopeSet::full_operator());
        let knock = Knock::remote().bootstrap(code);
        for _ in 0..2 {
            assert_eq!(summary(&world.knock(&knock)), "admit by code bootstrap-token [admin read]");
        }
        let another = Knock { device: Some(2), ..knock };
        assert_eq!(summary(&world.decide(&another)), "refuse bootstrap_token_invalid");
    }
}

#[test]
fn the_trace_is_bounded_however_much_a_stranger_sends() {
    let many: Vec<String> = (0..5_000).map(|number| format!("scope.{number}")).collect();
    let mut knock = Knock { scopes: many, ..Knock::remote().token("wrong") };
    for number in 0..90 {
        knock = knock.header(&format!("x-forwarded-{number}{}", "a".repeat(300)), "1");
    }
    let decision = World::with_token().decide(&knock);
    let trace = serde_json::to_string(&decision.trace).unwrap();
    assert!(trace.len() < 2_000, "{} bytes", trace.len());
}
