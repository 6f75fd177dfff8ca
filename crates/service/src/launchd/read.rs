//! Reading the property lists of agents: as much of the format as agents use.

use std::collections::BTreeMap;
use std::path::Path;

use crate::report::Definition;

/// Deepest nesting that is read; agents have three levels.
const MAX_DEPTH: usize = 16;

/// A value of a property list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Text(String),
    Flag(bool),
    List(Vec<Item>),
    Dict(BTreeMap<String, Item>),
    /// A kind that no agent's audit asks for.
    Other,
}

/// The dictionary of an agent.
#[derive(Clone, Debug)]
pub(crate) struct Plist(BTreeMap<String, Item>);

impl Plist {
    /// The entry is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// An entry that is true or false.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(Item::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Item::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// Reads an XML property list; `None` for the binary form and for anything else.
pub(crate) fn parse(text: &str) -> Option<Plist> {
    let mut rest = &text[text.find("<plist")?..];
    rest = &rest[rest.find('>')? + 1..];
    match item(&mut rest, 0)? {
        Item::Dict(dict) => Some(Plist(dict)),
        _ => None,
    }
}

/// What the agent runs.
pub(crate) fn definition(path: &Path, text: &str) -> Option<Definition> {
    let plist = parse(text)?;
    let mut arguments = Vec::new();
    if let Some(Item::List(list)) = plist.0.get("ProgramArguments") {
        arguments.extend(list.iter().filter_map(|item| match item {
            Item::Text(text) => Some(text.clone()),
            _ => None,
        }));
    } else if let Some(program) = plist.text("Program") {
        arguments.push(program.to_owned());
    }
    let mut environment = BTreeMap::new();
    if let Some(Item::Dict(dict)) = plist.0.get("EnvironmentVariables") {
        environment.extend(dict.iter().filter_map(|(name, item)| match item {
            Item::Text(text) => Some((name.clone(), text.clone())),
            _ => None,
        }));
    }
    Some(Definition {
        arguments,
        working_directory: plist.text("WorkingDirectory").map(Into::into),
        environment,
        from_files: Vec::new(),
        path: path.to_path_buf(),
    })
}

/// The next tag: its name, and whether it closes or is empty.
fn tag<'a>(rest: &mut &'a str) -> Option<(&'a str, bool, bool)> {
    loop {
        let at = rest.find('<')?;
        let after = &rest[at + 1..];
        if let Some(comment) = after.strip_prefix("!--") {
            *rest = &comment[comment.find("-->")? + 3..];
            continue;
        }
        let end = after.find('>')?;
        let inner = &after[..end];
        *rest = &after[end + 1..];
        let closes = inner.starts_with('/');
        let empty = inner.ends_with('/');
        let name = inner.trim_start_matches('/').trim_end_matches('/').split_whitespace().next()?;
        return Some((name, closes, empty));
    }
}

fn text_until_close(rest: &mut &str) -> Option<String> {
    let at = rest.find("</")?;
    let text = unescape(&rest[..at]);
    *rest = &rest[at..];
    tag(rest)?;
    Some(text)
}

fn item(rest: &mut &str, depth: usize) -> Option<Item> {
    let (name, closes, empty) = tag(rest)?;
    if closes || depth > MAX_DEPTH {
        return None;
    }
    Some(match (name, empty) {
        ("true", true) => Item::Flag(true),
        ("false", true) => Item::Flag(false),
        ("string", false) => Item::Text(text_until_close(rest)?),
        ("string", true) => Item::Text(String::new()),
        ("array", false) => {
            let mut list = Vec::new();
            while !at_close(rest)? {
                list.push(item(rest, depth + 1)?);
            }
            tag(rest)?;
            Item::List(list)
        }
        ("dict", false) => {
            let mut dict = BTreeMap::new();
            while !at_close(rest)? {
                let ("key", false, false) = tag(rest)? else { return None };
                let key = text_until_close(rest)?;
                dict.insert(key, item(rest, depth + 1)?);
            }
            tag(rest)?;
            Item::Dict(dict)
        }
        ("array", true) => Item::List(Vec::new()),
        ("dict", true) => Item::Dict(BTreeMap::new()),
        (_, true) => Item::Other,
        (_, false) => {
            text_until_close(rest)?;
            Item::Other
        }
    })
}

/// Whether the next tag closes the enclosing one.
fn at_close(rest: &str) -> Option<bool> {
    let mut ahead = rest;
    Some(tag(&mut ahead)?.1)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_entries() {
        let plist = parse(
            "<?xml version=\"1.0\"?><!DOCTYPE plist><plist version=\"1.0\"><dict>\
             <key>A</key><true/><!-- note <key> --><key>B</key><integer>5</integer><key>C</key><string>a &amp;lt; b</string>\
             <key>D</key><array><string>x</string><array/></array><key>E</key><dict><key>F</key><false/></dict>\
             <key>G</key><string/></dict></plist>",
        )
        .unwrap();
        assert_eq!(plist.flag("A"), Some(true));
        assert_eq!(plist.text("C"), Some("a &lt; b"));
        assert_eq!(plist.0["B"], Item::Other);
        assert_eq!(plist.0["D"], Item::List(vec![Item::Text("x".into()), Item::List(vec![])]));
        assert_eq!(plist.0["E"], Item::Dict(BTreeMap::from([("F".into(), Item::Flag(false))])));
        assert_eq!(plist.text("G"), Some(""));
    }

    #[test]
    fn nonsense_is_nothing() {
        let deep = format!("<plist>{}", "<array>".repeat(10_000));
        for text in
            ["", "bplist00", "<plist>", "<plist><dict><key>A</key>", "<plist><true/></plist>", deep.as_str()]
        {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
