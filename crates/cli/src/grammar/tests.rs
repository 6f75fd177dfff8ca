//! The grammar against what guides and scripts type.

use std::ffi::OsString;

use super::{Typed, help, read, tree};
use crate::args::devices::DevicesCommand;
use crate::args::gateway::GatewayCommand;
use crate::args::{Command, Root};

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn root(line: &str) -> Root {
    match read(&words(line)) {
        Typed::Run(root) => *root,
        other => panic!("{line}: {other:?}"),
    }
}

fn mistake(line: &str) -> String {
    match read(&words(line)) {
        Typed::Mistake { failure, .. } => {
            let (mut ui, _, err) = crate::ui::testing::capture(crate::ui::Terminal::plain(), "");
            failure.print(&mut ui, false);
            assert_eq!(failure.exit_code(), 1, "{line}");
            err.text()
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn mistakes_are_worded_like_the_original() {
    for (line, expected) in [
        ("frobnicate", "error: unknown command 'frobnicate'\n"),
        ("gatway", "error: unknown command 'gatway'\n(Did you mean gateway?)\n"),
        ("devices lst", "error: unknown command 'lst'\n(Did you mean list?)\n"),
        ("gateway prob", "error: unknown command 'prob'\n(Did you mean probe?)\n"),
        (
            "config gte",
            "error: too many arguments for 'config'. Expected 0 arguments but got 1.\n(Did you mean get?)\n",
        ),
        ("config frobnicate x", "error: too many arguments for 'config'. Expected 0 arguments but got 2.\n"),
        ("config get", "error: missing required argument 'path'\n"),
        ("config set gateway.port", "error: missing required argument 'value'\n"),
        ("devices list --jsn", "error: unknown option '--jsn'\n(Did you mean --json?)\n"),
        ("devices list --zzz=1", "error: unknown option '--zzz'\n"),
        ("--bogus", "error: unknown option '--bogus'\n"),
        ("devices list extra", "error: too many arguments for 'list'. Expected 0 arguments but got 1.\n"),
        ("config get a b c", "error: too many arguments for 'get'. Expected 1 argument but got 3.\n"),
        ("gateway --port", "error: option '--port <port>' argument missing\n"),
        (
            "qr --limited --voice-node",
            "error: option '--limited' cannot be used with option '--voice-node'\n",
        ),
        ("help frobnicate", "error: unknown command 'frobnicate'\n"),
        (
            "onboard --yes",
            "`openclaw onboard` is not part of this version; `openclaw gateway` starts without any preparation.\n",
        ),
        ("gateway suspend", "`openclaw gateway suspend` is not part of this version.\n"),
        ("help gateway suspend", "`openclaw gateway suspend` is not part of this version.\n"),
        (
            "--update",
            "`openclaw update` is not part of this version; install a newer binary in place of this one.\n",
        ),
    ] {
        assert_eq!(mistake(line), expected, "{line}");
    }
}

#[test]
fn absent_commands_answer_json_when_asked() {
    assert!(matches!(read(&words("agents --json")), Typed::Mistake { json: true, .. }));
    assert!(matches!(read(&words("agents")), Typed::Mistake { json: false, .. }));
}

#[test]
fn options_may_follow_the_words() {
    let Some(Command::Devices(devices)) = root("devices approve abcd --yes --json --token -secret").command
    else {
        panic!()
    };
    let Some(DevicesCommand::Approve(approve)) = devices.command else { panic!() };
    assert_eq!(approve.words.as_deref(), Some("abcd"));
    assert!(approve.yes && approve.common.json);
    // As commander does, an option takes the next word whatever it looks like.
    assert_eq!(approve.common.reach.token.as_deref(), Some("-secret"));
}

#[test]
fn the_last_of_two_equal_options_wins() {
    let Some(Command::Logs(logs)) = root("logs --limit 5 --limit 6 --follow --follow").command else {
        panic!()
    };
    assert_eq!(logs.limit.as_deref(), Some("6"));
}

#[test]
fn options_before_run_are_inherited() {
    let Some(Command::Gateway(gateway)) = root("gateway --port 1 --verbose run --bind lan --port 2").command
    else {
        panic!()
    };
    let Some(GatewayCommand::Run(run)) = gateway.command else { panic!() };
    let run = run.or(gateway.run);
    assert_eq!((run.port.as_deref(), run.bind.as_deref(), run.verbose), (Some("2"), Some("lan"), true));
}

#[test]
fn daemon_is_the_gateway() {
    assert!(matches!(root("daemon --port 1").command, Some(Command::Gateway(_))));
}

#[test]
fn root_options_stand_before_the_command() {
    let typed = root("--profile work --log-level debug config file --no-color");
    assert_eq!(
        (typed.profile.as_deref(), typed.log_level.as_deref(), typed.no_color),
        (Some("work"), Some("debug"), true)
    );
    assert_eq!(mistake("config file --profile work"), "error: unknown option '--profile'\n");
}

#[test]
fn negative_numbers_are_values() {
    let Some(Command::Config(config)) = root("config set x.y -5").command else { panic!() };
    assert!(format!("{config:?}").contains("\"-5\""));
}

#[test]
fn versions() {
    for line in ["--version", "-V", "-v", "--profile x --version"] {
        assert!(matches!(read(&words(line)), Typed::Version), "{line}");
    }
}

#[test]
fn help_wherever_it_is_asked() {
    for (line, usage) in [
        ("", "Usage: openclaw [options] [command]"),
        ("--help", "Usage: openclaw [options] [command]"),
        ("devices", "Usage: openclaw devices [options] [command]"),
        ("devices approve --help", "Usage: openclaw devices approve [options] [requestId]"),
        ("config get -h", "Usage: openclaw config get [options] <path>"),
        ("help config set", "Usage: openclaw config set [options] <path> <value>"),
        ("gateway --port 1 run --help", "Usage: openclaw gateway run [options]"),
        ("help", "Usage: openclaw [options] [command]"),
    ] {
        let Typed::Help(text) = read(&words(line)) else { panic!("{line}") };
        assert_eq!(text.lines().next(), Some(usage), "{line}");
    }
}

/// The whole help tree in one file, so that a change of any option shows in the review.
#[test]
fn help_tree() {
    fn gather(tree: &clap::Command, command: &clap::Command, path: &mut Vec<String>, text: &mut String) {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        text.push_str(&help::render(tree, &names));
        text.push_str("\n----\n\n");
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            path.push(sub.get_name().to_owned());
            gather(tree, sub, path, text);
            path.pop();
        }
    }
    let tree = tree();
    let mut text = String::new();
    gather(&tree, &tree, &mut Vec::new(), &mut text);
    crate::snapshot::check("help.txt", &text);
}

#[test]
fn the_tree_is_sound() {
    tree().debug_assert();
}
