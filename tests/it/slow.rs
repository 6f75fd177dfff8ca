//! A client that stops reading: it is dropped, and nobody else notices.

use std::time::{Duration, Instant};

use openclaw_tests::wait::until;
use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Gateway, Socket, World};
use serde_json::json;

/// More events than may wait for one reader.
const EVENTS: usize = 2_400;

/// An operator who asks for so much that the answers fill every buffer between the gateway and him, and reads nothing.
fn stuck(gateway: &Gateway) -> Socket {
    let mut socket = gateway.operator(Dialect::V4).unchecked();
    for _ in 0..60 {
        socket.ask("config.schema", json!({}));
    }
    socket
}

#[test]
fn who_does_not_read_is_dropped_and_holds_nobody_back() {
    let world = World::new().with(|config| config["logging"]["level"] = json!("debug"));
    let gateway = world.start();
    let device = Device::new();
    gateway.pair_remote(&Connect::test(Dialect::V4).token(TOKEN).device(&device));
    let mut witness = gateway.operator(Dialect::V4);
    let mut stuck = [stuck(&gateway), stuck(&gateway)];
    witness.call("health", json!({})).unwrap();
    let before = gateway.resident_kib();

    let mut longest = Duration::ZERO;
    std::thread::scope(|scope| {
        // One after the other: names that are given at the same time are told in one event.
        let hand = scope.spawn(|| {
            let mut socket = gateway.operator(Dialect::V4);
            for number in 0..EVENTS {
                let label = format!("name {number}");
                socket.call("device.pair.rename", json!({"deviceId": device.id(), "label": label})).unwrap();
            }
        });
        while !hand.is_finished() {
            let started = Instant::now();
            witness.call("health", json!({})).unwrap();
            longest = longest.max(started.elapsed());
        }
    });
    assert!(longest < Duration::from_secs(1), "somebody else waited {longest:?}");
    let grown = gateway.resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB for two clients that do not read");

    until("both to be dropped", || {
        let log = std::fs::read_to_string(world.log_file()).unwrap();
        let closed = |line: &&str| line.contains("close code=1008 reason=slow consumer");
        (log.lines().filter(closed).count() == 2).then_some(())
    });
    for socket in &mut stuck {
        // The close stands behind all that was on its way; who comes back too late for it finds the line cut.
        let close = socket.closed();
        assert!(
            (close.code, close.reason.as_str()) == (1008, "slow consumer") || close.code == 1006,
            "{close:?}"
        );
    }
    witness.call("health", json!({})).unwrap();
}

#[test]
fn a_reader_that_is_only_slow_gets_everything_in_order() {
    let world = World::new();
    let gateway = world.start();
    for dialect in Dialect::BOTH {
        let mut socket = gateway.operator(dialect).unchecked();
        let asked: Vec<String> = (0..30).map(|_| socket.ask("config.schema", json!({}))).collect();
        // Others are served while its answers pile up; only then it begins to read.
        gateway.operator(dialect).call("health", json!({})).unwrap();
        for id in asked {
            socket.answer(&id).unwrap();
        }
    }
}
