//! What is wrong on the way to the gateway, from what was seen: name, TCP, TLS, HTTP, upgrade. Pure.

use std::net::{IpAddr, SocketAddr};

use openclaw_protocol::refusal::{self, Cause as CauseId, Help, Place, Unreached, Vantage, Waiting};
use openclaw_protocol::words::Words;
use openclaw_websocket::HttpAnswer;

use super::sides::{Duty, Setting, Side, proxies};
use super::{Finding, Hop};
use crate::error::{Cause, Phase};
use crate::explain::{is_identity_proxy, speaks_of_gateway};
use crate::target::GatewayUrl;
use crate::tls::TlsFault;

/// A certificate that ends in fewer days deserves a word.
const SOON_DAYS: i64 = 14;

/// The way that is tested, and who reads about it.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) url: &'a GatewayUrl,
    /// Where the address came from.
    pub(super) source: &'a str,
    pub(super) vantage: &'a Vantage,
}

impl Way<'_> {
    pub(super) fn shown(&self) -> String {
        self.url.to_string()
    }

    /// Help of the catalogue about an address that is not reached, with another command: the catalogue's own is this test.
    fn unreached(&self, why: &Unreached, fix: Option<String>, place: Place) -> Help {
        let help = refusal::unreachable(&self.shown(), self.source, why, self.vantage);
        Help { fix, place, ..help }
    }

    /// This test with another address.
    fn again(&self, scheme: &str) -> String {
        let vantage =
            Vantage { url: Some(format!("{scheme}://{}", self.url.authority())), ..self.vantage.clone() };
        vantage.openclaw_at_url("doctor")
    }

    fn is_here(&self) -> bool {
        self.url.is_loopback()
    }
}

/// The name's addresses.
pub(super) fn dns(way: &Way<'_>, found: &Result<Vec<SocketAddr>, Cause>) -> Finding {
    match found {
        Ok(addresses) => {
            let mut list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            list.dedup();
            let host = way.url.host.to_string();
            let is_literal = list.len() == 1 && host.trim_matches(['[', ']']) == list[0];
            Finding::passed(
                Hop::Dns,
                if is_literal {
                    format!("{host} is an address")
                } else {
                    format!("{host} is {}", list.join(", "))
                },
            )
        }
        Err(cause) => {
            let why = match cause {
                Cause::UnknownHost { why, .. } => format!(": {}", Words::new(why)),
                _ => String::new(),
            };
            let fix = way.vantage.openclaw("doctor --url <url>");
            Finding::failed(
                Hop::Dns,
                format!("the name {} has no address{why}", way.url.host),
                way.unreached(&Unreached::UnknownHost, Some(fix), Place::Here),
            )
            .with([Setting::new(
                Side::Network,
                "an A or AAAA record for the name, or another spelling of it",
            )])
        }
    }
}

/// A TCP connection; `took_ms` milliseconds.
pub(super) fn tcp(way: &Way<'_>, connected: &Result<(SocketAddr, u64), Cause>, patience_ms: u64) -> Finding {
    let on_gateway = |args: &str| Setting::new(Side::Gateway, way.vantage.on_gateway(args));
    let cause = match connected {
        Ok((address, took_ms)) => {
            return Finding::passed(Hop::Tcp, format!("connected to {address} in {took_ms} ms"));
        }
        Err(cause) => cause,
    };
    match cause {
        Cause::NothingListening { .. } => {
            let port = way.url.port;
            let fact = format!("nothing listens on port {port}: the connection was refused");
            let why = if way.is_here() && way.vantage.is_elsewhere() {
                Unreached::TunnelClosed
            } else {
                Unreached::NothingListening
            };
            let help = refusal::unreachable(&way.shown(), way.source, &why, way.vantage);
            let finding = Finding::failed(Hop::Tcp, fact, help).with([on_gateway("gateway status")]);
            if way.is_here() {
                return finding;
            }
            let listen = if way.url.tls { format!("listen {port} ssl;") } else { format!("listen {port};") };
            finding.with([Setting::new(Side::Nginx, listen)])
        }
        Cause::TimedOut { .. } => Finding::failed(
            Hop::Tcp,
            format!(
                "no answer from port {} in {patience_ms} ms: the packets are dropped on the way",
                way.url.port
            ),
            way.unreached(
                &Unreached::Timeout { after_ms: patience_ms, waiting: Waiting::Connection },
                Some(way.vantage.tunnel()),
                Place::Here,
            ),
        )
        .with([
            on_gateway("gateway status"),
            Setting::new(Side::Network, format!("let TCP port {} through the firewall", way.url.port)),
        ]),
        other => Finding::failed(
            Hop::Tcp,
            format!("no way to the host: {}", told(other)),
            way.unreached(&Unreached::NoRoute, Some(way.vantage.tunnel()), Place::Here),
        )
        .with([Setting::new(Side::Network, "a route to the host; a VPN or a tailnet may be off")]),
    }
}

