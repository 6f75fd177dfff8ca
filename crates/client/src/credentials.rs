//! Which secrets are sent to which gateway, and where each came from (cli §5.2). Pure.

use openclaw_protocol::secret::Secret;

use crate::target::UrlSource;

/// Where a secret came from, in the words that a refusal uses (C-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `--token` or `--password`.
    Flag,
    /// `OPENCLAW_GATEWAY_TOKEN` or `OPENCLAW_GATEWAY_PASSWORD`.
    Env,
    /// `gateway.auth.*` of the config.
    ConfigAuth,
    /// `gateway.remote.*` of the config.
    ConfigRemote,
}

impl SecretSource {
    /// The place in words; `name` is `token` or `password`.
    pub fn describe(self, name: &str) -> String {
        match self {
            SecretSource::Flag => format!("--{name}"),
            SecretSource::Env => format!("env OPENCLAW_GATEWAY_{}", name.to_ascii_uppercase()),
            SecretSource::ConfigAuth => format!("config gateway.auth.{name}"),
            SecretSource::ConfigRemote => format!("config gateway.remote.{name}"),
        }
    }
}

/// The shared secrets to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The gateway token.
    pub token: Option<(Secret, SecretSource)>,
    /// The gateway password.
    pub password: Option<(Secret, SecretSource)>,
}

impl Credentials {
    /// Whether there is neither.
    pub fn is_empty(&self) -> bool {
        self.token.is_none() && self.password.is_none()
    }
}

/// Everything that may hold a shared secret. Blank texts count as unset.
#[derive(Clone, Debug, Default)]
pub struct CredentialInputs {
    /// `--token`.
    pub flag_token: Option<Secret>,
    /// `--password`.
    pub flag_password: Option<Secret>,
    /// `OPENCLAW_GATEWAY_TOKEN`.
    pub env_token: Option<Secret>,
    /// `OPENCLAW_GATEWAY_PASSWORD`.
    pub env_password: Option<Secret>,
    /// `gateway.auth.token`.
    pub auth_token: Option<Secret>,
    /// `gateway.auth.password`.
    pub auth_password: Option<Secret>,
    /// `gateway.remote.token`.
    pub remote_token: Option<Secret>,
    /// `gateway.remote.password`.
    pub remote_password: Option<Secret>,
}

impl CredentialInputs {
    /// Chooses for a target of the given source:
    ///
    /// * flags always win, and a flag of either kind leaves out the implicit secrets of the other kind;
    /// * an address from `--url` gets nothing else, one from the environment only the environment's secrets: the
    ///   secrets of the config belong to the gateways of the config;
    /// * this machine's gateway: environment, `gateway.auth.*`, then `gateway.remote.*`;
    /// * the configured remote: `gateway.remote.*`, environment, then `gateway.auth.*`.
    ///
    /// # Errors
    /// [`CredentialsError::ExplicitRequired`] when `--url` or `OPENCLAW_GATEWAY_URL` chose the address and there is no
    /// secret that may go with it.
    pub fn choose(&self, source: UrlSource) -> Result<Credentials, CredentialsError> {
        if source == UrlSource::OwnerSocket {
            return Ok(Credentials::default());
        }
        let flags = Credentials {
            token: first([(&self.flag_token, SecretSource::Flag)]),
            password: first([(&self.flag_password, SecretSource::Flag)]),
        };
        if !flags.is_empty() {
            return Ok(flags);
        }
        let env = [(&self.env_token, SecretSource::Env), (&self.env_password, SecretSource::Env)];
        let auth =
            [(&self.auth_token, SecretSource::ConfigAuth), (&self.auth_password, SecretSource::ConfigAuth)];
        let remote = [
            (&self.remote_token, SecretSource::ConfigRemote),
            (&self.remote_password, SecretSource::ConfigRemote),
        ];
        let order = match source {
            UrlSource::CliUrl => return Err(CredentialsError::ExplicitRequired),
            UrlSource::Env => {
                let chosen = Credentials { token: first([env[0]]), password: first([env[1]]) };
                return if chosen.is_empty() { Err(CredentialsError::ExplicitRequired) } else { Ok(chosen) };
            }
            UrlSource::ConfigRemote => [remote, env, auth],
            _ => [env, auth, remote],
        };
        Ok(Credentials {
            token: first(order.map(|[token, _]| token)),
            password: first(order.map(|[_, password]| password)),
        })
    }
}

