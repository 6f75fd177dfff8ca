//! `config set | unset | patch`: changing the file. Comments, order and unknown keys stay (ruling 13); no value
//! is ever printed back.

use std::io::Read;

use openclaw_config::edit::{EditError, Editor, Outcome as Edited};
use openclaw_config::parse::{parse as parse_json5, value_or_string};
use openclaw_config::{KeyPath, Severity};
use openclaw_protocol::time::Millis;
use serde_json::{Value, json};

use super::read::{parse, unusable};
use crate::args::config::{PatchArgs, SetArgs, UnsetArgs};
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{Style, Ui, time};

/// Largest patch read from a file or from standard input, bytes.
const MAX_PATCH: u64 = 8 * 1024 * 1024;

/// `config set`.
pub(super) fn set(context: &Context, ui: &mut Ui, args: &SetArgs) -> Outcome {
    let path = parse(&args.path)?;
    let value = if args.strict_json || args.json {
        parse_json5(&args.value)
            .map_err(|error| Failure::new(format!("Failed to parse JSON5 value: {error}")))?
    } else {
        value_or_string(&args.value)
    };
    let editor = editor(context, "config set").force(args.force).dry_run(args.dry_run);
    let edited = editor.set(&path, value).map_err(|error| refusal(context, error))?;
    // An old spelling was written under its current path.
    let typed = path.to_string();
    let written = match edited.changed_paths.as_slice() {
        [first, ..] if !edited.notes.is_empty() && !edited.changed_paths.contains(&typed) => first.clone(),
        _ => typed,
    };
    say(
        ui,
        &edited,
        args.dry_run,
        &format!("Updated {written}."),
        &format!("No change: {written} is that already."),
    );
    override_note(context, ui, &path);
    Ok(0)
}

/// `config unset`.
pub(super) fn unset(context: &Context, ui: &mut Ui, args: &UnsetArgs) -> Outcome {
    let path = parse(&args.path)?;
    let edited = editor(context, "config unset").unset(&path).map_err(|error| match error {
        EditError::Path(_) => {
            Failure::new(format!("Config path not found: {path}")).detail("Nothing was changed.")
        }
        error => refusal(context, error),
    })?;
    if args.json {
        ui.json(&json!({ "removed": path.to_string(), "changed": edited.changed }));
        return Ok(0);
    }
    say(ui, &edited, false, &format!("Removed {path}."), &format!("No change: {path} is not set."));
    Ok(0)
}

/// `config patch`.
pub(super) fn patch(context: &Context, ui: &mut Ui, args: &PatchArgs) -> Outcome {
    let text = match (&args.file, args.stdin) {
        (Some(path), false) => {
            let file = std::fs::File::open(path)
                .map_err(|why| Failure::new(format!("Cannot read {}: {why}.", path.display())))?;
            read_text(file)?
        }
        (None, true) => read_text(std::io::stdin())?,
        _ => {
            return Err(Failure::new(
                "config patch mode error: provide exactly one of --file <path> or --stdin.",
            ));
        }
    };
    let patch =
        parse_json5(&text).map_err(|error| Failure::new(format!("Failed to parse JSON5 value: {error}")))?;
    if !matches!(patch, Value::Object(_)) {
        return Err(Failure::new("The patch must be an object."));
    }
    let editor = editor(context, "config patch").force(args.force).dry_run(args.dry_run);
    let edited = editor.patch(&patch).map_err(|error| refusal(context, error))?;
    let updated = format!("Updated {}.", edited.changed_paths.join(", "));
    say(ui, &edited, args.dry_run, &updated, "No change: the file says all of that already.");
    Ok(0)
}

/// The editor that a command of this run changes the file with.
pub(super) fn editor<'a>(context: &'a Context, origin: &'a str) -> Editor<'a> {
    Editor::new(&context.paths, &context.env, origin, Millis(time::now_ms()))
        .argv(context.words.iter().cloned())
}

fn read_text(from: impl Read) -> Result<String, Failure> {
    let mut text = String::new();
    let read = from.take(MAX_PATCH + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 <= MAX_PATCH => Ok(text),
        Ok(_) => Err(Failure::new(format!("The patch is larger than {MAX_PATCH} bytes."))),
        Err(why) => Err(Failure::new(format!("Cannot read the patch: {why}."))),
    }
}

/// What happened, what a running gateway makes of it, and what else is worth knowing.
pub(super) fn say(ui: &mut Ui, edited: &Edited, dry_run: bool, done: &str, nothing: &str) {
    if !edited.changed {
        ui.line(nothing);
    } else if dry_run {
        ui.line(format!("Dry run: {} would change. Nothing was written.", edited.changed_paths.join(", ")));
    } else if edited.plan.restart() {
        ui.styled(Style::Good, format!("{done} Restart the gateway to apply."));
    } else {
        ui.styled(Style::Good, format!("{done} A running gateway applies it by itself."));
    }
    for note in &edited.notes {
        ui.note(note);
    }
    for issue in &edited.loaded.issues {
        // A finding may be about one entry of a list that was set as a whole.
        let about = |path: &String| {
            issue
                .path
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        if issue.severity == Severity::Warning && edited.changed_paths.iter().any(about) {
            ui.note_styled(Style::Warn, format!("Warning: {issue}"));
        }
    }
}

/// The environment wins over some of the file's values; whoever sets them should hear it (C-08a).
fn override_note(context: &Context, ui: &mut Ui, path: &KeyPath) {
    let variable = match path.to_string().as_str() {
        "gateway.auth.token" | "gateway.token" => "OPENCLAW_GATEWAY_TOKEN",
        "gateway.auth.password" => "OPENCLAW_GATEWAY_PASSWORD",
        "gateway.port" => "OPENCLAW_GATEWAY_PORT",
        _ => return,
    };
    if context.env.get(variable).is_some() {
        ui.note(format!(
            "{variable} is set in this environment and wins over the file for clients started from it."
        ));
    }
}

/// The sentence of the editor, with every finding on a line of its own.
pub(super) fn refusal(context: &Context, error: EditError) -> Failure {
    let hints = context.hints(&ReachArgs::default());
    match error {
        EditError::Invalid(issues) => {
            let more = issues.iter().skip(1).map(|issue| format!("  {issue}")).collect::<Vec<_>>();
            let first = issues.first().map(ToString::to_string).unwrap_or_default();
            Failure::new(format!("Config validation failed: {first}"))
                .details(more)
                .detail("Nothing was changed.")
        }
        EditError::Load(error) => unusable(context, &error.issues()),
        EditError::ChangedSince { ref later, ref copy, .. } => {
            let mut failure = Failure::new(error.to_string());
            if let [newest, ..] = later.as_slice() {
                return failure.fix(hints.local(&format!("config undo {newest}")));
            }
            failure = failure
                .detail(format!("  The file as it was before that change: {}", context.paths.short(copy)));
            failure.fix(hints.local("config history"))
        }
        EditError::Placeholder { .. } => {
            Failure::new(error.to_string()).fix(hints.local("gateway auth-token --show"))
        }
        EditError::NoSuchChange(_) => Failure::new(error.to_string()).fix(hints.local("config history")),
        EditError::NothingToUndo => {
            Failure::new(EditError::NothingToUndo.to_string()).fix(hints.local("config validate"))
        }
        error => Failure::new(error.to_string()),
    }
}
