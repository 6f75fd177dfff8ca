//! `openclaw gateway install | uninstall | start | stop | restart` (cli §6.3): with a supervisor by its means, without
//! one by taking hold of the process itself. Whoever says that something was done has seen that it is so.

mod answer;
mod detached;
mod install;
mod restart;
mod start;
mod stop;

use openclaw_config::start::{self as plan, Overrides};
use openclaw_os::port_owner::{Product, port_owner};
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::secret::Secret;
use openclaw_service::place::Place;
use openclaw_service::running::Running;
use openclaw_service::{Manager, Programs, ServiceError, Supervisor};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Ui;

pub(crate) use install::{install, uninstall};
pub(crate) use restart::restart;
pub(crate) use start::start;
pub(crate) use stop::stop;

/// What every verb works with.
struct Site<'a> {
    context: &'a Context,
    place: Place,
    programs: Programs,
    action: &'static str,
    json: bool,
}

/// What the supervisor of this machine is to a verb.
enum Service {
    /// It has the service.
    Installed,
    /// It answers, and has none.
    Absent,
    /// It does not answer, or there is none.
    Unusable,
}

impl<'a> Site<'a> {
    fn new(context: &'a Context, action: &'static str, json: bool) -> Self {
        let (port, token) = match context.config() {
            Ok(loaded) => {
                let token = loaded.gateway.auth.token.get().and_then(|token| Secret::present(token.expose()));
                (plan::port(loaded, &context.paths, None).0, token)
            }
            Err(_) => (context.paths.default_port, None),
        };
        let place = Place::here(&context.env, &context.paths, port, token);
        Self { context, place, programs: Programs::new(), action, json }
    }

