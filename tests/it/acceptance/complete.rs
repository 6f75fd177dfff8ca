//! The page is complete: each id of the list has a row, and each row a test or the part that closes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use openclaw_tests::acceptance::{code_spans, rows};
use openclaw_tests::place;

/// What an id may begin with, and the numbers there are.
const IDS: [(&str, &str); 10] = [
    ("A", "01-08 20-33 41"),
    ("C", "01-21"),
    ("D", "01-07"),
    ("F", "01-20"),
    ("G1", "1-12"),
    ("G2", "1-14"),
    ("G3", "1-11"),
    ("G4", "1-9"),
    ("G5", "0 0b 0c 1-4 4b 5-11"),
    ("N", "01-07"),
];

/// The parts of the product that do not exist yet. Only they may close a row later.
const COMING: [&str; 4] = ["TUI", "agent", "nodes", "channels"];

/// Every id of the list, with the seven of its table for one glance.
fn ids() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (letter, numbers) in IDS.iter().chain(&[("Q", "1-7")]) {
        for part in numbers.split(' ') {
            let Some((first, last)) = part.split_once('-') else {
                ids.insert(format!("{letter}-{part}"));
                continue;
            };
            let (from, to): (u32, u32) = (first.parse().unwrap(), last.parse().unwrap());
            ids.extend((from..=to).map(|number| format!("{letter}-{number:0width$}", width = first.len())));
        }
    }
    ids
}

/// The names of the tests in the folder of this file and below.
fn tests(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            tests(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.trim() == "#[test]" {
                let name = lines.next().and_then(|line| line.trim().strip_prefix("fn ")).unwrap_or_default();
                found.push(name.split('(').next().unwrap_or_default().to_owned());
            }
        }
    }
}

/// `C-01` as the beginning of a test's name: `c_01_`.
fn prefix(id: &str) -> String {
    id.to_ascii_lowercase().replace('-', "_") + "_"
}

#[test]
fn every_id_has_one_row() {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows() {
        *count.entry(&row.id).or_default() += 1;
    }
    let twice: Vec<_> = count.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "more than one row: {twice:?}");
    let on_page: BTreeSet<String> = count.keys().map(|id| (*id).to_owned()).collect();
    let wanted = ids();
    assert_eq!(wanted.difference(&on_page).collect::<Vec<_>>(), Vec::<&String>::new(), "without a row");
    assert_eq!(on_page.difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new(), "not on the list");
}

#[test]
fn every_row_has_its_test_or_says_what_closes_it() {
    let mut names = Vec::new();
    tests(&place::repository().join("tests/it/acceptance"), &mut names);
    let mut missing = Vec::new();
    for row in rows() {
        let tested = names.iter().any(|name| name.starts_with(&prefix(&row.id)));
        match row.open() {
            None if !tested => missing.push(format!("{}: no test is named {}…", row.id, prefix(&row.id))),
            None if code_spans(&row.says).is_empty() => {
                missing.push(format!("{}: the page quotes nothing of what the program says", row.id));
            }
            None => {}
            Some(why) => {
                let (part, sentence) = why.split_once(':').unwrap_or((why, ""));
                if !COMING.contains(&part.trim()) || sentence.trim().split(' ').count() < 4 {
                    missing.push(format!(
                        "{}: open without a part that closes it, or without saying how",
                        row.id
                    ));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{} rows are not proven:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn every_test_is_for_a_row() {
    let mut names = Vec::new();
    tests(&place::repository().join("tests/it/acceptance"), &mut names);
    assert!(names.len() > 30, "the tests are not found: {names:?}");
    let prefixes: Vec<String> = ids().iter().map(|id| prefix(id)).collect();
    let looks_like_one = |name: &&String| {
        let (letters, rest) = name.split_once('_').unwrap_or_default();
        letters.len() <= 2 && rest.starts_with(|first: char| first.is_ascii_digit())
    };
    let strays: Vec<&String> = names
        .iter()
        .filter(looks_like_one)
        .filter(|name| !prefixes.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    assert!(strays.is_empty(), "named after an id that is not on the list: {strays:?}");
}
