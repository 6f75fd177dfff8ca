//! Rows about reverse proxies between a client and the gateway, and about how a page is reached.

use std::sync::Arc;

use openclaw_tests::acceptance::{Row, fix_of};
use openclaw_tests::network::{Namespace, Origin};
use openclaw_tests::proxy::{Kind, NAME, ReverseProxy};
use openclaw_tests::wait::until;
use openclaw_tests::world::{TOKEN, remote_world};
use openclaw_tests::{Connect, Device, Dial, Dialect, Gateway, World, http, skipped};
use serde_json::{Value, json};

const PAGE: &str = "https://gateway.example.com";

/// A client of the other host that asks the proxy for the gateway's public name.
fn through(proxy: &ReverseProxy, there: &Arc<Namespace>) -> Dial {
    Dial::to(proxy.address()).host(NAME).from(Origin::Inside(there.clone()))
}

/// The address that the owner's list has for a newcomer; null when the gateway does not know one.
fn seen_as(gateway: &Gateway, dial: Dial) -> Value {
    let (device, connect) = newcomer();
    dial.open().connect(&connect).refused();
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let pending = list["pending"].as_array().unwrap().clone();
    let own = pending.into_iter().find(|entry| entry["deviceId"] == json!(device.id()));
    // Of those who wait there may be sixteen from one address.
    gateway.cli(&["devices", "clear", "--pending", "--yes"]).ok();
    own.unwrap_or_else(|| panic!("no request of that device: {list}"))["remoteIp"].clone()
}

/// Waits until clients are seen under that address.
fn until_seen_as(gateway: &Gateway, address: &str, dial: impl Fn() -> Dial) {
    until("the client's own address", || (seen_as(gateway, dial()) == json!(address)).then_some(()));
}

fn newcomer() -> (Device, Connect) {
    let device = Device::new();
    let connect = Connect::cli(Dialect::V4).token(TOKEN).device(&device);
    (device, connect)
}

#[test]
fn c_15_a_proxy_that_is_not_listed_is_named_and_listing_it_helps() {
    for kind in Kind::ALL {
        if !kind.is_installed() {
            skipped(&format!("{} is not installed", kind.program()));
            continue;
        }
        let Some((world, here, there)) = remote_world(|_| {}) else { return };
        let gateway = world.start();
        let proxy = ReverseProxy::start(kind, &here, world.port);
        let row = Row::of("C-15");

        assert_eq!(seen_as(&gateway, through(&proxy, &there)), Value::Null, "{kind:?}");
        let (_, connect) = newcomer();
        let (error, _) = through(&proxy, &there).open().connect(&connect).refused();
        assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{kind:?}: {error}");
        let sentence = error["details"]["help"]["sentence"].as_str().unwrap();
        assert!(sentence.contains("that is not in gateway.trustedProxies"), "{kind:?}: {sentence}");
        // What concerns the owner is said to the owner.
        let line = gateway.line_with("cause=C-15");
        row.says(&line).mends(&fix_of(&line));
        assert!(line.to_lowercase().contains("x-forwarded-for"), "{line}");

        world.run_fix(&line).ok();
        let client = there.address.to_string();
        until_seen_as(&gateway, &client, || through(&proxy, &there));
        // Its own claims about where it comes from do not count.
        let lying = through(&proxy, &there).header("X-Forwarded-For", "127.0.0.1");
        assert_eq!(seen_as(&gateway, lying), json!(client), "{kind:?}");
        let (error, _) = through(&proxy, &there).open().connect(&connect).refused();
        gateway.approve(error["details"]["requestId"].as_str().unwrap());
        through(&proxy, &there).open().connect(&connect).hello();
    }
}

#[test]
fn g1_9_a_proxy_in_front_of_the_dashboard() {
    for kind in Kind::ALL {
        if !kind.is_installed() {
            skipped(&format!("{} is not installed", kind.program()));
            continue;
        }
        let Some((world, here, there)) =
            remote_world(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]))
        else {
            return;
        };
        let gateway = world.start();
        let proxy = ReverseProxy::start(kind, &here, world.port);
        let row = Row::of("G1-9");
        if kind == Kind::Nginx {
            // From outside the whole way is looked at, hop by hop, with the settings for both sides of the one that fails.
            let url = format!("http://{}", proxy.address());
            let way = World::inside(&there).cli(&["doctor", "--url", &url]).failed(1);
            row.mends(&way);
            assert!(way.out.contains("proxy_set_header Host $host;"), "{way:?}");
        }
        // The page itself, under a name that nobody has told the gateway.
        let page = there.run(|| http::request(proxy.address(), "GET", "/", &[("Host", NAME)], "")).unwrap();
        assert!(page.status == 200 && page.body.starts_with("<!doctype html>"), "{kind:?}: {page:?}");
        let connect = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
        let dial = || through(&proxy, &there).web_origin(PAGE);
        let (error, _) = dial().open().connect(&connect).refused();
        row.says(&error["details"]["help"]).mends(&fix_of(&error));
        world.run_fix(&error).ok();
        let error = until("the origin to be allowed", || {
            let (error, _) = dial().open().connect(&connect).refused();
            (error["details"]["code"] == json!("PAIRING_REQUIRED")).then_some(error)
        });
        let sentence = error["details"]["help"]["sentence"].as_str().unwrap();
        assert!(sentence.contains(&format!("as {}, through a proxy", there.address)), "{kind:?}: {sentence}");
        gateway.approve(error["details"]["requestId"].as_str().unwrap());
        dial().open().connect(&connect).hello();
    }
}

