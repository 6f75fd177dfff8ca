//! Ten thousand strangers at once. Long, so it runs only when asked for: `cargo nextest run --run-ignored all storm`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, World};
use serde_json::json;

const STRANGERS: usize = 10_000;
const AT_ONCE: usize = 48;

/// Lets all of them ask, and returns how many were told to pair, how many to wait, and the longest wait.
fn storm(name: &str, address: impl Fn(usize) -> String + Sync) {
    let world = World::new().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    let mut witness = gateway.operator(Dialect::V4);
    let next = AtomicUsize::new(0);
    let worst = Mutex::new(Duration::ZERO);
    let counts = [const { AtomicUsize::new(0) }; 2];
    let mut latencies = Vec::new();
    std::thread::scope(|scope| {
        let crowd: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= STRANGERS {
                            break;
                        }
                        let started = Instant::now();
                        let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
                        let dial = gateway.dial().header("X-Forwarded-For", &address(number));
                        let (error, _) = dial.open().connect(&connect).refused();
                        let took = started.elapsed();
                        let told = match error["code"].as_str() {
                            Some("NOT_PAIRED") => 0,
                            Some("UNAVAILABLE") if error["retryAfterMs"].is_u64() => 1,
                            _ => panic!("{error}"),
                        };
                        counts[told].fetch_add(1, Ordering::Relaxed);
                        let mut worst = worst.lock().unwrap();
                        *worst = took.max(*worst);
                    }
                })
            })
            .collect();
        let mut paired = false;
        while crowd.iter().any(|one| !one.is_finished()) {
            let started = Instant::now();
            witness.call("health", json!({})).unwrap();
            latencies.push(started.elapsed());
            if !paired && next.load(Ordering::Relaxed) > STRANGERS / 2 {
                // In the middle of it the owner lets in a device of his own, by a code, which needs no place.
                let said =
                    gateway.cli(&["qr", "--setup-code-only", "--url", "wss://gateway.example.com"]).ok();
                assert!(!said.out.is_empty());
                paired = true;
            }
        }
        assert!(paired);
    });
    latencies.sort_unstable();
    let [told, waiting] = counts.map(AtomicUsize::into_inner);
    eprintln!(
        "{name}: {told} told to pair, {waiting} to wait, worst answer {:?}, health p50 {:?} p99 {:?} max {:?}, {} KiB",
        worst.lock().unwrap(),
        latencies[latencies.len() / 2],
        latencies[latencies.len() * 99 / 100],
        latencies[latencies.len() - 1],
        gateway.resident_kib(),
    );
    assert_eq!(told + waiting, STRANGERS);
    assert!(*worst.lock().unwrap() < Duration::from_secs(15));
    assert!(latencies[latencies.len() * 99 / 100] < Duration::from_millis(100));
    assert!(gateway.resident_kib() < 128 * 1024, "{} KiB", gateway.resident_kib());
}

#[test]
#[ignore = "takes a minute and both cores"]
fn from_ten_thousand_addresses() {
    storm("10,000 addresses", |number| {
        format!("198.{}.{}.{}", 18 + number / 62_500, number / 250 % 250, number % 250)
    });
}

#[test]
#[ignore = "takes a minute and both cores"]
fn from_one_address() {
    storm("one address", |_| "203.0.113.9".to_owned());
}
