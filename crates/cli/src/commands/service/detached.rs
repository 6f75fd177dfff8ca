//! A gateway in the background without any supervisor: started by `gateway start`, its output in a file, and reported
//! only once it answers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use openclaw_config::paths::DEV_PORT;
use openclaw_service::running::STARTED_BY;
use rustix::fs::OFlags;

use super::Site;
use crate::failure::Failure;

/// Above this size the file of an earlier gateway is moved aside.
const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// Most bytes shown of what a failed start said.
const SHOWN: u64 = 16 * 1024;
/// Variables of a supervisor of this command, which the new gateway has nothing to do with.
const NOT_ITS: [&str; 8] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
];

/// The process that was started.
pub(super) struct Detached {
    child: Child,
    /// Where its output goes.
    pub(super) output: PathBuf,
    began: u64,
}

/// Starts it. It leaves this terminal's session by itself.
pub(super) fn spawn(site: &Site<'_>, port: Option<&str>) -> Result<Detached, Failure> {
    let (file, output) = open(site).map_err(|(path, error)| {
        site.failure(format!("Gateway start failed: {}: {error}", path.display()))
    })?;
    let began = file.metadata().map_or(0, |meta| meta.len());
    let paths = &site.context.paths;
    let mut command = Command::new(&site.place.program);
    match &paths.profile {
        _ if paths.default_port == DEV_PORT => command.arg("--dev"),
        Some(profile) => command.args(["--profile", profile]),
        None => &mut command,
    };
    command.args(["gateway", "run"]);
    if let Some(port) = port {
        command.args(["--port", port]);
    }
    // It does not stay in the folder this was called from, so relative paths must have been resolved before.
    for (name, path) in
        [("OPENCLAW_STATE_DIR", &paths.state_dir), ("OPENCLAW_CONFIG_PATH", &paths.config_path)]
    {
        if site.context.env.get(name).is_some() {
            command.env(name, path);
        }
    }
    for name in NOT_ITS {
        command.env_remove(name);
    }
    let error = || site_error(site, &output);
    let second = file.try_clone().map_err(|why| error()(why))?;
    let child = command
        .env(STARTED_BY, "gateway start")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(second)
        .spawn()
        .map_err(|why| {
            site.failure(format!("Gateway start failed: {}: {why}", site.place.program.display()))
        })?;
    Ok(Detached { child, output, began })
}

fn site_error<'s>(site: &'s Site<'_>, path: &'s std::path::Path) -> impl FnOnce(io::Error) -> Failure + 's {
    move |why| site.failure(format!("Gateway start failed: {}: {why}", path.display()))
}

/// `<state>/logs/gateway.log`, for its owner only. What stands there is what a terminal would show.
fn open(site: &Site<'_>) -> Result<(File, PathBuf), (PathBuf, io::Error)> {
    let folder = site.place.paths.state_dir.join("logs");
    let path = folder.join("gateway.log");
    for dir in [&site.place.paths.state_dir, &folder] {
        openclaw_os::file::ensure_dir(dir, 0o700).map_err(|error| (dir.clone(), error))?;
    }
    if fs::symlink_metadata(&path).is_ok_and(|meta| meta.len() > MAX_BYTES) {
        // Losing the older of two old files is all that can go wrong.
        fs::rename(&path, folder.join("gateway.log.1")).ok();
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    // The number of this flag is another one on other processors. Lossless: it is a bit of the system's own mask.
    options.custom_flags(OFlags::NOFOLLOW.bits() as i32);
    let file = options.open(&path);
    file.map(|file| (file, path.clone())).map_err(|error| (path, error))
}

impl Detached {
    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// What it printed.
    pub(super) fn said(&self) -> Vec<String> {
        let read = || -> io::Result<String> {
            let mut file = File::open(&self.output)?;
            file.seek(SeekFrom::Start(self.began))?;
            let mut text = String::new();
            file.take(SHOWN).read_to_string(&mut text)?;
            Ok(text)
        };
        let text = read().unwrap_or_default();
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}
