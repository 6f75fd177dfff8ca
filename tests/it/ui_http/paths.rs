//! Where the page is: at any depth, below a base path, and behind a proxy that takes a prefix off.

use std::net::SocketAddr;

use openclaw_tests::network::Origin;
use openclaw_tests::proxy::{Kind, PORT, ReverseProxy};
use openclaw_tests::wait::until;
use openclaw_tests::world::{TOKEN, remote_world};
use openclaw_tests::{Connect, Device, Dial, Dialect, World, skipped};
use serde_json::json;

use super::{get, references, resolve};

/// Opens the page at `path` as a browser does, with all that it refers to.
fn opens(to: SocketAddr, path: &str) {
    let page = get(to, path, &[]);
    assert_eq!(page.status, 200, "{path}: {page:?}");
    for reference in references(&page.body) {
        let file = resolve(path, reference);
        let answer = get(to, &file, &[]);
        let is_page = answer.header("content-type").unwrap_or_default().starts_with("text/html");
        assert!(answer.status == 200 && !is_page, "{file}, which {path} refers to: {answer:?}");
    }
}

#[test]
fn every_depth_refers_to_the_same_files() {
    let world = World::new();
    let gateway = world.start();
    let long = format!("/{}x", "a/".repeat(200));
    for path in
        ["/", "/devices", "/devices/", "/chat/main/x", "/chat/agent:main:main/", "/a/b/c/d?e=/f/g", &long]
    {
        let bare = path.split('?').next().unwrap();
        assert_eq!(gateway.get(path).unwrap().body, gateway.get(bare).unwrap().body);
        opens(gateway.address(), bare);
    }
}

#[test]
fn below_a_base_path_and_nowhere_else() {
    let world = World::new().with(|config| config["gateway"]["controlUi"] = json!({"basePath": "claw/ui/"}));
    let gateway = world.start();
    for path in ["/claw/ui/", "/claw/ui/devices", "/claw/ui/chat/main/x"] {
        opens(gateway.address(), path);
    }
    for (path, location) in [
        ("/claw/ui", "./ui/"),
        ("/claw/ui?session=main", "./ui/?session=main"),
        ("/claw/ui?token=abc&session=main", "./ui/?session=main#token=abc"),
        ("/claw/ui/?token=abc", "./#token=abc"),
        ("/claw/ui/chat/main?token=abc", "./main#token=abc"),
    ] {
        let answer = gateway.get(path).unwrap();
        assert_eq!((answer.status, answer.header("location")), (302, Some(location)), "{path}");
    }
    for path in ["/", "/claw", "/claw/", "/claw/uix", "/devices", "/ui/"] {
        let answer = gateway.get(path).unwrap();
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer.body.contains("`openclaw dashboard`") && !answer.body.contains("claw/ui"),
            "{answer:?}"
        );
        let token = format!("{path}?token=abc");
        assert_eq!(gateway.get(&token).unwrap().header("location"), None, "{token}");
    }
    for path in ["/favicon.ico", "/favicon.svg", "/manifest.webmanifest", "//claw/ui/", "/claw/ui//devices"] {
        assert_eq!(gateway.get(path).unwrap().status, 404, "{path}");
    }
    // What is not the page is at both.
    for path in ["/healthz", "/readyz", "/__openclaw__/seen", "/__openclaw__/requests/x"] {
        let below = gateway.get(&format!("/claw/ui{path}")).unwrap();
        assert_eq!((below.status, gateway.get(path).unwrap().status), (200, 200), "{path}");
    }
    let config = gateway.get("/claw/ui/__openclaw/control-ui-config.json").unwrap().json();
    assert_eq!(config["basePath"], json!("/claw/ui"), "{config}");
    for path in ["/", "/claw/ui", "/claw/ui/", "/claw/ui/devices"] {
        let connect = Connect::cli(Dialect::V4).token(TOKEN).device(&Device::new());
        gateway.dial().path(path).open().connect(&connect).hello();
    }
    // And it moves without a restart.
    world.change_config(|config| config["gateway"]["controlUi"]["basePath"] = json!("/elsewhere"));
    until("the page at its new place", || (gateway.get("/elsewhere/").unwrap().status == 200).then_some(()));
    opens(gateway.address(), "/elsewhere/chat/x");
    assert_eq!(gateway.get("/claw/ui/").unwrap().status, 404);
    // No base takes a probe's place.
    world.change_config(|config| config["gateway"]["controlUi"]["basePath"] = json!("/healthz"));
    until("the page at an odd place", || (gateway.get("/healthz/").unwrap().status == 200).then_some(()));
    opens(gateway.address(), "/healthz/devices");
    for path in ["/healthz", "/healthz/healthz"] {
        assert_eq!(gateway.get(path).unwrap().json(), json!({"ok": true, "status": "live"}), "{path}");
    }
}

