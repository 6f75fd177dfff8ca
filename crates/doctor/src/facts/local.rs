//! What the files of this machine say, without asking anybody.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use openclaw_config::{Env, Paths};
use openclaw_os::file::{Owners, read_nofollow};
use openclaw_os::{process, tmp};
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::time::Millis;
use serde_json::Value;

use super::CachedToken;

/// Set-aside files looked at; more say the same over and over.
const MAX_SET_ASIDE: usize = 50;

/// A file or folder that others must not change, or not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFact {
    /// Where it is.
    pub path: PathBuf,
    /// It is a folder.
    pub is_dir: bool,
    /// It is a symbolic link; it is not followed.
    pub is_link: bool,
    /// Its permission bits.
    pub mode: u32,
    /// The most bits it should have.
    pub allowed: u32,
    /// The account it belongs to.
    pub uid: u32,
    /// That account is trusted here (ruling 26).
    pub trusted: bool,
    /// When it was last written.
    pub modified: Millis,
}

impl FileFact {
    /// Others have more access than they should.
    #[must_use]
    pub fn is_loose(&self) -> bool {
        !self.is_link && self.mode & !self.allowed & 0o777 != 0
    }

    /// Others may write to it.
    #[must_use]
    pub fn is_writable_by_others(&self) -> bool {
        !self.is_link && self.mode & 0o022 != 0
    }
}

/// Room on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// A folder on it.
    pub path: PathBuf,
    /// Bytes that this account may still write.
    pub free: u64,
    /// Why it cannot be written to.
    pub read_only: bool,
}

/// A lock file whose holder is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLock {
    /// The file.
    pub path: PathBuf,
    /// Who held it.
    pub pid: u32,
}

/// This machine's own device.
#[derive(Clone, Debug, Default)]
pub struct OwnDevice {
    /// Its id; `None` before the first connection.
    pub id: Option<DeviceId>,
    /// Why the identity cannot be used.
    pub damaged: Option<String>,
    /// Device tokens that this machine's gateway gave it.
    pub tokens: Vec<CachedToken>,
    /// The cache belongs to another device: it was copied or the identity was made anew.
    pub foreign_cache: Option<PathBuf>,
}

impl OwnDevice {
    /// Of this state directory.
    #[must_use]
    pub fn of(paths: &Paths) -> Self {
        own_device(paths)
    }
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// The account that runs this.
    pub uid: u32,
    /// Files and folders with their modes and owners.
    pub files: Vec<FileFact>,
    /// The disks that the gateway writes to.
    pub disks: Vec<Disk>,
    /// Dead locks.
    pub locks: Vec<DeadLock>,
    /// This machine's device.
    pub own_device: OwnDevice,
    /// Copies of records and databases that were set aside.
    pub set_aside: Vec<PathBuf>,
    /// What is wrong with the database file, as far as its first bytes tell.
    pub database: Option<String>,
    /// What is wrong with the readable view.
    pub view: Option<String>,
    /// There is a database.
    pub has_database: bool,
}

impl Local {
    /// Reads it. What cannot be read is missing from it; nothing is changed.
    #[must_use]
    pub fn gather(paths: &Paths, env: &Env) -> Self {
        let owners = Owners::of_state(&paths.state_dir);
        let database = paths.database();
        Self {
            uid: openclaw_os::peer::own_uid(),
            files: files(paths, env, &owners),
            disks: disks(paths),
            locks: dead_lock(&tmp::node_lock_dir(), &paths.config_path).into_iter().collect(),
            set_aside: set_aside(paths),
            has_database: database.exists(),
            database: damaged_database(&database),
            view: damaged_view(&paths.devices_dir().join("paired.json")),
            own_device: OwnDevice::of(paths),
        }
    }
}

fn files(paths: &Paths, env: &Env, owners: &Owners) -> Vec<FileFact> {
    let state = &paths.state_dir;
    let identity = paths.identity_dir();
    let private = state.join("state");
    let devices = paths.devices_dir();
    let mut wanted: Vec<(PathBuf, u32)> = vec![(state.clone(), 0o700), (paths.config_path.clone(), 0o600)];
    wanted.extend([(paths.dotenv(), 0o600)]);
    for folder in [&identity, &private, &devices] {
        wanted.push((folder.clone(), 0o700));
    }
    wanted.push((paths.credentials_dir(env), 0o700));
    wanted.push((state.join("config-history"), 0o700));
    for (folder, names) in [
        (&identity, &["device.json", "device-auth.json"][..]),
        (&private, &["gateway.sqlite", "gateway.key"]),
        (&devices, &["paired.json", "pending.json"]),
    ] {
        wanted.extend(names.iter().map(|name| (folder.join(name), 0o600)));
    }
    wanted.extend(openclaw_config::edit::backups(&paths.config_path).into_iter().map(|path| (path, 0o600)));
    wanted.into_iter().filter_map(|(path, allowed)| file(path, allowed, owners)).collect()
}

