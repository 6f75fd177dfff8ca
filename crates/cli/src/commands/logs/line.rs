//! One line of the log file (cli §17): what it says, and how it is printed.

use openclaw_protocol::words::{escape, is_deceptive};
use serde_json::{Map, Value, json};

use crate::ui::{Style, time};

/// A line that was understood. All texts are as logged; [`printable`] makes them safe for a terminal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Line {
    time: String,
    level: String,
    subsystem: Option<String>,
    module: Option<String>,
    message: String,
    /// What the line says of a refusal, each by itself: cause, ids, command.
    facts: Vec<(&'static str, Value)>,
}

/// The properties of a line that a refusal has.
const FACTS: [&str; 6] = ["cause", "requestId", "deviceId", "connId", "fix", "count"];

/// Characters of a repeated message that say which one it is.
const MAX_BEGINNING: usize = 100;

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
            facts: FACTS.iter().filter_map(|name| Some((*name, fields.get(*name)?.clone()))).collect(),
        })
    }

    /// A fact of the line.
    pub(super) fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| *known == name)?.1.as_str()
    }

    /// The device that the line is about: by itself, or as the last thing in its text.
    pub(super) fn device(&self) -> Option<&str> {
        let in_text = || self.message.split(' ').find_map(|word| word.strip_prefix("device="));
        self.fact("deviceId").or_else(in_text)
    }

    /// How many equal events the line itself stands for.
    pub(super) fn count(&self) -> u64 {
        self.fact("count").and_then(|count| count.parse().ok()).unwrap_or(1)
    }

    /// When it was written, milliseconds.
    pub(super) fn at_ms(&self) -> Option<u64> {
        time::ms(&self.time)
    }

    /// The message without the connection's id, which differs in every line.
    fn without_conn(&self) -> String {
        self.message.split(' ').filter(|word| !word.starts_with("conn=")).collect::<Vec<_>>().join(" ")
    }

    /// By what equal lines are known: what they say, but for the connection and the count of repeats.
    pub(super) fn kind(&self) -> String {
        let message = without_count(&self.without_conn());
        format!("{} {} {message}", self.level, self.subsystem.as_deref().unwrap_or_default())
    }

    /// The line that stands for `count` equal ones of which this is the last.
    pub(super) fn repeated(&self, count: u64, span_ms: u64) -> Line {
        let beginning = match (self.fact("cause"), self.fact("deviceId")) {
            (Some(cause), Some(device)) => {
                format!(
                    "closed before connect, as above: cause={cause} device={}",
                    device.get(..8).unwrap_or(device)
                )
            }
            (Some(cause), None) => format!("closed before connect, as above: cause={cause}"),
            (None, _) => {
                let words = escape(&without_count(&self.without_conn()), MAX_BEGINNING);
                words.trim_end_matches('…').trim_end().to_owned()
            }
        };
        Line {
            message: format!("{beginning} … ×{count} in {} s", span_ms.div_ceil(1000).max(1)),
            facts: Vec::new(),
            time: self.time.clone(),
            level: self.level.clone(),
            subsystem: self.subsystem.clone(),
            module: self.module.clone(),
        }
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
        document.extend(self.facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.clone())));
        document.insert("raw".to_owned(), json!(raw));
        Value::Object(document)
    }
}

/// A message without ` ×17 in 60 s`, wherever it stands.
fn without_count(message: &str) -> String {
    let Some((before, after)) = message.split_once(" ×") else { return message.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(" in ");
    let rest = rest.and_then(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(" s"));
    rest.map_or_else(|| message.to_owned(), |rest| format!("{before}{rest}"))
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
