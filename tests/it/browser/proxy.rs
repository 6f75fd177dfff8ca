//! Behind a real nginx: listed and allowed, unknown, without the upgrade, and under a prefix.

use std::net::SocketAddr;
use std::sync::Arc;

use openclaw_tests::network::Namespace;
use openclaw_tests::proxy::{Kind, NAME, PORT, ReverseProxy};
use openclaw_tests::world::{TOKEN, remote_world};
use openclaw_tests::{Browser, World, skipped};
use serde_json::{Value, json};

use super::{is_in, is_marked, line_of, mark, run_shown};

/// A gateway behind a proxy on its own host, and another host with a browser.
struct Behind {
    world: World,
    here: Arc<Namespace>,
    there: Arc<Namespace>,
}

impl Behind {
    fn new(change: impl FnOnce(&mut Value)) -> Option<Behind> {
        if !Kind::Nginx.is_installed() {
            skipped("nginx is not installed");
            return None;
        }
        let (world, here, there) = remote_world(change)?;
        Some(Behind { world, here, there })
    }

    fn browser(&self, path: &str) -> Option<Browser> {
        Browser::start_in(&self.there, &format!("http://{NAME}:{PORT}{path}"))
    }

    /// As `deploy/nginx.conf` says.
    fn shipped(&self) -> ReverseProxy {
        ReverseProxy::start(Kind::Nginx, &self.here, self.world.port)
    }

    /// With these lines of the test's own.
    fn nginx(&self, lines: &str) -> ReverseProxy {
        let at = SocketAddr::from((self.here.address, PORT));
        let lines = lines.replace("GATEWAY", &format!("http://127.0.0.1:{}", self.world.port));
        ReverseProxy::with(Kind::Nginx, &self.here, at, &format!("server {{ listen {at}; {lines} }}"))
    }
}

const UPGRADE: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                       proxy_set_header Connection upgrade;";
const FORWARD: &str = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; \
                       proxy_set_header X-Forwarded-Proto $scheme;";

fn listed(config: &mut Value) {
    config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]);
    config["gateway"]["controlUi"] = json!({"allowedOrigins": [format!("http://{NAME}:{PORT}")]});
}

#[test]
fn behind_a_listed_proxy_a_browser_pairs_as_anywhere() {
    let Some(behind) = Behind::new(listed) else { return };
    let _gateway = behind.world.start();
    let proxy = behind.shipped();
    let Some(browser) = behind.browser("") else { return };
    let page = browser.page();
    page.goto(&format!("/#token={TOKEN}"));
    page.sees("This device is not approved yet");
    page.sees("10.77.0.2");
    run_shown(&behind.world, &page, "openclaw devices approve").ok();
    is_in(&page);
    assert!(!proxy.access_log().contains(TOKEN), "{}", proxy.access_log());
}

#[test]
fn an_origin_that_is_not_allowed_is_a_page_with_the_command_for_the_owner() {
    let Some(behind) = Behind::new(|_| {}) else { return };
    let gateway = behind.world.start();
    let _proxy = behind.shipped();
    let Some(browser) = behind.browser("") else { return };
    let page = browser.page();
    assert_eq!(page.goto(&format!("/#token={TOKEN}")), 200);
    page.sees(&format!(
        "This page comes from http://{NAME}:{PORT}, which is not an origin that the gateway allows."
    ));
    page.portrait("door-origin");
    mark(&page);
    run_shown(&behind.world, &page, "openclaw config set gateway.controlUi.allowedOrigins").ok();
    gateway.line_with("config hot reload applied");
    page.click("button", "Try again");
    // What comes next is the proxy, which the gateway does not know either: the page tells it beside the request.
    page.sees("This device is not approved yet");
    page.sees("through a proxy that the gateway does not know (x-forwarded-for, x-forwarded-proto)");
    page.portrait("door-proxy");
    let request = line_of(&page, "openclaw devices approve");
    let request = request.split_whitespace().nth(3).unwrap();
    gateway.approve(request);
    is_in(&page);
    assert!(is_marked(&page), "no reload");
}

#[test]
fn a_proxy_that_passes_no_upgrade_on_is_named_with_its_setting() {
    let Some(behind) = Behind::new(listed) else { return };
    let _gateway = behind.world.start();
    let _proxy = behind.nginx(&format!("location / {{ proxy_pass GATEWAY; {FORWARD} }}"));
    let Some(browser) = behind.browser("") else { return };
    let page = browser.page();
    assert_eq!(page.goto(&format!("/#token={TOKEN}")), 200);
    page.sees("WebSocket");
    page.sees("proxy_set_header Upgrade $http_upgrade");
    page.portrait("door-websocket-blocked");
}

#[test]
fn under_a_prefix_that_the_proxy_strips_everything_works() {
    let Some(behind) = Behind::new(listed) else { return };
    let _gateway = behind.world.start();
    let _proxy = behind.nginx(&format!(
        "location = /healthz {{ proxy_pass GATEWAY; }} location /claw/ {{ proxy_pass GATEWAY/; {UPGRADE} {FORWARD} }}"
    ));
    let Some(browser) = behind.browser("/claw") else { return };
    let page = browser.page();
    page.goto(&format!("/devices#token={TOKEN}"));
    page.sees("This device is not approved yet");
    run_shown(&behind.world, &page, "openclaw devices approve").ok();
    is_in(&page);
    page.at(&format!("http://{NAME}:{PORT}/claw/devices"));
    page.reload();
    is_in(&page);
    for url in browser.requests() {
        assert!(url.contains(&format!("{NAME}:{PORT}/claw/")), "{url}");
    }
}

#[test]
fn under_a_base_path_of_the_gateway_everything_works() {
    let world = World::new().with(|config| config["gateway"]["controlUi"] = json!({"basePath": "/claw"}));
    let _gateway = world.start();
    let Some(browser) = Browser::start(&world) else { return };
    let page = browser.page();
    page.goto(&format!("/claw/devices#token={TOKEN}"));
    is_in(&page);
    page.at(&format!("http://127.0.0.1:{}/claw/devices", world.port));
    page.reload();
    is_in(&page);
}
