//! The way back: from an error and a close as a client saw them to the help it shows. The gateway on the other side
//! is a stranger too, so its sentence is escaped and its command is never copied: commands are built here, from the
//! codes, at the reader's vantage point.

use super::{
    AuthFailure, AuthReason, Caller, Cause, DrainReason, Help, InvalidatedWhy, MissingScope, PairingReason,
    PairingRefusal, Refusal, ScopeGap, Vantage, explain, proof_words,
};
use crate::{
    close::{self, Close},
    connect::{ClientHint, ClientKind},
    device_proof::{ProofError, ProofKind},
    error::{ErrorCode, ErrorShape},
    ids::{DeviceId, RequestId},
    role::Role,
    scope::{Scope, ScopeSet},
    words,
};
use serde_json::Value;
use std::net::IpAddr;

/// Longest sentence taken over from a gateway.
const MAX_SENTENCE_CHARS: usize = 700;

/// What to tell the person at `vantage` about an error answer, a close, or both. Works with this product's gateway
/// and with both generations of the original. `None` when neither says anything known.
#[must_use]
pub fn help_from_wire(error: Option<&ErrorShape>, close: Option<&Close>, vantage: &Vantage) -> Option<Help> {
    let vantage = &on_its_host(error, vantage);
    let told = error.and_then(told);
    let refusal = error.and_then(|error| from_error(error, close)).or_else(|| close.and_then(from_close));
    let mut help = refusal
        .map(|refusal| refusal.help_for(vantage))
        .or_else(|| protocol(error, close, vantage))
        .or_else(|| nameless_pairing(error, close, vantage))
        .or_else(|| Some(missing_scope(error?)?.help(vantage)))
        // A cause that this version has no words for: the gateway's sentence, and no command.
        .or_else(|| Some(Help::wait(told.as_ref()?.0, "")))?;
    // The gateway knows more than its codes say (addresses, seconds, scopes), so its own sentence is better.
    if let Some((cause, sentence)) = told {
        help.cause = cause;
        help.sentence = sentence;
    }
    Some(help)
}

/// The address under which the gateway says that it sees the client.
#[must_use]
pub fn seen_from_wire(error: &ErrorShape) -> Option<IpAddr> {
    told_text(error, "seen")?.parse().ok()
}

/// When the gateway is elsewhere, only it knows how `openclaw` is called there.
fn on_its_host(error: Option<&ErrorShape>, vantage: &Vantage) -> Vantage {
    let mut vantage = vantage.clone();
    if let (Some(gateway), Some(fix)) =
        (&mut vantage.gateway, error.and_then(|error| told_text(error, "fix")))
    {
        *gateway = Caller::of_command(fix);
    }
    vantage
}

fn told_text<'a>(error: &'a ErrorShape, name: &str) -> Option<&'a str> {
    error.details.as_ref()?.get("help")?.get(name)?.as_str()
}

/// Cause and sentence of `details.help`.
fn told(error: &ErrorShape) -> Option<(Cause, String)> {
    let cause = Cause::parse(told_text(error, "cause")?)?;
    let sentence = words::escape(told_text(error, "sentence")?, MAX_SENTENCE_CHARS);
    (!sentence.is_empty()).then_some((cause, sentence))
}

fn from_error(error: &ErrorShape, close: Option<&Close>) -> Option<Refusal> {
    let message = error.message.as_str();
    let code = error.detail("code").unwrap_or_default();
    if code == "PAIRING_REQUIRED"
        || (error.code == ErrorCode::NotPaired && message.starts_with("pairing required"))
    {
        return pairing(error, close).map(Refusal::Pairing);
    }
    if let Some(reason) = AuthReason::from_wire(code, error.detail("authReason")) {
        return Some(Refusal::Unauthorized(auth(error, reason)));
    }
    if let Some(kind) = ProofKind::ALL.into_iter().find(|kind| proof_words(*kind).1 == code) {
        return Some(Refusal::Proof(ProofError::from(kind)));
    }
    match code {
        "CONTROL_UI_ORIGIN_NOT_ALLOWED" => {
            let missing = error.detail("reason") == Some("origin missing or invalid");
            return Some(Refusal::Origin { missing, origin: None });
        }
        "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" => return Some(Refusal::DeviceRequired { control_ui: true }),
        "DEVICE_IDENTITY_REQUIRED" => return Some(Refusal::DeviceRequired { control_ui: false }),
        _ => {}
    }
    if message.starts_with("protocol mismatch: Control UI updated") {
        return Some(Refusal::BuildMismatch { gateway_build: String::new() });
    }
    if error.code == ErrorCode::Unavailable {
        return unavailable(error);
    }
    match message {
        "invalid role" => Some(Refusal::InvalidRole),
        "invalid handshake: first request must be connect" => Some(Refusal::NotConnect),
        _ if message.starts_with("invalid connect params") => {
            Some(Refusal::InvalidParams { message: words::escape(message, MAX_SENTENCE_CHARS) })
        }
        _ => by_words(message),
    }
}

