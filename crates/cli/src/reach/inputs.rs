//! Everything that decides which gateway is meant and with which secrets: options, environment, configuration.

use openclaw_client::{
    CredentialInputs, Credentials, Endpoint, Fingerprint, GatewayUrl, SecretSource, Target, TargetInputs,
};
use openclaw_config::gateway::{GatewayConfig, Mode};
use openclaw_config::start;
use openclaw_protocol::refusal::{Help, TokenSource, Vantage, token_mismatch, token_refused};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::words::Words;

use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers;

/// The variables that hold the token; the first that is set wins.
const TOKEN_VARIABLES: [&str; 2] = ["OPENCLAW_GATEWAY_TOKEN", "CLAWDBOT_GATEWAY_TOKEN"];

/// The settings of one command, read once.
pub(crate) struct Inputs<'a> {
    context: &'a Context,
    args: &'a ReachArgs,
    cli_port: Option<u16>,
    /// The gateway's settings; the defaults when the file cannot be used.
    pub(crate) config: GatewayConfig,
    /// What is wrong with the file, as a block to print.
    pub(crate) config_problem: Option<Vec<String>>,
    env: openclaw_config::Env,
}

impl<'a> Inputs<'a> {
    /// Reads the configuration. A file that cannot be used is no reason to stop: the commands that mend things
    /// must work then (cli §4.4), and the owner socket needs nothing from it.
    pub(crate) fn gather(context: &'a Context, args: &'a ReachArgs) -> Result<Inputs<'a>, Failure> {
        let port = numbers::port(args.port.as_deref())?;
        let (config, env, config_problem) = match context.config() {
            Ok(loaded) => {
                let problem = (!loaded.is_valid()).then(|| context.invalid_config(&loaded.issues));
                (loaded.gateway.clone(), loaded.env.clone(), problem)
            }
            Err(error) => {
                (GatewayConfig::default(), context.env.clone(), Some(context.invalid_config(&error.issues())))
            }
        };
        let mut inputs = Inputs { context, args, cli_port: None, config, config_problem, env };
        // The port this machine's gateway has anyway names that gateway, and says nothing against meeting it as its owner.
        inputs.cli_port = port.filter(|port| *port != inputs.local_port());
        Ok(inputs)
    }

    /// `gateway.mode` is remote.
    pub(crate) fn is_remote_mode(&self) -> bool {
        self.config.mode == Some(Mode::Remote)
    }

    /// `--token` or `--password` was given.
    fn has_explicit_secret(&self) -> bool {
        self.args.token.is_some() || self.args.password.is_some()
    }

    /// The gateway of this machine is meant, and nothing speaks against meeting it as its owner (ruling 27).
    pub(crate) fn is_own(&self) -> bool {
        self.target().prefers_owner_socket(self.has_explicit_secret())
    }

    /// Where the gateway of this machine listens: `OPENCLAW_GATEWAY_PORT` wins over the file (cli §2).
    pub(crate) fn local_port(&self) -> u16 {
        match self.context.config() {
            Ok(loaded) => start::port(loaded, &self.context.paths, None).0,
            // What the file says cannot be read; the variable counts all the same.
            Err(_) => {
                let told = self.env.get("OPENCLAW_GATEWAY_PORT").and_then(|port| port.trim().parse().ok());
                told.filter(|port| *port > 0).unwrap_or(self.context.paths.default_port)
            }
        }
    }

    /// The address is that of the gateway which this machine is configured to have, whoever named it. Without one, it is
    /// the near end of a tunnel.
    pub(crate) fn is_own_address(&self, address: &str) -> bool {
        self.config.mode == Some(Mode::Local)
            && GatewayUrl::parse(address).is_ok_and(|url| url.is_loopback() && url.port == self.local_port())
    }

    /// The headers for a proxy that wants its own sign-in: for the configured remote gateway only, and never in the clear.
    pub(crate) fn edge_headers(&self, target: &Target) -> Vec<(String, Secret)> {
        let Endpoint::Url(url) = &target.endpoint else { return Vec::new() };
        let remote = self.config.remote.url.as_deref().and_then(|text| GatewayUrl::parse(text).ok());
        let is_remote = remote.is_some_and(|remote| remote.host == url.host && remote.port == url.port);
        if is_remote && (url.tls || url.is_loopback()) {
            self.config.remote.edge_auth.clone()
        } else {
            Vec::new()
        }
    }

    /// What the client crate decides about the target from.
    pub(crate) fn target(&self) -> TargetInputs<'_> {
        TargetInputs {
            cli_url: self.args.url.as_deref(),
            cli_port: self.cli_port,
            env_url: self.env.get("OPENCLAW_GATEWAY_URL").or_else(|| self.env.get("CLAWDBOT_GATEWAY_URL")),
            remote_mode: self.is_remote_mode(),
            remote_url: self.config.remote.url.as_deref(),
            remote_fingerprint: self.config.remote.tls_fingerprint.as_deref().and_then(Fingerprint::parse),
            local_port: Some(self.local_port()),
            local_tls: self.config.tls.enabled,
            local_fingerprint: None,
            allow_insecure_private: self.env.flag("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS"),
        }
    }

    /// What to tell about a token that the gateway refused (C-08). Where this machine's configuration has the gateway's
    /// own token, both sides are named: who reads it, owns both.
    pub(crate) fn about_refused_token(&self, source: SecretSource, vantage: &Vantage) -> Option<Help> {
        let choices = self.secrets();
        let (sent, source) = match source {
            SecretSource::Flag => (&choices.flag_token, TokenSource::Flag),
            SecretSource::ConfigAuth => (&choices.auth_token, TokenSource::ConfigAuth),
            SecretSource::ConfigRemote => (&choices.remote_token, TokenSource::ConfigRemote),
            SecretSource::Env => {
                let name = TOKEN_VARIABLES.into_iter().find(|name| self.env.get(name).is_some())?;
                let in_shell = self.context.env.get(name).is_some();
                let set_in =
                    (!in_shell).then(|| Words::new(&self.context.paths.short(&self.context.paths.dotenv())));
                (&choices.env_token, TokenSource::Env { name: name.to_owned(), set_in })
            }
        };
        let sent = sent.as_ref()?;
        let print = sent.fingerprint();
        let own = choices.auth_token.as_ref().filter(|_| !vantage.is_elsewhere());
        Some(match own {
            Some(own) => {
                let stale = own.matches(sent.expose());
                let gateway = own.fingerprint();
                token_mismatch(
                    (&source, print.as_deref()),
                    (&TokenSource::ConfigAuth, gateway.as_deref()),
                    stale,
                    vantage,
                )
            }
            None => token_refused((&source, print.as_deref()), vantage),
        })
    }

    /// The secrets that may be sent to the target (cli §5.2).
    pub(crate) fn credentials(&self, target: &Target) -> Result<Credentials, Failure> {
        self.secrets().choose(target.source).map_err(|error| {
            Failure::new(error.to_string())
                .kind("gateway_credentials_required")
                .detail(format!("Config: {}", self.context.paths.config_path.display()))
        })
    }

    /// Every shared secret that this machine has, by its place.
    fn secrets(&self) -> CredentialInputs {
        let secret = |text: &Option<String>| text.as_deref().and_then(Secret::present);
        let config = self.context.with_secrets_asked(&self.config);
        let env =
            |names: [&str; 2]| names.iter().find_map(|name| self.env.get(name)).and_then(Secret::present);
        CredentialInputs {
            flag_token: secret(&self.args.token),
            flag_password: secret(&self.args.password),
            env_token: env(TOKEN_VARIABLES),
            env_password: env(["OPENCLAW_GATEWAY_PASSWORD", "CLAWDBOT_GATEWAY_PASSWORD"]),
            auth_token: config.auth.token.get().cloned(),
            auth_password: config.auth.password.get().cloned(),
            remote_token: config.remote.token.get().cloned(),
            remote_password: config.remote.password.get().cloned(),
        }
    }

    /// How long to wait, with the default of the command.
    pub(crate) fn patience(&self, default_ms: u64) -> Result<std::time::Duration, Failure> {
        numbers::positive("--timeout <ms>", self.args.timeout.as_deref(), default_ms)
            .map(std::time::Duration::from_millis)
    }
}
