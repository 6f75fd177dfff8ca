//! The commands of the original that this program does not have: one sentence each (ruling 7), with the way to reach
//! the same end where there is one.

/// Absent commands by path, with what serves instead; an empty string where nothing does.
const INSTEAD: &[(&str, &str)] = &[
    ("acp", ""),
    ("agent", ""),
    ("agents", ""),
    ("approvals", ""),
    ("attach", ""),
    ("audit", ""),
    ("automations", ""),
    ("backup", "copy the state directory while the gateway is stopped"),
    ("browser", ""),
    ("capability", ""),
    ("channels", ""),
    ("chat", ""),
    ("claws", ""),
    ("clawbot", "`openclaw qr` shows the pairing code"),
    ("config", "`openclaw config get | set | unset | validate` work on openclaw.json"),
    ("configure", "`openclaw config set <path> <value>` changes one setting at a time"),
    ("connect", "`openclaw devices join-code` makes a code that any client takes in place of a token"),
    ("cron", ""),
    ("database", ""),
    ("directory", ""),
    ("dns", ""),
    ("docs", "see https://docs.openclaw.ai"),
    ("exec-approvals", ""),
    ("exec-policy", ""),
    ("file-transfer", ""),
    ("fleet", ""),
    ("gateway diagnostics", "`openclaw logs` shows the log"),
    ("gateway discover", "`openclaw gateway probe --url <url>` tries a known address"),
    ("gateway restart-handoff", ""),
    ("gateway resume", ""),
    ("gateway stability", ""),
    ("gateway suspend", ""),
    ("gateway usage-cost", ""),
    ("hooks", ""),
    ("infer", ""),
    ("mcp", ""),
    ("memory", ""),
    ("message", ""),
    ("migrate", "an existing state is taken over when the gateway starts"),
    ("models", ""),
    ("node", ""),
    ("nodes", "`openclaw devices list` shows paired nodes, `openclaw gateway call node.list` lists them all"),
    ("onboard", "`openclaw gateway` starts without any preparation"),
    ("pairing", "for devices use `openclaw devices`"),
    ("plugins", ""),
    ("promos", ""),
    ("proxy", ""),
    ("reset", ""),
    ("resume", ""),
    ("sandbox", ""),
    ("secrets", ""),
    ("sessions", ""),
    ("setup", "`openclaw gateway` starts without any preparation"),
    ("skills", ""),
    ("system", "`openclaw gateway call system-presence` shows who is connected"),
    ("tasks", ""),
    ("telemetry", ""),
    ("terminal", ""),
    ("transcripts", ""),
    ("triage", ""),
    ("tui", ""),
    ("uninstall", ""),
    ("update", "install a newer binary in place of this one"),
    ("users", ""),
    ("webhooks", ""),
    ("worker", ""),
    ("worktrees", ""),
];

/// The sentence for an absent command, `None` when the original has no such command either.
pub(crate) fn lookup(path: &[&str]) -> Option<String> {
    let path = path.join(" ");
    let (name, instead) = INSTEAD.iter().find(|(name, _)| *name == path)?;
    Some(match *instead {
        "" => format!("`openclaw {name}` is not part of this version."),
        instead => format!("`openclaw {name}` is not part of this version; {instead}."),
    })
}

/// The command to suggest instead of one that is absent; words about a command that exists stay as they are.
pub(crate) fn stand_in(words: &str) -> &str {
    // A slice, so that a row can go with the command that was built.
    const STAND_INS: &[(&str, &str)] = &[
        // There is nothing here that updates itself; what is there, and how old, is what one needs to know.
        ("update", "--version"),
    ];
    let about =
        |name: &str| words == name || words.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
    STAND_INS.iter().find(|(name, _)| about(name)).map_or(words, |(_, instead)| instead)
}

#[cfg(test)]
mod tests {
    use super::{INSTEAD, lookup, stand_in};
    use crate::grammar::tree;

    #[test]
    fn absent_commands_are_really_absent() {
        let tree = tree();
        for (path, _) in INSTEAD.iter().filter(|(path, _)| *path != "config") {
            let mut command = &tree;
            let found = path.split(' ').all(|word| match command.find_subcommand(word) {
                Some(next) => {
                    command = next;
                    true
                }
                None => false,
            });
            assert!(!found, "`{path}` exists and is listed as absent");
        }
    }

    #[test]
    fn suggestions_name_commands_that_exist() {
        for (words, expected) in [
            ("update --check", "--version"),
            ("devices approve x", "devices approve x"),
            ("doctors", "doctors"),
        ] {
            assert_eq!(stand_in(words), expected);
        }
    }

    #[test]
    fn one_sentence_each() {
        for (path, _) in INSTEAD {
            let words: Vec<&str> = path.split(' ').collect();
            let sentence = lookup(&words).unwrap();
            assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
        }
        assert_eq!(lookup(&["frobnicate"]), None);
    }
}
