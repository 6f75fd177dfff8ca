use openclaw_admission::trace::Trace;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::ids::ConnId;
use openclaw_protocol::refusal::{Cause, Refusal};
use openclaw_protocol::words::Words;

use super::*;

fn entry(ts: u64) -> Entry {
    Entry {
        ts: Millis(ts),
        first_ts: Millis(ts),
        count: 1,
        conn_id: ConnId::random(),
        first_conn_id: ConnId::random(),
        address: "203.0.113.9".parse().ok(),
        path: Words::new("direct"),
        origin: Some(Words::new("https://elsewhere.example.com")),
        host: None,
        device_id: None,
        client: Words::new("cli"),
        dialect: Dialect::V4,
        refusal: Refusal::InvalidRole,
        ahead: vec![Cause::NewDevice],
        trace: Arc::new(
            serde_json::from_str::<Trace>(r#"[{"name":"role","verdict":"fail","saw":"king"}]"#).unwrap(),
        ),
    }
}

fn kind(network: [u8; 4], message: &str) -> Kind {
    Kind { network: Some(network.into()), device: None, message: message.to_owned() }
}

#[test]
fn whoever_changes_a_word_each_time_gets_no_more_than_his_share() {
    let journal = Journal::default();
    let honest = kind([192, 0, 2, 1], "token mismatch");
    assert_eq!(journal.record(honest.clone(), entry(0)).count, 1);
    let mut told = 0;
    for number in 0..10_000 {
        let kept =
            journal.record(kind([203, 0, 113, 9], &format!("nonsense {number}")), entry(number / 1_000));
        told += u32::from(kept.count == 1);
    }
    assert_eq!(told as usize, MAX_KINDS);
    let entries = journal.entries(usize::MAX);
    assert_eq!(entries.len(), MAX_KINDS + 1);
    assert_eq!(journal.refused_since(Millis(0)), 10_001, "and everything is counted");
    assert_eq!(journal.record(honest, entry(20)).count, 2);
    // A minute later his share is new.
    assert_eq!(journal.record(kind([203, 0, 113, 9], "again"), entry(FOLD_MS + 100)).count, 1);
}

#[test]
fn the_journal_is_bounded_however_many_networks_there_are() {
    let journal = Journal::default();
    for number in 0..2_000u32 {
        journal.record(kind(number.to_be_bytes(), "m"), entry(0));
    }
    assert_eq!(journal.entries(usize::MAX).len(), MAX_ENTRIES);
    assert!(journal.state().recent.len() <= MAX_ENTRIES);
}

#[test]
fn a_count_is_told_when_it_grows_and_once_more_at_its_end() {
    let journal = Journal::default();
    let same = || kind([192, 0, 2, 1], "m");
    let first = journal.record(same(), entry(0));
    let told: Vec<u32> =
        (1..17).map(|ts| journal.record(same(), entry(ts)).count).filter(|count| is_told(*count)).collect();
    assert_eq!(told, [2, 4, 8, 16]);
    assert!(journal.owes_a_count() && journal.to_be_told(Millis(FOLD_MS - 1)).is_empty());
    let last = journal.to_be_told(Millis(FOLD_MS));
    assert_eq!(last.iter().map(|entry| entry.count).collect::<Vec<_>>(), [17]);
    assert_eq!(last[0].first_conn_id, first.first_conn_id, "the line that was read first leads here");
    assert!(!journal.owes_a_count() && journal.to_be_told(Millis(FOLD_MS)).is_empty());
}

#[test]
fn the_journal_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.json");
    let first = Journal::kept_in(path.clone());
    first.record(kind([192, 0, 2, 1], "m"), entry(5));
    first.record(kind([192, 0, 2, 2], "m"), entry(6));
    first.save().unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
    assert_eq!(mode & 0o777, 0o600);

    let second = Journal::kept_in(path.clone());
    assert_eq!(second.entries(9), first.entries(9), "all of an entry comes back");
    assert_eq!(second.refused_since(Millis(6)), 1);
    // What is new is not counted into what a former run met, and pushes it out in the end.
    assert_eq!(second.record(kind([192, 0, 2, 1], "m"), entry(7)).count, 1);
    for number in 0..2_000u32 {
        second.record(kind(number.to_be_bytes(), "m"), entry(8));
    }
    second.save().unwrap();
    let third = Journal::kept_in(path).entries(usize::MAX);
    assert_eq!(third.len(), MAX_ENTRIES);
    assert!(third.iter().all(|entry| entry.ts == Millis(8)));
}

#[test]
fn a_file_that_cannot_be_read_or_written_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.json");
    for text in ["", "{", "{\"version\":2,\"entries\":[]}", "{\"version\":1,\"entries\":[{\"ts\":1},7]}"] {
        std::fs::write(&path, text).unwrap();
        assert!(Journal::kept_in(path.clone()).entries(9).is_empty(), "{text}");
    }
    let nowhere = Journal::kept_in(dir.path().join("missing").join("journal.json"));
    nowhere.record(kind([192, 0, 2, 1], "m"), entry(5));
    assert!(nowhere.save().is_err());
    assert_eq!(nowhere.entries(9).len(), 1);
    // A change that could not be written is written as soon as it can be.
    std::fs::create_dir(dir.path().join("missing")).unwrap();
    nowhere.save().unwrap();
    assert_eq!(Journal::kept_in(dir.path().join("missing").join("journal.json")).entries(9).len(), 1);
}
