//! What the browser page says by itself, because no gateway is there to say it: it is offline, nothing answers, a proxy
//! lets pages through and no WebSocket. The words are here with all others; the page gets them through its generated
//! catalogue and puts `{address}`, `{status}`, `{host}`, `{origin}`, `{code}` and `{method}` in.

use super::{Cause, Help, Vantage};

/// Something the page says, under the name by which its code asks for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageWords {
    /// The name, for example `offline`.
    pub key: &'static str,
    /// Cause, sentence and command, with places to fill in.
    pub help: Help,
}

/// Everything the page says by itself.
#[must_use]
pub fn page_words(vantage: &Vantage) -> Vec<PageWords> {
    let start = || vantage.on_gateway("gateway start");
    let check = || vantage.on_gateway("doctor");
    let allow = || vantage.config_list("gateway.controlUi.allowedOrigins", &["{origin}"]);
    let unreached = |sentence: &str| Help::wait(Cause::Unreachable, sentence);
    let unreached_fix = |sentence: &str, fix: String| Help::new(Cause::Unreachable, sentence, fix);
    let kept = |sentence: &str| Help::wait(Cause::NewDevice, sentence);
    [
        (
            "offline",
            unreached(
                "This browser is offline, so the gateway is not reached. The page goes on by itself when the network is back.",
            ),
        ),
        (
            "unanswered",
            unreached_fix(
                "Nothing answers at {address}: the gateway is not running, or the network on the way to it is interrupted. The page tries again by itself.",
                start(),
            ),
        ),
        (
            "proxyAlone",
            unreached_fix(
                "The proxy at {address} answers, but does not reach the gateway behind it (HTTP {status}). The page tries again by itself.",
                start(),
            ),
        ),
        (
            "webSocketBlocked",
            unreached(
                "{address} answers pages but lets no WebSocket through, and everything here goes over one: a proxy on the way does not pass it on. Its configuration lacks the lines below.",
            ),
        ),
        (
            "foreign",
            unreached_fix(
                "{address} answered HTTP {status} and is not an OpenClaw gateway. The address or its port may be wrong.",
                vantage.on_gateway("config get gateway.port"),
            ),
        ),
        (
            "signIn",
            unreached(
                "{address} is behind a proxy that wants its own sign-in, and that has run out (HTTP {status}). Reload this page to sign in there again.",
            ),
        ),
        (
            "misdirected",
            Help::new(
                Cause::Origin,
                "The gateway does not answer for the host name {host}. Is the name yours? Then allow this page's origin; otherwise open the gateway by its IP address.",
                allow(),
            ),
        ),
        ("proxyNotTrusted", super::unknown_proxy(None, &[], None, &[], vantage)),
        (
            "mixedContent",
            unreached(
                "This page came over HTTPS, so the browser connects only to addresses that begin with wss://, and {address} does not.",
            ),
        ),
        (
            "cut",
            unreached_fix(
                "The connection to {address} was cut ({code}) before the gateway said anything: by a proxy, a tunnel, or a gateway that stopped. The page tries again by itself.",
                check(),
            ),
        ),
        (
            "silent",
            unreached_fix(
                "{address} opened the WebSocket and then said nothing: the gateway hangs, or a proxy holds its messages back. The page tries again by itself.",
                check(),
            ),
        ),
        (
            "interrupted",
            unreached("The connection to the gateway was interrupted. The page reconnects by itself."),
        ),
        (
            "ticksMissing",
            unreached(
                "The gateway was not heard for a while, so the connection counts as dead. The page reconnects by itself.",
            ),
        ),
        (
            "declined",
            Help::wait(
                Cause::NewDevice,
                "The owner declined this request. If that was a mistake, ask once more.",
            ),
        ),
        (
            "cannotSign",
            Help::wait(
                Cause::ProofWrong,
                "This browser could not sign with the key that it keeps for this gateway. Reload the page; if that does not help, clear this site's data, and the browser introduces itself as a new device.",
            ),
        ),
        (
            "keptForTab",
            kept(
                "This browser keeps nothing for this page: it is a private window, or its storage is blocked. What it is approved for lasts until this tab is closed; in a normal window it lasts.",
            ),
        ),
        (
            "keptForPage",
            kept(
                "This browser keeps nothing for this page, not even for this tab. What it is approved for lasts until the page is reloaded; with storage allowed for this site it lasts.",
            ),
        ),
        (
            "notConnected",
            unreached("There is no connection to the gateway at the moment. What you see may be old."),
        ),
        (
            "callUnanswered",
            unreached(
                "The gateway did not answer {method} in time. It may have done it all the same: look before you try again.",
            ),
        ),
        (
            "callCut",
            unreached(
                "The connection ended before the answer to {method} came. It may have been done all the same: look before you try again.",
            ),
        ),
        (
            "unknownMethod",
            Help::new(
                Cause::Protocol,
                "This gateway does not know {method}: it is of another version than this page.",
                vantage.on_gateway("--version"),
            ),
        ),
    ]
    .into_iter()
    .map(|(key, help)| PageWords { key, help })
    .collect()
}

/// What a proxy needs so that WebSockets come through, by the proxy's name.
pub const PROXY_LINES: [(&str, &[&str]); 2] = [
    (
        "nginx",
        &[
            "proxy_http_version 1.1;",
            "proxy_set_header Upgrade $http_upgrade;",
            "proxy_set_header Connection \"upgrade\";",
        ],
    ),
    ("Apache", &["ProxyPass \"/\" \"http://127.0.0.1:18789/\" upgrade=websocket"]),
];
