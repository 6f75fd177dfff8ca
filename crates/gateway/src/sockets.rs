//! Which addresses the gateway listens on (auth-and-pairing §2.2), and its owner socket (ruling 28).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use openclaw_config::gateway::Bind;
use openclaw_os::owner_socket;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

/// How many connections may wait to be accepted. The kernel cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 4_096;

/// Why there is no address to listen on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// `gateway.bind=custom` without a host.
    #[error("gateway.bind=custom requires gateway.customBindHost")]
    NoCustomHost,
    /// `gateway.customBindHost` is not an IPv4 address.
    #[error("gateway.bind=custom requires a valid IPv4 customBindHost (got {0})")]
    BadCustomHost(String),
    /// The address cannot be listened on.
    #[error("failed to bind gateway socket on ws://{address}: {error}")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        error: io::Error,
    },
}

impl BindError {
    /// Whether somebody else listens there.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error.kind() == io::ErrorKind::AddrInUse)
    }
}

/// The bind mode in force: configured, or following from where the process runs.
pub fn effective_bind(configured: Option<Bind>, in_container: bool) -> Bind {
    configured.unwrap_or(if in_container { Bind::Auto } else { Bind::Loopback })
}

/// Whether a bind mode may be reached from other machines.
pub fn is_exposed(addresses: &[IpAddr]) -> bool {
    addresses.iter().any(|address| !address.is_loopback())
}

/// The addresses to listen on. The first one must work, the others may.
pub fn addresses(bind: Bind, custom: Option<&str>, in_container: bool) -> Result<Vec<IpAddr>, BindError> {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let loopback = vec![v4, IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let specific = |address: Ipv4Addr| {
        let first = IpAddr::V4(address);
        // Commands on this host go to loopback whatever the bind is.
        if address.is_unspecified() || address.is_loopback() { vec![first] } else { vec![first, v4] }
    };
    Ok(match bind {
        Bind::Loopback => loopback,
        Bind::Lan => vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
        Bind::Auto if in_container => vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
        Bind::Auto => loopback,
        Bind::Tailnet => match openclaw_os::host::tailnet_address() {
            Some(IpAddr::V4(address)) => specific(address),
            _ => vec![v4],
        },
        Bind::Custom => {
            let host =
                custom.map(str::trim).filter(|host| !host.is_empty()).ok_or(BindError::NoCustomHost)?;
            let address: Ipv4Addr = host.parse().map_err(|_| BindError::BadCustomHost(host.to_owned()))?;
            specific(address)
        }
    })
}

/// Of the sockets that a restart in place handed over, those that are still wanted: the configuration may have changed,
/// and what listened on all addresses must not go on doing so when only loopback is asked for. The others are closed.
pub fn still_wanted(handed_over: Vec<TcpListener>, addresses: &[IpAddr], port: u16) -> Vec<TcpListener> {
    let wanted = |listener: &TcpListener| {
        // Whoever kept it may have changed that.
        listener.set_nonblocking(true).is_ok()
            && listener.local_addr().is_ok_and(|at| at.port() == port && addresses.contains(&at.ip()))
    };
    handed_over.into_iter().filter(wanted).collect()
}

/// Listens on the addresses, with the sockets `kept` where they serve. An address after the first that does not work is
/// left out.
pub fn listen(addresses: &[IpAddr], port: u16, kept: &[TcpListener]) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::new();
    for (index, ip) in addresses.iter().enumerate() {
        let address = SocketAddr::new(*ip, port);
        let serves = |listener: &&TcpListener| listener.local_addr().is_ok_and(|at| at == address);
        let listening = match kept.iter().find(serves) {
            Some(listener) => listener.try_clone(),
            None => listen_on(address),
        };
        match listening {
            Ok(listener) => listeners.push(listener),
            Err(error) if index == 0 || error.kind() == io::ErrorKind::AddrInUse => {
                return Err(BindError::Refused { address, error });
            }
            Err(_) => {}
        }
    }
    Ok(listeners)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Binds the owner socket, mode 0600: in the state directory, or where that path is too long, or the filesystem
/// knows no sockets, in a private folder under the temporary directory. The caller holds the state lock, so a
/// socket that is there is a dead one.
pub fn bind_owner_socket(state_dir: &Path) -> io::Result<(UnixListener, PathBuf)> {
    if let Some(path) = owner_socket::in_state_dir(state_dir)
        && let Ok(listener) = bind_at(&path)
    {
        return Ok((listener, path));
    }
    let own = openclaw_os::peer::own_uid();
    let path = owner_socket::in_tmp(&std::env::temp_dir(), own, state_dir);
    let folder = path.parent().unwrap_or(Path::new("/"));
    openclaw_os::file::ensure_dir(folder, 0o700)?;
    let meta = std::fs::symlink_metadata(folder)?;
    if !meta.is_dir() || meta.uid() != own || meta.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::other(format!("{} is not a private folder of uid {own}", folder.display())));
    }
    Ok((bind_at(&path)?, path))
}

