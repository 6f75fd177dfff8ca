//! What is wrong at the gateway, from what it said: clock, forwarded headers, origin, protocol, credentials, pairing. Pure.

use std::net::IpAddr;

use openclaw_protocol::connect::{ClientHint, ClientKind};
use openclaw_protocol::device_proof::{ProofError, ProofKind};
use openclaw_protocol::refusal::{self, AuthFailure, AuthReason, Cause as CauseId, Help, Refusal};
use openclaw_protocol::time::{self, Millis};
use openclaw_protocol::words::Words;
use serde::Deserialize;

use super::judge::{Way, may_be_offered};
use super::sides::{Duty, Setting, Side, proxies};
use super::{Finding, Hop};
use crate::auth::Sent;
use crate::error::ConnectError;

/// How far a clock may be off before signatures are refused, in milliseconds.
const MAX_SKEW_MS: u64 = 120_000;
/// How far a clock may be off before it is worth a word.
const NOTED_SKEW_MS: u64 = 30_000;

/// What the gateway says that it saw of the peer (`GET /__openclaw__/seen`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Seen {
    /// The client's address, as far as the gateway believes it.
    pub(super) address: Option<IpAddr>,
    /// `direct`, `trusted-proxy` or `unlisted-proxy`.
    pub(super) path: String,
    /// Names of the forwarding headers that arrived.
    pub(super) headers: Vec<String>,
    /// The `Host` header as it arrived.
    pub(super) host: Option<String>,
}

/// The gateway's clock and ours at the same moment.
pub(super) fn clock(way: &Way<'_>, clocks: Option<(Millis, Millis)>) -> Finding {
    let Some((theirs, ours)) = clocks else {
        return Finding::skipped(Hop::Clock, "the gateway does not say what time it is");
    };
    let apart = theirs.0.abs_diff(ours.0);
    if apart < NOTED_SKEW_MS {
        return Finding::passed(Hop::Clock, "both clocks agree");
    }
    let side = if ours.0 > theirs.0 { "ahead of" } else { "behind" };
    let fact = format!("this machine's clock is {} {side} the gateway's", time::in_words(apart));
    let skew_ms = i64::try_from(ours.0).unwrap_or(i64::MAX) - i64::try_from(theirs.0).unwrap_or(i64::MAX);
    let help =
        Refusal::Proof(ProofError { kind: ProofKind::Expired, skew_ms: Some(skew_ms) }).help_for(way.vantage);
    let settings =
        [Setting::new(Side::Gateway, "sudo timedatectl set-ntp true   (if its clock is the wrong one)")];
    if apart < MAX_SKEW_MS {
        Finding::noted(Hop::Clock, fact, help).with(settings)
    } else {
        Finding::failed(Hop::Clock, fact, help).with(settings)
    }
}

/// What arrived of the forwarded headers. `server` is what answered HTTP.
pub(super) fn headers(way: &Way<'_>, seen: Option<&Seen>, server: Option<&str>) -> Finding {
    let Some(seen) = seen else {
        return Finding::skipped(Hop::Headers, "this gateway does not tell what it sees");
    };
    let address = seen.address.map_or_else(|| "somebody".to_owned(), |address| address.to_string());
    let asked = way.url.host.to_string();
    let host = seen.host.as_deref().map(Words::new);
    let names: Vec<Words> = seen.headers.iter().map(|name| Words::new(name)).collect();
    let forward = || proxies(Duty::Forward, server);
    match seen.path.as_str() {
        "unlisted-proxy" => {
            let offer = seen.address.and_then(may_be_offered);
            let help = refusal::unknown_proxy(seen.address, &names, offer, &[], way.vantage);
            let fact = format!(
                "the gateway sees a proxy at {address} that it does not know, so all its visitors are one to it"
            );
            let fix = help.fix.clone().unwrap_or_default();
            Finding::noted(Hop::Headers, fact, help).with([Setting::new(Side::Gateway, fix)]).with(forward())
        }
        "trusted-proxy" => Finding::passed(
            Hop::Headers,
            format!("the gateway sees this machine as {address}, through a proxy that it trusts"),
        ),
        _ if host.as_ref().is_some_and(|host| !names_host(host.as_str(), &asked)) => {
            let host = host.map(|host| host.to_string()).unwrap_or_default();
            let fact =
                format!("the gateway was asked for {host}, not for {asked}: a proxy changes the Host header");
            let sentence = format!("{fact}, so the pages of {asked} look foreign to it.");
            let help = Help {
                cause: CauseId::UnknownProxy,
                sentence,
                fix: Some(way.vantage.openclaw_at_url("doctor")),
                place: refusal::Place::Here,
            };
            Finding::noted(Hop::Headers, fact, help)
                .with([Setting::new(Side::Gateway, "nothing to change")])
                .with(forward())
        }
        _ => Finding::passed(Hop::Headers, format!("the gateway sees this machine directly, as {address}")),
    }
}

/// Whether a `Host` header names that host, whatever the port.
fn names_host(header: &str, host: &str) -> bool {
    let name = match header.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => header.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case(host.trim_matches(['[', ']']))
}

