//! The configuration as the running gateway uses it: parsed once, swapped as a whole when the file changes.

use std::net::IpAddr;

use openclaw_admission::limiter::RateLimits;
use openclaw_admission::origin::OriginPolicy;
use openclaw_admission::peer::parse_proxy;
use openclaw_admission::{Auth, Policy, TrustedProxyAuth};
use openclaw_config::Loaded;
use openclaw_config::gateway::{AuthMode, TrustedProxy};
use openclaw_config::start::StartPlan;
use openclaw_protocol::secret::Secret;

/// What the running gateway needs to know of its configuration.
#[derive(Clone)]
pub struct Settings {
    /// What admission decides by.
    pub admission: Policy,
    /// Lower-case names of headers that carry a proxy user's identity: the gateway keeps them for the decision.
    pub identity_headers: Vec<Box<str>>,
    /// `gateway.http.securityHeaders.strictTransportSecurity`.
    pub strict_transport_security: Option<String>,
    /// The configuration itself, for the methods that show parts of it.
    pub loaded: Loaded,
    /// How the gateway was started, or would be.
    pub plan: StartPlan,
}

impl Settings {
    /// Derives the settings. `own_addresses`: this host's interface addresses.
    pub fn new(loaded: Loaded, plan: StartPlan, own_addresses: Vec<IpAddr>) -> Self {
        let config = &loaded.gateway;
        let auth = auth(&plan, config.auth.trusted_proxy.as_ref());
        let identity_headers = match &auth {
            Auth::TrustedProxy(proxy) => {
                let mut names = proxy.required_headers.clone();
                names.push(proxy.user_header.clone());
                names
            }
            _ => Vec::new(),
        };
        let limit = &config.auth.rate_limit;
        let admission = Policy {
            auth,
            trusted_proxies: config.trusted_proxies.iter().filter_map(|entry| parse_proxy(entry)).collect(),
            real_ip_fallback: config.allow_real_ip_fallback,
            origins: OriginPolicy::new(
                config.control_ui.allowed_origins.iter().map(String::as_str),
                config.control_ui.host_header_origin_fallback,
            ),
            limits: RateLimits {
                max_attempts: limit.max_attempts.max(1),
                window_ms: limit.window_ms,
                lockout_ms: limit.lockout_ms,
                exempt_local: limit.exempt_loopback,
            },
            approve_local: config.nodes.auto_approve_local,
            own_addresses,
        };
        let strict_transport_security = config.http.strict_transport_security.clone();
        Self { admission, identity_headers, strict_transport_security, loaded, plan }
    }

    /// The shared secret in force, whichever kind the mode asks for.
    pub fn shared_secret(&self) -> Option<&Secret> {
        match &self.admission.auth {
            Auth::Token(secret) | Auth::Password(secret) => secret.as_ref(),
            Auth::TrustedProxy(proxy) => proxy.password.as_ref(),
            Auth::None => None,
        }
    }
}

fn auth(plan: &StartPlan, proxy: Option<&TrustedProxy>) -> Auth {
    let token = plan.token.as_ref().map(|token| token.secret.clone());
    let password = plan.password.as_ref().map(|password| password.secret.clone());
    match plan.auth_mode {
        AuthMode::None => Auth::None,
        AuthMode::Token => Auth::Token(token),
        AuthMode::Password => Auth::Password(password),
        AuthMode::TrustedProxy => {
            let proxy = proxy.cloned().unwrap_or_default();
            let lower = |name: &String| name.trim().to_ascii_lowercase().into_boxed_str();
            Auth::TrustedProxy(TrustedProxyAuth {
                user_header: lower(&proxy.user_header),
                required_headers: proxy.required_headers.iter().map(lower).collect(),
                allow_users: proxy.allow_users.iter().map(|user| user.as_str().into()).collect(),
                allow_loopback: proxy.allow_loopback,
                password,
            })
        }
    }
}
