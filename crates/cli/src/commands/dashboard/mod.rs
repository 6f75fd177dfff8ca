//! `openclaw dashboard` (cli §12): opens the dashboard, or says how to get to it. Works with the gateway stopped and
//! without any access to it. The token stands only in the fragment of the link, which no server sees, and only on a
//! terminal (acceptance N-05); JSON never has it.

mod desktop;
mod handover;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use openclaw_client::GatewayUrl;
use openclaw_config::gateway::{AuthMode, Bind};
use openclaw_protocol::secret::Secret;
use serde_json::json;

use self::desktop::Desktop;
use self::handover::Handover;
use super::gateway::auth_token;
use super::live::listens_on;
use super::tunnel::line::SshDoor;
use crate::args::dashboard::DashboardArgs;
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::hint::Hints;
use crate::reach::live::{self, Live};
use crate::reach::{Inputs, page_of};
use crate::ui::{Style, Ui};

/// How long the gateway may take to answer that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the dashboard is.
struct Page {
    /// Its address without any secret.
    url: String,
    /// The WebSocket address beside it.
    websocket: String,
    port: u16,
    /// Where the gateway of this machine listens; `None` when the configuration names one of another machine.
    own: Option<SocketAddr>,
    /// The address for other machines of the same network.
    lan: Option<String>,
    /// Nobody between the browser and the gateway can change the page, which reads the token from the link.
    may_have_token: bool,
}

/// Prints the link and opens it.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &DashboardArgs) -> Outcome {
    let reach = ReachArgs::default();
    let inputs = Inputs::gather(context, &reach)?;
    let page = find(&inputs)?;
    let in_container = openclaw_os::container::detect().is_some();
    let door = SshDoor::here(&context.env, in_container);
    let tunnel = page.own.map(|own| door.line(page.port, own));
    let running = match page.own {
        Some(own) => Some(live::look(own, PATIENCE).await == Live::Gateway),
        None => None,
    };
    if args.json {
        ui.json(&json!({
            "url": page.url,
            "browserUrl": page.url,
            "browserBootstrapExpiresAtMs": null,
            "httpUrl": page.url,
            "wsUrl": page.websocket,
            "port": page.port,
            "tokenIncluded": false,
            "running": running,
            "tunnel": tunnel,
        }));
        return Ok(0);
    }
    let token = if page.may_have_token { token(context, ui, &inputs) } else { None };
    if !page.may_have_token {
        ui.note(
            "The token is left out: over http:// whoever is on the way could change the page that reads it.",
        );
    }
    let link = token.as_ref().map(|token| format!("{}#token={}", page.url, in_fragment(token.expose())));
    let shown = link.as_ref().filter(|_| ui.terminal().output).unwrap_or(&page.url).clone();
    let desktop = desktop::find(&context.env, std::env::consts::OS, in_container);
    let here = if page.leaves_the_machine(&desktop) { &page.url } else { &shown };
    ui.line(format!("Dashboard URL: {here}"));
    if let Some(lan) = &page.lan {
        ui.line(format!("From other machines of this network: {lan}"));
    }
    let hints = context.hints(&reach);
    if link.is_some() && !ui.terminal().output {
        let show = hints.local("gateway auth-token --show");
        ui.note(format!("The token is left out, because this is not a terminal. Show it with: {show}"));
    }
    if running == Some(false) {
        ui.note_styled(Style::Warn, "Gateway is not running.");
        ui.note_styled(Style::Command, format!("Fix: {}", hints.local("gateway start")));
    }
    let served = page.own.is_none() || say_what_keeps_the_page_away(ui, &inputs, &hints);
    match desktop {
        _ if !served => {}
        _ if args.no_open => ui.line("Browser launch disabled (--no-open). Use the URL above."),
        Desktop::Opener(_) if running == Some(false) => {}
        Desktop::Opener(opener) => open(ui, &opener, &page.url, link).await,
        Desktop::NoOpener => ui.line("Nothing here opens pages (xdg-open is missing). Use the URL above."),
        Desktop::Elsewhere => elsewhere(ui, &page, tunnel.as_deref(), &shown, &door, in_container),
    }
    Ok(0)
}

/// Says why the gateway of this machine shows no dashboard, and returns whether there is a page to open.
fn say_what_keeps_the_page_away(ui: &mut Ui, inputs: &Inputs<'_>, hints: &Hints) -> bool {
    let enabled = inputs.config.control_ui.enabled;
    if !enabled {
        ui.note_styled(Style::Warn, "The dashboard is switched off: gateway.controlUi.enabled is false.");
        let fix = hints.local("config set gateway.controlUi.enabled true");
        ui.note_styled(Style::Command, format!("Fix: {fix}"));
    } else if openclaw_control_ui::page().is_err() {
        // The gateway is the same program, nearly always.
        ui.note_styled(Style::Warn, "This openclaw was built without the dashboard; the page says why.");
        ui.note_styled(Style::Command, "Fix: OPENCLAW_UI=required cargo install --path crates/cli");
    }
    enabled
}

