//! The configuration file as somebody wrote it: read, checked, shown, and sent back. Input: the text of the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_config::redact::{redact, redact_text, restore};
use openclaw_config::{Env, KeyPath, LoadError, Loaded, Paths, Severity, file, parse};
use openclaw_fuzz::{json5, values};
use openclaw_protocol::guard::{self, GuardError};
use serde_json::Value;
use std::{cell::LazyCell, fs};
use tempfile::TempDir;

/// A state directory in memory where there is one: the file is written for every input.
struct Home {
    _dir: TempDir,
    paths: Paths,
    env: Env,
}

thread_local! {
    static HOME: LazyCell<Home> = LazyCell::new(|| {
        let dir = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a place for the file");
        let paths = Paths::in_state_dir(dir.path());
        fs::write(dir.path().join("more.json5"), "{gateway: {port: 19000}, // more\n}").expect("an included file");
        let env = Env::from_pairs([("HOME", dir.path().to_str().expect("UTF-8")), ("GATEWAY_TOKEN", "from-the-environment")]);
        Home { _dir: dir, paths, env }
    });
}

fuzz_target!(|text: &str| {
    let parsed = parse::parse(text);
    if let Ok(value) = &parsed {
        reads_the_same_as_json(value);
        the_guard_counts_exactly(text, value);
    }
    if let Ok(value) = serde_json::from_str::<Value>(text)
        && values::depth(&value) <= parse::MAX_DEPTH
    {
        assert_eq!(parsed.as_ref(), Ok(&value), "plain JSON is JSON5");
    }
    HOME.with(|home| {
        fs::write(&home.paths.config_path, text).expect("writing the file");
        match (file::load(&home.paths, &home.env), parsed) {
            (Ok(loaded), Ok(value)) => {
                assert_eq!(loaded.source, value);
                judged(&loaded);
                shown(&loaded);
            }
            (Err(LoadError::Syntax { error, .. }), Err(want)) => {
                assert_eq!(error, want);
                says_nothing_of_the_text(&error.message, text);
            }
            (loaded, parsed) => panic!("{loaded:?} but {parsed:?}"),
        }
    });
});

/// A value that was read can be written as plain JSON and read again.
fn reads_the_same_as_json(value: &Value) {
    let again = parse::parse(&value.to_string()).expect("we write JSON");
    assert!(values::same(&again, value), "{again} is not {value}");
}

/// A guard that counts too little lets the stack overflow, one that counts too much refuses what is fine.
fn the_guard_counts_exactly(text: &str, value: &Value) {
    let depth = values::depth(value);
    assert!(depth <= parse::MAX_DEPTH);
    let text = text.trim_start_matches('\u{feff}');
    if let Some(less) = depth.checked_sub(1) {
        assert_eq!(
            guard::check_json5(text.as_bytes(), usize::MAX, less),
            Err(GuardError::TooDeep { max: less })
        );
    }
    // Comments that a separator may or may not end are counted both ways.
    if !text.contains(['\u{2028}', '\u{2029}']) && json5::colons(text) == values::members(value) {
        assert_eq!(guard::check_json5(text.as_bytes(), usize::MAX, depth), Ok(()));
    }
}

fn judged(loaded: &Loaded) {
    assert!(loaded.issues.windows(2).all(|pair| pair[0].severity >= pair[1].severity), "the worst first");
    assert_eq!(loaded.is_valid(), !loaded.issues.iter().any(|issue| issue.severity == Severity::Fatal));
    let lines = loaded.raw.split('\n').count();
    for issue in &loaded.issues {
        assert!(
            issue
                .line
                .is_none_or(|line| line >= 1 && line as usize <= lines + loaded.raw.matches('\r').count())
        );
    }
}

/// A secret that stands in the file once, in a place for secrets.
fn secret(loaded: &Loaded) -> Option<&str> {
    let auth = loaded.source.get("gateway")?.get("auth")?;
    let secret = ["token", "password"].iter().find_map(|name| auth.get(name)?.as_str())?;
    let plain = secret.bytes().all(|b| b.is_ascii_alphanumeric()) && secret.len() >= 10;
    (plain && loaded.source.to_string().matches(secret).count() == 1).then_some(secret)
}

/// What is shown holds no secret, and what is shown and sent back unchanged changes nothing.
fn shown(loaded: &Loaded) {
    let shown = redact(&loaded.source);
    assert_eq!(redact(&shown), shown, "redacted twice");
    if let Some(secret) = secret(loaded) {
        let mut told = vec![shown.to_string(), redact(&loaded.value).to_string(), format!("{loaded:?}")];
        told.extend(loaded.issues.iter().map(|issue| format!("{issue} {issue:?}")));
        told.extend(redact_text(&loaded.raw, &loaded.source));
        for path in ["gateway", "gateway.auth", "gateway.auth.token", "gateway.auth.password"] {
            let path: KeyPath = path.parse().expect("a path");
            told.push(format!("{:?}", loaded.get(&path)));
        }
        for text in told {
            assert!(!text.contains(secret), "a secret in {text}");
        }
    }
    if let Some(text) = redact_text(&loaded.raw, &loaded.source) {
        assert_eq!(parse::parse(&text), Ok(shown.clone()));
    }
    if !loaded.raw.contains("__OPENCLAW_") {
        let mut back = shown;
        // A list whose elements cannot be told apart is refused, never guessed.
        if restore(&mut back, &loaded.source, &loaded.value).is_ok() {
            assert_eq!(back, loaded.source, "sending back what was shown changes the file");
        }
    }
}

/// Sentences about a broken file quote nothing of it that could be a secret.
fn says_nothing_of_the_text(message: &str, text: &str) {
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= 16) {
        assert!(!message.contains(word), "{message}");
    }
}
