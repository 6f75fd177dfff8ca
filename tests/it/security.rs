//! Attacks that gateways of this kind have met, where no other file of this folder shows them already. Which test stands
//! for which attack is in the table below; the numbers are those of the security checklist.
//!
//! | Id | Attack | Shown by |
//! |---|---|---|

use std::net::{IpAddr, Ipv4Addr};

use openclaw_tests::wait::{until, within};
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, Socket, World, http};
use serde_json::{Value, json};
use std::time::Duration;

use crate::start::claim_code;

/// IPv4 addresses on which something listens at this port.
fn listening(port: u16) -> Vec<Ipv4Addr> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let mut found: Vec<Ipv4Addr> = table
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let (address, at) = fields.get(1)?.split_once(':')?;
            let listens = *fields.get(3)? == "0A" && u16::from_str_radix(at, 16).ok()? == port;
            let address = u32::from_str_radix(address, 16).ok()?;
            listens.then(|| Ipv4Addr::from(address.to_ne_bytes()))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_restart_in_place_gives_up_addresses_that_are_not_wanted_any_more() {
    let world = World::new().with(|config| config["gateway"]["bind"] = json!("lan"));
    let gateway = world.start();
    assert_eq!(listening(world.port), [Ipv4Addr::UNSPECIFIED]);
    // Narrowed, and in the same breath opened: what is right on loopback must not stay reachable from elsewhere.
    world.change_config(|config| {
        config["gateway"]["bind"] = json!("loopback");
        config["gateway"]["auth"] = json!({"mode": "none"});
    });
    until("the narrower address", || (listening(world.port) == [Ipv4Addr::LOCALHOST]).then_some(()));
    gateway.wait_ready();
    // And the other way round, as the owner asked for it.
    world.change_config(|config| {
        config["gateway"]["bind"] = json!("lan");
        config["gateway"]["auth"] = json!({"mode": "token", "token": TOKEN});
    });
    until("the wider address", || (listening(world.port) == [Ipv4Addr::UNSPECIFIED]).then_some(()));
}

#[test]
fn a_link_with_a_token_leads_nowhere_else() {
    let world = World::new();
    let gateway = world.start();
    let answer = gateway.get("/?token=abc").unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some("/#token=abc")));
    for path in [
        "//evil.example/?token=abc",
        "//evil/?token=abc",
        "///evil/?token=abc",
        "/\\evil/?token=abc",
        "/a/..//evil/?token=abc",
        "/%0d%0aSet-Cookie:x/?token=abc",
        "http://evil/?token=abc",
        "http://evil//evil/?token=abc",
    ] {
        let Some(answer) = gateway.get(path) else { continue };
        if let Some(location) = answer.header("location") {
            assert!(location.starts_with("/#") || location.starts_with("/a"), "{path} leads to {location}");
            assert!(!location.contains("//") && !location.contains('\\'), "{path} leads to {location}");
        }
    }
}

fn code_guess(gateway: &Gateway, address: &str, code: &str) -> Value {
    let connect = Connect::cli(Dialect::V4).device(&Device::new()).auth("bootstrapToken", code);
    let dial = gateway.dial().header("X-Forwarded-For", address);
    dial.open().connect(&connect).refused().0["details"]["code"].clone()
}

#[test]
fn a_claim_code_is_worn_out_by_fifty_guesses_from_anywhere() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    let code = until("the claim code", || claim_code(&gateway.stdout()));
    for guess in 0..50 {
        let answer = code_guess(&gateway, &format!("203.0.113.{}", guess / 5), "ZZZZ-ZZZ0");
        assert_eq!(answer, json!("AUTH_BOOTSTRAP_TOKEN_INVALID"), "guess {guess}");
    }
    assert_eq!(
        code_guess(&gateway, "198.51.100.1", &code),
        json!("AUTH_BOOTSTRAP_TOKEN_INVALID"),
        "the code outlived the guesses"
    );
    // Whoever comes without one has a new one shown.
    let newcomer = Connect::cli(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().open().connect(&newcomer).refused();
    let fresh = until("another claim code", || {
        let out = gateway.stdout();
        let again = &out[out.rfind("Claim code:")?..];
        claim_code(again).filter(|fresh| *fresh != code)
    });
    let connect = Connect::cli(Dialect::V4).device(&Device::new()).auth("bootstrapToken", &fresh);
    gateway.dial_remote().open().connect(&connect).hello();
}