fn bind_at(path: &Path) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => std::fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // The mode of the descriptor is what the kernel gives to the file it makes: no moment in which it is wider.
    rustix::fs::fchmod(&socket, rustix::fs::Mode::from_raw_mode(0o600))?;
    rustix::net::bind(&socket, &rustix::net::SocketAddrUnix::new(path)?)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(UnixListener::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_each_bind_listens() {
        let shown = |bind, custom, in_container| {
            addresses(bind, custom, in_container)
                .map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(shown(Bind::Loopback, None, true).unwrap(), "127.0.0.1 ::1");
        assert_eq!(shown(Bind::Lan, None, false).unwrap(), "0.0.0.0");
        assert_eq!(shown(Bind::Auto, None, false).unwrap(), "127.0.0.1 ::1");
        assert_eq!(shown(Bind::Auto, None, true).unwrap(), "0.0.0.0");
        assert_eq!(shown(Bind::Custom, Some(" 192.0.2.7 "), false).unwrap(), "192.0.2.7 127.0.0.1");
        assert_eq!(shown(Bind::Custom, Some("0.0.0.0"), false).unwrap(), "0.0.0.0");
        assert!(matches!(shown(Bind::Custom, None, false), Err(BindError::NoCustomHost)));
        assert!(matches!(
            shown(Bind::Custom, Some("gw.example.com"), false),
            Err(BindError::BadCustomHost(_))
        ));
        assert_eq!(effective_bind(None, false), Bind::Loopback);
        assert_eq!(effective_bind(None, true), Bind::Auto);
        assert_eq!(effective_bind(Some(Bind::Lan), true), Bind::Lan);
    }

    #[test]
    fn a_busy_port_is_told_from_other_failures() {
        let first = listen(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], 0, &[]).unwrap();
        let port = first[0].local_addr().unwrap().port();
        assert!(listen(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], port, &[]).unwrap_err().is_busy());
        assert!(!listen(&["192.0.2.1".parse().unwrap()], port, &[]).unwrap_err().is_busy());
    }

    #[test]
    fn a_restart_keeps_the_sockets_that_are_wanted_and_no_other() {
        let (loopback, all) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let addresses = |listeners: &[TcpListener]| -> Vec<IpAddr> {
            listeners.iter().map(|listener| listener.local_addr().unwrap().ip()).collect()
        };
        let open = listen(&[all], 0, &[]).unwrap();
        let port = open[0].local_addr().unwrap().port();
        // The same again: the very socket, with whoever knocks at it meanwhile.
        let kept = still_wanted(open, &[all], port);
        let open = listen(&[all], port, &kept).unwrap();
        drop(kept);
        assert_eq!(addresses(&open), [all]);
        // Narrower: the wide one is closed, or the address would be taken.
        let kept = still_wanted(open, &[loopback], port);
        assert!(kept.is_empty());
        assert_eq!(addresses(&listen(&[loopback], port, &kept).unwrap()), [loopback]);
        // Another port.
        let elsewhere = listen(&[loopback], 0, &[]).unwrap();
        assert!(still_wanted(elsewhere, &[loopback], port).is_empty());
    }

    #[test]
    fn the_owner_socket_moves_when_its_path_is_too_long() {
        let dir = tempfile::tempdir().unwrap();
        let (_listener, path) = bind_owner_socket(dir.path()).unwrap();
        assert_eq!(path, dir.path().join("gateway.sock"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let deep = dir.path().join("d".repeat(90)).join("e".repeat(90));
        std::fs::create_dir_all(&deep).unwrap();
        let (_other, path) = bind_owner_socket(&deep).unwrap();
        assert!(path.starts_with(std::env::temp_dir()), "{}", path.display());
        std::fs::remove_file(path).unwrap();
    }
}
