//! `openclaw devices …` (cli §8): pairing requests and paired devices.

mod approve;
mod entry;
mod list;
mod manage;
mod pick;
mod prune;
mod tokens;

use crate::args::devices::{Common, DevicesArgs, DevicesCommand};
use crate::context::Context;
use crate::failure::Outcome;
use crate::reach::{self, Door, Gateway};
use crate::ui::{Ui, time};

/// Milliseconds to wait for an answer (cli §8).
const TIMEOUT_MS: u64 = 10_000;

/// `--json` was given.
pub(crate) fn wants_json(args: &DevicesArgs) -> bool {
    args.command.as_ref().is_some_and(|command| common(command).json) || args.common.json
}

/// Opens the way to the gateway and runs the command.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &DevicesArgs) -> Outcome {
    let Some(command) = &args.command else { return Ok(0) };
    let Common { reach, json } = common(command).clone().or(args.common.clone());
    let hints = context.hints(&reach);
    let mut opened = reach::open(context, ui, &reach, Door::Management, TIMEOUT_MS).await?;
    let gateway: &mut dyn Gateway = opened.as_mut();
    let outcome = match command {
        DevicesCommand::List(_) => {
            let own = reach::own_device_id(context);
            list::run(gateway, ui, &hints, json, time::now_ms(), own.as_deref()).await
        }
        DevicesCommand::Approve(args) => approve::run(gateway, ui, &hints, args, json).await,
        DevicesCommand::Reject(args) => manage::reject(gateway, ui, &hints, &args.words, json).await,
        DevicesCommand::Remove(args) => manage::remove(gateway, ui, &hints, &args.device, json).await,
        DevicesCommand::Prune(args) => {
            let own = reach::own_device_id(context);
            let pruning = prune::Pruning { args, json, now_ms: time::now_ms(), own };
            prune::run(gateway, ui, &hints, pruning).await
        }
        DevicesCommand::Rename(args) => manage::rename(gateway, ui, &hints, args, json).await,
        DevicesCommand::Clear(args) => manage::clear(gateway, ui, args, json).await,
        DevicesCommand::Rotate(args) => tokens::rotate(gateway, ui, &hints, args).await,
        DevicesCommand::Revoke(args) => tokens::revoke(gateway, ui, &hints, args).await,
        DevicesCommand::JoinCode(args) => tokens::join_code(gateway, ui, args, json, time::now_ms()).await,
        DevicesCommand::Export(_) => tokens::export(gateway, ui, json).await,
        DevicesCommand::Undo(args) => manage::undo(gateway, ui, &hints, &args.device, json).await,
    };
    opened.close().await;
    outcome
}

fn common(command: &DevicesCommand) -> &Common {
    match command {
        DevicesCommand::List(args) => &args.common,
        DevicesCommand::Approve(args) => &args.common,
        DevicesCommand::Reject(args) => &args.common,
        DevicesCommand::Remove(args) => &args.common,
        DevicesCommand::Prune(args) => &args.common,
        DevicesCommand::Rename(args) => &args.common,
        DevicesCommand::Clear(args) => &args.common,
        DevicesCommand::Rotate(args) => &args.common,
        DevicesCommand::Revoke(args) => &args.common,
        DevicesCommand::JoinCode(args) => &args.common,
        DevicesCommand::Export(args) => &args.common,
        DevicesCommand::Undo(args) => &args.common,
    }
}
