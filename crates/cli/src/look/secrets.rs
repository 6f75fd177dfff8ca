//! Every place that holds a shared secret, in the order in which they count, with fingerprints (F-12, G3-11).
//!
//! The gateway and the commands of this shell do not weigh places equally: for the gateway its command line, then the
//! file, then its environment counts; a command sends what the shell's environment says before what the file says
//! (cli §5.2). A variable that differs from the file is therefore sent and refused (C-08), and that is what the lines
//! here are for.

use openclaw_config::gateway::{AuthMode, GatewayConfig};
use openclaw_config::start::{self, Overrides};
use openclaw_protocol::refusal::{Help, TokenSource, token_mismatch};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::words::Words;
use openclaw_service::Report;
use serde_json::{Value, json};

use super::OwnerView;
use crate::context::Context;
use crate::reach::Inputs;

/// One place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SecretLine {
    /// `token` or `password`.
    pub(crate) kind: &'static str,
    /// Where it stands: `config gateway.auth.token`, `env OPENCLAW_GATEWAY_TOKEN`.
    pub(crate) place: String,
    /// Who reads it.
    pub(crate) reader: Reader,
    /// Eight hex digits, for tokens that are long enough (ruling 32).
    pub(crate) fingerprint: Option<String>,
    /// What it is in comparison with the one in force.
    pub(crate) verdict: Verdict,
    /// The way out, when it is in the way.
    pub(crate) help: Option<Help>,
}

/// Who reads a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The gateway.
    Gateway,
    /// Commands that are run in this shell.
    Commands,
    /// Commands, when `gateway.mode` is remote.
    RemoteCommands,
    /// The supervisor's definition of the service.
    Service,
}

/// How a secret compares with the one in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the one that counts.
    InForce,
    /// The same value once more.
    Duplicate,
    /// Another value.
    Stale,
    /// Cannot be compared, or does not matter in this mode.
    Unused,
}

impl Verdict {
    /// In `--json`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Verdict::InForce => "in-force",
            Verdict::Duplicate => "duplicate",
            Verdict::Stale => "stale",
            Verdict::Unused => "unused",
        }
    }
}

impl SecretLine {
    /// `config gateway.auth.token · fingerprint 1a2b3c4d · in force`.
    pub(crate) fn line(&self) -> String {
        let mut parts = vec![self.place.clone()];
        if let Some(digits) = &self.fingerprint {
            parts.push(format!("fingerprint {digits}"));
        } else if self.kind == "password" {
            parts.push("password".to_owned());
        }
        parts.push(self.meaning().to_owned());
        parts.join(" · ")
    }

    fn meaning(&self) -> &'static str {
        match (self.verdict, self.reader) {
            (Verdict::InForce, Reader::RemoteCommands) => "sent to the remote gateway",
            (Verdict::InForce, _) => "in force",
            (Verdict::Duplicate, _) => "duplicate: the same value again",
            (Verdict::Stale, Reader::Gateway) => "stale: another value, which the gateway does not use",
            (Verdict::Stale, Reader::Commands) => "stale: commands in this shell send it and are refused",
            (Verdict::Stale, Reader::RemoteCommands) => "stale: another value, for gateway.mode remote only",
            (Verdict::Stale, Reader::Service) => "stale: another value in the service's definition",
            (Verdict::Unused, Reader::RemoteCommands) => "not sent: what stands above it wins",
            (Verdict::Unused, _) => "not used in this auth mode",
        }
    }

    /// Something should be done about it.
    pub(crate) fn is_trouble(&self) -> bool {
        match self.verdict {
            Verdict::Stale => self.reader != Reader::RemoteCommands,
            Verdict::Duplicate | Verdict::InForce | Verdict::Unused => false,
        }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "kind": self.kind,
            "source": self.place,
            "fingerprint": self.fingerprint,
            "state": self.verdict.as_str(),
            "usedBy": match self.reader {
                Reader::Gateway => "gateway",
                Reader::Commands => "cli",
                Reader::RemoteCommands => "cli-remote",
                Reader::Service => "service",
            },
            "fix": self.help.as_ref().and_then(|help| help.fix.as_ref()),
        })
    }
}

