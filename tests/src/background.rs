//! A program that keeps running beside a test.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal};

use crate::gateway::collect;
use crate::network::Origin;
use crate::wait::until;

/// A running program with what it prints; it ends with this value.
pub struct Background {
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

impl Background {
    /// Starts it there.
    pub fn start(origin: &Origin, command: &mut Command) -> Background {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = origin.run(|| command.spawn()).unwrap();
        let out = collect(child.stdout.take().unwrap());
        let err = collect(child.stderr.take().unwrap());
        Background { child, out, err }
    }

    /// Everything it has printed.
    pub fn printed(&self) -> String {
        format!("{}{}", self.out.lock().unwrap(), self.err.lock().unwrap())
    }

    /// Waits until `text` was printed and returns its line.
    pub fn line_with(&self, text: &str) -> String {
        until(text, || self.printed().lines().find(|line| line.contains(text)).map(str::to_owned))
    }

    /// Asks it to end, as Ctrl+C does.
    pub fn interrupt(&self) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(Pid::from_child(&self.child), Signal::INT);
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        until("the program to end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.interrupt();
        if crate::wait::within(std::time::Duration::from_secs(2), || self.child.try_wait().unwrap()).is_none()
        {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("── a program beside the test printed:\n{}──", self.printed());
        }
    }
}
