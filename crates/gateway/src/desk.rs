//! The admission desk: decides, makes the effects true, and decides again when another attempt was faster.

use std::sync::Arc;

use openclaw_admission::limiter::{Counted, CredentialClass, LimitKey};
use openclaw_admission::{Attempt, Decision, Effect, Grant, Locks, Outcome, PairingWish, View, decide};
use openclaw_pairing::{Applied, ApplyError, CodeHash, Mutation, Outcome as Stored, Rejected, Snapshot};
use openclaw_protocol::ids::RequestId;
use openclaw_protocol::refusal::{InvalidatedWhy, PairingRefusal, Refusal};
use openclaw_protocol::role::Role;
use openclaw_protocol::time::Millis;

use crate::core::Core;
use crate::settings::Settings;

/// How often a decision may lose a race before the peer is told to come back. Each loss means that somebody else
/// made progress, so this is reached only by a device that races itself.
const MAX_ROUNDS: usize = 8;
/// When to come back after that, milliseconds.
const BUSY_RETRY_MS: u64 = 500;

/// What a peer gets.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Admission.
    Admitted(Grant),
    /// A refusal, complete with its request id when there is one.
    Refused(Refusal),
}

/// A judged attempt.
pub(crate) struct Judged {
    /// What was decided last.
    pub(crate) decision: Decision,
    /// What came of it.
    pub(crate) verdict: Verdict,
    /// The settings it was decided by.
    settings: Arc<Settings>,
    /// The devices it was decided by.
    devices: Arc<Snapshot>,
}

/// The gateway's limiter as admission sees it.
pub(crate) struct Guarded<'a>(pub(crate) &'a Core);

impl Locks for Guarded<'_> {
    fn locked_for(&self, key: &LimitKey, now: Millis) -> Option<u64> {
        self.0.limiter().locked_for(key, now)
    }
}

/// Judges an attempt and applies what follows from it.
pub(crate) async fn judge(core: &Arc<Core>, attempt: &Attempt<'_>) -> Judged {
    let mut rounds = 0;
    loop {
        rounds += 1;
        let now = core.now();
        let settings = core.policy().clone();
        let devices = core.store.snapshot();
        let decision = decide_by(core, &settings, &devices, attempt, now);
        let verdict = match apply(core, &decision, now).await {
            Applying::Done(verdict) => verdict,
            Applying::Lost if rounds < MAX_ROUNDS => continue,
            Applying::Lost => {
                let why = "the device's state keeps changing".to_owned();
                Verdict::Refused(Refusal::StoreUnavailable { retry_after_ms: BUSY_RETRY_MS, why })
            }
        };
        return Judged { decision, verdict, settings, devices };
    }
}

fn decide_by(
    core: &Core,
    settings: &Settings,
    devices: &Snapshot,
    attempt: &Attempt<'_>,
    now: Millis,
) -> Decision {
    let tokens = core.store.token_key().under(settings.shared_secret());
    let view = View { devices, tokens: &tokens, locks: &Guarded(core) };
    decide(&settings.admission, &view, attempt, now)
}

/// What an admission that was decided a moment ago has lost meanwhile, if anything: the device or the gateway's own
/// settings may have changed between the decision and now (S19, S21).
pub(crate) fn lost_meanwhile(
    core: &Core,
    judged: &Judged,
    grant: &Grant,
    attempt: &Attempt<'_>,
) -> Option<InvalidatedWhy> {
    let devices = core.store.snapshot();
    let settings = core.policy().clone();
    if !Arc::ptr_eq(&settings, &judged.settings) {
        let again = decide_by(core, &settings, &devices, attempt, core.now());
        if !matches!(again.outcome, Outcome::Admit(_)) {
            return Some(InvalidatedWhy::AuthChanged);
        }
    }
    let id = grant.device.as_ref().filter(|_| grant.paired)?;
    let holds =
        |devices: &Snapshot| devices.device(id).and_then(|device| device.effective(grant.role).cloned());
    let Some(now) = holds(&devices) else { return Some(InvalidatedWhy::AccessReduced) };
    // The token may be the one that it came in by.
    if holds(&judged.devices).is_some_and(|then| then.token.generation != now.token.generation) {
        return Some(InvalidatedWhy::TokenRotated);
    }
    let covered = match grant.role {
        Role::Operator => now.scopes.covers(&grant.scopes),
        Role::Node => grant.scopes.iter().all(|scope| now.scopes.contains(scope)),
    };
    (!covered).then_some(InvalidatedWhy::AccessReduced)
}

enum Applying {
    Done(Verdict),
    /// Another attempt was faster: what was decided no longer holds.
    Lost,
}