/// Texts of gateways that send no details, and close reasons.
fn by_words(text: &str) -> Option<Refusal> {
    let known = [
        ("device token mismatch", AuthReason::DeviceTokenMismatch),
        ("device token scope mismatch", AuthReason::ScopeMismatch),
        ("gateway token missing", AuthReason::TokenMissing),
        ("gateway token mismatch", AuthReason::TokenMismatch),
        ("gateway token not configured", AuthReason::TokenNotConfigured),
        ("gateway password missing", AuthReason::PasswordMissing),
        ("gateway password mismatch", AuthReason::PasswordMismatch),
        ("gateway password not configured", AuthReason::PasswordNotConfigured),
        ("bootstrap token invalid", AuthReason::BootstrapInvalid),
        ("setup code invalid", AuthReason::BootstrapInvalid),
        ("too many failed authentication attempts", AuthReason::RateLimited),
    ];
    if text.starts_with("unauthorized") && !text.starts_with("unauthorized role") {
        let reason = known
            .into_iter()
            .find(|(words, _)| text.contains(words))
            .map_or(AuthReason::Unauthorized, |(_, reason)| reason);
        return Some(Refusal::Unauthorized(AuthFailure::new(reason, hint_of(text))));
    }
    match text {
        "device identity required" => Some(Refusal::DeviceRequired { control_ui: false }),
        _ if text.starts_with("control ui requires device identity") => {
            Some(Refusal::DeviceRequired { control_ui: true })
        }
        _ if text.starts_with("origin not allowed") => Some(Refusal::Origin { missing: false, origin: None }),
        _ => ProofKind::ALL
            .into_iter()
            .find(|kind| proof_words(*kind).0 == text)
            .map(|kind| Refusal::Proof(ProofError::from(kind))),
    }
}

fn from_close(close: &Close) -> Option<Refusal> {
    let reason = close.reason.as_str();
    let withdrawn = |why| Some(Refusal::Invalidated { why });
    match (close.code, reason) {
        (close::POLICY, "slow consumer") => Some(Refusal::SlowConsumer),
        (close::POLICY, "repeated unauthorized calls") => Some(Refusal::RepeatedUnauthorized),
        (close::POLICY, "invalid request frame") => Some(Refusal::InvalidFrame),
        (close::POLICY, "invalid-handshake") => Some(Refusal::WorkerClaim),
        (close::POLICY, "too many pending handshake frames") => Some(Refusal::TooManyHandshakeFrames),
        (close::NORMAL, "handshake timeout") => Some(Refusal::HandshakeTimeout),
        (close::NORMAL, "invalid JSON") => Some(Refusal::InvalidJson),
        (close::TOO_LARGE, _) => Some(Refusal::FrameTooLarge),
        (close::SERVICE_RESTART, _) => Some(Refusal::Draining { reason: DrainReason::Restart }),
        (close::TRY_AGAIN_LATER, "gateway starting") => Some(Refusal::Starting),
        (close::TRY_AGAIN_LATER, _) if reason.starts_with("too many unfinished connections") => {
            Some(Refusal::Displaced)
        }
        (close::INVALIDATED, "gateway auth changed") => withdrawn(InvalidatedWhy::AuthChanged),
        (close::INVALIDATED, _) => {
            let why = InvalidatedWhy::ALL.into_iter().find(|why| reason.ends_with(why.as_str()));
            withdrawn(why.unwrap_or(InvalidatedWhy::AccessReduced))
        }
        (close::POLICY, _) if reason.starts_with("pairing required") => {
            Some(Refusal::Pairing(bare_pairing(close.request_id()?)))
        }
        _ => by_words(reason),
    }
}

/// A pairing refusal of which only the request is known. The device id is never shown from here.
fn bare_pairing(request_id: RequestId) -> PairingRefusal {
    PairingRefusal {
        reason: PairingReason::NotPaired,
        request_id,
        device_id: DeviceId::of_public_key(&[0; 32]),
        requested_role: Role::Operator,
        requested_scopes: ScopeSet::EMPTY,
        approved_roles: Vec::new(),
        approved_scopes: ScopeSet::EMPTY,
        control_ui: false,
        not_local: None,
        token_accepted: false,
        claimable: false,
    }
}

