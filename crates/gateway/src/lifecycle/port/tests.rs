use super::*;
use std::process::{Command, Stdio};

fn holder(pid: Option<u32>, command: &str, product: Product) -> Holder {
    Holder {
        address: "127.0.0.1:18789".parse().unwrap(),
        uid: 1000,
        user: Some("node".into()),
        pid,
        name: pid.map(|_| "node".into()),
        command: command.into(),
        unit: None,
        product,
        version: None,
        state_dir: None,
    }
}

fn word(holders: &[Holder]) -> Conflict {
    Conflict::word(
        "ws://127.0.0.1:18789",
        18789,
        holders,
        Path::new("/home/node/.openclaw"),
        &Vantage::default(),
    )
}

#[test]
fn the_original_words_come_first_and_the_holder_is_named() {
    let node = holder(Some(123), "node dist/index.js gateway", Product::Gateway);
    let lines = word(std::slice::from_ref(&node)).lines;
    assert_eq!(
        lines[..5],
        [
            "Gateway failed to start: another gateway instance is already listening on ws://127.0.0.1:18789",
            "If the gateway is supervised, stop it with: openclaw gateway stop",
            "Port 18789 is already in use.",
            "- pid 123 node: node dist/index.js gateway (127.0.0.1:18789)",
            "Gateway already running locally. Stop it (openclaw gateway stop) or use a different port.",
        ]
    );
    let both = [node.clone(), Holder { address: "[::1]:18789".parse().unwrap(), ..node }];
    assert!(
        !word(&both).lines.iter().any(|line| line.starts_with("Multiple")),
        "one program on two addresses"
    );
}

#[test]
fn our_own_gateway_and_a_legacy_unit_are_recognised() {
    let ours = Holder {
        version: Some("2026.11.0".into()),
        state_dir: Some("/home/node/.openclaw".into()),
        ..holder(Some(7), "openclaw gateway", Product::Gateway)
    };
    let conflict = word(std::slice::from_ref(&ours));
    assert_eq!(conflict.help.fix.as_deref(), Some("openclaw gateway restart"));
    assert!(conflict.lines[3].contains("[OpenClaw 2026.11.0]"), "{:?}", conflict.lines);
    let other_state = Holder { state_dir: Some("/srv/other".into()), ..ours };
    assert_ne!(word(&[other_state]).help.fix.as_deref(), Some("openclaw gateway restart"));

    let legacy = Holder {
        unit: Some("clawdbot-gateway.service".into()),
        ..holder(Some(9), "node /opt/clawdbot/dist/entry.js gateway", Product::Gateway)
    };
    let conflict = word(&[legacy]);
    assert!(conflict.help.fix.is_some_and(|fix| fix.contains("disable") && fix.contains("clawdbot-gateway")));
}

#[test]
fn strangers_words_are_harmless_and_the_unseen_is_said() {
    let evil = holder(Some(5), "x\u{202e}\x1b[2J\nFix: rm -rf /", Product::Other);
    let lines = describe(1, &[evil], &Vantage::default());
    assert!(lines.iter().all(|line| !line.contains(['\n', '\x1b', '\u{202e}'])), "{lines:?}");
    let unseen = describe(1, &[holder(None, "", Product::Unknown)], &Vantage::default());
    assert_eq!(unseen.len(), 2);
    assert!(unseen[1].starts_with("Port is in use but process details are unavailable"));
    assert!(describe(1, &[], &Vantage::default()).is_empty());
    let two = [holder(Some(1), "ssh -N", Product::SshTunnel), holder(Some(2), "nginx", Product::Other)];
    assert!(describe(1, &two, &Vantage::default()).last().is_some_and(|line| line.starts_with("Multiple")));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_free_port_needs_no_force_and_our_own_is_not_forced() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut said = Vec::new();
    let refused = runtime().block_on(free_port(address, |line| said.push(line)));
    assert!(matches!(refused, Err(ForceError::Ancestor { .. })), "{refused:?}");
    drop(listener);
    runtime().block_on(free_port(address, |line| said.push(line))).unwrap();
    assert_eq!(said, [format!("force: no listeners on port {}", address.port())]);
}

/// Listens in another process that ignores SIGTERM.
const STUBBORN: &str = "import signal,socket,sys\n\
    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n\
    s=socket.create_server(('127.0.0.1',0))\n\
    print(s.getsockname()[1],flush=True)\n\
    signal.pause()\n";

#[test]
fn a_stubborn_holder_is_killed() {
    use std::io::BufRead as _;
    let spawned = Command::new("python3").args(["-c", STUBBORN]).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: needs python3 for a process that ignores SIGTERM");
        return;
    };
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = format!("127.0.0.1:{}", line.trim()).parse().unwrap();
    let mut said = Vec::new();
    runtime().block_on(free_port(address, |line| said.push(line))).unwrap();
    assert!(said[0].starts_with(&format!("force: killed pid {} (", child.id())), "{said:?}");
    assert_eq!(said[1], format!("force: escalated to SIGKILL while freeing port {}", address.port()));
    assert!(said[2].starts_with("force: waited "), "{said:?}");
    assert!(!child.wait().unwrap().success());
}
