//! Where things are: home, state directory, configuration file, and what lies below (cli spec sections 2 and 3).
//! Reads the file system only to see which of several names exists; creates nothing.

use std::path::{Path, PathBuf};

use crate::env::{Env, expand_tilde};

/// The current name and the legacy names of the configuration file, in order of preference.
const CONFIG_NAMES: [&str; 4] = ["openclaw.json", "clawdbot.json", "moldbot.json", "moltbot.json"];
/// Legacy names of the state directory below the home directory, in order of preference.
const LEGACY_DIRS: [&str; 3] = [".clawdbot", ".moldbot", ".moltbot"];
/// The port of a gateway that is told nothing else.
pub const DEFAULT_PORT: u16 = 18789;
/// The same with `--dev`.
pub const DEV_PORT: u16 = 19001;

/// The root options that decide about paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--profile <name>`.
    pub profile: Option<String>,
    /// `--dev`: profile `dev` and another default port.
    pub dev: bool,
}

/// Why paths cannot be told. Texts of cli spec section 1.1 where they exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathsError {
    /// Both ways of choosing a profile at once.
    #[error("Cannot combine --dev with --profile")]
    DevAndProfile,
    /// `--profile ""`.
    #[error("--profile requires a value")]
    EmptyProfile,
    /// A name that could leave the home directory.
    #[error("Invalid --profile (use letters, numbers, \"_\", \"-\" only)")]
    BadProfile,
    /// No variable and no account entry names a home directory.
    #[error("No home directory is known. Set HOME, OPENCLAW_HOME or OPENCLAW_STATE_DIR.")]
    NoHome,
}

/// Everything that lies in the home or state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The home directory that `~` means.
    pub home: PathBuf,
    /// The state directory, absolute.
    pub state_dir: PathBuf,
    /// The configuration file, absolute; it need not exist.
    pub config_path: PathBuf,
    /// The profile, when it is not the default one.
    pub profile: Option<String>,
    /// [`DEFAULT_PORT`], or [`DEV_PORT`] with `--dev`.
    pub default_port: u16,
}

/// Tells the paths for this environment and these root options.
///
/// # Errors
/// [`PathsError`], all of them usage errors.
pub fn resolve(env: &Env, flags: &Flags) -> Result<Paths, PathsError> {
    let flag_profile = match (&flags.profile, flags.dev) {
        (Some(_), true) => return Err(PathsError::DevAndProfile),
        (Some(name), false) => Some(checked_profile(name)?),
        (None, true) => Some("dev".to_owned()),
        (None, false) => None,
    };
    let named = flag_profile.clone().filter(|p| !p.eq_ignore_ascii_case("default"));
    let home = env.home().map(|h| absolute(&h));
    let state_override = ["OPENCLAW_STATE_DIR", "CLAWDBOT_STATE_DIR"]
        .iter()
        .find_map(|n| env.get(n))
        .map(|t| expand_tilde(t, home.as_deref()));
    let state_dir = match (state_override.as_deref(), &named, &home) {
        (Some(dir), _, _) => absolute(dir),
        (None, Some(profile), Some(home)) => home.join(format!(".openclaw-{profile}")),
        (None, None, Some(home)) => default_state_dir(home),
        (None, _, None) => return Err(PathsError::NoHome),
    };
    let config_override = ["OPENCLAW_CONFIG_PATH", "CLAWDBOT_CONFIG_PATH"]
        .iter()
        .find_map(|n| env.get(n))
        .map(|t| expand_tilde(t, home.as_deref()));
    let chosen = state_override.is_some() || named.is_some();
    let config_path = match config_override {
        Some(path) => absolute(&path),
        None => config_in(&state_dir)
            // A state directory that was chosen by name stands alone; only the default one looks around.
            .or_else(|| home.as_deref().filter(|_| !chosen).and_then(config_elsewhere))
            .unwrap_or_else(|| state_dir.join(CONFIG_NAMES[0])),
    };
    let profile = named.or_else(|| {
        let name = env.get("OPENCLAW_PROFILE")?.trim();
        (flag_profile.is_none() && !name.eq_ignore_ascii_case("default"))
            .then(|| checked_profile(name).ok())
            .flatten()
    });
    Ok(Paths {
        home: home.unwrap_or_else(|| state_dir.clone()),
        default_port: if flags.dev { DEV_PORT } else { DEFAULT_PORT },
        state_dir,
        config_path,
        profile,
    })
}

