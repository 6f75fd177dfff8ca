//! The port is taken: who has it, in the original's words and ours (`cli §15.5`, `§16`, C-18), and `--force`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use openclaw_os::port_owner::{Holder, Product, port_owner};
use openclaw_os::process::{Ask, Process};
use openclaw_protocol::refusal::{Help, PortHolder, Vantage, port_taken};
use openclaw_protocol::words::Words;
use tokio::net::TcpListener;

/// How long a holder has to end after SIGTERM before `--force` kills it.
const GRACE: Duration = Duration::from_millis(700);
/// How long `--force` waits for nobody to listen any more.
const FREE_WITHIN: Duration = Duration::from_secs(2);
/// How long it then waits for the port to be bindable.
const BIND_WITHIN: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(20);

/// Who holds the port, ready to be shown.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The lines in the order of the original, ours after them; for standard error.
    pub lines: Vec<String>,
    /// Cause, sentence and fix.
    pub help: Help,
}

impl Conflict {
    /// Looks who holds the port of `url` (as it is shown to people, `ws://127.0.0.1:18789`) and words it. `state_dir` is
    /// this gateway's own: a holder that runs on it is the same gateway. Looks through `/proc`: not for hot paths.
    pub fn examine(url: &str, port: u16, state_dir: &Path, vantage: &Vantage) -> Self {
        Self::word(url, port, &port_owner(port), state_dir, vantage)
    }

    fn word(url: &str, port: u16, holders: &[Holder], state_dir: &Path, vantage: &Vantage) -> Self {
        let mut lines = vec![
            format!("Gateway failed to start: another gateway instance is already listening on {url}"),
            format!("If the gateway is supervised, stop it with: {}", vantage.openclaw("gateway stop")),
        ];
        lines.extend(describe(port, holders, vantage));
        // The one that is named is the one that can be named best.
        let main =
            holders.iter().max_by_key(|holder| (holder.product == Product::Gateway, holder.pid.is_some()));
        let facts = main.map(|holder| PortHolder {
            ours: holder.product == Product::Gateway
                && holder.state_dir.as_deref().is_some_and(|dir| same_dir(dir, state_dir)),
            ..openclaw_service::described(holder)
        });
        let help = port_taken(url, facts.as_ref(), vantage);
        lines.push(help.sentence.clone());
        if let Some(fix) = &help.fix {
            lines.push(format!("Fix: {fix}"));
        }
        Self { lines, help }
    }
}

/// The block of `cli §15.5`: header, one row per listener, hints. Empty when nobody listens.
pub fn describe(port: u16, holders: &[Holder], vantage: &Vantage) -> Vec<String> {
    if holders.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("Port {port} is already in use.")];
    // A process that listens on both loopback addresses is one program.
    let pids: BTreeSet<Option<u32>> = holders.iter().map(|holder| holder.pid).collect();
    for holder in holders.iter().filter(|holder| holder.pid.is_some()) {
        lines.push(row(holder));
    }
    let products: Vec<Product> = holders.iter().map(|holder| holder.product).collect();
    if products.contains(&Product::Gateway) {
        lines.push(format!(
            "Gateway already running locally. Stop it ({}) or use a different port.",
            vantage.openclaw("gateway stop")
        ));
    }
    if products.contains(&Product::SshTunnel) {
        lines.push(
            "SSH tunnel already bound to this port. Close the tunnel or use a different local port in -L."
                .into(),
        );
    }
    if products.contains(&Product::Other) {
        lines.push("Another process is listening on this port.".into());
    }
    if products.contains(&Product::Unknown) {
        let users: BTreeSet<String> =
            holders.iter().filter(|h| h.pid.is_none()).map(|h| account(h).to_string()).collect();
        let users: Vec<String> = users.into_iter().collect();
        lines.push(format!(
            "Port is in use but process details are unavailable (it belongs to {}; run as an admin user).",
            users.join(", ")
        ));
    }
    if pids.len() > 1 {
        lines.push(
            "Multiple listeners detected; ensure that only one gateway or tunnel uses this port.".into(),
        );
    }
    lines
}

/// `- pid 123 user: cmdline (127.0.0.1:18789)`, and what else is known.
fn row(holder: &Holder) -> String {
    let mut out = format!(
        "- pid {} {}: {} ({})",
        holder.pid.unwrap_or_default(),
        account(holder),
        Words::new(&holder.command),
        holder.address
    );
    // Writing to a string cannot fail.
    if let Some(version) = &holder.version {
        let _ = write!(out, " [OpenClaw {}]", Words::new(version));
    }
    if let Some(unit) = &holder.unit {
        let _ = write!(out, " [service {}]", Words::new(unit));
    }
    if let Some(dir) = &holder.state_dir {
        let _ = write!(out, " [state {}]", Words::new(&dir.to_string_lossy()));
    }
    out
}

