//! Rows about how a refusal reads: the block of the command line, its JSON, and refusals over the identity.

use std::sync::Arc;

use openclaw_tests::acceptance::{Row, fix_of};
use openclaw_tests::network::{Namespace, two_hosts};
use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Connect, Device, Dialect, World, skipped};
use serde_json::{Value, json};

const NO_NAMESPACES: &str = "network namespaces cannot be made here (they need root and iproute2)";

/// A gateway in a profile on one host, and the home of a user of another.
fn two_homes() -> Option<(World, World, Arc<Namespace>)> {
    let Some((here, there)) = two_hosts() else {
        skipped(NO_NAMESPACES);
        return None;
    };
    let gateway =
        World::inside(&here).with(|config| config["gateway"]["bind"] = json!("lan")).profile("work");
    let user = World::inside(&there).profile("mine").variable("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS", "1");
    Some((gateway, user, here))
}

/// `openclaw health` of the user at the gateway of the other host.
fn health(user: &World, host: &Namespace, port: u16, more: &[&str]) -> Said {
    let url = format!("ws://{}:{port}", host.address);
    user.cli(&[&["health", "--url", &url, "--token", TOKEN], more].concat())
}

#[test]
fn a_04_what_happened_who_where_and_a_command_that_works_from_here() {
    let Some((world, user, here)) = two_homes() else { return };
    let _gateway = world.start();
    let said = health(&user, &here, world.port, &[]).failed(1);
    let row = Row::of("A-04");
    row.says(&said).mends(&fix_of(&said));
    // In this order, and without a secret.
    let order =
        ["pairing required", "This device is not approved yet", "Device: ", "Gateway target: ", "Fix: "];
    let at: Vec<usize> =
        order.map(|part| said.err.find(part).unwrap_or_else(|| panic!("{part}: {said:?}"))).into();
    assert!(at.is_sorted(), "{said:?}");
    assert!(said.err.contains("seen as 10.77.0.2, asks for operator (admin, read, write"), "{said:?}");
    assert!(!said.all().contains(TOKEN), "{said:?}");
    // The command is for the gateway's host and has the gateway's profile, not the reader's; it works there.
    assert!(fix_of(&said).starts_with("openclaw --profile work devices approve "), "{said:?}");
    assert!(said.err.trim_end().ends_with("# run on the gateway host"), "{said:?}");
    world.sh(&(fix_of(&said) + " --no-wait")).ok();
    health(&user, &here, world.port, &[]).ok();
    // What is to be done here has this reader's profile.
    let nobody = user.cli(&["health", "--url", "wss://127.0.0.1:1", "--token", TOKEN]).failed(1);
    assert!(nobody.err.contains("Fix: "), "{nobody:?}");
}

#[test]
fn a_08_the_same_facts_as_fields() {
    let Some((world, user, here)) = two_homes() else { return };
    let gateway = world.start();
    let said = health(&user, &here, world.port, &["--json"]).failed(1);
    let document = said.json();
    let row = Row::of("A-08");
    row.says(&keys(&document)).mends(&fix_of(&said));
    let target = format!("ws://{}:{}", here.address, world.port);
    assert_eq!(
        (&document["cause"], &document["target"], &document["source"]),
        (&json!("C-01"), &json!(target), &json!("cli --url")),
        "{document:#}"
    );
    let request = document["requestId"].as_str().unwrap();
    assert!(document["fix"].as_str().unwrap().ends_with(request), "{document:#}");
    // The same in the five places where a refusal shows.
    let line = gateway.line_with("cause=C-01");
    assert!(line.contains(document["fix"].as_str().unwrap()), "{line}");
    gateway.approve(request);
    assert_eq!(health(&user, &here, world.port, &["--json"]).ok().code, 0);
    // A command that fails for another reason has the same fields.
    let said = world.cli(&["devices", "approve", "no-such-request", "--json"]).failed(1);
    row.says(&keys(&said.json()));
}

/// The names of a document's fields, as a person lists them.
fn keys(document: &Value) -> String {
    document.as_object().unwrap().keys().map(|name| format!("\"{name}\": ")).collect()
}

#[test]
fn g2_1_the_words_that_people_search_for() {
    let Some((world, user, here)) = two_homes() else { return };
    let gateway = world.start();
    let said = health(&user, &here, world.port, &[]).failed(1);
    Row::of("G2-1").says(&said).mends(&fix_of(&said));
    assert!(said.err.starts_with("gateway connect failed: pairing required"), "{said:?}");
    assert!(said.err.contains("\ngateway closed (1008): pairing required"), "{said:?}");
    let (_, close) = gateway.dial_remote().open().connect(&newcomer(Dialect::V3)).refused();
    assert_eq!((close.code, close.reason.as_str()), (1008, "pairing required"));
    world.sh(&(fix_of(&said) + " --no-wait")).ok();
    health(&user, &here, world.port, &[]).ok();
}

