//! Loading the configuration: from the file to a resolved value, typed gateway settings and every finding at once.

mod control_ui;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_os::file::read_nofollow;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::words::Words;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::env::{Env, parse_dotenv};
use crate::gateway::GatewayConfig;
use crate::issue::{Issue, IssueKind, Severity};
use crate::keypath::KeyPath;
use crate::parse::{self, ParseError};
use crate::paths::Paths;
use crate::secretref::{Resolver, SecretValue};
use crate::{include, lines, migrate, proxies, schema, substitute};

/// Largest `.env` file read.
const MAX_DOTENV_BYTES: u64 = 256 * 1024;

/// Why there is no configuration to speak of. Everything less is an [`Issue`].
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is there and cannot be read.
    #[error("Failed to read config at {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file is not JSON5, not UTF-8, too large or too deep.
    #[error("{error}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        error: ParseError,
        /// SHA-256 of the bytes, hex, for writing over it knowingly.
        hash: String,
    },
}

impl LoadError {
    /// The same as a finding, for the block that lists all of them.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        let mut issue = Issue::new("", Severity::Fatal, IssueKind::Syntax, self.to_string());
        if let Self::Syntax { error, .. } = self {
            issue.line = error.at.map(|(line, _)| line);
        }
        vec![issue]
    }
}

/// A configuration that was read.
#[derive(Clone)]
pub struct Loaded {
    /// Where it was read from.
    pub path: PathBuf,
    /// Whether the file exists; an absent file reads as an empty object.
    pub exists: bool,
    /// The text, without a byte order mark; empty when absent.
    pub raw: String,
    /// SHA-256 of the bytes of the file, hex; the base hash of edits. `None` when absent.
    pub hash: Option<String>,
    /// What the file itself says, with `$include` and `${VAR}` as written.
    pub source: Value,
    /// The configuration in force: includes, variables and legacy keys resolved. Secret references stay references.
    pub value: Value,
    /// Everything found, the worst first.
    pub issues: Vec<Issue>,
    /// The gateway's settings as types, with its secrets.
    pub gateway: GatewayConfig,
    /// The environment, filled with `<state>/.env` and the file's `env` section.
    pub env: Env,
    /// Included files; a watcher wants to know them.
    pub includes: Vec<PathBuf>,
    /// The objects of the file that carry an `$include`.
    pub include_owned: Vec<KeyPath>,
}

/// Reads the configuration. An absent file is an empty configuration, not an error.
///
/// # Errors
/// When the file exists and cannot be read or parsed.
pub fn load(paths: &Paths, env: &Env) -> Result<Loaded, LoadError> {
    let (raw, hash) = match read_text(&paths.config_path)? {
        Some((raw, hash)) => (raw, Some(hash)),
        None => (String::new(), None),
    };
    from_text(paths, env, raw, hash)
}

