//! A change of the configuration as people read it: the lines that went and the lines that came, secrets hidden.

use openclaw_config::redact::redact_text;
use serde_json::Value;

/// Lines shown; what is longer can be seen in the file.
const MAX_LINES: usize = 40;
/// Lines compared one by one; beyond it the middle counts as replaced.
const MAX_COMPARED: usize = 2000;

/// `- old` and `+ new` lines. Where the texts cannot be shown safely, the changed keys stand instead.
#[must_use]
pub fn lines(before: (&str, &Value), after: (&str, &Value), changed_paths: &[String]) -> Vec<String> {
    let shown = redact_text(before.0, before.1).zip(redact_text(after.0, after.1));
    let mut out = shown.map(|(old, new)| diff(&old, &new)).unwrap_or_default();
    if out.is_empty() {
        out = changed_paths.iter().map(|path| format!("~ {path} (value hidden)")).collect();
    }
    if out.len() > MAX_LINES {
        let more = out.len() - MAX_LINES;
        out.truncate(MAX_LINES);
        out.push(format!("… and {more} more lines"));
    }
    out
}

fn diff(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = (old.len() - head).min(new.len() - head);
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if old.len().saturating_mul(new.len()) > MAX_COMPARED * MAX_COMPARED {
        let gone = old.iter().map(|line| format!("- {line}"));
        return gone.chain(new.iter().map(|line| format!("+ {line}"))).collect();
    }
    // Longest common subsequence, from the end.
    let width = new.len() + 1;
    let mut common = vec![0u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            common[i * width + j] = if a == b {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            out.push(format!("- {}", old[i]));
            i += 1;
        } else {
            out.push(format!("+ {}", new[j]));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use openclaw_config::parse::parse;
    use proptest::prelude::*;

    #[test]
    fn only_what_changed_and_no_secret() {
        let old = "{\n  // mine\n  gateway: {\n    token: 'hush-hush-1',\n    port: 1,\n  },\n}\n";
        let new = "{\n  // mine\n  gateway: {\n    port: 1,\n    auth: { token: 'hush-hush-1' },\n  },\n}\n";
        let shown =
            lines((old, &parse(old).unwrap()), (new, &parse(new).unwrap()), &["gateway.token".to_owned()]);
        assert!(shown.iter().all(|line| !line.contains("hush") && !line.contains("port")), "{shown:?}");
        assert!(shown[0].starts_with("-     token:") && shown[1].starts_with("+     auth:"), "{shown:?}");
    }

    #[test]
    fn a_changed_secret_shows_as_its_key() {
        let (old, new) = ("{gateway: {auth: {token: 'hush-1'}}}", "{gateway: {auth: {token: 'hush-2'}}}");
        let changed = ["gateway.auth.token".to_owned()];
        let shown = lines((old, &parse(old).unwrap()), (new, &parse(new).unwrap()), &changed);
        assert_eq!(shown, ["~ gateway.auth.token (value hidden)"]);
    }

    proptest! {
        #[test]
        fn applying_the_lines_gives_the_new_text(old in "([ab]\n){0,8}", new in "([ab]\n){0,8}") {
            let shown = diff(&old, &new);
            let gone = shown.iter().filter(|line| line.starts_with('-')).count();
            let come = shown.iter().filter(|line| line.starts_with('+')).count();
            prop_assert_eq!(old.lines().count() - gone + come, new.lines().count());
            prop_assert_eq!(shown.is_empty(), old == new);
        }
    }
}
