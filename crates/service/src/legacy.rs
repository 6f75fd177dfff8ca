//! Services that older products left behind (clawdbot, moltbot), and others that run a gateway: found by their text,
//! retired by command. Nothing here asks the owner: the caller does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_os::path::{beside, in_shell};
use openclaw_os::port_owner::FORMER;
use openclaw_protocol::refusal::Os;
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use crate::inspect::Depth;
use crate::place::Place;
use crate::runner::Runner;
use crate::systemd::control::Systemctl;
use crate::{launchd, systemd};

/// Most bytes read of one definition.
const MAX_BYTES: u64 = 256 * 1024;
/// Most definitions read of one folder.
const MAX_FILES: usize = 4_096;

/// Whose supervisor a service belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The account's own.
    User,
    /// The whole machine's: only root can change it.
    System,
}

/// A service that is not this gateway's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// `linux`, `darwin`.
    pub platform: &'static str,
    /// Unit or label.
    pub label: String,
    /// Its definition.
    pub path: PathBuf,
    /// Whose supervisor.
    pub scope: Scope,
    /// What gave it away: `openclaw`, `clawdbot`, `moltbot`.
    pub marker: &'static str,
    /// Of a former product, which has no business here any more.
    pub legacy: bool,
}

impl Extra {
    /// `clawdbot-gateway.service (user, unit: /home/u/.config/…)`.
    #[must_use]
    pub fn line(&self) -> String {
        let scope = match self.scope {
            Scope::User => "user",
            Scope::System => "system",
        };
        let kind = if self.platform == "darwin" { "plist" } else { "unit" };
        format!("{} ({scope}, {kind}: {})", Words::new(&self.label), Words::new(&self.path.to_string_lossy()))
    }

    /// The commands with which a person retires it; a label that is no plain name gives none.
    #[must_use]
    pub fn cleanup(&self, uid: u32) -> Vec<String> {
        if !crate::names::is_name(&self.label) {
            return Vec::new();
        }
        match (self.platform, self.scope) {
            ("darwin", _) => vec![format!("launchctl bootout gui/{uid}/{}", self.label)],
            (_, Scope::User) => vec![format!("systemctl --user disable --now {}", self.label)],
            (_, Scope::System) => vec![format!("sudo systemctl disable --now {}", self.label)],
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "platform": self.platform,
            "label": self.label,
            "detail": format!("unit: {}", self.path.display()),
            "scope": match self.scope { Scope::User => "user", Scope::System => "system" },
            "marker": self.marker,
            "legacy": self.legacy,
        })
    }
}

/// Looks for such services: in the account's own folders, and with [`Depth::Deep`] in the machine's.
#[must_use]
pub fn find(place: &Place, depth: Depth) -> Vec<Extra> {
    let mut folders = vec![(own_folder(place), Scope::User)];
    if depth == Depth::Deep {
        let system: &[&str] = match place.os {
            Os::Linux => &[
                "/etc/systemd/user",
                "/etc/systemd/system",
                "/usr/lib/systemd/system",
                "/lib/systemd/system",
            ],
            Os::MacOs => &["/Library/LaunchAgents", "/Library/LaunchDaemons"],
            Os::Windows => &[],
        };
        folders.extend(system.iter().map(|folder| {
            let scope = if folder.ends_with("/user") { Scope::User } else { Scope::System };
            (PathBuf::from(folder), scope)
        }));
    }
    let mut found: Vec<Extra> = Vec::new();
    for (folder, scope) in folders {
        for extra in in_folder(place, &folder, scope) {
            if !found.iter().any(|other| other.label == extra.label && other.scope == extra.scope) {
                found.push(extra);
            }
        }
    }
    found
}

fn own_folder(place: &Place) -> PathBuf {
    match place.os {
        Os::MacOs => place.home.join("Library").join("LaunchAgents"),
        Os::Linux | Os::Windows => place.systemd_dir(),
    }
}

