//! Properties over generated worlds: paired, revoked, narrowed and claimed devices, headers, origins, credentials.

use openclaw_admission::peer::SocketOwner;
use openclaw_admission::{Auth, Decision, Outcome, TrustedProxyAuth};
use openclaw_pairing::{CodeKind, Roles};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::secret::Secret;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{CLAIM, Knock, SETUP, TOKEN, World};

fn any_scopes() -> impl Strategy<Value = ScopeSet> {
    proptest::collection::vec(select(Scope::OPERATOR.to_vec()), 0..4)
        .prop_map(|scopes| scopes.into_iter().collect())
}

fn any_auth() -> impl Strategy<Value = Auth> {
    let secret = || Some(Secret::new(TOKEN.to_owned()));
    prop_oneof![
        Just(Auth::None),
        Just(Auth::Token(secret())),
        Just(Auth::Token(None)),
        Just(Auth::Password(secret())),
        Just(Auth::TrustedProxy(TrustedProxyAuth {
            user_header: "x-user".into(),
            ..TrustedProxyAuth::default()
        })),
    ]
}

/// A world whose devices 1 to 3 may be paired as operators or nodes, narrowed or revoked; codes may be out.
fn any_world() -> impl Strategy<Value = World> {
    let device = (any::<bool>(), any_scopes(), any::<bool>(), any::<bool>());
    (any_auth(), proptest::collection::vec(device, 3), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(auth, devices, setup, claim, approve_local)| {
            let mut world = World::new(auth);
            world.policy.approve_local = approve_local;
            if claim {
                world.mint(CLAIM, CodeKind::Claim, Roles::only(Role::Operator), ScopeSet::full_operator());
            }
            if setup {
                let scopes = [Scope::READ].into_iter().collect();
                world.mint(SETUP, CodeKind::Setup, Roles::only(Role::Operator), scopes);
            }
            for (index, (paired, scopes, node, revoked)) in devices.into_iter().enumerate() {
                let number = index as u8 + 1;
                if paired {
                    world.pair(number, Role::Operator, scopes);
                    if node {
                        world.pair(number, Role::Node, ScopeSet::EMPTY);
                    }
                    if revoked {
                        world.revoke(number, Role::Operator);
                    }
                }
            }
            world
        },
    )
}

/// Headers that say who forwarded a request, or that nobody should listen to.
const FORWARDING: [&str; 8] = [
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "forwarded",
    "via",
    "tailscale-user-login",
    "x-openclaw-scopes",
];

fn any_header() -> impl Strategy<Value = (String, String)> {
    header_of([&FORWARDING[..], &["x-user", "origin", "host"]].concat())
}

