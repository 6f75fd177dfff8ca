//! From `tracing` to records: which events are wanted, and what they say.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::level;
use super::line::{MAX_MESSAGE_BYTES, Record};
use super::queue::Feed;
use super::{Capable, Level};

/// The thresholds in force; changed while running.
#[derive(Debug)]
pub(super) struct Levels {
    file: AtomicU8,
    console: AtomicU8,
}

impl Levels {
    pub(super) fn new(file: Level, console: Level) -> Self {
        Self { file: AtomicU8::new(file as u8), console: AtomicU8::new(console as u8) }
    }

    pub(super) fn set(&self, file: Level, console: Level) {
        self.file.store(file as u8, Ordering::Relaxed);
        self.console.store(console as u8, Ordering::Relaxed);
        // `tracing` remembers what nobody wants; it has to ask again.
        tracing::callsite::rebuild_interest_cache();
    }

    fn file(&self) -> Level {
        level::from_number(self.file.load(Ordering::Relaxed))
    }

    fn console(&self) -> Level {
        level::from_number(self.console.load(Ordering::Relaxed))
    }

    pub(super) fn shows(&self, level: Level) -> bool {
        level::passes(level, level::louder(self.file(), self.console()))
    }
}

/// The layer that puts events on the queue.
#[derive(Debug)]
pub struct LogLayer {
    feed: Arc<Feed>,
    levels: Arc<Levels>,
}

impl LogLayer {
    pub(super) fn new(feed: Arc<Feed>, levels: Arc<Levels>) -> Self {
        Self { feed, levels }
    }
}

/// Libraries log under their own names; below `trace` only their warnings are of interest.
fn is_foreign(target: &str) -> bool {
    !(target.starts_with("openclaw") || target.starts_with("gateway"))
}

impl<S: Capable> Layer<S> for LogLayer {
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(level::filter(level::louder(self.levels.file(), self.levels.console())))
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let severity = level::of(*metadata.level());
        let shown = self.levels.shows(severity);
        shown
            && (level::passes(severity, Level::Warn)
                || !is_foreign(metadata.target())
                || self.levels.shows(Level::Trace))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &SpanRecord<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let severity = level::of(*metadata.level());
        let to_file = level::passes(severity, self.levels.file());
        let to_console = level::passes(severity, self.levels.console());
        if !(to_file || to_console) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.add_missing(outer);
            }
        }
        let subsystem = match fields.subsystem.take() {
            Some(subsystem) => subsystem,
            None => subsystem_of(metadata.target()),
        };
        self.feed.push(Record {
            time: SystemTime::now(),
            level: severity,
            subsystem,
            fold: fields.fold.take(),
            facts: std::mem::take(&mut fields.facts),
            message: fields.text(),
            place: metadata.file().zip(metadata.line()),
            to_file,
            to_console,
        });
    }
}

/// `openclaw_gateway::session` is the subsystem `gateway/session`.
fn subsystem_of(target: &str) -> String {
    target.strip_prefix("openclaw_").unwrap_or(target).replace("::", "/")
}

/// Fields of this name and something are parts of the message that it tells by itself: they become properties of the
/// file's line, and are not said again in its text.
const FACT: &str = "fact.";

/// The fields of an event or span.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    subsystem: Option<String>,
    fold: Option<String>,
    facts: Vec<(&'static str, String)>,
    others: Vec<(&'static str, String)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            "subsystem" => self.subsystem = Some(value),
            "fold" => self.fold = Some(value),
            name if name.starts_with(FACT) => self.facts.push((&name[FACT.len()..], value)),
            name => match self.others.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => self.others.push((name, value)),
            },
        }
    }

    /// What an enclosing span knows and the event does not say itself.
    fn add_missing(&mut self, outer: &Self) {
        if self.subsystem.is_none() {
            self.subsystem.clone_from(&outer.subsystem);
        }
        for (name, value) in &outer.others {
            if !self.others.iter().any(|(known, _)| known == name) {
                self.others.push((name, value.clone()));
            }
        }
    }

    /// `message name=value name="with spaces"`, cut to a bearable length.
    fn text(self) -> String {
        let mut out = self.message;
        for (name, value) in &self.others {
            let space = if out.is_empty() { "" } else { " " };
            let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c == '"');
            // Writing to a string cannot fail.
            let _ = if plain {
                write!(out, "{space}{name}={value}")
            } else {
                write!(out, "{space}{name}={value:?}")
            };
        }
        if out.len() > MAX_MESSAGE_BYTES {
            out.truncate(out.floor_char_boundary(MAX_MESSAGE_BYTES));
            out.push('…');
        }
        out
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsystems_and_foreigners() {
        assert_eq!(subsystem_of("openclaw_gateway::session"), "gateway/session");
        assert_eq!(subsystem_of("openclaw"), "openclaw");
        assert_eq!(subsystem_of("gateway/ws"), "gateway/ws");
        assert!(
            is_foreign("hyper::proto") && !is_foreign("openclaw_pairing::store") && !is_foreign("gateway/ws")
        );
    }
}
