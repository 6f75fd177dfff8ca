//! `devices rotate | revoke | join-code | export`: secrets of devices (cli §8, rulings 24 and 37). A new token is shown
//! only when a terminal asks for it; the device itself gets it with its next connect.

use openclaw_protocol::words::{Words, escape};
use serde_json::{Map, Value, json};

use super::manage::device;
use crate::args::devices::{JoinCodeArgs, RevokeArgs, RotateArgs};
use crate::failure::{Failure, Outcome};
use crate::hint::Hints;
use crate::reach::Gateway;
use crate::ui::{Style, Ui, time};

/// `devices rotate`.
pub(crate) async fn rotate(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    args: &RotateArgs,
) -> Outcome {
    let (Some(words), Some(role)) = (&args.device, &args.role) else {
        return Err(Failure::new("--device and --role required"));
    };
    if args.no_scopes && !args.scopes.is_empty() {
        return Err(Failure::new("error: option '--no-scopes' cannot be used with option '--scope <scope>'"));
    }
    if args.show && !ui.terminal().output {
        return Err(Failure::new("Refusing to print a token: standard output is not a terminal."));
    }
    let device = device(gateway, hints, words).await?;
    let mut params =
        Map::from_iter([("deviceId".to_owned(), json!(device)), ("role".to_owned(), json!(role))]);
    if args.no_scopes || !args.scopes.is_empty() {
        params.insert("scopes".to_owned(), json!(args.scopes));
    }
    if args.show {
        params.insert("show".to_owned(), json!(true));
    }
    let mut answer = gateway.call("device.token.rotate", Value::Object(params)).await?;
    let withheld = match answer.as_object_mut() {
        Some(fields) if args.show => !fields.contains_key("token"),
        Some(fields) => fields.remove("token").is_some(),
        None => false,
    };
    ui.json(&answer);
    if withheld && args.show {
        ui.note("The gateway keeps the new token for the device, which gets it with its next connect.");
    }
    Ok(0)
}

/// `devices revoke`.
pub(crate) async fn revoke(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    hints: &Hints,
    args: &RevokeArgs,
) -> Outcome {
    let (Some(words), Some(role)) = (&args.device, &args.role) else {
        return Err(Failure::new("--device and --role required"));
    };
    let device = device(gateway, hints, words).await?;
    let answer = gateway.call("device.token.revoke", json!({ "deviceId": device, "role": role })).await?;
    ui.json(&answer);
    Ok(0)
}

