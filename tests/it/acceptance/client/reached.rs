//! Rows about gateways that are not reached.

use std::net::SocketAddr;

use openclaw_tests::acceptance::{Row, fix_of};
use openclaw_tests::network::two_hosts;
use openclaw_tests::wait::until;
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Connect, Device, Dial, Dialect, World, http, skipped};
use serde_json::json;

use super::peers;

/// `openclaw health` at an address, with the token.
fn health(world: &World, at: SocketAddr) -> Said {
    world.cli(&["health", "--url", &format!("ws://{at}"), "--token", TOKEN, "--timeout", "3000"])
}

#[test]
fn a_06_each_end_of_a_connection_is_told_apart() {
    let world = World::new();
    let gateway = world.start();
    let mut said = Vec::new();
    for code in [1000, 1005, 1006, 1012, 1002] {
        said.push(health(&world, peers::closing(code)).failed(1));
    }
    Row::of("A-06").says(&said[..3].concat_all());
    assert!(
        said[3].err.contains("The gateway is restarting. The client tries again by itself."),
        "{:?}",
        said[3]
    );
    assert!(said[4].err.contains("no protocol version in common"), "{:?}", said[4]);
    // Every close of the gateway itself has a reason.
    let (_, close) = gateway.dial_remote().open().connect(&Connect::test(Dialect::V4)).refused();
    assert!(!close.reason.is_empty(), "{close:?}");
    // The command tests the very way that was cut.
    let cut = &said[2];
    Row::of("A-06").mends(&fix_of(cut));
    let tested = world.run_fix(cut).failed(1);
    assert!(tested.out.contains("✗ HTTP"), "{tested:?}");
}

/// What several commands said, as one text.
trait ConcatAll {
    fn concat_all(&self) -> String;
}

impl ConcatAll for [Said] {
    fn concat_all(&self) -> String {
        self.iter().map(Said::all).collect()
    }
}

#[test]
fn c_20_nothing_listens_or_nothing_answers() {
    let world = World::new();
    let said = world.cli(&["health"]).failed(1);
    let row = Row::of("C-20");
    row.says(&said).mends(&fix_of(&said));
    // Where it was looked for, and who said so.
    let address = format!("ws://127.0.0.1:{}", world.port);
    assert!(said.err.contains(&format!("Gateway target: {address}")), "{said:?}");
    assert!(said.err.contains("Source: local loopback"), "{said:?}");
    world.run_fix(&said).ok();
    world.cli(&["health"]).ok();
    world.cli(&["gateway", "stop"]).ok();

    // Something accepts and is silent.
    let hangs = health(&world, peers::silent()).failed(1);
    assert!(hangs.err.starts_with("gateway timeout after 3000ms"), "{hangs:?}");
    assert!(hangs.err.contains("the program there hangs, or a tunnel is dead"), "{hangs:?}");
    let tested = world.run_fix(&hangs).failed(1);
    assert!(tested.out.contains("✗ HTTP"), "{tested:?}");
}

#[test]
fn c_20_a_firewall_that_drops_the_packets() {
    let Some((here, there)) = two_hosts() else {
        return skipped("network namespaces cannot be made here (they need root and iproute2)");
    };
    let world = World::inside(&there).variable("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS", "1");
    // Nobody has this address on the wire, which is how a host behind a dropping firewall looks.
    let nobody = format!("ws://{}:18789", std::net::Ipv4Addr::new(10, 77, 0, 9));
    let said = world.cli(&["health", "--url", &nobody, "--token", TOKEN, "--timeout", "1000"]).failed(1);
    let text = &said.err;
    assert!(
        text.contains("a firewall drops the packets") || text.contains("There is no way from here"),
        "{said:?}"
    );
    assert!(text.contains(&format!("{nobody} (from cli --url)")), "{said:?}");
    let tested = world.run_fix(&said).failed(1);
    assert!(tested.out.contains("✗ TCP"), "{tested:?}");
    drop(here);
}

