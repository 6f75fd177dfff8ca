//! The checks of a decision, one line each: `✓` held, `✗` refused, `–` did not apply or only says something.

use openclaw_protocol::words::escape;
use serde::Deserialize;

use crate::ui::{Style, Ui};

/// Characters kept of what a check saw.
const MAX_SAW: usize = 300;

/// One check, as the gateway tells it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Check {
    name: String,
    verdict: String,
    saw: String,
}

impl Check {
    fn failed(&self) -> bool {
        self.verdict == "fail"
    }

    fn mark(&self) -> (&'static str, Style) {
        match self.verdict.as_str() {
            "pass" => ("✓", Style::Good),
            "fail" => ("✗", Style::Bad),
            _ => ("–", Style::Dim),
        }
    }
}

/// Prints the checks in their order. `refused`: whether the first failure is the one that counted.
pub(crate) fn print(checks: &[Check], ui: &mut Ui) {
    let names: Vec<String> = checks.iter().map(|check| escape(&check.name, 24)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let first = checks.iter().position(Check::failed);
    for (number, (check, name)) in checks.iter().zip(&names).enumerate() {
        let (mark, style) = check.mark();
        let aside = match first {
            Some(at) if at == number => "   ← refused here",
            Some(_) if check.failed() => "   ← would have been next",
            _ => "",
        };
        let mark = style.paint(mark, ui.terminal().color_output);
        ui.line(format!("  {mark} {name:width$}  {}{aside}", escape(&check.saw, MAX_SAW)));
    }
}
