//! The notation of the table and its reading.
//!
//! One key per line, indented by two spaces below its parent:
//!
//! ```text
//! name: type|type = default @flag  # what it does
//! ```
//!
//! Types are `string boolean integer number null any object map list string[] object[] false secret`; any other word is
//! a choice (a string that must be one of the listed ones). A line without a type is an object. `*` stands for any
//! key of its parent, `[]` for the elements of an array. An object or map without lines below it takes any keys.
//! Flags: `@min=n`, `@max=n` for numbers, `@account` for maps whose entries take the keys of the enclosing channel.

use std::sync::OnceLock;

use serde_json::Value;

/// The types an entry allows, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Kind(u16);

impl Kind {
    /// Text.
    pub const STRING: Kind = Kind(1);
    /// `true` or `false`.
    pub const BOOLEAN: Kind = Kind(1 << 1);
    /// A number without a fraction.
    pub const INTEGER: Kind = Kind(1 << 2);
    /// Any number.
    pub const NUMBER: Kind = Kind(1 << 3);
    /// `null`.
    pub const NULL: Kind = Kind(1 << 4);
    /// Anything.
    pub const ANY: Kind = Kind(1 << 5);
    /// An object with known keys.
    pub const OBJECT: Kind = Kind(1 << 6);
    /// An object with keys of the user's choice.
    pub const MAP: Kind = Kind(1 << 7);
    /// An array of anything.
    pub const LIST: Kind = Kind(1 << 8);
    /// An array of strings.
    pub const STRINGS: Kind = Kind(1 << 9);
    /// An array of objects.
    pub const OBJECTS: Kind = Kind(1 << 10);
    /// `false`, meaning off, beside other types.
    pub const FALSE: Kind = Kind(1 << 11);
    /// Text that must not be shown, or a reference to it (`{source, provider, id}`).
    pub const SECRET: Kind = Kind(1 << 12);

    /// Whether any of the types in `other` is allowed.
    #[must_use]
    pub const fn has(self, other: Kind) -> bool {
        self.0 & other.0 != 0
    }

    const fn or(self, other: Kind) -> Kind {
        Kind(self.0 | other.0)
    }

    fn word(word: &str) -> Option<Kind> {
        Some(match word {
            "string" => Kind::STRING,
            "boolean" => Kind::BOOLEAN,
            "integer" => Kind::INTEGER,
            "number" => Kind::NUMBER,
            "null" => Kind::NULL,
            "any" => Kind::ANY,
            "object" => Kind::OBJECT,
            "map" => Kind::MAP,
            "list" => Kind::LIST,
            "string[]" => Kind::STRINGS,
            "object[]" => Kind::OBJECTS,
            "false" => Kind::FALSE,
            "secret" => Kind::SECRET,
            _ => return None,
        })
    }
}

/// One entry of the table.
#[derive(Debug)]
pub struct Node {
    /// The key, `*` or `[]`.
    pub name: &'static str,
    /// The types it may have beside `choices`.
    pub kind: Kind,
    /// Strings it may be.
    pub choices: Vec<&'static str>,
    /// The default, as JSON text.
    pub default: Option<&'static str>,
    /// Smallest number allowed.
    pub min: Option<i64>,
    /// Largest number allowed.
    pub max: Option<i64>,
    /// What it does, one or two sentences.
    pub doc: Option<&'static str>,
    /// The keys below it.
    pub children: Vec<Node>,
    pub(super) accounts: bool,
}

impl Node {
    /// Whether it may be an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.kind.has(Kind::OBJECT.or(Kind::MAP).or(Kind::ANY))
    }

    /// Whether it may be an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.kind.has(Kind::LIST.or(Kind::STRINGS).or(Kind::OBJECTS).or(Kind::ANY))
    }

    /// Whether a key that is not among the children is unknown. False for objects the table says nothing about.
    #[must_use]
    pub fn lists_its_keys(&self) -> bool {
        !self.kind.has(Kind::MAP.or(Kind::ANY)) && self.children.iter().any(|c| c.name != "[]")
            || (self.children.is_empty() && !self.is_object())
    }

    /// The default as a value.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        serde_json::from_str(self.default?).ok()
    }
}

/// One file of the table, read on first use.
pub(super) struct Section {
    names: &'static [&'static str],
    text: &'static str,
    nodes: OnceLock<Vec<Node>>,
}

impl Section {
    pub(super) fn nodes(&self) -> &[Node] {
        self.nodes.get_or_init(|| read(self.text))
    }

