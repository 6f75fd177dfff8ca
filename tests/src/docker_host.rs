//! A host that runs a container with a published port, as Docker sets it up: a bridge between the two, and on the way in
//! either address translation by the kernel or Docker's own proxy program. And another computer of the same network.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::Dial;
use crate::network::{Namespace, Origin, wire};
use crate::wait::until;

/// The port of the gateway, inside and outside.
pub const PORT: u16 = 18789;
/// The container on its bridge.
pub const CONTAINER: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 2);
/// The host on that bridge.
pub const BRIDGE: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 1);
/// The host on its network.
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The other computer.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

/// How a published port is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// The kernel changes where packets go; who sent them is still seen.
    Translation,
    /// It also changes whom they seem to come from, as Docker Desktop and rootless engines do.
    Masquerade,
    /// `docker-proxy` takes the connection and makes another one.
    Proxy,
}

/// Three network namespaces: the container, its host, another computer.
pub struct DockerHost {
    /// The container's.
    pub container: Arc<Namespace>,
    /// The host's.
    pub host: Arc<Namespace>,
    /// The other computer's.
    pub client: Arc<Namespace>,
    proxy: Option<Child>,
}

impl DockerHost {
    /// Sets them up; `None` where namespaces cannot be made.
    pub fn new() -> Option<DockerHost> {
        let container = Namespace::new("box", CONTAINER)?;
        let host = Namespace::new("host", HOST)?;
        let client = Namespace::new("client", CLIENT)?;
        wire((&container, "eth0", "172.18.0.2/16"), (&host, "docker0", "172.18.0.1/16"))?;
        wire((&host, "lan0", "10.77.0.1/24"), (&client, "wire", "10.77.0.2/24"))?;
        container.route_through(BRIDGE)?;
        client.route_through(HOST)?;
        host.run(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")).ok()?;
        let [container, host, client] = [container, host, client].map(Arc::new);
        Some(DockerHost { container, host, client, proxy: None })
    }

    /// Publishes the gateway's port. `Err` says what is missing here.
    pub fn publish(&mut self, how: Publish) -> Result<(), &'static str> {
        match how {
            Publish::Translation => self.translate(""),
            Publish::Masquerade => self.translate("oifname \"docker0\" masquerade;"),
            Publish::Proxy => self.start_proxy(),
        }
    }

    /// Takes the published port back, for another way of doing it.
    pub fn unpublish(&mut self) {
        let mut command = Command::new("nft");
        command.args(["delete", "table", "ip", "nat"]).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        // Where nothing was translated there is nothing to take back.
        let _ = self.host.run(|| command.stderr(Stdio::null()).status());
        if let Some(mut proxy) = self.proxy.take() {
            let _ = proxy.kill();
            let _ = proxy.wait();
        }
    }

    fn translate(&self, source: &str) -> Result<(), &'static str> {
        let rules = format!(
            "table ip nat {{
               chain prerouting {{ type nat hook prerouting priority -100;
                 iifname \"lan0\" tcp dport {PORT} dnat to {CONTAINER}:{PORT}; }}
               chain postrouting {{ type nat hook postrouting priority 100; {source} }}
             }}"
        );
        let mut command = Command::new("nft");
        command.arg(rules).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stderr(Stdio::null());
        let status = self.host.run(|| command.status());
        status
            .is_ok_and(|status| status.success())
            .then_some(())
            .ok_or("nftables cannot translate addresses here")
    }

    fn start_proxy(&mut self) -> Result<(), &'static str> {
        let program = docker_proxy().ok_or("docker-proxy is not here")?;
        let mut command = Command::new("/bin/sh");
        // It reports on its third descriptor that it is ready.
        let script = "exec \"$0\" -proto tcp -host-ip 0.0.0.0 -host-port $1 -container-ip $2 -container-port $1 3>/dev/null";
        command.args(["-c", script]).arg(program).args([PORT.to_string(), CONTAINER.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.proxy = Some(self.host.spawn(&mut command).map_err(|_| "docker-proxy cannot be started")?);
        until("docker-proxy", || {
            self.host.run(|| std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))).ok()
        });
        Ok(())
    }

    /// A connection from the other computer to the published port.
    pub fn from_afar(&self) -> Dial {
        Dial::to(SocketAddr::from((HOST, PORT))).from(Origin::Inside(self.client.clone()))
    }

    /// A connection from the host itself to the published port, by `localhost`, which only the proxy serves.
    pub fn from_host(&self) -> Dial {
        let at = SocketAddr::from((IpAddr::from(Ipv4Addr::LOCALHOST), PORT));
        Dial::to(at).from(Origin::Inside(self.host.clone()))
    }
}

impl Drop for DockerHost {
    fn drop(&mut self) {
        self.unpublish();
    }
}

/// Docker's program for published ports: where `cargo xtask prepare` put it, or where the system has it.
fn docker_proxy() -> Option<PathBuf> {
    let told = std::env::var_os("OPENCLAW_TEST_DOCKER_PROXY").map(PathBuf::from);
    let system = ["/usr/bin/docker-proxy", "/usr/sbin/docker-proxy", "/usr/libexec/docker/docker-proxy"];
    told.into_iter().chain(system.map(PathBuf::from)).find(|path| path.is_file())
}
