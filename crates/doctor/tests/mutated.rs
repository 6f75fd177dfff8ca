//! A thousand configuration files as people, editors and power cuts leave them: each either starts a gateway or says
//! everything that keeps it from starting (ruling 11), and is mended by patches that can be taken back to the byte.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fmt::Write as _;
use std::path::Path;

use openclaw_config::edit::Editor;
use openclaw_config::start::{self, EXIT_CONFIG, Overrides};
use openclaw_config::{Env, Paths, Severity};
use openclaw_doctor::facts::{Devices, Facts, Gateway, Local};
use openclaw_doctor::repair::{Mender, Undo};
use openclaw_doctor::{Repair, run};
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::time::Millis;

const FILES: u64 = 1000;
const NOW: Millis = Millis(1_795_000_000_000);

/// The same numbers every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.roll(of.len())]
    }
}

/// What stands in the files from the beginning, comments in every place where one can stand.
const BASE: [&str; 4] = [
    "// c1\n{\n  // c2\n  gateway: {\n    mode: 'local', // c3\n    port: 18789,\n    /* c4 */ bind: \"loopback\",\n    auth: { mode: 'token', token: '0123456789abcdef0123456789abcdef' }, // c5\n  },\n  // c6\n  logging: { level: 'info' },\n}\n// c7\n",
    "{\n  \"gateway\": {\n    \"mode\": \"local\",\n    \"token\": \"0123456789abcdef0123456789abcdef\",\n    // c1\n    \"auth\": {\n      \"type\": \"token\" // c2\n    }\n  },\n  \"agents\": { \"defaults\": { \"workspace\": \"~/w\" } } /* c3 */\n}\n",
    "{ gateway: { mode: 'local', bind: '0.0.0.0', /* c1 */ controlUi: { allowedOrigins: ['https://a.example'] } } } // c2\n",
    "{\r\n  // c1\r\n  gateway: { mode: 'local', trustedProxies: ['10.0.0.1'], },\r\n  channels: { x: { enabled: true } }, // c2\r\n}\r\n",
];

/// Lines that somebody adds.
const LINES: [&str; 16] = [
    "zz{n}: { kept: [1,  2, 3], /* c{n} */ also: 'yes' },",
    "'odd key {n}': null, // c{n}",
    "gateway: { port: {n} },",
    "\"gateway\": 5,",
    "hooks: { token: {n} },",
    "secrets: [],",
    "env: { vars: { A{n}: 'b' } },",
    "$include: './missing-{n}.json5',",
    "logging: { level: {n} },",
    "gateway: { token: 'another-{n}' },",
    "gateway: { auth: { type: 'password' } },",
    "gateway: { bind: 'localhost', auth: { mode: 'none' } },",
    "gateway: { auth: { token: '${NOT_SET_{n}}' } },",
    "gateway: { auth: { token: '__OPENCLAW_REDACTED__' } },",
    "channels: { telegram: { enabled: 'perhaps' } },",
    "// c{n} nothing but a remark",
];

const VALUES: [&str; 12] =
    ["null", "true", "-1", "1e9", "'text'", "[]", "{}", "[[[]]]", "'loopback'", "0x10", ".5", "\"\\u2028\""];

/// One file.
fn file(seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD0C7_0B5E);
    let mut text = BASE[dice.roll(BASE.len())].to_owned();
    for step in 0..=dice.roll(4) {
        let number = (seed % 1000) * 10 + step as u64 + 100;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let at = dice.roll(lines.len());
        let start: usize = lines[..at].iter().map(|line| line.len()).sum();
        match dice.roll(9) {
            // A line more, behind an opening brace so that it belongs to something.
            0..=3 => {
                let line = dice.pick(&LINES).replace("{n}", &number.to_string());
                if let Some(brace) = text.find('{') {
                    text.insert_str(brace + 1, &format!("\n  {line}\n"));
                }
            }
            4 => {
                let line = lines[at].to_owned();
                text.insert_str(start, &line);
            }
            5 => {
                let end = start + lines[at].len();
                text.replace_range(start..end, "");
            }
            // Another value behind a colon.
            6 => {
                let colons: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
                if !colons.is_empty() {
                    let from = colons[dice.roll(colons.len())];
                    let until = text[from..].find([',', '\n', '}']).map_or(text.len(), |end| from + end);
                    let value = dice.pick(&VALUES);
                    text.replace_range(from..until, value);
                }
            }
            7 => {
                let mut cut = dice.roll(text.len());
                while !text.is_char_boundary(cut) {
                    cut -= 1;
                }
                text.truncate(cut);
            }
            _ => {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                if !places.is_empty() {
                    let at = places[dice.roll(places.len())];
                    text.insert_str(at, dice.pick(&["{", "}", ",", "'", "/*", "\u{feff}", "\u{2028}", "x"]));
                }
            }
        }
        if text.is_empty() {
            break;
        }
    }
    let mut bytes = text.into_bytes();
    match dice.roll(40) {
        0 => bytes.push(0xff),
        1 => bytes.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
        _ => {}
    }
    bytes
}