/// `devices join-code`.
pub(crate) async fn join_code(
    gateway: &mut dyn Gateway,
    ui: &mut Ui,
    args: &JoinCodeArgs,
    json: bool,
    now_ms: u64,
) -> Outcome {
    let mut params = Map::new();
    if let Some(role) = &args.role {
        params.insert("role".to_owned(), json!(role));
    }
    if !args.scopes.is_empty() {
        params.insert("scopes".to_owned(), json!(args.scopes));
    }
    let answer = gateway.call("device.joinCode.create", Value::Object(params)).await?;
    if json {
        ui.json(&answer);
        return Ok(0);
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(Words::new);
    let Some(code) = text("code") else {
        return Err(Failure::new("The gateway made no join code."));
    };
    ui.styled(Style::Heading, format!("Join code: {code}"));
    if let Some(link) = text("joinUrl") {
        ui.line(format!("Link:      {link}"));
    }
    let ends = answer.get("expiresAtMs").and_then(Value::as_u64);
    let lasts =
        ends.map(|ends| format!(" within {}", time::span(ends.saturating_sub(now_ms)))).unwrap_or_default();
    ui.line(format!("The new device enters it in place of a token{lasts}. It works once."));
    Ok(0)
}

/// `devices export`.
pub(crate) async fn export(gateway: &mut dyn Gateway, ui: &mut Ui, json: bool) -> Outcome {
    let answer = gateway.call("device.pair.export", json!({})).await?;
    if json {
        ui.json(&answer);
        return Ok(0);
    }
    let files = written(&answer);
    let count = answer.get("devices").and_then(Value::as_u64);
    let devices = count.map(|count| format!("{count} devices")).unwrap_or_else(|| "The devices".to_owned());
    ui.styled(Style::Good, format!("{devices} written in the form of the original, tokens included."));
    for file in &files {
        ui.line(format!("  {file}"));
    }
    if let Some(lacking) =
        answer.get("withoutOwnToken").and_then(Value::as_u64).filter(|lacking| *lacking > 0)
    {
        ui.note(format!("{lacking} of them use a token that only they know; with the original they need the gateway token once."));
    }
    ui.note("Stop this gateway before the original uses them.");
    Ok(0)
}

/// Paths of the files in the answer, escaped for the terminal.
fn written(answer: &Value) -> Vec<String> {
    let listed = answer.get("files").and_then(Value::as_array).into_iter().flatten();
    listed.chain(answer.get("path")).filter_map(Value::as_str).map(|path| escape(path, 1024)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{join_code, revoke, rotate};
    use crate::args::devices::{Common, JoinCodeArgs, RevokeArgs, RotateArgs};
    use crate::hint::Hints;
    use crate::reach::testing::{Scripted, block_on};
    use crate::ui::Terminal;
    use crate::ui::testing::{at_terminal, capture};

    fn rotate_args(show: bool) -> RotateArgs {
        RotateArgs {
            device: Some("c".repeat(64)),
            role: Some("operator".to_owned()),
            scopes: vec!["operator.read".to_owned()],
            no_scopes: false,
            show,
            common: Common::default(),
        }
    }

    fn answer() -> serde_json::Value {
        json!({"deviceId": "c", "role": "operator", "token": "hush", "scopes": ["operator.read"], "rotatedAtMs": 5})
    }

    #[test]
    fn a_new_token_is_shown_only_to_a_terminal_that_asks() {
        for (show, terminal, shown) in
            [(false, at_terminal(), false), (false, Terminal::plain(), false), (true, at_terminal(), true)]
        {
            let (mut ui, out, err) = capture(terminal, "");
            let mut gateway = Scripted::new([("device.token.rotate", Ok(answer()))]);
            assert_eq!(block_on(rotate(&mut gateway, &mut ui, &Hints::default(), &rotate_args(show))), Ok(0));
            assert_eq!(out.text().contains("hush"), shown);
            assert!(!err.text().contains("hush"));
        }
        // Through a pipe nothing is even asked for.
        let (mut ui, _, _) = capture(Terminal::plain(), "");
        assert!(
            block_on(rotate(&mut Scripted::new([]), &mut ui, &Hints::default(), &rotate_args(true))).is_err()
        );
    }

    #[test]
    fn device_and_role_are_needed() {
        let (mut ui, _, _) = capture(Terminal::plain(), "");
        let args = RotateArgs { role: None, ..rotate_args(false) };
        let failure =
            block_on(rotate(&mut Scripted::new([]), &mut ui, &Hints::default(), &args)).unwrap_err();
        assert_eq!(failure.message(), "--device and --role required");
        let args = RevokeArgs { device: None, role: Some("node".to_owned()), common: Common::default() };
        let failure =
            block_on(revoke(&mut Scripted::new([]), &mut ui, &Hints::default(), &args)).unwrap_err();
        assert_eq!(failure.message(), "--device and --role required");
    }

    #[test]
    fn a_join_code_says_how_long_it_lasts() {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let mut gateway = Scripted::new([(
            "device.joinCode.create",
            Ok(json!({"code": "ABCD-EFGH", "expiresAtMs": 600_000})),
        )]);
        let args = JoinCodeArgs { role: None, scopes: Vec::new(), common: Common::default() };
        assert_eq!(block_on(join_code(&mut gateway, &mut ui, &args, false, 0)), Ok(0));
        assert_eq!(
            out.text(),
            "Join code: ABCD-EFGH\nThe new device enters it in place of a token within 10 min. It works once.\n"
        );
    }
}