#[test]
fn switched_off_there_is_no_page_and_everything_else() {
    let world = World::new().with(|config| config["gateway"]["controlUi"] = json!({"enabled": false}));
    let gateway = world.start();
    for path in
        ["/", "/devices", "/favicon.svg", "/manifest.webmanifest", "/__openclaw__/control-ui-config.json"]
    {
        let answer = gateway.get(path).unwrap();
        assert_eq!((answer.status, answer.header("location")), (404, None), "{path}");
        assert!(answer.body.contains("(gateway.controlUi.enabled is false)"), "{path}: {answer:?}");
    }
    assert_eq!(gateway.get("/?token=abc").unwrap().header("location"), None);
    assert_eq!(gateway.get("/healthz").unwrap().status, 200);
    gateway.operator(Dialect::V4).close();
}

#[test]
fn behind_an_nginx_that_takes_a_prefix_off() {
    if !Kind::Nginx.is_installed() {
        return skipped("nginx is not installed");
    }
    let Some((world, here, there)) = remote_world(|config| {
        config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]);
        config["gateway"]["controlUi"] = json!({"allowedOrigins": ["https://box.example.com"]});
    }) else {
        return;
    };
    let _gateway = world.start();
    let at = SocketAddr::from((here.address, PORT));
    let forward = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;
                   proxy_set_header Connection upgrade; proxy_set_header Host $host;
                   proxy_set_header X-Forwarded-For $remote_addr;";
    let configuration = format!(
        "server {{ listen {at};
           location /box/claw/ {{ proxy_pass http://127.0.0.1:{0}/; {forward} }}
           location = /healthz {{ proxy_pass http://127.0.0.1:{0}; }}
         }}",
        world.port,
    );
    let proxy = ReverseProxy::with(Kind::Nginx, &here, at, &configuration);
    there.run(|| {
        for path in ["/box/claw/", "/box/claw/devices", "/box/claw/chat/main/x"] {
            opens(at, path);
        }
        // The prefix without its slash is nginx's to complete.
        let answer = get(at, "/box/claw", &[]);
        assert_eq!(answer.status, 301, "{answer:?}");
        // A link of a guide keeps the prefix, and the token is where no log sees it.
        for (path, expected) in [
            (format!("/box/claw/?token={TOKEN}"), "/box/claw/"),
            (format!("/box/claw/chat/main?token={TOKEN}"), "/box/claw/chat/main"),
        ] {
            let answer = get(at, &path, &[]);
            let (clean, fragment) = answer.header("location").unwrap().split_once('#').unwrap();
            assert_eq!((answer.status, fragment), (302, format!("token={TOKEN}").as_str()), "{path}");
            assert_eq!(resolve(path.split('?').next().unwrap(), clean), expected);
        }
        assert_eq!(get(at, "/box/claw/__openclaw__/seen", &[]).status, 200);
    });
    let dial = Dial::to(proxy.address())
        .from(Origin::Inside(there.clone()))
        .path("/box/claw/")
        .host("box.example.com");
    let connect = Connect::control_ui(Dialect::V4).token(TOKEN).device(&Device::new());
    let (error, _) = dial.web_origin("https://box.example.com").open().connect(&connect).refused();
    assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
}
