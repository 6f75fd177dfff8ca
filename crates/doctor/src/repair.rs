//! What `--fix` does (D-03): reversible, the owner's own, and nothing else. Repairs of files are carried out here; those
//! that need a gateway or a supervisor are the caller's.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use openclaw_config::edit::{Edit, EditError, Editor, Outcome};
use openclaw_config::{Env, Loaded, Paths};
use openclaw_os::file::{Files, ensure_dir, read_nofollow};
use openclaw_os::path::in_shell;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::time::Millis;
use openclaw_service::legacy::Extra;
use serde_json::{Map, Value};

use crate::patch;
use crate::token::{self, Asked, Made, TokenError};

/// One repair.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// Edits of the configuration that lose no value.
    Config {
        /// The edits, in order.
        edits: Vec<Edit>,
        /// What to say afterwards.
        message: String,
    },
    /// Make a gateway token.
    GenerateToken,
    /// Take permission bits away.
    Mode {
        /// The file or folder.
        path: PathBuf,
        /// Its bits.
        from: u32,
        /// The bits it gets.
        to: u32,
        /// The caller must let the store look at the readable view first (ruling 25).
        view_first: bool,
    },
    /// Give this machine's own device everything an operator may do. The caller asks the gateway, or its store.
    LocalDevice {
        /// This machine's device.
        device: DeviceId,
    },
    /// Forget a device token that cannot be valid any more.
    ForgetToken {
        /// The cache.
        file: PathBuf,
        /// The role.
        role: Role,
    },
    /// Put a file aside, beside itself.
    SetAside {
        /// The file.
        path: PathBuf,
    },
    /// Move what was set aside to where it is not told of again.
    Archive {
        /// The file.
        path: PathBuf,
        /// The folder it goes to.
        folder: PathBuf,
    },
    /// Remove a lock file whose holder is gone.
    RemoveLock {
        /// The file.
        path: PathBuf,
        /// The process that is gone.
        pid: u32,
    },
    /// Write the gateway's own unit anew, without secrets. The caller asks the supervisor.
    RewriteUnit {
        /// What it is called.
        name: String,
        /// Only with `--force`: nothing is wrong, it is a matter of taste.
        forced: bool,
        /// It carries a secret, or variables that a new one would not have, or runs another program than this one, and
        /// the owner has to agree that this goes.
        asks: bool,
    },
    /// Start the installed service. The caller asks the supervisor.
    StartService,
    /// Stop, disable and put aside the service of a former product. The owner has to agree.
    RetireLegacy {
        /// The service.
        extra: Extra,
    },
}

/// A repair that was made.
#[derive(Debug)]
pub struct Done {
    /// What was done.
    pub message: String,
    /// Before and after, line by line; no secret in it.
    pub patch: Vec<String>,
    /// The words after `openclaw`, or a whole command when it begins with another word, that take it back.
    pub undo: Option<Undo>,
    /// The change of the configuration.
    pub outcome: Option<Box<Outcome>>,
}

impl Done {
    /// What `device.pair.complete` answered for [`Repair::LocalDevice`].
    #[must_use]
    pub fn completed(device: &DeviceId, answer: &Value) -> Self {
        let names = |key: &str| -> Vec<&str> {
            answer
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect()
        };
        let (added, now) = (names("added"), names("scopes"));
        let before: Vec<&str> = now.iter().copied().filter(|scope| !added.contains(scope)).collect();
        Self {
            message: format!("device {} may now do everything an operator may.", device.short()),
            patch: vec![format!("- scopes: {}", before.join(", ")), format!("+ scopes: {}", now.join(", "))],
            undo: Some(Undo::Own(format!("devices undo {device}"))),
            outcome: None,
        }
    }
}

/// How to take a repair back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// `openclaw …`.
    Own(String),
    /// A command of the system; its paths are quoted for a shell.
    System(String),
}

/// Why a repair was not made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The configuration could not be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// No token could be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The system refused, or the file changed meanwhile.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Only the caller can do this one.
    #[error("this needs the gateway or the supervisor")]
    Elsewhere,
}

/// In whose name repairs are made.
pub struct Mender<'a> {
    /// Where things are.
    pub paths: &'a Paths,
    /// The environment of this command.
    pub env: &'a Env,
    /// Now.
    pub now: Millis,
    /// What makes the repair, for the journal of the configuration: [`ORIGIN`], or the method that was called.
    pub origin: &'a str,
    /// The command line, for the records.
    pub argv: &'a [String],
}

