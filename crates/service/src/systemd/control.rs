//! What `systemctl --user` and `loginctl` are asked and told.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use crate::place::Place;
use crate::report::{Linger, Runtime, Status};
use crate::runner::{Ran, Runner, in_words};

/// The properties that one question brings.
const PROPERTIES: &str = "LoadState,UnitFileState,ActiveState,SubState,MainPID,ExecMainStatus,ExecMainCode,NRestarts,FragmentPath,Result";

/// The account's own systemd.
pub(crate) struct Systemctl<'a> {
    runner: &'a dyn Runner,
    scope: Vec<String>,
}

/// Why nothing could be done: in words.
pub(crate) type Complaint = String;

/// What systemd says about a unit.
#[derive(Debug, Default)]
pub(crate) struct Shown(BTreeMap<String, String>);

impl<'a> Systemctl<'a> {
    /// The manager of the account whose home this is: under `sudo` with the account's own home it is not root's.
    pub(crate) fn user(place: &Place, runner: &'a dyn Runner) -> Self {
        let behind = place.env.get("SUDO_USER").filter(|user| {
            place.uid == 0
                && *user != "root"
                && crate::names::is_name(user)
                && std::fs::metadata(&place.home).is_ok_and(|meta| meta.uid() != 0)
        });
        let scope = match behind {
            Some(user) => vec!["--machine".to_owned(), format!("{user}@"), "--user".to_owned()],
            None => vec!["--user".to_owned()],
        };
        Self { runner, scope }
    }

    /// The system's manager.
    pub(crate) fn system(runner: &'a dyn Runner) -> Self {
        Self { runner, scope: vec!["--system".to_owned()] }
    }

    /// Runs `systemctl <scope> <words>`.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<Ran, Complaint> {
        let all: Vec<&str> = self.scope.iter().map(String::as_str).chain(words.iter().copied()).collect();
        self.runner.run("systemctl", &all).map_err(|error| in_words("systemctl", &error))
    }

    /// The same, for words that must succeed.
    pub(crate) fn tell(&self, words: &[&str]) -> Result<(), Complaint> {
        let ran = self.ask(words)?;
        if ran.succeeded() {
            Ok(())
        } else {
            Err(format!("systemctl {} failed: {}", words.join(" "), ran.complaint()))
        }
    }

    /// Everything about a unit in one question. A unit that is not there is an answer, too.
    pub(crate) fn show(&self, unit: &str) -> Result<Shown, Complaint> {
        let ran = self.ask(&["show", unit, "--property", PROPERTIES])?;
        if !ran.succeeded() {
            return Err(ran.complaint());
        }
        let pairs = ran.out.lines().filter_map(|line| line.split_once('='));
        Ok(Shown(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()))
    }
}

impl Shown {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// systemd has loaded a unit of that name.
    pub(crate) fn is_known(&self) -> bool {
        self.get("LoadState").is_some_and(|state| state != "not-found")
    }

    /// It is started by itself.
    pub(crate) fn is_enabled(&self) -> bool {
        matches!(
            self.get("UnitFileState"),
            Some("enabled" | "enabled-runtime" | "linked" | "alias" | "static")
        )
    }

    /// Where its definition lies.
    pub(crate) fn path(&self) -> Option<&str> {
        self.get("FragmentPath")
    }

    /// The process that systemd started.
    pub(crate) fn main_pid(&self) -> Option<u32> {
        self.number("MainPID").filter(|pid| *pid != 0)
    }

