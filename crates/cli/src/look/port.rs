//! Who listens on the port (cli §15.5).

use openclaw_os::port_owner::{Holder, Product};
use openclaw_protocol::words::escape;
use openclaw_service::Report;
use serde_json::{Value, json};

/// Longest command line that is shown.
const MAX_COMMAND: usize = 200;

/// The port and its holders.
#[derive(Debug, Clone)]
pub(crate) struct PortFacts {
    /// The port.
    pub(crate) port: u16,
    /// The gateway that belongs there.
    pub(crate) own: Option<u32>,
    /// Everybody who listens on it; `None` when looking took too long.
    pub(crate) holders: Option<Vec<Holder>>,
}

impl PortFacts {
    /// From the look at the service, which goes through the processes anyway.
    pub(super) fn of(port: u16, service: Option<&Report>) -> PortFacts {
        let own = service.and_then(|report| report.running.as_ref()).map(|running| running.pid);
        PortFacts { port, own, holders: service.map(|report| report.listeners.clone()) }
    }

    /// Somebody listens there who is not the gateway that belongs there.
    pub(crate) fn is_taken(&self) -> bool {
        self.holders().iter().any(|holder| holder.pid.is_none() || holder.pid != self.own)
    }

    /// Everybody who listens.
    pub(crate) fn holders(&self) -> &[Holder] {
        self.holders.as_deref().unwrap_or_default()
    }

    /// `free`, `busy` or `unknown`.
    pub(crate) fn status(&self) -> &'static str {
        match &self.holders {
            None => "unknown",
            Some(holders) if holders.is_empty() => "free",
            Some(_) => "busy",
        }
    }

    /// The addresses listened on, `127.0.0.1:18789`.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let mut addresses: Vec<String> =
            self.holders().iter().map(|holder| holder.address.to_string()).collect();
        addresses.sort();
        addresses.dedup();
        addresses
    }

    /// `pid 123 user: command (127.0.0.1:18789)`, one for each holder.
    pub(crate) fn rows(&self) -> Vec<String> {
        let row = |holder: &Holder| {
            let pid = holder.pid.map_or_else(|| "pid unknown".to_owned(), |pid| format!("pid {pid}"));
            let user = holder.user.clone().unwrap_or_else(|| format!("uid {}", holder.uid));
            let command = shown(holder);
            let unit = holder.unit.as_ref().map(|unit| format!(", unit {}", escape(unit, 80)));
            format!("{pid} {user}: {command} ({}{})", holder.address, unit.unwrap_or_default())
        };
        self.holders().iter().map(row).collect()
    }

    /// What the holders mean, in the original's words.
    pub(crate) fn hints(&self, program: &str) -> Vec<String> {
        let mut hints = Vec::new();
        if !self.is_taken() {
            return hints;
        }
        let any = |product: Product| self.holders().iter().any(|holder| holder.product == product);
        if any(Product::Gateway) {
            hints.push(format!(
                "Gateway already running locally. Stop it ({program} gateway stop) or use a different port."
            ));
        }
        if any(Product::SshTunnel) {
            hints.push(
                "SSH tunnel already bound to this port. Close the tunnel or use a different local port in -L."
                    .to_owned(),
            );
        }
        if any(Product::Other) {
            hints.push("Another process is listening on this port.".to_owned());
        }
        if any(Product::Unknown) {
            hints.push(
                "Port is in use but process details are unavailable (run as the account that holds it, or as root)."
                    .to_owned(),
            );
        }
        let mut pids: Vec<u32> = self.holders().iter().filter_map(|holder| holder.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        if pids.len() > 1 {
            hints.push("Multiple listeners detected; ensure only one gateway/tunnel per port.".to_owned());
        }
        hints
    }

    /// For programs.
    pub(crate) fn json(&self, program: &str) -> Value {
        let listeners: Vec<Value> = self
            .holders()
            .iter()
            .map(|holder| {
                json!({
                    "pid": holder.pid,
                    "command": holder.name.as_ref().map(|name| escape(name, MAX_COMMAND)),
                    "commandLine": shown(holder),
                    "user": holder.user,
                    "address": holder.address.to_string(),
                    "unit": holder.unit,
                    "version": holder.version,
                    "stateDir": holder.state_dir,
                })
            })
            .collect();
        json!({
            "port": self.port, "status": self.status(), "listeners": listeners, "hints": self.hints(program),
        })
    }
}

/// The command line as it is shown; it holds no secret.
fn shown(holder: &Holder) -> String {
    if holder.command.is_empty() {
        "command unknown".to_owned()
    } else {
        escape(&holder.command, MAX_COMMAND)
    }
}

#[cfg(test)]
mod tests {
    use openclaw_os::port_owner::{Holder, Product};

    use super::PortFacts;

    fn holder(command: &str, product: Product) -> Holder {
        Holder {
            address: "127.0.0.1:18789".parse().unwrap(),
            uid: 1000,
            user: Some("u".to_owned()),
            pid: Some(321),
            name: None,
            command: command.to_owned(),
            unit: None,
            product,
            version: None,
            state_dir: None,
        }
    }

    #[test]
    fn command_lines_are_escaped() {
        for (command, expected) in
            [("nginx: master\u{1b}[2J", "nginx: master\\u{1b}[2J"), ("", "command unknown")]
        {
            let facts =
                PortFacts { port: 18789, own: None, holders: Some(vec![holder(command, Product::Other)]) };
            assert_eq!(facts.rows(), [format!("pid 321 u: {expected} (127.0.0.1:18789)")]);
        }
    }

    #[test]
    fn nobody_is_free_and_not_knowing_is_unknown() {
        assert_eq!(PortFacts { port: 1, own: None, holders: Some(Vec::new()) }.status(), "free");
        assert_eq!(PortFacts { port: 1, own: None, holders: None }.status(), "unknown");
        let busy =
            PortFacts { port: 1, own: None, holders: Some(vec![holder("ssh -N", Product::SshTunnel)]) };
        assert_eq!(busy.status(), "busy");
        assert!(busy.hints("openclaw")[0].starts_with("SSH tunnel"));
        // The gateway that belongs there is not in the way.
        let own = holder("openclaw gateway", Product::Gateway);
        let ours = PortFacts { port: 1, own: own.pid, holders: Some(vec![own]) };
        assert_eq!(ours.hints("openclaw"), Vec::<String>::new());
    }
}
