//! Explanations for what is not a refusal of the gateway: a start that fails, a gateway that cannot be reached,
//! tokens that do not agree, a call that lacks a scope (causes C-08, C-15, C-17 to C-20). Pure: the facts come in.

use super::{Cause, Help, Vantage, vantage::plain_id};
use crate::{
    dialect::Dialect,
    error::ErrorShape,
    ids::RequestId,
    scope::{Scope, ScopeSet},
    words::Words,
};
use serde_json::{Value, json};
use std::net::IpAddr;

/// A call that lacks a scope, with what the caller holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingScope {
    /// The scope that is named as missing.
    pub missing: Scope,
    /// All scopes the method needs.
    pub required: Vec<Scope>,
    /// What the connection holds, when that is known.
    pub held: Option<ScopeSet>,
    /// Whether scopes were dropped because the connection has no device identity.
    pub without_device: bool,
    /// The waiting request that would widen the device, when there is one.
    pub request_id: Option<RequestId>,
}

impl MissingScope {
    /// The error with `details.help`, whose command is for `vantage`.
    #[must_use]
    pub fn error(&self, dialect: Dialect, vantage: &Vantage) -> ErrorShape {
        let help = self.help(vantage);
        let mut error = ErrorShape::forbidden_scope(dialect, &self.missing, &self.required);
        match &mut error.details {
            Some(Value::Object(details)) => {
                details.insert("help".to_owned(), json!(help));
            }
            details => *details = Some(json!({"help": help})),
        }
        error
    }

    /// Sentence and fix (C-17).
    #[must_use]
    pub fn help(&self, vantage: &Vantage) -> Help {
        let why = if self.without_device {
            " Scopes were not granted because the client sent no device identity."
        } else {
            ""
        };
        let fix = match &self.request_id {
            Some(request) => vantage.approve(request),
            None => vantage.on_gateway("devices list"),
        };
        Help::new(
            Cause::MissingScope,
            match &self.held {
                Some(held) => format!(
                    "This call needs {}; the connection has {held}.{why} The owner can approve more for this device.",
                    self.missing.short(),
                ),
                None => format!(
                    "This call needs {}, which the connection does not have.{why} The owner can approve more for this device.",
                    self.missing.short(),
                ),
            },
            fix,
        )
    }
}

/// Who holds a port.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PortHolder {
    /// Its process id.
    pub pid: Option<u32>,
    /// Its program, for example `openclaw` or `node`.
    pub program: Option<Words>,
    /// Its version, when it answered as a gateway.
    pub version: Option<Words>,
    /// Its systemd unit, when it has one.
    pub unit: Option<String>,
    /// Whether that unit is one of the machine's, which only root may stop.
    pub system_unit: bool,
    /// Whether it is a program of a former product.
    pub former: bool,
    /// Whether it is this product's own gateway on the same state.
    pub ours: bool,
}

/// C-18: the port is taken.
#[must_use]
pub fn port_taken(url: &str, holder: Option<&PortHolder>, vantage: &Vantage) -> Help {
    let url = Words::new(url);
    let Some(holder) = holder else {
        let sentence = format!("Another program is already listening on {url}, and it cannot be seen which.");
        return Help::new(Cause::PortTaken, sentence, vantage.openclaw("gateway status"));
    };
    let program = holder.program.as_ref().map_or("another program", |words| words.as_str());
    let mut who = program.to_owned();
    if let Some(version) = &holder.version {
        who.push_str(&format!(" {version}"));
    }
    if let Some(pid) = holder.pid {
        who.push_str(&format!(" (pid {pid})"));
    }
    let unit = holder.unit.as_deref().map(|unit| plain_id(unit, "<unit>"));
    if let Some(unit) = unit {
        who.push_str(&format!(" of the service {unit}"));
    }
    let retired_by = match (unit, holder.pid) {
        _ if !holder.former => None,
        (Some(unit), _) if holder.system_unit => Some(format!("sudo systemctl disable --now {unit}")),
        (Some(unit), _) => Some(vantage.os.retire(unit)),
        (None, Some(pid)) => Some(format!("kill {pid}")),
        (None, None) => None,
    };
    match (retired_by, holder.ours) {
        (Some(command), _) => Help::new(
            Cause::PortTaken,
            format!("{url} is held by {who}: an older installation that is still running. Retire it."),
            command,
        ),
        (None, true) => Help::new(
            Cause::PortTaken,
            format!(
                "A gateway is already listening on {url}: {who}. Restart that one instead of starting a second."
            ),
            vantage.openclaw("gateway restart"),
        ),
        (None, false) => Help::new(
            Cause::PortTaken,
            format!("{url} is held by {who}. Stop it if it is yours, or give the gateway another port."),
            vantage.openclaw("config set gateway.port <port>"),
        ),
    }
}

/// C-19: a bind that others can reach, without authentication. `bind` is the mode, `missing` what the auth mode lacks.
#[must_use]
pub fn bind_without_auth(bind: &str, missing: &str, vantage: &Vantage) -> Help {
    Help::new(
        Cause::BindWithoutAuth,
        format!(
            "With bind {} other machines can reach the gateway, and {}: anybody could take it over.",
            Words::new(bind),
            Words::new(missing)
        ),
        vantage.openclaw("doctor --generate-gateway-token"),
    )
}

/// C-12: the token was taken out of the configuration of a gateway that runs. It goes on with the one it had.
#[must_use]
pub fn token_removed(vantage: &Vantage) -> Help {
    Help::new(
        Cause::NoSecretConfigured,
        "The token was removed from the configuration; the previous one stays in force until the gateway restarts.",
        vantage.openclaw("doctor --generate-gateway-token"),
    )
}

