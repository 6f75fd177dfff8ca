use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::Scope;
use serde_json::json;

use super::testing::{DIALECTS, House, node, operator, owner};
use crate::router::{Authority, Listed, Need};

/// auth-and-pairing §5.4: method, what protocol 3 asks for, what protocol 4 asks for. `-`: absent; `h`: callable but
/// not advertised; `none`: any connected client (§5.3); `operator`: an operator, whatever its scopes.
const REQUIRED: &[(&str, &str, &str)] = &[
    ("health", "none", "none"),
    ("status", "read", "read"),
    ("system-presence", "read", "read"),
    ("system-event", "admin", "admin"),
    ("system.info", "-", "read"),
    ("last-heartbeat", "read", "read"),
    ("gateway.identity.get", "read", "read"),
    ("device.pair.list", "pairing", "pairing"),
    ("device.pair.approve", "pairing", "pairing"),
    ("device.pair.reject", "pairing", "pairing"),
    ("device.pair.remove", "pairing", "pairing"),
    ("device.pair.rename", "-", "pairing"),
    ("device.pair.setupCode", "-", "admin h"),
    ("device.pair.setupStatus", "-", "admin h"),
    ("device.scopes.requestUpgrade", "-", "read"),
    ("device.scopes.waitUpgrade", "-", "read"),
    ("device.token.rotate", "pairing", "pairing"),
    ("device.token.revoke", "pairing", "pairing"),
    ("node.list", "read", "read"),
    ("node.describe", "read", "read"),
    ("node.rename", "pairing", "pairing"),
    ("node.pair.list", "pairing", "pairing"),
    ("node.pair.approve", "pairing", "pairing"),
    ("node.pair.reject", "pairing", "pairing"),
    ("node.pair.remove", "-", "pairing"),
    ("node.pair.request", "pairing", "-"),
    ("node.pair.verify", "pairing", "-"),
    ("config.get", "read", "read"),
    ("config.set", "admin", "admin"),
    ("config.patch", "admin", "admin"),
    ("config.apply", "admin", "admin"),
    ("config.schema", "admin", "read"),
    ("config.schema.lookup", "read", "read"),
    ("logs.tail", "read", "read"),
    ("connect", "admin h", "admin h"),
    ("gateway.restart.request", "-", "admin h"),
    ("channels.status", "read", "read"),
    ("cron.list", "read", "read"),
    // Ours: nobody else has them, nothing advertises them.
    ("device.pair.resolve", "admin h", "admin h"),
    ("device.pair.export", "admin h", "admin h"),
    ("device.pair.narrow", "admin h", "admin h"),
    ("device.pair.undo", "admin h", "admin h"),
    ("device.pair.clear", "admin h", "admin h"),
    ("device.pair.complete", "admin h", "admin h"),
    ("device.pair.addresses", "admin h", "admin h"),
    ("device.pair.leave", "operator h", "operator h"),
    ("device.joinCode.create", "admin h", "admin h"),
    ("gateway.journal", "pairing h", "pairing h"),
    ("gateway.why", "pairing h", "pairing h"),
    ("gateway.explain", "pairing h", "pairing h"),
    ("gateway.connections", "pairing h", "pairing h"),
    ("gateway.connections.close", "admin h", "admin h"),
    ("gateway.history", "read h", "read h"),
    ("gateway.overview", "read h", "read h"),
    ("config.check", "admin h", "admin h"),
    ("config.history", "admin h", "admin h"),
    ("config.undo", "admin h", "admin h"),
    ("gateway.doctor", "admin h", "admin h"),
    ("gateway.doctor.fix", "admin h", "admin h"),
];

/// Methods that count against the control-plane budget (§3.5, marked † in §5.4).
const BUDGETED: [&str; 3] = ["config.patch", "config.apply", "config.undo"];

/// Methods that do not hold up the other calls of their connection.
const LONG: [&str; 3] = ["device.scopes.waitUpgrade", "gateway.doctor", "gateway.doctor.fix"];

