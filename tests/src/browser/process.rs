//! The process behind a browser: Node with the driver script, and Chromium under it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Condvar, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::network::Origin;
use crate::place;
use crate::wait::PATIENCE;

/// One driver and its Chromium.
pub(super) struct Driver {
    talk: Mutex<Talk>,
    child: Mutex<Child>,
    _home: TempDir,
    _turn: Turn,
}

struct Talk {
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    count: u64,
}

impl Driver {
    /// Starts both, or says what is missing.
    pub(super) fn start(origin: &Origin) -> Result<Driver, &'static str> {
        let Some(chromium) = place::chromium() else { return Err("there is no Chromium here") };
        let Some(driver) = place::browser() else { return Err("the browser's driver is not prepared") };
        let turn = Turn::take();
        let home = tempfile::Builder::new().prefix("oc-browser").tempdir().unwrap();
        let mut child = spawn(origin, driver, &home);
        let talk = Talk {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            count: 0,
        };
        let driver = Driver { talk: Mutex::new(talk), child: Mutex::new(child), _home: home, _turn: turn };
        let limit = u64::try_from(PATIENCE.as_millis()).unwrap();
        driver.ask(json!({"op": "start", "chromium": chromium, "patience": limit}), "start Chromium");
        driver.ask(json!({"op": "profile"}), "open a profile");
        Ok(driver)
    }

    /// Does one step; `step` says in words what it is, for when it fails.
    #[track_caller]
    pub(super) fn ask(&self, mut command: Value, step: &str) -> Value {
        let answer = {
            let mut talk = self.talk.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            talk.count += 1;
            command["id"] = json!(talk.count);
            talk.exchange(&command)
        };
        let Some(mut answer) = answer else { panic!("could not {step}: the browser's driver has ended") };
        if answer["ok"] == json!(true) {
            return answer["value"].take();
        }
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        panic!(
            "could not {step}: {}\n── at {} the page shows:\n{}\n──",
            text("error"),
            text("url"),
            text("shown")
        );
    }
}

impl Talk {
    fn exchange(&mut self, command: &Value) -> Option<Value> {
        writeln!(self.input.as_mut()?, "{command}").ok()?;
        let mut line = String::new();
        self.output.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }
}

fn spawn(origin: &Origin, folder: PathBuf, home: &TempDir) -> Child {
    let mut command = Command::new(place::node());
    command
        .arg("driver.mjs")
        .current_dir(folder)
        .env_clear()
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    origin.run(|| command.spawn()).expect("Node.js does not start")
}

impl Drop for Driver {
    fn drop(&mut self) {
        let talk = self.talk.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        // The end of its input ends the driver, and that its browser.
        drop(talk.input.take());
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ended = crate::wait::within(PATIENCE, || child.try_wait().ok().flatten());
        if ended.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Leave to run a Chromium: one test of a process at a time. (`cargo nextest` gives each test a process and has a group
/// for the same purpose.) A test may start several.
struct Turn;

static BUSY: Mutex<Option<(std::thread::ThreadId, usize)>> = Mutex::new(None);
static FREE: Condvar = Condvar::new();

impl Turn {
    fn take() -> Turn {
        let me = std::thread::current().id();
        let mut busy = BUSY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while busy.is_some_and(|(holder, _)| holder != me) {
            busy = FREE.wait(busy).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        *busy = Some((me, busy.map_or(1, |(_, count)| count + 1)));
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut busy = BUSY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *busy = busy.and_then(|(holder, count)| (count > 1).then_some((holder, count - 1)));
        FREE.notify_one();
    }
}
