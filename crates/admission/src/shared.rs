//! The shared credential: token, password, a proxy's word (auth-and-pairing §2.4 steps 1 to 5).

use std::net::IpAddr;

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::refusal::AuthReason;
use openclaw_protocol::secret::{Secret, is_placeholder};

use crate::peer::{Path, Peer, PeerFacts, Whereabouts};
use crate::policy::{Auth, Policy, TrustedProxyAuth};

/// What the shared credential is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shared {
    /// It is right.
    Ok {
        method: AuthMethod,
        /// The user a trusted proxy vouches for.
        user: Option<String>,
    },
    /// Nothing was presented.
    Absent(AuthReason),
    /// Something was presented and is wrong; counts as a failure.
    Wrong(AuthReason),
    /// Something was presented but may not be looked at: locked out.
    Locked { retry_after_ms: u64 },
}

impl Shared {
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self, Shared::Ok { .. })
    }
}

/// The secrets of `connect.auth` that can be a shared credential, trimmed; empty means absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) token: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
}

/// The text that is compared with the gateway's secret. Protocol 4 takes it from either field, protocol 3 only from
/// its own (§2.4 step 5).
pub(crate) fn given<'a>(auth: &Auth, presented: Presented<'a>, dialect: Dialect) -> Option<&'a str> {
    let either = dialect == Dialect::V4;
    match auth {
        Auth::None => None,
        Auth::Token(_) => presented.token.or(presented.password.filter(|_| either)),
        Auth::Password(_) => presented.password.or(presented.token.filter(|_| either)),
        Auth::TrustedProxy(_) => presented.password,
    }
}

/// Judges the shared credential. `locked_for`: whether this peer is locked out of shared credentials.
pub(crate) fn judge(
    policy: &Policy,
    facts: &PeerFacts,
    at: &Whereabouts,
    presented: Presented<'_>,
    dialect: Dialect,
    locked_for: Option<u64>,
) -> Shared {
    let given = given(&policy.auth, presented, dialect);
    match &policy.auth {
        Auth::None => Shared::Ok { method: AuthMethod::None, user: None },
        Auth::Token(secret) => compare(secret.as_ref(), given, locked_for, AuthMethod::Token, &TOKEN_REASONS),
        Auth::Password(secret) => {
            compare(secret.as_ref(), given, locked_for, AuthMethod::Password, &PASSWORD_REASONS)
        }
        Auth::TrustedProxy(proxy) => match vouched_user(policy, proxy, facts, at) {
            Ok(user) => Shared::Ok { method: AuthMethod::TrustedProxy, user: Some(user) },
            Err(reason) => match (&proxy.password, given) {
                // Local callers may use the password instead, so that a broken proxy does not lock the owner out.
                (Some(password), Some(given)) if at.is_local() => {
                    compare(Some(password), Some(given), locked_for, AuthMethod::Password, &PASSWORD_REASONS)
                }
                _ => Shared::Absent(AuthReason::TrustedProxy(reason)),
            },
        },
    }
}

struct Reasons {
    not_configured: AuthReason,
    missing: AuthReason,
    mismatch: AuthReason,
}

const TOKEN_REASONS: Reasons = Reasons {
    not_configured: AuthReason::TokenNotConfigured,
    missing: AuthReason::TokenMissing,
    mismatch: AuthReason::TokenMismatch,
};

const PASSWORD_REASONS: Reasons = Reasons {
    not_configured: AuthReason::PasswordNotConfigured,
    missing: AuthReason::PasswordMissing,
    mismatch: AuthReason::PasswordMismatch,
};

fn compare(
    secret: Option<&Secret>,
    given: Option<&str>,
    locked_for: Option<u64>,
    method: AuthMethod,
    reasons: &Reasons,
) -> Shared {
    let Some(secret) = secret else { return Shared::Absent(reasons.not_configured.clone()) };
    let Some(given) = given else { return Shared::Absent(reasons.missing.clone()) };
    if let Some(retry_after_ms) = locked_for {
        return Shared::Locked { retry_after_ms };
    }
    match (is_placeholder(given), secret.matches(given)) {
        (false, true) => Shared::Ok { method, user: None },
        (true, _) if method == AuthMethod::Token => Shared::Wrong(AuthReason::Placeholder),
        _ => Shared::Wrong(reasons.mismatch.clone()),
    }
}

/// The user that the proxy vouches for (§2.4 step 1, S15), or the reason why its word does not count.
fn vouched_user(
    policy: &Policy,
    proxy: &TrustedProxyAuth,
    facts: &PeerFacts,
    at: &Whereabouts,
) -> Result<String, String> {
    let Peer::Tcp { address, .. } = &facts.peer else { return Err("trusted_proxy_untrusted_source".into()) };
    let peer = address.ip().to_canonical();
    let listed = matches!(at.path, Path::TrustedProxy { .. })
        || (matches!(at.path, Path::Direct) && crate::peer::is_listed(&policy.trusted_proxies, peer));
    if !listed {
        return Err("trusted_proxy_untrusted_source".into());
    }
    if peer.is_loopback() && !proxy.allow_loopback {
        return Err("trusted_proxy_loopback_source".into());
    }
    if !peer.is_loopback() && policy.own_addresses.iter().any(|own: &IpAddr| own.to_canonical() == peer) {
        return Err("trusted_proxy_local_interface_source".into());
    }
    for name in &proxy.required_headers {
        if facts.single_header(name).is_none() {
            return Err(format!("trusted_proxy_missing_header_{name}"));
        }
    }
    let Some(user) = facts.single_header(&proxy.user_header) else {
        return Err("trusted_proxy_user_missing".into());
    };
    if !proxy.allow_users.is_empty() && !proxy.allow_users.iter().any(|allowed| **allowed == *user) {
        return Err("trusted_proxy_user_not_allowed".into());
    }
    Ok(user.to_owned())
}
