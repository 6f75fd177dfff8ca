//! The wall time of short commands, beside what starting any program costs here.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::fs::{Advice, fadvise};
use serde_json::json;

use super::Scale;
use crate::crowd;
use crate::figures::{Report, Spread, Unit};
use crate::gateway::Gateway;
use crate::place::{Binary, Place};
use crate::proc;

/// The aim for every command, milliseconds.
const AIM: f64 = 15.0;

pub(super) fn run(binary: &Binary, scale: &Scale, report: &mut Report) -> Result<()> {
    let place = Place::configured(binary, json!({}))?;
    let runtime = crowd::runtime(false)?;
    let runs = scale.runs * 2;
    let floor = timed(runs, || Command::new("/bin/true"), || ())?;
    report.figure("floor: /bin/true, median", floor.median(), Unit::Ms);

    let gateway = runtime.block_on(Gateway::start(&place))?;
    let plain: [&[&str]; 4] =
        [&["--version"], &["config", "get", "gateway.port"], &["devices", "list"], &["health"]];
    for words in plain {
        command(report, &words.join(" "), runs, || place.command(words))?;
    }
    // These ask the supervisor as well. What systemctl takes is not this program's time, so they run once without one.
    let looks: [&[&str]; 3] = [&["gateway", "status"], &["status"], &["doctor"]];
    for words in looks {
        command(report, &words.join(" "), runs, || {
            let mut command = place.command(words);
            command.env("PATH", "/nonexistent");
            command
        })?;
        let whole = timed(runs, || place.command(words), || ())?;
        report.figure(
            format!("`{}` with systemctl asked, median", words.join(" ")),
            whole.median(),
            Unit::Ms,
        );
    }
    gateway.stop()?;

    // With nobody running it, the binary can be driven out of the page cache: the first command after a boot.
    let cold = timed(5, || place.command(&["config", "get", "gateway.port"]), || forget(binary))?;
    report.figure("`config get gateway.port`, binary read from disk, median", cold.median(), Unit::Ms);
    let stopped = timed(scale.runs, || place.command(&["devices", "list"]), || ())?;
    report.figure("`devices list` with the gateway stopped, median", stopped.median(), Unit::Ms);
    Ok(())
}

/// The rows of one command.
fn command(report: &mut Report, name: &str, runs: usize, command: impl Fn() -> Command) -> Result<()> {
    let before = proc::cpu_seconds_of_children()?;
    let spread = timed(runs, command, || ())?;
    let cpu = (proc::cpu_seconds_of_children()? - before) * 1000.0 / runs as f64;
    report.figure_below(format!("`{name}`, median"), spread.median(), Unit::Ms, AIM);
    report.figure(format!("`{name}`, p95"), spread.part(0.95), Unit::Ms);
    report.figure(format!("`{name}`, processor time"), cpu, Unit::Ms);
    Ok(())
}

/// Runs a command `runs` times; `before` happens each time outside of the measurement.
fn timed(runs: usize, command: impl Fn() -> Command, before: impl Fn()) -> Result<Spread> {
    let mut times: Vec<Duration> = Vec::with_capacity(runs);
    for _ in 0..runs {
        before();
        let mut command = command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let status = command.status()?;
        times.push(began.elapsed());
        ensure!(status.success(), "{command:?} ended with {status}");
    }
    Ok(Spread::of(times))
}

/// Asks the kernel to drop the binary's cached pages. It may decline; the figure is then the warm one.
fn forget(binary: &Binary) {
    if let Ok(file) = std::fs::File::open(&binary.path) {
        let _ = fadvise(&file, 0, None, Advice::DontNeed);
    }
}
