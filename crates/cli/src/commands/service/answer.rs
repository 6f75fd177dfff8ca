//! Waiting until a gateway answers: over the owner socket, where each run of it says which run it is.

use std::time::Duration;

use openclaw_service::running::Running;
use serde_json::Value;

use super::Site;
use crate::args::reach::ReachArgs;
use crate::failure::Failure;
use crate::reach::{CallError, Connected, Gateway as _, Inputs, connect_socket};

/// How long a single attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// A gateway that answered its owner.
pub(super) struct Answering {
    connection: Connected,
    /// Which run of the gateway it is; a restart begins another.
    pub(super) boot: Option<String>,
    /// Its version.
    pub(super) version: String,
}

impl Answering {
    /// Whether no device is paired with it yet.
    pub(super) async fn is_new(&mut self) -> bool {
        let list = self.connection.call("device.pair.list", serde_json::json!({})).await;
        list.is_ok_and(|list| list["paired"].as_array().is_some_and(Vec::is_empty))
    }

    /// Asks it to restart in place. `Ok(false)`: it does not know how to be asked.
    pub(super) async fn restart(&mut self) -> Result<bool, String> {
        match self
            .connection
            .call("gateway.restart.request", serde_json::json!({"reason": "gateway restart"}))
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_unknown_method() => Ok(false),
            Err(CallError::Refused(shape)) => Err(shape.message.clone()),
            // It went down before its answer was through: whether it comes back is seen next.
            Err(CallError::Lost(_)) => Ok(true),
        }
    }
}

/// One attempt.
pub(super) async fn ask(site: &Site<'_>) -> Option<Answering> {
    let args = ReachArgs::default();
    let inputs = Inputs::gather(site.context, &args).ok()?;
    let connection = connect_socket(site.context, &inputs, ATTEMPT).await.ok()?;
    let hello = connection.client().hello();
    let boot = hello.payload.pointer("/server/bootId").and_then(Value::as_str).map(str::to_owned);
    let version = hello.server_version.clone();
    Some(Answering { connection, boot, version })
}

/// The run of a gateway that is to be another one, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// Which run it said it was.
    pub(super) boot: Option<String>,
    /// When it began, for one that was too busy to say so.
    pub(super) since: Option<String>,
}

impl Before {
    /// Whether a gateway that answers now is another run. What nothing is known of cannot be told apart.
    fn is_over(&self, boot: Option<&str>, since: Option<&str>) -> bool {
        match (&self.boot, &self.since) {
            (Some(before), _) => boot != Some(before),
            (None, Some(before)) => since != Some(before),
            (None, None) => true,
        }
    }
}

/// Waits for a gateway on this state that answers and is another run than `before`; nothing when the time is over.
/// `given_up` ends the waiting early.
pub(super) async fn wait(
    site: &Site<'_>,
    before: &Before,
    patience: Duration,
    mut given_up: impl FnMut() -> bool,
) -> Option<(Answering, Option<Running>)> {
    let until = tokio::time::Instant::now() + patience;
    loop {
        if let Some(answering) = ask(site).await {
            let running = site.running();
            let since = running.as_ref().and_then(|running| running.since.as_deref());
            if before.is_over(answering.boot.as_deref(), since) {
                return Some((answering, running));
            }
        }
        if given_up() || tokio::time::Instant::now() >= until {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// `90s`, `2m`, `500ms`, or seconds without a unit.
pub(super) fn duration(text: &str) -> Result<Duration, Failure> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 && factor > 0 && number <= 86_400 => {
            Ok(Duration::from_millis(number * factor))
        }
        _ => Err(Failure::new("Invalid --wait (use a duration as 90s, 2m or 500ms)")),
    }
}

/// A length of time for people: `60s`, `1500ms`.
pub(super) fn shown(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_was_too_busy_to_answer_is_not_taken_for_its_successor() {
        let text = |text: &str| Some(text.to_owned());
        for (boot, since, now, over) in [
            (text("b1"), text("t1"), ("b1", "t1"), false),
            (text("b1"), text("t1"), ("b2", "t2"), true),
            (None, text("t1"), ("b1", "t1"), false),
            (None, text("t1"), ("b2", "t2"), true),
            (None, None, ("b1", "t1"), true),
        ] {
            let before = Before { boot, since };
            assert_eq!(before.is_over(Some(now.0), Some(now.1)), over, "{before:?} {now:?}");
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in
            [("90s", Some(90_000)), ("2m", Some(120_000)), ("500ms", Some(500)), ("7", Some(7_000))]
        {
            assert_eq!(duration(text).ok(), expected.map(Duration::from_millis), "{text}");
        }
        for text in ["", "0s", "s", "1h", "-1s", "99999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(
            (shown(Duration::from_secs(60)), shown(Duration::from_millis(1_500))),
            ("60s".into(), "1500ms".into())
        );
    }
}