    fn supervisor(&self) -> Supervisor<'_> {
        Supervisor::new(&self.place, &self.programs)
    }

    fn service(&self) -> Service {
        match self.supervisor().is_installed() {
            Ok(true) => Service::Installed,
            Ok(false) => Service::Absent,
            Err(_) => Service::Unusable,
        }
    }

    /// The gateway that runs on this state now, supervised or not; the original's by its port.
    fn running(&self) -> Option<Running> {
        Running::on(&self.place.paths.state_dir)
    }

    /// Whether the supervisor's own process is the gateway that runs.
    fn is_supervised(&self, running: &Running) -> bool {
        running.unit.as_deref() == Some(self.place.names.systemd_unit.as_str())
    }

    /// `openclaw …` from where the user stands.
    fn command(&self, words: &str) -> String {
        self.context.vantage().openclaw(words)
    }

    fn manager(&self) -> Manager {
        Manager::of(self.place.os)
    }

    /// `systemd service: openclaw-gateway.service`, as the original ends its sentences.
    fn named(&self) -> String {
        let label = self.manager().label();
        match self.manager() {
            Manager::Systemd => format!("systemd service: {}", self.place.name()),
            Manager::Launchd | Manager::ScheduledTask => format!("{label}: {}", self.place.name()),
        }
    }

    /// What the original says when it signals a gateway without a supervisor. The port is named only when it is that
    /// gateway's: one that was given another on its command line does not listen on the configuration's.
    fn sent(&self, running: &Running) -> String {
        let port = self.place.port;
        let holds = port_owner(port).iter().any(|holder| holder.pid == Some(running.pid));
        let on_port = if holds { format!(" on port {port}") } else { String::new() };
        format!("Gateway {} signal sent to unmanaged process{on_port}: {}.", self.action, running.pid)
    }

    fn failure(&self, message: impl Into<String>) -> Failure {
        Failure::new(message).field("action", self.action)
    }

    /// The verb did what it was asked for.
    fn done(&self, ui: &mut Ui, result: &str, loaded: bool, lines: &[String], more: Map<String, Value>) {
        if !self.json {
            for line in lines {
                ui.line(line);
            }
            return;
        }
        let manager = self.manager();
        let mut document = Map::new();
        document.insert("action".into(), json!(self.action));
        document.insert("ok".into(), json!(true));
        document.insert("result".into(), json!(result));
        document.insert("message".into(), json!(lines.first()));
        document.insert(
            "service".into(),
            json!({
                "label": manager.label(),
                "loaded": loaded,
                "loadedText": manager.loaded_text(),
                "notLoadedText": manager.not_loaded_text(),
            }),
        );
        document.extend(more);
        ui.json(&Value::Object(document));
    }

    /// Why a gateway would not start with the configuration as it is now, in the words that its start would use. What a
    /// supervisor says of such a start is only that it failed.
    fn obstacle(&self) -> Option<Vec<String>> {
        let (paths, context) = (&self.context.paths, self.context);
        match context.config() {
            // A gateway that never ran writes its own file.
            Ok(loaded) if !loaded.exists => None,
            Ok(loaded) => {
                let mut asked = loaded.clone();
                asked.resolve_exec_secrets(paths);
                plan::plan(&asked, paths, &Overrides::default()).err().map(|refusal| refusal.lines)
            }
            Err(error) => Some(openclaw_config::report::start_aborted(paths, &error.issues())),
        }
    }

    /// The same as a failure of this verb, with the way out that the refusal itself names.
    fn would_not_start(&self, sentence: &str, lines: Vec<String>) -> Failure {
        let fix = lines.iter().find_map(|line| line.trim_start().strip_prefix("Fix: ")).map(str::to_owned);
        let words = lines.into_iter().filter(|line| !line.trim_start().starts_with("Fix: "));
        self.failure(sentence)
            .details(words.map(|line| format!("  {line}")))
            .fix(fix.unwrap_or_else(|| self.command("doctor --fix")))
    }

    /// Two programs that both answer on the port are a riddle that a restart would not solve.
    fn only_one_gateway(&self) -> Result<(), Failure> {
        let mut pids: Vec<u32> = port_owner(self.place.port)
            .into_iter()
            .filter(|holder| holder.product == Product::Gateway)
            .filter_map(|holder| holder.pid)
            .collect();
        pids.sort_unstable();
        pids.dedup();
        if pids.len() < 2 {
            return Ok(());
        }
        let list: Vec<String> = pids.iter().map(u32::to_string).collect();
        Err(self
            .failure(format!(
                "multiple gateway processes are listening on port {}: {}; use \"{}\" before retrying restart",
                self.place.port,
                list.join(", "),
                self.command("gateway status --deep"),
            ))
            .fix(self.command("gateway status --deep")))
    }

    /// A gateway of this account that has the port and works on another state: whose it is, and the command for it.
    fn elsewhere(&self) -> Option<(String, String)> {
        let own = &self.place.paths.state_dir;
        port_owner(self.place.port).into_iter().find_map(|holder| {
            let dir = holder.state_dir.filter(|dir| dir.canonicalize().ok() != own.canonicalize().ok())?;
            let profile = match dir.strip_prefix(&self.context.paths.home).ok()?.to_str()? {
                ".openclaw" => None,
                name => Some(name.strip_prefix(".openclaw-")?.to_owned()),
            };
            let line = format!(
                "Port {} is held by another gateway (pid {}), which works on {}.",
                self.place.port,
                holder.pid.unwrap_or_default(),
                self.context.paths.short(&dir),
            );
            let there = Vantage { profile, ..self.context.vantage().clone() };
            Some((line, there.openclaw(&format!("gateway {}", self.action))))
        })
    }

    /// A service whose supervisor does not answer from this session.
    fn out_of_reach(&self, running: &Running, verb: &str) -> Option<Failure> {
        let unit = running.unit.as_deref()?;
        let unit = crate::hint::word(unit, "<unit>").to_owned();
        let user = matches!(running.started, openclaw_service::running::Started::Unit { user: true, .. });
        let fix = if user {
            format!("XDG_RUNTIME_DIR=/run/user/{} systemctl --user {verb} {unit}", self.place.uid)
        } else {
            format!("sudo systemctl {verb} {unit}")
        };
        let sentence = format!(
            "The gateway (pid {}) is run by the service {unit}, which would start it again.",
            running.pid
        );
        Some(self.failure(sentence).fix(fix))
    }
}

/// `Gateway <verb> failed: <why>`, in the original's words.
fn refused(site: &Site<'_>, error: &ServiceError) -> Failure {
    site.failure(format!("Gateway {} failed: {error}", site.action))
}
