//! Who is local: peers from another address, through a reverse proxy, and as another user of the same host.

use std::net::SocketAddr;
use std::sync::Arc;

use openclaw_tests::network::{Namespace, Origin, is_root};
use openclaw_tests::proxy::{self, Kind, ReverseProxy};
use openclaw_tests::world::{TOKEN, remote_world};
use openclaw_tests::{Answer, Connect, Device, Dial, Dialect, Gateway, World, skipped};
use serde_json::{Value, json};

/// The operator asks for everything, with the right token: a local one is let in, any other has to pair.
fn ask(dial: Dial, dialect: Dialect) -> Answer {
    dial.open().connect(&Connect::cli(dialect).token(TOKEN).device(&Device::new()))
}

#[track_caller]
fn must_pair(what: &str, dial: Dial) -> Value {
    let mut last = Value::Null;
    for dialect in Dialect::BOTH {
        let (error, _) = ask(dial.clone(), dialect).refused();
        assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{what}, {dialect:?}: {error}");
        last = error;
    }
    last
}

#[test]
fn the_owner_on_the_same_host_is_local_under_local_names_only() {
    let world = World::new();
    let gateway = world.start();
    let port = world.port;
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "[::1]", "[::ffff:127.0.0.1]"] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            ask(gateway.dial().host(&host), Dialect::V4).hello();
        }
    }
    for host in [
        "gateway.example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "192.168.1.5",
        "0.0.0.0",
        "machine.tail1234.ts.net",
    ] {
        must_pair(host, gateway.dial().host(host));
    }
}

#[test]
fn any_forwarding_header_makes_a_peer_remote() {
    let world = World::new();
    let gateway = world.start();
    let headers = [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-For", ""),
        ("x-forwarded-for", "::1"),
        ("X-Forwarded-Host", "localhost"),
        ("X-Forwarded-Proto", "http"),
        ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("Tailscale-User-Login", "ada@example.com"),
    ];
    for (name, value) in headers {
        must_pair(name, gateway.dial().header(name, value));
        // All come from one address, which has sixteen places.
        gateway.cli(&["devices", "clear", "--pending", "--yes"]).ok();
    }
}

#[test]
fn an_unlisted_proxy_is_explained_to_whom_it_concerns() {
    let world = World::new();
    let gateway = world.start();
    let error = must_pair("unlisted", gateway.dial().header("X-Forwarded-For", "203.0.113.9"));
    let help = &error["details"]["help"];
    assert!(help.to_string().contains("trustedProxies"), "{help}");
}

#[test]
fn the_address_of_a_listed_proxys_client_is_the_last_one_it_did_not_trust() {
    let world =
        World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1", "10.0.0.0/8"]));
    let gateway = world.start();
    let table = [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9, 10.1.2.3, 127.0.0.1", "203.0.113.9"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ];
    for (forwarded, expected) in table {
        let device = Device::new();
        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
        gateway.dial().header("X-Forwarded-For", forwarded).open().connect(&connect).refused();
        let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
        let pending = list["pending"].as_array().unwrap().clone();
        let request = pending.iter().find(|entry| entry["deviceId"] == json!(device.id())).unwrap();
        assert_eq!(request["remoteIp"], json!(expected), "{forwarded}");
    }
}

#[test]
fn in_a_container_no_peer_is_local_and_the_owner_is() {
    let world = World::new().variable("OPENCLAW_IN_CONTAINER", "1");
    let gateway = world.start();
    must_pair("in a container", gateway.dial());
    gateway.cli(&["devices", "list"]).ok();
}

#[test]
fn another_user_of_the_same_host_is_not_local() {
    if !is_root() {
        return skipped("becoming another user needs root");
    }
    let world = World::new();
    let gateway = world.start();
    let error = must_pair("another uid", gateway.dial().from(Origin::User(42_007)));
    assert!(error["details"]["help"]["sentence"].is_string());
    // And has no claim to the owner's commands.
    let said = world.cli_as(42_007, &["devices", "list"]);
    assert_ne!(said.code, 0, "{said:?}");
    ask(gateway.dial(), Dialect::V4).hello();
}

fn from_afar(gateway: &Gateway, here: &Namespace, there: &Arc<Namespace>) -> Dial {
    let to = SocketAddr::from((here.address, gateway.world.port));
    Dial::to(to).from(Origin::Inside(there.clone()))
}

#[test]
fn a_peer_on_another_host_pairs_and_stays() {
    let Some((world, here, there)) = remote_world(|config| config["gateway"]["bind"] = json!("lan")) else {
        return;
    };
    let gateway = world.start();
    let dial = || from_afar(&gateway, &here, &there);
    must_pair("another host", dial());
    must_pair("another host that says it is this one", dial().host("localhost"));
    for dialect in Dialect::BOTH {
        let device = Device::new();
        let connect = Connect::cli(dialect).token(TOKEN).device(&device);
        let (error, _) = dial().open().connect(&connect).refused();
        let request = error["details"]["requestId"].as_str().unwrap();
        let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
        let pending = list["pending"].as_array().unwrap().clone();
        let entry = pending.iter().find(|entry| entry["requestId"] == json!(request)).unwrap();
        assert_eq!(entry["remoteIp"], json!(there.address.to_string()));
        gateway.approve(request);
        let hello = dial().open().connect(&connect).hello();
        let token = hello["auth"]["deviceToken"].as_str().unwrap();
        dial().open().connect(&Connect::cli(dialect).auth("deviceToken", token).device(&device)).hello();
    }
}

#[test]
fn a_loopback_gateway_is_not_there_for_another_host() {
    let Some((world, here, there)) = remote_world(|_| {}) else { return };
    let gateway = world.start();
    let to = SocketAddr::from((here.address, gateway.world.port));
    let reached =
        there.run(|| std::net::TcpStream::connect_timeout(&to, std::time::Duration::from_secs(2)).is_ok());
    assert!(!reached);
}

/// Debian's nginx in the gateway's namespace, forwarding to it with these headers.
fn nginx(gateway: &Gateway, here: &Arc<Namespace>, headers: &str) -> Option<ReverseProxy> {
    if !Kind::Nginx.is_installed() {
        skipped("nginx is not installed");
        return None;
    }
    let at = SocketAddr::from((here.address, proxy::PORT));
    let configuration = format!(
        "server {{
           listen {at};
           location / {{
             proxy_pass http://127.0.0.1:{};
             proxy_http_version 1.1;
             proxy_set_header Upgrade $http_upgrade;
             proxy_set_header Connection upgrade;
             {headers}
           }}
         }}",
        gateway.world.port,
    );
    Some(ReverseProxy::with(Kind::Nginx, here, at, &configuration))
}

