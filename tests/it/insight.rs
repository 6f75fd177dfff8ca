//! What the owner's pages are told: who is connected, how busy the door is, what is wrong, and the configuration's life.

use std::collections::BTreeMap;
use std::fs;

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Socket, World};
use serde_json::{Value, json};

#[test]
fn the_owner_sees_who_is_connected_and_may_send_somebody_away() {
    let world = World::new();
    let gateway = world.start();
    let mut owner = gateway.operator(Dialect::V4);
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&device);
    let token = gateway.pair_remote(&connect);
    while owner.event("gateway.connections")["payload"]["total"] != json!(1) {}
    let returning = Connect::test(Dialect::V4).auth("deviceToken", &token).device(&device);
    let mut guest = gateway.dial_remote().open();
    let hello = guest.connect(&returning).hello();
    while owner.event("gateway.connections")["payload"]["total"] != json!(2) {}

    let told = owner.call("gateway.connections", json!({})).unwrap();
    let rows = told["connections"].as_array().unwrap();
    assert_eq!((rows.len(), &told["total"]), (2, &json!(2)), "{told}");
    let [newest, own] = &rows[..] else { unreachable!() };
    assert_eq!((&newest["connId"], &newest["deviceId"]), (&hello["server"]["connId"], &json!(device.id())));
    assert_eq!((&newest["auth"], &newest["local"]), (&json!("device-token"), &json!(false)));
    assert_eq!((&newest["path"], &newest["address"]), (&json!("direct"), &json!("127.0.0.1")));
    assert!(newest.get("lastRequestAtMs").is_none(), "it has asked for nothing: {newest}");
    assert_eq!((&own["self"], &own["client"]["id"]), (&json!(true), &json!("cli")));
    assert!(own["lastRequestAtMs"].as_u64() >= own["connectedAtMs"].as_u64());
    assert!(!told.to_string().contains(&token));

    let params = json!({"connId": newest["connId"]});
    let error = guest.call("gateway.connections.close", params.clone()).unwrap_err();
    assert_eq!(error["message"], json!("missing scope: operator.admin"));
    owner.call("gateway.connections.close", params).unwrap();
    let close = guest.closed();
    assert_eq!(
        (close.code, close.reason.as_str()),
        (4001, "client invalidated: connection closed by an admin")
    );
    gateway.dial_remote().open().connect(&returning).hello();
}

#[test]
fn refusals_are_told_as_they_happen_and_counted_over_a_restart() {
    let world = World::new();
    let gateway = world.start();
    let mut owner = gateway.operator(Dialect::V4);
    let newcomer = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().open().connect(&newcomer).refused();
    let event = owner.event("gateway.refused");
    let entry = &event["payload"]["entries"][0];
    assert_eq!((&entry["cause"], &entry["count"]), (&json!("C-01"), &json!(1)), "{event}");
    assert!(entry.get("trace").is_none() && event["payload"]["more"] == json!(false));
    gateway.dial_remote().open().connect(&newcomer).refused();
    let again = owner.event("gateway.refused")["payload"]["entries"][0].clone();
    assert_eq!((&again["count"], &again["firstConnId"]), (&json!(2), &entry["firstConnId"]));

    let sum = |column: &Value| column.as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
    let history = owner.call("gateway.history", json!({})).unwrap();
    for series in history["series"].as_array().unwrap() {
        assert_eq!((sum(&series["refused"]), sum(&series["causes"]["C-01"])), (2, 2), "{series}");
        assert_eq!(sum(&series["admitted"]), 1, "{series}");
        assert!(sum(&series["requests"]) >= 1, "{series}");
        let now = series["connections"].as_array().unwrap().last().unwrap();
        assert_eq!(*now, json!(1), "{series}");
        let steps: Vec<usize> = ["connections", "admitted", "refused", "requests"]
            .map(|key| series[key].as_array().unwrap().len())
            .into();
        assert!(steps.iter().all(|length| *length == steps[0]), "{steps:?}");
    }
    gateway.stop();

    let gateway = world.start();
    let history = gateway.operator(Dialect::V4).call("gateway.history", json!({})).unwrap();
    let fine = &history["series"][0];
    assert_eq!((sum(&fine["refused"]), &fine["connections"][0]), (2, &Value::Null), "{fine}");
}

/// The messages of a list of findings, by check.
fn words(findings: &Value) -> BTreeMap<String, Vec<String>> {
    let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in findings.as_array().unwrap() {
        let id = finding["checkId"].as_str().unwrap().trim_start_matches("core/doctor/").to_owned();
        // How much room there is changes while the test runs.
        if id == "disk-space" {
            continue;
        }
        let fix = finding["fix"].as_str().unwrap_or_default();
        words.entry(id).or_default().push(format!("{} {fix}", finding["message"].as_str().unwrap()));
    }
    words
}

