//! What a gateway start needs from the configuration: port, bind, a secret; or the sentences that refuse it
//! (cli spec section 6.1, auth-and-pairing sections 2.1 and 2.2, rulings 10 to 12 and 19).

use std::fmt;
use std::net::IpAddr;

use openclaw_protocol::refusal::{Vantage, bind_without_auth, token_removed};
use openclaw_protocol::secret::Secret;

use crate::file::Loaded;
use crate::gateway::{AuthMode, Bind, Mode, TailscaleMode};
use crate::issue::Severity;
use crate::paths::Paths;
use crate::secretref::SecretValue;

/// Exit code for everything that a restart does not mend (the shipped unit does not restart on it).
pub const EXIT_CONFIG: u8 = 78;

/// What the command line of `gateway run` says. It wins over everything.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--port`.
    pub port: Option<u16>,
    /// `--bind`.
    pub bind: Option<Bind>,
    /// `--auth`.
    pub auth_mode: Option<AuthMode>,
    /// `--token`.
    pub token: Option<Secret>,
    /// `--password` or the content of `--password-file`.
    pub password: Option<Secret>,
    /// `--tailscale`.
    pub tailscale: Option<TailscaleMode>,
    /// `--allow-unconfigured`.
    pub allow_unconfigured: bool,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// The configuration file.
    Config,
    /// A variable of the environment, by name.
    Env(&'static str),
    /// Nothing was said.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("command line"),
            Self::Config => f.write_str("config"),
            Self::Env(name) => write!(f, "env {name}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A secret and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced {
    /// The value.
    pub secret: Secret,
    /// Where it came from.
    pub source: Source,
}

/// What a start uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartPlan {
    /// The port.
    pub port: u16,
    /// Who said so.
    pub port_source: Source,
    /// The addresses.
    pub bind: Bind,
    /// The address for [`Bind::Custom`].
    pub custom_host: Option<IpAddr>,
    /// How clients prove themselves.
    pub auth_mode: AuthMode,
    /// The shared token in force.
    pub token: Option<Sourced>,
    /// The shared password in force.
    pub password: Option<Sourced>,
    /// Token mode without a token: one must be generated and stored before anything listens (ruling 12).
    pub generate_token: bool,
    /// What should be said and does not stop the start.
    pub warnings: Vec<String>,
}

/// Why a gateway does not start: lines for standard error, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRefusal {
    /// The lines.
    pub lines: Vec<String>,
    /// The exit code: [`EXIT_CONFIG`], or 1 for what was asked on the command line and does not exist.
    pub exit: u8,
}

impl StartRefusal {
    fn new(lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { lines: lines.into_iter().map(Into::into).collect(), exit: EXIT_CONFIG }
    }
}

impl fmt::Display for StartRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// One place that holds a shared secret, for `status` (F-12): in order of precedence, the first is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSource {
    /// `token` or `password`.
    pub kind: &'static str,
    /// Where it stands.
    pub source: Source,
    /// Eight hex digits, for tokens of 24 characters or more (ruling 32).
    pub fingerprint: Option<String>,
    /// Whether it is the one in force.
    pub in_force: bool,
    /// Whether it differs from the one in force.
    pub stale: bool,
}

/// The port: command line, `OPENCLAW_GATEWAY_PORT`, `gateway.port`, `PORT` (what hosting platforms set, ruling 19),
/// the default of the profile.
#[must_use]
pub fn port(loaded: &Loaded, paths: &Paths, flag: Option<u16>) -> (u16, Source) {
    let env = |name: &'static str| {
        let port = loaded.env.get(name)?.trim().parse::<u16>().ok().filter(|p| *p > 0)?;
        Some((port, Source::Env(name)))
    };
    flag.map(|port| (port, Source::Flag))
        .or_else(|| env("OPENCLAW_GATEWAY_PORT"))
        .or_else(|| env("CLAWDBOT_GATEWAY_PORT"))
        .or_else(|| loaded.gateway.port.map(|port| (port, Source::Config)))
        .or_else(|| env("PORT"))
        .unwrap_or((paths.default_port, Source::Default))
}

