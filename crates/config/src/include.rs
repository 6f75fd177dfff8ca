//! `$include`: putting a configuration together from several files of one directory (cli spec section 4.3).

use std::path::{Path, PathBuf};

use openclaw_os::file::open_nofollow;
use serde_json::{Map, Value};

use crate::issue::{Issue, IssueKind, Severity};
use crate::keypath::KeyPath;
use crate::parse;

/// Deepest chain of files.
const MAX_DEPTH: usize = 10;
/// Most files and bytes read for one configuration: a chain of arrays could otherwise name a file a billion times.
const MAX_FILES: usize = 256;
const MAX_TOTAL_BYTES: usize = 16 * 1024 * 1024;

/// What following the includes of a value gave.
#[derive(Debug, Default)]
pub(crate) struct Included {
    /// The files that were read, in order, without repetition.
    pub(crate) files: Vec<PathBuf>,
    /// Paths of the objects of the main file that carry an `$include`.
    pub(crate) owned: Vec<KeyPath>,
    /// What went wrong, all of it.
    pub(crate) issues: Vec<Issue>,
}

/// Whether there is anything to do at all.
pub(crate) fn mentioned(text: &str) -> bool {
    // An escaped spelling of the name exists in JSON5; nobody writes it, and the walk below finds it anyway when
    // another backslash in the text makes us look.
    text.contains("$include") || text.contains('\\')
}

/// Replaces every `$include` below `value`, which was read from `file`.
pub(crate) fn resolve(value: Value, file: &Path) -> (Value, Included) {
    let canonical = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let root = canonical.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let mut walk = Walk { root, bytes: 0, reads: 0, out: Included::default(), chain: vec![canonical] };
    let value = walk.value(value, &KeyPath::root());
    (value, walk.out)
}

struct Walk {
    root: PathBuf,
    bytes: usize,
    reads: usize,
    out: Included,
    /// The files being read, outermost first.
    chain: Vec<PathBuf>,
}

impl Walk {
    fn value(&mut self, value: Value, at: &KeyPath) -> Value {
        // Each file passed the guard alone; together they could still be deeper than recursion can follow.
        if at.0.len() > parse::MAX_DEPTH {
            self.fail::<Value>(
                at,
                format!(
                    "Included files are nested too deeply together (more than {} levels)",
                    parse::MAX_DEPTH
                ),
            );
            return Value::Null;
        }
        match value {
            Value::Array(list) => {
                Value::Array(list.into_iter().enumerate().map(|(i, v)| self.value(v, &at.index(i))).collect())
            }
            Value::Object(mut map) => match map.shift_remove("$include") {
                None => Value::Object(map.into_iter().map(|(k, v)| self.entry(k, v, at)).collect()),
                Some(what) => self.included(&what, map, at),
            },
            other => other,
        }
    }

    fn entry(&mut self, key: String, value: Value, at: &KeyPath) -> (String, Value) {
        let value = self.value(value, &at.key(&key));
        (key, value)
    }

    fn included(&mut self, what: &Value, siblings: Map<String, Value>, at: &KeyPath) -> Value {
        if self.chain.len() == 1 {
            self.out.owned.push(at.clone());
        }
        let names: Vec<&str> = match what {
            Value::String(name) => vec![name],
            Value::Array(list) if list.iter().all(Value::is_string) => {
                list.iter().filter_map(Value::as_str).collect()
            }
            other => {
                let kind = crate::schema::json_type(other);
                self.fail::<Value>(
                    at,
                    format!("Invalid $include value: expected string or array of strings, got {kind}"),
                );
                vec![]
            }
        };
        let mut merged: Option<Value> = None;
        for name in names {
            if let Some(content) = self.file(name, at) {
                merged = Some(match merged {
                    None => content,
                    Some(before) => merge(before, content),
                });
            }
        }
        let siblings: Map<String, Value> = siblings.into_iter().map(|(k, v)| self.entry(k, v, at)).collect();
        match merged {
            None => Value::Object(siblings),
            Some(content) if siblings.is_empty() => content,
            Some(content @ Value::Object(_)) => merge(content, Value::Object(siblings)),
            Some(_) => {
                self.fail::<Value>(at, "Sibling keys require included content to be an object".to_owned());
                Value::Object(siblings)
            }
        }
    }

