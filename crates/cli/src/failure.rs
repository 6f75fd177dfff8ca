//! What a command that did not succeed says, and its exit code: the one place where failures become output.

use openclaw_protocol::refusal::{Help, Place, Vantage};
use serde_json::{Map, Value, json};

use crate::grammar::absent;
use crate::ui::{Style, Ui};

/// Exit code of almost every failure (cli §1.3).
pub(crate) const EXIT_FAILED: u8 = 1;

/// Result of a command: the exit code, which is 0 for success and for answers that are not failures.
pub(crate) type Outcome = Result<u8, Failure>;

/// A failure on its way to the user: what happened, the facts around it, and the way out.
///
/// One pointer wide: it travels through every `Result` of the program.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    kind: &'static str,
    message: String,
    details: Vec<String>,
    fix: Option<String>,
    elsewhere: bool,
    fields: Map<String, Value>,
    exit: u8,
    shown: bool,
}

impl Failure {
    /// A failure with the sentence that says what happened.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure(Box::new(Parts {
            kind: "cli_error",
            message: message.into(),
            details: Vec::new(),
            fix: None,
            elsewhere: false,
            fields: Map::new(),
            exit: EXIT_FAILED,
            shown: false,
        }))
    }

    /// The command has said everything itself; only the exit code is left.
    pub(crate) fn shown(exit: u8) -> Failure {
        let mut failure = Failure::new("");
        failure.0.exit = exit;
        failure.0.shown = true;
        failure
    }

    /// Cause, explanation and command of the catalogue, below what was said in other words. The one place where help
    /// becomes output, so that every command shows the same.
    pub(crate) fn help(self, help: &Help, vantage: &Vantage) -> Failure {
        let sentence = (!help.sentence.is_empty()).then(|| format!("  {}", help.sentence));
        self.details(sentence).remedy(help, vantage)
    }

    /// Cause and command alone.
    pub(crate) fn remedy(self, help: &Help, vantage: &Vantage) -> Failure {
        let mut failure = self.field("cause", help.cause.id());
        failure.0.fix = help.fix.as_deref().map(existing);
        failure.0.elsewhere = help.place == Place::GatewayHost && vantage.is_elsewhere();
        failure
    }

    /// Another `error.type` for `--json` (cli §1.2).
    pub(crate) fn kind(mut self, kind: &'static str) -> Failure {
        self.0.kind = kind;
        self
    }

    /// One more line below the sentence.
    pub(crate) fn detail(mut self, line: impl Into<String>) -> Failure {
        self.0.details.push(line.into());
        self
    }

    /// Several more lines below the sentence.
    pub(crate) fn details(mut self, lines: impl IntoIterator<Item = String>) -> Failure {
        self.0.details.extend(lines);
        self
    }

    /// The command that mends it.
    pub(crate) fn fix(mut self, command: impl Into<String>) -> Failure {
        self.0.fix = Some(command.into());
        self
    }

    /// The command is to be run on the gateway's host, not here.
    pub(crate) fn on_gateway_host(mut self) -> Failure {
        self.0.elsewhere = true;
        self
    }

    /// A fact for `--json`, beside `ok` and `error`.
    pub(crate) fn field(mut self, name: &str, value: impl Into<Value>) -> Failure {
        self.0.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Words put before the sentence, as `Gateway call failed: `.
    pub(crate) fn prefixed(mut self, prefix: &str) -> Failure {
        self.0.message.insert_str(0, prefix);
        self
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The lines below the sentence.
    pub(crate) fn detail_lines(&self) -> &[String] {
        &self.0.details
    }

    /// A fact for `--json`, when it is a text.
    pub(crate) fn text_field(&self, name: &str) -> Option<&str> {
        self.0.fields.get(name).and_then(Value::as_str)
    }

    /// The command that mends it, if there is one.
    pub(crate) fn fix_command(&self) -> Option<&str> {
        self.0.fix.as_deref()
    }

    /// Prints it: one JSON document on standard output with `--json`, else text on standard error.
    pub(crate) fn print(&self, ui: &mut Ui, json: bool) {
        if self.0.shown {
            return;
        }
        if json {
            ui.json(&self.to_json());
            return;
        }
        ui.note_styled(Style::Bad, &self.0.message);
        for line in &self.0.details {
            ui.note(line);
        }
        if let Some(line) = self.fix_line() {
            ui.note_styled(Style::Command, line);
        }
    }

    /// The line with the command, for reports that are more than a failure.
    pub(crate) fn fix_line(&self) -> Option<String> {
        let place = if self.0.elsewhere { "   # run on the gateway host" } else { "" };
        self.0.fix.as_ref().map(|fix| format!("Fix: {fix}{place}"))
    }

    /// The envelope of cli §1.2 with the facts of A-08 beside it, `null` where there is none.
    pub(crate) fn to_json(&self) -> Value {
        let mut document = Map::new();
        document.insert("ok".to_owned(), Value::Bool(false));
        document.insert("error".to_owned(), json!({ "type": self.0.kind, "message": self.0.message }));
        document.insert("message".to_owned(), Value::String(self.0.message.clone()));
        document.insert("fix".to_owned(), json!(self.0.fix));
        for fact in ["cause", "requestId", "target", "source"] {
            document.insert(fact.to_owned(), Value::Null);
        }
        for (name, value) in &self.0.fields {
            document.insert(name.clone(), value.clone());
        }
        Value::Object(document)
    }

    /// The exit code of the program.
    pub(crate) fn exit_code(&self) -> u8 {
        self.0.exit
    }
}

/// The same command, or what serves instead where this version does not have it.
fn existing(command: &str) -> String {
    let start =
        if command.starts_with("openclaw ") { Some(0) } else { command.find(" openclaw ").map(|at| at + 1) };
    let Some(start) = start else { return command.to_owned() };
    let (front, rest) = command.split_at(start + "openclaw ".len());
    let profile = match rest.strip_prefix("--profile ").and_then(|rest| rest.split_once(' ')) {
        Some((name, _)) => "--profile ".len() + name.len() + 1,
        None => 0,
    };
    let (profile, words) = rest.split_at(profile);
    format!("{front}{profile}{}", absent::stand_in(words))
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::refusal::{Caller, Refusal, Vantage};
    use serde_json::json;

    use super::{Failure, existing};
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    #[test]
    fn text_is_sentence_facts_fix() {
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        let failure = Failure::new("It broke.").detail("  Where  here").fix("openclaw health");
        failure.print(&mut ui, false);
        assert_eq!(out.text(), "");
        assert_eq!(err.text(), "It broke.\n  Where  here\nFix: openclaw health\n");
        assert_eq!(failure.exit_code(), 1);
    }

    #[test]
    fn json_is_one_document_on_standard_output() {
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        Failure::new("It broke.")
            .kind("gateway_transport_error")
            .fix("x")
            .field("cause", "C-20")
            .print(&mut ui, true);
        assert_eq!(err.text(), "");
        let document: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!(
            document,
            json!({"ok": false, "error": {"type": "gateway_transport_error", "message": "It broke."},
                   "message": "It broke.", "fix": "x", "cause": "C-20", "requestId": null, "target": null,
                   "source": null})
        );
    }

    #[test]
    fn help_becomes_output_in_one_way() {
        let text = |vantage: &Vantage| {
            let (mut ui, _, err) = capture(Terminal::plain(), "");
            let help = Refusal::Origin { missing: true, origin: None }.help_for(vantage);
            Failure::new("gateway connect failed: no").help(&help, vantage).print(&mut ui, false);
            err.text()
        };
        let own = Vantage { profile: Some("work".to_owned()), ..Vantage::default() };
        let said = text(&own);
        assert!(said.contains("\n  The browser did not say"), "{said}");
        assert!(
            said.lines().last().is_some_and(|fix| fix.starts_with("Fix: openclaw --profile work ")),
            "{said}"
        );
        let elsewhere = text(&Vantage { gateway: Some(Caller::default()), ..own });
        let fix = elsewhere.lines().last().unwrap_or_default();
        assert!(fix.starts_with("Fix: openclaw ") && fix.ends_with("   # run on the gateway host"), "{fix}");
        assert!(!fix.contains("work"), "{fix}");
    }

    #[test]
    fn only_commands_that_exist() {
        for (command, expected) in [
            ("openclaw update", "openclaw --version"),
            ("openclaw --profile work update", "openclaw --profile work --version"),
            (
                "docker compose exec openclaw-gateway openclaw update",
                "docker compose exec openclaw-gateway openclaw --version",
            ),
            ("openclaw devices list", "openclaw devices list"),
            ("unset OPENCLAW_GATEWAY_TOKEN", "unset OPENCLAW_GATEWAY_TOKEN"),
        ] {
            assert_eq!(existing(command), expected);
        }
    }

    #[test]
    fn what_was_shown_is_not_said_twice() {
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        Failure::shown(3).print(&mut ui, true);
        assert_eq!((out.text().as_str(), err.text().as_str()), ("", ""));
        assert_eq!(Failure::shown(3).exit_code(), 3);
    }
}
