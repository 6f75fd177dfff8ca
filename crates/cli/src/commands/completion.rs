//! `openclaw completion` (cli §14): the completion script of a shell, printed or installed.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use openclaw_config::env::Env;

use crate::args::completion::CompletionArgs;
use crate::context::Context;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::grammar;
use crate::ui::{Style, Ui};

/// Prints the script, or writes it where the shell finds it.
pub(crate) fn run(context: &Context, ui: &mut Ui, args: &CompletionArgs) -> Outcome {
    let shell = match &args.shell {
        Some(name) => named(name).ok_or_else(|| {
            Failure::new(format!(
                "error: option '-s, --shell <shell>' argument '{}' is invalid. Allowed choices are zsh, bash, powershell, fish.",
                openclaw_protocol::words::Words::new(name)
            ))
        })?,
        None => current(&context.env).unwrap_or(Shell::Zsh),
    };
    let script = script(shell);
    if !args.install && !args.write_state {
        ui.raw(&script);
        return Ok(0);
    }
    let file = context.paths.state_dir.join("completions").join(format!("openclaw.{}", extension(shell)));
    let start_file = start_file(shell, &context.paths.home);
    if args.install && !args.yes && ui.interactive() {
        let question = format!(
            "Load completions from {} in {}?",
            context.paths.short(&file),
            context.paths.short(&start_file)
        );
        if !ui.confirm(&question) {
            return Err(Failure::shown(EXIT_FAILED));
        }
    }
    write(&file, &script)?;
    ui.styled(Style::Good, format!("Completion script written to {}", context.paths.short(&file)));
    if args.install {
        let added = load_from(&start_file, shell, &file)?;
        let start_file = context.paths.short(&start_file);
        ui.line(if added {
            format!("{start_file} loads it in every new shell.")
        } else {
            format!("{start_file} loads it already.")
        });
    }
    Ok(0)
}

fn named(name: &str) -> Option<Shell> {
    match name.to_ascii_lowercase().as_str() {
        "zsh" => Some(Shell::Zsh),
        "bash" => Some(Shell::Bash),
        "powershell" | "pwsh" => Some(Shell::PowerShell),
        "fish" => Some(Shell::Fish),
        _ => None,
    }
}

fn current(env: &Env) -> Option<Shell> {
    named(Path::new(env.get("SHELL")?).file_name()?.to_str()?)
}

fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut grammar::tree(), "openclaw", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn extension(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => "bash",
        Shell::Fish => "fish",
        Shell::PowerShell => "ps1",
        _ => "zsh",
    }
}

fn start_file(shell: Shell, home: &Path) -> PathBuf {
    match shell {
        Shell::Bash => home.join(".bashrc"),
        Shell::Fish => home.join(".config/fish/config.fish"),
        Shell::PowerShell => home.join(".config/powershell/Microsoft.PowerShell_profile.ps1"),
        _ => home.join(".zshrc"),
    }
}

fn write(file: &Path, script: &str) -> Result<(), Failure> {
    let written = match file.parent() {
        Some(folder) => openclaw_os::file::ensure_dir(folder, 0o700),
        None => Ok(()),
    };
    written
        .and_then(|()| openclaw_os::file::write_atomic(file, script.as_bytes(), 0o600))
        .map_err(|why| Failure::new(format!("Cannot write {}: {why}.", file.display())))
}

/// Appends the line that loads the script, unless it is there. The start file is the user's own: it is only ever
/// added to.
fn load_from(start_file: &Path, shell: Shell, script: &Path) -> Result<bool, Failure> {
    let problem =
        |why: std::io::Error| Failure::new(format!("Cannot change {}: {why}.", start_file.display()));
    let quoted = script.display().to_string().replace('\'', "'\\''");
    let line = match shell {
        Shell::PowerShell => format!(". '{quoted}'"),
        _ => format!("[ -f '{quoted}' ] && source '{quoted}'"),
    };
    let line = if matches!(shell, Shell::Fish) {
        format!("test -f '{quoted}'; and source '{quoted}'")
    } else {
        line
    };
    let present = match std::fs::read_to_string(start_file) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(why) => return Err(problem(why)),
    };
    if present.lines().any(|known| known.trim() == line) {
        return Ok(false);
    }
    if let Some(folder) = start_file.parent() {
        std::fs::create_dir_all(folder).map_err(problem)?;
    }
    let gap = if present.is_empty() || present.ends_with('\n') { "" } else { "\n" };
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(start_file).map_err(problem)?;
    write!(file, "{gap}\n# OpenClaw completion\n{line}\n").map_err(problem)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;
    use openclaw_config::env::Env;

    use super::{current, load_from, named, script};

    #[test]
    fn shells() {
        assert_eq!(named("ZSH"), Some(Shell::Zsh));
        assert_eq!(named("tcsh"), None);
        assert_eq!(current(&Env::from_pairs([("SHELL", "/usr/bin/fish")])), Some(Shell::Fish));
        assert_eq!(current(&Env::from_pairs([("SHELL", "/bin/sh")])), None);
    }

    #[test]
    fn scripts_know_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
            let script = script(shell);
            assert!(script.contains("devices") && script.contains("approve"), "{shell}");
        }
    }

    #[test]
    fn the_start_file_is_added_to_once() {
        let folder = tempfile::tempdir().unwrap();
        let (start, file) = (folder.path().join("rc"), folder.path().join("it's.bash"));
        std::fs::write(&start, "mine").unwrap();
        assert_eq!(load_from(&start, Shell::Bash, &file), Ok(true));
        assert_eq!(load_from(&start, Shell::Bash, &file), Ok(false));
        let text = std::fs::read_to_string(&start).unwrap();
        assert!(text.starts_with("mine\n\n# OpenClaw completion\n[ -f '"), "{text}");
        assert_eq!(text.matches("source").count(), 1);
    }
}
