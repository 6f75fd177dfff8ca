//! What the pairing store refuses, in the words that clients of the two generations know (auth-and-pairing §4.6).

use openclaw_pairing::{ApplyError, Rejected};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use serde_json::{Map, Value, json};

use crate::router::Authority;

/// What the caller wanted to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Approve a request.
    Approve,
    /// Reject a request.
    Reject,
    /// Remove a device.
    Remove,
    /// Rename a device.
    Rename,
    /// Rotate a token.
    Rotate,
    /// Revoke a token.
    Revoke,
    /// Something only this gateway has: its own sentences will do.
    Own,
}

/// The error for the caller.
pub(super) fn error(error: ApplyError, doing: Doing, caller: &Authority) -> ErrorShape {
    match error {
        ApplyError::Unavailable(why) => {
            tracing::error!(subsystem = "gateway/pairing", "the device store cannot be written: {why}");
            // What the disk says may name paths: that is for who may see them.
            let text = if caller.owner {
                why.why.clone()
            } else {
                "gateway cannot save changes; retry later".to_owned()
            };
            ErrorShape::unavailable(text, why.retry_after_ms)
                .with_details(json!({"reason": "store-unavailable"}))
        }
        ApplyError::Rejected(Rejected::TooMany { retry_after_ms }) => {
            ErrorShape::unavailable("too many devices are waiting for approval; retry later", retry_after_ms)
        }
        ApplyError::Rejected(rejected) => {
            let error = ErrorShape::invalid_request(message(&rejected, doing, caller.dialect));
            match details(&rejected, caller) {
                Some(details) => error.with_details(details),
                None => error,
            }
        }
    }
}

fn message(rejected: &Rejected, doing: Doing, dialect: Dialect) -> String {
    use Rejected as R;
    let denied = |what: &str| format!("device {what} denied");
    match (doing, rejected) {
        (Doing::Own, _) => rejected.to_string(),
        (Doing::Rotate | Doing::Revoke, R::MissingScope(scope)) if dialect == Dialect::V3 => {
            format!("missing scope: {scope}")
        }
        (Doing::Rotate | Doing::Revoke, _) if dialect == Dialect::V3 => "unknown deviceId/role".to_owned(),
        (Doing::Rotate, _) => denied("token rotation"),
        (Doing::Revoke, _) => denied("token revocation"),
        (_, R::UnknownRequest | R::FormerRequest { .. } | R::Broadened { .. }) => {
            "unknown requestId".to_owned()
        }
        (_, R::UnknownDevice) => "unknown deviceId".to_owned(),
        (_, R::MissingScope(scope)) => format!("missing scope: {scope}"),
        (Doing::Approve, R::NotYours | R::RoleNeedsAdmin(_)) => denied("pairing approval"),
        (Doing::Reject, R::NotYours | R::RoleNeedsAdmin(_)) => denied("pairing rejection"),
        (Doing::Remove, R::NotYours | R::RoleNeedsAdmin(_)) => denied("pairing removal"),
        (Doing::Rename, R::NotYours | R::RoleNeedsAdmin(_)) => denied("rename"),
        _ => rejected.to_string(),
    }
}

/// The true reason behind an old wording, for the owner and for admins; and where a request went, for all who may see
/// that device's requests.
fn details(rejected: &Rejected, caller: &Authority) -> Option<Value> {
    let judged = super::pairing_caller(caller);
    if !judged.is_admin() {
        return None;
    }
    let mut details = Map::new();
    details.insert("reason".to_owned(), json!(rejected.to_string()));
    match rejected {
        Rejected::Broadened { replacement, more_roles, more_scopes, other_machine } => {
            details.insert("replacement".to_owned(), json!(replacement));
            details.insert("moreRoles".to_owned(), json!(more_roles.names()));
            details.insert("moreScopes".to_owned(), json!(more_scopes));
            details.insert("otherMachine".to_owned(), json!(other_machine));
        }
        Rejected::Changed { now } => {
            details.insert("shown".to_owned(), json!(now.to_string()));
        }
        _ => {}
    }
    Some(Value::Object(details))
}
