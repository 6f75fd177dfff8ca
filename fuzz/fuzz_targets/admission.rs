//! The decision who comes in: a small world, and somebody at its door. Input: lines (see [`World::line`] and
//! [`Knock::line`]; where it comes from as in the target `headers`).

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_admission::limiter::{Limiter, RateLimits};
use openclaw_admission::peer::{Peer, parse_proxy};
use openclaw_admission::{
    Attempt, Auth, Decision, Effect, Grant, Outcome, Policy, TrustedProxyAuth, View, decide,
};
use openclaw_fuzz::{door::Door, harmless, lines};
use openclaw_pairing::{
    ApprovedVia, Ask, CallerAuthority, CodeHash, CodeKind, Mutation, NewCode, PeerKey, Roles, Snapshot,
    TokenKey, transition,
};
use openclaw_protocol::connect::{ClientInfo, ConnectParams};
use openclaw_protocol::device_proof::{self, PublicKey, SigningKey};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::ids::{Nonce, RequestId};
use openclaw_protocol::refusal::{Refusal, Telling};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

const NOW: Millis = Millis(1_795_000_000_000);
const TOKEN: &str = "Q7w-the-gateway-secret-0123456789abcdef";
const SETUP: &str = "Z9x-the-setup-token-0123456789abcdefghijklmn";
const CLAIM: &str = "ABCD-EFGH";
/// What stands for the token of a device that the gateway does not know.
const NOBODY: &str = "a-token-of-nobody";

fn key(device: u8) -> SigningKey {
    SigningKey::from_bytes(&[device; 32])
}

fn public(device: u8) -> PublicKey {
    PublicKey::from(&key(device))
}

fn tokens() -> TokenKey {
    TokenKey::from_bytes([7; 32])
}

fn scope_set(names: &str) -> ScopeSet {
    ScopeSet::parse_known(&scope_names(names)).0
}

fn scope_names(names: &str) -> Vec<String> {
    let full = |name: &str| if name.contains('.') { name.to_owned() } else { format!("operator.{name}") };
    names.split_whitespace().map(full).collect()
}

/// A gateway: its settings and its devices.
#[derive(Clone)]
struct World {
    auth: Auth,
    approve_local: bool,
    devices: Snapshot,
    setup: Option<ScopeSet>,
    claim: bool,
}

impl World {
    fn line(&mut self, word: &str, rest: &str) {
        let (first, others) = rest.split_once(' ').unwrap_or((rest, ""));
        let device = first.parse::<u8>().unwrap_or(1) % 4 + 1;
        match word {
            "auth" => {
                let secret = || Some(Secret::new(TOKEN.to_owned()));
                self.auth = match first {
                    "none" => Auth::None,
                    "no-token" => Auth::Token(None),
                    "password" => Auth::Password(secret()),
                    "proxy" => Auth::TrustedProxy(TrustedProxyAuth {
                        user_header: "x-user".into(),
                        allow_loopback: others.contains("loopback"),
                        password: others.contains("password").then(secret).flatten(),
                        ..TrustedProxyAuth::default()
                    }),
                    _ => Auth::Token(secret()),
                };
            }
            "ask-local" => self.approve_local = false,
            "paired" => self.pair(device, Role::Operator, scope_set(others)),
            "paired-node" => self.pair(device, Role::Node, ScopeSet::EMPTY),
            "revoked" | "revoked-node" => {
                let role = if word == "revoked" { Role::Operator } else { Role::Node };
                let device = public(device).device_id();
                self.apply(Mutation::Revoke { device, role, caller: CallerAuthority::owner() });
            }
            "setup" => {
                let scopes = scope_set(rest);
                self.mint(SETUP, CodeKind::Setup, scopes.clone());
                self.setup = Some(scopes);
            }
            "claim" => {
                self.mint(CLAIM, CodeKind::Claim, ScopeSet::full_operator());
                self.claim = true;
            }
            _ => {}
        }
    }

    fn apply(&mut self, mutation: Mutation) {
        let mut fresh = RequestId::random;
        transition(&mut self.devices, mutation, NOW, &mut fresh).ok();
    }

