//! A real ssh server on a host of its own, and an `ssh` for the other host that trusts it and has a key for it: a login
//! as on a VPS. Nothing of the machine's own ssh is touched.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use crate::container::installed;
use crate::network::Namespace;
use crate::wait::until;

/// A running server; it ends with this value.
pub struct Sshd {
    child: Child,
    folder: TempDir,
}

impl Sshd {
    /// Starts it on the port in `host`. `more` are lines for its configuration. `None` when OpenSSH is not installed.
    pub fn start(host: &Arc<Namespace>, port: u16, more: &str) -> Option<Sshd> {
        if !["ssh", "sshd", "ssh-keygen"].into_iter().all(installed) {
            return None;
        }
        // Its unprivileged half is locked into this folder.
        std::fs::create_dir_all("/run/sshd").ok()?;
        let folder = tempfile::Builder::new().prefix("oc-ssh").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let path = |name: &str| folder.path().join(name);
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(path(key))
                .status()
                .unwrap();
            assert!(made.success());
        }
        std::fs::copy(path("user.pub"), path("authorized_keys")).unwrap();
        let known = std::fs::read_to_string(path("host.pub")).unwrap();
        std::fs::write(path("known_hosts"), format!("* {known}")).unwrap();
        let server = format!(
            "Port {port}\nListenAddress {}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n\
             UseDNS no\n{more}\n",
            host.address,
            path("host").display(),
            path("authorized_keys").display(),
        );
        std::fs::write(path("sshd_config"), server).unwrap();
        let client = format!(
            "Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n  \
             BatchMode yes\n",
            path("user").display(),
            path("known_hosts").display(),
        );
        std::fs::write(path("ssh_config"), client).unwrap();
        std::fs::create_dir(path("bin")).unwrap();
        let wrapper = format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", path("ssh_config").display());
        std::fs::write(path("bin/ssh"), wrapper).unwrap();
        std::fs::set_permissions(path("bin/ssh"), PermissionsExt::from_mode(0o755)).unwrap();

        let mut command = Command::new("/usr/sbin/sshd");
        command
            .arg("-D")
            .arg("-e")
            .arg("-f")
            .arg(path("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command.stderr(std::fs::File::create(path("stderr")).unwrap());
        let child = host.spawn(&mut command).ok()?;
        let at = (host.address, port);
        until("sshd", || host.run(|| std::net::TcpStream::connect(at)).ok());
        Some(Sshd { child, folder })
    }

    /// The folder with the `ssh` that gets in, for the front of a `PATH`.
    pub fn client(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// A `PATH` with that folder first.
    pub fn path(&self) -> String {
        format!("{}:/usr/local/bin:/usr/bin:/bin", self.client().display())
    }

    /// Makes the host show another key from now on, as a reinstalled or false one would.
    pub fn change_known_key(&self) {
        let other = self.folder.path().join("other");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&other)
            .status()
            .unwrap();
        assert!(made.success());
        let key = std::fs::read_to_string(Path::with_extension(&other, "pub")).unwrap();
        std::fs::write(self.folder.path().join("known_hosts"), format!("* {key}")).unwrap();
    }
}

/// The processes that a process has started.
fn children(pid: u32) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Each login is a process of its own, which would outlive the server.
        for session in children(self.child.id()).into_iter().filter_map(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(session, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default();
            eprintln!("── sshd printed:\n{said}──");
        }
    }
}
