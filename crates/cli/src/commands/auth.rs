//! `auth regenerate | show` (G5-2, A-27, cli §19): the gateway token under the name that guides use.

use crate::args::auth::{AuthArgs, AuthCommand};
use crate::commands::doctor::generate::{self, Wish};
use crate::commands::gateway::auth_token;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui::Ui;

/// `--json` was given.
pub(crate) fn wants_json(args: &AuthArgs) -> bool {
    match &args.command {
        Some(AuthCommand::Regenerate(args)) => args.json,
        Some(AuthCommand::Show(args)) => args.json,
        None => false,
    }
}

/// Runs the command.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &AuthArgs) -> Outcome {
    match &args.command {
        Some(AuthCommand::Regenerate(args)) => {
            let wish = Wish { origin: "auth regenerate", replace: true, json: args.json };
            generate::run(context, ui, wish).await
        }
        Some(AuthCommand::Show(args)) => auth_token::run(context, ui, args),
        // The grammar has answered this.
        None => Ok(0),
    }
}
