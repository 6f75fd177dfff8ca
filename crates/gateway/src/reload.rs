//! Following the configuration and the devices' readable view while the gateway runs, and the signals that end it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_admission::Auth;
use openclaw_config::reload::{Decision, plan};
use openclaw_config::start::Overrides;
use openclaw_config::watch::Watcher;
use openclaw_config::{Loaded, first_run, start};
use openclaw_protocol::refusal::{InvalidatedWhy, Refusal};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::lifecycle::{Signal, Signals};
use crate::logging::{self, Level, Settings as LogSettings};
use crate::news;
use crate::serve::Ending;
use crate::settings::Settings;
use crate::version;

/// The original's words for a gateway whose owner does not want it restarted from outside (cli spec §6.3).
const RESTART_DISABLED: &str =
    "Gateway restart is disabled in the running gateway config (commands.restart=false)";

/// What was asked of the log besides the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogOverrides {
    pub(crate) flag: Option<Level>,
    pub(crate) verbose: bool,
    pub(crate) colour: bool,
    pub(crate) profile: Option<String>,
    pub(crate) environment: Option<String>,
}

/// The log's settings under a configuration.
pub(crate) fn logging_settings(loaded: &Loaded, asked: &LogOverrides) -> LogSettings {
    let (settings, problem) = LogSettings::resolve(
        &loaded.gateway.logging,
        &logging::Overrides {
            flag: asked.flag,
            environment: asked.environment.clone(),
            verbose: asked.verbose,
            profile: asked.profile.clone(),
            colour: asked.colour,
            version: version::VERSION.to_owned(),
        },
    );
    if let Some(problem) = problem {
        tracing::warn!(subsystem = "gateway", "{problem}");
    }
    settings
}

/// The addresses of this host's interfaces.
pub(crate) fn own_addresses() -> Vec<IpAddr> {
    let interfaces = openclaw_os::host::interfaces().unwrap_or_default();
    interfaces
        .into_iter()
        .map(|interface| interface.address)
        .filter(|address| !address.is_loopback())
        .collect()
}

/// Waits until the gateway must end, and follows changes of the files meanwhile.
pub(crate) async fn until_told(core: Arc<Core>, mut signals: Signals, overrides: Overrides) -> Ending {
    let (changed, mut changes) = mpsc::unbounded_channel::<Vec<PathBuf>>();
    let (files, debounce) = {
        let settings = core.policy();
        (watched(&core, &settings.loaded), Duration::from_millis(settings.loaded.gateway.reload.debounce_ms))
    };
    let watcher = Watcher::start(files, debounce, move |files| {
        // The receiver is gone only when the gateway ends.
        changed.send(files.to_vec()).ok();
    });
    let watcher = watcher
        .inspect_err(|error| {
            tracing::warn!(subsystem = "gateway/reload", "changes of files are not followed: {error}")
        })
        .ok();
    // A change that came after the start had read the file and before anybody watched it.
    if !is_as_read(&core) && config_changed(&core, &overrides).await == Some(Ending::Restart) {
        return Ending::Restart;
    }
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Stop(name) => {
                    tracing::info!(subsystem = "gateway", "signal {name} received");
                    tracing::info!(subsystem = "gateway", "received {name}; shutting down");
                    return Ending::Stop;
                }
                Signal::Restart(name) => {
                    tracing::info!(subsystem = "gateway", "signal {name} received");
                    if may_restart(&core, &overrides, name).is_ok() {
                        tracing::info!(subsystem = "gateway", "received {name}; restarting");
                        return Ending::Restart;
                    }
                }
            },
            asked = core.restart_wanted() => {
                let verdict = may_restart(&core, &overrides, "a request");
                let restarts = verdict.is_ok();
                // Who asked may be gone; the verdict stands all the same.
                asked.send(verdict).ok();
                if restarts {
                    tracing::info!(subsystem = "gateway", "a restart was requested; restarting");
                    // Room for the answer to leave before the goodbye.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    return Ending::Restart;
                }
            }
            Some(files) = changes.recv() => {
                let view = &core.store.paths().paired;
                if files.iter().any(|file| file == view) {
                    core.store.check_hand_edits().await;
                }
                if files.iter().any(|file| file != view) && config_changed(&core, &overrides).await == Some(Ending::Restart) {
                    return Ending::Restart;
                }
                if let Some(watcher) = &watcher {
                    watcher.watch(watched(&core, &core.policy().loaded));
                }
            }
        }
    }
}