fn header_of(names: Vec<&'static str>) -> impl Strategy<Value = (String, String)> {
    let name = select(names);
    let value = select(vec![
        "127.0.0.1",
        "::1",
        "203.0.113.9",
        "10.0.0.1",
        "localhost",
        "http://localhost:18789",
        "http://127.0.0.1:18789",
        "https://gw.example.com",
        "https://evil.example",
        "null",
        "me",
        "127.0.0.1:18789",
        "operator.admin",
        "",
    ]);
    (name, value).prop_map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn any_knock() -> impl Strategy<Value = Knock> {
    let from = (
        select(vec![
            "127.0.0.1:5",
            "[::1]:5",
            "[::ffff:127.0.0.1]:5",
            "203.0.113.9:5",
            "10.0.0.1:5",
            "192.168.1.4:5",
        ]),
        select(vec![SocketOwner::Own, SocketOwner::Other(1000), SocketOwner::Unknown]),
        any::<bool>(),
        proptest::collection::vec(any_header(), 0..4),
    );
    let who = (
        select(vec![(3, 3), (4, 4), (3, 4), (1, 2)]),
        select(vec![
            ("cli", "cli"),
            ("gateway-client", "backend"),
            ("openclaw-control-ui", "webchat"),
            ("openclaw-tui", "ui"),
            ("openclaw-macos", "ui"),
            ("node-host", "node"),
            ("test", "test"),
            ("openclaw-probe", "probe"),
        ]),
        select(vec![None, Some("operator"), Some("node"), Some("worker"), Some("king")]),
        any_scopes(),
        proptest::option::of(1..5u8),
        proptest::bool::weighted(0.1),
    );
    let secrets = (0..7u8, 0..5u8, 0..4u8);
    (from, who, secrets).prop_map(|(from, who, secrets)| {
        let (address, owner, in_container, headers) = from;
        let (protocol, client, role, scopes, device, bad_proof) = who;
        Knock {
            address: address.to_owned(),
            owner,
            in_container,
            headers,
            protocol,
            client: (client.0.to_owned(), client.1.to_owned()),
            role: role.map(str::to_owned),
            scopes: scopes.to_strings(),
            device,
            bad_proof,
            // Filled in from the world by `arm`, where a right one is wanted.
            token: match secrets.0 {
                0 | 1 => None,
                2 => Some(TOKEN.to_owned()),
                3 => Some("wrong".to_owned()),
                4 => Some("own".to_owned()),
                5 => Some(CLAIM.to_owned()),
                _ => Some("other".to_owned()),
            },
            device_token: match secrets.1 {
                0 | 1 => None,
                2 => Some("own".to_owned()),
                3 => Some("other".to_owned()),
                _ => Some("wrong".to_owned()),
            },
            bootstrap: match secrets.2 {
                0 => Some(SETUP.to_owned()),
                1 => Some(CLAIM.to_owned()),
                2 => Some("WXYZ-WXYZ".to_owned()),
                _ => None,
            },
            password: None,
            ..Knock::local()
        }
    })
}

/// Puts real device tokens where the knock says `own` or `other`.
fn arm(world: &World, mut knock: Knock) -> Knock {
    let role = if knock.role.as_deref() == Some("node") { Role::Node } else { Role::Operator };
    let device = knock.device.unwrap_or(1);
    let put = |text: &mut Option<String>| match text.as_deref() {
        Some("own") => *text = Some(world.device_token(device, role)),
        Some("other") => *text = Some(world.device_token(device % 3 + 1, role)),
        _ => {}
    };
    put(&mut knock.token);
    put(&mut knock.device_token);
    knock
}

fn granted(decision: &Decision) -> Option<&ScopeSet> {
    match &decision.outcome {
        Outcome::Admit(grant) => Some(&grant.scopes),
        _ => None,
    }
}

/// Whether something was presented or is so that can be worth anything: the list is written independently of
/// `decide`, and looser than it.
fn has_reason(world: &World, knock: &Knock) -> bool {
    let said = |text: &Option<String>, right: &str| text.as_deref().is_some_and(|text| text.trim() == right);
    let shared = match &world.policy.auth {
        Auth::None => {
            knock.address.starts_with("127.")
                || knock.address.contains("::1")
                || knock.address.contains("127.0.0.1")
                || knock.device.is_some()
        }
        Auth::Token(Some(_)) | Auth::Password(Some(_)) => {
            said(&knock.token, TOKEN) || said(&knock.password, TOKEN)
        }
        Auth::TrustedProxy(_) => {
            knock.address.starts_with("10.0.0.1:") && knock.headers.iter().any(|(name, _)| name == "x-user")
        }
        _ => false,
    };
    let role = if knock.role.as_deref() == Some("node") { Role::Node } else { Role::Operator };
    let own = knock.device.map(|device| world.device_token(device, role));
    let by_token = own.is_some_and(|own| said(&knock.device_token, &own) || said(&knock.token, &own));
    let by_code =
        [&knock.bootstrap, &knock.token].into_iter().any(|text| said(text, SETUP) || said(text, CLAIM));
    shared || by_token || by_code
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn nobody_comes_in_without_a_reason(world in any_world(), knock in any_knock()) {
        let knock = arm(&world, knock);
        let decision = world.decide(&knock);
        if granted(&decision).is_some() {
            prop_assert!(has_reason(&world, &knock), "{knock:?} {decision:?}");
        }
    }

    #[test]
    fn what_is_granted_was_asked_for_and_approved(world in any_world(), knock in any_knock()) {
        let knock = arm(&world, knock);
        let mut after = world.clone();
        let decision = after.knock(&knock);
        if let Outcome::Admit(grant) = &decision.outcome {
            for scope in grant.scopes.iter() {
                prop_assert!(knock.scopes.iter().any(|asked| asked == scope.as_str()), "never more than asked: {scope}");
            }
            if let Some(device) = grant.device.as_ref().filter(|_| grant.paired) {
                let device = after.devices.device(device).expect("a paired grant is of a paired device");
                prop_assert!(device.approved_scopes(grant.role).covers(&grant.scopes), "{decision:?}");
            } else if !grant.scopes.is_empty() {
                prop_assert!(grant.local, "scopes without a paired device are for this host alone: {decision:?}");
            }
        }
    }

    #[test]
    fn no_header_widens(world in any_world(), knock in any_knock(), header in header_of(FORWARDING.to_vec())) {
        let knock = arm(&world, knock);
        let before = world.decide(&knock);
        // Left out are the headers that may legitimately open: the user that a listed proxy vouches for, and the
        // Origin and Host without which a page or a loopback client is not who it is.
        let after = world.decide(&knock.clone().header(&header.0, &header.1));
        if let Some(now) = granted(&after) {
            // A proxy that is listed may tell another client's address, which is not locked out; nothing is here.
            let then = granted(&before);
            prop_assert!(then.is_some_and(|then| then.covers(now)), "{header:?} opened {knock:?}: {before:?} {after:?}");
        }
    }

    #[test]
    fn admin_is_for_the_approved_the_owner_and_the_bearer_of_a_code(world in any_world(), knock in any_knock()) {
        let knock = arm(&world, knock);
        let decision = world.decide(&knock);
        if let Outcome::Admit(grant) = &decision.outcome
            && grant.scopes.contains(Scope::ADMIN)
        {
            let approved = grant.device.as_ref().and_then(|id| world.devices.device(id)).is_some_and(|device| {
                device.approved_scopes(Role::Operator).contains(Scope::ADMIN)
            });
            let claimed = [&knock.bootstrap, &knock.token].into_iter().any(|text| text.as_deref() == Some(CLAIM));
            prop_assert!(approved || claimed || grant.local, "{knock:?} {decision:?}");
        }
    }

    #[test]
    fn deciding_twice_is_deciding_once(world in any_world(), knock in any_knock()) {
        let knock = arm(&world, knock);
        let (a, b) = (world.decide(&knock), world.decide(&knock));
        prop_assert_eq!(a.outcome, b.outcome);
        prop_assert_eq!(a.trace, b.trace);
    }
}
