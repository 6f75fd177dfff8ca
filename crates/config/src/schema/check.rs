//! Holding a configuration against the table: unknown keys and wrong types, all of them at once (ruling 11).

use openclaw_protocol::secret::{REDACTED, is_placeholder};
use serde_json::Value;

use super::{Kind, Known, Node, json_type, suggest};
use crate::issue::{Issue, IssueKind, Severity};
use crate::keypath::{KeyPath, Segment};
use crate::secretref;

/// Findings listed for one file; a file of noise must not cost memory.
const MAX_FINDINGS: usize = 200;

/// Checks a whole configuration. The second value of each finding is the path of the offending key itself, for
/// finding its line (for an unknown key the issue's path is that of the object that holds it).
#[must_use]
pub fn check(value: &Value) -> Vec<(Issue, KeyPath)> {
    let mut findings = Vec::new();
    match value {
        Value::Object(_) => walk(value, Known::Root, &KeyPath::root(), &mut findings),
        other => findings.push((
            Issue::new(
                "",
                Severity::Fatal,
                IssueKind::WrongType,
                format!("Invalid input: expected object, received {}", json_type(other)),
            ),
            KeyPath::root(),
        )),
    }
    findings
}

fn walk(value: &Value, place: Known, path: &KeyPath, findings: &mut Vec<(Issue, KeyPath)>) {
    if findings.len() >= MAX_FINDINGS {
        return;
    }
    if let Known::Node(node) = place {
        if let Some(message) = mismatch(node, value) {
            let severity = severity_of(path, node, value);
            findings
                .push((Issue::new(path.to_string(), severity, IssueKind::WrongType, message), path.clone()));
            return;
        }
        if node.kind.has(Kind::SECRET) {
            if let Some(text) = value
                .as_str()
                .filter(|t| !secretref::is_env_shorthand(t) && !t.contains("${") && is_placeholder(t))
            {
                findings.push((placeholder(path, text), path.clone()));
            }
            return;
        }
    }
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                if findings.len() >= MAX_FINDINGS {
                    return;
                }
                let below = path.key(key);
                match place.child(key) {
                    Some(Known::Open) | None if key == "$include" => {}
                    Some(Known::Open) => {}
                    Some(next) => walk(item, next, &below, findings),
                    None => findings.push((unknown(path, key, &below), below)),
                }
            }
        }
        Value::Array(list) => {
            let next = place.element();
            if !matches!(next, Known::Open) {
                for (i, item) in list.iter().enumerate() {
                    walk(item, next, &path.index(i), findings);
                }
            }
        }
        _ => {}
    }
}

fn unknown(parent: &KeyPath, key: &str, full: &KeyPath) -> Issue {
    let shown = KeyPath::keys([key]).to_string();
    let shown = shown.trim_start_matches("[\"").trim_end_matches("\"]");
    let issue = Issue::new(
        parent.to_string(),
        Severity::Warning,
        IssueKind::UnknownKey,
        format!("Unrecognized key: \"{shown}\""),
    )
    .about(key);
    match suggest(full) {
        Some(better) => issue.hint(format!("Did you mean {better}? The value is kept and has no effect.")),
        None => issue.hint("The value is kept and has no effect."),
    }
}

fn placeholder(path: &KeyPath, text: &str) -> Issue {
    // The marker in a file is damage: somebody wrote back what was shown to him. A guide's placeholder may be in use,
    // weak as it is, so it is not repeated and stops nothing.
    let (severity, message) = if !text.contains(REDACTED) {
        (
            Severity::Warning,
            "a guide's placeholder stands where a secret belongs; anybody can guess it".to_owned(),
        )
    } else if is_gateway_secret(path) {
        (Severity::Fatal, format!("{REDACTED} stands where a secret belongs"))
    } else {
        (Severity::PartOff, format!("{REDACTED} stands where a secret belongs"))
    };
    Issue::new(path.to_string(), severity, IssueKind::Placeholder, message)
        .hint(format!("Set the real value, or remove it: openclaw config unset {path}"))
}

fn is_gateway_secret(path: &KeyPath) -> bool {
    matches!(path.to_string().as_str(), "gateway.auth.token" | "gateway.auth.password")
}

/// Ill-typed under `gateway`, `secrets` or in `hooks.token` stops the gateway; elsewhere that part is off. A string that
/// is not among the choices the table knows may come from a newer version: outside these places only a warning.
fn severity_of(path: &KeyPath, node: &Node, value: &Value) -> Severity {
    let head = |i: usize| match path.0.get(i) {
        Some(Segment::Key(key)) => key.as_str(),
        _ => "",
    };
    match head(0) {
        "gateway" | "secrets" => Severity::Fatal,
        "hooks" if head(1) == "token" => Severity::Fatal,
        _ if value.is_string() && !node.choices.is_empty() => Severity::Warning,
        _ => Severity::PartOff,
    }
}

