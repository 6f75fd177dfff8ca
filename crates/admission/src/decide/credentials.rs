//! Step 11, 15 and 16: shared secrets, codes and device tokens, and what a wrong one costs.

use openclaw_pairing::{Ask, CodeHash, CodeKind, Device, Mutation, Roles, Snapshot};
use openclaw_protocol::claim_code::ClaimCode;
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::recognise::{Kind, recognise};
use openclaw_protocol::refusal::{AuthFailure, AuthReason, Refusal, ScopeGap};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::setup_code::SetupCode;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;

use super::{Judge, Proven};
use crate::limiter::{CredentialClass, LimitKey, Who};
use crate::origin::OriginVerdict;
use crate::outcome::{Decision, Effect, Outcome, is_shared_secret};
use crate::policy::Auth;
use crate::shared::{self, Presented, Shared};

/// Whether a code was presented that the gateway minted for this.
pub(super) enum CodeVerdict {
    NotSent,
    Ok(CodeHash),
    Bad,
    Locked { retry_after_ms: u64 },
}

/// Whether the device's own token was presented.
pub(super) enum TokenVerdict {
    NotSent,
    Ok,
    /// Right, but the device asks for more than the token is worth.
    TooNarrow,
    /// Wrong; `explicit` when it was sent as a device token, so that the answer names it.
    Wrong {
        explicit: bool,
    },
    Locked {
        retry_after_ms: u64,
    },
}

impl<'a> Judge<'a> {
    /// Who this peer is to the limiter; `None` when it is exempt.
    pub(super) fn limit_key(
        &self,
        class: CredentialClass,
        page: &OriginVerdict,
        device: Option<&DeviceId>,
    ) -> Option<LimitKey> {
        let bucket = self.at.bucket();
        let who = match (page, device) {
            (_, Some(device)) => Who::Device(bucket, device.clone()),
            // Only of a browser on this machine is it known that it tells the truth about the page: from anywhere
            // else Origin is what a program wrote, and a new one would be a new count.
            (OriginVerdict::Allowed { origin, .. }, None) if self.at.is_local() => {
                Who::Page(bucket, origin.as_str().into())
            }
            // Guessing a code is never the owner's own doing.
            (OriginVerdict::NotABrowser, None)
                if self.at.is_local()
                    && self.policy.limits.exempt_local
                    && class == CredentialClass::Shared =>
            {
                return None;
            }
            _ => Who::Address(bucket),
        };
        Some(LimitKey { class, who })
    }

    pub(super) fn locked(&self, key: Option<&LimitKey>) -> Option<u64> {
        key.and_then(|key| self.view.locks.locked_for(key, self.now))
    }

    /// The code that was presented: as `bootstrapToken`, or by its shape where a token is expected (F-17).
    pub(super) fn presented_code(&self) -> Option<String> {
        let auth = &self.attempt.connect.auth;
        if let Some(code) = present(&auth.bootstrap_token) {
            return Some(code_text(code));
        }
        let token = present(&auth.token)?;
        self.token_is_code(token).then(|| code_text(token))
    }

    /// Whether what was sent as a token is a code. The configured secret may look like one: then it is the secret.
    pub(super) fn token_is_code(&self, token: &str) -> bool {
        let claimable = self.view.devices.latch().is_open();
        let looks = |text: &str| {
            matches!(recognise(text), Kind::ClaimCode | Kind::SetupCode)
                || (claimable && ClaimCode::parse(text).is_some())
        };
        let secret = match &self.policy.auth {
            Auth::Token(secret) | Auth::Password(secret) => secret.as_ref(),
            Auth::None | Auth::TrustedProxy(_) => None,
        };
        looks(token) && !secret.is_some_and(|secret| looks(secret.expose()))
    }

