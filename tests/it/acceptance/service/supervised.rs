//! Under a real systemd of the account.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use openclaw_tests::systemd::Systemd;
use openclaw_tests::world::Said;
use openclaw_tests::{Row, World, http, skipped};
use serde_json::json;

const UNIT: &str = "openclaw-gateway.service";
const LEGACY: &str = "clawdbot-gateway.service";

fn ready(world: &World) -> bool {
    http::get(SocketAddr::from(([127, 0, 0, 1], world.port)), "/readyz")
        .is_some_and(|answer| answer.status == 200)
}

#[test]
fn a_21_the_service_is_installed_started_stopped_restarted_and_removed() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    let installed = systemd.sh("openclaw gateway install --json").ok().json();
    assert_eq!((&installed["ok"], &installed["result"]), (&json!(true), &json!("installed")));
    assert_eq!(installed["service"]["loadedText"], json!("enabled"));
    assert!(ready(&world), "it returns when the gateway answers");
    let unit = std::fs::read_to_string(world.home().join(".config/systemd/user").join(UNIT)).unwrap();
    assert!(!unit.contains(openclaw_tests::world::TOKEN), "{unit}");
    let again = systemd.sh("openclaw gateway install").ok();
    assert!(again.out.contains("Gateway service already enabled."), "{again:?}");
    let pid = systemd.property(UNIT, "MainPID");
    let restarted = systemd.sh("openclaw gateway restart").ok();
    assert!(restarted.out.contains(&format!("Restarted systemd service: {UNIT}")), "{restarted:?}");
    assert_ne!(systemd.property(UNIT, "MainPID"), pid);
    assert!(ready(&world));
    let stopped = systemd.sh("openclaw gateway stop").ok();
    assert!(stopped.out.contains(&format!("Stopped systemd service: {UNIT}")), "{stopped:?}");
    assert!(!ready(&world));
    systemd.sh("openclaw gateway stop").failed(1);
    let started = systemd.sh("openclaw daemon start").ok();
    assert!(started.out.contains(&format!("Started systemd service: {UNIT}")), "{started:?}");
    assert!(ready(&world));
    let removed = systemd.sh("openclaw gateway uninstall --json").ok().json();
    assert_eq!(removed["result"], json!("uninstalled"));
    assert!(!ready(&world));
    systemd.sh("openclaw gateway uninstall").failed(1);
}

#[test]
fn a_21_a_gateway_without_a_service_gives_way_to_the_one_that_is_installed() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    let started = systemd.sh("openclaw gateway start").ok();
    assert!(started.out.contains("as a service: openclaw gateway install"), "{started:?}");
    let installed = systemd.sh("openclaw gateway install").ok();
    assert!(installed.out.contains("Stopped the gateway that ran without a service"), "{installed:?}");
    assert!(ready(&world));
    assert_ne!(systemd.property(UNIT, "MainPID"), "0");
}

#[test]
fn a_21_the_service_of_a_profile_has_its_own_name_and_state_whatever_that_is_called() {
    let world = World::new();
    let state = world.home().join("a state \"of\" 100% $HOME's");
    std::fs::rename(world.state(), &state).unwrap();
    let world = world.variable("OPENCLAW_STATE_DIR", state.to_str().unwrap());
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    systemd.sh("openclaw --profile work gateway install").ok();
    assert!(ready(&world));
    assert_ne!(systemd.property("openclaw-gateway-work.service", "MainPID"), "0");
    assert!(state.join("gateway.sock").exists(), "the gateway works on another state");
    systemd.sh("openclaw --profile work gateway restart").ok();
    systemd.sh("openclaw gateway install").failed(1);
    systemd.sh("openclaw --profile work gateway uninstall").ok();
    assert!(!ready(&world));
}

#[test]
fn a_30_a_restart_of_the_unit_turns_nobody_away() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    systemd.sh("openclaw gateway install").ok();
    let pid = systemd.property(UNIT, "MainPID");
    let over = AtomicBool::new(false);
    let knocks = std::thread::scope(|scope| {
        let knocking = scope.spawn(|| {
            let mut knocks = 0;
            while !over.load(Ordering::SeqCst) {
                // Alive, not ready: the gateway that goes says of itself that it is not ready any more.
                let address = SocketAddr::from(([127, 0, 0, 1], world.port));
                let answer = http::get(address, "/healthz").map(|answer| answer.status);
                assert_eq!(answer, Some(200), "turned away at knock {knocks}");
                knocks += 1;
            }
            knocks
        });
        let restarted = systemd.sh("systemctl --user restart openclaw-gateway");
        over.store(true, Ordering::SeqCst);
        restarted.ok();
        knocking.join().unwrap()
    });
    assert!(knocks > 0);
    assert_ne!(systemd.property(UNIT, "MainPID"), pid);
    let status = systemd.sh("openclaw gateway status").ok();
    Row::of("A-30").says(&status).mends("systemctl --user restart openclaw-gateway");
}

