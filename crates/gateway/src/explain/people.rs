//! The clients that people name, with what each of them sends: whoever asks about "the Control UI" need not know its
//! client id.

use openclaw_protocol::role::Role;

/// What a client of a kind sends when nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// `client.id`.
    pub(super) id: &'static str,
    /// `client.mode`.
    pub(super) mode: &'static str,
    /// `client.platform`.
    pub(super) platform: &'static str,
    /// `client.deviceFamily`.
    pub(super) family: Option<&'static str>,
    /// The role.
    pub(super) role: Role,
    /// Operator scopes without their prefix.
    pub(super) scopes: &'static [&'static str],
    /// Whether it lives in a browser, which always sends an `Origin`.
    pub(super) browser: bool,
    /// Whether it sends a device identity.
    pub(super) device: bool,
}

const CLI: Kind = Kind {
    id: "cli",
    mode: "cli",
    platform: "linux",
    family: None,
    role: Role::Operator,
    scopes: &["admin", "read", "write", "approvals", "pairing"],
    browser: false,
    device: true,
};

const KINDS: &[(&str, Kind)] = &[
    ("cli", CLI),
    (
        "control-ui",
        Kind { id: "openclaw-control-ui", mode: "webchat", platform: "Linux x86_64", browser: true, ..CLI },
    ),
    ("webchat", Kind { id: "webchat-ui", mode: "webchat", platform: "Linux x86_64", browser: true, ..CLI }),
    ("tui", Kind { id: "openclaw-tui", mode: "ui", scopes: &["admin", "read", "write", "approvals"], ..CLI }),
    ("app", app("openclaw-macos", "macOS 15.1.0", "Mac")),
    ("macos", app("openclaw-macos", "macOS 15.1.0", "Mac")),
    ("ios", app("openclaw-ios", "iOS 18.1.0", "iPhone")),
    ("android", app("openclaw-android", "Android 15", "Android")),
    ("node", Kind { id: "node-host", mode: "node", role: Role::Node, scopes: &[], ..CLI }),
    ("backend", Kind { id: "gateway-client", mode: "backend", device: false, ..CLI }),
    ("probe", Kind { mode: "probe", scopes: &["read"], device: false, ..CLI }),
    ("test", Kind { id: "test", mode: "test", scopes: &["read"], ..CLI }),
];

const fn app(id: &'static str, platform: &'static str, family: &'static str) -> Kind {
    Kind { id, mode: "ui", platform, family: Some(family), scopes: &["read", "write", "talk.secrets"], ..CLI }
}

impl Kind {
    /// The kind of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// The names of all kinds, for the complaint about another one.
    pub(super) fn names() -> String {
        KINDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}
