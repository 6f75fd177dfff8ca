//! Which credentials a `connect` carries, and when a refusal is worth one more try (auth-and-pairing §4.9). Pure.

use std::fmt;

use openclaw_protocol::connect::AuthParams;
use openclaw_protocol::secret::Secret;

use crate::credentials::{Credentials, SecretSource};
use crate::error::Refused;

/// What may be sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offer {
    /// The shared secrets.
    pub(crate) credentials: Credentials,
    /// The device token that this gateway issued to this device for the role.
    pub(crate) stored: Option<Secret>,
    /// A setup code's token or a claim code.
    pub(crate) bootstrap: Option<Secret>,
    /// The stored token may be volunteered beside an explicit one (only to trusted endpoints).
    pub(crate) may_volunteer: bool,
}

/// What was sent, without the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sent {
    /// Nothing: the owner socket, a device without secrets, or the attempt ended before.
    #[default]
    Nothing,
    /// A shared secret.
    Shared {
        /// Where the token came from, if one was sent.
        token: Option<SecretSource>,
        /// Where the password came from, if one was sent.
        password: Option<SecretSource>,
    },
    /// The shared token and beside it this device's own.
    SharedAndDevice {
        /// Where the shared token came from.
        token: SecretSource,
    },
    /// This device's own token.
    Device,
    /// A setup or claim code.
    Bootstrap,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sent::Nothing => f.write_str("no secret"),
            Sent::Shared { token, password } => {
                let token = token.map(|source| format!("the token from {}", source.describe("token")));
                let password =
                    password.map(|source| format!("the password from {}", source.describe("password")));
                let parts: Vec<String> = token.into_iter().chain(password).collect();
                f.write_str(&parts.join(" and "))
            }
            Sent::SharedAndDevice { token } => {
                write!(f, "the token from {} and this device's own token", token.describe("token"))
            }
            Sent::Device => f.write_str("this device's own token"),
            Sent::Bootstrap => f.write_str("the setup code"),
        }
    }
}

impl Offer {
    /// The first attempt: explicit secrets alone; without any, the stored device token in both places, because
    /// gateways of early 2026 look for it in `token`; without that, the bootstrap token.
    pub(crate) fn first(&self) -> (AuthParams, Sent) {
        let Credentials { token, password } = &self.credentials;
        if !self.credentials.is_empty() {
            let auth = AuthParams {
                token: token.as_ref().map(|(secret, _)| secret.clone()),
                password: password.as_ref().map(|(secret, _)| secret.clone()),
                ..AuthParams::default()
            };
            let source = |of: &Option<(Secret, SecretSource)>| of.as_ref().map(|(_, source)| *source);
            return (auth, Sent::Shared { token: source(token), password: source(password) });
        }
        if let Some(stored) = &self.stored {
            let auth = AuthParams {
                token: Some(stored.clone()),
                device_token: Some(stored.clone()),
                ..AuthParams::default()
            };
            return (auth, Sent::Device);
        }
        self.bootstrap_only().unwrap_or_default()
    }

    /// The one more try after a refusal, if there is one.
    pub(crate) fn second(&self, sent: Sent, refused: &Refused) -> Option<(AuthParams, Sent)> {
        match sent {
            Sent::Shared { token: Some(source), .. }
                if self.may_volunteer && invites_device_token(refused) =>
            {
                let (shared, _) = self.credentials.token.as_ref()?;
                let auth = AuthParams {
                    token: Some(shared.clone()),
                    device_token: Some(self.stored.clone()?),
                    ..AuthParams::default()
                };
                Some((auth, Sent::SharedAndDevice { token: source }))
            }
            Sent::Device if refused.is_device_token_mismatch() => self.bootstrap_only(),
            _ => None,
        }
    }

    fn bootstrap_only(&self) -> Option<(AuthParams, Sent)> {
        let bootstrap_token = Some(self.bootstrap.clone()?);
        Some((AuthParams { bootstrap_token, ..AuthParams::default() }, Sent::Bootstrap))
    }
}

/// The gateway hints that a device token would do; gateways of early 2026 do not hint and accept one nevertheless.
fn invites_device_token(refused: &Refused) -> bool {
    let details = refused.error.details.as_ref();
    let can = details.and_then(|details| details.get("canRetryWithDeviceToken")?.as_bool());
    can == Some(true)
        || refused.error.detail("recommendedNextStep") == Some("retry_with_device_token")
        || refused.code() == Some("AUTH_TOKEN_MISMATCH")
}

