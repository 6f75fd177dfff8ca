//! What needs somebody's attention, the worst first, each with the command that ends it. This is the list that a person
//! reads; everything else that `status` prints is there to look things up.

use openclaw_config::Severity;
use openclaw_config::gateway::Mode;
use openclaw_os::port_owner::Holder;
use openclaw_protocol::refusal::{PortHolder, Vantage, bind_without_auth, port_taken};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::words::{Words, escape};
use openclaw_service::audit::Level;
use serde_json::{Value, json};

use super::{OwnerView, Survey};
use crate::version::VERSION;

/// Of a list that others can make long, so many items are told.
const MAX_TOLD: usize = 5;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Something does not work.
    Bad,
    /// Something will not work, or works differently than it looks.
    Warn,
    /// A decision waits.
    Note,
}

impl Weight {
    fn as_str(self) -> &'static str {
        match self {
            Weight::Bad => "error",
            Weight::Warn => "warning",
            Weight::Note => "info",
        }
    }
}

/// What something is about, for those who have said it in another way already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// The configuration file.
    Config,
    /// Whether the gateway runs.
    Running,
    /// What clients meet.
    Door,
    /// Secret sources.
    Secrets,
    /// Disk, log and store.
    Trouble,
    /// Devices and requests.
    Devices,
    /// The supervisor's definitions.
    Service,
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is about.
    pub(crate) topic: Topic,
    /// How bad it is.
    pub(crate) weight: Weight,
    /// The cause of the troubleshooting list, `C-08`.
    pub(crate) cause: Option<String>,
    /// What it is, in a sentence.
    pub(crate) text: String,
    /// The command that ends it.
    pub(crate) fix: Option<String>,
}

impl Item {
    fn new(topic: Topic, weight: Weight, text: impl Into<String>) -> Item {
        Item { topic, weight, cause: None, text: text.into(), fix: None }
    }

    fn cause(mut self, cause: Option<&str>) -> Item {
        self.cause = cause.map(str::to_owned);
        self
    }

    fn fix(mut self, fix: impl Into<String>) -> Item {
        self.fix = Some(fix.into());
        self
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({ "level": self.weight.as_str(), "cause": self.cause, "message": self.text, "fix": self.fix })
    }
}

/// Everything that needs attention.
pub(crate) fn of(survey: &Survey, vantage: &Vantage) -> Vec<Item> {
    let mut items = Vec::new();
    configuration(survey, vantage, &mut items);
    running(survey, vantage, &mut items);
    door(survey, &mut items);
    secrets(survey, &mut items);
    for trouble in &survey.troubles {
        items.push(Item::new(Topic::Trouble, Weight::Bad, trouble.text.clone()));
    }
    devices(survey, vantage, &mut items);
    service(survey, vantage, &mut items);
    items.sort_by_key(|item| item.weight);
    items
}

