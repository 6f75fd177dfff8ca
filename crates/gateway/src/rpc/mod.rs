//! The methods, one file per family. Each family declares its methods next to their handlers; this file only
//! collects them.

pub mod config;
pub mod connect;
pub mod connections;
pub mod device;
pub mod doctor;
pub mod empty;
pub mod explain;
pub mod health;
pub mod history;
pub mod journal;
pub mod logs;
pub mod node;
pub mod overview;
mod refused;
pub mod restart;
mod sight;
pub mod status;
pub mod system;

pub(crate) use sight::Sight;

use openclaw_pairing::CallerAuthority;
use openclaw_protocol::error::ErrorShape;
use serde::{Deserialize, Deserializer};

use crate::router::{Authority, Method, Router};

/// The registry of all methods.
pub fn router() -> Router {
    Router::new([
        health::methods(),
        status::methods(),
        system::methods(),
        restart::methods(),
        device::methods(),
        node::methods(),
        config::methods(),
        logs::methods(),
        journal::methods(),
        explain::methods(),
        connections::methods(),
        history::methods(),
        doctor::methods(),
        overview::methods(),
        connect::methods(),
        empty::methods(),
    ])
}

/// What every family's declaration looks like.
pub(crate) type Methods = Vec<Method>;

/// Parameters of methods that take none.
#[derive(Debug, Deserialize)]
pub(crate) struct NoParams {}

/// The caller as the pairing store judges it.
pub(crate) fn pairing_caller(caller: &Authority) -> CallerAuthority {
    CallerAuthority {
        scopes: caller.scopes.clone(),
        owner: caller.owner,
        own_device: caller.device.clone().filter(|_| caller.by_device_token),
    }
}

/// The refusal of a parameter that only the owner may send: to anybody else it does not exist.
fn for_owner_only(caller: &Authority, method: &str, property: &str, sent: bool) -> Result<(), ErrorShape> {
    if sent && !caller.owner {
        return Err(ErrorShape::invalid_params(
            method,
            &format!("at root: unexpected property '{property}'"),
        ));
    }
    Ok(())
}

/// The refusal of a method that only the owner may call: to anybody else it does not exist.
fn owner_method(caller: &Authority, method: &str) -> Result<(), ErrorShape> {
    if caller.owner { Ok(()) } else { Err(ErrorShape::unknown_method(method)) }
}

/// Whole numbers as the clients' language writes them: `5` and `5.0` are the same. The shape has been checked.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = Option::<serde_json::Number>::deserialize(deserializer)?;
    Ok(number.and_then(|number| {
        number.as_u64().or_else(|| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked against the range"
            )]
            number.as_f64().filter(|value| (0.0..9.0e15).contains(value)).map(|value| value as u64)
        })
    }))
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