    fn mint(&mut self, code: &str, kind: CodeKind, scopes: ScopeSet) {
        let roles = Roles::only(Role::Operator);
        let code = NewCode { hash: CodeHash::of(code), kind, roles, scopes, ttl_ms: 600_000, minted_by: None };
        self.apply(Mutation::MintCode { code, caller: CallerAuthority::owner() });
    }

    fn pair(&mut self, device: u8, role: Role, scopes: ScopeSet) {
        let key = public(device);
        let ask = Ask {
            device_id: key.device_id(),
            public_key: *key.as_bytes(),
            role,
            scopes,
            client_id: Words::new("cli"),
            client_mode: Words::new("cli"),
            display_name: None,
            platform: Words::some("linux"),
            device_family: None,
            remote_ip: None,
            origin: None,
            peer: PeerKey::local(),
            seen: None,
        };
        self.apply(Mutation::ApproveSilently { ask, via: ApprovedVia::Owner });
    }

    fn device_token(&self, device: u8, role: Role) -> String {
        let id = public(device).device_id();
        let Some(device) = self.devices.device(&id) else { return NOBODY.to_owned() };
        let generation = device.grant(role).map_or(1, |grant| grant.token.generation);
        tokens().derive(device, role, generation).expose().to_owned()
    }

    fn policy(&self, door: &Door) -> Policy {
        let mut policy = Policy::new(self.auth.clone());
        policy.trusted_proxies = door.trusted.clone();
        policy.trusted_proxies.extend(parse_proxy("10.0.0.1"));
        policy.real_ip_fallback = door.real_ip;
        policy.origins = door.origins();
        policy.approve_local = self.approve_local;
        policy
    }

    fn decide(&self, knock: &Knock) -> Decision {
        let nonce = Nonce::parse("nonce-1").expect("a nonce");
        let connect = knock.connect(nonce.as_str());
        let locks = Limiter::new(RateLimits::default());
        let view = View { devices: &self.devices, tokens: &tokens(), locks: &locks };
        let attempt = Attempt { facts: &knock.door.facts, nonce: &nonce, connect: &connect };
        decide(&self.policy(&knock.door), &view, &attempt, NOW)
    }

    /// The world after a decision became true.
    fn after(&self, decision: &Decision) -> Self {
        let mut world = self.clone();
        for effect in &decision.effects {
            if let Effect::Store(mutation) = effect {
                world.apply(mutation.clone());
            }
        }
        world
    }
}

/// Somebody at the door.
#[derive(Clone)]
struct Knock {
    door: Door,
    protocol: (i64, i64),
    client: ClientInfo,
    role: Option<String>,
    scopes: Vec<String>,
    device: Option<u8>,
    bad_proof: bool,
    token: Option<String>,
    password: Option<String>,
    device_token: Option<String>,
    bootstrap: Option<String>,
    extra: Option<(String, String)>,
}

impl Knock {
    fn line(&mut self, world: &World, word: &str, rest: &str) {
        let some = || Some(rest.to_owned());
        let secret = || {
            Some(match rest {
                "$TOKEN" => TOKEN.to_owned(),
                "$SETUP" => SETUP.to_owned(),
                "$CLAIM" => CLAIM.to_owned(),
                "$OWN" => world.device_token(self.device.unwrap_or(1), self.sent_role()),
                "$OTHER" => world.device_token(self.device.unwrap_or(1) % 4 + 1, self.sent_role()),
                other => other.to_owned(),
            })
        };
        match word {
            "protocol" => {
                let (min, max) = rest.split_once(' ').unwrap_or((rest, rest));
                self.protocol = (min.parse().unwrap_or(4), max.parse().unwrap_or(4));
            }
            "client" => {
                let (id, mode) = rest.split_once(' ').unwrap_or((rest, "ui"));
                self.client = ClientInfo::new(id, mode, "1.0.0", &self.client.platform);
            }
            "platform" => self.client.platform = rest.to_owned(),
            "role" => self.role = some(),
            "scopes" => self.scopes = scope_names(rest),
            "device" => self.device = rest.parse::<u8>().ok().map(|device| device % 4 + 1),
            "no-device" => self.device = None,
            "bad-proof" => self.bad_proof = true,
            "token" => self.token = secret(),
            "password" => self.password = secret(),
            "device-token" => self.device_token = secret(),
            "bootstrap" => self.bootstrap = secret(),
            "extra" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                self.extra = Some((name.to_owned(), value.to_owned()));
            }
            _ => self.door.line(word, rest),
        }
    }

    fn sent_role(&self) -> Role {
        if self.role.as_deref() == Some("node") { Role::Node } else { Role::Operator }
    }

    fn connect(&self, nonce: &str) -> ConnectParams {
        let mut params = ConnectParams::new(self.client.clone(), self.protocol.0, self.protocol.1);
        params.role_sent = self.role.clone();
        params.scopes = self.scopes.clone();
        let secret = |text: &Option<String>| text.clone().map(Secret::new);
        params.auth.token = secret(&self.token);
        params.auth.password = secret(&self.password);
        params.auth.device_token = secret(&self.device_token);
        params.auth.bootstrap_token = secret(&self.bootstrap);
        if let Some(device) = self.device {
            device_proof::attach(
                &mut params,
                &key(device),
                if self.bad_proof { "another" } else { nonce },
                NOW,
            );
        }
        params
    }

    fn without_credentials(&self) -> Self {
        let mut knock = self.clone();
        (knock.token, knock.password, knock.device_token, knock.bootstrap) = (None, None, None, None);
        knock
    }
}

