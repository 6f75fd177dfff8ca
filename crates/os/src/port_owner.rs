//! Who listens on a TCP port (`cli §15.5`): process, account, command line, service, and whether it is one of ours.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::lock::{self, LOCK_NAME};
use crate::peer::{self, Row};
use crate::process;

/// What kind of program holds the port, judged by its command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// An OpenClaw gateway: ours or the original.
    Gateway,
    /// An ssh tunnel.
    SshTunnel,
    /// Something else.
    Other,
    /// The process cannot be seen (another account's, or another namespace's).
    Unknown,
}

/// A listener on the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The address it listens on.
    pub address: SocketAddr,
    /// The account that owns the socket.
    pub uid: u32,
    /// That account's name, when it has one.
    pub user: Option<String>,
    /// The process, when it can be seen.
    pub pid: Option<u32>,
    /// Its short name (`node`, `nginx`).
    pub name: Option<String>,
    /// Its command line in one line, without secrets; empty when it cannot be seen.
    pub command: String,
    /// The systemd unit it runs in.
    pub unit: Option<String>,
    /// What it is.
    pub product: Product,
    /// Program version, for gateways of ours that we may look into.
    pub version: Option<String>,
    /// The state directory it runs on, likewise.
    pub state_dir: Option<PathBuf>,
}

/// Former names of the product, as they stand in command lines and in services.
pub const FORMER: [&str; 3] = ["clawdbot", "moltbot", "moldbot"];

impl Holder {
    /// It is a program of a former product: its command line or its unit says so, and it is no gateway of ours.
    pub fn is_former(&self) -> bool {
        let words = format!("{} {}", self.command, self.unit.as_deref().unwrap_or_default()).to_lowercase();
        let unit = self.unit.as_deref().is_some_and(|unit| FORMER.iter().any(|name| unit.starts_with(name)));
        unit || (self.state_dir.is_none() && FORMER.iter().any(|name| words.contains(name)))
    }

    /// Its unit is one of the machine's, which only root may stop.
    pub fn is_in_system_unit(&self) -> bool {
        self.unit.is_some() && self.pid.is_some_and(process::is_system_unit)
    }
}

/// Everybody who listens on `port`, on any address. Empty when nobody does, or in the moment when the holder goes.
pub fn port_owner(port: u16) -> Vec<Holder> {
    let rows = peer::listeners(port);
    let found = find_processes(&rows.iter().map(|row| row.inode).collect::<Vec<_>>());
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            let owner = found.iter().find(|process| process.inode == row.inode);
            describe(row, owner, &passwd)
        })
        .collect()
}

/// A process that has one of the wanted sockets open.
struct Found {
    inode: u64,
    pid: u32,
    /// The state lock it has open: it is a gateway of ours.
    lock: Option<PathBuf>,
}

fn find_processes(inodes: &[u64]) -> Vec<Found> {
    let wanted: Vec<(u64, String)> =
        inodes.iter().map(|inode| (*inode, format!("socket:[{inode}]"))).collect();
    let mut found: Vec<Found> = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    for pid in process::all_pids() {
        let mut hits = Vec::new();
        let mut lock = None;
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let Ok(target) = fs::read_link(entry.path()) else { continue };
            if let Some((inode, _)) = wanted.iter().find(|(_, name)| target.as_os_str() == name.as_str()) {
                hits.push(*inode);
            } else if target.is_absolute() && target.file_name().is_some_and(|name| name == LOCK_NAME) {
                lock = Some(target);
            }
        }
        for inode in hits {
            let new = Found { inode, pid, lock: lock.clone() };
            match found.iter_mut().find(|other| other.inode == inode) {
                // The supervisor keeps its service's sockets for it: the gateway is the one with the lock.
                Some(other) if other.lock.is_none() && new.lock.is_some() => *other = new,
                // A forked child may hold its parent's socket too: the first seen (the lower pid, usually) is named.
                Some(_) => {}
                None => found.push(new),
            }
        }
    }
    found
}

