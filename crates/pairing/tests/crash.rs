//! Kill -9 at random moments: everything acknowledged is there afterwards, and every file can be read.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Dice, ask, id_of, open, options};
use openclaw_pairing::{CallerAuthority, Mutation, Outcome, Snapshot, StatePaths, Store};
use openclaw_protocol::role::Role;

const FOLDER: &str = "PAIRING_CRASH_FOLDER";
const SEED: &str = "PAIRING_CRASH_SEED";
const THREADS: u32 = 4;
const DEVICES_PER_THREAD: u64 = 6;

/// What there is to know about a device, as one word.
fn state_of(snapshot: &Snapshot, n: u32) -> String {
    let id = id_of(n);
    let buried = snapshot.tombstone(&id).map_or(0, |tombstone| tombstone.operator);
    match snapshot.device(&id) {
        Some(device) => {
            let grant = device.operator.as_ref().unwrap();
            let scopes = grant.scopes.to_strings().join("+");
            let revoked = grant.token.revoked_at.is_some();
            format!("{}/{scopes}/{revoked}/{}/{buried}", grant.token.generation, device.revision)
        }
        None => format!("none/{buried}"),
    }
}

/// The child: works until it is killed, and says what was acknowledged, one line each.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn worker() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let seed: u64 = std::env::var(SEED).unwrap().parse().unwrap();
    let (store, _) = open(Path::new(&folder));
    let out = Arc::new(Mutex::new(std::io::stdout()));
    let say = |out: &Mutex<std::io::Stdout>, line: String| {
        let mut out = out.lock().unwrap();
        // One write per line: a killed process leaves whole lines or none.
        out.write_all(format!("\n@ {line}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, out) = (store.clone(), Arc::clone(&out));
            scope.spawn(move || {
                let mut dice = Dice(seed.wrapping_mul(31).wrapping_add(u64::from(thread)));
                loop {
                    let n = thread * 100 + u32::try_from(dice.roll(DEVICES_PER_THREAD)).unwrap();
                    say(&out, format!("try {n}"));
                    if step(&store, n, &mut dice) {
                        say(&out, format!("done {n} {}", state_of(&store.snapshot(), n)));
                    }
                }
            });
        }
    });
}

fn step(store: &Store, n: u32, dice: &mut Dice) -> bool {
    let caller = CallerAuthority::owner();
    let device = id_of(n);
    let mutation = match dice.roll(8) {
        0 => Mutation::Remove { device, caller },
        1 => Mutation::Rotate { device, role: Role::Operator, scopes: None, caller },
        2 => Mutation::Revoke { device, role: Role::Operator, caller },
        3 => Mutation::Seen {
            device,
            role: Role::Operator,
            by_token: true,
            display_name: None,
            platform: None,
            remote_ip: None,
        },
        _ => {
            let scopes = [&["operator.read"][..], &["operator.write"], &["operator.admin"], &[]];
            let scopes = scopes[usize::try_from(dice.roll(4)).unwrap()];
            match store.apply_blocking(Mutation::File(ask(n, Role::Operator, scopes))) {
                Ok(applied) => match applied.outcome {
                    Outcome::Filed { request, .. } => Mutation::Approve {
                        request: request.id.clone(),
                        caller,
                        expect: None,
                        scopes: None,
                        replace: None,
                    },
                    other => panic!("{other:?}"),
                },
                Err(_) => return false,
            }
        }
    };
    store.apply_blocking(mutation).is_ok()
}

#[test]
fn nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut dice = Dice(2026);
    let mut known: HashMap<u32, String> = HashMap::new();
    let (mut acknowledged, mut rounds) = (0, 0);
    while acknowledged < 1_200 {
        rounds += 1;
        assert!(began.elapsed() < Duration::from_secs(120), "{acknowledged} operations in {rounds} rounds");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "worker", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .env(SEED, rounds.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = 20 + dice.roll(80);
        let mut open_tries: HashMap<u32, ()> = HashMap::new();
        for line in lines {
            let Ok(line) = line else { break };
            let mut words = line.strip_prefix("@ ").unwrap_or_default().split(' ');
            match (words.next(), words.next().and_then(|n| n.parse::<u32>().ok()), words.next()) {
                (Some("try"), Some(n), _) => {
                    open_tries.insert(n, ());
                }
                (Some("done"), Some(n), Some(state)) => {
                    acknowledged += 1;
                    open_tries.remove(&n);
                    known.insert(n, state.to_owned());
                    left = left.saturating_sub(1);
                    if left == 0 {
                        // SIGKILL; what is still in the pipe was acknowledged as well and is read to the end.
                        child.kill().unwrap();
                    }
                }
                _ => {}
            }
        }
        child.wait().unwrap();
        verify(folder.path(), &mut known, &open_tries);
    }
    println!("{acknowledged} acknowledged operations, {rounds} kills, {:?}", began.elapsed());
}

fn verify(folder: &Path, known: &mut HashMap<u32, String>, open_tries: &HashMap<u32, ()>) {
    let paths = StatePaths::in_state_dir(folder);
    for file in [&paths.paired, &paths.pending] {
        if let Ok(text) = std::fs::read(file) {
            serde_json::from_slice::<serde_json::Value>(&text)
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        }
    }
    let (store, report) = Store::open(paths, options(folder)).unwrap();
    assert!(
        report.recovered.is_none() && report.quarantined.is_empty() && !report.key_replaced,
        "{report:?}"
    );
    let snapshot = store.snapshot();
    for (n, state) in known.iter_mut() {
        let now = state_of(&snapshot, *n);
        // A change under way when the process died may have happened or not, and is what it is from now on.
        if !open_tries.contains_key(n) {
            assert_eq!(*state, now, "device {n}");
        }
        *state = now;
    }
    store.close().unwrap();
}