/// Every place that holds a shared secret, in order of precedence.
#[must_use]
pub fn secret_sources(loaded: &Loaded, overrides: &Overrides) -> Vec<SecretSource> {
    let mut out = Vec::new();
    for (kind, found) in [("token", tokens(loaded, overrides)), ("password", passwords(loaded, overrides))] {
        let first = found.first().cloned();
        for (i, one) in found.into_iter().enumerate() {
            out.push(SecretSource {
                kind,
                source: one.source,
                // Passwords are too easily guessed from a digest.
                fingerprint: (kind == "token").then(|| one.secret.fingerprint()).flatten(),
                in_force: i == 0,
                stale: first.as_ref().is_some_and(|f| f.secret != one.secret),
            });
        }
    }
    out
}

fn tokens(loaded: &Loaded, overrides: &Overrides) -> Vec<Sourced> {
    sources(loaded, overrides.token.as_ref(), &loaded.gateway.auth.token, "OPENCLAW_GATEWAY_TOKEN")
}

fn passwords(loaded: &Loaded, overrides: &Overrides) -> Vec<Sourced> {
    sources(loaded, overrides.password.as_ref(), &loaded.gateway.auth.password, "OPENCLAW_GATEWAY_PASSWORD")
}

fn sources(loaded: &Loaded, flag: Option<&Secret>, config: &SecretValue, name: &'static str) -> Vec<Sourced> {
    let trimmed = |s: &Secret| Secret::present(s.expose());
    let flag = flag.and_then(trimmed).map(|secret| Sourced { secret, source: Source::Flag });
    let config = config.get().and_then(trimmed).map(|secret| Sourced { secret, source: Source::Config });
    let env = loaded.env_secret(name).map(|secret| Sourced { secret, source: Source::Env(name) });
    [flag, config, env].into_iter().flatten().collect()
}

