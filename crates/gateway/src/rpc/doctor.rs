//! `gateway.doctor` and `gateway.doctor.fix`: what is wrong with this installation, and mending what can be mended from
//! here.
//!
//! ```json
//! // gateway.doctor {}: in the order of the checks; the words are those of `openclaw doctor`
//! {
//!   "ts": 1795159900000, "durationMs": 40,
//!   "blocking": 0, "warnings": 1,
//!   "findings": [{
//!     "id": "state-integrity:1a2b3c4d",  // for gateway.doctor.fix
//!     "check": "state-integrity",
//!     "checkId": "core/doctor/state-integrity",
//!     "status": "warning",               // skipped, ok, warning, blocking
//!     "severity": "warning",             // info, info, warning, error
//!     "what": "Files",
//!     "fact": "~/.openclaw/x can be read by others (mode 0644, should be 0600)",
//!     "message": "Files: ~/.openclaw/x can be …",
//!     "text": "! Files – ~/.openclaw/x can be … – Fix: openclaw doctor --fix",
//!     "fix": "openclaw doctor --fix",    // a command that can be run as it stands; absent: see fixHint
//!     "fixHint": "make room soon",       // the fix, or an advice that no command does
//!     "cause": "C-18", "path": "gateway.port", "line": 7,  // where it is about one
//!     "repairable": true,
//!     "repair": {"here": true, "changes": ["- mode 0644", "+ mode 0600"]}
//!     //        {"here": false, "why": "A new secret is made on the gateway's host, …"}; absent: nothing to run
//!   }],
//!   "leftOut": [{"check": "gateway-port", "why": "The gateway that answers you holds its port."}]
//! }
//! // gateway.doctor.fix {"ids": ["state-integrity:1a2b3c4d"]}
//! {
//!   "ok": true,                          // all of them were made
//!   "repairs": [
//!     {"id": "…", "ok": true, "what": "Files", "message": "Closed … to others.", "patch": ["- mode 0644", "+ mode 0600"],
//!      "undo": "chmod 0644 …", "undoChange": 12},  // undo: a command; undoChange: for config.undo; both may be absent
//!     {"id": "…", "ok": false, "what": "…", "message": "This is not found any more; look again."}
//!   ],
//!   "after": {"findings": ["…"]}         // as gateway.doctor answers now
//! }
//! ```

use std::sync::Arc;
use std::time::Instant;

use openclaw_doctor::Severity;
use openclaw_doctor::repair::Undo;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{Methods, NoParams};
use crate::core::Core;
use crate::doctor::{LEFT_OUT, Looked, Mended, look, mend};
use crate::router::{Authority, Listed, Method, Need, Reply};

static FIX: [Field; 1] = [Field::required("ids", Shape::Texts { max_items: 64, max: 128, unique: true })];

pub(super) fn methods() -> Methods {
    // One look at a time: each reads the disk and asks the supervisor.
    let turn = Arc::new(Mutex::new(()));
    let fixing = turn.clone();
    vec![
        Method::new(
            "gateway.doctor",
            Need::Scope(Scope::ADMIN),
            &[],
            "What is wrong with this installation",
            move |core, _: Authority, _: NoParams| doctor(core, turn.clone()),
        )
        .long()
        .listed(Listed::Hidden),
        Method::new(
            "gateway.doctor.fix",
            Need::Scope(Scope::ADMIN),
            &FIX,
            "Make repairs that the doctor found",
            move |core, caller, params| fix(core, caller, params, fixing.clone()),
        )
        .long()
        .listed(Listed::Hidden),
    ]
}

async fn doctor(core: Arc<Core>, turn: Arc<Mutex<()>>) -> Reply {
    let _one_at_a_time = turn.lock().await;
    Ok(examined(&core).await)
}

async fn examined(core: &Arc<Core>) -> Value {
    let begun = Instant::now();
    let looked = look(core).await;
    let count = |severity| looked.findings.iter().filter(|finding| finding.severity == severity).count();
    json!({
        "ts": core.now(),
        "durationMs": u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "blocking": count(Severity::Blocking),
        "warnings": count(Severity::Warning),
        "findings": findings(&looked),
        "leftOut": LEFT_OUT.map(|(check, why)| json!({"check": check, "why": why})),
    })
}

fn findings(looked: &Looked) -> Vec<Value> {
    let rows = looked.findings.iter().zip(&looked.ids).zip(&looked.repairs);
    rows.map(|((finding, id), repair)| {
        let mut row = finding.json();
        row["id"] = json!(id);
        row["check"] = json!(finding.check);
        row["text"] = json!(finding.to_line());
        match repair {
            Some(Ok(changes)) => row["repair"] = json!({"here": true, "changes": changes}),
            Some(Err(why)) => row["repair"] = json!({"here": false, "why": why}),
            None => {}
        }
        row
    })
    .collect()
}

#[derive(Deserialize)]
struct Params {
    ids: Vec<String>,
}

