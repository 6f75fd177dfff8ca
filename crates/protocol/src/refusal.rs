//! The catalogue of refusals: for each, the wire code, the details, the close reason, the cause id, one plain
//! sentence and the command that mends it (auth-and-pairing §3, acceptance §1 and §2). Nothing else in the code
//! base words a refusal.
//!
//! [`Refusal`] is what was decided, with its facts. [`Refusal::wire`] says it to the client in its dialect;
//! [`Refusal::help_for`] says it to a person, with commands that work where that person is. The CLI has only what
//! came over the wire and uses [`help_from_wire`].

mod address;
mod auth;
mod explain;
mod from_wire;
mod help;
mod host;
mod page;
mod pairing;
mod title;
mod unreached;
mod vantage;

pub use auth::{AuthFailure, AuthReason, ScopeGap, TailscaleReason};
pub use from_wire::{help_from_wire, seen_from_wire};
pub use help::{Cause, Help, Place};
pub use host::{
    MissingScope, PortHolder, TokenSource, bind_without_auth, port_taken, silent_proxy, token_mismatch,
    token_refused, token_removed, unknown_proxy,
};
pub use page::{PROXY_LINES, PageWords, page_words};
pub use pairing::{MetadataChange, NotLocal, NotLocalWhy, PairingReason, PairingRefusal};
pub use unreached::{Unreached, Waiting, unreachable};
pub use vantage::{Caller, Os, Vantage};

use crate::{
    close::{self, Close},
    device_proof::{ProofError, ProofKind},
    dialect::Dialect,
    error::{ErrorCode, ErrorShape},
    ids::RequestId,
    words::Words,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Why a connection, or a live one, is refused.
///
/// Serialised it is what the journal keeps, so that a reader can be told with commands of the reader's own vantage point.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Refusal {
    /// The first frame is not JSON.
    InvalidJson,
    /// The first frame is JSON but not a request.
    InvalidFrame,
    /// The first request is not `connect`.
    NotConnect,
    /// A frame is larger than allowed at this point.
    FrameTooLarge,
    /// No successful `connect` in time.
    HandshakeTimeout,
    /// Too many frames before the answer to `connect`.
    TooManyHandshakeFrames,
    /// The parameters of `connect` do not have the right shape.
    InvalidParams {
        /// [`crate::connect::Invalid::message`] in the dialect of the client.
        message: String,
    },
    /// Neither protocol 3 nor 4 is in the client's range.
    ProtocolMismatch {
        /// Lowest protocol of the client.
        min: i64,
        /// Highest protocol of the client.
        max: i64,
    },
    /// The role is neither `operator` nor `node`.
    InvalidRole,
    /// A worker came to the wrong door.
    WorkerClaim,
    /// A browser page that this gateway served, of another build.
    BuildMismatch {
        /// The build it should have.
        gateway_build: String,
    },
    /// The gateway is not ready yet.
    Starting,
    /// The gateway is going down.
    Draining {
        /// What for.
        reason: DrainReason,
    },
    /// The page's origin is not allowed.
    Origin {
        /// Whether there was no usable origin at all.
        missing: bool,
        /// The origin as sent.
        origin: Option<Words>,
    },
    /// Credentials are missing, wrong or not wanted now.
    Unauthorized(AuthFailure),
    /// A signed device identity is needed and was not sent.
    DeviceRequired {
        /// Whether the client is a Control UI, which is told differently.
        control_ui: bool,
    },
    /// The device identity does not prove itself.
    Proof(ProofError),
    /// The owner must approve the device, or what it asks for.
    Pairing(PairingRefusal),
    /// The list of waiting devices is full (ruling 21).
    TooManyWaiting {
        /// When a place may be free, in milliseconds.
        retry_after_ms: u64,
    },
    /// Nothing can be recorded now.
    StoreUnavailable {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
        /// Why, for the owner's eyes: it may name paths, and never goes over the wire.
        #[serde(skip)]
        why: String,
    },
    /// The peer reads too slowly.
    SlowConsumer,
    /// The peer kept calling what its role may not.
    RepeatedUnauthorized,
    /// An unfinished connection gave way to newer ones (ruling 20).
    Displaced,
    /// A live connection's grant was withdrawn.
    Invalidated {
        /// What happened to it.
        why: InvalidatedWhy,
    },
}

