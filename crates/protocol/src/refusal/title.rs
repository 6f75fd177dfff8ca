//! Causes as headings and keys: what stands above the sentence on a page, and in a list of refusals.

use super::Cause;

impl Cause {
    /// A heading of a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::NewDevice => "This device needs approval",
            Self::WiderAccess => "More access needs approval",
            Self::OtherRole => "Another role needs approval",
            Self::DetailsChanged => "Changed details need approval",
            Self::NoIdentity => "No device identity was sent",
            Self::ProofWrong => "The device could not prove itself",
            Self::TokenMissing => "The gateway's token is needed",
            Self::TokenDiffers => "The token is not the gateway's",
            Self::DeviceTokenStale => "This device's own token is old",
            Self::DeviceTokenNarrow => "This device's own token carries less",
            Self::Password => "The gateway asks for its password",
            Self::NoSecretConfigured => "The gateway has no token or password",
            Self::LockedOut => "Too many wrong attempts",
            Self::Origin => "This page's origin is not allowed",
            Self::UnknownProxy => "An unknown proxy stands between",
            Self::Protocol => "The versions do not fit",
            Self::MissingScope => "More access is needed",
            Self::PortTaken => "The port is taken",
            Self::BindWithoutAuth => "Open to the network without a token",
            Self::Unreachable => "The gateway is not reached",
            Self::TooManyWaiting => "Too many devices are waiting",
            Self::Malformed => "The message was not understood",
            Self::TooSlow => "The connection was too slow",
            Self::NotNow => "The gateway is not ready",
            Self::StoreUnavailable => "The gateway cannot save",
            Self::Withdrawn => "Access was withdrawn",
            Self::CodeInvalid => "The code is not valid",
            Self::ProxyIdentity => "The proxy's word was not accepted",
            Self::NotAccepted => "The sign-in was not accepted",
        }
    }

    /// The cause's name for programs, for example `newDevice`.
    #[must_use]
    pub fn key(self) -> String {
        let name = format!("{self:?}");
        let (first, rest) = name.split_at(1);
        first.to_ascii_lowercase() + rest
    }

    /// Whether a browser that opens the gateway's page can be refused for it.
    #[must_use]
    pub const fn meets_a_browser(self) -> bool {
        !matches!(self, Self::PortTaken | Self::BindWithoutAuth)
    }
}