fn pairing(error: &ErrorShape, close: Option<&Close>) -> Option<PairingRefusal> {
    let request =
        error.detail("requestId").and_then(RequestId::parse).or_else(|| close.and_then(Close::request_id))?;
    let list = |name: &str| error.details.as_ref().and_then(|details| details.get(name)).cloned();
    let scopes = |name| list(name).and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default();
    let roles = |name| list(name).and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default();
    let bare = bare_pairing(request);
    Some(PairingRefusal {
        reason: error.detail("reason").and_then(PairingReason::parse).unwrap_or(PairingReason::NotPaired),
        device_id: error.detail("deviceId").and_then(DeviceId::parse).unwrap_or(bare.device_id),
        requested_role: error.detail("requestedRole").and_then(Role::parse).unwrap_or(Role::Operator),
        requested_scopes: scopes("requestedScopes"),
        approved_roles: roles("approvedRoles"),
        approved_scopes: scopes("approvedScopes"),
        request_id: bare.request_id,
        ..bare
    })
}

fn auth(error: &ErrorShape, reason: AuthReason) -> AuthFailure {
    let mut failure = AuthFailure::new(reason, hint_of(&error.message));
    failure.can_retry_with_device_token = error
        .details
        .as_ref()
        .and_then(|details| details.get("canRetryWithDeviceToken"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    failure.retry_after_ms = error.retry_after_ms;
    // The request that would widen the device stands in our gateway's own fix; take the id, not the command.
    let fix = told_text(error, "fix");
    let request = fix.and_then(|fix| RequestId::parse(fix.rsplit_once("devices approve ")?.1));
    if failure.reason == AuthReason::ScopeMismatch && request.is_some() {
        failure.gap = Some(ScopeGap { request_id: request, ..ScopeGap::default() });
    }
    let device = fix.and_then(|fix| fix.rsplit_once("--device ")?.1.split(' ').next());
    failure.device_id = device.and_then(DeviceId::parse);
    failure
}

/// Whom the gateway took the client for, from the words of its hint.
fn hint_of(message: &str) -> ClientHint {
    let kind = if message.contains("Control UI") {
        ClientKind::ControlUi
    } else if message.contains("gateway.remote") || message.contains("this gateway's") {
        ClientKind::Cli
    } else {
        ClientKind::Other
    };
    ClientHint { kind, local: message.contains("this gateway's") }
}

/// A pairing refusal that names no (usable) request, as early gateways close: the list on the gateway has it.
fn nameless_pairing(error: Option<&ErrorShape>, close: Option<&Close>, vantage: &Vantage) -> Option<Help> {
    let reason = error.map(|error| error.message.as_str()).or_else(|| Some(close?.reason.as_str()))?;
    reason.starts_with("pairing required").then(|| {
        let sentence = "The gateway's owner must approve this device, or what it asks for. The list of waiting devices has it.";
        Help::new(Cause::NewDevice, sentence, vantage.on_gateway("devices list"))
    })
}

/// A gateway and a client without a common protocol. Other gateways name one protocol that they expect, or none.
fn protocol(error: Option<&ErrorShape>, close: Option<&Close>, vantage: &Vantage) -> Option<Help> {
    let mismatch = error.map_or_else(
        || close.is_some_and(|close| close.code == close::PROTOCOL),
        |error| error.message == "protocol mismatch",
    );
    let number = |name: &str| error?.details.as_ref()?.get(name)?.as_i64();
    let range = number("clientMinProtocol").zip(number("clientMaxProtocol"));
    mismatch.then(|| explain::foreign_protocol(range, number("expectedProtocol"), vantage))
}

fn unavailable(error: &ErrorShape) -> Option<Refusal> {
    let retry_after_ms = error.retry_after_ms.unwrap_or(1000);
    match error.detail("reason") {
        Some("startup-sidecars") => Some(Refusal::Starting),
        Some("too-many-waiting") => Some(Refusal::TooManyWaiting { retry_after_ms }),
        Some("store-unavailable") => Some(Refusal::StoreUnavailable { retry_after_ms, why: String::new() }),
        Some("gateway-suspending") => Some(Refusal::Draining { reason: DrainReason::Suspension }),
        Some("gateway-restarting") => Some(Refusal::Draining { reason: DrainReason::Restart }),
        _ if error.message.contains("during gateway restart") => {
            Some(Refusal::Draining { reason: DrainReason::Restart })
        }
        _ if error.message.contains("during gateway suspension") => {
            Some(Refusal::Draining { reason: DrainReason::Suspension })
        }
        _ => None,
    }
}

fn missing_scope(error: &ErrorShape) -> Option<MissingScope> {
    let missing = Scope::known(error.message.strip_prefix("missing scope: ")?)?;
    Some(MissingScope {
        required: vec![missing.clone()],
        missing,
        held: None,
        without_device: false,
        request_id: None,
    })
}
