//! Who can reach the gateway, and what he is asked for.

use std::net::IpAddr;

use openclaw_config::Loaded;
use openclaw_config::gateway::{AuthMode, Bind};
use openclaw_config::start;
use openclaw_protocol::secret::{Secret, is_placeholder};

use super::{Facts, Finding, Severity};

/// Shorter tokens can be guessed, and are too short for a fingerprint (ruling 32).
const MIN_TOKEN: usize = 24;
/// Shorter passwords can be guessed within the limits of the lock-out.
const MIN_PASSWORD: usize = 12;
/// A token of fewer different characters was typed, not made.
const MIN_DISTINCT: usize = 8;
/// More failures than this within a window are guessing.
const MANY_ATTEMPTS: u32 = 1_000;

/// Where it listens: what is written, or what a start would choose.
pub(super) fn bind(facts: &Facts<'_>, loaded: &Loaded) -> Bind {
    let default = if facts.in_container { Bind::Auto } else { Bind::Loopback };
    loaded.gateway.bind.unwrap_or(default)
}

/// Nobody but this machine reaches it.
pub(super) fn is_private(facts: &Facts<'_>, loaded: &Loaded) -> bool {
    let bind = bind(facts, loaded);
    let host: Option<IpAddr> = loaded
        .gateway
        .custom_bind_host
        .as_deref()
        .and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    start::stays_on_loopback(bind, host) || (bind == Bind::Auto && !facts.in_container)
}

/// The mode that is in force: what is written, else by which secret there is (auth-and-pairing §2.1).
pub(super) fn mode(loaded: &Loaded) -> AuthMode {
    let auth = &loaded.gateway.auth;
    let password =
        || auth.password.is_configured() || loaded.env_secret("OPENCLAW_GATEWAY_PASSWORD").is_some();
    auth.mode.unwrap_or_else(|| if password() { AuthMode::Password } else { AuthMode::Token })
}

/// The token that a start would use.
pub(super) fn token(loaded: &Loaded) -> Option<Secret> {
    loaded.gateway.auth.token.get().cloned().or_else(|| loaded.env_secret("OPENCLAW_GATEWAY_TOKEN"))
}

fn password(loaded: &Loaded) -> Option<Secret> {
    loaded.gateway.auth.password.get().cloned().or_else(|| loaded.env_secret("OPENCLAW_GATEWAY_PASSWORD"))
}

pub(super) fn check(facts: &Facts<'_>, loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    let (bind, mode, private) = (bind(facts, loaded), mode(loaded), is_private(facts, loaded));
    let openclaw = |words: &str| facts.vantage.openclaw(words);
    match (mode, private) {
        (AuthMode::None, false) => found.push(
            Finding::new(
                "gateway.bind_no_auth",
                Severity::Critical,
                "Gateway bind without auth",
                format!("gateway.bind is {bind} and gateway.auth.mode is none: a gateway refuses to start like this."),
            )
            .fix(openclaw("doctor --generate-gateway-token")),
        ),
        (AuthMode::None, true) => found.push(
            Finding::new(
                "gateway.loopback_no_auth",
                Severity::Warn,
                "No auth on loopback",
                "gateway.auth.mode is none: every program of this account on this machine is the operator.",
            )
            .fix(openclaw("config set gateway.auth.mode token")),
        ),
        _ => {}
    }
    if !private && !facts.in_container && loaded.gateway.trusted_proxies.is_empty() {
        found.push(
            Finding::new(
                "gateway.bind_no_tls",
                Severity::Warn,
                "The network can read along",
                format!(
                    "gateway.bind is {bind} and nothing encrypts: token and conversations travel in plain text. \
                     Put TLS in front, or listen on loopback and use an SSH tunnel."
                ),
            )
            .fix(openclaw("config set gateway.bind loopback")),
        );
    }
    found.extend(shared_secret(facts, loaded, mode));
    let limit = &loaded.gateway.auth.rate_limit;
    if !private && (limit.max_attempts > MANY_ATTEMPTS || limit.lockout_ms == 0) {
        found.push(
            Finding::new(
                "gateway.auth_no_rate_limit",
                Severity::Warn,
                "Guessing is hardly limited",
                "gateway.auth.rateLimit allows so many failures that a secret can be guessed from the network.",
            )
            .fix(openclaw("config unset gateway.auth.rateLimit")),
        );
    }
    found
}

/// The token or the password, whichever the mode asks for.
fn shared_secret(facts: &Facts<'_>, loaded: &Loaded, mode: AuthMode) -> Vec<Finding> {
    let openclaw = |words: &str| facts.vantage.openclaw(words);
    let mut found = Vec::new();
    let mut note = |id, severity, title: &str, detail: String, fix: String| {
        found.push(Finding::new(id, severity, title, detail).fix(fix));
    };
    match (mode, token(loaded), password(loaded)) {
        (AuthMode::Token, Some(token), _) => {
            let text = token.expose();
            let distinct: std::collections::BTreeSet<char> = text.chars().collect();
            let renew = openclaw("auth regenerate");
            if is_placeholder(text) {
                let detail = "The token is the placeholder of a guide, which everybody knows.".to_owned();
                note(
                    "gateway.token_placeholder",
                    Severity::Critical,
                    "The token is a placeholder",
                    detail,
                    renew,
                );
            } else if text.chars().count() < MIN_TOKEN {
                let detail = format!("The token has fewer than {MIN_TOKEN} characters.");
                note("gateway.token_too_short", Severity::Warn, "The token is short", detail, renew);
            } else if distinct.len() < MIN_DISTINCT {
                let detail = "The token repeats a few characters and can be guessed.".to_owned();
                note("gateway.token_weak", Severity::Warn, "The token is weak", detail, renew);
            }
        }
        (AuthMode::Password, _, Some(password)) => {
            let text = password.expose();
            let choose = openclaw("config set gateway.auth.password <password>");
            if is_placeholder(text) {
                let detail = "The password is the placeholder of a guide, which everybody knows.".to_owned();
                note(
                    "gateway.password_placeholder",
                    Severity::Critical,
                    "The password is a placeholder",
                    detail,
                    choose,
                );
            } else if text.chars().count() < MIN_PASSWORD {
                let detail = format!("The password has fewer than {MIN_PASSWORD} characters.");
                note("gateway.password_too_short", Severity::Warn, "The password is short", detail, choose);
            }
        }
        _ => {}
    }
    found
}

/// What there is to attack, in one line.
pub(super) fn surface(facts: &Facts<'_>, loaded: &Loaded) -> Finding {
    let gateway = &loaded.gateway;
    let on = |flag: bool| if flag { "on" } else { "off" };
    let detail = format!(
        "bind {} · auth {} · TLS off · dashboard {} · {} allowed origins · {} trusted proxies · silent pairing on this machine {}",
        bind(facts, loaded),
        mode(loaded),
        on(gateway.control_ui.enabled),
        gateway.control_ui.allowed_origins.len(),
        gateway.trusted_proxies.len(),
        on(gateway.nodes.auto_approve_local),
    );
    Finding::new("summary.attack_surface", Severity::Info, "Attack surface summary", detail)
}
