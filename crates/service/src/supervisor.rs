//! Acting on the service: install, uninstall, start, stop, restart (cli spec §6.3, §15.2, §15.3). What is printed and
//! asked is the command line's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_os::file;
use openclaw_os::path::beside;
use openclaw_protocol::refusal::Os;

use crate::launchd;
use crate::place::Place;
use crate::report::{Definition, Manager};
use crate::runner::{Runner, in_words};
use crate::systemd::control::Systemctl;
use crate::systemd::{self, UnitError, UnitOptions};

/// Why nothing was done to the service, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The supervisor's program is not on this system. In the original's words for Linux.
    #[error("{}", missing(*.0))]
    NoProgram(Manager),
    /// The supervisor does not answer this account.
    #[error(
        "systemd user services are unavailable; install/enable systemd or run the gateway under your supervisor. ({0})"
    )]
    Unavailable(String),
    /// There is no service of that name.
    #[error("{label} service not found{}", at(path.as_deref()))]
    NotInstalled {
        /// `Systemd`, `LaunchAgent`.
        label: &'static str,
        /// Where its definition would be.
        path: Option<PathBuf>,
    },
    /// The supervisor refused.
    #[error("{0}")]
    Refused(String),
    /// The definition cannot be written.
    #[error(transparent)]
    Definition(#[from] UnitError),
    /// A file cannot be written or removed.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

fn missing(manager: Manager) -> &'static str {
    match manager {
        Manager::Systemd => "systemctl not available; systemd user services are required on Linux.",
        Manager::Launchd => "launchctl not available; a login session is required on macOS.",
        Manager::ScheduledTask => {
            "Scheduled tasks are not driven by this version; run the gateway in the foreground."
        }
    }
}

fn at(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| format!(" at {}", path.display()))
}

/// A definition that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The definition.
    pub path: PathBuf,
    /// The copy of what was there before, when it was different.
    pub kept: Option<PathBuf>,
}

/// The supervisor of this system, for one gateway.
pub struct Supervisor<'a> {
    place: &'a Place,
    runner: &'a dyn Runner,
}

impl<'a> Supervisor<'a> {
    /// Does nothing yet.
    #[must_use]
    pub fn new(place: &'a Place, runner: &'a dyn Runner) -> Self {
        Self { place, runner }
    }

    /// Whether the service is there and the supervisor answers.
    ///
    /// # Errors
    /// When the supervisor cannot be asked.
    pub fn is_installed(&self) -> Result<bool, ServiceError> {
        let file = self.path().is_some_and(|path| fs::symlink_metadata(path).is_ok());
        match self.place.os {
            Os::Linux => {
                let shown = self.systemctl().show(self.name()).map_err(|why| self.unavailable(why))?;
                Ok(file || shown.is_known())
            }
            Os::MacOs => {
                self.launchctl(&["version"])?;
                Ok(file)
            }
            Os::Windows => Err(ServiceError::NoProgram(Manager::ScheduledTask)),
        }
    }

    /// Whether the supervisor starts the service by itself already.
    ///
    /// # Errors
    /// When the supervisor cannot be asked.
    pub fn is_enabled(&self) -> Result<bool, ServiceError> {
        match self.place.os {
            Os::Linux => {
                let shown = self.systemctl().show(self.name()).map_err(|why| self.unavailable(why))?;
                Ok(shown.is_enabled())
            }
            Os::MacOs => Ok(self.launchctl(&["print", &self.target()])?.succeeded()),
            Os::Windows => Err(ServiceError::NoProgram(Manager::ScheduledTask)),
        }
    }

    /// Whether the service runs, or is about to be started again.
    ///
    /// # Errors
    /// When the supervisor cannot be asked.
    pub fn is_active(&self) -> Result<bool, ServiceError> {
        match self.place.os {
            Os::Linux => {
                let shown = self.systemctl().show(self.name()).map_err(|why| self.unavailable(why))?;
                Ok(shown.runtime().state.is_some_and(|state| state != "inactive" && state != "failed"))
            }
            Os::MacOs => Ok(self.launchctl(&["print", &self.target()])?.succeeded()),
            Os::Windows => Err(ServiceError::NoProgram(Manager::ScheduledTask)),
        }
    }