/// The original's sentence when `value` is not allowed by `node`.
pub(super) fn mismatch(node: &Node, value: &Value) -> Option<String> {
    let kind = node.kind;
    if kind.has(Kind::ANY) {
        return None;
    }
    let fits = match value {
        Value::Null => kind.has(Kind::NULL),
        Value::Bool(true) => kind.has(Kind::BOOLEAN),
        Value::Bool(false) => kind.has(Kind::BOOLEAN) || kind.has(Kind::FALSE),
        Value::Number(n) => {
            let whole = n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|f| f.fract() == 0.0);
            if !kind.has(Kind::NUMBER) && kind.has(Kind::INTEGER) && !whole {
                return Some("Invalid input: expected int, received number".to_owned());
            }
            kind.has(Kind::NUMBER) || kind.has(Kind::INTEGER)
        }
        Value::String(text) => {
            kind.has(Kind::STRING) || kind.has(Kind::SECRET) || node.choices.iter().any(|c| c == text)
        }
        Value::Array(list) => {
            if kind.has(Kind::LIST) {
                true
            } else if kind.has(Kind::STRINGS) || kind.has(Kind::OBJECTS) {
                let (ok, what): (fn(&Value) -> bool, _) = if kind.has(Kind::STRINGS) {
                    (Value::is_string, "string")
                } else {
                    (Value::is_object, "object")
                };
                if let Some(bad) = list.iter().find(|v| !ok(v)) {
                    return Some(format!(
                        "Invalid input: expected an array of {what}s, it contains {}",
                        json_type(bad)
                    ));
                }
                true
            } else {
                false
            }
        }
        Value::Object(map) => {
            if kind.has(Kind::SECRET) {
                return secretref::SecretRef::parse(map).err().map(|why| format!("Invalid input: {why}"));
            }
            kind.has(Kind::OBJECT) || kind.has(Kind::MAP)
        }
    };
    if fits {
        let number = value.as_f64()?;
        #[allow(clippy::cast_precision_loss, reason = "limits in the table are far below 2^53")]
        let (low, high) = (node.min.map(|n| n as f64), node.max.map(|n| n as f64));
        if low.is_some_and(|low| number < low) {
            return Some(format!("Too small: expected number to be >={}", node.min.unwrap_or_default()));
        }
        if high.is_some_and(|high| number > high) {
            return Some(format!("Too big: expected number to be <={}", node.max.unwrap_or_default()));
        }
        return None;
    }
    Some(if !node.choices.is_empty() && (value.is_string() || kind == Kind::default()) {
        let allowed: Vec<String> = node.choices.iter().map(|c| format!("\"{c}\"")).collect();
        format!("Invalid input (allowed: {})", allowed.join(", "))
    } else {
        format!("Invalid input: expected {}, received {}", expected(node), json_type(value))
    })
}

