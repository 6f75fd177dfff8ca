//! A failed connection in words: what happened, the facts around it, and the help of the one catalogue of refusals
//! (A-04, A-06, C-20, F-15). Commands come from the catalogue only; the gateway's words are escaped.

use std::io;

use openclaw_protocol::close::{self, Close};
use openclaw_protocol::refusal::{self, Help, Place, Unreached, Vantage, Waiting};
use openclaw_protocol::words::{Words, escape};
use openclaw_websocket::HttpAnswer;

use crate::auth::Sent;
use crate::error::{Cause, ConnectError, Phase};
use crate::tls::TlsFault;

/// What a close code means to somebody who did not expect it. `None` for codes that need their own reason.
pub fn close_meaning(code: u16) -> Option<&'static str> {
    Some(match code {
        close::NORMAL | close::NO_STATUS => {
            "the connection was closed without a reason: a tunnel or proxy ended it, or the gateway stopped waiting"
        }
        close::GOING_AWAY => "the server or a proxy in between is shutting down",
        close::PROTOCOL => "client and gateway do not speak the same protocol version",
        close::ABNORMAL => {
            "the connection was cut without a goodbye: by a proxy or tunnel, or because the gateway died"
        }
        close::TOO_LARGE => "a message was larger than the receiver allows",
        1011 | 1014 => "the proxy in front of the gateway failed",
        close::SERVICE_RESTART => "the gateway is restarting",
        close::TRY_AGAIN_LATER => "the gateway is not ready yet",
        close::TICK_TIMEOUT => "nothing was heard from the gateway for too long",
        close::INVALIDATED => "the gateway withdrew this connection's access",
        _ => return None,
    })
}

/// A close as both generations print it: `gateway closed (1006 abnormal closure (no close frame)): no close reason`.
pub fn close_text(close: &Close) -> String {
    let code = match close.code {
        close::ABNORMAL => "1006 abnormal closure (no close frame)".to_owned(),
        close::SERVICE_RESTART => "1012 service restart".to_owned(),
        close::NORMAL => "1000 normal closure".to_owned(),
        code => code.to_string(),
    };
    let reason = if close.reason.is_empty() { "no close reason".into() } else { escape(&close.reason, 123) };
    format!("gateway closed ({code}): {reason}")
}

impl ConnectError {
    /// What happened, in the words that guides quote (cli §5.4); the `Display` of the error.
    pub fn sentence(&self) -> String {
        let target = &self.target;
        match &self.cause {
            Cause::NothingListening { .. } => format!("Gateway not reachable at {target} (ECONNREFUSED)."),
            Cause::TimedOut { .. } => format!("gateway timeout after {}ms", self.patience.as_millis()),
            Cause::UnknownHost { host, .. } => {
                format!("Gateway not reachable at {target}: unknown host {}.", Words::new(host))
            }
            Cause::Unreachable { error } => format!("Gateway not reachable at {target}: {error}."),
            Cause::NoOwnerSocket { path, error } if error.kind() == io::ErrorKind::PermissionDenied => {
                format!("The owner socket {} belongs to another account.", path.display())
            }
            Cause::NoOwnerSocket { .. } => "The gateway of this machine does not run.".to_owned(),
            Cause::StrangerAtSocket { path, uid } => {
                format!("The owner socket {} is served by another account (uid {uid}).", path.display())
            }
            Cause::Plaintext(error) => error.to_string(),
            Cause::Tls(TlsFault::NotTls) => format!("The server at {target} does not speak TLS."),
            Cause::Tls(_) => format!("TLS with {target} failed."),
            Cause::WantsTls => format!("The server at {target} speaks TLS, but the address says ws://."),
            Cause::ForeignServer(answer) => {
                format!("{target} answered HTTP {} instead of opening a WebSocket.", answer.status)
            }
            Cause::NotAGateway { .. } => format!("What answers at {target} is not an OpenClaw gateway."),
            Cause::Cut { close, .. } => close_text(&close.clone().unwrap_or_else(crate::connect::abnormal)),
            // The gateway's own words: people look for them.
            Cause::Refused(refused) => {
                let message = escape(&refused.error.message, 600);
                match refused.request_id() {
                    Some(id) if !message.contains(id) => format!("{message} (requestId: {id})"),
                    _ => message,
                }
            }
            Cause::Local(text) => text.clone(),
        }
    }

