//! Who else on this machine can read or change what the gateway lives from.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use openclaw_os::file::Owners;

use super::{Facts, Finding, Severity};

/// What others may do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Nothing,
    Read,
    Write,
}

/// A file or folder and what it means when others can touch it.
struct Watched<'a> {
    path: &'a Path,
    name: &'static str,
    /// Mode that it should have.
    mode: &'static str,
    /// Severity of others being able to read it.
    when_readable: Severity,
    /// Ids for writable, readable by everybody, readable by the group.
    ids: [&'static str; 3],
}

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let paths = facts.paths;
    let state = &paths.state_dir;
    let identity = paths.identity_dir().join("device.json");
    let tokens = paths.identity_dir().join("device-auth.json");
    let database = paths.database();
    let dotenv = paths.dotenv();
    let devices = paths.devices_dir();
    let state_ids =
        ["fs.state_dir.perms_writable", "fs.state_dir.perms_readable", "fs.state_dir.perms_readable"];
    let config_ids =
        ["fs.config.perms_writable", "fs.config.perms_world_readable", "fs.config.perms_group_readable"];
    let secret_ids = ["fs.secrets.perms_writable", "fs.secrets.perms_readable", "fs.secrets.perms_readable"];
    let log_ids = ["fs.log_file.perms_writable", "fs.log_file.perms_readable", "fs.log_file.perms_readable"];
    let watch = |path, name, mode, when_readable, ids| Watched { path, name, mode, when_readable, ids };
    let mut watched = vec![
        watch(state, "The state directory", "700", Severity::Warn, state_ids),
        watch(&devices, "The folder of the paired devices", "700", Severity::Warn, state_ids),
        watch(&paths.config_path, "The configuration", "600", Severity::Critical, config_ids),
        watch(&dotenv, "The environment file", "600", Severity::Critical, secret_ids),
        watch(&identity, "This machine's device key", "600", Severity::Critical, secret_ids),
        watch(&tokens, "This machine's device tokens", "600", Severity::Critical, secret_ids),
        watch(&database, "The pairing database", "600", Severity::Critical, secret_ids),
    ];
    if let Some(log) = &facts.log_file {
        watched.push(watch(log, "The log file", "600", Severity::Warn, log_ids));
    }
    // A folder that nobody else may enter protects what is in it.
    let shut = std::fs::metadata(state).is_ok_and(|meta| meta.mode() & 0o077 == 0);
    let owners = Owners::of_state(state);
    let mut found = Vec::new();
    for one in watched {
        let inside = one.path.starts_with(state) && one.path != state;
        if shut && inside {
            continue;
        }
        found.extend(judge(facts, &one, &owners));
    }
    found
}

fn judge(facts: &Facts<'_>, one: &Watched<'_>, owners: &Owners) -> Option<Finding> {
    let meta = std::fs::symlink_metadata(one.path).ok()?;
    // What a link leads to is somebody else's choice of place; its own mode means nothing.
    let meta = if meta.file_type().is_symlink() { std::fs::metadata(one.path).ok()? } else { meta };
    // A device in place of the log file has the mode of a device.
    if !meta.is_file() && !meta.is_dir() {
        return None;
    }
    let shown = facts.paths.short(one.path);
    let mode = meta.mode() & 0o777;
    if !owners.trusts(meta.uid()) {
        // No command: it would make a stranger's words believable before anybody has read them (N-07).
        return Some(Finding::new(
            one.ids[0],
            Severity::Critical,
            format!("{} belongs to another account", one.name),
            format!(
                "{shown} belongs to uid {}, who can change it at will. Look at what stands in it before you make it yours again.",
                meta.uid()
            ),
        ));
    }
    let chmod = format!("chmod {} {}", one.mode, quoted(&shown));
    // The doctor closes it, too, and has the store put aside first what a stranger wrote (ruling 25).
    let watched = one.path.starts_with(&facts.paths.state_dir) && others(mode) == Others::Write;
    let fix = if watched { facts.vantage.openclaw("doctor --fix") } else { chmod };
    match others(mode) {
        Others::Nothing => None,
        Others::Write => Some(
            Finding::new(
                one.ids[0],
                Severity::Critical,
                format!("{} can be changed by others", one.name),
                format!("{shown} has mode {mode:o}: another account of this machine can rewrite it."),
            )
            .fix(fix),
        ),
        Others::Read => Some(
            Finding::new(
                if mode & 0o007 == 0 { one.ids[2] } else { one.ids[1] },
                one.when_readable,
                format!("{} can be read by others", one.name),
                format!("{shown} has mode {mode:o}: another account of this machine can read it."),
            )
            .fix(fix),
        ),
    }
}

fn others(mode: u32) -> Others {
    match mode {
        mode if mode & 0o022 != 0 => Others::Write,
        mode if mode & 0o055 != 0 => Others::Read,
        _ => Others::Nothing,
    }
}

/// The path as a shell reads it, or a placeholder when it holds anything that a shell could take for something else.
fn quoted(path: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte);
    if !path.is_empty() && path.bytes().all(harmless) { path.to_owned() } else { "<path>".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Others, others, quoted};

    #[test]
    fn modes() {
        for (mode, expected) in [
            (0o600, Others::Nothing),
            (0o700, Others::Nothing),
            (0o640, Others::Read),
            (0o604, Others::Read),
            (0o755, Others::Read),
            (0o620, Others::Write),
            (0o602, Others::Write),
            (0o777, Others::Write),
        ] {
            assert_eq!(others(mode), expected, "{mode:o}");
        }
    }

    #[test]
    fn paths_in_commands() {
        assert_eq!(quoted("~/.openclaw/openclaw.json"), "~/.openclaw/openclaw.json");
        assert_eq!(quoted("/tmp/a b;reboot"), "<path>");
    }
}
