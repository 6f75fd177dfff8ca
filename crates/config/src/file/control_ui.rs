//! What is wrong with `gateway.controlUi` although its types are right.

use serde_json::Value;

use super::strings;
use crate::issue::{Issue, IssueKind, Severity};

/// Everything that keeps the page or its browsers away.
pub(super) fn issues(ui: &Value) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut warn = |path: String, sentence: &str, hint: &str| {
        issues.push(Issue::new(path, Severity::Warning, IssueKind::WrongType, sentence).hint(hint));
    };
    if !ui.get("basePath").and_then(Value::as_str).is_none_or(is_base_path) {
        warn(
            "gateway.controlUi.basePath".to_owned(),
            "browsers do not ask for it as it is written, so the page is not found",
            "Write it with letters, digits, - . _ ~ and single slashes: /openclaw",
        );
    }
    for (i, _) in strings(ui.get("allowedOrigins")).filter(|(_, origin)| !is_origin(origin)) {
        warn(
            format!("gateway.controlUi.allowedOrigins[{i}]"),
            "not a browser origin; it matches no browser",
            "Write scheme, host and port only, without a path: https://gateway.example.com",
        );
    }
    issues
}

/// A path that browsers send as it stands: nothing that they escape, and no parts that they resolve.
fn is_base_path(text: &str) -> bool {
    let inner = text.trim_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    inner.is_empty()
        || inner.split('/').all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(plain))
}

fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let scheme_ok =
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    scheme_ok
        && !host.is_empty()
        && !host.contains(['/', '?', '#', '@'])
        && !host.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::is_base_path;

    #[test]
    fn paths_that_browsers_ask_for() {
        for path in ["", "/", "openclaw", "/openclaw/", "/a/b-c_d.e~f", "//x//"] {
            assert!(is_base_path(path), "{path}");
        }
        for path in ["/my claw", "/a//b", "/a/../b", "/./a", "/ä", "/a?b", "/a%20b", "/a;b", "https://a/b"] {
            assert!(!is_base_path(path), "{path}");
        }
    }
}
