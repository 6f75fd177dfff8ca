//! What every command knows: the environment, the paths, and how the program was called.

use std::cell::OnceCell;
use std::rc::Rc;

use openclaw_config::gateway::GatewayConfig;
use openclaw_config::paths::Paths;
use openclaw_config::secretref::SecretValue;
use openclaw_config::{Env, Issue, LoadError, Loaded};

use openclaw_client::Identity;
use openclaw_os::file::Files;
use openclaw_os::{container, host};
use openclaw_protocol::refusal::{Os, Vantage};

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
    vantage: OnceCell<Vantage>,
}

impl Context {
    /// Circumstances with a configuration that is read when it is first asked for.
    pub(crate) fn new(env: Env, paths: Paths, log_level: Option<String>, words: Vec<String>) -> Context {
        Context { env, paths, log_level, words, config: OnceCell::new(), vantage: OnceCell::new() }
    }

    /// The same circumstances with the configuration to be read anew: after it was changed.
    pub(crate) fn again(&self) -> Context {
        let (env, paths) = (self.env.clone(), self.paths.clone());
        Context::new(env, paths, self.log_level.clone(), self.words.clone())
    }

    /// The home `/h` and nothing in the environment.
    #[cfg(test)]
    pub(crate) fn testing() -> Context {
        let env = Env::from_pairs([("HOME", "/h")]);
        let paths = openclaw_config::paths::resolve(&env, &openclaw_config::paths::Flags::default()).unwrap();
        let context = Context::new(env, paths, None, Vec::new());
        // Whatever machine the tests run on.
        let _ = context.vantage.set(Vantage::default());
        context
    }

    /// Where the user stands, so that a command that is suggested works when it is copied (A-04, ruling 35): profile,
    /// container, system, and this machine's own device. The gateway's address is added by whoever reached for it.
    ///
    /// Found out when it is first asked for, which is when something failed.
    pub(crate) fn vantage(&self) -> &Vantage {
        self.vantage.get_or_init(|| Vantage {
            profile: self.paths.profile.clone(),
            container: container::detect().and_then(|_| {
                Vantage::container_prefix(self.env.get(container::PREFIX_VARIABLE), &host::hostname())
            }),
            device: Identity::load(&Files::real(), &self.paths.identity_dir())
                .ok()
                .flatten()
                .map(|identity| identity.device_id().clone()),
            os: Os::named(std::env::consts::OS),
            ..Vantage::default()
        })
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
            program: self.vantage().openclaw("").trim_end().to_owned(),
            url: reach.url.clone(),
            token: reach.token.is_some(),
            password: reach.password.is_some(),
        }
    }
}
