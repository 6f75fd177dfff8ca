//! `openclaw health --live`: whether the gateway of this machine answers at all, for health checks of containers and
//! supervisors. It needs no credentials, no owner socket and no shell, and its exit code is the answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use openclaw_config::gateway::Bind;
use serde_json::json;

use crate::args::gateway::HealthArgs;
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::numbers;
use crate::reach::Inputs;
use crate::reach::live::{self, Live};
use crate::ui::Ui;

/// Milliseconds to wait for an answer.
const TIMEOUT_MS: u64 = 5_000;

/// Asks and says so.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &HealthArgs) -> Outcome {
    let inputs = Inputs::gather(context, &args.reach)?;
    let port = match numbers::port(args.reach.port.as_deref())? {
        Some(port) => port,
        None => inputs.local_port(),
    };
    let at = SocketAddr::new(listens_on(&inputs), port);
    let patience = inputs.patience(TIMEOUT_MS)?;
    match live::look(at, patience).await {
        Live::Gateway if args.json => {
            ui.json(&json!({ "ok": true, "status": "live", "target": at.to_string() }))
        }
        Live::Gateway => ui.line(format!("The gateway at {at} is alive.")),
        other => return Err(failure(context, at, other, patience)),
    }
    Ok(0)
}

/// The address at which the gateway of this machine can be met from this machine.
pub(crate) fn listens_on(inputs: &Inputs<'_>) -> IpAddr {
    let custom =
        || inputs.config.custom_bind_host.as_deref()?.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let address = match inputs.config.bind {
        Some(Bind::Custom) => custom(),
        Some(Bind::Tailnet) => openclaw_os::host::tailnet_address(),
        _ => None,
    };
    address.filter(|address| !address.is_unspecified()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn failure(context: &Context, at: SocketAddr, seen: Live, patience: Duration) -> Failure {
    let hints = context.hints(&ReachArgs::default());
    let waited = patience.as_millis();
    let (sentence, fix) = match seen {
        Live::Foreign { status } => (
            format!("{at} answered HTTP {status} and is not an OpenClaw gateway."),
            hints.local("config get gateway.port"),
        ),
        Live::Timeout => (format!("{at} did not answer within {waited} ms."), hints.local("gateway restart")),
        Live::Cut => (format!("{at} cut the connection without an answer."), hints.local("logs")),
        Live::Nothing | Live::Gateway => (
            format!("Nothing is listening on {at}: the gateway is not running."),
            hints.local("gateway start"),
        ),
    };
    Failure::new(sentence)
        .kind("gateway_transport_error")
        .fix(fix)
        .field("cause", "C-20")
        .field("target", at.to_string())
        .field("source", "local gateway")
}
