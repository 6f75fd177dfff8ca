//! One line of the log file (cli §17): what it says, and how it is printed.

use openclaw_protocol::words::is_deceptive;
use serde_json::{Map, Value, json};

use crate::ui::{Style, time};

/// A line that was understood. All texts are as logged; [`printable`] makes them safe for a terminal.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Line {
    time: String,
    level: String,
    subsystem: Option<String>,
    module: Option<String>,
    message: String,
}

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// `14:03:59`, the zone of this machine: for terminals.
    Clock,
    /// ISO 8601 as logged.
    AsLogged,
    /// ISO 8601 in the zone of this machine.
    Local,
    /// ISO 8601 in UTC.
    Utc,
}

impl Line {
    /// Reads a raw line; `None` when it is not one of the gateway's JSON lines.
    pub(crate) fn read(raw: &str) -> Option<Line> {
        let Value::Object(fields) = serde_json::from_str(raw).ok()? else { return None };
        let meta = fields.get("_meta").and_then(Value::as_object);
        let from_meta = |key: &str| meta.and_then(|meta| meta.get(key)).and_then(Value::as_str);
        let time = fields.get("time").and_then(Value::as_str).or_else(|| from_meta("date"))?.to_owned();
        let name = from_meta("name")
            .and_then(context)
            .or_else(|| fields.get("0").and_then(Value::as_str).and_then(context));
        let part = |key: &str| {
            name.as_ref().and_then(|name| name.get(key)).and_then(Value::as_str).map(str::to_owned)
        };
        Some(Line {
            time,
            level: from_meta("logLevelName").unwrap_or("info").to_ascii_lowercase(),
            subsystem: part("subsystem"),
            module: part("module"),
            message: message(&fields),
        })
    }

    /// The line as text (cli §11).
    pub(crate) fn text(&self, times: Times, color: bool) -> String {
        let clock = match times {
            Times::Clock => time::clock(&self.time),
            Times::AsLogged => None,
            Times::Local => time::iso(&self.time, true),
            Times::Utc => time::iso(&self.time, false),
        };
        let clock = clock.unwrap_or_else(|| self.time.clone());
        let style = match self.level.as_str() {
            "error" | "fatal" => Style::Bad,
            "warn" => Style::Warn,
            "info" => Style::Good,
            _ => Style::Dim,
        };
        let mut text = format!(
            "{} {}",
            Style::Dim.paint(&printable(&clock), color),
            style.paint(&printable(&self.level), color)
        );
        if let Some(subsystem) = self.subsystem.as_ref().or(self.module.as_ref()) {
            text.push(' ');
            text.push_str(&Style::Command.paint(&printable(subsystem), color));
        }
        text.push(' ');
        text.push_str(&printable(&self.message));
        text
    }

    /// The line as the JSON document `--json` prints.
    pub(crate) fn json(&self, raw: &str) -> Value {
        let mut document = Map::new();
        document.insert("type".to_owned(), json!("log"));
        document.insert("time".to_owned(), json!(self.time));
        document.insert("level".to_owned(), json!(self.level));
        if let Some(subsystem) = &self.subsystem {
            document.insert("subsystem".to_owned(), json!(subsystem));
        }
        if let Some(module) = &self.module {
            document.insert("module".to_owned(), json!(module));
        }
        document.insert("message".to_owned(), json!(self.message));
        document.insert("raw".to_owned(), json!(raw));
        Value::Object(document)
    }
}

/// Text from a log without anything that could play tricks on a terminal. Line feeds and tabs of a message stay.
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        // The emoji form selector stands in the gateway's own warnings.
        let harmless = matches!(character, '\n' | '\t' | '\u{fe0f}') || !is_deceptive(character);
        if harmless { clean.push(character) } else { clean.extend(character.escape_unicode()) }
    }
    clean
}

/// `{"subsystem":"gateway/ws"}`, written as a string inside the line.
fn context(text: &str) -> Option<Map<String, Value>> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return None };
    (fields.contains_key("subsystem") || fields.contains_key("module")).then_some(fields)
}

/// The numbered fields in order; the subsystem among them is no part of the message.
fn message(fields: &Map<String, Value>) -> String {
    if let Some(Value::String(message)) = fields.get("message") {
        return message.clone();
    }
    let mut numbered: Vec<(u32, &Value)> =
        fields.iter().filter_map(|(key, value)| Some((key.parse().ok()?, value))).collect();
    numbered.sort_by_key(|(number, _)| *number);
    let parts: Vec<String> = numbered
        .into_iter()
        .filter(|(number, value)| {
            !(*number == 0 && value.as_str().is_some_and(|text| context(text).is_some()))
        })
        .map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Line, Times, printable};

    fn raw() -> String {
        json!({"0": "{\"subsystem\":\"gateway/ws\"}", "1": "closed before connect", "2": {"code": 1008},
               "_meta": {"date": "2026-11-20T08:00:00.000Z", "logLevelName": "WARN", "name": "{\"subsystem\":\"gateway/ws\"}"},
               "time": "2026-11-20T10:00:00.000+02:00"})
        .to_string()
    }

    #[test]
    fn the_subsystem_is_no_part_of_the_message() {
        let line = Line::read(&raw()).unwrap();
        assert_eq!(
            line.text(Times::AsLogged, false),
            "2026-11-20T10:00:00.000+02:00 warn gateway/ws closed before connect {\"code\":1008}"
        );
        assert_eq!(
            line.text(Times::Utc, false),
            "2026-11-20T08:00:00.000+00:00 warn gateway/ws closed before connect {\"code\":1008}"
        );
        let document = line.json(&raw());
        assert_eq!(
            (document["type"].as_str(), document["level"].as_str(), document["subsystem"].as_str()),
            (Some("log"), Some("warn"), Some("gateway/ws"))
        );
        assert_eq!(document["raw"], raw());
    }

    #[test]
    fn other_shapes() {
        for (raw, text) in [
            (json!({"0": "plain", "time": "t", "_meta": {}}), Some("t info plain")),
            (
                json!({"message": "current", "1": "x", "_meta": {"date": "d", "logLevelName": "ERROR"}}),
                Some("d error current"),
            ),
            (json!({"no": "time"}), None),
            (json!("text"), None),
        ] {
            assert_eq!(
                Line::read(&raw.to_string()).map(|line| line.text(Times::AsLogged, false)).as_deref(),
                text
            );
        }
        assert_eq!(Line::read("not json"), None);
    }

    #[test]
    fn nothing_reaches_the_terminal_that_could_trick_it() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\nd");
    }
}
