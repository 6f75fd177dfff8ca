//! The gateway's address, tried as a client would try it: the owner sees what others meet (ruling 27).

use std::time::{Duration, Instant};

use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use super::OwnerView;
use crate::context::Context;
use crate::failure::Failure;
use crate::reach::{CallError, Gateway, Inputs, NotConnected, connect_looking};

/// One attempt.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The address, without secrets.
    pub(crate) url: String,
    /// Who chose it: `local loopback`, `cli --url`, …
    pub(crate) source: String,
    /// What became of it.
    pub(crate) outcome: Result<Hit, Miss>,
}

/// The gateway let us in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    /// Milliseconds until it did.
    pub(crate) latency_ms: u64,
    /// Its version.
    pub(crate) version: String,
    /// The connection's id there.
    pub(crate) conn_id: String,
    /// How it authenticated us.
    pub(crate) auth_method: Option<String>,
    /// What we may do, where it says so.
    pub(crate) scopes: Option<Vec<String>>,
    /// `status` answered; else why it did not.
    pub(crate) read: Result<(), String>,
}

/// It did not.
#[derive(Debug)]
pub(crate) struct Miss {
    /// Sentence, cause, facts and fix.
    pub(crate) failure: Failure,
    /// The close frame.
    pub(crate) close: Option<(u16, String)>,
}

/// Tries it.
pub(super) async fn attempt(
    context: &Context,
    inputs: &Inputs<'_>,
    owner: &OwnerView,
    patience: Duration,
) -> Probe {
    let target = match inputs.target().resolve() {
        Ok(target) => target,
        Err(error) => {
            let failure = Failure::new(error.to_string()).kind("gateway_target");
            let miss = Miss { failure, close: None };
            return Probe { url: String::new(), source: String::new(), outcome: Err(miss) };
        }
    };
    let (url, source) = (target.shown(), target.source.to_string());
    let is_own = target.source.is_this_machine();
    if let Some(hit) = by_owner_only(owner).filter(|_| is_own) {
        return Probe { url, source, outcome: Ok(hit) };
    }
    let known = owner.answers().filter(|_| is_own);
    let known = known.and_then(|answers| answers.own_device.as_ref());
    let begun = Instant::now();
    let outcome = match connect_looking(context, inputs, target, patience, known).await {
        Ok(mut gateway) => {
            let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let hello = gateway.client().hello();
            let words = |text: &str| Words::new(text).to_string();
            let mut hit = Hit {
                latency_ms,
                version: words(&hello.server_version),
                conn_id: words(&hello.conn_id),
                auth_method: hello.auth_method.as_deref().map(words),
                scopes: hello.scopes.as_ref().map(|all| all.iter().map(|scope| words(scope)).collect()),
                read: Ok(()),
            };
            hit.read = match gateway.call("status", json!({})).await {
                Ok(_) => Ok(()),
                // Where no TCP peer is local, a client without a device reads nothing; the owner does (G5-0c).
                Err(CallError::Refused(shape))
                    if is_own && owner.is_answering() && shape.message.starts_with("missing scope") =>
                {
                    Ok(())
                }
                Err(CallError::Refused(shape)) => Err(words(&shape.message)),
                Err(CallError::Lost(failure)) => Err(failure.message().to_owned()),
            };
            Box::new(gateway).close().await;
            Ok(hit)
        }
        Err(error) => {
            let close = match &error {
                NotConnected::Attempt(error) => error
                    .close()
                    .map(|close| (close.code, openclaw_protocol::words::escape(&close.reason, 123))),
                NotConnected::Before(_) => None,
            };
            Err(Miss { failure: error.into_failure(context, inputs), close })
        }
    };
    Probe { url, source, outcome }
}

/// Behind a login proxy nobody but the proxy may connect over the network, this machine's clients included: to be refused
/// there says nothing. That the owner is answered does.
fn by_owner_only(owner: &OwnerView) -> Option<Hit> {
    let answers = owner.answers()?;
    (owner.gateway_text("authMode")? == "trusted-proxy").then(|| Hit {
        latency_ms: answers.latency_ms,
        version: owner.gateway_text("version").unwrap_or_default(),
        conn_id: String::new(),
        auth_method: Some("owner".to_owned()),
        scopes: Some(ScopeSet::full_operator().to_strings()),
        read: Ok(()),
    })
}

impl Probe {
    /// We were let in.
    pub(crate) fn reached(&self) -> Option<&Hit> {
        self.outcome.as_ref().ok()
    }

    /// We were not.
    pub(crate) fn missed(&self) -> Option<&Miss> {
        self.outcome.as_ref().err()
    }

    /// What a client of this machine may do, in the words of the current generation.
    pub(crate) fn capability(&self) -> &'static str {
        match &self.outcome {
            Ok(hit) => hit.capability(),
            Err(miss) if miss.failure.text_field("code") == Some("PAIRING_REQUIRED") => "pairing-pending",
            Err(_) => "unknown",
        }
    }
}

impl Hit {
    /// What the connection may do.
    pub(crate) fn capability(&self) -> &'static str {
        capability(self.scopes.as_deref(), self.read.as_ref().err().map(String::as_str))
    }
}

/// What a connection may do, in the words of the current generation: from its scopes, or from what reading met when the
/// gateway does not tell them (early 2026).
pub(crate) fn capability(scopes: Option<&[String]>, read_error: Option<&str>) -> &'static str {
    let told = scopes.map(|scopes| ScopeSet::parse_known(scopes).0);
    match (told, read_error) {
        (Some(scopes), _) if scopes.satisfies(Scope::ADMIN) => "admin-capable",
        (Some(scopes), _) if scopes.satisfies(Scope::WRITE) => "write-capable",
        (Some(scopes), _) if scopes.satisfies(Scope::READ) => "read-only",
        (Some(_), _) => "connected-no-operator-scope",
        (None, None) => "read-only",
        (None, Some(why)) if why.starts_with("missing scope") => "connected-no-operator-scope",
        (None, Some(_)) => "unknown",
    }
}

impl Miss {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "cause": self.failure.text_field("cause"),
            "code": self.failure.text_field("code"),
            "message": self.failure.message(),
            "fix": self.failure.fix_command(),
            "requestId": self.failure.text_field("requestId"),
            "close": self.close.as_ref().map(|(code, reason)| json!({ "code": code, "reason": reason })),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::capability;

    #[test]
    fn what_a_connection_may_do() {
        let scopes = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for (told, error, expected) in [
            (scopes(&["operator.admin"]), None, "admin-capable"),
            (scopes(&["operator.read", "operator.write"]), None, "write-capable"),
            (scopes(&["operator.read"]), None, "read-only"),
            (scopes(&[]), Some("missing scope: operator.read"), "connected-no-operator-scope"),
            (None, None, "read-only"),
            (None, Some("missing scope: operator.read"), "connected-no-operator-scope"),
            (None, Some("unknown method: status"), "unknown"),
        ] {
            assert_eq!(capability(told.as_deref(), error), expected, "{told:?}");
        }
    }
}