impl Page {
    /// Whoever opens its address does so from another computer, over plain HTTP: no place for a token.
    fn leaves_the_machine(&self, desktop: &Desktop) -> bool {
        *desktop == Desktop::Elsewhere && self.own.is_some_and(|own| !own.ip().is_loopback())
    }
}

/// The page of the configured gateway: of this machine, or of `gateway.remote.url`.
fn find(inputs: &Inputs<'_>) -> Result<Page, Failure> {
    if inputs.is_remote_mode()
        && let Some(url) = inputs.config.remote.url.as_deref()
    {
        let url = GatewayUrl::parse(url).map_err(|error| {
            Failure::new(format!("gateway.remote.url: {error}"))
                .fix("openclaw config set gateway.remote.url wss://<host>")
        })?;
        return Ok(Page {
            url: page_of(&url),
            websocket: url.to_string(),
            port: url.port,
            own: None,
            lan: None,
            may_have_token: url.tls || url.is_loopback(),
        });
    }
    let own = SocketAddr::new(listens_on(inputs), inputs.local_port());
    let base = &inputs.config.control_ui.base_path;
    let lan = || openclaw_os::host::primary_ip().map(|ip| SocketAddr::new(ip, own.port()));
    let everywhere = matches!(inputs.config.bind, Some(Bind::Lan | Bind::Auto));
    Ok(Page {
        url: format!("http://{own}{base}/"),
        websocket: format!("ws://{own}"),
        port: own.port(),
        own: Some(own),
        lan: everywhere.then(lan).flatten().map(|at| format!("http://{at}{base}/")),
        may_have_token: true,
    })
}

/// The token for the link. That there is none is no failure: the page asks for it.
fn token(context: &Context, ui: &mut Ui, inputs: &Inputs<'_>) -> Option<Secret> {
    if inputs.is_remote_mode() {
        return context.with_secrets_asked(&inputs.config).remote.token.get().cloned();
    }
    match auth_token::find(context) {
        Ok(found) => Some(found.token),
        // These modes have no token, and the page knows what to ask for.
        Err(_) if matches!(inputs.config.auth.mode, Some(AuthMode::None | AuthMode::TrustedProxy)) => None,
        Err(failure) => {
            ui.note(format!("Token auto-auth unavailable: {}", failure.message()));
            None
        }
    }
}

/// The token as a fragment may hold it.
fn in_fragment(token: &str) -> String {
    let mut text = String::with_capacity(token.len());
    for byte in token.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Starts the browser: with the page itself, or, when there is a token to hand over, by way of this process.
async fn open(ui: &mut Ui, opener: &Path, page: &str, link: Option<String>) {
    let opened = match link {
        None => start(opener, page),
        Some(link) => match Handover::prepare(link).await.and_then(|it| Ok((it.address()?, it))) {
            Ok((address, handover)) => {
                ui.flush();
                start(opener, &address) && handover.serve().await
            }
            Err(_) => start(opener, page),
        },
    };
    if opened {
        ui.line("Opened in your browser. Keep that tab to control OpenClaw.");
    } else {
        ui.line("The browser did not open the page. Use the URL above.");
    }
}

fn start(opener: &Path, address: &str) -> bool {
    let quiet = Stdio::null;
    Command::new(opener).arg(address).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_ok()
}

/// The person is at another computer: what to type there.
fn elsewhere(ui: &mut Ui, page: &Page, tunnel: Option<&str>, link: &str, door: &SshDoor, in_container: bool) {
    let Some(tunnel) = tunnel else {
        return ui.line("No GUI detected. Open the URL above on a computer that has one.");
    };
    if in_container {
        ui.line(
            "This is a container. If its port is published, open the URL above on the machine that runs it;",
        );
        ui.line("from any other computer, with that machine as user@host:");
    } else {
        ui.line("No GUI detected. Open from your computer:");
    }
    ui.styled(Style::Command, tunnel);
    ui.line("Then open:");
    // At the other end of the tunnel the gateway is on loopback, wherever it listens here.
    let local = format!("http://localhost:{}/", page.port);
    let path =
        link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
    ui.line(format!("{local}{path}"));
    if !door.is_complete() && !in_container {
        ui.line("Put the name you log in with, and this machine's address, in place of user@host.");
    }
}

#[cfg(test)]
mod tests;
