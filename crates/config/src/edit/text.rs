//! Editing the text of a file so that comments, order and spelling stay.
//!
//! One library edits, another reads the result back. When the two do not agree on what the text says (escapes and
//! duplicates that one of them sees differently), the file is written anew as plain JSON, and the caller is told.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{
    CstArray, CstInputValue, CstLeafNode, CstNode, CstObject, CstObjectProp, CstRootNode,
};
use serde_json::Value;

use super::{Edit, PathProblem, diff};
use crate::keypath::{KeyPath, Segment};
use crate::parse::{self, ParseError};

/// The outcome of editing a text. Holds the secrets of the file, so it cannot be printed.
#[derive(Clone, PartialEq)]
pub struct Edited {
    /// The new text, ending in a newline.
    pub text: String,
    /// What it says: the old value with the edits applied.
    pub value: Value,
    /// Whether the text had to be written anew, so that comments and spelling are gone.
    pub rewritten: bool,
}

/// Why a text cannot be edited.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TextError {
    /// The text is not JSON5, or would be too large or too deep with the edits.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// An edit does not fit what is there.
    #[error(transparent)]
    Path(#[from] PathProblem),
}

/// Applies edits to a text, in order. A blank text counts as an empty object.
///
/// # Errors
/// When the text does not parse or an edit does not fit; nothing is applied then.
pub fn apply(text: &str, edits: &[Edit]) -> Result<Edited, TextError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let old =
        if text.trim().is_empty() { Value::Object(serde_json::Map::new()) } else { parse::parse(text)? };
    let mut value = old.clone();
    for edit in edits {
        edit.apply(&mut value)?;
    }
    let steps = diff::edits(&old, &value);
    if steps.is_empty() && !text.trim().is_empty() {
        return Ok(Edited { text: text.to_owned(), value, rewritten: false });
    }
    let kept = splice(text, &steps)
        .map(with_newline)
        .filter(|new| parse::parse(new).is_ok_and(|read| read == value));
    Ok(match kept {
        Some(text) => Edited { text, value, rewritten: false },
        None => {
            let new = pretty(&value);
            // An edit can nest deeper than what is ever read again.
            parse::parse(&new)?;
            Edited { text: new, value, rewritten: !text.trim().is_empty() }
        }
    })
}

/// A value as the text of a file: plain JSON, two spaces.
#[must_use]
pub fn pretty(value: &Value) -> String {
    with_newline(serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string()))
}

