//! The facts of the checks: what the survey found, and what this machine's files say.

use std::rc::Rc;
use std::time::Duration;

use openclaw_config::LoadError;
use openclaw_doctor::facts::{Devices, Door, Gateway, Local, Refused};
use openclaw_doctor::{Check, Facts, Finding};
use openclaw_os::lock::Purpose;
use openclaw_protocol::time::Millis;
use openclaw_service::Report;

use crate::args::doctor::DoctorArgs;
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::look::{OwnerView, Probe, Survey, Wishes};
use crate::version::VERSION;

/// Everything that was looked at.
pub(super) struct Looked {
    survey: Survey,
    local: Local,
    error: Option<Rc<LoadError>>,
}

/// Looks. Nothing is changed by it.
pub(super) async fn look(
    context: &Context,
    args: &DoctorArgs,
    patience: Duration,
) -> Result<Looked, Failure> {
    let wishes = Wishes { probe: true, deep: args.deep, patience };
    let survey = Survey::gather(context, &ReachArgs::default(), wishes).await?;
    let local = Local::gather(&context.paths, &context.env);
    Ok(Looked { survey, local, error: context.config().err() })
}

impl Looked {
    /// The supervisor's view.
    pub(super) fn service(&self) -> Option<&Report> {
        self.survey.service.as_ref()
    }

    /// Runs the checks on it.
    pub(super) fn findings(&self, context: &Context, wanted: impl Fn(&Check) -> bool) -> Vec<Finding> {
        let loaded = context.config();
        let config = match (&loaded, &self.error) {
            (Ok(loaded), _) => Ok(*loaded),
            (Err(error), None) => Err(error.as_ref()),
            (Err(_), Some(error)) => Err(error.as_ref()),
        };
        let gateway = gateway(&self.survey);
        let facts = Facts {
            paths: &context.paths,
            env: &context.env,
            config,
            vantage: context.vantage(),
            now: Millis(self.survey.at_ms),
            version: VERSION,
            container: openclaw_os::container::detect(),
            local: self.local.clone(),
            door: self.survey.probe.as_ref().filter(|_| is_worth_knowing(&self.survey, &gateway)).map(door),
            port: (self.survey.setup.port, self.survey.port.holders.clone()),
            service: self.survey.service.as_ref(),
            devices: devices(context, &self.survey),
            gateway,
        };
        openclaw_doctor::run(&facts, wanted)
    }
}

fn gateway(survey: &Survey) -> Gateway {
    match &survey.owner {
        OwnerView::Answers(answers) => Gateway::Answers(answers.status.clone()),
        OwnerView::Failed { why, .. } => Gateway::Silent(why.clone()),
        OwnerView::Absent => {
            match survey.lock.as_ref().filter(|held| held.purpose != Some(Purpose::Command)) {
                Some(held) => Gateway::Silent(format!("{held}, and its owner socket is not there")),
                None => Gateway::Stopped,
            }
        }
    }
}

/// That nobody answers at the address of a stopped gateway goes without saying.
fn is_worth_knowing(survey: &Survey, gateway: &Gateway) -> bool {
    !(survey.is_own && matches!(gateway, Gateway::Stopped))
}

fn door(probe: &Probe) -> Door {
    let outcome = match &probe.outcome {
        Ok(hit) => {
            let method = hit.auth_method.as_deref().map(|method| format!(" by {method}"));
            Ok(format!("{}, {}", method.unwrap_or_default(), hit.capability()))
        }
        Err(miss) => Err(Refused {
            sentence: miss.failure.message().to_owned(),
            cause: miss.failure.text_field("cause").map(str::to_owned),
            fix: miss.failure.fix_command().map(str::to_owned),
        }),
    };
    Door { url: probe.url.clone(), source: probe.source.clone(), outcome }
}

fn devices(context: &Context, survey: &Survey) -> Devices {
    match survey.owner.answers() {
        Some(answers) if answers.devices.is_object() => Devices::listed(&answers.devices),
        _ => Devices::viewed(&context.paths),
    }
}
