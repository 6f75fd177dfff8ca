//! Frames: reading what a peer sent, writing what we send (auth-and-pairing §1.2). Reading requests is strict,
//! reading a server's frames is lenient.

use crate::{
    dialect::Dialect,
    error::ErrorShape,
    guard,
    ids::Nonce,
    schema::{self, Field, NAME, Shape},
    time::Millis,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use std::{borrow::Cow, sync::Arc};

/// Largest frame before `hello-ok`, in bytes.
pub const MAX_PREAUTH_BYTES: usize = 65_536;
/// Largest frame after `hello-ok`, in bytes (`policy.maxPayload`).
pub const MAX_PAYLOAD_BYTES: usize = 26_214_400;

/// A request. `params` is not parsed yet.
#[derive(Clone, Debug)]
pub struct Request {
    /// The caller's id for it; the answer repeats it.
    pub id: String,
    /// Name of the method.
    pub method: String,
    /// Parameters; `None` when absent or `null`.
    pub params: Option<Box<RawValue>>,
}

/// Bytes that are not a request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// Not JSON at all.
    #[error("not JSON")]
    NotJson,
    /// JSON, but not a request frame.
    #[error("invalid request frame: {}", errors.text(Dialect::V4))]
    NotRequest {
        /// The frame's id where it has a usable one; the answer then goes to it, else to `invalid`.
        id: Option<String>,
        /// What is wrong with it.
        errors: FrameIssues,
    },
}

/// What is wrong with a frame, in both dialects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameIssues {
    v3: String,
    v4: String,
}

impl FrameIssues {
    /// The complaints in the words of the dialect, joined with `; `.
    #[must_use]
    pub fn text(&self, dialect: Dialect) -> &str {
        match dialect {
            Dialect::V3 => &self.v3,
            Dialect::V4 => &self.v4,
        }
    }
}

impl FrameError {
    /// The answer after the handshake (§3.5): id and error; nothing for text that is not JSON.
    #[must_use]
    pub fn answer(&self, dialect: Dialect) -> Option<(String, ErrorShape)> {
        match self {
            Self::NotJson => None,
            Self::NotRequest { id, errors } => Some((
                id.clone().unwrap_or_else(|| "invalid".to_owned()),
                ErrorShape::invalid_request(format!("invalid request frame: {}", errors.text(dialect))),
            )),
        }
    }
}

const REQUEST: &[Field] = &[
    Field::required("type", Shape::Constant("req")),
    Field::required("id", NAME),
    Field::required("method", NAME),
    Field::optional("params", Shape::Any),
    Field::optional("traceparent", Shape::Text { min: 0, max: 128 }),
    Field::optional("expectedProfileId", NAME),
];

/// Reads a request from the bytes of a text or binary message. Size is the caller's concern, depth is checked here.
///
/// # Errors
/// [`FrameError`] says whether there is somebody to answer.
pub fn decode(bytes: &[u8]) -> Result<Request, FrameError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
        id: String,
        method: String,
        params: Option<Box<RawValue>>,
        #[serde(default, deserialize_with = "present")]
        traceparent: Option<String>,
        #[serde(default, rename = "expectedProfileId", deserialize_with = "present")]
        profile: Option<String>,
    }
    /// A property that may be absent, but not `null`.
    fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        String::deserialize(deserializer).map(Some)
    }
    if let Err(error) = guard::check_json(bytes, usize::MAX, guard::MAX_DEPTH) {
        let text = error.to_string();
        return Err(FrameError::NotRequest { id: None, errors: FrameIssues { v3: text.clone(), v4: text } });
    }
    if guard::opens_object(bytes)
        && let Ok(frame) = serde_json::from_slice::<Strict<'_>>(bytes)
        && frame.kind == "req"
        && !frame.id.is_empty()
        && !frame.method.is_empty()
        && frame.traceparent.is_none_or(|text| text.len() <= 128)
        && frame.profile.is_none_or(|text| !text.is_empty())
    {
        return Ok(Request { id: frame.id, method: frame.method, params: frame.params });
    }
    decode_slowly(bytes)
}

/// The way of frames that are odd: it finds out what is wrong, and accepts what is only unusual (a repeated
/// property, of which the last one counts).
fn decode_slowly(bytes: &[u8]) -> Result<Request, FrameError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| FrameError::NotJson)?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let [v3, v4] = [Dialect::V3, Dialect::V4].map(|dialect| schema::check(Some(&value), REQUEST, dialect));
    match (text("id"), text("method"), v4.is_empty()) {
        (Some(id), Some(method), true) => Ok(Request {
            id: id.to_owned(),
            method: method.to_owned(),
            params: value
                .get("params")
                .filter(|params| !params.is_null())
                .and_then(|params| serde_json::value::to_raw_value(params).ok()),
        }),
        (id, ..) => Err(FrameError::NotRequest {
            id: id.map(str::to_owned),
            errors: FrameIssues { v3: v3.text(), v4: v4.text() },
        }),
    }
}

/// The two counters that accompany presence and health events.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct StateVersion {
    /// Changes of presence so far.
    pub presence: u64,
    /// Changes of health so far.
    pub health: u64,
}

#[derive(Serialize)]
struct ResponseFrame<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorShape>,
}

#[derive(Serialize)]
struct EventFrame<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    event: &'a str,
    payload: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(rename = "stateVersion", skip_serializing_if = "Option::is_none")]
    state_version: Option<StateVersion>,
}

