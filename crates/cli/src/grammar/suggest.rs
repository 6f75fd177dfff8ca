//! `(Did you mean …?)`: the nearest names to a mistyped one, as commander finds them.

/// Names further away than this are no suggestion.
const MAX_DISTANCE: usize = 3;

/// The names nearest to what was typed, all with the same distance, sorted; empty when none is near enough.
pub(crate) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut best = MAX_DISTANCE;
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        if name.len() <= 1 || found.contains(&name) {
            continue;
        }
        let distance = distance(typed, name);
        let length = typed.chars().count().max(name.chars().count());
        // At least 40 % of the letters must agree.
        let similar = (length - distance.min(length)) * 10 > length * 4;
        if similar && distance <= best {
            if distance < best {
                found.clear();
                best = distance;
            }
            found.push(name);
        }
    }
    found.sort_unstable();
    found
}

/// The line below the error, if there is a suggestion.
pub(crate) fn line(typed: &str, found: &[&str]) -> Option<String> {
    let dashes = if typed.starts_with("--") { "--" } else { "" };
    match found {
        [] => None,
        [one] => Some(format!("(Did you mean {dashes}{one}?)")),
        several => {
            let list: Vec<String> = several.iter().map(|name| format!("{dashes}{name}")).collect();
            Some(format!("(Did you mean one of {}?)", list.join(", ")))
        }
    }
}

/// Insertions, deletions, replacements and swaps of neighbours.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    if left.len().abs_diff(right.len()) > MAX_DISTANCE {
        return left.len().max(right.len());
    }
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (index, row) in rows.iter_mut().enumerate() {
        row[0] = index;
    }
    for (index, cell) in rows[0].iter_mut().enumerate() {
        *cell = index;
    }
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let differs = usize::from(left[i - 1] != right[j - 1]);
            let mut cost = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + differs);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                cost = cost.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = cost;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, line, nearest};

    #[test]
    fn distances() {
        for (left, right, expected) in
            [("", "ab", 2), ("abc", "abc", 0), ("ab", "ba", 1), ("auth", "health", 3), ("list", "lst", 1)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["gateway", "devices", "health", "config", "logs"];
        assert_eq!(nearest("gatway", names), ["gateway"]);
        assert_eq!(nearest("auth", names), ["health"]);
        assert_eq!(nearest("zzz", names), [""; 0]);
        assert_eq!(line("--jsn", &["json"]).as_deref(), Some("(Did you mean --json?)"));
        assert_eq!(line("x", &["a", "b"]).as_deref(), Some("(Did you mean one of a, b?)"));
        assert_eq!(line("x", &[]), None);
    }
}