#[test]
fn g2_6_a_wrong_address_and_another_web_server() {
    let world = World::new();
    let _gateway = world.start();
    let other =
        peers::web_server("HTTP/1.1 404 Not Found\r\nServer: SimpleHTTP\r\nContent-Length: 0\r\n\r\n");
    let said = health(&world, other).failed(1);
    let row = Row::of("G2-6");
    row.says(&said).mends(&fix_of(&said));
    assert!(said.err.contains(&format!("Gateway target: ws://{other}")), "{said:?}");
    let port = world.run_fix(&said).ok();
    let own = format!("ws://127.0.0.1:{}", port.out.trim());
    world.cli(&["health", "--url", &own, "--token", TOKEN]).ok();
    // The source is named wherever the address comes from.
    let by_variable = World::new().variable("OPENCLAW_GATEWAY_URL", &format!("ws://{other}"));
    let by_variable = by_variable.variable("OPENCLAW_GATEWAY_TOKEN", TOKEN);
    let said = by_variable.cli(&["health"]).failed(1);
    assert!(said.err.contains("Source: env OPENCLAW_GATEWAY_URL"), "{said:?}");
    let by_config = World::new().with(|config| {
        config["gateway"]["mode"] = json!("remote");
        config["gateway"]["remote"] = json!({"url": format!("ws://{other}"), "token": TOKEN});
    });
    let said = by_config.cli(&["health"]).failed(1);
    assert!(said.err.contains("Source: config gateway.remote.url"), "{said:?}");
}

#[test]
fn g3_2_the_wrong_port() {
    let world = World::new();
    let _gateway = world.start();
    let free = openclaw_tests::world::free_port();
    let said = world.cli(&["health", "--port", &free.to_string()]).failed(1);
    Row::of("G3-2").says(&said).mends(&fix_of(&said));
    assert!(said.err.contains("Source: cli --port"), "{said:?}");
    world.run_fix(&said);
    world.cli(&["health"]).ok();
}

#[test]
fn g5_6_a_broken_tunnel() {
    let world = World::new();
    let gateway = world.start();
    // A live one: the dashboard and its WebSocket through another port.
    let near = peers::tunnel(gateway.address());
    let page = http::get(near, "/").unwrap();
    assert!(page.status == 200 && page.body.starts_with("<!doctype html>"), "{page:?}");
    let connect = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    let page = Dial::to(near).web_origin(&format!("http://{near}"));
    page.open().connect(&connect).hello();
    // One that is cut without a word, and one that is closed.
    let row = Row::of("G5-6");
    let cut = health(&world, peers::closing(1000)).failed(1);
    row.says(&cut);
    let closed = SocketAddr::from(([127, 0, 0, 1], openclaw_tests::world::free_port()));
    let said = health(&world, closed).failed(1);
    assert!(said.err.contains("the tunnel to the gateway is closed"), "{said:?}");
    row.mends(&fix_of(&said));
    assert_eq!(fix_of(&said), format!("ssh -N -L {}:127.0.0.1:18789 user@host", closed.port()));
}

#[test]
fn f_15_a_proxy_with_its_own_sign_in() {
    let world = World::new();
    let gateway = world.start();
    let login = "HTTP/1.1 302 Found\r\nServer: cloudflare\r\nLocation: https://team.cloudflareaccess.com/cdn-cgi/access/login?kid=s3cret\r\nContent-Length: 0\r\n\r\n";
    let forbidden = "HTTP/1.1 403 Forbidden\r\nServer: cloudflare\r\nContent-Length: 0\r\n\r\n";
    let row = Row::of("F-15");
    for answer in [login, forbidden] {
        let said = health(&world, peers::web_server(answer)).failed(1);
        row.says(&said).mends(&fix_of(&said));
        assert!(!said.all().contains("s3cret"), "{said:?}");
    }
    // With the headers the same proxy lets the client through.
    let door = peers::signed_in(gateway.address());
    let client = World::new().with(|config| {
        config["gateway"]["mode"] = json!("remote");
        config["gateway"]["remote"] = json!({"url": format!("ws://{door}"), "token": TOKEN});
    });
    let said = client.cli(&["health"]).failed(1);
    row.says(&said);
    client.sh(&fix_of(&said).replace("<id>", "me")).ok();
    client.sh("openclaw config set gateway.remote.edgeAuth.CF-Access-Client-Secret s3cret").ok();
    until("the door to open", || {
        let said = client.cli(&["health"]);
        (said.code == 0 || said.err.contains("pairing required")).then_some(())
    });
}