/// The types of an entry in words.
pub(super) fn expected(node: &Node) -> String {
    let words = [
        (Kind::STRING, "string"),
        (Kind::SECRET, "string"),
        (Kind::BOOLEAN, "boolean"),
        (Kind::INTEGER, "number"),
        (Kind::NUMBER, "number"),
        (Kind::NULL, "null"),
        (Kind::OBJECT, "object"),
        (Kind::MAP, "object"),
        (Kind::LIST, "array"),
        (Kind::STRINGS, "array"),
        (Kind::OBJECTS, "array"),
        (Kind::FALSE, "false"),
    ];
    let mut out: Vec<&str> = Vec::new();
    for (kind, word) in words {
        if node.kind.has(kind) && !out.contains(&word) {
            out.push(word);
        }
    }
    let choices: Vec<String> = node.choices.iter().map(|c| format!("\"{c}\"")).collect();
    out.extend(choices.iter().map(String::as_str));
    out.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn findings() {
        use IssueKind::{Placeholder, UnknownKey, WrongType};
        use Severity::{Fatal, PartOff, Warning};
        let table = [
            (json!({"hello": 1}), "<root>", "Unrecognized key: \"hello\"", Warning, UnknownKey),
            (json!({"gateway": {"bogus": 1}}), "gateway", "Unrecognized key: \"bogus\"", Warning, UnknownKey),
            (
                json!({"gateway": {"port": "x"}}),
                "gateway.port",
                "Invalid input: expected number, received string",
                Fatal,
                WrongType,
            ),
            (
                json!({"gateway": {"port": 1.5}}),
                "gateway.port",
                "Invalid input: expected int, received number",
                Fatal,
                WrongType,
            ),
            (
                json!({"gateway": {"port": 70000}}),
                "gateway.port",
                "Too big: expected number to be <=65535",
                Fatal,
                WrongType,
            ),
            (
                json!({"gateway": {"port": 0}}),
                "gateway.port",
                "Too small: expected number to be >=1",
                Fatal,
                WrongType,
            ),
            (
                json!({"gateway": {"auth": {"mode": "basic"}}}),
                "gateway.auth.mode",
                "Invalid input (allowed: \"token\", \"password\", \"none\", \"trusted-proxy\")",
                Fatal,
                WrongType,
            ),
            (
                json!({"gateway": []}),
                "gateway",
                "Invalid input: expected object, received array",
                Fatal,
                WrongType,
            ),
            (
                json!({"gateway": {"auth": {"token": 5}}}),
                "gateway.auth.token",
                "Invalid input: expected string, received number",
                Fatal,
                WrongType,
            ),
            (
                json!({"gateway": {"trustedProxies": ["a", 1]}}),
                "gateway.trustedProxies",
                "Invalid input: expected an array of strings, it contains number",
                Fatal,
                WrongType,
            ),
            (
                json!({"hooks": {"token": 1}}),
                "hooks.token",
                "Invalid input: expected string, received number",
                Fatal,
                WrongType,
            ),
            (
                json!({"hooks": {"enabled": "yes"}}),
                "hooks.enabled",
                "Invalid input: expected boolean, received string",
                PartOff,
                WrongType,
            ),
            (
                json!({"agents": {"defaults": {"thinkingDefault": "later"}}}),
                "agents.defaults.thinkingDefault",
                "Invalid input (allowed: \"off\"",
                Warning,
                WrongType,
            ),
            (
                json!({"channels": {"telegram": {"accounts": {"a": {"enabled": 1}}}}}),
                "channels.telegram.accounts.a.enabled",
                "Invalid input: expected boolean, received number",
                PartOff,
                WrongType,
            ),
            (
                json!({"gateway": {"auth": {"token": "YOUR_TOKEN"}}}),
                "gateway.auth.token",
                "a guide's placeholder stands where",
                Warning,
                Placeholder,
            ),
            (
                json!({"gateway": {"auth": {"token": REDACTED}}}),
                "gateway.auth.token",
                "__OPENCLAW_REDACTED__ stands where a secret belongs",
                Fatal,
                Placeholder,
            ),
            (
                json!({"hooks": {"token": REDACTED}}),
                "hooks.token",
                "__OPENCLAW_REDACTED__ stands where a secret belongs",
                PartOff,
                Placeholder,
            ),
            (json!([]), "<root>", "Invalid input: expected object, received array", Fatal, WrongType),
        ];
        for (value, path, message, severity, kind) in table {
            let found = check(&value);
            assert_eq!(found.len(), 1, "{value}: {found:?}");
            let issue = &found[0].0;
            assert!(issue.message.starts_with(message), "{value}: {}", issue.message);
            assert_eq!((issue.path.as_str(), issue.severity, issue.kind), (path, severity, kind), "{value}");
        }
    }

    #[test]
    fn ordinary_files_are_quiet() {
        let value = json!({
            "$schema": "x",
            "meta": {"lastTouchedVersion": "2026.3.13", "lastTouchedAt": "2026-03-13T00:00:00Z"},
            "gateway": {
                "mode": "local", "port": 18789, "bind": "lan",
                "auth": {"mode": "token", "token": {"source": "env", "provider": "default", "id": "T"}},
                "controlUi": {"allowedOrigins": ["*"]}, "trustedProxies": ["10.0.0.0/8"],
                "http": {"securityHeaders": {"strictTransportSecurity": false}},
            },
            "agents": {"defaults": {"model": {"primary": "a/b"}, "workspace": "~/w"}, "list": [{"id": "main", "model": "x/y"}]},
            "channels": {"telegram": {"enabled": true, "botToken": "123:abc", "groups": {"*": {"requireMention": true}}, "accounts": {"w": {"botToken": "${T}"}}}},
            "models": {"providers": {"p": {"baseUrl": "http://x", "apiKey": "$KEY", "models": [{"id": "m"}]}}},
            "env": {"vars": {"A": "b"}, "OPENAI_API_KEY": "k"},
            "commands": {"native": "auto", "restart": true, "ownerDisplay": "raw"},
            "browser": {"whatever": {"deep": [1]}},
            "logging": {"level": "debug"},
        });
        assert_eq!(
            check(&value).into_iter().map(|(i, _)| i.to_string()).collect::<Vec<_>>(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn noise_is_bounded_and_escaped() {
        let mut map = serde_json::Map::new();
        for i in 0..10_000 {
            map.insert(format!("k{i}\u{202e}\u{1b}"), json!(1));
        }
        let found = check(&Value::Object(map));
        assert_eq!(found.len(), MAX_FINDINGS);
        assert!(found.iter().all(|(i, _)| !i.message.contains(['\u{202e}', '\u{1b}'])));
    }
}
