//! `openclaw tunnel user@host`: reaches the gateway of another machine through ssh, looks whether it answers, and says
//! what to open. What does not work is told apart: the name, the way, the login, the forwarding, the gateway itself.

pub(super) mod line;
mod ssh;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use openclaw_protocol::words::escape;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use self::line::{is_host, is_user};
use self::ssh::{Route, Ssh, Trouble};
use crate::args::tunnel::TunnelArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::numbers;
use crate::reach::live::{self, Live};
use crate::ui::{Style, Ui};

/// Where gateways listen.
const GATEWAY_PORT: u16 = 18789;
/// Where the search for a free port on this machine begins when that one is taken; guides use this number.
const OTHER_PORT: u16 = 19999;
/// How many ports are tried.
const PORTS_TRIED: u16 = 32;
/// Milliseconds until a tunnel counts as failed; somebody may have to type a password meanwhile.
const TIMEOUT_MS: u64 = 60_000;
/// For one look through the tunnel.
const LOOK: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How long ssh may take to say why a connection through it was cut.
const COMPLAINT: Duration = Duration::from_millis(1_500);

/// Opens the tunnel, checks it, and keeps it until it is closed.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &TunnelArgs) -> Outcome {
    if args.json && !args.check {
        return Err(Failure::new("--json goes with --check: without it the tunnel stays open."));
    }
    let patience = numbers::positive("--timeout <ms>", args.timeout.as_deref(), TIMEOUT_MS)?;
    let route = route(context, ui, args)?;
    let mut ssh = Ssh::start(&route, ui.interactive()).map_err(|trouble| failure(&route, trouble, None))?;
    open(&mut ssh, &route, Duration::from_millis(patience)).await?;
    let page = format!("http://127.0.0.1:{}/", route.local);
    let websocket = format!("ws://127.0.0.1:{}", route.local);
    if args.json {
        ui.json(&json!({
            "ok": true, "url": page, "wsUrl": websocket, "localPort": route.local, "remotePort": route.remote,
            "target": route.target,
        }));
        return Ok(0);
    }
    ui.styled(
        Style::Good,
        format!(
            "The tunnel works: 127.0.0.1:{} here is port {} of {}, and its gateway answers.",
            route.local, route.remote, route.target
        ),
    );
    ui.line(format!("Open: {page}"));
    ui.line("Its token is shown there by: openclaw gateway auth-token --show");
    let program = context.paths.command();
    ui.line(format!("From this machine: {program} devices list --url {websocket} --token <token>"));
    if args.check {
        return Ok(0);
    }
    ui.line("Ctrl+C closes the tunnel.");
    ui.flush();
    keep(context, ui, ssh, &route).await
}

/// What the options, and the configuration in their place, ask for.
fn route(context: &Context, ui: &mut Ui, args: &TunnelArgs) -> Result<Route, Failure> {
    let remote = context.config().ok().map(|loaded| &loaded.gateway.remote);
    let configured = || remote.and_then(|remote| remote.ssh_target.clone());
    let Some(target) = args.target.clone().or_else(configured) else {
        return Err(Failure::new("Where does the gateway run?").fix("openclaw tunnel <user>@<host>"));
    };
    let (user, host) = match target.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, target.as_str()),
    };
    if !user.is_none_or(is_user) || !is_host(host) {
        return Err(Failure::new(format!("{} is not user@host.", escape(&target, 80)))
            .fix("openclaw tunnel <user>@<host>"));
    }
    let identity = args.identity.clone().or_else(|| remote.and_then(|remote| remote.ssh_identity.clone()));
    let wanted = numbers::port(args.local_port.as_deref())?;
    let there = numbers::port(args.port.as_deref())?.unwrap_or(GATEWAY_PORT);
    let local = local_port(ui, wanted, there)?;
    Ok(Route { target, local, remote: there, ssh_port: numbers::port(args.ssh_port.as_deref())?, identity })
}

/// A free port on this machine. The one that was asked for must be it; else the number of the other side is nicest.
fn local_port(ui: &mut Ui, wanted: Option<u16>, there: u16) -> Result<u16, Failure> {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    if let Some(port) = wanted {
        return if free(port) { Ok(port) } else { Err(taken(port)) };
    }
    if free(there) {
        return Ok(there);
    }
    let mut others = (0..PORTS_TRIED).map(|step| OTHER_PORT.wrapping_add(step));
    let other = others.find(|port| free(*port)).ok_or_else(|| taken(there))?;
    ui.note(format!("Port {there} is taken on this machine{}; using {other} here.", holder(there)));
    Ok(other)
}

fn holder(port: u16) -> String {
    let holders = openclaw_os::port_owner::port_owner(port);
    let named = holders.iter().find_map(|holder| Some((holder.name.as_deref()?, holder.pid?)));
    named.map(|(name, pid)| format!(" by {} (pid {pid})", escape(name, 40))).unwrap_or_default()
}

fn taken(port: u16) -> Failure {
    Failure::new(format!("Port {port} of this machine is taken{}.", holder(port)))
        .detail("Give the tunnel another one with --local-port.")
        .field("cause", "C-18")
}

