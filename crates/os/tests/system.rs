//! What can only be seen with other processes, other accounts and other namespaces. Each test starts this very program
//! again as the other party; what needs root or a tool that is missing says so and is skipped.

// clippy.toml allows both in tests; helpers of tests in a file of their own it does not recognise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use openclaw_os::lock::{LockInfo, Purpose, StateLock};
use openclaw_os::peer::{self, Ancestry};
use openclaw_os::process;

const ROLE: &str = "OPENCLAW_OS_TEST_ROLE";
const ARGUMENT: &str = "OPENCLAW_OS_TEST_ARGUMENT";

/// This program again, running only the test function `role` with `argument`.
fn other(role: &str, argument: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    configure(&mut command, role, argument);
    command
}

fn configure(command: &mut Command, role: &str, argument: &str) {
    command
        .args(["--exact", role, "--nocapture", "--ignored"])
        .env(ROLE, role)
        .env(ARGUMENT, argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
}

/// The same, through a tool such as `setpriv` that starts it differently.
fn through(tool: &[&str], role: &str, argument: &str) -> Command {
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).arg(std::env::current_exe().unwrap());
    configure(&mut command, role, argument);
    command
}

/// The argument, when this process was started for this role.
fn role(name: &str) -> Option<String> {
    (std::env::var(ROLE).as_deref() == Ok(name)).then(|| std::env::var(ARGUMENT).unwrap())
}

fn say(text: &str) {
    println!("@@{text}");
    std::io::stdout().flush().unwrap();
}

fn hear(child: &mut Child) -> impl FnMut() -> String + use<> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    move || loop {
        let line = lines.next().expect("the other process ended early").unwrap();
        if let Some((_, said)) = line.split_once("@@") {
            return said.to_owned();
        }
    }
}

fn is_root() -> bool {
    peer::own_uid() == 0
}

fn has(tool: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).exists()))
}

fn lock_info(dir: &Path) -> LockInfo {
    let version = "2026.11.0".to_owned();
    LockInfo { purpose: Purpose::Gateway, config_path: dir.join("c"), version, node_lock_dir: None }
}

// Roles.

