//! What a line looks like: the JSON object of the file, which OpenClaw's own CLI and Control UI parse, and the human line
//! of the console.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{ConsoleStyle, Level, level};

/// Longer messages are cut: no single line may fill the queue or the file.
pub(super) const MAX_MESSAGE_BYTES: usize = 16 * 1024;

/// One thing that was logged.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) time: SystemTime,
    pub(super) level: Level,
    pub(super) subsystem: String,
    pub(super) message: String,
    /// Source file and line.
    pub(super) place: Option<(&'static str, u32)>,
    /// Equal keys are folded.
    pub(super) fold: Option<String>,
    /// Parts of the message that stand in the file's line by themselves, for programs.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) to_file: bool,
    pub(super) to_console: bool,
}

impl Record {
    /// Roughly what it occupies.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>()
            + self.subsystem.len()
            + self.message.len()
            + self.fold.as_ref().map_or(0, String::len)
            + self.facts.iter().map(|(_, fact)| size_of::<(&str, String)>() + fact.len()).sum::<usize>()
    }
}

/// What is the same for all lines of the process.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) hostname: String,
    pub(super) version: String,
    pub(super) zone: TimeZone,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    #[serde(rename = "0")]
    name: &'a str,
    #[serde(rename = "1")]
    text: &'a str,
    #[serde(rename = "_meta")]
    meta: Meta<'a>,
    time: &'a str,
    hostname: &'a str,
    message: &'a str,
    #[serde(flatten, serialize_with = "facts")]
    facts: &'a [(&'static str, String)],
}

fn facts<S: serde::Serializer>(facts: &&[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(facts.iter().map(|(name, fact)| (name, fact)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    runtime: &'static str,
    runtime_version: &'a str,
    hostname: &'a str,
    date: String,
    log_level_id: u8,
    log_level_name: String,
    name: &'a str,
    parent_names: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Place<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file_name: &'a str,
    file_line: String,
    file_name_with_line: String,
}

/// The line of the file, with its line feed.
pub(super) fn json(record: &Record, facts: &Facts) -> String {
    // The name is itself JSON in a string: that is how the original's readers find the subsystem.
    let name = serde_json::json!({ "subsystem": record.subsystem }).to_string();
    let place = record.place.map(|(file, line)| {
        let file_name = file.rsplit('/').next().unwrap_or(file);
        Place { file_name, file_line: line.to_string(), file_name_with_line: format!("{file_name}:{line}") }
    });
    let line = JsonLine {
        name: &name,
        text: &record.message,
        meta: Meta {
            runtime: "rust",
            runtime_version: &facts.version,
            hostname: &facts.hostname,
            date: utc(record.time),
            log_level_id: level::wire_id(record.level),
            log_level_name: record.level.as_str().to_uppercase(),
            name: &name,
            parent_names: ["openclaw"],
            path: place,
        },
        time: &local(record.time, &facts.zone),
        hostname: &facts.hostname,
        message: &record.message,
        facts: &record.facts,
    };
    // Serialising strings and numbers into a string cannot fail; an empty line would be the harmless outcome.
    let mut out = serde_json::to_string(&line).unwrap_or_default();
    out.push('\n');
    out
}

/// The line of the console, with its line feed.
pub(super) fn console(record: &Record, facts: &Facts, style: ConsoleStyle, colour: bool) -> String {
    if style == ConsoleStyle::Json {
        return json(record, facts);
    }
    let time = match style {
        ConsoleStyle::Compact => clock(record.time, &facts.zone),
        _ => local(record.time, &facts.zone),
    };
    // `gateway/ws` is known as `ws` on the console.
    let subsystem = record.subsystem.strip_prefix("gateway/").unwrap_or(&record.subsystem);
    let message = harmless(&record.message);
    if !colour {
        return format!("{time} [{subsystem}] {message}\n");
    }
    let paint = match record.level {
        Level::Fatal | Level::Error => "\x1b[31m",
        Level::Warn => "\x1b[33m",
        Level::Debug | Level::Trace | Level::Silent => "\x1b[2m",
        Level::Info => "",
    };
    let end = if paint.is_empty() { "" } else { "\x1b[0m" };
    format!("\x1b[2m{time}\x1b[0m \x1b[36m[{subsystem}]\x1b[0m {paint}{message}{end}\n")
}

/// Control characters as text, so that nothing logged can play tricks with a terminal; further lines are indented, so
/// that none can pass for a line of its own.
fn harmless(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '\n' => out.push_str("\n    "),
            '\t' => out.push(' '),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// `2026-11-20T08:15:36.143+01:00`
pub(super) fn local(time: SystemTime, zone: &TimeZone) -> String {
    timestamp(time).to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

fn clock(time: SystemTime, zone: &TimeZone) -> String {
    timestamp(time).to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

fn utc(time: SystemTime) -> String {
    timestamp(time).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The local date, which names the daily file.
pub(super) fn date(time: SystemTime, zone: &TimeZone) -> jiff::civil::Date {
    timestamp(time).to_zoned(zone.clone()).date()
}

/// A clock outside the calendar counts as the epoch.
fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;
    use std::time::{Duration, UNIX_EPOCH};

    fn facts() -> Facts {
        Facts { hostname: "vm".into(), version: "2026.11.0".into(), zone: offset(2).to_time_zone() }
    }

    fn record(level: Level, message: &str) -> Record {
        Record {
            time: UNIX_EPOCH + Duration::from_millis(1_795_160_181_899),
            level,
            subsystem: "gateway/ws".into(),
            message: message.into(),
            place: Some(("crates/gateway/src/session.rs", 12)),
            fold: None,
            facts: Vec::new(),
            to_file: true,
            to_console: true,
        }
    }

    #[test]
    fn the_file_line_has_what_the_originals_readers_look_for() {
        let line = json(&record(Level::Warn, "a \"quoted\"\nmessage"), &facts());
        assert!(line.ends_with("}\n") && line.matches('\n').count() == 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["0"], r#"{"subsystem":"gateway/ws"}"#);
        assert_eq!(value["1"], "a \"quoted\"\nmessage");
        assert_eq!(value["message"], value["1"]);
        assert_eq!(value["time"], "2026-11-20T09:36:21.899+02:00");
        let meta = &value["_meta"];
        assert_eq!(meta["date"], "2026-11-20T07:36:21.899Z");
        assert_eq!((&meta["logLevelId"], &meta["logLevelName"]), (&4.into(), &"WARN".into()));
        assert_eq!(meta["name"], value["0"]);
        assert_eq!(meta["path"]["fileNameWithLine"], "session.rs:12");
    }

    #[test]
    fn console_lines() {
        let line = |style, colour, level| console(&record(level, "→ hello-ok"), &facts(), style, colour);
        assert_eq!(
            line(ConsoleStyle::Pretty, false, Level::Info),
            "2026-11-20T09:36:21.899+02:00 [ws] → hello-ok\n"
        );
        assert_eq!(line(ConsoleStyle::Compact, false, Level::Info), "09:36:21 [ws] → hello-ok\n");
        assert!(line(ConsoleStyle::Json, true, Level::Info).starts_with('{'));
        assert!(line(ConsoleStyle::Pretty, true, Level::Error).contains("\x1b[31m→ hello-ok\x1b[0m"));
    }

    #[test]
    fn a_message_cannot_play_terminal_or_forge_a_line() {
        let text =
            console(&record(Level::Info, "a\x1b[2J\r\n2026 [x] b"), &facts(), ConsoleStyle::Pretty, false);
        assert!(text.ends_with("[ws] a\\u{1b}[2J\\u{d}\n    2026 [x] b\n"), "{text}");
    }
}