async fn apply(core: &Core, decision: &Decision, now: Millis) -> Applying {
    match count(core, &decision.effects, now) {
        Ok(None) => {}
        Ok(Some(code)) => wear_out(core, code).await,
        Err(()) => return Applying::Lost,
    }
    let mut filed: Option<RequestId> = None;
    for effect in &decision.effects {
        let Effect::Store(mutation) = effect else { continue };
        if matches!(mutation, Mutation::Seen { .. }) {
            core.store.apply_detached(mutation.clone());
            continue;
        }
        match core.store.apply(mutation.clone()).await {
            Ok(applied) => filed = filed.or_else(|| request_of(&applied)),
            Err(ApplyError::Rejected(Rejected::TooMany { retry_after_ms })) => {
                return Applying::Done(Verdict::Refused(match &decision.outcome {
                    // The refusal stands by itself; only its convenience, a filed request, could not be had.
                    Outcome::Refuse(refusal) => refusal.clone(),
                    _ => Refusal::TooManyWaiting { retry_after_ms },
                }));
            }
            Err(ApplyError::Rejected(_)) => return Applying::Lost,
            Err(ApplyError::Unavailable(why)) => {
                tracing::error!(subsystem = "gateway/pairing", "the device store cannot be written: {why}");
                let refusal = Refusal::StoreUnavailable { retry_after_ms: 5_000, why: why.to_string() };
                return Applying::Done(Verdict::Refused(refusal));
            }
        }
    }
    Applying::Done(match (&decision.outcome, filed) {
        (Outcome::Admit(grant), _) => Verdict::Admitted(grant.clone()),
        (Outcome::Refuse(refusal), filed) => Verdict::Refused(with_request(refusal.clone(), filed)),
        (Outcome::Pair(wish), Some(request)) => {
            let mut refusal = refusal_of(wish, request);
            refusal.claimable &= core.claim.shows();
            Verdict::Refused(Refusal::Pairing(refusal))
        }
        (Outcome::Pair(_), None) => return Applying::Lost,
    })
}

/// Counts failures and successes. `Err`: a lock-out came in between. `Ok` holds a claim code that is worn out by it.
fn count(core: &Core, effects: &[Effect], now: Millis) -> Result<Option<CodeHash>, ()> {
    let mut limiter = core.limiter();
    let mut worn_out = None;
    for effect in effects {
        let stands = match effect {
            Effect::CountFailure(key) => {
                let within = limiter.count_failure(key, now) == Counted::Within;
                // What a lock-out stopped was not tried, and wears nothing out.
                if within && key.class == CredentialClass::Bootstrap {
                    worn_out = core.claim.count_wrong(now);
                }
                within
            }
            Effect::ClearFailures(key) => limiter.succeed(key, now),
            Effect::Store(_) => true,
        };
        if !stands {
            return Err(());
        }
    }
    Ok(worn_out)
}

/// Takes a claim code out of the world that was guessed at too often (ruling 30).
async fn wear_out(core: &Core, code: CodeHash) {
    match core.store.apply(Mutation::RevokeCode { code }).await {
        // Rejected: it is gone already, which is all that is wanted.
        Ok(_) | Err(ApplyError::Rejected(_)) => {
            core.claim.worn_out(code);
            tracing::warn!(
                subsystem = "gateway/claim",
                "the claim code was guessed at too often and is void; the next new device has another one shown"
            );
        }
        Err(ApplyError::Unavailable(why)) => {
            tracing::error!(subsystem = "gateway/claim", "a claim code cannot be made void: {why}");
        }
    }
}

fn request_of(applied: &Applied) -> Option<RequestId> {
    match &applied.outcome {
        Stored::Filed { request, .. } => Some(request.id.clone()),
        _ => None,
    }
}

/// A device token that is too narrow is refused with the request that would widen it.
fn with_request(mut refusal: Refusal, filed: Option<RequestId>) -> Refusal {
    if let Refusal::Unauthorized(failure) = &mut refusal
        && let Some(gap) = &mut failure.gap
    {
        gap.request_id = filed;
    }
    refusal
}

pub(crate) fn refusal_of(wish: &PairingWish, request_id: RequestId) -> PairingRefusal {
    PairingRefusal {
        reason: wish.reason.clone(),
        request_id,
        device_id: wish.device.clone(),
        requested_role: wish.role,
        requested_scopes: wish.scopes.clone(),
        approved_roles: wish.approved_roles.clone(),
        approved_scopes: wish.approved_scopes.clone(),
        control_ui: wish.control_ui,
        not_local: wish.not_local.clone(),
        token_accepted: wish.token_accepted,
        claimable: wish.claimable,
    }
}

#[cfg(test)]
mod tests {
    use openclaw_admission::peer::{Peer, PeerFacts, SocketOwner};
    use openclaw_pairing::CallerAuthority;
    use openclaw_protocol::connect::{ClientInfo, ConnectParams};
    use openclaw_protocol::device_proof::{self, PublicKey, SigningKey};
    use openclaw_protocol::ids::{DeviceId, Nonce};
    use openclaw_protocol::secret::Secret;

    use super::*;
    use crate::rpc::testing::{House, TOKEN};

