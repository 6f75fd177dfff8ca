//! `openclaw status` (cli §7): how everything is, on one page: first what needs attention, then who is here, then the
//! rest to look things up. It is the first command of every guide's ladder (G5-0), so it is quick and never fails over
//! what it has to report.

mod document;
mod text;

use std::time::Duration;

use openclaw_doctor::audit::Report as Audit;

use crate::args::status::StatusArgs;
use crate::commands::security;
use crate::context::Context;
use crate::failure::Outcome;
use crate::look::attention::{self, Item};
use crate::look::{Survey, Wishes};
use crate::numbers;
use crate::ui::Ui;

/// Milliseconds for any one part of the look.
const TIMEOUT_MS: u64 = 10_000;

/// Looks, and prints what was found.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &StatusArgs) -> Outcome {
    let timeout = numbers::positive("--timeout <ms>", args.reach.timeout.as_deref(), TIMEOUT_MS)?;
    let wishes =
        Wishes { probe: true, deep: args.deep || args.all, patience: Duration::from_millis(timeout) };
    let survey = Survey::gather(context, &args.reach, wishes).await?;
    let page = Page {
        context,
        audit: security::report(context, &survey),
        items: attention::of(&survey, context.vantage()),
        survey: &survey,
        all: args.all,
        deep: args.deep || args.all,
        usage: args.usage,
        verbose: args.verbose || args.debug,
    };
    if args.json {
        ui.json(&page.document());
    } else {
        page.print(ui);
    }
    Ok(0)
}

/// Everything that the two forms of the answer are made from.
struct Page<'a> {
    context: &'a Context,
    survey: &'a Survey,
    audit: Audit,
    items: Vec<Item>,
    all: bool,
    deep: bool,
    usage: bool,
    verbose: bool,
}

impl Page<'_> {
    /// `linux 6.18 (x64)`.
    fn os(&self) -> String {
        let arch = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        format!("{} ({arch})", openclaw_os::host::platform())
    }

    /// The program of this service in a few words: `systemd installed · enabled · running (pid 4242)`.
    fn service(&self) -> String {
        let Some(report) = &self.survey.service else { return "unknown (no answer in time)".to_owned() };
        let label = report.manager.label();
        match (report.installed, &report.unusable) {
            (false, _) => format!("{label} not installed"),
            (true, Some(_)) => format!("{label} installed · not available here"),
            (true, None) => {
                format!("{label} installed · {} · {}", report.loaded_text(), report.runtime.line())
            }
        }
    }
}

#[cfg(test)]
mod tests;
