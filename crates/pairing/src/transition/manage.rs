//! What may be done to a paired device: remove, rename, rotate, revoke, clear.

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};

use super::Work;
use crate::model::{CallerAuthority, Change, Decision, Fate, Outcome, Rejected, scopes_of_role};

/// Longest label, in characters.
const MAX_LABEL: usize = 64;

impl Work<'_> {
    pub(super) fn remove(&mut self, id: &DeviceId, caller: &CallerAuthority) -> Result<Outcome, Rejected> {
        caller.need_manage(id)?;
        let device = self.find_device(id)?;
        if device.node.is_some() && !caller.is_admin() {
            return Err(Rejected::RoleNeedsAdmin(Role::Node));
        }
        self.bury(&device);
        Ok(Outcome::Removed { device })
    }

    pub(super) fn rename(
        &mut self,
        id: &DeviceId,
        label: Option<&str>,
        caller: &CallerAuthority,
    ) -> Result<Outcome, Rejected> {
        caller.need_manage(id)?;
        let label = label.map(str::trim);
        if label.is_some_and(str::is_empty) {
            return Err(Rejected::LabelRequired);
        }
        if label.is_some_and(|label| label.chars().count() > MAX_LABEL) {
            return Err(Rejected::LabelTooLong);
        }
        let mut device = (*self.find_device(id)?).clone();
        device.label = label.map(Into::into);
        let device = self.put_device(device);
        self.changes.push(Change::Changed(id.clone()));
        Ok(Outcome::Changed { device })
    }

    /// S12: within the approved baseline and the caller's own scopes, approved roles only, oneself unless admin, and
    /// a revocation stays.
    pub(super) fn rotate(
        &mut self,
        id: &DeviceId,
        role: Role,
        scopes: Option<ScopeSet>,
        caller: &CallerAuthority,
    ) -> Result<Outcome, Rejected> {
        caller.need_manage(id)?;
        if !caller.is_admin() {
            if caller.own_device.as_ref() != Some(id) {
                return Err(Rejected::NotYours);
            }
            if role != Role::Operator {
                return Err(Rejected::RoleNeedsAdmin(role));
            }
        }
        let mut device = (*self.find_device(id)?).clone();
        let grant = device.grant_mut(role).as_mut().ok_or(Rejected::RoleNotApproved)?;
        if grant.token.revoked_at.is_some() {
            return Err(Rejected::Revoked);
        }
        let scopes = scopes.unwrap_or_else(|| grant.token.scopes.intersect_satisfied(&grant.scopes));
        let beyond = scopes.beyond(&grant.scopes);
        if !beyond.is_empty() {
            return Err(Rejected::BeyondApproved(beyond));
        }
        caller.need_all(&scopes_of_role(&scopes, Role::Operator))?;
        let generation = grant.token.generation.saturating_add(1);
        grant.token.generation = generation;
        grant.token.scopes = scopes.clone();
        grant.token.rotated_at = Some(self.now);
        grant.token.imported = None;
        device.revision = device.revision.saturating_add(1);
        let device = self.put_device(device);
        if role == Role::Operator {
            self.forget_codes_of(id);
        }
        self.touched.narrowing = true;
        self.changes.push(Change::Rotated { device_id: id.clone(), role });
        Ok(Outcome::Rotated { device, role, generation, scopes, rotated_at: self.now })
    }

    pub(super) fn revoke(
        &mut self,
        id: &DeviceId,
        role: Role,
        caller: &CallerAuthority,
    ) -> Result<Outcome, Rejected> {
        caller.need_manage(id)?;
        if role != Role::Operator && !caller.is_admin() {
            return Err(Rejected::RoleNeedsAdmin(role));
        }
        let mut device = (*self.find_device(id)?).clone();
        let grant = device.grant_mut(role).as_mut().ok_or(Rejected::RoleNotApproved)?;
        if let Some(revoked_at) = grant.token.revoked_at {
            let device = self.find_device(id)?;
            return Ok(Outcome::Revoked { device, role, revoked_at });
        }
        grant.token.revoked_at = Some(self.now);
        grant.token.imported = None;
        if role == Role::Operator {
            device.widening = None;
        }
        device.revision = device.revision.saturating_add(1);
        let device = self.put_device(device);
        if role == Role::Operator {
            self.forget_codes_of(id);
        }
        self.touched.narrowing = true;
        self.changes.push(Change::Revoked { device_id: id.clone(), role });
        Ok(Outcome::Revoked { device, role, revoked_at: self.now })
    }

    pub(super) fn clear(
        &mut self,
        devices: bool,
        requests: bool,
        caller: &CallerAuthority,
    ) -> Result<Outcome, Rejected> {
        if !caller.is_admin() {
            return Err(Rejected::MissingScope(Scope::ADMIN));
        }
        let mut removed = Vec::new();
        let mut rejected = Vec::new();
        if devices {
            let all: Vec<_> = self.state.devices().cloned().collect();
            for device in all {
                self.bury(&device);
                removed.push(device.id.clone());
            }
        }
        if requests {
            let all: Vec<_> = self.state.requests().cloned().collect();
            for request in all {
                self.resolve_request(&request, Fate::Rejected, Decision::Rejected);
                rejected.push(request.id.clone());
            }
        }
        removed.sort();
        rejected.sort();
        Ok(Outcome::Cleared { devices: removed, requests: rejected })
    }
}
