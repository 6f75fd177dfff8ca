//! `openclaw status` for people.

use openclaw_config::gateway::Mode;
use openclaw_doctor::audit::Severity;
use openclaw_protocol::words::{Words, escape};
use serde_json::Value;

use super::Page;
use crate::commands::{health, security};
use crate::look::attention::Weight;
use crate::look::devices::Origin;
use crate::look::{self, trouble};
use crate::ui::{Column, Style, Table, Ui};
use crate::version;

/// Rows of sessions that are shown.
const MAX_SESSIONS: usize = 10;

impl Page<'_> {
    /// Prints it.
    pub(super) fn print(&self, ui: &mut Ui) {
        ui.styled(Style::Heading, "OpenClaw status");
        self.print_verdict(ui);
        ui.line("");
        ui.styled(Style::Heading, "Overview");
        let mut table = Table::new(&[Column::whole("Item"), Column::wrapping("Value")]);
        for (item, value) in self.rows() {
            table.row([item.to_owned(), value]);
        }
        ui.table(&table);
        self.print_access(ui);
        self.print_secrets(ui);
        ui.line("");
        ui.styled(Style::Heading, "Security audit");
        let least = if self.all || self.verbose { Severity::Info } else { Severity::Warn };
        security::print(ui, &self.audit, least);
        let program = self.context.paths.command();
        ui.line(format!("Full report: {program} security audit"));
        ui.line(format!("Deep probe: {program} security audit --deep"));
        self.print_channels(ui);
        self.print_sessions(ui);
        if self.deep {
            self.print_health(ui);
        }
        if self.usage {
            ui.line("");
            ui.styled(Style::Heading, "Usage");
            ui.line("No usage is recorded: this gateway runs no models.");
        }
        if self.all {
            self.print_diagnosis(ui);
        }
        self.print_next(ui);
    }

    /// What needs attention, at once and in full: it is what the command is called for.
    fn print_verdict(&self, ui: &mut Ui) {
        let bad = self.items.iter().any(|item| item.weight == Weight::Bad);
        if self.survey.probe.as_ref().is_some_and(|probe| probe.reached().is_some()) && !bad {
            let by_proxy = self.survey.owner.gateway_text("authMode").as_deref() == Some("trusted-proxy");
            ui.styled(
                Style::Good,
                if by_proxy {
                    "The gateway runs; clients come in through its login proxy."
                } else {
                    "The gateway runs and lets this machine's clients in."
                },
            );
        }
        for item in &self.items {
            let (style, mark) = match item.weight {
                Weight::Bad => (Style::Bad, "✗"),
                Weight::Warn => (Style::Warn, "!"),
                Weight::Note => (Style::Dim, "·"),
            };
            let cause = item.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
            ui.styled(style, format!("{mark} {}{cause}", item.text));
            if let Some(fix) = &item.fix {
                ui.styled(Style::Command, format!("  Fix: {fix}"));
            }
        }
    }

    /// The overview, in the original's order; `--all` leaves out what it says at length below.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let survey = self.survey;
        let mut rows = Vec::new();
        if self.all {
            rows.push(("Version", version::line()));
        }
        rows.push(("Dashboard", survey.dashboard_url().unwrap_or_else(|| "disabled".to_owned())));
        rows.push(("OS", self.os()));
        let tailnet = openclaw_os::host::tailnet_address();
        rows.push((
            "Tailscale",
            tailnet
                .map_or_else(|| "off".to_owned(), |address| format!("address {address} · not managed here")),
        ));
        rows.push(("Channel", "stable (default)".to_owned()));
        rows.push(("Update", "not checked; a newer binary in place of this one is the update".to_owned()));
        rows.push(("Gateway", self.gateway()));
        rows.push(("Gateway service", self.service()));
        rows.push(("Node service", "not part of this version".to_owned()));
        rows.push(("Config", self.config()));
        rows.push(("Versions", self.versions()));
        rows.push(("Port", self.port()));
        rows.push(("Agents", "none: this gateway runs no agents".to_owned()));
        rows.push(("Memory", "off".to_owned()));
        rows.push((
            "Probes",
            if self.deep { "done (see Health)" } else { "skipped (use --deep)" }.to_owned(),
        ));
        rows.push(("Events", "none".to_owned()));
        rows.push(("Heartbeat", "off".to_owned()));
        let sessions = survey.owner.status("/sessions/count").and_then(Value::as_u64).unwrap_or(0);
        rows.push(("Sessions", format!("{sessions} active")));
        if let Some(log) = trouble::log_file(self.context, &survey.owner) {
            rows.push(("Log", self.context.paths.short(&log)));
        }
        rows
    }

    /// `local · ws://127.0.0.1:18789 (local loopback) · reachable 2ms · auth token · host (ip) app 1 linux`.
    fn gateway(&self) -> String {
        let survey = self.survey;
        let remote = survey.setup.mode == Some(Mode::Remote);
        let mut parts = vec![if remote { "remote" } else { "local" }.to_owned()];
        if let Some(probe) = &survey.probe {
            parts.push(format!("{} ({})", probe.url, probe.source));
            match &probe.outcome {
                Ok(hit) => parts.push(format!("reachable {}ms", hit.latency_ms)),
                Err(miss) => {
                    parts.push(format!("unreachable ({})", miss.failure.message().trim_end_matches('.')))
                }
            }
        }
        let auth = survey.owner.gateway_text("authMode").unwrap_or_else(|| survey.setup.auth.to_string());
        parts.push(format!("auth {auth}"));
        let text = |name: &str| survey.owner.gateway_text(name);
        if let (Some(host), Some(version)) = (text("host"), text("version")) {
            let ip = text("ip").map(|ip| format!(" ({ip})")).unwrap_or_default();
            let platform = text("platform").map(|platform| format!(" {platform}")).unwrap_or_default();
            parts.push(format!("{host}{ip} app {version}{platform}"));
        }
        parts.join(" · ")
    }

    fn config(&self) -> String {
        let config = &self.survey.config;
        let path = self.context.paths.short(&config.path);
        let state = match (config.exists, config.valid) {
            (false, _) => "not there yet; the gateway writes it when it starts".to_owned(),
            (true, true) if config.issues.is_empty() => "valid".to_owned(),
            (true, true) => format!("valid · {} warnings", config.issues.len()),
            (true, false) => format!("invalid · {} problems", config.blocking().count()),
        };
        format!("{path} · {state}")
    }

    fn versions(&self) -> String {
        let cli = format!("command {}", version::VERSION);
        match self.survey.gateway_version() {
            Some(gateway) => format!("{cli} · gateway {gateway}"),
            None => cli,
        }
    }

    /// `18789 (config) · held by pid 4242 u: openclaw gateway (127.0.0.1:18789)`.
    fn port(&self) -> String {
        let port = &self.survey.port;
        let place = format!("{} ({})", port.port, self.survey.setup.port_source);
        match port.rows().first() {
            Some(row) => format!("{place} · held by {row}"),
            None => format!("{place} · {}", port.status()),
        }
    }

    /// Channels, operators and nodes apart (G5-8), and the two lines that a healthy gateway has at zero (G4-7).
    fn print_access(&self, ui: &mut Ui) {
        let devices = &self.survey.devices;
        ui.line("");
        ui.styled(Style::Heading, "Access");
        if !self.survey.is_own {
            ui.line("Pairing, operators and nodes: known to the gateway that is meant; ask on its host.");
            return;
        }
        ui.line(format!("Pairing: {} pending", devices.pending));
        match self.survey.owner.refused_recently() {
            Some(count) => ui.line(format!("Refused in last 10 min: {count}")),
            None => ui.line("Refused in last 10 min: unknown (the gateway is not running)"),
        }
        let connected = |count: usize| match devices.origin {
            Origin::Gateway => format!(", {count} connected"),
            Origin::Files | Origin::Nowhere => String::new(),
        };
        ui.line(format!("Operators: {} paired{}", devices.operators, connected(devices.operators_connected)));
        ui.line(format!("Nodes: {} paired{}", devices.nodes, connected(devices.nodes_connected)));
        ui.line(format!(
            "Channels: {}",
            match self.channels().len() {
                0 => "none configured".to_owned(),
                count => format!("{count} configured"),
            }
        ));
    }

    fn print_secrets(&self, ui: &mut Ui) {
        ui.line("");
        ui.styled(Style::Heading, "Secrets (in order of precedence)");
        if self.survey.secrets.is_empty() {
            ui.line("  none: the gateway makes a token when it starts");
        }
        for (index, line) in self.survey.secrets.iter().enumerate() {
            let text = format!("  {}. {}", index + 1, line.line());
            if line.is_trouble() {
                ui.styled(Style::Warn, text)
            } else {
                ui.line(text)
            }
            if let Some(fix) = line.help.as_ref().and_then(|help| help.fix.as_ref()) {
                ui.styled(Style::Command, format!("     Fix: {fix}"));
            }
        }
    }

    fn channels(&self) -> Vec<String> {
        self.survey.owner.answers().map(|answers| health::channels(&answers.health)).unwrap_or_default()
    }

    fn print_channels(&self, ui: &mut Ui) {
        ui.line("");
        ui.styled(Style::Heading, "Channels");
        let channels = self.channels();
        if channels.is_empty() {
            ui.line("No channels configured");
        }
        for channel in channels {
            ui.line(format!("  {channel}"));
        }
        ui.styled(
            Style::Dim,
            "Channels have credentials of their own: an HTTP 401 of a channel is about those, never about pairing.",
        );
    }

    fn print_sessions(&self, ui: &mut Ui) {
        ui.line("");
        ui.styled(Style::Heading, "Sessions");
        let recent = self.survey.owner.status("/sessions/recent").and_then(Value::as_array);
        let recent = recent.map(Vec::as_slice).unwrap_or_default();
        if recent.is_empty() {
            ui.line("No sessions");
        }
        for session in recent.iter().take(MAX_SESSIONS) {
            let key = session.get("key").and_then(Value::as_str).unwrap_or("?");
            ui.line(format!("  {}", Words::new(key)));
        }
    }

    fn print_health(&self, ui: &mut Ui) {
        ui.line("");
        ui.styled(Style::Heading, "Health");
        let mut table =
            Table::new(&[Column::whole("Item"), Column::whole("Status"), Column::wrapping("Detail")]);
        for (item, status, detail) in self.health_rows() {
            table.row([item, status, detail]);
        }
        ui.table(&table);
    }

    fn health_rows(&self) -> Vec<(String, String, String)> {
        let survey = self.survey;
        let mut rows = Vec::new();
        let mut row = |item: &str, good: bool, detail: String| {
            rows.push((item.to_owned(), if good { "OK" } else { "FAILED" }.to_owned(), detail));
        };
        match &survey.owner {
            look::OwnerView::Answers(answers) => {
                row("Owner socket", true, format!("{}ms", answers.latency_ms));
                let failing = survey.owner.gateway("failing").and_then(Value::as_array);
                let failing: Vec<&str> = failing.into_iter().flatten().filter_map(Value::as_str).collect();
                row("Gateway", failing.is_empty(), failing.join(", "));
            }
            look::OwnerView::Absent => row("Owner socket", false, "nobody answers".to_owned()),
            look::OwnerView::Failed { why, .. } => row("Owner socket", false, why.clone()),
        }
        if let Some(probe) = &survey.probe {
            match &probe.outcome {
                Ok(hit) => row("Network", true, format!("{}ms · {}", hit.latency_ms, hit.capability())),
                Err(miss) => row("Network", false, miss.failure.message().to_owned()),
            }
        }
        for trouble in &survey.troubles {
            row(trouble.what, false, trouble.text.clone());
        }
        rows
    }

    /// The pasteable end of `--all`.
    fn print_diagnosis(&self, ui: &mut Ui) {
        ui.line("");
        ui.styled(Style::Heading, "Diagnosis (read-only)");
        let survey = self.survey;
        let mut check = |good: bool, text: String| {
            ui.styled(
                if good { Style::Good } else { Style::Bad },
                format!("{} {text}", if good { "✓" } else { "✗" }),
            );
        };
        check(survey.config.valid, format!("Config: {}", self.config()));
        for issue in &survey.config.issues {
            check(false, format!("  {issue}"));
        }
        check(
            survey.is_running(),
            match survey.pid() {
                Some(pid) => format!("Gateway process: pid {pid}"),
                None => "Gateway process: none".to_owned(),
            },
        );
        if let Some(probe) = &survey.probe {
            check(
                probe.reached().is_some(),
                format!("Gateway target: {} · Source: {}", probe.url, probe.source),
            );
        }
        check(true, format!("Bind: {} ({})", survey.setup.bind, Words::new(&survey.setup.bind_host())));
        for row in survey.port.rows() {
            check(true, format!("Port {}: {row}", survey.port.port));
        }
        if let Some(report) = &survey.service {
            for extra in &report.extra {
                check(false, format!("Other service: {}", extra.line()));
            }
        }
        let last = look::last_error::find(trouble::log_file(self.context, &survey.owner).as_deref());
        if let Some(last) = last {
            check(false, format!("Last gateway error: {}", escape(&last, 400)));
        }
    }

    fn print_next(&self, ui: &mut Ui) {
        let program = self.context.paths.command();
        ui.line("");
        ui.line("FAQ: https://docs.openclaw.ai/faq");
        ui.line("Troubleshooting: https://docs.openclaw.ai/troubleshooting");
        ui.line("");
        ui.styled(Style::Heading, "Next steps:");
        if let Some(fix) =
            self.items.iter().find(|item| item.weight != Weight::Note).and_then(|item| item.fix.as_ref())
        {
            ui.line(format!("  Mend this first:    {fix}"));
        }
        ui.line(format!("  Need to share?      {program} status --all"));
        ui.line(format!("  Need to debug live? {program} logs --follow"));
        if self.survey.probe.as_ref().is_some_and(|probe| probe.reached().is_some()) {
            ui.line(format!("  Need to test channels? {program} status --deep"));
        } else {
            ui.line(format!("  Fix reachability first: {program} gateway probe"));
        }
    }
}
