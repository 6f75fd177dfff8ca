//! What is wrong or out of date in a service definition (cli spec §15.4). Pure: the definition and the facts come in.

use std::path::Path;

use openclaw_protocol::refusal::Os;
use serde_json::{Value, json};

use crate::place::Place;
use crate::report::Definition;

/// What an issue is called in `configAudit.issues[].code`. Codes that only a Node runtime can have are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The definition runs something that is no gateway.
    CommandMissing,
    /// It runs another program than this one.
    EntrypointMismatch,
    /// It sets no `PATH`.
    PathMissing,
    /// Its `PATH` lacks the usual folders.
    PathMissingDirs,
    /// It carries the gateway token.
    TokenEmbedded,
    /// It carries another token than the configuration.
    TokenMismatch,
    /// launchd does not start the agent again.
    LaunchdKeepAlive,
    /// launchd does not start the agent at log-in.
    LaunchdRunAtLoad,
    /// The unit does not come after the network.
    SystemdAfterNetworkOnline,
    /// The unit does not ask for the network.
    SystemdWantsNetworkOnline,
    /// The unit does not wait five seconds between two starts.
    SystemdRestartSec,
    /// The unit starts a gateway again that refused its configuration or found its port taken.
    SystemdRestartPrevent,
    /// The unit does not wait until the gateway answers.
    SystemdNotify,
    /// It was written by another version of this program.
    Version,
}

impl Code {
    /// The word of the specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandMissing => "gateway-command-missing",
            Self::EntrypointMismatch => "gateway-entrypoint-mismatch",
            Self::PathMissing => "gateway-path-missing",
            Self::PathMissingDirs => "gateway-path-missing-dirs",
            Self::TokenEmbedded => "gateway-token-embedded",
            Self::TokenMismatch => "gateway-token-mismatch",
            Self::LaunchdKeepAlive => "launchd-keep-alive",
            Self::LaunchdRunAtLoad => "launchd-run-at-load",
            Self::SystemdAfterNetworkOnline => "systemd-after-network-online",
            Self::SystemdWantsNetworkOnline => "systemd-wants-network-online",
            Self::SystemdRestartSec => "systemd-restart-sec",
            Self::SystemdRestartPrevent => "systemd-restart-prevent",
            Self::SystemdNotify => "systemd-type-notify",
            Self::Version => "gateway-service-version",
        }
    }
}

/// How much an issue matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It should be mended.
    Recommended,
    /// It is a matter of taste.
    Aggressive,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What it is called.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// How much it matters.
    pub level: Level,
    /// The value in question, when it is no secret.
    pub detail: Option<String>,
}

impl Issue {
    fn new(code: Code, message: &str) -> Self {
        Self { code, message: message.to_owned(), level: Level::Recommended, detail: None }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(openclaw_protocol::words::escape(&detail.into(), 400));
        self
    }

    fn minor(mut self) -> Self {
        self.level = Level::Aggressive;
        self
    }

    pub(crate) fn json(&self) -> Value {
        let level = match self.level {
            Level::Recommended => "recommended",
            Level::Aggressive => "aggressive",
        };
        let mut out = json!({"code": self.code.as_str(), "message": self.message, "level": level});
        if let Some(detail) = &self.detail {
            out["detail"] = json!(detail);
        }
        out
    }
}

/// Holds a definition against what this program would write. `text`: the whole definition, as it is in the file.
#[must_use]
pub fn audit(place: &Place, definition: &Definition, text: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    command(place, definition, &mut issues);
    path(definition, &mut issues);
    token(place, definition, &mut issues);
    match place.os {
        Os::Linux => systemd(text, &mut issues),
        Os::MacOs => launchd(text, &mut issues),
        Os::Windows => {}
    }
    if let Some(version) = definition.version().filter(|version| *version != env!("CARGO_PKG_VERSION")) {
        issues.push(
            Issue::new(Code::Version, "Service definition was written by another version.")
                .detail(version)
                .minor(),
        );
    }
    issues
}

