//! One look at everything around the service. It changes nothing.

use std::fs;

use openclaw_os::port_owner::port_owner;
use openclaw_protocol::refusal::Os;

use crate::audit::audit;
use crate::legacy;
use crate::place::Place;
use crate::report::{Definition, Linger, Manager, Report, Runtime, Status};
use crate::runner::{Runner, in_words};
use crate::running::Running;
use crate::systemd::control::{Systemctl, linger};
use crate::{launchd, systemd};

/// How far to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// What belongs to the account.
    #[default]
    Usual,
    /// The machine's services, too.
    Deep,
}

/// Looks at the service, its definition, its process, its neighbours and the port. Runs one or two short programs
/// and reads `/proc`: some milliseconds, more on a machine with thousands of processes.
#[must_use]
pub fn inspect(place: &Place, runner: &dyn Runner, depth: Depth) -> Report {
    let definition_path = place.definition_path();
    let text = definition_path.as_deref().and_then(|path| match place.os {
        Os::Linux => systemd::read::text(path).ok(),
        _ => fs::read_to_string(path).ok(),
    });
    let installed = definition_path.as_deref().is_some_and(|path| fs::symlink_metadata(path).is_ok());
    let mut report = Report {
        manager: Manager::of(place.os),
        unusable: None,
        name: place.name().to_owned(),
        definition: None,
        definition_path,
        installed,
        enabled: false,
        runtime: Runtime::default(),
        issues: Vec::new(),
        extra: legacy::find(place, depth),
        linger: Linger::Unknown,
        running: Running::on(&place.paths.state_dir),
        listeners: port_owner(place.port),
    };
    match place.os {
        Os::Linux => ask_systemd(place, runner, &mut report),
        Os::MacOs => ask_launchd(place, runner, &mut report),
        Os::Windows => report.unusable = Some("scheduled tasks are not driven by this version".to_owned()),
    }
    if let (Some(path), Some(text)) = (report.definition_path.as_deref(), text) {
        let definition = read(place, path, &text);
        if let Some(definition) = definition {
            report.issues = audit(place, &definition, &text);
            report.definition = Some(definition);
        }
    }
    without_supervisor(&mut report);
    report
}

fn read(place: &Place, path: &std::path::Path, text: &str) -> Option<Definition> {
    match place.os {
        Os::Linux => Some(systemd::read::definition(path, text, &place.home)),
        Os::MacOs => launchd::read::definition(path, text),
        Os::Windows => None,
    }
}

fn ask_systemd(place: &Place, runner: &dyn Runner, report: &mut Report) {
    match Systemctl::user(place, runner).show(&place.names.systemd_unit) {
        Ok(shown) => {
            report.enabled = shown.is_enabled();
            report.runtime = shown.runtime();
            // A unit that a package or an administrator put elsewhere.
            if !report.installed
                && let Some(path) = shown.path()
            {
                report.installed = true;
                report.definition_path = Some(path.into());
            }
            if report.installed {
                report.linger = linger(place, runner);
            }
        }
        Err(why) => report.unusable = Some(why),
    }
}

fn ask_launchd(place: &Place, runner: &dyn Runner, report: &mut Report) {
    let target = format!("gui/{}/{}", place.uid, place.names.launchd_label);
    match runner.run("launchctl", &["print", &target]) {
        Ok(ran) if ran.succeeded() => {
            report.enabled = true;
            report.runtime = launchd_runtime(&ran.out);
        }
        Ok(_) => {
            report.runtime = Runtime { status: Status::Stopped, missing_unit: true, ..Runtime::default() };
        }
        Err(error) => report.unusable = Some(in_words("launchctl", &error)),
    }
}

/// The lines of `launchctl print` that matter: `state = running`, `pid = 4242`, `last exit code = 0`.
fn launchd_runtime(text: &str) -> Runtime {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('=').map(str::trim))
    };
    let state = value("state");
    let pid = value("pid").and_then(|pid| pid.parse().ok());
    let running = state == Some("running") || pid.is_some();
    Runtime {
        status: if running { Status::Running } else { Status::Stopped },
        state: state.map(str::to_owned),
        pid,
        last_exit_status: value("last exit code")
            .and_then(|code| code.split(':').next()?.trim().parse().ok()),
        ..Runtime::default()
    }
}

