//! The admission desk: decides, makes the effects true, and decides again when another attempt was faster.

use std::sync::Arc;

use openclaw_admission::limiter::{Counted, CredentialClass, LimitKey};
use openclaw_admission::{Attempt, Decision, Effect, Grant, Locks, Outcome, PairingWish, View, decide};
use openclaw_pairing::{Applied, ApplyError, Mutation, Outcome as Stored, Rejected};
use openclaw_protocol::ids::RequestId;
use openclaw_protocol::refusal::{PairingRefusal, Refusal};
use openclaw_protocol::time::Millis;

use crate::core::Core;

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

/// The gateway's limiter as admission sees it.
struct Guarded<'a>(&'a Core);

impl Locks for Guarded<'_> {
    fn locked_for(&self, key: &LimitKey, now: Millis) -> Option<u64> {
        self.0.limiter().locked_for(key, now)
    }
}

/// Judges an attempt and applies what follows from it.
pub(crate) async fn judge(core: &Arc<Core>, attempt: &Attempt<'_>) -> (Decision, Verdict) {
    let mut rounds = 0;
    loop {
        rounds += 1;
        let now = core.now();
        let decision = decide_now(core, attempt, now);
        match apply(core, &decision, now).await {
            Applying::Done(verdict) => return (decision, verdict),
            Applying::Lost if rounds < MAX_ROUNDS => {}
            Applying::Lost => {
                let why = "the device's state keeps changing".to_owned();
                let refusal = Refusal::StoreUnavailable { retry_after_ms: BUSY_RETRY_MS, why };
                return (decision, Verdict::Refused(refusal));
            }
        }
    }
}

fn decide_now(core: &Core, attempt: &Attempt<'_>, now: Millis) -> Decision {
    let devices = core.store.snapshot();
    let locks = Guarded(core);
    let tokens = core.tokens();
    let view = View { devices: &devices, tokens: &tokens, locks: &locks };
    decide(&core.policy().admission, &view, attempt, now)
}

enum Applying {
    Done(Verdict),
    /// Another attempt was faster: what was decided no longer holds.
    Lost,
}

async fn apply(core: &Core, decision: &Decision, now: Millis) -> Applying {
    if !count(core, &decision.effects, now) {
        return Applying::Lost;
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
        (Outcome::Pair(wish), Some(request)) => Verdict::Refused(Refusal::Pairing(refusal_of(wish, request))),
        (Outcome::Pair(_), None) => return Applying::Lost,
    })
}

/// Counts failures and successes; `false` when a lock-out came in between.
fn count(core: &Core, effects: &[Effect], now: Millis) -> bool {
    let mut limiter = core.limiter();
    effects.iter().all(|effect| match effect {
        Effect::CountFailure(key) => {
            if key.class == CredentialClass::Bootstrap {
                core.claim.count_wrong(now);
            }
            limiter.count_failure(key, now) == Counted::Within
        }
        Effect::ClearFailures(key) => limiter.succeed(key, now),
        Effect::Store(_) => true,
    })
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

fn refusal_of(wish: &PairingWish, request_id: RequestId) -> PairingRefusal {
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