fn command(place: &Place, definition: &Definition, issues: &mut Vec<Issue>) {
    let Some(program) = definition.arguments.first() else {
        issues.push(Issue::new(Code::CommandMissing, "Service command is empty."));
        return;
    };
    if !definition.arguments.iter().any(|word| word == "gateway") {
        issues.push(Issue::new(
            Code::CommandMissing,
            "Service command does not include the gateway subcommand.",
        ));
    }
    let same = |a: &Path, b: &Path| {
        a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    if !same(Path::new(program), &place.program) {
        let detail = format!("{program} -> {}", place.program.display());
        issues.push(
            Issue::new(Code::EntrypointMismatch, "Gateway service runs another program than this one.")
                .detail(detail),
        );
    }
}

fn path(definition: &Definition, issues: &mut Vec<Issue>) {
    let Some(path) = definition.environment.get("PATH") else {
        issues.push(Issue::new(
            Code::PathMissing,
            "Gateway service PATH is not set; the daemon should use a minimal PATH.",
        ));
        return;
    };
    let missing: Vec<&str> = ["/usr/local/bin", "/usr/bin", "/bin"]
        .into_iter()
        .filter(|dir| !path.split(':').any(|at| at == *dir))
        .collect();
    if !missing.is_empty() {
        issues.push(
            Issue::new(Code::PathMissingDirs, "Gateway service PATH misses usual folders.")
                .detail(missing.join(", ")),
        );
    }
}

fn token(place: &Place, definition: &Definition, issues: &mut Vec<Issue>) {
    let Some(token) = definition.token() else { return };
    issues.push(Issue::new(
        Code::TokenEmbedded,
        "Gateway service embeds OPENCLAW_GATEWAY_TOKEN and should be reinstalled.",
    ));
    if place.token.as_ref().is_some_and(|configured| !configured.matches(token.expose())) {
        issues.push(Issue::new(
            Code::TokenMismatch,
            "Gateway service OPENCLAW_GATEWAY_TOKEN does not match gateway.auth.token in the config.",
        ));
    }
}

fn systemd(text: &str, issues: &mut Vec<Issue>) {
    let unit = crate::systemd::read::Unit::parse(text);
    let has = |section: &str, key: &str, word: &str| {
        unit.all(section, key).any(|value| value.split_whitespace().any(|part| part == word))
    };
    if !has("Unit", "After", "network-online.target") {
        issues.push(
            Issue::new(Code::SystemdAfterNetworkOnline, "Missing systemd After=network-online.target")
                .minor(),
        );
    }
    if !has("Unit", "Wants", "network-online.target") {
        issues.push(
            Issue::new(Code::SystemdWantsNetworkOnline, "Missing systemd Wants=network-online.target")
                .minor(),
        );
    }
    let pause = unit.last("Service", "RestartSec").map(|text| text.trim_end_matches('s').to_owned());
    if pause.as_deref() != Some("5") {
        issues.push(
            Issue::new(Code::SystemdRestartSec, "RestartSec does not match the recommended 5s")
                .detail(pause.unwrap_or_default())
                .minor(),
        );
    }
    if !has("Service", "RestartPreventExitStatus", "78") {
        issues.push(Issue::new(
            Code::SystemdRestartPrevent,
            "Service is restarted after a refused configuration or a taken port (RestartPreventExitStatus=78 is missing).",
        ));
    }
    if !matches!(unit.last("Service", "Type"), Some("notify" | "notify-reload")) {
        issues.push(
            Issue::new(
                Code::SystemdNotify,
                "Service does not wait until the gateway answers (Type=notify is missing).",
            )
            .minor(),
        );
    }
}

fn launchd(text: &str, issues: &mut Vec<Issue>) {
    let plist = crate::launchd::read::parse(text);
    let flag = |name: &str| plist.as_ref().and_then(|plist| plist.flag(name));
    if flag("KeepAlive") == Some(false) || plist.as_ref().is_none_or(|plist| !plist.has("KeepAlive")) {
        issues.push(Issue::new(Code::LaunchdKeepAlive, "LaunchAgent is missing KeepAlive=true"));
    }
    if flag("RunAtLoad") != Some(true) {
        issues.push(Issue::new(Code::LaunchdRunAtLoad, "LaunchAgent is missing RunAtLoad=true"));
    }
}
