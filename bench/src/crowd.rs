//! Many peers at once.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The runtime of the load: one thread for each processor, all of them standing back behind the gateway when
/// `polite`. Ten thousand strangers bring processors of their own; here they have to borrow the gateway's.
pub(crate) fn runtime(polite: bool) -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(move || {
            if polite {
                // On Linux this concerns the calling thread alone. Without it the figures are merely worse.
                let nice = rustix::process::getpriority_process(None).unwrap_or(0);
                let _ = rustix::process::setpriority_process(None, (nice + 10).min(19));
            }
        })
        .build()
        .context("no runtime")
}

/// What a round of equal work took.
pub(crate) struct Round {
    /// Time of each piece.
    pub(crate) times: Vec<Duration>,
    /// From the first piece's beginning to the last one's end.
    pub(crate) elapsed: Duration,
}

/// Does `work(0..count)` with `at_once` pieces in progress at any time. Ends at the first error.
pub(crate) async fn round<F, W>(count: usize, at_once: usize, work: W) -> Result<Round>
where
    F: Future<Output = Result<()>> + Send + 'static,
    W: Fn(usize) -> F + Send + Sync + 'static,
{
    let next = Arc::new(AtomicUsize::new(0));
    let work = Arc::new(work);
    let began = Instant::now();
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            let (next, work) = (next.clone(), work.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return anyhow::Ok(times);
                    }
                    let began = Instant::now();
                    work(number).await.with_context(|| format!("number {number}"))?;
                    times.push(began.elapsed());
                }
            })
        })
        .collect();
    let mut times = Vec::with_capacity(count);
    for worker in workers {
        times.append(&mut worker.await??);
    }
    Ok(Round { times, elapsed: began.elapsed() })
}

/// Source address number `number` in the loopback network, leaving 127.0.x.x to everybody else.
pub(crate) fn loopback(number: usize) -> Ipv4Addr {
    let [_, b, c, d] = u32::try_from(number + 1).unwrap_or(u32::MAX).to_be_bytes();
    Ipv4Addr::new(127, 1 + b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_are_distinct() {
        let all: std::collections::HashSet<_> = (0..70_000).map(loopback).collect();
        assert_eq!(all.len(), 70_000);
        assert!(all.iter().all(|address| address.is_loopback()));
        assert_eq!(loopback(0), Ipv4Addr::new(127, 1, 0, 1));
    }
}
