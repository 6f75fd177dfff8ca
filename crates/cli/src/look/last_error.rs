//! The last error in the gateway's log: what a gateway said before it went.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use openclaw_protocol::words::escape;
use serde_json::Value;

/// How much of the end of the log is read.
const TAIL_BYTES: u64 = 128 * 1024;
/// Longest text that is shown.
const MAX_TEXT: usize = 400;

/// The message of the last line of level error or fatal.
pub(crate) fn find(log: Option<&Path>) -> Option<String> {
    // Whoever opens a pipe waits for somebody at its other end.
    let log = log.filter(|log| log.is_file())?;
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    last(&String::from_utf8_lossy(&bytes))
}

fn last(text: &str) -> Option<String> {
    let message = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let level = line.pointer("/_meta/logLevelName")?.as_str()?;
        if !["ERROR", "FATAL"].contains(&level) {
            return None;
        }
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        text("message").or_else(|| text("1")).or_else(|| text("0"))
    };
    text.lines().rev().find_map(message).map(|text| escape(&text, MAX_TEXT))
}

#[cfg(test)]
mod tests {
    use super::{find, last};

    #[test]
    fn a_pipe_in_the_place_of_the_log_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("log");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        assert_eq!(find(Some(&pipe)), None);
    }

    #[test]
    fn the_last_error_and_nothing_milder() {
        let line = |level: &str, text: &str| {
            serde_json::json!({"0": "{\"subsystem\":\"gateway\"}", "1": text, "_meta": {"logLevelName": level}})
                .to_string()
        };
        let text = [
            line("ERROR", "first"),
            line("FATAL", "disk\u{1b}full"),
            line("INFO", "bye"),
            "torn {".to_owned(),
        ];
        assert_eq!(last(&text.join("\n")).as_deref(), Some("disk\\u{1b}full"));
        assert_eq!(last(&line("INFO", "fine")), None);
    }
}