    /// What was sent that can be the gateway's own secret.
    fn presented(&self) -> Presented<'a> {
        let auth = &self.attempt.connect.auth;
        let token = present(&auth.token).filter(|token| !self.token_is_code(token));
        Presented { token, password: present(&auth.password) }
    }

    /// What was sent that can be the device's own token: explicitly, or where a token is expected.
    fn own_token(&self) -> Option<&'a str> {
        let auth = &self.attempt.connect.auth;
        present(&auth.device_token).or(present(&auth.token))
    }

    pub(super) fn check_shared(&mut self, page: &OriginVerdict) -> Shared {
        if self.refusal.is_some() {
            // Ruling 18: no secret is compared for a page that may not connect. The same holds for everything
            // else refused before: an answer that depends on the secret would be an oracle.
            self.trace.skip("credentials", "not looked at after an earlier refusal");
            return Shared::Absent(AuthReason::Unauthorized);
        }
        let presented = self.presented();
        let key = self.limit_key(CredentialClass::Shared, page, None);
        let locked = self.locked(key.as_ref());
        let shared =
            shared::judge(self.policy, self.attempt.facts, &self.at, presented, self.dialect, locked);
        let mode = self.policy.auth.name();
        match &shared {
            Shared::Ok { method: AuthMethod::None, .. } => {
                self.trace.pass("credentials", "mode none: none needed")
            }
            Shared::Ok { user: Some(user), .. } => {
                self.trace.pass("credentials", format!("the proxy vouches for {}", Words::new(user)));
            }
            Shared::Ok { .. } => self.trace.pass("credentials", format!("the gateway {mode} is right")),
            Shared::Absent(AuthReason::TrustedProxy(why)) => self.trace.note("credentials", why.clone()),
            Shared::Absent(_) => self.trace.note("credentials", format!("no gateway {mode} was sent")),
            Shared::Wrong(_) => self.trace.note("credentials", format!("the gateway {mode} differs")),
            Shared::Locked { retry_after_ms } => {
                let seconds = retry_after_ms.div_ceil(1_000);
                self.trace.note("credentials", format!("locked out for {seconds} more seconds"));
            }
        }
        shared
    }

    /// Step 15: a setup or claim code. With a right shared secret it is looked at only when it would help.
    pub(super) fn check_code(
        &mut self,
        shared: &Shared,
        page: &OriginVerdict,
        ask: &Ask,
        needed: bool,
    ) -> CodeVerdict {
        let Some(code) = self.presented_code() else { return CodeVerdict::NotSent };
        if !needed && shared.is_ok() {
            self.trace.skip("code", "not needed: the device is approved already");
            return CodeVerdict::NotSent;
        }
        let key = self.limit_key(CredentialClass::Bootstrap, page, None);
        if let Some(retry_after_ms) = self.locked(key.as_ref()) {
            self.trace
                .note("code", format!("locked out for {} more seconds", retry_after_ms.div_ceil(1_000)));
            return CodeVerdict::Locked { retry_after_ms };
        }
        let hash = CodeHash::of(&code);
        match judge_code(self.view.devices, &hash, ask, self.now) {
            Ok(()) => {
                self.trace.pass("code", "the code is good for this role and these scopes");
                CodeVerdict::Ok(hash)
            }
            Err(why) => {
                self.trace.note("code", why);
                CodeVerdict::Bad
            }
        }
    }

    /// Step 15: the device's own token, explicit or sent in place of the shared token. Looked at even while the
    /// shared secret is locked out: a paired device is never shut out by a stranger's guessing (ruling 20).
    pub(super) fn check_device_token(
        &mut self,
        page: &OriginVerdict,
        role: Role,
        scopes: &ScopeSet,
        paired: Option<&Device>,
    ) -> TokenVerdict {
        let Some(candidate) = self.own_token() else { return TokenVerdict::NotSent };
        let explicit = present(&self.attempt.connect.auth.device_token).is_some();
        let right = paired.is_some_and(|device| self.view.tokens.verify(device, role, candidate).is_ok());
        if right {
            let worth = paired.and_then(|device| device.token_scopes(role)).unwrap_or_default();
            if worth.covers(scopes) {
                self.trace.pass("device token", "right");
                return TokenVerdict::Ok;
            }
            let beyond = scopes.beyond(&worth).in_words();
            self.trace.note("device token", format!("right, but it does not carry {beyond}"));
            return TokenVerdict::TooNarrow;
        }
        let key = paired.and_then(|device| self.limit_key(CredentialClass::Device, page, Some(&device.id)));
        if let Some(retry_after_ms) = self.locked(key.as_ref()) {
            self.trace.note("device token", "locked out");
            return TokenVerdict::Locked { retry_after_ms };
        }
        self.trace.note(
            "device token",
            if paired.is_some() { "differs or was revoked" } else { "the device is not paired" },
        );
        TokenVerdict::Wrong { explicit }
    }

    /// Counts what was wrong, whatever else was right: a device that has a token of its own, or somebody who knows
    /// the gateway's, must not try the other credentials without end.
    pub(super) fn count_failures(
        &mut self,
        shared: &Shared,
        page: &OriginVerdict,
        code: &CodeVerdict,
        token: &TokenVerdict,
        paired: Option<&Device>,
    ) {
        let own =
            matches!(token, TokenVerdict::Ok | TokenVerdict::TooNarrow).then(|| self.own_token()).flatten();
        let judged = shared::given(&self.policy.auth, self.presented(), self.dialect);
        let mut wrong = Vec::new();
        // A device's own token, sent where the gateway's is expected, is no guess.
        if matches!(shared, Shared::Wrong(_)) && judged != own {
            wrong.push((CredentialClass::Shared, None));
        }
        if matches!(code, CodeVerdict::Bad) {
            wrong.push((CredentialClass::Bootstrap, None));
        }
        if matches!(token, TokenVerdict::Wrong { .. }) {
            // Without a paired device there is no token that could be guessed.
            wrong.extend(paired.map(|device| (CredentialClass::Device, Some(&device.id))));
        }
        for (class, device) in wrong {
            let key = self.limit_key(class, page, device);
            self.effects.extend(key.map(Effect::CountFailure));
        }
    }

    /// Step 16: nothing that was presented is worth anything.
    pub(super) fn refuse_credentials(
        mut self,
        shared: &Shared,
        code: &CodeVerdict,
        token: &TokenVerdict,
        proven: &Proven,
    ) -> Decision {
        let (reason, retry) = match (shared, code, token) {
            (_, _, TokenVerdict::Wrong { explicit: true }) => (AuthReason::DeviceTokenMismatch, None),
            (_, _, TokenVerdict::Locked { retry_after_ms }) => {
                (AuthReason::RateLimited, Some(*retry_after_ms))
            }
            (_, CodeVerdict::Locked { retry_after_ms }, _) => {
                (AuthReason::RateLimited, Some(*retry_after_ms))
            }
            (_, CodeVerdict::Bad, _) => (AuthReason::BootstrapInvalid, None),
            (Shared::Locked { retry_after_ms }, _, _) => (AuthReason::RateLimited, Some(*retry_after_ms)),
            (Shared::Wrong(reason) | Shared::Absent(reason), _, _) => (reason.clone(), None),
            (Shared::Ok { .. }, _, _) => (AuthReason::Unauthorized, None),
        };
        let failure = self.auth_failure(reason, Some(&proven.id), retry);
        self.refuse("credentials", "nothing that was sent is worth anything", Refusal::Unauthorized(failure));
        let refusal = self.refusal.take().unwrap_or(Refusal::InvalidFrame);
        self.finish(Outcome::Refuse(refusal))
    }

    pub(super) fn refuse_narrow(mut self, ask: Ask) -> Decision {
        let mut failure = self.auth_failure(AuthReason::ScopeMismatch, Some(&ask.device_id), None);
        let approved =
            self.view.devices.device(&ask.device_id).and_then(|device| device.token_scopes(ask.role));
        failure.gap = Some(ScopeGap {
            requested: ask.scopes.clone(),
            approved: approved.unwrap_or_default(),
            request_id: None,
        });
        self.refuse("pairing", "asks for more than its token carries", Refusal::Unauthorized(failure));
        let ask = Ask { seen: Some(Box::new(self.seen())), ..ask };
        self.effects.push(Effect::Store(Mutation::File(ask)));
        let refusal = self.refusal.take().unwrap_or(Refusal::InvalidFrame);
        self.finish(Outcome::Refuse(refusal))
    }

    /// Whatever was right starts its count anew.
    pub(super) fn clear_failures(
        &mut self,
        shared: &Shared,
        page: &OriginVerdict,
        token: &TokenVerdict,
        code: &CodeVerdict,
        device: &DeviceId,
    ) {
        let mut classes = Vec::new();
        if matches!(shared, Shared::Ok { method, .. } if is_shared_secret(*method)) {
            classes.push((CredentialClass::Shared, None));
        }
        if matches!(token, TokenVerdict::Ok) {
            classes.push((CredentialClass::Device, Some(device)));
        }
        if matches!(code, CodeVerdict::Ok(_)) {
            classes.push((CredentialClass::Bootstrap, None));
        }
        for (class, device) in classes {
            let key = self.limit_key(class, page, device);
            self.effects.extend(key.map(Effect::ClearFailures));
        }
    }

    pub(super) fn auth_failure(
        &self,
        reason: AuthReason,
        device: Option<&DeviceId>,
        retry_after_ms: Option<u64>,
    ) -> AuthFailure {
        let connect = self.attempt.connect;
        let can_retry = matches!(reason, AuthReason::TokenMismatch | AuthReason::Placeholder)
            && device.is_some()
            && connect.auth.token.is_some()
            && connect.auth.device_token.is_none();
        let is_lock_out = reason == AuthReason::RateLimited;
        let mut failure = AuthFailure::new(reason, connect.client.hint(self.dialect, self.at.is_local()));
        failure.device_present = device.is_some();
        failure.can_retry_with_device_token = can_retry;
        failure.retry_after_ms = retry_after_ms;
        failure.locked = self.at.client.filter(|_| is_lock_out).map(|ip| Words::new(&ip.to_string()));
        failure.device_id = device.cloned();
        failure.role = connect.role().unwrap_or(Role::Operator);
        let sent = match failure.reason {
            AuthReason::TokenMismatch | AuthReason::PasswordMismatch => {
                connect.auth.token.as_ref().or(connect.auth.password.as_ref())
            }
            AuthReason::BootstrapInvalid => connect.auth.bootstrap_token.as_ref(),
            _ => None,
        };
        failure.pasted = sent.map(|sent| recognise(sent.expose()));
        failure
    }
}

