//! In which line of a text a value stands. Only asked when there is something to report.

use jsonc_parser::ast::{ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::keypath::{KeyPath, Segment};

/// The line of the key (or element) at each path, counted from 1; `None` where it is not in this text or where the
/// text cannot be followed.
pub(crate) fn of(text: &str, paths: &[KeyPath]) -> Vec<Option<u32>> {
    // The library's positions do not count a byte order mark that is not there.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(parsed) = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()) else {
        return vec![None; paths.len()];
    };
    let breaks: Vec<usize> = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect();
    paths
        .iter()
        .map(|path| {
            let offset = start(parsed.value.as_ref()?, &path.0)?;
            u32::try_from(breaks.partition_point(|b| *b < offset) + 1).ok()
        })
        .collect()
}

fn start(value: &Value<'_>, path: &[Segment]) -> Option<usize> {
    let Some((first, rest)) = path.split_first() else { return Some(value.range().start) };
    match (value, first) {
        (Value::Object(object), segment) => {
            let name = match segment {
                Segment::Key(key) => key.clone(),
                Segment::Index(i) => i.to_string(),
            };
            let prop: &ObjectProp<'_> = object.properties.iter().rev().find(|p| p.name.as_str() == name)?;
            if rest.is_empty() { Some(prop.range().start) } else { start(&prop.value, rest) }
        }
        (Value::Array(array), segment) => {
            let index = match segment {
                Segment::Index(i) => *i,
                Segment::Key(key) => key.parse().ok()?,
            };
            start(array.elements.get(index)?, rest)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = "\u{feff}// c\n{\n  gateway: {\n    port: 1, 'bind':\n 'x'\n  },\n  l: [1,\n 2]\n}\n";
        let path = |t: &str| t.parse::<KeyPath>().unwrap();
        let paths = [path("gateway"), path("gateway.bind"), path("l[1]"), path("nope"), KeyPath::root()];
        assert_eq!(of(text, &paths), [Some(3), Some(4), Some(8), None, Some(2)]);
        assert_eq!(of("{", &paths), vec![None; 5]);
    }
}