/// Whether a page of `origin` may connect: the answer to somebody who came from it without any secret.
pub(super) fn origin(way: &Way<'_>, origin: &str, answer: &Result<(), ConnectError>) -> Finding {
    let refused = answer.as_ref().err().and_then(ConnectError::refused);
    let is_refused = refused.is_some_and(|refused| refused.code() == Some("CONTROL_UI_ORIGIN_NOT_ALLOWED"));
    if !is_refused {
        return match answer {
            Err(error) if error.refused().is_none() => {
                Finding::skipped(Hop::Origin, format!("not found out: {}", error.sentence()))
            }
            _ => Finding::passed(Hop::Origin, format!("pages of {origin} may connect")),
        };
    }
    let help = Refusal::Origin { missing: false, origin: Some(Words::new(origin)) }.help_for(way.vantage);
    let fix = help.fix.clone().unwrap_or_default();
    Finding::failed(Hop::Origin, format!("pages of {origin} may not connect"), help)
        .with([Setting::new(Side::Gateway, fix)])
        .with(proxies(Duty::Forward, None))
}

/// Protocol, credentials and pairing, from the answer to a connection with what this machine has. `anonymous`: nothing
/// was sent, because there is nothing, or because it would go in the clear.
pub(super) fn admission(
    way: &Way<'_>,
    answer: &Result<Admitted, ConnectError>,
    anonymous: Option<&'static str>,
) -> Vec<Finding> {
    let protocol = |fact: &str| Finding::passed(Hop::Protocol, fact);
    let later = |hop| Finding::skipped(hop, "behind a hop that fails");
    let error = match answer {
        Ok(admitted) => return admitted.findings(way),
        Err(error) => error,
    };
    let help = error.help_at(way.vantage);
    let sentence = error.sentence();
    let id = error.refused().and_then(|refused| refused.request_id()).map(str::to_owned);
    match help.cause {
        CauseId::Protocol => vec![
            Finding::failed(Hop::Protocol, sentence, help)
                .with([Setting::new(Side::Gateway, way.vantage.on_gateway("--version"))])
                .with([Setting::new(Side::Here, way.vantage.openclaw("--version"))]),
            later(Hop::Auth),
            later(Hop::Pairing),
        ],
        CauseId::NewDevice | CauseId::WiderAccess | CauseId::OtherRole | CauseId::DetailsChanged => {
            let fix = help.fix.clone().unwrap_or_default();
            let mut pairing =
                Finding::failed(Hop::Pairing, sentence, help).with([Setting::new(Side::Gateway, fix)]);
            pairing.request_id = id;
            let sent = match error.sent {
                Sent::Nothing => "the gateway asks for no secret".to_owned(),
                sent => format!("{sent} is accepted"),
            };
            vec![protocol("there is a common protocol"), Finding::passed(Hop::Auth, sent), pairing]
        }
        _ if error.refused().is_none() => {
            vec![Finding::failed(Hop::Protocol, sentence, help), later(Hop::Auth), later(Hop::Pairing)]
        }
        _ if anonymous.is_some() => {
            let why = anonymous.unwrap_or_default();
            vec![
                protocol("there is a common protocol"),
                Finding { help: Some(help), ..Finding::skipped(Hop::Auth, why) },
                Finding::skipped(Hop::Pairing, why),
            ]
        }
        _ => {
            let fix = help.fix.clone();
            vec![
                protocol("there is a common protocol"),
                Finding::failed(Hop::Auth, sentence, help)
                    .with(fix.map(|fix| Setting::new(Side::Gateway, fix))),
                later(Hop::Pairing),
            ]
        }
    }
}

/// A connection that was let in.
#[derive(Debug)]
pub(super) struct Admitted {
    /// The protocol.
    pub(super) protocol: u32,
    /// What was accepted.
    pub(super) sent: Sent,
    /// What it may do.
    pub(super) scopes: Vec<String>,
}

impl Admitted {
    fn findings(&self, way: &Way<'_>) -> Vec<Finding> {
        let protocol = format!("protocol {}", self.protocol);
        let auth = match self.sent {
            Sent::Nothing => Finding::passed(Hop::Auth, "the gateway asks for no secret"),
            // The one more try: the first was refused.
            Sent::SharedAndDevice { token } => {
                let client = ClientHint { kind: ClientKind::Cli, local: !way.vantage.is_elsewhere() };
                let failure = AuthFailure::new(AuthReason::TokenMismatch, client);
                let help = Refusal::Unauthorized(failure).help_for(way.vantage);
                let token = token.describe("token");
                let fact =
                    format!("the token from {token} is not the gateway's; this device's own token let it in");
                Finding::noted(Hop::Auth, fact, help)
            }
            sent => Finding::passed(Hop::Auth, format!("{sent} is accepted")),
        };
        let scopes: Vec<String> = self.scopes.iter().map(|scope| Words::new(scope).to_string()).collect();
        let paired = if scopes.is_empty() {
            "let in, without any access".to_owned()
        } else {
            format!("this device is approved for {}", scopes.join(", "))
        };
        vec![Finding::passed(Hop::Protocol, protocol), auth, Finding::passed(Hop::Pairing, paired)]
    }
}
