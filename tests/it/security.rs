//! Attacks that gateways of this kind have met, and the tests that show what becomes of them here. The ids are those of
//! the security checklist; an advisory or CVE stands there. Tests without a crate's name are in this folder.
//!
//! | Id | Attack | Shown by |
//! |---|---|---|
//! | S1 | A link makes the page connect elsewhere with the token | the page's policy keeps it from connecting anywhere but where its address says: `ui_http::a_page_may_connect_where_its_address_says_and_nowhere_else`; it asks first, and takes nothing along that it got here: `browser::address::s1_a_crafted_link_connects_nowhere_unasked_and_never_takes_stored_credentials_along` |
//! | S2 | A foreign page opens a WebSocket | `security::a_foreign_page_gets_nowhere_in_any_mode`, `refusals::proofs::an_origin_is_judged_before_any_secret`, admission `table::pages` |
//! | S3 | A page guesses the password on this host | `limits::passwords_are_not_guessed_through_a_browser_on_this_host`, admission `table::a_claimed_page_is_no_way_around_the_limit`, admission `table::a_page_that_guesses_does_not_lock_the_gateways_own_page_out` |
//! | S4 | A page posts to an HTTP endpoint | `security::nothing_changes_over_plain_http`: no endpoint changes anything; `ui_http::head_tells_what_get_would_and_nothing_else_is_answered` |
//! | S5 | DNS rebinding, tricks with `Host` | `security::another_name_in_host_gets_no_answer_over_http`, `ui_http::under_a_foreign_name_there_is_the_page_with_its_files_and_nothing_else`, `local::the_owner_on_the_same_host_is_local_under_local_names_only`, admission `origin::hosts_that_are_served` |
//! | S6 | The token leaks by URL, Referer or log | `browser::address::a_token_in_the_address_is_taken_out_of_it_and_kept_for_the_tab`, `browser::strangers::s6_no_other_page_can_frame_this_one`, `security::a_link_with_a_token_leads_nowhere_else`, `ui_http::the_page_has_these_headers`, `ui_http::behind_an_nginx_that_takes_a_prefix_off`, `cli::the_log_is_json_lines_without_secrets`, `journal::the_journal_tells_who_was_refused_and_why` |
//! | S7 | Data without a secret over HTTP | `ui_http::this_is_all_that_is_told_without_a_secret`, `security::nothing_that_is_served_without_a_secret_tells_of_the_gateway` |
//! | S8 | Script in names, exported sessions and links | `browser::strangers::s8_what_a_stranger_calls_itself_is_shown_letter_by_letter`; the page's policy has no inline script: `browser::first::the_page_comes_up_under_its_policy_and_asks_nobody_else`. Sessions and markdown are not rendered yet |
//! | S10 | A client declares scopes | `pairing::what_a_client_claims_is_not_what_it_gets`, admission `properties::what_is_granted_was_asked_for_and_approved`, admission `table::wrong_or_missing_secrets` |
//! | S11 | An approver gives more than he has | `pairing::nobody_approves_more_than_he_has`, pairing `grants::nobody_gives_what_he_does_not_have` |
//! | S12 | Rotation widens or revives | pairing `grants::rotation_stays_within_approval_and_caller`, pairing `grants::tokens_die_with_revocation_removal_and_rotation_and_never_come_back`, `refusals::access::a_device_token_admits_to_what_was_approved_and_no_more` |
//! | S13 | A code used twice, or for more | `security::one_code_two_hands`, `codes::a_setup_code_admits_one_device_and_one_only`, `codes::a_setup_code_grants_no_more_than_it_holds`, `security::a_claim_code_is_worn_out_by_fifty_guesses_from_anywhere` |
//! | S14 | Pretending to be local | `local::any_forwarding_header_makes_a_peer_remote`, `local::another_user_of_the_same_host_is_not_local`, `local::a_proxy_that_adds_no_header_at_all_hands_out_nothing`, admission `properties::no_header_widens`, admission `peer::local_needs_every_condition` |
//! | S15 | A forged header of the proxy | `refusals::access::in_trusted_proxy_mode`, `security::a_user_the_proxy_may_not_name_any_more_leaves_at_once`, admission `table::trusted_proxies_vouch_only_for_what_they_may` |
//! | S16 | A forged Tailscale header | it opens nothing, it counts as forwarded: `local::any_forwarding_header_makes_a_peer_remote` |
//! | S17 | Around the limit of attempts | `security::a_thousand_guesses_at_once_get_ten_answers`, `refusals::access::after_too_many_attempts`, admission `table::a_guess_counts_also_beside_something_right`, admission `limiter::a_million_addresses_do_not_cost_memory` |
//! | S18 | Timing of the comparison, weak tokens | protocol `secret::a_secret_does_not_show` (digests in constant time), `start::a_first_start_needs_no_configuration` (192 bits) |
//! | S19 | Replay, and widening by reconnecting | `security::a_captured_connect_is_worth_nothing_elsewhere`, `refusals::proofs::a_proof_is_refused_for_exactly_what_is_wrong_with_it`, gateway `desk::what_happens_between_the_decision_and_the_door_counts`; what a node declares is never active: gateway `wire::node` |
//! | S20 | Nodes without identity, forged events | admission `table::trusted_proxies_vouch_only_for_what_they_may`, `refusals::after::each_role_keeps_to_its_own_methods`; nodes send no events that count yet |
//! | S21 | A revoked device goes on | `pairing::revoking_closes_the_device_at_once`, `security::whoever_came_in_without_a_secret_leaves_when_one_is_asked_for`, `security::a_new_secret_does_not_wait_for_a_restart_that_does_not_come`, gateway `session::who_has_to_leave_is_served_no_more`, gateway `desk::a_secret_that_changes_between_the_decision_and_the_door_counts` |
//! | S22 | Mode none towards the network | `start::configurations_that_would_let_anybody_in_do_not_start`, `security::a_restart_in_place_gives_up_addresses_that_are_not_wanted_any_more`, config `start::live_changes` |
//! | S23 | Using up what comes before the door | `limits::an_address_holds_so_many_unfinished_connections_and_the_oldest_gives_way`, `limits::a_declared_length_reserves_no_memory`, `refusals::frames::before_hello_a_frame_has_at_most_64_kib`, `refusals::frames::who_does_not_connect_in_time_is_closed`, `security::who_does_not_finish_a_request_is_cut_off`, `security::one_address_cannot_fill_the_journal` |
//! | S30 | A method without a scope | `rpc::every_method_asks_for_its_scope_and_for_nothing_else`, gateway `rpc::what_nobody_declared_is_denied` |
//! | S33 | Odd spellings of paths | `ui_http::no_spelling_of_a_path_leads_to_a_file`, `security::nothing_that_is_served_without_a_secret_tells_of_the_gateway` |
//! | S39 | Files of a workspace change the gateway | config `file::only_the_dotenv_of_the_state_directory` |
//! | S41 | Secrets at rest and in output | `security::files_are_their_owners_alone`, `cli::secrets_are_not_shown_and_the_marker_is_never_stored`, `rpc::configuration_read_over_the_wire_holds_no_secret_and_comes_back_whole`, config `first_run::modes_do_not_depend_on_the_umask` |
//! | S43 | Plain `ws://` to far away | client `target::plaintext_reaches_only_what_is_near` |
//! | S45 | Fingerprints by scanners | `security::nothing_that_is_served_without_a_secret_tells_of_the_gateway` |
//!
//! The other rows are about parts that this gateway does not have yet: chat and agents (S31), HTTP APIs (S32), files of
//! sessions (S34), requests to the outside (S35), hooks (S36), canvas (S37), exec (S38), channels (S40), installing
//! itself as a service (S42), skills (S44).

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Answer, Connect, Device, Dialect, Gateway, Socket, World, http, place};
use serde_json::{Value, json};

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
    assert_eq!((answer.status, answer.header("location")), (302, Some("./#token=abc")));
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
            assert!(location.starts_with("./"), "{path} leads to {location}");
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
fn a_new_secret_does_not_wait_for_a_restart_that_does_not_come() {
    let world = World::new().with(|config| config["commands"] = json!({"restart": false}));
    let gateway = world.start();
    let connect = |token: &str| Connect::cli(Dialect::V4).token(token).device(&Device::new());
    let mut socket = gateway.dial().open();
    socket.connect(&connect(TOKEN)).hello();
    // The address would need a restart, which is switched off; the secret does not.
    world.change_config(|config| {
        config["gateway"]["bind"] = json!("lan");
        config["gateway"]["auth"]["token"] = json!("another-token-0123456789abcdef0123456789");
    });
    assert_eq!(socket.closed().code, 4001);
    gateway.dial().open().connect(&connect(TOKEN)).refused();
    gateway.dial().open().connect(&connect("another-token-0123456789abcdef0123456789")).hello();
    assert_eq!(listening(world.port), [Ipv4Addr::LOCALHOST]);
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
                for script in answer.body.split("<script").skip(1) {
                    let (attributes, content) = script.split_once('>').unwrap();
                    assert!(
                        attributes.contains(" src=") && content.starts_with("</script>"),
                        "{path}: {script}"
                    );
                }
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
    let barrier = Barrier::new(8);
    let hands = || {
        let connect =
            Connect::test(Dialect::V4).scopes(&["read"]).device(&Device::new()).auth("bootstrapToken", code);
        let mut socket = gateway.dial_remote().open();
        barrier.wait();
        matches!(socket.connect(&connect), Answer::Hello(_))
    };
    let won = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(hands)).collect();
        all.into_iter().map(|one| one.join().unwrap()).filter(|won| *won).count()
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
    let answers = Mutex::new(BTreeMap::<String, u32>::new());
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
}

