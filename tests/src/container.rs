//! The container image without a container engine: the same content, made by the same script, in namespaces of its own
//! (processes, mounts, host name, network), as the user and with the environment that the Dockerfile says.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::gateway::collect;
use crate::network::{Namespace, is_root};
use crate::place;
use crate::wait::until;
use crate::world::Said;

/// What Docker would call the container: twelve hexadecimal digits.
pub const ID: &str = "0c1a55e70c1a";

/// The content of the image and what its Dockerfile says about running it.
pub struct Image {
    folder: TempDir,
    /// `ENV`.
    pub environment: Vec<(String, String)>,
    /// `USER`, a uid.
    pub user: u32,
    /// `CMD`.
    pub command: Vec<String>,
    /// The command of `HEALTHCHECK`.
    pub health_check: Vec<String>,
}

impl Image {
    /// Builds it; `None` without root's powers.
    pub fn build() -> Option<Image> {
        if !is_root() {
            return None;
        }
        let deploy = place::repository().join("deploy");
        let dockerfile = std::fs::read_to_string(deploy.join("Dockerfile")).unwrap();
        let text = dockerfile.replace("\\\n", " ");
        let (_, last) = text.rsplit_once("\nFROM ").unwrap();
        assert!(last.starts_with("scratch\n"), "nothing but the script's folders may be in the image");
        assert!(text.contains("sh deploy/rootfs.sh target/release/openclaw /rootfs\n"), "{text}");
        let of =
            |word: &'static str| last.lines().filter_map(move |line| line.strip_prefix(word)).map(str::trim);
        let one = |word| of(word).next().unwrap_or_else(|| panic!("the Dockerfile has no {word}"));
        let words = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap();
        let (_, health_check) = one("HEALTHCHECK ").split_once("CMD ").unwrap();
        let folder = tempfile::Builder::new().prefix("oc-image").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let image = Image {
            environment: of("ENV ")
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            user: one("USER ").split(':').next().unwrap().parse().unwrap(),
            command: words(one("CMD ")),
            health_check: words(health_check),
            folder,
        };
        let rootfs = image.folder.path().join("rootfs");
        run(Command::new("sh").arg(deploy.join("rootfs.sh")).arg(place::binary()).arg(&rootfs));
        std::fs::create_dir(image.root()).unwrap();
        for copy in of("COPY ") {
            let words: Vec<&str> = copy.split_whitespace().collect();
            let [from @ .., source, target] = words.as_slice() else { panic!("COPY {copy}") };
            let source = image.folder.path().join(source.strip_prefix('/').unwrap());
            assert_eq!((from[0], *target), ("--from=build", "/"));
            if let Some(owner) = from.iter().find_map(|word| word.strip_prefix("--chown=")) {
                run(Command::new("chown").arg("-R").arg(owner).arg(&source));
            }
            run(Command::new("cp").arg("-a").arg(source.join(".")).arg(image.root()));
        }
        // Not of the image: Docker puts it into every container.
        std::fs::write(image.root().join(".dockerenv"), "").unwrap();
        Some(image)
    }

    /// Its file system, as seen from outside.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A service of `deploy/compose.yaml`, with nothing in the environment that Compose is started from.
pub struct Service {
    /// `environment`.
    pub environment: Vec<(String, String)>,
    /// `command`, empty when the image's own is meant.
    pub command: Vec<String>,
    /// The command of `healthcheck`, without the word `CMD`.
    pub health_check: Vec<String>,
    /// `ports`: outside, inside.
    pub ports: Vec<(u16, u16)>,
}

impl Service {
    /// The service of that name.
    pub fn of(name: &str) -> Service {
        let text = std::fs::read_to_string(place::repository().join("deploy/compose.yaml")).unwrap();
        let (_, rest) = text.split_once(&format!("\n  {name}:\n")).unwrap();
        let own =
            |line: &&str| line.is_empty() || line.starts_with("    ") || line.trim_start().starts_with('#');
        let block: Vec<&str> =
            rest.lines().take_while(own).filter(|line| !line.trim_start().starts_with('#')).collect();
        let under = |key: &str| -> Vec<String> {
            let start = block.iter().position(|line| line.trim_end() == format!("    {key}:"));
            let lines = start.map(|at| &block[at + 1..]).unwrap_or_default();
            lines
                .iter()
                .take_while(|line| line.starts_with("      "))
                .map(|line| plain(line.trim()))
                .collect()
        };
        let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap();
        let command = block.iter().find_map(|line| line.strip_prefix("    command: "));
        let health = under("healthcheck").iter().find_map(|line| line.strip_prefix("test: ").map(list));
        let port = |line: &String| -> Option<(u16, u16)> {
            let (outside, inside) = line.strip_prefix("- ")?.trim_matches('"').split_once(':')?;
            Some((outside.parse().ok()?, inside.parse().ok()?))
        };
        Service {
            environment: under("environment")
                .iter()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
                .collect(),
            command: command.map(|line| list(&plain(line))).unwrap_or_default(),
            health_check: health.map(|words| words[1..].to_vec()).unwrap_or_default(),
            ports: under("ports").iter().filter_map(port).collect(),
        }
    }
}

/// A text of the file with `${NAME:-default}` replaced by the default.
fn plain(text: &str) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let (inner, after) = rest.split_once('}').unwrap();
    let (_, default) = inner.split_once(":-").unwrap();
    format!("{before}{default}{}", plain(after))
}

/// A container of an image: what `docker run` makes.
pub struct Container {
    image: Image,
    environment: Vec<(String, String)>,
    unshare: Child,
    first: u32,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    host: TempDir,
}