/// The places of this machine, the gateway's own first.
pub(super) fn of(
    context: &Context,
    inputs: &Inputs<'_>,
    owner: &OwnerView,
    service: Option<&Report>,
) -> Vec<SecretLine> {
    let Ok(loaded) = context.config() else { return Vec::new() };
    let told = owner.gateway("secretSources").and_then(Value::as_array);
    let mut lines: Vec<SecretLine> = match told {
        Some(told) => told.iter().filter_map(from_gateway).collect(),
        None => guess(loaded),
    };
    let config = context.with_secrets_asked(&inputs.config);
    if inputs.is_remote_mode() {
        return of_commands(context, &config);
    }
    let auth = config.auth.token.get().cloned();
    for kind in ["token", "password"] {
        let name = if kind == "token" { "OPENCLAW_GATEWAY_TOKEN" } else { "OPENCLAW_GATEWAY_PASSWORD" };
        let in_shell = context.env.get(name).and_then(Secret::present);
        let in_dotenv = loaded.env_secret(name).filter(|_| in_shell.is_none());
        let place = if in_shell.is_some() {
            format!("env {name} (this shell)")
        } else {
            format!("env {name} (from {})", context.paths.short(&context.paths.dotenv()))
        };
        if let Some(secret) = in_shell.or(in_dotenv) {
            let mut line = compare(&lines, kind, &secret, place, Reader::Commands, auth.as_ref());
            let listed = lines.iter().any(|other| {
                other.place.starts_with(&format!("env {name}"))
                    && other.fingerprint == line.fingerprint
                    && kind == "token"
            });
            if line.is_trouble() {
                let set_in = context
                    .env
                    .get(name)
                    .is_none()
                    .then(|| Words::new(&context.paths.short(&context.paths.dotenv())));
                let ours = TokenSource::Env { name: name.to_owned(), set_in };
                let prints = (line.fingerprint.as_deref(), print_in_force(&lines));
                line.help = (kind == "token").then(|| {
                    token_mismatch(
                        (&ours, prints.0),
                        (&TokenSource::ConfigAuth, prints.1),
                        false,
                        context.vantage(),
                    )
                });
            }
            // What the gateway reports of its own environment and this shell's are one place when they agree.
            if !listed || line.is_trouble() {
                lines.push(line);
            }
        }
        let remote = if kind == "token" { &config.remote.token } else { &config.remote.password };
        if let Some(secret) = remote.get() {
            let place = format!("config gateway.remote.{kind}");
            lines.push(compare(&lines, kind, secret, place, Reader::RemoteCommands, auth.as_ref()));
        }
    }
    let definition = service.and_then(|report| report.definition.as_ref());
    if let Some((definition, secret)) = definition.and_then(|found| Some((found, found.token()?))) {
        let name = definition.path.file_name().unwrap_or_default().to_string_lossy();
        let place = format!("service definition {}", Words::new(&name));
        lines.push(compare(&lines, "token", &secret, place, Reader::Service, auth.as_ref()));
    }
    settle(lines, inputs.config.auth.mode)
}

/// What commands send to the configured remote gateway: its own section, then the environment, then the local one
/// (cli §5.2). What that gateway expects cannot be seen from here.
fn of_commands(context: &Context, config: &GatewayConfig) -> Vec<SecretLine> {
    let mut lines: Vec<SecretLine> = Vec::new();
    for kind in ["token", "password"] {
        let (name, remote, auth) = match kind {
            "token" => ("OPENCLAW_GATEWAY_TOKEN", &config.remote.token, &config.auth.token),
            _ => ("OPENCLAW_GATEWAY_PASSWORD", &config.remote.password, &config.auth.password),
        };
        let shell = context.env.get(name).and_then(Secret::present);
        let found = [
            (remote.get(), format!("config gateway.remote.{kind}")),
            (shell.as_ref(), format!("env {name} (this shell)")),
            (auth.get(), format!("config gateway.auth.{kind}")),
        ];
        let found = found.into_iter().filter_map(|(secret, place)| Some((secret?, place)));
        for (index, (secret, place)) in found.enumerate() {
            lines.push(SecretLine {
                kind,
                place,
                reader: Reader::RemoteCommands,
                fingerprint: (kind == "token").then(|| secret.fingerprint()).flatten(),
                verdict: if index == 0 { Verdict::InForce } else { Verdict::Unused },
                help: None,
            });
        }
    }
    lines
}

/// As the running gateway reports it.
fn from_gateway(told: &Value) -> Option<SecretLine> {
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    let flag = |name: &str| told.get(name).and_then(Value::as_bool).unwrap_or(false);
    let kind = if text("kind")? == "password" { "password" } else { "token" };
    let verdict = match (flag("inForce"), flag("stale")) {
        (true, _) => Verdict::InForce,
        (false, true) => Verdict::Stale,
        (false, false) => Verdict::Duplicate,
    };
    let fingerprint = text("fingerprint").map(|digits| Words::new(digits).to_string());
    Some(SecretLine {
        kind,
        // Its environment is not this shell's.
        place: match place(text("source")?, kind) {
            place if place.starts_with("env ") => format!("{place} (the gateway's)"),
            place => place,
        },
        reader: Reader::Gateway,
        fingerprint,
        verdict,
        help: None,
    })
}

