//! Rows about gateways in containers and behind address translation.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use openclaw_tests::container::{Container, Image, Service};
use openclaw_tests::network::Namespace;
use openclaw_tests::skipped;
use openclaw_tests::wait::until;

const NO_CONTAINERS: &str = "containers are made of namespaces here, which needs root, iproute2 and util-linux";
const ADDRESS: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 2);

fn network() -> Option<Arc<Namespace>> {
    let network = Namespace::new("box", ADDRESS).map(Arc::new);
    if network.is_none() {
        skipped(NO_CONTAINERS);
    }
    network
}

fn ready(container: &Container, network: &Namespace) {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 18789));
    until("the gateway in the container", || {
        let gone = container.logs().contains("Error");
        assert!(!gone, "{}", container.logs());
        network.run(|| openclaw_tests::http::get(at, "/readyz")).filter(|answer| answer.status == 200)
    });
}

#[test]
fn a_41_the_image_runs_what_the_guides_type() {
    let Some(network) = network() else { return };
    let Some(container) = Container::compose(&network) else { return skipped(NO_CONTAINERS) };
    ready(&container, &network);
    for line in [
        "docker compose exec openclaw-gateway node dist/index.js devices list",
        "docker compose exec openclaw-gateway node openclaw.mjs devices list",
        "docker compose exec openclaw-gateway openclaw devices list",
        "docker compose run --rm openclaw-cli devices list",
    ] {
        let said = container.sh(line).ok();
        println!("{line}\n{said:?}");
    }
    println!("{}", container.logs());
    println!("{:?}", container.sh("docker compose exec openclaw-gateway node server.js"));
    println!("{:?}", container.exec(&["openclaw", "health", "--live"]));
    println!("{}", container.stop());
    let _ = (Image::build, Service::of);
}
