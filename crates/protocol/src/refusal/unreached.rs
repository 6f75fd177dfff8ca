//! A gateway that is not reached (cause C-20, and its relatives): every case has its own sentence and its own command.

use super::{Cause, Help, Vantage, address::Address, unknown_proxy};
use crate::{time, words::Words};

/// What a connection was waiting for when the time ran out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Waiting {
    /// The name's addresses.
    Name,
    /// TCP.
    Connection,
    /// The TLS handshake.
    Tls,
    /// The HTTP answer.
    Http,
    /// A frame of the gateway, on an open WebSocket.
    Frame,
    /// The answer to a call.
    Answer,
}

/// Why a gateway was not reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unreached {
    /// The connection was refused: nothing listens there.
    NothingListening,
    /// The same at an address of this machine that is the near end of a tunnel.
    TunnelClosed,
    /// No answer in time.
    Timeout {
        /// Milliseconds waited.
        after_ms: u64,
        /// For what.
        waiting: Waiting,
    },
    /// The name does not resolve.
    UnknownHost,
    /// No way to the host.
    NoRoute,
    /// The port speaks TLS, and the address says that it does not.
    WantsTls,
    /// The port does not speak TLS, and the address says that it does.
    NotTls,
    /// What answers is not a gateway, and not an HTTP server either.
    NotHttp,
    /// An HTTP server that is not a gateway answered.
    ForeignHttp {
        /// Its status.
        status: u16,
    },
    /// A server that sends its visitors elsewhere answered.
    Moved {
        /// The status of the redirect.
        status: u16,
    },
    /// A proxy that wants its own sign-in answered (F-15).
    SignIn {
        /// Its status.
        status: u16,
    },
    /// A proxy answered that does not reach the gateway behind it.
    ProxyAlone {
        /// Its status.
        status: u16,
    },
    /// The gateway answers, but a proxy in between does not let WebSockets through.
    UpgradeBlocked {
        /// The status of the answer to the upgrade.
        status: u16,
    },
    /// A gateway of the original refused because a proxy forwarded the request (HTTP 403).
    ProxyNotTrusted,
    /// The certificate is not the expected one.
    Certificate,
    /// The TLS handshake fails for another reason.
    TlsBroken,
    /// Plaintext would go to another machine.
    Plaintext,
    /// Another account of this machine answers on the owner socket, or owns it.
    OtherAccount,
    /// The connection was cut before an answer; the code as seen (1000, 1005, 1006, 1012).
    Cut {
        /// The close code.
        code: u16,
    },
}

