//! Setup, claim and join codes: single use, short-lived, bound to what they give and to who used them first (S13).

use std::sync::Arc;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};

use super::Work;
use super::file::check_key;
use crate::model::{
    ApprovedVia, Ask, CallerAuthority, Change, Code, CodeHash, CodeKind, MAX_CODE_TTL_MS, NewCode, Outcome,
    Rejected, Roles, scopes_of_role,
};

/// Codes out at the same time: an owner shows a handful, and a runaway script must not fill the disk.
const MAX_CODES: usize = 64;

impl Work<'_> {
    pub(super) fn mint(&mut self, new: NewCode, caller: &CallerAuthority) -> Result<Outcome, Rejected> {
        if !caller.is_admin() {
            return Err(Rejected::MissingScope(Scope::ADMIN));
        }
        let (roles, scopes) = match new.kind {
            CodeKind::Claim => {
                if !self.state.latch.is_open() {
                    return Err(Rejected::NotClaimable);
                }
                // The one that was shown before is worth nothing once a new one is shown.
                self.forget_codes_if(|code| code.kind == CodeKind::Claim);
                (Roles::only(Role::Operator), ScopeSet::full_operator())
            }
            CodeKind::Setup | CodeKind::Join => (new.roles, new.scopes),
        };
        let code = self.put_code(NewCode { roles, scopes, ..new })?;
        Ok(Outcome::Minted { code })
    }

    fn put_code(&mut self, new: NewCode) -> Result<Arc<Code>, Rejected> {
        if self.state.codes.len() >= MAX_CODES {
            return Err(Rejected::TooManyCodes);
        }
        let NewCode { hash, kind, roles, scopes, ttl_ms, minted_by } = new;
        Ok(self.store_code(Code {
            hash,
            kind,
            roles,
            scopes,
            created_at: self.now,
            expires_at: self.now.plus(ttl_ms.min(MAX_CODE_TTL_MS)),
            redeemed_by: None,
            minted_by,
        }))
    }

    fn store_code(&mut self, code: Code) -> Arc<Code> {
        self.state.note_expiry(code.expires_at);
        let code = Arc::new(code);
        self.touched.codes.push(code.hash);
        self.state.codes.insert(code.hash, Arc::clone(&code));
        code
    }

    /// Whoever takes access from a device takes the codes along that it has made and nobody has used: it could come back
    /// with one of them under another key, and nobody would be asked (S13, S21).
    pub(super) fn forget_codes_of(&mut self, device: &DeviceId) {
        self.forget_codes_if(|code| code.minted_by.as_ref() == Some(device) && code.redeemed_by.is_none());
    }

    fn forget_codes_if(&mut self, goes: impl Fn(&Code) -> bool) {
        let hashes: Vec<_> =
            self.state.codes.values().filter(|code| goes(code)).map(|code| code.hash).collect();
        for hash in hashes {
            self.state.codes.remove(&hash);
            self.touched.codes.push(hash);
        }
    }

    pub(super) fn redeem(&mut self, hash: CodeHash, ask: Ask) -> Result<Outcome, Rejected> {
        check_key(&ask)?;
        let code = self.state.codes.get(&hash).cloned().ok_or(Rejected::CodeInvalid)?;
        if !code.is_live(self.now) || code.kind == CodeKind::Join {
            return Err(Rejected::CodeInvalid);
        }
        if code.redeemed_by.as_ref().is_some_and(|first| *first != ask.device_id) {
            return Err(Rejected::CodeInvalid);
        }
        let asked = scopes_of_role(&ask.scopes, ask.role);
        if !code.roles.contains(ask.role) || !code.scopes.covers(&asked) {
            return Err(Rejected::CodeTooNarrow);
        }
        if code.redeemed_by.is_some() {
            return self.redeem_again(&code, &ask);
        }
        if code.kind == CodeKind::Claim && !self.state.latch.is_open() {
            return Err(Rejected::CodeInvalid);
        }
        let via = if code.kind == CodeKind::Claim { ApprovedVia::Claim } else { ApprovedVia::Bootstrap };
        let device = self.grant(&ask, code.roles, &code.scopes, via);
        let mut used = (*code).clone();
        used.redeemed_by = Some(ask.device_id.clone());
        let code = self.store_code(used);
        self.settle_waiting(&device);
        self.changes.push(Change::Approved(Arc::clone(&device)));
        Ok(Outcome::Redeemed { device, code, again: false })
    }

    /// The winner asks again, because the first answer was lost: it gets what it has, and nothing that was taken from
    /// it meanwhile.
    fn redeem_again(&mut self, code: &Arc<Code>, ask: &Ask) -> Result<Outcome, Rejected> {
        let device = self.state.device(&ask.device_id).cloned().ok_or(Rejected::CodeInvalid)?;
        let has_all = code.roles.iter().all(|role| {
            device
                .effective(role)
                .is_some_and(|grant| grant.scopes.covers(&scopes_of_role(&code.scopes, role)))
        });
        if !has_all {
            return Err(Rejected::CodeInvalid);
        }
        Ok(Outcome::Redeemed { device, code: Arc::clone(code), again: true })
    }

    pub(super) fn redeem_join(
        &mut self,
        join: CodeHash,
        setup: CodeHash,
        ttl_ms: u64,
    ) -> Result<Outcome, Rejected> {
        let code = self.state.codes.get(&join).cloned().ok_or(Rejected::CodeInvalid)?;
        if code.kind != CodeKind::Join || !code.is_live(self.now) {
            return Err(Rejected::CodeInvalid);
        }
        self.state.codes.remove(&join);
        self.touched.codes.push(join);
        let code = self.put_code(NewCode {
            hash: setup,
            kind: CodeKind::Setup,
            roles: code.roles,
            scopes: code.scopes.clone(),
            ttl_ms,
            minted_by: code.minted_by.clone(),
        })?;
        Ok(Outcome::Minted { code })
    }

    pub(super) fn revoke_code(&mut self, hash: CodeHash) -> Result<Outcome, Rejected> {
        if self.state.codes.remove(&hash).is_none() {
            return Err(Rejected::CodeInvalid);
        }
        self.touched.codes.push(hash);
        Ok(Outcome::Done)
    }

    /// An operator is paired: nobody can claim this gateway any more.
    pub(super) fn close_latch(&mut self) {
        let was_open = self.state.latch.is_open();
        self.state.latch.claimed = true;
        self.touched.latch = true;
        // A redeemed claim code stays until it expires, for the winner's second try; `redeem` looks at the latch first.
        self.forget_codes_if(|code| code.kind == CodeKind::Claim && code.redeemed_by.is_none());
        if was_open {
            self.changes.push(Change::Claimed);
        }
    }

    pub(super) fn reset_latch(&mut self, caller: &CallerAuthority) -> Result<Outcome, Rejected> {
        if !caller.owner {
            return Err(Rejected::MissingScope(Scope::ADMIN));
        }
        self.state.latch = crate::model::Latch { created_here: true, claimed: false };
        self.touched.latch = true;
        Ok(Outcome::Done)
    }
}
