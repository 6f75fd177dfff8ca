//! The one way out: everything a command prints goes through [`Ui`], and every question it asks.
//!
//! The answer of a command goes to standard output, everything else (notes, progress, refusals) to standard
//! error. A reader that went away (`openclaw … | head`) is no failure: the rest is dropped in silence and
//! [`Ui::closed`] tells long-running commands to stop.

pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod time;

use std::io::{self, BufRead, IsTerminal, Write};

use openclaw_protocol::words::is_deceptive;
use serde::Serialize;

pub(crate) use style::Style;
pub(crate) use table::{Column, Table};

/// Columns assumed when standard output is not a terminal (cli §1.2).
const WIDTH_WHEN_PIPED: usize = 120;

/// What is known about the three standard streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Standard output is a terminal.
    pub(crate) output: bool,
    /// Standard input is a terminal, so questions can be asked.
    pub(crate) input: bool,
    /// Columns of the terminal, 120 when piped.
    pub(crate) width: usize,
    /// Colours on standard output.
    pub(crate) color_output: bool,
    /// Colours on standard error.
    pub(crate) color_error: bool,
}

impl Terminal {
    /// No terminal anywhere: plain text, 120 columns.
    pub(crate) fn plain() -> Terminal {
        Terminal {
            output: false,
            input: false,
            width: WIDTH_WHEN_PIPED,
            color_output: false,
            color_error: false,
        }
    }

    /// Looks at the process's own streams. `NO_COLOR` and `--no-color` win over `FORCE_COLOR` (cli §1.1).
    pub(crate) fn detect(no_color: bool, force_color: bool) -> Terminal {
        let output = io::stdout().is_terminal();
        let error = io::stderr().is_terminal();
        let width = rustix::termios::tcgetwinsize(io::stdout())
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| output && *columns >= 40)
            .unwrap_or(WIDTH_WHEN_PIPED);
        Terminal {
            output,
            input: io::stdin().is_terminal(),
            width,
            color_output: !no_color && (force_color || output),
            color_error: !no_color && (force_color || error),
        }
    }
}

/// The output of one run of the program.
pub(crate) struct Ui {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    input: Box<dyn BufRead>,
    terminal: Terminal,
    closed: bool,
}

impl Ui {
    /// Over the process's own streams.
    pub(crate) fn system(terminal: Terminal) -> Ui {
        Ui {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            input: Box::new(io::BufReader::new(io::stdin())),
            terminal,
            closed: false,
        }
    }

    /// Over anything; for tests.
    #[cfg(test)]
    pub(crate) fn over(
        out: Box<dyn Write>,
        err: Box<dyn Write>,
        input: Box<dyn BufRead>,
        terminal: Terminal,
    ) -> Ui {
        Ui { out, err, input, terminal, closed: false }
    }

    /// What is known about the streams.
    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Someone sits there: both a question can be shown and an answer can be typed.
    pub(crate) fn interactive(&self) -> bool {
        self.terminal.output && self.terminal.input
    }

    /// Nobody reads standard output any more.
    pub(crate) fn closed(&self) -> bool {
        self.closed
    }

    /// One line of the answer.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        let outcome = writeln!(self.out, "{}", text.as_ref());
        self.note_closed(outcome);
    }

    /// One line of the answer with a style for terminals.
    pub(crate) fn styled(&mut self, style: Style, text: impl AsRef<str>) {
        let line = style.paint(text.as_ref(), self.terminal.color_output);
        self.line(line);
    }

    /// A table of the answer.
    pub(crate) fn table(&mut self, table: &Table) {
        let text = table.render(self.terminal.width);
        let outcome = self.out.write_all(text.as_bytes());
        self.note_closed(outcome);
    }

    /// Text of the answer as it is, without a line feed added.
    pub(crate) fn raw(&mut self, text: &str) {
        let outcome = self.out.write_all(text.as_bytes());
        self.note_closed(outcome);
    }

    /// The answer as JSON, two spaces of indent (cli §1.2).
    pub(crate) fn json(&mut self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string_pretty(value) {
            self.line(visible(&text));
        }
    }

    /// One JSON document on one line.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(value) {
            self.line(visible(&text));
        }
    }

    /// One line of diagnostics.
    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        self.flush();
        // Standard error that cannot be written leaves nowhere to say so.
        let _ = writeln!(self.err, "{}", text.as_ref());
    }

    /// One line of diagnostics with a style for terminals.
    pub(crate) fn note_styled(&mut self, style: Style, text: impl AsRef<str>) {
        let line = style.paint(text.as_ref(), self.terminal.color_error);
        self.note(line);
    }

    /// Asks for a yes. Anything but `y` or `yes` is a no, and so is the end of the input.
    pub(crate) fn confirm(&mut self, question: &str) -> bool {
        self.flush();
        let _ = write!(self.err, "{question} [y/N] ");
        let _ = self.err.flush();
        let mut answer = String::new();
        match self.input.read_line(&mut answer) {
            Ok(_) => matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"),
            Err(_) => false,
        }
    }

    /// Hands everything written so far to the operating system.
    pub(crate) fn flush(&mut self) {
        let outcome = self.out.flush();
        self.note_closed(outcome);
    }

    fn note_closed(&mut self, outcome: io::Result<()>) {
        if outcome.is_err() {
            self.closed = true;
        }
    }
}

