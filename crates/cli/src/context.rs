//! What every command knows: the environment, the paths, and how the program was called.

use std::cell::OnceCell;
use std::rc::Rc;

use openclaw_config::gateway::GatewayConfig;
use openclaw_config::paths::Paths;
use openclaw_config::secretref::SecretValue;
use openclaw_config::{Env, Issue, LoadError, Loaded};

use crate::args::reach::ReachArgs;
use crate::hint::Hints;

/// The circumstances of one run.
#[derive(Debug)]
pub(crate) struct Context {
    /// The captured environment.
    pub(crate) env: Env,
    /// Where things are.
    pub(crate) paths: Paths,
    /// `--log-level`.
    pub(crate) log_level: Option<String>,
    /// The words the program was called with, for the audit record of config edits, which hides secrets in them.
    pub(crate) words: Vec<String>,
    config: OnceCell<Result<Loaded, Rc<LoadError>>>,
}

impl Context {
    /// Circumstances with a configuration that is read when it is first asked for.
    pub(crate) fn new(env: Env, paths: Paths, log_level: Option<String>, words: Vec<String>) -> Context {
        Context { env, paths, log_level, words, config: OnceCell::new() }
    }

    /// The home `/h` and nothing in the environment.
    #[cfg(test)]
    pub(crate) fn testing() -> Context {
        let env = Env::from_pairs([("HOME", "/h")]);
        let paths = openclaw_config::paths::resolve(&env, &openclaw_config::paths::Flags::default()).unwrap();
        Context::new(env, paths, None, Vec::new())
    }

    /// The configuration, read once.
    pub(crate) fn config(&self) -> Result<&Loaded, Rc<LoadError>> {
        self.config
            .get_or_init(|| openclaw_config::load(&self.paths, &self.env).map_err(Rc::new))
            .as_ref()
            .map_err(Rc::clone)
    }

    /// The gateway's settings with the secrets that a program has to be asked for; the programs run only when there
    /// are such secrets.
    pub(crate) fn with_secrets_asked(&self, config: &GatewayConfig) -> GatewayConfig {
        let secrets =
            [&config.auth.token, &config.auth.password, &config.remote.token, &config.remote.password];
        let pending = secrets.iter().any(|secret| matches!(secret, SecretValue::Pending(_)));
        match self.config() {
            Ok(loaded) if pending => {
                let mut asked = loaded.clone();
                asked.resolve_exec_secrets(&self.paths);
                asked.gateway
            }
            _ => config.clone(),
        }
    }

    /// The block about an invalid file (cli §4.4).
    pub(crate) fn invalid_config(&self, issues: &[Issue]) -> Vec<String> {
        openclaw_config::report::invalid_block(&self.paths, issues)
    }

    /// How hints name this program and the gateway that was asked.
    pub(crate) fn hints(&self, reach: &ReachArgs) -> Hints {
        Hints {
            program: self.paths.command(),
            url: reach.url.clone(),
            token: reach.token.is_some(),
            password: reach.password.is_some(),
        }
    }
}
