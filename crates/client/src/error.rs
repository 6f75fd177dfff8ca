//! Why a connection did not come about, or ended: every case told apart, with the target, where the target came from,
//! one sentence and the way out (A-06, C-20).

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use openclaw_protocol::close::{self, Close};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::refusal;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;
use openclaw_websocket::{HandshakeError, HttpAnswer};

use crate::auth::Sent;
use crate::target::{TargetError, UrlSource};
use crate::tls::TlsFault;

/// What a connection attempt was waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The name's addresses.
    Resolve,
    /// TCP, or the owner socket.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The HTTP answer to the WebSocket upgrade.
    Upgrade,
    /// The gateway's `connect.challenge`.
    Challenge,
    /// The answer to `connect`.
    Hello,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Who wanted in, and as what: what a refusal is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applicant {
    /// What the program calls itself, for example `cli`.
    pub client: String,
    /// The system it says it runs on.
    pub platform: String,
    /// The role it asks for.
    pub role: String,
    /// The scopes it asks for.
    pub scopes: ScopeSet,
    /// The device it proves to be, if it does.
    pub device: Option<DeviceId>,
}

impl Applicant {
    /// `cli on linux (4b735ac174e4), seen as 10.77.0.2, asks for operator (admin, read)`: what the owner needs to
    /// know it by, and what an approval would give.
    pub fn words(&self, seen: Option<IpAddr>) -> String {
        let mut words = format!("{} on {}", Words::new(&self.client), Words::new(&self.platform));
        if let Some(device) = &self.device {
            words.push_str(&format!(" ({})", &device.as_str()[..12]));
        }
        if let Some(seen) = seen {
            words.push_str(&format!(", seen as {seen}"));
        }
        words.push_str(&format!(", asks for {}", self.role));
        if !self.scopes.is_empty() {
            words.push_str(&format!(" ({})", self.scopes));
        }
        words
    }
}

/// A connection that did not come about.
#[derive(Debug)]
pub struct ConnectError {
    /// The target as people see it, without secrets.
    pub target: String,
    /// Who chose the target.
    pub source: UrlSource,
    /// How long was waited at most.
    pub patience: Duration,
    /// Which credentials were sent, in words without values.
    pub sent: Sent,
    /// Who wanted in.
    pub applicant: Applicant,
    /// What happened.
    pub cause: Cause,
}

/// What happened instead of a connection.
#[derive(Debug)]
pub enum Cause {
    /// The host answers that nothing listens on the port.
    NothingListening {
        /// The addresses that were tried.
        addresses: Vec<SocketAddr>,
    },
    /// No answer in time; a firewall, a wrong host, or a gateway that hangs.
    TimedOut {
        /// What was being waited for.
        phase: Phase,
    },
    /// The name has no address.
    UnknownHost {
        /// The name.
        host: String,
        /// The resolver's reason.
        why: String,
    },
    /// No way to the host.
    Unreachable {
        /// The system's reason.
        error: io::Error,
    },
    /// There is no owner socket, or nobody answers on it: the gateway of this machine does not run.
    NoOwnerSocket {
        /// The path that was tried.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// Another account answers on the owner socket; nothing was sent to it.
    StrangerAtSocket {
        /// The path.
        path: PathBuf,
        /// The account.
        uid: u32,
    },
    /// Plaintext to a host that turned out to be far away.
    Plaintext(TargetError),
    /// TLS failed.
    Tls(TlsFault),
    /// The port speaks TLS and the target says `ws://`.
    WantsTls,
    /// Something that speaks HTTP answered, but not with a WebSocket.
    ForeignServer(Box<HttpAnswer>),
    /// Something answered that does not speak HTTP, or speaks WebSocket but not this protocol.
    NotAGateway {
        /// The beginning of what it said, escaped.
        start: Words,
    },
    /// The connection ended before there was an answer.
    Cut {
        /// What was being waited for.
        phase: Phase,
        /// The close frame, when there was one.
        close: Option<Close>,
        /// The system's reason, when there was one.
        error: Option<io::Error>,
    },
    /// The gateway said no.
    Refused(Box<Refused>),
    /// The request could not be made: a bad header, no randomness.
    Local(String),
}

/// The gateway's no.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The error of the response, as it came.
    pub error: ErrorShape,
    /// The close frame that followed; `None` when the connection ended without one.
    pub close: Option<Close>,
}