/// What made a change, in the journal, when the command line did.
pub const ORIGIN: &str = "doctor --fix";

impl Mender<'_> {
    /// Makes a repair.
    ///
    /// # Errors
    /// [`RepairError`]; nothing is changed then.
    pub fn mend(&self, repair: &Repair) -> Result<Done, RepairError> {
        match repair {
            Repair::Config { edits, message } => self.config(edits, message),
            Repair::GenerateToken => self.token(),
            Repair::Mode { path, from, to, view_first } => mode(path, *from, *to, *view_first),
            Repair::ForgetToken { file, role } => self.forget(file, *role),
            Repair::SetAside { path } => renamed(path, &self.stale_name(path), "Put aside"),
            Repair::Archive { path, folder } => {
                ensure_dir(folder, 0o700)?;
                let name = path.file_name().unwrap_or_default();
                renamed(path, &folder.join(name), "Moved")
            }
            Repair::RemoveLock { path, pid } => {
                // It was dead a moment ago; a new holder would have written its own number.
                let record: Option<Value> =
                    read_nofollow(path, 64 * 1024).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
                let named = record.and_then(|record| record.get("pid")?.as_u64());
                if named != Some(u64::from(*pid)) {
                    return Err(io::Error::other(format!("{} changed meanwhile", path.display())).into());
                }
                fs::remove_file(path)?;
                let patch = vec![format!("- {} (pid {pid})", path.display())];
                Ok(Done { message: "Removed the dead lock.".to_owned(), patch, undo: None, outcome: None })
            }
            Repair::LocalDevice { .. }
            | Repair::RewriteUnit { .. }
            | Repair::StartService
            | Repair::RetireLegacy { .. } => Err(RepairError::Elsewhere),
        }
    }

    /// What a repair would change, line by line, without a secret and without doing it.
    ///
    /// # Errors
    /// When it could not be made, or only elsewhere.
    pub fn preview(&self, repair: &Repair) -> Result<Vec<String>, RepairError> {
        let moved = |from: &Path, to: &Path| {
            vec![format!("- {}", self.paths.short(from)), format!("+ {}", self.paths.short(to))]
        };
        Ok(match repair {
            Repair::Config { edits, .. } => {
                let before = openclaw_config::load(self.paths, self.env).map_err(EditError::Load)?;
                patch_of(&before, &self.editor().dry_run(true).edits(edits)?)
            }
            Repair::GenerateToken => vec!["+ gateway.auth.token".to_owned()],
            Repair::Mode { from, to, .. } => mode_lines(*from, *to),
            Repair::LocalDevice { .. } => vec!["+ scopes: all that an operator may have".to_owned()],
            Repair::ForgetToken { file, role } => {
                vec![format!("- {}: tokens.{role}", self.paths.short(file))]
            }
            Repair::SetAside { path } => moved(path, &self.stale_name(path)),
            Repair::Archive { path, folder } => {
                moved(path, &folder.join(path.file_name().unwrap_or_default()))
            }
            Repair::RemoveLock { path, pid } => vec![format!("- {} (pid {pid})", self.paths.short(path))],
            Repair::RewriteUnit { .. } | Repair::StartService | Repair::RetireLegacy { .. } => {
                return Err(RepairError::Elsewhere);
            }
        })
    }

    fn editor(&self) -> Editor<'_> {
        Editor::new(self.paths, self.env, self.origin, self.now)
            .argv(self.argv.iter().cloned())
            .in_place(true)
    }

    /// Where a stale file is put.
    fn stale_name(&self, path: &Path) -> PathBuf {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        path.with_file_name(format!("{name}.stale-{}", self.now))
    }

    fn config(&self, edits: &[Edit], message: &str) -> Result<Done, RepairError> {
        let before = openclaw_config::load(self.paths, self.env).map_err(EditError::Load)?;
        let outcome = self.editor().edits(edits)?;
        let patch = patch_of(&before, &outcome);
        Ok(Done {
            message: message.to_owned(),
            patch,
            undo: undo(&outcome),
            outcome: Some(Box::new(outcome)),
        })
    }

    fn token(&self) -> Result<Done, RepairError> {
        let asked = Asked {
            paths: self.paths,
            env: self.env,
            origin: self.origin,
            now: self.now,
            argv: self.argv,
            in_place: true,
        };
        let file = self.paths.short(&self.paths.config_path);
        match token::generate(&asked, false)? {
            Made::Created { fingerprint, outcome, .. } => {
                let digits = fingerprint.map(|digits| format!(" (fingerprint {digits})")).unwrap_or_default();
                let patch = match &outcome {
                    Some(outcome) => outcome.changed_paths.iter().map(|path| format!("+ {path}")).collect(),
                    None => vec![format!("+ {file}")],
                };
                Ok(Done {
                    message: format!("Made a gateway token{digits}, saved as gateway.auth.token in {file}."),
                    patch,
                    undo: outcome.as_deref().and_then(undo),
                    outcome,
                })
            }
            Made::Kept { source, .. } => Ok(Done {
                message: format!("There is a gateway token already ({source}); it was kept."),
                patch: Vec::new(),
                undo: None,
                outcome: None,
            }),
        }
    }

    /// Takes one role out of the cache. A copy of the cache stays, so that it can be put back.
    fn forget(&self, file: &Path, role: Role) -> Result<Done, RepairError> {
        let bytes = read_nofollow(file, 1024 * 1024)?;
        let mut document: Map<String, Value> = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        let gone = document
            .get_mut("tokens")
            .and_then(Value::as_object_mut)
            .and_then(|tokens| tokens.shift_remove(role.as_str()));
        if gone.is_none() {
            return Err(io::Error::other(format!("{} changed meanwhile", file.display())).into());
        }
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let copy = file.with_file_name(format!("{name}.bak"));
        let files = Files::real();
        files.write_atomic(&copy, &bytes, 0o600)?;
        let mut text = serde_json::to_vec_pretty(&document).map_err(io::Error::other)?;
        text.push(b'\n');
        files.write_atomic(file, &text, 0o600)?;
        let (shown, kept) = (self.paths.short(file), self.paths.short(&copy));
        Ok(Done {
            message: format!(
                "Forgot the stale {role} token; the gateway gives a new one at the next connection."
            ),
            patch: vec![
                format!("- {shown}: tokens.{role}"),
                format!("+ {kept} (a copy of the file as it was)"),
            ],
            undo: Some(Undo::System(format!("mv {} {}", in_shell(&copy), in_shell(file)))),
            outcome: None,
        })
    }
}

