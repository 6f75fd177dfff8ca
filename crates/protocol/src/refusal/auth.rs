//! Refused credentials (auth-and-pairing §2.4, §3.2).

mod explain;

use super::{Cause, WireRefusal};
use crate::{
    connect::{ClientHint, ClientKind},
    dialect::Dialect,
    error::ErrorShape,
    ids::{DeviceId, RequestId},
    recognise::Kind,
    role::Role,
    scope::ScopeSet,
    words::Words,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Why credentials were refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthReason {
    /// A token is expected and none was sent.
    TokenMissing,
    /// The token is not the gateway's.
    TokenMismatch,
    /// The gateway has no token.
    TokenNotConfigured,
    /// A password is expected and none was sent.
    PasswordMissing,
    /// The password is not the gateway's.
    PasswordMismatch,
    /// The gateway has no password.
    PasswordNotConfigured,
    /// The device's own token is wrong, old, revoked, or of another role.
    DeviceTokenMismatch,
    /// The device's own token is right, but narrower than what is asked.
    ScopeMismatch,
    /// The setup or claim code is wrong, used or expired.
    BootstrapInvalid,
    /// Locked out after failures.
    RateLimited,
    /// Identity of a trusted proxy: the reason of §2.4 step 1, for example `trusted_proxy_user_missing`.
    TrustedProxy(String),
    /// Identity of a tailnet.
    Tailscale(TailscaleReason),
    /// What was sent is a guide's placeholder or the redaction marker (ruling 34). The wire says token mismatch.
    Placeholder,
    /// Any other reason.
    Unauthorized,
}

/// What is wrong with a tailnet identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TailscaleReason {
    /// No user header.
    UserMissing,
    /// No proxy headers.
    ProxyMissing,
    /// The tailnet did not answer who it is.
    WhoisFailed,
    /// The tailnet says it is somebody else.
    UserMismatch,
}

/// Requested and approved scopes of a device whose token is too narrow, and the request that would widen it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeGap {
    /// What the connection asks for.
    pub requested: ScopeSet,
    /// What the token is good for.
    pub approved: ScopeSet,
    /// The waiting request, when there is one.
    pub request_id: Option<RequestId>,
}

/// Refused credentials with the facts that may be told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthFailure {
    /// Why.
    pub reason: AuthReason,
    /// Whom the words are for.
    pub client: ClientHint,
    /// Whether a device identity (with a valid proof) came along.
    pub device_present: bool,
    /// Whether the client should try once more with its stored device token.
    pub can_retry_with_device_token: bool,
    /// For lock-outs: milliseconds that remain.
    pub retry_after_ms: Option<u64>,
    /// For lock-outs: the address or page that is locked, which is the peer's own.
    pub locked: Option<Words>,
    /// The device, as far as it proved itself.
    pub device_id: Option<DeviceId>,
    /// The role that was asked for.
    pub role: Role,
    /// For [`AuthReason::ScopeMismatch`]: what is missing.
    pub gap: Option<ScopeGap>,
    /// What the wrong token looks like, when it looks like something else (acceptance F-17).
    pub pasted: Option<Kind>,
    /// Fingerprint of what the client sent; only when the peer may see it (ruling 32).
    pub client_fingerprint: Option<String>,
    /// Fingerprint of the gateway's secret; only when the peer may see it, never for strangers (ruling 32).
    pub gateway_fingerprint: Option<String>,
}

