//! `config.*`: reading and changing the configuration file. Secrets never leave: they appear as a marker, and a marker
//! that comes back means the stored value (cli spec §4.6). The gateway's own watcher applies what was written.

mod check;
mod get;
mod history;
mod schema;
mod write;

use std::sync::Arc;

use openclaw_config::{Issue, IssueKind, Severity};
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Methods;
use crate::router::{Authority, Method, Need};

pub(super) fn methods() -> Methods {
    let names = Arc::new(Revisions::new());
    let mut methods = vec![{
        let names = names.clone();
        Method::new(
            "config.get",
            Need::Scope(Scope::READ),
            &[],
            "The configuration without its secrets",
            move |core, caller, _: super::NoParams| get::get(core, caller, names.clone()),
        )
    }];
    methods.extend(write::methods(&names));
    methods.extend(schema::methods());
    methods.push(check::method(&names));
    methods.extend(history::methods(&names));
    methods
}

/// Names of revisions of the file, by which a write can insist on what it was made for.
///
/// The hash of the file itself would let every reader try out short tokens on it, so that readers get a keyed one. It
/// holds as long as this process; after a restart a client reads again, as after any other change.
struct Revisions {
    key: [u8; 32],
}

impl Revisions {
    fn new() -> Self {
        let mut key = [0u8; 32];
        for (half, random) in key.chunks_exact_mut(16).zip([Uuid::new_v4(), Uuid::new_v4()]) {
            half.copy_from_slice(random.as_bytes());
        }
        Self { key }
    }

    /// The name of a revision for this caller. The owner can read the file anyway.
    fn name(&self, hash: &str, caller: &Authority) -> String {
        if caller.owner { hash.to_owned() } else { self.keyed(hash) }
    }

    fn keyed(&self, hash: &str) -> String {
        let digest =
            Sha256::new().chain_update(self.key).chain_update(hash).chain_update(self.key).finalize();
        use base64::Engine as _;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
        format!("hmac-sha256:v1:{text}")
    }

    /// Whether a caller means this revision.
    fn is(&self, named: &str, hash: &str) -> bool {
        named == hash || named == self.keyed(hash)
    }
}

/// Findings in the shape clients know, sorted into what stops the gateway or a part of it, what is only said, and old
/// spellings.
struct Findings {
    issues: Vec<Value>,
    warnings: Vec<Value>,
    legacy: Vec<Value>,
}

impl Findings {
    fn of(found: &[Issue]) -> Self {
        let mut findings = Self { issues: Vec::new(), warnings: Vec::new(), legacy: Vec::new() };
        for issue in found {
            let list = match (issue.kind, issue.severity) {
                (IssueKind::Legacy, _) => &mut findings.legacy,
                (_, Severity::Warning) => &mut findings.warnings,
                _ => &mut findings.issues,
            };
            list.push(shown(issue));
        }
        findings
    }
}

/// A finding as `{path, message}`; `<root>` is the empty path to clients.
fn shown(issue: &Issue) -> Value {
    let path = if issue.path == "<root>" { "" } else { issue.path.as_str() };
    json!({"path": path, "message": issue.message})
}

#[cfg(test)]
mod tests;
