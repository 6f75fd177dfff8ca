//! `config.schema` and `config.schema.lookup`: what may stand in the configuration.

use std::sync::Arc;

use openclaw_config::keypath::{KeyPath, Segment};
use openclaw_config::{reload, schema};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::schema::{Field, Shape};
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::core::Core;
use crate::router::{Authority, Method, Need, Reply};
use crate::rpc::{Methods, NoParams};
use crate::version;

const LOOKUP: &str = "config.schema.lookup";

static PATH: [Field; 1] = [Field::required("path", Shape::Text { min: 1, max: 1_024 })];

pub(super) fn methods() -> Methods {
    vec![
        // Protocol 3 asks for admin, protocol 4 for read: the stricter holds for everybody (ruling 1).
        Method::new(
            "config.schema",
            Need::Scope(Scope::ADMIN),
            &[],
            "JSON Schema of the configuration",
            whole,
        ),
        Method::new(LOOKUP, Need::Scope(Scope::READ), &PATH, "The schema at one path", lookup),
    ]
}

#[derive(Deserialize)]
struct Params {
    path: String,
}

async fn whole(core: Arc<Core>, _: Authority, _: NoParams) -> Reply {
    let made = tokio::task::spawn_blocking(|| (schema::json_schema(), schema::ui_hints())).await;
    let (schema, hints) = made.map_err(|_| ErrorShape::unavailable("the schema could not be made", 1_000))?;
    let now = i64::try_from(core.now().0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    Ok(json!({
        "schema": schema,
        "uiHints": hints,
        "version": version::VERSION,
        "generatedAt": now.unwrap_or_default().to_string(),
    }))
}

async fn lookup(_: Arc<Core>, _: Authority, params: Params) -> Reply {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_./[]-*".contains(c);
    if !params.path.chars().all(fits) {
        let issue = r#"at /path: must match pattern "^[A-Za-z0-9_./\[\]\-*]+$""#;
        return Err(ErrorShape::invalid_params(LOOKUP, issue));
    }
    let not_found = || ErrorShape::invalid_request("config schema path not found");
    let path: KeyPath = params.path.parse().map_err(|_| not_found())?;
    let found = schema::lookup(&path).ok_or_else(not_found)?;
    let children: Vec<Value> = found
        .children
        .into_iter()
        .map(|child| {
            let mut row = Map::new();
            row.insert("key".to_owned(), json!(child.key));
            row.insert("path".to_owned(), json!(child.path));
            if !child.kind.is_null() {
                row.insert("type".to_owned(), child.kind);
            }
            row.insert("required".to_owned(), json!(child.required));
            row.insert("hasChildren".to_owned(), json!(child.has_children));
            row.insert(
                "reloadKind".to_owned(),
                json!(reload_kind(reload::action_of(&below(&path, &child.key)).word())),
            );
            if let Some(hint) = child.hint {
                row.insert("hint".to_owned(), hint);
                row.insert("hintPath".to_owned(), json!(child.path));
            }
            Value::Object(row)
        })
        .collect();
    let mut answer = json!({
        "path": found.path,
        "schema": found.schema,
        "reloadKind": reload_kind(found.reload),
        "children": children,
    });
    if let Some(hint) = found.hint {
        answer["hint"] = hint;
        answer["hintPath"] = json!(found.path);
    }
    Ok(answer)
}

/// The keys of a child's path; elements of arrays have none of their own.
fn below<'a>(path: &'a KeyPath, key: &'a str) -> Vec<&'a str> {
    let keys = path.0.iter().filter_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    keys.chain(Some(key).filter(|key| *key != "[]")).collect()
}

/// The wire's word for what a change does.
fn reload_kind(word: &str) -> &str {
    if word == "live" { "hot" } else { word }
}
