//! Making a gateway token, and nothing else (D-07): for `doctor --generate-gateway-token`, `auth regenerate` and the
//! repair of a missing one. A token that is there stays unless it is to be replaced; a reference is never overwritten.

use openclaw_config::edit::{Edit, EditError, Editor, Outcome};
use openclaw_config::gateway::AuthMode;
use openclaw_config::secretref::SecretValue;
use openclaw_config::start::Source;
use openclaw_config::{Env, KeyPath, LoadError, Loaded, Paths, first_run};
use openclaw_protocol::secret::{Secret, is_placeholder};
use openclaw_protocol::time::Millis;
use serde_json::Value;

/// Who asks, for the records of the change.
pub struct Asked<'a> {
    /// Where things are.
    pub paths: &'a Paths,
    /// The environment of this command.
    pub env: &'a Env,
    /// `doctor --generate-gateway-token`, `auth regenerate`.
    pub origin: &'a str,
    /// Now.
    pub now: Millis,
    /// The command line.
    pub argv: &'a [String],
    /// Rather no token than a file written anew without its comments.
    pub in_place: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum Made {
    /// A new token stands in the file.
    Created {
        /// Its fingerprint.
        fingerprint: Option<String>,
        /// The change; `None` when the whole file is new.
        outcome: Option<Box<Outcome>>,
        /// The mode in which the gateway will be with it.
        mode: AuthMode,
    },
    /// There was one.
    Kept {
        /// Its fingerprint.
        fingerprint: Option<String>,
        /// Where it stands.
        source: Source,
        /// The old key under which it stands, when it is one.
        legacy: bool,
        /// The mode in force.
        mode: AuthMode,
    },
}

