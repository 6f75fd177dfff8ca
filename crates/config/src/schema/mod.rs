//! The table of known keys: which exist, of what type, with what default, which are secret, and what they do.
//!
//! The table itself is text, one file per top-level section, in `schema/` beside this crate's sources; see `table.rs`
//! for its notation. A section is only read when a configuration has it, so that looking up one key stays cheap.
//! Everything else derives from it: validation, JSON Schema, suggestions, effective defaults, redaction.

mod check;
mod describe;
mod hints;
mod suggest;
mod table;

use serde_json::Value;

pub use check::check;
pub use describe::{Lookup, LookupChild, json_schema, lookup};
pub use hints::ui_hints;
pub use suggest::suggest;
pub use table::{Kind, Node};

use crate::keypath::{KeyPath, Segment};
use table::{CHANNELS, SECTIONS};

/// A place in the table.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// The whole file.
    Root,
    /// `channels`, whose children are sections of their own.
    Channels,
    /// `channels.<id>.accounts`: each account takes the keys of its channel.
    Accounts(&'static Node),
    /// An entry of the table.
    Node(&'static Node),
    /// Below something whose keys the table does not list.
    Open,
}

impl Known {
    /// The entry for a property, `None` when the table says there is no such key.
    #[must_use]
    pub fn child(self, key: &str) -> Option<Known> {
        match self {
            Known::Root if key == "channels" => Some(Known::Channels),
            Known::Root => SECTIONS.iter().find_map(|s| s.find(key)).map(Known::Node),
            Known::Channels => CHANNELS.iter().find_map(|s| s.find(key)).map(Known::Node),
            Known::Accounts(channel) => Some(Known::Node(channel)),
            Known::Open => Some(Known::Open),
            // The keys of a reference that stands in a secret's place.
            Known::Node(node)
                if node.kind.has(Kind::SECRET) && ["source", "provider", "id"].contains(&key) =>
            {
                Some(Known::Open)
            }
            Known::Node(node) => {
                let found = node.children.iter().find(|c| c.name == key);
                match found.or_else(|| node.children.iter().find(|c| c.name == "*")) {
                    Some(child) if child.accounts => Some(Known::Accounts(node)),
                    Some(child) => Some(Known::Node(child)),
                    None if node.lists_its_keys() => None,
                    None => Some(Known::Open),
                }
            }
        }
    }

    /// The entry for the elements of an array.
    #[must_use]
    pub fn element(self) -> Known {
        match self {
            Known::Node(node) => {
                node.children.iter().find(|c| c.name == "[]").map_or(Known::Open, Known::Node)
            }
            _ => Known::Open,
        }
    }

    /// The table's entry, where this place has one.
    #[must_use]
    pub fn node(self) -> Option<&'static Node> {
        match self {
            Known::Node(node) => Some(node),
            _ => None,
        }
    }

    /// The names of the keys below, in the order of the table; `*` and `[]` stand for any key and any element.
    #[must_use]
    pub fn child_names(self) -> Vec<&'static str> {
        match self {
            Known::Root => {
                SECTIONS.iter().flat_map(|s| s.nodes()).map(|n| n.name).chain(["channels"]).collect()
            }
            Known::Channels => CHANNELS.iter().flat_map(|s| s.nodes()).map(|n| n.name).collect(),
            Known::Accounts(_) => vec!["*"],
            Known::Node(node) => node.children.iter().map(|c| c.name).collect(),
            Known::Open => vec![],
        }
    }
}

/// Where the table stands at a path; `None` when the path holds a key that does not exist.
#[must_use]
pub fn at(path: &KeyPath) -> Option<Known> {
    path.0.iter().try_fold(Known::Root, |place, seg| match seg {
        Segment::Key(key) => match place {
            // `list.0` addresses an element as `list[0]` does.
            Known::Node(node) if node.is_array() && key.parse::<usize>().is_ok() => Some(place.element()),
            _ => place.child(key),
        },
        Segment::Index(i) => match place {
            Known::Node(node) if !node.is_array() && node.is_object() => place.child(&i.to_string()),
            _ => Some(place.element()),
        },
    })
}

/// The value that is in force at a path when the file says nothing, from the table.
#[must_use]
pub fn effective_default(path: &KeyPath) -> Option<Value> {
    at(path)?.node()?.default_value()
}

/// Whether the table marks this path as holding a secret.
#[must_use]
pub fn is_secret(path: &KeyPath) -> bool {
    at(path).and_then(Known::node).is_some_and(|node| node.kind.has(Kind::SECRET))
}

/// Whether the table allows a value at a path, without looking at what is inside objects and arrays.
#[must_use]
pub fn fits(path: &KeyPath, value: &Value) -> bool {
    at(path).and_then(Known::node).is_none_or(|node| check::mismatch(node, value).is_none())
}

/// The word JSON and the messages of the original use for a value's type.
#[must_use]
pub fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> KeyPath {
        text.parse().unwrap()
    }

    #[test]
    fn places() {
        let known = [
            "gateway",
            "gateway.auth.token",
            "gateway.remote.edgeAuth.X-Key",
            "channels.telegram.botToken",
            "channels.telegram.accounts.work.botToken",
            "channels.discord.accounts.a.accounts.b.token",
            "agents.defaults.model.primary",
            "agents.list[0].id",
            "agents.list.0.id",
            "agents.entries.main.model",
            "hooks.mappings[0].match.path",
            "browser.anything.at.all",
            "plugins.entries.some-plugin.config.x.y",
            "models.providers.openai.models[0].cost.input",
            "$schema",
            "env.OPENAI_API_KEY",
            "secrets.providers.vault.command",
        ];
        for text in known {
            assert!(at(&path(text)).is_some(), "{text}");
        }
        for text in [
            "gatway",
            "gateway.token",
            "gateway.auth.type",
            "channels.telegram.accounts.a.nope",
            "logging.levels",
            "agents.list[0].nope",
        ] {
            assert!(at(&path(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn secrets_and_defaults() {
        for text in [
            "gateway.auth.token",
            "hooks.token",
            "channels.slack.accounts.x.appToken",
            "env.vars.A",
            "models.providers.x.apiKey",
            "models.providers.x.headers.Authorization",
        ] {
            assert!(is_secret(&path(text)), "{text}");
        }
        for text in ["gateway.port", "models.providers.x.maxTokens", "gateway.auth", "gateway.trustedProxies"]
        {
            assert!(!is_secret(&path(text)), "{text}");
        }
        assert_eq!(effective_default(&path("gateway.bind")), Some("loopback".into()));
        assert_eq!(effective_default(&path("gateway.port")), Some(18789.into()));
        assert_eq!(effective_default(&path("gateway.auth.token")), None);
    }
}