fn account(holder: &Holder) -> Words {
    match &holder.user {
        Some(user) => Words::new(user),
        None => Words::new(&format!("uid {}", holder.uid)),
    }
}

fn same_dir(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Why `--force` did not free the port.
#[derive(Debug, thiserror::Error)]
pub enum ForceError {
    /// The holder cannot be seen; it belongs to somebody else.
    #[error(
        "port {port} is held by a process that cannot be seen (account {account}); stop it as that account"
    )]
    Invisible {
        /// The port.
        port: u16,
        /// Whose it is.
        account: Words,
    },
    /// The holder is an ancestor of this process (a container's first process, a shell): ending it would end us.
    #[error("port {port} is held by pid {pid}, which started this command; stop it yourself")]
    Ancestor {
        /// The port.
        port: u16,
        /// The process.
        pid: u32,
    },
    /// It may not be signalled.
    #[error("pid {pid} cannot be stopped: {error}")]
    Signal {
        /// The process.
        pid: u32,
        /// The system's reason.
        error: io::Error,
    },
    /// It is still taken.
    #[error("port {port} is still in use after stopping its listeners")]
    StillTaken {
        /// The port.
        port: u16,
    },
}

/// `--force`: ends whoever listens on the port of `address` (SIGTERM, SIGKILL 700 ms later) and waits until it can be
/// bound. Says each step in the original's words through `say`. The caller words a failure as `Force: Error: …`.
pub async fn free_port(address: SocketAddr, mut say: impl FnMut(String)) -> Result<(), ForceError> {
    let port = address.port();
    let holders = look(port).await;
    if holders.is_empty() {
        say(format!("force: no listeners on port {port}"));
        return Ok(());
    }
    let started = Instant::now();
    let victims = hold(port, &holders).await?;
    for (process, holder) in &victims {
        ask(process, Ask::Terminate)?;
        say(format!("force: killed pid {} ({}) on port {port}", process.pid(), Words::new(&holder.command)));
    }
    wait(GRACE, || victims.iter().all(|(process, _)| process.has_exited())).await;
    let stubborn: Vec<_> = victims.iter().filter(|(process, _)| !process.has_exited()).collect();
    if !stubborn.is_empty() {
        for (process, _) in stubborn {
            ask(process, Ask::Kill)?;
        }
        say(format!("force: escalated to SIGKILL while freeing port {port}"));
    }
    let until = Instant::now() + FREE_WITHIN;
    while !look(port).await.is_empty() && Instant::now() < until {
        tokio::time::sleep(POLL).await;
    }
    let until = Instant::now() + BIND_WITHIN;
    while TcpListener::bind(address).await.is_err() {
        if Instant::now() >= until {
            return Err(ForceError::StillTaken { port });
        }
        tokio::time::sleep(POLL).await;
    }
    say(format!("force: waited {}ms for port {port} to free", started.elapsed().as_millis()));
    Ok(())
}

/// Takes hold of the listening processes, and makes sure afterwards that it is still they who listen, so that no
/// process that was given the pid in between is hit.
async fn hold(port: u16, holders: &[Holder]) -> Result<Vec<(Process, Holder)>, ForceError> {
    let mut held: Vec<(Process, Holder)> = Vec::new();
    for holder in holders {
        let Some(pid) = holder.pid else {
            return Err(ForceError::Invisible { port, account: account(holder) });
        };
        if is_self_or_ancestor(pid) {
            return Err(ForceError::Ancestor { port, pid });
        }
        if held.iter().any(|(process, _)| process.pid() == pid) {
            continue;
        }
        // Gone already is as good.
        if let Ok(process) = Process::open(pid) {
            held.push((process, holder.clone()));
        }
    }
    let still: Vec<Option<u32>> = look(port).await.iter().map(|holder| holder.pid).collect();
    held.retain(|(process, _)| still.contains(&Some(process.pid())));
    Ok(held)
}

fn is_self_or_ancestor(pid: u32) -> bool {
    let mut current = std::process::id();
    // The chain of parents is short; the bound only guards against a changing tree.
    for _ in 0..256 {
        if current == pid {
            return true;
        }
        match openclaw_os::process::stat(current) {
            Some(stat) if stat.parent != 0 => current = stat.parent,
            _ => return false,
        }
    }
    false
}

fn ask(process: &Process, ask: Ask) -> Result<(), ForceError> {
    match process.ask(ask) {
        Err(error) if !process.has_exited() => Err(ForceError::Signal { pid: process.pid(), error }),
        _ => Ok(()),
    }
}

/// Reading `/proc` takes a while on a busy host and must not hold up the runtime.
async fn look(port: u16) -> Vec<Holder> {
    tokio::task::spawn_blocking(move || port_owner(port)).await.unwrap_or_default()
}

async fn wait(limit: Duration, done: impl Fn() -> bool) {
    let until = Instant::now() + limit;
    while !done() && Instant::now() < until {
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests;
