//! Thousands of unknown devices ask at once, while an established client works on and the owner lets a friend in.
//!
//! All strangers dial in the same moment. Who is turned away before an answer (there are caps on unfinished sockets,
//! and the oldest gives way) comes back after a pause, as real clients do. An answer is "pairing required", or "too
//! many are waiting" with `retryAfterMs`. As long as the friend is not in, strangers go on asking after their answer.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use openclaw_protocol::error::ErrorCode;
use openclaw_protocol::setup_code::SetupCode;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Scale;
use crate::device::{Device, paired_file};
use crate::figures::{Report, Spread, Unit, ms};
use crate::gateway::Gateway;
use crate::peer::{Dial, Hello, Params, now};
use crate::place::{Binary, Place};
use crate::{crowd, proc};

/// Within this every stranger must have an answer, and the friend must be in.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two calls of the established client.
const BEAT: Duration = Duration::from_millis(50);
/// How long the established client is watched before the storm.
const CALM: Duration = Duration::from_secs(3);
/// How long the gateway may settle before and after.
const SETTLE: Duration = Duration::from_secs(3);
/// What an established client's call should take at most during the storm, milliseconds.
const AIM: f64 = 100.0;
/// Resident memory that a storm must not exceed, KiB. Measured without one: a twelfth.
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