    /// Facts beyond sentence and help, one sentence each, for the lines below.
    pub fn facts(&self) -> Vec<String> {
        let fact = |text: &str| vec![text.to_owned()];
        match &self.cause {
            Cause::TimedOut { phase } => vec![format!("The time ran out while {phase}.")],
            Cause::UnknownHost { why, .. } => vec![format!("The resolver says: {}.", Words::new(why))],
            Cause::NoOwnerSocket { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                fact("Run this as the account that runs the gateway.")
            }
            Cause::StrangerAtSocket { .. } => fact("Nothing was sent to it."),
            Cause::Tls(TlsFault::NotTls) => Vec::new(),
            Cause::Tls(fault) => {
                let mut facts = vec![format!("{}.", capital(&fault.to_string()))];
                if matches!(fault, TlsFault::FingerprintMismatch { .. } | TlsFault::NotTrusted { .. }) {
                    facts.push(
                        "Compare the fingerprint on the gateway host before pinning it as gateway.remote.tlsFingerprint."
                            .to_owned(),
                    );
                }
                facts
            }
            Cause::ForeignServer(answer) => foreign_facts(answer),
            Cause::NotAGateway { start } if !start.as_str().is_empty() => vec![format!("It says: {start}")],
            Cause::Cut { phase, close, .. } => {
                let code = close.as_ref().map_or(close::ABNORMAL, |close| close.code);
                let mut facts = vec![format!("It ended while {phase}.")];
                facts.extend(close_meaning(code).map(|meaning| format!("{}.", capital(meaning))));
                facts
            }
            Cause::Refused(_) if self.sent != Sent::Nothing => {
                vec![format!("This client sent {}.", self.sent)]
            }
            _ => Vec::new(),
        }
    }

    /// The point of view of somebody at `vantage` who tried to reach this target: a target that is not this machine's
    /// gateway is elsewhere.
    pub fn seen_from(&self, vantage: &Vantage) -> Vantage {
        self.source.seen_from(vantage, &self.target)
    }

    /// Cause, sentence and command of the catalogue, for a person at `vantage`, to whom this target is elsewhere unless
    /// it is this machine's gateway ([`ConnectError::seen_from`]).
    pub fn help(&self, vantage: &Vantage) -> Help {
        self.help_at(&self.seen_from(vantage))
    }

    /// As [`ConnectError::help`], where the caller knows better whether the target is elsewhere.
    pub fn help_at(&self, vantage: &Vantage) -> Help {
        let unreached = |why| refusal::unreachable(&self.target, self.source.as_str(), &why, vantage);
        let denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
        match &self.cause {
            Cause::NothingListening { .. } if self.is_tunnel() && vantage.is_elsewhere() => {
                unreached(Unreached::TunnelClosed)
            }
            Cause::NoOwnerSocket { error, .. } if denied(error) => unreached(Unreached::OtherAccount),
            Cause::StrangerAtSocket { .. } => unreached(Unreached::OtherAccount),
            Cause::NothingListening { .. } | Cause::NoOwnerSocket { .. } => {
                unreached(Unreached::NothingListening)
            }
            Cause::TimedOut { phase } => {
                let after_ms = u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX);
                unreached(Unreached::Timeout { after_ms, waiting: phase.waiting() })
            }
            Cause::UnknownHost { .. } => unreached(Unreached::UnknownHost),
            Cause::Unreachable { .. } => unreached(Unreached::NoRoute),
            Cause::Plaintext(_) => unreached(Unreached::Plaintext),
            Cause::WantsTls => unreached(Unreached::WantsTls),
            Cause::Tls(TlsFault::NotTls) => unreached(Unreached::NotTls),
            Cause::Tls(TlsFault::FingerprintMismatch { .. } | TlsFault::NotTrusted { .. }) => {
                unreached(Unreached::Certificate)
            }
            Cause::Tls(TlsFault::Handshake { .. }) => unreached(Unreached::TlsBroken),
            Cause::ForeignServer(answer) => unreached(of_answer(answer)),
            Cause::NotAGateway { .. } => unreached(Unreached::NotHttp),
            Cause::Cut { close, .. } => {
                let code = close.as_ref().map_or(close::ABNORMAL, |close| close.code);
                refusal::help_from_wire(None, close.as_ref(), vantage)
                    .unwrap_or_else(|| unreached(Unreached::Cut { code }))
            }
            Cause::Refused(refused) => {
                refusal::help_from_wire(Some(&refused.error), refused.close.as_ref(), vantage)
                    .unwrap_or_else(|| self.own_words(unreached(Unreached::Cut { code: close::POLICY })))
            }
            Cause::Local(_) => self.own_words(unreached(Unreached::NotHttp)),
        }
    }

    /// The id of the cause in the troubleshooting list, for example `C-20`.
    pub fn cause_id(&self) -> String {
        self.help(&Vantage::default()).cause.id()
    }

    /// The same cause with our own sentence, where the catalogue has no command that would help.
    fn own_words(&self, help: Help) -> Help {
        Help { sentence: self.sentence(), fix: None, place: Place::Here, ..help }
    }

    /// An address of this machine that somebody set deliberately: most likely the near end of a tunnel.
    fn is_tunnel(&self) -> bool {
        let loopback =
            ["://127.", "://localhost:", "://[::1]:"].iter().any(|part| self.target.contains(part));
        loopback && !self.source.is_this_machine()
    }
}