/// C-20: the gateway was not reached. `source` says where the address came from (`config gateway.remote.url`,
/// `cli --url`, …).
#[must_use]
pub fn unreachable(url: &str, source: &str, why: &Unreached, vantage: &Vantage) -> Help {
    let target = format!("{} (from {})", Words::new(url), Words::new(source));
    let local = Address::parse(url).is_none_or(|address| address.loopback());
    let start = || vantage.on_gateway("gateway start");
    let check = || vantage.openclaw_at_url("doctor");
    let here = |sentence: String, fix: String| Help::here(Cause::Unreachable, sentence, fix);
    let there = |sentence: String, fix: String| Help::new(Cause::Unreachable, sentence, fix);
    match why {
        Unreached::NothingListening if local => {
            there(format!("Nothing is listening on {target}: the gateway is not running."), start())
        }
        Unreached::NothingListening => there(
            format!(
                "Nothing is listening on {target}: the gateway there is not running, or listens only for its own machine."
            ),
            start(),
        ),
        Unreached::TunnelClosed => {
            let port = Address::parse(url).map_or(18789, |address| address.port);
            here(
                format!("Nothing is listening on {target}: the tunnel to the gateway is closed."),
                format!("ssh -N -L {port}:127.0.0.1:18789 user@host"),
            )
        }
        Unreached::Timeout { after_ms, waiting } => here(timed_out(&target, *after_ms, *waiting), check()),
        Unreached::UnknownHost => here(format!("The name in {target} is not known to the network."), check()),
        Unreached::NoRoute => here(
            format!(
                "There is no way from here to {target}: another network, or a VPN or tailnet that is off."
            ),
            check(),
        ),
        Unreached::WantsTls => here(
            format!("{target} speaks TLS, so the address must begin with wss://."),
            with_scheme(url, source, "wss", vantage),
        ),
        Unreached::NotTls if local => here(
            format!("{target} does not speak TLS, so the address must begin with ws://."),
            with_scheme(url, source, "ws", vantage),
        ),
        Unreached::NotTls => here(
            format!(
                "{target} does not speak TLS, and without it nothing may be sent to another machine. Put TLS in front of the gateway, or use this tunnel and then ws://127.0.0.1:18789."
            ),
            vantage.tunnel(),
        ),
        Unreached::Plaintext => here(
            format!(
                "{target} would carry the token and every conversation in the clear. Use wss://, or this tunnel and then ws://127.0.0.1:18789."
            ),
            vantage.tunnel(),
        ),
        Unreached::NotHttp => there(
            format!("What answers at {target} is not an OpenClaw gateway. The port may be wrong."),
            vantage.on_gateway("config get gateway.port"),
        ),
        Unreached::ForeignHttp { status } => there(
            format!("{target} answered HTTP {status} and is not an OpenClaw gateway. The port may be wrong."),
            vantage.on_gateway("config get gateway.port"),
        ),
        Unreached::Moved { status } => here(
            format!("{target} sends visitors to another address (HTTP {status}). Use that address."),
            check(),
        ),
        Unreached::SignIn { status } => here(
            format!(
                "{target} is behind a proxy that wants its own sign-in (HTTP {status}). Give this client that proxy's service headers, in gateway.remote.edgeAuth (for Cloudflare Access CF-Access-Client-Id and CF-Access-Client-Secret)."
            ),
            vantage.openclaw("config set gateway.remote.edgeAuth.CF-Access-Client-Id <id>"),
        ),
        Unreached::ProxyAlone { status } => there(
            format!(
                "The proxy at {target} answers, but does not reach the gateway behind it (HTTP {status})."
            ),
            start(),
        ),
        Unreached::UpgradeBlocked { status } => here(
            format!(
                "{target} answers, but something before it answers WebSockets with HTTP {status}: a proxy that does not pass the Upgrade header on."
            ),
            check(),
        ),
        Unreached::ProxyNotTrusted => unknown_proxy(None, &[], None, &[], vantage),
        Unreached::Certificate => here(
            format!("The certificate of {target} is not the one that was expected, so nothing was sent."),
            check(),
        ),
        Unreached::TlsBroken => {
            here(format!("TLS with {target} does not come about, so nothing was sent."), check())
        }
        Unreached::OtherAccount => there(
            format!(
                "The gateway at {target} belongs to another account of this machine. Ask as that account."
            ),
            vantage.on_gateway("gateway status"),
        ),
        Unreached::Cut { code: 1012 } => {
            Help::wait(Cause::NotNow, format!("The gateway at {target} is restarting."))
        }
        Unreached::Cut { code } => here(
            format!(
                "The connection to {target} was cut ({code}) before the gateway said anything: by a proxy, a tunnel, or a gateway that stopped."
            ),
            check(),
        ),
    }
}

fn timed_out(target: &str, after_ms: u64, waiting: Waiting) -> String {
    let after = time::in_words(after_ms);
    match waiting {
        Waiting::Name => {
            format!("The name in {target} was not found within {after}: the name server does not answer.")
        }
        Waiting::Connection => format!(
            "{target} did not answer within {after}: the machine is off, the address is wrong, or a firewall drops the packets."
        ),
        Waiting::Tls => format!(
            "{target} accepted the connection and then said nothing about TLS within {after}: it does not speak TLS, or hangs."
        ),
        Waiting::Http => format!(
            "{target} accepted the connection and then said nothing within {after}: the program there hangs, or a tunnel is dead."
        ),
        Waiting::Frame => format!(
            "{target} opened the WebSocket and then said nothing within {after}: the gateway hangs, or a proxy holds its messages back."
        ),
        Waiting::Answer => format!("The gateway at {target} did not answer the call within {after}."),
    }
}

/// The command that puts the same address with another scheme where it came from.
fn with_scheme(url: &str, source: &str, scheme: &str, vantage: &Vantage) -> String {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let Some(address) = Address::parse(&format!("{scheme}://{place}")).map(|address| address.websocket())
    else {
        return vantage.openclaw("doctor --url <url>");
    };
    match source {
        "config gateway.remote.url" => vantage.openclaw(&format!("config set gateway.remote.url {address}")),
        "env OPENCLAW_GATEWAY_URL" => vantage.os.set("OPENCLAW_GATEWAY_URL", &address),
        _ => vantage.openclaw(&format!("doctor --url {address}")),
    }
}
