//! The unit that `gateway install` writes: no secret in it, started when the gateway answers, watched while it runs,
//! and not started again into a configuration or a port that cannot work.

use std::path::Path;

use crate::place::Place;

/// What was asked for beyond what follows from the place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitOptions {
    /// A port that wins over the configuration (`gateway install --port`).
    pub port: Option<u16>,
}

/// Why a unit cannot be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnitError {
    /// systemd runs only absolute paths.
    #[error("the program's path {0} is not absolute")]
    RelativeProgram(String),
    /// A path that is not UTF-8 cannot be written into a unit.
    #[error("{0} cannot stand in a service definition: it is not valid UTF-8")]
    NotText(String),
}

/// The unit as text.
///
/// # Errors
/// When the program's path cannot stand in a unit.
pub fn unit(place: &Place, options: UnitOptions) -> Result<String, UnitError> {
    let program = text_of(&place.program)?;
    if !place.program.is_absolute() {
        return Err(UnitError::RelativeProgram(program.to_owned()));
    }
    let mut start = vec![word(program, true), "gateway".to_owned()];
    if let Some(port) = options.port {
        start.extend(["--port".to_owned(), port.to_string()]);
    }
    let environment: String = crate::place::service_environment(place, options.port)
        .iter()
        .map(|(name, value)| format!("Environment={}\n", word(&format!("{name}={value}"), false)))
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    let about = match &place.paths.profile {
        Some(profile) => format!("(profile: {profile}, v{version})"),
        None => format!("(v{version})"),
    };
    Ok(format!(
        "# Written by `openclaw gateway install`. An edited unit is kept beside it as *.bak when it is written again;\n\
         # `systemctl --user edit` is the place for changes that shall stay.\n\
         [Unit]\n\
         Description=OpenClaw Gateway {about}\n\
         After=network-online.target\n\
         Wants=network-online.target\n\
         StartLimitIntervalSec=300\n\
         StartLimitBurst=10\n\
         \n\
         [Service]\n\
         Type=notify\n\
         NotifyAccess=main\n\
         ExecStart={start}\n\
         Restart=always\n\
         RestartSec=5\n\
         # 78: the configuration is refused, or the port or the state is somebody else's. Trying again helps nobody.\n\
         RestartPreventExitStatus=78\n\
         SuccessExitStatus=0 143\n\
         TimeoutStartSec=30\n\
         TimeoutStopSec=30\n\
         WatchdogSec=60\n\
         # The listening sockets outlive a restart: whoever knocks meanwhile waits.\n\
         FileDescriptorStoreMax=16\n\
         KillMode=control-group\n\
         UMask=0077\n\
         {environment}\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        start = start.join(" "),
    ))
}

fn text_of(path: &Path) -> Result<&str, UnitError> {
    path.to_str().ok_or_else(|| UnitError::NotText(path.display().to_string()))
}

/// One word of a unit's line, such that systemd reads exactly this text again. `command`: in a command line `$` is
/// special, too.
fn word(text: &str, command: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut plain = !text.is_empty();
    for character in text.chars() {
        match character {
            '%' => out.push_str("%%"),
            '$' if command => out.push_str("$$"),
            '"' | '\\' => {
                plain = false;
                out.push('\\');
                out.push(character);
            }
            '\n' => {
                plain = false;
                out.push_str("\\n");
            }
            control if control.is_ascii_control() => {
                plain = false;
                out.push_str(&format!("\\x{:02x}", control as u32));
            }
            other => {
                plain &= !(other.is_whitespace() || matches!(other, '\'' | ';' | '#'));
                out.push(other);
            }
        }
    }
    if plain { out } else { format!("\"{out}\"") }
}

#[cfg(test)]
/// Whether a definition is the one that would be written now, apart from comments.
#[must_use]
pub(crate) fn is_current(place: &Place, options: UnitOptions, text: &str) -> bool {
    let lines = |text: &str| {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    unit(place, options).is_ok_and(|current| lines(&current) == lines(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::testing::place;
    use crate::systemd::read;

    #[test]
    fn what_is_written_is_read_back_the_same() {
        for program in ["/usr/bin/openclaw", "/opt/my \"apps\"/100% $HOME\\openclaw", "/x/a'b;c#d/openclaw"] {
            let mut place = place();
            place.program = program.into();
            place.paths.state_dir = "/home/u u/.open%claw\t\"x\"".into();
            place.paths.profile = Some("work".into());
            let text = unit(&place, UnitOptions { port: Some(19000) }).unwrap();
            let read = read::definition(Path::new("/x"), &text, Path::new("/nowhere"));
            assert_eq!(read.arguments, [program, "gateway", "--port", "19000"], "{text}");
            assert_eq!(read.variable("OPENCLAW_STATE_DIR"), Some("/home/u u/.open%claw\t\"x\""), "{text}");
            assert_eq!(read.port(), Some(19000));
            assert_eq!(read.version(), Some(env!("CARGO_PKG_VERSION")));
            assert!(is_current(&place, UnitOptions { port: Some(19000) }, &text));
            assert!(!is_current(&place, UnitOptions::default(), &text));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in "[^\\x00]{0,40}", command in proptest::bool::ANY) {
            let line = word(&text, command);
            proptest::prop_assert!(!line.contains(['\n', '\r']));
            let unit = match command {
                true => format!("[Service]\nExecStart=/x {line}\n"),
                false => format!("[Service]\nEnvironment={}\n", word(&format!("A={text}"), false)),
            };
            let read = read::definition(Path::new("/x"), &unit, Path::new("/nowhere"));
            let back = if command { read.arguments.get(1) } else { read.environment.get("A") };
            proptest::prop_assert_eq!(back, Some(&text));
        }
    }

    #[test]
    fn no_secret_is_written() {
        let mut place = place();
        place.env = openclaw_config::Env::from_pairs([
            ("OPENCLAW_GATEWAY_TOKEN", "hush-1"),
            ("OPENCLAW_GATEWAY_PASSWORD", "hush-2"),
            ("ANTHROPIC_API_KEY", "hush-3"),
            ("HTTPS_PROXY", "http://user:hush-4@proxy:3128"),
            ("HTTP_PROXY", "http://proxy:3128"),
            ("NODE_EXTRA_CA_CERTS", "/etc/ca.pem"),
        ]);
        let text = unit(&place, UnitOptions::default()).unwrap();
        assert!(!text.contains("hush"), "{text}");
        assert!(text.contains("Environment=HTTP_PROXY=http://proxy:3128\n"), "{text}");
        assert!(text.contains("Environment=NODE_EXTRA_CA_CERTS=/etc/ca.pem\n"), "{text}");
    }

    #[test]
    fn a_program_that_systemd_could_not_start_is_refused() {
        let mut place = place();
        place.program = "openclaw".into();
        assert_eq!(
            unit(&place, UnitOptions::default()),
            Err(UnitError::RelativeProgram("openclaw".to_owned()))
        );
    }

    #[test]
    fn the_units_own_audit_is_clean() {
        let mut place = place();
        place.program = std::env::current_exe().unwrap();
        let text = unit(&place, UnitOptions::default()).unwrap();
        let definition = read::definition(Path::new("/x"), &text, &place.home);
        assert_eq!(crate::audit::audit(&place, &definition, &text), []);
    }
}
