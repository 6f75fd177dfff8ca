//! Peers that are really somewhere else: network namespaces with addresses of their own, and other users of this host.

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Where, or as whom, something is done.
#[derive(Clone, Debug)]
pub enum Origin {
    /// As the test itself.
    Here,
    /// In a network namespace.
    Inside(Arc<Namespace>),
    /// As another user of this host.
    User(u32),
}

impl Origin {
    /// Does `work` there. Sockets and child processes made by it belong there.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self {
            Origin::Here => work(),
            Origin::Inside(namespace) => namespace.run(work),
            Origin::User(uid) => aside(|| {
                rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(*uid)).unwrap();
                work()
            }),
        }
    }
}

/// A network namespace; gone when it is dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    /// Its address on the link to the other one.
    pub address: Ipv4Addr,
}

impl Namespace {
    /// A host of its own with nothing but loopback; [`wire`] connects it. `None` where namespaces cannot be made.
    pub fn new(role: &str, address: Ipv4Addr) -> Option<Namespace> {
        if !is_root() {
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("oct-{}-{}-{role}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        ip(&["netns", "add", &name])?;
        let namespace = Namespace { name, address };
        ip(&["-n", &namespace.name, "link", "set", "lo", "up"])?;
        Some(namespace)
    }

    /// Does `work` in this namespace.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let file = File::open(self.file()).unwrap();
        aside(move || {
            move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(LinkNameSpaceType::Network))
                .unwrap();
            work()
        })
    }
}

impl Namespace {
    /// Sends what is for elsewhere through `router`.
    pub fn route_through(&self, router: Ipv4Addr) -> Option<()> {
        ip(&["-n", &self.name, "route", "add", "default", "via", &router.to_string()])
    }

    /// Where the system keeps it, for programs that enter namespaces by themselves.
    pub fn file(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// Starts a program here.
    pub fn spawn(&self, command: &mut Command) -> std::io::Result<Child> {
        self.run(|| command.spawn())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// Connects two hosts: each gets an interface of that name with its address, as `("eth0", "10.0.0.1/24")`.
pub fn wire(one: (&Namespace, &str, &str), other: (&Namespace, &str, &str)) -> Option<()> {
    let [(a, a_name, _), (b, b_name, _)] = [one, other];
    ip(&["link", "add", a_name, "netns", &a.name, "type", "veth", "peer", "name", b_name, "netns", &b.name])?;
    for (host, name, address) in [one, other] {
        ip(&["-n", &host.name, "addr", "add", address, "dev", name])?;
        ip(&["-n", &host.name, "link", "set", name, "up"])?;
    }
    Some(())
}

/// Two hosts on one wire: the gateway's at 10.77.0.1, the peer's at 10.77.0.2. `None` where namespaces cannot be made.
pub fn two_hosts() -> Option<(Arc<Namespace>, Arc<Namespace>)> {
    let gateway = Namespace::new("gw", Ipv4Addr::new(10, 77, 0, 1))?;
    let peer = Namespace::new("peer", Ipv4Addr::new(10, 77, 0, 2))?;
    wire((&gateway, "wire", "10.77.0.1/24"), (&peer, "wire", "10.77.0.2/24"))?;
    Some((Arc::new(gateway), Arc::new(peer)))
}

/// True when the tests run with root's powers.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs `ip`; `None` when it is not there or refuses.
fn ip(words: &[&str]) -> Option<()> {
    let status = Command::new("ip").args(words).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    status.success().then_some(())
}

/// Runs `work` on a thread of its own, whose namespace and user it may change.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn two_hosts_reach_each_other_over_the_wire() {
        let Some((gateway, peer)) = two_hosts() else { return crate::skipped("no network namespaces here") };
        let listener = gateway.run(|| TcpListener::bind((gateway.address, 7000))).unwrap();
        let stream = peer.run(|| TcpStream::connect((gateway.address, 7000))).unwrap();
        assert_eq!(stream.local_addr().unwrap().ip(), peer.address);
        drop(listener);
    }

    #[test]
    fn becoming_another_user_stays_on_its_thread() {
        if !is_root() {
            return crate::skipped("becoming another user needs root");
        }
        let uid = Origin::User(42_007).run(rustix::process::geteuid);
        assert_eq!(uid.as_raw(), 42_007);
        assert!(is_root());
    }
}