    /// The content of one included file with its own includes resolved; a failure is recorded and gives nothing.
    fn file(&mut self, name: &str, at: &KeyPath) -> Option<Value> {
        let base = self.chain.last().and_then(|f| f.parent()).unwrap_or(&self.root).to_path_buf();
        let wanted = normalise(&base.join(name));
        if !wanted.starts_with(&self.root) {
            return self.fail(
                at,
                format!("Include path escapes config directory: {name} (root: {})", self.root.display()),
            );
        }
        let real = match std::fs::canonicalize(&wanted) {
            Ok(real) => real,
            Err(_) => {
                return self.fail(
                    at,
                    format!("Failed to read include file: {name} (resolved: {})", wanted.display()),
                );
            }
        };
        if !real.starts_with(&self.root) {
            return self.fail(
                at,
                format!(
                    "Include path resolves outside config directory (symlink): {name} (root: {})",
                    self.root.display()
                ),
            );
        }
        if let Some(first) = self.chain.iter().position(|f| *f == real) {
            let mut names: Vec<String> =
                self.chain[first..].iter().map(|f| f.display().to_string()).collect();
            names.push(real.display().to_string());
            return self.fail(at, format!("Circular include detected: {}", names.join(" -> ")));
        }
        if self.chain.len() > MAX_DEPTH {
            return self.fail(at, format!("Maximum include depth ({MAX_DEPTH}) exceeded at: {name}"));
        }
        self.reads += 1;
        if self.reads > MAX_FILES {
            return self.fail(at, format!("Too many included files (more than {MAX_FILES})"));
        }
        let text = match read(&real) {
            Ok(text) => text,
            Err(Unreadable::Insecure) => {
                return self.fail(
                    at,
                    format!(
                        "Include file failed security checks (regular file, max {} bytes, no hardlinks): {name}",
                        parse::MAX_BYTES
                    ),
                );
            }
            Err(Unreadable::Io) => {
                return self
                    .fail(at, format!("Failed to read include file: {name} (resolved: {})", real.display()));
            }
        };
        self.bytes += text.len();
        if self.bytes > MAX_TOTAL_BYTES {
            return self.fail(
                at,
                format!("Included files are too large together (more than {MAX_TOTAL_BYTES} bytes)"),
            );
        }
        if !self.out.files.contains(&real) {
            self.out.files.push(real.clone());
        }
        let parsed = match parse::parse(&text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let mut issue =
                    include_issue(at, format!("Failed to parse include file: {name} ({})", error.message));
                issue.file = Some(real);
                issue.line = error.at.map(|(line, _)| line);
                self.out.issues.push(issue);
                return None;
            }
        };
        self.chain.push(real);
        let value = self.value(parsed, at);
        self.chain.pop();
        Some(value)
    }

    fn fail<T>(&mut self, at: &KeyPath, message: String) -> Option<T> {
        self.out.issues.push(include_issue(at, message));
        None
    }
}

fn include_issue(at: &KeyPath, message: String) -> Issue {
    // Names of files come from the text of the file.
    let message = message
        .chars()
        .map(|c| if crate::keypath::is_unprintable(c) { '\u{fffd}' } else { c })
        .collect::<String>();
    Issue::new(at.to_string(), Severity::Fatal, IssueKind::Include, message)
        .hint("Correct or remove the $include; nothing is taken from a file that cannot be followed.")
}

enum Unreadable {
    Insecure,
    Io,
}

fn read(path: &Path) -> Result<String, Unreadable> {
    use std::io::Read;
    let file = open_nofollow(path).map_err(|_| Unreadable::Io)?;
    let meta = file.metadata().map_err(|_| Unreadable::Io)?;
    let limit = parse::MAX_BYTES as u64;
    if !meta.is_file() || meta.len() > limit || links(&meta) > 1 {
        return Err(Unreadable::Insecure);
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|_| Unreadable::Io)?;
    if bytes.len() as u64 > limit {
        return Err(Unreadable::Insecure);
    }
    String::from_utf8(bytes).map_err(|_| Unreadable::Insecure)
}

#[cfg(unix)]
fn links(meta: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(meta)
}

#[cfg(not(unix))]
fn links(_meta: &std::fs::Metadata) -> u64 {
    1
}

