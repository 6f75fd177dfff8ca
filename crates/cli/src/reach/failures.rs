//! What a failed connection or call says: the sentence, the facts of A-04, the connection block of cli §5.1, the fix.

use std::path::PathBuf;

use openclaw_client::explain::close_text;
use openclaw_client::{Cause, ConnectError, Sent, UrlSource};
use openclaw_config::gateway::Bind;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::words::{Words, escape};
use serde_json::json;

use super::Inputs;
use crate::context::Context;
use crate::failure::Failure;
use crate::grammar::absent;

/// Longest text of a gateway that is printed.
const MAX_TEXT: usize = 600;

/// An error reply of a method.
pub(super) fn refused(shape: &ErrorShape) -> Failure {
    let mut failure = Failure::new(escape(&shape.message, MAX_TEXT)).field("code", shape.code.as_str());
    // The true reason behind wording that clients match. Codes are single words; this is for sentences.
    if let Some(reason) =
        shape.detail("reason").filter(|reason| reason.contains(' ') && *reason != shape.message)
    {
        failure = failure.detail(format!("  {}", escape(reason, MAX_TEXT)));
    }
    if let Some(help) = shape.details.as_ref().and_then(|details| details.get("help")) {
        let text = |name: &str| help.get(name).and_then(|value| value.as_str());
        if let Some(sentence) = text("sentence") {
            failure = failure.detail(format!("  {}", escape(sentence, MAX_TEXT)));
        }
        if let Some(cause) = text("cause") {
            failure = failure.field("cause", Words::new(cause).to_string());
        }
    }
    if let Some(pause) = shape.retry_after_ms {
        failure = failure.field("retryAfterMs", pause);
    }
    failure
}

/// A connection that did not come about.
pub(crate) fn explain(error: &ConnectError, context: &Context, inputs: &Inputs<'_>) -> Failure {
    let whereabouts = Whereabouts::new(error.target.clone(), error.source, context, inputs);
    let sentence = error.sentence();
    let (message, closed) = match &error.cause {
        Cause::Refused(_) => {
            (format!("gateway connect failed: {sentence}"), error.close().map(|close| close_text(&close)))
        }
        _ => (sentence, None),
    };
    let mut failure = Failure::new(message).kind("gateway_transport_error").details(closed);
    if let Some(explanation) = error.explanation() {
        failure = failure.detail(format!("  {explanation}"));
    }
    if error.refused().is_some() && error.sent != Sent::Nothing {
        failure = failure.detail(format!("  Sent: {}", error.sent));
    }
    failure = failure.details(whereabouts.lines()).field("cause", error.cause_id());
    failure = whereabouts.fields(failure);
    if let Some(refused) = error.refused() {
        failure = failure.field("code", refused.code().map(Words::new).map(|code| code.to_string()));
        if let Some(id) = refused.request_id() {
            failure = failure.field("requestId", id);
        }
    }
    let Some(fix) = error.fix() else { return failure };
    // What the gateway refused is mended where the gateway is, except for what this side sends.
    let elsewhere = error.refused().is_some()
        && !error.source.is_this_machine()
        && fix.starts_with("openclaw ")
        && !fix.contains("gateway.remote.");
    let failure = failure.fix(here(&fix, error.source, context));
    if elsewhere { failure.on_gateway_host() } else { failure }
}

/// The command as it works from here: with the profile of this run when it is about the gateway of this machine, and
/// with a command that this version has.
fn here(fix: &str, source: UrlSource, context: &Context) -> String {
    let Some(words) = fix.strip_prefix("openclaw ").filter(|words| !words.starts_with("--")) else {
        return fix.to_owned();
    };
    let words = absent::stand_in(words);
    if source.is_this_machine() {
        format!("{} {words}", context.paths.command())
    } else {
        format!("openclaw {words}")
    }
}

/// Which gateway was meant: the four lines that most failures end with (cli §5.1). Made before connecting, so it holds
/// facts only; finding out whether this is a container waits until something failed.
pub(crate) struct Whereabouts {
    target: String,
    source: UrlSource,
    config: PathBuf,
    bind: Option<Bind>,
}

impl Whereabouts {
    /// The whereabouts of a target.
    pub(super) fn new(
        target: String,
        source: UrlSource,
        context: &Context,
        inputs: &Inputs<'_>,
    ) -> Whereabouts {
        Whereabouts { target, source, config: context.paths.config_path.clone(), bind: inputs.config.bind }
    }

