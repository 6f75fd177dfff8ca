//! What may be shown of a configuration, and getting back what was hidden.
//!
//! What is a secret is decided by the table of known keys; where the table is open (plugins, newer versions), by the
//! look of the key and of the value, and in doubt it is one.

use openclaw_protocol::secret::REDACTED;
use serde_json::Value;

use crate::edit::text::tree;
use crate::schema::{Kind, Known};
use crate::secretref::{SecretRef, is_env_shorthand};
use crate::substitute;

mod restore;

pub use restore::{RestoreError, restore};

/// A copy of a whole configuration with every secret replaced by the marker.
#[must_use]
pub fn redact(value: &Value) -> Value {
    walk(value, Some(Known::Root), false)
}

/// The text of the file with every secret replaced, comments and spelling kept; `None` when that cannot be promised (a
/// comment looks as if it held a secret, or the text cannot be followed), so that nothing is shown rather than too
/// much.
#[must_use]
pub fn redact_text(text: &str, source: &Value) -> Option<String> {
    let shown = redact(source);
    let hidden = secrets_of(source, &shown);
    let root = tree(text)?;
    hide(&root.value()?, &shown)?;
    let out = root.to_string();
    if crate::parse::parse(&out).ok()? != shown {
        return None;
    }
    let safe = !hidden.iter().any(|secret| secret.len() >= 4 && out.contains(secret.as_str()))
        && !comments_look_secret(&out);
    safe.then_some(out)
}

