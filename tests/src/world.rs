//! A hermetic place for one gateway: its own home and state directory, an empty environment, its own port.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::acceptance::{Fixed, line_to_copy};
use crate::gateway::Gateway;
use crate::network::{Namespace, Origin, two_hosts};
use crate::place;
use crate::terminal::Terminal;

/// The shared token of the gateways under test: as long as a generated one, and recognisable in a leak.
pub const TOKEN: &str = "7e57c0de7e57c0de7e57c0de7e57c0de7e57c0de7e57c0de";

/// A home directory and what is configured in it. Several gateways may live in it one after the other.
pub struct World {
    home: TempDir,
    /// The port its gateway listens on.
    pub port: u16,
    origin: Origin,
    binary: PathBuf,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    profile: Option<String>,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit code; -1 after a signal.
    pub code: i32,
}

impl Said {
    pub(crate) fn from(output: Output) -> Said {
        Said {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Both outputs, for looking for a word in either.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Itself when the command succeeded; panics otherwise.
    #[track_caller]
    pub fn ok(self) -> Said {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Itself when it failed with that code; panics otherwise.
    #[track_caller]
    pub fn failed(self, code: i32) -> Said {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

/// A program that runs at a terminal.
pub struct Talk {
    /// The side of the person.
    pub terminal: Terminal,
    child: Child,
}

impl Talk {
    /// Waits for its end. What it prints until then, on either output, is `out`.
    pub fn ended(mut self) -> Said {
        let out = self.terminal.read_to_end();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Said { out, err: String::new(), code }
    }
}

impl World {
    /// An empty home, without any configuration: as on a fresh machine.
    pub fn fresh() -> World {
        let home = tempfile::Builder::new().prefix("oc").tempdir().unwrap();
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        let port = free_port();
        World {
            home,
            port,
            origin: Origin::Here,
            binary: place::binary(),
            variables: Vec::new(),
            arguments: Vec::new(),
            profile: None,
        }
    }

    /// A home with a small configuration: loopback, token mode with [`TOKEN`], its own log file.
    pub fn new() -> World {
        let world = World::fresh();
        world.write_config(&json!({
            "gateway": {
                "mode": "local", "port": world.port, "auth": {"mode": "token", "token": TOKEN},
            },
            "logging": {"file": world.log_file()},
        }));
        world
    }

    /// The same in a network namespace.
    pub fn inside(namespace: &Arc<Namespace>) -> World {
        let mut world = World::new();
        world.origin = Origin::Inside(namespace.clone());
        world
    }

    /// With a change to the configuration.
    pub fn with(self, change: impl FnOnce(&mut Value)) -> World {
        self.change_config(change);
        self
    }

    /// Changes the configuration on disk, also under a running gateway.
    pub fn change_config(&self, change: impl FnOnce(&mut Value)) {
        let mut config = self.config();
        change(&mut config);
        self.write_config(&config);
    }

    /// With a variable in the environment of everything that runs here.
    pub fn variable(mut self, name: &str, value: &str) -> World {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// In a profile: what runs here is started with `--profile`, and its state is the profile's own.
    pub fn profile(mut self, name: &str) -> World {
        let before = self.state();
        self.profile = Some(name.into());
        if before.exists() {
            std::fs::rename(before, self.state()).unwrap();
        }
        self
    }

    /// With another file in place of the binary under test.
    pub fn binary(mut self, path: &Path) -> World {
        self.binary = path.into();
        self
    }

    /// With more arguments for `gateway run`.
    pub fn arguments(mut self, words: &[&str]) -> World {
        self.arguments.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        match &self.profile {
            Some(name) => self.home().join(format!(".openclaw-{name}")),
            None => self.home().join(".openclaw"),
        }
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.state().join("openclaw.json")
    }

    /// The log file that [`World::new`] configures.
    pub fn log_file(&self) -> PathBuf {
        self.home().join("gateway.log")
    }

    /// The configuration as it is on disk.
    pub fn config(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.config_file()).unwrap()).unwrap()
    }

    /// Writes the configuration.
    pub fn write_config(&self, config: &Value) {
        self.write_config_text(&format!("{config:#}\n"));
    }

    /// Writes the configuration in these very words.
    pub fn write_config_text(&self, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::create_dir_all(self.state()).unwrap();
        std::fs::set_permissions(self.state(), PermissionsExt::from_mode(0o700)).unwrap();
        std::fs::write(self.config_file(), text).unwrap();
        std::fs::set_permissions(self.config_file(), PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// The binary with nothing of the tester's environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(self.profile.iter().flat_map(|name| ["--profile", name]))
            .args(words)
            .current_dir(self.home())
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("TMPDIR", self.home().join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("OPENCLAW_DISABLE_BONJOUR", "1")
            // Build machines often are containers themselves, where no TCP peer counts as local.
            .env("OPENCLAW_IN_CONTAINER", "0")
            .envs(place::left_out())
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `openclaw …` to its end.
    pub fn cli(&self, words: &[&str]) -> Said {
        let mut command = self.command(words);
        Said::from(self.origin.run(|| command.output()).unwrap())
    }

    /// Runs `openclaw …` at a terminal. What it prints there, on either output, is `out`.
    pub fn cli_at_terminal(&self, words: &[&str]) -> Said {
        self.at_terminal(self.command(words))
    }

    fn at_terminal(&self, command: Command) -> Said {
        self.talk(command).ended()
    }

    /// Starts a command in [`World::shell`] at a terminal, where a person reads on and answers.
    pub fn sh_talking(&self, line: &str) -> Talk {
        self.talk(self.shell(line))
    }

    fn talk(&self, mut command: Command) -> Talk {
        let terminal = Terminal::open();
        command.stdin(terminal.end()).stdout(terminal.end()).stderr(terminal.end());
        let child = self.origin.run(|| command.spawn()).unwrap();
        // The command, dropped here, holds this process's copies of the terminal, which never ends while they are open.
        Talk { terminal, child }
    }

    /// A shell in which `openclaw` is the binary under test, with the environment of everything that runs here.
    pub fn shell(&self, line: &str) -> Command {
        let commands = self.home().join("bin");
        let own = commands.join("openclaw");
        std::fs::create_dir_all(&commands).unwrap();
        if let Err(error) = std::os::unix::fs::symlink(&self.binary, &own) {
            assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists, "{error}");
        }
        let plain = self.command(&[]);
        let mut path = commands.into_os_string();
        for (name, value) in plain.get_envs() {
            if name == "PATH" {
                path.push(":");
                path.push(value.unwrap());
            }
        }
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", line]).current_dir(self.home()).stdin(Stdio::null()).env_clear();
        shell.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", path);
        shell
    }

    /// Runs a line in [`World::shell`], as somebody types it.
    pub fn sh(&self, line: &str) -> Said {
        let mut shell = self.shell(line);
        Said::from(self.origin.run(|| shell.output()).unwrap())
    }

    /// The same at a terminal. What is printed there, on either output, is `out`.
    pub fn sh_at_terminal(&self, line: &str) -> Said {
        self.at_terminal(self.shell(line))
    }

    /// Copies the command of the `Fix:` in what was said, letter by letter, into a shell.
    #[track_caller]
    pub fn run_fix(&self, said: &(impl Fixed + ?Sized)) -> Said {
        self.sh(&line_to_copy(said))
    }

    /// The same at a terminal, where secrets are shown and questions asked.
    #[track_caller]
    pub fn run_fix_at_terminal(&self, said: &(impl Fixed + ?Sized)) -> Said {
        self.sh_at_terminal(&line_to_copy(said))
    }

    /// Runs `openclaw …` as another user of this host, who has a home of his own.
    pub fn cli_as(&self, uid: u32, words: &[&str]) -> Said {
        use std::os::unix::process::CommandExt;
        let mut command = self.command(words);
        command.uid(uid).current_dir("/");
        Said::from(self.origin.run(|| command.output()).unwrap())
    }

    /// `gateway run`, as it is started here.
    pub fn gateway_command(&self) -> Command {
        let mut words = vec!["gateway", "run"];
        words.extend(self.arguments.iter().map(String::as_str));
        let mut command = self.command(&words);
        command.env("OPENCLAW_GATEWAY_PORT", self.port.to_string());
        command
    }

    /// Starts the gateway and waits until it is ready.
    pub fn start(&self) -> Gateway<'_> {
        let gateway = self.launch();
        gateway.wait_ready();
        gateway
    }

    /// Starts the gateway and does not wait.
    pub fn launch(&self) -> Gateway<'_> {
        let mut command = self.gateway_command();
        let child =
            self.origin.run(|| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()).unwrap();
        Gateway::new(self, child)
    }

    /// Runs a gateway that is expected not to start.
    pub fn start_refused(&self) -> Said {
        let mut command = self.gateway_command();
        Said::from(self.origin.run(|| command.output()).unwrap())
    }

    /// Where its processes run.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

/// A gateway's world on a host of its own, that host, and another one; says that it is skipped where hosts cannot be made.
pub fn remote_world(change: impl FnOnce(&mut Value)) -> Option<(World, Arc<Namespace>, Arc<Namespace>)> {
    let Some((here, there)) = two_hosts() else {
        crate::skipped("network namespaces cannot be made here (they need root and iproute2)");
        return None;
    };
    Some((World::inside(&here).with(change), here, there))
}

/// A port that is free now and outside the range from which the kernel hands out ports by itself.
pub fn free_port() -> u16 {
    let span = 12_000;
    let mut bytes = [0; 4];
    loop {
        getrandom::fill(&mut bytes).unwrap();
        let port = 20_000 + (u32::from_ne_bytes(bytes) % span) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