fn told(cause: &Cause) -> String {
    match cause {
        Cause::Unreachable { error } | Cause::Cut { error: Some(error), .. } => error.to_string(),
        Cause::Local(text) => text.clone(),
        Cause::Tls(fault) => fault.to_string(),
        Cause::NotAGateway { start } => start.to_string(),
        Cause::Cut { close: Some(close), .. } => crate::explain::close_text(close),
        Cause::Cut { .. } => "the connection was cut".to_owned(),
        Cause::TimedOut { phase } => format!("nothing came while {phase}"),
        _ => "it failed".to_owned(),
    }
}

/// The TLS handshake; `left` seconds of the certificate's life remain.
pub(super) fn tls(way: &Way<'_>, secured: &Result<Option<i64>, Cause>) -> Finding {
    let fault = match secured {
        Ok(None) => return Finding::passed(Hop::Tls, "the certificate is trusted"),
        Ok(Some(left)) => {
            let days = left / 86_400;
            let fact = format!("the certificate is trusted, for {days} more days");
            if days >= SOON_DAYS {
                return Finding::passed(Hop::Tls, fact);
            }
            let sentence = format!("The certificate of {} ends in {days} days.", way.shown());
            let fix = Some(way.vantage.openclaw_at_url("doctor"));
            let help = Help { cause: CauseId::Unreachable, sentence, fix, place: Place::Here };
            return Finding::noted(Hop::Tls, fact, help).with(proxies(Duty::Certificate, None));
        }
        Err(Cause::Tls(fault)) => fault,
        Err(other) => {
            let help = way.unreached(&Unreached::Cut { code: 1006 }, Some(way.again("ws")), Place::Here);
            return Finding::failed(Hop::Tls, format!("no TLS handshake: {}", told(other)), help);
        }
    };
    let help = |fix: String| way.unreached(&Unreached::Certificate, Some(fix), Place::Here);
    match fault {
        TlsFault::NotTls => {
            let why = Unreached::NotTls;
            let fact = "the server speaks plain HTTP on this port, and the address says wss:// or https://";
            Finding::failed(Hop::Tls, fact, way.unreached(&why, Some(way.again("ws")), Place::Here))
                .with([Setting::new(Side::Gateway, way.vantage.on_gateway("config get gateway.tls.enabled"))])
                .with([Setting::new(Side::Nginx, format!("listen {} ssl;", way.url.port))])
        }
        TlsFault::FingerprintMismatch { .. } | TlsFault::NotTrusted { .. } => Finding::failed(
            Hop::Tls,
            fault.to_string(),
            help(
                way.vantage
                    .openclaw("config set gateway.remote.tlsFingerprint <SHA-256 of your certificate>"),
            ),
        )
        .with([Setting::new(
            Side::Gateway,
            "compare the certificate's SHA-256 on the gateway's host before pinning it",
        )])
        .with(proxies(Duty::Certificate, None)),
        TlsFault::Handshake { .. } => {
            Finding::failed(Hop::Tls, fault.to_string(), help(way.vantage.openclaw_at_url("doctor")))
                .with([Setting::new(Side::Nginx, "ssl_protocols TLSv1.2 TLSv1.3;")])
        }
    }
}

/// Who answers HTTP, asked for `/healthz`.
pub(super) fn http(way: &Way<'_>, answer: &Result<HttpAnswer, Cause>) -> Finding {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Cause::WantsTls) => return wants_tls(way, Hop::Http),
        Err(other) => {
            let help = way.unreached(&Unreached::NotHttp, Some(gateway_port(way)), Place::GatewayHost);
            return Finding::failed(
                Hop::Http,
                format!("what answers is no HTTP server: {}", told(other)),
                help,
            );
        }
    };
    if speaks_of_gateway(answer) {
        let through = answer
            .server
            .as_deref()
            .map_or(String::new(), |server| format!(", through {}", Words::new(server)));
        return Finding::passed(Hop::Http, format!("an OpenClaw gateway answers{through}"));
    }
    foreign(way, Hop::Http, answer)
}

