//! Where a gateway is measured: the binary, and a home of its own with nothing of the tester's environment.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The gateway's token in every configured place: as long as a generated one.
pub(crate) const TOKEN: &str = "be7c40debe7c40debe7c40debe7c40debe7c40debe7c40de";

/// The binary under measurement.
#[derive(Debug)]
pub(crate) struct Binary {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What `--version` prints.
    pub(crate) version: String,
}

impl Binary {
    /// The given one, or the one that was built beside this program.
    pub(crate) fn find(given: Option<PathBuf>) -> Result<Binary> {
        let path = match given {
            Some(path) => path,
            None => std::env::current_exe()
                .context("this program does not know where it is")?
                .with_file_name("openclaw"),
        };
        let path = path.canonicalize().with_context(|| {
            format!("no binary at {}; build it with `cargo build --release -p openclaw`", path.display())
        })?;
        let out = Command::new(&path).arg("--version").output().context("the binary does not run")?;
        ensure!(out.status.success(), "`{} --version` ended with {}", path.display(), out.status);
        Ok(Binary { path, version: String::from_utf8_lossy(&out.stdout).trim().to_owned() })
    }

    /// Its size in bytes.
    pub(crate) fn size(&self) -> Result<u64> {
        Ok(std::fs::metadata(&self.path)?.len())
    }
}

/// A home directory, what is configured in it, and a free port.
pub(crate) struct Place<'b> {
    /// The binary that is run here.
    pub(crate) binary: &'b Binary,
    home: TempDir,
    /// The gateway's port.
    pub(crate) port: u16,
}

impl<'b> Place<'b> {
    /// An empty home: as on a fresh machine.
    pub(crate) fn fresh(binary: &'b Binary) -> Result<Place<'b>> {
        let home = tempfile::Builder::new().prefix("ocb").tempdir()?;
        std::fs::create_dir(home.path().join("tmp"))?;
        Ok(Place { binary, home, port: free_port()? })
    }

    /// A home with a small configuration: loopback, [`TOKEN`], and what `more` adds under `gateway`.
    pub(crate) fn configured(binary: &'b Binary, more: Value) -> Result<Place<'b>> {
        let place = Place::fresh(binary)?;
        let mut gateway = json!({
            "mode": "local", "port": place.port, "auth": {"mode": "token", "token": TOKEN},
        });
        if let (Value::Object(gateway), Value::Object(more)) = (&mut gateway, more) {
            gateway.extend(more);
        }
        let config = json!({"gateway": gateway, "logging": {"file": place.home().join("gateway.log")}});
        place.write("openclaw.json", &format!("{config:#}\n"))?;
        Ok(place)
    }

    /// The home directory.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.home().join(".openclaw")
    }

    /// The owner socket of the gateway that runs here.
    pub(crate) fn owner_socket(&self) -> PathBuf {
        self.state().join("gateway.sock")
    }

    /// Writes a file of the state directory, private as the gateway wants it.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.state().join(name);
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != self.home()) {
            std::fs::create_dir_all(folder)?;
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o700))?;
        }
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
        Ok(())
    }

    /// `openclaw …` with this home and nothing of the tester's environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary.path);
        command
            .args(words)
            .current_dir(self.home())
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("TMPDIR", self.home().join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("NO_COLOR", "1")
            .env("OPENCLAW_GATEWAY_PORT", self.port.to_string())
            // Build machines often are containers themselves, where no TCP peer counts as local.
            .env("OPENCLAW_IN_CONTAINER", "0");
        command
    }

    /// Runs `openclaw …` to its end and returns what it printed.
    pub(crate) fn cli(&self, words: &[&str]) -> Result<String> {
        let out = self.command(words).output()?;
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        ensure!(
            out.status.success(),
            "`openclaw {}` ended with {}: {said}{}",
            words.join(" "),
            out.status,
            String::from_utf8_lossy(&out.stderr)
        );
        Ok(said)
    }
}

/// A port that is free now and outside the range from which the kernel hands out ports by itself.
fn free_port() -> Result<u16> {
    let mut bytes = [0; 2];
    for _ in 0..200 {
        getrandom::fill(&mut bytes)?;
        let port = 20_000 + u16::from_ne_bytes(bytes) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no free port between 20000 and 32000")
}