/// Reads a text as if it stood in the configuration file: for checking an edit before it is written.
pub(crate) fn from_text(
    paths: &Paths,
    env: &Env,
    raw: String,
    hash: Option<String>,
) -> Result<Loaded, LoadError> {
    let source = if hash.is_none() && raw.is_empty() {
        Value::Object(Map::new())
    } else {
        parse::parse(&raw).map_err(|error| LoadError::Syntax {
            path: paths.config_path.clone(),
            error,
            hash: hash.clone().unwrap_or_default(),
        })?
    };
    let mut issues = Vec::new();
    let (mut value, included) = if include::mentioned(&raw) {
        include::resolve(source.clone(), &paths.config_path)
    } else {
        (source.clone(), include::Included::default())
    };
    issues.extend(included.issues);

    let env = full_env(paths, env, &value);
    let mut unresolved = Vec::new();
    // A backslash may spell a reference; included files are not looked through twice.
    if substitute::mentions(&raw) || raw.contains('\\') || !included.files.is_empty() {
        unresolved = substitute::expand_all(&mut value, &env);
    }
    let legacy = migrate::honour(&mut value);
    let checked = schema::check(&value);
    let mut at: Vec<KeyPath> = Vec::new();
    let mut found: Vec<Issue> = Vec::new();
    for issue in legacy.into_iter().chain(unresolved.iter().cloned()) {
        at.push(issue.path.parse().unwrap_or_default());
        found.push(issue);
    }
    for (issue, path) in checked {
        at.push(path);
        found.push(issue);
    }
    for issue in consistency(&value) {
        at.push(issue.path.parse().unwrap_or_default());
        found.push(issue);
    }

    let mut gateway = GatewayConfig::from_value(&value);
    let resolver = Resolver { config: &value, env: &env, paths };
    let mut secrets = |path: &str, slot: &mut SecretValue| {
        let path = KeyPath::keys(path.split('.'));
        let text = path.to_string();
        let missing: Vec<&str> =
            unresolved.iter().filter(|i| i.path == text).filter_map(|i| i.subject.as_deref()).collect();
        *slot = resolver.value(path.get(&value), &missing);
        if let (SecretValue::Unresolved(why), true) = (&*slot, missing.is_empty()) {
            found.push(
                Issue::new(
                    text.clone(),
                    Severity::Warning,
                    IssueKind::Unresolved,
                    format!("configured but unavailable: {why}"),
                )
                .hint("The value is left as it is; the gateway does not start while it needs it."),
            );
            at.push(path);
        }
    };
    secrets("gateway.auth.token", &mut gateway.auth.token);
    secrets("gateway.auth.password", &mut gateway.auth.password);
    secrets("gateway.remote.token", &mut gateway.remote.token);
    secrets("gateway.remote.password", &mut gateway.remote.password);

    if !found.is_empty() {
        for (issue, line) in found.iter_mut().zip(lines::of(&raw, &at)) {
            issue.line = line;
        }
        issues.append(&mut found);
    }
    issues.sort_by_key(|issue| std::cmp::Reverse(issue.severity));
    Ok(Loaded {
        path: paths.config_path.clone(),
        exists: hash.is_some(),
        raw: raw.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(raw),
        hash,
        source,
        value,
        issues,
        gateway,
        env,
        includes: included.files,
        include_owned: included.owned,
    })
}

/// The bytes of a configuration file as text, with their hash; `None` when there is no file. Links are followed:
/// people keep this file elsewhere and link it.
pub(crate) fn read_text(path: &Path) -> Result<Option<(String, String)>, LoadError> {
    let unreadable = |error| LoadError::Unreadable { path: path.to_path_buf(), error };
    let target = match std::fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let bytes = match read_nofollow(&target, parse::MAX_BYTES as u64) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let hash = hash_of(&bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some((text, hash))),
        Err(_) => Err(LoadError::Syntax {
            path: path.to_path_buf(),
            error: ParseError {
                message: "JSON5 parse failed: the file is not UTF-8 text".to_owned(),
                at: None,
            },
            hash,
        }),
    }
}

