//! `gateway.explain`: what would happen to a peer that the caller describes.

use std::sync::Arc;

use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;

use super::Methods;
use crate::core::Core;
use crate::explain::{Described, METHOD, explain};
use crate::router::{Authority, Listed, Method, Need, Reply};

/// Longest of anything that is described.
const WORD: Shape = Shape::Text { min: 1, max: 512 };
/// Longest secret: setup codes are the longest.
const SECRET: Shape = Shape::Text { min: 1, max: 8_192 };

static SHAPE: [Field; 17] = [
    Field::optional("from", WORD),
    Field::optional("uid", Shape::Integer { min: 0, max: 4_294_967_295 }),
    Field::optional("headers", Shape::Texts { max_items: 32, max: 4_096, unique: false }),
    Field::optional("host", WORD),
    Field::optional("origin", WORD),
    Field::optional("client", WORD),
    Field::optional("platform", WORD),
    Field::optional("role", WORD),
    Field::optional("scopes", Shape::Texts { max_items: 32, max: 128, unique: false }),
    Field::optional("protocol", Shape::Integer { min: 1, max: 99 }),
    Field::optional("tls", Shape::Boolean),
    Field::optional("device", WORD),
    Field::optional("token", SECRET),
    Field::optional("password", SECRET),
    Field::optional("deviceToken", SECRET),
    Field::optional("code", SECRET),
    Field::optional("gatewaySecret", Shape::Boolean),
];

pub(super) fn methods() -> Methods {
    vec![
        Method::new(
            METHOD,
            Need::Scope(Scope::PAIRING),
            &SHAPE,
            "What would happen to a peer that you describe, step by step, without connecting",
            answer,
        )
        .listed(Listed::Hidden),
    ]
}

async fn answer(core: Arc<Core>, caller: Authority, described: Described) -> Reply {
    let judged = super::pairing_caller(&caller);
    // A device that manages only itself learns only of itself (ruling 32).
    let named =
        described.device.as_deref().map(str::trim).filter(|words| !matches!(*words, "" | "new" | "none"));
    let own = judged.own_device.as_ref().filter(|_| !judged.is_admin());
    if own.zip(named).is_some_and(|(own, named)| own.as_str() != named) {
        return Err(caller.missing(&Scope::ADMIN, None, &core.vantage.client));
    }
    // To compare a secret is to try it. Who administers the gateway could read or replace it anyway.
    if described.tries_a_secret() && !caller.may(&Scope::ADMIN) {
        return Err(caller.missing(&Scope::ADMIN, None, &core.vantage.client));
    }
    // Nothing is counted against the described peer. So that this is no way around the limiter, whoever is not the owner
    // has few tries.
    if described.tries_a_secret() && !caller.owner {
        core.control_budget.take(METHOD, &caller, core.now())?;
    }
    explain(&core, &described)
}
