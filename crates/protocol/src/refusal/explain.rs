//! Sentences and fixes of the refusals that are neither about credentials nor about pairing.

use super::{DrainReason, Help, InvalidatedWhy, Os, Refusal, Vantage, address::Address};
use crate::{
    device_proof::{ProofError, ProofKind},
    time,
    words::Words,
};

pub(super) fn help(refusal: &Refusal, vantage: &Vantage) -> Help {
    let cause = refusal.cause();
    let update = || vantage.openclaw("update");
    let here = |sentence: &str| Help::here(cause, sentence, update());
    match refusal {
        Refusal::InvalidJson => here(
            "The client's first message is not JSON, so it is no OpenClaw client, or a proxy changed the message.",
        ),
        Refusal::InvalidFrame => here(
            "The client's first message is not a request that this gateway understands. The client may be outdated.",
        ),
        Refusal::NotConnect => here(
            "The client did not introduce itself: its first request must be connect. The client may be outdated.",
        ),
        Refusal::FrameTooLarge => {
            here("The client's message is larger than the gateway accepts; before signing in that is 64 KiB.")
        }
        Refusal::TooManyHandshakeFrames => {
            here("The client sent many messages without waiting to be let in. The client may be outdated.")
        }
        Refusal::InvalidParams { .. } => here(
            "The client introduced itself in a way that this gateway does not understand; the message names the property. The client may be outdated.",
        ),
        Refusal::InvalidRole => {
            here("The client asks for a role that does not exist: only operator and node do.")
        }
        Refusal::WorkerClaim => {
            here("The client calls itself a worker, and workers are not served on this port.")
        }
        Refusal::RepeatedUnauthorized => here(
            "The client kept calling what its role may not call, so the gateway hung up. The client may be outdated, or connects in the wrong role.",
        ),
        Refusal::HandshakeTimeout => Help::here(
            cause,
            "The client connected but did not sign in in time. Something between may hold messages back; this checks each step.",
            vantage.openclaw_at_url("doctor"),
        ),
        Refusal::SlowConsumer => Help::wait(
            cause,
            "The client read too slowly, so too much was waiting for it and the gateway hung up. It can reconnect at once.",
        ),
        Refusal::Displaced => Help::wait(
            cause,
            "Too many unfinished connections came from the same address, so the oldest gave way. The client can try again in a moment.",
        ),
        Refusal::ProtocolMismatch { min, max } => protocol(*min, *max, vantage),
        Refusal::BuildMismatch { .. } => {
            Help::wait(cause, "The gateway was updated and this page is from before. Reload the page.")
        }
        Refusal::Starting => Help::wait(cause, "The gateway is starting. The client tries again by itself."),
        Refusal::Draining { reason: DrainReason::Restart } => {
            Help::wait(cause, "The gateway is restarting. The client tries again by itself.")
        }
        Refusal::Draining { reason: DrainReason::Suspension } => {
            Help::wait(cause, "The gateway is being suspended and takes no new connections until it resumes.")
        }
        Refusal::Origin { missing: true, .. } => Help::new(
            cause,
            "The browser did not say which page this is (no usable Origin), so it is not let in. Open the gateway's own page.",
            vantage.on_gateway("dashboard"),
        ),
        Refusal::Origin { missing: false, origin } => {
            let page = origin.as_ref().map_or_else(
                || "This page's origin is not one".to_owned(),
                |origin| format!("This page comes from {origin}, which is not an origin"),
            );
            Help::new(
                cause,
                format!(
                    "{page} that the gateway allows. Is the page yours? Then allow it; otherwise leave it refused."
                ),
                allow_origin(vantage, origin.as_ref()),
            )
        }
        Refusal::DeviceRequired { control_ui: true } => Help::here(
            cause,
            "This page did not send a signed device identity: it is an old page, in a private window, or over plain HTTP in a way that keeps the browser from signing. Use HTTPS, or this tunnel and then http://localhost:18789.",
            vantage.tunnel(),
        ),
        Refusal::DeviceRequired { control_ui: false } => Help::here(
            cause,
            "This client did not send a signed device identity, so the gateway cannot know it again. Current clients send one by themselves; this checks the one on this machine.",
            vantage.openclaw("doctor"),
        ),
        Refusal::Proof(error) => proof(*error, vantage),
        Refusal::TooManyWaiting { retry_after_ms } => Help::new(
            cause,
            format!(
                "Too many devices are waiting for approval, so this one could not be put on the list. Try again in {}, or let the owner look through the list.",
                time::in_words(*retry_after_ms)
            ),
            vantage.on_gateway("devices list"),
        ),
        Refusal::StoreUnavailable { .. } => Help::new(
            cause,
            "The gateway cannot save anything at the moment, so it cannot record this device. Its own check says why.",
            vantage.on_gateway("doctor"),
        ),
        Refusal::Invalidated { why } => invalidated(*why, vantage),
        // Worded in `auth` and `pairing`.
        Refusal::Unauthorized(failure) => failure.help(vantage),
        Refusal::Pairing(pairing) => pairing.help(vantage),
    }
}

