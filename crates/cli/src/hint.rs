//! Commands that the program tells the user to run. A `Fix:` line is code (ruling 33): what goes into it is checked
//! against a strict alphabet, or a placeholder stands there.

/// How the user reached the gateway, so that a hint reaches the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hints {
    /// `openclaw`, or `openclaw --profile work`.
    pub(crate) program: String,
    /// The URL given with `--url`.
    pub(crate) url: Option<String>,
    /// A token was given with `--token`; it must be given again.
    pub(crate) token: bool,
    /// A password was given with `--password`; it must be given again.
    pub(crate) password: bool,
}

impl Hints {
    /// A command of this program without anything about the gateway.
    pub(crate) fn local(&self, words: &str) -> String {
        format!("{} {words}", self.program)
    }

    /// A command for the same gateway; secrets are left for the user to fill in.
    pub(crate) fn command(&self, words: &str) -> String {
        let mut command = self.local(words);
        if let Some(url) = &self.url {
            command.push_str(&format!(" --url {}", word(url, "<url>")));
        }
        if self.token {
            command.push_str(" --token <token>");
        }
        if self.password {
            command.push_str(" --password <password>");
        }
        command
    }
}

/// The word if it cannot mean anything to a shell, else the placeholder.
pub(crate) fn word<'a>(text: &'a str, placeholder: &'a str) -> &'a str {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/[]".contains(&byte);
    if !text.is_empty() && text.len() <= 256 && !text.starts_with('-') && text.bytes().all(harmless) {
        text
    } else {
        placeholder
    }
}

#[cfg(test)]
mod tests {
    use super::{Hints, word};

    #[test]
    fn hints_reach_the_same_gateway() {
        let plain = Hints { program: "openclaw --profile work".to_owned(), ..Hints::default() };
        assert_eq!(plain.command("devices list"), "openclaw --profile work devices list");
        let remote = Hints {
            program: "openclaw".to_owned(),
            url: Some("wss://gw.example:1".to_owned()),
            token: true,
            password: false,
        };
        assert_eq!(
            remote.command("devices list"),
            "openclaw devices list --url wss://gw.example:1 --token <token>"
        );
        let evil = Hints { url: Some("wss://x;reboot".to_owned()), ..remote };
        assert_eq!(evil.command("health"), "openclaw health --url <url> --token <token>");
    }

    #[test]
    fn words_for_a_shell() {
        for (text, expected) in [
            ("7f3a-01", "7f3a-01"),
            ("", "<id>"),
            ("a b", "<id>"),
            ("$(x)", "<id>"),
            ("-rf", "<id>"),
            ("a\u{202e}", "<id>"),
        ] {
            assert_eq!(word(text, "<id>"), expected);
        }
    }
}
