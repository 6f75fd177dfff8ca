//! Restart in place (ruling 14): the same pid becomes the new program and keeps its sockets and its lock.
//!
//! The kept descriptors are named in one environment variable together with the pid and its start time, so that a
//! child that merely inherits the environment never takes foreign numbers for its own.

use std::ffi::{CString, OsString};
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::FileType;
use rustix::io::FdFlags;
use rustix::net::AddressFamily;

/// `<pid>-<start time>:<fd>,<fd>…`
const VARIABLE: &str = "OPENCLAW_INHERITED_FDS";
/// How systemd hands over what was left with it: for which process, and how many, from number 3 on.
const FROM_SYSTEMD: [&str; 3] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];
/// More than this nobody hands over.
const MAX_FDS: RawFd = 1_024;

/// What a restart handed over.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Listening TCP sockets, in the order in which they were kept.
    pub tcp: Vec<TcpListener>,
    /// Listening Unix sockets.
    pub unix: Vec<UnixListener>,
    /// Open files (the state lock).
    pub files: Vec<OwnedFd>,
}

/// Replaces this process by a fresh start of the same program: same pid, arguments and environment, and with the
/// descriptors of `keep` still open. Returns only on failure, with everything as before. Where the program file was
/// replaced by an update, the new one starts. Destructors do not run: flush what must be flushed first.
pub fn exec_self(keep: &[BorrowedFd<'_>]) -> io::Error {
    match program() {
        Ok(program) => exec(&program, keep),
        Err(error) => error,
    }
}

fn exec(program: &Path, keep: &[BorrowedFd<'_>]) -> io::Error {
    let kept = keep.iter().try_for_each(|fd| rustix::io::fcntl_setfd(fd, FdFlags::empty()));
    let error = match kept {
        Ok(()) => execute(program, describe(keep)),
        Err(error) => error.into(),
    };
    for fd in keep {
        // Back to how they were, so that no child inherits them by accident.
        let _ = rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC);
    }
    error
}

/// By hand instead of through the library's `Command`, because that resets the disposition of signals first, and a
/// gateway whose restart failed has to go on as it was.
#[allow(unsafe_code)]
fn execute(program: &Path, kept: String) -> io::Error {
    let strings = || -> io::Result<(CString, Vec<CString>, Vec<CString>)> {
        let program = CString::new(program.as_os_str().as_bytes())?;
        let arguments =
            std::env::args_os().map(|text| CString::new(text.into_vec())).collect::<Result<Vec<_>, _>>()?;
        let others = std::env::vars_os().filter(|(name, _)| {
            // After a restart in place the numbers that systemd gave mean something else.
            name != VARIABLE && !FROM_SYSTEMD.iter().any(|theirs| name == theirs)
        });
        let own = (OsString::from(VARIABLE), OsString::from(kept));
        let environment = others
            .chain([own])
            .map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((program, arguments, environment))
    };
    let (program, arguments, environment) = match strings() {
        Ok(strings) => strings,
        Err(error) => return error,
    };
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (arguments_at, environment_at) = (pointers(&arguments), pointers(&environment));
    // SAFETY: all three point to NUL-terminated strings, the arrays end with a null pointer, and the strings and arrays
    // live until after the call. On success nothing of this program is left that could be in an invalid state.
    unsafe { libc::execve(program.as_ptr(), arguments_at.as_ptr(), environment_at.as_ptr()) };
    io::Error::last_os_error()
}

/// The name under which this program was called, when it leads to the program that runs: absolute, with links as they
/// are. Package managers and version managers change what is behind such a name, so it is the name to call again. It
/// is found out once; call it early, before an update can change the answer.
pub fn called_as() -> Option<&'static Path> {
    static NAME: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = || {
        let called = PathBuf::from(std::env::args_os().next()?);
        let runs = std::env::current_exe().ok()?.canonicalize().ok()?;
        let leads_here = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == runs);
        if called.is_absolute() {
            return Some(called).filter(leads_here);
        }
        let is_bare = called.components().count() == 1;
        let folders = std::env::var_os("PATH").filter(|_| is_bare)?;
        std::env::split_paths(&folders)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&called))
            .find(leads_here)
    };
    NAME.get_or_init(found).as_deref()
}

/// The program file: by the name it was called, else itself. After an update the kernel calls the running one deleted;
/// its path then leads to the new one.
fn program() -> io::Result<PathBuf> {
    if let Some(name) = called_as().filter(|name| name.exists()) {
        return Ok(name.to_path_buf());
    }
    let path = std::env::current_exe()?;
    if path.exists() {
        return Ok(path);
    }
    let renewed = path.to_str().and_then(|text| text.strip_suffix(" (deleted)")).map(PathBuf::from);
    match renewed {
        Some(renewed) if renewed.exists() => Ok(renewed),
        // The file is gone altogether: the kernel still has what is running.
        _ => Ok(PathBuf::from("/proc/self/exe")),
    }
}

