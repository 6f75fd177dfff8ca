//! A small world to decide in: a gateway's settings, its devices, and attempts to connect to it.

use openclaw_admission::limiter::{LimitKey, Limiter, RateLimits};
use openclaw_admission::origin::OriginPolicy;
use openclaw_admission::peer::{Peer, PeerFacts, SocketOwner, parse_proxy};
use openclaw_admission::{Attempt, Auth, Decision, Effect, Outcome, Policy, Supposed, View, decide, suppose};
use openclaw_pairing::{
    ApprovedVia, Ask, CallerAuthority, CodeHash, CodeKind, Mutation, NewCode, PeerKey, Roles, Snapshot,
    TokenKey, transition,
};
use openclaw_protocol::connect::{ClientInfo, ConnectParams};
use openclaw_protocol::device_proof::{self, PublicKey, SigningKey};
use openclaw_protocol::ids::{Nonce, RequestId};
use openclaw_protocol::refusal::Refusal;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

pub const NOW: Millis = Millis(1_795_000_000_000);
pub const TOKEN: &str = "the-gateway-token-0123456789abcdef";
pub const SETUP: &str = "setup-token-0123456789abcdefghijklmnopqrstuv";
pub const CLAIM: &str = "ABCD-EFGH";

pub fn key(device: u8) -> SigningKey {
    SigningKey::from_bytes(&[device; 32])
}

pub fn tokens() -> TokenKey {
    TokenKey::from_bytes([7; 32])
}

pub fn scopes(names: &[&str]) -> ScopeSet {
    ScopeSet::parse_known(names.iter().map(|name| format!("operator.{name}")).collect::<Vec<_>>().as_slice())
        .0
}

/// A gateway.
#[derive(Clone, Debug)]
pub struct World {
    pub policy: Policy,
    pub devices: Snapshot,
    pub limiter: Limiter,
}

impl World {
    pub fn new(auth: Auth) -> Self {
        let mut policy = Policy::new(auth);
        policy.trusted_proxies = vec![parse_proxy("10.0.0.1").unwrap()];
        policy.origins = OriginPolicy::new(["https://gw.example.com"], false);
        Self { policy, devices: Snapshot::fresh(), limiter: Limiter::new(RateLimits::default()) }
    }

    pub fn with_token() -> Self {
        Self::new(Auth::Token(Some(Secret::new(TOKEN.to_owned()))))
    }

    pub fn apply(&mut self, mutation: Mutation) {
        let mut fresh = RequestId::random;
        transition(&mut self.devices, mutation, NOW, &mut fresh).unwrap();
    }

    pub fn pair(&mut self, device: u8, role: Role, scopes: ScopeSet) {
        let key = PublicKey::from(&key(device));
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

    pub fn revoke(&mut self, device: u8, role: Role) {
        let device = PublicKey::from(&key(device)).device_id();
        self.apply(Mutation::Revoke { device, role, caller: CallerAuthority::owner() });
    }

    pub fn device_token(&self, device: u8, role: Role) -> String {
        let id = PublicKey::from(&key(device)).device_id();
        let Some(device) = self.devices.device(&id) else { return "a-token-of-nobody".to_owned() };
        let generation = device.grant(role).map_or(1, |grant| grant.token.generation);
        tokens().derive(device, role, generation).expose().to_owned()
    }

    pub fn mint(&mut self, code: &str, kind: CodeKind, roles: Roles, scopes: ScopeSet) {
        let code =
            NewCode { hash: CodeHash::of(code), kind, roles, scopes, ttl_ms: 600_000, minted_by: None };
        self.apply(Mutation::MintCode { code, caller: CallerAuthority::owner() });
    }

    pub fn decide(&self, knock: &Knock) -> Decision {
        let nonce = Nonce::parse("nonce-1").unwrap();
        let connect = knock.connect(nonce.as_str());
        let view = View { devices: &self.devices, tokens: &tokens(), locks: &self.limiter };
        let facts = knock.facts();
        let attempt = |connect| Attempt { facts: &facts, nonce: &nonce, connect };
        let decision = decide(&self.policy, &view, &attempt(&connect), NOW);
        // Whoever only describes this knock is told the same.
        if !knock.bad_proof {
            let mut described = connect.clone();
            described.device = None;
            let device =
                knock.device.map(|device| Supposed::of_key(*PublicKey::from(&key(device)).as_bytes()));
            let told = suppose(&self.policy, &view, &attempt(&described), device.as_ref(), NOW);
            assert_eq!((&told.outcome, &told.ahead), (&decision.outcome, &decision.ahead), "{knock:?}");
        }
        decision
    }

    /// Decides and makes the effects true, as the gateway does.
    pub fn knock(&mut self, knock: &Knock) -> Decision {
        let decision = self.decide(knock);
        for effect in decision.effects.clone() {
            match effect {
                Effect::CountFailure(key) => {
                    self.limiter.count_failure(&key, NOW);
                }
                Effect::ClearFailures(key) => {
                    self.limiter.succeed(&key, NOW);
                }
                Effect::Store(mutation) => {
                    let mut fresh = RequestId::random;
                    transition(&mut self.devices, mutation, NOW, &mut fresh).ok();
                }
            }
        }
        decision
    }

    pub fn lock_out(&mut self, key: &LimitKey) {
        for _ in 0..self.policy.limits.max_attempts {
            self.limiter.count_failure(key, NOW);
        }
    }
}

/// Somebody at the door.
#[derive(Clone, Debug)]
pub struct Knock {
    pub address: String,
    pub owner: SocketOwner,
    pub owner_socket: bool,
    pub in_container: bool,
    pub headers: Vec<(String, String)>,
    pub protocol: (i64, i64),
    pub client: (String, String),
    pub platform: String,
    pub role: Option<String>,
    pub scopes: Vec<String>,
    pub device: Option<u8>,
    pub bad_proof: bool,
    pub token: Option<String>,
    pub password: Option<String>,
    pub device_token: Option<String>,
    pub bootstrap: Option<String>,
}

impl Knock {
    /// The owner's own command line on the gateway's host.
    pub fn local() -> Self {
        Self {
            address: "127.0.0.1:50000".into(),
            owner: SocketOwner::Own,
            owner_socket: false,
            in_container: false,
            headers: vec![("host".into(), "127.0.0.1:18789".into())],
            protocol: (4, 4),
            client: ("cli".into(), "cli".into()),
            platform: "linux".into(),
            role: None,
            scopes: vec!["operator.read".into(), "operator.admin".into()],
            device: Some(1),
            bad_proof: false,
            token: None,
            password: None,
            device_token: None,
            bootstrap: None,
        }
    }