/// An HTTP answer that is not the gateway's.
fn foreign(way: &Way<'_>, hop: Hop, answer: &HttpAnswer) -> Finding {
    let status = answer.status;
    let server = answer.server.as_deref();
    let who = server.map_or_else(|| "the server".to_owned(), |server| Words::new(server).to_string());
    if is_identity_proxy(answer) {
        let fix = way.vantage.openclaw("config set gateway.remote.edgeAuth.CF-Access-Client-Id <id>");
        return Finding::failed(
            hop,
            format!("{who} wants its own sign-in first (HTTP {status})"),
            way.unreached(&Unreached::SignIn { status }, Some(fix), Place::Here),
        )
        .with([
            Setting::new(
                Side::Here,
                way.vantage.openclaw("config set gateway.remote.edgeAuth.CF-Access-Client-Secret <secret>"),
            ),
            Setting::new(
                Side::Network,
                "a service token (Cloudflare Access: policy action Service Auth) for this host name",
            ),
        ]);
    }
    if let (301..=308, Some(location)) = (status, answer.location.as_deref()) {
        let place = Words::new(location.split(['?', '#']).next().unwrap_or_default());
        let moved = Vantage { url: Some(location.to_owned()), ..way.vantage.clone() };
        let help =
            way.unreached(&Unreached::Moved { status }, Some(moved.openclaw_at_url("doctor")), Place::Here);
        return Finding::failed(hop, format!("{who} redirects to {place} (HTTP {status})"), help);
    }
    if matches!(status, 502..=504) {
        let start = way.vantage.on_gateway("gateway start");
        return Finding::failed(
            hop,
            format!("{who} answers, but does not reach the gateway behind it (HTTP {status})"),
            way.unreached(&Unreached::ProxyAlone { status }, Some(start), Place::GatewayHost),
        )
        .with([Setting::new(Side::Gateway, way.vantage.on_gateway("config get gateway.port"))])
        .with(proxies(Duty::Upstream, server));
    }
    Finding::failed(
        hop,
        format!("{who} answers HTTP {status}, and is no OpenClaw gateway"),
        way.unreached(&Unreached::ForeignHttp { status }, Some(gateway_port(way)), Place::GatewayHost),
    )
    .with([Setting::new(Side::Gateway, gateway_port(way))])
    .with(proxies(Duty::Upstream, server))
}

fn gateway_port(way: &Way<'_>) -> String {
    way.vantage.on_gateway("config get gateway.port")
}

fn wants_tls(way: &Way<'_>, hop: Hop) -> Finding {
    Finding::failed(
        hop,
        "the port speaks TLS, and the address says ws:// or http://",
        way.unreached(&Unreached::WantsTls, Some(way.again("wss")), Place::Here),
    )
}

/// The WebSocket, when it did not come to the gateway's first frame. `server` is what answered HTTP.
pub(super) fn upgrade(way: &Way<'_>, cause: &Cause, server: Option<&str>, patience_ms: u64) -> Finding {
    let again = Some(way.vantage.openclaw_at_url("doctor"));
    let nothing = Setting::new(Side::Gateway, "nothing to change: it accepts WebSockets on every path");
    match cause {
        Cause::WantsTls => wants_tls(way, Hop::Upgrade),
        Cause::ForeignServer(answer)
            if is_identity_proxy(answer) || matches!(answer.status, 301..=308 | 502..=504) =>
        {
            foreign(way, Hop::Upgrade, answer)
        }
        Cause::ForeignServer(answer) => {
            let server = answer.server.as_deref().or(server);
            let status = answer.status;
            let fact = format!(
                "HTTP works, but the WebSocket upgrade is answered with HTTP {status}: a proxy does not pass the Upgrade header on"
            );
            Finding::failed(
                Hop::Upgrade,
                fact,
                way.unreached(&Unreached::UpgradeBlocked { status }, again, Place::Here),
            )
            .with([nothing])
            .with(proxies(Duty::Upgrade, server))
        }
        Cause::TimedOut { phase: Phase::Challenge } => {
            let why = Unreached::Timeout { after_ms: patience_ms, waiting: Waiting::Frame };
            let fact =
                "the WebSocket opens, but the gateway's first frame does not arrive: a proxy holds it back";
            Finding::failed(Hop::Upgrade, fact, way.unreached(&why, again, Place::Here))
                .with([nothing])
                .with(proxies(Duty::Patience, server))
        }
        Cause::NotAGateway { .. } => Finding::failed(
            Hop::Upgrade,
            "a WebSocket opens, but not an OpenClaw gateway's",
            way.unreached(&Unreached::NotHttp, Some(gateway_port(way)), Place::GatewayHost),
        )
        .with(proxies(Duty::Upstream, server)),
        other => Finding::failed(
            Hop::Upgrade,
            format!("the WebSocket does not come about: {}", told(other)),
            way.unreached(&Unreached::Cut { code: 1006 }, again, Place::Here),
        )
        .with([nothing])
        .with(proxies(Duty::Upgrade, server)),
    }
}

/// An address that a command may name as a trusted proxy although it was only seen: this machine's own (ruling 33).
pub(super) fn may_be_offered(address: IpAddr) -> Option<IpAddr> {
    address.to_canonical().is_loopback().then_some(address)
}
