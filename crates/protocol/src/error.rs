//! The error object of a response (auth-and-pairing §1.2) and the errors every method shares (§3.5).

use crate::{dialect::Dialect, role::Role, scope::Scope};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use std::{borrow::Cow, fmt};

/// The `code` of an error. Closed for what we send, open for what we read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ErrorCode {
    /// The request cannot be served as it is.
    InvalidRequest,
    /// The device is not approved, or not for this.
    NotPaired,
    /// Not now; see `retryAfterMs`.
    Unavailable,
    /// The caller lacks a scope (protocol 4).
    Forbidden,
    /// A code that only other gateways send.
    Other(Box<str>),
}

impl ErrorCode {
    /// The wire's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::NotPaired => "NOT_PAIRED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Forbidden => "FORBIDDEN",
            Self::Other(code) => code,
        }
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        match code {
            "INVALID_REQUEST" => Self::InvalidRequest,
            "NOT_PAIRED" => Self::NotPaired,
            "UNAVAILABLE" => Self::Unavailable,
            "FORBIDDEN" => Self::Forbidden,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(&*Cow::<'de, str>::deserialize(deserializer)?))
    }
}

/// An error as it goes over the wire. Properties that are absent are left out, never `null`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorShape {
    /// The kind of error.
    pub code: ErrorCode,
    /// One line for people; clients of both generations also match on it.
    pub message: String,
    /// Whether the same request may succeed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Facts for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl ErrorShape {
    /// An error with only a code and a message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: None, retry_after_ms: None, details: None }
    }

    /// `INVALID_REQUEST`.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// `NOT_PAIRED`.
    pub fn not_paired(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotPaired, message)
    }

    /// `UNAVAILABLE`, to be tried again after so many milliseconds.
    pub fn unavailable(message: impl Into<String>, retry_after_ms: u64) -> Self {
        Self {
            retryable: Some(true),
            retry_after_ms: Some(retry_after_ms),
            ..Self::new(ErrorCode::Unavailable, message)
        }
    }

    /// The same error with these details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// The caller lacks a scope: protocol 3 says `INVALID_REQUEST` without details, protocol 4 `FORBIDDEN` with them.
    #[must_use]
    pub fn forbidden_scope(dialect: Dialect, missing: &Scope, required: &[Scope]) -> Self {
        let message = format!("missing scope: {missing}");
        match dialect {
            Dialect::V3 => Self::invalid_request(message),
            Dialect::V4 => Self::new(ErrorCode::Forbidden, message).with_details(json!({
                "code": "MISSING_SCOPE",
                "missingScope": missing,
                "requiredScopes": required,
            })),
        }
    }

    /// No such method (told to admins only; others get [`ErrorShape::forbidden_scope`] for admin).
    #[must_use]
    pub fn unknown_method(method: &str) -> Self {
        Self::invalid_request(format!("unknown method: {}", crate::words::Words::new(method)))
    }

    /// The method belongs to the other role.
    #[must_use]
    pub fn unauthorized_role(role: Role) -> Self {
        Self::invalid_request(format!("unauthorized role: {role}"))
    }

    /// A `connect` after the handshake, as an admin meets it (protocol 3 tells others `missing scope`).
    #[must_use]
    pub fn second_connect() -> Self {
        Self::invalid_request("connect is only valid as the first request")
    }

    /// Too many control-plane writes; `limit` reads `3 per 60s`.
    #[must_use]
    pub fn write_budget(method: &str, retry_after_ms: u64, limit: &str) -> Self {
        let seconds = retry_after_ms.div_ceil(1000);
        Self::unavailable(format!("rate limit exceeded for {method}; retry after {seconds}s"), retry_after_ms)
            .with_details(json!({"method": method, "limit": limit}))
    }

    /// A method that the gateway cannot serve yet.
    #[must_use]
    pub fn method_starting(method: &str) -> Self {
        Self::unavailable(format!("{method} unavailable during gateway startup"), 500)
    }

    /// Parameters that do not have the method's shape: `invalid <method> params: <errors>`.
    #[must_use]
    pub fn invalid_params(method: &str, errors: &str) -> Self {
        Self::invalid_request(format!("invalid {method} params: {errors}"))
    }

    /// A string property of `details`.
    #[must_use]
    pub fn detail(&self, key: &str) -> Option<&str> {
        self.details.as_ref()?.get(key)?.as_str()
    }
}

impl fmt::Display for ErrorShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(error: &ErrorShape) -> String {
        serde_json::to_string(error).unwrap()
    }

    #[test]
    fn missing_scope_as_the_real_gateways_say_it() {
        let required = [Scope::PAIRING];
        assert_eq!(
            text(&ErrorShape::forbidden_scope(Dialect::V3, &Scope::PAIRING, &required)),
            r#"{"code":"INVALID_REQUEST","message":"missing scope: operator.pairing"}"#
        );
        assert_eq!(
            text(&ErrorShape::forbidden_scope(Dialect::V4, &Scope::PAIRING, &required)),
            r#"{"code":"FORBIDDEN","message":"missing scope: operator.pairing","details":{"code":"MISSING_SCOPE","missingScope":"operator.pairing","requiredScopes":["operator.pairing"]}}"#
        );
    }

    #[test]
    fn shared_errors_have_the_wire_words() {
        assert_eq!(ErrorShape::unknown_method("no.such.method").message, "unknown method: no.such.method");
        assert_eq!(ErrorShape::unauthorized_role(Role::Node).message, "unauthorized role: node");
        assert_eq!(
            text(&ErrorShape::write_budget("config.apply", 41_200, "3 per 60s")),
            r#"{"code":"UNAVAILABLE","message":"rate limit exceeded for config.apply; retry after 42s","retryable":true,"retryAfterMs":41200,"details":{"method":"config.apply","limit":"3 per 60s"}}"#
        );
    }

    #[test]
    fn foreign_codes_are_kept() {
        let error: ErrorShape =
            serde_json::from_str(r#"{"code":"AGENT_TIMEOUT","message":"x","new":1}"#).unwrap();
        assert_eq!(error.code, ErrorCode::Other("AGENT_TIMEOUT".into()));
    }
}
