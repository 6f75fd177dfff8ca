//! `openclaw gateway …` (cli §6): the server in the foreground, and the verbs that ask one.

pub(crate) mod auth_token;
mod call;
mod explain;
mod probe;
mod run;
pub(crate) mod status;

use crate::args::gateway::{GatewayArgs, GatewayCommand};
use crate::commands::service;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui::Ui;

pub(crate) use run::{asks_for_dev, run};

/// `--json` was given.
pub(crate) fn wants_json(args: &GatewayArgs) -> bool {
    match &args.command {
        Some(GatewayCommand::Call(call)) => call.query.json,
        Some(GatewayCommand::Health(query)) => query.json,
        Some(GatewayCommand::Probe(probe)) => probe.json,
        Some(GatewayCommand::AuthToken(token)) => token.json,
        Some(GatewayCommand::Status(status)) => status.json,
        Some(GatewayCommand::Install(install)) => install.json,
        Some(GatewayCommand::Uninstall(verb)) => verb.json,
        Some(GatewayCommand::Start(start)) => start.json,
        Some(GatewayCommand::Stop(stop)) => stop.json,
        Some(GatewayCommand::Restart(restart)) => restart.json,
        Some(GatewayCommand::Explain(explain)) => explain.json,
        _ => false,
    }
}

/// The command is the server itself, which brings its own runtime.
pub(crate) fn is_server(args: &GatewayArgs) -> bool {
    matches!(args.command, None | Some(GatewayCommand::Run(_)))
}

/// Runs a verb that asks a gateway. Options before the verb count for it too.
pub(crate) async fn ask(context: &Context, ui: &mut Ui, args: GatewayArgs) -> Outcome {
    let outer = args.run.reach();
    match args.command {
        Some(GatewayCommand::Call(mut call)) => {
            call.query.reach = call.query.reach.or(outer);
            call::call(context, ui, &call).await
        }
        Some(GatewayCommand::Health(mut query)) => {
            query.reach = query.reach.or(outer);
            call::health(context, ui, &query).await
        }
        Some(GatewayCommand::Probe(mut probe)) => {
            probe.reach = probe.reach.or(outer);
            probe::run(context, ui, &probe).await
        }
        Some(GatewayCommand::Status(mut status)) => {
            status.reach = status.reach.or(outer);
            status::run(context, ui, &status).await
        }
        Some(GatewayCommand::Explain(peer)) => explain::run(context, ui, &peer, outer).await,
        Some(GatewayCommand::AuthToken(token)) => auth_token::run(context, ui, &token),
        Some(GatewayCommand::Install(install)) => {
            service::install(context, ui, &install, outer.port.as_deref()).await
        }
        Some(GatewayCommand::Uninstall(verb)) => service::uninstall(context, ui, &verb).await,
        Some(GatewayCommand::Start(verb)) => service::start(context, ui, &verb, outer.port.as_deref()).await,
        Some(GatewayCommand::Stop(stop)) => service::stop(context, ui, &stop).await,
        Some(GatewayCommand::Restart(restart)) => {
            service::restart(context, ui, &restart, outer.port.as_deref()).await
        }
        None | Some(GatewayCommand::Run(_) | GatewayCommand::Other(_)) => Ok(0),
    }
}