#[test]
fn a_foreign_page_gets_nowhere_in_any_mode() {
    let modes = [
        json!({"mode": "none"}),
        json!({"mode": "token", "token": TOKEN}),
        json!({"mode": "password", "password": TOKEN}),
    ];
    for auth in modes {
        let world = World::new().with(|config| config["gateway"]["auth"] = auth.clone());
        let gateway = world.start();
        let own = format!("http://127.0.0.1:{}", world.port);
        let dials = [
            gateway.dial().web_origin("https://evil.example"),
            gateway.dial().web_origin("null"),
            gateway.dial().web_origin("file://"),
            gateway.dial().web_origin(&own).web_origin("https://evil.example"),
            gateway.dial().web_origin(&own).header("X-Forwarded-For", "127.0.0.1"),
            gateway.dial().host("evil.example").web_origin("http://evil.example"),
            gateway.dial().web_origin(&format!("http://127.0.0.1.evil.example:{}", world.port)),
            gateway.dial().web_origin(&format!("http://127.0.0.1:{}@evil.example", world.port)),
        ];
        for (number, dial) in dials.into_iter().enumerate() {
            for connect in
                [Connect::control_ui(Dialect::V4), Connect::cli(Dialect::V3), Connect::backend(Dialect::V4)]
            {
                let connect = connect.token(TOKEN).auth("password", TOKEN).device(&Device::new());
                let (error, _) = dial.clone().open().connect(&connect).refused();
                let code = &error["details"]["code"];
                assert_eq!(*code, json!("CONTROL_UI_ORIGIN_NOT_ALLOWED"), "{auth} {number}: {error}");
            }
        }
        let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
        assert_eq!((&list["pending"], &list["paired"]), (&json!([]), &json!([])), "{auth}");
    }
}

