//! `openclaw logs` (cli §11): the gateway's log over `logs.tail`, or straight from the file when the gateway of this
//! machine cannot be asked. It is run exactly when something is wrong, so it has to work then.

mod fold;
mod line;
mod source;
mod tail;

use std::time::Duration;

use openclaw_protocol::refusal::Cause;
use serde_json::json;

use self::fold::Fold;
use self::line::{Line, Times, printable};
use self::source::Source;
use self::tail::Tail;
use crate::args::logs::LogsArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::numbers;
use crate::ui::{Terminal, Ui, time};

/// How much is read, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Lines.
    pub(crate) limit: u64,
    /// Bytes.
    pub(crate) max_bytes: u64,
    /// Pause between two looks when following.
    pub(crate) interval: Duration,
}

/// Characters of a device id that stand for it.
const MIN_PREFIX: usize = 4;
/// Most lines and bytes that a gateway hands out at once (cli §11): among so many, filters look for what is asked.
const MOST: (u64, u64) = (5_000, 1_000_000);

/// Prints the end of the log, and goes on with `--follow`.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &LogsArgs) -> Outcome {
    let filter = Filter::of(args)?;
    let mut budget = Budget {
        limit: numbers::positive("--limit <n>", args.limit.as_deref(), 200)?,
        max_bytes: numbers::positive("--max-bytes <n>", args.max_bytes.as_deref(), 250_000)?,
        interval: Duration::from_millis(numbers::positive(
            "--interval <ms>",
            args.interval.as_deref(),
            1000,
        )?),
    };
    let shown = usize::try_from(budget.limit).unwrap_or(usize::MAX);
    if filter.is_set() {
        (budget.limit, budget.max_bytes) = MOST;
    }
    let style = Style::of(args, ui.terminal());
    let mut printer =
        Printer { style, filter, fold: (!args.no_fold && !args.json).then(Fold::default), shown };
    let mut source =
        Source::open(context, ui, args).await.map_err(|failure| explain(failure, args.json, ui))?;
    let mut cursor = None;
    let mut first = true;
    loop {
        let tail = match source.tail(cursor, budget).await {
            Ok(tail) => tail,
            Err(failure) => {
                source = source
                    .recover(context, ui, args, failure)
                    .await
                    .map_err(|failure| explain(failure, args.json, ui))?;
                continue;
            }
        };
        printer.print(&tail, ui, first);
        if args.follow {
            printer.due(ui, time::now_ms());
        } else {
            printer.end(ui);
        }
        ui.flush();
        if ui.closed() {
            ui.note("openclaw logs: output stdout closed (EPIPE). Stopping tail.");
            return Ok(0);
        }
        if !args.follow {
            return Ok(0);
        }
        // After a rotation the file has another name, and the old cursor means nothing in it.
        cursor = Some(tail.cursor);
        first = false;
        tokio::time::sleep(budget.interval).await;
    }
}

/// How lines are printed.
#[derive(Debug, Clone, Copy)]
struct Style {
    json: bool,
    times: Times,
    color: bool,
}

impl Style {
    fn of(args: &LogsArgs, terminal: Terminal) -> Style {
        let plain = args.plain || !terminal.output;
        let times = match (args.utc, args.local_time, plain) {
            (true, _, _) => Times::Utc,
            (false, _, false) => Times::Clock,
            (false, true, true) => Times::Local,
            (false, false, true) => Times::AsLogged,
        };
        Style { json: args.json, times, color: !args.plain && terminal.color_output }
    }
}

/// Which lines are wanted.
#[derive(Debug, Default)]
struct Filter {
    cause: Option<String>,
    device: Option<String>,
}

impl Filter {
    fn of(args: &LogsArgs) -> Result<Filter, Failure> {
        let cause = args.cause.as_deref().map(|id| {
            let id = id.trim().to_ascii_uppercase();
            Cause::parse(&id).map(Cause::id).ok_or_else(|| {
                Failure::new("error: option '--cause <id>' takes the id of a cause, as C-01 to C-29")
            })
        });
        let device = args.device.as_deref().map(|id| {
            let id = id.trim().to_ascii_lowercase();
            let fits = id.len() >= MIN_PREFIX && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            fits.then_some(id).ok_or_else(|| {
                Failure::new(
                    "error: option '--device <id>' takes a device id or at least 4 characters of one",
                )
            })
        });
        Ok(Filter { cause: cause.transpose()?, device: device.transpose()? })
    }

    fn is_set(&self) -> bool {
        self.cause.is_some() || self.device.is_some()
    }

    fn lets_through(&self, line: &Line) -> bool {
        let cause = self.cause.as_deref().is_none_or(|cause| line.fact("cause") == Some(cause));
        // Lines that are about a device in other ways end with its id.
        let device = self
            .device
            .as_deref()
            .is_none_or(|device| line.device().is_some_and(|id| id.starts_with(device)));
        cause && device
    }
}

/// What prints the lines, over several looks.
struct Printer {
    style: Style,
    filter: Filter,
    /// `None`: every line by itself.
    fold: Option<Fold>,
    /// Lines of the first look that are shown.
    shown: usize,
}