/// A credential as it counts: trimmed, and absent when nothing remains.
fn present(secret: &Option<Secret>) -> Option<&str> {
    secret.as_ref().map(|secret| secret.expose().trim()).filter(|text| !text.is_empty())
}

/// Whether a code would pair this device for what it asks. The store checks again when it redeems it.
fn judge_code(devices: &Snapshot, hash: &CodeHash, ask: &Ask, now: Millis) -> Result<(), &'static str> {
    let Some(code) = devices.code(hash).filter(|code| code.is_live(now)) else {
        return Err("the code is unknown or has expired");
    };
    if code.redeemed_by.as_ref().is_some_and(|device| *device != ask.device_id) {
        return Err("another device has used the code");
    }
    let (roles, scopes) = match code.kind {
        CodeKind::Setup => (code.roles, code.scopes.clone()),
        // The winner may present it again, because its first answer may have been lost; it gets nothing new by it.
        CodeKind::Claim if devices.latch().is_open() || code.redeemed_by.is_some() => {
            (Roles::only(Role::Operator), ScopeSet::full_operator())
        }
        CodeKind::Claim => return Err("this gateway has been claimed"),
        CodeKind::Join => return Err("a join code is redeemed at its link"),
    };
    if !roles.contains(ask.role) || !scopes.covers(&ask.scopes) {
        return Err("the code does not cover what the device asks for");
    }
    Ok(())
}

/// What is redeemed of a presented code: a claim code in its written form however it was typed, the token inside
/// a setup code, or the token itself.
fn code_text(presented: &str) -> String {
    if let Some(code) = ClaimCode::parse(presented) {
        return code.expose().to_owned();
    }
    match SetupCode::decode(presented) {
        Some(code) => code.bootstrap_token.expose().to_owned(),
        None => presented.to_owned(),
    }
}
