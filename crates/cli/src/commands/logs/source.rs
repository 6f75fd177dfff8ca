//! Where log lines come from: a gateway, or the file of this machine when its gateway cannot be asked.

use std::path::PathBuf;

use openclaw_client::Backoff;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Budget;
use super::tail::{self, Tail};
use crate::args::logs::LogsArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::reach::{self, Door, Gateway, Inputs};
use crate::ui::Ui;

/// Milliseconds to wait for an answer (cli §11).
const TIMEOUT_MS: u64 = 30_000;
/// Attempts to get a lost gateway back.
const ATTEMPTS: u32 = 8;

/// A source of log lines.
pub(super) enum Source {
    /// A gateway that answers `logs.tail`.
    Gateway(Box<dyn Gateway>),
    /// The file itself.
    File(LocalFile),
}

/// The log file of this machine's gateway. Its name changes every day.
pub(super) struct LocalFile {
    current: PathBuf,
    folder: Option<(PathBuf, String)>,
}

impl Source {
    /// The gateway, else the file when that gateway is the one of this machine. The port of a gateway of this machine
    /// is only asked when there is no file either: looking at a log must not leave a device record behind (F-06).
    pub(super) async fn open(context: &Context, ui: &mut Ui, args: &LogsArgs) -> Result<Source, Failure> {
        let failure = match connect(context, ui, args).await {
            Ok(gateway) => return Ok(Source::Gateway(gateway)),
            Err(failure) => failure,
        };
        let inputs = Inputs::gather(context, &args.reach)?;
        if !inputs.is_own() || LocalFile::find(context, &inputs).is_some() {
            return Source::file(context, ui, args, failure);
        }
        match reach::open(context, ui, &args.reach, Door::Reading, TIMEOUT_MS).await {
            Ok(gateway) => Ok(Source::Gateway(gateway)),
            Err(failure) => Err(unreachable(context, failure)),
        }
    }

    /// After a failure while following: the gateway again, else the file.
    pub(super) async fn recover(
        self,
        context: &Context,
        ui: &mut Ui,
        args: &LogsArgs,
        failure: Failure,
    ) -> Result<Source, Failure> {
        if matches!(self, Source::File(_)) {
            return Err(failure);
        }
        drop(self);
        if !args.follow {
            return Source::file(context, ui, args, failure);
        }
        ui.note("[logs] gateway disconnected; reconnecting");
        let mut backoff = Backoff::default();
        let mut last = failure;
        for _ in 0..ATTEMPTS {
            tokio::time::sleep(backoff.next_random()).await;
            match connect(context, ui, args).await {
                Ok(gateway) => {
                    ui.note("[logs] gateway reconnected");
                    return Ok(Source::Gateway(gateway));
                }
                Err(failure) => last = failure,
            }
        }
        Source::file(context, ui, args, last)
    }

    /// The file instead of a gateway that failed.
    fn file(context: &Context, ui: &mut Ui, args: &LogsArgs, failure: Failure) -> Result<Source, Failure> {
        let inputs = Inputs::gather(context, &args.reach)?;
        match inputs.is_own().then(|| LocalFile::find(context, &inputs)).flatten() {
            Some(file) => {
                ui.note(format!(
                    "The gateway could not be asked ({}); reading its log file.",
                    first_line(failure.message())
                ));
                Ok(Source::File(file))
            }
            None => Err(unreachable(context, failure)),
        }
    }

    /// The next lines.
    pub(super) async fn tail(&mut self, cursor: Option<u64>, budget: Budget) -> Result<Tail, Failure> {
        match self {
            Source::Gateway(gateway) => {
                let mut params = Map::from_iter([
                    ("limit".to_owned(), json!(budget.limit)),
                    ("maxBytes".to_owned(), json!(budget.max_bytes)),
                ]);
                if let Some(cursor) = cursor {
                    params.insert("cursor".to_owned(), json!(cursor));
                }
                let answer = gateway.call("logs.tail", Value::Object(params)).await?;
                Tail::deserialize(answer).map_err(|why| {
                    Failure::new(format!(
                        "The gateway answered logs.tail in a form that is not understood: {why}."
                    ))
                })
            }
            Source::File(file) => file.tail(cursor, budget),
        }
    }
}

/// The gateway that is meant; the one of this machine only by its owner socket.
async fn connect(context: &Context, ui: &mut Ui, args: &LogsArgs) -> Result<Box<dyn Gateway>, Failure> {
    if !Inputs::gather(context, &args.reach)?.is_own() {
        return reach::open(context, ui, &args.reach, Door::Reading, TIMEOUT_MS).await;
    }
    let own = reach::open_own(context, ui, &args.reach, TIMEOUT_MS).await?;
    own.ok_or_else(|| Failure::new("nobody answers on its owner socket"))
}

impl LocalFile {
    fn find(context: &Context, inputs: &Inputs<'_>) -> Option<LocalFile> {
        if let Some(file) = &inputs.config.logging.file {
            let current = context.paths.expand(file);
            return current.is_file().then_some(LocalFile { current, folder: None });
        }
        let folder = openclaw_os::tmp_dir().ok()?;
        let prefix = prefix(context);
        let current = tail::newest(&folder.join(format!("{prefix}{}.log", today())), &prefix)?;
        Some(LocalFile { current, folder: Some((folder, prefix)) })
    }

    fn tail(&mut self, cursor: Option<u64>, budget: Budget) -> Result<Tail, Failure> {
        let mut cursor = cursor;
        let mut rolled = false;
        if let Some((folder, prefix)) = &self.folder {
            let newest = tail::newest(&folder.join(format!("{prefix}{}.log", today())), prefix);
            if let Some(newest) = newest.filter(|newest| *newest != self.current) {
                self.current = newest;
                rolled = cursor.is_some();
                cursor = rolled.then_some(0);
            }
        }
        let read = tail::read(&self.current, cursor, budget.limit, budget.max_bytes);
        let mut tail =
            read.map_err(|why| Failure::new(format!("Cannot read {}: {why}.", self.current.display())))?;
        tail.reset |= rolled;
        Ok(tail)
    }
}

/// `openclaw-` or `openclaw-work-`: the name of the log file up to the date.
fn prefix(context: &Context) -> String {
    match &context.paths.profile {
        Some(profile) => format!("openclaw-{profile}-"),
        None => "openclaw-".to_owned(),
    }
}

/// The local date, by which log files are named.
fn today() -> String {
    jiff::Zoned::now().date().to_string()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text).trim_end_matches('.')
}

/// The sentence of cli §11 before whatever the failure itself says.
fn unreachable(context: &Context, failure: Failure) -> Failure {
    let hint = context.hints(&crate::args::reach::ReachArgs::default()).local("gateway probe");
    failure
        .prefixed("Gateway not reachable. Is it running and accessible?\n")
        .detail(format!("Hint: run `{hint}`."))
}