async fn strangers(address: SocketAddr, from: From, count: usize, weather: &Arc<Weather>) -> Result<()> {
    // Keys first: in life each stranger has made his own long ago.
    let devices: Vec<Device> = (0..count).map(|number| Device::numbered("strangers", number)).collect();
    let places = usize::try_from(proc::descriptor_limit()).unwrap_or(usize::MAX).saturating_sub(400).max(64);
    let gate = Arc::new(Semaphore::new(places.min(count)));
    let mut tasks = JoinSet::new();
    for (number, device) in devices.into_iter().enumerate() {
        let dial = from.dial(address, number);
        let params = Gateway::with_token(Params::cli().device(&device));
        let (gate, weather) = (gate.clone(), weather.clone());
        tasks.spawn(async move {
            let _place = gate.acquire_owned().await?;
            stranger(number, &dial, &params, &weather).await
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}

async fn stranger(number: usize, dial: &Dial, params: &Params, weather: &Weather) -> Result<()> {
    let began = Instant::now();
    let mut answered = false;
    let mut tries = 0;
    while began.elapsed() < PATIENCE && !(answered && weather.friend_in.load(Ordering::Relaxed)) {
        weather.asked.fetch_add(1, Ordering::Relaxed);
        let told = ask(dial, params).await?;
        let is_answer = !matches!(told, Told::Nothing(_));
        match told {
            Told::Nothing(why) => weather.turn_away(why),
            told if !answered => {
                answered = true;
                weather.answers.lock().unwrap_or_else(PoisonError::into_inner).push(began.elapsed());
                let counter =
                    if matches!(told, Told::ToPair) { &weather.told_to_pair } else { &weather.told_to_wait };
                counter.fetch_add(1, Ordering::Relaxed);
            }
            Told::ToPair | Told::ToWait => {}
        }
        tokio::time::sleep(pause(number, tries)).await;
        tries = if is_answer { 0 } else { tries + 1 };
    }
    Ok(())
}

/// The pause of a client after so many failures, as shipped clients have it: between half and all of a second,
/// doubling. `number` takes the place of chance, so that a storm can be repeated.
fn pause(number: usize, failures: u32) -> Duration {
    let step = 1_000 << failures.min(4);
    let spread = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(failures * 7) % 512;
    Duration::from_millis(step / 2 + step * spread / 1024)
}

enum Told {
    ToPair,
    ToWait,
    /// Turned away; what was said instead of an answer.
    Nothing(String),
}

/// Asks once.
async fn ask(dial: &Dial, params: &Params) -> Result<Told> {
    let attempt = async { dial.open().await?.connect(params).await };
    let (link, hello) = match tokio::time::timeout(PATIENCE, attempt).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => return Ok(Told::Nothing(format!("{error:#}"))),
        Err(_) => return Ok(Told::Nothing("no answer in time".to_owned())),
    };
    let told = match hello {
        Hello::Refused(error) if error.code == ErrorCode::NotPaired => Told::ToPair,
        Hello::Refused(error) if error.code == ErrorCode::Unavailable && error.retry_after_ms.is_some() => {
            Told::ToWait
        }
        Hello::Closed { code, reason } => return Ok(Told::Nothing(format!("closed with {code} {reason}"))),
        other => bail!("neither told to pair nor to wait: {other:?}"),
    };
    link.close().await;
    Ok(told)
}

/// An established client that calls `health` over and over; its times before and during the storm.
async fn witness(address: SocketAddr, weather: &Weather) -> Result<[Spread; 2]> {
    let device = Device::numbered("established", 0);
    let params = Gateway::with_token(Params::ui().device(&device));
    let (mut link, hello) = Dial::tcp(address).open().await?.connect(&params).await?;
    ensure!(matches!(hello, Hello::Admitted(_)), "the established client is not let in: {hello:?}");
    let mut times = [Vec::new(), Vec::new()];
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !weather.over.load(Ordering::Relaxed) {
        beat.tick().await;
        let storming = weather.storming.load(Ordering::Relaxed);
        let began = Instant::now();
        link.call("health", &json!({})).await?;
        times[usize::from(storming)].push(began.elapsed());
    }
    link.close().await;
    Ok(times.map(Spread::of))
}

/// How late the machine lets a thread run that sleeps most of the time: what of the established client's times is not
/// the gateway's doing.
fn machine(weather: &Weather) -> Spread {
    let nap = Duration::from_millis(5);
    let mut late = Vec::new();
    while !weather.over.load(Ordering::Relaxed) {
        let began = Instant::now();
        std::thread::sleep(nap);
        if weather.storming.load(Ordering::Relaxed) {
            late.push(began.elapsed().saturating_sub(nap));
        }
    }
    Spread::of(late)
}

/// How the friend got in.
struct Friend {
    way: &'static str,
    took: Duration,
    command: Duration,
}

/// A device that the owner knows asks like everybody else, in the middle of the storm. When it is listed the owner
/// approves it by its id; when the list is full he gives it a setup code, which needs no place.
async fn friend(gateway: &Gateway<'_>, from: From, weather: &Weather, count: usize) -> Result<Friend> {
    while weather.answered() < count / 4 && !weather.over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let device = Device::numbered("friend", 0);
    let dial = from.friend(gateway.address());
    let params = Gateway::with_token(Params::ui().device(&device));
    let began = Instant::now();
    let answer = answered(&dial, &params, began).await?;
    let command = Instant::now();
    let (way, params, command) = match answer {
        Hello::Refused(error) if error.code == ErrorCode::NotPaired => {
            let request = error.details.as_ref().and_then(|details| details["requestId"].as_str());
            let request = request.context("pairing required without a request id")?;
            gateway.place.cli(&["devices", "approve", request, "--yes", "--json"])?;
            ("approving its request", params, command.elapsed())
        }
        Hello::Refused(error) if error.code == ErrorCode::Unavailable => {
            let url = "wss://gateway.example.com";
            let text = gateway.place.cli(&["qr", "--setup-code-only", "--public-url", url])?;
            let code = SetupCode::decode(text.trim()).context("no setup code")?;
            let params = Params::ui().device(&device).bootstrap_token(code.bootstrap_token.expose());
            ("a setup code, the list being full", params, command.elapsed())
        }
        other => bail!("{other:?}"),
    };
    let hello = answered(&dial, &params, began).await?;
    let Hello::Admitted(payload) = hello else { bail!("not let in after {way}: {hello:?}") };
    ensure!(payload["auth"]["deviceToken"] != Value::Null, "let in without a device token");
    ensure!(!weather.over.load(Ordering::Relaxed), "the storm was over before the friend was in");
    Ok(Friend { way, took: began.elapsed(), command })
}

/// Asks until there is an answer.
async fn answered(dial: &Dial, params: &Params, began: Instant) -> Result<Hello> {
    loop {
        let attempt = async { dial.open().await?.connect(params).await };
        match tokio::time::timeout(PATIENCE, attempt).await {
            Ok(Ok((link, hello))) if !matches!(hello, Hello::Closed { .. }) => {
                // Kept open in the background only as long as this takes: the answer is what counts.
                tokio::spawn(link.close());
                return Ok(hello);
            }
            _ => ensure!(began.elapsed() < PATIENCE, "no answer within {} s", PATIENCE.as_secs()),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