const SCOPES: [&str; 10] = [
    "admin",
    "read",
    "write",
    "approvals",
    "pairing",
    "sessions.read",
    "sessions.write",
    "questions",
    "talk",
    "talk.secrets",
];

/// The stricter of the two generations, for everybody (ruling 1).
fn required(v3: &str, v4: &str) -> Option<String> {
    let scope = |column: &str| column.split(' ').next().unwrap().to_owned();
    let (v3, v4) = (scope(v3), scope(v4));
    let stricter = match (v3.as_str(), v4.as_str()) {
        ("-", _) => v4,
        (_, "-") => v3,
        ("admin", _) => v3,
        _ => v4,
    };
    (!["none", "operator"].contains(&stricter.as_str())).then_some(stricter)
}

/// §5.2, written down once more, independently of the code.
fn suffices(held: &str, needed: &str) -> bool {
    held == needed
        || held == "admin"
        || match needed {
            "read" | "talk" | "sessions.write" => held == "write",
            "sessions.read" => ["write", "read", "sessions.write"].contains(&held),
            _ => false,
        }
}

#[test]
fn every_method_asks_every_scope_and_role_for_what_the_table_says() {
    let router = super::router();
    for method in router.methods() {
        let row = REQUIRED.iter().find(|(name, ..)| *name == method.name);
        let (name, v3, v4) = row.unwrap_or_else(|| panic!("{} is in no table", method.name));
        let needed = required(v3, v4);
        for dialect in DIALECTS {
            let allowed = |caller: &Authority| router.authorise(name, caller, |_| None).is_ok();
            assert_eq!(allowed(&operator(dialect, &[])), needed.is_none(), "{name} without scopes");
            assert!(allowed(&operator(dialect, &["admin"])) && allowed(&owner(dialect)), "{name}");
            for held in SCOPES {
                let suffices = needed.as_deref().is_none_or(|needed| suffices(held, needed));
                assert_eq!(
                    allowed(&operator(dialect, &[held])),
                    suffices,
                    "{name} needs {needed:?}, has {held}"
                );
                let refused = router.authorise(name, &operator(dialect, &[held]), |_| None).err();
                if let (Some(refused), Some(needed)) = (refused, &needed) {
                    assert_eq!(refused.error.message, format!("missing scope: operator.{needed}"));
                    assert!(!refused.wrong_role);
                }
            }
            // A node may do nothing that is an operator's, whatever scopes it claims to have.
            let mut claims = node(dialect, &super::testing::ask(1, Role::Node, &[]).device_id);
            claims.scopes = super::testing::scopes(&SCOPES);
            match router.authorise(name, &claims, |_| None) {
                Ok(_) => assert_eq!((*v3, *v4), ("none", "none"), "{name} for a node"),
                Err(refused) => {
                    assert!(refused.wrong_role);
                    assert_eq!(refused.error.message, "unauthorized role: node");
                }
            }
        }
    }
    for (name, ..) in REQUIRED {
        assert!(router.get(name).is_some(), "{name} is in the table and not in the registry");
    }
}

#[test]
fn what_nobody_declared_is_denied() {
    let router = super::router();
    for dialect in DIALECTS {
        for name in ["no.such.method", "config.somethingNew", "", "Health", "health ", "device.pair.*"] {
            for held in SCOPES.iter().filter(|held| **held != "admin") {
                let refused = router.authorise(name, &operator(dialect, &[held]), |_| None).err().unwrap();
                assert_eq!(refused.error.message, "missing scope: operator.admin", "{name} with {held}");
            }
            let refused = router.authorise(name, &operator(dialect, &["admin"]), |_| None).err().unwrap();
            assert!(refused.error.message.starts_with("unknown method: "), "{name}");
            let device = super::testing::ask(1, Role::Node, &[]).device_id;
            let refused = router.authorise(name, &node(dialect, &device), |_| None).err().unwrap();
            assert!(refused.wrong_role);
        }
    }
    // No other declaration is for operators at large or for nodes: such a method would need a row of its own here.
    let without_scope = ["health", "device.pair.leave"];
    for method in router.methods() {
        let fine = matches!(method.need, Need::Scope(_)) || without_scope.contains(&method.name);
        assert!(fine, "{}", method.name);
    }
}