fn watched(core: &Core, loaded: &Loaded) -> Vec<PathBuf> {
    let mut files =
        vec![core.paths.config_path.clone(), core.paths.dotenv(), core.store.paths().paired.clone()];
    files.extend(loaded.includes.iter().cloned());
    files
}

/// Whether the configuration file is still the one in force; a file that cannot be read is no other one.
fn is_as_read(core: &Core) -> bool {
    let Ok(bytes) = std::fs::read(&core.paths.config_path) else { return true };
    core.policy().loaded.hash.as_deref() == Some(openclaw_config::hash_of(&bytes).as_str())
}

/// A restart into a configuration that does not start would end the gateway: then it stays, and says why.
fn may_restart(core: &Core, overrides: &Overrides, asked_by: &str) -> Result<(), Vec<String>> {
    let allowed =
        core.policy().loaded.value.pointer("/commands/restart").and_then(serde_json::Value::as_bool);
    if allowed == Some(false) {
        tracing::warn!(
            subsystem = "gateway",
            "{asked_by} asks for a restart, but commands.restart is false; ignored"
        );
        return Err(vec![RESTART_DISABLED.to_owned()]);
    }
    let refusal = match openclaw_config::load(&core.paths, &core.env) {
        Ok(mut loaded) => {
            core.while_spawning(|| loaded.resolve_exec_secrets(&core.paths));
            start::plan(&loaded, &core.paths, overrides).err().map(|refusal| refusal.lines)
        }
        Err(error) => Some(vec![error.to_string()]),
    };
    if let Some(lines) = &refusal {
        tracing::error!(
            subsystem = "gateway",
            "no restart: the gateway would not start again, so it keeps running as it is. {}",
            lines.join(" ")
        );
    }
    refusal.map_or(Ok(()), Err)
}

/// Takes a changed file into force, and tells the pages that there is another one: also when it cannot be taken over, since
/// whoever edits it wants to see that.
async fn config_changed(core: &Arc<Core>, overrides: &Overrides) -> Option<Ending> {
    let ending = take_over(core, overrides).await;
    news::config_changed(core);
    ending
}

/// Takes a changed file into force, as far as that goes without a restart.
async fn take_over(core: &Arc<Core>, overrides: &Overrides) -> Option<Ending> {
    let loaded = {
        let (core, overrides) = (core.clone(), overrides.clone());
        let read = tokio::task::spawn_blocking(move || {
            let loaded = read(&core)?;
            if wants_first_token(&core, &loaded, &overrides) {
                make_first_token(&core);
                return read(&core);
            }
            Ok(loaded)
        });
        match read.await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) => {
                tracing::warn!(
                    subsystem = "gateway/reload",
                    "config reload skipped (invalid config): {error}"
                );
                return None;
            }
            Err(_) => return None,
        }
    };
    if !loaded.exists {
        tracing::warn!(subsystem = "gateway/reload", "config reload skipped (config file not found)");
        return None;
    }
    if !loaded.is_valid() {
        let issues: Vec<String> = loaded.issues.iter().map(ToString::to_string).collect();
        tracing::warn!(
            subsystem = "gateway/reload",
            "config reload skipped (invalid config): {}",
            issues.join("; ")
        );
        return None;
    }
    let before = core.policy().clone();
    let mode = loaded.gateway.reload.mode;
    let change = plan(&before.loaded.value, &loaded.value);
    if change.is_empty() {
        return None;
    }
    let keys = change.changed_paths.join(", ");
    tracing::info!(subsystem = "gateway/reload", "config change detected; evaluating reload ({keys})");
    match change.decide(mode) {
        Decision::Nothing => core.set_policy(Settings { loaded, ..(*before).clone() }),
        Decision::Apply => apply(core, &before, loaded, overrides),
        Decision::ApplyAndWait => {
            apply(core, &before, loaded, overrides);
            tracing::warn!(
                subsystem = "gateway/reload",
                "config reload requires gateway restart; hot mode ignoring ({keys})"
            );
        }
        Decision::Restart => {
            tracing::info!(subsystem = "gateway/reload", "config change requires gateway restart ({keys})");
            if may_restart(core, overrides, "the changed configuration").is_ok() {
                return Some(Ending::Restart);
            }
            // A new secret must not wait for a restart that does not come.
            apply(core, &before, loaded, overrides);
        }
        Decision::Disabled => {
            tracing::info!(subsystem = "gateway/reload", "config reload disabled (gateway.reload.mode=off)");
        }
    }
    None
}

