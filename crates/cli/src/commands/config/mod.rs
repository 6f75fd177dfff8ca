//! `openclaw config …` (cli §9): the file itself, with or without a gateway. A running gateway watches the file and
//! applies changes by itself.

mod change;
mod history;
mod read;

use crate::args::config::{ConfigArgs, ConfigCommand};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui::Ui;

/// `--json` asks for a document. With `config set` it is about the value instead.
pub(crate) fn wants_json(args: &ConfigArgs) -> bool {
    match &args.command {
        Some(ConfigCommand::Get(args)) => args.json,
        Some(ConfigCommand::Unset(args)) => args.json,
        Some(ConfigCommand::File(args)) => args.json,
        Some(ConfigCommand::Validate(args)) => args.json,
        Some(ConfigCommand::Schema(args)) => args.json,
        Some(ConfigCommand::Undo(args)) => args.json,
        Some(ConfigCommand::History(args)) => args.json,
        _ => false,
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, ui: &mut Ui, args: &ConfigArgs) -> Outcome {
    match &args.command {
        Some(ConfigCommand::Get(args)) => read::get(context, ui, args),
        Some(ConfigCommand::File(args)) => read::file(context, ui, args),
        Some(ConfigCommand::Validate(args)) => read::validate(context, ui, args),
        Some(ConfigCommand::Schema(args)) => read::schema(ui, args),
        Some(ConfigCommand::Set(args)) => change::set(context, ui, args),
        Some(ConfigCommand::Unset(args)) => change::unset(context, ui, args),
        Some(ConfigCommand::Patch(args)) => change::patch(context, ui, args),
        Some(ConfigCommand::Undo(args)) => history::undo(context, ui, args),
        Some(ConfigCommand::History(args)) => history::list(context, ui, args),
        None | Some(ConfigCommand::Other(_)) => Ok(0),
    }
}

#[cfg(test)]
mod tests;
