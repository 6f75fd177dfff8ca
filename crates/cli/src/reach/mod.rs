//! Reaching a gateway: which one, through which door, and what it says when it cannot be reached.
//!
//! There are three doors (ruling 27): the owner socket of the gateway of this machine, a TCP or TLS connection with
//! credentials, and, when that gateway is stopped, its state directory under its lock. Commands see one [`Gateway`].

mod connected;
mod door;
mod failures;
mod inputs;
pub(crate) mod live;
mod looking;
mod offline;
mod page;
#[cfg(test)]
pub(crate) mod testing;

use std::future::Future;
use std::pin::Pin;

use openclaw_protocol::refusal::Vantage;
use serde_json::Value;

use crate::failure::Failure;

pub(crate) use connected::{Connected, NotConnected, client_info, connect_socket, is_absent};
pub(crate) use door::{Door, open, open_own};
pub(crate) use failures::{Reply, explain};
pub(crate) use inputs::Inputs;
pub(crate) use looking::{OwnDevice, connect_looking, own_device_id};
pub(crate) use page::page_of;

/// The answer of a method, later.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Result<Value, CallError>> + 'a>>;

/// The end of a connection, later.
pub(crate) type Goodbye = Pin<Box<dyn Future<Output = ()>>>;

/// Something that answers gateway methods.
pub(crate) trait Gateway {
    /// Calls a method and waits for its answer.
    fn call<'a>(&'a mut self, method: &'a str, params: Value) -> Answer<'a>;

    /// The same, but an answer that only says "accepted" is not yet the answer.
    fn call_to_the_end<'a>(&'a mut self, method: &'a str, params: Value) -> Answer<'a> {
        self.call(method, params)
    }

    /// Devices can be connected to it: it runs.
    fn is_running(&self) -> bool;

    /// The device as which this connection was let in, if as one. Taking its access away ends the connection.
    fn own_device(&self) -> Option<String> {
        None
    }

    /// Where this program's user stands, seen from that gateway, for commands that are made here.
    fn vantage(&self) -> Vantage {
        Vantage::default()
    }

    /// Says goodbye, so that the gateway does not take the end for a fault.
    fn close(self: Box<Self>) -> Goodbye {
        Box::pin(std::future::ready(()))
    }
}

/// Why a call brought no payload.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The gateway answered with an error.
    Refused(Box<Reply>),
    /// No answer came.
    Lost(Box<Failure>),
}

impl CallError {
    /// The error message of the gateway, if it answered.
    pub(crate) fn refusal(&self) -> Option<&str> {
        match self {
            CallError::Refused(reply) => Some(&reply.message),
            CallError::Lost(_) => None,
        }
    }

    /// A text in the details of the gateway's error.
    pub(crate) fn detail(&self, name: &str) -> Option<&str> {
        match self {
            CallError::Refused(reply) => reply.detail(name),
            CallError::Lost(_) => None,
        }
    }

    /// The gateway does not have the method: it is older, or the original.
    pub(crate) fn is_unknown_method(&self) -> bool {
        self.refusal().is_some_and(|message| message.starts_with("unknown method"))
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Failure {
        match error {
            CallError::Refused(reply) => Failure::from(*reply),
            CallError::Lost(failure) => *failure,
        }
    }
}