impl Printer {
    fn print(&mut self, tail: &Tail, ui: &mut Ui, first: bool) {
        let style = self.style;
        if first {
            if style.json {
                ui.json_line(&json!({ "type": "meta", "file": tail.file, "cursor": tail.cursor, "size": tail.size, "sourceKind": "file" }));
            } else {
                ui.line(format!("Log file: {}", printable(&tail.file)));
            }
        }
        // What was cut off in front of what a filter looks through was not asked for.
        if tail.truncated && !(first && self.filter.is_set()) {
            notice(ui, style, "Log tail truncated (increase --max-bytes).");
        }
        if tail.reset {
            notice(ui, style, "Log cursor reset (file rotated).");
        }
        let mut lines: Vec<(Option<Line>, &str)> =
            tail.lines.iter().map(|raw| (Line::read(raw), raw.as_str())).collect();
        if self.filter.is_set() {
            lines.retain(|(line, _)| line.as_ref().is_some_and(|line| self.filter.lets_through(line)));
        }
        let skipped = if first { lines.len().saturating_sub(self.shown) } else { 0 };
        for (line, raw) in lines.into_iter().skip(skipped) {
            match (line, style.json) {
                (Some(line), true) => ui.json_line(&line.json(raw)),
                (None, true) => ui.json_line(&json!({ "type": "raw", "raw": raw })),
                (None, false) => ui.line(printable(raw)),
                (Some(line), false) => match &mut self.fold {
                    Some(fold) => {
                        let lines = fold.take(line);
                        self.texts(ui, &lines);
                    }
                    None => self.texts(ui, &[line]),
                },
            }
        }
    }

    /// The counts whose minute is over.
    fn due(&mut self, ui: &mut Ui, now: u64) {
        let lines = self.fold.as_mut().map(|fold| fold.due(now)).unwrap_or_default();
        self.texts(ui, &lines);
    }

    /// The counts that are left when nothing follows.
    fn end(&mut self, ui: &mut Ui) {
        let lines = self.fold.as_mut().map(Fold::end).unwrap_or_default();
        self.texts(ui, &lines);
    }

    fn texts(&self, ui: &mut Ui, lines: &[Line]) {
        for line in lines {
            ui.line(line.text(self.style.times, self.style.color));
        }
    }
}

fn notice(ui: &mut Ui, style: Style, message: &str) {
    if style.json {
        ui.json_line(&json!({ "type": "notice", "message": message }));
    } else {
        ui.note(message);
    }
}

/// With `--json` the failure is a line of its own on standard error, because standard output is a stream (cli §11).
fn explain(failure: Failure, json: bool, ui: &mut Ui) -> Failure {
    if !json {
        return failure;
    }
    let mut document = failure.to_json();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("ok");
        fields.insert("type".to_owned(), json!("error"));
    }
    ui.note(document.to_string());
    Failure::shown(failure.exit_code())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::tail::Tail;
    use super::{Filter, Fold, Printer, Style, Times};
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    fn tail() -> Tail {
        let line = json!({"0": "{\"subsystem\":\"gateway\"}", "1": "ready", "time": "2026-11-20T08:00:00.000+00:00", "_meta": {"logLevelName": "INFO"}});
        Tail {
            file: "/tmp/openclaw/openclaw-2026-11-20.log".to_owned(),
            cursor: 10,
            size: 20,
            lines: vec![line.to_string(), "no json".to_owned()],
            truncated: true,
            reset: false,
        }
    }

    fn printed(tail: &Tail, json: bool, filter: Filter) -> (String, String) {
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        let style = Style { json, times: Times::AsLogged, color: false };
        let mut printer = Printer { style, filter, fold: (!json).then(Fold::default), shown: 2 };
        printer.print(tail, &mut ui, true);
        printer.end(&mut ui);
        ui.flush();
        (out.text(), err.text())
    }

    #[test]
    fn text() {
        let (out, err) = printed(&tail(), false, Filter::default());
        assert_eq!(
            out,
            "Log file: /tmp/openclaw/openclaw-2026-11-20.log\n2026-11-20T08:00:00.000+00:00 info gateway ready\nno json\n"
        );
        assert_eq!(err, "Log tail truncated (increase --max-bytes).\n");
    }

    #[test]
    fn json_lines() {
        let kind = |line: &str| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned()
        };
        let kinds: Vec<String> = printed(&tail(), true, Filter::default()).0.lines().map(kind).collect();
        assert_eq!(kinds, ["meta", "notice", "log", "raw"]);
    }

    #[test]
    fn filters() {
        let line = |cause: &str, device: &str, message: &str| {
            json!({"0": "{\"subsystem\":\"gateway/ws\"}", "1": message, "time": "2026-11-20T08:00:00.000+00:00",
                "_meta": {"logLevelName": "WARN"}, "cause": cause, "deviceId": device, "fix": "openclaw why last"})
            .to_string()
        };
        let lines = vec![
            line("C-14", "aaaa1111", "one"),
            line("C-01", "bbbb2222", "two"),
            line("C-01", "aaaa1111", "three"),
            line("C-01", "aaaa1111", "four"),
            json!({"1": "paired device=aaaa1111", "time": "2026-11-20T08:00:00.000+00:00", "_meta": {}})
                .to_string(),
            "no json".to_owned(),
        ];
        let tail = Tail { lines, truncated: true, ..Tail::default() };
        let said = |cause: Option<&str>, device: Option<&str>| {
            let filter = Filter { cause: cause.map(str::to_owned), device: device.map(str::to_owned) };
            let (out, err) = printed(&tail, true, filter);
            assert_eq!(err, "");
            let documents =
                out.lines().skip(1).map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            documents.map(|line| line["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(said(Some("C-14"), None), ["one"]);
        assert_eq!(said(Some("C-01"), None), ["three", "four"], "the last ones");
        assert_eq!(said(Some("C-01"), Some("bbbb")), ["two"]);
        assert_eq!(said(None, Some("aaaa")), ["four", "paired device=aaaa1111"]);
        let (out, _) = printed(&tail, true, Filter { cause: Some("C-14".to_owned()), device: None });
        assert!(out.contains("\"cause\":\"C-14\"") && out.contains("\"fix\":\"openclaw why last\""), "{out}");
    }
}
