//! `gateway status` for people.

use std::path::Path;

use openclaw_protocol::words::{Words, escape};
use openclaw_service::audit::Level;
use openclaw_service::{Report, Status};

use super::View;
use crate::look::attention::{self, Topic, Weight};
use crate::look::{self, OwnerView, service, trouble};
use crate::ui::{Style, Ui};
use crate::version::VERSION;

/// Findings about the file that are told one by one.
const MAX_ISSUES: usize = 5;
/// Lines of a failed probe.
const MAX_LINES: usize = 12;

impl View<'_> {
    /// Prints it.
    pub(super) fn print(&self, ui: &mut Ui) {
        self.print_service(ui);
        self.print_config(ui);
        ui.line("");
        self.print_gateway(ui);
        ui.line("");
        self.print_runtime(ui);
        self.print_probe(ui);
        self.print_port(ui);
        self.print_neighbours(ui);
        self.print_rest(ui);
        ui.line("");
        let program = self.context.paths.command();
        ui.line(format!("Troubles: run {program} status"));
        ui.line("Troubleshooting: https://docs.openclaw.ai/troubleshooting");
    }

    fn print_service(&self, ui: &mut Ui) {
        let log = trouble::log_file(self.context, &self.survey.owner);
        let log = log.map(|path| format!("File logs: {}", self.short(&path)));
        let Some(report) = &self.survey.service else {
            ui.note_styled(Style::Warn, "Service: unknown (the supervisor did not answer in time)");
            log.into_iter().for_each(|line| ui.line(line));
            return;
        };
        let label = report.manager.label();
        match &report.unusable {
            Some(_) => ui.line(format!("Service: {label} (not available here)")),
            None if !report.installed => ui.line(format!("Service: {label} (not installed)")),
            None => ui.line(format!("Service: {label} ({})", report.loaded_text())),
        }
        log.into_iter().for_each(|line| ui.line(line));
        if let Some(definition) = &report.definition {
            ui.line(format!("Command: {}", escape(&definition.shown_arguments().join(" "), 400)));
            ui.line(format!("Service file: {}", self.short(&definition.path)));
            if let Some(folder) = &definition.working_directory {
                ui.line(format!("Working dir: {}", self.short(folder)));
            }
            let shown: Vec<String> = definition
                .shown_environment()
                .map(|(name, value)| format!("{name}={}", escape(value, 200)))
                .collect();
            if !shown.is_empty() {
                ui.line(format!("Service env: {}", shown.join(" ")));
            }
        }
        let issues: Vec<_> = report
            .issues
            .iter()
            .filter(|issue| issue.level == Level::Recommended || self.asked.deep)
            .collect();
        if !issues.is_empty() {
            ui.line("");
            ui.note_styled(Style::Warn, "Service config looks out of date or non-standard.");
            for issue in issues {
                let detail = issue.detail.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
                ui.note(format!("Service config issue: {}{detail}", issue.message));
            }
            let program = self.context.paths.command();
            ui.note(format!("Recommendation: run \"{program} doctor\" (or \"{program} doctor --repair\")."));
        }
    }

    fn print_config(&self, ui: &mut Ui) {
        let config = &self.survey.config;
        let mut line = format!("Config (cli): {}", self.short(&config.path));
        if !config.exists {
            line.push_str(" (missing)");
        } else if !config.valid {
            line.push_str(" (invalid)");
        }
        ui.line(line);
        let issues = if config.valid { Vec::new() } else { config.blocking().collect::<Vec<_>>() };
        for issue in issues.iter().take(MAX_ISSUES) {
            ui.note_styled(Style::Bad, format!("Config issue: {issue}"));
        }
        if issues.len() > MAX_ISSUES {
            ui.note(format!("Config issue: and {} more", issues.len() - MAX_ISSUES));
        }
        let definition = self.survey.service.as_ref().and_then(|report| report.definition.as_ref());
        let Some(theirs) = definition.and_then(|found| service::config_of(found, self.context)) else {
            return;
        };
        ui.line(format!("Config (service): {}", self.short(&theirs)));
        if theirs != config.path {
            ui.note_styled(
                Style::Bad,
                "Root cause: CLI and service are using different config paths (likely a profile/state-dir mismatch).",
            );
            ui.note_styled(
                Style::Command,
                format!(
                    "Fix: rerun `{} gateway install --force` from the same --profile / OPENCLAW_STATE_DIR you expect.",
                    self.context.paths.command()
                ),
            );
        }
    }

    fn print_gateway(&self, ui: &mut Ui) {
        let (survey, setup) = (self.survey, &self.survey.setup);
        if survey.is_own {
            ui.line(format!(
                "Gateway: bind={} ({}), port={} ({})",
                setup.bind,
                Words::new(&setup.bind_host()),
                setup.port,
                setup.port_source
            ));
            let told = survey.owner.gateway_text("authMode");
            ui.line(format!("Auth Mode: {}", told.unwrap_or_else(|| setup.auth.to_string())));
        }
        if let Some(probe) = survey.probe.as_ref().filter(|probe| !probe.url.is_empty()) {
            let source = if survey.is_own { String::new() } else { format!(" ({})", probe.source) };
            ui.line(format!("Probe target: {}{source}", probe.url));
        }
        match survey.dashboard_url() {
            Some(url) => ui.line(format!("Dashboard: {url}")),
            None => ui.line("Dashboard: disabled"),
        }
        if let Some(note) = self.probe_note() {
            ui.line(format!("Probe note: {note}"));
        }
        ui.line(format!("CLI version: {VERSION}"));
        if let Some(version) = survey.gateway_version() {
            ui.line(format!("Gateway version: {version}"));
        }
    }

    fn print_runtime(&self, ui: &mut Ui) {
        let survey = self.survey;
        let program = self.context.paths.command();
        if !survey.is_own {
            let place = survey.probe.as_ref().map(|probe| probe.source.clone()).unwrap_or_default();
            ui.line(format!("Runtime: unknown (another gateway is meant: {place})"));
            return;
        }
        let line = self.runtime_line();
        if survey.is_running() {
            ui.styled(Style::Good, format!("Runtime: {line}"));
        } else {
            ui.line(format!("Runtime: {line}"));
        }
        let Some(report) = &survey.service else { return };
        if survey.is_running() {
            let failed = survey.probe.as_ref().is_some_and(|probe| probe.missed().is_some());
            if failed && report.runtime.status == Status::Running && !survey.owner.is_answering() {
                ui.line("Warm-up: the gateway may take a few seconds. Try again shortly.");
            }
            return;
        }
        match (&report.unusable, report.installed) {
            (Some(why), _) => {
                ui.note_styled(
                    Style::Warn,
                    format!("{} user services unavailable: {why}.", report.manager.label()),
                );
                if survey.setup.in_container {
                    ui.note("If you're in a container, run the gateway in the foreground instead of `openclaw gateway`.");
                }
            }
            (None, false) => {
                ui.note_styled(Style::Warn, "Service unit not found.");
                ui.note(format!("Service not installed. Run: {program} gateway install"));
            }
            (None, true) if report.enabled => {
                ui.note_styled(Style::Warn, "Service is loaded but not running (likely exited immediately).");
                ui.note(self.journal_line(report));
            }
            (None, true) => {
                ui.note(format!("Service is installed but not enabled. Run: {program} gateway start"))
            }
        }
        if let Some(last) = look::last_error::find(trouble::log_file(self.context, &survey.owner).as_deref())
        {
            ui.note(format!("Last gateway error: {last}"));
        }
    }

    /// `running (pid 4242, …)`, `stopped`, `unknown (…)`.
    pub(super) fn runtime_line(&self) -> String {
        let survey = self.survey;
        let supervised = survey.service.as_ref().map(|report| &report.runtime);
        match (supervised, survey.is_running()) {
            (Some(runtime), true) if runtime.status == Status::Running => runtime.line(),
            (_, true) => match survey.pid() {
                Some(pid) => format!("running (pid {pid})"),
                None => "running".to_owned(),
            },
            (_, false) if matches!(survey.owner, OwnerView::Failed { .. }) => {
                "unknown (another account runs the gateway)".to_owned()
            }
            (Some(runtime), false) if runtime.status == Status::Stopped => runtime.line(),
            (_, false) => "stopped".to_owned(),
        }
    }

    fn journal_line(&self, report: &Report) -> String {
        format!("Logs: journalctl --user -u {} -n 200 --no-pager", Words::new(&report.name))
    }

    fn print_probe(&self, ui: &mut Ui) {
        let Some(probe) = &self.survey.probe else { return };
        match &probe.outcome {
            Ok(hit) => {
                ui.styled(Style::Good, "RPC probe: ok");
                ui.styled(Style::Good, format!("Connectivity probe: ok ({}ms)", hit.latency_ms));
                ui.line(format!("Capability: {}", self.survey.capability()));
                if probe.capability() != self.survey.capability() {
                    ui.line(format!(
                        "Capability note: as the owner of this machine's gateway; a client over TCP is {} until it pairs.",
                        probe.capability()
                    ));
                }
                if self.asked.require_rpc {
                    match &hit.read {
                        Ok(()) => ui.styled(Style::Good, "Read probe: ok"),
                        Err(why) => ui.note_styled(Style::Bad, format!("Read probe: failed - {why}")),
                    }
                }
            }
            Err(miss) => {
                let cause = miss.failure.text_field("cause");
                let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
                ui.note_styled(Style::Bad, format!("RPC probe: failed{cause}"));
                ui.note_styled(Style::Bad, "Connectivity probe: failed");
                if !probe.url.is_empty() {
                    ui.note(format!("RPC target: {}", probe.url));
                }
                let mut lines: Vec<&str> = miss.failure.message().lines().collect();
                lines.extend(miss.failure.detail_lines().iter().map(String::as_str));
                lines.extend(self.survey.tokens_differ().map(|help| help.sentence.as_str()));
                for line in lines.into_iter().take(MAX_LINES) {
                    ui.note(format!("  {}", line.trim_start()));
                }
                ui.note(format!("Capability: {}", self.survey.capability()));
                if self.tells_all()
                    && let Some(fix) = self.survey.probe_fix()
                {
                    ui.note_styled(Style::Command, format!("Fix: {fix}"));
                }
            }
        }
    }

    /// What the probe met is all there is to say about the gateway: it answers its owner, or it is another machine's.
    fn tells_all(&self) -> bool {
        let hangs = matches!(self.survey.owner, OwnerView::Failed { .. });
        !self.survey.is_own || (self.survey.is_running() && !hangs)
    }

    fn print_port(&self, ui: &mut Ui) {
        let (survey, port) = (self.survey, &self.survey.port);
        if !survey.is_own {
            return;
        }
        let failed = survey.probe.as_ref().is_some_and(|probe| probe.missed().is_some());
        if failed && port.is_taken() {
            ui.note_styled(Style::Bad, format!("Port {} is already in use.", port.port));
            for row in port.rows() {
                ui.note(format!("- {row}"));
            }
            for hint in port.hints(&self.context.paths.command()) {
                ui.note(format!("- {hint}"));
            }
        }
        match (port.status(), survey.is_running()) {
            ("busy", _) => ui.line(format!("Listening: {}", port.addresses().join(", "))),
            ("free", true) => {
                ui.note_styled(
                    Style::Bad,
                    format!(
                        "Gateway port {} is not listening (the gateway appears to be running).",
                        port.port
                    ),
                );
                let log = trouble::log_file(self.context, &survey.owner);
                if let Some(last) = look::last_error::find(log.as_deref().map(Path::new)) {
                    ui.note(format!("Last gateway error: {last}"));
                }
            }
            _ => {}
        }
    }

    fn print_neighbours(&self, ui: &mut Ui) {
        let Some(report) = self.survey.service.as_ref().filter(|report| !report.extra.is_empty()) else {
            return;
        };
        ui.note_styled(Style::Warn, "Other gateway-like services detected (best effort):");
        for extra in &report.extra {
            ui.note(format!("- {}", extra.line()));
        }
        let uid = openclaw_os::peer::own_uid();
        for command in report.extra.iter().flat_map(|extra| extra.cleanup(uid)) {
            ui.note(format!("Cleanup hint: {command}"));
        }
        ui.note("Recommendation: run a single gateway per machine for most setups. One gateway supports multiple agents.");
        ui.note("Recommendation: if you need multiple gateways (e.g., a rescue bot), isolate ports + config/state.");
    }

    /// What the lines above have not said yet.
    fn print_rest(&self, ui: &mut Ui) {
        for item in attention::of(self.survey, self.context.vantage()) {
            let said = match item.topic {
                // What is wrong with the file stands beside its path.
                Topic::Config => !self.survey.config.valid,
                Topic::Door => self.tells_all(),
                Topic::Service => true,
                Topic::Running | Topic::Secrets | Topic::Trouble | Topic::Devices => false,
            };
            if said || item.weight == Weight::Note {
                continue;
            }
            let style = if item.weight == Weight::Bad { Style::Bad } else { Style::Warn };
            let cause = item.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
            ui.note_styled(style, format!("{}{cause}", item.text));
            if let Some(fix) = &item.fix {
                ui.note_styled(Style::Command, format!("Fix: {fix}"));
            }
        }
    }
}
