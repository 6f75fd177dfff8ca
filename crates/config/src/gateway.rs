//! The settings of the gateway as types. Reading them never fails: what is ill-typed is reported by the check against
//! the table and counts as unset here.

use std::collections::BTreeMap;
use std::fmt;

use openclaw_protocol::secret::Secret;
use serde_json::Value;

use crate::secretref::SecretValue;

/// Declares a closed set of words: an enum with the spelling of the file.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Reads the spelling of the file.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }

            /// The spelling of the file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// `gateway.mode`.
    Mode {
        /// This machine runs the gateway.
        Local = "local",
        /// Commands talk to `gateway.remote.url`.
        Remote = "remote",
    }
}

words! {
    /// `gateway.bind`.
    Bind {
        /// 127.0.0.1 and ::1.
        Loopback = "loopback",
        /// All addresses.
        Lan = "lan",
        /// The Tailscale address.
        Tailnet = "tailnet",
        /// Loopback where it can be bound.
        Auto = "auto",
        /// `gateway.customBindHost`.
        Custom = "custom",
    }
}

words! {
    /// `gateway.auth.mode`.
    AuthMode {
        /// Everybody, on loopback only.
        None = "none",
        /// A shared token.
        Token = "token",
        /// A shared password.
        Password = "password",
        /// An identity-aware proxy vouches.
        TrustedProxy = "trusted-proxy",
    }
}

words! {
    /// `gateway.reload.mode`.
    ReloadMode {
        /// Apply live what can be, restart for the rest.
        Hybrid = "hybrid",
        /// Apply live what can be, never restart.
        Hot = "hot",
        /// Restart for every change that matters.
        Restart = "restart",
        /// Ignore changes.
        Off = "off",
    }
}

words! {
    /// `gateway.tailscale.mode`.
    TailscaleMode {
        /// Not used.
        Off = "off",
        /// Within the tailnet.
        Serve = "serve",
        /// For everybody.
        Funnel = "funnel",
    }
}

words! {
    /// `gateway.remote.transport`.
    Transport {
        /// Through an SSH tunnel.
        Ssh = "ssh",
        /// Straight to the address.
        Direct = "direct",
    }
}

words! {
    /// Severity of log lines, from nothing to everything.
    Level {
        /// Nothing is written.
        Silent = "silent",
        /// What ends the program.
        Fatal = "fatal",
        /// What went wrong.
        Error = "error",
        /// What looks wrong.
        Warn = "warn",
        /// What happened.
        Info = "info",
        /// How it happened.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

words! {
    /// `logging.consoleStyle`.
    ConsoleStyle {
        /// Time, subsystem, message.
        Pretty = "pretty",
        /// The same, shorter.
        Compact = "compact",
        /// One JSON object per line.
        Json = "json",
    }
}

/// `gateway`, with `logging` beside it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GatewayConfig {
    /// `mode`; unset means that nobody has decided yet.
    pub mode: Option<Mode>,
    /// `port`.
    pub port: Option<u16>,
    /// `bind`.
    pub bind: Option<Bind>,
    /// `customBindHost`, trimmed.
    pub custom_bind_host: Option<String>,
    /// `publicOrigin`.
    pub public_origin: Option<String>,
    /// `auth`.
    pub auth: Auth,
    /// `trustedProxies`: addresses and CIDR ranges as written.
    pub trusted_proxies: Vec<String>,
    /// `allowRealIpFallback`.
    pub allow_real_ip_fallback: bool,
    /// `controlUi`.
    pub control_ui: ControlUi,
    /// `tailscale.mode`.
    pub tailscale: Option<TailscaleMode>,
    /// `reload`.
    pub reload: Reload,
    /// `remote`.
    pub remote: Remote,
    /// `tls`.
    pub tls: Tls,
    /// `http`.
    pub http: Http,
    /// `nodes`.
    pub nodes: Nodes,
    /// `tools.allow`: tools taken off the list of those refused over HTTP.
    pub tools_allow: Vec<String>,
    /// `tools.deny`: more tools refused over HTTP.
    pub tools_deny: Vec<String>,
    /// The top-level section `logging`.
    pub logging: Logging,
}

/// `gateway.auth`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Auth {
    /// `mode`.
    pub mode: Option<AuthMode>,
    /// `token`.
    pub token: SecretValue,
    /// `password`.
    pub password: SecretValue,
    /// `allowTailscale`.
    pub allow_tailscale: Option<bool>,
    /// `rateLimit`.
    pub rate_limit: RateLimit,
    /// `trustedProxy`, when the section is there.
    pub trusted_proxy: Option<TrustedProxy>,
    /// `identityScopes`: scopes by verified user.
    pub identity_scopes: BTreeMap<String, Vec<String>>,
}

