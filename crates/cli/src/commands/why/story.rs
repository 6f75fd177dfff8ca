//! A refusal as a gateway tells it, read with care: the gateway is a stranger too. Commands are made here, from the
//! refusal itself and for where the reader is; sentences are escaped.

use openclaw_protocol::refusal::{Cause, Help, Place, Refusal, Vantage};
use openclaw_protocol::words::escape;
use serde::Deserialize;
use serde_json::Value;

use super::device::Device;
use super::trace::{self, Check};
use crate::failure::Failure;
use crate::ui::{Style, Ui, time};

/// Longest sentence printed.
const MAX_SENTENCE: usize = 1_000;
/// Longest other text printed.
const MAX_TEXT: usize = 200;

/// What is told of a refusal.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    ts: u64,
    #[serde(default)]
    first_ts: u64,
    #[serde(default)]
    count: u32,
    #[serde(default)]
    peer: String,
    address_class: Option<String>,
    #[serde(default)]
    path: String,
    origin: Option<String>,
    host: Option<String>,
    device_id: Option<String>,
    #[serde(default)]
    client: String,
    #[serde(default)]
    message: String,
    close_code: Option<u16>,
    close_reason: Option<String>,
    standing: Option<String>,
    #[serde(default)]
    trace: Vec<Check>,
}

/// What is to be done about a refusal: cause, sentence and command, made for the reader.
#[derive(Debug)]
pub(crate) struct Remedy {
    help: Option<Help>,
    cause: String,
    sentence: String,
    elsewhere: bool,
    /// The refused client is on the gateway's own machine.
    on_host: bool,
}

impl Remedy {
    /// From an answer with `refusal`, `ahead`, and the gateway's own `cause` and `sentence`.
    pub(crate) fn read(answer: &Value, vantage: &Vantage) -> Remedy {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let ahead: Vec<Cause> =
            answer.get("ahead").and_then(|ahead| Vec::deserialize(ahead).ok()).unwrap_or_default();
        // A cause of a later version has no words here: then the gateway's sentence serves, without a command.
        let refusal = answer.get("refusal").and_then(|refusal| Refusal::deserialize(refusal).ok());
        let help = refusal.map(|refusal| refusal.help_for(vantage).ahead(&ahead));
        let (cause, sentence) = match &help {
            Some(help) => (help.cause.id(), help.sentence.clone()),
            None => (text("cause").to_owned(), text("sentence").to_owned()),
        };
        let class = answer.get("addressClass").and_then(Value::as_str);
        Remedy {
            help,
            cause: escape(&cause, 16),
            sentence: escape(&sentence, MAX_SENTENCE),
            elsewhere: vantage.is_elsewhere(),
            on_host: class.is_none_or(|class| class == "loopback"),
        }
    }

    /// The id of the cause.
    pub(crate) fn cause(&self) -> &str {
        &self.cause
    }

    /// What happened, and what to do.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The command.
    pub(crate) fn fix(&self) -> Option<&str> {
        self.help.as_ref()?.fix.as_deref()
    }

    /// Prints the command, with where it is to be run when that is not here.
    pub(crate) fn tell_fix(&self, ui: &mut Ui) {
        let Some(help) = &self.help else { return };
        let Some(fix) = &help.fix else { return };
        let place = match help.place {
            Place::GatewayHost if self.elsewhere => "   # run on the gateway host",
            Place::Here if !self.on_host => "   # run where the client runs",
            Place::GatewayHost | Place::Here => "",
        };
        ui.styled(Style::Command, format!("Fix: {fix}{place}"));
    }
}

/// A refusal with the help for the reader.
#[derive(Debug)]
pub(crate) struct Story {
    told: Told,
    remedy: Remedy,
}

impl Story {
    /// Reads an entry for a reader at that vantage point.
    pub(crate) fn read(entry: &Value, vantage: &Vantage) -> Result<Story, Failure> {
        let told = Told::deserialize(entry).map_err(|why| {
            Failure::new(format!("The gateway answered gateway.why in a form that is not understood: {why}."))
        })?;
        Ok(Story { told, remedy: Remedy::read(entry, vantage) })
    }

