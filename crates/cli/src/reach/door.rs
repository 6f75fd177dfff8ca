//! Choosing the door (ruling 27) and opening it.

use std::time::Duration;

use openclaw_protocol::scope::Scope;

use super::connected::{connect_socket, connect_tcp, is_absent, is_foreign};
use super::offline::{self, Unavailable};
use super::{Gateway, Inputs, explain};
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Ui;

/// How often the lock of the state directory is tried before its holder counts as a gateway without an owner socket.
const LOOKS: u32 = 20;
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// What a command needs of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The owner manages devices: a stopped gateway will do.
    Management,
    /// The gateway has to run, and its answers may be read.
    Reading,
    /// The gateway has to run; what will be called is not known.
    Calling,
}

impl Door {
    /// A scope without which the connection would be of no use.
    fn needs(self) -> Option<Scope> {
        match self {
            Door::Management => Some(Scope::PAIRING),
            Door::Reading => Some(Scope::READ),
            Door::Calling => None,
        }
    }
}

/// Opens the way to the gateway that the options, the environment and the configuration name.
pub(crate) async fn open(
    context: &Context,
    ui: &mut Ui,
    args: &ReachArgs,
    door: Door,
    timeout_ms: u64,
) -> Result<Box<dyn Gateway>, Failure> {
    let inputs = Inputs::gather(context, args)?;
    let patience = inputs.patience(timeout_ms)?;
    if inputs.is_own()
        && let Some(gateway) = own(context, ui, &inputs, door, patience).await?
    {
        return Ok(gateway);
    }
    for line in inputs.config_problem.iter().flatten() {
        ui.note(line);
    }
    let target =
        inputs.target().resolve().map_err(|error| Failure::new(error.to_string()).kind("gateway_target"))?;
    match connect_tcp(context, &inputs, target, patience, door.needs()).await {
        Ok(gateway) => Ok(Box::new(gateway)),
        Err(error) => Err(error.into_failure(context, &inputs)),
    }
}

/// The gateway of this machine as its owner, or nothing: for commands that must not leave a device record behind
/// (F-06), as a connection to the port would. `None` too when another gateway is meant.
pub(crate) async fn open_own(
    context: &Context,
    ui: &mut Ui,
    args: &ReachArgs,
    timeout_ms: u64,
) -> Result<Option<Box<dyn Gateway>>, Failure> {
    let inputs = Inputs::gather(context, args)?;
    let patience = inputs.patience(timeout_ms)?;
    if !inputs.is_own() {
        return Ok(None);
    }
    own(context, ui, &inputs, Door::Reading, patience).await
}

/// The gateway of this machine as its owner; `None` when only its port is left to try.
async fn own(
    context: &Context,
    ui: &mut Ui,
    inputs: &Inputs<'_>,
    door: Door,
    patience: Duration,
) -> Result<Option<Box<dyn Gateway>>, Failure> {
    let error = match connect_socket(context, inputs, patience).await {
        Ok(gateway) => return Ok(Some(Box::new(gateway))),
        Err(error) => error,
    };
    if is_foreign(&error) {
        return Ok(None);
    }
    if !is_absent(&error) {
        return Err(explain(&error, context, inputs));
    }
    if door != Door::Management {
        return Ok(None);
    }
    for _ in 0..LOOKS {
        match offline::open(context) {
            Ok(state) => {
                ui.note("The gateway is not running; working on its state directory.");
                return Ok(Some(Box::new(state)));
            }
            Err(Unavailable::Failed(failure)) => return Err(failure),
            Err(Unavailable::Held) => {}
        }
        // A gateway that just starts, or another of these commands: either is over in a moment.
        tokio::time::sleep(PAUSE).await;
        if let Ok(gateway) = connect_socket(context, inputs, patience).await {
            return Ok(Some(Box::new(gateway)));
        }
    }
    Ok(None)
}
