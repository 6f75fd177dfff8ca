//! The service that runs the gateway, and what its definition points at.

use std::path::PathBuf;

use openclaw_config::Env;
use openclaw_config::paths::{self, Flags};
use openclaw_service::report::Definition;
use openclaw_service::{Depth, Place, Programs, Report, inspect};

use super::{Setup, Wishes};
use crate::context::Context;

/// Looks, on a thread of its own: the supervisor's programs take their time.
pub(super) async fn look(context: &Context, setup: &Setup, wishes: Wishes) -> Option<Report> {
    let token = context.config().ok().and_then(|loaded| loaded.gateway.auth.token.get().cloned());
    let place = Place::here(&context.env, &context.paths, setup.port, token);
    let depth = if wishes.deep { Depth::Deep } else { Depth::Usual };
    let looked = tokio::task::spawn_blocking(move || inspect(&place, &Programs::new(), depth));
    tokio::time::timeout(wishes.patience, looked).await.ok()?.ok()
}

/// The configuration file that a service with this definition reads.
pub(crate) fn config_of(definition: &Definition, context: &Context) -> Option<PathBuf> {
    let names = ["HOME", "OPENCLAW_PROFILE", "OPENCLAW_STATE_DIR", "OPENCLAW_CONFIG_PATH"];
    let told = names.into_iter().filter_map(|name| Some((name, definition.variable(name)?)));
    let home = context.env.get("HOME").map(|home| ("HOME", home));
    let env = Env::from_pairs(home.into_iter().chain(told));
    let profile = env.get("OPENCLAW_PROFILE").map(str::to_owned).filter(|name| !name.is_empty());
    paths::resolve(&env, &Flags { profile, dev: false }).ok().map(|paths| paths.config_path)
}
