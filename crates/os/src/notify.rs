//! Telling systemd how the service is doing, over the datagram socket it names in `NOTIFY_SOCKET`.

use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// Most sockets that are left with the supervisor; its unit allows as many.
const MAX_KEPT: usize = 16;

/// What systemd can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Started: the gateway answers.
    Ready,
    /// Restarting in place; `Ready` follows.
    Reloading,
    /// Shutting down.
    Stopping,
    /// One line for `systemctl status`.
    Status(String),
    /// Still alive (`WatchdogSec=`).
    Watchdog,
}

impl State {
    fn line(&self) -> String {
        match self {
            // The process that answers, in case the supervisor took another one for it.
            Self::Ready => format!("READY=1\nMAINPID={}", std::process::id()),
            Self::Reloading => match monotonic_micros() {
                Some(now) => format!("RELOADING=1\nMONOTONIC_USEC={now}"),
                None => "RELOADING=1".to_owned(),
            },
            Self::Stopping => "STOPPING=1".to_owned(),
            // A line break would start another assignment.
            Self::Status(text) => format!("STATUS={}", text.replace(['\n', '\r'], " ")),
            Self::Watchdog => "WATCHDOG=1".to_owned(),
        }
    }
}

fn monotonic_micros() -> Option<u64> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Some(u64::try_from(now.tv_sec).ok()? * 1_000_000 + u64::try_from(now.tv_nsec).ok()? / 1_000)
}

/// How often the supervisor wants to hear that this process lives: half of what it allows, so that one late sign does no
/// harm. `None` when it does not watch, or watches another process.
pub fn watchdog_interval() -> Option<Duration> {
    let text = |name: &str| std::env::var(name).ok();
    interval_of(text("WATCHDOG_USEC").as_deref(), text("WATCHDOG_PID").as_deref(), std::process::id())
}

fn interval_of(allowed: Option<&str>, watched: Option<&str>, own: u32) -> Option<Duration> {
    let allowed: u64 = allowed?.trim().parse().ok().filter(|micros| *micros > 0)?;
    let other = watched.is_some_and(|pid| pid.trim().parse() != Ok(own));
    (!other).then(|| Duration::from_micros((allowed / 2).max(1_000)))
}

/// Sends the state; `Ok(false)` when no supervisor asked for it.
pub fn systemd(state: &State) -> io::Result<bool> {
    match std::env::var_os("NOTIFY_SOCKET") {
        Some(socket) if !socket.is_empty() => send(&socket, state).map(|()| true),
        _ => Ok(false),
    }
}

/// Leaves listening sockets with the supervisor (`FileDescriptorStoreMax=`), so that they outlive a restart of the
/// service: whoever knocks meanwhile waits. Those that were left before are given up. `Ok(false)` when there is no
/// supervisor. The next start finds them with [`crate::process::inherited`].
pub fn keep_sockets(sockets: &[BorrowedFd<'_>]) -> io::Result<bool> {
    match std::env::var_os("NOTIFY_SOCKET") {
        Some(socket) if !socket.is_empty() => keep(&socket, sockets).map(|()| true),
        _ => Ok(false),
    }
}

fn keep(socket: &OsStr, sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
    const NAME: &str = "openclaw-listener";
    let address = address(socket)?;
    let sender = UnixDatagram::unbound()?;
    sender.send_to_addr(format!("FDSTOREREMOVE=1\nFDNAME={NAME}").as_bytes(), &address)?;
    if sockets.is_empty() {
        return Ok(());
    }
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_KEPT))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let sockets = sockets.get(..MAX_KEPT).unwrap_or(sockets);
    if !ancillary.push(SendAncillaryMessage::ScmRights(sockets)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many sockets to keep"));
    }
    let text = format!("FDSTORE=1\nFDNAME={NAME}");
    sender.connect_addr(&address)?;
    let parts = [io::IoSlice::new(text.as_bytes())];
    rustix::net::sendmsg(&sender, &parts, &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn send(socket: &OsStr, state: &State) -> io::Result<()> {
    let address = address(socket)?;
    UnixDatagram::unbound()?.send_to_addr(state.line().as_bytes(), &address).map(|_| ())
}

fn address(socket: &OsStr) -> io::Result<SocketAddr> {
    let bytes = socket.as_bytes();
    match bytes.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name),
        Some((b'/', _)) => SocketAddr::from_pathname(socket),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "NOTIFY_SOCKET is not a socket address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(socket: &UnixDatagram) -> String {
        let mut buffer = [0u8; 256];
        let read = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }

    #[test]
    fn a_supervisor_hears_it_by_path_and_by_abstract_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        send(path.as_os_str(), &State::Ready).unwrap();
        assert_eq!(receive(&listener), format!("READY=1\nMAINPID={}", std::process::id()));
        send(path.as_os_str(), &State::Status("a\nREADY=1".to_owned())).unwrap();
        assert_eq!(receive(&listener), "STATUS=a READY=1");

        let name = format!("openclaw-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixDatagram::bind_addr(&address).unwrap();
        send(OsStr::new(&format!("@{name}")), &State::Stopping).unwrap();
        assert_eq!(receive(&listener), "STOPPING=1");
        assert!(send(OsStr::new("vsock:1:2"), &State::Ready).is_err());
    }

    #[test]
    fn a_sign_of_life_comes_twice_as_often_as_it_must() {
        for (allowed, watched, expected) in [
            (Some("60000000"), None, Some(30_000)),
            (Some("60000000"), Some("7"), Some(30_000)),
            (Some("60000000"), Some("8"), None),
            (Some("1"), None, Some(1)),
            (Some("0"), None, None),
            (Some("soon"), None, None),
            (None, None, None),
        ] {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(interval_of(allowed, watched, 7), expected, "{allowed:?} {watched:?}");
        }
    }

    #[test]
    fn sockets_are_handed_over_and_the_old_ones_given_up() {
        use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
        use std::os::fd::AsFd as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let supervisor = UnixDatagram::bind(&path).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        keep(path.as_os_str(), &[listener.as_fd()]).unwrap();
        assert_eq!(receive(&supervisor), "FDSTOREREMOVE=1\nFDNAME=openclaw-listener");
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut text = [0; 64];
        let mut parts = [io::IoSliceMut::new(&mut text)];
        rustix::net::recvmsg(&supervisor, &mut parts, &mut ancillary, RecvFlags::empty()).unwrap();
        assert!(text.starts_with(b"FDSTORE=1\nFDNAME=openclaw-listener"));
        let kept = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let kept = std::net::TcpListener::from(kept.unwrap());
        assert_eq!(kept.local_addr().unwrap(), listener.local_addr().unwrap());
    }
}
