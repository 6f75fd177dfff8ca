//! The seam to the supervisor's own programs: `systemctl`, `loginctl`, `launchctl`. Tests put a recorder here, or a
//! script of that name on `PATH`.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Whether it ended with 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// What it complained about: the first lines of standard error, else of standard output, else its exit code.
    #[must_use]
    pub fn complaint(&self) -> String {
        let lines = |text: &str| {
            let lines: Vec<&str> =
                text.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
            lines.join(" ")
        };
        let said = lines(&self.err);
        let said = if said.is_empty() { lines(&self.out) } else { said };
        match (said.is_empty(), self.code) {
            (false, _) => openclaw_protocol::words::escape(&said, 400),
            (true, Some(code)) => format!("it ended with code {code}"),
            (true, None) => "it was ended by a signal".to_owned(),
        }
    }
}

/// Runs a program to its end. `NotFound` when there is none of that name; `TimedOut` when it did not end in time.
pub trait Runner {
    /// Runs `program` with `arguments`, nothing on its standard input.
    ///
    /// # Errors
    /// When the program cannot be started or does not end.
    fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Ran>;
}

/// The real programs of this system.
#[derive(Clone, Debug)]
pub struct Programs {
    patience: Duration,
    variables: Vec<(String, String)>,
}

/// The longest that a supervisor may take: longer than a unit's own `TimeoutStartSec=` and `TimeoutStopSec=` together.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long words of a program that has ended may be on their way.
const LEFT_BEHIND: Duration = Duration::from_secs(1);
/// Most bytes kept of each output.
const KEPT: u64 = 1024 * 1024;

impl Programs {
    /// With the environment of this process. Where `XDG_RUNTIME_DIR` is missing, as after `su` or over some ssh
    /// servers, the account's own is filled in, without which `systemctl --user` finds nobody to talk to.
    #[must_use]
    pub fn new() -> Self {
        let runtime = format!("/run/user/{}", openclaw_os::peer::own_uid());
        let missing = std::env::var_os("XDG_RUNTIME_DIR").is_none_or(|value| value.is_empty());
        let variables = if missing && std::path::Path::new(&runtime).is_dir() {
            vec![("XDG_RUNTIME_DIR".to_owned(), runtime)]
        } else {
            Vec::new()
        };
        Self { patience: PATIENCE, variables }
    }
}

impl Default for Programs {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner for Programs {
    fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Ran> {
        let mut child = Command::new(program)
            .args(arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            // Its words are read, so they must be the untranslated ones, and not paged or coloured.
            .env("LC_ALL", "C.UTF-8")
            .env("SYSTEMD_PAGER", "")
            .env("SYSTEMD_COLORS", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let out = collect(child.stdout.take());
        let err = collect(child.stderr.take());
        let until = Instant::now() + self.patience;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() >= until {
                child.kill().ok();
                child.wait().ok();
                let seconds = self.patience.as_secs();
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("{program} did not end within {seconds} s"),
                ));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        Ok(Ran { code: status.code(), out: said(out), err: said(err) })
    }
}

/// What arrives on a pipe, piece by piece.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Option<Receiver<Vec<u8>>> {
    let mut pipe = pipe?.take(KEPT);
    let (send, pieces) = channel();
    std::thread::spawn(move || {
        let mut piece = vec![0; 16 * 1024];
        // What was read before a fault is what there is.
        while let Ok(length @ 1..) = pipe.read(&mut piece) {
            if send.send(piece.iter().take(length).copied().collect()).is_err() {
                return;
            }
        }
    });
    Some(pieces)
}

/// All of it, once the program has ended. Something that it left behind may hold the pipe for ever, and has nothing more
/// to say.
fn said(pieces: Option<Receiver<Vec<u8>>>) -> String {
    let mut bytes = Vec::new();
    while let Some(Ok(piece)) = pieces.as_ref().map(|pieces| pieces.recv_timeout(LEFT_BEHIND)) {
        bytes.extend(piece);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A program that could not be run, in words.
#[must_use]
pub fn in_words(program: &str, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        format!("there is no {program} on this system")
    } else {
        format!("{program} cannot be run: {error}")
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A supervisor made of prepared answers.

    use std::cell::RefCell;
    use std::io;

    use super::{Ran, Runner};

    /// Answers by the beginning of the command line and records every call.
    #[derive(Default)]
    pub(crate) struct Recorder {
        answers: Vec<(String, Ran)>,
        absent: bool,
        calls: RefCell<Vec<String>>,
    }

    impl Recorder {
        /// No program is there at all.
        pub(crate) fn absent() -> Self {
            Self { absent: true, ..Self::default() }
        }

        /// Every call succeeds and says nothing, unless answered otherwise.
        pub(crate) fn new() -> Self {
            Self::default()
        }

        /// Calls that begin with these words print this.
        pub(crate) fn prints(mut self, begins: &str, out: &str) -> Self {
            self.answers.push((begins.into(), Ran { code: Some(0), out: out.into(), err: String::new() }));
            self
        }

        /// Calls that begin with these words fail.
        pub(crate) fn fails(mut self, begins: &str, err: &str) -> Self {
            self.answers.push((begins.into(), Ran { code: Some(1), out: String::new(), err: err.into() }));
            self
        }

        /// Every call so far, in order.
        pub(crate) fn calls(&self) -> Vec<String> {
            self.calls.borrow().clone()
        }
    }

    impl Runner for Recorder {
        fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Ran> {
            let line =
                std::iter::once(program).chain(arguments.iter().copied()).collect::<Vec<_>>().join(" ");
            self.calls.borrow_mut().push(line.clone());
            if self.absent {
                return Err(io::ErrorKind::NotFound.into());
            }
            let prepared = self.answers.iter().find(|(begins, _)| line.starts_with(begins.as_str()));
            Ok(prepared.map_or(Ran { code: Some(0), ..Ran::default() }, |(_, ran)| ran.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_run_and_heard() {
        let programs = Programs::new();
        let ran = programs.run("sh", &["-c", "echo out; echo complaint >&2; exit 3"]).unwrap();
        assert_eq!((ran.code, ran.out.as_str(), ran.complaint().as_str()), (Some(3), "out\n", "complaint"));
        assert!(!ran.succeeded());
        let error = programs.run("openclaw-no-such-program", &[]).unwrap_err();
        assert_eq!(in_words("systemctl", &error), "there is no systemctl on this system");
    }

    #[test]
    fn a_program_that_hangs_is_left() {
        let programs = Programs { patience: Duration::from_millis(50), variables: Vec::new() };
        assert_eq!(programs.run("sleep", &["600"]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for() {
        let script = "sleep 600 & echo $! >&2; echo out";
        let ran = Programs::new().run("sh", &["-c", script]).unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "out\n"));
        Programs::new().run("kill", &[ran.err.trim()]).unwrap();
    }

    #[test]
    fn complaints_are_never_empty() {
        let of = |code, out: &str, err: &str| Ran { code, out: out.into(), err: err.into() }.complaint();
        assert_eq!(of(Some(1), "a\n", "\n b \n"), "b");
        assert_eq!(of(Some(1), "a\n", ""), "a");
        assert_eq!(of(Some(4), "", ""), "it ended with code 4");
        assert_eq!(of(None, "", ""), "it was ended by a signal");
    }
}