fuzz_target!(|data: &[u8]| {
    let text = lines::text(data);
    let mut world = World {
        auth: Auth::Token(Some(Secret::new(TOKEN.to_owned()))),
        approve_local: true,
        devices: Snapshot::fresh(),
        setup: None,
        claim: false,
    };
    // The world first, because tokens depend on it.
    lines::of(&text).take(40).for_each(|(word, rest)| world.line(word, rest));
    let mut knock = Knock {
        door: Door::default(),
        protocol: (4, 4),
        client: ClientInfo::new("cli", "cli", "1.0.0", "linux"),
        role: None,
        scopes: Vec::new(),
        device: Some(1),
        bad_proof: false,
        token: None,
        password: None,
        device_token: None,
        bootstrap: None,
        extra: None,
    };
    lines::of(&text).take(80).for_each(|(word, rest)| knock.line(&world, word, rest));
    let decision = world.decide(&knock);
    match &decision.outcome {
        Outcome::Admit(grant) => admitted(&world, &knock, &decision, grant),
        Outcome::Pair(wish) => {
            assert!(!wish.token_accepted || secret_is_right(&world, &knock), "said to be accepted");
            changes_nothing_but_the_queue(&decision);
        }
        Outcome::Refuse(refusal) => refused(&world, &knock, &decision, refusal),
    }
    let told = format!("{} {decision:?}", serde_json::to_string(&decision.trace).expect("a trace is JSON"));
    no_secret(&world, &knock, &text, &told);
    decision.trace.checks().iter().for_each(|check| harmless(&check.saw));
    no_header_widens(&world, &knock, &decision);
});

fn is(text: &Option<String>, right: &str) -> bool {
    text.as_deref().is_some_and(|text| text.trim() == right)
}

fn blank(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(|text| text.trim().is_empty())
}

fn secret_is_right(world: &World, knock: &Knock) -> bool {
    match &world.auth {
        Auth::Token(Some(_)) | Auth::Password(Some(_)) => {
            is(&knock.token, TOKEN) || is(&knock.password, TOKEN)
        }
        Auth::TrustedProxy(proxy) => proxy.password.is_some() && is(&knock.password, TOKEN),
        _ => false,
    }
}

