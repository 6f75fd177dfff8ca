//! Which generation of clients a connection speaks for. The policy is the same for both (ruling 1); the words differ.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A protocol generation that this gateway answers in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub enum Dialect {
    /// Protocol 3: OpenClaw up to spring 2026.
    V3,
    /// Protocol 4: OpenClaw since.
    V4,
}

impl Dialect {
    /// The number in `hello-ok.protocol`.
    #[must_use]
    pub const fn protocol(self) -> u32 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    /// The highest generation inside the client's range (ruling 2, auth-and-pairing §1.7).
    ///
    /// # Errors
    /// When neither fits (or the range is upside down): the dialect to refuse in, which is [`Dialect::V4`].
    pub const fn choose(min: i64, max: i64) -> Result<Self, Self> {
        if min <= 4 && 4 <= max {
            Ok(Self::V4)
        } else if min <= 3 && 3 <= max {
            Ok(Self::V3)
        } else {
            Err(Self::V4)
        }
    }
}

impl From<Dialect> for u32 {
    fn from(dialect: Dialect) -> Self {
        dialect.protocol()
    }
}

impl TryFrom<u32> for Dialect {
    type Error = &'static str;

    fn try_from(protocol: u32) -> Result<Self, Self::Error> {
        match protocol {
            3 => Ok(Self::V3),
            4 => Ok(Self::V4),
            _ => Err("protocol must be 3 or 4"),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.protocol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_generation_wins() {
        for (min, max, want) in [
            (3, 3, Ok(Dialect::V3)),
            (3, 4, Ok(Dialect::V4)),
            (4, 4, Ok(Dialect::V4)),
            (1, 10, Ok(Dialect::V4)),
            (1, 3, Ok(Dialect::V3)),
            (1, 2, Err(Dialect::V4)),
            (5, 6, Err(Dialect::V4)),
            (4, 3, Err(Dialect::V4)),
        ] {
            assert_eq!(Dialect::choose(min, max), want, "{min}..{max}");
        }
    }
}
