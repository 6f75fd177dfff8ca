//! What needs somebody's attention, the worst first, each with the command that ends it: the list that a person reads in
//! `openclaw status` and on the overview page. Here is what a running gateway knows of itself; what only a command line on
//! its host can find out (whether it runs, how a client is let in, what a shell would send) is added there.

use openclaw_config::{Issue, Severity};
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::words::{Words, escape};
use openclaw_service::Report;
use openclaw_service::audit::Level;
use serde_json::{Value, json};

use crate::trouble::Trouble;

/// Of a list that others can make long, so many items are told.
pub const MAX_TOLD: usize = 5;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something does not work.
    Bad,
    /// Something will not work, or works differently than it looks.
    Warn,
    /// A decision waits.
    Note,
}

impl Weight {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bad => "error",
            Self::Warn => "warning",
            Self::Note => "info",
        }
    }
}

/// What something is about, for those who have said it in another way already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
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

impl Topic {
    /// In `--json` and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Running => "running",
            Self::Door => "door",
            Self::Secrets => "secrets",
            Self::Trouble => "trouble",
            Self::Devices => "devices",
            Self::Service => "service",
        }
    }
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is about.
    pub topic: Topic,
    /// How bad it is.
    pub weight: Weight,
    /// The cause of the troubleshooting list, `C-08`.
    pub cause: Option<String>,
    /// What it is, in a sentence.
    pub text: String,
    /// The command that ends it.
    pub fix: Option<String>,
}

impl Item {
    /// A thing without a way out.
    #[must_use]
    pub fn new(topic: Topic, weight: Weight, text: impl Into<String>) -> Self {
        Self { topic, weight, cause: None, text: text.into(), fix: None }
    }

    /// It is a cause that messages carry.
    #[must_use]
    pub fn cause(mut self, cause: Option<&str>) -> Self {
        self.cause = cause.map(str::to_owned);
        self
    }

    /// The command that ends it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "level": self.weight.as_str(), "cause": self.cause, "message": self.text, "fix": self.fix })
    }
}

/// The configuration file as it lies on the disk.
#[derive(Debug, Clone)]
pub struct Configuration<'a> {
    /// Whether a gateway would start with it.
    pub valid: bool,
    /// Everything found in it, the worst first.
    pub issues: &'a [Issue],
    /// Why a start would fail all the same, before anybody tries.
    pub would_refuse: Option<Item>,
    /// Whether it is the one in force; `None` when no gateway says so.
    pub in_force: Option<bool>,
}

/// What is to be said about the file.
#[must_use]
pub fn configuration(config: Configuration<'_>, vantage: &Vantage) -> Vec<Item> {
    let Configuration { valid, issues, would_refuse, in_force } = config;
    let mut items = Vec::new();
    let and_more =
        |count: usize| if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    if !valid {
        let mut blocking = issues.iter().filter(|issue| issue.severity != Severity::Warning);
        let first = blocking.next().map(|issue| format!(": {issue}")).unwrap_or_default();
        let text = format!("The configuration is invalid{first}{}.", and_more(blocking.count() + 1));
        items.push(Item::new(Topic::Config, Weight::Bad, text).fix(vantage.openclaw("doctor --fix")));
    } else if let Some(item) = would_refuse {
        items.push(item);
    }
    let parts_off = issues.iter().filter(|issue| issue.severity == Severity::PartOff);
    for issue in parts_off.filter(|_| valid).take(MAX_TOLD) {
        let text = format!("A part of the configuration is off: {issue}.");
        items.push(Item::new(Topic::Config, Weight::Warn, text).fix(vantage.openclaw("config validate")));
    }
    let mut warnings = issues.iter().filter(|issue| issue.severity == Severity::Warning);
    if let (true, Some(first)) = (valid, warnings.next()) {
        let text = format!("The configuration has a warning: {first}{}.", and_more(warnings.count() + 1));
        items.push(Item::new(Topic::Config, Weight::Note, text).fix(vantage.openclaw("config validate")));
    }
    if in_force == Some(false) && valid {
        let text = "The configuration on the disk is not the one in force.";
        items.push(Item::new(Topic::Config, Weight::Warn, text).fix(vantage.openclaw("gateway restart")));
    }
    items
}

/// What hides the real cause of other trouble.
#[must_use]
pub fn troubles(troubles: &[Trouble]) -> Vec<Item> {
    troubles.iter().map(|trouble| Item::new(Topic::Trouble, Weight::Bad, trouble.text.clone())).collect()
}

/// What is to be decided about devices. `status` is the gateway's answer to its owner, `own_scopes` what this machine's
/// own command line is approved for.
#[must_use]
pub fn devices(
    status: Option<&Value>,
    pending: usize,
    own_scopes: Option<&ScopeSet>,
    vantage: &Vantage,
) -> Vec<Item> {
    let mut items = Vec::new();
    if pending > 0 {
        let text = match pending {
            1 => "1 device waits for approval.".to_owned(),
            count => format!("{count} devices wait for approval."),
        };
        items.push(Item::new(Topic::Devices, Weight::Note, text).fix(vantage.openclaw("devices list")));
    }
    let at = |pointer: &str| status.and_then(|status| status.pointer(pointer));
    if let Some(count) = at("/gateway/refusedLast10Min").and_then(Value::as_u64).filter(|count| *count > 0) {
        let connections = if count == 1 { "connection was" } else { "connections were" };
        let text = format!("{count} {connections} refused in the last 10 minutes.");
        items.push(Item::new(Topic::Devices, Weight::Note, text).fix(vantage.openclaw("why last")));
    }
    if let Some(scopes) = own_scopes.filter(|scopes| !scopes.is_empty() && !scopes.satisfies(Scope::ADMIN)) {
        let text = format!("This machine's own command line is approved for {} only.", scopes.in_words());
        items.push(Item::new(Topic::Devices, Weight::Warn, text).fix(vantage.openclaw("doctor --fix")));
    }
    let list = |pointer: &str| at(pointer).and_then(Value::as_array).into_iter().flatten().take(MAX_TOLD);
    let text = |value: &Value, name: &str| {
        Words::new(value.get(name).and_then(Value::as_str).unwrap_or("?")).to_string()
    };
    for widened in list("/devices/handEdited") {
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
        let plain = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let undo = format!("devices undo {}", if plain { &id } else { "<deviceId>" });
        items.push(Item::new(Topic::Devices, Weight::Note, sentence).fix(vantage.openclaw(&undo)));
    }
    for aside in list("/devices/setAside") {
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
    items
}

/// What is to be said about the supervisor's definitions.
#[must_use]
pub fn service(report: &Report, vantage: &Vantage) -> Vec<Item> {
    let mut items = Vec::new();
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
    items
}
