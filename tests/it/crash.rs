//! Power cuts at random moments: what was acknowledged is there afterwards, and every file can be read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Answer, Connect, Device, Dialect, Gateway, Socket, World};
use serde_json::{Value, json};

/// Pairing operations in all: asking and approving count as one each.
const OPERATIONS: usize = 1_000;

#[test]
fn every_acknowledged_approval_survives_kill_9_at_any_moment() {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let mut approved: Vec<Device> = Vec::new();
    let mut operations = 0;
    let mut rounds: u64 = 0;
    while operations < OPERATIONS {
        let gateway = world.start();
        for device in approved.iter().rev().take(20) {
            let connect = Connect::test(Dialect::V4).token(TOKEN).device(device);
            let answer = gateway.dial_remote().open().connect(&connect);
            assert!(matches!(answer, Answer::Hello(_)), "round {rounds}: {} is forgotten", device.id());
        }
        let mut owner = gateway.operator(Dialect::V4);
        let stop = AtomicBool::new(false);
        let done = AtomicUsize::new(0);
        // Devices ask and are approved one after the other while somebody pulls the plug.
        let survivors = std::thread::scope(|scope| {
            let pairing = scope.spawn(|| {
                let mut acknowledged = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let device = Device::new();
                    let Some(request) = ask(&gateway, &device, done.load(Ordering::Relaxed)) else { break };
                    done.fetch_add(1, Ordering::Relaxed);
                    if approve(&mut owner, &request).is_none() {
                        break;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    acknowledged.push(device);
                }
                acknowledged
            });
            let moment = 40 + rounds.wrapping_mul(7_919) % 160;
            openclaw_tests::wait::within(Duration::from_millis(moment), || None::<()>);
            gateway.signal(rustix::process::Signal::KILL);
            stop.store(true, Ordering::Relaxed);
            pairing.join().unwrap()
        });
        drop(gateway);
        operations += done.load(Ordering::Relaxed);
        rounds += 1;
        approved.extend(survivors);
        readable(&world);
        assert!(rounds < 400, "only {operations} operations in {rounds} rounds");
    }
    let gateway = world.start();
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    let known: Vec<&Value> =
        list["paired"].as_array().unwrap().iter().map(|entry| &entry["deviceId"]).collect();
    let lost = approved.iter().filter(|device| !known.contains(&&json!(device.id()))).count();
    assert_eq!(lost, 0, "of {} acknowledged approvals after {rounds} power cuts", approved.len());
}

/// Asks for pairing; `None` when the gateway is gone.
fn ask(gateway: &Gateway, device: &Device, number: usize) -> Option<String> {
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(device);
    let address = format!("203.0.{}.{}", number / 250 % 250, number % 250);
    let mut socket = gateway.dial().header("X-Forwarded-For", &address).try_open().ok()?;
    let (error, _) = socket.connect(&connect).refused();
    error["details"]["requestId"].as_str().map(str::to_owned)
}

/// Approves over the wire; `None` when the gateway is gone before it acknowledged.
fn approve(owner: &mut Socket, request: &str) -> Option<()> {
    let id = owner.ask("device.pair.approve", json!({"requestId": request}));
    owner.try_answer(&id)?.ok().map(drop)
}

/// Every JSON file below the state directory can be read: no half of one is ever left.
fn readable(world: &World) {
    for name in ["openclaw.json", "devices/paired.json", "devices/pending.json"] {
        if let Ok(text) = std::fs::read_to_string(world.state().join(name)) {
            let parsed: Result<Value, _> = serde_json::from_str(&text);
            assert!(parsed.is_ok(), "{name} is left as {text:?}");
        }
    }
}
