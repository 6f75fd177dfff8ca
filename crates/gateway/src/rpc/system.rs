//! `system-presence`, `system-event`, `system.info`, `gateway.identity.get`: where the gateway runs and who is here.

use std::sync::Arc;

use openclaw_client::identity::Identity;
use openclaw_os::file::Files;
use openclaw_protocol::device_proof::PublicKey;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::schema::{Field, NAMES, Shape, TEXT};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::words::{self, Words};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Methods, NoParams, whole};
use crate::core::Core;
use crate::presence;
use crate::router::{Authority, Listed, Method, Need, Reply};

/// Characters kept of a reported line.
const MAX_TEXT: usize = 512;

static EVENT: [Field; 16] = [
    Field::required("text", Shape::Text { min: 1, max: 65_536 }),
    Field::optional("deviceId", TEXT),
    Field::optional("instanceId", TEXT),
    Field::optional("host", TEXT),
    Field::optional("ip", TEXT),
    Field::optional("mode", TEXT),
    Field::optional("version", TEXT),
    Field::optional("platform", TEXT),
    Field::optional("deviceFamily", TEXT),
    Field::optional("modelIdentifier", TEXT),
    Field::optional("timeZone", TEXT),
    Field::optional("lastInputSeconds", Shape::Integer { min: 0, max: 9_007_199_254_740_991 }),
    Field::optional("reason", TEXT),
    Field::optional("roles", NAMES),
    Field::optional("scopes", NAMES),
    Field::optional("tags", NAMES),
];

pub(super) fn methods() -> Methods {
    let read = || Need::Scope(Scope::READ);
    vec![
        Method::new("system-presence", read(), &[], "Who is here", presence_list),
        Method::new(
            "system-event",
            Need::Scope(Scope::ADMIN),
            &EVENT,
            "Report the presence of a machine",
            event,
        ),
        Method::new("system.info", read(), &[], "The machine the gateway runs on", info).listed(Listed::V4),
        Method::new(
            "gateway.identity.get",
            read(),
            &[],
            "The device identity of the gateway's machine",
            identity,
        ),
    ]
}