    /// Writes the definition, has it started with the session, and starts it now. What was there before is kept
    /// beside it as `*.bak`.
    ///
    /// # Errors
    /// When the supervisor cannot be asked or refuses, or the definition cannot be written.
    pub fn install(&self, options: UnitOptions) -> Result<Written, ServiceError> {
        // Nothing is written for a supervisor that is not there.
        self.is_installed()?;
        let written = self.write(options)?;
        match self.place.os {
            Os::MacOs => self.start_agent(&written.path)?,
            Os::Linux | Os::Windows => {
                let systemctl = self.systemctl();
                let tell = |words: &[&str]| systemctl.tell(words).map_err(ServiceError::Refused);
                tell(&["daemon-reload"])?;
                tell(&["enable", self.name()])?;
                // A start limit that an earlier gateway ran into must not count against this one.
                let _ = systemctl.ask(&["reset-failed", self.name()]);
                tell(&["restart", self.name()])?;
            }
        }
        Ok(written)
    }

    /// Writes the definition anew and has the supervisor read it, without touching the running gateway: it takes
    /// effect with the next restart.
    ///
    /// # Errors
    /// When the definition cannot be written or the supervisor cannot be told.
    pub fn rewrite(&self, options: UnitOptions) -> Result<Written, ServiceError> {
        let written = self.write(options)?;
        if self.place.os == Os::Linux {
            self.systemctl().tell(&["daemon-reload"]).map_err(ServiceError::Refused)?;
        }
        Ok(written)
    }

