//! `openclaw logs` (cli §11): the gateway's log over `logs.tail`, or straight from the file when the gateway of this
//! machine cannot be asked. It is run exactly when something is wrong, so it has to work then.

mod line;
mod source;
mod tail;

use std::time::Duration;

use serde_json::json;

use self::line::{Line, Times, printable};
use self::source::Source;
use self::tail::Tail;
use crate::args::logs::LogsArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::numbers;
use crate::ui::{Terminal, Ui};

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

/// Prints the end of the log, and goes on with `--follow`.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &LogsArgs) -> Outcome {
    let budget = Budget {
        limit: numbers::positive("--limit <n>", args.limit.as_deref(), 200)?,
        max_bytes: numbers::positive("--max-bytes <n>", args.max_bytes.as_deref(), 250_000)?,
        interval: Duration::from_millis(numbers::positive(
            "--interval <ms>",
            args.interval.as_deref(),
            1000,
        )?),
    };
    let style = Style::of(args, ui.terminal());
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
        print(&tail, ui, style, first);
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

fn print(tail: &Tail, ui: &mut Ui, style: Style, first: bool) {
    if first {
        if style.json {
            ui.json_line(&json!({ "type": "meta", "file": tail.file, "cursor": tail.cursor, "size": tail.size, "sourceKind": "file" }));
        } else {
            ui.line(format!("Log file: {}", printable(&tail.file)));
        }
    }
    if tail.truncated {
        notice(ui, style, "Log tail truncated (increase --max-bytes).");
    }
    if tail.reset {
        notice(ui, style, "Log cursor reset (file rotated).");
    }
    for raw in &tail.lines {
        match (Line::read(raw), style.json) {
            (Some(line), true) => ui.json_line(&line.json(raw)),
            (Some(line), false) => ui.line(line.text(style.times, style.color)),
            (None, true) => ui.json_line(&json!({ "type": "raw", "raw": raw })),
            (None, false) => ui.line(printable(raw)),
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
    use super::{Style, Times, print};
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

    #[test]
    fn text() {
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        print(&tail(), &mut ui, Style { json: false, times: Times::AsLogged, color: false }, true);
        assert_eq!(
            out.text(),
            "Log file: /tmp/openclaw/openclaw-2026-11-20.log\n2026-11-20T08:00:00.000+00:00 info gateway ready\nno json\n"
        );
        assert_eq!(err.text(), "Log tail truncated (increase --max-bytes).\n");
    }

    #[test]
    fn json_lines() {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        print(&tail(), &mut ui, Style { json: true, times: Times::AsLogged, color: false }, true);
        let kinds: Vec<String> = out
            .text()
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(kinds, ["meta", "notice", "log", "raw"]);
    }
}
