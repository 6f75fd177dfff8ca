//! The decision itself, in the order of auth-and-pairing §1.6.

mod credentials;
mod deviceless;
mod pairing;
mod suppose;

use openclaw_pairing::{ApprovedVia, Mutation, need};
use openclaw_protocol::connect::ClientInfo;
use openclaw_protocol::device_proof::{self, PublicKey};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::refusal::{Cause, Refusal};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use self::credentials::{CodeVerdict, TokenVerdict};
use self::pairing::pairing_reason;
use crate::origin::{self, OriginVerdict};
use crate::outcome::{Attempt, Decision, Effect, Grant, Outcome, View};
use crate::peer::{Path, Whereabouts};
use crate::policy::Policy;
use crate::shared::Shared;
use crate::trace::Trace;

pub use self::suppose::{Supposed, Supposition, suppose};

/// Decides. Calling it again with the same arguments gives the same decision.
pub fn decide(policy: &Policy, view: &View<'_>, attempt: &Attempt<'_>, now: Millis) -> Decision {
    Judge::new(policy, view, attempt, now).decide()
}

/// Of a list that a stranger made as long as he liked, so many items are told.
const MAX_TOLD: usize = 8;

/// The state of one decision while its checks run.
struct Judge<'a> {
    policy: &'a Policy,
    view: &'a View<'a>,
    attempt: &'a Attempt<'a>,
    now: Millis,
    dialect: Dialect,
    at: Whereabouts,
    device: Option<DeviceId>,
    /// A device whose proof is taken for granted, because nobody is there to give one ([`suppose`]).
    supposed: Option<&'a Supposed>,
    trace: Trace,
    effects: Vec<Effect>,
    /// The first refusal; later ones only go into the trace.
    refusal: Option<Refusal>,
    ahead: Vec<Cause>,
}

/// A device whose proof was verified.
struct Proven {
    id: DeviceId,
    key: PublicKey,
}

impl<'a> Judge<'a> {
    fn new(policy: &'a Policy, view: &'a View<'a>, attempt: &'a Attempt<'a>, now: Millis) -> Self {
        let connect = attempt.connect;
        let dialect =
            Dialect::choose(connect.min_protocol, connect.max_protocol).unwrap_or_else(|fallback| fallback);
        let at = attempt.facts.whereabouts(&policy.trusted_proxies, policy.real_ip_fallback);
        Self {
            policy,
            view,
            attempt,
            now,
            dialect,
            at,
            device: None,
            supposed: None,
            trace: Trace::default(),
            effects: Vec::new(),
            refusal: None,
            ahead: Vec::new(),
        }
    }

    fn finish(self, outcome: Outcome) -> Decision {
        let Self { dialect, at, device, effects, ahead, trace, .. } = self;
        Decision { dialect, at, device, outcome, effects, ahead, trace }
    }

    /// Notes a refusal; only the first one counts.
    fn refuse(&mut self, name: &'static str, saw: impl Into<String>, refusal: Refusal) {
        self.trace.fail(name, saw);
        self.refusal.get_or_insert(refusal);
    }

    fn decide(mut self) -> Decision {
        self.note_whereabouts();
        self.check_protocol();
        let role = self.check_role();
        if self.at.path == Path::OwnerSocket {
            return self.decide_owner(role);
        }
        let page = self.check_origin();
        let (scopes, unknown) = ScopeSet::parse_known(&self.attempt.connect.scopes);
        if !unknown.is_empty() {
            let names: Vec<&str> = unknown.iter().take(MAX_TOLD).map(Words::as_str).collect();
            let more = if unknown.len() > MAX_TOLD { " and more" } else { "" };
            self.trace
                .note("scopes", format!("unknown scopes are never granted: {}{more}", names.join(", ")));
        }
        let scopes = if role == Role::Node { node_scopes(&scopes) } else { scopes.operator_only() };
        let shared = self.check_shared(&page);
        if self.attempt.connect.device.is_none() && self.supposed.is_none() {
            return self.decide_without_device(role, scopes, &shared, &page);
        }
        let proven = self.check_proof();
        let Some(proven) = proven.filter(|_| self.refusal.is_none()) else {
            let refusal = self.refusal.take().unwrap_or(Refusal::InvalidFrame);
            return self.finish(Outcome::Refuse(refusal));
        };
        self.decide_device(role, scopes, &shared, &page, &proven)
    }

