//! What would happen to a peer that somebody describes (`gateway.explain`): the facts and the attempt that a connection
//! would bring are built from the description and go through the same decision, under the settings in force. No effect
//! is applied: nothing is counted, written, filed or issued.

mod described;
mod next;
mod people;

use std::sync::Arc;

use openclaw_admission::peer::{Path, PeerFacts};
use openclaw_admission::{Attempt, Grant, Locks, Outcome, PairingWish, Supposition, View, suppose};
use openclaw_pairing::{Mutation, Outcome as Stored, Rejected, Snapshot, transition};
use openclaw_protocol::connect::{self, ConnectParams};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::{Nonce, RequestId};
use openclaw_protocol::refusal::{Cause, Refusal, unknown_proxy};
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

pub(crate) use described::{Described, METHOD};

use crate::core::Core;
use crate::desk;
use crate::journal::entry::told;

/// Stands for the id of a request that nobody has filed; in commands it becomes the placeholder.
const NO_REQUEST: &str = "<requestId>";

/// What would happen, ready to be answered.
///
/// # Errors
/// When the description does not fit together, in the words of the method's parameters.
pub(crate) fn explain(core: &Arc<Core>, described: &Described) -> Result<Value, ErrorShape> {
    let prepared = described.prepare(core)?;
    let mut answer = json!({
        "ts": core.now(),
        "peer": prepared.peer,
        "assumed": prepared.assumed,
        "authMode": core.policy().admission.auth.name(),
    });
    let (fields, trace) = match connect::parse(Some(&prepared.params)) {
        Err(invalid) => {
            let dialect = connect::dialect_of(Some(&prepared.params));
            let refusal = Refusal::InvalidParams { message: invalid.message(dialect) };
            (refused(core, &refusal, dialect, &[]), json!([]))
        }
        Ok(connect) => decided(core, &prepared.facts, &connect, prepared.device.as_ref()),
    };
    if let (Some(answer), Value::Object(fields)) = (answer.as_object_mut(), fields) {
        answer.extend(fields);
        answer.insert("trace".to_owned(), trace);
    }
    Ok(answer)
}

fn decided(
    core: &Arc<Core>,
    facts: &PeerFacts,
    connect: &ConnectParams,
    device: Option<&openclaw_admission::Supposed>,
) -> (Value, Value) {
    let now = core.now();
    let settings = core.policy().clone();
    let devices = core.store.snapshot();
    let tokens = core.store.token_key().under(settings.shared_secret());
    let nonce = Nonce::random();
    let locks: &dyn Locks = &desk::Guarded(core);
    let view = View { devices: &devices, tokens: &tokens, locks };
    let attempt = Attempt { facts, nonce: &nonce, connect };
    let told = suppose(&settings.admission, &view, &attempt, device, now);
    let trace = json!(told.trace);
    let mut fields = match &told.outcome {
        Outcome::Admit(grant) => admitted(grant, &told),
        Outcome::Refuse(refusal) => {
            let (policy, secret) = (&settings.admission, settings.shared_secret());
            let ahead = next::after(refusal, policy, secret, &view, &attempt, device, now);
            refused(core, refusal, told.dialect, &ahead)
        }
        Outcome::Pair(wish) => {
            let refusal = rehearsed(&devices, wish, &told, now);
            let mut fields = refused(core, &refusal, told.dialect, &told.ahead);
            fields["outcome"] = json!(if matches!(refusal, Refusal::Pairing(_)) { "pair" } else { "refuse" });
            fields
        }
    };
    fields["countsAsWrong"] = json!(told.counts_as_wrong);
    fields["local"] = json!(told.at.is_local());
    fields["addressClass"] = json!(told.at.client.map(openclaw_admission::address::AddressClass::of));
    // A proxy that nobody listed is no refusal, and yet what most people who ask this want to know (C-15).
    if let Path::UnlistedProxy { proxy, headers } = &told.at.path {
        let own = proxy.is_loopback()
            || settings.admission.own_addresses.contains(proxy)
            || openclaw_os::host::default_gateway() == Some(*proxy);
        let listed = &settings.loaded.gateway.trusted_proxies;
        fields["unlistedProxy"] =
            json!({"address": proxy, "headers": headers, "offered": own, "listed": listed});
        let names: Vec<Words> = headers.iter().map(|name| Words::new(name)).collect();
        let offer = own.then_some(*proxy);
        fields["proxyHelp"] = json!(unknown_proxy(Some(*proxy), &names, offer, listed, &core.vantage.owner));
    }
    (fields, trace)
}

/// The refusal that the device store would make of it: with the request that waits already, if one does, or none when
/// the list is full.
fn rehearsed(devices: &Snapshot, wish: &PairingWish, told: &Supposition, now: Millis) -> Refusal {
    let mut copy = devices.clone();
    let mut no_id = || RequestId::parse(NO_REQUEST).unwrap_or_else(RequestId::random);
    let filed: Option<Result<_, Rejected>> = told
        .wish
        .clone()
        .filter(|wish| matches!(wish, Mutation::File(_)))
        .map(|wish| transition(&mut copy, wish, now, &mut no_id));
    match filed {
        Some(Ok(applied)) => match applied.outcome {
            Stored::Filed { request, .. } => Refusal::Pairing(desk::refusal_of(wish, request.id.clone())),
            _ => Refusal::Pairing(desk::refusal_of(wish, no_id())),
        },
        Some(Err(Rejected::TooMany { retry_after_ms })) => Refusal::TooManyWaiting { retry_after_ms },
        _ => Refusal::Pairing(desk::refusal_of(wish, no_id())),
    }
}

fn admitted(grant: &Grant, told: &Supposition) -> Value {
    let how = match &told.wish {
        Some(Mutation::ApproveSilently { .. }) => "silently",
        Some(Mutation::RedeemCode { .. }) => "by-code",
        _ if grant.owner => "owner",
        _ if grant.paired => "paired",
        _ => "without-device",
    };
    json!({
        "outcome": "admit",
        "how": how,
        "role": grant.role,
        "scopes": grant.scopes,
        "scopesCleared": grant.scopes_cleared,
        "method": grant.method.as_str(),
    })
}

fn refused(
    core: &Core,
    refusal: &Refusal,
    dialect: openclaw_protocol::dialect::Dialect,
    ahead: &[Cause],
) -> Value {
    let mut fields = told(refusal, dialect, ahead, &core.vantage.owner);
    fields["outcome"] = json!("refuse");
    fields["ahead"] = json!(ahead);
    fields
}

#[cfg(test)]
mod tests;