/// Whether somebody has a reason to be let in, written independently of `decide`, and looser.
fn has_reason(world: &World, knock: &Knock) -> bool {
    let Peer::Tcp { address, .. } = knock.door.facts.peer else { return true };
    let proxies = world.policy(&knock.door).trusted_proxies;
    let device = knock.device.filter(|_| !knock.bad_proof);
    let grant = device.and_then(|device| world.devices.device(&public(device).device_id()).cloned());
    let paired = grant.is_some_and(|device| device.grant(knock.sent_role()).is_some());
    let loopback = address.ip().to_canonical().is_loopback();
    let shared = match &world.auth {
        Auth::None => paired || loopback,
        Auth::TrustedProxy(_) if knock.door.values("x-user").count() == 1 => {
            proxies.iter().any(|net| net.contains(&address.ip().to_canonical()))
        }
        _ => false,
    };
    let own = device.map(|device| world.device_token(device, knock.sent_role()));
    let token = own.is_some_and(|own| {
        is(&knock.device_token, &own) || (is(&knock.token, &own) && blank(&knock.device_token))
    });
    let typed = |text: &Option<String>| {
        text.as_deref().is_some_and(|text| {
            openclaw_protocol::claim_code::ClaimCode::parse(text).is_some_and(|code| code.expose() == CLAIM)
        })
    };
    let codes = [&knock.bootstrap, &knock.token];
    let code = device.is_some()
        && ((world.claim && codes.into_iter().any(typed))
            || (world.setup.is_some() && codes.into_iter().any(|text| holds_setup(text))));
    shared || secret_is_right(world, knock) || (paired && token) || code
}

fn holds_setup(text: &Option<String>) -> bool {
    let inside = |text: &str| openclaw_protocol::setup_code::SetupCode::decode(text);
    text.as_deref().is_some_and(|text| {
        text.trim() == SETUP || inside(text).is_some_and(|code| code.bootstrap_token.expose().trim() == SETUP)
    })
}

fn admitted(world: &World, knock: &Knock, decision: &Decision, grant: &Grant) {
    assert!(has_reason(world, knock), "a stranger is admitted: {grant:?}");
    assert!(matches!(knock.protocol, (min, max) if min <= 4 && max >= 3), "in no dialect");
    assert_eq!(grant.owner, knock.door.facts.peer == Peer::OwnerSocket);
    assert!(knock.role.as_deref().is_none_or(|role| role == grant.role.as_str()), "another role");
    if grant.owner {
        return;
    }
    assert!(!(knock.bad_proof && knock.device.is_some()), "a proof that does not hold");
    assert!(!grant.local || !knock.door.forwarded(), "forwarded and local");
    assert_eq!(grant.device.is_some(), knock.device.is_some());
    for scope in grant.scopes.iter() {
        assert!(knock.scopes.iter().any(|asked| asked == scope.as_str()), "never asked for {scope}");
        assert_eq!(scope.is_operator(), grant.role == Role::Operator, "a scope of the other role");
    }
    let after = world.after(decision);
    let approved = |world: &World| {
        let device = grant.device.as_ref().and_then(|id| world.devices.device(id).cloned());
        device.map(|device| device.approved_scopes(grant.role)).unwrap_or_default()
    };
    if grant.paired {
        assert!(approved(&after).covers(&grant.scopes), "more than approved");
    } else {
        assert!(grant.scopes.is_empty() || grant.local, "scopes without pairing, from elsewhere");
    }
    let changed = decision.effects.iter().find_map(|effect| match effect {
        Effect::Store(mutation @ (Mutation::ApproveSilently { .. } | Mutation::RedeemCode { .. })) => {
            Some(mutation)
        }
        _ => None,
    });
    match changed {
        Some(Mutation::ApproveSilently { .. }) => {
            assert!(grant.local && world.approve_local, "approved without asking, from elsewhere");
            assert!(grant.role == Role::Operator || world.auth.name() != "trusted-proxy");
            if let Some(page) = knock.door.values("origin").next() {
                let host = knock.door.values("host").next().unwrap_or_default().to_ascii_lowercase();
                let host = host.trim();
                let page = page.trim().to_ascii_lowercase();
                let own = page.trim_end_matches('/').ends_with(host) || same_authority(&page, host);
                assert!(own, "another page than our own pairs silently: {page} at {host}");
            }
        }
        Some(_) => single_use(&after, knock),
        None => {
            let cleared = grant.device.is_none() || !grant.paired;
            assert!(cleared || approved(world).covers(&grant.scopes), "widened without a change");
            let admin = grant.scopes.contains(Scope::ADMIN);
            assert!(!admin || grant.local || approved(world).contains(Scope::ADMIN), "admin out of nothing");
        }
    }
}

