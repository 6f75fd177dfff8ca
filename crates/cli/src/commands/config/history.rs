//! `config undo | history`: what changed the file, and taking it back to the byte (F-10).

use openclaw_config::edit::history::{self, Entry};
use serde_json::{Value, json};

use super::change::{editor, refusal, say};
use crate::args::config::{HistoryArgs, UndoArgs};
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui::{Column, Table, Ui, time};

/// `config undo`.
pub(super) fn undo(context: &Context, ui: &mut Ui, args: &UndoArgs) -> Outcome {
    let (edited, entry) = editor(context, "config undo")
        .dry_run(args.dry_run)
        .undo(args.change)
        .map_err(|error| refusal(context, error))?;
    if args.json {
        ui.json(&json!({
            "ok": true,
            "changed": edited.changed && !args.dry_run,
            "undone": entry.as_ref().map(|entry| entry.id),
            "change": edited.change,
            "changedPaths": edited.changed_paths,
            "path": context.paths.config_path,
        }));
        return Ok(0);
    }
    let paths = edited.changed_paths.join(", ");
    let undone = match &entry {
        Some(entry) => format!("Took change {} back ({}: {paths}).", entry.id, entry.origin),
        None => format!("Went back to the configuration before the last change ({paths})."),
    };
    say(ui, &edited, args.dry_run, &undone, "No change: the file says the same already.");
    if let Some(change) = edited.change {
        let redo = context.hints(&ReachArgs::default()).local(&format!("config undo {change}"));
        ui.note(format!("To have it again: {redo}"));
    }
    Ok(0)
}

/// `config history`.
pub(super) fn list(context: &Context, ui: &mut Ui, args: &HistoryArgs) -> Outcome {
    let entries = history::entries(&context.paths);
    if args.json {
        let list: Vec<Value> = entries.iter().map(document).collect();
        ui.json(&json!({ "path": context.paths.config_path, "changes": list }));
        return Ok(0);
    }
    if entries.is_empty() {
        ui.line("No changes are recorded for this configuration file.");
        return Ok(0);
    }
    let now = time::now_ms();
    let mut table = Table::new(&[
        Column::whole("Change"),
        Column::wrapping("Made by"),
        Column::whole("Age"),
        Column::wrapping("Keys"),
        Column::whole("State"),
    ]);
    for entry in &entries {
        table.row([
            entry.id.to_string(),
            entry.origin.clone(),
            time::age(entry.at.0, now),
            entry.changed_paths.join(", "),
            state(entry),
        ]);
    }
    ui.table(&table);
    ui.note(format!(
        "Take one back with: {}",
        context.hints(&ReachArgs::default()).local("config undo <change>")
    ));
    Ok(0)
}

fn state(entry: &Entry) -> String {
    match (entry.undone, entry.undoes) {
        (true, _) => "taken back".to_owned(),
        (false, Some(other)) => format!("takes {other} back"),
        (false, None) => "in force".to_owned(),
    }
}

fn document(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "atMs": entry.at,
        "origin": entry.origin,
        "changedPaths": entry.changed_paths,
        "previousHash": entry.previous_hash,
        "nextHash": entry.next_hash,
        "undoes": entry.undoes,
        "undone": entry.undone,
    })
}
