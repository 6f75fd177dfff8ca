//! Keys of older versions and of guides, and what they become: pure functions, used by loading (in memory), by
//! `config set` (as aliases) and by repairs (on the file).

use serde_json::Value;

use crate::edit::Edit;
use crate::gateway::{AuthMode, Bind};
use crate::issue::{Issue, IssueKind, Severity};
use crate::keypath::KeyPath;

/// One legacy key found in a configuration, and the edits that replace it without losing its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The key found.
    pub from: &'static str,
    /// What to do, in order.
    pub edits: Vec<Edit>,
    /// What to say after it was done (cli spec section 10.2).
    pub message: String,
    /// What to say while it is only honoured in memory.
    pub warning: String,
    /// Whether everything that was said stays said somewhere: only then it may be done without asking.
    pub keeps_value: bool,
}

/// What `config set` does instead of what was typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// What to do, in order.
    pub edits: Vec<Edit>,
    /// What to tell the person who typed it.
    pub note: String,
}

/// Finds the legacy keys of the `gateway` section. Values of the wrong type are left for validation to report.
#[must_use]
pub fn migrations(config: &Value) -> Vec<Migration> {
    let text = |path: &str| at(config, path).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
    let mut found = Vec::new();
    if let Some(token) = at(config, "gateway.token").filter(|t| t.is_string() || t.is_object()) {
        let current = at(config, "gateway.auth.token");
        if current.is_some() {
            found.push(Migration {
                from: "gateway.token",
                edits: vec![unset("gateway.token")],
                message: "Removed gateway.token; gateway.auth.token is set and is the one in force."
                    .to_owned(),
                warning: if current == Some(token) {
                    "gateway.token repeats gateway.auth.token.".to_owned()
                } else {
                    "gateway.token is ignored; gateway.auth.token is the one in force.".to_owned()
                },
                keeps_value: current == Some(token),
            });
        } else {
            let mut edits = vec![set("gateway.auth.token", token.clone())];
            let undecided =
                at(config, "gateway.auth.mode").is_none() && at(config, "gateway.auth.type").is_none();
            if undecided && at(config, "gateway.auth.password").is_none() {
                edits.push(set("gateway.auth.mode", AuthMode::Token.as_str().into()));
            }
            edits.push(unset("gateway.token"));
            found.push(Migration {
                from: "gateway.token",
                edits,
                message: "Moved gateway.token → gateway.auth.token.".to_owned(),
                warning: "gateway.token is ignored; use gateway.auth.token instead (auto-migrated on load)."
                    .to_owned(),
                keeps_value: true,
            });
        }
    }
    if let Some(kind) = text("gateway.auth.type") {
        let written = text("gateway.auth.mode");
        let mode = AuthMode::parse(kind).filter(|_| at(config, "gateway.auth.mode").is_none());
        let mut edits = vec![];
        let message = match mode {
            Some(mode) => {
                edits.push(set("gateway.auth.mode", mode.as_str().into()));
                "Moved gateway.auth.type → gateway.auth.mode."
            }
            None => "Removed gateway.auth.type; it has no effect (gateway.auth.mode decides).",
        };
        edits.push(unset("gateway.auth.type"));
        found.push(Migration {
            from: "gateway.auth.type",
            edits,
            message: message.to_owned(),
            warning: "gateway.auth.type is not a key; use gateway.auth.mode instead.".to_owned(),
            keeps_value: mode.is_some() || written == Some(kind),
        });
    }
    if let Some((alias, bind)) = text("gateway.bind").and_then(|b| Some((b, bind_alias(b)?))) {
        found.push(Migration {
            from: "gateway.bind",
            edits: vec![set("gateway.bind", bind.as_str().into())],
            message: format!("Changed gateway.bind \"{alias}\" → \"{bind}\"."),
            warning: format!("gateway.bind is \"{alias}\"; use \"{bind}\" instead."),
            keeps_value: true,
        });
    }
    found
}

/// The bind mode somebody meant who wrote an address.
#[must_use]
pub fn bind_alias(text: &str) -> Option<Bind> {
    match text.trim().to_ascii_lowercase().as_str() {
        "0.0.0.0" | "::" | "[::]" | "*" | "all" | "any" => Some(Bind::Lan),
        "127.0.0.1" | "localhost" | "::1" | "[::1]" | "local" => Some(Bind::Loopback),
        "tailscale" => Some(Bind::Tailnet),
        _ => None,
    }
}

/// Honours the legacy keys in memory and says so.
pub(crate) fn honour(config: &mut Value) -> Vec<Issue> {
    let found = migrations(config);
    found
        .into_iter()
        .map(|migration| {
            for edit in &migration.edits {
                // The edits were made for this very value; one that does not fit changes nothing.
                let _ = edit.apply(config);
            }
            Issue::new(migration.from, Severity::Warning, IssueKind::Legacy, migration.warning)
                .hint("openclaw doctor --fix writes it the current way.")
        })
        .collect()
}