/// Decides whether and how a gateway starts. `loaded` should have had its exec secrets resolved.
///
/// # Errors
/// The sentences to print; exit 78.
pub fn plan(loaded: &Loaded, paths: &Paths, overrides: &Overrides) -> Result<StartPlan, StartRefusal> {
    if !loaded.is_valid() {
        return Err(StartRefusal::new(crate::report::start_aborted(paths, &loaded.issues)));
    }
    let gateway = &loaded.gateway;
    if gateway.mode != Some(Mode::Local) && !overrides.allow_unconfigured {
        if !loaded.exists {
            return Err(StartRefusal::new([
                "Missing config. Run `openclaw setup` or set gateway.mode=local (or pass --allow-unconfigured).",
            ]));
        }
        let current = gateway.mode.map_or("unset", Mode::as_str);
        return Err(StartRefusal::new([
            format!(
                "Gateway start blocked: set gateway.mode=local (current: {current}) or pass --allow-unconfigured."
            ),
            format!("Config write audit: {}", paths.config_audit().display()),
            format!("Fix: {} config set gateway.mode local", paths.command()),
        ]));
    }
    let (port, port_source) = port(loaded, paths, overrides.port);
    let bind = overrides.bind.or(gateway.bind).unwrap_or(Bind::Loopback);
    let custom_host = custom_host(bind, gateway.custom_bind_host.as_deref())?;
    let token = tokens(loaded, overrides).into_iter().next();
    let password = passwords(loaded, overrides).into_iter().next();
    let auth = &gateway.auth;
    // The mode that is written wins; otherwise a password means password mode (auth-and-pairing section 2.1).
    let auth_mode = overrides.auth_mode.or(auth.mode).unwrap_or_else(|| {
        let wants_password = password.is_some()
            || matches!(auth.password, SecretValue::Unresolved(_) | SecretValue::Pending(_));
        if overrides.password.is_some() || (wants_password && overrides.token.is_none()) {
            AuthMode::Password
        } else {
            AuthMode::Token
        }
    });
    let mut warnings: Vec<String> = ["OPENCLAW_GATEWAY_PORT", "CLAWDBOT_GATEWAY_PORT"]
        .into_iter()
        .filter(|name| loaded.env.get(name).is_some_and(|p| !p.trim().parse().is_ok_and(|p: u16| p > 0)))
        .map(|name| format!("{name} is not a port number and is ignored."))
        .collect();
    let mut generate_token = false;
    match auth_mode {
        AuthMode::Token => match (&token, &auth.token) {
            (None, SecretValue::Unresolved(why)) => return Err(unavailable("gateway.auth.token", why)),
            (None, SecretValue::Pending(_)) => {
                return Err(unavailable("gateway.auth.token", "its provider was not asked"));
            }
            // A reference that fails must not let an older secret of the environment take its place.
            (Some(sourced), SecretValue::Unresolved(why)) if sourced.source != Source::Flag => {
                return Err(unavailable("gateway.auth.token", why));
            }
            (None, _) => generate_token = true,
            (Some(_), _) => {}
        },
        AuthMode::Password => match (&password, &auth.password) {
            (found, SecretValue::Unresolved(why))
                if found.as_ref().is_none_or(|s| s.source != Source::Flag) =>
            {
                return Err(unavailable("gateway.auth.password", why));
            }
            (None, _) => {
                let mut lines = vec![
                    "Gateway auth is set to password, but no password is configured.".to_owned(),
                    "Set gateway.auth.password (or OPENCLAW_GATEWAY_PASSWORD), or pass --password."
                        .to_owned(),
                ];
                lines.extend(hints(loaded));
                lines.push("Or let the gateway ask for its token instead.".to_owned());
                lines.push(format!("Fix: {} config set gateway.auth.mode token", paths.command()));
                return Err(StartRefusal::new(lines));
            }
            (Some(_), _) => {}
        },
        AuthMode::None => {
            if !stays_on_loopback(bind, custom_host) {
                let mut lines = vec![
                    format!("Refusing to bind gateway to {bind} without auth."),
                    "Set gateway.auth.token/password (or OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD) or pass --token/--password.".to_owned(),
                ];
                lines.extend(hints(loaded));
                let help = bind_without_auth(bind.as_str(), "gateway.auth.mode is none", &vantage(paths));
                lines.push(help.sentence);
                lines.extend(help.fix.map(|fix| format!("Fix: {fix}")));
                return Err(StartRefusal::new(lines));
            }
            warnings.push(
                "Gateway auth mode=none explicitly configured; all gateway connections are unauthenticated."
                    .to_owned(),
            );
        }
        AuthMode::TrustedProxy => trusted_proxy(loaded, token.as_ref())?,
    }
    if let Some(asked) = overrides.tailscale.filter(|t| *t != TailscaleMode::Off) {
        return Err(StartRefusal {
            lines: vec![format!(
                "--tailscale {asked} is not available. Run tailscale {asked} yourself and list the proxy in gateway.trustedProxies."
            )],
            exit: 1,
        });
    }
    if let Some(written) = gateway.tailscale.filter(|t| *t != TailscaleMode::Off) {
        warnings.push(format!(
            "gateway.tailscale.mode={written} has no effect. Run tailscale {written} yourself and list the proxy in gateway.trustedProxies."
        ));
    }
    if !stays_on_loopback(bind, custom_host) {
        warnings.push(
            "Gateway is binding to a non-loopback address. Ensure authentication is configured before exposing to public networks."
                .to_owned(),
        );
    }
    let hook_token = loaded.value.get("hooks").and_then(|h| h.get("token")?.as_str());
    if let (Some(hook), Some(token)) = (hook_token, &token)
        && token.secret.matches(hook.trim())
    {
        warnings.push("hooks.token is the gateway's own token: whoever may call a hook may do everything. Set a distinct hooks.token.".to_owned());
    }
    for part in loaded.issues_of(Severity::PartOff) {
        warnings.push(format!("Part of the configuration is off: {part}"));
    }
    Ok(StartPlan {
        port,
        port_source,
        bind,
        custom_host,
        auth_mode,
        token,
        password,
        generate_token,
        warnings,
    })
}

impl StartPlan {
    /// The plan after the file changed while the gateway runs. A shared secret that was removed stays in force, and the
    /// note says so (ruling 12, C-12); so does everything when the new file would refuse a start.
    #[must_use]
    pub fn after_reload(
        &self,
        loaded: &Loaded,
        paths: &Paths,
        overrides: &Overrides,
    ) -> (StartPlan, Vec<String>) {
        let mut next = match plan(loaded, paths, &Overrides { allow_unconfigured: true, ..overrides.clone() })
        {
            Ok(next) => next,
            Err(refusal) => {
                let mut notes = refusal.lines;
                notes.insert(0, "The changed configuration would not start a gateway; the running one keeps its settings.".to_owned());
                return (self.clone(), notes);
            }
        };
        let mut notes = vec![];
        if next.generate_token {
            next.generate_token = false;
            if self.token.is_some() {
                next.token = self.token.clone();
                let help = token_removed(&vantage(paths));
                let fix = help.fix.map(|fix| format!(" Fix: {fix}")).unwrap_or_default();
                notes.push(format!("{}{fix}", help.sentence));
            } else {
                next.auth_mode = self.auth_mode;
                next.password = self.password.clone();
                notes.push("Token mode without a token; the previous auth mode stays in force until the gateway restarts.".to_owned());
            }
        }
        // Addresses do not change while it runs.
        next.port = self.port;
        next.port_source = self.port_source;
        if next.auth_mode == AuthMode::None && !stays_on_loopback(self.bind, self.custom_host) {
            notes.push(
                "Auth mode none is refused off loopback; the previous auth mode stays in force.".to_owned(),
            );
            next.auth_mode = self.auth_mode;
            next.token = self.token.clone();
            next.password = self.password.clone();
        }
        next.bind = self.bind;
        next.custom_host = self.custom_host;
        (next, notes)
    }
}

