//! Rows about getting to the dashboard: on this machine, and through ssh from another one.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use openclaw_tests::acceptance::Row;
use openclaw_tests::background::Background;
use openclaw_tests::container::installed;
use openclaw_tests::network::{Namespace, Origin, two_hosts};
use openclaw_tests::sshd::Sshd;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dial, Dialect, World, http, skipped};

const NO_SSH: &str = "a host with an ssh server needs root, iproute2 and OpenSSH";
const SSH_PORT: u16 = 2222;

/// A host with an ssh server, and another one.
fn server(more: &str) -> Option<(Arc<Namespace>, Arc<Namespace>, Sshd)> {
    let made = two_hosts().and_then(|(here, there)| {
        let sshd = Sshd::start(&here, SSH_PORT, more)?;
        Some((here, there, sshd))
    });
    if made.is_none() {
        skipped(NO_SSH);
    }
    made
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[test]
fn a_33_curl_gets_the_dashboard() {
    let world = World::new();
    let gateway = world.start();
    let page = gateway.get("/").unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    Row::of("A-33").says(&page.body).mends(&page.body);
    if !installed("curl") {
        return skipped("curl is not installed");
    }
    let said = world.sh(&format!("curl -fsS http://127.0.0.1:{}", world.port)).ok();
    assert_eq!(said.out, page.body);
}

#[test]
fn g5_4b_a_token_in_the_query_moves_into_the_fragment() {
    let world = World::new();
    let gateway = world.start();
    for (path, location) in [
        (format!("/?token={TOKEN}"), format!("./#token={TOKEN}")),
        (format!("/chat?session=main&token={TOKEN}"), format!("./chat?session=main#token={TOKEN}")),
    ] {
        let answer = gateway.get(&path).unwrap();
        assert_eq!((answer.status, answer.header("location")), (302, Some(location.as_str())), "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        Row::of("G5-4b").says(answer.header("location").unwrap()).mends(answer.header("location").unwrap());
        // The address bar then holds what no server sees.
        let (clean, _) = location.split_once('#').unwrap();
        assert_eq!(gateway.get(clean.trim_start_matches('.')).unwrap().status, 200);
    }
    // Nothing that would be another site's address.
    let answer = gateway.get(&format!("//evil.example/?token={TOKEN}")).unwrap();
    assert_eq!(answer.header("location"), None, "{answer:?}");
    let log = std::fs::read_to_string(world.log_file()).unwrap();
    assert!(!log.contains(TOKEN) && !gateway.printed().contains(TOKEN));
}

#[test]
fn g5_10_on_a_server_the_line_for_the_other_computer_is_complete() {
    let Some((here, there, sshd)) = server("") else { return };
    let world = World::inside(&here)
        .variable("USER", "root")
        .variable("SSH_CONNECTION", &format!("{} 50000 {} {SSH_PORT}", there.address, here.address));
    let stopped = world.cli_at_terminal(&["dashboard"]).ok();
    assert!(stopped.out.contains("Gateway is not running."), "{stopped:?}");
    let gateway = world.start();
    let said = world.cli_at_terminal(&["dashboard"]).ok();
    let row = Row::of("G5-10").says(&said.out).mends(&said.out);
    let line = said.out.lines().find(|line| line.starts_with("ssh ")).unwrap();
    assert!(line.ends_with(&format!("root@{}", here.address)), "{}: {line}", row.id);
    // Without a terminal there is no token in it.
    let piped = world.cli(&["dashboard"]).ok();
    assert!(!piped.all().contains(TOKEN) && piped.out.contains(line), "{piped:?}");

    // What it says is done on the other computer, word by word.
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("exec {line}")]).env_clear().env("PATH", sshd.path());
    let _tunnel = Background::start(&Origin::Inside(there.clone()), &mut shell);
    let link = said.out.lines().find(|line| line.starts_with("http://localhost:")).unwrap();
    let (page, token) = link.split_once("#token=").unwrap();
    assert_eq!((page, token), (format!("http://localhost:{}/", world.port).as_str(), TOKEN));
    let at = loopback(world.port);
    let answer = until("the page through the tunnel", || there.run(|| http::get(at, "/")));
    assert!(answer.status == 200 && answer.body.starts_with("<!doctype html>"), "{answer:?}");
    let connect = Connect::control_ui(Dialect::V4).token(token).device(&Device::new());
    let dial = Dial::to(at).from(Origin::Inside(there.clone())).host(&format!("localhost:{}", world.port));
    dial.web_origin(page.trim_end_matches('/')).open().connect(&connect).hello();
    drop(gateway);
}

/// The other computer, with the `ssh` that gets in.
fn computer(there: &Arc<Namespace>, sshd: &Sshd) -> World {
    World::inside(there).variable("PATH", &sshd.path())
}

