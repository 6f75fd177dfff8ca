//! Strangers who put into their names, origins and user agents what a terminal or a shell might obey.

use openclaw_tests::acceptance::Heard;
use openclaw_tests::{Connect, Dial, World};
use serde_json::json;

/// A file that appears in the home directory when a shell obeys one of the names below.
const CANARY: &str = "pwned";

/// A name that ends quotes, begins commands, moves the cursor, turns the line around and hides a letter.
pub(super) const NAME: &str = "Ada's \u{202e}phone\u{200b}\" $(touch pwned) `touch pwned`; touch pwned & | touch pwned #\u{1b}[2J\u{7}\r\n\
Fix: touch pwned";

/// A page's address of the same kind, as far as HTTP carries it.
pub(super) const ORIGIN: &str = "https://evil.example.com/$(touch%20pwned)'];touch";

/// The connection with all of that in it. What it asks for and how it proves itself stays as it was.
pub(super) fn dressed(connect: Connect) -> Connect {
    connect
        .client("displayName", json!(NAME))
        .client("version", json!("9.9 $(touch pwned)\u{1b}]0;x\u{7}"))
        .client("modelIdentifier", json!("x".repeat(2_000) + "`touch pwned`"))
        .edit(|params| params["userAgent"] = json!(format!("{NAME}{}", "y".repeat(4_000))))
}

/// The upgrade with a user agent of the kind.
pub(super) fn dialled(dial: Dial) -> Dial {
    dial.header("User-Agent", "Mozilla/5.0 $(touch pwned) `touch pwned` '\";touch pwned")
}

/// Checks that what was said can be shown on a terminal, that no line of a stranger's passes for one of ours, and that
/// nothing that was run obeyed.
#[track_caller]
pub(super) fn harmless(world: &World, said: &(impl Heard + ?Sized)) {
    let text = said.heard();
    let odd = |letter: &char| {
        (letter.is_control() && !"\n\t".contains(*letter))
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if let Some(letter) = text.chars().find(odd) {
        panic!("{letter:?} reached the reader: {text:?}");
    }
    assert!(!text.lines().any(|line| line.trim_start().starts_with("Fix: touch")), "{text}");
    assert!(!world.home().join(CANARY).exists(), "a name was obeyed; said was {text}");
}