#[test]
fn each_generation_is_told_of_its_own_methods() {
    let router = super::router();
    for (name, v3, v4) in REQUIRED {
        let method = router.get(name).unwrap();
        let told = |column: &str| column != "-" && !column.ends_with('h');
        let want = match (told(v3), told(v4)) {
            (true, true) => Listed::Both,
            (true, false) => Listed::V3,
            (false, true) => Listed::V4,
            (false, false) => Listed::Hidden,
        };
        assert_eq!(method.listed, want, "{name}");
        assert_eq!(router.listed(Dialect::V3).contains(name), told(v3), "{name}");
        assert_eq!(router.listed(Dialect::V4).contains(name), told(v4), "{name}");
        assert_eq!(method.control_write, BUDGETED.contains(name), "{name}");
        assert_eq!(method.long, LONG.contains(name), "{name}");
        assert!(!method.summary.is_empty() && !method.summary.ends_with('.'), "{name}");
    }
}

#[tokio::test]
async fn a_parameter_nobody_knows_is_named_and_nothing_happens() {
    let house = House::new();
    for dialect in DIALECTS {
        for (name, ..) in REQUIRED {
            let answer = house.call(&owner(dialect), name, json!({"noSuchParameter": 1})).await;
            match *name {
                "health" => assert!(answer.is_ok()),
                "connect" => {
                    assert_eq!(answer.unwrap_err().message, "connect is only valid as the first request")
                }
                // Clients send reasons along that change nothing; this one has no process to restart.
                "gateway.restart.request" => {
                    assert_eq!(answer.unwrap_err().message, "the gateway is not running");
                }
                _ => {
                    let message = answer.unwrap_err().message;
                    assert!(message.starts_with(&format!("invalid {name} params: ")), "{message}");
                }
            }
        }
    }
}

#[tokio::test]
async fn missing_scopes_read_as_each_generation_says_it() {
    let house = House::new();
    for (dialect, code) in [(Dialect::V3, "INVALID_REQUEST"), (Dialect::V4, "FORBIDDEN")] {
        let mut caller = operator(dialect, &["read"]);
        caller.scopes_cleared = true;
        let error = house.call(&caller, "device.pair.list", json!({})).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, "missing scope: operator.pairing"));
        if dialect == Dialect::V4 {
            let details = error.details.unwrap();
            assert_eq!(details["missingScope"], json!(Scope::PAIRING));
            assert_eq!(details["requiredScopes"], json!([Scope::PAIRING]));
        }
    }
}

#[tokio::test]
async fn methods_of_the_owner_do_not_exist_for_admins() {
    let house = House::new();
    for dialect in DIALECTS {
        for (method, params) in [
            ("device.pair.resolve", json!({"words": "abcd"})),
            ("device.pair.export", json!({})),
            ("device.pair.clear", json!({"devices": true})),
        ] {
            let error = house.call(&operator(dialect, &["admin"]), method, params.clone()).await.unwrap_err();
            assert_eq!(error.message, format!("unknown method: {method}"));
            assert!(house.call(&owner(dialect), method, params).await.is_ok(), "{method}");
        }
        let params = json!({"deviceId": "x", "role": "operator", "show": true});
        let rotate = house.call(&operator(dialect, &["admin"]), "device.token.rotate", params).await;
        assert_eq!(
            rotate.unwrap_err().message,
            "invalid device.token.rotate params: at root: unexpected property 'show'"
        );
    }
}