fn configuration(survey: &Survey, vantage: &Vantage, items: &mut Vec<Item>) {
    let config = &survey.config;
    if !config.valid {
        let count = config.blocking().count();
        let first = config.blocking().next().map(|issue| format!(": {issue}")).unwrap_or_default();
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        let text = format!("The configuration is invalid{first}{more}.");
        items.push(Item::new(Topic::Config, Weight::Bad, text).fix(vantage.openclaw("doctor --fix")));
    } else if let Some(lines) = survey.would_refuse() {
        items.push(would_refuse(survey, lines, vantage));
    }
    for issue in config.parts_off().filter(|_| config.valid).take(MAX_TOLD) {
        let text = format!("A part of the configuration is off: {issue}.");
        items.push(Item::new(Topic::Config, Weight::Warn, text).fix(vantage.openclaw("config validate")));
    }
    let warnings = config.issues.iter().filter(|issue| issue.severity == Severity::Warning);
    if let (true, Some(first)) = (config.valid, warnings.clone().next()) {
        let count = warnings.count();
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        let text = format!("The configuration has a warning: {first}{more}.");
        items.push(Item::new(Topic::Config, Weight::Note, text).fix(vantage.openclaw("config validate")));
    }
    if survey.owner.status("/configuration/inForce") == Some(&Value::Bool(false)) && config.valid {
        let text = "The configuration on the disk is not the one in force.";
        items.push(Item::new(Topic::Config, Weight::Warn, text).fix(vantage.openclaw("gateway restart")));
    }
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

fn devices(survey: &Survey, vantage: &Vantage, items: &mut Vec<Item>) {
    if survey.devices.pending > 0 {
        let text = match survey.devices.pending {
            1 => "1 device waits for approval.".to_owned(),
            count => format!("{count} devices wait for approval."),
        };
        items.push(Item::new(Topic::Devices, Weight::Note, text).fix(vantage.openclaw("devices list")));
    }
    if let Some(count) = survey.owner.refused_recently().filter(|count| *count > 0) {
        let connections = if count == 1 { "connection was" } else { "connections were" };
        let text = format!("{count} {connections} refused in the last 10 minutes.");
        items.push(Item::new(Topic::Devices, Weight::Note, text).fix(vantage.openclaw("why last")));
    }
    if let Some(device) = survey.owner.answers().and_then(|answers| answers.own_device.as_ref())
        && !device.scopes.is_empty()
        && !device.scopes.satisfies(Scope::ADMIN)
    {
        let text =
            format!("This machine's own command line is approved for {} only.", device.scopes.in_words());
        items.push(Item::new(Topic::Devices, Weight::Warn, text).fix(vantage.openclaw("doctor --fix")));
    }
    let list =
        |pointer: &str| survey.owner.status(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| {
        Words::new(value.get(name).and_then(Value::as_str).unwrap_or("?")).to_string()
    };
    for widened in list("/devices/handEdited").iter().take(MAX_TOLD) {
        let scopes: Vec<String> = widened
            .get("scopes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|scope| Words::new(scope).to_string())
            .collect();
        let sentence =
            format!("{} was given {} by hand in paired.json.", text(widened, "name"), scopes.join(", "));
        let id = text(widened, "deviceId");
        let id = crate::hint::word(&id, "<deviceId>");
        items.push(
            Item::new(Topic::Devices, Weight::Note, sentence)
                .fix(vantage.openclaw(&format!("devices undo {id}"))),
        );
    }
    for aside in list("/devices/setAside").iter().take(MAX_TOLD) {
        let why = escape(aside.get("why").and_then(Value::as_str).unwrap_or("unknown"), 200);
        let kept = aside
            .get("keptIn")
            .and_then(Value::as_str)
            .map(|path| format!(" It is kept in {}.", escape(path, 300)))
            .unwrap_or_default();
        let sentence =
            format!("A record of paired.json was set aside ({}): {why}.{kept}", text(aside, "record"));
        items.push(Item::new(Topic::Devices, Weight::Warn, sentence).fix(vantage.openclaw("doctor --fix")));
    }
}

fn service(survey: &Survey, vantage: &Vantage, items: &mut Vec<Item>) {
    let Some(report) = &survey.service else { return };
    if report.installed {
        let issues = report.issues.iter().filter(|issue| issue.level == Level::Recommended);
        for issue in issues.take(MAX_TOLD) {
            let text = format!("The service definition: {}", issue.message);
            items.push(Item::new(Topic::Service, Weight::Warn, text).fix(vantage.openclaw("doctor --fix")));
        }
    }
    for extra in report.extra.iter().filter(|extra| extra.legacy).take(MAX_TOLD) {
        let item = Item::new(
            Topic::Service,
            Weight::Warn,
            format!("An older product's service is still there: {}.", extra.line()),
        );
        items.push(match extra.cleanup(openclaw_os::peer::own_uid()).into_iter().next() {
            Some(command) => item.fix(command),
            None => item,
        });
    }
}
