//! The texts of bad configuration (cli spec sections 4.4 and 9). Lines without a newline at the end; the caller prints.

use serde_json::{Value, json};

use crate::file::{LoadError, Loaded};
use crate::issue::{Issue, IssueKind, Severity};
use crate::paths::Paths;
use crate::redact;
use crate::start::EXIT_CONFIG;

/// What a finding means for whoever wants to run something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether guarded commands and the gateway refuse.
    pub refuse: bool,
    /// The exit code of a guarded command that refuses.
    pub exit_command: u8,
    /// The exit code of the gateway that refuses.
    pub exit_gateway: u8,
}

/// Decides by the worst finding (ruling 11): only fatal ones stop anything.
#[must_use]
pub fn verdict(issues: &[Issue]) -> Verdict {
    let refuse = issues.iter().any(|i| i.severity == Severity::Fatal);
    if refuse {
        Verdict { refuse, exit_command: 1, exit_gateway: EXIT_CONFIG }
    } else {
        Verdict { refuse, exit_command: 0, exit_gateway: 0 }
    }
}

/// The block a guarded command prints on standard error before it refuses, and an allowed one before it goes on.
#[must_use]
pub fn invalid_block(paths: &Paths, issues: &[Issue]) -> Vec<String> {
    let mut out = vec![
        "Config invalid".to_owned(),
        format!("File: {}", paths.short(&paths.config_path)),
        "Problem:".to_owned(),
    ];
    out.extend(problems(paths, issues, "  - "));
    out.push(String::new());
    out.push(format!("Run: {} doctor --fix", paths.command()));
    out
}

/// The lines of a gateway that does not start.
#[must_use]
pub fn start_aborted(paths: &Paths, issues: &[Issue]) -> Vec<String> {
    let mut out =
        vec![format!("Gateway failed to start: Invalid config at {}:", paths.config_path.display())];
    out.extend(problems(paths, issues, "  - "));
    out.push(format!("Run \"{} doctor --fix\" to repair, then retry.", paths.command()));
    out
}

/// The lines of `config validate` for a file with fatal findings.
#[must_use]
pub fn validate_failed(paths: &Paths, issues: &[Issue]) -> Vec<String> {
    let mut out = vec![format!("Config invalid at {}:", paths.short(&paths.config_path))];
    out.extend(problems(paths, issues, "  × "));
    out.push(String::new());
    out.push(format!("Run `{} doctor` to repair, then retry.", paths.command()));
    out
}

/// The lines for findings that stop nothing: `openclaw.json:2 — gateway: Unrecognized key: "bogus" (…)`.
#[must_use]
pub fn warnings(paths: &Paths, issues: &[Issue]) -> Vec<String> {
    issues.iter().filter(|i| i.severity != Severity::Fatal).map(|i| with_line(paths, i)).collect()
}

/// The document of `config validate --json`.
#[must_use]
pub fn validate_json(paths: &Paths, exists: bool, issues: &[Issue]) -> Value {
    if !exists {
        return json!({"valid": false, "path": paths.config_path, "error": "file not found"});
    }
    let (fatal, other): (Vec<&Issue>, Vec<&Issue>) =
        issues.iter().partition(|i| i.severity == Severity::Fatal);
    if fatal.is_empty() {
        json!({"valid": true, "path": paths.config_path, "warnings": other})
    } else {
        json!({"valid": false, "path": paths.config_path, "issues": fatal, "warnings": other})
    }
}

/// The document of the RPC `config.get`: everything redacted, `raw` null when it cannot be shown safely. The `hash` is
/// the base hash of the next edit.
#[must_use]
pub fn get_document(paths: &Paths, loaded: &Result<Loaded, LoadError>) -> Value {
    match loaded {
        Ok(loaded) => {
            let (fatal, other): (Vec<&Issue>, Vec<&Issue>) =
                loaded.issues.iter().partition(|i| i.severity == Severity::Fatal);
            let legacy: Vec<&Issue> = loaded.issues.iter().filter(|i| i.kind == IssueKind::Legacy).collect();
            let parsed = redact::redact(&loaded.source);
            let resolved = redact::redact(&loaded.value);
            json!({
                "path": paths.short(&paths.config_path),
                "exists": loaded.exists,
                "raw": loaded.exists.then(|| redact::redact_text(&loaded.raw, &loaded.source)).flatten(),
                "parsed": parsed,
                "sourceConfig": parsed,
                "resolved": resolved,
                "runtimeConfig": resolved,
                "config": resolved,
                "valid": fatal.is_empty(),
                "hash": loaded.hash,
                "issues": fatal,
                "warnings": other,
                "legacyIssues": legacy,
                "includedPaths": loaded.includes,
            })
        }
        Err(error) => {
            let hash = match error {
                LoadError::Syntax { hash, .. } => Some(hash.as_str()),
                LoadError::Unreadable { .. } => None,
            };
            json!({
                "path": paths.short(&paths.config_path),
                "exists": true,
                "raw": null,
                "parsed": {},
                "sourceConfig": {},
                "resolved": {},
                "runtimeConfig": {},
                "config": {},
                "valid": false,
                "hash": hash,
                "issues": error.issues(),
                "warnings": [],
                "legacyIssues": [],
                "includedPaths": [],
            })
        }
    }
}