fn newcomer(dialect: Dialect) -> Connect {
    Connect::test(dialect).token(TOKEN).device(&Device::new())
}

/// A gateway whose page is served under a public name over plain HTTP.
fn public_page() -> (&'static str, World) {
    let origin = "http://gateway.example.com";
    let allow =
        move |config: &mut Value| config["gateway"]["controlUi"] = json!({"allowedOrigins": [origin]});
    (origin, World::new().with(allow))
}

#[test]
fn c_05_no_signed_identity() {
    let (page_at, world) = public_page();
    let gateway = world.start();
    let row = Row::of("C-05");
    for dialect in [Dialect::V3, Dialect::V4] {
        let page = Connect::control_ui(dialect).token(TOKEN);
        let (error, close) = gateway.dial_remote().web_origin(page_at).open().connect(&page).refused();
        row.says(&(&error, &close)).mends(&error);
        // What the line brings about: the same page on localhost, where it signs.
        let device = Device::new();
        let signing = Connect::control_ui(dialect).token(TOKEN).device(&device);
        let local = format!("http://{}", gateway.address());
        gateway.dial().web_origin(&local).open().connect(&signing).hello();
        let other = Connect::test(dialect).scopes(&["operator.read"]).edit(|params| {
            params["role"] = json!("node");
        });
        let (error, close) = gateway.dial_remote().open().connect(&other.token(TOKEN)).refused();
        assert_eq!(close.reason, "device identity required", "{error}");
        assert_eq!(fix_of(&error), "openclaw doctor");
    }
}

#[test]
fn g3_1_device_identity_required_over_plain_http() {
    let (page_at, world) = public_page();
    let gateway = world.start();
    let page = Connect::control_ui(Dialect::V4).token(TOKEN);
    let (error, _) = gateway.dial_remote().web_origin(page_at).open().connect(&page).refused();
    Row::of("G3-1").says(&error).mends(&error);
}

#[test]
fn c_06_the_identity_does_not_prove_itself() {
    let world = World::new();
    let gateway = world.start();
    let row = Row::of("C-06");
    let device = Device::new();
    let connect = || Connect::cli(Dialect::V4).token(TOKEN).device(&device);
    let (skewed, close) = gateway.dial().open().connect(&connect().clock_skew_ms(-300_000)).refused();
    row.says(&(&skewed, &close)).mends(&skewed);
    assert_eq!(fix_of(&skewed), "sudo timedatectl set-ntp true");
    let (fast, _) = gateway.dial().open().connect(&connect().clock_skew_ms(300_000)).refused();
    assert!(
        fast["details"]["help"]["sentence"].as_str().unwrap().contains("ahead of the gateway's"),
        "{fast}"
    );
    for (field, value, words) in [
        ("nonce", "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42", "The identity was signed for another connection"),
        ("signature", "bm9pc2U", "The signature does not fit"),
        ("publicKey", "!!!", "does not belong to its key"),
    ] {
        let spoilt = connect().edit(move |params| params["device"][field] = json!(value));
        let (error, _) = gateway.dial().open().connect(&spoilt).refused();
        let sentence = error["details"]["help"]["sentence"].as_str().unwrap();
        assert!(sentence.contains(words), "{field}: {sentence}");
        assert_eq!(error["details"]["help"]["cause"], json!("C-06"), "{error}");
    }
    // With the clock set, the same device comes in.
    gateway.dial().open().connect(&connect()).hello();
}

#[test]
fn c_16_no_common_protocol() {
    let world = World::new();
    let gateway = world.start();
    let row = Row::of("C-16");
    let speaking = |min: u32, max: u32| {
        Connect::cli(Dialect::V4).token(TOKEN).device(&Device::new()).edit(move |params| {
            (params["minProtocol"], params["maxProtocol"]) = (json!(min), json!(max));
        })
    };
    let (old, close) = gateway.dial().open().connect(&speaking(1, 2)).refused();
    row.says(&(&old, &close)).mends(&old);
    let (new, _) = gateway.dial().open().connect(&speaking(5, 6)).refused();
    let sentence = new["details"]["help"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("the gateway is too old. Update the gateway."), "{sentence}");
    assert!(world.run_fix(&new).ok().out.starts_with("OpenClaw "), "{new}");
    // A client that speaks either is let in.
    gateway.dial().open().connect(&speaking(2, 3)).hello();
}