fn with_newline(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The tree of a text, accepting no more than JSON5 does where the library lets us choose.
pub(crate) fn tree(text: &str) -> Option<CstRootNode> {
    CstRootNode::parse(text, &ParseOptions { allow_missing_commas: false, ..ParseOptions::default() }).ok()
}

fn splice(text: &str, steps: &[Edit]) -> Option<String> {
    let mut root = tree(text)?;
    if root.value().is_none() {
        root.set_value(CstInputValue::Object(vec![]));
    }
    // What comes goes in first: an object that was emptied would lose the remarks in it when it is filled again. The
    // steps of a difference touch different places, so that their order is free.
    let (come, go): (Vec<&Edit>, Vec<&Edit>) =
        steps.iter().partition(|step| matches!(step, Edit::Set { .. }));
    for step in come.into_iter().chain(go) {
        match step {
            Edit::Set { path, value } if path.is_root() => root.set_value(input(value)),
            Edit::Set { path, value } => set(&root, path, value)?,
            Edit::Unset { path } => {
                unset(&root, path)?;
                // What was blanked out is still a property of the tree, but none of the text.
                root = tree(&root.to_string())?;
            }
        }
    }
    Some(root.to_string())
}

fn set(root: &CstRootNode, path: &KeyPath, value: &Value) -> Option<()> {
    let (last, parents) = path.0.split_last()?;
    let parent = parents.iter().try_fold(root.value()?, |node, seg| child(&node, seg))?;
    if let Some(object) = parent.as_object() {
        let name = match last {
            Segment::Key(key) => key.clone(),
            Segment::Index(i) => i.to_string(),
        };
        match property(&object, &name) {
            Some(prop) => prop.set_value(input(value)),
            None => {
                object.append(&name, input(value));
            }
        }
        return Some(());
    }
    let array = parent.as_array()?;
    let index = position(last)?;
    match array.elements().into_iter().nth(index) {
        Some(node) => replace(&array, index, node, value),
        None => {
            array.append(input(value));
            Some(())
        }
    }
}

fn replace(array: &CstArray, index: usize, node: CstNode, value: &Value) -> Option<()> {
    let value = input(value);
    let done = match node {
        CstNode::Leaf(CstLeafNode::StringLit(n)) => n.replace_with(value),
        CstNode::Leaf(CstLeafNode::NumberLit(n)) => n.replace_with(value),
        CstNode::Leaf(CstLeafNode::BooleanLit(n)) => n.replace_with(value),
        CstNode::Leaf(CstLeafNode::NullKeyword(n)) => n.replace_with(value),
        other => match (other.as_object(), other.as_array()) {
            (Some(n), _) => n.replace_with(value),
            (_, Some(n)) => n.replace_with(value),
            _ => {
                other.remove();
                Some(array.insert(index, value))
            }
        },
    };
    done.map(|_| ())
}

fn unset(root: &CstRootNode, path: &KeyPath) -> Option<()> {
    let (last, parents) = path.0.split_last()?;
    let parent = parents.iter().try_fold(root.value()?, |node, seg| child(&node, seg))?;
    if let Some(object) = parent.as_object() {
        let name = match last {
            Segment::Key(key) => key.clone(),
            Segment::Index(i) => i.to_string(),
        };
        // A key that was given twice would come back to life if only one of them went.
        let all: Vec<CstObjectProp> = named(&object, &name).collect();
        if all.is_empty() {
            return None;
        }
        all.into_iter().for_each(remove);
        return Some(());
    }
    let array = parent.as_array()?;
    array.elements().into_iter().nth(position(last)?)?.remove();
    Some(())
}

/// Removes a property. Remarks on its line stay where they are: they may be the only place where something is written
/// down. The library would take them along, so the property is blanked out around them where that is possible.
fn remove(prop: CstObjectProp) {
    let same_line = |node: &CstNode| {
        let trivia = node.is_comment() || node.is_whitespace() || node.is_comma();
        trivia && !node.is_newline()
    };
    let remarks = prop.previous_siblings().take_while(same_line).any(|node| node.is_comment())
        || prop.next_siblings().take_while(same_line).any(|node| node.is_comment());
    if !remarks || blank(&prop).is_none() {
        prop.remove();
    }
}

fn blank(prop: &CstObjectProp) -> Option<()> {
    let children = prop.children();
    // Nothing is touched before it is known that everything can be.
    let simple = children.iter().all(|child| {
        let CstNode::Leaf(leaf) = child else { return false };
        use CstLeafNode::{NumberLit, StringLit, Token, Whitespace, WordLit};
        matches!(leaf, StringLit(_) | WordLit(_) | NumberLit(_) | Token(_) | Whitespace(_))
    });
    if !simple {
        return None;
    }
    for child in children {
        match child {
            CstNode::Leaf(CstLeafNode::StringLit(leaf)) => leaf.set_raw_value(String::new()),
            CstNode::Leaf(CstLeafNode::WordLit(leaf)) => leaf.set_raw_value(String::new()),
            CstNode::Leaf(CstLeafNode::NumberLit(leaf)) => leaf.set_raw_value(String::new()),
            CstNode::Leaf(CstLeafNode::Token(leaf)) => leaf.set_value(' '),
            CstNode::Leaf(CstLeafNode::Whitespace(leaf)) => leaf.set_value(String::new()),
            _ => {}
        }
    }
    if let Some(comma) = prop.trailing_comma() {
        comma.set_value(' ');
    }
    Some(())
}

/// The value below a node; of properties given twice the last one, which is the one that counts.
fn child(node: &CstNode, segment: &Segment) -> Option<CstNode> {
    if let Some(object) = node.as_object() {
        return match segment {
            Segment::Key(key) => property(&object, key)?.value(),
            Segment::Index(i) => property(&object, &i.to_string())?.value(),
        };
    }
    node.as_array()?.elements().into_iter().nth(position(segment)?)
}

fn position(segment: &Segment) -> Option<usize> {
    match segment {
        Segment::Index(i) => Some(*i),
        Segment::Key(key) => key.parse().ok(),
    }
}

fn named<'o>(object: &'o CstObject, name: &'o str) -> impl Iterator<Item = CstObjectProp> + 'o {
    object.properties().into_iter().filter(move |p| p.decoded_name().as_deref() == Some(name))
}

fn property(object: &CstObject, name: &str) -> Option<CstObjectProp> {
    named(object, name).last()
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(b) => CstInputValue::Bool(*b),
        Value::Number(n) => CstInputValue::Number(n.to_string()),
        Value::String(s) => CstInputValue::String(s.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(map) => CstInputValue::Object(map.iter().map(|(k, v)| (k.clone(), input(v))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn set(path: &str, value: Value) -> Edit {
        Edit::Set { path: path.parse().unwrap(), value }
    }

    fn unset(path: &str) -> Edit {
        Edit::Unset { path: path.parse().unwrap() }
    }

    const FILE: &str = "// top\n{\n  // the gateway\n  gateway: {\n    port: 18789, // the port\n    'auth': {\n      /* secret */\n      token: \"old\",\n    },\n  },\n  custom: { x: 1 }, // kept\n  list: [\n    1, // one\n    2\n  ]\n}\n";

    #[test]
    fn keeps_everything_else() {
        let edited = apply(FILE, &[set("gateway.auth.token", json!("new"))]).unwrap();
        assert_eq!(edited.text, FILE.replace("\"old\"", "\"new\""));
        assert!(!edited.rewritten);

        let edited = apply(
            FILE,
            &[
                set("gateway.bind", json!("lan")),
                unset("custom"),
                set("list[2]", json!(3)),
                set("a.b.c", json!(true)),
            ],
        )
        .unwrap();
        assert!(!edited.rewritten, "{}", edited.text);
        for comment in ["// top", "// the gateway", "// the port", "/* secret */", "// one"] {
            assert!(edited.text.contains(comment), "{comment} is gone from\n{}", edited.text);
        }
        assert_eq!(parse::parse(&edited.text).unwrap()["list"], json!([1, 2, 3]));
        assert_eq!(edited.value["a"]["b"]["c"], true);
    }

    #[test]
    fn setting_an_object_keeps_comments_inside() {
        let edited = apply(FILE, &[set("gateway.auth", json!({"token": "old", "mode": "token"}))]).unwrap();
        assert!(edited.text.contains("/* secret */") && !edited.rewritten, "{}", edited.text);
    }

    #[test]
    fn remarks_on_the_line_of_what_goes_stay() {
        for (text, path, rest) in [
            ("{\n  a: 1, // one\n  b: 2,\n}\n", "a", json!({"b": 2})),
            ("{\n  a: 1,\n  /* before */ b: 'x' // one\n}\n", "b", json!({"a": 1})),
            ("{ /* one */ \"a\": \"x\" /* two */, b: 2 } // one\n", "a", json!({"b": 2})),
            ("{ a: { b: 'x', /* one */ }, }\n", "a.b", json!({"a": {}})),
        ] {
            let edited = apply(text, &[unset(path)]).unwrap();
            assert!(!edited.rewritten, "{text}\n{}", edited.text);
            assert_eq!((&edited.value, parse::parse(&edited.text).unwrap()), (&rest, rest.clone()), "{text}");
            for comment in ["one", "two", "before"].into_iter().filter(|word| text.contains(word)) {
                assert!(edited.text.contains(comment), "{comment} is gone from\n{}", edited.text);
            }
        }
    }

    #[test]
    fn odd_files() {
        let table = [
            ("", json!({"a": 1})),
            ("  \n", json!({"a": 1})),
            ("\u{feff}{}", json!({"a": 1})),
            ("{b: 'x\\\ny'}", json!({"b": "xy", "a": 1})),
            ("{a: 0, a: 0}", json!({"a": 1})),
            ("{\"a\": 0, 'a': 2}", json!({"a": 1})),
            ("{b: .5, c: +1, d: 0xff}", json!({"b": 0.5, "c": 1, "d": 255, "a": 1})),
            ("{b: \"\u{2028}\"}", json!({"b": "\u{2028}", "a": 1})),
            ("{b: 1 // no comma\n}", json!({"b": 1, "a": 1})),
            ("// only\u{2028} {b: 1}\n{}", json!(null)),
            ("{\\u0061: 0}", json!({"a": 1})),
            ("{}\r\n", json!({"a": 1})),
        ];
        for (text, want) in table {
            match apply(text, &[set("a", json!(1))]) {
                Ok(edited) => {
                    assert_eq!(parse::parse(&edited.text).unwrap(), edited.value, "{text:?}");
                    assert!(want.is_null() || edited.value == want, "{text:?}: {}", edited.value);
                }
                Err(TextError::Parse(_)) => assert!(want.is_null(), "{text:?}"),
                Err(other) => panic!("{text:?}: {other}"),
            }
        }
        assert!(matches!(apply("{", &[set("a", json!(1))]), Err(TextError::Parse(_))));
        let deep = "a.".repeat(parse::MAX_DEPTH) + "a";
        assert!(matches!(apply("{}", &[set(&deep, json!(1))]), Err(TextError::Parse(_))));
        assert!(matches!(apply("{a: 1}", &[set("a.b", json!(1))]), Err(TextError::Path(_))));
        assert!(matches!(apply("{a: 1}", &[unset("b")]), Err(TextError::Path(_))));
    }

    #[test]
    fn where_the_two_readers_disagree_the_file_is_written_anew() {
        // For one of them U+2028 ends the comment, for the other it does not.
        let text = "{a: [1, // x\u{2028} 2,\n 3]}";
        let edited = apply(text, &[set("a[1]", json!(9))]).unwrap();
        assert!(edited.rewritten);
        assert_eq!(edited.value, json!({"a": [1, 9, 3]}));
        assert_eq!(parse::parse(&edited.text).unwrap(), edited.value);
    }

    #[test]
    fn a_duplicate_key_does_not_come_back() {
        let edited = apply("{a: 1, b: 2, a: 3}", &[unset("a")]).unwrap();
        assert_eq!(parse::parse(&edited.text).unwrap(), json!({"b": 2}));
    }

    #[test]
    fn nothing_to_do_changes_no_byte() {
        let text = "{a:1,}";
        assert_eq!(apply(text, &[set("a", json!(1))]).unwrap().text, text);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~\u{2028}é\n\"\\\\]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c \"\\\\é]{1,2}", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    /// A value as somebody might write it: comments everywhere, single quotes, bare names.
    fn write(value: &Value, count: &mut usize, out: &mut String) {
        let comment = |count: &mut usize, out: &mut String| {
            *count += 1;
            out.push_str(&format!(" /* comment {count}. */ "));
        };
        match value {
            Value::Object(map) => {
                out.push_str("{\n");
                for (k, v) in map {
                    comment(count, out);
                    out.push_str(&format!("{}: ", Value::from(k.as_str())));
                    write(v, count, out);
                    *count += 1;
                    out.push_str(&format!(", // comment {count}.\n"));
                }
                out.push('}');
            }
            Value::Array(list) => {
                out.push('[');
                for v in list {
                    comment(count, out);
                    write(v, count, out);
                    out.push_str(",\n");
                }
                out.push(']');
            }
            other => out.push_str(&other.to_string()),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whatever is set wherever: the text says exactly the edited value, and no comment outside of what was
        /// replaced is lost.
        #[test]
        fn edit_round_trip(base in values(), new in values(), keys in prop::collection::vec("[a-c]", 1..4), remove: bool) {
            let base = json!({"a": base, "zz": 1});
            let mut text = String::new();
            let mut count = 0;
            write(&base, &mut count, &mut text);
            prop_assert_eq!(&parse::parse(&text).unwrap(), &base);
            let path = KeyPath::keys(keys);
            let edit = if remove { Edit::Unset { path } } else { Edit::Set { path, value: new } };
            let mut want = base.clone();
            if edit.apply(&mut want).is_err() {
                return Ok(());
            }
            let edited = apply(&text, &[edit]).unwrap();
            prop_assert_eq!(&edited.value, &want);
            prop_assert_eq!(&parse::parse(&edited.text).unwrap(), &want);
            prop_assert!(!edited.rewritten, "{}", text);
            // Comments may only go where a value was replaced by one of another type.
            let before = text.matches("comment ").count();
            let after = edited.text.matches("comment ").count();
            let replaced_whole = diff::edits(&base, &want).iter().any(|e| match e {
                Edit::Set { path, .. } => path.get(&base).is_some_and(|v| v.is_object() || v.is_array()),
                Edit::Unset { .. } => true,
            });
            prop_assert!(after == before || replaced_whole, "{}\n---\n{}", text, edited.text);
        }

        /// Any text at all is answered.
        #[test]
        fn hostile_text(text in "[\\[\\]{}:,'\"/*\\\\\n\u{2028}\u{feff}a1 .+-]{0,60}") {
            if let Ok(edited) = apply(&text, &[set("a", json!(1))]) {
                prop_assert_eq!(parse::parse(&edited.text).unwrap(), edited.value);
            }
        }
    }
}
