//! One run of the program: read the words, find the paths, run the command, print what went wrong, exit.

use std::ffi::OsString;
use std::future::Future;

use openclaw_config::paths::{self, LegacyState};
use openclaw_config::{Env, Flags, Paths};

use crate::args::{Command, Root};
use crate::commands::{
    auth, completion, config, dashboard, devices, doctor, gateway, health, live, logs, qr, security, status,
    tunnel, why,
};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::grammar::{self, Typed};
use crate::ui::{Style, Terminal, Ui};
use crate::version;

/// Runs the words after the program name and returns the exit code.
pub(crate) fn run(words: &[OsString]) -> u8 {
    // Asked for by every installer and supervisor: nothing is read, not even the environment (cli §1.1).
    if let [only] = words
        && ["--version", "-V", "-v"].iter().any(|name| only == name)
    {
        Ui::system(Terminal::plain()).line(version::line());
        return 0;
    }
    let env = Env::capture();
    let typed = grammar::read(words);
    let no_color = env.get("NO_COLOR").is_some() || words.iter().any(|word| word == "--no-color");
    let force_color = env.get("FORCE_COLOR").is_some_and(|value| value != "0");
    let mut ui = Ui::system(Terminal::detect(no_color, force_color));
    let (outcome, json) = match typed {
        Typed::Help(text) => {
            ui.raw(&text);
            (Ok(0), false)
        }
        Typed::Version => {
            ui.line(version::line());
            (Ok(0), false)
        }
        Typed::Mistake { failure, json } => (Err(failure), json),
        Typed::Run(root) => {
            let json = wants_json(&root);
            let words = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            (command(*root, env, words, &mut ui), json)
        }
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            failure.print(&mut ui, json);
            failure.exit_code()
        }
    }
}

/// Says why nothing can be run, and returns the exit code.
pub(crate) fn explain(why: &str) -> u8 {
    let mut ui = Ui::system(Terminal::plain());
    let failure = Failure::new(why);
    failure.print(&mut ui, false);
    failure.exit_code()
}

fn wants_json(root: &Root) -> bool {
    match &root.command {
        Some(Command::Gateway(args)) => gateway::wants_json(args),
        Some(Command::Health(args)) => args.json,
        Some(Command::Status(args)) => args.json,
        Some(Command::Security(args)) => security::wants_json(args),
        Some(Command::Devices(args)) => devices::wants_json(args),
        Some(Command::Config(args)) => config::wants_json(args),
        Some(Command::Qr(args)) => args.json,
        Some(Command::Doctor(args)) => args.json,
        Some(Command::Auth(args)) => auth::wants_json(args),
        Some(Command::Dashboard(args)) => args.json,
        Some(Command::Tunnel(args)) => args.json,
        Some(Command::Why(args)) => args.json,
        // Standard output of `logs` is a stream; it reports failures by itself.
        Some(Command::Logs(_) | Command::Completion(_) | Command::Help { .. } | Command::Other(_)) | None => {
            false
        }
    }
}

fn command(root: Root, env: Env, words: Vec<String>, ui: &mut Ui) -> Outcome {
    if let Some(container) = &root.container {
        let container = crate::hint::word(container, "<container>");
        return Err(Failure::new("--container is not part of this version.")
            .fix(format!("docker exec {container} openclaw <command>")));
    }
    let Some(command) = root.command else { return Ok(0) };
    let server = matches!(&command, Command::Gateway(args) if gateway::is_server(args));
    let dev = root.dev || matches!(&command, Command::Gateway(args) if gateway::asks_for_dev(args));
    let flags = Flags { profile: root.profile, dev };
    let paths = find_paths(&env, &flags, server, ui)?;
    let env = match &paths.profile {
        Some(profile) => env.with("OPENCLAW_PROFILE", profile),
        None => env,
    };
    let context = Context::new(env, paths, root.log_level, words);
    match command {
        Command::Gateway(args) if server => gateway::run(context, ui, *args, dev),
        Command::Gateway(args) => block_on(gateway::ask(&context, ui, *args)),
        Command::Health(args) if args.live => block_on(live::run(&context, ui, &args)),
        Command::Status(args) => block_on(status::run(&context, ui, &args)),
        Command::Security(args) => block_on(security::run(&context, ui, &args)),
        Command::Health(args) => block_on(health::run(&context, ui, &args)),
        Command::Devices(args) => block_on(devices::run(&context, ui, &args)),
        Command::Config(args) => config::run(&context, ui, &args),
        Command::Doctor(args) => block_on(doctor::run(&context, ui, &args)),
        Command::Auth(args) => block_on(auth::run(&context, ui, &args)),
        Command::Logs(args) => block_on(logs::run(&context, ui, &args)),
        Command::Qr(args) => block_on(qr::run(&context, ui, &args)),
        Command::Dashboard(args) => block_on(dashboard::run(&context, ui, &args)),
        Command::Tunnel(args) => block_on(tunnel::run(&context, ui, &args)),
        Command::Why(args) => block_on(why::run(&context, ui, &args)),
        Command::Completion(args) => completion::run(&context, ui, &args),
        // The grammar has answered these.
        Command::Help { .. } | Command::Other(_) => Ok(0),
    }
}

/// Where things are; a state directory with a legacy name is moved to its current name first (cli §3).
fn find_paths(env: &Env, flags: &Flags, server: bool, ui: &mut Ui) -> Result<Paths, Failure> {
    let found = paths::resolve(env, flags).map_err(|error| Failure::new(error.to_string()))?;
    let chosen = ["OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR"].iter().any(|name| env.get(name).is_some());
    if chosen || found.profile.is_some() {
        return Ok(found);
    }
    match paths::legacy_state(&found.home) {
        // Two directories are a decision for the owner; who runs the gateway hears it, not every command.
        Some(both @ LegacyState::Both { .. }) if server => {
            if let Ok(line) = both.resolve() {
                ui.note_styled(Style::Warn, line);
            }
            Ok(found)
        }
        Some(legacy @ LegacyState::Move { .. }) => match legacy.resolve() {
            Ok(line) => {
                ui.note(line);
                paths::resolve(env, flags).map_err(|error| Failure::new(error.to_string()))
            }
            Err(why) => {
                ui.note_styled(
                    Style::Warn,
                    format!("The state directory could not be moved to its current name: {why}."),
                );
                Ok(found)
            }
        },
        _ => Ok(found),
    }
}

/// Runs a command that talks to a gateway. One thread is all it needs, and starting more would cost more than the work.
fn block_on(future: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(format!("The program could not start: {why}.")))?;
    let outcome = runtime.block_on(future);
    // A look that was given up may still sit before a supervisor that hangs; whoever waits here is not to wait for it.
    runtime.shutdown_background();
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::block_on;

    #[test]
    fn a_look_that_was_given_up_does_not_keep_the_command_from_ending() {
        let (never, hangs) = channel::<()>();
        let (ended, end) = channel();
        std::thread::spawn(move || {
            let outcome = block_on(async move {
                tokio::task::spawn_blocking(move || hangs.recv());
                // Such that the thread has begun.
                tokio::task::spawn_blocking(|| ()).await.ok();
                Ok(0)
            });
            ended.send(matches!(outcome, Ok(0))).ok();
        });
        assert_eq!(end.recv_timeout(Duration::from_secs(30)), Ok(true));
        drop(never);
    }
}
