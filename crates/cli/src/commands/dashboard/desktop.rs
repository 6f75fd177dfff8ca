//! Whether somebody sits before a screen of this machine, and the program that opens a page there.

use std::path::PathBuf;

use openclaw_config::Env;

/// What opens pages here, or why nothing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Desktop {
    /// This program, with the page as its argument.
    Opener(PathBuf),
    /// The person is at another computer.
    Elsewhere,
    /// A screen, but nothing that opens pages.
    NoOpener,
}

/// Looks at the session. `os` is `std::env::consts::OS`.
pub(super) fn find(env: &Env, os: &str, in_container: bool) -> Desktop {
    let set = |name: &str| env.get(name).is_some_and(|value| !value.trim().is_empty());
    let by_ssh = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].iter().any(|name| set(name));
    let screen = os == "macos" || set("DISPLAY") || set("WAYLAND_DISPLAY");
    if in_container || by_ssh || !screen {
        return Desktop::Elsewhere;
    }
    let name = if os == "macos" { "open" } else { "xdg-open" };
    let folders = env.get("PATH").map(std::env::split_paths).into_iter().flatten();
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_absolute() && path.is_file());
    found.map_or(Desktop::NoOpener, Desktop::Opener)
}

#[cfg(test)]
mod tests {
    use openclaw_config::Env;

    use super::{Desktop, find};

    #[test]
    fn a_screen_of_this_machine() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["xdg-open", "open"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let path = folder.path().to_str().unwrap();
        let opener = |name: &str| Desktop::Opener(folder.path().join(name));
        for (more, os, in_container, expected) in [
            (&[("DISPLAY", ":0")][..], "linux", false, opener("xdg-open")),
            (&[("WAYLAND_DISPLAY", "wayland-0")], "linux", false, opener("xdg-open")),
            (&[], "macos", false, opener("open")),
            (&[], "linux", false, Desktop::Elsewhere),
            (&[("DISPLAY", "")], "linux", false, Desktop::Elsewhere),
            (&[("DISPLAY", ":0")], "linux", true, Desktop::Elsewhere),
            (&[("DISPLAY", ":10"), ("SSH_CONNECTION", "a 1 b 22")], "linux", false, Desktop::Elsewhere),
            (&[("SSH_TTY", "/dev/pts/0")], "macos", false, Desktop::Elsewhere),
        ] {
            let env = Env::from_pairs([("PATH", path)].into_iter().chain(more.iter().copied()));
            assert_eq!(find(&env, os, in_container), expected, "{more:?} {os}");
        }
        let bare = Env::from_pairs([("DISPLAY", ":0"), ("PATH", "/nowhere:relative")]);
        assert_eq!(find(&bare, "linux", false), Desktop::NoOpener);
    }
}