fn first<const N: usize>(order: [(&Option<Secret>, SecretSource); N]) -> Option<(Secret, SecretSource)> {
    order.into_iter().find_map(|(secret, source)| Some((Secret::present(secret.as_ref()?.expose())?, source)))
}

/// Why there are no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// An address given by flag or environment gets no secrets of the config.
    #[error(
        "gateway url override requires explicit credentials\nFix: pass --token or --password (or gatewayToken in tools)."
    )]
    ExplicitRequired,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> CredentialInputs {
        let secret = |text: &str| Some(Secret::from(text));
        CredentialInputs {
            flag_token: None,
            flag_password: None,
            env_token: secret("env-t"),
            env_password: secret("env-p"),
            auth_token: secret("auth-t"),
            auth_password: secret("auth-p"),
            remote_token: secret("remote-t"),
            remote_password: secret("remote-p"),
        }
    }

    fn chosen(inputs: &CredentialInputs, source: UrlSource) -> (Option<String>, Option<String>) {
        let show =
            |secret: Option<(Secret, SecretSource)>| secret.map(|(secret, _)| secret.expose().to_owned());
        let credentials = inputs.choose(source).unwrap();
        (show(credentials.token), show(credentials.password))
    }

    fn some(token: &str, password: &str) -> (Option<String>, Option<String>) {
        (Some(token.to_owned()), Some(password.to_owned()))
    }

    #[test]
    fn the_order_depends_on_whose_gateway_it_is() {
        let mut inputs = all();
        for local in [UrlSource::LocalLoopback, UrlSource::CliPort, UrlSource::MissingRemote] {
            assert_eq!(chosen(&inputs, local), some("env-t", "env-p"));
        }
        assert_eq!(chosen(&inputs, UrlSource::ConfigRemote), some("remote-t", "remote-p"));
        assert_eq!(chosen(&inputs, UrlSource::Env), some("env-t", "env-p"));
        inputs.env_token = Some(Secret::from("  "));
        inputs.env_password = None;
        assert_eq!(chosen(&inputs, UrlSource::LocalLoopback), some("auth-t", "auth-p"));
        inputs.remote_token = None;
        assert_eq!(chosen(&inputs, UrlSource::ConfigRemote), some("auth-t", "remote-p"));
        inputs.auth_token = None;
        assert_eq!(chosen(&inputs, UrlSource::LocalLoopback), (None, Some("auth-p".to_owned())));
        assert_eq!(chosen(&inputs, UrlSource::OwnerSocket), (None, None));
    }

    #[test]
    fn secrets_of_the_config_never_follow_an_address_from_elsewhere() {
        let mut inputs = all();
        assert_eq!(inputs.choose(UrlSource::CliUrl), Err(CredentialsError::ExplicitRequired));
        inputs.flag_password = Some(Secret::from("flag-p"));
        assert_eq!(chosen(&inputs, UrlSource::CliUrl), (None, Some("flag-p".to_owned())));
        inputs.flag_password = None;
        inputs.env_token = None;
        inputs.env_password = None;
        assert_eq!(inputs.choose(UrlSource::Env), Err(CredentialsError::ExplicitRequired));
    }

    #[test]
    fn sources_are_named_as_people_look_for_them() {
        assert_eq!(SecretSource::Flag.describe("token"), "--token");
        assert_eq!(SecretSource::Env.describe("password"), "env OPENCLAW_GATEWAY_PASSWORD");
        assert_eq!(SecretSource::ConfigAuth.describe("token"), "config gateway.auth.token");
        assert_eq!(SecretSource::ConfigRemote.describe("token"), "config gateway.remote.token");
    }
}