/// SHA-256 as lower-case hex: the hash of a configuration's bytes.
#[must_use]
pub fn hash_of(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The process environment, then `<state>/.env`, then `env.vars` and the plain entries of `env`; the first wins.
fn full_env(paths: &Paths, env: &Env, value: &Value) -> Env {
    let dotenv =
        read_nofollow(&paths.dotenv(), MAX_DOTENV_BYTES).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let env = match dotenv {
        Some(text) => env.filled(parse_dotenv(&text)),
        None => env.clone(),
    };
    let Some(section) = value.get("env").and_then(Value::as_object) else { return env };
    let vars = section.get("vars").and_then(Value::as_object).into_iter().flatten();
    let plain = section.iter().filter(|(name, _)| !["vars", "shellEnv"].contains(&name.as_str()));
    let pairs: Vec<(String, String)> = vars
        .chain(plain)
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    env.filled(pairs)
}

/// Values that are fine alone and wrong together.
fn consistency(value: &Value) -> Vec<Issue> {
    let mut issues = Vec::new();
    let gateway = value.get("gateway");
    let auth = gateway.and_then(|g| g.get("auth"));
    let set = |key: &str| {
        auth.and_then(|a| a.get(key))
            .is_some_and(|v| v.is_object() || v.as_str().is_some_and(|t| !t.trim().is_empty()))
    };
    if set("token") && set("password") && auth.and_then(|a| a.get("mode")).is_none() {
        issues.push(Issue::new(
            "gateway.auth",
            Severity::Fatal,
            IssueKind::Inconsistent,
            "gateway.auth.token and gateway.auth.password are both configured, but gateway.auth.mode is unset. Set \
             gateway.auth.mode to token or password.",
        ));
    }
    for (i, entry) in strings(gateway.and_then(|g| g.get("trustedProxies"))) {
        let finding = match proxies::Range::parse(entry) {
            None => Issue::new(
                format!("gateway.trustedProxies[{i}]"),
                Severity::Warning,
                IssueKind::WrongType,
                "not an address or CIDR range; it matches no proxy",
            )
            .hint("Write an address (10.0.0.1) or a range (10.0.0.0/24)."),
            Some(range) => match range.too_broad() {
                None => continue,
                Some(breadth) => Issue::new(
                    format!("gateway.trustedProxies[{i}]"),
                    Severity::Warning,
                    IssueKind::TooBroad,
                    format!(
                        "{} holds {breadth}; anybody there can pretend to be anybody else",
                        Words::new(entry)
                    ),
                )
                .hint("Name the proxy's own address, or the smallest range that holds it."),
            },
        };
        issues.push(finding);
    }
    if let Some(ui) = gateway.and_then(|g| g.get("controlUi")) {
        issues.extend(control_ui::issues(ui));
    }
    issues
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = (usize, &str)> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.enumerate().filter_map(|(i, v)| Some((i, v.as_str()?.trim())))
}

impl Loaded {
    /// Whether a gateway may start with it and guarded commands may run: no fatal finding.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.issues.iter().any(|i| i.severity == Severity::Fatal)
    }

    /// The findings of one severity.
    pub fn issues_of(&self, severity: Severity) -> impl Iterator<Item = &Issue> {
        self.issues.iter().filter(move |i| i.severity == severity)
    }

    /// The finding that switches off the part a path belongs to, if any: `channels.telegram` is off when anything in
    /// it is ill-typed, and so is everything when something around it is.
    #[must_use]
    pub fn part_off(&self, part: &KeyPath) -> Option<&Issue> {
        self.issues_of(Severity::PartOff).find(|issue| {
            let at: KeyPath = issue.path.parse().unwrap_or_default();
            part.is_prefix_of(&at) || at.is_prefix_of(part)
        })
    }

    /// A setting of `env` or of the file's environment that counts as a shared secret for servers and clients.
    #[must_use]
    pub fn env_secret(&self, name: &str) -> Option<Secret> {
        self.env.get(name).and_then(Secret::present)
    }

    /// Asks the programs behind the gateway's pending secrets. Blocks (5 s each unless the provider says otherwise).
    /// What cannot be had becomes [`SecretValue::Unresolved`] and an issue.
    pub fn resolve_exec_secrets(&mut self, paths: &Paths) {
        let mut gateway = std::mem::take(&mut self.gateway);
        let resolver = Resolver { config: &self.value, env: &self.env, paths };
        let mut failed = Vec::new();
        for (path, slot) in [
            ("gateway.auth.token", &mut gateway.auth.token),
            ("gateway.auth.password", &mut gateway.auth.password),
            ("gateway.remote.token", &mut gateway.remote.token),
            ("gateway.remote.password", &mut gateway.remote.password),
        ] {
            if let SecretValue::Pending(reference) = slot {
                *slot = resolver.ask(reference);
                if let SecretValue::Unresolved(why) = &*slot {
                    failed.push(Issue::new(
                        path,
                        Severity::Warning,
                        IssueKind::Unresolved,
                        format!("configured but unavailable: {why}"),
                    ));
                }
            }
        }
        self.gateway = gateway;
        self.issues.extend(failed);
    }

    /// What stands at a path, in the way `config get` answers: redacted, with the default in force when unset.
    #[must_use]
    pub fn get(&self, path: &KeyPath) -> Answer {
        if path.get(&self.value).is_some() {
            // The whole is redacted first: whether something is a secret can depend on what stands around it.
            let shown = crate::redact::redact(&self.value);
            return path.get(&shown).map_or(Answer::Unset, |value| Answer::Set(value.clone()));
        }
        match schema::at(path) {
            None => Answer::Unknown { suggestion: schema::suggest(path) },
            Some(_) => schema::effective_default(path).map_or(Answer::Unset, Answer::Default),
        }
    }
}

/// What `config get` can answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The file says so; secrets are redacted.
    Set(Value),
    /// The file says nothing, this default is in force.
    Default(Value),
    /// A known path without a value and without a default.
    Unset,
    /// No such path.
    Unknown {
        /// A path that was perhaps meant.
        suggestion: Option<String>,
    },
}

/// Names only: the rest may hold secrets.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("path", &self.path)
            .field("exists", &self.exists)
            .field("hash", &self.hash)
            .field("issues", &self.issues)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