impl Paths {
    /// Paths of one state directory with everything else below it: for tests and for tools that are handed a directory.
    #[must_use]
    pub fn in_state_dir(state_dir: &Path) -> Self {
        Self {
            home: state_dir.to_path_buf(),
            state_dir: state_dir.to_path_buf(),
            config_path: state_dir.join(CONFIG_NAMES[0]),
            profile: None,
            default_port: DEFAULT_PORT,
        }
    }

    /// `<state>/.env`, the only such file that is read (ruling 13).
    #[must_use]
    pub fn dotenv(&self) -> PathBuf {
        self.state_dir.join(".env")
    }

    /// `<state>/logs/config-audit.jsonl`.
    #[must_use]
    pub fn config_audit(&self) -> PathBuf {
        self.state_dir.join("logs").join("config-audit.jsonl")
    }

    /// `<state>/identity`: this machine's own device identity and the tokens it was given.
    #[must_use]
    pub fn identity_dir(&self) -> PathBuf {
        self.state_dir.join("identity")
    }

    /// `<state>/devices`: the readable view of paired and waiting devices.
    #[must_use]
    pub fn devices_dir(&self) -> PathBuf {
        self.state_dir.join("devices")
    }

    /// `<state>/credentials`, or `OPENCLAW_OAUTH_DIR`.
    #[must_use]
    pub fn credentials_dir(&self, env: &Env) -> PathBuf {
        env.get("OPENCLAW_OAUTH_DIR").map_or_else(
            || self.state_dir.join("credentials"),
            |dir| absolute(&expand_tilde(dir, Some(&self.home))),
        )
    }

    /// `<state>/state/gateway.sqlite` (ruling 24).
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.state_dir.join("state").join("gateway.sqlite")
    }

    /// `<state>/state/journal.json`: whom the gateway refused lately, and why.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.state_dir.join("state").join("journal.json")
    }

    /// `<state>/gateway.sock`, the owner socket in its usual place.
    #[must_use]
    pub fn owner_socket(&self) -> PathBuf {
        self.state_dir.join("gateway.sock")
    }

    /// `<state>/workspace`, the default workspace.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.state_dir.join("workspace")
    }

    /// The log file of a day (`YYYY-MM-DD`, local date) in the temporary directory `tmp` (cli spec section 17).
    #[must_use]
    pub fn log_file(&self, tmp: &Path, date: &str) -> PathBuf {
        match &self.profile {
            Some(profile) => tmp.join(format!("openclaw-{profile}-{date}.log")),
            None => tmp.join(format!("openclaw-{date}.log")),
        }
    }

    /// A path with the home directory shortened to `~`, for people to read.
    #[must_use]
    pub fn short(&self, path: &Path) -> String {
        match path.strip_prefix(&self.home) {
            Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Ok(rest) => format!("~/{}", rest.display()),
            Err(_) => path.display().to_string(),
        }
    }

    /// The text a person may write for a path in the configuration: `~` is the home directory, a relative path is
    /// below the directory of the configuration file.
    #[must_use]
    pub fn expand(&self, text: &str) -> PathBuf {
        let path = expand_tilde(text, Some(&self.home));
        match (path.is_absolute(), self.config_path.parent()) {
            (false, Some(dir)) => dir.join(path),
            _ => path,
        }
    }

    /// `openclaw` or `openclaw --profile work`: how hints name the program.
    #[must_use]
    pub fn command(&self) -> String {
        match &self.profile {
            Some(profile) => format!("openclaw --profile {profile}"),
            None => "openclaw".to_owned(),
        }
    }
}

