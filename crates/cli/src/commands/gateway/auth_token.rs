//! `gateway auth-token` (cli §4.6, ruling 34): which token the gateway expects, where it comes from, and on a terminal
//! the token itself.

use openclaw_config::gateway::AuthMode;
use openclaw_config::secretref::SecretValue;
use openclaw_protocol::secret::Secret;
use serde_json::json;

use crate::args::gateway::AuthTokenArgs;
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::Ui;

/// A token, and where it was found.
pub(crate) struct Found {
    /// The token.
    pub(crate) token: Secret,
    /// The place, in words.
    pub(crate) source: String,
}

/// Says what is known about the token, or prints it.
pub(crate) fn run(context: &Context, ui: &mut Ui, args: &AuthTokenArgs) -> Outcome {
    let hints = context.hints(&ReachArgs::default());
    if args.show && !ui.terminal().output {
        return Err(Failure::new("Refusing to print the gateway token: standard output is not a terminal.")
            .detail("  Run this in a terminal; in a container: docker exec -it <container> openclaw gateway auth-token --show"));
    }
    let found = find(context)?;
    let fingerprint = found.token.fingerprint();
    if args.show {
        // Nothing else on the line, so that it can be selected with a double click.
        ui.line(found.token.expose());
        ui.note(format!("From {}.", found.source));
        return Ok(0);
    }
    let show = hints.local("gateway auth-token --show");
    if args.json {
        ui.json(
            &json!({ "set": true, "source": found.source, "fingerprint": fingerprint, "showCommand": show }),
        );
        return Ok(0);
    }
    let shown = fingerprint.map(|digits| format!(", fingerprint {digits}")).unwrap_or_default();
    ui.line(format!("Gateway token: set{shown}"));
    ui.line(format!("From: {}", found.source));
    ui.line(format!("Show it with: {show}"));
    Ok(0)
}

/// The token a gateway of this state directory expects: its file wins over its environment, other than for
/// clients (auth-and-pairing §2.1). It is printed by
/// `gateway auth-token --show` and in the link of `dashboard`, on a terminal, and by nothing else.
pub(crate) fn find(context: &Context) -> Result<Found, Failure> {
    let hints = context.hints(&ReachArgs::default());
    let loaded = match context.config() {
        Ok(loaded) => loaded,
        Err(error) => return Err(Failure::new(error.to_string()).fix(hints.local("config validate"))),
    };
    let file = context.paths.short(&context.paths.config_path);
    let auth = &loaded.gateway.auth;
    match auth.mode {
        Some(AuthMode::None) => {
            return Err(Failure::new(format!(
                "The gateway asks for no token: gateway.auth.mode is none in {file}."
            )));
        }
        Some(AuthMode::TrustedProxy) => {
            return Err(Failure::new(format!(
                "The gateway asks for no token: gateway.auth.mode is trusted-proxy in {file}."
            )));
        }
        Some(AuthMode::Password) => {
            return Err(Failure::new(format!(
                "The gateway asks for a password, not a token: gateway.auth.mode is password in {file}."
            )));
        }
        Some(AuthMode::Token) | None => {}
    }
    match &auth.token {
        SecretValue::Unresolved(why) => {
            Err(Failure::new(format!("gateway.auth.token in {file} cannot be had: {why}.")))
        }
        SecretValue::Pending(_) => Err(Failure::new(format!(
            "gateway.auth.token in {file} comes from a program that the gateway asks when it starts; it is not in the file."
        ))),
        value => match (value.get(), loaded.env_secret("OPENCLAW_GATEWAY_TOKEN")) {
            (Some(token), _) => {
                Ok(Found { token: token.clone(), source: format!("gateway.auth.token in {file}") })
            }
            (None, Some(token)) => Ok(Found { token, source: "env OPENCLAW_GATEWAY_TOKEN".to_owned() }),
            (None, None) => Err(Failure::new(format!(
                "No gateway token is set in {file}; the gateway makes one when it starts."
            ))
            .fix(hints.local("doctor --generate-gateway-token"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use openclaw_config::Env;
    use openclaw_config::paths::{Flags, resolve};

    use super::run;
    use crate::args::gateway::AuthTokenArgs;
    use crate::context::Context;
    use crate::ui::testing::{at_terminal, capture};
    use crate::ui::{Terminal, Ui};

    const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

    fn context(folder: &tempfile::TempDir, config: &str, more: &[(&str, &str)]) -> Context {
        let state = folder.path().join(".openclaw");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::write(state.join("openclaw.json"), config).unwrap();
        let home = folder.path().to_str().unwrap();
        let env = Env::from_pairs([("HOME", home)].into_iter().chain(more.iter().copied()));
        let paths = resolve(&env, &Flags::default()).unwrap();
        Context::new(env, paths, None, Vec::new())
    }

    fn ran(context: &Context, show: bool, terminal: Terminal) -> (Result<u8, String>, String, String) {
        let (mut ui, out, err): (Ui, _, _) = capture(terminal, "");
        let outcome = run(context, &mut ui, &AuthTokenArgs { show, json: false });
        (outcome.map_err(|failure| failure.message().to_owned()), out.text(), err.text())
    }

    #[test]
    fn only_a_terminal_that_asks_sees_it() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder, &format!("{{gateway:{{auth:{{token:\"{TOKEN}\"}}}}}}"), &[]);
        let (outcome, out, _) = ran(&context, false, at_terminal());
        assert_eq!(outcome, Ok(0));
        assert!(out.starts_with("Gateway token: set, fingerprint ") && !out.contains(TOKEN), "{out}");
        let (outcome, out, _) = ran(&context, true, Terminal::plain());
        assert!(outcome.unwrap_err().contains("not a terminal") && out.is_empty());
        let (_, out, err) = ran(&context, true, at_terminal());
        assert_eq!(out, format!("{TOKEN}\n"));
        assert_eq!(err, "From gateway.auth.token in ~/.openclaw/openclaw.json.\n");
    }

    #[test]
    fn other_modes_have_no_token() {
        let folder = tempfile::tempdir().unwrap();
        for (config, text) in [
            ("{gateway:{auth:{mode:'none'}}}", "mode is none"),
            ("{gateway:{auth:{mode:'password'}}}", "a password, not a token"),
            ("{}", "No gateway token is set"),
            ("{", "openclaw.json"),
        ] {
            let (outcome, _, _) = ran(&context(&folder, config, &[]), true, at_terminal());
            let message = outcome.unwrap_err();
            assert!(message.contains(text) || text == "openclaw.json", "{message}");
        }
        let env = &[("OPENCLAW_GATEWAY_TOKEN", "from-env")];
        assert_eq!(ran(&context(&folder, "{}", env), true, at_terminal()).1, "from-env\n");
        let both = context(&folder, "{gateway:{auth:{token:'from-file'}}}", env);
        assert_eq!(ran(&both, true, at_terminal()).1, "from-file\n");
    }
}
