//! The first start: a configuration where there is none, and a token where one is needed (rulings 10 and 12).

use std::io;

use openclaw_os::file::{Files, ensure_dir};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use serde_json::json;

use crate::edit::text::pretty;
use crate::edit::{Edit, EditError, Editor, Outcome, private_dir};
use crate::env::Env;
use crate::file::Loaded;
use crate::gateway::AuthMode;
use crate::keypath::KeyPath;
use crate::paths::Paths;

/// Bytes of a generated token: 192 bits, 48 hex digits.
pub const TOKEN_BYTES: usize = 24;

/// What a first start wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Whether a token was generated and stored; not when the environment brings one.
    pub token: Option<Secret>,
}

/// A new shared token: 192 random bits as 48 hex digits.
///
/// # Errors
/// When the system has no randomness to give.
pub fn generate_token() -> io::Result<Secret> {
    let mut bytes = [0u8; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("no randomness: {error}")))?;
    Ok(token_of(&bytes))
}

/// The token made of these bytes.
#[must_use]
pub fn token_of(bytes: &[u8; TOKEN_BYTES]) -> Secret {
    use std::fmt::Write;
    let mut text = String::with_capacity(TOKEN_BYTES * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Secret::new(text)
}

/// Writes a first configuration when there is none: `gateway.mode: "local"` and a token, unless the environment brings
/// a token or password. `None` when there is a file already, also when another process was quicker.
///
/// # Errors
/// When the directory or the file cannot be written. The environment may forbid writing (`OPENCLAW_NIX_MODE`,
/// `OPENCLAW_CONFIG_READONLY`); then there is nothing to create and the start goes on without a file.
pub fn create_config(paths: &Paths, env: &Env) -> io::Result<Option<Created>> {
    if env.flag("OPENCLAW_NIX_MODE") || env.flag("OPENCLAW_CONFIG_READONLY") {
        return Ok(None);
    }
    if std::fs::symlink_metadata(&paths.config_path).is_ok() {
        return Ok(None);
    }
    private_dir(&paths.state_dir)?;
    if let Some(dir) = paths.config_path.parent().filter(|dir| !dir.is_dir()) {
        ensure_dir(dir, 0o700)?;
    }
    let brought =
        ["OPENCLAW_GATEWAY_TOKEN", "OPENCLAW_GATEWAY_PASSWORD"].iter().any(|name| env.get(name).is_some());
    let token = if brought { None } else { Some(generate_token()?) };
    let config = match &token {
        Some(token) => {
            json!({"gateway": {"mode": "local", "auth": {"mode": "token", "token": token.expose()}}})
        }
        None => json!({"gateway": {"mode": "local"}}),
    };
    match Files::real().create_new(&paths.config_path, pretty(&config).as_bytes(), 0o600) {
        Ok(()) => Ok(Some(Created { token })),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// Generates a token and stores it as `gateway.auth.token`, with mode `token` when no mode is written. For a start in
/// token mode without a token, and for rotating it by command.
///
/// # Errors
/// When it cannot be stored; the gateway must not start then (ruling 12).
pub fn store_token(
    paths: &Paths,
    env: &Env,
    origin: &str,
    now: Millis,
) -> Result<(Secret, Outcome), EditError> {
    let token = generate_token().map_err(EditError::Io)?;
    let loaded: Loaded = crate::file::load(paths, env)?;
    let mut edits = vec![set(&["gateway", "auth", "token"], token.expose())];
    if loaded.gateway.auth.mode.is_none() {
        edits.push(set(&["gateway", "auth", "mode"], AuthMode::Token.as_str()));
    }
    let outcome = Editor::new(paths, env, origin, now).edits(&edits)?;
    Ok((token, outcome))
}

fn set(path: &[&str], value: &str) -> Edit {
    Edit::Set { path: KeyPath::keys(path.iter().copied()), value: value.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &std::path::Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn first_start() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(&dir.path().join("state"));
        let env = Env::default();
        let created = create_config(&paths, &env).unwrap().unwrap();
        let token = created.token.unwrap();
        assert_eq!(token.expose().len(), 48);
        assert_eq!((mode(&paths.config_path), mode(&paths.state_dir)), (0o600, 0o700));
        let loaded = crate::file::load(&paths, &env).unwrap();
        assert!(loaded.issues.is_empty(), "{:?}", loaded.issues);
        let plan = crate::start::plan(&loaded, &paths, &crate::start::Overrides::default()).unwrap();
        assert_eq!(plan.token.unwrap().secret, token);
        assert_eq!(create_config(&paths, &env).unwrap(), None);
    }

    /// Runs tests of this crate that check modes again, each under masks that would give everything or nothing away.
    #[test]
    fn modes_do_not_depend_on_the_umask() {
        let program = std::env::current_exe().unwrap();
        for umask in ["000", "022", "077"] {
            for test in [
                "first_run::tests::first_start",
                "first_run::tests::storing_a_token_keeps_the_file",
                "edit::commit::tests::ring_of_five_and_modes",
            ] {
                let script = format!("umask {umask}; exec \"$0\" --exact {test} --test-threads 1");
                let out =
                    std::process::Command::new("sh").arg("-c").arg(script).arg(&program).output().unwrap();
                let text = String::from_utf8_lossy(&out.stdout);
                assert!(out.status.success() && text.contains("1 passed"), "{umask} {test}: {text}");
            }
        }
    }

    #[test]
    fn the_environment_brings_the_token() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        let env = Env::from_pairs([("OPENCLAW_GATEWAY_TOKEN", "from-docker")]);
        assert_eq!(create_config(&paths, &env).unwrap(), Some(Created { token: None }));
        let loaded = crate::file::load(&paths, &env).unwrap();
        let plan = crate::start::plan(&loaded, &paths, &crate::start::Overrides::default()).unwrap();
        assert!(!plan.generate_token && plan.token.unwrap().secret.matches("from-docker"));
    }

    #[test]
    fn storing_a_token_keeps_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        let env = Env::default();
        std::fs::write(&paths.config_path, "// mine\n{ gateway: { mode: 'local' } }\n").unwrap();
        let (token, outcome) = store_token(&paths, &env, "gateway run", Millis(0)).unwrap();
        let text = std::fs::read_to_string(&paths.config_path).unwrap();
        assert!(text.starts_with("// mine\n") && text.contains(token.expose()), "{text}");
        assert_eq!(outcome.loaded.gateway.auth.mode, Some(AuthMode::Token));
        let (next, _) = store_token(&paths, &env, "auth regenerate", Millis(0)).unwrap();
        assert!(next != token);
        let audit = std::fs::read_to_string(paths.config_audit()).unwrap();
        assert!(!audit.contains(token.expose()) && !audit.contains(next.expose()));
        assert_eq!(mode(&paths.config_audit()), 0o600);
    }

    #[test]
    fn forbidden_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(&dir.path().join("s"));
        let env = Env::from_pairs([("OPENCLAW_NIX_MODE", "1")]);
        assert_eq!(create_config(&paths, &env).unwrap(), None);
        assert!(!paths.state_dir.exists());
        assert!(matches!(
            store_token(&paths, &env, "x", Millis(0)),
            Err(EditError::ReadOnly("OPENCLAW_NIX_MODE"))
        ));
    }
}
