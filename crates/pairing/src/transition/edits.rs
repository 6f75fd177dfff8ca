//! The owner's hand edits of `scopes` in the readable view, and taking them back (ruling 25).

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;

use super::Work;
use crate::model::{CallerAuthority, Change, Outcome, Rejected, Widening, scopes_of_role};

impl Work<'_> {
    /// Adds what the edited record has more. What it has less removes nothing; node scopes are not taken; a revoked
    /// role does not come back this way.
    pub(super) fn hand_edit(
        &mut self,
        id: &DeviceId,
        scopes: &ScopeSet,
        revision: u32,
    ) -> Result<Outcome, Rejected> {
        let current = self.find_device(id)?;
        if current.revision != revision {
            return Err(Rejected::Stale);
        }
        let mut device = (*current).clone();
        let grant = device.operator.as_mut().ok_or(Rejected::RoleNotApproved)?;
        if grant.token.revoked_at.is_some() {
            return Err(Rejected::Revoked);
        }
        let scopes = scopes_of_role(scopes, Role::Operator);
        let added = scopes.beyond(&grant.scopes);
        if added.is_empty() {
            return Ok(Outcome::Changed { device: current });
        }
        grant.scopes = grant.scopes.union(&added);
        grant.token.scopes = grant.token.scopes.union(&added);
        let before = device.widening.take().map(|widening| widening.added).unwrap_or_default();
        device.widening = Some(Box::new(Widening { added: before.union(&added), at: self.now }));
        device.revision = device.revision.saturating_add(1);
        let device = self.put_device(device);
        self.changes.push(Change::Widened { device_id: id.clone(), added });
        Ok(Outcome::Changed { device })
    }

    pub(super) fn undo_widening(
        &mut self,
        id: &DeviceId,
        caller: &CallerAuthority,
    ) -> Result<Outcome, Rejected> {
        caller.need_manage(id)?;
        let mut device = (*self.find_device(id)?).clone();
        let widening = device.widening.take().ok_or(Rejected::NothingToUndo)?;
        let keep = |set: &ScopeSet| -> ScopeSet {
            set.iter().filter(|scope| !widening.added.contains(*scope)).cloned().collect()
        };
        if let Some(grant) = device.operator.as_mut() {
            grant.scopes = keep(&grant.scopes);
            grant.token.scopes = keep(&grant.token.scopes);
        }
        device.revision = device.revision.saturating_add(1);
        let device = self.put_device(device);
        self.touched.narrowing = true;
        self.changes.push(Change::Narrowed { device_id: id.clone(), taken: widening.added });
        Ok(Outcome::Changed { device })
    }
}