impl Container {
    /// Runs `words` as process 1, with `environment` beside the image's, in a network of its own.
    pub fn run(
        image: Image,
        network: &Arc<Namespace>,
        environment: &[(String, String)],
        words: &[String],
    ) -> Container {
        let mut all = image.environment.clone();
        all.extend(environment.iter().cloned());
        // A container engine mounts the devices, names the host, and becomes the first process.
        let script = "echo $2 > /proc/sys/kernel/hostname && /usr/bin/mount --rbind /dev $1/dev && user=$3 && root=$1 \
                      && shift 3 && exec /usr/sbin/chroot --userspec=$user:$user --groups= $root \"$@\"";
        let mut command = Command::new("/usr/bin/unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc"])
            .arg(format!("--mount-proc={}", image.root().join("proc").display()))
            .args(["/bin/sh", "-c", script, "sh"])
            .arg(image.root())
            .args([ID, &image.user.to_string()])
            .args(words)
            .env_clear()
            .envs(all.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut unshare = network.spawn(&mut command).unwrap();
        let out = collect(unshare.stdout.take().unwrap());
        let err = collect(unshare.stderr.take().unwrap());
        let pid = unshare.id();
        let first = until("the first process of the container", || {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
            children.split_whitespace().next()?.parse().ok()
        });
        let host = tempfile::Builder::new().prefix("oc-host").tempdir().unwrap();
        let container = Container { image, environment: all, unshare, first, out, err, host };
        // What it is going to be, not the shell that prepares it.
        until("the container's program", || {
            let name = std::fs::read_to_string(format!("/proc/{}/comm", container.first)).ok()?;
            (!["sh", "chroot", "unshare", "mount"].contains(&name.trim())).then_some(())
        });
        container.write_docker();
        container
    }

    /// `docker compose up` for the gateway, with its files laid out as compose.yaml says.
    pub fn compose(network: &Arc<Namespace>) -> Option<Container> {
        let service = Service::of("openclaw-gateway");
        Some(Container::run(Image::build()?, network, &service.environment, &service.command))
    }

    /// The `docker` of this host, for the commands that guides and `Fix:` lines have in them.
    fn write_docker(&self) {
        let bin = self.host.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let environment: String =
            self.environment.iter().map(|(name, value)| quote(&format!("{name}={value}")) + " ").collect();
        let (pid, user) = (self.first, self.image.user);
        let script = format!(
            "#!/bin/sh\n\
             case \"$1 $2 $3\" in\n\
             'compose exec openclaw-gateway') shift 3 ;;\n\
             'compose run --rm') [ \"$4\" = openclaw-cli ] || exit 125; shift 4; set -- node dist/index.js \"$@\" ;;\n\
             'exec {ID} '*) shift 2 ;;\n\
             *) echo \"docker: not for this test: $*\" >&2; exit 125 ;;\n\
             esac\n\
             exec /usr/bin/env -i {environment} /usr/bin/nsenter --target {pid} --mount --pid --net --uts --ipc \
             --root --wd --setgid {user} --setuid {user} \"$@\"\n"
        );
        let path = bin.join("docker");
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(script.as_bytes()).unwrap();
        file.set_permissions(PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Runs a command line on the host of the container, exactly as it is written.
    pub fn sh(&self, line: &str) -> Said {
        let output = Command::new("/bin/sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.host.path().join("bin").display()))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Said::from(output)
    }

    /// `docker compose exec openclaw-gateway …`.
    pub fn exec(&self, words: &[&str]) -> Said {
        let mut command = Command::new(self.host.path().join("bin/docker"));
        command.args(["compose", "exec", "openclaw-gateway"]).args(words).stdin(Stdio::null());
        Said::from(command.output().unwrap())
    }

    /// `docker logs`.
    pub fn logs(&self) -> String {
        format!("{}{}", self.out.lock().unwrap(), self.err.lock().unwrap())
    }

    /// Waits until `text` was printed and returns its line.
    pub fn line_with(&self, text: &str) -> String {
        until(text, || self.logs().lines().find(|line| line.contains(text)).map(str::to_owned))
    }

    /// The pid that process 1 of the container has outside.
    pub fn first_process(&self) -> u32 {
        self.first
    }

    /// Its file system, as seen from outside.
    pub fn root(&self) -> PathBuf {
        self.image.root()
    }

    /// The state directory, as seen from outside.
    pub fn state(&self) -> PathBuf {
        self.root().join("home/node/.openclaw")
    }

    /// How it ended, if it has.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.unshare.try_wait().unwrap().map(|status| status.code().unwrap_or(-1))
    }

    /// `docker stop`: asks process 1 to end, waits, and returns its exit code.
    pub fn stop(mut self) -> i32 {
        let first = rustix::process::Pid::from_raw(self.first as i32).unwrap();
        rustix::process::kill_process(first, rustix::process::Signal::TERM).unwrap();
        let status = until("the container to end", || self.unshare.try_wait().unwrap());
        status.code().unwrap_or(-1)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Ending process 1 takes the rest along. `--kill-child` alone does not reach one that has become another user.
        if let (Ok(None), Some(first)) =
            (self.unshare.try_wait(), rustix::process::Pid::from_raw(self.first as i32))
        {
            let _ = rustix::process::kill_process(first, rustix::process::Signal::KILL);
        }
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
        if std::thread::panicking() {
            eprintln!("── the container printed:\n{}──", self.logs());
        }
    }
}

/// Whether a program is installed, in the folders of the system too.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).any(|folder: PathBuf| Path::join(&folder, program).is_file())
}
