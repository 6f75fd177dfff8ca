//! Without a supervisor: in the foreground, in the background, as the first process of a container.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use openclaw_tests::network::is_root;
use openclaw_tests::wait::until;
use openclaw_tests::world::{TOKEN, free_port};
use openclaw_tests::{Connect, Device, Dialect, Row, World, http, skipped};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::Background;

/// A child that ends with the test, and all that it started in a namespace of its own with it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answers(world: &World) -> bool {
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], world.port));
    http::get(at, "/readyz").is_some_and(|answer| answer.status == 200)
}

/// Every pairing request that waits.
fn waiting(world: &World) -> usize {
    let list = world.cli(&["devices", "list", "--json"]).ok().json();
    list["pending"].as_array().unwrap().len()
}

#[test]
fn a_21_a_gateway_that_nobody_supervises_is_started_restarted_and_stopped() {
    let row = Row::of("A-21");
    let world = World::new();
    let _background = Background(&world);
    let started = world.cli(&["gateway", "start"]).ok();
    assert!(answers(&world), "{started:?}");
    let pid = |said: &Value| said["pid"].as_u64().unwrap();
    let again = world.cli(&["gateway", "start"]).ok();
    let restarted = world.cli(&["gateway", "restart", "--json"]).ok().json();
    let after = world.cli(&["gateway", "restart", "--json"]).ok().json();
    assert_eq!(pid(&restarted), pid(&after), "a restart keeps the process");
    assert_eq!(
        (&after["action"], &after["ok"], &after["result"]),
        (&json!("restart"), &json!(true), &json!("restarted"))
    );
    let stopped = world.cli(&["gateway", "stop"]).ok();
    assert!(!answers(&world));
    let nothing = world.cli(&["gateway", "stop"]).failed(1);
    row.says(&[started, again, stopped, nothing][..]);
    // What the row offers brings it up again, from nothing.
    row.mends("openclaw gateway start");
    world.sh("openclaw gateway start").ok();
    assert!(answers(&world));
}

#[test]
fn a_21_no_claim_code_is_left_in_a_file() {
    let world = World::new();
    let _background = Background(&world);
    let started = world.sh("openclaw gateway start").ok();
    assert!(started.out.contains("No device is paired yet."), "{started:?}");
    world.sh("openclaw gateway restart").ok();
    let output = std::fs::read_to_string(world.state().join("logs/gateway.log")).unwrap();
    assert!(output.contains("Listening") && !output.contains("Claim code"), "{output}");
    // The way that is named instead leads in.
    let code = world.sh("openclaw devices join-code --json").ok().json();
    let code = code["code"].as_str().unwrap_or_else(|| panic!("{code}")).to_owned();
    let connect = Connect::cli(Dialect::V4).auth("bootstrapToken", &code).device(&Device::new());
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], world.port));
    openclaw_tests::Dial::to(to).host("gateway.example.com").open().connect(&connect).hello();
}

#[test]
fn a_21_a_gateway_in_the_foreground_is_restarted_in_place_and_stopped() {
    let world = World::new();
    let mut gateway = world.start();
    let said = world.sh("openclaw gateway restart").ok();
    let line = format!(
        "Gateway restart signal sent to unmanaged process on port {}: {}.",
        world.port,
        gateway.pid()
    );
    assert!(said.out.contains(&line), "{said:?}");
    assert!(answers(&world));
    let said = world.sh("openclaw gateway stop").ok();
    let line =
        format!("Gateway stop signal sent to unmanaged process on port {}: {}.", world.port, gateway.pid());
    assert!(said.out.contains(&line), "{said:?}");
    assert!(gateway.wait().0.success());
}

#[test]
fn a_21_a_port_is_named_only_when_it_is_that_gateways() {
    let world = World::new();
    let mut gateway = world.start();
    // As after `gateway --port`: the commands know another port than the gateway listens on.
    let said = world.sh(&format!("OPENCLAW_GATEWAY_PORT={} openclaw gateway stop", free_port())).ok();
    let line = format!("Gateway stop signal sent to unmanaged process: {}.", gateway.pid());
    assert!(said.out.contains(&line), "{said:?}");
    assert!(gateway.wait().0.success());
}

