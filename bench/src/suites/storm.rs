//! Thousands of unknown devices ask at once, while an established client works on and the owner lets a friend in.
//!
//! All strangers dial in the same moment. Who is turned away before an answer (there are caps on unfinished sockets,
//! and the oldest gives way) comes back after a pause, as real clients do. An answer is "pairing required", or "too
//! many are waiting" with `retryAfterMs`. As long as the friend is not in, strangers go on asking after their answer.

mod people;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde_json::json;

use self::people::{friend, machine, strangers, witness};
use super::Scale;
use crate::device::paired_file;
use crate::figures::{Report, Spread, Unit, ms};
use crate::gateway::Gateway;
use crate::peer::{Dial, now};
use crate::place::{Binary, Place};
use crate::{crowd, proc};

/// Within this every stranger must have an answer, and the friend must be in.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the established client is watched before the storm.
const CALM: Duration = Duration::from_secs(3);
/// How long the gateway may settle before and after.
const SETTLE: Duration = Duration::from_secs(3);
/// What an established client's call should take at most during the storm, milliseconds.
const AIM: f64 = 100.0;
/// Resident memory that a storm must not exceed, KiB: ten times an idle gateway.
const MEMORY_BOUND: f64 = 128.0 * 1024.0;
/// Waiting requests: in all, and from one address (ruled limits of the pairing list).
const MAX_WAITING: usize = 1_024;
const MAX_WAITING_PER_ADDRESS: usize = 16;

/// From where the strangers come.
#[derive(Clone, Copy)]
enum From {
    /// Through a trusted proxy, each from a network of its own.
    Networks,
    /// Directly, each from its own address.
    Addresses,
    /// Through a trusted proxy, all from one address.
    OneAddress,
}

impl From {
    fn dial(self, gateway: SocketAddr, number: usize) -> Dial {
        let dial = Dial::tcp(gateway).remote();
        // The proxy's own address varies only because one address has too few ports.
        let proxied = dial.clone().from(crowd::loopback(number % 256));
        match self {
            From::Networks => {
                let [_, b, c, d] = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
                proxied.forwarded_for(Ipv4Addr::new(11 + b, c, d, 7))
            }
            From::Addresses => dial.from(crowd::loopback(number)),
            From::OneAddress => proxied.forwarded_for(Ipv4Addr::new(203, 0, 113, 9)),
        }
    }

    fn friend(self, gateway: SocketAddr) -> Dial {
        let dial = Dial::tcp(gateway).remote();
        match self {
            From::Addresses => dial.from(Ipv4Addr::new(127, 200, 0, 1)),
            From::Networks | From::OneAddress => dial.forwarded_for(Ipv4Addr::new(198, 51, 100, 7)),
        }
    }
}

pub(super) fn run(binary: &Binary, scale: &Scale, report: &mut Report) -> Result<()> {
    let count = scale.devices;
    if proc::descriptor_limit() < count as u64 + 500 {
        report.note("the limit of open files is too low: the strangers will come in turns");
    }
    storm(binary, count, From::Networks, &format!("{count} networks"), report)?;
    storm(binary, count, From::Addresses, &format!("{count} addresses"), report)?;
    storm(binary, count, From::OneAddress, "one address", report)
}

/// What happens during one storm, seen by all who take part.
#[derive(Default)]
struct Weather {
    storming: AtomicBool,
    friend_in: AtomicBool,
    over: AtomicBool,
    told_to_pair: AtomicUsize,
    told_to_wait: AtomicUsize,
    /// Connections that ended without an answer, by what was said.
    turned_away: Mutex<BTreeMap<String, usize>>,
    asked: AtomicUsize,
    answers: Mutex<Vec<Duration>>,
}

impl Weather {
    fn turn_away(&self, why: String) {
        *self.turned_away.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
    }

    fn answered(&self) -> usize {
        self.told_to_pair.load(Ordering::Relaxed) + self.told_to_wait.load(Ordering::Relaxed)
    }
}