/// Removes `.` and `..` by text, so that a path can be judged before the file system is asked.
fn normalise(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Objects merge key by key, arrays are joined, of anything else the second wins.
fn merge(before: Value, after: Value) -> Value {
    match (before, after) {
        (Value::Object(mut a), Value::Object(b)) => {
            for (key, value) in b {
                let value = match a.get_mut(&key).map(Value::take) {
                    Some(old) => merge(old, value),
                    None => value,
                };
                a.insert(key, value);
            }
            Value::Object(a)
        }
        (Value::Array(mut a), Value::Array(b)) => {
            a.extend(b);
            Value::Array(a)
        }
        (_, after) => after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;

    struct Dir(tempfile::TempDir);

    impl Dir {
        fn new(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = dir.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(dir)
        }

        fn resolve(&self, value: Value) -> (Value, Included) {
            resolve(value, &self.0.path().join("openclaw.json"))
        }
    }

    #[test]
    fn one_file_several_files_and_siblings() {
        let dir = Dir::new(&[
            ("a.json5", "{x: 1, list: [1], o: {p: 1}}"),
            ("b.json5", "{x: 2, list: [2], o: {q: 2}}"),
            ("sub/c.json5", "{$include: './d.json5', c: 3}"),
            ("sub/d.json5", "{d: 4}"),
            ("word.json5", "'hello'"),
        ]);
        let (value, out) = dir.resolve(json!({
            "one": {"$include": "a.json5"},
            "two": {"$include": ["a.json5", "./b.json5"], "x": 9},
            "deep": [{"$include": "sub/c.json5"}],
            "word": {"$include": "word.json5"},
        }));
        assert_eq!(out.issues, vec![]);
        assert_eq!(
            value,
            json!({
                "one": {"x": 1, "list": [1], "o": {"p": 1}},
                "two": {"x": 9, "list": [1, 2], "o": {"p": 1, "q": 2}},
                "deep": [{"d": 4, "c": 3}],
                "word": "hello",
            })
        );
        assert_eq!(out.files.len(), 5);
        let owned: Vec<String> = out.owned.iter().map(ToString::to_string).collect();
        assert_eq!(owned, ["one", "two", "deep[0]", "word"]);
    }

    #[test]
    fn refusals() {
        let outside = Dir::new(&[("secret.json5", "{s: 1}")]);
        let dir = Dir::new(&[
            ("loop1.json5", "{$include: 'loop2.json5'}"),
            ("loop2.json5", "{$include: 'loop1.json5'}"),
            ("bad.json5", "{hush"),
            ("word.json5", "'hello'"),
            ("hard.json5", "{}"),
        ]);
        let root = dir.0.path();
        fs::hard_link(root.join("hard.json5"), root.join("hard2.json5")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.0.path().join("secret.json5"), root.join("link.json5")).unwrap();
        fs::create_dir(root.join("folder")).unwrap();
        let table = [
            (json!("../x.json5"), "Include path escapes config directory: ../x.json5"),
            (json!("/etc/passwd"), "Include path escapes config directory: /etc/passwd"),
            (json!("none.json5"), "Failed to read include file: none.json5"),
            (json!("loop1.json5"), "Circular include detected: "),
            (json!("bad.json5"), "Failed to parse include file: bad.json5"),
            (json!("hard.json5"), "Include file failed security checks"),
            (json!("link.json5"), "Include path resolves outside config directory (symlink)"),
            (json!("folder"), "Failed to read include file: folder"),
            (json!(7), "Invalid $include value: expected string or array of strings, got number"),
            (json!(["a", 7]), "Invalid $include value: expected string or array of strings, got array"),
        ];
        for (what, want) in table {
            let (value, out) = dir.resolve(json!({"g": {"$include": what, "k": 1}}));
            assert_eq!(out.issues.len(), 1, "{what}: {:?}", out.issues);
            assert!(out.issues[0].message.starts_with(want), "{what}: {}", out.issues[0].message);
            assert_eq!(out.issues[0].severity, Severity::Fatal);
            assert!(!out.issues[0].message.contains("hush"));
            assert_eq!(value, json!({"g": {"k": 1}}), "{what}");
        }
        let (_, out) = dir.resolve(json!({"g": {"$include": "word.json5", "k": 1}}));
        assert_eq!(out.issues[0].message, "Sibling keys require included content to be an object");
    }

    #[test]
    fn files_are_not_deeper_together_than_one_may_be() {
        let nested = |next: &str| format!("{}{{$include: '{next}'}}{}", "[".repeat(98), "]".repeat(98));
        let dir = Dir::new(&[("a", &nested("b")), ("b", &nested("c")), ("c", "{}")]);
        let (_, out) = dir.resolve(json!({"$include": "a"}));
        assert!(
            out.issues[0].message.starts_with("Included files are nested too deeply together"),
            "{:?}",
            out.issues
        );
    }

    #[test]
    fn chains_and_fans_are_bounded() {
        let chain: Vec<(String, String)> =
            (0..14).map(|i| (format!("{i}.json5"), format!("{{$include: '{}.json5'}}", i + 1))).collect();
        let chain: Vec<(&str, &str)> = chain.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let (_, out) = Dir::new(&chain).resolve(json!({"$include": "0.json5"}));
        assert!(
            out.issues[0].message.starts_with("Maximum include depth (10) exceeded at: "),
            "{:?}",
            out.issues
        );

        let names = |next: &str| json!({"$include": vec![next; 30]}).to_string();
        let fan = [names("b"), names("c"), names("d"), "{}".to_owned()];
        let dir = Dir::new(&[("a", &fan[0]), ("b", &fan[1]), ("c", &fan[2]), ("d", &fan[3])]);
        let (_, out) = dir.resolve(json!({"$include": "a"}));
        assert!(out.issues.iter().all(|i| i.message.starts_with("Too many included files")));
        assert!(!out.issues.is_empty());
    }
}