    /// Somebody on this machine at the door, with the gateway's token or his own.
    struct Knock {
        facts: PeerFacts,
        nonce: Nonce,
        connect: ConnectParams,
        device: DeviceId,
    }

    impl Knock {
        fn new(house: &House, token: &str) -> Self {
            let key = SigningKey::from_bytes(&[5; 32]);
            let nonce = Nonce::random();
            let mut connect = ConnectParams::new(ClientInfo::new("cli", "cli", "1", "linux"), 4, 4);
            connect.scopes = vec!["operator.read".to_owned()];
            connect.auth.token = Some(Secret::from(token));
            device_proof::attach(&mut connect, &key, nonce.as_str(), house.core.now());
            let peer = Peer::Tcp { address: "127.0.0.1:5".parse().unwrap(), owner: SocketOwner::Own };
            let headers = vec![("host".into(), "localhost".into())];
            let facts = PeerFacts { peer, in_container: false, tls: false, headers };
            Self { facts, nonce, connect, device: PublicKey::from(&key).device_id() }
        }

        fn attempt(&self) -> Attempt<'_> {
            Attempt { facts: &self.facts, nonce: &self.nonce, connect: &self.connect }
        }
    }

    fn grant(judged: &Judged) -> Grant {
        match &judged.verdict {
            Verdict::Admitted(grant) => grant.clone(),
            Verdict::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    fn caller() -> CallerAuthority {
        CallerAuthority::owner()
    }

    #[tokio::test]
    async fn what_happens_between_the_decision_and_the_door_counts() {
        let house = House::new();
        let core = &house.core;
        let first = Knock::new(&house, TOKEN);
        let judged = judge(core, &first.attempt()).await;
        assert_eq!(lost_meanwhile(core, &judged, &grant(&judged), &first.attempt()), None);

        let own = {
            let devices = core.store.snapshot();
            core.tokens().issue(devices.device(&first.device).unwrap(), Role::Operator).unwrap()
        };
        let by_token = Knock::new(&house, own.expose());
        let judged = judge(core, &by_token.attempt()).await;
        let (device, role) = (by_token.device.clone(), Role::Operator);
        let lost = || lost_meanwhile(core, &judged, &grant(&judged), &by_token.attempt());
        assert_eq!(lost(), None);
        let rotate = Mutation::Rotate { device: device.clone(), role, scopes: None, caller: caller() };
        core.store.apply(rotate).await.unwrap();
        assert_eq!(lost(), Some(InvalidatedWhy::TokenRotated));
        core.store.apply(Mutation::Revoke { device: device.clone(), role, caller: caller() }).await.unwrap();
        assert_eq!(lost(), Some(InvalidatedWhy::AccessReduced));
        core.store.apply(Mutation::Remove { device, caller: caller() }).await.unwrap();
        assert_eq!(lost(), Some(InvalidatedWhy::AccessReduced));
    }

    #[tokio::test]
    async fn a_secret_that_changes_between_the_decision_and_the_door_counts() {
        let house = House::new();
        let core = &house.core;
        let knock = Knock::new(&house, TOKEN);
        let judged = judge(core, &knock.attempt()).await;
        let lost = || lost_meanwhile(core, &judged, &grant(&judged), &knock.attempt());
        // Settings that have nothing to do with it end nothing.
        core.set_policy((**core.policy()).clone());
        assert_eq!(lost(), None);
        let mut settings = (**core.policy()).clone();
        settings.admission.auth = openclaw_admission::Auth::Token(Some(Secret::from("another-token")));
        core.set_policy(settings);
        assert_eq!(lost(), Some(InvalidatedWhy::AuthChanged));
    }

    #[tokio::test]
    async fn a_claim_code_that_was_guessed_at_too_often_is_void() {
        let house = House::new();
        let core = &house.core;
        core.claim.show_if_needed(core).await;
        let shown = || {
            let devices = core.store.snapshot();
            devices.live_codes(openclaw_pairing::CodeKind::Claim, core.now()).map(|code| code.hash).next()
        };
        let first = shown().unwrap();
        core.claim.show_if_needed(core).await;
        assert_eq!(shown(), Some(first), "one at a time");
        for network in 0..10u8 {
            for _ in 0..5 {
                assert_eq!(shown(), Some(first));
                let mut knock = Knock::new(&house, "");
                knock.facts.peer =
                    Peer::Tcp { address: ([203, 0, 113, network], 5).into(), owner: SocketOwner::NotAsked };
                knock.connect.auth.bootstrap_token = Some(Secret::from("ZZZZ-ZZZZ"));
                let judged = judge(core, &knock.attempt()).await;
                assert!(matches!(judged.verdict, Verdict::Refused(_)));
            }
        }
        assert_eq!(shown(), None);
        core.claim.show_if_needed(core).await;
        assert!(shown().is_some_and(|second| second != first));
    }
}