    fn note_whereabouts(&mut self) {
        let seen = match (&self.at.path, self.at.client) {
            (Path::OwnerSocket, _) => "through the owner socket".to_owned(),
            (Path::Direct, Some(ip)) => format!("directly from {ip}"),
            (Path::TrustedProxy { proxy }, Some(ip)) if self.at.attributed => {
                format!("from {ip}, for whom the trusted proxy {proxy} vouches")
            }
            (Path::TrustedProxy { proxy }, _) => {
                format!("through the trusted proxy {proxy}, which did not say for whom")
            }
            (Path::UnlistedProxy { proxy, headers }, _) => {
                format!("{proxy} sent {} but is not in gateway.trustedProxies", headers.join(", "))
            }
            (Path::Direct, None) => "from an unknown address".to_owned(),
        };
        self.trace.note("path", seen);
        if let Path::TrustedProxy { proxy } = &self.at.path
            && let Some(entry) = self.policy.trusted_proxies.iter().find(|entry| entry.contains(proxy))
        {
            self.trace.note("proxy", format!("peer {proxy} matches entry {entry} of gateway.trustedProxies"));
        }
        match &self.at.local {
            Ok(()) => self.trace.note("local", "yes"),
            Err(why) => self.trace.note("local", format!("no: {why}")),
        }
    }

    fn check_protocol(&mut self) {
        let (min, max) = (self.attempt.connect.min_protocol, self.attempt.connect.max_protocol);
        match Dialect::choose(min, max) {
            Ok(dialect) => {
                self.trace.pass("protocol", format!("{min} to {max}: speaking {}", dialect.protocol()))
            }
            Err(_) => {
                let saw = format!("{min} to {max}: this gateway speaks 3 and 4");
                self.refuse("protocol", saw, Refusal::ProtocolMismatch { min, max });
            }
        }
    }

    fn check_role(&mut self) -> Role {
        let connect = self.attempt.connect;
        if connect.claims_worker() {
            self.refuse("role", "workers do not connect here", Refusal::WorkerClaim);
            return Role::Operator;
        }
        match connect.role() {
            Some(role) => {
                self.trace.pass("role", role.as_str());
                role
            }
            None => {
                self.refuse("role", Words::new(connect.role_word()).to_string(), Refusal::InvalidRole);
                Role::Operator
            }
        }
    }

    /// The owner socket: the OS user who owns the state directory is the owner, and needs no other proof.
    fn decide_owner(mut self, role: Role) -> Decision {
        if role == Role::Node {
            self.refuse("owner", "a node does not use the owner socket", Refusal::InvalidRole);
        }
        if let Some(refusal) = self.refusal.take() {
            return self.finish(Outcome::Refuse(refusal));
        }
        self.trace.pass("owner", "the peer is the OS user who owns the state directory");
        let (requested, _) = ScopeSet::parse_known(&self.attempt.connect.scopes);
        let requested = requested.operator_only();
        let scopes = if requested.is_empty() { ScopeSet::full_operator() } else { requested };
        let grant = Grant {
            role: Role::Operator,
            scopes,
            device: None,
            paired: false,
            method: AuthMethod::None,
            user: None,
            owner: true,
            local: true,
            scopes_cleared: false,
        };
        self.finish(Outcome::Admit(grant))
    }

    fn is_control_ui(&self) -> bool {
        self.attempt.connect.client.is_control_ui(self.dialect)
    }

    fn check_origin(&mut self) -> OriginVerdict {
        let client = &self.attempt.connect.client;
        let browser = is_browser_client(client);
        let verdict = origin::judge(&self.policy.origins, self.attempt.facts, &self.at, browser);
        match &verdict {
            OriginVerdict::NotABrowser => self.trace.skip("origin", "no Origin, and this client sends none"),
            OriginVerdict::Allowed { own_local_page: true, origin } => {
                self.trace.pass("origin", format!("{origin}: this gateway's own page on this machine"));
            }
            OriginVerdict::Allowed { origin, .. } => self.trace.pass("origin", origin.to_string()),
            OriginVerdict::MissingOrInvalid { origin } => {
                let saw = origin.as_ref().map_or_else(|| "none was sent".to_owned(), Words::to_string);
                self.refuse("origin", saw, Refusal::Origin { missing: true, origin: origin.clone() });
            }
            OriginVerdict::NotAllowed { origin } => {
                let refusal = Refusal::Origin { missing: false, origin: Some(origin.clone()) };
                self.refuse("origin", format!("{origin} is not allowed"), refusal);
            }
        }
        verdict
    }

