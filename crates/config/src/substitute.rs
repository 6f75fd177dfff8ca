//! `${VAR}` in strings (cli spec section 4.3).

use serde_json::Value;

use crate::env::Env;
use crate::issue::{Issue, IssueKind, Severity};
use crate::keypath::KeyPath;

/// Most bytes that substitution may add to one configuration: a small file could otherwise name a large variable often.
const MAX_ADDED_BYTES: usize = 8 * 1024 * 1024;

/// What a text with references comes to. May hold a secret, so it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The text with every known variable filled in; unknown ones stay as written.
    pub text: String,
    /// Names that were missing or empty, in order, without repetition.
    pub missing: Vec<String>,
}

/// Whether a text could contain a reference.
#[must_use]
pub fn mentions(text: &str) -> bool {
    text.contains("${")
}

/// Fills in `${NAME}` (capital letters, digits and underscores only); `$${NAME}` is a literal `${NAME}`.
#[must_use]
pub fn expand(text: &str, env: &Env) -> Expanded {
    let mut out = Expanded { text: String::with_capacity(text.len()), missing: Vec::new() };
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.text.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        if let Some(name) = rest.strip_prefix('$').and_then(reference) {
            // `$${NAME}`
            out.text.push_str(&rest[1..name.len() + 4]);
            rest = &rest[name.len() + 4..];
        } else if let Some(name) = reference(rest) {
            match env.get(name) {
                Some(value) => out.text.push_str(value),
                None => {
                    out.text.push_str(&rest[..name.len() + 3]);
                    if !out.missing.iter().any(|m| m == name) {
                        out.missing.push(name.to_owned());
                    }
                }
            }
            rest = &rest[name.len() + 3..];
        } else {
            out.text.push('$');
            rest = &rest[1..];
        }
    }
    out.text.push_str(rest);
    out
}

/// The name in a text that begins with `${NAME}`.
fn reference(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let name = &inner[..end];
    is_name(name).then_some(name)
}

/// `[A-Z_][A-Z0-9_]*`
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    matches!(bytes.next(), Some(b'A'..=b'Z' | b'_'))
        && bytes.all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

/// Fills in every string below `value` and reports what is missing.
pub(crate) fn expand_all(value: &mut Value, env: &Env) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut budget = MAX_ADDED_BYTES;
    walk(value, &KeyPath::root(), env, &mut budget, &mut issues);
    issues
}

fn walk(value: &mut Value, at: &KeyPath, env: &Env, budget: &mut usize, issues: &mut Vec<Issue>) {
    match value {
        Value::String(text) if mentions(text) => {
            let expanded = expand(text, env);
            for name in &expanded.missing {
                issues.push(
                    Issue::new(
                        at.to_string(),
                        Severity::Warning,
                        IssueKind::Unresolved,
                        format!("missing env var \"{name}\" at {at} — feature using this value will be unavailable"),
                    )
                    .about(name)
                    .hint(format!("Set {name} in the environment or in the .env file of the state directory.")),
                );
            }
            let added = expanded.text.len().saturating_sub(text.len());
            if added > *budget {
                *budget = 0;
                issues.push(Issue::new(
                    at.to_string(),
                    Severity::Fatal,
                    IssueKind::Unresolved,
                    "environment variables make the configuration too large",
                ));
                return;
            }
            *budget -= added;
            *text = expanded.text;
        }
        Value::Array(list) => {
            for (i, item) in list.iter_mut().enumerate() {
                walk(item, &at.index(i), env, budget, issues);
            }
        }
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                walk(item, &at.key(key), env, budget, issues);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn table() {
        let env = Env::from_pairs([("A", "1"), ("B_2", "${A}"), ("EMPTY", "")]);
        let table: [(&str, &str, &[&str]); 14] = [
            ("x", "x", &[]),
            ("${A}", "1", &[]),
            ("a${A}b${A}c", "a1b1c", &[]),
            ("${B_2}", "${A}", &[]),
            ("$${A}", "${A}", &[]),
            ("$$${A}", "$${A}", &[]),
            ("${NO}", "${NO}", &["NO"]),
            ("${EMPTY}${EMPTY}", "${EMPTY}${EMPTY}", &["EMPTY"]),
            ("${a}", "${a}", &[]),
            ("${1A}", "${1A}", &[]),
            ("${A", "${A", &[]),
            ("$", "$", &[]),
            ("$A ${} $$", "$A ${} $$", &[]),
            ("é${A}é", "é1é", &[]),
        ];
        for (text, want, missing) in table {
            let got = expand(text, &env);
            assert_eq!(
                (got.text.as_str(), got.missing.as_slice()),
                (want, &missing.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn reports_where() {
        let mut value = json!({"gateway": {"auth": {"token": "${MY_TOK}"}}, "l": ["${MY_TOK}"]});
        let issues = expand_all(&mut value, &Env::default());
        assert_eq!(
            issues[0].message,
            "missing env var \"MY_TOK\" at gateway.auth.token — feature using this value will be unavailable"
        );
        assert_eq!(issues[1].path, "l[0]");
        assert_eq!(value["l"][0], "${MY_TOK}");
    }

    #[test]
    fn growth_is_bounded() {
        let env = Env::from_pairs([("BIG", "x".repeat(1024 * 1024))]);
        let mut value = json!((0..64).map(|_| "${BIG}").collect::<Vec<_>>());
        let issues = expand_all(&mut value, &env);
        assert!(issues.iter().any(|i| i.severity == Severity::Fatal));
        assert!(value.to_string().len() < 10 * 1024 * 1024);
    }

    proptest! {
        #[test]
        fn total_and_without_references_unchanged(text in "[$A-Ca-c{}\\\\é]{0,40}") {
            let got = expand(&text, &Env::default());
            if !text.contains("$${") {
                prop_assert_eq!(got.text, text);
            }
        }
    }
}
