//! What would stand in the way after the first refusal (ruling 36): each obstacle is taken out of the way in thought, and
//! the decision made again. The door itself tells a stranger less, because the answer would depend on secrets that he has
//! not shown; whoever may ask for an explanation may hear it.

use openclaw_admission::{Attempt, Auth, Outcome, Policy, Supposed, View, suppose};
use openclaw_protocol::connect::{AuthParams, ConnectParams};
use openclaw_protocol::refusal::{AuthReason, Cause, Refusal};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;

/// Obstacles that one attempt can have: protocol, role, origin, identity, credentials, approval.
const MOST: usize = 6;

/// The peer and the policy, as they would be with the obstacles out of the way.
struct Thought<'a> {
    policy: Policy,
    connect: ConnectParams,
    device: Option<Supposed>,
    secret: Option<&'a Secret>,
}

impl Thought<'_> {
    /// Takes the obstacle out of the way; `false` when nothing that the peer or the owner could do at once would.
    fn without(&mut self, obstacle: &Refusal) -> bool {
        match obstacle {
            Refusal::Origin { missing: false, .. } => self.policy.origins.any = true,
            Refusal::ProtocolMismatch { .. } => {
                (self.connect.min_protocol, self.connect.max_protocol) = (4, 4);
            }
            Refusal::InvalidRole => self.connect.role_sent = None,
            Refusal::DeviceRequired { .. } => self.device = Some(Supposed::of_key([0x5a; 32])),
            Refusal::Unauthorized(failure) => {
                let lasting = matches!(failure.reason, AuthReason::RateLimited | AuthReason::ScopeMismatch);
                let Some(secret) = self.secret.filter(|_| !lasting) else { return false };
                self.connect.auth = AuthParams::default();
                match &self.policy.auth {
                    Auth::Password(_) => self.connect.auth.password = Some(secret.clone()),
                    _ => self.connect.auth.token = Some(secret.clone()),
                }
            }
            _ => return false,
        }
        true
    }
}

/// The causes that would be met one after the other once `first` is mended.
pub(super) fn after(
    first: &Refusal,
    policy: &Policy,
    secret: Option<&Secret>,
    view: &View<'_>,
    attempt: &Attempt<'_>,
    device: Option<&Supposed>,
    now: Millis,
) -> Vec<Cause> {
    let mut thought =
        Thought { policy: policy.clone(), connect: attempt.connect.clone(), device: device.cloned(), secret };
    let mut met = vec![first.cause()];
    let mut obstacle = first.clone();
    while met.len() < MOST && thought.without(&obstacle) {
        let attempt = Attempt { connect: &thought.connect, ..*attempt };
        let told = suppose(&thought.policy, view, &attempt, thought.device.as_ref(), now);
        match told.outcome {
            Outcome::Refuse(refusal) if !met.contains(&refusal.cause()) => {
                met.push(refusal.cause());
                obstacle = refusal;
            }
            Outcome::Pair(wish) => {
                met.push(wish.reason.cause());
                break;
            }
            Outcome::Refuse(_) | Outcome::Admit(_) => break,
        }
    }
    met.split_off(1)
}
