//! What a person is told: a cause id, one sentence or two, and a command.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// Cause ids of the acceptance list; C-22 and up are ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// C-01: a new device.
    NewDevice,
    /// C-02: a paired device asks for more.
    WiderAccess,
    /// C-03: a paired device comes in another role.
    OtherRole,
    /// C-04: what the device is has changed.
    DetailsChanged,
    /// C-05: no signed device identity.
    NoIdentity,
    /// C-06: the identity's proof fails.
    ProofWrong,
    /// C-07: no token was sent.
    TokenMissing,
    /// C-08: the token differs.
    TokenDiffers,
    /// C-09: the device's own token is stale.
    DeviceTokenStale,
    /// C-10: the device's own token is too narrow.
    DeviceTokenNarrow,
    /// C-11: password missing, different or not set.
    Password,
    /// C-12: the gateway has no secret.
    NoSecretConfigured,
    /// C-13: locked out after failures.
    LockedOut,
    /// C-14: the page's origin is not allowed.
    Origin,
    /// C-15: forwarded by an unknown proxy.
    UnknownProxy,
    /// C-16: protocol version.
    Protocol,
    /// C-17: a call lacks a scope.
    MissingScope,
    /// C-18: the port is taken.
    PortTaken,
    /// C-19: a bind without authentication.
    BindWithoutAuth,
    /// C-20: nothing is listening, or nothing answers.
    Unreachable,
    /// C-21: too many devices are waiting.
    TooManyWaiting,
    /// C-22: the client sent something that is not understood.
    Malformed,
    /// C-23: the client was too slow, or gave way.
    TooSlow,
    /// C-24: the gateway is starting or going down.
    NotNow,
    /// C-25: the gateway cannot save.
    StoreUnavailable,
    /// C-26: a live connection's grant was withdrawn.
    Withdrawn,
    /// C-27: a setup or claim code is not valid.
    CodeInvalid,
    /// C-28: a proxy or tailnet identity was not accepted.
    ProxyIdentity,
    /// C-29: credentials were not accepted, for a reason that has no cause of its own.
    NotAccepted,
}

impl Cause {
    /// All causes in the order of their ids.
    pub const ALL: [Self; 29] = [
        Self::NewDevice,
        Self::WiderAccess,
        Self::OtherRole,
        Self::DetailsChanged,
        Self::NoIdentity,
        Self::ProofWrong,
        Self::TokenMissing,
        Self::TokenDiffers,
        Self::DeviceTokenStale,
        Self::DeviceTokenNarrow,
        Self::Password,
        Self::NoSecretConfigured,
        Self::LockedOut,
        Self::Origin,
        Self::UnknownProxy,
        Self::Protocol,
        Self::MissingScope,
        Self::PortTaken,
        Self::BindWithoutAuth,
        Self::Unreachable,
        Self::TooManyWaiting,
        Self::Malformed,
        Self::TooSlow,
        Self::NotNow,
        Self::StoreUnavailable,
        Self::Withdrawn,
        Self::CodeInvalid,
        Self::ProxyIdentity,
        Self::NotAccepted,
    ];

    /// The id, for example `C-01`.
    #[must_use]
    pub fn id(self) -> String {
        format!("C-{:02}", self as u8 + 1)
    }

    /// The cause of that id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.id() == id)
    }

    /// The cause as a thing that is still to be done, for "After that: …".
    const fn as_next_step(self) -> &'static str {
        match self {
            Self::NewDevice => "the device must be approved",
            Self::WiderAccess | Self::OtherRole | Self::DetailsChanged | Self::DeviceTokenNarrow => {
                "the owner must approve what it asks for"
            }
            Self::NoIdentity => "the client must send a signed device identity",
            Self::ProofWrong => "the device identity must prove itself",
            Self::TokenMissing | Self::TokenDiffers | Self::NotAccepted => "the gateway's token is needed",
            Self::DeviceTokenStale => "the device needs a new token",
            Self::Password => "the gateway's password is needed",
            Self::NoSecretConfigured => "the gateway needs a token of its own",
            Self::LockedOut => "the lock after wrong attempts must run out",
            Self::Origin => "the page's origin must be allowed",
            Self::UnknownProxy | Self::ProxyIdentity => "the proxy must be set up",
            Self::Protocol | Self::Malformed => "the client must be updated",
            Self::MissingScope => "the device needs more access",
            Self::PortTaken | Self::BindWithoutAuth | Self::Unreachable => "the gateway must be running",
            Self::TooManyWaiting => "a place on the waiting list must be free",
            Self::TooSlow => "the connection must be quicker",
            Self::NotNow => "the gateway must be ready",
            Self::StoreUnavailable => "the gateway must be able to save",
            Self::Withdrawn => "access must be granted again",
            Self::CodeInvalid => "a new code is needed",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.id())
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&id).ok_or_else(|| D::Error::custom("expected the id of a cause"))
    }
}

/// Where a command is to be run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Place {
    /// Where the gateway runs.
    #[default]
    GatewayHost,
    /// Where the refused client runs.
    Here,
}

/// A cause, a sentence, and a command. On the wire: `{cause, sentence, fix}`, `fix` null when only waiting helps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Help {
    /// The cause.
    pub cause: Cause,
    /// What happened, to whom, and what to do, in plain words.
    pub sentence: String,
    /// One command to copy. Values in it come from strict alphabets; where one is not known a `<placeholder>` stands.
    pub fix: Option<String>,
    /// Where to run it.
    #[serde(skip)]
    pub place: Place,
}

impl Help {
    pub(super) fn new(cause: Cause, sentence: impl Into<String>, fix: String) -> Self {
        Self { cause, sentence: sentence.into(), fix: Some(fix), place: Place::GatewayHost }
    }

    pub(super) fn here(cause: Cause, sentence: impl Into<String>, fix: String) -> Self {
        Self { cause, sentence: sentence.into(), fix: Some(fix), place: Place::Here }
    }

    /// Nothing to do but wait.
    pub(super) fn wait(cause: Cause, sentence: impl Into<String>) -> Self {
        Self { cause, sentence: sentence.into(), fix: None, place: Place::Here }
    }

    /// Names what stands in the way after this.
    #[must_use]
    pub fn ahead(mut self, causes: &[Cause]) -> Self {
        let mut steps: Vec<&str> = causes.iter().map(|cause| cause.as_next_step()).collect();
        steps.dedup();
        if !steps.is_empty() {
            self.sentence.push_str(&format!(" After that, {}.", steps.join(", and ")));
        }
        self
    }
}
