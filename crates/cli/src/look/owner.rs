//! What the gateway tells its owner, over the owner socket: no secret, no device and no port are needed for that.

use std::time::{Duration, Instant};

use openclaw_client::Cause;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use crate::context::Context;
use crate::reach::{Gateway, Inputs, OwnDevice, connect_socket, explain, is_absent, own_device_id};

/// Longest wait for an answer of this machine's own gateway, which takes milliseconds when it is well.
const LONGEST: Duration = Duration::from_secs(3);

/// The owner's view of the gateway of this machine.
#[derive(Debug)]
pub(crate) enum OwnerView {
    /// The gateway answers.
    Answers(Box<Answers>),
    /// There is no socket, or nobody behind it: it does not run.
    Absent,
    /// It could not be asked: another account runs it, or the socket does not work.
    Failed {
        /// Why, in a sentence.
        why: String,
        /// The id of the cause.
        cause: Option<String>,
    },
}

/// Answers of a running gateway.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Milliseconds until the first answer.
    pub(crate) latency_ms: u64,
    /// `status`.
    pub(crate) status: Value,
    /// `device.pair.list`.
    pub(crate) devices: Value,
    /// `health`.
    pub(crate) health: Value,
    /// This machine's own device.
    pub(crate) own_device: Option<OwnDevice>,
}

/// Asks it.
pub(crate) async fn ask(context: &Context, inputs: &Inputs<'_>, patience: Duration) -> OwnerView {
    let begun = Instant::now();
    let patience = patience.min(LONGEST);
    let mut gateway = match connect_socket(context, inputs, patience).await {
        Ok(gateway) => gateway,
        Err(error) if is_absent(&error) => return OwnerView::Absent,
        Err(error) if matches!(error.cause, Cause::TimedOut { .. }) => {
            let why =
                "The gateway's process is there, but does not answer its owner: it hangs, or is very busy.";
            return OwnerView::Failed { why: why.to_owned(), cause: Some(error.cause_id()) };
        }
        Err(error) => {
            let failure = explain(&error, context, inputs);
            let cause = failure.text_field("cause").map(str::to_owned);
            return OwnerView::Failed { why: failure.message().to_owned(), cause };
        }
    };
    let mut answers = Answers::default();
    for method in ["status", "device.pair.list", "health"] {
        let answer = match gateway.call(method, json!({})).await {
            Ok(answer) => answer,
            // What one method lacks, the others may have.
            Err(error) if error.refusal().is_some() => Value::Null,
            Err(error) => {
                let failure = crate::failure::Failure::from(error);
                return OwnerView::Failed { why: failure.message().to_owned(), cause: None };
            }
        };
        match method {
            "status" => {
                answers.latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                answers.status = answer;
            }
            "health" => answers.health = answer,
            _ => answers.devices = answer,
        }
    }
    Box::new(gateway).close().await;
    answers.own_device = own_device_id(context).and_then(|id| find(&answers.devices, &id));
    OwnerView::Answers(Box::new(answers))
}

/// This machine's device in the list.
fn find(devices: &Value, id: &str) -> Option<OwnDevice> {
    let paired = devices.get("paired")?.as_array()?;
    let row = paired.iter().find(|row| row.get("deviceId").and_then(Value::as_str) == Some(id))?;
    let texts = |name: &str| -> Vec<&str> {
        row.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let is_operator = texts("roles").contains(&"operator");
    let scopes =
        if is_operator { ScopeSet::parse_known(texts("scopes")).0.operator_only() } else { ScopeSet::EMPTY };
    let platform = row.get("platform").and_then(Value::as_str).map(str::to_owned);
    Some(OwnDevice { id: id.to_owned(), scopes, platform })
}

impl OwnerView {
    /// The gateway answers its owner.
    pub(crate) fn is_answering(&self) -> bool {
        matches!(self, OwnerView::Answers(_))
    }

    /// The answers, if there are any.
    pub(crate) fn answers(&self) -> Option<&Answers> {
        match self {
            OwnerView::Answers(answers) => Some(answers),
            OwnerView::Absent | OwnerView::Failed { .. } => None,
        }
    }

    /// A part of `status` by its JSON pointer.
    pub(crate) fn status(&self, pointer: &str) -> Option<&Value> {
        self.answers()?.status.pointer(pointer).filter(|value| !value.is_null())
    }

    /// A fact of the `gateway` section of `status`.
    pub(crate) fn gateway(&self, name: &str) -> Option<&Value> {
        self.status("/gateway")?.get(name).filter(|value| !value.is_null())
    }

    /// The same, when it is a text.
    pub(crate) fn gateway_text(&self, name: &str) -> Option<String> {
        self.gateway(name).and_then(Value::as_str).map(|text| Words::new(text).to_string())
    }

    /// Connections refused in the last ten minutes.
    pub(crate) fn refused_recently(&self) -> Option<u64> {
        self.gateway("refusedLast10Min").and_then(Value::as_u64)
    }
}
