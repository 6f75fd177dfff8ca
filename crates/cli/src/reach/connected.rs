//! A gateway over a connection: the owner socket, or TCP and TLS with credentials and a signed identity.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use openclaw_client::{
    Cause, Client, ConnectError, ConnectOptions, Device, DeviceAuth, Identity, OwnerSocket, RequestError,
    Target,
};
use openclaw_os::file::Files;
use openclaw_protocol::connect::ClientInfo;
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{OPERATOR_DEFAULT_V3, Scope, ScopeSet};
use openclaw_protocol::time::Millis;
use serde_json::Value;

use super::failures::Whereabouts;
use super::{Answer, CallError, Gateway, Goodbye, Inputs, Reply, failures};
use crate::context::Context;
use crate::failure::Failure;
use crate::ui::time;
use crate::version::VERSION;

/// An open connection.
pub(crate) struct Connected {
    client: Client,
    patience: Duration,
    /// For a connection that ends early.
    whereabouts: Whereabouts,
    /// Of whoever reads what it answers.
    vantage: Vantage,
    /// The id of the device as which it was let in.
    device: Option<String>,
}

impl Connected {
    /// The connection itself.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    async fn request(&self, method: &str, params: &Value, wait_for_final: bool) -> Result<Value, CallError> {
        let answer = self
            .client
            .request_raw(method, params, self.patience, wait_for_final)
            .await
            .map_err(|error| self.lost(error))?;
        serde_json::from_str(answer.get()).map_err(|why| {
            CallError::Lost(Box::new(Failure::new(format!(
                "The gateway answered {method} with something that is no JSON value: {why}."
            ))))
        })
    }

    fn lost(&self, error: RequestError) -> CallError {
        match error {
            RequestError::Refused(shape) => {
                let reply = Reply::new(*shape, self.vantage.clone()).answered_by(&self.whereabouts);
                CallError::Refused(Box::new(reply))
            }
            error => CallError::Lost(Box::new(failures::lost(&error, &self.whereabouts, &self.vantage))),
        }
    }
}

impl Gateway for Connected {
    fn call<'a>(&'a mut self, method: &'a str, params: Value) -> Answer<'a> {
        Box::pin(async move { self.request(method, &params, false).await })
    }

    fn call_to_the_end<'a>(&'a mut self, method: &'a str, params: Value) -> Answer<'a> {
        Box::pin(async move { self.request(method, &params, true).await })
    }

    fn is_running(&self) -> bool {
        true
    }

    fn own_device(&self) -> Option<String> {
        self.device.clone()
    }

    fn vantage(&self) -> Vantage {
        self.vantage.clone()
    }

    fn close(self: Box<Self>) -> Goodbye {
        Box::pin(self.client.close())
    }
}

/// What this program says it is.
pub(crate) fn client_info(mode: &str) -> ClientInfo {
    // The original's names for systems, on which paired devices are pinned.
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    ClientInfo::new("cli", mode, VERSION, platform)
}

/// Connects to the owner socket of this machine's gateway.
pub(crate) async fn connect_socket(
    context: &Context,
    inputs: &Inputs<'_>,
    patience: Duration,
) -> Result<Connected, ConnectError> {
    let tmps: Vec<PathBuf> =
        [Some("/tmp"), context.env.get("TMPDIR")].into_iter().flatten().map(PathBuf::from).collect();
    let target = Target::owner_socket(OwnerSocket::of(&context.paths.state_dir, &tmps));
    let scopes = ScopeSet::full_operator().to_strings();
    let options =
        ConnectOptions { timeout: patience, ..ConnectOptions::operator(target, client_info("cli"), scopes) };
    finish(context, inputs, options, patience).await
}

/// Why there is no connection over the network.
pub(crate) enum NotConnected {
    /// The attempt failed on the way or at the gateway.
    Attempt(Box<ConnectError>),
    /// There was nothing to attempt it with: no credentials, no identity.
    Before(Failure),
}

impl NotConnected {
    /// What to tell the user.
    pub(crate) fn into_failure(self, context: &Context, inputs: &Inputs<'_>) -> Failure {
        match self {
            NotConnected::Attempt(error) => super::explain(&error, context, inputs),
            NotConnected::Before(failure) => failure,
        }
    }
}

/// Connects over TCP or TLS with the credentials and the identity that a client uses.
///
/// A device that was approved for less than everything asks for what it has, as long as that covers `needs`:
/// asking for more would file a request each time instead of doing the work.
pub(crate) async fn connect_tcp(
    context: &Context,
    inputs: &Inputs<'_>,
    target: Target,
    patience: Duration,
    needs: Option<Scope>,
) -> Result<Connected, NotConnected> {
    let credentials = inputs.credentials(&target).map_err(NotConnected::Before)?;
    let files = Files::real();
    let folder = context.paths.identity_dir();
    let identity = Identity::load_or_create(&files, &folder, Millis(time::now_ms()))
        .map_err(|error| NotConnected::Before(Failure::new(error.to_string())))?;
    let tokens = DeviceAuth::new(files, &folder, identity.device_id().clone(), &target);
    let held = tokens.get(Role::Operator).map(|stored| ScopeSet::parse_known(&stored.scopes).0);
    let scopes = match held {
        Some(held) if !held.is_empty() && needs.is_none_or(|scope| held.satisfies(scope)) => held,
        _ => OPERATOR_DEFAULT_V3.into_iter().collect(),
    };
    let options = ConnectOptions {
        credentials,
        device: Some(Device { identity, tokens: Some(tokens) }),
        timeout: patience,
        ..ConnectOptions::operator(target, client_info("cli"), scopes.to_strings())
    };
    finish(context, inputs, options, patience).await.map_err(|error| NotConnected::Attempt(Box::new(error)))
}

pub(super) async fn finish(
    context: &Context,
    inputs: &Inputs<'_>,
    options: ConnectOptions,
    patience: Duration,
) -> Result<Connected, ConnectError> {
    let options = ConnectOptions { headers: inputs.edge_headers(&options.target), ..options };
    let client = Client::connect(&options).await?;
    let whereabouts = Whereabouts::new(options.target.shown(), options.target.source, context, inputs);
    let device = options.device.as_ref().map(|device| device.identity.device_id().to_string());
    let vantage = options.target.source.seen_from(context.vantage(), &options.target.shown());
    Ok(Connected { client, patience, whereabouts, vantage, device })
}

/// Nobody answers on the owner socket: the gateway of this machine does not run, or it is not ours.
pub(crate) fn is_absent(error: &ConnectError) -> bool {
    match &error.cause {
        Cause::NoOwnerSocket { error, .. } => {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
        }
        _ => false,
    }
}

/// Another account runs the gateway of this machine: its socket is not for us, its port may be.
pub(super) fn is_foreign(error: &ConnectError) -> bool {
    match &error.cause {
        Cause::StrangerAtSocket { .. } => true,
        Cause::NoOwnerSocket { error, .. } => error.kind() == io::ErrorKind::PermissionDenied,
        _ => false,
    }
}
