//! The two socket options that tell who the peer is. By hand, because the library's type for the first cannot hold the
//! pid 0 with which the kernel names a process outside our pid namespace, and the second is not in it.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::process::{self, Process};

/// What the kernel recorded at `connect`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credentials {
    /// 0: not visible from here.
    pub(super) pid: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

#[allow(unsafe_code)]
pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<Credentials> {
    let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = mem::size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointers are to live locals, `length` is the size of the first, and `ucred` is plain integers, of
    // which every bit pattern is valid.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Credentials { pid: u32::try_from(found.pid).unwrap_or(0), uid: found.uid, gid: found.gid })
}

/// The peer's process, held. The kernel hands out a descriptor of the very process that connected (Linux 6.5); before
/// that the pid is opened, and believed only if the process that has it now is older than this moment's connection.
pub(super) fn process(socket: BorrowedFd<'_>, pid: u32) -> Option<Process> {
    match peer_pidfd(socket) {
        Ok(fd) => {
            let pid = pid_of(&fd)?;
            Some(Process::from_fd(fd, pid))
        }
        Err(_) if pid == 0 => None,
        Err(_) => reopened(pid),
    }
}

/// `SO_PEERPIDFD` on all architectures with the generic numbering.
const SO_PEERPIDFD: libc::c_int = 77;

#[allow(unsafe_code)]
fn peer_pidfd(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    if cfg!(any(target_arch = "sparc64", target_arch = "mips", target_arch = "mips64")) {
        return Err(io::Error::from(io::ErrorKind::Unsupported));
    }
    let mut fd: libc::c_int = -1;
    let mut length = mem::size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the pointers are to live locals and `length` is the size of the first, an integer.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PEERPIDFD,
            (&raw mut fd).cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    if fd < 0 {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    // SAFETY: the kernel has just made this descriptor for us (close-on-exec set) and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The pid behind a pidfd; `None` when the process has been reaped (-1) or is outside our namespace (0).
fn pid_of(fd: &OwnedFd) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).ok()?;
    let pid = text.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()?;
    (pid > 0).then_some(pid)
}

fn reopened(pid: u32) -> Option<Process> {
    let before = process::start_time(pid)?;
    let held = Process::open(pid).ok()?;
    // The same process before and after the opening, still running.
    (process::start_time(pid) == Some(before) && !held.has_exited()).then_some(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn both_ways_find_the_same_process() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let credentials = credentials(ours.as_fd()).unwrap();
        assert_eq!(credentials.pid, std::process::id());
        assert_eq!(reopened(credentials.pid).unwrap().pid(), std::process::id());
        match peer_pidfd(ours.as_fd()) {
            Ok(fd) => assert_eq!(pid_of(&fd), Some(std::process::id())),
            Err(error) => println!("skipped: no SO_PEERPIDFD here ({error})"),
        }
    }
}
