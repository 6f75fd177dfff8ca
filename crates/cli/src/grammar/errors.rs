//! Mistakes in the words typed, said as commander says them (cli §1.3).

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Walk, suggest};
use crate::failure::Failure;

/// A parser error in commander's words.
pub(super) fn translate(error: &clap::Error, walk: &Walk<'_>) -> Failure {
    match error.kind() {
        ErrorKind::UnknownArgument => unexpected(error, walk),
        ErrorKind::InvalidSubcommand => {
            let typed = text(error, ContextKind::InvalidSubcommand);
            unknown_command(walk.command, &walk.path, &typed, 1)
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = text(error, ContextKind::InvalidArg);
            let name = missing.trim_matches(|character| "<>[].".contains(character));
            Failure::new(format!("error: missing required argument '{name}'"))
        }
        ErrorKind::InvalidValue if text(error, ContextKind::InvalidValue).is_empty() => {
            Failure::new(format!("error: option '{}' argument missing", text(error, ContextKind::InvalidArg)))
        }
        ErrorKind::ArgumentConflict => Failure::new(format!(
            "error: option '{}' cannot be used with option '{}'",
            text(error, ContextKind::InvalidArg),
            text(error, ContextKind::PriorArg)
        )),
        ErrorKind::TooManyValues => {
            Failure::new(format!("error: option '{}' takes no value", text(error, ContextKind::InvalidArg)))
        }
        ErrorKind::InvalidUtf8 => Failure::new("error: an argument is not valid UTF-8"),
        _ => {
            let rendered = error.render().to_string();
            Failure::new(rendered.lines().next().unwrap_or("error: invalid arguments").to_owned())
        }
    }
}

/// A word that stands where a command should.
pub(super) fn unknown_command(
    command: &clap::Command,
    path: &[&str],
    typed: &str,
    operands: usize,
) -> Failure {
    if typed.starts_with('-') {
        return unknown_option(command, typed);
    }
    let names = command.get_subcommands().flat_map(clap::Command::get_name_and_visible_aliases);
    let found = suggest::nearest(typed, names);
    // In the original `config` is a command of its own (the wizard), so a wrong verb is one argument too many.
    let sentence = match path {
        ["config"] => too_many(0, operands.max(1), "config"),
        _ => format!("error: unknown command '{typed}'"),
    };
    Failure::new(sentence).details(suggest::line(typed, &found))
}

fn unexpected(error: &clap::Error, walk: &Walk<'_>) -> Failure {
    let typed = text(error, ContextKind::InvalidArg);
    if typed.starts_with('-') {
        return unknown_option(walk.command, &typed);
    }
    let expected = walk.command.get_positionals().filter(|argument| !argument.is_hide_set()).count();
    Failure::new(too_many(expected, walk.operands.max(expected + 1), walk.command.get_name()))
}

fn unknown_option(command: &clap::Command, typed: &str) -> Failure {
    let typed = typed.split('=').next().unwrap_or(typed);
    let names =
        command.get_arguments().filter(|argument| !argument.is_hide_set()).filter_map(clap::Arg::get_long);
    let found = suggest::nearest(typed.trim_start_matches('-'), names);
    Failure::new(format!("error: unknown option '{typed}'")).details(suggest::line(typed, &found))
}

fn too_many(expected: usize, got: usize, command: &str) -> String {
    let plural = if expected == 1 { "" } else { "s" };
    format!("error: too many arguments for '{command}'. Expected {expected} argument{plural} but got {got}.")
}

fn text(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
