//! The thread that writes: console, file, folding, and what to do when the file cannot be written.

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use openclaw_protocol::time::Millis;

use super::fold::{Fold, Folded, Noted};
use super::line::{self, Facts, Record};
use super::queue::{Queue, Work};
use super::settings::{Destination, Settings};
use super::{Health, Level, level};

mod sink;

use sink::{Outcome, Sink};

/// Where the console is.
pub(super) struct Outputs {
    pub(super) out: Box<dyn Write + Send>,
    pub(super) err: Box<dyn Write + Send>,
}

impl Outputs {
    pub(super) fn standard() -> Self {
        Self { out: Box::new(io::stdout()), err: Box::new(io::stderr()) }
    }
}

pub(super) struct Writer {
    settings: Settings,
    facts: Facts,
    outputs: Outputs,
    sink: Sink,
    fold: Fold<Record>,
    /// Lines for the file that were lost in the present batch.
    unwritten: u64,
}

/// This machine's time zone. Without `TZ` the rules are read from where the system keeps them: to ask for them by name
/// would first read the whole time zone database.
fn zone() -> TimeZone {
    if std::env::var_os("TZ").is_some() {
        return TimeZone::system();
    }
    let rules = std::fs::read("/etc/localtime").ok();
    rules.and_then(|rules| TimeZone::tzif("Local", &rules).ok()).unwrap_or_else(TimeZone::system)
}

impl Writer {
    pub(super) fn new(settings: Settings, outputs: Outputs) -> Self {
        let facts = Facts {
            hostname: openclaw_os::host::hostname(),
            version: settings.version.clone(),
            zone: zone(),
        };
        let sink = Sink::new(settings.destination.clone(), settings.max_file_bytes);
        Self { settings, facts, outputs, sink, fold: Fold::default(), unwritten: 0 }
    }

    /// Until nobody can log any more.
    pub(super) fn run(mut self, queue: &Queue) {
        loop {
            let wait = self.fold.next_due().map(|due| Duration::from_millis(due.since(now())));
            let mut batch = queue.take(wait);
            for work in std::mem::take(&mut batch.work) {
                self.work(work);
            }
            if batch.dropped > 0 {
                let many = batch.dropped;
                self.own_line(format!(
                    "{many} log lines were dropped: the disk or the terminal is too slow for them"
                ));
            }
            let ended = batch.flushing || batch.closed;
            let due = if ended { self.fold.drain(now()) } else { self.fold.due(now()) };
            for folded in due {
                self.write_folded(folded);
            }
            // Nobody is there to hear about a closed console.
            let _ = self.outputs.out.flush();
            let _ = self.outputs.err.flush();
            let unwritten = std::mem::take(&mut self.unwritten);
            queue.done(&batch, unwritten, self.health());
            if batch.closed {
                return;
            }
        }
    }

    fn health(&self) -> Health {
        Health { file: self.sink.path().map(Into::into), trouble: self.sink.trouble(), lost: 0 }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Line(record) => self.note(record),
            Work::Announce(text) => {
                let end = if text.ends_with('\n') { "" } else { "\n" };
                let _ = write!(self.outputs.out, "{text}{end}");
            }
            Work::Apply(settings) => {
                if settings.destination != self.settings.destination {
                    self.sink = Sink::new(settings.destination.clone(), settings.max_file_bytes);
                }
                self.sink.set_max_bytes(settings.max_file_bytes);
                self.settings = *settings;
            }
        }
    }

    fn note(&mut self, record: Record) {
        let Some(key) = record.fold.clone() else { return self.write(&record) };
        let (noted, due) = self.fold.note(&key, record.clone(), now());
        for folded in due {
            self.write_folded(folded);
        }
        if noted == Noted::Show {
            self.write(&record);
        }
    }

    fn write_folded(&mut self, folded: Folded<Record>) {
        let words = folded.words();
        let mut record = folded.last;
        // Only the first line of a message stands for it: the fix was shown with the first one.
        let first = record.message.lines().next().unwrap_or_default();
        record.message = format!("{first} … {words}");
        self.write(&record);
    }

    /// A line of the log's own.
    fn own_line(&mut self, message: String) {
        self.write(&Record {
            time: SystemTime::now(),
            level: Level::Warn,
            subsystem: "logging".into(),
            message,
            place: None,
            fold: None,
            facts: Vec::new(),
            to_file: true,
            to_console: true,
        });
    }

    fn write(&mut self, record: &Record) {
        let mut record = record.clone();
        record.message = super::known_masks().clean(&record.message).into_owned();
        for (_, fact) in &mut record.facts {
            *fact = super::known_masks().clean(fact).into_owned();
        }
        if record.to_console {
            let style = self.settings.console_style;
            let text = line::console(&record, &self.facts, style, self.settings.colour);
            let output = if level::passes(record.level, Level::Warn) {
                &mut self.outputs.err
            } else {
                &mut self.outputs.out
            };
            // A console that went away (closed pipe) is no reason to stop.
            let _ = output.write_all(text.as_bytes());
        }
        if record.to_file && self.settings.destination != Destination::Off {
            self.write_file(&record);
        }
    }

    fn write_file(&mut self, record: &Record) {
        let text = line::json(record, &self.facts);
        let day = line::date(record.time, &self.facts.zone);
        match self.sink.write(text.as_bytes(), day, Instant::now()) {
            Outcome::Written { missed: 0 } => {}
            Outcome::Written { missed } => {
                let what = format!("{missed} log lines before this one could not be written to this file");
                let note = Record { message: what, level: Level::Warn, ..record.clone() };
                let text = line::json(&note, &self.facts);
                let _ = self.sink.write(text.as_bytes(), day, Instant::now());
            }
            Outcome::Lost { tell } => {
                self.unwritten += 1;
                if let Some(trouble) = tell {
                    let time = line::local(record.time, &self.facts.zone);
                    let _ = writeln!(
                        self.outputs.err,
                        "{time} [logging] {trouble}. The gateway goes on; the file is tried again every few seconds."
                    );
                }
            }
        }
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