    fn write(&self, options: UnitOptions) -> Result<Written, ServiceError> {
        let text = match self.place.os {
            Os::Linux => systemd::unit(self.place, options)?,
            Os::MacOs => launchd::plist(self.place, options),
            Os::Windows => return Err(ServiceError::NoProgram(Manager::ScheduledTask)),
        };
        let path = self.path().ok_or(ServiceError::NoProgram(Manager::ScheduledTask))?;
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |error| ServiceError::File { path, error }
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed(folder))?;
        }
        let mut kept = None;
        match fs::read(&path) {
            Ok(before) if before != text.as_bytes() => {
                let copy = free_copy(&path, &before);
                // It may hold a token, which is one reason to write it anew.
                file::Files::real().write_atomic(&copy, &before, 0o600).map_err(failed(&copy))?;
                kept = Some(copy);
            }
            Ok(_) => return Ok(Written { path, kept }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ServiceError::File { path, error }),
        }
        file::Files::real().write_atomic(&path, text.as_bytes(), 0o644).map_err(failed(&path))?;
        Ok(Written { path, kept })
    }

    /// Stops the service, has it not started any more, and removes its definition.
    ///
    /// # Errors
    /// [`ServiceError::NotInstalled`] when there is none; otherwise as [`Supervisor::install`].
    pub fn uninstall(&self) -> Result<PathBuf, ServiceError> {
        let path = self.path().filter(|path| fs::symlink_metadata(path).is_ok());
        let Some(path) = path else {
            return Err(ServiceError::NotInstalled { label: self.label(), path: self.path() });
        };
        match self.place.os {
            Os::MacOs => {
                // An agent that is not loaded has nothing to be stopped.
                let _ = self.launchctl(&["bootout", &self.target()])?;
                self.to_trash(&path)?;
            }
            Os::Linux | Os::Windows => {
                self.is_installed()?;
                let systemctl = self.systemctl();
                systemctl.tell(&["disable", "--now", self.name()]).map_err(ServiceError::Refused)?;
                fs::remove_file(&path).map_err(|error| ServiceError::File { path: path.clone(), error })?;
                systemctl.tell(&["daemon-reload"]).map_err(ServiceError::Refused)?;
                // So that it is not listed as failed for ever.
                let _ = systemctl.ask(&["reset-failed", self.name()]);
            }
        }
        Ok(path)
    }

    /// Starts the service; a unit that the supervisor gave up is taken up again.
    ///
    /// # Errors
    /// When the supervisor cannot be asked or refuses.
    pub fn start(&self) -> Result<(), ServiceError> {
        match self.place.os {
            Os::MacOs => self.path().map_or(Ok(()), |path| self.start_agent(&path)),
            Os::Linux | Os::Windows => {
                let systemctl = self.systemctl();
                let _ = systemctl.ask(&["reset-failed", self.name()]).map_err(|why| self.unavailable(why))?;
                systemctl.tell(&["start", self.name()]).map_err(ServiceError::Refused)
            }
        }
    }

    /// Stops the service until it is started again, or until the next log-in.
    ///
    /// # Errors
    /// When the supervisor cannot be asked or refuses.
    pub fn stop(&self) -> Result<(), ServiceError> {
        match self.place.os {
            // launchd starts again whatever only ends.
            Os::MacOs => match self.launchctl(&["bootout", &self.target()])? {
                ran if ran.succeeded() => Ok(()),
                ran => Err(ServiceError::Refused(format!("launchctl bootout failed: {}", ran.complaint()))),
            },
            Os::Linux | Os::Windows => {
                self.systemctl().tell(&["stop", self.name()]).map_err(ServiceError::Refused)
            }
        }
    }

    /// Has the service not started by itself any more; one that runs is stopped.
    ///
    /// # Errors
    /// When the supervisor cannot be asked or refuses.
    pub fn disable(&self) -> Result<(), ServiceError> {
        match self.place.os {
            Os::MacOs => match self.launchctl(&["disable", &self.target()])? {
                ran if ran.succeeded() => Ok(()),
                ran => Err(ServiceError::Refused(format!("launchctl disable failed: {}", ran.complaint()))),
            },
            Os::Linux | Os::Windows => {
                self.systemctl().tell(&["disable", "--now", self.name()]).map_err(ServiceError::Refused)
            }
        }
    }

    /// Restarts the service under the definition as it is now.
    ///
    /// # Errors
    /// When the supervisor cannot be asked or refuses.
    pub fn restart(&self) -> Result<(), ServiceError> {
        match self.place.os {
            Os::MacOs => self.path().map_or(Ok(()), |path| self.start_agent(&path)),
            Os::Linux | Os::Windows => {
                let systemctl = self.systemctl();
                let _ = systemctl.ask(&["reset-failed", self.name()]).map_err(|why| self.unavailable(why))?;
                systemctl.tell(&["restart", self.name()]).map_err(ServiceError::Refused)
            }
        }
    }

    /// Loads the agent where it is not, and starts it anew.
    fn start_agent(&self, path: &Path) -> Result<(), ServiceError> {
        let domain = format!("gui/{}", self.place.uid);
        if !self.launchctl(&["print", &self.target()])?.succeeded() {
            let ran = self.launchctl(&["bootstrap", &domain, &path.to_string_lossy()])?;
            if !ran.succeeded() {
                return Err(ServiceError::Refused(format!(
                    "launchctl bootstrap failed: {}",
                    ran.complaint()
                )));
            }
        }
        let ran = self.launchctl(&["kickstart", "-k", &self.target()])?;
        if ran.succeeded() {
            Ok(())
        } else {
            Err(ServiceError::Refused(format!("launchctl kickstart failed: {}", ran.complaint())))
        }
    }

    fn to_trash(&self, path: &Path) -> Result<(), ServiceError> {
        let failed = |error| ServiceError::File { path: path.to_path_buf(), error };
        let name = path.file_name().unwrap_or_default();
        let trash = self.place.home.join(".Trash");
        if trash.is_dir() {
            fs::rename(path, trash.join(name)).map_err(failed)
        } else {
            fs::remove_file(path).map_err(failed)
        }
    }

    fn systemctl(&self) -> Systemctl<'a> {
        Systemctl::user(self.place, self.runner)
    }

    fn launchctl(&self, words: &[&str]) -> Result<crate::Ran, ServiceError> {
        self.runner.run("launchctl", words).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ServiceError::NoProgram(Manager::Launchd),
            _ => ServiceError::Refused(in_words("launchctl", &error)),
        })
    }

    fn target(&self) -> String {
        format!("gui/{}/{}", self.place.uid, self.place.names.launchd_label)
    }

    fn name(&self) -> &str {
        self.place.name()
    }

    fn path(&self) -> Option<PathBuf> {
        self.place.definition_path()
    }

    fn label(&self) -> &'static str {
        match self.place.os {
            Os::Linux => "Systemd",
            Os::MacOs => "LaunchAgent",
            Os::Windows => "Scheduled task",
        }
    }

    fn unavailable(&self, why: String) -> ServiceError {
        if why.starts_with("there is no ") {
            ServiceError::NoProgram(Manager::of(self.place.os))
        } else {
            ServiceError::Unavailable(why)
        }
    }
}

impl UnitOptions {
    /// What an existing definition says, as far as a new one should say it again: a port that is not the configured one.
    #[must_use]
    pub fn keeping(definition: &Definition, configured_port: u16) -> Self {
        Self { port: definition.port().filter(|port| *port != configured_port) }
    }
}

/// Most copies of a definition that are kept; the last place is then written over.
const MAX_COPIES: u32 = 20;

/// `<definition>.bak`, or the first of `.bak.2`, `.bak.3` … that holds nothing else: a line that says how to take a change
/// back stays true when another change follows.
fn free_copy(path: &Path, text: &[u8]) -> PathBuf {
    let named =
        |number: u32| beside(path, &if number == 1 { ".bak".to_owned() } else { format!(".bak.{number}") });
    let is_free = |copy: &PathBuf| match fs::read(copy) {
        Ok(there) => there == text,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    (1..MAX_COPIES).map(named).find(is_free).unwrap_or_else(|| named(MAX_COPIES))
}

#[cfg(test)]
mod tests;
