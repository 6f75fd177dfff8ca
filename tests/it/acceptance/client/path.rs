//! Rows about `openclaw doctor --url`: the way to a gateway, hop by hop.

use std::net::SocketAddr;

use openclaw_tests::acceptance::{Row, fix_of};
use openclaw_tests::network::two_hosts;
use openclaw_tests::proxy::{Kind, PORT, ReverseProxy};
use openclaw_tests::wait::until;
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{World, skipped};
use serde_json::{Value, json};

use super::peers;

const NO_NAMESPACES: &str = "network namespaces cannot be made here (they need root and iproute2)";
const HOPS: [&str; 11] =
    ["dns", "tcp", "tls", "http", "upgrade", "clock", "headers", "origin", "protocol", "auth", "pairing"];

fn walk(world: &World, at: SocketAddr, more: &[&str]) -> Said {
    world.cli(&[&["doctor", "--url", &format!("http://{at}")], more].concat())
}

/// An nginx of the tester's making, in front of the gateway.
fn nginx(at: SocketAddr, gateway: u16, lines: &str) -> String {
    format!("server {{ listen {at}; location / {{ proxy_pass http://127.0.0.1:{gateway}; {lines} }} }}")
}

/// What the report tells nginx.
fn lines_for_nginx(said: &Said) -> String {
    let lines = said.out.lines().filter_map(|line| line.trim_start().strip_prefix("nginx "));
    lines.map(|line| line.trim().to_owned() + "\n").collect()
}

#[test]
fn d_05_every_hop_from_outside_and_what_to_change_on_both_sides() {
    if !Kind::Nginx.is_installed() {
        return skipped("nginx is not installed");
    }
    let Some((here, there)) = two_hosts() else { return skipped(NO_NAMESPACES) };
    let world = World::inside(&here);
    let gateway = world.start();
    let user = World::inside(&there).variable("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS", "1");
    let at = SocketAddr::from((here.address, PORT));
    let upgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";";
    let forward = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;";
    let proxy =
        ReverseProxy::with(Kind::Nginx, &here, at, &nginx(at, world.port, &format!("{upgrade} {forward}")));
    let row = Row::of("D-05");

    // A proxy that the gateway does not know, and a page that it does not know.
    let said = walk(&user, at, &["--token", TOKEN]).failed(1);
    row.says(&said).mends(&fix_of(&said));
    assert!(
        said.out.contains("! headers  the gateway sees a proxy at 127.0.0.1 that it does not know"),
        "{said:?}"
    );
    let document = walk(&user, at, &["--token", TOKEN, "--json"]).failed(1).json();
    let hops: Vec<&str> =
        document["hops"].as_array().unwrap().iter().map(|hop| hop["hop"].as_str().unwrap()).collect();
    assert_eq!(hops, HOPS, "one line for each hop");
    assert_eq!(document["firstFailure"], json!("origin"), "{document:#}");
    assert_eq!(document["fix"].as_str(), Some(fix_of(&said).as_str()));
    let setting = |hop: &str| {
        let found =
            document["hops"].as_array().unwrap().iter().find(|each| each["hop"] == json!(hop)).unwrap();
        found["settings"].as_array().unwrap().iter().map(|line| line["side"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(setting("headers"), [json!("gateway"), json!("nginx")], "both sides");

    // The commands, on the gateway's host, as they were printed.
    let headers =
        document["hops"].as_array().unwrap().iter().find(|hop| hop["hop"] == json!("headers")).unwrap();
    world.run_fix(&headers["help"]).ok();
    world.run_fix(&said).ok();
    let said = until("both to be in force", || {
        let said = walk(&user, at, &["--token", TOKEN]);
        said.out.contains("✓ headers").then_some(said).filter(|said| said.out.contains("✓ origin"))
    });
    // What is left is the owner's decision.
    assert!(said.out.contains("✗ pairing") && said.out.contains("✓ auth"), "{said:?}");
    assert!(said.out.contains(&format!("sees this machine as {}", there.address)), "{said:?}");
    world.sh(&(fix_of(&said) + " --no-wait")).ok();
    let whole = walk(&user, at, &["--token", TOKEN]).ok();
    assert!(whole.out.trim_end().ends_with("Nothing is in the way."), "{whole:?}");
    for secret in [&said, &whole] {
        assert!(!secret.all().contains(TOKEN), "{secret:?}");
    }
    assert!(!gateway.printed().contains(TOKEN));
    drop(proxy);
}

#[test]
fn g3_10_the_page_loads_and_the_websocket_does_not() {
    if !Kind::Nginx.is_installed() {
        return skipped("nginx is not installed");
    }
    let Some((here, there)) = two_hosts() else { return skipped(NO_NAMESPACES) };
    let world = World::inside(&here);
    let _gateway = world.start();
    let user = World::inside(&there).variable("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS", "1");
    let at = SocketAddr::from((here.address, PORT));
    let said = {
        let _blind = ReverseProxy::with(Kind::Nginx, &here, at, &nginx(at, world.port, ""));
        walk(&user, at, &[]).failed(1)
    };
    let row = Row::of("G3-10");
    row.says(&said).mends(&said);
    // The lines for nginx, copied into its configuration.
    let lines = lines_for_nginx(&said);
    let _seeing = ReverseProxy::with(Kind::Nginx, &here, at, &nginx(at, world.port, &lines));
    let said = user.run_fix(&said);
    assert!(said.out.contains("✓ upgrade"), "{said:?}");
}

#[test]
fn g2_11_each_step_is_tested_by_itself() {
    let world = World::new();
    let gateway = world.start();
    let row = Row::of("G2-11");
    let node = World::new();
    let whole = walk(&node, gateway.address(), &["--token", TOKEN]).ok();
    row.says(&whole);
    // Plain `openclaw doctor` of a machine whose gateway is elsewhere walks the same way.
    let elsewhere = World::new().with(|config| {
        config["gateway"]["mode"] = json!("remote");
        config["gateway"]["remote"] = json!({"url": gateway.url(), "token": TOKEN});
    });
    row.says(&elsewhere.cli(&["doctor"]));
    let name = node.cli(&["doctor", "--url", "https://no-such-host.invalid"]).failed(1);
    assert!(name.out.contains("✗ DNS") && name.out.contains("– TCP"), "{name:?}");
    let tls = node.cli(&["doctor", "--url", &format!("https://{}", gateway.address())]).failed(1);
    assert!(tls.out.contains("✓ TCP") && tls.out.contains("✗ TLS"), "{tls:?}");
    row.mends(&fix_of(&tls));
    let mended = node.run_fix(&tls).ok();
    assert!(mended.out.contains("✓ upgrade"), "{mended:?}");
    let wrong = ["--token", "0123456789abcdef0123456789abcdef"];
    let said = walk(&World::new(), gateway.address(), &wrong).failed(1);
    assert!(said.out.contains("✓ protocol") && said.out.contains("✗ auth"), "{said:?}");
    // This node is paired: it gets in nevertheless, and hears about the token.
    let said = walk(&node, gateway.address(), &wrong).ok();
    assert!(said.out.contains("! auth     the token from --token is not the gateway's"), "{said:?}");
    let silent =
        node.cli(&["doctor", "--url", &format!("http://{}", peers::silent()), "--timeout", "500"]).failed(1);
    assert!(silent.out.contains("✓ TCP") && silent.out.contains("✗ HTTP"), "{silent:?}");
}
