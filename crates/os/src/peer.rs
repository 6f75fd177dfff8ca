//! Who is at the other end of a socket: uid and process of a Unix peer, its ancestry, the owner of a local TCP socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::OnceLock;

use crate::process::{self, Process};

mod sockopt;
mod tcp;

pub(crate) use tcp::{Row, listeners};

/// The process at the other end of a Unix socket, as the kernel recorded it when it connected.
#[derive(Debug)]
pub struct Peer {
    /// Its effective uid at that time; the overflow uid when it is from a user namespace we cannot see.
    pub uid: u32,
    /// Its effective gid at that time.
    pub gid: u32,
    /// The process, held so that its pid cannot be given to another. `None` when it is gone or not visible from our
    /// pid namespace.
    pub process: Option<Process>,
}

/// Where a process stands relative to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ancestry {
    /// It is the process itself or was started by it, directly or not.
    Descendant,
    /// It was not.
    Stranger,
    /// It cannot be told (gone, invisible, changing too fast): treat it as the worse of the two.
    Unknown,
}

/// Asks the kernel who connected the Unix socket.
pub fn unix_peer(socket: &impl AsFd) -> io::Result<Peer> {
    let credentials = sockopt::credentials(socket.as_fd())?;
    let process = sockopt::process(socket.as_fd(), credentials.pid);
    Ok(Peer { uid: credentials.uid, gid: credentials.gid, process })
}

/// Whether the peer descends from `ancestor` (ruling 29). Sound only when `ancestor` is a subreaper
/// ([`process::become_subreaper`]), else a descendant may have been handed to init.
pub fn ancestry(peer: &Peer, ancestor: u32) -> Ancestry {
    match &peer.process {
        Some(process) => ancestry_of(process, ancestor),
        None => Ancestry::Unknown,
    }
}

/// `true` unless it is certain that the peer is not a descendant of `ancestor`.
pub fn is_descendant_of(peer: &Peer, ancestor: u32) -> bool {
    ancestry(peer, ancestor) != Ancestry::Stranger
}

fn ancestry_of(process: &Process, ancestor: u32) -> Ancestry {
    for _ in 0..8 {
        let Some(answer) = walk(process.pid(), ancestor) else { continue };
        // While the held process lives, the pid at the start of the walk was its own.
        return if process.has_exited() { Ancestry::Unknown } else { answer };
    }
    Ancestry::Unknown
}

/// One walk up the parents; `None` when the tree changed under it.
fn walk(pid: u32, ancestor: u32) -> Option<Ancestry> {
    let mut current = pid;
    let mut stat = process::stat(current)?;
    // A parent chain is finite; the bound only guards against nonsense from /proc.
    for _ in 0..4096 {
        if current == ancestor {
            return Some(Ancestry::Descendant);
        }
        // 0: the top, or a parent outside our namespace.
        if stat.parent == 0 {
            return Some(Ancestry::Stranger);
        }
        let parent = process::stat(stat.parent)?;
        // A parent that started after its child is another process that was given the pid of the real one.
        if parent.start_time > stat.start_time || process::stat(current)?.parent != stat.parent {
            return None;
        }
        current = stat.parent;
        stat = parent;
    }
    None
}

/// The uid that owns the *peer's* socket of a TCP connection on this host, seen from the accepting side: `local` is our
/// end, `remote` the peer's. `None` when the peer is not on this host's network stack, its socket is already closed,
/// its uid has no meaning in our user namespace, or the kernel will not say.
pub fn tcp_peer_uid(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let (local, remote) = (canonical(local), canonical(remote));
    // The peer's socket is the mirror image of ours.
    let uid = match tcp::by_sock_diag(remote, local) {
        Ok(answer) => answer,
        Err(_) => tcp::by_proc(remote, local),
    }?;
    (uid != overflow_uid()).then_some(uid)
}

/// `::ffff:127.0.0.1` is 127.0.0.1.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The uid that stands for "an account that this user namespace cannot name". Never authority for anything.
pub fn overflow_uid() -> u32 {
    static UID: OnceLock<u32> = OnceLock::new();
    *UID.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/overflowuid").unwrap_or_default();
        text.trim().parse().unwrap_or(65534)
    })
}

/// The effective uid of this process.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the address is loopback, IPv4-mapped forms included.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests;
