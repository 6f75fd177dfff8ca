//! Secrets in places from which they get out.

use openclaw_config::Loaded;
use openclaw_config::gateway::AuthMode;
use serde_json::Value;

use super::{Facts, Finding, Severity, exposure};

/// Shorter hook tokens can be guessed.
const MIN_HOOK_TOKEN: usize = 24;

pub(super) fn check(facts: &Facts<'_>, loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    let openclaw = |words: &str| facts.vantage.openclaw(words);
    let hook = loaded.value.pointer("/hooks/token").and_then(Value::as_str).map(str::trim);
    if let Some(hook) = hook.filter(|hook| !hook.is_empty()) {
        let renew = openclaw("config set hooks.token \"$(openssl rand -hex 32)\"");
        if exposure::token(loaded).is_some_and(|token| token.matches(hook)) {
            found.push(
                Finding::new(
                    "hooks.token_reuse_gateway_token",
                    Severity::Critical,
                    "Hooks use the gateway's token",
                    "hooks.token is the gateway's own token: whoever may call a hook may do everything.",
                )
                .fix(renew),
            );
        } else if hook.chars().count() < MIN_HOOK_TOKEN {
            let detail = format!("hooks.token has fewer than {MIN_HOOK_TOKEN} characters.");
            let finding =
                Finding::new("hooks.token_too_short", Severity::Warn, "The hook token is short", detail);
            found.push(finding.fix(renew));
        }
    }
    let written = loaded.source.pointer("/gateway/auth/password").and_then(Value::as_str);
    if exposure::mode(loaded) == AuthMode::Password
        && written
            .is_some_and(|text| !text.trim().is_empty() && !text.contains("${") && !text.starts_with('$'))
    {
        found.push(
            Finding::new(
                "config.secrets.gateway_password_in_config",
                Severity::Warn,
                "The password stands in the configuration",
                "gateway.auth.password is written in plain text; people reuse passwords, and the file is backed up.",
            )
            .fix(openclaw("config set gateway.auth.password '${OPENCLAW_GATEWAY_PASSWORD}'")),
        );
    }
    for unit in &facts.units_with_token {
        let detail = format!(
            "{} carries the gateway token: every program of this machine that may read the unit has it, and it goes stale when the token changes.",
            facts.paths.short(unit)
        );
        found.push(
            Finding::new(
                "service.token_embedded",
                Severity::Warn,
                "A service definition carries the token",
                detail,
            )
            .fix(openclaw("gateway install --force")),
        );
    }
    if !loaded.gateway.logging.redact_sensitive {
        found.push(
            Finding::new(
                "logging.redact_off",
                Severity::Warn,
                "Secrets in tool output reach the log",
                "logging.redactSensitive is off.",
            )
            .fix(openclaw("config unset logging.redactSensitive")),
        );
    }
    found
}
