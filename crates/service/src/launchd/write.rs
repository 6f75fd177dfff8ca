//! The agent that `gateway install` writes on macOS.

use crate::place::Place;
use crate::systemd::UnitOptions;

/// The property list as text. It holds no secret.
#[must_use]
pub fn plist(place: &Place, options: UnitOptions) -> String {
    let string = |text: &str| format!("<string>{}</string>", escape(text));
    let mut arguments = vec![place.program.to_string_lossy().into_owned(), "gateway".to_owned()];
    if let Some(port) = options.port {
        arguments.extend(["--port".to_owned(), port.to_string()]);
    }
    let arguments: String = arguments.iter().map(|word| format!("    {}\n", string(word))).collect();
    let environment: String = crate::place::service_environment(place, options.port)
        .iter()
        .map(|(name, value)| format!("    <key>{name}</key>\n    {}\n", string(value)))
        .collect();
    let logs = place.paths.state_dir.join("logs");
    let out = string(&logs.join("gateway.log").to_string_lossy());
    let err = string(&logs.join("gateway.err.log").to_string_lossy());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\
         \x20 <key>Label</key>\n  {label}\n\
         \x20 <key>RunAtLoad</key>\n  <true/>\n\
         \x20 <key>KeepAlive</key>\n  <true/>\n\
         \x20 <key>ThrottleInterval</key>\n  <integer>1</integer>\n\
         \x20 <key>Umask</key>\n  <integer>63</integer>\n\
         \x20 <key>ProgramArguments</key>\n  <array>\n{arguments}  </array>\n\
         \x20 <key>EnvironmentVariables</key>\n  <dict>\n{environment}  </dict>\n\
         \x20 <key>StandardOutPath</key>\n  {out}\n\
         \x20 <key>StandardErrorPath</key>\n  {err}\n\
         </dict>\n</plist>\n",
        label = string(&place.names.launchd_label),
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML has no way to write other control characters.
            control if control.is_control() && !matches!(control, '\n' | '\t') => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use openclaw_protocol::refusal::Os;

    use super::*;
    use crate::launchd::read;
    use crate::place::testing::place;

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let mut place = place();
        place.os = Os::MacOs;
        place.program = "/Applications/A & B <x>/openclaw".into();
        place.home = "/Users/u".into();
        place.paths.profile = Some("work".into());
        place.names = crate::Names::of(Some("work"), &place.env);
        let text = plist(&place, UnitOptions { port: Some(19_000) });
        let read = read::definition(Path::new("/x.plist"), &text).unwrap();
        assert_eq!(read.arguments, ["/Applications/A & B <x>/openclaw", "gateway", "--port", "19000"]);
        assert_eq!(read.variable("OPENCLAW_LAUNCHD_LABEL"), Some("ai.openclaw.work"));
        assert_eq!(read.variable("OPENCLAW_PROFILE"), Some("work"));
        assert_eq!(
            place.definition_path().unwrap(),
            Path::new("/Users/u/Library/LaunchAgents/ai.openclaw.work.plist")
        );
        let plist = read::parse(&text).unwrap();
        assert_eq!((plist.flag("KeepAlive"), plist.flag("RunAtLoad")), (Some(true), Some(true)));
        let issues = crate::audit::audit(&place, &read, &text);
        assert!(
            issues.iter().all(|issue| issue.code == crate::audit::Code::EntrypointMismatch),
            "{issues:?}"
        );
    }

    #[test]
    fn no_secret_is_written() {
        let mut place = place();
        place.os = Os::MacOs;
        place.env = openclaw_config::Env::from_pairs([("OPENCLAW_GATEWAY_TOKEN", "hush")]);
        assert!(!plist(&place, UnitOptions::default()).contains("hush"));
    }
}