/// The same JSON with every character that could trick a terminal written as `\u…`. Such characters stand only inside
/// strings, and the line feeds between them are ours.
fn visible(json: &str) -> String {
    if !json.chars().any(|character| character != '\n' && is_deceptive(character)) {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if character != '\n' && is_deceptive(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(character);
        }
    }
    text
}

impl Drop for Ui {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A [`Ui`] whose output a test can read.

    use std::cell::RefCell;
    use std::io::{self, Cursor, Write};
    use std::rc::Rc;

    use super::{Terminal, Ui};

    /// A buffer that a `Ui` writes into and a test reads from.
    #[derive(Clone, Default)]
    pub(crate) struct Buffer(Rc<RefCell<Vec<u8>>>);

    impl Buffer {
        /// Everything written so far.
        pub(crate) fn text(&self) -> String {
            String::from_utf8_lossy(&self.0.borrow()).into_owned()
        }
    }

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A `Ui` with its two outputs; `typed` is what the user answers.
    pub(crate) fn capture(terminal: Terminal, typed: &str) -> (Ui, Buffer, Buffer) {
        let (out, err) = (Buffer::default(), Buffer::default());
        let input = Box::new(Cursor::new(typed.as_bytes().to_vec()));
        (Ui::over(Box::new(out.clone()), Box::new(err.clone()), input, terminal), out, err)
    }

    /// A terminal on both ends, without colours so that texts compare.
    pub(crate) fn at_terminal() -> Terminal {
        Terminal { output: true, input: true, width: 100, color_output: false, color_error: false }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{at_terminal, capture};
    use super::{Style, Terminal, Ui};

    #[test]
    fn answers_and_notes_go_to_different_streams() {
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        ui.line("answer");
        ui.note("note");
        assert_eq!((out.text().as_str(), err.text().as_str()), ("answer\n", "note\n"));
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        for (typed, expected) in
            [("y\n", true), ("YES\n", true), (" yes \n", true), ("\n", false), ("", false), ("yep\n", false)]
        {
            let (mut ui, _, err) = capture(at_terminal(), typed);
            assert_eq!(ui.confirm("Approve?"), expected, "{typed:?}");
            assert_eq!(err.text(), "Approve? [y/N] ");
        }
    }

    #[test]
    fn colours_only_where_wanted() {
        let terminal = Terminal { color_output: true, ..at_terminal() };
        let (mut ui, out, err) = capture(terminal, "");
        ui.styled(Style::Good, "fine");
        ui.note_styled(Style::Bad, "broken");
        assert_eq!((out.text().as_str(), err.text().as_str()), ("\u{1b}[32mfine\u{1b}[0m\n", "broken\n"));
    }

    #[test]
    fn json_is_the_same_value_without_tricks() {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let value = serde_json::json!({"name": "a\u{202e}b\u{9b}c\u{e0001}\nd"});
        ui.json(&value);
        assert_eq!(out.text(), "{\n  \"name\": \"a\\u202eb\\u009bc\\udb40\\udc01\\nd\"\n}\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&out.text()).unwrap(), value);
    }

    #[test]
    fn a_reader_that_left_is_remembered_and_not_an_error() {
        struct Gone;
        impl std::io::Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut ui =
            Ui::over(Box::new(Gone), Box::new(Vec::new()), Box::new(std::io::empty()), Terminal::plain());
        assert!(!ui.closed());
        ui.line("into the void");
        assert!(ui.closed());
    }
}