fn in_folder(place: &Place, folder: &Path, scope: Scope) -> Vec<Extra> {
    let (extension, platform) = match place.os {
        Os::Linux => ("service", "linux"),
        Os::MacOs => ("plist", "darwin"),
        Os::Windows => return Vec::new(),
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(MAX_FILES)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files.into_iter().filter_map(|path| judge(place, path, scope, platform)).collect()
}

fn judge(place: &Place, path: PathBuf, scope: Scope, platform: &'static str) -> Option<Extra> {
    let label = match platform {
        "darwin" => path.file_stem()?.to_str()?.to_owned(),
        _ => path.file_name()?.to_str()?.to_owned(),
    };
    if label == place.name() {
        return None;
    }
    let text = read(&path).ok()?;
    let arguments = arguments(place, &path, &text);
    let text = text.to_lowercase();
    let former = FORMER.into_iter().find(|name| runs(&arguments, name));
    // The name of a unit of ours may be anything.
    let is_ours = text.contains("openclaw_service_marker=openclaw");
    let by_name = || FORMER.into_iter().find(|name| is_gateway_of(&label, name)).filter(|_| !is_ours);
    let (marker, legacy) = match former.or_else(by_name) {
        Some(name) => (name, true),
        // Another profile's gateway is no fault, and neither is a node host; what is shown are gateways nobody marked.
        None if text.contains("openclaw")
            && text.contains("gateway")
            && !text.contains("openclaw_service_marker") =>
        {
            ("openclaw", false)
        }
        None => return None,
    };
    Some(Extra { platform, label, path, scope, marker, legacy })
}

/// The command line of a definition.
fn arguments(place: &Place, path: &Path, text: &str) -> Vec<String> {
    match place.os {
        Os::MacOs => launchd::read::definition(path, text).map(|found| found.arguments).unwrap_or_default(),
        Os::Linux | Os::Windows => systemd::read::arguments(text, &place.home),
    }
}

/// Whether a command line is a former product's gateway. One that only mentions the name is not: a backup of its old
/// folder must not be stopped because of that.
fn runs(arguments: &[String], name: &str) -> bool {
    let arguments: Vec<String> = arguments.iter().map(|word| word.to_lowercase()).collect();
    let program = |word: &String| word.split('/').any(|part| part.starts_with(name));
    arguments.iter().any(program)
        && arguments.iter().any(|word| word.rsplit('/').next().is_some_and(|last| last.ends_with("gateway")))
}

/// Whether a label is the name of a former product's gateway.
fn is_gateway_of(label: &str, name: &str) -> bool {
    let label = label.to_lowercase();
    label.contains(name)
        && (label.contains("gateway") || label.strip_suffix(".service").unwrap_or(&label) == name)
}

fn read(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What became of a retired service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Unit or label.
    pub label: String,
    /// The copy of its definition, from which it can be brought back.
    pub kept: PathBuf,
    /// The command that undoes it.
    pub undo: String,
}

/// Why a service was not retired.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// Only root may change the machine's services.
    #[error("{label} is a service of the whole machine; run: {command}")]
    NotOurs {
        /// Unit or label.
        label: String,
        /// What root would run.
        command: String,
    },
    /// The supervisor refused.
    #[error("{label} could not be stopped and disabled: {why}")]
    Supervisor {
        /// Unit or label.
        label: String,
        /// What it said.
        why: String,
    },
    /// The definition could not be moved aside.
    #[error("{} could not be moved aside: {error}", path.display())]
    Keep {
        /// The definition.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

/// Stops and disables a legacy service, and moves its definition aside (`*.retired`) so that nothing starts it again.
/// The owner has been asked.
///
/// # Errors
/// When it belongs to the whole machine, the supervisor refuses, or the definition cannot be moved; what was done
/// before the fault stays done.
pub fn retire(place: &Place, runner: &dyn Runner, extra: &Extra) -> Result<Retired, RetireError> {
    let label = extra.label.clone();
    if !crate::names::is_name(&label) {
        let why = "its name is not one that can be handed to a command".to_owned();
        return Err(RetireError::Supervisor { label: Words::new(&label).to_string(), why });
    }
    if extra.scope == Scope::System && place.uid != 0 {
        let command = extra.cleanup(place.uid).join("; ");
        return Err(RetireError::NotOurs { label, command });
    }
    let refused = |why: String| RetireError::Supervisor { label: label.clone(), why };
    let undo = match (place.os, extra.scope) {
        (Os::MacOs, _) => {
            let target = format!("gui/{}/{label}", place.uid);
            // An agent that is not loaded has nothing to be stopped.
            runner.run("launchctl", &["bootout", &target]).map_err(|error| refused(error.to_string()))?;
            format!("launchctl bootstrap gui/{}", place.uid)
        }
        (_, scope) => {
            let systemctl = match scope {
                Scope::User => Systemctl::user(place, runner),
                Scope::System => Systemctl::system(runner),
            };
            systemctl.tell(&["disable", "--now", &label]).map_err(refused)?;
            let flag = if scope == Scope::User { " --user" } else { "" };
            format!("systemctl{flag} enable --now {label}")
        }
    };
    let kept = aside(&extra.path);
    fs::rename(&extra.path, &kept).map_err(|error| RetireError::Keep { path: extra.path.clone(), error })?;
    if place.os == Os::Linux {
        let systemctl = match extra.scope {
            Scope::User => Systemctl::user(place, runner),
            Scope::System => Systemctl::system(runner),
        };
        // Only so that systemd forgets the old text; the service is off already.
        systemctl.tell(&["daemon-reload"]).ok();
    }
    let undo = format!("mv {} {} && {undo}", in_shell(&kept), in_shell(&extra.path));
    Ok(Retired { label, kept, undo })
}

/// A name beside the definition that is free.
fn aside(path: &Path) -> PathBuf {
    let first = beside(path, ".retired");
    if fs::symlink_metadata(&first).is_err() {
        return first;
    }
    // Somebody who retires the same unit a thousand times overwrites the last copy.
    (1..1_000)
        .map(|count| beside(path, &format!(".retired.{count}")))
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::testing::place_in;
    use crate::runner::testing::Recorder;

    fn home(units: &[(&str, &str)]) -> (tempfile::TempDir, Place) {
        let home = tempfile::tempdir().unwrap();
        let place = place_in(home.path());
        fs::create_dir_all(place.systemd_dir()).unwrap();
        for (name, text) in units {
            fs::write(place.systemd_dir().join(name), text).unwrap();
        }
        (home, place)
    }

    #[test]
    fn former_gateways_are_known_by_what_they_run_or_are_called() {
        let (_home, place) = home(&[
            ("clawdbot-gateway.service", "[Service]\nExecStart=/usr/bin/node x gateway\n"),
            ("assistant.service", "[Service]\nExecStart=/usr/bin/moltbot gateway\n"),
            ("openclaw-gateway.service", "[Service]\nExecStart=/usr/bin/clawdbot gateway\n"),
            (
                "openclaw-gateway-work.service",
                "[Service]\nEnvironment=OPENCLAW_SERVICE_MARKER=openclaw\nExecStart=/usr/bin/openclaw gateway\nEnvironment=OPENCLAW_STATE_DIR=/home/u/.clawdbot\n",
            ),
            ("mine.service", "[Service]\nExecStart=/usr/bin/openclaw gateway\n"),
            (
                "backup.service",
                "[Service]\nExecStart=/usr/bin/rsync -a /home/u/clawdbot /mnt/gateway-backup\n",
            ),
            (
                "clawdbot-backup.service",
                "[Service]\nExecStart=/usr/bin/tar cf /mnt/b.tar /home/u/.clawdbot\n",
            ),
            (
                "long.service",
                "[Service]\nExecStart=/usr/bin/node \\\n  /opt/clawdbot/dist/index.js gateway\n",
            ),
            ("other.service", "[Service]\nExecStart=/usr/bin/sleep 1\n"),
            ("clawdbot.timer", "[Timer]\n"),
        ]);
        let found = find(&place, Depth::Usual);
        let shown: Vec<_> =
            found.iter().map(|extra| (extra.label.as_str(), extra.marker, extra.legacy)).collect();
        assert_eq!(
            shown,
            [
                ("assistant.service", "moltbot", true),
                ("clawdbot-gateway.service", "clawdbot", true),
                ("long.service", "clawdbot", true),
                ("mine.service", "openclaw", false),
            ]
        );
        assert_eq!(found[1].cleanup(1000), ["systemctl --user disable --now clawdbot-gateway.service"]);
        assert!(found[1].line().starts_with("clawdbot-gateway.service (user, unit: "));
    }

    #[test]
    fn retiring_stops_disables_and_keeps_a_copy() {
        let (_home, place) = home(&[("clawdbot-gateway.service", "[Service]\n")]);
        let extra = find(&place, Depth::Usual).remove(0);
        let recorder = Recorder::new();
        let retired = retire(&place, &recorder, &extra).unwrap();
        assert_eq!(
            recorder.calls(),
            ["systemctl --user disable --now clawdbot-gateway.service", "systemctl --user daemon-reload"]
        );
        assert!(!extra.path.exists() && retired.kept.exists());
        assert!(
            retired.undo.ends_with("&& systemctl --user enable --now clawdbot-gateway.service"),
            "{}",
            retired.undo
        );
        assert_eq!(find(&place, Depth::Usual), []);
    }

    #[test]
    fn a_refusal_leaves_the_definition_where_it_is() {
        let (_home, place) = home(&[("clawdbot-gateway.service", "[Service]\n")]);
        let extra = find(&place, Depth::Usual).remove(0);
        let recorder = Recorder::new().fails("systemctl --user disable", "Failed to connect to bus");
        let error = retire(&place, &recorder, &extra).unwrap_err().to_string();
        assert!(error.contains("Failed to connect to bus"), "{error}");
        assert!(extra.path.exists());
    }

    #[test]
    fn the_machines_services_are_roots() {
        let (_home, place) = home(&[]);
        let extra = Extra {
            platform: "linux",
            label: "clawdbot-gateway.service".into(),
            path: "/etc/systemd/system/clawdbot-gateway.service".into(),
            scope: Scope::System,
            marker: "clawdbot",
            legacy: true,
        };
        let recorder = Recorder::new();
        let error = retire(&place, &recorder, &extra).unwrap_err().to_string();
        assert!(error.contains("sudo systemctl disable --now clawdbot-gateway.service"), "{error}");
        assert!(recorder.calls().is_empty());
    }

    #[test]
    fn a_label_that_is_no_name_gives_no_command() {
        let extra = Extra {
            platform: "linux",
            label: "clawdbot$(reboot).service".into(),
            path: "/x".into(),
            scope: Scope::User,
            marker: "clawdbot",
            legacy: true,
        };
        assert!(extra.cleanup(1).is_empty());
    }
}
