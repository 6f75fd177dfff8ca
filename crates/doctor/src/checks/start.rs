//! Would a gateway start with this configuration (C-19, C-11, rulings 10 and 12)?

use openclaw_config::Loaded;
use openclaw_config::gateway::{AuthMode, Mode};
use openclaw_config::secretref::SecretValue;
use openclaw_config::start::{self, Overrides};

use crate::facts::{Facts, Gateway};
use crate::finding::Finding;
use crate::repair::Repair;

pub(super) const ID: &str = "gateway-start";
pub(super) const WHAT: &str = "Start";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let loaded = match facts.loaded() {
        Some(loaded) if loaded.is_valid() => loaded,
        // What is wrong then has been said.
        _ => return vec![Finding::skipped(ID, WHAT, "the configuration is not valid")],
    };
    if loaded.gateway.mode == Some(Mode::Remote) {
        return vec![remote(facts, loaded)];
    }
    let overrides = Overrides { allow_unconfigured: !loaded.exists, ..Overrides::default() };
    match start::plan(loaded, facts.paths, &overrides) {
        Ok(plan) => {
            let fact = format!("bind {}, port {}, auth {}", plan.bind, plan.port, plan.auth_mode);
            vec![Finding::ok(ID, WHAT, fact)]
        }
        Err(refusal) => vec![refused(facts, loaded, &refusal.lines)],
    }
}

fn remote(facts: &Facts<'_>, loaded: &Loaded) -> Finding {
    match &loaded.gateway.remote.url {
        Some(_) => Finding::ok(ID, WHAT, "gateway.mode is remote: no gateway runs here"),
        None => Finding::blocking(ID, WHAT, "gateway.mode is remote and gateway.remote.url is not set")
            .fix(facts.command("config set gateway.remote.url <url>")),
    }
}

fn refused(facts: &Facts<'_>, loaded: &Loaded, lines: &[String]) -> Finding {
    let gateway = &loaded.gateway;
    let mut fact = lines.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ");
    // Whoever started the running one may have given it on the command line what the file lacks.
    let runs = matches!(facts.gateway, Gateway::Answers(_));
    if runs {
        fact = format!("the next start would be refused: {fact}");
    }
    let finding = if runs { Finding::warning(ID, WHAT, fact) } else { Finding::blocking(ID, WHAT, fact) };
    if gateway.mode != Some(Mode::Local) {
        return finding.fix(facts.command("config set gateway.mode local"));
    }
    match gateway.auth.mode {
        // Only the missing lock is put in; how far the gateway can be reached stays what the owner wrote (D-04).
        Some(AuthMode::None) => finding
            .cause("C-19")
            .fix(facts.command("doctor --generate-gateway-token"))
            .repair(Repair::GenerateToken),
        Some(AuthMode::Password) if matches!(gateway.auth.password, SecretValue::Unset) => {
            finding.cause("C-11").fix(facts.command("config set gateway.auth.mode token"))
        }
        _ => finding.fix(facts.command("config validate")),
    }
}
