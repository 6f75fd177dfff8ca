//! Whether this runs in a container.

use std::path::Path;

/// The user's own word: `1` means yes, `0` means no, anything else is ignored.
pub const VARIABLE: &str = "OPENCLAW_IN_CONTAINER";
/// Set by the compose file: what the host's user types before `openclaw …` (ruling 35). It is a stranger's text until the
/// catalogue of refusals has checked it.
pub const PREFIX_VARIABLE: &str = "OPENCLAW_CONTAINER_PREFIX";

/// A container was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// `docker`, `podman`, `kubernetes`, `lxc`, … or `container` when only that much is known.
    pub runtime: String,
    /// What gave it away, for the owner's eyes.
    pub evidence: String,
}

/// Everything that the decision looks at.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// `OPENCLAW_IN_CONTAINER`
    pub variable: Option<String>,
    /// `container`, set by podman, systemd-nspawn and lxc.
    pub container_variable: Option<String>,
    /// `KUBERNETES_SERVICE_HOST` is set.
    pub kubernetes: bool,
    /// `/.dockerenv` exists.
    pub dockerenv: bool,
    /// `/run/.containerenv` exists.
    pub containerenv: bool,
    /// `/proc/1/cgroup`
    pub cgroup: String,
}

impl Evidence {
    /// What this system shows.
    pub fn gather() -> Self {
        Self {
            variable: std::env::var(VARIABLE).ok(),
            container_variable: std::env::var("container").ok(),
            kubernetes: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
            dockerenv: Path::new("/.dockerenv").exists(),
            containerenv: Path::new("/run/.containerenv").exists(),
            cgroup: std::fs::read_to_string("/proc/1/cgroup").unwrap_or_default(),
        }
    }

    /// The decision, purely.
    pub fn decide(&self) -> Option<Container> {
        let found = |runtime: &str, evidence: &str| {
            Some(Container { runtime: runtime.to_owned(), evidence: evidence.to_owned() })
        };
        match self.variable.as_deref().map(str::trim) {
            Some("0") => return None,
            Some("1") => return found("container", "OPENCLAW_IN_CONTAINER=1"),
            _ => {}
        }
        if self.kubernetes {
            return found("kubernetes", "KUBERNETES_SERVICE_HOST is set");
        }
        if self.dockerenv {
            return found("docker", "/.dockerenv exists");
        }
        if self.containerenv {
            return found("podman", "/run/.containerenv exists");
        }
        if let Some(name) = self.container_variable.as_deref().map(str::trim).filter(|name| !name.is_empty())
        {
            let known = ["docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn", "oci", "crio"];
            let runtime = known.into_iter().find(|known| *known == name).unwrap_or("container");
            return found(runtime, "the variable `container` is set");
        }
        let marks = [
            ("kubepods", "kubernetes"),
            ("docker", "docker"),
            ("libpod", "podman"),
            ("containerd", "container"),
            ("lxc", "lxc"),
        ];
        let hit = marks.into_iter().find(|(mark, _)| self.cgroup.lines().any(|line| names(line, mark)))?;
        found(hit.1, "the control group of process 1 names it")
    }
}

/// Whether a part of the control group's path begins with the mark (`docker-<id>.scope`, `/docker/<id>`), so that a
/// host whose service is called `my-docker-things.service` is not taken for a container.
fn names(line: &str, mark: &str) -> bool {
    let path = line.splitn(3, ':').nth(2).unwrap_or(line);
    path.split('/').any(|part| part.starts_with(mark) && !part.ends_with(".service"))
}

/// Whether this process runs in a container, as far as can be seen.
pub fn detect() -> Option<Container> {
    Evidence::gather().decide()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_word_decides() {
        let docker = Evidence { dockerenv: true, ..Evidence::default() };
        assert_eq!(docker.decide().unwrap().runtime, "docker");
        assert_eq!(Evidence { variable: Some("0".into()), ..docker.clone() }.decide(), None);
        assert_eq!(Evidence { variable: Some("maybe".into()), ..docker }.decide().unwrap().runtime, "docker");
        let bare = Evidence { variable: Some("1".into()), ..Evidence::default() };
        assert_eq!(bare.decide().unwrap().runtime, "container");
        assert_eq!(Evidence::default().decide(), None);
    }

    #[test]
    fn marks_of_each_runtime() {
        let group = |text: &str| Evidence { cgroup: text.into(), ..Evidence::default() };
        let runtime = |text: &str| group(text).decide().map(|found| found.runtime);
        assert_eq!(runtime("12:pids:/docker/0123abcd\n"), Some("docker".into()));
        assert_eq!(runtime("0::/system.slice/docker-0123.scope"), Some("docker".into()));
        assert_eq!(runtime("0::/kubepods.slice/kubepods-besteffort.slice"), Some("kubernetes".into()));
        assert_eq!(runtime("0::/machine.slice/libpod-99.scope/container"), Some("podman".into()));
        assert_eq!(runtime("0::/init.scope"), None);
        assert_eq!(runtime("0::/system.slice/docker.service"), None);
        let nspawn = Evidence { container_variable: Some("systemd-nspawn".into()), ..Evidence::default() };
        assert_eq!(nspawn.decide().unwrap().runtime, "systemd-nspawn");
    }
}
