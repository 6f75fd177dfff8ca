//! What a start tells: to the log, and to people on standard output.

use openclaw_config::gateway::AuthMode;
use openclaw_config::report;
use openclaw_config::start::StartPlan;
use openclaw_pairing::OpenReport;

use crate::core::Core;
use crate::run::vantage;
use crate::version;

/// Tells what was started: to the log, and for people on standard output.
pub(crate) fn announce(
    core: &Core,
    plan: &StartPlan,
    listeners: &[std::net::TcpListener],
    created: bool,
    opened: &OpenReport,
) {
    let urls: Vec<String> = listeners
        .iter()
        .filter_map(|listener| listener.local_addr().ok())
        .map(|address| format!("ws://{address}"))
        .collect();
    tracing::info!(subsystem = "gateway", "listening on {} (PID {})", urls.join(", "), std::process::id());
    for warning in &plan.warnings {
        tracing::warn!(subsystem = "gateway", "{warning}");
    }
    for warning in report::warnings(&core.paths, &core.policy().loaded.issues) {
        tracing::warn!(subsystem = "gateway/config", "{warning}");
    }
    let config = core.paths.short(&core.paths.config_path);
    if created {
        tracing::info!(subsystem = "gateway", "first start: wrote {config} with a new token");
    }
    for sentence in opened.sentences() {
        tracing::warn!(subsystem = "gateway/pairing", "{sentence}");
    }
    let Some(logging) = &core.logging else { return };
    let devices = core.store.snapshot();
    let vantage = vantage(&core.paths);
    let auth = match plan.auth_mode {
        AuthMode::Token => format!("token   show it with: {}", vantage.openclaw("gateway auth-token --show")),
        AuthMode::Password => "password".to_owned(),
        AuthMode::TrustedProxy => "trusted proxy".to_owned(),
        AuthMode::None => "none: every program of this user is let in".to_owned(),
    };
    let host = match listeners.first().and_then(|listener| listener.local_addr().ok()) {
        Some(address) if !address.ip().is_unspecified() => address.ip().to_string(),
        _ => "127.0.0.1".to_owned(),
    };
    logging.announce(&format!(
        "\nOpenClaw {}\n  Listening  {}  (bind {})\n  Dashboard  http://{host}:{}/\n  Auth       {auth}\n  Config     {config}\n  Devices    {} paired, {} waiting   list them with: {}\n",
        version::VERSION,
        urls.join(" "),
        plan.bind,
        core.facts.port,
        devices.device_count(),
        devices.request_count(),
        vantage.openclaw("devices list"),
    ));
}