/// As a gateway that is started here would see it.
fn guess(loaded: &openclaw_config::Loaded) -> Vec<SecretLine> {
    let found = start::secret_sources(loaded, &Overrides::default()).into_iter();
    found
        .map(|found| SecretLine {
            kind: found.kind,
            place: place(&found.source.to_string(), found.kind),
            reader: Reader::Gateway,
            fingerprint: found.fingerprint,
            verdict: match (found.in_force, found.stale) {
                (true, _) => Verdict::InForce,
                (false, true) => Verdict::Stale,
                (false, false) => Verdict::Duplicate,
            },
            help: None,
        })
        .collect()
}

/// `config` alone does not tell which setting.
fn place(source: &str, kind: &str) -> String {
    match source {
        "config" => format!("config gateway.auth.{kind}"),
        "command line" => format!("--{kind} on the gateway's command line"),
        other => Words::new(other).to_string(),
    }
}

fn print_in_force(lines: &[SecretLine]) -> Option<&str> {
    lines
        .iter()
        .find(|line| line.kind == "token" && line.verdict == Verdict::InForce)
        .and_then(|line| line.fingerprint.as_deref())
}

/// A place of this side, held against the one in force.
fn compare(
    lines: &[SecretLine],
    kind: &'static str,
    secret: &Secret,
    place: String,
    reader: Reader,
    config: Option<&Secret>,
) -> SecretLine {
    let fingerprint = (kind == "token").then(|| secret.fingerprint()).flatten();
    let in_force = lines.iter().find(|line| line.kind == kind && line.verdict == Verdict::InForce);
    let verdict = match (in_force, &fingerprint) {
        (None, _) => Verdict::Unused,
        (Some(of), Some(print)) if of.fingerprint.is_some() => {
            if of.fingerprint.as_ref() == Some(print) {
                Verdict::Duplicate
            } else {
                Verdict::Stale
            }
        }
        // Too short for fingerprints: only what stands in our own file can be compared.
        (Some(of), _) if of.place == "config gateway.auth.token" && kind == "token" => match config {
            Some(config) if config.matches(secret.expose()) => Verdict::Duplicate,
            Some(_) => Verdict::Stale,
            None => Verdict::Unused,
        },
        (Some(_), _) => Verdict::Unused,
    };
    SecretLine { kind, place, reader, fingerprint, verdict, help: None }
}

/// In password mode the tokens do not count, and the other way round.
fn settle(mut lines: Vec<SecretLine>, mode: Option<AuthMode>) -> Vec<SecretLine> {
    let counts = |kind: &str| match mode {
        Some(AuthMode::Token) => kind == "token",
        Some(AuthMode::Password | AuthMode::TrustedProxy) => kind == "password",
        Some(AuthMode::None) => false,
        None => true,
    };
    for line in &mut lines {
        if !counts(line.kind) {
            line.verdict = Verdict::Unused;
            line.help = None;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use openclaw_config::gateway::AuthMode;
    use openclaw_protocol::secret::Secret;
    use serde_json::json;

    use super::{Reader, Verdict, compare, from_gateway, settle};

    const LONG: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn secret(text: &str) -> Secret {
        Secret::present(text).unwrap()
    }

    fn in_force() -> Vec<super::SecretLine> {
        let print = secret(LONG).fingerprint();
        let told = json!({"kind": "token", "source": "config", "fingerprint": print, "inForce": true, "stale": false});
        vec![from_gateway(&told).unwrap()]
    }

    #[test]
    fn places_are_held_against_the_one_in_force() {
        let lines = in_force();
        assert!(
            lines[0].line().starts_with("config gateway.auth.token · fingerprint "),
            "{}",
            lines[0].line()
        );
        assert!(lines[0].line().ends_with("in force"));
        for (text, verdict, is_trouble) in [(LONG, Verdict::Duplicate, false), (OTHER, Verdict::Stale, true)]
        {
            let line = compare(&lines, "token", &secret(text), "env X".to_owned(), Reader::Commands, None);
            assert_eq!((line.verdict, line.is_trouble()), (verdict, is_trouble), "{text}");
            assert!(!line.line().contains(text), "{}", line.line());
        }
    }

    #[test]
    fn short_tokens_are_compared_with_the_file_and_never_told() {
        let told = json!({"kind": "token", "source": "config", "inForce": true, "stale": false});
        let lines = vec![from_gateway(&told).unwrap()];
        let short = secret("hunter2");
        let line = compare(&lines, "token", &short, "env X".to_owned(), Reader::Commands, Some(&short));
        assert_eq!((line.verdict, line.fingerprint), (Verdict::Duplicate, None));
    }

    #[test]
    fn what_the_mode_does_not_ask_for_is_not_in_the_way() {
        let lines = settle(in_force(), Some(AuthMode::Password));
        assert_eq!(lines[0].verdict, Verdict::Unused);
        assert_eq!(settle(in_force(), None)[0].verdict, Verdict::InForce);
    }
}
