//! What needs somebody's attention, the worst first, each with the command that ends it. This is the list that a person
//! reads; everything else that `status` prints is there to look things up. What a running gateway knows of itself is
//! worded in `openclaw_doctor::attention`; here is the rest.

use openclaw_config::gateway::Mode;
use openclaw_doctor::attention::{self, Configuration};
pub(crate) use openclaw_doctor::attention::{Item, Topic, Weight};
use openclaw_os::port_owner::Holder;
use openclaw_protocol::refusal::{PortHolder, Vantage, bind_without_auth, port_taken};
use openclaw_protocol::words::Words;
use serde_json::Value;

use super::{OwnerView, Survey};
use crate::version::VERSION;

/// Everything that needs attention.
pub(crate) fn of(survey: &Survey, vantage: &Vantage) -> Vec<Item> {
    let refuses = survey.would_refuse().map(|lines| would_refuse(survey, lines, vantage));
    let config = Configuration {
        valid: survey.config.valid,
        issues: &survey.config.issues,
        would_refuse: refuses,
        in_force: survey.owner.status("/configuration/inForce").and_then(Value::as_bool),
    };
    let mut items = attention::configuration(config, vantage);
    running(survey, vantage, &mut items);
    door(survey, &mut items);
    secrets(survey, &mut items);
    items.extend(attention::troubles(&survey.troubles));
    let answers = survey.owner.answers();
    let own = answers.and_then(|answers| answers.own_device.as_ref()).map(|device| &device.scopes);
    let status = answers.map(|answers| &answers.status);
    items.extend(attention::devices(status, survey.devices.pending, own, vantage));
    items.extend(survey.service.iter().flat_map(|report| attention::service(report, vantage)));
    items.sort_by_key(|item| item.weight);
    items
}

/// Why a start would fail, before anybody tries.
fn would_refuse(survey: &Survey, lines: &[String], vantage: &Vantage) -> Item {
    let first = lines.first().map(String::as_str).unwrap_or_default();
    let item = Item::new(Topic::Config, Weight::Bad, format!("A gateway would not start like this: {first}"));
    if first.starts_with("Refusing to bind") {
        let help = bind_without_auth(survey.setup.bind.as_str(), "nothing is asked of them", vantage);
        let item = Item { text: format!("{first} {}", help.sentence), ..item }.cause(Some(&help.cause.id()));
        return Item { fix: help.fix, ..item };
    }
    let told = lines.iter().find_map(|line| line.strip_prefix("Fix: ")).map(str::to_owned);
    item.fix(told.unwrap_or_else(|| vantage.openclaw("doctor")))
}

fn running(survey: &Survey, vantage: &Vantage, items: &mut Vec<Item>) {
    if survey.setup.mode == Some(Mode::Remote) || !survey.is_own {
        return;
    }
    if let OwnerView::Failed { why, cause } = &survey.owner {
        let item = Item::new(Topic::Running, Weight::Bad, why.clone()).cause(cause.as_deref());
        // A process that is there and says nothing has to be replaced.
        items.push(if survey.is_running() { item.fix(vantage.openclaw("gateway restart")) } else { item });
    }
    if !survey.is_running() {
        if survey.probe.as_ref().is_some_and(|probe| probe.reached().is_some()) {
            return;
        }
        let foreign = survey.port.holders().first();
        match foreign {
            Some(holder) => {
                let url = format!("ws://127.0.0.1:{}", survey.setup.port);
                let help = port_taken(&url, Some(&described(survey, holder)), vantage);
                let item =
                    Item::new(Topic::Running, Weight::Bad, help.sentence).cause(Some(&help.cause.id()));
                items.push(Item { fix: help.fix, ..item });
            }
            None if survey.config.valid && survey.would_refuse().is_none() => {
                let item =
                    Item::new(Topic::Running, Weight::Bad, "The gateway is not running.").cause(Some("C-20"));
                items.push(item.fix(vantage.openclaw("gateway start")));
            }
            // Starting it would only repeat what was said about the file.
            None => {}
        }
        return;
    }
    let listens = survey.owner.gateway("port").and_then(Value::as_u64);
    if let Some(port) = listens.filter(|port| *port != u64::from(survey.setup.port)) {
        let text = format!(
            "The running gateway listens on port {port}, but port {} is configured ({}).",
            survey.setup.port, survey.setup.port_source
        );
        items.push(Item::new(Topic::Running, Weight::Warn, text).fix(vantage.openclaw("gateway restart")));
    }
    if let Some(version) = survey.owner.gateway_text("version").filter(|version| version != VERSION) {
        let text = format!("The running gateway is version {version}, this command is {VERSION}.");
        items.push(Item::new(Topic::Running, Weight::Warn, text).fix(vantage.openclaw("gateway restart")));
    }
}

/// Who holds the port, as the catalogue wants to know it. Our own gateway does not run when this is asked, so whoever it
/// is, it is not ours.
fn described(survey: &Survey, holder: &Holder) -> PortHolder {
    let named = || holder.name.as_deref().map(Words::new);
    // What answered with a refusal of ours is a gateway, even when its process cannot be seen.
    let miss = survey.probe.as_ref().and_then(|probe| probe.missed());
    let answers = miss.is_some_and(|miss| miss.failure.text_field("code").is_some());
    let program = match (&holder.state_dir, &holder.user) {
        (Some(folder), _) => Some(Words::new(&format!("the gateway of {}", folder.display()))),
        (None, Some(user)) if holder.pid.is_none() && answers => {
            Some(Words::new(&format!("an OpenClaw gateway of the account {user}")))
        }
        (None, Some(user)) if holder.pid.is_none() => {
            Some(Words::new(&format!("a program of the account {user}")))
        }
        _ => named(),
    };
    PortHolder { program, ..openclaw_service::described(holder) }
}

/// What a client meets.
fn door(survey: &Survey, items: &mut Vec<Item>) {
    let Some(probe) = &survey.probe else { return };
    // Of a gateway that does not run, or hangs, everything has been said.
    let silent = matches!(survey.owner, OwnerView::Failed { .. }) && survey.is_running();
    let told = survey.is_own
        && (!survey.is_running() || silent)
        && items.iter().any(|item| item.weight == Weight::Bad);
    if let Some(miss) = probe.missed().filter(|_| !told) {
        let refused = miss.failure.text_field("code").is_some();
        let start = if refused { "A client of this machine is not let in: " } else { "" };
        let why = survey.tokens_differ().map_or(miss.failure.message(), |help| help.sentence.as_str());
        let text = format!("{start}{why}");
        let item = Item::new(Topic::Door, Weight::Bad, text).cause(miss.failure.text_field("cause"));
        items.push(Item { fix: survey.probe_fix(), ..item });
    }
}

fn secrets(survey: &Survey, items: &mut Vec<Item>) {
    for line in survey.secrets.iter().filter(|line| line.is_trouble()) {
        let item = Item::new(
            Topic::Secrets,
            Weight::Warn,
            format!("A {} source is stale: {}.", line.kind, line.line()),
        );
        let cause = line.help.as_ref().map(|help| help.cause.id());
        let fix = line.help.as_ref().and_then(|help| help.fix.clone());
        if fix.is_some() && items.iter().any(|item| item.fix == fix) {
            continue;
        }
        items.push(Item { cause, fix, ..item });
    }
}
