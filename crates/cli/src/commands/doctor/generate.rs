//! `doctor --generate-gateway-token` (G1-6, D-07) and `auth regenerate` (G5-2): a token, made live, and nothing else.

use openclaw_config::gateway::AuthMode;
use openclaw_config::start::Source;
use openclaw_config::{Issue, Severity};
use openclaw_doctor::token::{Asked, Made, TokenError, generate};
use openclaw_protocol::time::Millis;
use serde_json::json;

use crate::args::reach::ReachArgs;
use crate::commands::applied;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{Style, Ui, time};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// What asks, for the records.
    pub(crate) origin: &'static str,
    /// A token that is there gives way.
    pub(crate) replace: bool,
    /// One JSON document.
    pub(crate) json: bool,
}

/// Makes the token, and says what became of it.
pub(crate) async fn run(context: &Context, ui: &mut Ui, wish: Wish) -> Outcome {
    let made = quietly(context, wish)?;
    let hints = context.hints(&ReachArgs::default());
    let file = context.paths.short(&context.paths.config_path);
    match made {
        Made::Kept { fingerprint, source, legacy, mode } => {
            let place = match (&source, legacy) {
                (Source::Config, true) => format!("gateway.token in {file}"),
                (Source::Config, false) => format!("gateway.auth.token in {file}"),
                (Source::Env(name), _) => format!("the variable {name}"),
                (other, _) => other.to_string(),
            };
            if wish.json {
                ui.json(&json!({
                    "ok": true, "created": false, "fingerprint": fingerprint, "source": place,
                    "mode": mode.as_str(), "path": context.paths.config_path,
                }));
                return Ok(0);
            }
            let digits = fingerprint.map(|digits| format!(" (fingerprint {digits})")).unwrap_or_default();
            ui.line(format!("The gateway has a token already{digits}, in {place}; it was kept."));
            if legacy {
                ui.line(format!("To move it to its current key: {}", hints.local("doctor --fix")));
            }
            mode_note(ui, &hints.local("config set gateway.auth.mode token"), mode);
            ui.line(format!("Show it with: {}", hints.local("gateway auth-token --show")));
            ui.line(format!("Replace it with: {}", hints.local("auth regenerate")));
            Ok(0)
        }
        Made::Created { fingerprint, outcome, mode } => {
            let applied = applied::wait(&context.again()).await;
            let change = outcome.as_ref().and_then(|outcome| outcome.change);
            let left: Vec<Issue> = outcome
                .iter()
                .flat_map(|outcome| outcome.loaded.issues_of(Severity::Fatal).cloned())
                .collect();
            if wish.json {
                ui.json(&json!({
                    "ok": true, "created": true, "fingerprint": fingerprint,
                    "source": format!("gateway.auth.token in {file}"), "mode": mode.as_str(),
                    "path": context.paths.config_path, "applied": applied.word(), "change": change,
                    "issues": left,
                }));
                return Ok(0);
            }
            let digits = fingerprint.map(|digits| format!(" (fingerprint {digits})")).unwrap_or_default();
            ui.styled(
                Style::Good,
                format!(
                    "Gateway token configured: a new one{digits} is saved as gateway.auth.token in {file}."
                ),
            );
            ui.line(applied.line(context));
            if wish.replace && applied == applied::Applied::InForce {
                ui.line("Clients that came in with the old token were told and disconnected; paired devices keep their access.");
            }
            mode_note(ui, &hints.local("config set gateway.auth.mode token"), mode);
            ui.line(format!("Show it with: {}", hints.local("gateway auth-token --show")));
            ui.line(format!("Next: {} opens a page that knows it.", hints.local("dashboard")));
            if let Some(change) = change {
                ui.line(format!("Undo with: {}", hints.local(&format!("config undo {change}"))));
            }
            if context.env.get("OPENCLAW_GATEWAY_TOKEN").is_some() {
                ui.note_styled(
                    Style::Warn,
                    "OPENCLAW_GATEWAY_TOKEN is set in this environment; clients started from here send that one. Fix: unset OPENCLAW_GATEWAY_TOKEN",
                );
            }
            if !left.is_empty() {
                for line in context.invalid_config(&left) {
                    ui.note(line);
                }
            }
            Ok(0)
        }
    }
}

/// Makes the token without a word.
pub(super) fn quietly(context: &Context, wish: Wish) -> Result<Made, Failure> {
    let hints = context.hints(&ReachArgs::default());
    let asked = Asked {
        paths: &context.paths,
        env: &context.env,
        origin: wish.origin,
        now: Millis(time::now_ms()),
        argv: &context.words,
        in_place: false,
    };
    generate(&asked, wish.replace).map_err(|error| {
        let failure =
            Failure::new(format!("No gateway token was made: {error}")).detail("Nothing was changed.");
        match error {
            TokenError::Reference(_) => failure.fix(hints.local("config set gateway.auth.token <token>")),
            TokenError::TrustedProxy => failure.fix(hints.local("config set gateway.auth.mode token")),
            _ => failure.fix(hints.local("config validate")),
        }
    })
}

fn mode_note(ui: &mut Ui, command: &str, mode: AuthMode) {
    match mode {
        AuthMode::Token | AuthMode::TrustedProxy => {}
        AuthMode::Password => ui.line(format!(
            "gateway.auth.mode is password: clients are asked for the password. To ask for the token instead: {command}"
        )),
        AuthMode::None => ui.line(format!(
            "gateway.auth.mode is none: nobody is asked for it. To ask for the token: {command}"
        )),
    }
}
