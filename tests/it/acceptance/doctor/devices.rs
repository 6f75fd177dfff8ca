//! This machine's own command line as a device, and edits of `devices/paired.json` by hand.

use std::path::PathBuf;

use openclaw_tests::acceptance::Row;
use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Device, Gateway, World};
use serde_json::{Map, Value, json};

const FULL: [&str; 5] =
    ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"];

fn view(world: &World) -> PathBuf {
    world.state().join("devices/paired.json")
}

fn records(world: &World) -> Map<String, Value> {
    let text = std::fs::read_to_string(view(world)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn scopes(world: &World, id: &str) -> Vec<String> {
    let record = records(world).remove(id).unwrap_or_default();
    let list = record["scopes"].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()
}

fn is_full(scopes: &[String]) -> bool {
    FULL.iter().all(|scope| scopes.iter().any(|has| has == scope))
}

/// A home as a version of early 2026 leaves it: this machine's command line is paired with `operator.read` and nothing
/// else, and so is another device. The ids of both.
fn narrow(world: &World) -> (String, String) {
    let gateway = world.start();
    let url = gateway.url();
    gateway.cli(&["gateway", "call", "health", "--url", &url, "--token", TOKEN]).ok();
    let identity = world.state().join("identity");
    let text = std::fs::read_to_string(identity.join("device.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let own = document["deviceId"].as_str().unwrap().to_owned();
    let mut record = until("the command line in the view", || records(world).remove(&own));
    gateway.stop();
    for folder in ["state", "devices"] {
        std::fs::remove_dir_all(world.state().join(folder)).unwrap();
    }
    let _ = std::fs::remove_file(identity.join("device-auth.json"));
    let other = Device::new();
    let read = json!(["operator.read"]);
    let fields = record.as_object_mut().unwrap();
    fields.retain(|name, _| !["revision", "label"].contains(&name.as_str()));
    fields.insert("scopes".to_owned(), read.clone());
    fields.insert("approvedScopes".to_owned(), read.clone());
    fields.insert(
        "tokens".to_owned(),
        json!({"operator": {
            "token": "aClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI", "role": "operator", "scopes": read, "createdAtMs": 1,
        }}),
    );
    let mut foreign = record.clone();
    foreign["deviceId"] = json!(other.id());
    foreign["publicKey"] = json!(other.public_key());
    foreign["tokens"]["operator"]["token"] = json!("bClygqysAbFR90aKLuWe1370nnA4jS5j5etsBq7bfpI");
    let folder = world.state().join("devices");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let table = json!({ own.clone(): record, other.id(): foreign });
    std::fs::write(view(world), format!("{table:#}")).unwrap();
    std::fs::set_permissions(view(world), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    (own, other.id())
}

/// Waits until the gateway has taken the records over.
fn taken_over(gateway: &Gateway<'_>, own: &str) {
    until("the records of early 2026", || {
        let list = gateway.cli(&["devices", "list", "--json"]).json();
        list["paired"].as_array()?.iter().find(|one| one["deviceId"] == json!(own)).map(|_| ())
    });
    until("the view", || records(gateway.world).get(own)?.get("revision").cloned());
}

#[test]
fn g5_1_the_command_lines_missing_scopes_are_seen_and_completed() {
    let row = Row::of("G5-1");
    let world = World::new();
    let (own, other) = narrow(&world);
    let gateway = world.start();
    taken_over(&gateway, &own);
    let said = gateway.cli(&["doctor", "--only", "local-cli-scopes"]).ok();
    row.says(&said);
    let fixed = world.run_fix(&said);
    row.mends(&fixed);
    until("all scopes", || is_full(&scopes(&world, &own)).then_some(()));
    assert_eq!(scopes(&world, &other), ["operator.read"], "nobody else's were touched");
    let url = gateway.url();
    gateway.cli(&["gateway", "call", "config.get", "--url", &url, "--token", TOKEN]).ok();
    // And back again.
    gateway.cli(&["devices", "undo", &own]).ok();
    until("the scopes of before", || (scopes(&world, &own) == ["operator.read"]).then_some(()));
}

#[test]
fn g5_7_the_fix_sees_them_while_the_gateway_is_stopped_too() {
    let row = Row::of("G5-7");
    let world = World::new();
    let (own, _) = narrow(&world);
    let gateway = world.start();
    taken_over(&gateway, &own);
    gateway.stop();
    let said = world.cli(&["doctor"]);
    row.says(&said);
    let fixed = world.cli(&["doctor", "--fix"]);
    row.mends(&fixed);
    let gateway = world.start();
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let one = list["paired"].as_array().unwrap().iter().find(|one| one["deviceId"] == json!(own)).unwrap();
    assert!(FULL.iter().all(|scope| one["scopes"].as_array().unwrap().contains(&json!(scope))), "{one}");
}

/// The line that guides give, in the three shapes in which it goes around: all devices, those with read only, and the
/// tokens' scopes as well.
fn one_liners() -> [String; 3] {
    let list = FULL.map(|scope| format!("'{scope}'")).join(", ");
    [
        format!(
            "python3 -c \"import json,os; p=os.path.expanduser('~/.openclaw/devices/paired.json'); d=json.load(open(p)); [v.update(scopes=[{list}]) for v in d.values()]; json.dump(d, open(p,'w'), indent=2)\""
        ),
        format!(
            "python3 -c \"\nimport json, os\npath = os.path.expanduser('~/.openclaw/devices/paired.json')\nwith open(path) as f: data = json.load(f)\nfor device in data.values():\n    if 'operator.admin' not in device.get('scopes', []):\n        device['scopes'] = [{list}]\nwith open(path, 'w') as f: json.dump(data, f, indent=2)\n\""
        ),
        format!(
            "python3 -c \"\nimport json\nfrom pathlib import Path\np = Path.home() / '.openclaw/devices/paired.json'\nd = json.loads(p.read_text())\nfor v in d.values():\n    v['scopes'] = v['approvedScopes'] = [{list}]\n    for t in v.get('tokens', {{}}).values(): t['scopes'] = [{list}]\np.write_text(json.dumps(d, indent=2))\n\""
        ),
    ]
}

fn has_python() -> bool {
    std::process::Command::new("python3").arg("-V").output().is_ok_and(|ran| ran.status.success())
}

#[test]
fn a_32_the_file_is_where_guides_look_and_their_line_works() {
    let row = Row::of("A-32");
    if !has_python() {
        return openclaw_tests::skipped("python3 is not on this machine");
    }
    for (number, line) in one_liners().into_iter().enumerate() {
        let world = World::new();
        let (own, _) = narrow(&world);
        let gateway = world.start();
        taken_over(&gateway, &own);
        let shown = world.sh("cat ~/.openclaw/devices/paired.json").ok();
        let records: Map<String, Value> = serde_json::from_str(&shown.out).unwrap();
        assert_eq!(records[&own]["scopes"], json!(["operator.read"]));
        row.says(&shown);
        let running = number == 0;
        let gateway = if running {
            Some(gateway)
        } else {
            gateway.stop();
            None
        };
        world.sh(&line).ok();
        // Under a running gateway it counts at once; otherwise at the next start.
        let gateway = gateway.unwrap_or_else(|| world.start());
        // Not from the file, where the line has just written it.
        until("the edit by hand", || {
            let list = gateway.cli(&["devices", "list", "--json"]).json();
            let one = list["paired"].as_array()?.iter().find(|one| one["deviceId"] == json!(own))?.clone();
            FULL.iter()
                .all(|scope| one["scopes"].as_array().is_some_and(|has| has.contains(&json!(scope))))
                .then_some(())
        });
        row.mends(&gateway.cli(&["doctor", "--only", "device-store"]).ok());
        let url = gateway.url();
        gateway.cli(&["gateway", "call", "config.get", "--url", &url, "--token", TOKEN]).ok();
    }
}
