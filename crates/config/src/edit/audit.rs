//! The record of writes: `<state>/logs/config-audit.jsonl`, one object per line, never a secret (ruling 13).

use std::path::Path;

use openclaw_os::file::{Files, ensure_dir};
use openclaw_protocol::secret::REDACTED;
use openclaw_protocol::time::Millis;
use serde_json::{Value, json};

use crate::paths::Paths;

/// Size at which the record is put aside as `config-audit.jsonl.1`.
const ROTATE_BYTES: u64 = 4 * 1024 * 1024;

/// What is recorded about a write.
pub(super) struct Entry<'a> {
    pub(super) origin: &'a str,
    pub(super) argv: &'a [String],
    pub(super) now: Millis,
    pub(super) existed: bool,
    pub(super) previous_hash: Option<&'a str>,
    pub(super) next_hash: &'a str,
    pub(super) previous_bytes: usize,
    pub(super) next_bytes: usize,
    pub(super) changed_paths: &'a [String],
    pub(super) mode_before: Option<&'a str>,
    pub(super) mode_after: Option<&'a str>,
    pub(super) has_meta_before: bool,
    pub(super) has_meta_after: bool,
    pub(super) result: &'a str,
    pub(super) error: Option<&'a std::io::Error>,
}

/// Appends an entry. Returns the sentence to warn with when that fails: a write is not undone for it.
pub(super) fn record(paths: &Paths, entry: &Entry<'_>) -> Option<String> {
    let path = paths.config_audit();
    append(&path, &line(paths, entry)).err().map(|error| format!("The write was not recorded: {error}"))
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        ensure_dir(dir, 0o700)?;
    }
    let files = Files::real();
    if std::fs::symlink_metadata(path).is_ok_and(|m| m.len() > ROTATE_BYTES) {
        files.rename(path, &path.with_extension("jsonl.1"))?;
    }
    files.append(path, line.as_bytes(), 0o600)
}

fn line(paths: &Paths, entry: &Entry<'_>) -> String {
    let ts = i64::try_from(entry.now.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let mut suspicious: Vec<String> = vec![];
    if entry.next_bytes < entry.previous_bytes / 2 && entry.previous_bytes > 512 {
        suspicious.push(format!("size-drop:{}->{}", entry.previous_bytes, entry.next_bytes));
    }
    if entry.mode_before.is_some() && entry.mode_after.is_none() {
        suspicious.push("gateway-mode-removed".to_owned());
    }
    let mut out = json!({
        "ts": ts.map(|t| t.to_string()),
        "source": "config-io",
        "event": "config.write",
        "origin": entry.origin,
        "configPath": paths.config_path,
        "pid": std::process::id(),
        "ppid": std::os::unix::process::parent_id(),
        "cwd": std::env::current_dir().ok(),
        "argv": redact_argv(entry.argv),
        "execArgv": [],
        "existsBefore": entry.existed,
        "previousHash": entry.previous_hash,
        "nextHash": entry.next_hash,
        "previousBytes": entry.existed.then_some(entry.previous_bytes),
        "nextBytes": entry.next_bytes,
        "changedPathCount": entry.changed_paths.len(),
        "changedPaths": entry.changed_paths.iter().take(50).collect::<Vec<_>>(),
        "hasMetaBefore": entry.has_meta_before,
        "hasMetaAfter": entry.has_meta_after,
        "gatewayModeBefore": entry.mode_before,
        "gatewayModeAfter": entry.mode_after,
        "suspicious": suspicious,
        "result": entry.result,
    });
    if let (Some(error), Value::Object(map)) = (entry.error, &mut out) {
        map.insert("errorCode".to_owned(), format!("{:?}", error.kind()).into());
        map.insert("errorMessage".to_owned(), error.to_string().into());
    }
    format!("{out}\n")
}

/// Arguments of a command with everything that could be a secret replaced: what follows the path of `config set`, the
/// value of every option whose name promises a secret, and settings of variables.
#[must_use]
pub fn redact_argv(argv: &[String]) -> Vec<String> {
    let mut out = Vec::with_capacity(argv.len());
    let mut hide_next = false;
    // Words seen since `config set`: the first one is the path, the others are the value.
    let mut words_of_set: Option<usize> = None;
    let mut previous = "";
    for arg in argv {
        let hidden = if std::mem::take(&mut hide_next) {
            Some(REDACTED.to_owned())
        } else if let Some((name, _)) = arg.split_once('=').filter(|(name, _)| name.starts_with('-')) {
            // `--anything=value`: after `config set` no option may show its value.
            (words_of_set.is_some() || secret_option(name)).then(|| format!("{name}={REDACTED}"))
        } else if arg.starts_with('-') && arg.len() > 1 {
            hide_next = secret_option(arg) || (words_of_set.is_some() && takes_value(arg));
            // A value may begin with a dash; after the path only the options we know are no values.
            let value = words_of_set.is_some_and(|count| count >= 1)
                && !hide_next
                && !PLAIN_OPTIONS.contains(&arg.as_str());
            value.then(|| REDACTED.to_owned())
        } else {
            words_of_set = match words_of_set {
                Some(count) => Some(count + 1),
                None if previous == "config" && (arg == "set" || arg == "patch" || arg == "apply") => Some(0),
                None => None,
            };
            words_of_set.is_some_and(|count| count >= 2).then(|| REDACTED.to_owned())
        };
        out.push(hidden.unwrap_or_else(|| arg.clone()));
        if !arg.starts_with('-') {
            previous = arg;
        }
    }
    out
}

/// Options of `config set` without a value.
const PLAIN_OPTIONS: [&str; 9] =
    ["--", "--json", "--strict-json", "--force", "--dry-run", "--merge", "--replace", "--yes", "--no-color"];

fn secret_option(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_ascii_lowercase();
    ["token", "password", "secret", "key", "auth", "params", "batch-json", "value", "code", "credential"]
        .iter()
        .any(|word| name.ends_with(word))
}

/// Options of `config set` that are followed by a value which is not one of the flags.
fn takes_value(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    name.starts_with("provider-")
        || name.starts_with("ref-")
        || name.starts_with("expect-")
        || name.starts_with("batch-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let table = [
            ("openclaw config set gateway.auth.token hush", "openclaw config set gateway.auth.token R"),
            (
                "openclaw --profile p config set --strict-json a.b hush hush",
                "openclaw --profile p config set --strict-json a.b R R",
            ),
            ("openclaw config set a hush --json", "openclaw config set a R --json"),
            ("openclaw config set a --batch-json hush", "openclaw config set a --batch-json R"),
            ("openclaw config set a --foo=hush", "openclaw config set a --foo=R"),
            ("openclaw gateway run --token hush --port 1", "openclaw gateway run --token R --port 1"),
            ("openclaw gateway --token=hush --password=hush", "openclaw gateway --token=R --password=R"),
            ("openclaw gateway call x --params hush", "openclaw gateway call x --params R"),
            ("openclaw config set a -- -hush", "openclaw config set a -- R"),
            ("openclaw config set a -hush", "openclaw config set a R"),
            ("openclaw config unset a.b", "openclaw config unset a.b"),
        ];
        for (argv, want) in table {
            let argv: Vec<String> = argv.split(' ').map(str::to_owned).collect();
            assert_eq!(redact_argv(&argv).join(" ").replace(REDACTED, "R"), want);
        }
    }
}
