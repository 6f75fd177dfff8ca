//! The shared secret: where it stands, in the order in which it counts, and who would send another one (F-12, C-08).

use openclaw_config::gateway::AuthMode;
use openclaw_config::secretref::SecretValue;
use openclaw_config::start::{self, Overrides, SecretSource, Source};
use openclaw_config::{IssueKind, Loaded};

use crate::facts::Facts;
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "gateway-auth";
pub(super) const WHAT: &str = "Gateway token";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(loaded) = facts.loaded() else {
        return vec![Finding::skipped(ID, WHAT, "the configuration cannot be read")];
    };
    if facts.is_remote() {
        return vec![Finding::ok(ID, WHAT, "gateway.mode is remote: that gateway has its own")];
    }
    let mut findings = placeholders(facts, loaded);
    let sources = start::secret_sources(loaded, &Overrides::default());
    let uses = if loaded.gateway.auth.mode == Some(AuthMode::Password) { "password" } else { "token" };
    for source in sources.iter().filter(|source| source.kind == uses) {
        if source.in_force {
            findings.insert(0, Finding::ok(ID, WHAT, in_force(facts, source)));
        } else if source.stale {
            findings.push(stale(facts, source, &sources));
        }
    }
    let has = |kind: &str| sources.iter().any(|source| source.kind == kind);
    match loaded.gateway.auth.mode {
        Some(AuthMode::None | AuthMode::TrustedProxy) => {
            let mode = loaded.gateway.auth.mode.map_or("none", AuthMode::as_str);
            findings.push(Finding::ok(ID, WHAT, format!("not used: gateway.auth.mode is {mode}")));
        }
        Some(AuthMode::Password) if !has("password") => {}
        Some(AuthMode::Token) | None if !has("token") && !has("password") && findings.is_empty() => {
            findings.push(missing(facts, loaded));
        }
        _ => {}
    }
    findings
}

fn missing(facts: &Facts<'_>, loaded: &Loaded) -> Finding {
    match &loaded.gateway.auth.token {
        SecretValue::Unresolved(why) => {
            Finding::blocking(ID, WHAT, format!("gateway.auth.token is configured but unavailable: {why}"))
                .advice("make the value available to the gateway; it is never overwritten")
        }
        SecretValue::Pending(_) => Finding::ok(
            ID,
            WHAT,
            "gateway.auth.token comes from a program that the gateway asks when it starts",
        ),
        _ => Finding::warning(ID, WHAT, "the gateway has no token")
            .cause("C-12")
            .fix(facts.command("doctor --generate-gateway-token"))
            .repair(Repair::GenerateToken),
    }
}

fn in_force(facts: &Facts<'_>, source: &SecretSource) -> String {
    let digits = source.fingerprint.as_deref().map(|digits| format!(" (fingerprint {digits})"));
    let kind = if source.kind == "password" { "password from " } else { "" };
    format!("{kind}{}{}", place(facts, source.kind, &source.source), digits.unwrap_or_default())
}

fn stale(facts: &Facts<'_>, source: &SecretSource, all: &[SecretSource]) -> Finding {
    let winner = all.iter().find(|other| other.kind == source.kind && other.in_force);
    let winner = winner.map(|winner| in_force(facts, winner)).unwrap_or_default();
    let fact = format!(
        "{} differs from what the gateway uses: {winner}. Commands and clients started from here send the other one",
        in_force(facts, source)
    );
    let finding = Finding::warning(ID, WHAT, fact).cause("C-08");
    match source.source {
        Source::Env(name) if facts.env.get(name).is_some() => finding.fix(format!("unset {name}")),
        Source::Env(name) => {
            finding.advice(format!("remove {name} from {}", facts.short(&facts.paths.dotenv())))
        }
        _ => finding,
    }
}

fn place(facts: &Facts<'_>, kind: &str, source: &Source) -> String {
    match source {
        Source::Config => {
            format!("gateway.auth.{kind} in {}", facts.short(&facts.paths.config_path))
        }
        Source::Env(name) if facts.env.get(name).is_some() => format!("{name} in this environment"),
        Source::Env(name) => format!("{name} in {}", facts.short(&facts.paths.dotenv())),
        other => other.to_string(),
    }
}

/// A guide's placeholder, or the marker of a redacted listing, where the token belongs (ruling 34).
fn placeholders(facts: &Facts<'_>, loaded: &Loaded) -> Vec<Finding> {
    loaded
        .issues
        .iter()
        .filter(|issue| issue.kind == IssueKind::Placeholder && issue.path.starts_with("gateway.auth."))
        .map(|issue| {
            let fact = format!("{issue}{}", issue.line.map(|l| format!(" (line {l})")).unwrap_or_default());
            Finding::blocking(ID, WHAT, fact)
                .fix(facts.command("doctor --generate-gateway-token"))
                .at(&issue.path, issue.line)
        })
        .collect()
}