fn describe(row: Row, owner: Option<&Found>, passwd: &str) -> Holder {
    let pid = owner.map(|found| found.pid);
    let arguments = pid.map(process::cmdline).unwrap_or_default();
    let lock = owner.and_then(|found| found.lock.as_deref());
    let held = lock.and_then(lock::named_in).filter(|held| held.pid == pid);
    let product = match pid {
        None => Product::Unknown,
        Some(_) if held.is_some() => Product::Gateway,
        Some(_) => classify(&arguments),
    };
    Holder {
        address: row.local,
        uid: row.uid,
        user: user_name(passwd, row.uid),
        pid,
        name: pid.and_then(process::process_name),
        command: process::without_secrets(&arguments).join(" "),
        unit: pid.and_then(process::systemd_unit),
        product,
        version: held.as_ref().and_then(|held| held.version.clone()),
        state_dir: held.and_then(|held| held.lock_path.parent().map(PathBuf::from)),
    }
}

/// By command line, nearly as the original does: `ssh` is a tunnel, `openclaw` (and its former names) a gateway.
pub fn classify(arguments: &[String]) -> Product {
    let line = arguments.join(" ").to_lowercase();
    let program =
        arguments.first().map(|first| first.rsplit('/').next().unwrap_or(first)).unwrap_or_default();
    // A tunnel first: it leads to a machine, and that may well be called after the gateway on it.
    if program.starts_with("ssh") || program.starts_with("autossh") {
        Product::SshTunnel
    } else if line.contains("openclaw") || FORMER.iter().any(|name| line.contains(name)) {
        Product::Gateway
    } else {
        Product::Other
    }
}

fn user_name(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn this_process_is_found_by_its_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let holders = port_owner(address.port());
        assert_eq!(holders.len(), 1, "{holders:?}");
        let holder = &holders[0];
        assert_eq!(holder.pid, Some(std::process::id()));
        assert_eq!(holder.address, address);
        assert_eq!(holder.uid, rustix::process::geteuid().as_raw());
        assert_eq!(holder.command, process::cmdline(std::process::id()).join(" "));
        drop(listener);
        assert!(port_owner(address.port()).is_empty());
    }

    #[test]
    fn a_gateway_of_ours_is_known_by_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        let info = lock::LockInfo {
            purpose: lock::Purpose::Gateway,
            config_path: dir.path().join("openclaw.json"),
            version: "2026.11.0".into(),
            node_lock_dir: None,
        };
        let _lock = lock::StateLock::acquire(dir.path(), &info).unwrap();
        let listener = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0")).unwrap();
        let holders = port_owner(listener.local_addr().unwrap().port());
        // Other tests of this process may hold locks of their own at the same time; ours or theirs, it is a gateway.
        assert_eq!(holders[0].product, Product::Gateway);
    }

    #[test]
    fn programs_are_classed_by_their_command_line() {
        let class = |line: &str| classify(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(class("node /app/dist/index.js gateway"), Product::Other);
        assert_eq!(class("/usr/bin/openclaw gateway"), Product::Gateway);
        assert_eq!(class("node /opt/clawdbot/dist/entry.js gateway"), Product::Gateway);
        assert_eq!(class("/usr/bin/ssh -N -L 18789:127.0.0.1:18789 host"), Product::SshTunnel);
        assert_eq!(class("ssh -N -L 18789:127.0.0.1:18789 ada@openclaw-vps"), Product::SshTunnel);
        assert_eq!(class("/usr/sbin/sshd-like"), Product::SshTunnel);
        assert_eq!(class("nginx: worker process"), Product::Other);
    }

    #[test]
    fn names_of_accounts() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n";
        assert_eq!(user_name(passwd, 1000).as_deref(), Some("node"));
        assert_eq!(user_name(passwd, 5), None);
    }

    #[test]
    fn former_products_are_known() {
        let holder = |command: &str, unit: Option<&str>, state: Option<&str>| Holder {
            address: "127.0.0.1:18789".parse().unwrap(),
            uid: 1000,
            user: None,
            pid: Some(1),
            name: None,
            command: command.into(),
            unit: unit.map(str::to_owned),
            product: Product::Gateway,
            version: None,
            state_dir: state.map(PathBuf::from),
        };
        assert!(holder("node /opt/clawdbot/dist/index.js gateway", None, None).is_former());
        assert!(holder("node index.js", Some("moltbot-gateway.service"), None).is_former());
        assert!(holder("openclaw gateway", Some("clawdbot-gateway.service"), Some("/s")).is_former());
        assert!(!holder("openclaw gateway", Some("openclaw-gateway.service"), None).is_former());
        // A gateway of ours on a state that still has its old name is no old product.
        assert!(
            !holder("openclaw gateway --password-file /home/u/.clawdbot/p", None, Some("/s")).is_former()
        );
    }
}