fn through(proxy: &ReverseProxy, there: &Arc<Namespace>) -> Dial {
    Dial::to(proxy.address()).from(Origin::Inside(there.clone()))
}

const FORWARDED: &str = "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                         proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Real-IP $remote_addr;";

#[test]
fn behind_a_listed_proxy_the_client_is_the_one_behind_it() {
    let Some((world, here, there)) =
        remote_world(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]))
    else {
        return;
    };
    let gateway = world.start();
    let Some(nginx) = nginx(&gateway, &here, FORWARDED) else { return };
    let dial = || through(&nginx, &there);
    must_pair("through a listed proxy", dial());
    must_pair("and forging its own header", dial().header("X-Forwarded-For", "127.0.0.1"));
    let device = Device::new();
    let connect = Connect::cli(Dialect::V4).token(TOKEN).device(&device);
    let (error, _) = dial().open().connect(&connect).refused();
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let pending = list["pending"].as_array().unwrap().clone();
    let request = &error["details"]["requestId"];
    let entry = pending.iter().find(|entry| entry["requestId"] == *request).unwrap();
    assert_eq!(entry["remoteIp"], json!(there.address.to_string()));
    gateway.approve(request.as_str().unwrap());
    dial().open().connect(&connect).hello();
}

#[test]
fn behind_an_unlisted_proxy_a_client_pairs_and_the_proxy_is_named() {
    let Some((world, here, there)) = remote_world(|_| {}) else { return };
    let gateway = world.start();
    let Some(nginx) = nginx(&gateway, &here, FORWARDED) else { return };
    let error = must_pair("through an unlisted proxy", through(&nginx, &there));
    assert!(error["details"]["help"].to_string().contains("trustedProxies"), "{error}");
    let device = Device::new();
    let connect = Connect::cli(Dialect::V4).token(TOKEN).device(&device);
    let (error, _) = through(&nginx, &there).open().connect(&connect).refused();
    gateway.approve(error["details"]["requestId"].as_str().unwrap());
    through(&nginx, &there).open().connect(&connect).hello();
}

#[test]
fn a_proxy_that_adds_no_header_at_all_hands_out_nothing() {
    let Some((world, here, there)) = remote_world(|_| {}) else { return };
    let gateway = world.start();
    // nginx's default: `Host` is the gateway's own address, and nothing says that somebody stands behind it.
    let Some(nginx) = nginx(&gateway, &here, "") else { return };
    must_pair("through a silent proxy", through(&nginx, &there));
    // Nor does the shared token alone bring scopes.
    for dialect in Dialect::BOTH {
        let mut socket = through(&nginx, &there).open();
        socket.connect(&Connect::backend(dialect).token(TOKEN)).hello();
        let error = socket.call("status", json!({})).unwrap_err();
        assert_eq!(error["message"], json!("missing scope: operator.read"), "{dialect:?}");
    }
}

#[test]
fn without_any_secret_only_the_owner_is_let_in() {
    let world = World::new().with(|config| config["gateway"]["auth"] = json!({"mode": "none"}));
    let gateway = world.start();
    let connect = || Connect::cli(Dialect::V4).device(&Device::new());
    gateway.dial().open().connect(&connect()).hello();
    let elsewhere: [fn(Dial) -> Dial; 3] = [
        |dial| dial.host("gateway.example.com"),
        |dial| dial.header("X-Forwarded-For", "127.0.0.1"),
        |dial| dial.web_origin("http://localhost:3000"),
    ];
    for change in elsewhere {
        let (error, _) = change(gateway.dial()).open().connect(&connect()).refused();
        assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    }
    if is_root() {
        let dial = gateway.dial().from(Origin::User(42_007));
        let (error, _) = dial.open().connect(&connect()).refused();
        assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    }
}