/// C-15: a request came through a proxy that the gateway does not know. `offer` is the address that may be put into
/// the fix: only loopback, own, or default-gateway addresses may be offered (ruling 33). `listed` are the entries that
/// stand there already, for the owner's eyes: the command replaces the list, so it has to keep them.
#[must_use]
pub fn unknown_proxy(
    address: Option<IpAddr>,
    headers: &[Words],
    offer: Option<IpAddr>,
    listed: &[String],
    vantage: &Vantage,
) -> Help {
    let who = address.map_or_else(|| "a proxy".to_owned(), |ip| format!("a proxy at {ip}"));
    let which = if headers.is_empty() {
        String::new()
    } else {
        let names: Vec<&str> = headers.iter().map(Words::as_str).collect();
        format!(" (it sent {})", names.join(", "))
    };
    let offered = offer.map_or_else(|| "<proxy address>".to_owned(), |ip| ip.to_string());
    let harmless = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'/');
    let mut kept: Vec<&str> =
        listed.iter().map(|entry| entry.trim()).filter(|entry| entry.bytes().all(harmless)).collect();
    kept.push(&offered);
    Help::new(
        Cause::UnknownProxy,
        format!(
            "The request was forwarded by {who} that the gateway does not know{which}, so nothing it says about the sender is believed. Is the proxy yours? Then name it."
        ),
        vantage.config_list("gateway.trustedProxies", &kept),
    )
}

/// C-15 for a proxy that is listed and does not say for whom it speaks: everybody behind it counts as one client.
#[must_use]
pub fn silent_proxy(address: IpAddr, vantage: &Vantage) -> Help {
    Help::new(
        Cause::UnknownProxy,
        format!(
            "The proxy at {address} is listed in gateway.trustedProxies, but it does not say for whom it speaks, so everybody behind it counts as one client. Let it set X-Forwarded-For to its client's address. If it sends only X-Real-IP, allow that instead."
        ),
        vantage.on_gateway("config set gateway.allowRealIpFallback true"),
    )
}

/// Where a token came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenSource {
    /// `--token` on the command line.
    Flag,
    /// An environment variable, and the unit or compose file that sets it, when that is known.
    Env {
        /// Name of the variable.
        name: String,
        /// The file that sets it.
        set_in: Option<Words>,
    },
    /// `gateway.auth.token` in the configuration.
    ConfigAuth,
    /// `gateway.remote.token` in the configuration.
    ConfigRemote,
    /// The device's own stored token.
    Stored,
}

impl TokenSource {
    fn words(&self) -> String {
        match self {
            Self::Flag => "--token".to_owned(),
            Self::Env { name, set_in: Some(file) } => format!("{} (set in {file})", Words::new(name)),
            Self::Env { name, set_in: None } => Words::new(name).as_str().to_owned(),
            Self::ConfigAuth => "gateway.auth.token".to_owned(),
            Self::ConfigRemote => "gateway.remote.token".to_owned(),
            Self::Stored => "this device's stored token".to_owned(),
        }
    }
}

/// A source and, where it may be told, the fingerprint of what came from it.
fn side((source, print): (&TokenSource, Option<&str>)) -> String {
    match print {
        Some(print) => format!("{} [{}]", source.words(), plain_id(print, "?")),
        None => source.words(),
    }
}

/// C-08 as the refused client sees it, who knows only where his own token came from: the one command that aligns it with
/// the gateway's. The fingerprint is of the client's own token.
#[must_use]
pub fn token_refused(client: (&TokenSource, Option<&str>), vantage: &Vantage) -> Help {
    let facts = format!(
        "The token that was sent is not the gateway's token: this client took it from {}.",
        side(client)
    );
    match client.0 {
        TokenSource::Env { name, .. } if vantage.is_elsewhere() => Help::here(
            Cause::TokenDiffers,
            format!("{facts} Put the gateway's token there."),
            vantage.os.set(plain_id(name, "<variable>"), "<token>"),
        ),
        source => align(source, &facts, vantage),
    }
}

/// The one command that gives the client the gateway's token, by where the client took its own from.
fn align(client: &TokenSource, facts: &str, vantage: &Vantage) -> Help {
    let here = |advice: &str, fix: String| Help::here(Cause::TokenDiffers, format!("{facts} {advice}"), fix);
    match client {
        TokenSource::Env { name, .. } => here(
            "The variable wins over the configuration, so unset it or correct it where it is set.",
            vantage.os.unset(plain_id(name, "<variable>")),
        ),
        TokenSource::ConfigRemote | TokenSource::ConfigAuth => here(
            "Store the gateway's token for this client.",
            vantage.openclaw("config set gateway.remote.token <token>"),
        ),
        TokenSource::Flag | TokenSource::Stored => Help::new(
            Cause::TokenDiffers,
            format!("{facts} Show the gateway's token on its host and use it here."),
            vantage.on_gateway("gateway auth-token --show"),
        ),
    }
}

/// C-08 with both sides known: where each took its token from, and the one command that makes them agree. For the
/// owner's eyes. Fingerprints as of [`crate::secret::Secret::fingerprint`]; `stale` when the configuration holds the
/// client's token but the running gateway does not use it yet.
#[must_use]
pub fn token_mismatch(
    client: (&TokenSource, Option<&str>),
    gateway: (&TokenSource, Option<&str>),
    stale: bool,
    vantage: &Vantage,
) -> Help {
    let facts =
        format!("The tokens differ: this client uses {}, the gateway uses {}.", side(client), side(gateway));
    if stale {
        let sentence = format!("{facts} The gateway has not taken over its configuration yet.");
        return Help::new(Cause::TokenDiffers, sentence, vantage.openclaw("gateway restart"));
    }
    align(client.0, &facts, vantage)
}
