//! Resident memory of a gateway that nobody is connected to.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::Scale;
use crate::crowd;
use crate::device::paired_file;
use crate::figures::{Report, Unit, ms};
use crate::gateway::Gateway;
use crate::peer::now;
use crate::place::{Binary, Place};
use crate::proc::Memory;

/// How long a gateway may settle: backup, readable view and lazy writes are done by then.
const SETTLE: Duration = Duration::from_secs(5);
/// Aims in KiB: idle, and with a large store.
const AIM_IDLE: f64 = 12.0 * 1024.0;
const AIM_LARGE: f64 = 40.0 * 1024.0;

pub(super) fn run(binary: &Binary, scale: &Scale, report: &mut Report) -> Result<()> {
    let runtime = crowd::runtime(false)?;

    let place = Place::configured(binary, json!({}))?;
    place.write("devices/paired.json", &paired_file("memory", 3, now()))?;
    let (memory, _) = runtime.block_on(settled(&place))?;
    show(&memory, "idle", AIM_IDLE, report);

    let place = Place::configured(binary, json!({}))?;
    place.write("devices/paired.json", &paired_file("memory", scale.devices, now()))?;
    let (memory, took) = runtime.block_on(settled(&place))?;
    let name = format!("{} devices", scale.devices);
    report.figure(format!("start that imports {name}"), ms(took), Unit::Ms);
    report.figure(format!("{name}, just imported: resident"), memory.rss, Unit::MiB);
    let (memory, _) = runtime.block_on(settled(&place))?;
    show(&memory, &name, AIM_LARGE, report);
    Ok(())
}

/// The memory of a gateway some seconds after its start, and the time until its first answer.
async fn settled(place: &Place<'_>) -> Result<(Memory, Duration)> {
    let gateway = Gateway::start(place).await?;
    let took = gateway.started.elapsed();
    tokio::time::sleep(SETTLE).await;
    let memory = gateway.memory()?;
    gateway.stop()?;
    Ok((memory, took))
}

fn show(memory: &Memory, name: &str, aim: f64, report: &mut Report) {
    report.figure_below(format!("{name}: resident"), memory.rss, Unit::MiB, aim);
    report.figure(format!("{name}: of it anonymous (heap, stacks)"), memory.anonymous, Unit::MiB);
    report.figure(format!("{name}: proportional (Pss)"), memory.pss, Unit::MiB);
    report.figure(format!("{name}: peak since the start"), memory.peak, Unit::MiB);
}