impl AuthReason {
    /// `details.authReason`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::TokenMissing => "token_missing",
            Self::TokenMismatch | Self::Placeholder => "token_mismatch",
            Self::TokenNotConfigured => "token_missing_config",
            Self::PasswordMissing => "password_missing",
            Self::PasswordMismatch => "password_mismatch",
            Self::PasswordNotConfigured => "password_missing_config",
            Self::DeviceTokenMismatch => "device_token_mismatch",
            Self::ScopeMismatch => "scope_mismatch",
            Self::BootstrapInvalid => "bootstrap_token_invalid",
            Self::RateLimited => "rate_limited",
            Self::TrustedProxy(reason) => reason,
            Self::Tailscale(TailscaleReason::UserMissing) => "tailscale_user_missing",
            Self::Tailscale(TailscaleReason::ProxyMissing) => "tailscale_proxy_missing",
            Self::Tailscale(TailscaleReason::WhoisFailed) => "tailscale_whois_failed",
            Self::Tailscale(TailscaleReason::UserMismatch) => "tailscale_user_mismatch",
            Self::Unauthorized => "unauthorized",
        }
    }

    /// The cause id.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::TokenMissing => Cause::TokenMissing,
            Self::TokenMismatch | Self::Placeholder => Cause::TokenDiffers,
            Self::TokenNotConfigured => Cause::NoSecretConfigured,
            Self::PasswordMissing | Self::PasswordMismatch | Self::PasswordNotConfigured => Cause::Password,
            Self::DeviceTokenMismatch => Cause::DeviceTokenStale,
            Self::ScopeMismatch => Cause::DeviceTokenNarrow,
            Self::BootstrapInvalid => Cause::CodeInvalid,
            Self::RateLimited => Cause::LockedOut,
            Self::TrustedProxy(reason) if reason == "trusted_proxy_untrusted_source" => Cause::UnknownProxy,
            Self::TrustedProxy(_) | Self::Tailscale(_) => Cause::ProxyIdentity,
            Self::Unauthorized => Cause::NotAccepted,
        }
    }

    /// The reason of that `details.code` and `details.authReason`.
    pub(super) fn from_wire(code: &str, reason: Option<&str>) -> Option<Self> {
        Some(match code {
            "AUTH_TOKEN_MISSING" => Self::TokenMissing,
            "AUTH_TOKEN_MISMATCH" => Self::TokenMismatch,
            "AUTH_TOKEN_NOT_CONFIGURED" => Self::TokenNotConfigured,
            "AUTH_PASSWORD_MISSING" => Self::PasswordMissing,
            "AUTH_PASSWORD_MISMATCH" => Self::PasswordMismatch,
            "AUTH_PASSWORD_NOT_CONFIGURED" => Self::PasswordNotConfigured,
            "AUTH_DEVICE_TOKEN_MISMATCH" => Self::DeviceTokenMismatch,
            "AUTH_SCOPE_MISMATCH" => Self::ScopeMismatch,
            "AUTH_BOOTSTRAP_TOKEN_INVALID" => Self::BootstrapInvalid,
            "AUTH_RATE_LIMITED" => Self::RateLimited,
            "AUTH_TAILSCALE_IDENTITY_MISSING" => Self::Tailscale(TailscaleReason::UserMissing),
            "AUTH_TAILSCALE_PROXY_MISSING" => Self::Tailscale(TailscaleReason::ProxyMissing),
            "AUTH_TAILSCALE_WHOIS_FAILED" => Self::Tailscale(TailscaleReason::WhoisFailed),
            "AUTH_TAILSCALE_IDENTITY_MISMATCH" => Self::Tailscale(TailscaleReason::UserMismatch),
            "AUTH_UNAUTHORIZED" | "AUTH_REQUIRED" | "AUTH_IDENTITY_HEADER_REQUIRED" => match reason {
                Some(reason) if reason.starts_with("trusted_proxy_") => Self::TrustedProxy(reason.to_owned()),
                _ => Self::Unauthorized,
            },
            _ => return None,
        })
    }

    const fn details_code(&self, missing_header: bool, dialect: Dialect) -> &'static str {
        match self {
            Self::TokenMissing => "AUTH_TOKEN_MISSING",
            Self::TokenMismatch | Self::Placeholder => "AUTH_TOKEN_MISMATCH",
            Self::TokenNotConfigured => "AUTH_TOKEN_NOT_CONFIGURED",
            Self::PasswordMissing => "AUTH_PASSWORD_MISSING",
            Self::PasswordMismatch => "AUTH_PASSWORD_MISMATCH",
            Self::PasswordNotConfigured => "AUTH_PASSWORD_NOT_CONFIGURED",
            Self::DeviceTokenMismatch => "AUTH_DEVICE_TOKEN_MISMATCH",
            Self::ScopeMismatch => "AUTH_SCOPE_MISMATCH",
            Self::BootstrapInvalid => "AUTH_BOOTSTRAP_TOKEN_INVALID",
            Self::RateLimited => "AUTH_RATE_LIMITED",
            Self::TrustedProxy(_) if missing_header && matches!(dialect, Dialect::V4) => {
                "AUTH_IDENTITY_HEADER_REQUIRED"
            }
            Self::TrustedProxy(_) | Self::Unauthorized => "AUTH_UNAUTHORIZED",
            Self::Tailscale(TailscaleReason::UserMissing) => "AUTH_TAILSCALE_IDENTITY_MISSING",
            Self::Tailscale(TailscaleReason::ProxyMissing) => "AUTH_TAILSCALE_PROXY_MISSING",
            Self::Tailscale(TailscaleReason::WhoisFailed) => "AUTH_TAILSCALE_WHOIS_FAILED",
            Self::Tailscale(TailscaleReason::UserMismatch) => "AUTH_TAILSCALE_IDENTITY_MISMATCH",
        }
    }

    const fn next_step(&self) -> &'static str {
        match self {
            Self::TokenMissing
            | Self::TokenNotConfigured
            | Self::PasswordMissing
            | Self::PasswordNotConfigured => "update_auth_configuration",
            Self::TokenMismatch | Self::Placeholder | Self::PasswordMismatch | Self::DeviceTokenMismatch => {
                "update_auth_credentials"
            }
            Self::RateLimited => "wait_then_retry",
            Self::ScopeMismatch
            | Self::BootstrapInvalid
            | Self::TrustedProxy(_)
            | Self::Tailscale(_)
            | Self::Unauthorized => "review_auth_configuration",
        }
    }

    fn missing_header(&self) -> Option<&str> {
        match self {
            Self::TrustedProxy(reason) => reason.strip_prefix("trusted_proxy_missing_header_"),
            _ => None,
        }
    }
}