#[test]
fn the_page_and_the_command_line_say_the_same() {
    let world = World::new().with(|config| {
        config["gateway"]["trustedProxies"] = json!(["203.0.113.4"]);
        config["gateway"]["bogus"] = json!(1);
    });
    let gateway = world.start();
    let newcomer = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    gateway.dial_remote().open().connect(&newcomer).refused();
    let mut owner = gateway.operator(Dialect::V4);
    let told = owner.call("gateway.doctor", json!({})).unwrap();
    let mut typed = words(&gateway.cli(&["doctor", "--json"]).json()["checks"]);
    let left_out: Vec<&str> =
        told["leftOut"].as_array().unwrap().iter().map(|left| left["check"].as_str().unwrap()).collect();
    assert_eq!(left_out.iter().filter(|check| typed.remove(**check).is_some()).count(), left_out.len());
    assert_eq!(words(&told["findings"]), typed);
    assert!(!told.to_string().contains(TOKEN));

    let overview = owner.call("gateway.overview", json!({})).unwrap();
    let status = gateway.cli(&["status", "--json"]).json();
    let told = |list: &Value| -> Vec<Value> {
        let items = list.as_array().unwrap().iter();
        items.map(|item| json!([item["level"], item["cause"], item["message"], item["fix"]])).collect()
    };
    let items = told(&overview["attention"]);
    assert!(items.len() >= 3, "{items:?}");
    let typed = told(&status["attention"]);
    assert!(items.iter().all(|item| typed.contains(item)), "{items:?}\n{typed:?}");
}

#[test]
fn a_repair_is_made_from_the_page_and_taken_back() {
    let world = World::new();
    let gateway = world.start();
    let text = fs::read_to_string(world.config_file()).unwrap();
    let old = text.replacen("\"auth\": {", &format!("\"token\": \"{TOKEN}\",\n    \"auth\": {{"), 1);
    assert_ne!(old, text);
    world.write_config_text(&old);
    let mut owner = gateway.operator(Dialect::V4);
    let told = owner.call("gateway.doctor", json!({})).unwrap();
    let findings = told["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == json!("legacy-config-keys")).unwrap();
    assert_eq!(found["repair"]["here"], json!(true), "{found}");
    let mended = owner.call("gateway.doctor.fix", json!({"ids": [found["id"]]})).unwrap();
    assert_eq!(mended["ok"], json!(true), "{mended}");
    assert!(!mended.to_string().contains(TOKEN), "{mended}");
    assert_eq!(world.config()["gateway"].get("token"), None);
    // By the same number as on the command line.
    let change = mended["repairs"][0]["undoChange"].to_string();
    assert_eq!(mended["repairs"][0]["undo"], json!(format!("openclaw config undo {change}")));
    gateway.cli(&["config", "undo", &change]).ok();
    assert_eq!(fs::read_to_string(world.config_file()).unwrap(), old);
    until("the log", || {
        fs::read_to_string(world.log_file()).ok().filter(|log| log.contains("repaired for "))
    });
}

fn reread(socket: &mut Socket) -> Value {
    socket.call("config.get", json!({})).unwrap()
}

#[test]
fn a_page_edits_the_configuration_meets_a_conflict_and_takes_its_change_back() {
    let world = World::new();
    let gateway = world.start();
    world.write_config_text(&format!("// mine\n{}", fs::read_to_string(world.config_file()).unwrap()));
    let mut page = gateway.operator(Dialect::V4);
    let base = reread(&mut page);
    assert!(base["raw"].as_str().unwrap().starts_with("// mine"), "{base}");

    // Somebody is faster.
    gateway.cli(&["config", "set", "logging.level", "debug"]).ok();
    page.event("config.changed");
    let mine = json!({"raw": "{ui: {seamColor: '#123456'}}", "baseHash": base["hash"]});
    let refused = page.call("config.patch", mine).unwrap_err();
    assert_eq!(refused["details"]["code"], json!("CONFIG_CHANGED"), "{refused}");
    assert_eq!(refused["details"]["lastChange"]["origin"], json!("config set"), "{refused}");
    let now = reread(&mut page);
    assert_eq!(now["hash"], refused["details"]["hash"]);

    let before = fs::read(world.config_file()).unwrap();
    let mine = json!({"raw": "{ui: {seamColor: '#123456'}}", "baseHash": now["hash"], "mode": "patch"});
    let checked = page.call("config.check", mine.clone()).unwrap();
    assert_eq!((&checked["ok"], checked.get("conflict")), (&json!(true), None), "{checked}");
    assert_eq!(fs::read(world.config_file()).unwrap(), before);
    let mut mine = mine;
    mine.as_object_mut().unwrap().remove("mode");
    let saved = page.call("config.patch", mine).unwrap();
    let text = fs::read_to_string(world.config_file()).unwrap();
    assert!(text.starts_with("// mine") && text.contains("#123456") && text.contains(TOKEN), "{text}");
    let undone = page.call("config.undo", json!({"change": saved["change"]})).unwrap();
    assert_eq!(undone["undone"], saved["change"]);
    assert_eq!(fs::read(world.config_file()).unwrap(), before);
}