    /// `gateway.bind` as it is in force. Unset, it depends on where the gateway runs (cli §6.1).
    fn bind(&self) -> &'static str {
        let default = || if openclaw_os::container::detect().is_some() { Bind::Auto } else { Bind::Loopback };
        self.bind.unwrap_or_else(default).as_str()
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        vec![
            format!("Gateway target: {}", self.target),
            format!("Source: {}", self.source),
            format!("Config: {}", self.config.display()),
            format!("Bind: {}", self.bind()),
        ]
    }

    /// For programs.
    pub(super) fn fields(&self, failure: Failure) -> Failure {
        failure.field("target", self.target.clone()).field("source", self.source.as_str()).field(
            "gateway",
            json!({
                "url": self.target,
                "urlSource": self.source.as_str(),
                "bindDetail": format!("Bind: {}", self.bind()),
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use openclaw_client::{Cause, ConnectError, Refused, Sent, UrlSource};
    use openclaw_protocol::close::Close;
    use openclaw_protocol::error::{ErrorCode, ErrorShape};
    use serde_json::json;

    use super::{Bind, Inputs, explain, refused};
    use crate::args::reach::ReachArgs;
    use crate::context::Context;
    use crate::failure::Failure;
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    fn text(failure: &Failure) -> String {
        let (mut ui, _, err) = capture(Terminal::plain(), "");
        failure.print(&mut ui, false);
        err.text()
    }

    /// Whatever machine the tests run on, the gateway is on loopback.
    fn explained(cause: Cause, source: UrlSource) -> Failure {
        let (context, args) = (Context::testing(), ReachArgs::default());
        let mut inputs = Inputs::gather(&context, &args).unwrap();
        inputs.config.bind = Some(Bind::Loopback);
        let error = ConnectError {
            target: "ws://127.0.0.1:18789".to_owned(),
            source,
            patience: Duration::from_secs(10),
            sent: Sent::Device,
            cause,
        };
        explain(&error, &context, &inputs)
    }

    #[test]
    fn pairing_required() {
        let details = json!({"code": "PAIRING_REQUIRED", "requestId": "7f3a9c1e-0001",
            "help": {"cause": "C-01", "sentence": "This device is not approved yet.", "fix": "openclaw devices approve 7f3a9c1e-0001"}});
        let shape = ErrorShape::new(ErrorCode::NotPaired, "pairing required: device is not approved yet")
            .with_details(details);
        let close =
            Close::new(1008, "pairing required: device is not approved yet (requestId: 7f3a9c1e-0001)");
        let refused =
            || Cause::Refused(Box::new(Refused { error: shape.clone(), close: Some(close.clone()) }));
        let remote = text(&explained(refused(), UrlSource::CliUrl));
        assert!(
            remote.ends_with(
                "Fix: openclaw devices approve 7f3a9c1e-0001   (run on the gateway host)
"
            ),
            "{remote}"
        );
        let failure = explained(refused(), UrlSource::LocalLoopback);
        crate::snapshot::check("connect-pairing-required.txt", &text(&failure));
        let document = failure.to_json();
        for (field, value) in [
            ("cause", "C-01"),
            ("requestId", "7f3a9c1e-0001"),
            ("target", "ws://127.0.0.1:18789"),
            ("source", "local loopback"),
            ("fix", "openclaw devices approve 7f3a9c1e-0001"),
            ("code", "PAIRING_REQUIRED"),
        ] {
            assert_eq!(document[field], value, "{field}");
        }
    }

    #[test]
    fn nothing_listens() {
        let failure = explained(Cause::NothingListening { addresses: Vec::new() }, UrlSource::LocalLoopback);
        let text = text(&failure);
        assert!(text.starts_with("Gateway not reachable at ws://127.0.0.1:18789 (ECONNREFUSED)"), "{text}");
        assert!(text.contains("\nGateway target: ws://127.0.0.1:18789\nSource: local loopback\nConfig: /h/.openclaw/openclaw.json\nBind: loopback\n"), "{text}");
        assert_eq!(failure.to_json()["error"]["type"], "gateway_transport_error");
    }

    #[test]
    fn error_replies_keep_their_words() {
        let shape = ErrorShape::invalid_request("unknown requestId");
        assert_eq!(text(&refused(&shape)), "unknown requestId\n");
        let tricky = ErrorShape::invalid_request("x\u{1b}[2J");
        assert_eq!(text(&refused(&tricky)), "x\\u{1b}[2J\n");
    }
}