/// What nobody supervises runs all the same: then that is what `Runtime:` tells.
fn without_supervisor(report: &mut Report) {
    if report.runtime.status == Status::Running {
        return;
    }
    if let Some(running) = &report.running {
        report.runtime.status = Status::Running;
        report.runtime.pid = Some(running.pid);
        report.runtime.detail = Some(format!("started {}", running.started.words()));
    } else if report.unusable.is_some() {
        // Nobody has the lock of the state: whatever a supervisor would say, this gateway does not run.
        report.runtime.status = Status::Stopped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::testing::place_in;
    use crate::report::Linger;
    use crate::runner::testing::Recorder;
    use crate::systemd::{UnitOptions, unit};

    #[test]
    fn nothing_installed_and_nobody_to_ask() {
        let home = tempfile::tempdir().unwrap();
        let place = place_in(home.path());
        let report = inspect(&place, &Recorder::absent(), Depth::Usual);
        assert!(!report.installed && !report.enabled);
        assert_eq!(report.unusable.as_deref(), Some("there is no systemctl on this system"));
        // No issue about a unit that does not exist.
        assert_eq!(report.issues, []);
        assert_eq!(report.runtime.line(), "stopped");
        assert_eq!(report.service_json()["configAudit"]["ok"], true);
        assert_eq!(report.service_json()["command"], serde_json::Value::Null);
    }

    #[test]
    fn an_installed_unit_with_a_token_in_it() {
        let home = tempfile::tempdir().unwrap();
        let mut place = place_in(home.path());
        place.token = openclaw_protocol::secret::Secret::present("the-new-one");
        std::fs::create_dir_all(place.systemd_dir()).unwrap();
        let text = unit(&place, UnitOptions::default()).unwrap();
        let text =
            text.replace("[Install]", "[Service]\nEnvironment=OPENCLAW_GATEWAY_TOKEN=the-old-one\n[Install]");
        std::fs::write(place.definition_path().unwrap(), text).unwrap();
        let recorder = Recorder::new()
            .prints(
                "systemctl --user show openclaw-gateway.service",
                "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nMainPID=4242\n",
            )
            .prints("loginctl show-user 1000", "no\n");
        let report = inspect(&place, &recorder, Depth::Usual);
        assert!(report.installed && report.enabled);
        assert_eq!(report.loaded_text(), "enabled");
        assert_eq!(report.linger, Linger::Disabled);
        let codes: Vec<_> = report.issues.iter().map(|issue| issue.code.as_str()).collect();
        assert_eq!(codes, ["gateway-token-embedded", "gateway-token-mismatch"]);
        let shown = format!("{report:?}{}", report.service_json());
        assert!(!shown.contains("the-old-one"), "{shown}");
        assert_eq!(report.runtime.pid, Some(4242));
    }

    #[test]
    fn launchd_is_understood() {
        let home = tempfile::tempdir().unwrap();
        let mut place = place_in(home.path());
        place.os = Os::MacOs;
        let folder = home.path().join("Library/LaunchAgents");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(place.definition_path().unwrap(), launchd::plist(&place, UnitOptions::default()))
            .unwrap();
        let recorder = Recorder::new().prints(
            "launchctl print gui/1000/ai.openclaw.gateway",
            "ai.openclaw.gateway = {\n\tstate = running\n\tpid = 77\n\tlast exit code = 78: EX_CONFIG\n}\n",
        );
        let report = inspect(&place, &recorder, Depth::Usual);
        assert!(report.installed && report.enabled);
        assert_eq!(report.manager.label(), "LaunchAgent");
        assert_eq!(report.runtime.line(), "running (pid 77, state running, last exit 78)");
        let missing = Recorder::new().fails("launchctl print", "Could not find service");
        assert_eq!(inspect(&place, &missing, Depth::Usual).runtime.status, Status::Stopped);
    }
}