/// Waits until the gateway answers through the tunnel, or it is clear that it will not.
async fn open(ssh: &mut Ssh, route: &Route, patience: Duration) -> Result<(), Failure> {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, route.local));
    let end = Instant::now() + patience;
    let mut cut_since: Option<Instant> = None;
    loop {
        if ssh.ended().is_some() {
            ssh.last_words();
            let trouble = ssh.trouble().unwrap_or(Trouble::NoAnswer);
            return Err(failure(route, trouble, ssh.last_line()));
        }
        match live::look(at, LOOK.min(patience)).await {
            Live::Gateway => return Ok(()),
            Live::Foreign { status } => return Err(foreign(route, status)),
            Live::Nothing => {}
            Live::Cut | Live::Timeout => {
                let since = *cut_since.get_or_insert_with(Instant::now);
                ssh.hear();
                match ssh.trouble() {
                    Some(trouble @ (Trouble::NothingThere | Trouble::Forbidden)) => {
                        return Err(failure(route, trouble, ssh.last_line()));
                    }
                    _ if since.elapsed() > COMPLAINT && Instant::now() >= end => {
                        return Err(failure(route, Trouble::NothingThere, None));
                    }
                    _ => {}
                }
            }
        }
        if Instant::now() >= end {
            ssh.hear();
            let trouble = ssh.trouble().unwrap_or(Trouble::NoAnswer);
            return Err(failure(route, trouble, ssh.last_line()));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Passes on what ssh says until it ends, or until somebody closes the tunnel.
async fn keep(context: &Context, ui: &mut Ui, mut ssh: Ssh, route: &Route) -> Outcome {
    let listen = |kind| signal(kind).map_err(|why| Failure::new(format!("Signals cannot be caught: {why}.")));
    let mut interrupted = listen(SignalKind::interrupt())?;
    let mut asked_to_end = listen(SignalKind::terminate())?;
    let mut hung_up = listen(SignalKind::hangup())?;
    loop {
        for line in ssh.hear() {
            ui.note(format!("ssh: {line}"));
        }
        if let Some(status) = ssh.ended() {
            ssh.last_words();
            let trouble = ssh.trouble();
            let why = ssh.last_line().map_or_else(|| format!("ssh ended with {status}"), str::to_owned);
            return Err(Failure::new(format!("The tunnel to {} broke: {why}", route.target))
                .field("cause", "C-20")
                .field("trouble", format!("{trouble:?}"))
                .fix(again(context, route)));
        }
        tokio::select! {
            _ = interrupted.recv() => return Ok(0),
            _ = asked_to_end.recv() => return Ok(0),
            _ = hung_up.recv() => return Ok(0),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

fn again(context: &Context, route: &Route) -> String {
    let port = route.ssh_port.map_or_else(String::new, |port| format!(" --ssh-port {port}"));
    let there =
        if route.remote == GATEWAY_PORT { String::new() } else { format!(" --port {}", route.remote) };
    format!("{} tunnel {}{there}{port}", context.paths.command(), route.target)
}

fn foreign(route: &Route, status: u16) -> Failure {
    Failure::new(format!(
        "The tunnel stands, but port {} of {} answered HTTP {status} and is not an OpenClaw gateway.",
        route.remote, route.target
    ))
    .kind("gateway_transport_error")
    .field("cause", "C-20")
    .field("target", format!("{}:{}", route.target, route.remote))
    .fix("openclaw config get gateway.port")
    .on_gateway_host()
}

/// What ssh's trouble means to somebody who wants to reach a gateway.
fn failure(route: &Route, trouble: Trouble, line: Option<&str>) -> Failure {
    let target = &route.target;
    let failure = |text: String| {
        let failure = Failure::new(text)
            .kind("gateway_transport_error")
            .field("cause", "C-20")
            .field("target", format!("{target}:{}", route.remote));
        match line {
            Some(line) => failure.detail(format!("  ssh said: {line}")),
            None => failure,
        }
    };
    let port = route.ssh_port.map_or_else(String::new, |port| format!("-p {port} "));
    let login = format!("ssh {port}{target}");
    match trouble {
        Trouble::NoProgram => failure("There is no ssh on this machine; install an OpenSSH client.".to_owned()),
        Trouble::UnknownHost => {
            failure(format!("The host of {target} is not known to the network. Is the name right?")).fix(login)
        }
        Trouble::NoServer => failure(format!(
            "{target} answers, but no ssh server listens on port {} there.",
            route.ssh_port.unwrap_or(22)
        ))
        .fix(login),
        Trouble::NoAnswer => failure(format!(
            "{target} did not answer: the machine is off, the address is wrong, or a firewall is in the way."
        ))
        .fix(login),
        Trouble::UnknownKey => {
            failure(format!("The key of {target} has never been confirmed. Log in once and compare it.")).fix(login)
        }
        Trouble::ChangedKey => failure(format!(
            "{target} shows another key than before. Unless it was set up anew, somebody else may be answering; nothing was sent."
        )),
        Trouble::Login => failure(format!("{target} did not let you in. Try the login by itself.")).fix(login),
        Trouble::LocalPort => failure(format!("Port {} of this machine was taken meanwhile.", route.local))
            .detail("Give the tunnel another one with --local-port."),
        Trouble::Forbidden => failure(format!(
            "The ssh server of {target} does not allow forwarding (AllowTcpForwarding in its sshd_config)."
        )),
        Trouble::NothingThere => failure(format!(
            "The tunnel to {target} stands, but nothing listens on 127.0.0.1:{} there: the gateway is not running, or has \
             another port.",
            route.remote
        ))
        .fix("openclaw gateway start")
        .on_gateway_host(),
    }
}

#[cfg(test)]
mod tests;
