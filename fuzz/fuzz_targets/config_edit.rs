//! Edits of the configuration file. Input: lines `set <path> <JSON5>` and `unset <path>`, a line `---`, the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_config::edit::{Edit, diff, text};
use openclaw_config::{KeyPath, keypath::Segment, parse};
use openclaw_fuzz::{json5, lines, values};
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    let input = lines::text(data);
    let (head, file) = input.split_once("---\n").unwrap_or(("", &input));
    let edits: Vec<Edit> = lines::of(head).filter_map(|(word, rest)| edit(word, rest)).take(6).collect();
    let old = match file.strip_prefix('\u{feff}').unwrap_or(file).trim().is_empty() {
        true => Ok(Value::Object(Map::new())),
        false => parse::parse(file),
    };
    let edited = match (text::apply(file, &edits), &old) {
        (Ok(edited), Ok(_)) => edited,
        (Err(text::TextError::Parse(_)), Ok(old)) => {
            let mut value = old.clone();
            edits.iter().for_each(|edit| edit.apply(&mut value).unwrap_or_default());
            assert!(values::depth(&value) > parse::MAX_DEPTH, "the file parses");
            return;
        }
        (Ok(_), Err(_)) => panic!("the file does not parse"),
        (Err(_), _) => return,
    };
    let old = old.expect("checked above");
    // Some decimal fractions do not come out of the JSON library as they went in; they are nobody's setting.
    if !values::exact(&edited.value) {
        return;
    }
    // What is written is what was promised, to us and to anybody who reads plain JSON5.
    let read = parse::parse(&edited.text);
    assert_eq!(read.as_ref(), Ok(&edited.value), "{}", edited.text);
    if let Some(want) = simply(&old, &edits) {
        assert_eq!(edited.value, want);
    }
    untouched_members_stay(&old, &edits, &edited.value);
    let steps = diff::edits(&old, &edited.value);
    let blank = file.strip_prefix('\u{feff}').unwrap_or(file).trim().is_empty();
    if steps.is_empty() && !blank {
        assert_eq!(
            edited.text,
            file.strip_prefix('\u{feff}').unwrap_or(file),
            "nothing to do, and yet something done"
        );
        return;
    }
    if is_plain(file, &old) {
        assert!(!edited.rewritten, "comments and spelling are gone from {file}");
    }
    if !edited.rewritten && !blank {
        spelling_stays(file, &edits, &edited.text);
        comments_stay(file, &old, &steps, &edited.text);
    }
    // The second time there is nothing to do.
    let sets = edits.iter().all(|edit| matches!(edit, Edit::Set { .. }));
    if sets && edits.len() == 1 && !appends(&edits[0], &old) {
        let again = text::apply(&edited.text, &edits).expect("it fitted before");
        assert_eq!(again.text, edited.text);
    }
});

fn edit(word: &str, rest: &str) -> Option<Edit> {
    let (path, value) = rest.split_once(' ').unwrap_or((rest, ""));
    let path: KeyPath = path.parse().ok()?;
    assert_eq!(path.to_string().parse().as_ref(), Ok(&path), "a path that reads differently");
    match word {
        "set" => Some(Edit::Set { path, value: parse::value_or_string(value) }),
        "unset" => Some(Edit::Unset { path }),
        _ => None,
    }
}

/// Whether setting a second time appends a second time: an index equal to the length.
fn appends(edit: &Edit, old: &Value) -> bool {
    edit.path().get(old).is_none() && edit.path().0.iter().any(|segment| matches!(segment, Segment::Index(_)))
}

/// What the edits mean where only objects are on the way; `None` elsewhere.
fn simply(old: &Value, edits: &[Edit]) -> Option<Value> {
    let mut value = old.clone();
    for edit in edits {
        let mut names = Vec::new();
        for segment in &edit.path().0 {
            let Segment::Key(name) = segment else { return None };
            names.push(name.clone());
        }
        let last = names.pop()?;
        let mut here = &mut value;
        for name in names {
            let set = matches!(edit, Edit::Set { .. });
            let map = here.as_object_mut()?;
            here = match set {
                true => map.entry(name).or_insert_with(|| Value::Object(Map::new())),
                false => map.get_mut(&name)?,
            };
        }
        let map = here.as_object_mut()?;
        match edit {
            Edit::Set { value, .. } => map.insert(last, value.clone()),
            Edit::Unset { .. } => map.shift_remove(&last),
        };
    }
    Some(value)
}

/// The outermost name that an edit touches; `None` when it may touch all.
fn touched(edit: &Edit) -> Option<String> {
    match edit.path().0.first()? {
        Segment::Key(name) => Some(name.clone()),
        Segment::Index(n) => Some(n.to_string()),
    }
}

fn untouched_members_stay(old: &Value, edits: &[Edit], new: &Value) {
    let Some(names) = edits.iter().map(touched).collect::<Option<Vec<_>>>() else { return };
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return };
    let others = |map: &Map<String, Value>| -> Vec<(String, Value)> {
        map.iter().filter(|(name, _)| !names.contains(name)).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    assert_eq!(others(old), others(new), "other members, and their order");
}

/// Texts that every reader understands alike: strict JSON but for comments, no name twice.
fn is_plain(file: &str, old: &Value) -> bool {
    let bare = json5::without_comments(file);
    let odd = file.contains(['\u{2028}', '\u{2029}', '\u{feff}', '\r', '\\']);
    !odd && json5::colons(file) == values::members(old)
        && serde_json::from_str::<Value>(&bare).is_ok_and(|value| value == *old)
}

/// Members that no edit names are written exactly as before, comments inside them included.
fn spelling_stays(file: &str, edits: &[Edit], new: &str) {
    if file.contains(['\u{2028}', '\u{2029}']) {
        return;
    }
    let Some(names) = edits.iter().map(touched).collect::<Option<Vec<_>>>() else { return };
    let (Some(before), Some(after)) = (json5::top_members(file), json5::top_members(new)) else { return };
    for (name, value) in before.iter().filter(|(name, _)| !names.contains(name)) {
        let kept = after.iter().any(|(n, v)| n == name && v == value);
        assert!(kept, "{name} is no longer written {value:?}:\n{new}");
    }
}

/// Where only plain values change or something is added, every comment is still there, in its order.
fn comments_stay(file: &str, old: &Value, steps: &[Edit], new: &str) {
    let gentle = steps.iter().all(|step| match step {
        Edit::Set { path, .. } => path.get(old).is_none_or(|v| !v.is_object() && !v.is_array()),
        Edit::Unset { .. } => false,
    });
    // A name given twice is written once by some edits, and then its comments go with it.
    if !gentle || json5::colons(file) != values::members(old) || file.contains(['\u{2028}', '\u{2029}']) {
        return;
    }
    let after = json5::comments(new);
    let mut left = after.iter();
    for comment in json5::comments(file) {
        assert!(left.any(|kept| *kept == comment), "{comment:?} is gone from\n{new}");
    }
}