/// Why there is no new token. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read or parsed.
    #[error("the configuration cannot be read: {0}")]
    Load(#[from] LoadError),
    /// The file could not be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The system refused.
    #[error("no token could be stored: {0}")]
    Io(#[from] std::io::Error),
    /// `gateway.auth.token` refers to a secret kept elsewhere.
    #[error("gateway.auth.token refers to a secret kept elsewhere, which is never overwritten{0}")]
    Reference(String),
    /// In this mode a token keeps the gateway from starting.
    #[error("gateway.auth.mode is trusted-proxy, which goes with no token")]
    TrustedProxy,
}

/// Makes a token where there is none; with `replace`, also where there is one.
///
/// # Errors
/// [`TokenError`]; the file is unchanged then.
pub fn generate(asked: &Asked<'_>, replace: bool) -> Result<Made, TokenError> {
    let Asked { paths, env, .. } = asked;
    let loaded = openclaw_config::load(paths, env)?;
    if !loaded.exists
        && let Some(created) = first_run::create_config(paths, env)?
    {
        if let Some(token) = created.token {
            let fingerprint = token.fingerprint();
            return Ok(Made::Created { fingerprint, outcome: None, mode: AuthMode::Token });
        }
        return finish(asked, &openclaw_config::load(paths, env)?, replace);
    }
    finish(asked, &loaded, replace)
}

fn finish(asked: &Asked<'_>, loaded: &Loaded, replace: bool) -> Result<Made, TokenError> {
    let auth = &loaded.gateway.auth;
    let mode = mode_in_force(loaded);
    if mode == AuthMode::TrustedProxy {
        return Err(TokenError::TrustedProxy);
    }
    let written = path("token").get(&loaded.source);
    let literal = written
        .and_then(Value::as_str)
        .is_none_or(|text| auth.token.get().is_some_and(|t| t.matches(text.trim())));
    let kept = |token: &Secret, source: Source| Made::Kept {
        fingerprint: token.fingerprint(),
        source,
        legacy: written.is_none(),
        mode,
    };
    let is_reference = written.is_some() && (written.is_some_and(Value::is_object) || !literal);
    match &auth.token {
        SecretValue::Unresolved(why) => return Err(TokenError::Reference(format!(" ({why})"))),
        SecretValue::Pending(_) => return Err(TokenError::Reference(String::new())),
        SecretValue::Known(_) if is_reference && replace => {
            return Err(TokenError::Reference(String::new()));
        }
        SecretValue::Known(token) if !replace && !is_placeholder(token.expose()) => {
            return Ok(kept(token, Source::Config));
        }
        SecretValue::Known(_) | SecretValue::Unset => {}
    }
    let variable = "OPENCLAW_GATEWAY_TOKEN";
    if let (Some(token), SecretValue::Unset, false) = (loaded.env_secret(variable), &auth.token, replace) {
        return Ok(Made::Kept {
            fingerprint: token.fingerprint(),
            source: Source::Env(variable),
            legacy: false,
            mode,
        });
    }
    let token = first_run::generate_token()?;
    let mut edits = vec![set("token", token.expose())];
    let next = match auth.mode {
        // Nothing is opened by it, and whoever asks for a token wants it asked for.
        Some(AuthMode::None) => Some(AuthMode::Token),
        Some(_) => None,
        // With both secrets the file must say which of them counts: the one that does already.
        None if auth.password.is_configured() => Some(AuthMode::Password),
        None if path("mode").get(&loaded.source).is_some() || path("type").get(&loaded.source).is_some() => {
            None
        }
        None if mode == AuthMode::Password => None,
        None => Some(AuthMode::Token),
    };
    edits.extend(next.map(|next| set("mode", next.as_str())));
    let outcome = Editor::new(asked.paths, asked.env, asked.origin, asked.now)
        .argv(asked.argv.iter().cloned())
        .in_place(asked.in_place)
        .edits(&edits)?;
    Ok(Made::Created {
        fingerprint: token.fingerprint(),
        outcome: Some(Box::new(outcome)),
        mode: next.unwrap_or(mode),
    })
}

fn mode_in_force(loaded: &Loaded) -> AuthMode {
    let auth = &loaded.gateway.auth;
    auth.mode.unwrap_or_else(|| {
        let password =
            auth.password.is_configured() || loaded.env_secret("OPENCLAW_GATEWAY_PASSWORD").is_some();
        if password { AuthMode::Password } else { AuthMode::Token }
    })
}

fn path(key: &str) -> KeyPath {
    KeyPath::keys(["gateway", "auth", key])
}

fn set(key: &str, value: &str) -> Edit {
    Edit::Set { path: path(key), value: value.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LONG: &str = "0123456789abcdef0123456789abcdef";

    fn run(text: Option<&str>, vars: &[(&str, &str)], replace: bool) -> (Result<Made, TokenError>, String) {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_state_dir(dir.path());
        if let Some(text) = text {
            std::fs::write(&paths.config_path, text).unwrap();
        }
        let env = Env::from_pairs(vars.iter().copied());
        let asked =
            Asked { paths: &paths, env: &env, origin: "test", now: Millis(1), argv: &[], in_place: false };
        let made = generate(&asked, replace);
        (made, std::fs::read_to_string(&paths.config_path).unwrap_or_default())
    }

    fn auth(text: &str) -> Value {
        openclaw_config::parse::parse(text).unwrap()["gateway"]["auth"].clone()
    }

    #[test]
    fn made_where_there_is_none_whatever_else_is_wrong() {
        for text in [
            None,
            Some("{}"),
            Some("{gateway: {mode: 'local'}}"),
            Some("{gateway: {port: 'x', bogus: 1}}"),
            Some("{gateway: {auth: {token: 'YOUR_TOKEN'}}}"),
            Some("{gateway: {auth: {token: '__OPENCLAW_REDACTED__', mode: 'token'}}}"),
            Some("{gateway: {auth: {mode: 'none'}, bind: 'lan'}}"),
        ] {
            let (made, after) = run(text, &[], false);
            assert!(matches!(made, Ok(Made::Created { mode: AuthMode::Token, .. })), "{text:?}: {made:?}");
            let auth = auth(&after);
            assert_eq!(
                (auth["mode"].as_str(), auth["token"].as_str().map(str::len)),
                (Some("token"), Some(48))
            );
            let odd = text.is_some_and(|text| text.contains("bogus"));
            assert!(!odd || (after.contains("port: 'x'") && after.contains("bogus: 1")), "{after}");
        }
    }

    #[test]
    fn kept_where_there_is_one() {
        let token = format!("{{gateway: {{auth: {{token: '{LONG}'}}}}}}");
        let legacy = format!("{{gateway: {{token: '{LONG}', auth: {{type: 'token'}}}}}}");
        for (text, old) in [(&token, false), (&legacy, true)] {
            let (made, after) = run(Some(text), &[], false);
            assert!(matches!(made, Ok(Made::Kept { source: Source::Config, legacy, .. }) if legacy == old));
            assert_eq!(&after, text);
        }
        let (made, after) = run(Some("{gateway: {}}"), &[("OPENCLAW_GATEWAY_TOKEN", LONG)], false);
        assert!(matches!(made, Ok(Made::Kept { source: Source::Env(_), .. })) && after == "{gateway: {}}");
        let (made, after) = run(Some(&token), &[], true);
        assert!(matches!(made, Ok(Made::Created { .. })) && !after.contains(LONG));
    }

    #[test]
    fn the_mode_in_force_stays_in_force() {
        let (made, after) = run(Some("{gateway: {auth: {password: 'pw'}}}"), &[], false);
        assert!(matches!(made, Ok(Made::Created { mode: AuthMode::Password, .. })), "{made:?}");
        assert_eq!((&auth(&after)["mode"], &auth(&after)["password"]), (&json!("password"), &json!("pw")));
        let (made, after) = run(Some("{gateway: {auth: {mode: 'password'}}}"), &[], false);
        assert!(matches!(made, Ok(Made::Created { mode: AuthMode::Password, .. })));
        assert_eq!(auth(&after)["mode"], "password");
    }

    #[test]
    fn references_and_broken_files_are_left_alone() {
        for text in [
            "{gateway: {auth: {token: {source: 'env', provider: 'default', id: 'NOT_SET'}}}}",
            "{gateway: {auth: {token: '${NOT_SET}'}}}",
            "{gateway: {auth: 'token'}}",
            "{gateway: {auth: {mode: 'trusted-proxy'}}}",
            "{gateway:",
        ] {
            let (made, after) = run(Some(text), &[], true);
            assert!(made.is_err(), "{text}: {made:?}");
            assert_eq!(after, text);
        }
        let text = "{gateway: {auth: {token: '${TOK}'}}}";
        let (made, after) = run(Some(text), &[("TOK", LONG)], true);
        assert!(matches!(made, Err(TokenError::Reference(_))) && after == text);
    }
}