fn identity() -> String {
    let pid = std::process::id();
    format!("{pid}-{}", super::start_time(pid).unwrap_or(0))
}

fn describe(keep: &[BorrowedFd<'_>]) -> String {
    let numbers: Vec<String> = keep.iter().map(|fd| fd.as_raw_fd().to_string()).collect();
    format!("{}:{}", identity(), numbers.join(","))
}

fn parse(text: &str, identity: &str) -> Vec<RawFd> {
    let Some(numbers) = text.strip_prefix(identity).and_then(|rest| rest.strip_prefix(':')) else {
        return Vec::new();
    };
    let mut fds: Vec<RawFd> = Vec::new();
    for number in numbers.split(',').filter_map(|number| number.parse().ok()) {
        // 0 to 2 are the standard streams, and two owners of one number would close each other's descriptor.
        if number > 2 && !fds.contains(&number) {
            fds.push(number);
        }
    }
    fds
}

/// The numbers that systemd speaks of, when it speaks to this process.
fn from_systemd(pid: Option<&str>, count: Option<&str>, own: u32) -> Vec<RawFd> {
    let to_us = pid.and_then(|pid| pid.trim().parse().ok()) == Some(own);
    let count: RawFd = count.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
    if to_us && (1..=MAX_FDS).contains(&count) { (3..3 + count).collect() } else { Vec::new() }
}

/// Takes over what [`exec_self`] kept, or what was left with systemd ([`crate::notify::keep_sockets`]). Empty on an
/// ordinary start and on every call but the first. Call it early in `main`, before descriptors are opened whose numbers could be confused with the kept ones.
pub fn inherited() -> Inherited {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let mut out = Inherited::default();
    if TAKEN.swap(true, Ordering::SeqCst) {
        return out;
    }
    // Now, while the name still leads here.
    called_as();
    let text = |name: &str| std::env::var_os(name).and_then(|text| text.into_string().ok());
    let numbers = match text(VARIABLE) {
        Some(text) => parse(&text, &identity()),
        None => {
            from_systemd(text("LISTEN_PID").as_deref(), text("LISTEN_FDS").as_deref(), std::process::id())
        }
    };
    for number in numbers {
        let Some(fd) = adopt(number) else { continue };
        let listening = rustix::net::sockopt::socket_acceptconn(&fd).unwrap_or(false);
        match rustix::net::sockopt::socket_domain(&fd) {
            Ok(AddressFamily::INET | AddressFamily::INET6) if listening => {
                out.tcp.push(TcpListener::from(fd))
            }
            Ok(AddressFamily::UNIX) if listening => out.unix.push(UnixListener::from(fd)),
            Err(_) if is_file(&fd) => out.files.push(fd),
            _ => {}
        }
    }
    out
}

fn is_file(fd: &OwnedFd) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// Takes ownership of an open descriptor by number, and sets close-on-exec on it again.
#[allow(unsafe_code)]
fn adopt(number: RawFd) -> Option<OwnedFd> {
    // Only descriptors that are open and lack close-on-exec can have come through an exec; std and our own code open
    // none without it. `/proc` answers without touching the number.
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?.trim();
    let flags = u32::from_str_radix(flags, 8).ok()?;
    if flags & rustix::fs::OFlags::CLOEXEC.bits() != 0 {
        return None;
    }
    // SAFETY: the number is open (checked above) and named, under this very pid and start time, by the previous
    // program of this process as one that it gave away. `inherited` runs once and never repeats a number, so nothing
    // else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC).ok()?;
    Some(fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_that_fails_changes_nothing() {
        use std::os::fd::AsFd;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = exec(Path::new("/nonexistent/openclaw"), &[listener.as_fd()]);
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(rustix::io::fcntl_getfd(&listener).unwrap().contains(FdFlags::CLOEXEC));
    }

    #[test]
    fn only_the_process_named_takes_over_and_never_a_standard_stream() {
        assert_eq!(parse("7-99:3,5", "7-99"), [3, 5]);
        assert_eq!(parse("7-99:5,5,2,x,-1,9", "7-99"), [5, 9]);
        assert!(parse("7-99:3", "7-9").is_empty());
        assert!(parse("8-99:3", "7-99").is_empty());
        assert!(parse("", "7-99").is_empty());
        assert!(parse("7-99:", "7-99").is_empty());
    }

    #[test]
    fn what_systemd_kept_is_taken_over_by_the_process_it_means() {
        assert_eq!(from_systemd(Some("7"), Some("2"), 7), [3, 4]);
        for (pid, count) in
            [(Some("8"), Some("2")), (None, Some("2")), (Some("7"), None), (Some("7"), Some("-1"))]
        {
            assert!(from_systemd(pid, count, 7).is_empty(), "{pid:?} {count:?}");
        }
        assert!(from_systemd(Some("7"), Some("99999"), 7).is_empty());
    }
}
