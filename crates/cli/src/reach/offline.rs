//! The state directory of a stopped gateway, worked on under its lock (ruling 27).

use openclaw_gateway::{Offline, OfflineError};
use openclaw_protocol::refusal::Vantage;
use serde_json::Value;

use super::{Answer, CallError, Gateway, Reply};
use crate::context::Context;
use crate::failure::Failure;

/// The state directory, ours until this is dropped.
pub(super) struct StateDirectory {
    offline: Offline,
    vantage: Vantage,
}

/// Why the state directory cannot be worked on.
pub(super) enum Unavailable {
    /// A program holds the lock: a gateway without an owner socket (the original), or one that just starts.
    Held,
    /// Anything else.
    Failed(Failure),
}

/// Takes the lock and opens the stores.
pub(super) fn open(context: &Context) -> Result<StateDirectory, Unavailable> {
    match Offline::open(&context.env, &context.paths) {
        Ok(offline) => Ok(StateDirectory { offline, vantage: context.vantage().clone() }),
        Err(OfflineError::Locked(_)) => Err(Unavailable::Held),
        Err(error) => Err(Unavailable::Failed(Failure::new(error.to_string()))),
    }
}

impl Gateway for StateDirectory {
    fn call<'a>(&'a mut self, method: &'a str, params: Value) -> Answer<'a> {
        Box::pin(async move {
            let answer = self.offline.call(method, params).await;
            answer.map_err(|shape| CallError::Refused(Box::new(Reply::new(shape, self.vantage.clone()))))
        })
    }

    fn vantage(&self) -> Vantage {
        self.vantage.clone()
    }

    fn is_running(&self) -> bool {
        false
    }
}
