//! Reading unit files as systemd does: continuation lines, repeated keys, quoting, drop-ins.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::report::Definition;

/// Unit files are small; what is larger is none.
const MAX_BYTES: u64 = 256 * 1024;

/// A unit's assignments in order.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    assignments: Vec<(String, String, String)>,
}

impl Unit {
    /// Reads the text; lines that are nothing are skipped.
    pub(crate) fn parse(text: &str) -> Self {
        let mut unit = Self::default();
        let mut section = String::new();
        let mut pending = String::new();
        for line in text.lines() {
            let line = line.trim();
            if pending.is_empty() && (line.is_empty() || line.starts_with(['#', ';'])) {
                continue;
            }
            // Comments may stand between the parts of a continued line.
            if !pending.is_empty() && line.starts_with(['#', ';']) {
                continue;
            }
            match line.strip_suffix('\\') {
                Some(part) => {
                    pending.push_str(part);
                    pending.push(' ');
                    continue;
                }
                None => pending.push_str(line),
            }
            let whole = std::mem::take(&mut pending);
            if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = whole.split_once('=') {
                unit.assignments.push((section.clone(), key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        unit
    }

    /// Every value of a key since it was last emptied, which is how lists are reset.
    pub(crate) fn all<'a>(&'a self, section: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
        let of_key = move |entry: &&'a (String, String, String)| entry.0 == section && entry.1 == key;
        let reset = self.assignments.iter().rposition(|entry| of_key(&entry) && entry.2.is_empty());
        let from = reset.map_or(0, |at| at + 1);
        self.assignments[from..].iter().filter(of_key).map(|entry| entry.2.as_str())
    }

    /// The value in force of a key that has one.
    pub(crate) fn last<'a>(&'a self, section: &'a str, key: &'a str) -> Option<&'a str> {
        self.all(section, key).last()
    }
}

/// A unit with its drop-ins, as one text in which later assignments win.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    // Links are followed: a unit may be one to the file of a package.
    let read = |path: &Path| {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let mut whole = read(path)?;
    let folder = openclaw_os::path::beside(path, ".d");
    let mut pieces: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    pieces.sort();
    for piece in pieces {
        if let Ok(text) = read(&piece) {
            whole.push('\n');
            whole.push_str(&text);
        }
    }
    Ok(whole)
}

/// What the unit runs. `home` stands for `%h`.
pub(crate) fn definition(path: &Path, text: &str, home: &Path) -> Definition {
    let unit = Unit::parse(text);
    let mut environment = BTreeMap::new();
    let mut from_files = Vec::new();
    for line in unit.all("Service", "Environment") {
        for word in words(line) {
            if let Some((name, value)) = word.split_once('=') {
                environment.insert(name.to_owned(), expand(value, home));
            }
        }
    }
    for file in unit.all("Service", "EnvironmentFile") {
        let file = expand(file.trim_start_matches('-'), home);
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (name, value) in openclaw_config::env::parse_dotenv(&text) {
            from_files.push(name.clone());
            environment.insert(name, value);
        }
    }
    let arguments = command_line(&unit, home);
    let working_directory = unit
        .last("Service", "WorkingDirectory")
        .map(|dir| PathBuf::from(expand(dir.trim_start_matches('-'), home)));
    Definition { arguments, working_directory, environment, from_files, path: path.to_path_buf() }
}

/// The command line of a unit, without a look into any other file.
pub(crate) fn arguments(text: &str, home: &Path) -> Vec<String> {
    command_line(&Unit::parse(text), home)
}

fn command_line(unit: &Unit, home: &Path) -> Vec<String> {
    let start = unit.last("Service", "ExecStart").unwrap_or_default();
    words(start.trim_start_matches(['-', '@', ':', '+', '!']))
        .into_iter()
        .map(|word| expand(&word, home).replace("$$", "$"))
        .collect()
}

/// The specifiers that units of gateways use.
fn expand(text: &str, home: &Path) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('%', Some('%')) => {
                characters.next();
                out.push('%');
            }
            ('%', Some('h')) => {
                characters.next();
                out.push_str(&home.to_string_lossy());
            }
            _ => out.push(character),
        }
    }
    out
}

/// Splits as systemd does: blanks separate, both quotes group, a backslash escapes.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next();
                word.get_or_insert_default().push_str(&unescape(escaped, &mut characters));
            }
            '"' | '\'' if quote == Some(character) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            blank if blank.is_whitespace() && quote.is_none() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

fn unescape(character: Option<char>, rest: &mut std::str::Chars<'_>) -> String {
    match character {
        Some('n') => "\n".to_owned(),
        Some('t') => "\t".to_owned(),
        Some('r') => "\r".to_owned(),
        Some('s') => " ".to_owned(),
        Some('x') => {
            let digits: String = rest.by_ref().take(2).collect();
            u8::from_str_radix(&digits, 16).map(|byte| char::from(byte).to_string()).unwrap_or_default()
        }
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_as_systemd_reads_them() {
        let unit = Unit::parse(
            "# note\n[Unit]\nAfter=a.target\nAfter=b.target\n[Service]\nExecStart=/bin/x \\\n  # in between\n  y\n\
             Environment=A=1\nEnvironment=\nEnvironment=B=2\n",
        );
        assert_eq!(unit.all("Unit", "After").collect::<Vec<_>>(), ["a.target", "b.target"]);
        assert_eq!(unit.last("Service", "ExecStart"), Some("/bin/x  y"));
        assert_eq!(unit.all("Service", "Environment").collect::<Vec<_>>(), ["B=2"]);
        assert_eq!(unit.last("Install", "WantedBy"), None);
    }

    #[test]
    fn words_and_quotes() {
        for (text, expected) in [
            ("a  b", vec!["a", "b"]),
            ("\"A=b c\" D='e \"f'", vec!["A=b c", "D=e \"f"]),
            (r#""a\"b" c\x20d \\"#, vec!["a\"b", "c d", "\\"]),
            ("\"\"", vec![""]),
            ("", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn drop_ins_and_environment_files_count() {
        let dir = tempfile::tempdir().unwrap();
        let unit = dir.path().join("openclaw-gateway.service");
        fs::write(
            &unit,
            "[Service]\nExecStart=-\"%h/my bin/openclaw\" gateway --port 18789\nEnvironment=\"A=1 %% 2\" OPENCLAW_PROFILE=x\n",
        )
        .unwrap();
        let folder = dir.path().join("openclaw-gateway.service.d");
        fs::create_dir(&folder).unwrap();
        let secrets = dir.path().join("secrets.env");
        fs::write(&secrets, "OPENCLAW_GATEWAY_TOKEN=from-a-file\n").unwrap();
        fs::write(
            folder.join("override.conf"),
            format!("[Service]\nEnvironment=OPENCLAW_PROFILE=work\nEnvironmentFile=-{}\n", secrets.display()),
        )
        .unwrap();
        let text = text(&unit).unwrap();
        let definition = definition(&unit, &text, Path::new("/home/u"));
        assert_eq!(definition.arguments, ["/home/u/my bin/openclaw", "gateway", "--port", "18789"]);
        assert_eq!(definition.environment["A"], "1 % 2");
        assert_eq!(definition.variable("OPENCLAW_PROFILE"), Some("work"));
        assert_eq!(definition.token().unwrap().expose(), "from-a-file");
    }
}