#[test]
fn f_11_the_service_is_not_started_again_and_again() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    systemd.sh("openclaw gateway install").ok();
    let good = world.config();
    let gave_up = |what: &str| {
        systemd.until(UNIT, "ActiveState", "failed");
        assert_eq!(systemd.property(UNIT, "ExecMainStatus"), "78", "{what}");
        assert_eq!(systemd.property(UNIT, "NRestarts"), "0", "{what}");
    };
    systemd.sh("openclaw gateway stop").ok();
    world.change_config(|config| config["gateway"]["port"] = json!("x"));
    systemd.sh("systemctl --user start openclaw-gateway");
    gave_up("a broken configuration");
    world.write_config(&good);
    let holder = std::net::TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    systemd.sh("systemctl --user restart openclaw-gateway");
    gave_up("a port that is taken");
    drop(holder);
    // One word ends it, whatever systemd has given up.
    systemd.sh("openclaw gateway start").ok();
    assert!(ready(&world));
}

#[test]
fn g5_0b_a_service_that_systemd_gave_up_is_started() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    systemd.sh("openclaw gateway install").ok();
    systemd.sh("openclaw gateway stop").ok();
    // More starts in a row than the unit allows.
    for _ in 0..12 {
        systemd.sh("systemctl --user start openclaw-gateway; systemctl --user stop openclaw-gateway");
    }
    let refused = systemd.sh("systemctl --user start openclaw-gateway");
    assert_ne!(refused.code, 0, "the limit does not hold: {refused:?}");
    let status = systemd.sh("openclaw gateway status");
    Row::of("G5-0b").says(&status).mends(&status);
    systemd.sh(&openclaw_tests::fix_of(&status)).ok();
    assert!(ready(&world));
}

/// An older product's gateway, started by a unit of the account, on our port.
fn legacy(world: &World, systemd: &Systemd) {
    let folder = world.home().join(".config/systemd/user");
    std::fs::create_dir_all(&folder).unwrap();
    let program = openclaw_tests::place::binary();
    let unit = format!(
        "[Service]\nType=notify\nExecStart={} gateway run --allow-unconfigured --port {}\nRestart=always\n\
         Environment=HOME={home} OPENCLAW_STATE_DIR={home}/.clawdbot-old OPENCLAW_IN_CONTAINER=0 TMPDIR={home}/tmp\n\
         [Install]\nWantedBy=default.target\n",
        program.display(),
        world.port,
        home = world.home().display(),
    );
    std::fs::write(folder.join(LEGACY), unit).unwrap();
    systemd.sh(&format!("systemctl --user daemon-reload && systemctl --user enable --now {LEGACY}")).ok();
}

fn refused_by_legacy(systemd: &Systemd) -> Said {
    let said = systemd.sh("openclaw gateway start").failed(1);
    assert!(said.err.contains("already listening") && said.err.contains(LEGACY), "{said:?}");
    said
}

#[test]
fn g5_3_an_old_service_holds_the_port_and_is_retired_by_its_fix() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    legacy(&world, &systemd);
    let said = refused_by_legacy(&systemd);
    Row::of("G5-3").says(&said).mends(&said);
    let fix = openclaw_tests::fix_of(&said);
    assert_eq!(fix, format!("systemctl --user disable --now {LEGACY}"));
    systemd.sh(&fix).ok();
    assert_eq!(systemd.property(LEGACY, "ActiveState"), "inactive");
    systemd.sh("openclaw gateway start").ok();
    assert!(ready(&world));
}

#[test]
fn a_31_an_old_service_is_stopped_and_disabled_by_hand() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    legacy(&world, &systemd);
    refused_by_legacy(&systemd);
    systemd.sh("systemctl --user stop clawdbot-gateway && systemctl --user disable clawdbot-gateway").ok();
    systemd.sh("openclaw gateway install").ok();
    assert!(ready(&world));
}

#[test]
fn g5_3_the_doctor_retires_it_and_keeps_a_copy() {
    let world = World::new();
    let systemd = match Systemd::start(&world) {
        Ok(systemd) => systemd,
        Err(why) => return skipped(why),
    };
    legacy(&world, &systemd);
    let seen = systemd.sh("openclaw doctor");
    assert!(seen.all().contains(LEGACY), "{seen:?}");
    assert_eq!(systemd.property(LEGACY, "ActiveState"), "active", "looking changes nothing");
    let mended = systemd.sh("openclaw doctor --fix --yes");
    assert!(mended.all().contains(LEGACY), "{mended:?}");
    assert_eq!(systemd.property(LEGACY, "ActiveState"), "inactive", "{mended:?}");
    let folder = world.home().join(".config/systemd/user");
    assert!(!folder.join(LEGACY).exists() && folder.join(format!("{LEGACY}.retired")).exists(), "{mended:?}");
}
