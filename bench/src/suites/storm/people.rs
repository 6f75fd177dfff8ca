//! Who takes part in a storm: the strangers, an established client, the owner and his friend, and a thread that only
//! watches how late the machine lets it run.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use openclaw_protocol::error::ErrorCode;
use openclaw_protocol::setup_code::SetupCode;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{From, PATIENCE, Weather};
use crate::device::Device;
use crate::figures::Spread;
use crate::gateway::Gateway;
use crate::peer::{Dial, Hello, Params};
use crate::proc;

/// Between two calls of the established client.
const BEAT: Duration = Duration::from_millis(50);

/// Lets all of them dial at once, and waits until they are done.
pub(super) async fn strangers(
    address: SocketAddr,
    from: From,
    count: usize,
    weather: &Arc<Weather>,
) -> Result<()> {
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
pub(super) async fn witness(address: SocketAddr, weather: &Weather) -> Result<[Spread; 2]> {
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
pub(super) fn machine(weather: &Weather) -> Spread {
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
pub(super) struct Friend {
    /// By what means.
    pub(super) way: &'static str,
    /// From first asking to hello.
    pub(super) took: Duration,
    /// How long the owner's command took.
    pub(super) command: Duration,
}

/// A device that the owner knows asks like everybody else, in the middle of the storm. When it is listed the owner
/// approves it by its id; when the list is full he gives it a setup code, which needs no place.
pub(super) async fn friend(
    gateway: &Gateway<'_>,
    from: From,
    weather: &Weather,
    count: usize,
) -> Result<Friend> {
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
    hello.device_token().with_context(|| format!("after {way}"))?;
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
