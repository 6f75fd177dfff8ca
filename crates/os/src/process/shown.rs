//! Command lines as they may be repeated: whoever types a secret there shows it to this machine's users, and no output
//! of ours is to carry it further (acceptance N-05).

/// Options whose value is a secret.
const OPTIONS: [&str; 7] =
    ["--token", "--password", "--auth-token", "--api-key", "--device-token", "--code", "--secret"];
/// In a variable's name they say that its value is one.
const NAMES: [&str; 4] = ["TOKEN", "PASSWORD", "SECRET", "API_KEY"];

/// The words with `***` in the place of values of options and of variables (`env NAME=value program`) that hold a
/// secret.
pub fn without_secrets(words: &[String]) -> Vec<String> {
    let mut hide = false;
    let mut shown = Vec::with_capacity(words.len());
    for word in words {
        let (name, has_value) = match word.split_once('=') {
            Some((name, _)) => (name, true),
            None => (word.as_str(), false),
        };
        let option = OPTIONS.contains(&name);
        if std::mem::take(&mut hide) {
            shown.push("***".to_owned());
        } else if has_value && (option || is_secret_variable(name)) {
            shown.push(format!("{name}=***"));
        } else {
            hide = option;
            shown.push(word.clone());
        }
    }
    shown
}

fn is_secret_variable(name: &str) -> bool {
    let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_name && NAMES.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn a_secret_on_a_command_line_is_not_repeated() {
        for (line, expected) in [
            ("openclaw gateway --token hush --port 1", "openclaw gateway --token *** --port 1"),
            ("openclaw gateway --password=hush", "openclaw gateway --password=***"),
            ("openclaw gateway --token", "openclaw gateway --token"),
            ("env OPENCLAW_GATEWAY_TOKEN=hush openclaw", "env OPENCLAW_GATEWAY_TOKEN=*** openclaw"),
            ("env HOME=/h openclaw --password-file /h/p", "env HOME=/h openclaw --password-file /h/p"),
            ("", ""),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(without_secrets(&words).join(" "), expected, "{line}");
        }
    }
}
