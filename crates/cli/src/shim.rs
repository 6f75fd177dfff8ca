//! The `node` of the container image (cli §18): guides and compose files written for the original say
//! `node dist/index.js devices list`. In the image `node` is a link to this program, which runs what they mean and
//! explains itself for anything else. No shell and no Node.js is involved.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What the process was called as.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// As itself, or as `node` with a script that stands for it: the words for the program.
    Words(Vec<OsString>),
    /// As `node` for something that is not here: what to say.
    NotNode(String),
}

/// Reads the words of the process, the program's own name first.
pub(crate) fn called(mut words: impl Iterator<Item = OsString>) -> Called {
    let own_name = words.next().unwrap_or_default();
    let words: Vec<OsString> = words.collect();
    if Path::new(&own_name).file_name() == Some(OsStr::new("node")) {
        as_node(words)
    } else {
        Called::Words(words)
    }
}

fn as_node(words: Vec<OsString>) -> Called {
    // Health checks of compose files written for the original ask for the probe with a line of JavaScript.
    if let [option, script, ..] = words.as_slice()
        && ["-e", "--eval"].iter().any(|name| option == name)
        && script.to_str().is_some_and(|script| script.contains("fetch(") && script.contains("/healthz"))
    {
        return Called::Words(["health", "--live"].map(OsString::from).to_vec());
    }
    // Options of Node.js itself, as `--max-old-space-size=2048`, mean nothing here.
    let script = words.iter().position(|word| !word.to_string_lossy().starts_with('-'));
    match script {
        Some(at) if is_our_script(&words[at]) => Called::Words(words[at + 1..].to_vec()),
        _ => Called::NotNode(explanation(script.map(|at| words[at].to_string_lossy()).as_deref())),
    }
}

/// `dist/index.js`, `./dist/index.js`, `/app/openclaw.mjs`.
fn is_our_script(word: &OsStr) -> bool {
    let path = Path::new(word);
    path.file_name() == Some(OsStr::new("openclaw.mjs")) || path.ends_with("dist/index.js")
}

fn explanation(script: Option<&str>) -> String {
    let wanted = script.map_or_else(String::new, |script| {
        format!(" and cannot run {}", openclaw_protocol::words::escape(script, 80))
    });
    format!(
        "node: there is no Node.js in this image{wanted}. OpenClaw is a native program here: type `openclaw <command>`, or \
         `node dist/index.js <command>` or `node openclaw.mjs <command>` as guides do."
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Called, called};

    fn words(line: &str) -> Called {
        called(line.split(' ').filter(|word| !word.is_empty()).map(OsString::from))
    }

    #[test]
    fn the_scripts_of_the_guides_are_this_program() {
        for line in [
            "openclaw devices list",
            "/usr/local/bin/openclaw devices list",
            "node dist/index.js devices list",
            "node ./dist/index.js devices list",
            "node /app/dist/index.js devices list",
            "/usr/local/bin/node openclaw.mjs devices list",
            "node /app/openclaw.mjs devices list",
            "node --max-old-space-size=2048 dist/index.js devices list",
        ] {
            let expected = Called::Words(vec!["devices".into(), "list".into()]);
            assert_eq!(words(line), expected, "{line}");
        }
        assert_eq!(words("openclaw"), Called::Words(vec![]));
        assert_eq!(words("node dist/index.js"), Called::Words(vec![]));
        assert_eq!(words("openclaw dist/index.js"), Called::Words(vec!["dist/index.js".into()]));
    }

    #[test]
    fn the_health_check_of_older_compose_files_is_understood() {
        let script = "fetch('http://127.0.0.1:18789/healthz').then((r)=>process.exit(r.ok?0:1))";
        let called = called(["node", "-e", script].into_iter().map(OsString::from));
        assert_eq!(called, Called::Words(vec!["health".into(), "--live".into()]));
    }

    #[test]
    fn anything_else_explains_itself() {
        for (line, named) in [
            ("node", ""),
            ("node --version", ""),
            ("node -e 1", "1"),
            ("node server.js", "server.js"),
            ("node index.js x", "index.js"),
            ("node dist/index.js.bak", "dist/index.js.bak"),
        ] {
            match words(line) {
                Called::NotNode(text) => {
                    assert!(text.contains("openclaw <command>") && text.contains(named), "{line}: {text}");
                }
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}