#[test]
fn a_21_only_the_gateway_of_this_state_is_touched() {
    // Same account, same port in the configuration, another profile: not ours.
    let theirs = World::new();
    let gateway = theirs.start();
    let ours = World::new().with(|config| config["gateway"]["port"] = json!(theirs.port));
    ours.cli(&["gateway", "stop"]).failed(1);
    assert_eq!(gateway.get("/readyz").unwrap().status, 200);
    let said = ours.cli(&["gateway", "start"]).failed(1);
    assert!(said.err.contains("another gateway instance is already listening"), "{said:?}");
    assert_eq!(gateway.get("/readyz").unwrap().status, 200);
    // A number that is somebody else's by now is not signalled: the lock says who is meant, not the number.
    let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
    let lock = json!({"pid": bystander.id(), "startTime": 1, "purpose": "gateway"});
    std::fs::write(ours.state().join("gateway.lock"), lock.to_string()).unwrap();
    ours.cli(&["gateway", "stop"]).failed(1);
    assert!(bystander.try_wait().unwrap().is_none());
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn a_21_the_gateway_of_another_profile_is_named_with_its_own_command() {
    let world = World::new();
    world.write_config(&json!({"gateway": {"mode": "local", "port": world.port}}));
    // The same account, and a configuration of the profile with the same port.
    let folder = world.home().join(".openclaw-work");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(world.config_file(), folder.join("openclaw.json")).unwrap();
    let mut command = world.command(&["--profile", "work", "gateway", "run"]);
    let mut theirs = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the other gateway", || answers(&world).then_some(()));
    let said = world.sh("openclaw gateway stop").failed(1);
    assert!(said.err.contains(".openclaw-work"), "{said:?}");
    assert_eq!(openclaw_tests::fix_of(&said), "openclaw --profile work gateway stop");
    world.run_fix(&said).ok();
    assert!(until("its end", || theirs.try_wait().unwrap()).success());
}

#[test]
fn a_21_a_start_that_would_be_refused_says_why_and_what_ends_it() {
    let world = World::new().with(|config| config["gateway"]["mode"] = json!("remote"));
    let said = world.sh("openclaw gateway start").failed(1);
    assert!(said.err.contains("Gateway start blocked"), "{said:?}");
    let _background = Background(&world);
    world.run_fix(&said).ok();
    world.sh("openclaw gateway start").ok();
    assert!(answers(&world));
}

#[test]
fn a_21_another_account_does_not_stop_it() {
    if !is_root() {
        return skipped("becoming another user needs root");
    }
    let world = World::new();
    let gateway = world.start();
    let said = world.cli_as(42_003, &["gateway", "stop"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(gateway.get("/readyz").unwrap().status, 200);
}

#[test]
fn a_21_the_first_process_of_a_container_restarts_in_place() {
    let world = World::new();
    let line = format!("exec {} gateway run", openclaw_tests::place::binary().display());
    let shell = world.shell("");
    let mut command = Command::new("unshare");
    if !is_root() {
        command.arg("--map-root-user");
    }
    command
        .args(["--pid", "--fork", "--mount-proc", "--kill-child=KILL", "/bin/sh", "-c", &line])
        .env_clear()
        .envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("OPENCLAW_GATEWAY_PORT", world.port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(container) = command.spawn() else { return skipped("there is no unshare here") };
    let mut container = Ended(container);
    let up = openclaw_tests::wait::within(Duration::from_secs(10), || {
        let ended = container.0.try_wait().unwrap().is_some();
        (ended || answers(&world)).then_some(!ended)
    });
    if up != Some(true) {
        return skipped("process namespaces cannot be made here");
    }
    let children = format!("/proc/{0}/task/{0}/children", container.0.id());
    let init = std::fs::read_to_string(children).unwrap().trim().to_owned();
    let inside = |line: &str| {
        let mut command = Command::new("nsenter");
        if !is_root() {
            command.args(["-U", "--preserve-credentials"]);
        }
        command.args(["-t", &init, "-m", "-p", "/bin/sh", "-c", line]).env_clear();
        command.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let said = inside("openclaw gateway restart --json");
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!((&said["result"], &said["pid"]), (&json!("restarted"), &json!(1)), "{said}");
    assert!(answers(&world));
    // From outside of the container its number is another process's, and nothing is done to that one.
    let outside = world.sh("openclaw gateway restart").failed(1);
    assert!(outside.err.contains("cannot see it"), "{outside:?}");
    let stop = world.sh("openclaw gateway stop").failed(1);
    assert!(stop.err.contains("cannot see it"), "{stop:?}");
    assert!(answers(&world));
    let said = inside("openclaw gateway stop");
    assert!(said.contains("It is the first process of this container"), "{said}");
    until("the container to end", || container.0.try_wait().unwrap());
}

/// A supervisor that writes down what it is told, starts nothing by itself, and lets the account's services end with the
/// session.
#[test]
fn a_21_what_the_supervisor_is_told_by_an_installation() {
    let world = World::new();
    let _background = Background(&world);
    let bin = world.home().join("fake");
    std::fs::create_dir(&bin).unwrap();
    let script = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(bin.join(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(bin.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    };
    script(
        "systemctl",
        "echo \"$@\" >> \"$HOME/told\"\ncase \"$*\" in *' show '*) echo LoadState=not-found;; *' restart '*) \
         \"$OPENCLAW\" gateway run > /dev/null 2>&1 & ;; esac",
    );
    script("loginctl", "echo no");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let program = openclaw_tests::place::binary();
    let mut command = world.command(&["gateway", "install", "--json"]);
    let output = command.env("PATH", &path).env("OPENCLAW", &program).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["warnings"].to_string().contains("loginctl enable-linger"), "{said}");
    let told = std::fs::read_to_string(world.home().join("told")).unwrap();
    let verbs: Vec<_> = told.lines().filter(|line| !line.contains(" show ")).collect();
    let unit = "openclaw-gateway.service";
    assert_eq!(
        verbs[..4],
        [
            "--user daemon-reload".to_owned(),
            format!("--user enable {unit}"),
            format!("--user reset-failed {unit}"),
            format!("--user restart {unit}"),
        ]
    );
    let unit = std::fs::read_to_string(world.home().join(".config/systemd/user").join(unit)).unwrap();
    assert!(unit.contains(&format!("ExecStart={} gateway\n", program.display())), "{unit}");
    assert!(!unit.contains(TOKEN), "{unit}");
}

#[test]
fn c_18_the_same_gateway_already_listens() {
    let world = World::new();
    let gateway = world.start();
    let said = world.start_refused().failed(78);
    assert!(said.err.contains(&format!("(pid {})", gateway.pid())), "{said:?}");
    Row::of("C-18").says(&said).mends(&said);
    let fixed = world.run_fix(&said).ok();
    assert!(fixed.out.contains("Restarted"), "{fixed:?}");
    assert_eq!(gateway.get("/readyz").unwrap().status, 200);
}

#[test]
fn c_18_somebody_else_holds_the_port() {
    let world = World::new();
    let holder = TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    let said = world.start_refused().failed(78);
    assert!(said.err.contains(&format!("pid {}", std::process::id())), "{said:?}");
    let fix = openclaw_tests::fix_of(&said);
    let other = openclaw_tests::world::free_port();
    // The placeholder is the one thing that the owner has to decide.
    assert_eq!(fix, "openclaw config set gateway.port <port>");
    world.sh(&fix.replace("<port>", &other.to_string())).ok();
    let mut command = world.command(&["gateway", "start"]);
    let started = command.output().unwrap();
    let _background = Background(&world);
    assert!(started.status.success(), "{started:?}");
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], other));
    assert_eq!(http::get(at, "/readyz").unwrap().status, 200);
    drop(holder);
}

#[test]
fn f_11_what_another_start_would_not_mend_ends_with_78() {
    let row = Row::of("F-11");
    let world = World::new().with(|config| config["gateway"]["port"] = json!("x"));
    let refused = world.start_refused().failed(78);
    row.says(&refused);
    let busy = World::new();
    let _holder = TcpListener::bind(("127.0.0.1", busy.port)).unwrap();
    busy.start_refused().failed(78);
    // The way back from the broken file, while nothing runs.
    let fix = openclaw_tests::fix_of(&world.cli(&["gateway", "start"]).failed(1));
    row.mends(&fix);
    assert_eq!(fix, "openclaw doctor --fix");
}

#[test]
fn g1_11_a_restart_returns_when_the_new_gateway_answers() {
    let world = World::new();
    let gateway = world.start();
    let boot = || {
        let connect = Connect::probe(Dialect::V4).token(TOKEN).device(&Device::new());
        gateway.dial().open().connect(&connect).hello()["server"]["bootId"].clone()
    };
    let before = boot();
    let said = world.sh("openclaw gateway restart").ok();
    // At once, without waiting for anything.
    assert_ne!(boot(), before);
    Row::of("G1-11").says(&said);
    // And the log that is read next has a line for each refusal, with its way out.
    let stranger = Connect::cli(Dialect::V4).token("wrong").device(&Device::new());
    gateway.dial_remote().open().connect(&stranger).refused();
    let line = until("the refusal in the log", || {
        let said = world.sh("openclaw logs --limit 50");
        said.out
            .lines()
            .find(|line| line.contains("token mismatch") && line.contains("Fix: "))
            .map(str::to_owned)
    });
    Row::of("G1-11").mends(&line);
}

#[test]
fn g1_11_a_restart_takes_up_the_version_that_the_programs_name_leads_to_now() {
    let folder = tempfile::tempdir().unwrap();
    let version = |name: &str| {
        let file = folder.path().join(name).join("openclaw");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::copy(openclaw_tests::place::binary(), &file).unwrap();
        file
    };
    let (old, new) = (version("1"), version("2"));
    let name = folder.path().join("openclaw");
    std::os::unix::fs::symlink(&old, &name).unwrap();
    let world = World::new().binary(&name);
    let gateway = world.start();
    let runs = || std::fs::read_link(format!("/proc/{}/exe", gateway.pid())).unwrap();
    assert_eq!(runs(), old);
    // As version managers do: the old one stays where it is.
    std::fs::remove_file(&name).unwrap();
    std::os::unix::fs::symlink(&new, &name).unwrap();
    world.sh("openclaw gateway restart").ok();
    assert_eq!(runs(), new);
}

#[test]
fn g4_3_a_device_is_approved_while_the_gateway_is_down() {
    let world = World::new();
    let gateway = world.start();
    let connect = Connect::cli(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().open().connect(&connect).refused();
    gateway.stop();
    let list = world.sh("openclaw devices list").ok();
    let id = world.cli(&["devices", "list", "--json"]).ok().json()["pending"][0]["requestId"].clone();
    let approved = world.sh(&format!("openclaw devices approve {} --no-wait", id.as_str().unwrap())).ok();
    Row::of("G4-3").says(&(&list, &approved)).mends("openclaw gateway start");
    let _background = Background(&world);
    world.sh("openclaw gateway start").ok();
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], world.port));
    openclaw_tests::Dial::to(to).host("gateway.example.com").open().connect(&connect).hello();
}

#[test]
fn g4_9_a_hundred_clients_come_back_after_a_restart_and_nobody_is_asked_again() {
    const CLIENTS: usize = 100;
    let world = World::new();
    let gateway = world.start();
    let connects: Vec<Connect> =
        (0..CLIENTS).map(|_| Connect::cli(Dialect::V4).token(TOKEN).device(&Device::new())).collect();
    let sockets: Vec<_> = connects
        .iter()
        .map(|connect| {
            let mut socket = gateway.dial().open();
            socket.connect(connect).hello();
            socket
        })
        .collect();
    assert_eq!(waiting(&world), 0);
    let (said, back) = std::thread::scope(|scope| {
        let clients: Vec<_> = sockets
            .into_iter()
            .zip(&connects)
            .map(|(mut socket, connect)| {
                let gateway = &gateway;
                scope.spawn(move || {
                    assert_eq!(socket.closed().code, 1012);
                    let gone = Instant::now();
                    // No attempt may fail: the socket that is knocked at never closes.
                    gateway.dial().open().connect(connect).hello();
                    gone.elapsed()
                })
            })
            .collect();
        let said = world.sh("openclaw gateway restart").ok();
        let back: Vec<Duration> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        (said, back)
    });
    println!("{CLIENTS} clients are back after at most {:?}", back.iter().max().unwrap());
    assert_eq!(back.len(), CLIENTS);
    let paired = world.cli(&["devices", "list", "--json"]).ok().json()["paired"].as_array().unwrap().len();
    assert!(paired >= CLIENTS, "{paired} devices");
    assert_eq!(waiting(&world), 0, "a restart is no reason to ask again");
    Row::of("G4-9").says(&said).mends(&said);
}

#[test]
fn g5_0b_a_stopped_gateway_is_said_to_be_and_started() {
    let row = Row::of("G5-0b");
    let world = World::new();
    let status = world.sh("openclaw gateway status");
    row.says(&status).mends(&status);
    let _background = Background(&world);
    let started = world.run_fix(&status).ok();
    assert!(started.out.contains("Started the gateway"), "{started:?}");
    let status = world.sh("openclaw gateway status").ok();
    assert!(status.out.contains("Runtime: running"), "{status:?}");
}

#[test]
fn a_restart_that_is_not_wanted_or_would_fail_leaves_the_gateway_alone() {
    let world = World::new().with(|config| config["commands"] = json!({"restart": false}));
    let gateway = world.start();
    let said = world.sh("openclaw gateway restart").failed(1);
    assert!(
        said.err.contains(
            "Gateway restart is disabled in the running gateway config (commands.restart=false); unmanaged SIGUSR1 restart would be ignored"
        ),
        "{said:?}"
    );
    world.run_fix(&said).ok();
    until("the setting to be taken over", || {
        let said = world.sh("openclaw gateway restart");
        (said.code == 0).then_some(())
    });
    let good = std::fs::read_to_string(world.config_file()).unwrap();
    world.write_config_text("{ gateway: ");
    let said = world.sh("openclaw gateway restart").failed(1);
    assert!(said.err.contains("so it keeps running as it is"), "{said:?}");
    assert_eq!(gateway.get("/readyz").unwrap().status, 200);
    world.write_config_text(&good);
}

#[test]
fn a_restart_that_takes_too_long_says_what_is_known() {
    let world = World::new();
    let gateway = world.start();
    // A process that does not run on cannot answer.
    gateway.signal(Signal::STOP);
    let said = world.sh("openclaw gateway restart --wait 300ms").failed(1);
    gateway.signal(Signal::CONT);
    for part in [
        format!("Timed out after 300ms waiting for gateway port {} to become healthy.", world.port),
        "Gateway restart timed out after 300ms waiting for health checks.".to_owned(),
        format!("pid {}", gateway.pid()),
    ] {
        assert!(said.err.contains(&part), "{part}: {said:?}");
    }
}

#[test]
fn a_supervisor_hears_that_the_gateway_answers_lives_restarts_and_goes() {
    let world = World::new();
    let path = world.home().join("notify");
    let supervisor = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    supervisor.set_read_timeout(Some(openclaw_tests::wait::PATIENCE)).unwrap();
    let world = world.variable("NOTIFY_SOCKET", path.to_str().unwrap()).variable("WATCHDOG_USEC", "20000");
    let mut gateway = world.launch();
    let hear = |word: &str| loop {
        let mut buffer = [0; 1024];
        let read = supervisor.recv(&mut buffer).unwrap_or_else(|error| panic!("never heard {word}: {error}"));
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        if text.contains(word) {
            return text;
        }
    };
    let ready = hear("READY=1");
    // It was not said too early: what was told can be relied upon without waiting.
    assert_eq!(gateway.get("/readyz").unwrap().status, 200);
    assert!(ready.contains(&format!("MAINPID={}", gateway.pid())), "{ready}");
    assert!(hear("STATUS=").contains(&format!("on port {}", world.port)));
    hear("WATCHDOG=1");
    // A gateway that stands still gives no sign, which is what a watchdog is for.
    gateway.signal(Signal::STOP);
    supervisor.set_nonblocking(true).unwrap();
    until("silence", || supervisor.recv(&mut [0; 1024]).is_err().then_some(()));
    supervisor.set_nonblocking(false).unwrap();
    gateway.signal(Signal::CONT);
    hear("WATCHDOG=1");
    gateway.signal(Signal::USR1);
    hear("RELOADING=1");
    assert!(hear("READY=1").contains(&format!("MAINPID={}", gateway.pid())));
    hear("WATCHDOG=1");
    gateway.signal(Signal::TERM);
    hear("STOPPING=1");
    assert!(gateway.wait().0.success());
}

#[test]
fn a_31_the_processes_name_says_what_it_is() {
    let world = World::new();
    let gateway = world.start();
    let name = std::fs::read_to_string(format!("/proc/{}/comm", gateway.pid())).unwrap();
    assert_eq!(name.trim(), "openclaw");
    let line = std::fs::read(format!("/proc/{}/cmdline", gateway.pid())).unwrap();
    let words: Vec<_> = line.split(|byte| *byte == 0).collect();
    assert!(words[0].ends_with(b"openclaw") && words.contains(&&b"gateway"[..]), "{words:?}");
    let seen = Command::new("ss").args(["-H", "-tlnp"]).output();
    let Ok(seen) = seen else { return skipped("there is no ss here") };
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    let ours: String = seen.lines().filter(|line| line.contains(&format!(":{} ", world.port))).collect();
    Row::of("A-31").says(&ours);
    Row::of("A-31").mends(&world.sh("openclaw gateway stop").ok());
    drop(gateway);
}