fn storm(binary: &Binary, count: usize, from: From, name: &str, report: &mut Report) -> Result<()> {
    let place = match from {
        From::Addresses => Place::configured(binary, json!({}))?,
        From::Networks | From::OneAddress => {
            Place::configured(binary, json!({"trustedProxies": ["127.0.0.0/8"]}))?
        }
    };
    place.write("devices/paired.json", &paired_file("established", 1, now()))?;
    let calm = crowd::runtime(false)?;
    let gateway = calm.block_on(Gateway::start(&place))?;
    std::thread::sleep(SETTLE);
    let before = gateway.memory()?;
    let cpu = gateway.cpu_seconds()?;
    let weather = Arc::new(Weather::default());
    let crowd_runtime = crowd::runtime(true)?;
    let address = gateway.address();
    let gateway_ref = &gateway;

    let (witness, machine, friend, elapsed) = std::thread::scope(|scope| {
        let weather = &weather;
        let witness = scope.spawn(move || alone(witness(address, weather)));
        let machine = scope.spawn(move || machine(weather));
        std::thread::sleep(CALM);
        weather.storming.store(true, Ordering::Relaxed);
        let friend = scope.spawn(move || {
            let seen = alone(friend(gateway_ref, from, weather, count));
            weather.friend_in.store(true, Ordering::Relaxed);
            seen
        });
        let began = Instant::now();
        let strangers = crowd_runtime.block_on(strangers(address, from, count, weather));
        let elapsed = began.elapsed();
        weather.over.store(true, Ordering::Relaxed);
        let friend = friend.join().map_err(|_| anyhow!("the friend's thread panicked"));
        let witness = witness.join().map_err(|_| anyhow!("the established client's thread panicked"));
        let machine = machine.join().map_err(|_| anyhow!("the machine's thread panicked"));
        strangers.and_then(|()| anyhow::Ok((witness??, machine?, friend?, elapsed)))
    })?;
    let during = gateway.memory()?;
    let cpu = gateway.cpu_seconds()? - cpu;

    let answers =
        Spread::of(std::mem::take(&mut *weather.answers.lock().unwrap_or_else(PoisonError::into_inner)));
    let [told, wait] = [&weather.told_to_pair, &weather.told_to_wait].map(|n| n.load(Ordering::Relaxed));
    let asked = weather.asked.load(Ordering::Relaxed);
    report.note(&format!("{name}: {told} told to pair, {wait} to wait; {asked} connections"));
    for (why, times) in weather.turned_away.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        report.note(&format!("{name}: {times} turned away: {why}"));
    }
    report.must(
        told + wait == count,
        format!("{name}: all {count} were answered within {} s", PATIENCE.as_secs()),
    );
    report.figure(
        format!("{name}: answers until the last of them"),
        answers.len() as f64 / (answers.max() / 1000.0),
        Unit::PerSecond,
    );
    report.figure(format!("{name}: median answer"), answers.median(), Unit::Ms);
    report.figure(format!("{name}: slowest answer"), answers.max(), Unit::Ms);
    report.figure(
        format!("{name}: processor time of the gateway for each connection"),
        cpu * 1e6 / asked as f64,
        Unit::Us,
    );

    let [quiet, busy] = witness;
    report.figure(format!("{name}: established client before the storm, p99"), quiet.part(0.99), Unit::Ms);
    report.figure(format!("{name}: established client in the storm, median"), busy.median(), Unit::Ms);
    report.figure(format!("{name}: established client in the storm, p99"), busy.part(0.99), Unit::Ms);
    report.figure_below(
        format!("{name}: established client in the storm, slowest of {}", busy.len()),
        busy.max(),
        Unit::Ms,
        AIM,
    );
    report.figure(
        format!("{name}: slowest wake-up of an idle thread meanwhile (the machine, not the gateway)"),
        machine.max(),
        Unit::Ms,
    );
    report.figure(
        format!("{name}: median in the storm against before"),
        busy.median() / quiet.median(),
        Unit::Times,
    );

    match friend {
        Ok(friend) => {
            report.must(true, format!("{name}: the owner let a friend in meanwhile, by {}", friend.way));
            report.figure(
                format!("{name}: the friend from first asking to hello"),
                ms(friend.took),
                Unit::Ms,
            );
            report.figure(format!("{name}: the owner's command"), ms(friend.command), Unit::Ms);
        }
        Err(error) => report.must(false, format!("{name}: the owner let a friend in meanwhile: {error:#}")),
    }
    report.figure(format!("{name}: resident before"), before.rss, Unit::MiB);
    report.figure(format!("{name}: peak"), during.peak, Unit::MiB);
    report.must(
        during.peak < MEMORY_BOUND,
        format!("{name}: memory stayed under {} MiB", MEMORY_BOUND / 1024.0),
    );
    std::thread::sleep(SETTLE);
    report.figure(
        format!("{name}: resident {SETTLE:?} after {elapsed:.1?} of storm"),
        gateway.memory()?.rss,
        Unit::MiB,
    );
    let log = std::fs::metadata(place.home().join("gateway.log")).map_or(0, |meta| meta.len());
    report.figure(format!("{name}: log written"), log as f64 / 1024.0, Unit::KiB);

    let waiting = calm.block_on(async {
        let list = gateway.owner().await?.call("device.pair.list", &json!({})).await?;
        anyhow::Ok(list["pending"].as_array().map_or(0, Vec::len))
    })?;
    let bound = if matches!(from, From::OneAddress) { MAX_WAITING_PER_ADDRESS } else { MAX_WAITING };
    report.must(waiting <= bound, format!("{name}: {waiting} requests wait, at most {bound}"));
    gateway.stop()?;
    Ok(())
}

/// Runs a future on a thread of its own.
fn alone<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
