//! Telling systemd how the service is doing, over the datagram socket it names in `NOTIFY_SOCKET`.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

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

fn send(socket: &OsStr, state: &State) -> io::Result<()> {
    let bytes = socket.as_bytes();
    let address = match bytes.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        Some((b'/', _)) => SocketAddr::from_pathname(socket)?,
        _ => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "NOTIFY_SOCKET is not a socket address"));
        }
    };
    UnixDatagram::unbound()?.send_to_addr(state.line().as_bytes(), &address).map(|_| ())
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
}