fn walk(value: &Value, place: Option<Known>, under_secret: bool) -> Value {
    // An unknown key is judged by its look, like everything the table leaves open.
    let place = place.unwrap_or(Known::Open);
    let secret_kind = place.node().is_some_and(|n| n.kind.has(Kind::SECRET));
    match value {
        Value::String(text) => {
            let hide = (secret_kind || under_secret) && !text.is_empty() && !is_reference(text);
            if hide || looks_secret(text) { Value::from(REDACTED) } else { value.clone() }
        }
        Value::Number(_) if secret_kind => Value::from(REDACTED),
        Value::Array(list) => {
            let mut out = Vec::with_capacity(list.len());
            let mut after_flag = false;
            for item in list {
                out.push(walk(item, Some(place.element()), under_secret || secret_kind || after_flag));
                // `["--api-key", "value"]`: arguments of commands.
                after_flag =
                    item.as_str().is_some_and(|t| t.starts_with('-') && !t.contains('=') && holds_secrets(t));
            }
            Value::Array(out)
        }
        Value::Object(map) => {
            if (secret_kind || under_secret) && SecretRef::parse(map).is_ok() {
                return value.clone();
            }
            Value::Object(
                map.iter()
                    .map(|(key, item)| (key.clone(), entry(key, item, place, under_secret || secret_kind)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

fn entry(key: &str, item: &Value, place: Known, under_secret: bool) -> Value {
    let below = place.child(key);
    // The table knows that `maxTokens` or `tokenFile` are harmless; only text under a name of the table that is not
    // marked, or under a name the table does not have, is judged by the name.
    walk(item, below, under_secret || holds_secrets(key))
}

/// Whether a name promises a secret. Case, `_` and `-` do not matter.
fn holds_secrets(name: &str) -> bool {
    let folded: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    const ENDINGS: [&str; 24] = [
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "apikey",
        "privatekey",
        "secretkey",
        "accesskey",
        "encryptkey",
        "encryptionkey",
        "signingkey",
        "sharedkey",
        "authkey",
        "serviceaccount",
        "credential",
        "credentials",
        "authorization",
        "cookie",
        "cookies",
        "nsec",
        "mnemonic",
        "tokens",
        "secrets",
    ];
    // `maxTokens: 5` is a number and stays; `secrets` and `tokens` as sections of the table are told apart there.
    folded != "secrets" && ENDINGS.iter().any(|end| folded.ends_with(end))
}

/// A text that is only a reference to a variable shows nothing.
fn is_reference(text: &str) -> bool {
    let inner = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
    is_env_shorthand(text) || inner.is_some_and(substitute::is_name)
}

/// Whether a text carries a secret whatever its key is called.
fn looks_secret(text: &str) -> bool {
    const PREFIXES: [&str; 14] = [
        "sk-",
        "sk_",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "xoxb-",
        "xoxp-",
        "xapp-",
        "AKIA",
        "AIza",
        "nsec1",
        "glpat-",
        "Bearer ",
    ];
    if PREFIXES.iter().any(|p| text.starts_with(p)) && text.len() >= 16 {
        return true;
    }
    if text.contains("PRIVATE KEY-----") {
        return true;
    }
    if let Some((flag, _)) =
        text.split_once('=').filter(|(flag, value)| flag.starts_with('-') && !value.is_empty())
    {
        return holds_secrets(flag);
    }
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user_info = authority.rsplit_once('@').map(|(user, _)| user);
    if user_info.and_then(|u| u.split_once(':')).is_some_and(|(_, password)| !password.is_empty()) {
        return true;
    }
    let parameters = rest.split_once(['?', '#']).map_or("", |(_, q)| q);
    parameters.split(['&', '#', '?']).filter_map(|p| p.split_once('=')).any(|(name, value)| {
        !value.is_empty()
            && (holds_secrets(name)
                || ["key", "sig", "signature", "auth"].contains(&name.to_ascii_lowercase().as_str()))
    })
}

/// A long run of letters and digits with both in it: what keys and tokens look like, and words do not.
fn looks_random(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        run.len() >= 16
            && run.contains(|c: char| c.is_ascii_digit())
            && run.contains(|c: char| c.is_ascii_alphabetic())
    })
}

/// The texts that `shown` hides.
fn secrets_of(source: &Value, shown: &Value) -> Vec<String> {
    let mut out = Vec::new();
    collect(source, shown, &mut out);
    out
}

fn collect(source: &Value, shown: &Value, out: &mut Vec<String>) {
    match (source, shown) {
        (Value::String(a), Value::String(b)) if a != b => out.push(a.clone()),
        (Value::Number(a), Value::String(_)) => out.push(a.to_string()),
        (Value::Array(a), Value::Array(b)) => a.iter().zip(b).for_each(|(a, b)| collect(a, b, out)),
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                if let Some(shown) = b.get(key) {
                    collect(value, shown, out);
                }
            }
        }
        _ => {}
    }
}

/// Writes the marker wherever `shown` has one.
fn hide(node: &jsonc_parser::cst::CstNode, shown: &Value) -> Option<()> {
    use jsonc_parser::cst::CstInputValue;
    match shown {
        Value::Object(map) => {
            let object = node.as_object()?;
            // Of a key given twice only the last one counts, but the text shows both.
            if object.properties().len() != map.len() {
                return None;
            }
            for prop in object.properties() {
                let below = map.get(&prop.decoded_name()?)?;
                if below == REDACTED {
                    prop.set_value(CstInputValue::String(REDACTED.to_owned()));
                } else {
                    hide(&prop.value()?, below)?;
                }
            }
        }
        Value::Array(list) => {
            let elements = node.as_array()?.elements();
            for (element, below) in elements.into_iter().zip(list) {
                match element.as_string_lit() {
                    Some(text) if below == REDACTED => {
                        text.set_raw_value(format!("\"{REDACTED}\""));
                    }
                    _ if below == REDACTED => return None,
                    _ => hide(&element, below)?,
                }
            }
        }
        _ => {}
    }
    Some(())
}

/// Whether anything outside of values mentions what a secret is called and then gives something.
fn comments_look_secret(text: &str) -> bool {
    let Some(root) = tree(text) else { return true };
    let mut nodes: Vec<jsonc_parser::cst::CstNode> = root.children();
    while let Some(node) = nodes.pop() {
        if let Some(comment) = node.as_comment() {
            let comment = comment.raw_value();
            let words = comment.split(|c: char| c.is_whitespace() || ",;()<>".contains(c));
            let (mut named, mut after_name) = (false, false);
            for word in words.filter(|w| !w.is_empty()) {
                let bare = word.trim_matches(['"', '\'', '`', '{', '}']);
                if looks_secret(bare) || looks_random(bare) || (after_name && bare.len() >= 6) {
                    return true;
                }
                after_name = named && (bare == "=" || bare == ":");
                named = holds_secrets(bare);
                if let Some((name, value)) = bare.split_once([':', '=']) {
                    let value = value.trim_matches(['"', '\'', '`']);
                    if holds_secrets(name.trim_matches(['"', '\'', '`'])) {
                        if value.len() >= 6 {
                            return true;
                        }
                        after_name = value.is_empty();
                    }
                }
            }
        }
        nodes.extend(node.children());
    }
    false
}

#[cfg(test)]
mod tests;