/// What `config set <path> <value>` should do when the path or the value is an old spelling; `None` when it is not.
#[must_use]
pub fn alias(path: &KeyPath, value: &Value, config: &Value) -> Option<Alias> {
    let unless_absent = |old: &str| at(config, old).is_some().then(|| unset(old));
    match path.to_string().as_str() {
        "gateway.token" if value.is_string() || value.is_object() => {
            let mut edits = vec![set("gateway.auth.token", value.clone())];
            let mut note = "gateway.token is not a key; wrote gateway.auth.token instead.".to_owned();
            if at(config, "gateway.auth.mode").is_none() {
                edits.push(set("gateway.auth.mode", AuthMode::Token.as_str().into()));
                note.push_str(" Set gateway.auth.mode to token.");
            }
            edits.extend(unless_absent("gateway.token"));
            Some(Alias { edits, note })
        }
        "gateway.auth.type" if value.is_string() => {
            let mut edits = vec![set("gateway.auth.mode", value.clone())];
            edits.extend(unless_absent("gateway.auth.type"));
            Some(Alias {
                edits,
                note: "gateway.auth.type is not a key; wrote gateway.auth.mode instead.".to_owned(),
            })
        }
        "gateway.bind" => {
            let typed = value.as_str()?;
            let bind = bind_alias(typed)?;
            Some(Alias {
                edits: vec![set("gateway.bind", bind.as_str().into())],
                note: format!("gateway.bind takes a mode, not an address; wrote \"{bind}\"."),
            })
        }
        _ => None,
    }
}

fn at<'v>(config: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(config, |value, key| value.get(key))
}

fn set(path: &str, value: Value) -> Edit {
    Edit::Set { path: KeyPath::keys(path.split('.')), value }
}

fn unset(path: &str) -> Edit {
    Edit::Unset { path: KeyPath::keys(path.split('.')) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn in_memory() {
        let table = [
            (
                json!({"gateway": {"token": "zzz"}}),
                json!({"gateway": {"auth": {"token": "zzz", "mode": "token"}}}),
                1,
            ),
            (
                json!({"gateway": {"token": "zzz", "auth": {"type": "token"}}}),
                json!({"gateway": {"auth": {"token": "zzz", "mode": "token"}}}),
                2,
            ),
            (
                json!({"gateway": {"token": "a", "auth": {"token": "b"}}}),
                json!({"gateway": {"auth": {"token": "b"}}}),
                1,
            ),
            (
                json!({"gateway": {"token": "a", "auth": {"password": "b"}}}),
                json!({"gateway": {"auth": {"password": "b", "token": "a"}}}),
                1,
            ),
            (
                json!({"gateway": {"auth": {"type": "password", "mode": "token"}}}),
                json!({"gateway": {"auth": {"mode": "token"}}}),
                1,
            ),
            (json!({"gateway": {"auth": {"type": "basic"}}}), json!({"gateway": {"auth": {}}}), 1),
            (json!({"gateway": {"bind": "0.0.0.0"}}), json!({"gateway": {"bind": "lan"}}), 1),
            (json!({"gateway": {"bind": "LOCALHOST"}}), json!({"gateway": {"bind": "loopback"}}), 1),
            (
                json!({"gateway": {"bind": "lan", "token": 5}}),
                json!({"gateway": {"bind": "lan", "token": 5}}),
                0,
            ),
            (json!({}), json!({}), 0),
            (json!({"gateway": 1}), json!({"gateway": 1}), 0),
        ];
        for (before, after, count) in table {
            let mut value = before.clone();
            let issues = honour(&mut value);
            assert_eq!((&value, issues.len()), (&after, count), "{before}");
            assert!(honour(&mut value).is_empty(), "{before} twice");
        }
    }

    #[test]
    fn aliases() {
        let path = |t: &str| t.parse::<KeyPath>().unwrap();
        let run = |p: &str, v: Value, config: Value| {
            let mut config = config;
            let alias = alias(&path(p), &v, &config)?;
            for edit in &alias.edits {
                edit.apply(&mut config).unwrap();
            }
            Some(config)
        };
        assert_eq!(
            run("gateway.token", json!("t"), json!({})),
            Some(json!({"gateway": {"auth": {"token": "t", "mode": "token"}}}))
        );
        assert_eq!(
            run(
                "gateway.token",
                json!("t"),
                json!({"gateway": {"token": "old", "auth": {"mode": "password"}}})
            ),
            Some(json!({"gateway": {"auth": {"mode": "password", "token": "t"}}}))
        );
        assert_eq!(
            run("gateway.auth.type", json!("token"), json!({})),
            Some(json!({"gateway": {"auth": {"mode": "token"}}}))
        );
        assert_eq!(
            run("gateway.bind", json!("0.0.0.0"), json!({})),
            Some(json!({"gateway": {"bind": "lan"}}))
        );
        assert_eq!(run("gateway.bind", json!("lan"), json!({})), None);
        assert_eq!(run("gateway.port", json!(1), json!({})), None);
    }
}
