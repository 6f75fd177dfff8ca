//! `gateway status` (cli §6.2): whether the gateway runs and lets clients in, with the lines that guides look for. Good
//! lines go to standard output, problem lines to standard error.

mod document;
mod text;

use std::time::Duration;

use crate::args::status::GatewayStatusArgs;
use crate::context::Context;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::look::{Survey, Wishes};
use crate::numbers;
use crate::ui::Ui;

/// Milliseconds for any one part of the look.
const TIMEOUT_MS: u64 = 10_000;

/// What was asked for, beside looking.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// The gateway has to answer.
    require_rpc: bool,
    /// The services of the whole machine, too.
    deep: bool,
}

/// Looks, and prints what was found. That nothing runs is a finding and no failure, unless `--require-rpc` says so.
pub(super) async fn run(context: &Context, ui: &mut Ui, args: &GatewayStatusArgs) -> Outcome {
    if args.require_rpc && args.no_probe {
        return Err(Failure::new("Gateway status failed: --require-rpc cannot be used with --no-probe."));
    }
    let timeout = numbers::positive("--timeout <ms>", args.reach.timeout.as_deref(), TIMEOUT_MS)?;
    let wishes = Wishes { probe: !args.no_probe, deep: args.deep, patience: Duration::from_millis(timeout) };
    let survey = Survey::gather(context, &args.reach, wishes).await?;
    let asked = Asked { require_rpc: args.require_rpc, deep: args.deep };
    let view = View { context, survey: &survey, asked };
    if args.json {
        ui.json(&view.document());
    } else {
        view.print(ui);
    }
    if !survey.config.valid && !args.json {
        let path = context.paths.short(&survey.config.path);
        return Err(Failure::new(format!("Gateway status failed: Error: Invalid config at {path}."))
            .details(survey.config.blocking().map(|issue| format!("- {issue}")))
            .fix(context.vantage().openclaw("doctor --fix")));
    }
    let answered =
        survey.probe.as_ref().and_then(|probe| probe.reached()).is_some_and(|hit| hit.read.is_ok());
    let failed = !survey.config.valid || (args.require_rpc && !answered);
    if failed { Err(Failure::shown(EXIT_FAILED)) } else { Ok(0) }
}

/// Everything that the two forms of the answer are made from.
struct View<'a> {
    context: &'a Context,
    survey: &'a Survey,
    asked: Asked,
}

impl View<'_> {
    /// The path as people read it.
    fn short(&self, path: &std::path::Path) -> String {
        self.context.paths.short(path)
    }

    /// What there is to know about where probes go: nothing, when another gateway is meant.
    fn probe_note(&self) -> Option<String> {
        use openclaw_config::gateway::Bind;
        let setup = &self.survey.setup;
        if !self.survey.is_own {
            return None;
        }
        if self.survey.owner.gateway_text("authMode").as_deref() == Some("trusted-proxy") {
            let note =
                "auth mode trusted-proxy: only the proxy may connect; probed through the owner socket.";
            return Some(note.to_owned());
        }
        match setup.bind {
            _ if setup.stays_on_loopback() => {
                Some("Loopback-only gateway; only local clients can connect.".to_owned())
            }
            Bind::Lan => {
                Some("bind=lan listens on 0.0.0.0 (all interfaces); probing via 127.0.0.1.".to_owned())
            }
            bind => Some(format!("bind={bind} listens on {}; probing via 127.0.0.1.", setup.bind_host())),
        }
    }
}

#[cfg(test)]
mod tests;
