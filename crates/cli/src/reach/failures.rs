//! What a failed connection or call says: the sentence, the facts of A-04, the connection block of cli §5.1, the fix.

use std::path::PathBuf;

use openclaw_client::explain::close_text;
use openclaw_client::{Cause, ConnectError, RequestError, Sent, UrlSource};
use openclaw_config::gateway::Bind;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::RequestId;
use openclaw_protocol::refusal::{self, Cause as CauseId, Unreached, Vantage, Waiting};
use openclaw_protocol::words::{Words, escape};
use serde_json::json;

use super::Inputs;
use crate::context::Context;
use crate::failure::Failure;

/// Where the code 1008 and its kin are told of at length.
const DOCS: &str = "Docs: https://docs.openclaw.ai/troubleshooting";
/// Longest text of a gateway that is printed.
const MAX_TEXT: usize = 600;

/// A method's error reply, with what it takes to explain it to the user.
#[derive(Debug)]
pub(crate) struct Reply {
    shape: ErrorShape,
    vantage: Vantage,
    target: Option<(String, &'static str)>,
}

impl Reply {
    /// An error that a gateway answered to somebody at `vantage`.
    pub(super) fn new(shape: ErrorShape, vantage: Vantage) -> Reply {
        Reply { shape, vantage, target: None }
    }

    /// The gateway that answered.
    pub(super) fn answered_by(mut self, whereabouts: &Whereabouts) -> Reply {
        self.target = Some((whereabouts.target.clone(), whereabouts.source.as_str()));
        self
    }
}

impl std::ops::Deref for Reply {
    type Target = ErrorShape;

    fn deref(&self) -> &ErrorShape {
        &self.shape
    }
}

impl From<Reply> for Failure {
    fn from(reply: Reply) -> Failure {
        let Reply { shape, vantage, target } = reply;
        let mut failure = Failure::new(escape(&shape.message, MAX_TEXT)).field("code", shape.code.as_str());
        // The true reason behind wording that clients match. Codes are single words; this is for sentences.
        if let Some(reason) =
            shape.detail("reason").filter(|reason| reason.contains(' ') && *reason != shape.message)
        {
            failure = failure.detail(format!("  {}", escape(reason, MAX_TEXT)));
        }
        if let Some(help) = refusal::help_from_wire(Some(&shape), None, &vantage) {
            failure = failure.help(&help, &vantage);
        }
        if let Some(request) = shape.detail("requestId").and_then(RequestId::parse) {
            failure = failure.field("requestId", request.as_str());
        }
        if let Some((target, source)) = target {
            failure = failure.field("target", target).field("source", source);
        }
        if let Some(pause) = shape.retry_after_ms {
            failure = failure.field("retryAfterMs", pause);
        }
        failure
    }
}

/// A connection that ended before a method was answered.
pub(super) fn lost(error: &RequestError, whereabouts: &Whereabouts, vantage: &Vantage) -> Failure {
    let close = match error {
        RequestError::Closed(close) => Some(close),
        _ => None,
    };
    let help = refusal::help_from_wire(None, close, vantage).unwrap_or_else(|| {
        let why = match (close, error) {
            (Some(close), _) => Unreached::Cut { code: close.code },
            (None, RequestError::TimedOut(after)) => {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                Unreached::Timeout { after_ms, waiting: Waiting::Answer }
            }
            (None, _) => Unreached::Cut { code: 1006 },
        };
        refusal::unreachable(&whereabouts.target, whereabouts.source.as_str(), &why, vantage)
    });
    let failure = Failure::new(error.to_string()).kind("gateway_transport_error").help(&help, vantage);
    whereabouts.fields(failure.details(whereabouts.lines()))
}

/// A connection that did not come about.
pub(crate) fn explain(error: &ConnectError, context: &Context, inputs: &Inputs<'_>) -> Failure {
    let whereabouts = Whereabouts::new(error.target.clone(), error.source, context, inputs);
    // An address of this machine may have been typed by hand: with the gateway's own port it is that gateway.
    let is_own = inputs.is_own_address(&error.target);
    let vantage = if is_own { context.vantage().clone() } else { error.seen_from(context.vantage()) };
    let mut help = error.help_at(&vantage);
    // Which of this machine's tokens was sent is known here only. A sentence about something that is no token at all stays.
    if help.cause == CauseId::TokenDiffers
        && help.sentence.contains("is not the gateway's token")
        && let Sent::Shared { token: Some(source), .. } | Sent::SharedAndDevice { token: source } = error.sent
        && let Some(known) = inputs.about_refused_token(source, &vantage)
    {
        help = known;
    }
    let sentence = error.sentence();
    let (message, closed) = match &error.cause {
        Cause::Refused(_) => {
            (format!("gateway connect failed: {sentence}"), error.close().map(|close| close_text(&close)))
        }
        _ => (sentence, None),
    };
    let mut failure = Failure::new(message).kind("gateway_transport_error").details(closed);
    if !failure.message().contains(help.sentence.as_str()) {
        failure = failure.detail(format!("  {}", help.sentence));
    }
    let facts = error.facts().join(" ");
    if !facts.is_empty() {
        failure = failure.detail(format!("  {facts}"));
    }
    failure = failure.details(error.who().map(|who| format!("Device: {who}")));
    failure = failure.details(whereabouts.lines()).details(error.refused().map(|_| DOCS.to_owned()));
    failure = whereabouts.fields(failure.remedy(&help, &vantage));
    if let Some(refused) = error.refused() {
        failure = failure.field("code", refused.code().map(Words::new).map(|code| code.to_string()));
        failure = failure.field("device", error.who());
        if let Some(id) = refused.request_id() {
            failure = failure.field("requestId", id);
        }
    }
    failure
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

    use openclaw_client::{Applicant, Cause, ConnectError, Refused, Sent, UrlSource};
    use openclaw_protocol::close::Close;
    use openclaw_protocol::error::{ErrorCode, ErrorShape};
    use openclaw_protocol::scope::ScopeSet;
    use serde_json::json;

    use super::{Bind, Inputs, Reply, Vantage, explain};
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
            applicant: Applicant {
                client: "cli".to_owned(),
                platform: "linux".to_owned(),
                role: "operator".to_owned(),
                scopes: ScopeSet::full_operator(),
                device: None,
            },
            cause,
        };
        explain(&error, &context, &inputs)
    }

    #[test]
    fn pairing_required() {
        let details = json!({"code": "PAIRING_REQUIRED", "requestId": "7f3a9c1e-0001",
            "help": {"cause": "C-01", "sentence": "This device is not approved yet.", "fix": "openclaw devices approve 7f3a9c1e-0001", "seen": "172.18.0.1"}});
        let shape = ErrorShape::new(ErrorCode::NotPaired, "pairing required: device is not approved yet")
            .with_details(details);
        let close =
            Close::new(1008, "pairing required: device is not approved yet (requestId: 7f3a9c1e-0001)");
        let refused =
            || Cause::Refused(Box::new(Refused { error: shape.clone(), close: Some(close.clone()) }));
        let remote = text(&explained(refused(), UrlSource::CliUrl));
        assert!(
            remote.ends_with(
                "Fix: openclaw devices approve 7f3a9c1e-0001   # run on the gateway host
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
        assert_eq!(text(&Failure::from(Reply::new(shape, Vantage::default()))), "unknown requestId\n");
        let tricky = ErrorShape::invalid_request("x\u{1b}[2J");
        assert_eq!(text(&Failure::from(Reply::new(tricky, Vantage::default()))), "x\\u{1b}[2J\n");
    }
}
