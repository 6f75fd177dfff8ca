//! The process environment, captured once and passed along, so that nothing else reads it behind the caller's back.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A captured environment (cli spec section 2). Cheap to clone. Values may be secrets, so `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Env {
    vars: Arc<BTreeMap<String, String>>,
    os_home: Option<PathBuf>,
}

impl Env {
    /// Captures the variables of this process. Names or values that are not UTF-8 are left out.
    #[must_use]
    pub fn capture() -> Self {
        let vars = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        Self { vars: Arc::new(vars), os_home: std::env::home_dir() }
    }

    /// An environment made of exactly these pairs and no home directory of the operating system: for tests and replays.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self { vars: Arc::new(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect()), os_home: None }
    }

    /// The value of a variable; an empty or blank one counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|v| !v.trim().is_empty())
    }

    /// Whether the variable is one of `1`, `true`, `yes`, `on` (any case).
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|v| ["1", "true", "yes", "on"].iter().any(|t| v.trim().eq_ignore_ascii_case(t)))
    }

    /// A copy in which `more` fills the variables that are still missing; it never overrides one that is there.
    #[must_use]
    pub fn filled(&self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut more = more.into_iter().filter(|(name, _)| self.get(name).is_none()).peekable();
        if more.peek().is_none() {
            return self.clone();
        }
        let mut vars = (*self.vars).clone();
        vars.extend(more);
        Self { vars: Arc::new(vars), os_home: self.os_home.clone() }
    }

    /// A copy with one variable set, overriding.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut vars = (*self.vars).clone();
        vars.insert(name.to_owned(), value.to_owned());
        Self { vars: Arc::new(vars), os_home: self.os_home.clone() }
    }

    /// Every name and value, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.vars.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// The user's home: `OPENCLAW_HOME` (may start with `~`), `HOME`, `USERPROFILE`, the operating system's answer.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        let user = ["HOME", "USERPROFILE"]
            .iter()
            .find_map(|n| self.get(n))
            .map(PathBuf::from)
            .or_else(|| self.os_home.clone());
        match self.get("OPENCLAW_HOME") {
            Some(own) => Some(expand_tilde(own, user.as_deref())),
            None => user,
        }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.vars.keys()).finish()
    }
}

/// Replaces a leading `~` or `~/` by `home`; anything else stays. Without a home the text is taken literally.
pub(crate) fn expand_tilde(text: &str, home: Option<&Path>) -> PathBuf {
    let text = text.trim();
    match (text.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_path_buf(),
        (Some(rest), Some(home)) if rest.starts_with(['/', '\\']) => home.join(&rest[1..]),
        _ => PathBuf::from(text),
    }
}

/// The pairs of a `.env` file. Understands comments, `export`, single quotes (literal), double quotes (`\n`, `\r`,
/// `\t`, `\"`, `\\`, `\$`) and inline comments after an unquoted value. A line that is none of these is skipped.
#[must_use]
pub fn parse_dotenv(text: &str) -> Vec<(String, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().filter_map(dotenv_line).collect()
}

fn dotenv_line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let mut chars = name.chars();
    let head = chars.next()?;
    if !(head.is_ascii_alphabetic() || head == '_') || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let value = value.trim();
    let value = if let Some(rest) = value.strip_prefix('\'') {
        rest.split('\'').next().unwrap_or_default().to_owned()
    } else if let Some(rest) = value.strip_prefix('"') {
        unquote(rest)
    } else {
        value.split(" #").next().unwrap_or_default().trim_end().to_owned()
    };
    Some((name.to_owned(), value))
}

fn unquote(rest: &str) -> String {
    let mut out = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotenv_lines() {
        let text = "\u{feff}# c\nA=1\nexport B = two # tail\nC='x # y'\nD=\"a\\n\\\"b\\\"\"\n=3\n1X=4\nE=\nF=a#b\nnonsense\n";
        let expect = [("A", "1"), ("B", "two"), ("C", "x # y"), ("D", "a\n\"b\""), ("E", ""), ("F", "a#b")];
        let got = parse_dotenv(text);
        assert_eq!(got.len(), expect.len(), "{got:?}");
        for ((k, v), (ek, ev)) in got.iter().zip(expect) {
            assert_eq!((k.as_str(), v.as_str()), (ek, ev));
        }
    }

    #[test]
    fn home_order_and_tilde() {
        type Pairs = &'static [(&'static str, &'static str)];
        let table: [(Pairs, Option<&str>); 5] = [
            (&[("HOME", "/h")], Some("/h")),
            (&[("HOME", "/h"), ("OPENCLAW_HOME", "~/x")], Some("/h/x")),
            (&[("HOME", "/h"), ("OPENCLAW_HOME", "/o")], Some("/o")),
            (&[("USERPROFILE", "/u"), ("HOME", " ")], Some("/u")),
            (&[], None),
        ];
        for (pairs, want) in table {
            assert_eq!(Env::from_pairs(pairs.iter().copied()).home(), want.map(PathBuf::from), "{pairs:?}");
        }
    }

    #[test]
    fn debug_hides_values_and_filling_never_overrides() {
        let env = Env::from_pairs([("TOKEN", "hush"), ("BLANK", "")]);
        assert!(!format!("{env:?}").contains("hush"));
        let env = env.filled([("TOKEN".into(), "no".into()), ("BLANK".into(), "yes".into())]);
        assert_eq!((env.get("TOKEN"), env.get("BLANK")), (Some("hush"), Some("yes")));
    }
}