/// A legacy state directory that should become `~/.openclaw` (cli spec section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegacyState {
    /// Only the old directory is there: rename it and leave a symbolic link.
    Move {
        /// The old directory.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
    },
    /// Both are there: nothing is touched.
    Both {
        /// The current directory, which is used.
        target: PathBuf,
        /// The old one, which is not.
        legacy: PathBuf,
    },
}

/// Looks for a legacy state directory below `home`. Symbolic links (left by an earlier move) do not count.
#[must_use]
pub fn legacy_state(home: &Path) -> Option<LegacyState> {
    let target = home.join(".openclaw");
    let legacy = LEGACY_DIRS
        .iter()
        .map(|name| home.join(name))
        .find(|dir| std::fs::symlink_metadata(dir).is_ok_and(|m| m.is_dir()))?;
    Some(if std::fs::symlink_metadata(&target).is_ok() {
        LegacyState::Both { target, legacy }
    } else {
        LegacyState::Move { from: legacy, to: target }
    })
}

impl LegacyState {
    /// Carries out a move and returns the line to print; for two directories only the line.
    ///
    /// # Errors
    /// When the directory cannot be renamed; a link that cannot be made is mentioned in the line.
    pub fn resolve(&self) -> std::io::Result<String> {
        match self {
            Self::Both { target, .. } => Ok(format!(
                "State dir migration skipped: target already exists ({}). Remove or merge manually.",
                target.display()
            )),
            Self::Move { from, to } => {
                std::fs::rename(from, to)?;
                let line = format!("State dir: {} → {}", from.display(), to.display());
                Ok(match link(to, from) {
                    Ok(()) => format!("{line} (legacy path now symlinked)"),
                    Err(why) => format!("{line} (the legacy path could not be symlinked: {why})"),
                })
            }
        }
    }
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_target: &Path, _at: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

fn checked_profile(name: &str) -> Result<String, PathsError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(PathsError::EmptyProfile);
    }
    if name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return Err(PathsError::BadProfile);
    }
    Ok(name.to_owned())
}

fn default_state_dir(home: &Path) -> PathBuf {
    let current = home.join(".openclaw");
    if current.exists() {
        return current;
    }
    LEGACY_DIRS.iter().map(|name| home.join(name)).find(|dir| dir.exists()).unwrap_or(current)
}

fn config_in(dir: &Path) -> Option<PathBuf> {
    CONFIG_NAMES.iter().map(|name| dir.join(name)).find(|path| path.exists())
}

fn config_elsewhere(home: &Path) -> Option<PathBuf> {
    std::iter::once(".openclaw").chain(LEGACY_DIRS).find_map(|dir| config_in(&home.join(dir)))
}

