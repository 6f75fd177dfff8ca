//! `gateway install` and `gateway uninstall`.

use std::time::Duration;

use openclaw_config::edit::Edit;
use openclaw_config::start::{self as plan, Overrides};
use openclaw_config::{KeyPath, first_run};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use openclaw_service::report::Linger;
use openclaw_service::running::{self, Running};
use openclaw_service::{Depth, ServiceError, UnitOptions, inspect};
use serde_json::{Map, json};

use super::answer;
use super::stop::held;
use super::{Site, refused, start};
use crate::args::service::{InstallArgs, VerbArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::numbers;
use crate::ui::{Style, Ui, time};

/// How long the service may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a gateway that gives way to the service may take.
const GIVES_WAY_WITHIN: Duration = Duration::from_secs(10);

/// Runs `gateway install`. `port`: given before the verb.
pub(crate) async fn install(
    context: &Context,
    ui: &mut Ui,
    args: &InstallArgs,
    port: Option<&str>,
) -> Outcome {
    let site = Site::new(context, "install", args.json);
    if context.env.flag("OPENCLAW_NIX_MODE") {
        return Err(site.failure("Nix mode detected; service install is disabled."));
    }
    // A variable of this shell chooses the port of every command typed here, so it chooses the service's, too.
    let port = numbers::port(args.port.as_deref().or(port).or(context.env.get("OPENCLAW_GATEWAY_PORT")))?;
    let supervisor = site.supervisor();
    let installed = supervisor.is_installed().map_err(|error| not_here(&site, &error))?;
    if installed && !args.force && supervisor.is_enabled().unwrap_or(false) {
        let lines = [
            "Gateway service already enabled.".to_owned(),
            format!("Reinstall with: {}", site.command("gateway install --force")),
        ];
        site.done(ui, "already-installed", true, &lines, Map::new());
        return Ok(0);
    }
    let mut warnings = prepare(&site, args)?;
    // One state has one gateway: what runs without the service gives way to it.
    let mut lines = Vec::new();
    if let Some(running) = site.running().filter(|running| !site.is_supervised(running)) {
        give_way(&site, &running)?;
        lines.push(format!(
            "Stopped the gateway that ran without a service (pid {}); the service takes over.",
            running.pid
        ));
    }
    let before = inspect(&site.place, &site.programs, Depth::Usual);
    if before.definition.as_ref().is_some_and(|definition| definition.token().is_some()) {
        warnings.push(
            "The service carried a gateway token; it uses the one of the configuration now.".to_owned(),
        );
    }
    let options = match (port, &before.definition) {
        (Some(port), _) => UnitOptions { port: Some(port) },
        (None, _) => UnitOptions::default(),
    };
    let written = supervisor.install(options).map_err(|error| match error {
        ServiceError::Refused(_) => start::did_not(&site, &error),
        error => refused(&site, &error),
    })?;
    lines.insert(
        0,
        format!("Installed {} service: {}", site.manager().label(), context.paths.short(&written.path)),
    );
    if let Some(kept) = &written.kept {
        lines.push(format!("What was there before: {}", context.paths.short(kept)));
    }
    if answer::wait(&site, &answer::Before::default(), PATIENCE, || false).await.is_none() {
        return Err(site
            .failure(format!(
                "The service is installed, and its gateway does not answer within {}.",
                answer::shown(PATIENCE)
            ))
            .detail(format!("Logs: journalctl --user -u {} -n 50 --no-pager", site.place.name()))
            .fix(site.command("doctor")));
    }
    if inspect(&site.place, &site.programs, Depth::Usual).linger == Linger::Disabled {
        warnings.push(
            "The service ends when you log out. To keep it, and to have it start with the machine: loginctl enable-linger"
                .to_owned(),
        );
    }
    if !site.json {
        for warning in &warnings {
            ui.note_styled(Style::Warn, warning);
        }
    }
    let mut more = Map::new();
    more.insert("path".into(), json!(written.path));
    if !warnings.is_empty() {
        more.insert("warnings".into(), json!(warnings));
    }
    site.done(ui, "installed", true, &lines, more);
    Ok(0)
}

/// Makes sure that the service would start: a configuration, a mode, a secret. A service that fails at once would only
/// move the question into a journal that nobody reads.
fn prepare(site: &Site<'_>, args: &InstallArgs) -> Result<Vec<String>, Failure> {
    let context = site.context;
    let (paths, env) = (&context.paths, &context.env);
    let blocked = |why: String| site.failure(format!("Gateway install blocked: {why}"));
    let mut warnings = Vec::new();
    match first_run::create_config(paths, env) {
        Ok(Some(_)) => warnings.push(format!("Wrote {} with a new token.", paths.short(&paths.config_path))),
        Ok(None) => {}
        Err(error) => return Err(blocked(format!("{}: {error}", paths.config_path.display()))),
    }
    if let Some(token) = args.token.as_deref().and_then(Secret::present) {
        store(site, &token)?;
    }
    let loaded = openclaw_config::load(paths, env).map_err(|error| {
        blocked("the configuration cannot be read.".to_owned())
            .details(context.invalid_config(&error.issues()))
            .fix(site.command("doctor --fix"))
    })?;
    let mut asked = loaded.clone();
    asked.resolve_exec_secrets(paths);
    // The service does not have this shell's variables: what counts is what it will see.
    let plan = plan::plan(&asked, paths, &Overrides::default()).map_err(|refusal| {
        let mut lines = refusal.lines.into_iter();
        let failure = blocked(lines.next().unwrap_or_default());
        failure.details(lines).fix(site.command("doctor --fix"))
    })?;
    let stored = loaded.gateway.auth.token.get().is_some();
    if plan.generate_token {
        first_run::store_token(paths, env, "gateway install", Millis(time::now_ms()))
            .map_err(|error| blocked(format!("a token cannot be saved: {error}")))?;
        warnings.push("No gateway token found. Generated one and saved it to config.".to_owned());
    } else if !stored && plan.token.is_some() && context.env.get("OPENCLAW_GATEWAY_TOKEN").is_some() {
        // The service has no variables of this shell, and secrets do not belong into its definition.
        if let Some(token) = &plan.token {
            store(site, &token.secret)?;
        }
        warnings.push("Saved OPENCLAW_GATEWAY_TOKEN to config, because the service does not see this shell's variables.".to_owned());
    }
    Ok(warnings)
}

fn store(site: &Site<'_>, token: &Secret) -> Result<(), Failure> {
    let path = KeyPath::keys(["gateway", "auth", "token"]);
    let edit = Edit::Set { path, value: token.expose().into() };
    let context = site.context;
    openclaw_config::edit::Editor::new(
        &context.paths,
        &context.env,
        "gateway install",
        Millis(time::now_ms()),
    )
    .edits(&[edit])
    .map(|_| ())
    .map_err(|error| site.failure(format!("Gateway install blocked: the token cannot be saved: {error}")))
}

fn give_way(site: &Site<'_>, running: &Running) -> Result<(), Failure> {
    if let Some(failure) = site.out_of_reach(running, "disable --now") {
        return Err(failure);
    }
    let process = running.hold(&site.place.paths.state_dir).map_err(|error| held(site, running, &error))?;
    match running::end(&process, GIVES_WAY_WITHIN, false) {
        Ok(true) => Ok(()),
        Ok(false) => Err(site
            .failure(format!(
                "Gateway install blocked: the gateway (pid {}) that runs now does not stop.",
                running.pid
            ))
            .fix(site.command("gateway stop --force"))),
        Err(error) => Err(held(site, running, &error)),
    }
}

/// There is no supervisor to install anything into: what serves instead.
fn not_here(site: &Site<'_>, error: &ServiceError) -> Failure {
    let failure = refused(site, error);
    let failure = if openclaw_os::container::detect().is_some() {
        failure.detail(
            "If you're in a container, run the gateway in the foreground instead of `openclaw gateway`.",
        )
    } else {
        failure.detail("Without a supervisor the gateway can run in the background until the next reboot:")
    };
    failure.fix(site.command("gateway start"))
}

/// Runs `gateway uninstall`.
pub(crate) async fn uninstall(context: &Context, ui: &mut Ui, args: &VerbArgs) -> Outcome {
    let site = Site::new(context, "uninstall", args.json);
    if context.env.flag("OPENCLAW_NIX_MODE") {
        return Err(site.failure("Nix mode detected; service uninstall is disabled."));
    }
    match site.supervisor().uninstall() {
        Ok(path) => {
            let line = format!("Removed {} service: {}", site.manager().label(), context.paths.short(&path));
            let mut more = Map::new();
            more.insert("path".into(), json!(path));
            site.done(ui, "uninstalled", false, &[line], more);
            Ok(0)
        }
        Err(error @ ServiceError::NotInstalled { .. }) => {
            Err(site.failure(error.to_string()).field("result", "not-loaded"))
        }
        Err(error) => Err(refused(&site, &error)),
    }
}
