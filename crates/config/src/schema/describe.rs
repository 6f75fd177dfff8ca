//! The table as others read it: JSON Schema, and a look at one path.
//!
//! Beside the standard keywords, entries that this gateway reads have `x-reload` (`none`, `live`, `restart`: what a running
//! gateway does when it changes) and, where there are choices, `x-choices` (a few words for each of them).

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::hints::{self, hint};
use super::table::{CHANNELS, SECTIONS};
use super::{Kind, Known, Node, at};
use crate::keypath::{KeyPath, Segment};
use crate::reload;

/// The whole table as a JSON Schema (draft 2020-12).
#[must_use]
pub fn json_schema() -> Value {
    let mut properties = Map::new();
    for node in SECTIONS.iter().flat_map(|s| s.nodes()) {
        properties.insert(node.name.to_owned(), schema_of(node, node.name, true));
    }
    let channel = |n: &Node| (n.name.to_owned(), schema_of(n, &format!("channels.{}", n.name), true));
    let channels: Map<String, Value> = CHANNELS.iter().flat_map(|s| s.nodes()).map(channel).collect();
    properties.insert(
        "channels".to_owned(),
        json!({"type": "object", "properties": channels, "additionalProperties": true}),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "OpenClaw configuration",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// One place of the table, with what is directly below it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// The path as this crate writes it.
    pub path: String,
    /// Its JSON Schema, without what is below.
    pub schema: Value,
    /// Hints as in [`super::ui_hints`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Value>,
    /// What a running gateway does when it changes: `none`, `live` or `restart`.
    pub reload: &'static str,
    /// The keys below.
    pub children: Vec<LookupChild>,
}

/// A key below a [`Lookup`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LookupChild {
    /// The key; `*` any key, `[]` the elements.
    pub key: String,
    /// Its path.
    pub path: String,
    /// Its JSON type or types.
    #[serde(rename = "type", skip_serializing_if = "Value::is_null")]
    pub kind: Value,
    /// Always false: every key is optional.
    pub required: bool,
    /// Whether there are keys below it.
    pub has_children: bool,
    /// Hints as in [`super::ui_hints`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Value>,
}

/// Looks a path up; `None` when the table does not know it.
#[must_use]
pub fn lookup(path: &KeyPath) -> Option<Lookup> {
    let place = at(path)?;
    let children = place
        .child_names()
        .into_iter()
        .map(|name| {
            let (below, next) = match name {
                "[]" => (format!("{path}[]"), place.element()),
                _ => (path.key(name).to_string(), place.child(name).unwrap_or(Known::Open)),
            };
            let below = if name == "*" { format!("{path}.*") } else { below };
            let node = next.node();
            LookupChild {
                key: name.to_owned(),
                kind: node.map_or(Value::from("object"), json_types),
                required: false,
                has_children: !next.child_names().is_empty(),
                hint: node.and_then(|node| hint(node, &below)),
                path: below,
            }
        })
        .collect();
    let schema = match place {
        Known::Node(node) => schema_of(node, &path.to_string(), false),
        Known::Open => json!({}),
        _ => json!({"type": "object"}),
    };
    let keys: Vec<&str> = path
        .0
        .iter()
        .filter_map(|s| match s {
            Segment::Key(k) => Some(k.as_str()),
            Segment::Index(_) => None,
        })
        .collect();
    Some(Lookup {
        path: path.to_string(),
        schema,
        hint: place.node().and_then(|node| hint(node, &path.to_string())),
        reload: reload::action_of(&keys).word(),
        children,
    })
}

/// The JSON type of an entry, or an array of them; `null` (absent) when anything goes.
fn json_types(node: &Node) -> Value {
    if node.kind.has(Kind::ANY) {
        return Value::Null;
    }
    let words = [
        (Kind::STRING, "string"),
        (Kind::SECRET, "string"),
        (Kind::BOOLEAN, "boolean"),
        (Kind::FALSE, "boolean"),
        (Kind::INTEGER, "integer"),
        (Kind::NUMBER, "number"),
        (Kind::NULL, "null"),
        (Kind::OBJECT, "object"),
        (Kind::MAP, "object"),
        (Kind::SECRET, "object"),
        (Kind::LIST, "array"),
        (Kind::STRINGS, "array"),
        (Kind::OBJECTS, "array"),
    ];
    let mut out: Vec<&str> = Vec::new();
    for (kind, word) in words {
        if node.kind.has(kind) && !out.contains(&word) {
            out.push(word);
        }
    }
    if !node.choices.is_empty() && !out.contains(&"string") {
        out.push("string");
    }
    match out.as_slice() {
        [one] => Value::from(*one),
        many => json!(many),
    }
}

