//! What a connection is: somebody who operates the gateway, or a node that the gateway operates.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The two roles that `connect` accepts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person or program that controls the gateway: CLI, browser, app.
    Operator,
    /// A machine that offers commands to the gateway.
    Node,
}

impl Role {
    /// Reads the wire's word; anything but the exact two is no role.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "operator" => Some(Self::Operator),
            "node" => Some(Self::Node),
            _ => None,
        }
    }

    /// The wire's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Node => "node",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
