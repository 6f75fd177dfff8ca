//! `config get | file | validate | schema`: looking at the file. Secrets are hidden, always (cli §4.6).

use openclaw_config::file::Answer;
use openclaw_config::gateway::Bind;
use openclaw_config::{Issue, KeyPath, Severity};
use openclaw_config::{report, schema};
use openclaw_protocol::secret::{REDACTED, Secret};
use serde_json::{Value, json};

use crate::args::config::{FileArgs, GetArgs, SchemaArgs, ValidateArgs};
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::ui::{Style, Ui};

/// `config get`.
pub(super) fn get(context: &Context, ui: &mut Ui, args: &GetArgs) -> Outcome {
    let path = parse(&args.path)?;
    let hints = context.hints(&ReachArgs::default());
    let loaded = context.config().map_err(|error| unusable(context, &error.issues()))?;
    if !loaded.is_valid() {
        return Err(unusable(context, &loaded.issues));
    }
    let value = match loaded.get(&path) {
        Answer::Set(value) => {
            if value == REDACTED {
                ui.note(hidden(context, &path));
            }
            value
        }
        Answer::Default(value) => {
            let value = in_force(&path, value, openclaw_os::container::detect().is_some());
            ui.note(format!("{path} is not set in the file; this default is in force."));
            value
        }
        Answer::Unset => {
            return Err(Failure::new(format!(
                "Config path is valid but unset: {path}. The runtime default applies until you set an authored value with {}.",
                hints.local(&format!("config set {path} <value>"))
            )));
        }
        Answer::Unknown { suggestion } => {
            let failure = Failure::new(format!("Config path not found: {path}"))
                .details(suggestion.as_ref().map(|better| format!("(Did you mean {better}?)")));
            return Err(failure.fix(hints.local("config schema")));
        }
    };
    match (&value, args.json) {
        (Value::String(text), false) => ui.line(text),
        (value, _) => ui.json(value),
    }
    Ok(0)
}

/// The default as this place has it: in a container the gateway must be reachable from outside of it (cli §6.1).
pub(super) fn in_force(path: &KeyPath, default: Value, in_container: bool) -> Value {
    if in_container && path.to_string() == "gateway.bind" {
        Value::from(Bind::Auto.as_str())
    } else {
        default
    }
}

/// The note beside a hidden value: that it is there, and for the gateway's token how to see it.
fn hidden(context: &Context, path: &KeyPath) -> String {
    if path.to_string() != "gateway.auth.token" {
        return format!("{path} is set; its value is hidden.");
    }
    let token = context.config().ok().and_then(|loaded| loaded.gateway.auth.token.get());
    let print = |secret: &Secret| secret.fingerprint().map(|digits| format!("fingerprint {digits}"));
    let fingerprint = token.and_then(print).map(|print| format!("{print}, ")).unwrap_or_default();
    let source = context.paths.short(&context.paths.config_path);
    let command = context.vantage().openclaw("gateway auth-token --show");
    let mut note = format!(
        "The gateway token is set ({fingerprint}from {source}) and hidden; on a terminal `{command}` shows it."
    );
    // Who compares tokens wants to know of the one that wins over the file.
    let sent = context.env.get("OPENCLAW_GATEWAY_TOKEN").and_then(Secret::present);
    if let (Some(sent), Some(token)) = (sent, token)
        && !token.matches(sent.expose())
    {
        let fingerprint = print(&sent).map(|print| format!(" ({print})")).unwrap_or_default();
        note.push_str(&format!(
            " OPENCLAW_GATEWAY_TOKEN of this shell holds another one{fingerprint}, and commands send that."
        ));
    }
    note
}

/// `config file`.
pub(super) fn file(context: &Context, ui: &mut Ui, args: &FileArgs) -> Outcome {
    let path = context.paths.config_path.display().to_string();
    if args.json {
        ui.json(&json!({ "path": path }));
    } else {
        ui.line(path);
    }
    Ok(0)
}

/// `config validate`.
pub(super) fn validate(context: &Context, ui: &mut Ui, args: &ValidateArgs) -> Outcome {
    let paths = &context.paths;
    let (exists, issues) = match context.config() {
        Ok(loaded) => (loaded.exists, loaded.issues.clone()),
        Err(error) => (true, error.issues()),
    };
    let valid = exists && !report::verdict(&issues).refuse;
    if args.json {
        let document = report::validate_json(paths, exists, &issues);
        if valid || !exists {
            ui.json_line(&document)
        } else {
            ui.json(&document)
        }
        return if valid { Ok(0) } else { Err(Failure::shown(EXIT_FAILED)) };
    }
    if !exists {
        return Err(Failure::new(format!("Config file not found: {}", paths.short(&paths.config_path))));
    }
    if valid {
        ui.styled(Style::Good, format!("Config valid: {}", paths.short(&paths.config_path)));
        for line in report::warnings(paths, &issues) {
            ui.note(format!("  ! {line}"));
        }
        return Ok(0);
    }
    let mut lines = report::validate_failed(paths, &issues).into_iter();
    let failure = Failure::new(lines.next().unwrap_or_default());
    Err(failure
        .details(lines)
        .details(report::warnings(paths, &issues).into_iter().map(|line| format!("  ! {line}"))))
}

/// `config schema`.
pub(super) fn schema(ui: &mut Ui, args: &SchemaArgs) -> Outcome {
    let Some(text) = &args.path else {
        ui.json(&schema::json_schema());
        return Ok(0);
    };
    let path = parse(text)?;
    match schema::lookup(&path) {
        Some(found) => {
            ui.json(&found);
            Ok(0)
        }
        None => {
            let better = schema::suggest(&path).map(|better| format!("(Did you mean {better}?)"));
            Err(Failure::new(format!("Unknown config path: {path}.")).details(better))
        }
    }
}

/// A path as typed.
pub(super) fn parse(text: &str) -> Result<KeyPath, Failure> {
    text.parse().map_err(|error: openclaw_config::keypath::KeyPathError| Failure::new(error.to_string()))
}

/// The refusal of a verb that cannot do anything with a file like this (cli §9).
pub(super) fn unusable(context: &Context, issues: &[Issue]) -> Failure {
    let lines =
        issues.iter().filter(|issue| issue.severity != Severity::Warning).map(|issue| format!("- {issue}"));
    Failure::new(format!("Config invalid at {}.", context.paths.short(&context.paths.config_path)))
        .details(lines)
        .fix(context.hints(&ReachArgs::default()).local("config validate"))
}
