//! What the owner configured, as far as admission needs to know: derived from the config by the gateway.

use ipnet::IpNet;
use openclaw_protocol::secret::Secret;

use crate::limiter::RateLimits;
use crate::origin::OriginPolicy;

/// `gateway.auth.mode` with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// No secret. Only peers that are local get anything without pairing.
    None,
    /// A shared token. `None`: none is configured, and nobody can present the right one.
    Token(Option<Secret>),
    /// A shared password.
    Password(Option<Secret>),
    /// A reverse proxy vouches for users.
    TrustedProxy(TrustedProxyAuth),
}

impl Auth {
    /// The mode's name in the config and on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Auth::None => "none",
            Auth::Token(_) => "token",
            Auth::Password(_) => "password",
            Auth::TrustedProxy(_) => "trusted-proxy",
        }
    }
}

/// `gateway.auth.trustedProxy` (§2.4 step 1, S15).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxyAuth {
    /// Lower-case name of the header that names the user.
    pub user_header: Box<str>,
    /// Lower-case names of headers that must be present and not empty.
    pub required_headers: Vec<Box<str>>,
    /// The users that may connect; empty: all that the proxy vouches for.
    pub allow_users: Vec<Box<str>>,
    /// Whether a proxy on this host may vouch for users.
    pub allow_loopback: bool,
    /// The password that local callers may use instead of the proxy.
    pub password: Option<Secret>,
}

/// Everything configured that a decision depends on.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Mode and secrets.
    pub auth: Auth,
    /// `gateway.trustedProxies`.
    pub trusted_proxies: Vec<IpNet>,
    /// `gateway.allowRealIpFallback`.
    pub real_ip_fallback: bool,
    /// Which pages may connect.
    pub origins: OriginPolicy,
    /// `gateway.auth.rateLimit`.
    pub limits: RateLimits,
    /// `gateway.nodes.pairing.autoApproveLocal`: whether local first connections are approved silently.
    pub approve_local: bool,
    /// Addresses of this host's own interfaces, which never count as a proxy elsewhere.
    pub own_addresses: Vec<std::net::IpAddr>,
}

impl Policy {
    /// A policy with this auth and every default.
    pub fn new(auth: Auth) -> Self {
        Self {
            auth,
            trusted_proxies: Vec::new(),
            real_ip_fallback: false,
            origins: OriginPolicy::default(),
            limits: RateLimits::default(),
            approve_local: true,
            own_addresses: Vec::new(),
        }
    }
}
