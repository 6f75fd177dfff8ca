//! Real reverse proxies in front of a gateway, with the configurations of `deploy/`: only the address to listen on, the
//! certificate and the gateway's port are changed for the test.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use crate::container::installed;
use crate::network::Namespace;
use crate::wait::until;
use crate::{http, place};

/// The name in the configurations.
pub const NAME: &str = "gateway.example.com";
/// Where they listen under test.
pub const PORT: u16 = 8080;

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nginx, `deploy/nginx.conf`.
    Nginx,
    /// Caddy, `deploy/Caddyfile`.
    Caddy,
    /// HAProxy, `deploy/haproxy.cfg`.
    Haproxy,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Nginx, Kind::Caddy, Kind::Haproxy];

    /// The name of the program.
    pub fn program(self) -> &'static str {
        match self {
            Kind::Nginx => "nginx",
            Kind::Caddy => "caddy",
            Kind::Haproxy => "haproxy",
        }
    }

    /// Whether it is installed.
    pub fn is_installed(self) -> bool {
        installed(self.program())
    }

    /// The shipped configuration, made to listen on `at` without TLS and to forward to `gateway`.
    pub fn configuration(self, at: SocketAddr, gateway: u16) -> String {
        let (file, changes) = match self {
            Kind::Nginx => (
                "nginx.conf",
                vec![
                    ("listen 443 ssl;", format!("listen {at};")),
                    ("ssl_certificate     /etc/ssl/gateway.example.com/fullchain.pem;", String::new()),
                    ("ssl_certificate_key /etc/ssl/gateway.example.com/privkey.pem;", String::new()),
                ],
            ),
            Kind::Caddy => (
                "Caddyfile",
                vec![(
                    "gateway.example.com {",
                    format!("http://{NAME}:{} {{\n\tbind {}", at.port(), at.ip()),
                )],
            ),
            Kind::Haproxy => (
                "haproxy.cfg",
                vec![("bind :443 ssl crt /etc/haproxy/gateway.example.com.pem", format!("bind {at}"))],
            ),
        };
        let mut text = std::fs::read_to_string(place::repository().join("deploy").join(file)).unwrap();
        for (shipped, tested) in
            changes.into_iter().chain([("127.0.0.1:18789", format!("127.0.0.1:{gateway}"))])
        {
            assert!(text.contains(shipped), "deploy/{file} has no {shipped}");
            text = text.replace(shipped, &tested);
        }
        text
    }

    fn command(self, configuration: &str, folder: &Path) -> Command {
        let file = folder.join("configuration");
        let mut command = Command::new(self.program());
        let whole = match self {
            Kind::Nginx => {
                let path = folder.display();
                std::fs::write(folder.join("site.conf"), configuration).unwrap();
                command.arg("-c").arg(&file);
                // As Debian runs it: under another uid than the gateway's, which is what tells a proxy without headers apart.
                format!(
                    "daemon off; pid {path}/pid; error_log {path}/error.log; user www-data;
                     events {{ worker_connections 64; }}
                     http {{
                       access_log {path}/access.log;
                       client_body_temp_path {path}/body; proxy_temp_path {path}/proxy;
                       fastcgi_temp_path {path}/fastcgi; uwsgi_temp_path {path}/uwsgi; scgi_temp_path {path}/scgi;
                       include {path}/site.conf;
                     }}"
                )
            }
            Kind::Caddy => {
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
                format!("{{\n\tadmin off\n}}\n{configuration}")
            }
            Kind::Haproxy => {
                command.args(["-db", "-f"]).arg(&file);
                configuration.to_owned()
            }
        };
        std::fs::write(&file, whole).unwrap();
        command
    }
}

/// A running one; it ends with this value.
pub struct ReverseProxy {
    child: Child,
    folder: TempDir,
    at: SocketAddr,
}

impl ReverseProxy {
    /// Starts it in `host` at its address, in front of the gateway on the loopback port there.
    pub fn start(kind: Kind, host: &Arc<Namespace>, gateway: u16) -> ReverseProxy {
        let at = SocketAddr::from((host.address, PORT));
        ReverseProxy::with(kind, host, at, &kind.configuration(at, gateway))
    }

    /// The same with a configuration of the test's own.
    pub fn with(kind: Kind, host: &Arc<Namespace>, at: SocketAddr, configuration: &str) -> ReverseProxy {
        let folder = tempfile::Builder::new().prefix("oc-proxy").tempdir().unwrap();
        let mut command = kind.command(configuration, folder.path());
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("stderr")).unwrap());
        let child = host.spawn(&mut command).unwrap();
        let proxy = ReverseProxy { child, folder, at };
        until(kind.program(), || {
            let answer = host.run(|| http::request(at, "GET", "/healthz", &[("Host", NAME)], ""));
            answer.filter(|answer| answer.status == 200)
        });
        proxy
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// What it logged about requests, where it does.
    pub fn access_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }
}

impl Drop for ReverseProxy {
    fn drop(&mut self) {
        // nginx's master ends its workers when it is asked to, and leaves them behind when it is killed.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
        if std::thread::panicking() {
            let read =
                |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
            eprintln!("── the proxy printed:\n{}{}──", read("stderr"), read("error.log"));
        }
    }
}
