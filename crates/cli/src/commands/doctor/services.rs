//! Repairs that the supervisor makes: our own unit written anew or started, a former product's unit retired (D-03,
//! G3-9, G5-3). What stops something or takes a secret away needs a yes.

use openclaw_config::edit::Editor;
use openclaw_config::{KeyPath, start};
use openclaw_doctor::Done;
use openclaw_doctor::repair::{ORIGIN, Undo};
use openclaw_os::path::in_shell;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::escape;
use openclaw_service::legacy::{self, Extra, RetireError};
use openclaw_service::report::Definition;
use openclaw_service::supervisor::Supervisor;
use openclaw_service::systemd::UnitOptions;
use openclaw_service::{Place, Programs, Report};

use super::mend::Refusal;
use crate::args::doctor::DoctorArgs;
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::ui::{Ui, time};

/// The supervisor of this account.
pub(super) struct Services<'a> {
    context: &'a Context,
    args: &'a DoctorArgs,
    report: Option<&'a Report>,
    place: Place,
    programs: Programs,
}

impl<'a> Services<'a> {
    /// Does nothing yet.
    pub(super) fn new(context: &'a Context, args: &'a DoctorArgs, report: Option<&'a Report>) -> Self {
        let loaded = context.config().ok();
        let port =
            loaded.map_or(context.paths.default_port, |loaded| start::port(loaded, &context.paths, None).0);
        let token = loaded.and_then(|loaded| loaded.gateway.auth.token.get().cloned());
        let place = Place::here(&context.env, &context.paths, port, token);
        Services { context, args, report, place, programs: Programs::new() }
    }

    fn consents(&self, ui: &mut Ui, question: &str) -> Result<(), Refusal> {
        let may_ask = ui.interactive() && !self.args.non_interactive && !self.args.json;
        if self.args.yes || (may_ask && ui.confirm(question)) {
            return Ok(());
        }
        let command = self.context.hints(&ReachArgs::default()).local("doctor --fix --yes");
        Err(Refusal { why: "this needs your consent".to_owned(), fix: Some(command) })
    }

    /// Stops, disables and puts aside a former product's service.
    pub(super) fn retire(&self, ui: &mut Ui, extra: &Extra) -> Result<Done, Refusal> {
        self.consents(ui, &format!("Stop, disable and put aside {}?", extra.line()))?;
        let retired = legacy::retire(&self.place, &self.programs, extra).map_err(|error| {
            let fix = match &error {
                RetireError::NotOurs { command, .. } => Some(command.clone()),
                _ => extra.cleanup(self.place.uid).into_iter().next(),
            };
            Refusal { why: error.to_string(), fix }
        })?;
        Ok(Done {
            message: format!("{} is stopped, disabled and put aside.", escape(&retired.label, 120)),
            patch: vec![format!("- {}", extra.path.display()), format!("+ {}", retired.kept.display())],
            undo: Some(Undo::System(retired.undo)),
            outcome: None,
        })
    }

    /// Writes our unit anew, without secrets. A token that stands only there is saved to the configuration first: it
    /// is the one that clients have.
    pub(super) fn rewrite(&self, ui: &mut Ui, asks: bool) -> Result<Done, Refusal> {
        let definition = self.report.and_then(|report| report.definition.as_ref());
        let mut lost = definition.map(Definition::variables_of_others).unwrap_or_default();
        if definition.is_some_and(|definition| definition.token().is_some()) {
            lost.insert(0, "the token");
        }
        if asks {
            let without = match lost.as_slice() {
                [] => "so that it runs this program".to_owned(),
                lost => format!("for this program and without {} in it", escape(&lost.join(", "), 300)),
            };
            self.consents(ui, &format!("Write the service's unit anew, {without}?"))?;
        }
        let mut patch = Vec::new();
        let mut outcome = None;
        let loaded = self.context.config().ok();
        if let (Some(token), Some(loaded)) = (definition.and_then(|definition| definition.token()), loaded)
            && !loaded.gateway.auth.token.is_configured()
        {
            let editor = Editor::new(&self.context.paths, &self.context.env, ORIGIN, Millis(time::now_ms()))
                .argv(self.context.words.iter().cloned());
            let path = KeyPath::keys(["gateway", "auth", "token"]);
            let saved = editor
                .set(&path, token.expose().into())
                .map_err(|error| Refusal { why: error.to_string(), fix: None })?;
            patch.push("+ gateway.auth.token (the unit's own)".to_owned());
            outcome = Some(Box::new(saved));
        }
        let options = definition.map_or_else(UnitOptions::default, |definition| {
            UnitOptions::keeping(definition, self.place.port)
        });
        let written = Supervisor::new(&self.place, &self.programs)
            .rewrite(options)
            .map_err(|error| Refusal { why: error.to_string(), fix: None })?;
        if let Some(kept) = &written.kept {
            patch.push(format!("- {} (as it was)", kept.display()));
        }
        patch.push(format!("+ {}", written.path.display()));
        let restart = self.context.hints(&ReachArgs::default()).local("gateway restart");
        let undo = written.kept.as_ref().map(|kept| {
            Undo::System(format!(
                "mv {} {} && systemctl --user daemon-reload",
                in_shell(kept),
                in_shell(&written.path)
            ))
        });
        Ok(Done {
            message: format!(
                "The unit is current and holds no secret; it counts from the next start: {restart}"
            ),
            patch,
            undo,
            outcome,
        })
    }

    /// Starts the installed service.
    pub(super) fn start(&self) -> Result<Done, Refusal> {
        Supervisor::new(&self.place, &self.programs).start().map_err(|error| Refusal {
            why: error.to_string(),
            fix: Some(self.context.hints(&ReachArgs::default()).local("gateway start")),
        })?;
        Ok(Done {
            message: "The service was started.".to_owned(),
            patch: vec!["- stopped".to_owned(), "+ running".to_owned()],
            undo: Some(Undo::Own("gateway stop".to_owned())),
            outcome: None,
        })
    }
}