#[test]
fn g2_9_a_range_that_holds_strangers_needs_to_be_said_twice() {
    let row = Row::of("G2-9");
    let world = World::new();
    for range in ["0.0.0.0/0", "::/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"] {
        let list = format!("[\"{range}\"]");
        let set = ["config", "set", "gateway.trustedProxies", &list, "--strict-json"];
        let refused = world.cli(&set).failed(1);
        row.says(&refused);
        assert_eq!(world.config()["gateway"].get("trustedProxies"), None, "{range}");
        let forced = world.cli(&[&set[..], &["--force"]].concat()).ok();
        assert!(forced.all().contains("can pretend to be anybody else"), "{range}: {forced:?}");
        world.cli(&["config", "unset", "gateway.trustedProxies"]).ok();
    }
    // What stands in the file by hand is told at the start.
    world.change_config(|config| config["gateway"]["trustedProxies"] = json!(["100.64.0.0/10"]));
    let gateway = world.start();
    gateway.line_with("100.64.0.0/10 holds a whole private block");
    for command in [&["status"][..], &["doctor"], &["security", "audit"], &["config", "validate"]] {
        let said = gateway.cli(command);
        assert!(said.all().contains("100.64.0.0/10"), "{command:?}: {said:?}");
    }
    // A platform's proxy is named by what it sends; it is believed when its own address is listed.
    let through = |dial: Dial| dial.header("X-Forwarded-For", "203.0.113.9").host("app.example.com");
    through(gateway.dial()).open().connect(&newcomer().1).refused();
    let line = gateway.line_with("cause=C-15");
    row.mends(&fix_of(&line));
    world.run_fix(&line).ok();
    assert_eq!(world.config()["gateway"]["trustedProxies"], json!(["100.64.0.0/10", "127.0.0.1"]));
    until_seen_as(&gateway, "203.0.113.9", || through(gateway.dial()));
}

#[test]
fn f_14_every_spelling_of_a_proxy_matches() {
    let world = World::new();
    let gateway = world.start();
    let entries = [
        "127.0.0.0/8",
        "127.0.0.0 / 8",
        " 127.0.0.1 ",
        "127.0.0.1/32",
        "::ffff:127.0.0.1",
        "::ffff:127.0.0.0/104",
        "[::ffff:127.0.0.1]",
    ];
    for entry in entries {
        world.change_config(|config| config["gateway"]["trustedProxies"] = json!(["2001:db8::/32", entry]));
        until_seen_as(&gateway, "203.0.113.9", || gateway.dial().header("X-Forwarded-For", "203.0.113.9"));
    }
    let story = gateway.cli(&["why", "last"]).ok();
    Row::of("F-14").says(&story).mends(&story);
}

#[test]
fn f_13_the_gateways_own_page_needs_no_configuration() {
    let Some((world, here, there)) = remote_world(|config| config["gateway"]["bind"] = json!("lan")) else {
        return;
    };
    let gateway = world.start();
    let port = world.port;
    let row = Row::of("F-13");
    for host in [here.address.to_string(), "box.local".to_owned(), "box.tail1234.ts.net".to_owned()] {
        let authority = format!("{host}:{port}");
        let dial = || {
            let to = std::net::SocketAddr::from((here.address, port));
            let there = Origin::Inside(there.clone());
            Dial::to(to).from(there).host(&authority).web_origin(&format!("http://{authority}"))
        };
        let connect = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
        let (error, _) = dial().open().connect(&connect).refused();
        row.says(&error["details"]["help"]).mends(&fix_of(&error));
        gateway.approve(error["details"]["requestId"].as_str().unwrap());
        dial().open().connect(&connect).hello();
        // Only its own: a page of the same network that is not the gateway's stays out.
        let (error, _) = dial().web_origin("http://other.local").open().connect(&connect).refused();
        assert!(error["details"]["code"].as_str().unwrap().starts_with("CONTROL_UI_ORIGIN"), "{error}");
    }
}

#[test]
fn g1_10_a_lan_address_does_as_well_as_localhost() {
    let Some((world, here, there)) = remote_world(|config| config["gateway"]["bind"] = json!("lan")) else {
        return;
    };
    let gateway = world.start();
    let at = std::net::SocketAddr::from((here.address, world.port));
    let page = there.run(|| http::get(at, "/")).unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    // Plain HTTP, no secure context: the device's key is what counts.
    let dial = || Dial::to(at).from(Origin::Inside(there.clone())).web_origin(&format!("http://{at}"));
    let connect = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    let (error, _) = dial().open().connect(&connect).refused();
    Row::of("G1-10").says(&error["details"]["help"]).mends(&fix_of(&error));
    gateway.approve(error["details"]["requestId"].as_str().unwrap());
    dial().open().connect(&connect).hello();
}
