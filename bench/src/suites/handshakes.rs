//! Full handshakes per second: TCP, upgrade, challenge, signed `connect`, hello or refusal, orderly close.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use openclaw_protocol::error::ErrorCode;
use serde_json::json;

use super::Scale;
use crate::crowd;
use crate::device::{Device, paired_file};
use crate::figures::{Report, Spread, Unit};
use crate::gateway::Gateway;
use crate::peer::{Dial, Hello, Params, now};
use crate::place::{Binary, Place};

/// Devices that take turns.
const DEVICES: usize = 64;

pub(super) fn run(binary: &Binary, scale: &Scale, report: &mut Report) -> Result<()> {
    let place = Place::configured(binary, json!({"trustedProxies": ["127.0.0.1"]}))?;
    place.write("devices/paired.json", &paired_file("handshakes", DEVICES, now()))?;
    crowd::runtime(false)?.block_on(async {
        let gateway = Gateway::start(&place).await?;
        let tokens = tokens(&gateway).await?;
        for (kind, base) in [("command line", Params::cli()), ("user interface", Params::ui())] {
            for at_once in [1, 64] {
                let dial = Dial::tcp(gateway.address());
                let (tokens, base) = (tokens.clone(), base.clone());
                let name = format!("paired {kind}, {at_once} at once");
                measure(&gateway, &name, scale.handshakes, at_once, report, move |number| {
                    let device = Device::numbered("handshakes", number % DEVICES);
                    let params = base.clone().device(&device).device_token(&tokens[number % DEVICES]);
                    admitted(dial.clone(), params)
                })
                .await?;
            }
        }
        for at_once in [1, 64] {
            let dial = Dial::tcp(gateway.address());
            let name = format!("unpaired and remote, {at_once} at once");
            measure(&gateway, &name, scale.handshakes, at_once, report, move |number| {
                let device = Device::numbered(&format!("strangers {at_once}"), number);
                let [_, b, c, d] = (number as u32).to_be_bytes();
                let dial = dial.clone().forwarded_for(Ipv4Addr::new(11, b, c, d));
                refused(dial, Gateway::with_token(Params::cli().device(&device)))
            })
            .await?;
        }
        gateway.stop()?;
        Ok(())
    })
}

/// Each device comes once with the gateway's token and takes its own home.
async fn tokens(gateway: &Gateway<'_>) -> Result<Arc<Vec<String>>> {
    let mut tokens = Vec::new();
    for number in 0..DEVICES {
        let params = Params::cli().device(&Device::numbered("handshakes", number));
        let opened = Dial::tcp(gateway.address()).open().await?;
        let (link, hello) = opened.connect(&Gateway::with_token(params)).await?;
        tokens.push(hello.device_token()?);
        link.close().await;
    }
    Ok(Arc::new(tokens))
}

async fn measure<F, W>(
    gateway: &Gateway<'_>,
    name: &str,
    count: usize,
    at_once: usize,
    report: &mut Report,
    work: W,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
    W: Fn(usize) -> F + Send + Sync + 'static,
{
    let before = gateway.cpu_seconds()?;
    let round = crowd::round(count, at_once, work).await.with_context(|| name.to_owned())?;
    let cpu = gateway.cpu_seconds()? - before;
    let spread = Spread::of(round.times);
    report.figure(name, count as f64 / round.elapsed.as_secs_f64(), Unit::PerSecond);
    report.figure(format!("{name}: median"), spread.median(), Unit::Ms);
    report.figure(format!("{name}: p99"), spread.part(0.99), Unit::Ms);
    report.figure(
        format!("{name}: processor time of the gateway for each"),
        cpu * 1e6 / count as f64,
        Unit::Us,
    );
    report.must(spread.len() == count, format!("{name}: every one of {count} came out as it should"));
    Ok(())
}

async fn admitted(dial: Dial, params: Params) -> Result<()> {
    let (link, hello) = dial.open().await?.connect(&params).await?;
    match hello {
        Hello::Admitted(_) => link.close().await,
        other => bail!("not let in: {other:?}"),
    }
    Ok(())
}

async fn refused(dial: Dial, params: Params) -> Result<()> {
    let (link, hello) = dial.open().await?.connect(&params).await?;
    match hello {
        Hello::Refused(error) if matches!(error.code, ErrorCode::NotPaired | ErrorCode::Unavailable) => {
            link.close().await;
        }
        other => bail!("neither told to pair nor to wait: {other:?}"),
    }
    Ok(())
}
