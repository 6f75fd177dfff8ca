//! Names of things on the wire. Valid by construction; each id has its own type so that they cannot be mixed up.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $rule:expr, $expect:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Accepts the text if it has the shape described on the type; nothing is trimmed or folded.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let rule: fn(&str) -> bool = $rule;
                rule(text).then(|| Self(Arc::from(text)))
            }

            /// The id as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| D::Error::custom(concat!("expected ", $expect)))
            }
        }
    };
}

macro_rules! random_id {
    ($($name:ident),*) => {$(
        impl $name {
            /// A fresh UUID v4 from the operating system's random source.
            #[must_use]
            pub fn random() -> Self {
                Self(Arc::from(uuid::Uuid::new_v4().to_string()))
            }
        }
    )*};
}

fn visible_ascii(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

text_id!(
    /// A device: lower-case hex SHA-256 of its raw Ed25519 public key, 64 characters (auth-and-pairing §1.5).
    DeviceId,
    |text| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
    "64 lower-case hex digits"
);
text_id!(
    /// A waiting pairing request: 1 to 64 visible ASCII characters. Ours are UUIDs; imported ones may be anything.
    RequestId,
    visible_ascii,
    "1 to 64 visible ASCII characters"
);
text_id!(
    /// One WebSocket connection, as told in `hello-ok.server.connId`.
    ConnId,
    visible_ascii,
    "1 to 64 visible ASCII characters"
);
text_id!(
    /// The challenge of one connection (`connect.challenge`). Ours are UUIDs; a client takes whatever it is sent.
    Nonce,
    |text| (1..=256).contains(&text.len()),
    "1 to 256 bytes"
);
random_id!(RequestId, ConnId, Nonce);

impl DeviceId {
    /// The id that belongs to a raw public key.
    #[must_use]
    pub fn of_public_key(key: &[u8; 32]) -> Self {
        Self::of_key_bytes(key)
    }

    /// The id that belongs to key bytes of any length; needed because a proof with a key of the wrong length but
    /// a fitting id is a bad signature, not a wrong id (auth-and-pairing §3.3).
    pub(crate) fn of_key_bytes(bytes: &[u8]) -> Self {
        Self(Arc::from(hex(&Sha256::digest(bytes))))
    }

    /// The first eight digits, for places where people read it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_ids_are_lower_case_hex_of_the_right_length() {
        let good = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";
        assert_eq!(DeviceId::parse(good).unwrap().as_str(), good);
        assert!(DeviceId::parse(&good.to_uppercase()).is_none());
        assert!(DeviceId::parse(&good[1..]).is_none());
        assert!(DeviceId::parse("nope").is_none());
    }

    #[test]
    fn request_ids_are_visible_ascii() {
        assert!(RequestId::parse(RequestId::random().as_str()).is_some());
        for bad in ["", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert!(RequestId::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn ids_travel_as_plain_strings_and_are_checked_on_the_way_in() {
        let id: RequestId = serde_json::from_str("\"r-1\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"r-1\"");
        assert!(serde_json::from_str::<RequestId>("\"\"").is_err());
        assert!(serde_json::from_str::<DeviceId>("\"abc\"").is_err());
    }
}
