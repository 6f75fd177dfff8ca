//! Approvals: by the owner, by rule, by code. The only place where a device gets roles and scopes.

use std::sync::Arc;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};

use super::Work;
use super::file::check_key;
use crate::model::{
    ApprovedVia, Ask, Asked, CallerAuthority, Change, Decision, Device, Fate, Former, Grant, Outcome,
    Rejected, Request, Roles, Shown, TokenRecord, machine_changes, scopes_of_role,
};

impl Work<'_> {
    pub(super) fn approve(
        &mut self,
        id: &RequestId,
        caller: &CallerAuthority,
        expect: Option<Shown>,
        scopes: Option<ScopeSet>,
        replace: Option<&DeviceId>,
    ) -> Result<Outcome, Rejected> {
        caller.need(Scope::PAIRING)?;
        let request = self.find_request(id)?;
        if replace == Some(&request.device_id) {
            return Err(Rejected::ReplacesItself);
        }
        caller.need_manage(&request.device_id)?;
        if expect.is_some_and(|shown| shown != request.shown) {
            return Err(Rejected::Changed { now: request.shown });
        }
        let given = match scopes {
            Some(scopes) => self.narrowed(&request, scopes)?,
            None => request.scopes.clone(),
        };
        self.may_grant(&request, &given, caller)?;
        let ask = ask_of(&request);
        let device = self.grant(&ask, request.roles, &given, ApprovedVia::Owner);
        self.resolve_request(&request, Fate::Approved, Decision::Approved);
        self.remember_withheld(&request, &device);
        if request.id != *id {
            self.settle_former(id);
        }
        self.changes.push(Change::Approved(Arc::clone(&device)));
        if let Some(old) = replace {
            self.remove(old, caller)?;
        }
        Ok(Outcome::Approved { device, request: Some(request) })
    }

    /// The part of what is asked for that the approver gives: never more than that. What a device has already stays
    /// with it; a changed machine would get all of that as well, so there is no giving it less.
    fn narrowed(&self, request: &Request, scopes: ScopeSet) -> Result<ScopeSet, Rejected> {
        let beyond = beyond(&request.scopes, &scopes);
        if !beyond.is_empty() {
            return Err(Rejected::BeyondAsked(beyond));
        }
        if let Some(device) = self.changed_machine(request) {
            let kept = device.all_scopes().beyond(&scopes);
            if !kept.is_empty() {
                return Err(Rejected::WouldKeep(kept));
            }
        }
        Ok(scopes)
    }

    /// The paired device, when the request comes from what claims to be another machine than that.
    fn changed_machine(&self, request: &Request) -> Option<&Arc<Device>> {
        self.state.device(&request.device_id).filter(|device| {
            !machine_changes(device, request.platform.as_ref(), request.device_family.as_ref()).is_empty()
        })
    }

    /// Nobody gives what he does not have (S11).
    fn may_grant(
        &self,
        request: &Request,
        given: &ScopeSet,
        caller: &CallerAuthority,
    ) -> Result<(), Rejected> {
        if !caller.is_admin()
            && let Some(role) = request.roles.iter().find(|role| *role != Role::Operator)
        {
            return Err(Rejected::RoleNeedsAdmin(role));
        }
        caller.need_all(&scopes_of_role(given, Role::Operator))?;
        // Agreeing to another machine gives the key's whole grant to that machine, whatever this connection asked for.
        if let Some(device) = self.changed_machine(request) {
            if device.effective(Role::Node).is_some() && !caller.is_admin() {
                return Err(Rejected::RoleNeedsAdmin(Role::Node));
            }
            caller.need_all(&device.approved_scopes(Role::Operator))?;
        }
        Ok(())
    }

    /// Who approved a part has decided about the rest: when the device asks for that again, those who decide are shown
    /// that it is the same question.
    fn remember_withheld(&mut self, request: &Request, device: &Device) {
        let withheld = beyond(&device.all_scopes(), &request.scopes);
        if let Some(former) = self.state.former.get(&request.id).filter(|_| !withheld.is_empty()) {
            let former = Former { withheld, ..(**former).clone() };
            self.state.former.insert(request.id.clone(), Arc::new(former));
        }
    }

    /// An old id that was just approved through its replacement must not be approved a second time.
    fn settle_former(&mut self, id: &RequestId) {
        if let Some(former) = self.state.former.get(id) {
            let mut former = (**former).clone();
            former.fate = Fate::Approved;
            former.at = self.now;
            self.state.former.insert(id.clone(), Arc::new(former));
            self.touched.former.push(id.clone());
        }
    }

    pub(super) fn approve_silently(&mut self, ask: Ask, via: ApprovedVia) -> Result<Outcome, Rejected> {
        check_key(&ask)?;
        let scopes = scopes_of_role(&ask.scopes, ask.role);
        let device = self.grant(&ask, Roles::only(ask.role), &scopes, via);
        self.settle_waiting(&device);
        self.changes.push(Change::Approved(Arc::clone(&device)));
        Ok(Outcome::Approved { device, request: None })
    }

    /// A waiting request that asks for nothing the device does not have by now is settled; a broader one waits on.
    pub(super) fn settle_waiting(&mut self, device: &Device) {
        let has = Asked {
            roles: device.effective_roles(),
            scopes: device.all_scopes(),
            platform: device.platform.clone(),
            device_family: device.device_family.clone(),
        };
        if let Some(request) = self.state.request_of(&device.id).cloned()
            && has.covers(&request.asked())
        {
            self.resolve_request(&request, Fate::Approved, Decision::Approved);
        }
    }

    /// Gives a device these roles and scopes, beside those it has. Caller checks are done by now.
    pub(super) fn grant(
        &mut self,
        ask: &Ask,
        roles: Roles,
        scopes: &ScopeSet,
        via: ApprovedVia,
    ) -> Arc<Device> {
        let mut device = match self.state.device(&ask.device_id) {
            Some(device) => (**device).clone(),
            None => self.new_device(ask),
        };
        device.platform = ask.platform.clone();
        device.device_family = ask.device_family.clone();
        device.client_id = ask.client_id.clone();
        device.client_mode = ask.client_mode.clone();
        device.origin = ask.origin.clone();
        if ask.display_name.is_some() {
            device.display_name = ask.display_name.clone();
        }
        if ask.remote_ip.is_some() {
            device.remote_ip = ask.remote_ip;
        }
        device.approved_via = via;
        device.approved_at = self.now;
        device.revision = device.revision.saturating_add(1);
        let buried = self.state.tombstone(&device.id).unwrap_or_default();
        for role in roles.iter() {
            let asked = scopes_of_role(scopes, role);
            let now = self.now;
            let slot = device.grant_mut(role);
            match slot {
                Some(grant) if grant.token.revoked_at.is_none() => {
                    grant.scopes = grant.scopes.union(&asked);
                    grant.token.scopes = grant.token.scopes.union(&asked);
                }
                // What a revoked role once had does not come back with it: the new approval counts alone.
                _ => {
                    let used = slot.as_ref().map_or(0, |grant| grant.token.generation);
                    let generation = used.max(buried.generation(role)).saturating_add(1);
                    *slot = Some(Grant {
                        scopes: asked.clone(),
                        token: TokenRecord::new(generation, asked, now),
                    });
                }
            }
        }
        if let Some(widening) = device.widening.take() {
            // An approval that covers what a hand edit added confirms it.
            let left = widening.added.beyond(scopes);
            if !left.is_empty() {
                device.widening = Some(Box::new(crate::model::Widening { added: left, at: widening.at }));
            }
        }
        if roles.contains(Role::Operator) && !self.state.latch.claimed {
            self.close_latch();
        }
        self.put_device(device)
    }

    fn new_device(&self, ask: &Ask) -> Device {
        Device {
            id: ask.device_id.clone(),
            public_key: ask.public_key,
            display_name: None,
            label: None,
            platform: None,
            device_family: None,
            client_id: ask.client_id.clone(),
            client_mode: ask.client_mode.clone(),
            origin: None,
            operator: None,
            node: None,
            remote_ip: None,
            approved_via: ApprovedVia::Owner,
            created_at: self.now,
            approved_at: self.now,
            last_seen_at: None,
            revision: 0,
            widening: None,
        }
    }

    pub(super) fn reject(&mut self, id: &RequestId, caller: &CallerAuthority) -> Result<Outcome, Rejected> {
        caller.need(Scope::PAIRING)?;
        let request = match self.state.requests.get(id) {
            Some(request) => Arc::clone(request),
            None => {
                // An old id never rejects its replacement: the owner has not seen that one.
                let former = self.state.former.get(id).ok_or(Rejected::UnknownRequest)?;
                return Err(Rejected::FormerRequest { fate: former.fate.clone() });
            }
        };
        caller.need_manage(&request.device_id)?;
        self.resolve_request(&request, Fate::Rejected, Decision::Rejected);
        Ok(Outcome::Rejected { request })
    }
}

/// What of `scopes` goes beyond what was asked for. An operator who asked for more has asked for what that implies; node scopes
/// imply nothing, so each must have been named.
fn beyond(asked: &ScopeSet, scopes: &ScopeSet) -> ScopeSet {
    let operator = scopes_of_role(scopes, Role::Operator).beyond(asked);
    let node = scopes_of_role(scopes, Role::Node);
    operator.union(&node.iter().filter(|scope| !asked.contains(*scope)).cloned().collect())
}

fn ask_of(request: &Request) -> Ask {
    Ask {
        device_id: request.device_id.clone(),
        public_key: request.public_key,
        role: request.role,
        scopes: request.scopes.clone(),
        client_id: request.client_id.clone(),
        client_mode: request.client_mode.clone(),
        display_name: request.display_name.clone(),
        platform: request.platform.clone(),
        device_family: request.device_family.clone(),
        remote_ip: request.remote_ip,
        origin: request.origin.clone(),
        peer: request.peer,
        seen: request.seen.clone(),
    }
}
