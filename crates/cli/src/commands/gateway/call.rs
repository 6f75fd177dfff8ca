//! `gateway call` and `gateway health` (cli §6.4).

use openclaw_protocol::words::Words;
use serde_json::{Value, json};

use crate::args::gateway::{CallArgs, QueryArgs};
use crate::commands::health;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::reach::{self, Door};
use crate::ui::{Style, Ui};

/// Milliseconds to wait for an answer (cli §6.4).
const TIMEOUT_MS: u64 = 10_000;
/// What every failure of these verbs begins with.
const PREFIX: &str = "Gateway call failed: ";

/// `gateway call <method>`.
pub(super) async fn call(context: &Context, ui: &mut Ui, args: &CallArgs) -> Outcome {
    let params = parameters(args.params.as_deref())?;
    let query = &args.query;
    let answer =
        ask(context, ui, query, &args.method, params).await.map_err(|failure| failure.prefixed(PREFIX))?;
    if !query.json {
        ui.styled(Style::Heading, format!("Gateway call: {}", Words::new(&args.method)));
    }
    ui.json(&answer);
    Ok(0)
}

/// `gateway health`.
pub(super) async fn health(context: &Context, ui: &mut Ui, query: &QueryArgs) -> Outcome {
    let begun = std::time::Instant::now();
    let answer =
        ask(context, ui, query, "health", json!({})).await.map_err(|failure| failure.prefixed(PREFIX))?;
    if query.json {
        ui.json(&answer);
        return Ok(0);
    }
    ui.styled(Style::Heading, "Gateway Health");
    let duration = answer.get("durationMs").and_then(Value::as_u64);
    let duration = duration.unwrap_or_else(|| u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    let (style, word) = if answer.get("ok") == Some(&Value::Bool(false)) {
        (Style::Bad, "Not OK")
    } else {
        (Style::Good, "OK")
    };
    ui.styled(style, format!("{word} ({duration}ms)"));
    for line in health::channels(&answer) {
        ui.line(line);
    }
    Ok(0)
}

async fn ask(
    context: &Context,
    ui: &mut Ui,
    query: &QueryArgs,
    method: &str,
    params: Value,
) -> Result<Value, Failure> {
    let door = if method == "health" { Door::Reading } else { Door::Calling };
    let mut gateway = reach::open(context, ui, &query.reach, door, TIMEOUT_MS).await?;
    let answer = if query.expect_final {
        gateway.call_to_the_end(method, params).await
    } else {
        gateway.call(method, params).await
    };
    gateway.close().await;
    Ok(answer?)
}

fn parameters(text: Option<&str>) -> Result<Value, Failure> {
    let Some(text) = text else { return Ok(json!({})) };
    serde_json::from_str(text)
        .map_err(|why| Failure::new(format!("error: option '--params <json>' is not valid JSON: {why}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parameters;

    #[test]
    fn params_are_json_or_a_mistake() {
        assert_eq!(parameters(None), Ok(json!({})));
        assert_eq!(parameters(Some(r#"{"a": [1]}"#)), Ok(json!({"a": [1]})));
        assert!(
            parameters(Some("{a:1}"))
                .unwrap_err()
                .message()
                .starts_with("error: option '--params <json>' is not valid JSON")
        );
    }
}