    fn check_proof(&mut self) -> Option<Proven> {
        if let Some(supposed) = self.supposed {
            let id = supposed.id();
            let devices = self.view.devices;
            let known = devices.device(id).is_some() || devices.request_of(id).is_some();
            let who = if known { id.short() } else { "a new device" };
            self.trace.note("device", format!("{who}: taken for granted that it proves its key"));
            self.device = Some(supposed.id().clone());
            return Some(Proven { id: supposed.id().clone(), key: supposed.key() });
        }
        let connect = self.attempt.connect;
        let input = device_proof::ProofInput::of(connect)?;
        let verified = device_proof::verify(&input, self.now, self.attempt.nonce.as_str());
        match (verified, PublicKey::parse(&input.device.public_key)) {
            (Ok(id), Some(key)) => {
                self.trace.pass("device", format!("{} proved its key", id.short()));
                self.device = Some(id.clone());
                Some(Proven { id, key })
            }
            (Ok(_), None) => None,
            (Err(error), _) => {
                self.refuse("device", error.to_string(), Refusal::Proof(error));
                None
            }
        }
    }

    /// Steps 15 to 18: codes, device token, pairing.
    fn decide_device(
        mut self,
        role: Role,
        scopes: ScopeSet,
        shared: &Shared,
        page: &OriginVerdict,
        proven: &Proven,
    ) -> Decision {
        let ask = self.ask(role, scopes.clone(), page, proven);
        let paired =
            self.view.devices.device(&proven.id).filter(|device| device.public_key == *proven.key.as_bytes());
        let paired = paired.map(|device| device.as_ref());
        let needed = need(self.view.devices, &ask);
        let code = self.check_code(shared, page, &ask, needed.is_some());
        let token = if shared.is_ok() {
            TokenVerdict::NotSent
        } else {
            self.check_device_token(page, role, &scopes, paired)
        };

        self.count_failures(shared, page, &code, &token, paired);
        let method = match (shared, &code, &token) {
            (_, CodeVerdict::Ok(_), _) => AuthMethod::BootstrapToken,
            (Shared::Ok { method, .. }, _, _) => *method,
            (_, _, TokenVerdict::Ok | TokenVerdict::TooNarrow) => AuthMethod::DeviceToken,
            _ => {
                self.ahead.extend(needed.map(|needed| pairing_reason(needed).cause()));
                return self.refuse_credentials(shared, &code, &token, proven);
            }
        };
        if let TokenVerdict::TooNarrow = token {
            // The device is who it says it is: its wish is filed, so that the owner can grant it (C-10).
            return self.refuse_narrow(ask);
        }
        self.clear_failures(shared, page, &token, &code, &proven.id);
        let user = match shared {
            Shared::Ok { user, .. } => user.as_deref().map(Words::new),
            _ => None,
        };
        let grant = |scopes: ScopeSet, paired: bool, local: bool| Grant {
            role,
            scopes,
            device: Some(proven.id.clone()),
            paired,
            method,
            user: user.clone(),
            owner: false,
            local,
            scopes_cleared: false,
        };
        if self.is_local_self_call(page) && matches!(shared, Shared::Ok { .. }) && role == Role::Operator {
            self.trace.pass("pairing", "not needed: this host's own backend call");
            let grant = grant(scopes, false, true);
            return self.finish(Outcome::Admit(grant));
        }
        // A code that counts is used up, also by a device that would not have needed it.
        if let CodeVerdict::Ok(hash) = code {
            self.trace.pass("pairing", "approved by the code");
            self.effects.push(Effect::Store(Mutation::RedeemCode { code: hash, ask }));
            let grant = grant(scopes, true, self.at.is_local());
            return self.finish(Outcome::Admit(grant));
        }
        let Some(needed) = needed else {
            self.trace.pass("pairing", "approved for this role and these scopes");
            let approved = paired.map(|device| device.approved_scopes(role)).unwrap_or_default();
            let grant = grant(scopes.intersect_satisfied(&approved), true, self.at.is_local());
            self.effects.push(Effect::Store(Mutation::Seen {
                device: ask.device_id,
                role,
                by_token: method == AuthMethod::DeviceToken,
                display_name: ask.display_name,
                platform: ask.platform,
                remote_ip: ask.remote_ip,
            }));
            return self.finish(Outcome::Admit(grant));
        };
        if self.may_pair_silently(page, &needed, method) {
            self.trace.pass("pairing", "approved silently: the owner's own program on this machine");
            self.effects.push(Effect::Store(Mutation::ApproveSilently { ask, via: ApprovedVia::Silent }));
            let grant = grant(scopes, true, true);
            return self.finish(Outcome::Admit(grant));
        }
        self.pair(ask, needed, paired, method)
    }
}

/// Whether the client is one that lives in a browser and therefore always sends an `Origin`.
fn is_browser_client(client: &ClientInfo) -> bool {
    client.is_browser_ui() || client.is_webchat()
}

/// The part of the scopes that belongs to nodes.
fn node_scopes(scopes: &ScopeSet) -> ScopeSet {
    scopes.iter().filter(|scope| !scope.is_operator()).cloned().collect()
}