#[tokio::test]
async fn reading_methods_answer_in_the_known_shape() {
    let house = House::new();
    for dialect in DIALECTS {
        let caller = operator(dialect, &["admin"]);
        let status = house.call(&caller, "status", json!({})).await.unwrap();
        for key in ["runtimeVersion", "heartbeat", "channelSummary", "queuedSystemEvents", "sessions"] {
            assert!(status.get(key).is_some(), "{key}");
        }
        for key in ["tasks", "taskAudit", "hostDesktop", "degradedSecretOwners", "degradedPlugins", "pid"] {
            assert_eq!(status.get(key).is_some(), dialect == Dialect::V4, "{key}");
        }
        assert_eq!(status["configuration"]["inForce"], json!(true));
        let presence = house.call(&caller, "system-presence", json!({})).await.unwrap();
        assert_eq!(presence[0]["mode"], json!("gateway"));
        assert_eq!(house.call(&caller, "last-heartbeat", json!({})).await.unwrap(), json!(null));
        let channels =
            house.call(&caller, "channels.status", json!({"probe": false, "timeoutMs": 8000})).await.unwrap();
        assert_eq!(channels["channels"], json!({}));
        let jobs = house.call(&caller, "cron.list", json!({"includeDisabled": false})).await.unwrap();
        assert_eq!(jobs["jobs"], json!([]));
        let nodes = house.call(&caller, "node.list", json!({})).await.unwrap();
        assert_eq!(super::testing::keys(&nodes), ["ts", "nodes"]);
        let identity = house.call(&caller, "gateway.identity.get", json!({})).await.unwrap();
        assert_eq!(super::testing::keys(&identity), ["deviceId", "publicKey"]);
        let info = house.call(&caller, "system.info", json!({})).await.unwrap();
        for key in [
            "machineName",
            "hostname",
            "platform",
            "release",
            "arch",
            "osLabel",
            "nodeVersion",
            "pid",
            "uptimeMs",
            "cpuCount",
            "memoryTotalBytes",
            "memoryFreeBytes",
        ] {
            assert!(info.get(key).is_some(), "{key}");
        }
        let tail = house.call(&caller, "logs.tail", json!({"limit": 5.0})).await.unwrap();
        for key in ["file", "cursor", "size", "lines", "truncated", "reset"] {
            assert!(tail.get(key).is_some(), "{key}");
        }
        let journal = house.call(&caller, "gateway.journal", json!({})).await.unwrap();
        assert_eq!(journal["entries"], json!([]));
    }
}

#[tokio::test]
async fn a_reader_learns_no_paths_and_no_devices() {
    let house = House::new();
    house.file(super::testing::ask(7, Role::Operator, &["read"])).await;
    let state = house.dir.path().to_str().unwrap().to_owned();
    for dialect in DIALECTS {
        for method in ["status", "system.info", "health", "system-presence"] {
            let answer =
                house.call(&operator(dialect, &["read"]), method, json!({})).await.unwrap().to_string();
            assert!(!answer.contains(&state), "{method}: {answer}");
            assert!(!answer.contains("\"devices\""), "{method}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_reported_machine_is_listed_and_cannot_pose_as_a_connection() {
    let house = House::new();
    let caller = operator(Dialect::V3, &["admin"]);
    let report = json!({"text": "Node: box\u{202e} · mode ui", "host": "box", "instanceId": "i-1", "lastInputSeconds": 3});
    assert_eq!(house.call(&caller, "system-event", report).await.unwrap(), json!({"ok": true}));
    let list = house.call(&caller, "system-presence", json!({})).await.unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(list[1]["host"], json!("box"));
    assert_eq!(list[1]["lastInputSeconds"], json!(3));
    assert!(!list[1]["text"].as_str().unwrap().contains('\u{202e}'));
    let error = house.call(&caller, "system-event", json!({"text": "  "})).await.unwrap_err();
    assert_eq!(error.message, "text required");
}