async fn fix(core: Arc<Core>, caller: Authority, params: Params, turn: Arc<Mutex<()>>) -> Reply {
    if params.ids.is_empty() {
        return Err(ErrorShape::invalid_params("gateway.doctor.fix", "at /ids: must name a repair"));
    }
    let _one_at_a_time = turn.lock().await;
    let mended = mend(&core, &params.ids, &caller.in_words()).await;
    Ok(json!({
        "ok": mended.iter().all(|each| each.outcome.is_ok()),
        "repairs": mended.iter().map(|each| made(&core, each)).collect::<Vec<_>>(),
        "after": examined(&core).await,
    }))
}

fn made(core: &Core, mended: &Mended) -> Value {
    let done = match &mended.outcome {
        Ok(done) => done,
        Err(why) => return json!({"id": mended.id, "ok": false, "what": mended.what, "message": why}),
    };
    let mut told = json!({
        "id": mended.id,
        "ok": true,
        "what": mended.what,
        "message": done.message,
        "patch": done.patch,
    });
    match &done.undo {
        Some(Undo::Own(words)) => told["undo"] = json!(core.vantage.host.openclaw(words)),
        Some(Undo::System(command)) => told["undo"] = json!(command),
        None => {}
    }
    if let Some(change) = done.outcome.as_ref().and_then(|outcome| outcome.change) {
        told["undoChange"] = json!(change);
    }
    told
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use openclaw_protocol::dialect::Dialect;

    use super::super::testing::{House, TOKEN, operator};
    use super::*;

    fn row<'a>(answer: &'a Value, check: &str) -> Vec<&'a Value> {
        let rows = answer["findings"].as_array().unwrap();
        rows.iter().filter(|row| row["check"] == json!(check)).collect()
    }

    #[tokio::test]
    async fn the_owner_sees_what_is_wrong_mends_it_and_can_take_it_back() {
        let house = House::with_config(&format!(
            "{{\n  // mine\n  gateway: {{ mode: 'local', token: '{TOKEN}' }},\n}}\n"
        ));
        let open = house.core.paths.state_dir.join("state");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        let admin = operator(Dialect::V4, &["admin"]);
        let before = house.call(&admin, "gateway.doctor", json!({})).await.unwrap();
        assert!(!before.to_string().contains(TOKEN));
        assert!(row(&before, "gateway-port").is_empty());

        let files = row(&before, "state-integrity");
        let loose = files.iter().find(|row| row["fact"].as_str().unwrap().contains("mode 0755")).unwrap();
        assert_eq!(loose["repair"], json!({"here": true, "changes": ["- mode 0755", "+ mode 0700"]}));
        let [old] = row(&before, "legacy-config-keys")[..] else { panic!("{before}") };
        let changes = old["repair"]["changes"].as_array().unwrap();
        assert!(changes.iter().any(|line| line.as_str().unwrap().contains("gateway")), "{changes:?}");
        assert_eq!(house.config()["gateway"].get("token"), Some(&json!(TOKEN)), "looking changes nothing");

        let ids = json!({"ids": [old["id"], loose["id"], "state-integrity:00000000"]});
        let answer = house.call(&admin, "gateway.doctor.fix", ids).await.unwrap();
        assert_eq!(answer["ok"], json!(false), "one of them is not there");
        let made = answer["repairs"].as_array().unwrap();
        assert_eq!(made.iter().filter(|made| made["ok"] == json!(true)).count(), 2);
        assert_eq!(made[0]["id"], loose["id"], "modes first");
        assert_eq!(fs::metadata(&open).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(house.config()["gateway"]["auth"]["token"], json!(TOKEN));
        assert!(!answer.to_string().contains(TOKEN));
        assert!(row(&answer["after"], "legacy-config-keys").iter().all(|row| row["repair"].is_null()));
        let change = made.iter().find_map(|made| made["undoChange"].as_u64()).unwrap();
        let entries = openclaw_config::edit::history::entries(&house.core.paths);
        assert_eq!((entries[0].id, entries[0].origin.as_str()), (change, "gateway.doctor.fix"));
    }

    #[tokio::test]
    async fn what_belongs_to_the_host_stays_there() {
        let house = House::new();
        // Edited while it runs, so that the next start would be refused.
        let text = "{ gateway: { mode: 'local', auth: { mode: 'none' }, bind: 'lan' } }";
        fs::write(&house.core.paths.config_path, text).unwrap();
        let admin = operator(Dialect::V4, &["admin"]);
        let found = house.call(&admin, "gateway.doctor", json!({})).await.unwrap();
        let rows = row(&found, "gateway-start");
        let missing = rows.iter().find(|row| !row["repair"].is_null()).unwrap();
        assert_eq!(missing["repair"]["here"], json!(false));
        let answer = house.call(&admin, "gateway.doctor.fix", json!({"ids": [missing["id"]]})).await.unwrap();
        assert_eq!(answer["repairs"][0]["message"], missing["repair"]["why"]);
        assert_eq!(fs::read_to_string(&house.core.paths.config_path).unwrap(), text);
    }
}