/// A successful answer. A payload that cannot become JSON (a map with keys that are not strings) is answered with
/// an `UNAVAILABLE` error instead.
pub fn response_ok(id: &str, payload: &impl Serialize) -> String {
    let frame = ResponseFrame { kind: "res", id, ok: true, payload: Some(payload), error: None };
    serde_json::to_string(&frame).unwrap_or_else(|error| {
        response_error(id, &ErrorShape::unavailable(format!("answer could not be written: {error}"), 1000))
    })
}

/// A refusal of a request.
#[must_use]
pub fn response_error(id: &str, error: &ErrorShape) -> String {
    let frame = ResponseFrame::<()> { kind: "res", id, ok: false, payload: None, error: Some(error) };
    // Strings and JSON values always serialise.
    serde_json::to_string(&frame).unwrap_or_default()
}

/// A request, for clients.
///
/// # Errors
/// When the parameters cannot become JSON.
pub fn request(id: &str, method: &str, params: &impl Serialize) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct RequestFrame<'a, T> {
        #[serde(rename = "type")]
        kind: &'static str,
        id: &'a str,
        method: &'a str,
        params: &'a T,
    }
    serde_json::to_string(&RequestFrame { kind: "req", id, method, params })
}

/// An event for one peer. A payload that cannot become JSON is sent as `null`.
pub fn event(
    name: &str,
    payload: &impl Serialize,
    seq: Option<u64>,
    version: Option<StateVersion>,
) -> String {
    let body = EventBody::new(name, payload, version);
    seq.map_or_else(|| body.without_seq(), |seq| body.with_seq(seq))
}

/// The first frame of every connection (§1.3). It leaves before the client's generation is known, so it is the
/// same for both.
#[must_use]
pub fn challenge(nonce: &Nonce, now: Millis) -> String {
    event("connect.challenge", &serde_json::json!({"nonce": nonce, "ts": now}), None, None)
}

/// An event written once and sent to many: each receiver adds only its own `seq`.
#[derive(Clone, Debug)]
pub struct EventBody {
    /// The frame without its closing brace.
    open: Arc<str>,
}

impl EventBody {
    /// Writes the event. A payload that cannot become JSON is sent as `null`.
    pub fn new(name: &str, payload: &impl Serialize, version: Option<StateVersion>) -> Self {
        let frame = EventFrame { kind: "event", event: name, payload, seq: None, state_version: version };
        let mut text = serde_json::to_string(&frame).unwrap_or_else(|_| {
            let bare =
                EventFrame { kind: "event", event: name, payload: (), seq: None, state_version: version };
            serde_json::to_string(&bare).unwrap_or_default()
        });
        text.pop();
        Self { open: text.into() }
    }

    /// The frame with this receiver's number.
    #[must_use]
    pub fn with_seq(&self, seq: u64) -> String {
        format!("{},\"seq\":{seq}}}", self.open)
    }

    /// The frame for a receiver that gets it outside the numbered stream.
    #[must_use]
    pub fn without_seq(&self) -> String {
        format!("{}}}", self.open)
    }

    /// Bytes that one copy takes on the wire, within a few.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len() + 16
    }

    /// Never: an event always has a name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }
}

/// A frame as a client receives it.
#[derive(Clone, Debug)]
pub enum Inbound {
    /// The answer to a request.
    Response {
        /// The request's id.
        id: String,
        /// Whether it succeeded.
        ok: bool,
        /// The result.
        payload: Option<Box<RawValue>>,
        /// Why it failed.
        error: Option<ErrorShape>,
    },
    /// Something happened.
    Event {
        /// Name of the event.
        event: String,
        /// What happened.
        payload: Option<Box<RawValue>>,
        /// Number in this connection's stream.
        seq: Option<u64>,
        /// Counters.
        state_version: Option<StateVersion>,
    },
}

/// Reads a server's frame. Unknown properties and unknown kinds of frame (`None`) are ignored.
///
/// # Errors
/// [`FrameError::NotJson`] when the bytes are not a JSON object with a type.
pub fn decode_inbound(bytes: &[u8]) -> Result<Option<Inbound>, FrameError> {
    #[derive(Deserialize)]
    struct Loose {
        #[serde(rename = "type")]
        kind: String,
        id: Option<String>,
        ok: Option<bool>,
        event: Option<String>,
        payload: Option<Box<RawValue>>,
        error: Option<ErrorShape>,
        // Early gateways write numbers here that are not whole, or nothing; neither matters to us.
        seq: Option<Value>,
        #[serde(rename = "stateVersion")]
        state_version: Option<Value>,
    }
    guard::check_json(bytes, usize::MAX, 2 * guard::MAX_DEPTH).map_err(|_| FrameError::NotJson)?;
    if !guard::opens_object(bytes) {
        return Err(FrameError::NotJson);
    }
    let frame: Loose = serde_json::from_slice(bytes).map_err(|_| FrameError::NotJson)?;
    Ok(match (frame.kind.as_str(), frame.id, frame.event) {
        ("res", Some(id), _) => Some(Inbound::Response {
            id,
            ok: frame.ok.unwrap_or(frame.error.is_none()),
            payload: frame.payload,
            error: frame.error,
        }),
        ("event", _, Some(event)) => Some(Inbound::Event {
            event,
            payload: frame.payload,
            seq: frame.seq.and_then(|seq| seq.as_u64()),
            state_version: frame.state_version.and_then(|version| serde_json::from_value(version).ok()),
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