fn schema_of(node: &Node, path: &str, deep: bool) -> Value {
    let mut out = Map::new();
    let kind = node.kind;
    if let Some(doc) = node.doc {
        out.insert("description".to_owned(), doc.into());
    }
    hints::keywords(node, path, &mut out);
    let only_choices = kind == Kind::default() && !node.choices.is_empty();
    if only_choices {
        out.insert("type".to_owned(), "string".into());
        out.insert("enum".to_owned(), json!(node.choices));
    } else if kind.has(Kind::SECRET) {
        let reference = json!({
            "type": "object",
            "properties": {
                "source": {"enum": ["env", "file", "exec", "store"]},
                "provider": {"type": "string"},
                "id": {"type": "string"},
            },
            "required": ["source", "id"],
            "additionalProperties": false,
        });
        out.insert("anyOf".to_owned(), json!([{"type": "string"}, reference]));
    } else if !node.choices.is_empty() || kind.has(Kind::FALSE) {
        let mut any = vec![];
        // Choices and a lone `false` are no general string and boolean.
        let general = |t: &Value| {
            (t != "string" || kind.has(Kind::STRING)) && (t != "boolean" || kind.has(Kind::BOOLEAN))
        };
        let types = match json_types(node) {
            Value::Array(list) => list,
            one => vec![one],
        };
        any.extend(types.into_iter().filter(general).map(|t| json!({"type": t})));
        if !node.choices.is_empty() {
            any.push(json!({"enum": node.choices}));
        }
        if kind.has(Kind::FALSE) && !kind.has(Kind::BOOLEAN) {
            any.push(json!({"const": false}));
        }
        out.insert("anyOf".to_owned(), Value::Array(any));
    } else if !kind.has(Kind::ANY) {
        out.insert("type".to_owned(), json_types(node));
    }
    for (key, limit) in [("minimum", node.min), ("maximum", node.max)] {
        if let Some(limit) = limit {
            out.insert(key.to_owned(), limit.into());
        }
    }
    if let Some(default) = node.default_value() {
        out.insert("default".to_owned(), default);
    }
    if kind.has(Kind::STRINGS) {
        out.insert("items".to_owned(), json!({"type": "string"}));
    }
    if deep {
        let mut properties = Map::new();
        let mut any_key = None;
        for child in &node.children {
            let below = hints::below(path, child.name);
            match child.name {
                "*" => any_key = Some(schema_of(child, &below, true)),
                "[]" => {
                    out.insert("items".to_owned(), schema_of(child, &below, true));
                }
                name => {
                    properties.insert(name.to_owned(), schema_of(child, &below, true));
                }
            }
        }
        if !properties.is_empty() {
            out.insert("properties".to_owned(), Value::Object(properties));
        }
        if node.is_object() && !kind.has(Kind::ANY) {
            let open = any_key.unwrap_or(Value::Bool(!node.lists_its_keys()));
            out.insert("additionalProperties".to_owned(), open);
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_of_the_gateway() {
        let schema = json_schema();
        let gateway = &schema["properties"]["gateway"];
        assert_eq!(gateway["additionalProperties"], false);
        assert_eq!(
            gateway["properties"]["port"],
            json!({
                "description": "Port for WebSocket and HTTP. --port and OPENCLAW_GATEWAY_PORT win over it.",
                "x-reload": "restart",
                "type": "integer", "minimum": 1, "maximum": 65535, "default": 18789,
            })
        );
        assert_eq!(
            gateway["properties"]["bind"]["enum"],
            json!(["loopback", "lan", "tailnet", "auto", "custom"])
        );
        assert_eq!(
            gateway["properties"]["auth"]["properties"]["token"]["anyOf"][0],
            json!({"type": "string"})
        );
        assert_eq!(
            gateway["properties"]["http"]["properties"]["securityHeaders"]["properties"]["strictTransportSecurity"]
                ["anyOf"],
            json!([{"type": "string"}, {"const": false}])
        );
        assert_eq!(
            schema["properties"]["hooks"]["properties"]["mappings"]["items"]["properties"]["id"],
            json!({"type": "string"})
        );
        assert_eq!(schema["properties"]["browser"]["additionalProperties"], true);
    }

    #[test]
    fn lookups() {
        let found = lookup(&"gateway.auth".parse().unwrap()).unwrap();
        assert_eq!(found.reload, "live");
        let token = found.children.iter().find(|c| c.key == "token").unwrap();
        assert_eq!(
            (token.path.as_str(), &token.kind, token.has_children),
            ("gateway.auth.token", &json!(["string", "object"]), false)
        );
        assert!(lookup(&"gateway.nope".parse().unwrap()).is_none());
        assert_eq!(
            lookup(&"plugins.entries.memory-core.config".parse().unwrap()).unwrap().schema,
            json!({"type": "object"})
        );
        assert!(lookup(&KeyPath::root()).unwrap().children.iter().any(|c| c.key == "channels"));
        assert!(
            lookup(&"channels.telegram.accounts".parse().unwrap())
                .unwrap()
                .children
                .iter()
                .any(|c| c.key == "*")
        );
    }
}