/// What the gateway is going down for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DrainReason {
    /// It restarts.
    Restart,
    /// It is being suspended.
    Suspension,
}

/// What happened to a live connection's grant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum InvalidatedWhy {
    /// The device was removed.
    DeviceRemoved,
    /// Its token was revoked.
    TokenRevoked,
    /// Its token was rotated.
    TokenRotated,
    /// Its role or scopes were reduced.
    AccessReduced,
    /// The gateway's shared token or password changed.
    AuthChanged,
    /// An admin closed the connection and took nothing away.
    Closed,
}

impl InvalidatedWhy {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::DeviceRemoved,
        Self::TokenRevoked,
        Self::TokenRotated,
        Self::AccessReduced,
        Self::AuthChanged,
        Self::Closed,
    ];

    /// The words in the close reason.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceRemoved => "device removed",
            Self::TokenRevoked => "device token revoked",
            Self::TokenRotated => "device token rotated",
            Self::AccessReduced => "device access reduced",
            Self::AuthChanged => "gateway auth changed",
            Self::Closed => "connection closed by an admin",
        }
    }
}

/// What a gateway tells with a refusal, beyond the refusal itself.
#[derive(Clone, Debug, Default)]
pub struct Telling<'a> {
    /// What stands in the way after this (ruling 36). Name only what the client could see for itself: whether a secret
    /// is right must not be said to somebody who was refused before it counted as an attempt.
    pub ahead: &'a [Cause],
    /// How commands are typed ([`Vantage::of_client`]).
    pub vantage: Vantage,
    /// The client's own address, as the gateway sees it.
    pub seen: Option<IpAddr>,
    /// Whether the gateway has no operator yet and shows a claim code: the client may offer to take it (ruling 30).
    pub claimable: bool,
}

/// A refusal as it goes over the wire: at most one error answer, then the close.
#[derive(Clone, PartialEq, Debug)]
pub struct WireRefusal {
    /// The error for the `connect` request; `None` when there is nothing to answer.
    pub error: Option<ErrorShape>,
    /// How the socket is closed.
    pub close: Close,
}

impl WireRefusal {
    fn silent(code: u16, reason: &str) -> Self {
        Self { error: None, close: Close::new(code, reason) }
    }

    /// Error, and a close with the same text.
    fn policy(error: ErrorShape) -> Self {
        let close = Close::new(close::POLICY, error.message.clone());
        Self { error: Some(error), close }
    }

    fn with_close(error: ErrorShape, code: u16, reason: &str) -> Self {
        Self { error: Some(error), close: Close::new(code, reason) }
    }
}

impl Refusal {
    /// What is sent to the client in its dialect, with `details.help` added as for a gateway without profile or
    /// container.
    #[must_use]
    pub fn wire(&self, dialect: Dialect) -> WireRefusal {
        self.wire_told(dialect, &Telling::default())
    }

    /// As [`Refusal::wire`], with what this gateway can tell beyond the refusal itself.
    #[must_use]
    pub fn wire_told(&self, dialect: Dialect, telling: &Telling<'_>) -> WireRefusal {
        let mut wire = self.plain_wire(dialect);
        if let Some(error) = &mut wire.error {
            let help = self.help_for(&telling.vantage).ahead(telling.ahead);
            let mut help = json!({"cause": help.cause, "sentence": help.sentence, "fix": help.fix});
            if let Some(help) = help.as_object_mut() {
                if let Some(seen) = telling.seen {
                    help.insert("seen".to_owned(), json!(seen.to_string()));
                }
                if telling.claimable {
                    help.insert("claimable".to_owned(), json!(true));
                }
            }
            match &mut error.details {
                Some(Value::Object(details)) => {
                    details.insert("help".to_owned(), help);
                }
                details => *details = Some(json!({"help": help})),
            }
        }
        wire
    }