fn file(path: PathBuf, allowed: u32, owners: &Owners) -> Option<FileFact> {
    let meta = fs::symlink_metadata(&path).ok()?;
    Some(FileFact {
        is_dir: meta.is_dir(),
        is_link: meta.is_symlink(),
        mode: meta.mode() & 0o7777,
        allowed,
        uid: meta.uid(),
        trusted: owners.trusts(meta.uid()),
        modified: Millis(u64::try_from(meta.mtime()).unwrap_or_default().saturating_mul(1000)),
        path,
    })
}

fn disks(paths: &Paths) -> Vec<Disk> {
    let mut folders = vec![paths.state_dir.clone()];
    folders.extend(tmp::node_lock_dir().parent().map(Path::to_path_buf));
    let mut seen = Vec::new();
    let mut disks = Vec::new();
    for folder in folders {
        // The state directory need not exist yet; the nearest folder that does is on the same disk.
        let Some(at) = folder.ancestors().find(|dir| dir.is_dir()) else { continue };
        let Ok(device) = fs::metadata(at).map(|meta| meta.dev()) else { continue };
        if seen.contains(&device) {
            continue;
        }
        seen.push(device);
        if let Ok(room) = rustix::fs::statvfs(at) {
            disks.push(Disk {
                path: at.to_path_buf(),
                free: room.f_bavail.saturating_mul(room.f_frsize),
                read_only: room.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
            });
        }
    }
    disks
}

/// The lock file of the Node gateway for this configuration, when its process is gone. Ours is a kernel lock, which dies
/// with its holder; other configurations' are not this one's business.
fn dead_lock(folder: &Path, config: &Path) -> Option<DeadLock> {
    let path = openclaw_os::lock::node_lock_path(folder, config);
    let record: Value = serde_json::from_slice(&read_nofollow(&path, 64 * 1024).ok()?).ok()?;
    let pid = u32::try_from(record.get("pid")?.as_u64()?).ok()?;
    let then = record.get("startTime").and_then(Value::as_u64);
    let alive = match (process::start_time(pid), then) {
        (None, _) => false,
        (Some(now), Some(then)) => now == then,
        (Some(_), None) => true,
    };
    (!alive).then_some(DeadLock { path, pid })
}

fn own_device(paths: &Paths) -> OwnDevice {
    let folder = paths.identity_dir();
    let mut own = OwnDevice::default();
    match document(&folder.join("device.json")) {
        Ok(Some(identity)) => {
            match identity.get("deviceId").and_then(Value::as_str).and_then(DeviceId::parse) {
                Some(id) => own.id = Some(id),
                None => own.damaged = Some("it names no device".to_owned()),
            }
        }
        Ok(None) => {}
        Err(why) => own.damaged = Some(why),
    }
    let cache = folder.join("device-auth.json");
    // A cache that cannot be read is as good as none: the gateway gives the token again.
    let (Some(id), Ok(Some(tokens))) = (&own.id, document(&cache)) else { return own };
    if tokens.get("deviceId").and_then(Value::as_str) != Some(id.as_str()) {
        own.foreign_cache = Some(cache);
        return own;
    }
    for role in [Role::Operator, Role::Node] {
        if let Some(entry) = tokens.get("tokens").and_then(|all| all.get(role.as_str())) {
            let updated_at = Millis(entry.get("updatedAtMs").and_then(Value::as_u64).unwrap_or_default());
            own.tokens.push(CachedToken { role, updated_at, file: cache.clone() });
        }
    }
    own
}

/// A small JSON object; `None` when there is no file.
fn document(path: &Path) -> Result<Option<Value>, String> {
    match read_nofollow(path, 1024 * 1024) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Some(Value::Object(map))),
            Ok(_) | Err(_) => Err("it is not a JSON object".to_owned()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn set_aside(paths: &Paths) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (folder, mark) in
        [(paths.devices_dir(), "paired.json.set-aside-"), (paths.state_dir.join("state"), ".damaged-")]
    {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if found.len() < MAX_SET_ASIDE && entry.file_name().to_string_lossy().contains(mark) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

fn damaged_database(path: &Path) -> Option<String> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut head = [0; MAGIC.len()];
    let read = fs::File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut head));
    match read {
        Ok(()) if head == MAGIC => None,
        Ok(()) => Some("its first bytes are not those of a database".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Some("it is cut off".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fn damaged_view(path: &Path) -> Option<String> {
    let bytes = match read_nofollow(path, 64 << 20) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(error.to_string()),
    };
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(_)) => None,
        Ok(_) => Some("it is not an object of records".to_owned()),
        Err(error) => Some(format!("it is not JSON ({error})")),
    }
}