/// The fatal findings, one per line, with the line of the file where it is known.
fn problems(paths: &Paths, issues: &[Issue], bullet: &str) -> Vec<String> {
    let fatal: Vec<&Issue> = issues.iter().filter(|i| i.severity == Severity::Fatal).collect();
    fatal.into_iter().map(|issue| format!("{bullet}{}{}", issue, place(paths, issue))).collect()
}

fn place(paths: &Paths, issue: &Issue) -> String {
    match (&issue.file, issue.line) {
        (Some(file), Some(line)) => format!(" ({}:{line})", paths.short(file)),
        (Some(file), None) => format!(" ({})", paths.short(file)),
        (None, Some(line)) => format!(" (line {line})"),
        (None, None) => String::new(),
    }
}

fn with_line(paths: &Paths, issue: &Issue) -> String {
    let name = paths.config_path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let line = issue.line.map(|l| format!("{name}:{l} — ")).unwrap_or_default();
    let hint = issue.hint.as_ref().map(|h| format!(" {h}")).unwrap_or_default();
    format!("{line}{issue}.{hint}").replace("..", ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    fn load(text: &str) -> (Paths, crate::Loaded) {
        let paths = Paths::in_state_dir(std::path::Path::new("/nonexistent/s"));
        let loaded =
            crate::file::from_text(&paths, &Env::default(), text.to_owned(), Some("h".to_owned())).unwrap();
        (paths, loaded)
    }

    #[test]
    fn blocks() {
        let (paths, loaded) = load("{\n  gateway: {\n    port: 'x',\n    bogus: 1,\n  },\n  hello: 2,\n}");
        assert_eq!(
            invalid_block(&paths, &loaded.issues),
            [
                "Config invalid",
                "File: ~/openclaw.json",
                "Problem:",
                "  - gateway.port: Invalid input: expected number, received string (line 3)",
                "",
                "Run: openclaw doctor --fix"
            ]
        );
        assert_eq!(
            start_aborted(&paths, &loaded.issues)[0],
            "Gateway failed to start: Invalid config at /nonexistent/s/openclaw.json:"
        );
        assert!(validate_failed(&paths, &loaded.issues)[1].starts_with("  × gateway.port: "));
        assert_eq!(
            warnings(&paths, &loaded.issues),
            [
                "openclaw.json:4 — gateway: Unrecognized key: \"bogus\". The value is kept and has no effect.",
                "openclaw.json:6 — <root>: Unrecognized key: \"hello\". The value is kept and has no effect.",
            ]
        );
        assert_eq!(verdict(&loaded.issues), Verdict { refuse: true, exit_command: 1, exit_gateway: 78 });
        let json = validate_json(&paths, true, &loaded.issues);
        assert_eq!(
            (json["valid"].as_bool(), json["issues"][0]["path"].as_str()),
            (Some(false), Some("gateway.port"))
        );
        assert_eq!(validate_json(&paths, false, &[])["error"], "file not found");
    }

    #[test]
    fn documents_for_the_control_ui() {
        let (paths, loaded) =
            load("{ gateway: { mode: 'local', token: 'hush-hush-1', remote: { token: '$T' } } }");
        let document = get_document(&paths, &Ok(loaded));
        assert!(!document.to_string().contains("hush"), "{document}");
        assert_eq!((document["valid"].as_bool(), document["hash"].as_str()), (Some(true), Some("h")));
        assert!(document["raw"].as_str().is_some_and(|raw| raw.contains("$T")));
        assert_eq!(document["legacyIssues"].as_array().map(Vec::len), Some(1));
        let error = crate::file::from_text(&paths, &Env::default(), "{hush".to_owned(), Some("h".to_owned()));
        let document = get_document(&paths, &error);
        assert_eq!(
            (document["valid"].as_bool(), document["issues"].as_array().map(Vec::len)),
            (Some(false), Some(1))
        );
        assert!(!document.to_string().contains("hush"));
    }

    #[test]
    fn warnings_stop_nothing() {
        let (paths, loaded) = load("{bogus: 1}");
        assert!(!verdict(&loaded.issues).refuse);
        assert_eq!(validate_json(&paths, true, &loaded.issues)["valid"], true);
    }
}