    /// The cause id of the acceptance list, the same in wire, log, CLI and page.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::InvalidJson
            | Self::InvalidFrame
            | Self::NotConnect
            | Self::FrameTooLarge
            | Self::TooManyHandshakeFrames
            | Self::InvalidParams { .. }
            | Self::InvalidRole
            | Self::WorkerClaim
            | Self::RepeatedUnauthorized => Cause::Malformed,
            Self::HandshakeTimeout | Self::SlowConsumer | Self::Displaced => Cause::TooSlow,
            Self::ProtocolMismatch { .. } | Self::BuildMismatch { .. } => Cause::Protocol,
            Self::Starting | Self::Draining { .. } => Cause::NotNow,
            Self::Origin { .. } => Cause::Origin,
            Self::Unauthorized(failure) => failure.reason.cause(),
            Self::DeviceRequired { .. } => Cause::NoIdentity,
            Self::Proof(_) => Cause::ProofWrong,
            Self::Pairing(pairing) => pairing.reason.cause(),
            Self::TooManyWaiting { .. } => Cause::TooManyWaiting,
            Self::StoreUnavailable { .. } => Cause::StoreUnavailable,
            Self::Invalidated { .. } => Cause::Withdrawn,
        }
    }

    /// The sentence and the fix, as seen from the gateway itself.
    #[must_use]
    pub fn help(&self) -> Help {
        self.help_for(&Vantage::default())
    }

    /// The sentence and the fix for a person at that vantage point.
    #[must_use]
    pub fn help_for(&self, vantage: &Vantage) -> Help {
        match self {
            Self::Unauthorized(failure) => failure.help(vantage),
            Self::Pairing(pairing) => pairing.help(vantage),
            other => explain::help(other, vantage),
        }
    }

    /// Facts for the owner's log that the wire does not carry.
    #[must_use]
    pub fn private_note(&self) -> Option<String> {
        match self {
            Self::StoreUnavailable { why, .. } => Some(why.clone()),
            _ => None,
        }
    }

    /// The pairing request that the refusal names.
    #[must_use]
    pub const fn request_id(&self) -> Option<&RequestId> {
        match self {
            Self::Pairing(pairing) => Some(&pairing.request_id),
            _ => None,
        }
    }

    /// Whether the client may try the very same again later without anybody doing anything.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Starting
                | Self::Draining { .. }
                | Self::TooManyWaiting { .. }
                | Self::StoreUnavailable { .. }
                | Self::HandshakeTimeout
                | Self::SlowConsumer
                | Self::Displaced
        )
    }

    /// The refusal as the real gateways word it, without our help object.
    fn plain_wire(&self, dialect: Dialect) -> WireRefusal {
        let policy = |message: &str| WireRefusal::policy(ErrorShape::invalid_request(message));
        match self {
            // Where the real reasons are empty, ours say what happened (ruling 3).
            Self::InvalidJson => WireRefusal::silent(close::NORMAL, "invalid JSON"),
            Self::InvalidFrame => WireRefusal::silent(close::POLICY, "invalid request frame"),
            Self::NotConnect => policy("invalid handshake: first request must be connect"),
            Self::FrameTooLarge => WireRefusal::silent(close::TOO_LARGE, "frame too large"),
            Self::HandshakeTimeout => WireRefusal::silent(close::NORMAL, "handshake timeout"),
            Self::TooManyHandshakeFrames => {
                WireRefusal::silent(close::POLICY, "too many pending handshake frames")
            }
            Self::InvalidParams { message } => policy(message),
            Self::ProtocolMismatch { min, max } => protocol_mismatch(dialect, *min, *max),
            Self::InvalidRole => policy("invalid role"),
            Self::WorkerClaim if dialect == Dialect::V3 => policy("invalid role"),
            Self::WorkerClaim => WireRefusal::silent(close::POLICY, "invalid-handshake"),
            Self::BuildMismatch { gateway_build } => build_mismatch(gateway_build),
            Self::Starting => WireRefusal::with_close(
                ErrorShape::unavailable("gateway starting; retry shortly", 500)
                    .with_details(json!({"reason": "startup-sidecars"})),
                close::TRY_AGAIN_LATER,
                "gateway starting",
            ),
            Self::Draining { reason } => draining(*reason),
            Self::Origin { missing, .. } => origin(*missing),
            Self::Unauthorized(failure) => failure.wire(dialect),
            Self::DeviceRequired { control_ui } => device_required(*control_ui),
            Self::Proof(error) => proof(error.kind),
            Self::Pairing(pairing) => pairing.wire(dialect),
            Self::TooManyWaiting { retry_after_ms } => WireRefusal::with_close(
                ErrorShape::unavailable(
                    "too many devices are waiting for approval; retry later",
                    *retry_after_ms,
                )
                .with_details(json!({"reason": "too-many-waiting"})),
                close::TRY_AGAIN_LATER,
                "too many devices are waiting for approval",
            ),
            Self::StoreUnavailable { retry_after_ms, .. } => WireRefusal::with_close(
                ErrorShape::unavailable("gateway cannot save changes; retry later", *retry_after_ms)
                    .with_details(json!({"reason": "store-unavailable"})),
                close::TRY_AGAIN_LATER,
                "gateway cannot save changes",
            ),
            Self::SlowConsumer => WireRefusal::silent(close::POLICY, "slow consumer"),
            Self::RepeatedUnauthorized => WireRefusal::silent(close::POLICY, "repeated unauthorized calls"),
            Self::Displaced => {
                WireRefusal::silent(close::TRY_AGAIN_LATER, "too many unfinished connections; retry shortly")
            }
            Self::Invalidated { why: InvalidatedWhy::AuthChanged } => {
                WireRefusal::silent(close::INVALIDATED, "gateway auth changed")
            }
            Self::Invalidated { why } => {
                WireRefusal::silent(close::INVALIDATED, &format!("client invalidated: {}", why.as_str()))
            }
        }
    }
}

