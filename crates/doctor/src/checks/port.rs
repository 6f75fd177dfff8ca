//! Host and port: who listens there, and is it the gateway of this state directory (C-18)?

use openclaw_os::port_owner::{Holder, Product};
use openclaw_protocol::refusal::port_taken;
use openclaw_protocol::words::escape;

use crate::facts::{Facts, Gateway};
use crate::finding::Finding;

pub(super) const ID: &str = "gateway-port";
pub(super) const WHAT: &str = "Host and port";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let (port, holders) = &facts.port;
    let Some(holders) = holders else {
        return vec![Finding::skipped(ID, WHAT, format!("who listens on port {port} cannot be seen here"))];
    };
    let running = matches!(facts.gateway, Gateway::Answers(_) | Gateway::Silent(_));
    if holders.is_empty() {
        let fact = format!("nobody listens on port {port}");
        return vec![match &facts.gateway {
            Gateway::Answers(_) => {
                Finding::warning(ID, WHAT, format!("{fact}, but a gateway runs here on another port"))
                    .fix(facts.command("gateway restart"))
            }
            _ => Finding::ok(ID, WHAT, fact),
        }];
    }
    // The same program may listen on several addresses.
    let mut seen: Vec<Option<u32>> = Vec::new();
    let mut findings = Vec::new();
    for holder in holders {
        if seen.contains(&holder.pid) && holder.pid.is_some() {
            continue;
        }
        seen.push(holder.pid);
        findings.push(one(facts, *port, holder, running));
    }
    findings
}

fn one(facts: &Facts<'_>, port: u16, holder: &Holder, running: bool) -> Finding {
    let who = describe(holder);
    let ours = holder.state_dir.as_deref() == Some(facts.paths.state_dir.as_path())
        || (running && holder.pid.is_some() && holder.pid == own_pid(facts));
    if ours {
        return Finding::ok(ID, WHAT, format!("port {port} is held by this gateway ({who})"));
    }
    if holder.product == Product::SshTunnel {
        let fact = format!("port {port} is the local end of an SSH tunnel: {who}");
        return Finding::warning(ID, WHAT, fact).advice(format!(
            "commands for port {port} go through it; close it to use the gateway of this machine"
        ));
    }
    // The catalogue words what a refused start says; the doctor says the same.
    let described = openclaw_service::described(holder);
    let help = port_taken(&format!("ws://127.0.0.1:{port}"), Some(&described), facts.vantage);
    let finding = Finding::blocking(ID, WHAT, help.sentence).cause("C-18");
    match help.fix {
        Some(fix) => finding.fix(fix),
        None => finding,
    }
}

fn own_pid(facts: &Facts<'_>) -> Option<u32> {
    facts.gateway.section("gateway")?.get("pid")?.as_u64().and_then(|pid| u32::try_from(pid).ok())
}

/// `pid 4242, clawdbot-gateway.service, version 2026.11.0`.
fn describe(holder: &Holder) -> String {
    let mut parts = Vec::new();
    match holder.pid {
        Some(pid) => parts.push(format!("pid {pid}")),
        None => parts.push(format!("a process of uid {}", holder.uid)),
    }
    if let Some(unit) = &holder.unit {
        parts.push(escape(unit, 80));
    } else if let Some(name) = &holder.name {
        parts.push(escape(name, 40));
    }
    if let Some(version) = &holder.version {
        parts.push(format!("version {}", escape(version, 40)));
    }
    parts.join(", ")
}