fn same_authority(page: &str, host: &str) -> bool {
    let strip = |text: &str| {
        let text = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/').to_owned();
        let text = text.strip_suffix(":80").or(text.strip_suffix(":443")).unwrap_or(&text).to_owned();
        let text = text.strip_suffix(':').unwrap_or(&text).to_owned();
        text.replace(['[', ']'], "").trim_end_matches('.').to_owned()
    };
    let zeros = |text: String| openclaw_admission::peer::host_name(&text).unwrap_or(text);
    zeros(strip(page)).trim_end_matches('.') == zeros(strip(host)).trim_end_matches('.')
        || strip(page).rsplit(':').next() == strip(host).rsplit(':').next()
}

/// A code is for one device: nobody else comes in with it, from wherever, with nothing else to show.
fn single_use(after: &World, knock: &Knock) {
    for device in 1..=4 {
        if Some(device) == knock.device || !matches!(after.auth, Auth::Token(_) | Auth::Password(_)) {
            continue;
        }
        let mut other = knock.without_credentials();
        other.device = Some(device);
        other.bootstrap = knock.bootstrap.clone().or(knock.token.clone());
        let outcome = after.decide(&other).outcome;
        assert!(!matches!(outcome, Outcome::Admit(_)), "a code works twice: {outcome:?}");
    }
}

fn changes_nothing_but_the_queue(decision: &Decision) {
    for effect in &decision.effects {
        let allowed = match effect {
            Effect::Store(mutation) => matches!(mutation, Mutation::File(_)),
            Effect::CountFailure(_) | Effect::ClearFailures(_) => true,
        };
        assert!(allowed, "{effect:?}");
    }
}

fn refused(world: &World, knock: &Knock, decision: &Decision, refusal: &Refusal) {
    changes_nothing_but_the_queue(decision);
    for dialect in [Dialect::V3, Dialect::V4] {
        let wire = refusal.wire_told(dialect, &Telling { ahead: &decision.ahead, ..Telling::default() });
        let text = serde_json::to_string(&wire.error).expect("an error is JSON");
        harmless(&wire.close.reason);
        assert!(wire.close.reason.len() <= 123, "a reason of {} bytes", wire.close.reason.len());
        no_secret(world, knock, "", &format!("{text} {}", wire.close.reason));
    }
    // Whoever is refused before credentials are looked at must not learn whether they were right.
    let early = matches!(
        refusal,
        Refusal::Origin { .. }
            | Refusal::ProtocolMismatch { .. }
            | Refusal::InvalidRole
            | Refusal::WorkerClaim
            | Refusal::Proof(_)
    );
    if early {
        let mut right = knock.clone();
        right.token = Some(TOKEN.to_owned());
        right.password = Some(TOKEN.to_owned());
        for other in [right, knock.without_credentials()] {
            let answer = world.decide(&other);
            assert_eq!(answer.outcome, decision.outcome, "the answer depends on the secret");
            assert_eq!(answer.ahead, decision.ahead, "the answer depends on the secret");
        }
    }
}

/// Nothing that is told to anybody contains a secret of the gateway, unless the peer sent it in the clear itself.
fn no_secret(world: &World, knock: &Knock, input: &str, told: &str) {
    let mut secrets = vec![TOKEN.to_owned(), SETUP.to_owned()];
    let devices =
        knock.device.map(|device| [Role::Operator, Role::Node].map(|role| world.device_token(device, role)));
    secrets.extend(devices.into_iter().flatten().filter(|token| token != NOBODY));
    for secret in secrets {
        assert!(input.contains(&secret) || !told.contains(&secret), "a secret in {told}");
    }
}

/// No header that somebody on the way adds opens a door or widens what is behind it.
fn no_header_widens(world: &World, knock: &Knock, before: &Decision) {
    let Some((name, value)) = &knock.extra else { return };
    let mut more = knock.clone();
    more.door = Door::default();
    more.door.header(name, value);
    if !more.door.forwarded() && name != "x-openclaw-scopes" {
        return;
    }
    more.door = knock.door.clone();
    more.door.header(name, value);
    if let Outcome::Admit(now) = world.decide(&more).outcome {
        let Outcome::Admit(then) = &before.outcome else { panic!("{name}: {value} opens the door") };
        assert!(then.scopes.covers(&now.scopes), "{name}: {value} widens");
        assert!(then.local || !now.local, "{name}: {value} makes it local");
    }
}
