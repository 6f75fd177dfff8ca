//! The running gateway: the real binary as a child process, ended by its process id when the test is over.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::http::{self, Response};
use crate::wait::{PATIENCE, until, within};
use crate::world::{Said, TOKEN, World};
use crate::{Connect, Device, Dial, Dialect, Socket};

/// A gateway process.
pub struct Gateway<'w> {
    /// The place where it runs.
    pub world: &'w World,
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

impl<'w> Gateway<'w> {
    pub(crate) fn new(world: &'w World, mut child: Child) -> Gateway<'w> {
        let out = collect(child.stdout.take().unwrap());
        let err = collect(child.stderr.take().unwrap());
        Gateway { world, child, out, err }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its loopback address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.world.port))
    }

    /// Its WebSocket address as a URL.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// Everything it has printed on standard output.
    pub fn stdout(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    /// Everything it has printed.
    pub fn printed(&self) -> String {
        format!("{}{}", self.stdout(), self.err.lock().unwrap())
    }

    /// `GET path`, from where the gateway runs.
    pub fn get(&self, path: &str) -> Option<Response> {
        let to = self.address();
        self.world.origin().run(|| http::get(to, path))
    }

    /// Waits until it says that it is ready.
    pub fn wait_ready(&self) {
        within(PATIENCE, || {
            let gone = rustix::process::test_kill_process(self.process()).is_err() || self.is_zombie();
            assert!(!gone, "the gateway ended instead of starting:\n{}", self.printed());
            self.get("/readyz").filter(|answer| answer.status == 200)
        })
        .unwrap_or_else(|| panic!("the gateway does not become ready:\n{}", self.printed()));
    }

    /// Runs `openclaw …` in the same home.
    pub fn cli(&self, words: &[&str]) -> Said {
        self.world.cli(words)
    }

    /// An upgrade from the same host and user.
    pub fn dial(&self) -> Dial {
        Dial::to(self.address()).from(self.world.origin().clone())
    }

    /// An upgrade that looks remote: it asks for the gateway under a public name.
    pub fn dial_remote(&self) -> Dial {
        self.dial().host("gateway.example.com")
    }

    /// A local operator with all scopes, paired silently.
    pub fn operator(&self, dialect: Dialect) -> Socket {
        let mut socket = self.dial().open();
        socket.connect(&Connect::cli(dialect).token(TOKEN).device(&Device::new())).hello();
        socket
    }

    /// Approves a request by the command line, which otherwise would wait for the device to come.
    #[track_caller]
    pub fn approve(&self, request: &str) {
        self.cli(&["devices", "approve", request, "--no-wait"]).ok();
    }

    /// Approves `device` for what `connect` asks, by the command line, and returns its device token.
    pub fn pair_remote(&self, connect: &Connect) -> String {
        let (error, _) = self.dial_remote().open().connect(connect).refused();
        let request = error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("no request: {error}"));
        self.approve(request);
        let hello = self.dial_remote().open().connect(connect).hello();
        hello["auth"]["deviceToken"].as_str().unwrap_or_else(|| panic!("no token: {hello}")).to_owned()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.process(), signal).unwrap();
    }

    /// Waits for its end: how it ended and how long that took from now.
    pub fn wait(&mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        let status = until("the gateway to end", || self.child.try_wait().unwrap());
        (status, started.elapsed())
    }

    /// Ends it in the orderly way.
    pub fn stop(mut self) {
        self.signal(Signal::TERM);
        let (status, _) = self.wait();
        assert!(status.success(), "{status}:\n{}", self.printed());
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until `text` was printed and returns its line.
    pub fn line_with(&self, text: &str) -> String {
        until(text, || self.printed().lines().find(|line| line.contains(text)).map(str::to_owned))
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn is_zombie(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    }
}

impl Drop for Gateway<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("── the gateway printed:\n{}──", self.printed());
        }
    }
}

/// Collects what comes out of a pipe, so that the writer never waits.
pub(crate) fn collect(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let sink = text.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let mut sink = sink.lock().unwrap();
            sink.push_str(&String::from_utf8_lossy(&line));
            sink.push('\n');
        }
    });
    text
}
