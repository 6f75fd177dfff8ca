//! From the words typed to a command: clap below, the manners of the original's parser (commander) above it.
//!
//! Differences from plain clap, all because scripts and guides rely on them (cli §1.3): mistakes exit with 1 and
//! are worded as commander words them; an option that takes a value takes the next word whatever it looks like; the
//! last of two equal options wins; `help` looks alike; commands of the original that are absent answer in one sentence.

pub(crate) mod absent;
mod errors;
mod help;
mod suggest;

use std::ffi::{OsStr, OsString};

use clap::{CommandFactory, FromArgMatches};

use crate::args::{Command, Root};
use crate::failure::Failure;

/// What the words typed amount to.
#[derive(Debug)]
pub(crate) enum Typed {
    /// A command to run.
    Run(Box<Root>),
    /// A help text to print.
    Help(String),
    /// The version to print.
    Version,
    /// A mistake, or a command that is absent.
    Mistake {
        /// What to say.
        failure: Failure,
        /// `--json` was among the words and the answer is worth a document.
        json: bool,
    },
}

/// The whole tree, with the manners that hold for every command.
pub(crate) fn tree() -> clap::Command {
    manners(Root::command()).args_override_self(true)
}

fn manners(command: clap::Command) -> clap::Command {
    command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .mut_args(|argument| {
            let one_value = argument.get_action().takes_values()
                && !argument.is_positional()
                && argument.get_num_args().is_none_or(|count| count.max_values() == 1);
            if one_value { argument.allow_hyphen_values(true) } else { argument }
        })
        .mut_subcommands(manners)
}

/// Reads the words after the program name.
pub(crate) fn read(words: &[OsString]) -> Typed {
    let tree = tree();
    let walk = Walk::over(&tree, words);
    if walk.help {
        return Typed::Help(help::render(&tree, &walk.path));
    }
    let program = OsString::from("openclaw");
    let parsed = tree
        .clone()
        .try_get_matches_from(std::iter::once(&program).chain(words))
        .and_then(|matches| Root::from_arg_matches(&matches));
    match parsed {
        Ok(root) if root.version => Typed::Version,
        Ok(root) => understand(&tree, root),
        Err(error) => Typed::Mistake { failure: errors::translate(&error, &walk), json: false },
    }
}

fn understand(tree: &clap::Command, root: Root) -> Typed {
    if root.update {
        return absent(&["update"], &[]);
    }
    match &root.command {
        None => Typed::Help(help::render(tree, &[])),
        Some(Command::Help { words }) => help_on(tree, words),
        Some(Command::Other(words)) => stranger(tree, &[], words),
        Some(Command::Gateway(gateway)) => match &gateway.command {
            Some(crate::args::gateway::GatewayCommand::Other(words)) => stranger(tree, &["gateway"], words),
            _ => Typed::Run(Box::new(root)),
        },
        Some(Command::Config(config)) => match &config.command {
            Some(crate::args::config::ConfigCommand::Other(words)) => stranger(tree, &["config"], words),
            None => absent(&["config"], &[]),
            Some(_) => Typed::Run(Box::new(root)),
        },
        Some(Command::Security(security)) if security.command.is_none() => {
            Typed::Help(help::render(tree, &["security"]))
        }
        Some(Command::Devices(devices)) if devices.command.is_none() => {
            Typed::Help(help::render(tree, &["devices"]))
        }
        Some(Command::Auth(auth)) if auth.command.is_none() => Typed::Help(help::render(tree, &["auth"])),
        Some(_) => Typed::Run(Box::new(root)),
    }
}

fn help_on(tree: &clap::Command, words: &[String]) -> Typed {
    let mut path = Vec::new();
    let mut command = tree;
    for word in words {
        match command.find_subcommand(word) {
            Some(found) => {
                path.push(found.get_name());
                command = found;
            }
            None => {
                let words: Vec<OsString> = std::iter::once(word).map(OsString::from).collect();
                return stranger(tree, &path, &words);
            }
        }
    }
    Typed::Help(help::render(tree, &path))
}

/// A command word that the tree does not have.
fn stranger(tree: &clap::Command, path: &[&str], words: &[OsString]) -> Typed {
    let typed = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let mut full: Vec<&str> = path.to_vec();
    full.push(&typed);
    if absent::lookup(&full).is_some() {
        return absent(&full, words);
    }
    let command = path.iter().fold(tree, |command, name| command.find_subcommand(name).unwrap_or(command));
    let operands = words.iter().filter(|word| !word.to_string_lossy().starts_with('-')).count();
    Typed::Mistake { failure: errors::unknown_command(command, path, &typed, operands), json: false }
}

fn absent(path: &[&str], words: &[OsString]) -> Typed {
    let json = words.iter().any(|word| word == "--json");
    let sentence = absent::lookup(path).unwrap_or_default();
    Typed::Mistake { failure: Failure::new(sentence).kind("not_supported"), json }
}

/// Where the words lead in the tree, read without judging them.
struct Walk<'a> {
    /// Names of the commands walked through.
    path: Vec<&'a str>,
    /// The last of them.
    command: &'a clap::Command,
    /// Words that are neither options nor their values nor command words.
    operands: usize,
    /// `-h` or `--help` was asked for.
    help: bool,
}

impl<'a> Walk<'a> {
    fn over(tree: &'a clap::Command, words: &[OsString]) -> Walk<'a> {
        let mut walk = Walk { path: Vec::new(), command: tree, operands: 0, help: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let word = word.to_string_lossy();
            if word == "--" {
                walk.operands += words.count();
                break;
            }
            if word == "-h" || word == "--help" {
                walk.help = true;
                break;
            }
            if word.starts_with('-') && word.len() > 1 {
                if walk.takes_next(tree, &word) {
                    words.next();
                }
            } else if let Some(found) = walk.command.find_subcommand(OsStr::new(word.as_ref())) {
                // `help devices approve` names a path, it does not walk one.
                if found.get_name() == "help" {
                    break;
                }
                walk.path.push(found.get_name());
                walk.command = found;
            } else if walk.command.has_subcommands() {
                // An unknown command: what follows belongs to it.
                break;
            } else {
                walk.operands += 1;
            }
        }
        walk
    }

    /// The option takes the word after it as its value.
    fn takes_next(&self, tree: &clap::Command, word: &str) -> bool {
        let globals = tree.get_arguments().filter(|argument| argument.is_global_set());
        self.command.get_arguments().chain(globals).any(|argument| {
            let named = match word.strip_prefix("--") {
                Some(long) => {
                    argument.get_long_and_visible_aliases().is_some_and(|names| names.contains(&long))
                }
                None => argument.get_short().is_some_and(|short| word == format!("-{short}")),
            };
            named && argument.get_action().takes_values()
        })
    }
}

#[cfg(test)]
mod tests;