async fn presence_list(core: Arc<Core>, _: Authority, _: NoParams) -> Reply {
    let list = core.presence_list();
    Ok(list.iter().filter_map(|entry| serde_json::from_str::<Value>(entry.get()).ok()).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Event {
    text: String,
    device_id: Option<Words>,
    instance_id: Option<Words>,
    host: Option<Words>,
    ip: Option<Words>,
    mode: Option<Words>,
    version: Option<Words>,
    platform: Option<Words>,
    device_family: Option<Words>,
    model_identifier: Option<Words>,
    time_zone: Option<Words>,
    #[serde(deserialize_with = "whole")]
    last_input_seconds: Option<u64>,
    reason: Option<Words>,
    roles: Vec<Words>,
    scopes: Vec<Words>,
    tags: Vec<Words>,
}

/// A machine reports itself: it is entered into the presence list, and everybody who may see that list hears of it.
async fn event(core: Arc<Core>, _: Authority, event: Event) -> Reply {
    let text = words::escape(&event.text, MAX_TEXT);
    if text.is_empty() {
        return Err(ErrorShape::invalid_request("text required"));
    }
    let some = |words: &Option<Words>| words.as_ref().map(Words::to_string).filter(|text| !text.is_empty());
    let list = |words: &[Words]| words.iter().map(Words::to_string).collect::<Vec<_>>();
    // Reported entries have keys of their own: nobody can overwrite the entry of a live connection.
    let name = [&event.instance_id, &event.device_id, &event.host, &event.ip].into_iter().find_map(some);
    let key = format!("reported:{}", name.unwrap_or_else(|| text.clone()).to_lowercase());
    core.presence.set(
        &key,
        presence::Entry {
            host: some(&event.host),
            ip: some(&event.ip),
            version: some(&event.version),
            platform: some(&event.platform),
            device_family: some(&event.device_family),
            model_identifier: some(&event.model_identifier),
            time_zone: some(&event.time_zone),
            mode: some(&event.mode),
            last_input_seconds: event.last_input_seconds,
            reason: some(&event.reason),
            tags: list(&event.tags),
            text: Some(text),
            ts: core.now(),
            device_id: some(&event.device_id),
            roles: list(&event.roles),
            scopes: list(&event.scopes),
            instance_id: some(&event.instance_id),
            online_since: None,
        },
    );
    core.hub.bump_presence();
    Ok(json!({"ok": true}))
}

async fn info(core: Arc<Core>, caller: Authority, _: NoParams) -> Reply {
    let full = caller.may(&Scope::ADMIN);
    let read = tokio::task::spawn_blocking(move || machine(&core, full)).await;
    read.map_err(|_| ErrorShape::unavailable("the machine could not be looked at", 1_000))
}

fn machine(core: &Core, full: bool) -> Value {
    let platform = core.facts.platform.as_str();
    let (system, release) = platform.split_once(' ').unwrap_or((platform, ""));
    let memory = |name: &str| memory_bytes(&read_proc("meminfo"), name).unwrap_or(0);
    let mut label = system.to_owned();
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut info = json!({
        "machineName": core.facts.hostname,
        "hostname": core.facts.hostname,
        "platform": system,
        "release": release,
        "arch": arch(),
        "osLabel": format!("{label} {release}").trim_end(),
        // There is no Node.js in this gateway; the key is required.
        "nodeVersion": "",
        "pid": std::process::id(),
        "processInstanceId": core.facts.boot_id,
        "uptimeMs": core.uptime_ms(),
        "cpuCount": std::thread::available_parallelism().map_or(1, usize::from),
        "memoryTotalBytes": memory("MemTotal"),
        "memoryFreeBytes": memory("MemAvailable"),
    });
    if core.logging.is_some() {
        info["port"] = json!(core.facts.port);
    }
    if let Some(ip) = core.facts.ip.filter(|_| full) {
        info["lanAddress"] = json!(ip.to_string());
    }
    if let Some(load) = load_average(&read_proc("loadavg")) {
        info["loadAverage"] = json!(load);
    }
    info
}

fn read_proc(name: &str) -> String {
    std::fs::read_to_string(format!("/proc/{name}")).unwrap_or_default()
}

/// A line of `/proc/meminfo` in bytes.
fn memory_bytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn load_average(text: &str) -> Option<[f64; 3]> {
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    Some([numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?])
}

/// Processor names as Node.js has them.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        other => other,
    }
}

/// The identity under which the programs of this machine connect; made when there is none yet.
async fn identity(core: Arc<Core>, _: Authority, _: NoParams) -> Reply {
    let at = core.clone();
    let made = tokio::task::spawn_blocking(move || {
        Identity::load_or_create(&Files::real(), &at.paths.identity_dir(), at.now())
    });
    match made.await {
        Ok(Ok(identity)) => {
            let key = PublicKey::from_bytes(identity.signing_key().verifying_key().to_bytes());
            Ok(json!({"deviceId": identity.device_id(), "publicKey": key.to_base64url()}))
        }
        Ok(Err(error)) => {
            tracing::error!(subsystem = "gateway", "the device identity cannot be used: {error}");
            Err(ErrorShape::unavailable("the gateway's device identity cannot be read", 5_000))
        }
        Err(_) => Err(ErrorShape::unavailable("the gateway's device identity cannot be read", 1_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says() {
        let text = "MemTotal:       24684092 kB\nMemFree:  1 kB\nMemAvailable:    8503634 kB\n";
        assert_eq!(memory_bytes(text, "MemTotal"), Some(24_684_092 * 1024));
        assert_eq!(memory_bytes(text, "MemAvailable"), Some(8_503_634 * 1024));
        assert_eq!(memory_bytes(text, "Mem"), None);
        assert_eq!(load_average("46.80 43.20 33.57 1/2 3\n"), Some([46.8, 43.2, 33.57]));
        assert_eq!(load_average(""), None);
    }
}