#[test]
#[ignore = "started by other tests as a process of its own"]
fn restarts_itself() {
    let Some(dir) = role("restarts_itself") else { return };
    let dir = Path::new(&dir);
    let mut inherited = process::inherited();
    let files = std::mem::take(&mut inherited.files);
    let Some(listener) = inherited.tcp.pop() else {
        let lock = StateLock::acquire(dir, &lock_info(dir)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let owner = UnixListener::bind(dir.join("sock")).unwrap();
        say(&listener.local_addr().unwrap().port().to_string());
        wait_for_word();
        panic!("exec failed: {}", process::exec_self(&[listener.as_fd(), owner.as_fd(), lock.as_fd()]));
    };
    assert!(process::inherited().tcp.is_empty(), "only once");
    let lock = StateLock::acquire_inherited(dir, &lock_info(dir), files).unwrap();
    let unix = inherited.unix.pop().unwrap();
    // A child must not get the descriptors, nor believe the variable.
    let mut child = other("reports_inheritance", "").spawn().unwrap();
    let mut hear = hear(&mut child);
    let heard = hear();
    child.wait().unwrap();
    let (mut tcp, _) = listener.accept().unwrap();
    let (mut owner, _) = unix.accept().unwrap();
    let words = format!("{} {heard}", std::process::id());
    tcp.write_all(words.as_bytes()).unwrap();
    owner.write_all(words.as_bytes()).unwrap();
    wait_for_word();
    drop(lock);
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn reports_inheritance() {
    let Some(_) = role("reports_inheritance") else { return };
    let inherited = process::inherited();
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let sockets = open.filter(|entry| {
        std::fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
    });
    say(&format!(
        "{}/{}",
        inherited.tcp.len() + inherited.unix.len() + inherited.files.len(),
        sockets.count()
    ));
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn connects_by_tcp() {
    let Some(address) = role("connects_by_tcp") else { return };
    let _stream = TcpStream::connect(address).unwrap();
    wait_for_word();
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn connects_by_unix() {
    let Some(path) = role("connects_by_unix") else { return };
    let mut stream = UnixStream::connect(path).unwrap();
    let _ = stream.read(&mut [0]);
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn judges_a_tcp_peer() {
    let Some(_) = role("judges_a_tcp_peer") else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    say(&listener.local_addr().unwrap().to_string());
    let (stream, remote) = listener.accept().unwrap();
    say(&format!("{:?}", peer::tcp_peer_uid(stream.local_addr().unwrap(), remote)));
}

/// A subreaper that starts grandchildren which try to lose their ancestry.
#[test]
#[ignore = "started by other tests as a process of its own"]
fn watches_its_descendants() {
    let Some(dir) = role("watches_its_descendants") else { return };
    process::become_subreaper().unwrap();
    let path = Path::new(&dir).join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let own = std::process::id();
    let mut verdicts = Vec::new();

    let mut direct = other("connects_by_unix", path.to_str().unwrap()).spawn().unwrap();
    let (stream, _) = listener.accept().unwrap();
    let peer = peer::unix_peer(&stream).unwrap();
    verdicts.push(peer::ancestry(&peer, own));
    drop(stream);
    direct.wait().unwrap();
    verdicts.push(peer::ancestry(&peer, own));

    // The shell leaves at once; the process in its own session would go to init without a subreaper.
    let exe = std::env::current_exe().unwrap();
    let script =
        format!("setsid '{}' --exact connects_by_unix --ignored >/dev/null 2>&1 & exit 0", exe.display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env(ROLE, "connects_by_unix").env(ARGUMENT, &path);
    shell.status().unwrap();
    let (stream, _) = listener.accept().unwrap();
    let escaped = peer::unix_peer(&stream).unwrap();
    verdicts.push(peer::ancestry(&escaped, own));
    drop(stream);
    let pid = escaped.process.as_ref().unwrap().pid();
    while !escaped.process.as_ref().unwrap().has_exited() {
        std::thread::yield_now();
    }
    let reaped = process::reap_orphans(|child| child != pid);
    say(&format!("{verdicts:?} {}", reaped == [pid]));
}

fn wait_for_word() {
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

fn word(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
}

// Tests.

#[test]
fn a_restart_keeps_pid_sockets_and_lock() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = other("restarts_itself", dir.path().to_str().unwrap()).spawn().unwrap();
    let mut heard = hear(&mut child);
    let port: u16 = heard().parse().unwrap();
    // Connected before the restart, served after it.
    let mut early = TcpStream::connect(("127.0.0.1", port)).unwrap();
    word(&mut child);
    let mut owner = UnixStream::connect(dir.path().join("sock")).unwrap();
    let expected = format!("{} 0/0", child.id());
    let mut buffer = vec![0; expected.len()];
    early.read_exact(&mut buffer).unwrap();
    assert_eq!(String::from_utf8_lossy(&buffer), expected);
    owner.read_exact(&mut buffer).unwrap();
    assert_eq!(String::from_utf8_lossy(&buffer), expected);
    assert_eq!(openclaw_os::lock::held_by(dir.path()).unwrap().pid, Some(child.id()));
    word(&mut child);
    assert!(child.wait().unwrap().success());
}

#[test]
fn descendants_cannot_lose_their_ancestry() {
    if !has("setsid") {
        println!("skipped: no setsid");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut child = other("watches_its_descendants", dir.path().to_str().unwrap()).spawn().unwrap();
    let mut heard = hear(&mut child);
    let verdicts = [Ancestry::Descendant, Ancestry::Unknown, Ancestry::Descendant];
    assert_eq!(heard(), format!("{verdicts:?} true"));
    assert!(child.wait().unwrap().success());
}

#[test]
fn another_account_on_this_host_is_seen_as_such() {
    if !is_root() || !has("setpriv") {
        println!("skipped: needs root and setpriv");
        return;
    }
    for bind in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(bind) else {
            println!("skipped: no {bind} here");
            continue;
        };
        let address = listener.local_addr().unwrap();
        let tool = ["setpriv", "--reuid=4711", "--regid=4711", "--clear-groups"];
        let mut child = through(&tool, "connects_by_tcp", &address.to_string()).spawn().unwrap();
        let (_stream, remote) = listener.accept().unwrap();
        assert_eq!(peer::tcp_peer_uid(address, remote), Some(4711));
        word(&mut child);
        child.wait().unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    for open in [dir.path(), path.as_path()] {
        std::fs::set_permissions(open, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    }
    let tool = ["setpriv", "--reuid=4711", "--regid=4712", "--clear-groups"];
    let mut child = through(&tool, "connects_by_unix", path.to_str().unwrap()).spawn().unwrap();
    let (stream, _) = listener.accept().unwrap();
    let seen = peer::unix_peer(&stream).unwrap();
    assert_eq!(
        (seen.uid, seen.gid, seen.process.as_ref().map(process::Process::pid)),
        (4711, 4712, Some(child.id()))
    );
    drop(stream);
    child.wait().unwrap();
}

#[test]
fn an_account_without_a_name_here_is_nobody() {
    if !is_root() || !has("setpriv") || !has("unshare") {
        println!("skipped: needs root, setpriv and unshare");
        return;
    }
    // Inside, uid 4711 is called root, and the real root has no name: not even the same number may count.
    let tool =
        ["setpriv", "--reuid=4711", "--regid=4711", "--clear-groups", "unshare", "--user", "--map-root-user"];
    let mut child = through(&tool, "judges_a_tcp_peer", "").spawn().unwrap();
    let mut heard = hear(&mut child);
    let _stream = TcpStream::connect(heard()).unwrap();
    assert_eq!(heard(), "None");
    child.wait().unwrap();
}

#[test]
fn a_peer_from_another_pid_namespace_cannot_be_judged() {
    if !is_root() || !has("unshare") {
        println!("skipped: needs root and unshare");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sock");
    // The namespace's own first process listens; we, outside, connect: it cannot name us.
    let tool = ["unshare", "--pid", "--fork", "--mount-proc"];
    let mut child = through(&tool, "judges_a_unix_peer", path.to_str().unwrap()).spawn().unwrap();
    let mut heard = hear(&mut child);
    assert_eq!(heard(), "listening");
    let _stream = UnixStream::connect(&path).unwrap();
    assert_eq!(heard(), "Unknown");
    child.wait().unwrap();
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn judges_a_unix_peer() {
    let Some(path) = role("judges_a_unix_peer") else { return };
    let listener = UnixListener::bind(path).unwrap();
    say("listening");
    let (stream, _) = listener.accept().unwrap();
    let seen = peer::unix_peer(&stream).unwrap();
    say(&format!("{:?}", peer::ancestry(&seen, std::process::id())));
}