    /// What `gateway status` says of it.
    pub(crate) fn runtime(&self) -> Runtime {
        let state = self.get("ActiveState");
        let ran_before = self.number::<u32>("ExecMainCode").is_some_and(|code| code != 0);
        let reason = match self.get("ExecMainCode") {
            Some("1") => Some("exited"),
            Some("2") => Some("killed"),
            Some("3") => Some("dumped"),
            Some(word @ ("exited" | "killed" | "dumped")) => Some(word),
            _ => None,
        };
        // Between two starts nothing runs, whatever systemd calls it.
        let waits = self.get("SubState") == Some("auto-restart");
        Runtime {
            status: match state {
                _ if waits => Status::Stopped,
                Some("active" | "activating" | "reloading" | "refreshing") => Status::Running,
                Some(_) => Status::Stopped,
                None => Status::Unknown,
            },
            state: state.map(str::to_owned),
            sub_state: self.get("SubState").map(str::to_owned),
            pid: self.main_pid(),
            last_exit_status: self.number("ExecMainStatus").filter(|_| ran_before || reason.is_some()),
            last_exit_reason: reason.map(str::to_owned),
            restarts: self.number("NRestarts").filter(|count| *count > 0),
            detail: match self.get("Result") {
                _ if waits => Some("systemd starts it again in a moment".to_owned()),
                None | Some("success") => None,
                Some("start-limit-hit") => {
                    Some("systemd gave up after too many starts; `start` clears that".to_owned())
                }
                Some(result) => Some(format!("result {result}")),
            },
            missing_unit: !self.is_known(),
        }
    }
}

/// Whether the account's services go on without a session.
pub(crate) fn linger(place: &Place, runner: &dyn Runner) -> Linger {
    let user = place.uid.to_string();
    match runner.run("loginctl", &["show-user", &user, "--property", "Linger", "--value"]) {
        Ok(ran) if ran.succeeded() => match ran.out.trim() {
            "yes" => Linger::Enabled,
            "no" => Linger::Disabled,
            _ => Linger::Unknown,
        },
        // Without a session there is no such user for logind, but its list of lingering users is a folder.
        _ => match place.env.get("USER").filter(|name| crate::names::is_name(name)) {
            Some(name) if std::path::Path::new("/var/lib/systemd/linger").join(name).exists() => {
                Linger::Enabled
            }
            _ => Linger::Unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::testing::place;
    use crate::runner::testing::Recorder;

    fn shown(out: &str) -> Shown {
        let recorder = Recorder::new().prints("systemctl --user show", out);
        Systemctl::user(&place(), &recorder).show("openclaw-gateway.service").unwrap()
    }

    #[test]
    fn a_running_unit() {
        let shown = shown(
            "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nMainPID=4242\n\
             ExecMainStatus=0\nExecMainCode=0\nNRestarts=2\nResult=success\n",
        );
        assert!(shown.is_known() && shown.is_enabled());
        assert_eq!(shown.runtime().line(), "running (pid 4242, state active, sub running)");
        assert_eq!(shown.runtime().restarts, Some(2));
    }

    #[test]
    fn a_unit_that_systemd_gave_up() {
        let shown = shown(
            "LoadState=loaded\nUnitFileState=enabled\nActiveState=failed\nSubState=failed\nMainPID=0\n\
             ExecMainStatus=78\nExecMainCode=1\nResult=start-limit-hit\n",
        );
        let line = shown.runtime().line();
        assert!(
            line.starts_with(
                "stopped (state failed, sub failed, last exit 78, reason exited, systemd gave up"
            ),
            "{line}"
        );
    }

    #[test]
    fn a_unit_that_is_not_there() {
        let shown =
            shown("LoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nMainPID=0\n");
        assert!(!shown.is_known() && !shown.is_enabled());
        assert!(shown.runtime().missing_unit);
    }

    #[test]
    fn nobody_to_ask() {
        let recorder =
            Recorder::new().fails("systemctl --user show", "Failed to connect to bus: No medium found\n");
        let why = Systemctl::user(&place(), &recorder).show("x.service").unwrap_err();
        assert_eq!(why, "Failed to connect to bus: No medium found");
        let why = Systemctl::user(&place(), &Recorder::absent()).show("x.service").unwrap_err();
        assert_eq!(why, "there is no systemctl on this system");
    }
}
