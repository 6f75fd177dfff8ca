//! `openclaw why`: one refusal told as a story. Who came, through what, what was checked in which order, where it
//! failed, what would have failed next, what has happened since, and the command that ends it.

mod device;
mod list;
mod story;
pub(crate) mod trace;

use serde_json::{Value, json};

use crate::args::why::WhyArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::hint::{Hints, word};
use crate::reach::{self, Door, Gateway};
use crate::ui::{Ui, time};

pub(crate) use story::{Remedy, Story};

/// Milliseconds to wait for an answer.
const TIMEOUT_MS: u64 = 10_000;
/// Entries of a list; the gateway keeps fewer.
const MOST: u64 = 1_000;

/// Asks the gateway, or its state directory, and tells.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &WhyArgs) -> Outcome {
    let id = args.id.as_deref().map_or("last", str::trim);
    let mut gateway = reach::open(context, ui, &args.reach, Door::Management, TIMEOUT_MS).await?;
    if args.all {
        let answer = gateway.call("gateway.journal", json!({ "limit": MOST })).await;
        gateway.close().await;
        return list::tell(&answer?, ui, args.json, time::now_ms());
    }
    let answer = ask(gateway.as_mut(), id).await;
    let vantage = gateway.vantage();
    gateway.close().await;
    let told = Answer { id, hints: &context.hints(&args.reach), vantage: &vantage, now: time::now_ms() };
    told.tell(answer?, ui, args.json)
}

async fn ask(gateway: &mut dyn Gateway, id: &str) -> Result<Value, Failure> {
    gateway.call("gateway.why", json!({ "id": id })).await.map_err(|error| {
        if error.is_unknown_method() {
            return Failure::new(
                "This gateway keeps no journal of refusals: it is older, or another product.",
            );
        }
        error.into()
    })
}

/// How an answer is told, and to whom.
struct Answer<'a> {
    id: &'a str,
    hints: &'a Hints,
    vantage: &'a openclaw_protocol::refusal::Vantage,
    now: u64,
}

impl Answer<'_> {
    fn tell(&self, mut answer: Value, ui: &mut Ui, json: bool) -> Outcome {
        let entry = answer.get("entry").filter(|entry| !entry.is_null());
        let device = answer.get("device").and_then(device::Device::read);
        let story = entry.map(|entry| Story::read(entry, self.vantage));
        let Some(story) = story.transpose()? else {
            return self.without_story(&answer, device.as_ref(), ui, json);
        };
        if json {
            // The command as it works from here, in the place of the gateway's.
            answer["entry"]["fix"] = json!(story.fix());
            answer["ok"] = json!(true);
            ui.json(&answer);
            return Ok(0);
        }
        story.tell(ui, self.now, device.as_ref());
        let others = answer.get("others").and_then(Value::as_u64).unwrap_or(0);
        if others > 0 && self.id != "last" {
            let more = if others == 1 {
                "1 earlier refusal".to_owned()
            } else {
                format!("{others} earlier refusals")
            };
            ui.note(format!("{more} of the same: {}", self.hints.command("why --all")));
        }
        Ok(0)
    }

    /// A device that was never refused, or nothing at all.
    fn without_story(
        &self,
        answer: &Value,
        device: Option<&device::Device>,
        ui: &mut Ui,
        json: bool,
    ) -> Outcome {
        if let Some(device) = device.filter(|device| device.is_known()) {
            if json {
                let mut answer = answer.clone();
                answer["ok"] = json!(true);
                ui.json(&answer);
            } else {
                device.tell(ui, self.now);
            }
            return Ok(0);
        }
        let number = |name: &str| answer.pointer(&format!("/looked/{name}")).and_then(Value::as_u64);
        let entries = number("entries").unwrap_or(0);
        if self.id == "last" && entries == 0 {
            if json {
                let mut answer = answer.clone();
                answer["ok"] = json!(true);
                ui.json(&answer);
            } else {
                ui.line("Nobody was refused, as far back as the journal goes.");
            }
            return Ok(0);
        }
        let refusals = match (entries, number("oldestMs")) {
            (0, _) | (_, None) => "the journal, which is empty".to_owned(),
            (1, Some(oldest)) => format!("the journal's 1 refusal ({})", time::age(oldest, self.now)),
            (count, Some(oldest)) => format!("{count} refusals (the oldest {})", time::age(oldest, self.now)),
        };
        let devices = match number("devices").unwrap_or(0) {
            1 => "1 paired device".to_owned(),
            count => format!("{count} paired devices"),
        };
        Err(Failure::new(format!("Nothing is known here about {}.", word(self.id, "that id")))
            .detail(format!(
                "  Looked through {refusals}, the waiting and former requests, and {devices}: ids of connections, requests and devices, whole or at least 4 characters of one."
            ))
            .fix(self.hints.command("why last")))
    }
}

#[cfg(test)]
mod tests;