impl AuthFailure {
    /// A failure with nothing known but the reason and the client.
    #[must_use]
    pub const fn new(reason: AuthReason, client: ClientHint) -> Self {
        Self {
            reason,
            client,
            device_present: false,
            can_retry_with_device_token: false,
            retry_after_ms: None,
            locked: None,
            device_id: None,
            role: Role::Operator,
            gap: None,
            pasted: None,
            client_fingerprint: None,
            gateway_fingerprint: None,
        }
    }

    pub(super) fn wire(&self, dialect: Dialect) -> WireRefusal {
        // Protocol 3 has no word for a token that is too narrow; it called it a wrong one.
        let reason = match (&self.reason, dialect) {
            (AuthReason::ScopeMismatch, Dialect::V3) => &AuthReason::DeviceTokenMismatch,
            (reason, _) => reason,
        };
        let next =
            if self.can_retry_with_device_token { "retry_with_device_token" } else { reason.next_step() };
        let mut error = ErrorShape::invalid_request(self.message(reason, dialect)).with_details(json!({
            "code": reason.details_code(reason.missing_header().is_some(), dialect),
            "authReason": reason.as_str(),
            "canRetryWithDeviceToken": self.can_retry_with_device_token,
            "recommendedNextStep": next,
        }));
        if dialect == Dialect::V4
            && *reason == AuthReason::RateLimited
            && let Some(ms) = self.retry_after_ms
        {
            error.retryable = Some(true);
            error.retry_after_ms = Some(ms);
        }
        WireRefusal::policy(error)
    }

