use super::*;
use crate::place::testing::place_in;
use crate::runner::testing::Recorder;

const SHOW: &str = "systemctl --user show openclaw-gateway.service --property";

fn home() -> (tempfile::TempDir, Place) {
    let home = tempfile::tempdir().unwrap();
    let place = place_in(home.path());
    (home, place)
}

/// The calls without the questions, and without what every call has in common.
fn told(recorder: &Recorder) -> Vec<String> {
    let calls = recorder.calls();
    calls
        .iter()
        .filter(|call| !call.starts_with(SHOW))
        .map(|call| call.replace("systemctl --user ", "").replace(" openclaw-gateway.service", ""))
        .collect()
}

#[test]
fn installing_writes_the_unit_and_starts_it() {
    let (_home, place) = home();
    let recorder = Recorder::new().prints(SHOW, "LoadState=not-found\n");
    let written = Supervisor::new(&place, &recorder).install(UnitOptions::default()).unwrap();
    assert_eq!(told(&recorder), ["daemon-reload", "enable", "reset-failed", "restart"]);
    assert_eq!(written.kept, None);
    let text = fs::read_to_string(&written.path).unwrap();
    assert!(text.contains("ExecStart=/usr/bin/openclaw gateway\n"), "{text}");
    assert!(text.contains("RestartPreventExitStatus=78\n"), "{text}");
}

#[test]
fn what_was_there_is_kept_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_home, place) = home();
    let path = place.definition_path().unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "[Service]\nEnvironment=OPENCLAW_GATEWAY_TOKEN=old\n").unwrap();
    let recorder = Recorder::new();
    let written = Supervisor::new(&place, &recorder).rewrite(UnitOptions::default()).unwrap();
    assert_eq!(told(&recorder), ["daemon-reload"]);
    let kept = written.kept.unwrap();
    assert_eq!(kept.file_name().unwrap(), "openclaw-gateway.service.bak");
    assert!(fs::read_to_string(&kept).unwrap().contains("old"));
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(&path).unwrap().contains("old"));
    // The same again changes nothing, and keeps the copy that matters.
    let again = Supervisor::new(&place, &recorder).rewrite(UnitOptions::default()).unwrap();
    assert_eq!(again.kept, None);
    assert!(fs::read_to_string(&kept).unwrap().contains("old"));
    // Another change gets a copy of its own.
    fs::write(&path, "[Service]\nExecStart=/usr/bin/newer\n").unwrap();
    let newer = Supervisor::new(&place, &recorder).rewrite(UnitOptions::default()).unwrap().kept.unwrap();
    assert_eq!(newer.file_name().unwrap(), "openclaw-gateway.service.bak.2");
    assert!(fs::read_to_string(&newer).unwrap().contains("newer"));
    assert!(fs::read_to_string(&kept).unwrap().contains("old"));
}

#[test]
fn nothing_is_written_for_a_supervisor_that_is_not_there() {
    let (_home, place) = home();
    let recorder = Recorder::absent();
    let error = Supervisor::new(&place, &recorder).install(UnitOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "systemctl not available; systemd user services are required on Linux.");
    let recorder = Recorder::new().fails(SHOW, "Failed to connect to bus: No medium found");
    let error = Supervisor::new(&place, &recorder).install(UnitOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("systemd user services are unavailable;"), "{error}");
    assert!(!place.systemd_dir().exists());
}

#[test]
fn a_refusal_of_the_supervisor_is_told() {
    let (_home, place) = home();
    let recorder = Recorder::new().fails("systemctl --user restart", "Job for x failed.");
    let error = Supervisor::new(&place, &recorder).install(UnitOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "systemctl restart openclaw-gateway.service failed: Job for x failed.");
}

#[test]
fn starting_clears_what_the_supervisor_gave_up() {
    let (_home, place) = home();
    let recorder = Recorder::new();
    let supervisor = Supervisor::new(&place, &recorder);
    supervisor.start().unwrap();
    supervisor.stop().unwrap();
    supervisor.restart().unwrap();
    assert_eq!(told(&recorder), ["reset-failed", "start", "stop", "reset-failed", "restart"]);
}

#[test]
fn uninstalling_leaves_nothing() {
    let (_home, place) = home();
    let recorder = Recorder::new();
    let supervisor = Supervisor::new(&place, &recorder);
    let error = supervisor.uninstall().unwrap_err();
    assert!(error.to_string().starts_with("Systemd service not found at "), "{error}");
    let written = supervisor.install(UnitOptions::default()).unwrap();
    assert_eq!(supervisor.uninstall().unwrap(), written.path);
    assert!(!written.path.exists());
    assert_eq!(told(&recorder)[4..], ["disable --now", "daemon-reload", "reset-failed"]);
}

#[test]
fn launchd_is_driven_in_its_own_words() {
    let (home, mut place) = home();
    place.os = Os::MacOs;
    let plist = home.path().join("Library/LaunchAgents/ai.openclaw.gateway.plist");
    let recorder = Recorder::new().fails("launchctl print", "Could not find service");
    let supervisor = Supervisor::new(&place, &recorder);
    assert_eq!(supervisor.install(UnitOptions::default()).unwrap().path, plist);
    supervisor.stop().unwrap();
    let target = "gui/1000/ai.openclaw.gateway";
    assert_eq!(
        recorder.calls()[1..],
        [
            format!("launchctl print {target}"),
            format!("launchctl bootstrap gui/1000 {}", plist.display()),
            format!("launchctl kickstart -k {target}"),
            format!("launchctl bootout {target}"),
        ]
    );
    fs::create_dir(home.path().join(".Trash")).unwrap();
    supervisor.uninstall().unwrap();
    assert!(!plist.exists() && home.path().join(".Trash/ai.openclaw.gateway.plist").exists());
}

#[test]
fn the_port_of_a_definition_is_kept_when_it_says_something() {
    let definition = |port: &str| Definition {
        arguments: ["openclaw", "gateway", "--port", port].map(str::to_owned).to_vec(),
        ..Definition::default()
    };
    assert_eq!(UnitOptions::keeping(&definition("18789"), 18789), UnitOptions { port: None });
    assert_eq!(UnitOptions::keeping(&definition("19000"), 18789), UnitOptions { port: Some(19000) });
}

/// The unit that is written is one that systemd itself accepts.
#[test]
fn systemd_accepts_the_unit() {
    let (home, mut place) = home();
    place.program = std::env::current_exe().unwrap();
    place.paths.profile = Some("work".to_owned());
    place.paths.state_dir = home.path().join("a state \"dir\" 100%");
    let unit = home.path().join("openclaw-gateway.service");
    fs::write(&unit, systemd::unit(&place, UnitOptions { port: Some(18_789) }).unwrap()).unwrap();
    let verified = std::process::Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .arg(&unit)
        .env("XDG_RUNTIME_DIR", home.path())
        .env("HOME", home.path())
        .output();
    let Ok(out) = verified else {
        println!("skipped: there is no systemd-analyze here");
        return;
    };
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    // It also looks at every unit that this one names; only what is said of ours counts.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("openclaw-gateway")).collect();
    assert!(ours.is_empty() && out.status.success(), "{said}");
}
