//! References to secrets: `{source, provider, id}` and `$NAME`, and getting the value behind one.
//!
//! `env` and `file` references are read when the configuration is loaded. An `exec` reference starts a program, so it
//! waits until somebody needs the secret ([`crate::Loaded::resolve_exec_secrets`]).

use std::path::Path;

use openclaw_os::file::{Owners, check_trusted, open_nofollow};
use openclaw_protocol::secret::Secret;
use serde_json::{Map, Value};

use crate::env::Env;
use crate::paths::Paths;
use crate::substitute::is_name;

mod exec;

/// Largest secret file read when the provider sets no other limit, and the most any provider may ask for.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Where a reference points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A variable of the environment.
    Env,
    /// A file named by a provider.
    File,
    /// What a provider's program answers.
    Exec,
    /// The original's own secret store; not available here.
    Store,
}

/// A reference to a secret. Contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    /// Where it points.
    pub source: Source,
    /// The name of the provider under `secrets.providers`; the source's default one when absent.
    pub provider: Option<String>,
    /// What the provider knows the secret by.
    pub id: String,
}

/// A secret of the configuration, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum SecretValue {
    /// Nothing is configured.
    #[default]
    Unset,
    /// The value.
    Known(Secret),
    /// Configured, but the value could not be had; the sentence says why and contains no secret.
    Unresolved(String),
    /// A program has to be asked first.
    Pending(SecretRef),
}

impl SecretValue {
    /// The value, if it is known.
    #[must_use]
    pub fn get(&self) -> Option<&Secret> {
        match self {
            Self::Known(secret) => Some(secret),
            _ => None,
        }
    }

    /// Whether the file says anything here, resolved or not.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !matches!(self, Self::Unset)
    }
}

/// Whether a whole text is the short form of an environment reference: `$NAME`.
#[must_use]
pub fn is_env_shorthand(text: &str) -> bool {
    text.trim().strip_prefix('$').is_some_and(is_name)
}

impl SecretRef {
    /// Reads the object form.
    ///
    /// # Errors
    /// A sentence saying what is wrong with it.
    pub fn parse(map: &Map<String, Value>) -> Result<Self, String> {
        if let Some(key) = map.keys().find(|k| !["source", "provider", "id"].contains(&k.as_str())) {
            let key: String = key
                .chars()
                .take(40)
                .map(|c| if crate::keypath::is_unprintable(c) { '\u{fffd}' } else { c })
                .collect();
            return Err(format!("a secret reference has only source, provider and id, not \"{key}\""));
        }
        let text = |key: &str| match map.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(format!("{key} of a secret reference must be a string")),
        };
        let source = match text("source")? {
            Some("env") => Source::Env,
            Some("file") => Source::File,
            Some("exec") => Source::Exec,
            Some("store") => Source::Store,
            _ => {
                return Err("source of a secret reference must be \"env\", \"file\", \"exec\" or \"store\""
                    .to_owned());
            }
        };
        let provider = text("provider")?.map(str::to_owned);
        if provider.as_deref().is_some_and(|p| !is_provider(p)) {
            return Err(
                "provider of a secret reference must be a name of lower-case letters, digits, \"_\", \"-\""
                    .to_owned(),
            );
        }
        let id = text("id")?.ok_or("a secret reference needs an id")?;
        let fits = match source {
            Source::Env | Source::Store => is_name(id) && id.len() <= 128,
            Source::File => id == "value" || id.starts_with('/'),
            Source::Exec => is_exec_id(id),
        };
        if !fits {
            return Err(match source {
                Source::Env | Source::Store => "id must be a variable name in capital letters",
                Source::File => "id must be a JSON pointer (\"/a/b\") or \"value\"",
                Source::Exec => "id must be made of letters, digits and . _ : / # -",
            }
            .to_owned());
        }
        Ok(Self { source, provider, id: id.to_owned() })
    }
}

fn is_provider(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

fn is_exec_id(id: &str) -> bool {
    id.len() <= 256
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "._:/#-".contains(c))
        && !id.split('/').any(|part| part == "." || part == "..")
}

/// What is needed to follow references: the `secrets` section, the environment, and the directories.
#[derive(Clone, Copy)]
pub(crate) struct Resolver<'a> {
    pub(crate) config: &'a Value,
    pub(crate) env: &'a Env,
    pub(crate) paths: &'a Paths,
}