impl Refused {
    /// The `details.code`, for example `PAIRING_REQUIRED`.
    pub fn code(&self) -> Option<&str> {
        self.error.detail("code")
    }

    /// The pairing request that waits for approval, when it is one that can stand in a command.
    pub fn request_id(&self) -> Option<&str> {
        let id = self.error.detail("requestId")?;
        let plain =
            !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (plain && !id.starts_with('-')).then_some(id)
    }

    /// The address under which the gateway sees this client, when it says so.
    pub fn seen(&self) -> Option<IpAddr> {
        refusal::seen_from_wire(&self.error)
    }

    /// The gateway says that this device's own token is not valid (any more). Older gateways only say so in words.
    pub fn is_device_token_mismatch(&self) -> bool {
        let in_words = |text: &str| text.contains("device token mismatch");
        self.code() == Some("AUTH_DEVICE_TOKEN_MISMATCH")
            || in_words(&self.error.message)
            || self.close.as_ref().is_some_and(|close| in_words(&close.reason))
    }
}

impl ConnectError {
    /// The refusal, when the gateway said no.
    pub fn refused(&self) -> Option<&Refused> {
        match &self.cause {
            Cause::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    /// Device, address as seen and requested access, for a refusal of the gateway.
    pub fn who(&self) -> Option<String> {
        Some(self.applicant.words(self.refused()?.seen()))
    }

    /// The close frame or its absence, as `gateway closed (…)` prints it; `None` when no WebSocket was open.
    pub fn close(&self) -> Option<Close> {
        match &self.cause {
            Cause::Refused(refused) => {
                Some(refused.close.clone().unwrap_or_else(|| Close::new(close::ABNORMAL, "")))
            }
            Cause::Cut { phase: Phase::Challenge | Phase::Hello, close, .. } => {
                Some(close.clone().unwrap_or_else(|| Close::new(close::ABNORMAL, "")))
            }
            _ => None,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Unreachable { error }
            | Cause::NoOwnerSocket { error, .. }
            | Cause::Cut { error: Some(error), .. } => Some(error),
            Cause::Tls(fault) => Some(fault),
            Cause::Plaintext(error) => Some(error),
            _ => None,
        }
    }
}

impl Cause {
    /// What a failed WebSocket handshake means.
    pub(crate) fn of_handshake(error: HandshakeError, plain: bool) -> Cause {
        match error {
            HandshakeError::Io(error) => {
                Cause::Cut { phase: Phase::Upgrade, close: None, error: Some(error) }
            }
            HandshakeError::Eof { .. } => Cause::Cut { phase: Phase::Upgrade, close: None, error: None },
            // A TLS alert record, in answer to plain HTTP.
            HandshakeError::NotHttp { start } if plain && start.starts_with(&[0x15, 0x03]) => Cause::WantsTls,
            HandshakeError::NotHttp { start } => {
                Cause::NotAGateway { start: Words::new(&String::from_utf8_lossy(&start)) }
            }
            HandshakeError::Answer(answer) if plain && speaks_of_tls(&answer) => Cause::WantsTls,
            HandshakeError::Answer(answer) => Cause::ForeignServer(answer),
            HandshakeError::WrongAccept => Cause::NotAGateway { start: Words::new("") },
            HandshakeError::BadRequest(what) => {
                Cause::Local(format!("The WebSocket request cannot be sent: its {what} is not valid."))
            }
        }
    }
}

/// Several servers answer plain HTTP on a TLS port with 400 and these words.
pub(crate) fn speaks_of_tls(answer: &HttpAnswer) -> bool {
    let body = answer.body_start.to_ascii_lowercase();
    answer.status == 400
        && (body.contains("http request to an https server") || body.contains("sent to https port"))
}