#[test]
fn a_device_that_was_not_proved_is_not_named() {
    let world = World::new();
    let gateway = world.start();
    let (victim, stranger) = (Device::new(), Device::new());
    let id = victim.id();
    let forged = Connect::test(Dialect::V4)
        .token("a-wrong-secret")
        .device(&stranger)
        .edit(move |params| params["device"]["id"] = json!(id));
    gateway.dial_remote().open().connect(&forged).refused();
    let said = gateway.cli(&["gateway", "call", "gateway.journal", "--json"]).ok();
    assert!(!said.out.contains(&victim.id()), "{said:?}");
    let log = std::fs::read_to_string(world.log_file()).unwrap();
    assert!(!log.contains(&victim.id()), "{log}");
}

#[test]
fn one_address_cannot_fill_the_journal() {
    let world = World::new();
    let gateway = world.start();
    let dial = |address: &str| gateway.dial().header("X-Forwarded-For", address);
    let _ = dial;
    // Each attempt differs: another device, another nonsense property.
    for number in 0..60 {
        let nonsense = Connect::test(Dialect::V4)
            .token("a-wrong-secret")
            .device(&Device::new())
            .edit(move |params| params[format!("nonsense{number}")] = json!(1));
        gateway.dial_remote().open().connect(&nonsense).refused();
    }
    let said =
        gateway.cli(&["gateway", "call", "gateway.journal", "--json", "--params", "{\"limit\":1000}"]).ok();
    let entries = said.json()["entries"].as_array().unwrap().clone();
    assert!(entries.len() <= 20, "{} entries", entries.len());
    let counted: u64 = entries.iter().map(|entry| entry["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, 60, "nothing is lost");
    let log = std::fs::read_to_string(world.log_file()).unwrap();
    let lines = log.lines().filter(|line| line.contains("closed before connect")).count();
    assert!(lines <= 30, "{lines} lines in the log");
}

fn stays_open(socket: &mut Socket) -> bool {
    socket.closed_within(Duration::from_millis(300)).is_none()
}

#[test]
fn whoever_came_in_without_a_secret_leaves_when_one_is_asked_for() {
    let world = World::new().with(|config| config["gateway"]["auth"] = json!({"mode": "none"}));
    let gateway = world.start();
    let mut backend = gateway.dial().open();
    backend.connect(&Connect::backend(Dialect::V4)).hello();
    let mut cli = gateway.dial().open();
    let own = Device::new();
    let token = cli.connect(&Connect::cli(Dialect::V4).device(&own)).hello()["auth"]["deviceToken"].clone();
    let by_token = Connect::cli(Dialect::V4).device(&own).auth("deviceToken", token.as_str().unwrap());
    world.change_config(|config| config["gateway"]["auth"] = json!({"mode": "token", "token": TOKEN}));
    assert_eq!(backend.closed().code, 4001, "it never knew the token");
    assert_eq!(cli.closed().code, 4001);
    let mut again = gateway.dial().open();
    again.connect(&by_token).hello();
    gateway.cli(&["devices", "list"]).ok();
}

#[test]
fn a_user_the_proxy_may_not_name_any_more_leaves_at_once() {
    let auth = |users: &[&str]| {
        json!({
            "mode": "trusted-proxy",
            "trustedProxy": {"userHeader": "x-user", "allowUsers": users, "allowLoopback": true},
        })
    };
    let world = World::new().with(|config| {
        config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]);
        config["gateway"]["auth"] = auth(&["me", "you"]);
    });
    let gateway = world.start();
    let come = |user: &str| {
        let mut socket =
            gateway.dial().header("X-Forwarded-For", "203.0.113.9").header("X-User", user).open();
        socket.connect(&Connect::test(Dialect::V4)).hello();
        socket
    };
    let mut me = come("me");
    assert!(stays_open(&mut me));
    world.change_config(|config| config["gateway"]["auth"] = auth(&["you"]));
    assert_eq!(me.closed().code, 4001);
    assert!(stays_open(&mut come("you")));
}