    /// The same from another machine.
    pub fn remote() -> Self {
        Self {
            address: "203.0.113.9:50000".into(),
            owner: SocketOwner::NotAsked,
            headers: vec![("host".into(), "192.0.2.1:18789".into())],
            ..Self::local()
        }
    }

    pub fn v3(mut self) -> Self {
        self.protocol = (3, 3);
        self
    }

    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub fn device_token(mut self, token: &str) -> Self {
        self.device_token = Some(token.to_owned());
        self
    }

    pub fn bootstrap(mut self, token: &str) -> Self {
        self.bootstrap = Some(token.to_owned());
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn host(mut self, value: &str) -> Self {
        self.headers.retain(|(name, _)| name != "host");
        self.header("host", value)
    }

    pub fn client(mut self, id: &str, mode: &str) -> Self {
        self.client = (id.to_owned(), mode.to_owned());
        self
    }

    pub fn role(mut self, role: &str) -> Self {
        self.role = Some(role.to_owned());
        self
    }

    pub fn scopes(mut self, names: &[&str]) -> Self {
        self.scopes = names.iter().map(|name| format!("operator.{name}")).collect();
        self
    }

    pub fn no_device(mut self) -> Self {
        self.device = None;
        self
    }

    fn facts(&self) -> PeerFacts {
        let peer = if self.owner_socket {
            Peer::OwnerSocket
        } else {
            Peer::Tcp { address: self.address.parse().unwrap(), owner: self.owner }
        };
        let headers =
            self.headers.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
        PeerFacts { peer, in_container: self.in_container, tls: false, headers }
    }

    fn connect(&self, nonce: &str) -> ConnectParams {
        let client = ClientInfo::new(&self.client.0, &self.client.1, "1.0.0", &self.platform);
        let mut params = ConnectParams::new(client, self.protocol.0, self.protocol.1);
        params.role_sent = self.role.clone();
        params.scopes = self.scopes.clone();
        let secret = |text: &Option<String>| text.clone().map(Secret::new);
        params.auth.token = secret(&self.token);
        params.auth.password = secret(&self.password);
        params.auth.device_token = secret(&self.device_token);
        params.auth.bootstrap_token = secret(&self.bootstrap);
        if let Some(device) = self.device {
            let nonce = if self.bad_proof { "another-nonce" } else { nonce };
            device_proof::attach(&mut params, &key(device), nonce, NOW);
        }
        params
    }
}

/// A decision in one line, for tables.
pub fn summary(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Admit(grant) => {
            let scopes: Vec<&str> = grant.scopes.iter().map(Scope::short).collect();
            let silent = decision
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Store(Mutation::ApproveSilently { .. })));
            let redeemed = decision
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Store(Mutation::RedeemCode { .. })));
            let how = if silent {
                " silently"
            } else if redeemed {
                " by code"
            } else {
                ""
            };
            format!(
                "admit{how} {} [{}]",
                if grant.owner { "owner" } else { grant.method.as_str() },
                scopes.join(" ")
            )
        }
        Outcome::Pair(wish) => format!("pair {}", wish.reason.as_str()),
        Outcome::Refuse(Refusal::Unauthorized(failure)) => format!("refuse {}", failure.reason.as_str()),
        Outcome::Refuse(refusal) => {
            let error = refusal.wire(decision.dialect).error;
            format!("refuse {}", error.map_or_else(|| "silently".to_owned(), |error| error.message))
        }
    }
}