    fn message(&self, reason: &AuthReason, dialect: Dialect) -> String {
        match reason {
            AuthReason::TokenMissing => {
                format!("unauthorized: gateway token missing ({})", self.token_hint(dialect, true))
            }
            AuthReason::TokenMismatch | AuthReason::Placeholder => {
                format!("unauthorized: gateway token mismatch ({})", self.token_hint(dialect, false))
            }
            AuthReason::PasswordMissing => {
                format!("unauthorized: gateway password missing ({})", self.password_hint(dialect))
            }
            AuthReason::PasswordMismatch => {
                format!("unauthorized: gateway password mismatch ({})", self.password_hint(dialect))
            }
            AuthReason::TrustedProxy(_) => self.proxy_message(reason, dialect).to_owned(),
            other => fixed_message(other, dialect).to_owned(),
        }
    }

    fn token_hint(&self, dialect: Dialect, missing: bool) -> &'static str {
        match (self.client.kind, dialect) {
            (ClientKind::Cli, Dialect::V4) if self.client.local => {
                "use this gateway's gateway.auth.token or pair the device"
            }
            (ClientKind::Cli, _) => "set gateway.remote.token to match gateway.auth.token",
            (ClientKind::ControlUi, Dialect::V4) if missing => {
                "paste in Control UI settings or openclaw doctor --generate-gateway-token; restart"
            }
            (ClientKind::ControlUi, _) => "open the dashboard URL and paste the token in Control UI settings",
            (ClientKind::Node | ClientKind::Other, _) => "provide gateway auth token",
        }
    }

    const fn password_hint(&self, dialect: Dialect) -> &'static str {
        match (self.client.kind, dialect) {
            (ClientKind::Cli, Dialect::V4) if self.client.local => "use this gateway's gateway.auth.password",
            (ClientKind::Cli, _) => "set gateway.remote.password to match gateway.auth.password",
            (ClientKind::ControlUi, _) => "enter the password in Control UI settings",
            (ClientKind::Node | ClientKind::Other, _) => "provide gateway auth password",
        }
    }

    fn proxy_message(&self, reason: &AuthReason, dialect: Dialect) -> &'static str {
        let node = dialect == Dialect::V4 && self.client.kind == ClientKind::Node;
        if node && reason.missing_header().is_some() {
            "gateway rejected this node: trusted-proxy identity-header authentication is required and no usable machine credential was accepted; run `openclaw doctor` on the Gateway"
        } else {
            "unauthorized"
        }
    }
}

fn fixed_message(reason: &AuthReason, dialect: Dialect) -> &'static str {
    match reason {
        AuthReason::TokenNotConfigured => {
            "unauthorized: gateway token not configured on gateway (set gateway.auth.token)"
        }
        AuthReason::PasswordNotConfigured => {
            "unauthorized: gateway password not configured on gateway (set gateway.auth.password)"
        }
        AuthReason::DeviceTokenMismatch => {
            "unauthorized: device token mismatch (rotate/reissue device token)"
        }
        AuthReason::ScopeMismatch => {
            "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)"
        }
        AuthReason::BootstrapInvalid => match dialect {
            Dialect::V3 => "unauthorized: bootstrap token invalid or expired (scan a fresh setup code)",
            Dialect::V4 => {
                "unauthorized: setup code invalid, expired, revoked, or already used (create a new code; review `openclaw devices list`)"
            }
        },
        AuthReason::RateLimited => "unauthorized: too many failed authentication attempts (retry later)",
        AuthReason::Tailscale(TailscaleReason::UserMissing) => {
            "unauthorized: tailscale identity missing (use Tailscale Serve auth or gateway token/password)"
        }
        AuthReason::Tailscale(TailscaleReason::ProxyMissing) => {
            "unauthorized: tailscale proxy headers missing (use Tailscale Serve or gateway token/password)"
        }
        AuthReason::Tailscale(TailscaleReason::WhoisFailed) => {
            "unauthorized: tailscale identity check failed (use Tailscale Serve auth or gateway token/password)"
        }
        AuthReason::Tailscale(TailscaleReason::UserMismatch) => {
            "unauthorized: tailscale identity mismatch (use Tailscale Serve auth or gateway token/password)"
        }
        _ => "unauthorized",
    }
}