/// Whoever reads why a gateway does not start stands on its host.
fn vantage(paths: &Paths) -> Vantage {
    Vantage { profile: paths.profile.clone(), ..Vantage::default() }
}

fn custom_host(bind: Bind, text: Option<&str>) -> Result<Option<IpAddr>, StartRefusal> {
    match (bind, text) {
        (Bind::Custom, None) => Err(StartRefusal::new([
            "Gateway failed to start: Error: gateway.bind=custom requires gateway.customBindHost".to_owned(),
        ])),
        (Bind::Custom, Some(text)) => match text.trim_matches(['[', ']']).parse() {
            Ok(host) => Ok(Some(host)),
            Err(_) => Err(StartRefusal::new([format!(
                "Gateway failed to start: Error: gateway.bind=custom requires a valid IPv4 customBindHost (got {})",
                openclaw_protocol::words::Words::new(text)
            )])),
        },
        _ => Ok(None),
    }
}

/// Whether nothing but this machine can reach the addresses, as far as the settings tell. `auto` and `tailnet` may turn out
/// as loopback, but nothing promises it.
#[must_use]
pub fn stays_on_loopback(bind: Bind, custom_host: Option<IpAddr>) -> bool {
    match bind {
        Bind::Loopback => true,
        Bind::Custom => custom_host.is_some_and(|h| h.to_canonical().is_loopback()),
        Bind::Lan | Bind::Tailnet | Bind::Auto => false,
    }
}

fn unavailable(path: &str, why: &str) -> StartRefusal {
    StartRefusal::new([
        format!("{path} is configured but unavailable: {why}."),
        format!("Make the value available, or set another one: openclaw config set {path} <value>"),
    ])
}

fn trusted_proxy(loaded: &Loaded, token: Option<&Sourced>) -> Result<(), StartRefusal> {
    let gateway = &loaded.gateway;
    let text = match &gateway.auth.trusted_proxy {
        None => {
            "gateway auth mode is trusted-proxy, but no trustedProxy config was provided (set gateway.auth.trustedProxy)"
        }
        Some(proxy) if proxy.user_header.is_empty() => {
            "gateway auth mode is trusted-proxy, but trustedProxy.userHeader is empty (set gateway.auth.trustedProxy.userHeader)"
        }
        Some(_) if gateway.trusted_proxies.is_empty() => {
            "gateway auth mode=trusted-proxy requires gateway.trustedProxies to be configured with at least one proxy IP"
        }
        Some(_) if token.is_some() || gateway.auth.token.is_configured() => {
            "gateway auth mode is trusted-proxy, but a shared token is also configured; remove gateway.auth.token / \
             OPENCLAW_GATEWAY_TOKEN because trusted-proxy and token auth are mutually exclusive"
        }
        Some(_) => return Ok(()),
    };
    Err(StartRefusal::new([text]))
}

/// The usual mistakes behind a missing secret.
fn hints(loaded: &Loaded) -> Vec<String> {
    let mut out = vec![];
    let gateway = loaded.source.get("gateway");
    if gateway.and_then(|g| g.get("token")).is_some() {
        out.push("Found \"gateway.token\" in config. Use \"gateway.auth.token\" instead.".to_owned());
    }
    if loaded.gateway.remote.token.is_configured() {
        out.push(
            "\"gateway.remote.token\" is for remote CLI calls; it does not enable local gateway auth."
                .to_owned(),
        );
    }
    out
}

#[cfg(test)]
mod tests;
