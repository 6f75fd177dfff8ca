//! The key somebody probably meant.

use super::{Known, Node};
use crate::keypath::{KeyPath, Segment};

/// Keys that never existed, or no longer do, and what stands in their place. Guides and older versions use them.
const RENAMED: [(&str, &str); 16] = [
    ("gateway.token", "gateway.auth.token"),
    ("gateway.password", "gateway.auth.password"),
    ("gateway.auth.type", "gateway.auth.mode"),
    ("gateway.authMode", "gateway.auth.mode"),
    ("gateway.auth.secret", "gateway.auth.token"),
    ("gateway.host", "gateway.bind"),
    ("gateway.hostname", "gateway.bind"),
    ("gateway.address", "gateway.bind"),
    ("gateway.bindHost", "gateway.customBindHost"),
    ("gateway.allowedOrigins", "gateway.controlUi.allowedOrigins"),
    ("gateway.cors", "gateway.controlUi.allowedOrigins"),
    ("gateway.proxies", "gateway.trustedProxies"),
    ("gateway.auth.trustedProxies", "gateway.trustedProxies"),
    ("gateway.url", "gateway.remote.url"),
    ("auth.token", "gateway.auth.token"),
    ("logging.logLevel", "logging.level"),
];

/// A known path close to one that is not known; `None` when nothing is close, or the path is known.
#[must_use]
pub fn suggest(path: &KeyPath) -> Option<String> {
    let text = path.to_string();
    if let Some((_, better)) = RENAMED.iter().find(|(old, _)| *old == text) {
        return Some((*better).to_owned());
    }
    let mut place = Known::Root;
    let mut good = KeyPath::root();
    for (i, segment) in path.0.iter().enumerate() {
        let next = match segment {
            Segment::Key(key) => place.child(key),
            Segment::Index(_) => Some(place.element()),
        };
        if let Some(next) = next {
            place = next;
            good.0.push(segment.clone());
            continue;
        }
        let Segment::Key(key) = segment else { return None };
        if let Some(name) = closest(key, place.child_names()) {
            let mut better = good.key(name);
            better.0.extend_from_slice(&path.0[i + 1..]);
            // The rest may be wrong too; then the part that is right is still worth saying.
            return Some(if super::at(&better).is_some() { better } else { good.key(name) }.to_string());
        }
        return elsewhere(path, i, key);
    }
    None
}

/// The same key somewhere else in the same top-level section, when there is exactly one such place.
fn elsewhere(path: &KeyPath, failed_at: usize, key: &str) -> Option<String> {
    if failed_at == 0 || failed_at + 1 != path.0.len() {
        return None;
    }
    let Some(Segment::Key(section)) = path.0.first() else { return None };
    let node = Known::Root.child(section)?.node()?;
    let mut found = Vec::new();
    search(node, &KeyPath::keys([section.as_str()]), key, &mut found);
    match found.as_slice() {
        [only] => Some(only.to_string()),
        _ => None,
    }
}

fn search(node: &Node, at: &KeyPath, key: &str, found: &mut Vec<KeyPath>) {
    for child in node.children.iter().filter(|c| c.name != "*" && c.name != "[]") {
        let here = at.key(child.name);
        if child.name.eq_ignore_ascii_case(key) {
            found.push(here.clone());
        }
        search(child, &here, key, found);
    }
}

/// The name with the fewest edits, if they are few for its length.
fn closest<'n>(key: &str, names: Vec<&'n str>) -> Option<&'n str> {
    if key.len() > 64 {
        return None;
    }
    let folded = fold(key);
    names
        .into_iter()
        .filter(|n| *n != "*" && *n != "[]")
        .map(|name| (distance(&folded, &fold(name)), name))
        .filter(|(edits, name)| *edits <= name.len().div_ceil(3) && *edits * 2 <= name.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// Case and separators are the commonest mistakes and cost nothing.
fn fold(name: &str) -> Vec<char> {
    name.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect()
}

/// Levenshtein distance, with one row of memory.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (text, want) in [
            ("gateway.token", Some("gateway.auth.token")),
            ("gateway.auth.type", Some("gateway.auth.mode")),
            ("gatway.port", Some("gateway.port")),
            ("gateway.prot", Some("gateway.port")),
            ("gateway.trusted_proxies", Some("gateway.trustedProxies")),
            ("gateway.controlui.allowedorigins", Some("gateway.controlUi")),
            ("gateway.maxAttempts", Some("gateway.auth.rateLimit.maxAttempts")),
            ("gateway.bind", None),
            ("zzzzzz", None),
            ("gateway.zzzzzz", None),
            ("gateway", None),
        ] {
            assert_eq!(suggest(&text.parse().unwrap()).as_deref(), want, "{text}");
        }
        for (old, better) in RENAMED {
            assert!(super::super::at(&old.parse().unwrap()).is_none(), "{old} exists");
            assert!(super::super::at(&better.parse().unwrap()).is_some(), "{better} does not exist");
        }
    }

    #[test]
    fn distances() {
        for (a, b, want) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 2), ("", "ab", 2), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(&fold(a), &fold(b)), want, "{a} {b}");
        }
    }
}
