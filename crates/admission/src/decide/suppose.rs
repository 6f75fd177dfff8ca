//! The same decision for a peer that somebody only describes (`openclaw gateway explain`).
//!
//! It goes through the very checks of [`super::decide`]. The one difference: a device's proof is taken for granted,
//! since nobody is there to sign. What comes out is no [`crate::Decision`], so that nothing which applies decisions can
//! be handed one of these by mistake: from it no connection is ever admitted, counted or filed.

use openclaw_pairing::Mutation;
use openclaw_protocol::device_proof::PublicKey;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::refusal::Cause;
use openclaw_protocol::time::Millis;

use super::Judge;
use crate::outcome::{Attempt, Effect, Outcome, View};
use crate::peer::Whereabouts;
use crate::policy::Policy;
use crate::trace::Trace;

/// A device that is supposed to prove its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supposed {
    id: DeviceId,
    key: PublicKey,
}

impl Supposed {
    /// The device of that key.
    pub fn of_key(key: [u8; 32]) -> Self {
        let key = PublicKey::from_bytes(key);
        Self { id: key.device_id(), key }
    }

    /// Its id.
    pub fn id(&self) -> &DeviceId {
        &self.id
    }

    pub(super) fn key(&self) -> PublicKey {
        self.key
    }
}

/// What would be decided.
#[derive(Debug, Clone)]
pub struct Supposition {
    /// In which dialect the answer would be given.
    pub dialect: Dialect,
    /// Where the connection would come from.
    pub at: Whereabouts,
    /// The answer.
    pub outcome: Outcome,
    /// Whether it would count as a wrong try.
    pub counts_as_wrong: bool,
    /// What the device store would be asked to do. For rehearsing it on a copy.
    pub wish: Option<Mutation>,
    /// What the client would meet next (ruling 36).
    pub ahead: Vec<Cause>,
    /// What would be checked.
    pub trace: Trace,
}

/// Decides as [`crate::decide`] would. `device`: the device whose proof is taken for granted; without one, `attempt`'s
/// own is verified as always.
pub fn suppose(
    policy: &Policy,
    view: &View<'_>,
    attempt: &Attempt<'_>,
    device: Option<&Supposed>,
    now: Millis,
) -> Supposition {
    let judge = Judge { supposed: device, ..Judge::new(policy, view, attempt, now) };
    let decision = judge.decide();
    let counts_as_wrong = decision.effects.iter().any(|effect| matches!(effect, Effect::CountFailure(_)));
    let wish = decision.effects.into_iter().find_map(|effect| match effect {
        Effect::Store(Mutation::Seen { .. }) | Effect::CountFailure(_) | Effect::ClearFailures(_) => None,
        Effect::Store(mutation) => Some(mutation),
    });
    Supposition {
        dialect: decision.dialect,
        at: decision.at,
        outcome: decision.outcome,
        counts_as_wrong,
        wish,
        ahead: decision.ahead,
        trace: decision.trace,
    }
}