    /// Whether there is something left to do.
    fn is_open(&self) -> bool {
        self.told.standing.as_deref().is_none_or(|standing| ["open", "perhaps"].contains(&standing))
    }

    /// The command that ends it, when there is one and it is still needed.
    pub(crate) fn fix(&self) -> Option<&str> {
        if self.is_open() { self.remedy.fix() } else { None }
    }

    /// Prints the story. `device`: as it stands now.
    pub(crate) fn tell(&self, ui: &mut Ui, now: u64, device: Option<&Device>) {
        let told = &self.told;
        let text = |text: &str| escape(text, MAX_TEXT);
        ui.styled(Style::Heading, format!("Refused {}: {}", self.when(now), text(&told.client)));
        if let Some(id) = &told.device_id {
            let name = device.map(|device| format!(" ({})", device.in_words())).unwrap_or_default();
            ui.line(format!("  Device  {}{name}", text(id)));
        }
        ui.line(format!("  From    {}", self.whence()));
        let close = told.close_code.map(|code| format!("close {code}, ")).unwrap_or_default();
        let message = told.close_reason.as_ref().filter(|reason| reason.contains("requestId"));
        let message = text(message.unwrap_or(&told.message));
        ui.line(format!("  Told    {message} ({close}cause {})", self.remedy.cause()));
        if !told.trace.is_empty() {
            ui.line("");
            ui.line("Checked in this order:");
            trace::print(&told.trace, ui);
        }
        ui.line("");
        ui.line(self.remedy.sentence());
        if let Some(since) = self.since(device, now) {
            ui.styled(if self.is_open() { Style::Warn } else { Style::Good }, format!("Since then: {since}"));
        }
        if self.is_open() {
            self.remedy.tell_fix(ui);
        }
    }

    fn when(&self, now: u64) -> String {
        let told = &self.told;
        match told.count {
            0 | 1 => time::age(told.ts, now),
            count => {
                let over = time::span(told.ts.saturating_sub(told.first_ts).max(1));
                format!("{count} times in {over}, the last time {}", time::age(told.ts, now))
            }
        }
    }

    fn whence(&self) -> String {
        let told = &self.told;
        let class = told.address_class.as_deref().map(class_in_words);
        let class = class.map(|class| format!(" ({class})")).unwrap_or_default();
        let part = |before: &str, words: &Option<String>| {
            words
                .as_deref()
                .map(|words| format!(", {before} {}", escape(words, MAX_TEXT)))
                .unwrap_or_default()
        };
        format!(
            "{}{class}, {}{}{}",
            escape(&told.peer, MAX_TEXT),
            escape(&told.path, MAX_TEXT),
            part("for the host", &told.host),
            part("from the page", &told.origin),
        )
    }

    fn since(&self, device: Option<&Device>, now: u64) -> Option<String> {
        let standing = self.told.standing.as_deref()?;
        let facts = device.and_then(|device| device.since(now));
        Some(match (standing, facts) {
            ("mended", Some(facts)) => format!("{facts}. Nothing is left to do."),
            ("mended", None) => "it was let in. Nothing is left to do.".to_owned(),
            // Behind one address there may be a household, and on loopback everything of this machine.
            ("perhaps", _) => {
                "somebody from the same address was let in. If that was this client, nothing is left to do."
                    .to_owned()
            }
            ("rejected", _) => "the owner rejected the request. The device may ask again.".to_owned(),
            ("expired", _) => {
                "its request is no longer on the list. Let the device try again: that files it anew."
                    .to_owned()
            }
            ("open", _) if device.is_some_and(Device::waits) => "its request is still waiting.".to_owned(),
            ("open", _) => return None,
            (other, _) => escape(other, MAX_TEXT),
        })
    }
}

/// `container-bridge` and the like as people read it.
fn class_in_words(class: &str) -> String {
    match class {
        "private" => "private network".to_owned(),
        "shared-or-tailnet" => "tailnet or carrier network".to_owned(),
        "link-local" => "link-local".to_owned(),
        other => escape(&other.replace('-', " "), 32),
    }
}
