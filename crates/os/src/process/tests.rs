use super::*;

#[test]
fn the_name_in_stat_may_hold_anything() {
    let fields = "S 42 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 0 0";
    for name in ["(node)", "(a) b) c)", "(S 1 2)", "()"] {
        let stat = parse_stat(&format!("7 {name} {fields}")).unwrap();
        assert_eq!(stat, Stat { state: 'S', parent: 42, start_time: 777 });
    }
    assert_eq!(parse_stat("7 (x) S 42"), None);
    assert_eq!(parse_stat(""), None);
}

#[test]
fn this_process_is_described() {
    let own = std::process::id();
    assert_eq!(stat(own).unwrap().parent, std::os::unix::process::parent_id());
    assert_eq!(cmdline(own)[0], std::env::args().next().unwrap());
    assert_eq!(uid(own), Some(rustix::process::geteuid().as_raw()));
    assert!(process_name(own).is_some_and(|name| !name.is_empty()));
    assert_eq!(start_time(4_000_000), None);
    assert!(cmdline(4_000_000).is_empty());
}

#[test]
fn the_unit_is_the_innermost_service() {
    let user = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/openclaw-gateway.service\n";
    assert_eq!(unit_in_cgroup(user).as_deref(), Some("openclaw-gateway.service"));
    assert_eq!(unit_in_cgroup("0::/system.slice/clawdbot.service").as_deref(), Some("clawdbot.service"));
    let shell = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte.scope";
    assert_eq!(unit_in_cgroup(shell), None);
    assert_eq!(unit_in_cgroup("0::/init.scope"), None);
}

#[test]
fn a_held_process_is_signalled_and_seen_to_end() {
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let held = Process::open(child.id()).unwrap();
    assert!(children(std::process::id()).contains(&child.id()));
    assert!(!held.has_exited());
    held.ask(Ask::Kill).unwrap();
    child.wait().unwrap();
    assert!(held.has_exited());
    assert!(held.ask(Ask::Terminate).is_err(), "a signal never reaches a later process of the same pid");
    assert!(Process::open(0).is_err());
}

#[test]
fn only_unknown_dead_children_are_reaped() {
    let spawn = || std::process::Command::new("true").spawn().unwrap();
    let (mut ours, orphan) = (spawn(), spawn());
    let orphan_pid = orphan.id();
    let dead = |pid: u32| stat(pid).is_none_or(|stat| stat.state == 'Z');
    while !(dead(ours.id()) && dead(orphan_pid)) {
        std::thread::yield_now();
    }
    // Other tests of this process have children too: only these two are asked about.
    let reaped = reap_orphans(|pid| pid != orphan_pid);
    assert_eq!(reaped, [orphan_pid]);
    assert!(stat(orphan_pid).is_none());
    assert!(ours.wait().unwrap().success(), "its status was left to its owner");
}

#[test]
fn units_of_the_machine_and_of_accounts() {
    assert!(is_system_cgroup("0::/system.slice/clawdbot-gateway.service\n"));
    assert!(!is_system_cgroup(
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/clawdbot-gateway.service\n"
    ));
    assert!(!is_system_cgroup(""));
}
