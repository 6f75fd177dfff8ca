//! `openclaw qr` (cli §12): a setup code that pairs a phone, as a picture and as text.

use openclaw_protocol::words::escape;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::{Map, Value, json};

use crate::args::qr::QrArgs;
use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::hint::Hints;
use crate::reach::{self, Door, Gateway};
use crate::ui::{Style, Ui, time};

/// Milliseconds to wait for an answer.
const TIMEOUT_MS: u64 = 10_000;
/// A setup code is a few hundred characters; anything longer is none.
const MAX_CODE: usize = 4096;

/// Opens the way to the gateway and runs the command.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &QrArgs) -> Outcome {
    // `--url` is the address to put into the code here, not the gateway to ask (cli §12).
    let reach = ReachArgs { url: None, ..args.reach.clone() };
    let hints = context.hints(&reach);
    let mut gateway = reach::open(context, ui, &reach, Door::Management, TIMEOUT_MS).await?;
    let outcome = show(gateway.as_mut(), ui, &hints, args, time::now_ms()).await;
    gateway.close().await;
    outcome
}

async fn show(gateway: &mut dyn Gateway, ui: &mut Ui, hints: &Hints, args: &QrArgs, now_ms: u64) -> Outcome {
    let answer = match gateway.call("device.pair.setupCode", params(args)).await {
        Ok(answer) => answer,
        Err(error) => return Err(Failure::from(error)),
    };
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let Some(code) = text("setupCode").filter(|code| is_code(code)) else {
        return Err(Failure::new("The gateway made no setup code."));
    };
    if args.setup_code_only {
        ui.line(code);
        return Ok(0);
    }
    if args.json {
        ui.json(&without_picture(&answer));
        return Ok(0);
    }
    ui.styled(Style::Heading, "Pairing QR");
    ui.line("Scan this with the OpenClaw iOS app (Onboarding -> Scan QR).");
    if !args.no_ascii {
        match picture(code) {
            Some(picture) => ui.line(format!("\n{picture}\n")),
            None => ui.note("The setup code is too long for a QR picture; use the text."),
        }
    }
    ui.line(format!("Setup code: {code}"));
    for (label, name) in
        [("Gateway", "gatewayUrl"), ("Auth", "auth"), ("Source", "urlSource"), ("Access", "access")]
    {
        if let Some(value) = text(name) {
            ui.line(format!("{label}: {}", escape(value, 300)));
        }
    }
    if answer.get("accessDowngraded") == Some(&Value::Bool(true)) {
        ui.note_styled(
            Style::Warn,
            "Full access is only given over TLS or loopback; this code gives limited access.",
        );
    }
    if let Some(ends) = answer.get("expiresAtMs").and_then(Value::as_u64) {
        ui.line(format!("Expires: in {}, or when it has been used", time::span(ends.saturating_sub(now_ms))));
    }
    ui.line("");
    ui.line("If the device still waits after the scan, approve it with:");
    ui.line(format!("  {}", hints.command("devices list")));
    ui.line(format!("  {}", hints.command("devices approve <requestId>")));
    Ok(0)
}

fn params(args: &QrArgs) -> Value {
    let mut params = Map::new();
    if let Some(url) = args.public_url.as_ref().or(args.reach.url.as_ref()) {
        params.insert("publicUrl".to_owned(), json!(url));
    }
    if args.remote {
        params.insert("preferRemoteUrl".to_owned(), json!(true));
    }
    if args.limited || args.voice_node {
        params.insert("bootstrapProfile".to_owned(), json!(if args.voice_node { "node" } else { "limited" }));
    }
    Value::Object(params)
}

/// Setup codes are base64url without padding: anything else would not be a code, and might be a trick.
fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_CODE
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn without_picture(answer: &Value) -> Value {
    let mut document = answer.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("qrDataUrl");
    }
    document
}

/// Two modules to a character, light on dark as cameras like it on dark terminals; the quiet zone makes it readable
/// on light ones.
fn picture(code: &str) -> Option<String> {
    let qr = QrCode::with_error_correction_level(code.as_bytes(), EcLevel::L).ok()?;
    Some(
        qr.render::<Dense1x2>()
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .quiet_zone(true)
            .build(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_code, params, picture, show};
    use crate::args::qr::QrArgs;
    use crate::args::reach::ReachArgs;
    use crate::hint::Hints;
    use crate::reach::testing::{Scripted, block_on};
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    fn args() -> QrArgs {
        QrArgs {
            remote: false,
            public_url: None,
            limited: false,
            voice_node: false,
            setup_code_only: false,
            no_ascii: true,
            json: false,
            reach: ReachArgs::default(),
        }
    }

    fn printed(args: &QrArgs) -> String {
        let (mut ui, out, _) = capture(Terminal::plain(), "");
        let answer = json!({"setupCode": "eyJ1cmwiOiJ3czovL3gifQ", "gatewayUrl": "ws://192.168.1.2:18789", "auth": "token",
                            "urlSource": "gateway.bind=lan", "access": "full", "expiresAtMs": 600_000, "qrDataUrl": "data:"});
        let mut gateway = Scripted::new([("device.pair.setupCode", Ok(answer))]);
        let hints = Hints { program: "openclaw".to_owned(), ..Hints::default() };
        assert_eq!(block_on(show(&mut gateway, &mut ui, &hints, args, 0)), Ok(0));
        out.text()
    }

    #[test]
    fn text_picture_and_json() {
        crate::snapshot::check("qr.txt", &printed(&QrArgs { no_ascii: false, ..args() }));
        assert_eq!(printed(&QrArgs { setup_code_only: true, ..args() }), "eyJ1cmwiOiJ3czovL3gifQ\n");
        let document: serde_json::Value =
            serde_json::from_str(&printed(&QrArgs { json: true, ..args() })).unwrap();
        assert_eq!((document["access"].as_str(), document.get("qrDataUrl")), (Some("full"), None));
    }

    #[test]
    fn what_is_asked_for() {
        assert_eq!(params(&args()), json!({}));
        let url = ReachArgs { url: Some("https://gw".to_owned()), ..ReachArgs::default() };
        assert_eq!(
            params(&QrArgs { remote: true, limited: true, reach: url, ..args() }),
            json!({"publicUrl": "https://gw", "preferRemoteUrl": true, "bootstrapProfile": "limited"})
        );
        assert_eq!(params(&QrArgs { voice_node: true, ..args() }), json!({"bootstrapProfile": "node"}));
    }

    #[test]
    fn only_codes_are_printed() {
        assert!(is_code("abc-_1"));
        for bad in ["", "a b", "a\u{1b}[2J", &"x".repeat(5000)] {
            assert!(!is_code(bad));
        }
        assert!(picture(&"x".repeat(4000)).is_none());
    }
}