/// `gateway.auth.rateLimit` with its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Failures within the window before a lock-out.
    pub max_attempts: u32,
    /// Length of the sliding window, milliseconds.
    pub window_ms: u64,
    /// Length of the lock-out, milliseconds.
    pub lockout_ms: u64,
    /// Whether connections from this machine are never locked out.
    pub exempt_loopback: bool,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { max_attempts: 10, window_ms: 60_000, lockout_ms: 300_000, exempt_loopback: true }
    }
}

/// `gateway.auth.trustedProxy`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TrustedProxy {
    /// Header that names the user; empty when the file forgot it.
    pub user_header: String,
    /// Headers that must be there.
    pub required_headers: Vec<String>,
    /// Users that may connect; everybody when empty.
    pub allow_users: Vec<String>,
    /// Whether the proxy may be on this machine.
    pub allow_loopback: bool,
}

/// `gateway.controlUi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlUi {
    /// Whether it is served.
    pub enabled: bool,
    /// Path in front of everything, with a leading and without a trailing slash; empty for none.
    pub base_path: String,
    /// Directory to serve it from.
    pub root: Option<String>,
    /// Origins that may connect, as written but trimmed; `*` for all.
    pub allowed_origins: Vec<String>,
    /// `dangerouslyAllowHostHeaderOriginFallback`.
    pub host_header_origin_fallback: bool,
    /// `allowInsecureAuth`.
    pub allow_insecure_auth: bool,
    /// `dangerouslyDisableDeviceAuth`.
    pub disable_device_auth: bool,
}

impl Default for ControlUi {
    fn default() -> Self {
        Self {
            enabled: true,
            base_path: String::new(),
            root: None,
            allowed_origins: vec![],
            host_header_origin_fallback: false,
            allow_insecure_auth: false,
            disable_device_auth: false,
        }
    }
}

/// `gateway.reload`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// What a change of the file does.
    pub mode: ReloadMode,
    /// How long the file must be quiet, milliseconds (10 s at most).
    pub debounce_ms: u64,
}

impl Default for Reload {
    fn default() -> Self {
        Self { mode: ReloadMode::Hybrid, debounce_ms: 300 }
    }
}

/// `gateway.remote`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Remote {
    /// WebSocket address.
    pub url: Option<String>,
    /// How it is reached.
    pub transport: Option<Transport>,
    /// Its token.
    pub token: SecretValue,
    /// Its password.
    pub password: SecretValue,
    /// SHA-256 of its certificate, as written.
    pub tls_fingerprint: Option<String>,
    /// `user@host` of the tunnel.
    pub ssh_target: Option<String>,
    /// Key file of the tunnel.
    pub ssh_identity: Option<String>,
    /// `edgeAuth`: headers for a proxy in front of it that wants its own sign-in, by name.
    pub edge_auth: Vec<(String, Secret)>,
}

/// `gateway.tls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Whether TLS is served.
    pub enabled: bool,
    /// Whether a certificate is made when there is none.
    pub auto_generate: bool,
    /// Certificate chain, PEM.
    pub cert_path: Option<String>,
    /// Key, PEM.
    pub key_path: Option<String>,
    /// Authorities for client certificates, PEM.
    pub ca_path: Option<String>,
}

impl Default for Tls {
    fn default() -> Self {
        Self { enabled: false, auto_generate: true, cert_path: None, key_path: None, ca_path: None }
    }
}

/// `gateway.http`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Http {
    /// Value of the Strict-Transport-Security header; none when unset or `false`.
    pub strict_transport_security: Option<String>,
    /// `endpoints.chatCompletions.enabled`.
    pub chat_completions: bool,
    /// `endpoints.responses.enabled`.
    pub responses: bool,
}

/// `gateway.nodes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// `pairing.autoApproveLocal`.
    pub auto_approve_local: bool,
    /// `pairing.autoApproveCidrs`, as written.
    pub auto_approve_cidrs: Vec<String>,
    /// `commands.allow`, or the older `allowCommands`.
    pub allow_commands: Vec<String>,
    /// `commands.deny`, or the older `denyCommands`.
    pub deny_commands: Vec<String>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            auto_approve_local: true,
            auto_approve_cidrs: vec![],
            allow_commands: vec![],
            deny_commands: vec![],
        }
    }
}

