//! Step 13: connections that send no device identity (auth-and-pairing §2.5).

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::refusal::{AuthReason, Refusal};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;

use super::Judge;
use crate::limiter::CredentialClass;
use crate::origin::OriginVerdict;
use crate::outcome::{Decision, Effect, Grant, Outcome};
use crate::shared::Shared;

impl Judge<'_> {
    /// Whether this is one of the two clients that act for the owner on the gateway's own host without a
    /// device: protocol 4's backend calls and command line (§2.5; S10).
    pub(super) fn is_local_self_call(&self, page: &OriginVerdict) -> bool {
        self.at.is_local()
            && *page == OriginVerdict::NotABrowser
            && self.attempt.connect.client.is_backend_self()
    }

    /// §2.5: no device identity was sent.
    pub(super) fn decide_without_device(
        mut self,
        role: Role,
        scopes: ScopeSet,
        shared: &Shared,
        page: &OriginVerdict,
    ) -> Decision {
        let control_ui = self.is_control_ui();
        let client = &self.attempt.connect.client;
        let v4 = self.dialect == Dialect::V4;
        let admitted = match shared {
            Shared::Ok { method, user } if role == Role::Operator && self.refusal.is_none() => {
                let keeps = match method {
                    // v3 refuses every client without a device in mode none, v4 only its own backend calls.
                    AuthMethod::None => (v4 && self.is_local_self_call(page)).then_some(true),
                    AuthMethod::TrustedProxy => Some(false),
                    _ if v4 && self.is_local_self_call(page) => Some(true),
                    _ if control_ui => None,
                    _ => Some(
                        v4 && self.at.is_local()
                            && *page == OriginVerdict::NotABrowser
                            && client.is_cli_program(),
                    ),
                };
                keeps.map(|keeps| (keeps, *method, user.clone()))
            }
            _ => None,
        };
        if let Some((keeps_scopes, method, user)) = admitted {
            let key = self.limit_key(CredentialClass::Shared, page, None);
            self.effects.extend(key.map(Effect::ClearFailures));
            let (scopes, scopes_cleared) = if keeps_scopes {
                self.trace.pass("device", "none sent; this host's own command line may do without");
                (scopes, false)
            } else {
                self.trace.note("device", "none sent: admitted without any scope");
                (ScopeSet::EMPTY, !scopes.is_empty())
            };
            let grant = Grant {
                role,
                scopes,
                device: None,
                paired: false,
                method,
                user: user.as_deref().map(Words::new),
                owner: false,
                local: self.at.is_local(),
                scopes_cleared,
            };
            return self.finish(Outcome::Admit(grant));
        }
        let control_ui = control_ui && role == Role::Operator;
        match shared {
            _ if self.refusal.is_some() || control_ui => {
                self.refuse("device", "none sent", Refusal::DeviceRequired { control_ui });
            }
            Shared::Wrong(reason) => {
                let key = self.limit_key(CredentialClass::Shared, page, None);
                self.effects.extend(key.map(Effect::CountFailure));
                let failure = self.auth_failure(reason.clone(), None, None);
                self.refuse("device", "none sent", Refusal::Unauthorized(failure));
            }
            Shared::Locked { retry_after_ms } => {
                let failure = self.auth_failure(AuthReason::RateLimited, None, Some(*retry_after_ms));
                self.refuse("device", "none sent", Refusal::Unauthorized(failure));
            }
            Shared::Ok { .. } | Shared::Absent(_) => {
                if shared.is_ok() {
                    // This answer tells that the secret is right, so it must not be given through a lock-out that
                    // began meanwhile: applying the effect finds out.
                    let key = self.limit_key(CredentialClass::Shared, page, None);
                    self.effects.extend(key.map(Effect::ClearFailures));
                }
                self.refuse("device", "none sent", Refusal::DeviceRequired { control_ui: false });
            }
        }
        let refusal = self.refusal.take().unwrap_or(Refusal::DeviceRequired { control_ui });
        self.finish(Outcome::Refuse(refusal))
    }
}
