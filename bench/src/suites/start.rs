//! From `exec` to the first answered call, on a fresh machine and on an existing state.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::Scale;
use crate::crowd;
use crate::device::{Device, paired_file};
use crate::figures::{Report, Spread, Unit};
use crate::gateway::Gateway;
use crate::peer::{Dial, Params, now};
use crate::place::{Binary, Place};

/// The aim for an existing state, milliseconds.
const AIM: f64 = 15.0;
/// The aim for an orderly stop, milliseconds.
const AIM_STOP: f64 = 1_000.0;

pub(super) fn run(binary: &Binary, scale: &Scale, report: &mut Report) -> Result<()> {
    let runtime = crowd::runtime(false)?;
    let first = runtime.block_on(async {
        let mut times = Vec::new();
        for _ in 0..scale.runs {
            let place = Place::fresh(binary)?;
            let mut gateway = Gateway::launch(&place)?;
            // The token of a first start is not known yet, so only the owner can ask.
            let (link, time) = gateway.first_answer(&Dial::owner(&place), &Params::cli()).await?;
            link.close().await;
            gateway.stop()?;
            times.push(time);
        }
        anyhow::Ok(Spread::of(times))
    })?;
    report.figure("first start, owner socket, median", first.median(), Unit::Ms);
    report.figure("first start, owner socket, p95", first.part(0.95), Unit::Ms);

    let small = Place::configured(binary, json!({}))?;
    small.write("devices/paired.json", &paired_file("start", 3, now()))?;
    let device = Device::numbered("start", 0);
    existing(&runtime, &small, &device, scale.runs, "existing state", Some(AIM), report)?;

    let large = Place::configured(binary, json!({}))?;
    large.write("devices/paired.json", &paired_file("start", scale.devices, now()))?;
    let name = format!("existing state with {} devices", scale.devices);
    existing(&runtime, &large, &device, scale.runs / 4, &name, None, report)
}

/// The device connects over TCP with its own token, as it would after a reboot.
fn existing(
    runtime: &tokio::runtime::Runtime,
    place: &Place<'_>,
    device: &Device,
    runs: usize,
    name: &str,
    aim: Option<f64>,
    report: &mut Report,
) -> Result<()> {
    let (times, stops) = runtime.block_on(async {
        let mut gateway = Gateway::start(place).await?;
        let with_token = Gateway::with_token(Params::ui().device(device));
        let dial = Dial::tcp(gateway.address());
        let (link, hello) = dial.open().await?.connect(&with_token).await?;
        let params = Params::ui().device(device).device_token(&hello.device_token()?);
        link.close().await;
        let (mut times, mut stops): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            stops.push(gateway.stop()?);
            gateway = Gateway::launch(place)?;
            let (link, time) = gateway.first_answer(&dial, &params).await?;
            link.close().await;
            times.push(time);
        }
        stops.push(gateway.stop()?);
        anyhow::Ok((Spread::of(times), Spread::of(stops)))
    })?;
    let median = format!("{name}, TCP, median");
    match aim {
        Some(aim) => report.figure_below(median, times.median(), Unit::Ms, aim),
        None => report.figure(median, times.median(), Unit::Ms),
    }
    report.figure(format!("{name}, TCP, p95"), times.part(0.95), Unit::Ms);
    report.figure_below(format!("{name}: slowest orderly stop"), stops.max(), Unit::Ms, AIM_STOP);
    Ok(())
}