fn read(core: &Core) -> Result<Loaded, openclaw_config::LoadError> {
    let mut loaded = openclaw_config::load(&core.paths, &core.env)?;
    core.while_spawning(|| loaded.resolve_exec_secrets(&core.paths));
    Ok(loaded)
}

/// Whether the file changed over to tokens and nobody has made one yet. (One that was taken out stays in force.)
fn wants_first_token(core: &Core, loaded: &Loaded, overrides: &Overrides) -> bool {
    loaded.exists
        && loaded.is_valid()
        && core.policy().plan.token.is_none()
        && loaded.gateway.reload.mode != openclaw_config::gateway::ReloadMode::Off
        && start::plan(loaded, &core.paths, overrides).is_ok_and(|plan| plan.generate_token)
}

/// As at a start in token mode without a token (ruling 12).
fn make_first_token(core: &Core) {
    match first_run::store_token(&core.paths, &core.env, "gateway", core.now()) {
        Ok((token, _)) => {
            logging::mask(&token);
            tracing::info!(subsystem = "gateway/reload", "token mode without a token: made one");
        }
        Err(error) => {
            tracing::error!(
                subsystem = "gateway/reload",
                "token mode without a token, and a generated one cannot be saved: {error}"
            );
        }
    }
}

fn apply(core: &Core, before: &Settings, loaded: Loaded, overrides: &Overrides) {
    let (plan, notes) = before.plan.after_reload(&loaded, &core.paths, overrides);
    for note in notes {
        tracing::warn!(subsystem = "gateway/reload", "{note}");
    }
    for secret in [&plan.token, &plan.password].into_iter().flatten() {
        logging::mask(&secret.secret);
    }
    let now = Settings::new(loaded, plan, own_addresses());
    let secret_changed = before.shared_secret() != now.shared_secret()
        || before.admission.auth.name() != now.admission.auth.name();
    let auth_changed = before.admission.auth != now.admission.auth
        || (matches!(now.admission.auth, Auth::TrustedProxy(_))
            && before.admission.trusted_proxies != now.admission.trusted_proxies);
    core.set_policy(now);
    if auth_changed {
        let close = Refusal::Invalidated { why: InvalidatedWhy::AuthChanged };
        let devices = core.store.snapshot();
        let closed = core.close_invalidated(&close, |connection| {
            let device = connection.authority.device.as_ref().and_then(|id| devices.device(id));
            connection.by_gateway_auth || (secret_changed && device.is_some_and(|device| device.is_browser()))
        });
        tracing::info!(
            subsystem = "gateway/reload",
            "gateway.auth changed; {closed} connections that came in by the old settings were closed"
        );
    }
    tracing::info!(subsystem = "gateway/reload", "config hot reload applied");
}
