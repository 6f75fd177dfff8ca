//! What a start tells: to the log, and to people on standard output.

use std::net::{Ipv4Addr, SocketAddr};

use openclaw_config::gateway::{AuthMode, ControlUi};
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
    let dashboard = dashboard(&core.policy().loaded.gateway.control_ui, reached_at(core));
    logging.announce(&format!(
        "\nOpenClaw {}\n  Listening  {}  (bind {})\n  Dashboard  {dashboard}\n  Auth       {auth}\n  Config     {config}\n  Devices    {} paired, {} waiting   list them with: {}\n",
        version::VERSION,
        urls.join(" "),
        plan.bind,
        devices.device_count(),
        devices.request_count(),
        vantage.openclaw("devices list"),
    ));
}

/// An address at which this machine reaches the gateway.
fn reached_at(core: &Core) -> SocketAddr {
    match core.facts.listening.first() {
        Some(address) if !address.ip().is_unspecified() => *address,
        _ => SocketAddr::from((Ipv4Addr::LOCALHOST, core.facts.port)),
    }
}

/// The page's address for this machine, when there is a page.
pub(crate) fn page_address(core: &Core) -> Option<String> {
    let policy = core.policy();
    let control_ui = &policy.loaded.gateway.control_ui;
    let there = control_ui.enabled && openclaw_control_ui::page().is_ok();
    there.then(|| format!("http://{}{}/", reached_at(core), control_ui.base_path))
}

/// Where the page is, or why there is none.
fn dashboard(control_ui: &ControlUi, at: SocketAddr) -> String {
    if !control_ui.enabled {
        return "switched off (gateway.controlUi.enabled is false)".to_owned();
    }
    let without = if openclaw_control_ui::page().is_err() {
        "   built without the page: open it for how to get it"
    } else {
        ""
    };
    format!("http://{at}{}/{without}", control_ui.base_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashboard_is_where_it_is_served() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let shown = |control_ui: &ControlUi, address: &str| {
            dashboard(control_ui, at(address)).split("   ").next().unwrap().to_owned()
        };
        let plain = ControlUi::default();
        let below = ControlUi { base_path: "/claw".into(), ..ControlUi::default() };
        assert_eq!(shown(&plain, "127.0.0.1:18789"), "http://127.0.0.1:18789/");
        assert_eq!(shown(&below, "[::1]:18789"), "http://[::1]:18789/claw/");
        let off = ControlUi { enabled: false, ..below };
        assert!(shown(&off, "127.0.0.1:18789").starts_with("switched off"));
    }
}