impl Phase {
    /// In the catalogue's terms.
    const fn waiting(self) -> Waiting {
        match self {
            Phase::Resolve => Waiting::Name,
            Phase::Connect => Waiting::Connection,
            Phase::Tls => Waiting::Tls,
            Phase::Upgrade => Waiting::Http,
            Phase::Challenge | Phase::Hello => Waiting::Frame,
        }
    }

    /// For "while …".
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Phase::Resolve => "resolving the host name",
            Phase::Connect => "connecting",
            Phase::Tls => "shaking hands for TLS",
            Phase::Upgrade => "waiting for the HTTP answer",
            Phase::Challenge => "waiting for the gateway's first frame",
            Phase::Hello => "waiting for the answer to connect",
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What an HTTP answer in place of a WebSocket means.
fn of_answer(answer: &HttpAnswer) -> Unreached {
    let status = answer.status;
    match status {
        _ if is_attribution_refusal(answer) => Unreached::ProxyNotTrusted,
        _ if is_identity_proxy(answer) => Unreached::SignIn { status },
        301..=308 => Unreached::Moved { status },
        502..=504 => Unreached::ProxyAlone { status },
        status if status >= 500 || matches!(status, 421 | 426 | 429) => Unreached::UpgradeBlocked { status },
        _ if speaks_of_gateway(answer) => Unreached::UpgradeBlocked { status },
        status => Unreached::ForeignHttp { status },
    }
}

/// The answer of an OpenClaw gateway to a plain request: its probe's, or its page's.
pub(crate) fn speaks_of_gateway(answer: &HttpAnswer) -> bool {
    let body: String = answer.body_start.chars().filter(|c| !c.is_whitespace()).collect();
    let is_probe = body.contains("\"ok\":true") && body.contains("\"status\":\"live\"");
    answer.status == 200 && (is_probe || body.contains("<title>OpenClaw"))
}

/// The current original refuses proxied upgrades it cannot attribute with this document.
fn is_attribution_refusal(answer: &HttpAnswer) -> bool {
    answer.status == 403 && answer.body_start.contains("proxy_attribution_required")
}

/// Cloudflare Access and its like put a login page or a bare 403 in front of the gateway (F-15).
pub(crate) fn is_identity_proxy(answer: &HttpAnswer) -> bool {
    let login = ["cloudflareaccess", "/cdn-cgi/access", "login", "signin", "sign-in", "oauth", "sso", "auth"];
    match answer.status {
        301..=308 => {
            let to = answer.location.as_deref().unwrap_or_default().to_ascii_lowercase();
            login.iter().any(|word| to.contains(word))
        }
        401 | 403 => !is_attribution_refusal(answer),
        _ => false,
    }
}

fn foreign_facts(answer: &HttpAnswer) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(server) = &answer.server {
        facts.push(format!("The server calls itself {}.", Words::new(server)));
    }
    if let (301..=308, Some(location)) = (answer.status, &answer.location) {
        // The query of a login page holds state that is nobody's business.
        let place = location.split(['?', '#']).next().unwrap_or_default();
        facts.push(format!(
            "It redirects to {}; redirects are not followed, because they would carry the credentials along.",
            Words::new(place)
        ));
    }
    let html = answer.content_type.as_deref().is_some_and(|kind| kind.contains("html"))
        || answer.body_start.trim_start().starts_with('<');
    if html && !is_identity_proxy(answer) && !matches!(answer.status, 301..=308 | 502..=504) {
        facts.push(
            "It sent a web page: a proxy that does not pass the Upgrade and Connection headers on, or another server."
                .to_owned(),
        );
    }
    facts
}
