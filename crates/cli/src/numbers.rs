//! Numbers among the options. They arrive as text, so that a mistake is worded like every other one.

use crate::failure::Failure;

/// A whole number of at least 1, or the default when the option is not there.
pub(crate) fn positive(option: &str, text: Option<&str>, default: u64) -> Result<u64, Failure> {
    let Some(text) = text else { return Ok(default) };
    match text.trim().parse::<u64>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Failure::new(format!(
            "error: option '{option}' argument '{}' is invalid. Use a number above 0.",
            shown(text)
        ))),
    }
}

/// A TCP port, `None` when the option is not there. The text is the original's (cli §6.1).
pub(crate) fn port(text: Option<&str>) -> Result<Option<u16>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match text.trim().parse::<u16>() {
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err(Failure::new("Invalid port")),
    }
}

fn shown(text: &str) -> openclaw_protocol::words::Words {
    openclaw_protocol::words::Words::new(text)
}

#[cfg(test)]
mod tests {
    use super::{port, positive};

    #[test]
    fn numbers() {
        assert_eq!(positive("--limit <n>", None, 7), Ok(7));
        assert_eq!(positive("--limit <n>", Some(" 12 "), 7), Ok(12));
        for bad in ["0", "-1", "x", "1.5", ""] {
            let message = positive("--limit <n>", Some(bad), 7).unwrap_err();
            assert!(message.message().starts_with("error: option '--limit <n>' argument"), "{bad}");
        }
    }

    #[test]
    fn ports() {
        assert_eq!((port(None), port(Some("18789"))), (Ok(None), Ok(Some(18789))));
        for bad in ["0", "65536", "-1", "http"] {
            assert_eq!(port(Some(bad)).unwrap_err().message(), "Invalid port");
        }
    }
}
