//! `device.token.rotate` and `.revoke`. The new token goes to the device itself, and to a terminal of the owner that
//! asks for it (ruling 37); everybody else learns only that there is a new one.

use std::sync::Arc;

use openclaw_pairing::{Mutation, Outcome, Rejected};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::schema::{Field, NAME, NAMES, Shape};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde::Deserialize;
use serde_json::json;

use super::decide::{apply, unexpected};
use super::device_id;
use crate::core::Core;
use crate::router::{Authority, Method, Need, Reply};
use crate::rpc::refused::Doing;
use crate::rpc::{Methods, for_owner_only, pairing_caller};

const ROTATE: &str = "device.token.rotate";

static ROTATION: [Field; 4] = [
    Field::required("deviceId", NAME),
    Field::required("role", NAME),
    Field::optional("scopes", NAMES),
    Field::optional("show", Shape::Boolean),
];
static REVOCATION: [Field; 2] = [Field::required("deviceId", NAME), Field::required("role", NAME)];

pub(super) fn methods() -> Methods {
    let need = || Need::Scope(Scope::PAIRING);
    vec![
        Method::new(ROTATE, need(), &ROTATION, "Make a new token for a role of a device", rotate),
        Method::new("device.token.revoke", need(), &REVOCATION, "Make the token of a role void", revoke),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    device_id: String,
    role: String,
    scopes: Option<Vec<String>>,
    show: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revocation {
    device_id: String,
    role: String,
}

/// Device and role, if both can exist.
fn target(device: &str, role: &str) -> Result<(DeviceId, Role), Rejected> {
    Ok((device_id(device)?, Role::parse(role.trim()).ok_or(Rejected::RoleNotApproved)?))
}

/// The scopes asked for; one that does not exist cannot have been approved.
fn wanted(scopes: Option<Vec<String>>) -> Result<Option<ScopeSet>, Rejected> {
    let Some(names) = scopes else { return Ok(None) };
    let (scopes, unknown) = ScopeSet::parse_known(names);
    if unknown.is_empty() { Ok(Some(scopes)) } else { Err(Rejected::BeyondApproved(scopes)) }
}

async fn rotate(core: Arc<Core>, caller: Authority, params: Rotation) -> Reply {
    for_owner_only(&caller, ROTATE, "show", params.show.is_some())?;
    let mutation = target(&params.device_id, &params.role).and_then(|(device, role)| {
        Ok(Mutation::Rotate { device, role, scopes: wanted(params.scopes)?, caller: pairing_caller(&caller) })
    });
    let applied = apply(&core, &caller, Doing::Rotate, mutation).await?;
    let Outcome::Rotated { device, role, generation, scopes, rotated_at } = &applied.outcome else {
        return Err(unexpected(&applied.outcome));
    };
    let its_own = caller.by_device_token && caller.device.as_ref() == Some(&device.id);
    let in_band = its_own || (caller.owner && params.show == Some(true));
    let mut answer = json!({"deviceId": device.id, "role": role});
    if in_band {
        answer["token"] = json!(core.tokens().derive(device, *role, *generation).expose());
    }
    answer["scopes"] = json!(scopes);
    answer["rotatedAtMs"] = json!(rotated_at);
    if caller.dialect == Dialect::V4 {
        answer["tokenDelivery"] = json!(if in_band { "in-band" } else { "withheld-cross-device" });
    }
    Ok(answer)
}

async fn revoke(core: Arc<Core>, caller: Authority, params: Revocation) -> Reply {
    let mutation = target(&params.device_id, &params.role).map(|(device, role)| Mutation::Revoke {
        device,
        role,
        caller: pairing_caller(&caller),
    });
    let applied = apply(&core, &caller, Doing::Revoke, mutation).await?;
    match &applied.outcome {
        Outcome::Revoked { device, role, revoked_at } => {
            Ok(json!({"deviceId": device.id, "role": role, "revokedAtMs": revoked_at}))
        }
        other => Err(unexpected(other)),
    }
}