    /// The entry of that name, reading the file only when the name can be in it.
    pub(super) fn find(&'static self, name: &str) -> Option<&'static Node> {
        if !self.names.is_empty() && !self.names.contains(&name) {
            return None;
        }
        self.nodes().iter().find(|n| n.name == name)
    }
}

macro_rules! section {
    ($name:literal) => {
        Section {
            names: &[$name],
            text: include_str!(concat!("../../schema/", $name, ".txt")),
            nodes: OnceLock::new(),
        }
    };
}

macro_rules! channel {
    ($name:literal) => {
        Section {
            names: &[$name],
            text: include_str!(concat!("../../schema/channels/", $name, ".txt")),
            nodes: OnceLock::new(),
        }
    };
}

/// The top-level sections but `channels`. The last file holds several small ones.
pub(super) static SECTIONS: [Section; 18] = [
    section!("gateway"),
    section!("agents"),
    section!("models"),
    section!("tools"),
    section!("session"),
    section!("messages"),
    section!("commands"),
    section!("approvals"),
    section!("auth"),
    section!("cron"),
    section!("hooks"),
    section!("skills"),
    section!("plugins"),
    section!("discovery"),
    section!("logging"),
    section!("nodeHost"),
    section!("web"),
    Section { names: &[], text: include_str!("../../schema/core.txt"), nodes: OnceLock::new() },
];

/// The channels, and the two keys beside them that hold settings for all of them.
pub(super) static CHANNELS: [Section; 29] = [
    channel!("a2a"),
    channel!("buzz"),
    channel!("clickclack"),
    channel!("defaults"),
    channel!("discord"),
    channel!("feishu"),
    channel!("googlechat"),
    channel!("imessage"),
    channel!("irc"),
    channel!("line"),
    channel!("matrix"),
    channel!("mattermost"),
    channel!("modelByChannel"),
    channel!("msteams"),
    channel!("nextcloud-talk"),
    channel!("nostr"),
    channel!("qa-channel"),
    channel!("raft"),
    channel!("reef"),
    channel!("signal"),
    channel!("slack"),
    channel!("sms"),
    channel!("synology-chat"),
    channel!("telegram"),
    channel!("tlon"),
    channel!("twitch"),
    channel!("whatsapp"),
    channel!("zalo"),
    channel!("zalouser"),
];

/// Reads a file of the table. The files are part of the program; a test reads each of them.
fn read(text: &'static str) -> Vec<Node> {
    let mut lines = text.lines().filter(|l| !l.trim().is_empty()).peekable();
    level(&mut lines, 0)
}

fn level(lines: &mut std::iter::Peekable<impl Iterator<Item = &'static str>>, depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(line) = lines.next_if(|l| indent(l) >= depth) {
        let mut node = entry(line.trim());
        node.children = level(lines, depth + 1);
        if node.kind == Kind::default() && node.choices.is_empty() {
            node.kind = Kind::OBJECT;
        }
        nodes.push(node);
    }
    nodes
}

fn indent(line: &str) -> usize {
    (line.len() - line.trim_start().len()) / 2
}

fn entry(line: &'static str) -> Node {
    let (line, doc) = match line.split_once("  # ") {
        Some((line, doc)) => (line.trim_end(), Some(doc)),
        None => (line, None),
    };
    let (name, rest) = match line.split_once(": ") {
        Some((name, rest)) => (name, rest),
        None => (line, ""),
    };
    let mut node = Node {
        name: name.trim(),
        kind: Kind::default(),
        choices: Vec::new(),
        default: None,
        min: None,
        max: None,
        doc,
        children: Vec::new(),
        accounts: false,
    };
    let mut words = rest.split_whitespace();
    for word in words.next().unwrap_or_default().split('|').filter(|w| !w.is_empty()) {
        match Kind::word(word) {
            Some(kind) => node.kind = node.kind.or(kind),
            None => node.choices.push(word),
        }
    }
    while let Some(word) = words.next() {
        match word {
            "=" => node.default = words.next(),
            "@account" => node.accounts = true,
            flag => match flag.split_once('=') {
                Some(("@min", n)) => node.min = n.parse().ok(),
                Some(("@max", n)) => node.max = n.parse().ok(),
                _ => debug_assert!(false, "unknown flag {flag} in the table"),
            },
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(node: &Node, count: &mut usize) {
        *count += 1;
        assert!(!node.name.is_empty() && !node.name.contains([' ', ':', '#']), "{:?}", node.name);
        assert!(node.kind != Kind::default() || !node.choices.is_empty(), "{} has no type", node.name);
        if let Some(text) = node.default {
            let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{}: {e}", node.name));
            assert_eq!(super::super::check::mismatch(node, &value), None, "{}", node.name);
        }
        let mut names: Vec<_> = node.children.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), node.children.len(), "{} lists a key twice", node.name);
        for child in &node.children {
            walk(child, count);
        }
    }

    #[test]
    fn every_file_reads() {
        let mut count = 0;
        for section in SECTIONS.iter().chain(&CHANNELS) {
            for node in section.nodes() {
                assert!(section.names.is_empty() || section.names == [node.name], "{}", node.name);
                walk(node, &mut count);
            }
        }
        assert!(count > 3000, "{count}");
    }

    #[test]
    fn notation() {
        let nodes = read(
            "a: integer = 3 @min=1 @max=9  # Words: with = signs.\nb\n  c: on|off|false\n  *: secret\nd: map @account\n",
        );
        assert_eq!(nodes.iter().map(|n| n.name).collect::<Vec<_>>(), ["a", "b", "d"]);
        assert_eq!((nodes[0].min, nodes[0].max, nodes[0].default), (Some(1), Some(9), Some("3")));
        assert_eq!(nodes[0].doc, Some("Words: with = signs."));
        assert_eq!(nodes[1].children[0].choices, ["on", "off"]);
        assert!(nodes[1].children[0].kind.has(Kind::FALSE));
        assert!(nodes[1].children[1].kind.has(Kind::SECRET));
        assert!(nodes[2].accounts);
    }
}