impl Resolver<'_> {
    /// What a configured value comes to, without starting a program. `missing` are the variables that substitution did
    /// not find at this path.
    pub(crate) fn value(&self, value: Option<&Value>, missing: &[&str]) -> SecretValue {
        match value {
            Some(Value::String(_)) if !missing.is_empty() => {
                SecretValue::Unresolved(format!("environment variable {} is not set", missing.join(", ")))
            }
            Some(Value::String(text)) if is_env_shorthand(text) => {
                self.variable(text.trim().trim_start_matches('$'))
            }
            Some(Value::String(text)) => Secret::present(text).map_or(SecretValue::Unset, SecretValue::Known),
            Some(Value::Object(map)) => match SecretRef::parse(map) {
                Ok(reference) => self.reference(&reference),
                Err(why) => SecretValue::Unresolved(why),
            },
            _ => SecretValue::Unset,
        }
    }

    /// Follows a reference, without starting a program.
    pub(crate) fn reference(&self, reference: &SecretRef) -> SecretValue {
        let provider = match self.provider(reference) {
            Ok(provider) => provider,
            Err(why) => return SecretValue::Unresolved(why),
        };
        match (reference.source, provider) {
            (Source::Env, provider) => {
                let allowed = provider.and_then(|p| p.get("allowlist")).and_then(Value::as_array);
                if allowed.is_some_and(|list| !list.iter().any(|n| n == reference.id.as_str())) {
                    return SecretValue::Unresolved(format!(
                        "the provider's allowlist does not contain {}",
                        reference.id
                    ));
                }
                self.variable(&reference.id)
            }
            (Source::File, Some(provider)) => match self.file(provider, &reference.id) {
                Ok(text) => known(&text),
                Err(why) => SecretValue::Unresolved(why),
            },
            (Source::Exec, Some(_)) => SecretValue::Pending(reference.clone()),
            (Source::Store, _) => SecretValue::Unresolved(
                "secret references with source \"store\" are not available".to_owned(),
            ),
            (_, None) => SecretValue::Unresolved("no such provider".to_owned()),
        }
    }

    /// Asks the program behind a pending reference. Blocks for as long as the provider allows (5 s unless it says
    /// otherwise, 30 s at most).
    pub(crate) fn ask(&self, reference: &SecretRef) -> SecretValue {
        let asked = self.provider(reference).and_then(|provider| {
            let provider = provider.ok_or("no such provider")?;
            exec::ask(provider, reference, self.env, &Owners::of_state(&self.paths.state_dir))
        });
        match asked {
            Ok(text) => known(&text),
            Err(why) => SecretValue::Unresolved(why),
        }
    }

    fn variable(&self, name: &str) -> SecretValue {
        match self.env.get(name).and_then(Secret::present) {
            Some(secret) => SecretValue::Known(secret),
            None => SecretValue::Unresolved(format!("environment variable {name} is not set")),
        }
    }

    /// The provider's settings. Environment references need none.
    fn provider(&self, reference: &SecretRef) -> Result<Option<&Map<String, Value>>, String> {
        let word = match reference.source {
            Source::Env => "env",
            Source::File => "file",
            Source::Exec => "exec",
            Source::Store => "store",
        };
        let secrets = self.config.get("secrets");
        let default = secrets.and_then(|s| s.get("defaults")?.get(word)?.as_str()).unwrap_or("default");
        let name = reference.provider.as_deref().unwrap_or(default);
        let found = secrets.and_then(|s| s.get("providers")?.get(name)?.as_object());
        match found.filter(|p| p.get("source").and_then(Value::as_str) == Some(word)) {
            Some(provider) => Ok(Some(provider)),
            None if matches!(reference.source, Source::Env | Source::Store)
                && (name == default || name == "default") =>
            {
                Ok(None)
            }
            None => Err(format!("secrets.providers.{name} with source \"{word}\" does not exist")),
        }
    }

    fn file(&self, provider: &Map<String, Value>, id: &str) -> Result<String, String> {
        let named = provider.get("path").and_then(Value::as_str).ok_or("the file provider has no path")?;
        let path = self.paths.expand(named);
        let limit =
            provider.get("maxBytes").and_then(Value::as_u64).unwrap_or(MAX_FILE_BYTES).min(MAX_FILE_BYTES);
        let text = read_private(&path, limit, &Owners::of_state(&self.paths.state_dir))
            .map_err(|why| format!("the file provider's file cannot be used: {why}"))?;
        if provider.get("mode").and_then(Value::as_str) == Some("singleValue") {
            if id != "value" {
                return Err("a singleValue provider only knows the id \"value\"".to_owned());
            }
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        let parsed =
            crate::parse::parse(&text).map_err(|_| "the file provider's file is not JSON".to_owned())?;
        match parsed.pointer(id) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(format!("the value at {id} in the provider's file is not a string")),
            None => Err(format!("the provider's file has nothing at {id}")),
        }
    }
}

fn known(text: &str) -> SecretValue {
    Secret::present(text)
        .map_or_else(|| SecretValue::Unresolved("the value is empty".to_owned()), SecretValue::Known)
}