/// Remarks and additions that must still be there, letter by letter.
fn kept(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("zz") || line.starts_with("'odd key") || line.starts_with("// c") {
            found.push(line);
        } else if let Some(at) = line.find("// c") {
            found.push(&line[at..]);
        }
    }
    found
}

/// What became of a file.
#[derive(Default)]
struct Tally {
    starts: usize,
    refused: usize,
    unreadable: usize,
    mended: usize,
}

fn one(seed: u64, dir: &Path, tally: &mut Tally) {
    let paths = Paths::in_state_dir(dir);
    let env = Env::default();
    let before = file(seed);
    std::fs::write(&paths.config_path, &before).unwrap();
    let read = || std::fs::read(&paths.config_path).unwrap();
    let shown = || String::from_utf8_lossy(&before).into_owned();
    let loaded = openclaw_config::load(&paths, &env);
    match &loaded {
        Err(error) => {
            tally.unreadable += 1;
            assert!(
                !error.issues().is_empty() && error.issues().iter().all(|i| i.severity == Severity::Fatal)
            );
        }
        Ok(loaded) => match start::plan(loaded, &paths, &Overrides::default()) {
            Ok(_) => {
                tally.starts += 1;
                assert!(loaded.is_valid());
            }
            Err(refusal) => {
                tally.refused += 1;
                assert_eq!(refusal.exit, EXIT_CONFIG, "seed {seed}:\n{}", shown());
                let said = refusal.to_string();
                for issue in loaded.issues_of(Severity::Fatal) {
                    assert!(said.contains(&issue.to_string()), "seed {seed}: {issue} is not in {said}");
                }
                assert!(!said.is_empty());
            }
        },
    }
    assert_eq!(read(), before, "seed {seed}: looking changed the file");

    let facts = Facts {
        paths: &paths,
        env: &env,
        config: loaded.as_ref(),
        vantage: &Vantage::default(),
        now: NOW,
        version: "test",
        container: None,
        local: Local::default(),
        gateway: Gateway::Stopped,
        door: None,
        port: (18789, None),
        service: None,
        devices: Devices::default(),
    };
    let mender =
        Mender { paths: &paths, env: &env, now: NOW, origin: openclaw_doctor::repair::ORIGIN, argv: &[] };
    let mut undos = Vec::new();
    for finding in run(&facts, |_| true) {
        let repair = match finding.repair {
            Some(repair @ (Repair::Config { .. } | Repair::GenerateToken)) => repair,
            _ => continue,
        };
        let text = String::from_utf8(read()).unwrap();
        match mender.mend(&repair) {
            Ok(done) => {
                let after = String::from_utf8(read()).unwrap();
                for piece in kept(&text) {
                    assert!(
                        after.contains(piece),
                        "seed {seed}: {piece:?} is gone\n{}\n---\n{after}",
                        shown()
                    );
                }
                assert!(openclaw_config::parse::parse(&after).is_ok(), "seed {seed}:\n{after}");
                if let Some(Undo::Own(words)) = done.undo {
                    let number: u64 = words.rsplit(' ').next().unwrap().parse().unwrap();
                    undos.push(number);
                }
            }
            // Nothing is better than something half done.
            Err(_) => assert_eq!(read(), text.as_bytes(), "seed {seed}"),
        }
    }
    if undos.is_empty() {
        assert_eq!(read(), before, "seed {seed}:\n{}", shown());
        return;
    }
    tally.mended += 1;
    for number in undos.into_iter().rev() {
        let undone = Editor::new(&paths, &env, "config undo", NOW).undo(Some(number));
        assert!(undone.is_ok(), "seed {seed}: {}", undone.unwrap_err());
    }
    assert_eq!(read(), before, "seed {seed}: not what it was\n{}", shown());
}

#[test]
fn a_thousand_files_start_or_say_why_and_come_back_to_the_byte() {
    // Every change waits for the disk several times; where there is a disk of memory, nothing is waited for.
    let memory = tempfile::Builder::new().tempdir_in("/dev/shm");
    let dir = memory.or_else(|_| tempfile::tempdir()).unwrap();
    let share = |first: u64| {
        let mut tally = Tally::default();
        for seed in (first..FILES).step_by(4) {
            let home = dir.path().join(seed.to_string());
            std::fs::create_dir(&home).unwrap();
            one(seed, &home, &mut tally);
        }
        tally
    };
    let tally = std::thread::scope(|scope| {
        let share = &share;
        let shares: Vec<_> = (0..4).map(|first| scope.spawn(move || share(first))).collect();
        shares.into_iter().map(|share| share.join().unwrap()).fold(Tally::default(), |all, one| Tally {
            starts: all.starts + one.starts,
            refused: all.refused + one.refused,
            unreadable: all.unreadable + one.unreadable,
            mended: all.mended + one.mended,
        })
    });
    // The dice must have thrown some of everything, or this shows nothing.
    let Tally { starts, refused, unreadable, mended } = tally;
    let mut told = String::new();
    write!(told, "{starts} start, {refused} refused, {unreadable} unreadable, {mended} mended").unwrap();
    assert!(starts > 100 && refused > 100 && unreadable > 100 && mended > 100, "{told}");
}
