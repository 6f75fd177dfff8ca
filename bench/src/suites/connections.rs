//! What an idle authenticated connection costs: resident memory with and without many of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::json;

use super::Scale;
use crate::device::{Device, paired_file};
use crate::figures::{Report, Unit, ms};
use crate::gateway::Gateway;
use crate::peer::{Dial, Hello, Params, now};
use crate::place::{Binary, Place};
use crate::{crowd, proc};

/// How long after the last handshake memory is read: the presence that it caused has gone out by then.
const SETTLE: Duration = Duration::from_secs(10);
/// The aim for each connection, KiB.
const AIM: f64 = 12.0;
/// The aim for an orderly stop, milliseconds: everybody is told, and then it is over.
const AIM_STOP: f64 = 1_000.0;

pub(super) fn run(binary: &Binary, scale: &Scale, report: &mut Report) -> Result<()> {
    for (kind, params) in [("command line", Params::cli()), ("user interface", Params::ui())] {
        for count in scale.connections {
            if proc::descriptor_limit() < count as u64 + 200 {
                report.note(&format!("left out {count} connections: the limit of open files is too low"));
                continue;
            }
            hold(binary, count, kind, &params, report)?;
        }
    }
    Ok(())
}

fn hold(binary: &Binary, count: usize, kind: &str, params: &Params, report: &mut Report) -> Result<()> {
    let place = Place::configured(binary, json!({}))?;
    place.write("devices/paired.json", &paired_file("idle", count, now()))?;
    crowd::runtime(false)?.block_on(async {
        // Once for the import, whose memory is not what is measured.
        Gateway::start(&place).await?.stop()?;
        let gateway = Gateway::start(&place).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = gateway.memory()?;
        let held = Arc::new(tokio::sync::Mutex::new(Vec::with_capacity(count)));
        let (dial, base, kept) = (Dial::tcp(gateway.address()), params.clone(), held.clone());
        let round = crowd::round(count, 64, move |number| {
            let params = Gateway::with_token(base.clone().device(&Device::numbered("idle", number)));
            let (dial, kept) = (dial.clone().from(crowd::loopback(number)), kept.clone());
            async move {
                let (mut link, hello) = dial.open().await?.connect(&params).await?;
                let Hello::Admitted(_) = hello else { bail!("not let in: {hello:?}") };
                kept.lock().await.push(tokio::spawn(async move { link.idle().await }));
                Ok(())
            }
        })
        .await?;
        tokio::time::sleep(SETTLE).await;
        let after = gateway.memory()?;
        let name = format!("{count} × {kind}");
        let each = (after.rss - before.rss) / count as f64;
        report.figure_below(format!("{name}: each"), each, Unit::KiB, AIM);
        report.figure(format!("{name}: in all"), after.rss, Unit::MiB);
        report.figure(format!("{name}: peak on the way"), after.peak, Unit::MiB);
        report.figure(format!("{name}: time to connect them"), ms(round.elapsed), Unit::Ms);
        let cpu = gateway.cpu_seconds()?;
        tokio::time::sleep(SETTLE).await;
        let cpu = (gateway.cpu_seconds()? - cpu) / SETTLE.as_secs_f64();
        report.figure(format!("{name}: processor time while idle, each second"), cpu * 1000.0, Unit::Ms);
        let held = std::mem::take(&mut *held.lock().await);
        let alive = held.iter().filter(|task| !task.is_finished()).count();
        report.must(alive == count, format!("{name}: all are still connected ({alive})"));
        let mut owner = gateway.owner().await?;
        report.must(owner.call("health", &json!({})).await.is_ok(), format!("{name}: the owner is answered"));
        let took = gateway.stop()?;
        report.figure_below(format!("{name}: orderly stop"), ms(took), Unit::Ms, AIM_STOP);
        let mut told = 0;
        for task in held {
            told += usize::from(task.await?.starts_with("1012 "));
        }
        report.must(told == count, format!("{name}: all were told of the stop with close 1012 ({told})"));
        Ok(())
    })
}