fn patch_of(before: &Loaded, outcome: &Outcome) -> Vec<String> {
    let after = &outcome.loaded;
    patch::lines((&before.raw, &before.source), (&after.raw, &after.source), &outcome.changed_paths)
}

fn mode_lines(from: u32, to: u32) -> Vec<String> {
    vec![format!("- mode {from:04o}"), format!("+ mode {to:04o}")]
}

fn undo(outcome: &Outcome) -> Option<Undo> {
    outcome.change.map(|change| Undo::Own(format!("config undo {change}")))
}

fn mode(path: &Path, from: u32, to: u32, looked_at: bool) -> Result<Done, RepairError> {
    // Through the file itself, so that a link put there meanwhile changes nothing else.
    let file = openclaw_os::file::open_nofollow(path).or_else(|error| {
        if fs::symlink_metadata(path)?.is_dir() { fs::File::open(path) } else { Err(error) }
    })?;
    let now = file.metadata()?.mode() & 0o7777;
    // Whoever wrote the file anew meanwhile, as the store does with its view, may have closed it already.
    if now != to && now != from {
        return Err(io::Error::other(format!("the mode of {} changed meanwhile", path.display())).into());
    }
    if now == from {
        file.set_permissions(fs::Permissions::from_mode(to))?;
    }
    let mut patch = mode_lines(from, to);
    if looked_at {
        patch.push("what others could have written there was put aside, not taken".to_owned());
    }
    Ok(Done {
        message: format!("Closed {} to others.", path.display()),
        patch,
        undo: Some(Undo::System(format!("chmod {from:04o} {}", in_shell(path)))),
        outcome: None,
    })
}

fn renamed(from: &Path, to: &Path, verb: &str) -> Result<Done, RepairError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::Error::other(format!("{} is there already", to.display())).into());
    }
    Files::real().rename(from, to)?;
    Ok(Done {
        message: format!("{verb}: {}", to.display()),
        patch: vec![format!("- {}", from.display()), format!("+ {}", to.display())],
        undo: Some(Undo::System(format!("mv {} {}", in_shell(to), in_shell(from)))),
        outcome: None,
    })
}

#[cfg(test)]
mod tests;
