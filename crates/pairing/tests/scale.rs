//! Ten thousand devices: opening, changing one, memory; and ten thousand strangers asking at once. The figures are
//! printed; the limits asserted are generous, because tests run unoptimised and beside others.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod common;

use std::time::{Duration, Instant};

use common::{ask, id_of, open, pair};
use openclaw_pairing::{ApplyError, ApprovedVia, Mutation, PeerKey, Rejected};
use openclaw_protocol::role::Role;

const MANY: u32 = 10_000;

/// Resident memory of this process in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

const FOLDER: &str = "PAIRING_SCALE_FOLDER";

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn memory_of_an_open_store() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let before = resident_kib();
    let began = Instant::now();
    let (store, _) = open(std::path::Path::new(&folder));
    let took = began.elapsed();
    let after = resident_kib();
    println!("\nfirst open in a process: {took:?}, memory grown by {} KiB", after - before);
    store.close().unwrap();
}

#[test]
fn ten_thousand_devices() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let mut waiting = Vec::new();
        for n in 0..MANY {
            let store = store.clone();
            let ask = ask(n, Role::Operator, &["operator.read", "operator.write", "operator.approvals"]);
            waiting.push(tokio::spawn(async move {
                store.apply(Mutation::ApproveSilently { ask, via: ApprovedVia::Silent }).await
            }));
        }
        for one in waiting {
            one.await.unwrap().unwrap();
        }
    });
    println!("{MANY} approvals: {:?}", began.elapsed());
    store.close().unwrap();
    drop(store);

    // In a process of its own: this one's memory has been through a lot.
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "memory_of_an_open_store", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    let grown: u64 = said.split("grown by ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    println!("{}", said.lines().find(|line| line.contains("grown by")).unwrap());
    assert!(grown < 25 << 10, "{grown} KiB");

    let began = Instant::now();
    let (store, report) = open(folder.path());
    let opened = began.elapsed();
    println!("open with {MANY} devices: {opened:?}");
    assert_eq!(report.devices, MANY as usize);

    // One change costs the same as with one device: no row but its own is touched.
    let mut times: Vec<Duration> = Vec::new();
    for n in 0..30 {
        let began = Instant::now();
        let seen = Mutation::Rename {
            device: id_of(n),
            label: Some(format!("label {n}")),
            caller: openclaw_pairing::CallerAuthority::owner(),
        };
        store.apply_blocking(seen).unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    println!("one durable change: median {:?}, worst {:?}", times[15], times[29]);
    assert!(times[15] < Duration::from_millis(100));
    let began = Instant::now();
    store.flush_blocking().unwrap();
    println!("view of {MANY} devices: {:?}", began.elapsed());
    let began = Instant::now();
    store.backup_blocking().unwrap();
    println!("backup of {MANY} devices: {:?}; memory {} KiB", began.elapsed(), resident_kib());
    store.close().unwrap();
    assert!(opened < Duration::from_secs(5));
}

#[test]
fn opening_a_small_state_is_quick() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for n in 0..10 {
        pair(&store, n, Role::Operator, &["operator.read"]).unwrap();
    }
    store.close().unwrap();
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let began = Instant::now();
            let (store, _) = open(folder.path());
            let took = began.elapsed();
            store.close().unwrap();
            took
        })
        .collect();
    times.sort();
    println!("open with 10 devices: median {:?}, worst {:?}", times[10], times[19]);
    assert!(times[10] < Duration::from_millis(300));
}

#[test]
fn ten_thousand_strangers_get_an_answer_and_the_owner_gets_through() {
    for one_address in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let began = Instant::now();
        let (filed, refused) = runtime.block_on(async {
            let mut waiting = Vec::new();
            for n in 0..MANY {
                let mut ask = ask(n, Role::Operator, &["operator.read"]);
                let [_, _, high, low] = n.to_be_bytes();
                let address = if one_address { [10, 0, 0, 1] } else { [10, 7, high, low] };
                ask.peer = PeerKey::of(address.into());
                let store = store.clone();
                waiting.push(tokio::spawn(async move { store.apply(Mutation::File(ask)).await }));
            }
            let (mut filed, mut refused) = (0, 0);
            for one in waiting {
                match one.await.unwrap() {
                    Ok(_) => filed += 1,
                    Err(ApplyError::Rejected(Rejected::TooMany { retry_after_ms })) => {
                        assert!(retry_after_ms > 0);
                        refused += 1;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            (filed, refused)
        });
        println!(
            "{MANY} strangers, one address: {one_address}: {filed} filed, {refused} refused, {:?}",
            began.elapsed()
        );
        assert!(began.elapsed() < Duration::from_secs(30));
        assert!(store.snapshot().request_count() <= if one_address { 16 } else { 1_024 });
        // The owner's device comes from elsewhere, in the middle of it.
        pair(&store, 90_000, Role::Operator, &["operator.read"]).unwrap();
        store.close().unwrap();
    }
}