fn protocol(min: i64, max: i64, vantage: &Vantage) -> Help {
    let cause = super::Cause::Protocol;
    let fix = vantage.openclaw("update");
    if min > max {
        let sentence =
            format!("The client's protocol range is upside down ({min} to {max}). Update the client.");
        Help::here(cause, sentence, fix)
    } else if min > 4 {
        let sentence = format!(
            "The client speaks {}, this gateway 3 and 4: the gateway is too old. Update the gateway.",
            protocol_range(min, max)
        );
        // There is nothing here that updates a gateway; how old it is, is what its owner needs to know.
        Help::new(cause, sentence, vantage.on_gateway("--version"))
    } else {
        let sentence = format!(
            "The client speaks {}, this gateway 3 and 4: the client is too old. Update the client.",
            protocol_range(min, max)
        );
        Help::here(cause, sentence, fix)
    }
}

/// A mismatch as another gateway tells it: perhaps with the client's range, perhaps with the protocol it expects.
pub(super) fn foreign_protocol(range: Option<(i64, i64)>, expected: Option<i64>, vantage: &Vantage) -> Help {
    let cause = super::Cause::Protocol;
    let expects = expected.map_or_else(String::new, |protocol| format!(": it expects protocol {protocol}"));
    let (client_is_newer, speaks) = match (range, expected) {
        (Some((min, max)), Some(expected)) => {
            (min > expected, format!(", the client speaks {}", protocol_range(min, max)))
        }
        _ => (false, String::new()),
    };
    let side = if client_is_newer { "gateway" } else { "client" };
    let sentence = format!(
        "The gateway and this client have no protocol version in common{expects}{speaks}. Update the {side}."
    );
    let fix = vantage.openclaw("update");
    if client_is_newer { Help::new(cause, sentence, fix) } else { Help::here(cause, sentence, fix) }
}

fn protocol_range(min: i64, max: i64) -> String {
    if min == max { format!("protocol {min}") } else { format!("protocols {min} to {max}") }
}

fn proof(error: ProofError, vantage: &Vantage) -> Help {
    let cause = super::Cause::ProofWrong;
    let update = |sentence: &str| Help::here(cause, sentence, vantage.openclaw("update"));
    let check = |sentence: &str| Help::here(cause, sentence, vantage.openclaw("doctor"));
    match error.kind {
        ProofKind::IdMismatch => check(
            "The device id that was sent does not belong to its key: this device's identity file is damaged or was edited.",
        ),
        ProofKind::PublicKey => check(
            "The key that was sent is not usable: this device's identity file is damaged or was edited.",
        ),
        ProofKind::Expired => {
            let skew = error.skew_ms.map_or_else(
                || "more than 2 min away from".to_owned(),
                |skew| {
                    let side = if skew > 0 { "ahead of" } else { "behind" };
                    format!("{} {side}", time::in_words(skew.unsigned_abs()))
                },
            );
            Help::here(
                cause,
                format!(
                    "This device's clock is {skew} the gateway's; 2 min are accepted. Set the clock (or the gateway's, if that is the wrong one)."
                ),
                set_clock(vantage.os).to_owned(),
            )
        }
        ProofKind::NonceMissing | ProofKind::NonceMismatch => update(
            "The identity was signed for another connection than this one. The client is outdated, or something between repeats old messages.",
        ),
        ProofKind::Signature => update(
            "The signature does not fit what was sent. The client is outdated, or something between changes messages.",
        ),
    }
}

const fn set_clock(os: Os) -> &'static str {
    match os {
        Os::Linux => "sudo timedatectl set-ntp true",
        Os::MacOs => "sudo sntp -sS time.apple.com",
        Os::Windows => "w32tm /resync",
    }
}

fn invalidated(why: InvalidatedWhy, vantage: &Vantage) -> Help {
    let cause = super::Cause::Withdrawn;
    match why {
        InvalidatedWhy::DeviceRemoved => Help::new(
            cause,
            "The owner removed this device. When it connects again it asks for approval like a new one.",
            vantage.on_gateway("devices list"),
        ),
        InvalidatedWhy::TokenRevoked => Help::new(
            cause,
            "The owner withdrew this device's token. When it connects again it asks for approval.",
            vantage.on_gateway("devices list"),
        ),
        InvalidatedWhy::TokenRotated => Help::wait(
            cause,
            "This device's token was replaced. With the gateway's token the client gets the new one by itself.",
        ),
        InvalidatedWhy::AccessReduced => Help::wait(
            cause,
            "The owner reduced this device's access. The client reconnects with what is left.",
        ),
        InvalidatedWhy::AuthChanged => Help::new(
            cause,
            "The gateway's token or password was changed. Show the new one on the gateway's host and use it here.",
            vantage.on_gateway("gateway auth-token --show"),
        ),
        InvalidatedWhy::Closed => Help::wait(
            cause,
            "An admin closed this connection. Nothing was taken from the device: it may connect again at once.",
        ),
    }
}

/// The fix for an origin, with the real origin when it is a plain one (C-14).
fn allow_origin(vantage: &Vantage, origin: Option<&Words>) -> String {
    let origin = origin
        .and_then(|words| Address::parse(words.as_str()))
        .map_or("https://<your page>".to_owned(), |address| address.origin());
    vantage.config_list("gateway.controlUi.allowedOrigins", &[&origin])
}