#[cfg(test)]
mod tests {
    use super::*;
    use openclaw_protocol::error::ErrorShape;
    use serde_json::{Value, json};

    fn refused(details: Value) -> Refused {
        Refused { error: ErrorShape::invalid_request("unauthorized").with_details(details), close: None }
    }

    fn offer(token: bool, stored: bool, bootstrap: bool) -> Offer {
        let secret = |wanted: bool, text: &str| wanted.then(|| Secret::from(text));
        Offer {
            credentials: Credentials {
                token: secret(token, "T").map(|t| (t, SecretSource::Env)),
                password: None,
            },
            stored: secret(stored, "D"),
            bootstrap: secret(bootstrap, "B"),
            may_volunteer: true,
        }
    }

    /// token, password, deviceToken, bootstrapToken
    fn shown((auth, sent): (AuthParams, Sent)) -> (String, Sent) {
        let part =
            |secret: &Option<Secret>| secret.as_ref().map_or("-".to_owned(), |s| s.expose().to_owned());
        let text =
            [&auth.token, &auth.password, &auth.device_token, &auth.bootstrap_token].map(part).join(" ");
        (text, sent)
    }

    #[test]
    fn what_is_sent_first() {
        let shared = Sent::Shared { token: Some(SecretSource::Env), password: None };
        assert_eq!(shown(offer(true, true, true).first()), ("T - - -".into(), shared));
        assert_eq!(shown(offer(false, true, true).first()), ("D - D -".into(), Sent::Device));
        assert_eq!(shown(offer(false, false, true).first()), ("- - - B".into(), Sent::Bootstrap));
        assert_eq!(shown(offer(false, false, false).first()), ("- - - -".into(), Sent::Nothing));
        let mut password = offer(false, true, true);
        password.credentials.password = Some((Secret::from("P"), SecretSource::Flag));
        let sent = Sent::Shared { token: None, password: Some(SecretSource::Flag) };
        assert_eq!(shown(password.first()), ("- P - -".into(), sent));
    }

    #[test]
    fn the_stored_token_is_volunteered_once_and_only_to_whom_it_may() {
        let (_, sent) = offer(true, true, false).first();
        let hints = [
            json!({"canRetryWithDeviceToken": true}),
            json!({"recommendedNextStep": "retry_with_device_token"}),
            json!({"code": "AUTH_TOKEN_MISMATCH"}),
        ];
        for hint in hints {
            let again = offer(true, true, false).second(sent, &refused(hint.clone())).map(shown);
            let expected = Sent::SharedAndDevice { token: SecretSource::Env };
            assert_eq!(again, Some(("T - D -".into(), expected)), "{hint}");
            assert!(offer(true, true, false).second(expected, &refused(hint.clone())).is_none(), "only once");
            assert!(
                offer(true, false, false).second(sent, &refused(hint.clone())).is_none(),
                "nothing stored"
            );
            let stranger = Offer { may_volunteer: false, ..offer(true, true, false) };
            assert!(stranger.second(sent, &refused(hint)).is_none());
        }
        for other in [json!({"code": "AUTH_RATE_LIMITED"}), json!({"code": "PAIRING_REQUIRED"}), Value::Null]
        {
            assert!(offer(true, true, true).second(sent, &refused(other)).is_none());
        }
    }

    #[test]
    fn a_stale_device_token_makes_way_for_the_setup_code() {
        let stale = refused(json!({"code": "AUTH_DEVICE_TOKEN_MISMATCH"}));
        let again = offer(false, true, true).second(Sent::Device, &stale).map(shown);
        assert_eq!(again, Some(("- - - B".into(), Sent::Bootstrap)));
        assert!(offer(false, true, false).second(Sent::Device, &stale).is_none());
        let pairing = refused(json!({"code": "PAIRING_REQUIRED"}));
        assert!(offer(false, true, true).second(Sent::Device, &pairing).is_none());
    }

    #[test]
    fn what_was_sent_is_named_without_values() {
        let sent = Sent::Shared { token: Some(SecretSource::Env), password: Some(SecretSource::Flag) };
        assert_eq!(
            sent.to_string(),
            "the token from env OPENCLAW_GATEWAY_TOKEN and the password from --password"
        );
        assert_eq!(Sent::Nothing.to_string(), "no secret");
    }
}
