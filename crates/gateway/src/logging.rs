//! The log (`cli §17`): JSON lines in a daily file, human lines on the console. Everything reaches it through `tracing`;
//! this module decides what is shown where, and never decides what happened.
//!
//! Events may carry fields with a meaning: `subsystem` (`"gateway/ws"`; default: from the module), `fold` (a key:
//! equal ones are counted for a minute instead of repeated, see [`fold`]), `fact.<name>` (a property of the line in the
//! file), and `message`. Other fields and those of the enclosing spans follow the message as `name=value`.
//!
//! Writing happens on a thread of its own behind a bounded queue: a slow disk or terminal costs lines (counted and
//! said), never a stalled connection. A file that cannot be written is told once on standard error and tried again.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openclaw_protocol::secret::Secret;
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

pub mod files;
pub mod fold;
mod layer;
mod level;
mod line;
mod masks;
mod queue;
mod settings;
mod writer;

pub use layer::LogLayer;
pub use openclaw_config::gateway::{ConsoleStyle, Level};
pub use settings::{Destination, Overrides, Settings};

use queue::{Feed, Queue, Work};

/// How the log itself is doing, for `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The file in use; `None` when logging to a file is off or nothing was written yet.
    pub file: Option<PathBuf>,
    /// Why lines do not reach the file at present.
    pub trouble: Option<String>,
    /// Lines that were lost since the start, to overflow or to an unwritable file.
    pub lost: u64,
}

/// The handle on the running log. Clones are the same log.
#[derive(Clone)]
pub struct Logging {
    feed: Arc<Feed>,
    levels: Arc<layer::Levels>,
}

impl Logging {
    /// Starts the writer thread and returns the handle with the layer that feeds it.
    pub fn start(settings: Settings) -> std::io::Result<(Self, LogLayer)> {
        Self::start_with(settings, writer::Outputs::standard())
    }

    fn start_with(settings: Settings, outputs: writer::Outputs) -> std::io::Result<(Self, LogLayer)> {
        let levels = Arc::new(layer::Levels::new(settings.file_level, settings.console_level));
        let queue = Arc::new(Queue::default());
        let feed = Arc::new(Feed(Arc::clone(&queue)));
        let writer = writer::Writer::new(settings, outputs);
        std::thread::Builder::new().name("log".into()).spawn(move || writer.run(&queue))?;
        let layer = LogLayer::new(Arc::clone(&feed), Arc::clone(&levels));
        Ok((Self { feed, levels }, layer))
    }

    /// [`Logging::start`], and makes it the log of the whole process. A second call fails.
    pub fn install(settings: Settings) -> std::io::Result<Self> {
        let (logging, layer) = Self::start(settings)?;
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::set_global_default(subscriber).map_err(std::io::Error::other)?;
        Ok(logging)
    }

    /// Applies changed settings to the running log: levels at once, file and style with the next line.
    pub fn apply(&self, settings: Settings) {
        self.levels.set(settings.file_level, settings.console_level);
        self.feed.push_always(Work::Apply(Box::new(settings)));
    }

    /// Shows a text on standard output only: it never reaches the log file or `logs.tail` (banner, claim code).
    pub fn announce(&self, text: &str) {
        self.feed.push_always(Work::Announce(text.to_owned()));
    }

    /// Waits until everything logged so far is written, at most `limit`. Call it before the process ends.
    pub fn flush(&self, limit: Duration) {
        self.feed.flush(limit);
    }

    /// How the log is doing.
    pub fn health(&self) -> Health {
        self.feed.health()
    }

    /// Whether anything as talkative as `level` is shown anywhere.
    pub fn shows(&self, level: Level) -> bool {
        self.levels.shows(level)
    }
}

impl std::fmt::Debug for Logging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logging").field("health", &self.health()).finish_non_exhaustive()
    }
}

/// Registers a secret: from now on it is replaced wherever it turns up in a line. A last defence; no line should hold
/// one. Texts under 8 characters are not registered, they would hit ordinary words.
pub fn mask(secret: &Secret) {
    known_masks().add(secret.expose());
}

fn known_masks() -> &'static masks::Masks {
    static MASKS: OnceLock<masks::Masks> = OnceLock::new();
    MASKS.get_or_init(masks::Masks::default)
}

/// Lets panics reach the log: a task that panics ends alone, and its message must not be lost with a closed terminal.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let said = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(subsystem = "gateway", place, "a part of the program stopped unexpectedly: {said}");
    }));
}

/// What a subscriber must offer for [`LogLayer`].
pub trait Capable: Subscriber + for<'a> LookupSpan<'a> {}
impl<S: Subscriber + for<'a> LookupSpan<'a>> Capable for S {}

#[cfg(test)]
mod tests;