/// `logging`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// Least severe level in the file.
    pub level: Level,
    /// Least severe level on the console.
    pub console_level: Level,
    /// How the console looks.
    pub console_style: ConsoleStyle,
    /// Log file instead of the usual one, as written.
    pub file: Option<String>,
    /// Size at which the file is rotated, bytes.
    pub max_file_bytes: u64,
    /// Whether secrets in tool output are hidden.
    pub redact_sensitive: bool,
    /// More patterns to hide.
    pub redact_patterns: Vec<String>,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            level: Level::Info,
            console_level: Level::Info,
            console_style: ConsoleStyle::Pretty,
            file: None,
            max_file_bytes: 500 * 1024 * 1024,
            redact_sensitive: true,
            redact_patterns: vec![],
        }
    }
}

impl GatewayConfig {
    /// Reads the sections of a resolved configuration. Secrets are left unset: they need the environment and are
    /// filled in by the loader.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        let g = At(value.get("gateway"));
        let auth = g.at("auth");
        let limit = auth.at("rateLimit");
        let defaults = RateLimit::default();
        let ui = g.at("controlUi");
        let reload = g.at("reload");
        let remote = g.at("remote");
        let tls = g.at("tls");
        let http = g.at("http");
        let nodes = g.at("nodes");
        let log = At(value.get("logging"));
        let log_defaults = Logging::default();
        Self {
            mode: g.at("mode").word(Mode::parse),
            port: g.at("port").number().and_then(|n| u16::try_from(n).ok()).filter(|p| *p > 0),
            bind: g.at("bind").word(Bind::parse),
            custom_bind_host: g.at("customBindHost").text(),
            public_origin: g.at("publicOrigin").text(),
            auth: Auth {
                mode: auth.at("mode").word(AuthMode::parse),
                token: SecretValue::Unset,
                password: SecretValue::Unset,
                allow_tailscale: auth.at("allowTailscale").flag(),
                rate_limit: RateLimit {
                    max_attempts: limit
                        .at("maxAttempts")
                        .number()
                        .map_or(defaults.max_attempts, |n| u32::try_from(n).unwrap_or(u32::MAX)),
                    window_ms: limit.at("windowMs").number().unwrap_or(defaults.window_ms),
                    lockout_ms: limit.at("lockoutMs").number().unwrap_or(defaults.lockout_ms),
                    exempt_loopback: limit.at("exemptLoopback").flag().unwrap_or(defaults.exempt_loopback),
                },
                trusted_proxy: auth.at("trustedProxy").object().map(|proxy| TrustedProxy {
                    user_header: proxy.at("userHeader").text().unwrap_or_default(),
                    required_headers: proxy.at("requiredHeaders").texts(),
                    allow_users: proxy.at("allowUsers").texts(),
                    allow_loopback: proxy.at("allowLoopback").flag().unwrap_or(false),
                }),
                identity_scopes: auth.at("identityScopes").map(),
            },
            trusted_proxies: g.at("trustedProxies").texts(),
            allow_real_ip_fallback: g.at("allowRealIpFallback").flag().unwrap_or(false),
            control_ui: ControlUi {
                enabled: ui.at("enabled").flag().unwrap_or(true),
                base_path: ui.at("basePath").text().map(|p| base_path(&p)).unwrap_or_default(),
                root: ui.at("root").text(),
                allowed_origins: ui.at("allowedOrigins").texts(),
                host_header_origin_fallback: ui
                    .at("dangerouslyAllowHostHeaderOriginFallback")
                    .flag()
                    .unwrap_or(false),
                allow_insecure_auth: ui.at("allowInsecureAuth").flag().unwrap_or(false),
                disable_device_auth: ui.at("dangerouslyDisableDeviceAuth").flag().unwrap_or(false),
            },
            tailscale: g.at("tailscale").at("mode").word(TailscaleMode::parse),
            reload: Reload {
                mode: reload.at("mode").word(ReloadMode::parse).unwrap_or(ReloadMode::Hybrid),
                debounce_ms: reload.at("debounceMs").number().unwrap_or(300).min(10_000),
            },
            remote: Remote {
                url: remote.at("url").text(),
                transport: remote.at("transport").word(Transport::parse),
                token: SecretValue::Unset,
                password: SecretValue::Unset,
                tls_fingerprint: remote.at("tlsFingerprint").text(),
                ssh_target: remote.at("sshTarget").text(),
                ssh_identity: remote.at("sshIdentity").text(),
                edge_auth: remote.at("edgeAuth").named_texts(),
            },
            tls: Tls {
                enabled: tls.at("enabled").flag().unwrap_or(false),
                auto_generate: tls.at("autoGenerate").flag().unwrap_or(true),
                cert_path: tls.at("certPath").text(),
                key_path: tls.at("keyPath").text(),
                ca_path: tls.at("caPath").text(),
            },
            http: Http {
                strict_transport_security: http.at("securityHeaders").at("strictTransportSecurity").text(),
                chat_completions: http
                    .at("endpoints")
                    .at("chatCompletions")
                    .at("enabled")
                    .flag()
                    .unwrap_or(false),
                responses: http.at("endpoints").at("responses").at("enabled").flag().unwrap_or(false),
            },
            nodes: Nodes {
                auto_approve_local: nodes.at("pairing").at("autoApproveLocal").flag().unwrap_or(true),
                auto_approve_cidrs: nodes.at("pairing").at("autoApproveCidrs").texts(),
                allow_commands: nodes.at("commands").at("allow").or(nodes.at("allowCommands")).texts(),
                deny_commands: nodes.at("commands").at("deny").or(nodes.at("denyCommands")).texts(),
            },
            tools_allow: g.at("tools").at("allow").texts(),
            tools_deny: g.at("tools").at("deny").texts(),
            logging: Logging {
                level: log.at("level").word(Level::parse).unwrap_or(log_defaults.level),
                console_level: log
                    .at("consoleLevel")
                    .word(Level::parse)
                    .unwrap_or(log_defaults.console_level),
                console_style: log
                    .at("consoleStyle")
                    .word(ConsoleStyle::parse)
                    .unwrap_or(log_defaults.console_style),
                file: log.at("file").text(),
                max_file_bytes: log
                    .at("maxFileBytes")
                    .number()
                    .filter(|n| *n > 0)
                    .unwrap_or(log_defaults.max_file_bytes),
                redact_sensitive: log.at("redactSensitive").text().as_deref() != Some("off"),
                redact_patterns: log.at("redactPatterns").texts(),
            },
        }
    }
}