fn protocol_mismatch(dialect: Dialect, min: i64, max: i64) -> WireRefusal {
    let details = match dialect {
        Dialect::V3 => json!({"expectedProtocol": 3}),
        Dialect::V4 => json!({
            "code": "PROTOCOL_MISMATCH",
            "clientMinProtocol": min,
            "clientMaxProtocol": max,
            "expectedProtocol": 4,
            "minimumProbeProtocol": 3,
        }),
    };
    let error = ErrorShape::invalid_request("protocol mismatch").with_details(details);
    WireRefusal::with_close(error, close::PROTOCOL, "protocol mismatch")
}

fn build_mismatch(gateway_build: &str) -> WireRefusal {
    let message = "protocol mismatch: Control UI updated; reload this page to continue";
    WireRefusal::policy(ErrorShape {
        retryable: Some(false),
        ..ErrorShape::new(ErrorCode::Unavailable, message).with_details(
            json!({"code": "PROTOCOL_MISMATCH", "gatewayBuildId": gateway_build, "reloadRequired": true}),
        )
    })
}

fn draining(reason: DrainReason) -> WireRefusal {
    let (word, token) = match reason {
        DrainReason::Restart => ("restart", "gateway-restarting"),
        DrainReason::Suspension => ("suspension", "gateway-suspending"),
    };
    let error = ErrorShape::unavailable(format!("connect unavailable during gateway {word}"), 1000)
        .with_details(json!({"method": "connect", "reason": token, "phase": "draining"}));
    WireRefusal::with_close(error, close::TRY_AGAIN_LATER, &format!("gateway {word} in progress"))
}

fn origin(missing: bool) -> WireRefusal {
    let reason = if missing { "origin missing or invalid" } else { "origin not allowed" };
    WireRefusal::policy(
        ErrorShape::invalid_request(
            "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)",
        )
        .with_details(json!({"code": "CONTROL_UI_ORIGIN_NOT_ALLOWED", "reason": reason})),
    )
}

fn device_required(control_ui: bool) -> WireRefusal {
    WireRefusal::policy(if control_ui {
        ErrorShape::invalid_request(
            "control ui requires device identity (use HTTPS or localhost secure context)",
        )
        .with_details(json!({"code": "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"}))
    } else {
        ErrorShape::not_paired("device identity required")
            .with_details(json!({"code": "DEVICE_IDENTITY_REQUIRED"}))
    })
}

/// Message, details code and details reason of a failed check (§3.3).
const fn proof_words(kind: ProofKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        ProofKind::IdMismatch => {
            ("device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch")
        }
        ProofKind::Expired => {
            ("device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale")
        }
        ProofKind::NonceMissing => {
            ("device nonce required", "DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing")
        }
        ProofKind::NonceMismatch => {
            ("device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch")
        }
        ProofKind::Signature => {
            ("device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID", "device-signature")
        }
        ProofKind::PublicKey => {
            ("device public key invalid", "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key")
        }
    }
}

fn proof(kind: ProofKind) -> WireRefusal {
    let (message, code, reason) = proof_words(kind);
    WireRefusal::policy(
        ErrorShape::invalid_request(message).with_details(json!({"code": code, "reason": reason})),
    )
}

#[cfg(test)]
mod tests;
