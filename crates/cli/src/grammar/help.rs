//! Help texts in the layout of the original (cli §1.1): usage, description, options, commands, link.

use clap::{Arg, Command};

/// Help of the command that `path` leads to.
pub(super) fn render(tree: &Command, path: &[&str]) -> String {
    let command = path.iter().fold(tree, |command, name| command.find_subcommand(name).unwrap_or(command));
    let mut text = format!("Usage: openclaw{}{}\n", spaced(path), signature(command, true));
    if let Some(about) = command.get_about() {
        text.push_str(&format!("\n{about}\n"));
    }
    let arguments: Vec<(String, String)> =
        command.get_positionals().filter(|a| !a.is_hide_set()).map(operand_row).collect();
    section(&mut text, "Arguments", &arguments);
    let mut options: Vec<(String, String)> =
        command.get_arguments().filter(listed_option).map(option_row).collect();
    options.push(("-h, --help".to_owned(), "Show this help".to_owned()));
    section(&mut text, "Options", &options);
    let commands: Vec<(String, String)> =
        command.get_subcommands().filter(|c| !c.is_hide_set()).map(command_row).collect();
    section(&mut text, "Commands", &commands);
    if command.get_subcommands().any(Command::has_subcommands) {
        text.push_str("\nCommands marked * have subcommands: openclaw <command> --help shows them.\n");
    }
    let page = path.first().map(|name| format!("/{name}")).unwrap_or_default();
    text.push_str(&format!("\nDocs: https://docs.openclaw.ai/cli{page}\n"));
    text
}

fn listed_option(argument: &&Arg) -> bool {
    !argument.is_hide_set() && !argument.is_positional()
}

fn spaced(path: &[&str]) -> String {
    path.iter().map(|name| format!(" {name}")).collect()
}

/// `[options] [command] <path>`, after the name.
fn signature(command: &Command, with_commands: bool) -> String {
    let mut text = String::new();
    if command.get_arguments().any(|argument| listed_option(&argument)) {
        text.push_str(" [options]");
    }
    if with_commands && command.has_subcommands() {
        text.push_str(" [command]");
    }
    for argument in command.get_positionals().filter(|argument| !argument.is_hide_set()) {
        text.push(' ');
        text.push_str(&placeholder(argument));
    }
    text
}

fn placeholder(argument: &Arg) -> String {
    let name = value_name(argument);
    let dots = if argument.get_num_args().is_some_and(|count| count.max_values() > 1) { "..." } else { "" };
    if argument.is_required_set() { format!("<{name}{dots}>") } else { format!("[{name}{dots}]") }
}

fn value_name(argument: &Arg) -> String {
    argument
        .get_value_names()
        .and_then(<[_]>::first)
        .map_or_else(|| argument.get_id().to_string(), ToString::to_string)
}

fn operand_row(argument: &Arg) -> (String, String) {
    (value_name(argument), about(argument.get_help()))
}

fn option_row(argument: &Arg) -> (String, String) {
    let mut left = String::new();
    if let Some(short) = argument.get_short() {
        left.push_str(&format!("-{short}, "));
    }
    left.push_str(&format!("--{}", argument.get_long().unwrap_or_default()));
    if argument.get_action().takes_values() {
        let dots =
            if argument.get_num_args().is_some_and(|count| count.max_values() > 1) { "..." } else { "" };
        left.push_str(&format!(" <{}{dots}>", value_name(argument)));
    }
    (left, about(argument.get_help()))
}

fn command_row(command: &Command) -> (String, String) {
    let names: Vec<&str> = command.get_name_and_visible_aliases();
    let star = if command.has_subcommands() { " *" } else { "" };
    (format!("{}{star}{}", names.join("|"), signature(command, false)), about(command.get_about()))
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

fn section(text: &mut String, title: &str, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    let width = rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    text.push_str(&format!("\n{title}:\n"));
    for (left, right) in rows {
        text.push_str(format!("  {left:width$}  {right}").trim_end());
        text.push('\n');
    }
}