/// Absolute without touching the file system; a path that cannot be made absolute stays as it is.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn flags(profile: Option<&str>, dev: bool) -> Flags {
        Flags { profile: profile.map(str::to_owned), dev }
    }

    #[test]
    fn state_and_config_without_files() {
        type Case = (
            &'static [(&'static str, &'static str)],
            Flags,
            &'static str,
            &'static str,
            Option<&'static str>,
            u16,
        );
        let table: [Case; 9] = [
            (
                &[("HOME", "/h")],
                flags(None, false),
                "/h/.openclaw",
                "/h/.openclaw/openclaw.json",
                None,
                18789,
            ),
            (
                &[("HOME", "/h")],
                flags(Some("work"), false),
                "/h/.openclaw-work",
                "/h/.openclaw-work/openclaw.json",
                Some("work"),
                18789,
            ),
            (
                &[("HOME", "/h")],
                flags(Some("default"), false),
                "/h/.openclaw",
                "/h/.openclaw/openclaw.json",
                None,
                18789,
            ),
            (
                &[("HOME", "/h")],
                flags(None, true),
                "/h/.openclaw-dev",
                "/h/.openclaw-dev/openclaw.json",
                Some("dev"),
                19001,
            ),
            (
                &[("HOME", "/h"), ("OPENCLAW_STATE_DIR", "~/s")],
                flags(None, false),
                "/h/s",
                "/h/s/openclaw.json",
                None,
                18789,
            ),
            (
                &[("OPENCLAW_STATE_DIR", "/s")],
                flags(Some("p"), false),
                "/s",
                "/s/openclaw.json",
                Some("p"),
                18789,
            ),
            (
                &[("HOME", "/h"), ("CLAWDBOT_STATE_DIR", "/old")],
                flags(None, false),
                "/old",
                "/old/openclaw.json",
                None,
                18789,
            ),
            (
                &[("HOME", "/h"), ("OPENCLAW_CONFIG_PATH", "/etc/c.json")],
                flags(None, false),
                "/h/.openclaw",
                "/etc/c.json",
                None,
                18789,
            ),
            (
                &[("HOME", "/h"), ("OPENCLAW_PROFILE", "svc")],
                flags(None, false),
                "/h/.openclaw",
                "/h/.openclaw/openclaw.json",
                Some("svc"),
                18789,
            ),
        ];
        for (pairs, flags, state, config, profile, port) in table {
            let got = resolve(&Env::from_pairs(pairs.iter().copied()), &flags).unwrap();
            assert_eq!(
                (
                    got.state_dir.to_str().unwrap(),
                    got.config_path.to_str().unwrap(),
                    got.profile.as_deref(),
                    got.default_port
                ),
                (state, config, profile, port),
                "{pairs:?} {flags:?}"
            );
        }
    }

    #[test]
    fn usage_errors() {
        let env = Env::from_pairs([("HOME", "/h")]);
        for (flags, want) in [
            (flags(Some("a"), true), PathsError::DevAndProfile),
            (flags(Some(" "), false), PathsError::EmptyProfile),
            (flags(Some("../x"), false), PathsError::BadProfile),
        ] {
            assert_eq!(resolve(&env, &flags), Err(want));
        }
        assert_eq!(resolve(&Env::default(), &Flags::default()), Err(PathsError::NoHome));
    }

    #[test]
    fn legacy_names() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from_pairs([("HOME", home.path().to_str().unwrap())]);
        fs::create_dir(home.path().join(".moltbot")).unwrap();
        fs::write(home.path().join(".moltbot/moltbot.json"), "{}").unwrap();
        let got = resolve(&env, &Flags::default()).unwrap();
        assert_eq!(got.state_dir, home.path().join(".moltbot"));
        assert_eq!(got.config_path, home.path().join(".moltbot/moltbot.json"));
        // A chosen profile does not look there.
        let got = resolve(&env, &flags(Some("p"), false)).unwrap();
        assert_eq!(got.config_path, home.path().join(".openclaw-p/openclaw.json"));

        let legacy = legacy_state(home.path()).unwrap();
        assert!(legacy.resolve().unwrap().ends_with("(legacy path now symlinked)"));
        assert!(home.path().join(".moltbot/moltbot.json").exists());
        assert_eq!(legacy_state(home.path()), None);
        let got = resolve(&env, &Flags::default()).unwrap();
        assert_eq!(got.state_dir, home.path().join(".openclaw"));
        assert_eq!(got.config_path, home.path().join(".openclaw/moltbot.json"));

        fs::create_dir(home.path().join(".clawdbot")).unwrap();
        let line = legacy_state(home.path()).unwrap().resolve().unwrap();
        assert!(line.starts_with("State dir migration skipped: target already exists"), "{line}");
    }

    #[test]
    fn words_for_people() {
        let paths = resolve(&Env::from_pairs([("HOME", "/h")]), &flags(Some("w"), false)).unwrap();
        assert_eq!(paths.short(&paths.config_path), "~/.openclaw-w/openclaw.json");
        assert_eq!(paths.short(Path::new("/etc/x")), "/etc/x");
        assert_eq!(paths.command(), "openclaw --profile w");
        assert_eq!(
            paths.log_file(Path::new("/tmp/openclaw"), "2026-03-13").to_str(),
            Some("/tmp/openclaw/openclaw-w-2026-03-13.log")
        );
        assert_eq!(paths.expand("x/y"), Path::new("/h/.openclaw-w/x/y"));
        assert_eq!(paths.expand("~/y"), Path::new("/h/y"));
    }
}