/// `/openclaw` from whatever spelling of slashes.
fn base_path(text: &str) -> String {
    let inner = text.trim_matches('/');
    if inner.is_empty() { String::new() } else { format!("/{inner}") }
}

/// A place in a value that may not be there.
#[derive(Clone, Copy)]
struct At<'v>(Option<&'v Value>);

impl<'v> At<'v> {
    fn at(self, key: &str) -> At<'v> {
        At(self.0.and_then(|v| v.get(key)))
    }

    fn or(self, other: At<'v>) -> At<'v> {
        At(self.0.or(other.0))
    }

    fn object(self) -> Option<At<'v>> {
        self.0.filter(|v| v.is_object()).map(|v| At(Some(v)))
    }

    /// Trimmed; blank is absent.
    fn text(self) -> Option<String> {
        let text = self.0?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn word<T>(self, parse: fn(&str) -> Option<T>) -> Option<T> {
        parse(self.0?.as_str()?)
    }

    fn flag(self) -> Option<bool> {
        self.0?.as_bool()
    }

    /// A whole number that is not negative, also when written with a fraction of zero.
    fn number(self) -> Option<u64> {
        let value = self.0?;
        value.as_u64().or_else(|| {
            let number = value.as_f64().filter(|f| f.fract() == 0.0 && (0.0..=9.0e15).contains(f))?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked above")]
            Some(number as u64)
        })
    }

    fn texts(self) -> Vec<String> {
        let list = self.0.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|v| At(Some(v)).text()).collect()
    }

    /// The texts of an object, by name.
    fn named_texts(self) -> Vec<(String, Secret)> {
        let map = self.0.and_then(Value::as_object).into_iter().flatten();
        map.filter_map(|(name, value)| Some((name.clone(), At(Some(value)).text()?.into()))).collect()
    }

    fn map(self) -> BTreeMap<String, Vec<String>> {
        let map = self.0.and_then(Value::as_object).into_iter().flatten();
        map.map(|(key, value)| (key.clone(), At(Some(value)).texts())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_agree_with_the_table() {
        let config = GatewayConfig::from_value(&json!({}));
        let default = |path: &str| crate::schema::effective_default(&path.parse().unwrap()).unwrap();
        assert_eq!(config, GatewayConfig::default());
        assert_eq!(default("gateway.auth.rateLimit.maxAttempts"), config.auth.rate_limit.max_attempts);
        assert_eq!(default("gateway.auth.rateLimit.windowMs"), config.auth.rate_limit.window_ms);
        assert_eq!(default("gateway.auth.rateLimit.lockoutMs"), config.auth.rate_limit.lockout_ms);
        assert_eq!(default("gateway.auth.rateLimit.exemptLoopback"), config.auth.rate_limit.exempt_loopback);
        assert_eq!(default("gateway.controlUi.enabled"), config.control_ui.enabled);
        assert_eq!(default("gateway.reload.mode"), config.reload.mode.as_str());
        assert_eq!(default("gateway.reload.debounceMs"), config.reload.debounce_ms);
        assert_eq!(default("gateway.tls.autoGenerate"), config.tls.auto_generate);
        assert_eq!(default("gateway.nodes.pairing.autoApproveLocal"), config.nodes.auto_approve_local);
        assert_eq!(default("logging.level"), config.logging.level.as_str());
        assert_eq!(default("logging.consoleStyle"), config.logging.console_style.as_str());
        assert_eq!(default("logging.maxFileBytes"), config.logging.max_file_bytes);
        assert_eq!(default("gateway.port"), crate::paths::DEFAULT_PORT);
    }

    #[test]
    fn every_choice_of_the_table_is_a_word() {
        let choices =
            |path: &str| crate::schema::at(&path.parse().unwrap()).unwrap().node().unwrap().choices.clone();
        assert!(choices("gateway.mode").iter().all(|w| Mode::parse(w).is_some()));
        assert!(choices("gateway.bind").iter().all(|w| Bind::parse(w).is_some()));
        assert!(choices("gateway.auth.mode").iter().all(|w| AuthMode::parse(w).is_some()));
        assert!(choices("gateway.reload.mode").iter().all(|w| ReloadMode::parse(w).is_some()));
        assert!(choices("gateway.tailscale.mode").iter().all(|w| TailscaleMode::parse(w).is_some()));
        assert!(choices("gateway.remote.transport").iter().all(|w| Transport::parse(w).is_some()));
        assert!(choices("logging.level").iter().all(|w| Level::parse(w).is_some()));
        assert!(choices("logging.consoleStyle").iter().all(|w| ConsoleStyle::parse(w).is_some()));
    }

    #[test]
    fn reads() {
        let config = GatewayConfig::from_value(&json!({
            "gateway": {
                "mode": "local", "port": 18790.0, "bind": "custom", "customBindHost": " 10.0.0.1 ",
                "auth": {"mode": "trusted-proxy", "rateLimit": {"maxAttempts": 3}, "trustedProxy": {"userHeader": "x-user"},
                         "identityScopes": {"a@b": ["operator.read"]}},
                "trustedProxies": ["10.0.0.0/8", ""],
                "controlUi": {"basePath": "ui/", "allowedOrigins": [" https://a "]},
                "http": {"securityHeaders": {"strictTransportSecurity": false}},
                "nodes": {"allowCommands": ["x"], "commands": {"deny": ["y"]}},
            },
            "logging": {"level": "debug", "redactSensitive": "off"},
        }));
        assert_eq!(
            (config.mode, config.port, config.bind),
            (Some(Mode::Local), Some(18790), Some(Bind::Custom))
        );
        assert_eq!(config.custom_bind_host.as_deref(), Some("10.0.0.1"));
        assert_eq!(config.auth.rate_limit, RateLimit { max_attempts: 3, ..RateLimit::default() });
        assert_eq!(config.auth.trusted_proxy.unwrap().user_header, "x-user");
        assert_eq!(config.auth.identity_scopes["a@b"], ["operator.read"]);
        assert_eq!(config.trusted_proxies, ["10.0.0.0/8"]);
        assert_eq!(
            (config.control_ui.base_path.as_str(), config.control_ui.allowed_origins[0].as_str()),
            ("/ui", "https://a")
        );
        assert_eq!(config.http.strict_transport_security, None);
        assert_eq!(
            (config.nodes.allow_commands, config.nodes.deny_commands),
            (vec!["x".to_owned()], vec!["y".to_owned()])
        );
        assert_eq!((config.logging.level, config.logging.redact_sensitive), (Level::Debug, false));
        for port in [json!(0), json!(70000), json!(-1), json!("1"), json!(1.5)] {
            assert_eq!(GatewayConfig::from_value(&json!({"gateway": {"port": port}})).port, None);
        }
    }
}
