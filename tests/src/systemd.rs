//! A real systemd of an account, in namespaces and a control group of its own: what `systemctl --user` talks to in
//! these tests is the program that users have.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::network::is_root;
use crate::wait::{until, within};
use crate::world::{Said, World};

/// How long an instance may take until it answers, or a machine that cannot have one is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running instance for the account whose home a [`World`] is; gone, with everything it started, when dropped.
pub struct Systemd<'w> {
    world: &'w World,
    unshare: Child,
    init: u32,
    group: PathBuf,
}

impl<'w> Systemd<'w> {
    /// Starts one, or says why there is none here.
    pub fn start(world: &'w World) -> Result<Systemd<'w>, &'static str> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !is_root() {
            return Err("an instance of systemd needs root's powers");
        }
        let program = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
        let Some(program) = program.into_iter().find(|path| std::path::Path::new(path).exists()) else {
            return Err("there is no systemd here");
        };
        // Every instance believes that the group it is in is the machine's, so each gets one of its own.
        let hierarchy = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup"];
        let hierarchy =
            hierarchy.into_iter().map(PathBuf::from).find(|path| path.join("cgroup.procs").exists());
        let Some(hierarchy) = hierarchy else { return Err("there are no control groups here") };
        let name = format!("oct-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let group = hierarchy.join(name);
        if std::fs::create_dir(&group).is_err() {
            return Err("control groups cannot be made here");
        }
        let script = format!(
            "echo $$ > {group}/cgroup.procs && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/user/0 && \
             chmod 700 /run/user/0 && {program} --user & wait; sleep infinity",
            group = group.display()
        );
        let unshare = Command::new("unshare")
            .args(["-m", "-p", "-f", "--mount-proc", "--kill-child=KILL", "/bin/sh", "-c", &script])
            .env_clear()
            .env("HOME", world.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("XDG_RUNTIME_DIR", "/run/user/0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(unshare) = unshare else {
            let _ = std::fs::remove_dir(&group);
            return Err("there is no unshare here");
        };
        let mut systemd = Systemd { world, unshare, init: 0, group };
        let children = format!("/proc/{0}/task/{0}/children", systemd.unshare.id());
        let ready = within(PATIENCE, || {
            let text = std::fs::read_to_string(&children).ok()?;
            systemd.init = text.split_whitespace().next()?.parse().ok()?;
            let said = systemd.sh("systemctl --user is-system-running");
            (said.out.contains("running") || said.out.contains("degraded")).then_some(())
        });
        ready.map(|()| systemd).ok_or("an instance of systemd does not start here")
    }

    /// Runs a line where this systemd is the account's, as somebody types it.
    pub fn sh(&self, line: &str) -> Said {
        let shell = self.world.shell(line);
        let mut command = Command::new("nsenter");
        command
            .args(["-t", &self.init.to_string(), "-m", "-p", "/bin/sh", "-c", line])
            .current_dir(self.world.home())
            .env_clear()
            .envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("XDG_RUNTIME_DIR", "/run/user/0")
            .stdin(Stdio::null());
        Said::from(command.output().unwrap())
    }

    /// One property of a unit.
    pub fn property(&self, unit: &str, name: &str) -> String {
        self.sh(&format!("systemctl --user show {unit} --property {name} --value")).out.trim().to_owned()
    }

    /// Waits until a property of a unit has this value.
    pub fn until(&self, unit: &str, name: &str, value: &str) {
        until(&format!("{name}={value} of {unit}"), || (self.property(unit, name) == value).then_some(()));
    }
}

impl Drop for Systemd<'_> {
    fn drop(&mut self) {
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
        // The processes are gone a moment after their namespace's first one.
        let removed = || {
            let mut folders = vec![self.group.clone()];
            let mut at = 0;
            while at < folders.len() {
                let inner = std::fs::read_dir(&folders[at]).into_iter().flatten().flatten();
                folders.extend(inner.map(|entry| entry.path()).filter(|path| path.is_dir()));
                at += 1;
            }
            folders.iter().rev().all(|folder| std::fs::remove_dir(folder).is_ok()).then_some(())
        };
        within(Duration::from_secs(5), removed);
    }
}
