//! The way to a gateway, hop by hop, as somebody outside walks it (acceptance D-05): name, TCP, TLS, HTTP, upgrade, clock,
//! forwarded headers, origin, protocol, credentials, pairing.
//!
//! [`walk`] looks (`probe`), and pure functions say what was seen (`judge`, `inside`). Nothing secret is sent before
//! everything in front of the gateway was seen to be in order.

mod certificate;
mod inside;
mod judge;
mod probe;
mod sides;

use openclaw_protocol::refusal::Help;
use serde::Serialize;

pub use probe::{Plan, walk};
pub use sides::{Setting, Side};

/// One hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hop {
    /// The name's addresses.
    Dns,
    /// A TCP connection.
    Tcp,
    /// The TLS handshake and the certificate.
    Tls,
    /// Who answers HTTP.
    Http,
    /// The WebSocket, up to the gateway's first frame.
    Upgrade,
    /// Whether the clocks agree.
    Clock,
    /// What proxies in between say about the client.
    Headers,
    /// Whether a page at this address may connect.
    Origin,
    /// Whether there is a common protocol.
    Protocol,
    /// Whether the credentials are right.
    Auth,
    /// Whether this device is approved.
    Pairing,
}

impl Hop {
    /// All hops in their order.
    pub const ALL: [Hop; 11] = [
        Hop::Dns,
        Hop::Tcp,
        Hop::Tls,
        Hop::Http,
        Hop::Upgrade,
        Hop::Clock,
        Hop::Headers,
        Hop::Origin,
        Hop::Protocol,
        Hop::Auth,
        Hop::Pairing,
    ];

    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Hop::Dns => "DNS",
            Hop::Tcp => "TCP",
            Hop::Tls => "TLS",
            Hop::Http => "HTTP",
            Hop::Upgrade => "upgrade",
            Hop::Clock => "clock",
            Hop::Headers => "headers",
            Hop::Origin => "origin",
            Hop::Protocol => "protocol",
            Hop::Auth => "auth",
            Hop::Pairing => "pairing",
        }
    }
}

/// How a hop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In order.
    Passed,
    /// It works, and could be better.
    Noted,
    /// Nobody gets past it.
    Failed,
    /// Not looked at: not needed, or behind a hop that fails.
    Skipped,
}

/// What was found at one hop.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Where.
    pub hop: Hop,
    /// How it is.
    pub state: State,
    /// What was seen, one sentence.
    pub fact: String,
    /// Cause, explanation and command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<Help>,
    /// What to write where, when something is to be changed; the gateway's side comes first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// The pairing request that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Finding {
    fn new(hop: Hop, state: State, fact: impl Into<String>) -> Finding {
        Finding { hop, state, fact: fact.into(), help: None, settings: Vec::new(), request_id: None }
    }

    fn passed(hop: Hop, fact: impl Into<String>) -> Finding {
        Finding::new(hop, State::Passed, fact)
    }

    fn skipped(hop: Hop, fact: impl Into<String>) -> Finding {
        Finding::new(hop, State::Skipped, fact)
    }

    fn failed(hop: Hop, fact: impl Into<String>, help: Help) -> Finding {
        Finding { help: Some(help), ..Finding::new(hop, State::Failed, fact) }
    }

    fn noted(hop: Hop, fact: impl Into<String>, help: Help) -> Finding {
        Finding { help: Some(help), ..Finding::new(hop, State::Noted, fact) }
    }

    fn with(mut self, settings: impl IntoIterator<Item = Setting>) -> Finding {
        self.settings.extend(settings);
        self
    }
}

/// The whole way.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The address as people see it, without secrets.
    pub target: String,
    /// The hops in order; all eleven.
    pub findings: Vec<Finding>,
}

impl Path {
    /// The first hop that nobody gets past.
    pub fn first_failure(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.state == State::Failed)
    }

    /// What may be asked for first: what fails, else what could be better.
    pub fn first_trouble(&self) -> Option<&Finding> {
        self.first_failure().or_else(|| self.findings.iter().find(|finding| finding.state == State::Noted))
    }
}