#[test]
fn a_tunnel_is_opened_checked_and_closed() {
    let Some((here, there, sshd)) = server("") else { return };
    let world = World::inside(&here);
    let gateway = world.start();
    let computer = computer(&there, &sshd);
    let (target, port, ssh_port) =
        (format!("root@{}", here.address), world.port.to_string(), SSH_PORT.to_string());
    let words = ["tunnel", &target, "--port", &port, "--ssh-port", &ssh_port];

    let checked = computer.cli(&[&words[..], &["--check", "--json"]].concat()).ok().json();
    assert_eq!(checked["url"], format!("http://127.0.0.1:{port}/"), "{checked}");
    assert!(there.run(|| http::get(loopback(world.port), "/")).is_none(), "it is closed after the check");

    let mut command = computer.command(&words);
    let mut tunnel = Background::start(computer.origin(), &mut command);
    tunnel.line_with("The tunnel works");
    let page = tunnel.line_with("Open: ");
    assert_eq!(page, format!("Open: http://127.0.0.1:{port}/"));
    assert_eq!(there.run(|| http::get(loopback(world.port), "/")).unwrap().status, 200);
    tunnel.interrupt();
    assert!(tunnel.wait().success());
    until("the port to be free again", || {
        there.run(|| http::get(loopback(world.port), "/").is_none()).then_some(())
    });

    // The number is taken over there: another one is used, and said.
    let taken = there.run(|| std::net::TcpListener::bind(loopback(world.port))).unwrap();
    let mut command = computer.command(&words);
    let mut tunnel = Background::start(computer.origin(), &mut command);
    let page = tunnel.line_with("Open: ");
    assert!(!page.contains(&port), "{page}");
    assert!(tunnel.printed().contains("is taken on this machine"), "{}", tunnel.printed());
    drop(taken);
    // A tunnel that breaks says so and does not look like success.
    drop(sshd);
    tunnel.line_with("broke");
    assert_eq!(tunnel.wait().code(), Some(1));
    drop(gateway);
}

#[test]
fn what_is_wrong_with_a_tunnel_is_told_apart() {
    let Some((here, there, sshd)) = server("DenyUsers nobody") else { return };
    let computer = computer(&there, &sshd);
    let target = format!("root@{}", here.address);
    let ssh_port = SSH_PORT.to_string();
    let tunnel = |target: &str, more: &[&str]| {
        let words = [&["tunnel", target, "--check", "--timeout", "15000"], more].concat();
        computer.cli(&words).failed(1).all()
    };
    let there_is = |said: &str, words: &str| assert!(said.contains(words), "{words}: {said}");
    there_is(&tunnel(&target, &["--ssh-port", &ssh_port]), "nothing listens on 127.0.0.1:18789 there");
    there_is(&tunnel(&target, &["--ssh-port", "2"]), "no ssh server listens on port 2 there");
    there_is(&tunnel("root@no-such-host.invalid", &[]), "is not known to the network");
    let denied = format!("nobody@{}", here.address);
    there_is(&tunnel(&denied, &["--ssh-port", &ssh_port]), "did not let you in");
    // Another web server, where the gateway was thought to be.
    let other = here.run(|| std::net::TcpListener::bind(loopback(3000))).unwrap();
    std::thread::spawn(move || {
        for stream in other.incoming().flatten() {
            use std::io::{Read, Write};
            let (mut stream, mut request) = (stream, [0; 1024]);
            let _ = stream.read(&mut request);
            let _ =
                stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let foreign = tunnel(&target, &["--ssh-port", &ssh_port, "--port", "3000"]);
    there_is(&foreign, "answered HTTP 404 and is not an OpenClaw gateway");
    sshd.change_known_key();
    there_is(&tunnel(&target, &["--ssh-port", &ssh_port]), "shows another key than before");
}

#[test]
fn a_server_that_forbids_forwarding_is_told() {
    let Some((here, there, sshd)) = server("AllowTcpForwarding no") else { return };
    let computer = computer(&there, &sshd);
    let target = format!("root@{}", here.address);
    let ssh_port = SSH_PORT.to_string();
    let said = computer
        .cli(&["tunnel", &target, "--ssh-port", &ssh_port, "--check", "--timeout", "15000"])
        .failed(1);
    assert!(said.all().contains("does not allow forwarding"), "{said:?}");
}

/// A desktop whose browser is `curl`: it notes with what it was started, and where it was sent.
fn desktop(world: World) -> World {
    use std::os::unix::fs::PermissionsExt;
    let bin = world.home().join("desktop");
    std::fs::create_dir(&bin).unwrap();
    let script = "#!/bin/sh\nprintf '%s\\n' \"$*\" > \"$HOME/started-with\"\nexec curl -s -o /dev/null -D \"$HOME/sent-to\" \"$1\"\n";
    std::fs::write(bin.join("xdg-open"), script).unwrap();
    std::fs::set_permissions(bin.join("xdg-open"), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    world.variable("DISPLAY", ":7").variable("PATH", &path)
}

#[test]
fn the_browser_gets_the_token_and_the_list_of_processes_does_not() {
    if !installed("curl") {
        return skipped("curl is not installed");
    }
    let world = desktop(World::new());
    let gateway = world.start();
    let said = world.cli(&["dashboard"]).ok();
    assert!(said.out.contains("Opened in your browser. Keep that tab to control OpenClaw."), "{said:?}");
    let read = |name: &str| std::fs::read_to_string(world.home().join(name)).unwrap_or_default();
    let arguments = read("started-with");
    assert!(arguments.starts_with("http://127.0.0.1:") && !arguments.contains(TOKEN), "{arguments}");
    let location = format!("Location: http://127.0.0.1:{}/#token={TOKEN}\r\n", world.port);
    // The browser goes on by itself after the command has ended.
    until("the browser to be sent on", || read("sent-to").contains(&location).then_some(()));
    // The address worked once.
    let again = world.sh(&format!("curl -s -o /dev/null -w '%{{http_code}}' {}", arguments.trim()));
    assert!(!again.out.starts_with("30"), "{again:?}");
    // Nobody is sent to a gateway that is not there.
    gateway.stop();
    std::fs::remove_file(world.home().join("started-with")).unwrap();
    let said = world.cli(&["dashboard"]).ok();
    assert!(said.err.contains("Gateway is not running."), "{said:?}");
    assert!(!world.home().join("started-with").exists());
}
