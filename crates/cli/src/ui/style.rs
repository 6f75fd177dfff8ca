//! The few styles a line can have. What they mean is decided here, not where they are used.

/// The meaning of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A heading.
    Heading,
    /// Something works.
    Good,
    /// Something needs attention.
    Warn,
    /// Something failed.
    Bad,
    /// Detail that may be skipped.
    Dim,
    /// A command to copy.
    Command,
}

impl Style {
    /// The text wrapped in terminal codes, or as it is when `color` is false.
    pub(crate) fn paint(self, text: &str, color: bool) -> String {
        if !color {
            return text.to_owned();
        }
        let code = match self {
            Style::Heading => "1",
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "31",
            Style::Dim => "2",
            Style::Command => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