#[test]
fn nothing_that_is_served_without_a_secret_tells_of_the_gateway() {
    let world = World::new();
    let gateway = world.start();
    gateway.operator(Dialect::V4).close();
    let secrets = [
        TOKEN.to_owned(),
        world.state().display().to_string(),
        world.home().display().to_string(),
        env!("CARGO_PKG_VERSION").to_owned(),
    ];
    let paths = [
        "/",
        "/health",
        "/healthz",
        "/ready",
        "/readyz",
        "/chat",
        "/api",
        "/api/config",
        "/v1/models",
        "/hooks",
        "/tools/invoke",
        "/avatar/main",
        "/__openclaw__/canvas",
        "/__openclaw__/control-ui-config.json",
        "/j/ABCD",
        "/plugins/x",
        "/sessions",
        "/favicon.ico",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/API/channels",
        "/a%2fb",
        "/.env",
        "/openclaw.json",
    ];
    for path in paths {
        for host in ["127.0.0.1", "gateway.example.com"] {
            let headers = [("Host", host), ("X-Forwarded-For", "203.0.113.9")];
            let answer = http::request(gateway.address(), "GET", path, &headers, "").unwrap();
            let all = format!("{answer:?}");
            assert!(!secrets.iter().any(|secret| all.contains(secret)), "{path}: {all}");
            assert!(!all.contains("root:"), "{path}: {all}");
            assert!(
                answer.header("server").is_none() && answer.header("x-powered-by").is_none(),
                "{path}: {all}"
            );
            assert!(answer.header("access-control-allow-origin").is_none(), "{path}: {all}");
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            let is_page = answer.status == 200 && answer.header("content-type").unwrap().contains("html");
            if is_page {
                let policy = answer.header("content-security-policy").unwrap();
                assert!(
                    policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
                    "{policy}"
                );
                assert!(!answer.body.contains("<script"), "{path}");
            }
        }
    }
}

#[test]
fn nothing_changes_over_plain_http() {
    let world = World::new();
    let gateway = world.start();
    let before = std::fs::read(world.config_file()).unwrap();
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        for path in ["/", "/config", "/api/config.apply", "/tools/invoke", "/healthz", "/v1/chat/completions"]
        {
            let headers = [
                ("Origin", "https://evil.example"),
                ("Sec-Fetch-Site", "cross-site"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ];
            let answer = http::request(gateway.address(), method, path, &headers, "a=b").unwrap();
            assert!((400..500).contains(&answer.status), "{method} {path}: {answer:?}");
            assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
        }
    }
    assert_eq!(std::fs::read(world.config_file()).unwrap(), before);
}

#[test]
fn another_name_in_host_gets_no_answer_over_http() {
    let world = World::new();
    let gateway = world.start();
    let ask = |path: &str, host: &str| {
        http::request(gateway.address(), "GET", path, &[("Host", host)], "").unwrap().status
    };
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "gw@evil.example",
        "evil.example:80",
    ] {
        assert_eq!(ask("/v1/models", host), 421, "{host}");
    }
    for host in ["127.0.0.1", "localhost:18789", "[::1]", "192.168.1.2", "nas.local", "nas.tail1234.ts.net"] {
        assert_eq!(ask("/v1/models", host), 404, "{host}");
    }
}

#[test]
fn one_code_two_hands() {
    let world = World::new();
    let gateway = world.start();
    let join = gateway
        .cli(&["devices", "join-code", "--role", "operator", "--scope", "operator.read", "--json"])
        .ok()
        .json();
    let code = join["code"].as_str().unwrap();
    // All at the same moment, each with a key of its own.
    let barrier = std::sync::Barrier::new(8);
    let hands = || {
        let connect =
            Connect::test(Dialect::V4).scopes(&["read"]).device(&Device::new()).auth("bootstrapToken", code);
        let mut socket = gateway.dial_remote().open();
        barrier.wait();
        matches!(socket.connect(&connect), openclaw_tests::Answer::Hello(_))
    };
    let won = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(hands)).collect();
        all.into_iter().filter(|_| true).map(|one| one.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}

#[test]
fn a_thousand_guesses_at_once_get_ten_answers() {
    let world = World::new().with(|config| {
        config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]);
        config["gateway"]["auth"] = json!({"mode": "password", "password": "correct horse battery staple"});
    });
    let gateway = world.start();
    let answers = std::sync::Mutex::new(std::collections::BTreeMap::<String, u32>::new());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (gateway, answers) = (&gateway, &answers);
            scope.spawn(move || {
                for number in 0..125 {
                    let connect = Connect::test(Dialect::V4)
                        .auth("password", &format!("guess {thread} {number}"))
                        .device(&Device::new());
                    let dial = gateway.dial().header("X-Forwarded-For", "203.0.113.9");
                    let (error, _) = dial.open().connect(&connect).refused();
                    let code = error["details"]["code"].as_str().unwrap_or("none").to_owned();
                    *answers.lock().unwrap().entry(code).or_default() += 1;
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap();
    assert_eq!(answers.get("AUTH_PASSWORD_MISMATCH"), Some(&10), "{answers:?}");
    assert_eq!(answers.get("AUTH_RATE_LIMITED"), Some(&990), "{answers:?}");
    let _ = within::<()>(Duration::ZERO, || None);
    let _: Option<IpAddr> = None;
}
