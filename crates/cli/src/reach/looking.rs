//! A connection that only looks. It leaves nothing behind (F-06): no device record, no request, no identity file; and it
//! carries what a client of this machine would carry, so that a healthy gateway lets it in (ruling 27, cli §5.3).
//!
//! Three ways, the first that is possible:
//!
//! 1. as this machine's device, when the owner's view says that it is approved: with the shared secret, asking for no
//!    more than it has, so that nothing can be filed;
//! 2. as this machine's device with the token that the gateway issued to it and without the shared secret: a token
//!    that counts no longer is refused and files nothing;
//! 3. without a device, by the shared secret alone: what the original's own local calls do. Off this machine such a
//!    connection is let in without scopes, which proves the address and the secret and no more.

use std::time::Duration;

use openclaw_client::{ConnectOptions, Credentials, Device, DeviceAuth, Identity, Target};
use openclaw_os::file::Files;
use openclaw_protocol::connect::ClientInfo;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;

use super::Inputs;
use super::connected::{Connected, NotConnected, client_info, finish};
use crate::context::Context;
use crate::version::VERSION;

/// This machine's own device as the gateway's owner sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnDevice {
    /// Its id.
    pub(crate) id: String,
    /// The operator scopes that it is approved for; empty when it is not paired as operator.
    pub(crate) scopes: ScopeSet,
    /// What it is pinned to; a client that says otherwise would have to be approved again.
    pub(crate) platform: Option<String>,
}

/// The id of this machine's device, if it has one.
pub(crate) fn own_device_id(context: &Context) -> Option<String> {
    let identity = Identity::load(&Files::real(), &context.paths.identity_dir()).ok()??;
    Some(identity.device_id().to_string())
}

/// Connects in the first of the three ways that is possible; after a refused second way, in the third.
pub(crate) async fn connect_looking(
    context: &Context,
    inputs: &Inputs<'_>,
    target: Target,
    patience: Duration,
    known: Option<&OwnDevice>,
) -> Result<Connected, NotConnected> {
    let credentials = inputs.credentials(&target).map_err(NotConnected::Before)?;
    let attempt = |error| NotConnected::Attempt(Box::new(error));
    let files = Files::real();
    let folder = context.paths.identity_dir();
    // An identity that cannot be read is not this connection's concern: it looks without.
    let identity = Identity::load(&files, &folder).ok().flatten();
    if let Some(identity) = identity {
        let tokens = DeviceAuth::new(files, &folder, identity.device_id().clone(), &target);
        let known =
            known.filter(|known| known.id == identity.device_id().to_string() && is_same_platform(known));
        if let Some(known) = known.filter(|known| !known.scopes.is_empty()) {
            let options = ConnectOptions {
                credentials,
                device: Some(Device { identity, tokens: Some(tokens) }),
                timeout: patience,
                ..ConnectOptions::operator(target, client_info("cli"), known.scopes.to_strings())
            };
            return finish(context, inputs, options, patience).await.map_err(attempt);
        }
        let held = tokens.get(Role::Operator).map(|stored| ScopeSet::parse_known(&stored.scopes).0);
        if let Some(held) = held.filter(|held| !held.is_empty() && target.is_trusted_with_device_token()) {
            let options = ConnectOptions {
                device: Some(Device { identity, tokens: Some(tokens) }),
                timeout: patience,
                ..ConnectOptions::operator(target.clone(), client_info("cli"), held.to_strings())
            };
            match finish(context, inputs, options, patience).await {
                Err(error) if error.refused().is_some() && !credentials.is_empty() => {}
                other => return other.map_err(attempt),
            }
        }
    }
    let scopes = ScopeSet::full_operator().to_strings();
    let options = ConnectOptions {
        timeout: patience,
        ..ConnectOptions::operator(target, nameless(&credentials), scopes)
    };
    let options = ConnectOptions { credentials, ..options };
    finish(context, inputs, options, patience).await.map_err(attempt)
}

/// Without a secret only the original's local calls are let in, in mode none.
fn nameless(credentials: &Credentials) -> ClientInfo {
    let cli = client_info("cli");
    if credentials.is_empty() {
        ClientInfo::new("gateway-client", "backend", VERSION, &cli.platform)
    } else {
        cli
    }
}

fn is_same_platform(known: &OwnDevice) -> bool {
    let class = openclaw_protocol::platform::class;
    known.platform.as_deref().is_none_or(|platform| class(platform) == class(&client_info("cli").platform))
}
