//! One entry of the journal, and how it is told over the wire.

use std::net::IpAddr;
use std::sync::Arc;

use openclaw_admission::address::AddressClass;
use openclaw_admission::trace::Trace;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::ids::{ConnId, DeviceId, RequestId};
use openclaw_protocol::refusal::{Cause, Refusal, Vantage};
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One refused connection, or several equal ones. Holds no secret: a refusal never does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When it was refused last.
    pub ts: Millis,
    /// When the first of the folded refusals happened.
    pub first_ts: Millis,
    /// How many equal refusals this entry stands for.
    pub count: u32,
    /// The connection that was refused last.
    pub conn_id: ConnId,
    /// The connection that was refused first, which is the one that the log's first line names.
    pub first_conn_id: ConnId,
    /// The client's address as seen; `None` at the owner socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How it got here, in words: `direct`, `through 10.0.0.1, unlisted, with x-forwarded-for`.
    pub path: Words,
    /// The page it came from, when it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Words>,
    /// The host it asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Words>,
    /// The device that tried, when it proved who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// The client as it names itself, e.g. `cli/cli 2026.9.6 on linux`.
    pub client: Words,
    /// In which dialect it was answered.
    pub dialect: Dialect,
    /// What it was told.
    pub refusal: Refusal,
    /// What would have stood in its way after that (ruling 36).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<Cause>,
    /// What was checked, in which order.
    pub trace: Arc<Trace>,
}

impl Entry {
    /// The pairing request that was recorded for it.
    pub fn request_id(&self) -> Option<&RequestId> {
        request_of(&self.refusal)
    }

    /// The client's address with its class, or `the owner socket`.
    pub fn peer_in_words(&self) -> String {
        self.address.map_or_else(|| "the owner socket".to_owned(), openclaw_admission::address::in_words)
    }

    /// The entry as methods answer it. `fix` is a command for the reader at `vantage`; the refusal itself goes along, so
    /// that a reader elsewhere can make its own.
    pub fn told(&self, vantage: &Vantage) -> Value {
        let mut fields = told(&self.refusal, self.dialect, &self.ahead, vantage);
        let more = [
            ("ts", Some(json!(self.ts))),
            ("firstTs", Some(json!(self.first_ts))),
            ("count", Some(json!(self.count))),
            ("connId", Some(json!(self.conn_id))),
            ("firstConnId", Some(json!(self.first_conn_id))),
            (
                "peer",
                Some(self.address.map_or_else(|| json!("the owner socket"), |ip| json!(ip.to_canonical()))),
            ),
            ("addressClass", self.address.map(|ip| json!(AddressClass::of(ip)))),
            ("path", Some(json!(self.path))),
            ("origin", self.origin.as_ref().map(|origin| json!(origin))),
            ("host", self.host.as_ref().map(|host| json!(host))),
            ("client", Some(json!(self.client))),
            ("deviceId", self.device_id.as_ref().map(|id| json!(id))),
            ("protocol", Some(json!(self.dialect))),
            ("trace", Some(json!(self.trace))),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                fields[name] = value;
            }
        }
        fields
    }
}

/// What a refusal says: cause, sentence, message and close, with a command for the reader at `vantage`.
pub(crate) fn told(refusal: &Refusal, dialect: Dialect, ahead: &[Cause], vantage: &Vantage) -> Value {
    let help = refusal.help_for(vantage).ahead(ahead);
    let wire = refusal.wire(dialect);
    let message = wire.error.map_or_else(|| wire.close.reason.clone(), |error| error.message);
    let mut fields = json!({
        "cause": help.cause,
        "sentence": help.sentence,
        "fix": help.fix,
        "message": message,
        "closeCode": wire.close.code,
        "closeReason": wire.close.reason,
        "ahead": ahead,
        "refusal": refusal,
    });
    if let Some(id) = request_of(refusal) {
        fields["requestId"] = json!(id);
    }
    fields
}

fn request_of(refusal: &Refusal) -> Option<&RequestId> {
    match refusal {
        Refusal::Unauthorized(failure) => failure.gap.as_ref()?.request_id.as_ref(),
        refusal => refusal.request_id(),
    }
}
