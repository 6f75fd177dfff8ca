//! Taking access away, and taking back what was a slip: for ten minutes, in memory, by an admin.

use std::sync::Arc;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::scope::{Scope, ScopeSet};

use super::Work;
use crate::model::{
    CallerAuthority, Change, Device, MAX_UNDOABLE, Narrowed, Outcome, Rejected, Removed, Widening,
};

fn need_admin(caller: &CallerAuthority) -> Result<(), Rejected> {
    if caller.is_admin() { Ok(()) } else { Err(Rejected::MissingScope(Scope::ADMIN)) }
}

impl Work<'_> {
    pub(super) fn keep_for_undo(&mut self, device: &Device) {
        let now = self.now;
        let removed = &mut self.state.removed;
        removed.retain(|removed| now < removed.until() && removed.device.id != device.id);
        if removed.len() >= MAX_UNDOABLE {
            removed.pop_front();
        }
        removed.push_back(Removed { device: Arc::new(device.clone()), at: now });
    }

    /// The device comes back with the tokens it had: an admin says that the removal was a slip, which is as much as
    /// approving it anew. What was revoked stays revoked. Not once it was paired again: then that counts.
    pub(super) fn restore(&mut self, id: &DeviceId, caller: &CallerAuthority) -> Result<Outcome, Rejected> {
        need_admin(caller)?;
        let kept = self.state.removed(self.now).find(|removed| removed.device.id == *id);
        let mut device = (*kept.ok_or(Rejected::NotKept)?.device).clone();
        self.state.removed.retain(|removed| removed.device.id != *id);
        device.revision = device.revision.saturating_add(1);
        let device = self.put_device(device);
        self.settle_waiting(&device);
        self.changes.push(Change::Restored(Arc::clone(&device)));
        Ok(Outcome::Changed { device })
    }

    /// Takes approval back, which a rotation does not: with the gateway's token a device gets all that is approved,
    /// whatever its own token is good for. Only takes: what is left must have been approved. A token of a narrower grant is worth no more than that, so
    /// that the device keeps the one it has.
    pub(super) fn narrow(
        &mut self,
        id: &DeviceId,
        scopes: &ScopeSet,
        caller: &CallerAuthority,
    ) -> Result<Outcome, Rejected> {
        need_admin(caller)?;
        let current = self.find_device(id)?;
        let mut device = (*current).clone();
        let grant = device.operator.as_mut().ok_or(Rejected::RoleNotApproved)?;
        if grant.token.revoked_at.is_some() {
            return Err(Rejected::Revoked);
        }
        let foreign = scopes.iter().filter(|scope| !scope.is_operator()).cloned();
        let beyond = scopes.beyond(&grant.scopes).union(&foreign.collect());
        if !beyond.is_empty() {
            return Err(Rejected::BeyondApproved(beyond));
        }
        let taken = grant.scopes.beyond(scopes);
        if taken.is_empty() {
            return Ok(Outcome::Changed { device: current });
        }
        let before = (grant.scopes.clone(), grant.token.scopes.clone());
        grant.scopes = scopes.clone();
        grant.token.scopes = scopes.intersect_satisfied(&before.1);
        device.widening = device.widening.take().and_then(|edit| {
            let added: ScopeSet = edit.added.intersect_satisfied(scopes);
            (!added.is_empty()).then(|| Box::new(Widening { added, at: edit.at }))
        });
        device.revision = device.revision.saturating_add(1);
        let device = self.put_device(device);
        self.touched.narrowing = true;
        self.forget_codes_of(id);
        let step = Narrowed { device_id: id.clone(), before, revision: device.revision, at: self.now };
        let (now, narrowed) = (self.now, &mut self.state.narrowed);
        narrowed.retain(|step| now < step.until() && step.device_id != *id);
        if narrowed.len() >= MAX_UNDOABLE {
            narrowed.pop_front();
        }
        narrowed.push_back(step);
        self.changes.push(Change::Narrowed { device_id: id.clone(), taken });
        Ok(Outcome::Changed { device })
    }

    /// Only while nobody has decided anything else about the device since.
    pub(super) fn rewiden(&mut self, id: &DeviceId, caller: &CallerAuthority) -> Result<Outcome, Rejected> {
        need_admin(caller)?;
        let step = self.state.narrowed(id, self.now).cloned().ok_or(Rejected::NothingTaken)?;
        let mut device = (*self.find_device(id)?).clone();
        let grant = device.operator.as_mut().ok_or(Rejected::RoleNotApproved)?;
        (grant.scopes, grant.token.scopes) = step.before;
        device.revision = device.revision.saturating_add(1);
        self.state.narrowed.retain(|step| step.device_id != *id);
        let device = self.put_device(device);
        self.settle_waiting(&device);
        self.changes.push(Change::Changed(id.clone()));
        Ok(Outcome::Changed { device })
    }
}