/// Reads a file that nobody else can read or replace.
fn read_private(path: &Path, limit: u64, owners: &Owners) -> Result<String, String> {
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;
    check_trusted(path, owners).map_err(|e| e.to_string())?;
    let file = open_nofollow(path).map_err(|e| e.to_string())?;
    let meta = file.metadata().map_err(|e| e.to_string())?;
    if !owners.trusts(meta.uid()) || meta.nlink() > 1 {
        return Err(format!("{} belongs to somebody else or has a second name", path.display()));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!("{} can be read by others; repair it with: chmod 600", path.display()));
    }
    let mut text = String::new();
    file.take(limit + 1).read_to_string(&mut text).map_err(|e| e.to_string())?;
    if text.len() as u64 > limit {
        return Err(format!("{} is larger than {limit} bytes", path.display()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn parse(value: &Value) -> Result<SecretRef, String> {
        SecretRef::parse(value.as_object().unwrap())
    }

    #[test]
    fn shapes() {
        assert!(parse(&json!({"source": "env", "provider": "default", "id": "A_1"})).is_ok());
        assert!(parse(&json!({"source": "env", "id": "A"})).is_ok());
        assert!(parse(&json!({"source": "file", "provider": "f", "id": "/a/b"})).is_ok());
        assert!(parse(&json!({"source": "exec", "provider": "v", "id": "a/b#c"})).is_ok());
        for bad in [
            json!({}),
            json!({"source": "x", "id": "A"}),
            json!({"source": "env"}),
            json!({"source": "env", "id": "lower"}),
            json!({"source": "env", "id": 1}),
            json!({"source": "env", "id": "A", "provider": "UP"}),
            json!({"source": "env", "id": "A", "more": 1}),
            json!({"source": "file", "id": "a"}),
            json!({"source": "exec", "id": "a/../b"}),
            json!({"source": "exec", "id": "-x"}),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        let private = |name: &str, text: &str, mode: u32| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        private("s.json", r#"{"a": {"b/c": "deep"}, "n": 1}"#, 0o600);
        private("one", "single\n", 0o600);
        private("open", "seen", 0o644);
        let config = json!({"secrets": {
            "providers": {
                "f": {"source": "file", "path": "s.json"},
                "one": {"source": "file", "path": "one", "mode": "singleValue"},
                "open": {"source": "file", "path": "open", "mode": "singleValue"},
                "few": {"source": "env", "allowlist": ["ONLY"]},
                "x": {"source": "exec", "command": "/bin/false"},
            },
        }});
        let env = Env::from_pairs([("TOK", " abc "), ("ONLY", "o"), ("BLANK", " ")]);
        let resolver = Resolver { config: &config, env: &env, paths: &paths };
        let ok = |v: &str| SecretValue::Known(Secret::from(v));
        let table = [
            (json!("plain"), ok("plain")),
            (json!("  "), SecretValue::Unset),
            (json!("$TOK"), ok("abc")),
            (json!({"source": "env", "id": "TOK"}), ok("abc")),
            (json!({"source": "env", "provider": "few", "id": "ONLY"}), ok("o")),
            (json!({"source": "file", "provider": "f", "id": "/a/b~1c"}), ok("deep")),
            (json!({"source": "file", "provider": "one", "id": "value"}), ok("single")),
        ];
        for (value, want) in table {
            assert_eq!(resolver.value(Some(&value), &[]), want, "{value}");
        }
        assert_eq!(resolver.value(None, &[]), SecretValue::Unset);
        for (value, why) in [
            (json!("$NO"), "environment variable NO is not set"),
            (json!({"source": "env", "id": "BLANK"}), "environment variable BLANK is not set"),
            (json!({"source": "env", "provider": "few", "id": "TOK"}), "allowlist"),
            (
                json!({"source": "env", "provider": "gone", "id": "TOK"}),
                "secrets.providers.gone with source \"env\" does not exist",
            ),
            (
                json!({"source": "file", "provider": "few", "id": "/a"}),
                "secrets.providers.few with source \"file\" does not exist",
            ),
            (json!({"source": "file", "provider": "f", "id": "/n"}), "is not a string"),
            (json!({"source": "file", "provider": "f", "id": "/none"}), "has nothing at /none"),
            (json!({"source": "file", "provider": "open", "id": "value"}), "can be read by others"),
            (json!({"source": "store", "id": "A"}), "not available"),
        ] {
            match resolver.value(Some(&value), &[]) {
                SecretValue::Unresolved(text) => assert!(text.contains(why), "{value}: {text}"),
                other => panic!("{value}: {other:?}"),
            }
        }
        let pending = resolver.value(Some(&json!({"source": "exec", "provider": "x", "id": "a"})), &[]);
        assert!(matches!(pending, SecretValue::Pending(_)));
        assert!(matches!(resolver.value(Some(&json!("a${X}")), &["X"]), SecretValue::Unresolved(_)));
    }
}