#[test]
fn a_captured_connect_is_worth_nothing_elsewhere() {
    let world = World::new();
    let gateway = world.start();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let mut first = gateway.dial().open();
    let captured = connect.params(first.nonce());
    first.connect_with(&captured);
    let (error, _) = gateway.dial().open().connect_with(&captured).refused();
    assert_eq!(error["details"]["code"], json!("DEVICE_AUTH_NONCE_MISMATCH"), "{error}");
}

#[test]
fn who_does_not_finish_a_request_is_cut_off() {
    let world = World::new();
    let gateway = world.start();
    let heads = ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: 1\r\n"];
    std::thread::scope(|scope| {
        for head in heads {
            let address = gateway.address();
            scope.spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
                stream.write_all(head.as_bytes()).unwrap();
                let mut answer = Vec::new();
                // The end, in whatever way; a timeout of ours means that it never came.
                let read = stream.read_to_end(&mut answer);
                let waited = read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
                assert!(!waited, "{head:?} keeps its connection");
            });
        }
    });
}

/// Everything below a folder that somebody else could read or write.
fn exposed(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        // What was being written a moment ago has another name by now.
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        if metadata.permissions().mode() & 0o077 != 0 {
            found.push(format!("{} {:o}", entry.path().display(), metadata.permissions().mode()));
        }
        if metadata.is_dir() {
            found.extend(exposed(&entry.path()));
        }
    }
    found
}

#[test]
fn files_are_their_owners_alone() {
    // As generous as a user can be.
    let world = World::fresh();
    let mut shell = Command::new("sh");
    let words = ["-c", "umask 000; exec \"$0\" gateway run"];
    let command = world.gateway_command();
    shell.args(words).arg(command.get_program()).env_clear().current_dir(world.home());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the gateway", || (world.cli(&["health"]).code == 0).then_some(()));
    world.cli(&["config", "set", "logging.level", "debug"]).ok();
    world.cli(&["devices", "list"]).ok();
    world.cli(&["devices", "join-code", "--role", "operator"]).ok();
    let found = exposed(&world.state());
    let logs = exposed(&world.home().join("tmp"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(found.is_empty(), "{found:#?}");
    assert!(logs.is_empty(), "{logs:#?}");
    assert_eq!(std::fs::metadata(world.state()).unwrap().permissions().mode() & 0o777, 0o700);
}

/// The functions that are declared in the tests and crates.
fn functions(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn the_table_names_tests_that_exist() {
    let mut sources = String::new();
    for folder in ["tests/it", "crates"] {
        functions(&place::repository().join(folder), &mut sources);
    }
    let table = include_str!("security.rs").lines().filter(|line| line.starts_with("//! | S"));
    let mut named = 0;
    for line in table {
        for name in line.split('`').skip(1).step_by(2).filter_map(|name| name.rsplit_once("::")) {
            let function = format!("fn {}(", name.1);
            assert!(sources.contains(&function), "{}::{} is not there", name.0, name.1);
            named += 1;
        }
    }
    assert!(named > 50, "{named}");
}
