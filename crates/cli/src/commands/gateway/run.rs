//! `gateway [run]` (cli §6.1): checks what was typed, in the original's order and words, and hands over to the gateway.

use openclaw_config::gateway::{AuthMode, Bind, TailscaleMode};
use openclaw_gateway::{RunOptions, WsLog};
use openclaw_protocol::secret::Secret;

use crate::args::gateway::{GatewayArgs, GatewayCommand, RunArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::numbers;
use crate::ui::{Style, Ui};

/// `--dev` stands among the options of `gateway run`: it chooses the profile, so it counts before anything else.
pub(crate) fn asks_for_dev(args: &GatewayArgs) -> bool {
    match &args.command {
        None => args.run.dev,
        Some(GatewayCommand::Run(run)) => run.dev || args.run.dev,
        Some(_) => false,
    }
}

/// Runs the gateway until it stops; the exit code is its own.
pub(crate) fn run(context: Context, ui: &mut Ui, args: GatewayArgs, dev: bool) -> Outcome {
    let typed = match args.command {
        Some(GatewayCommand::Run(run)) => run.or(args.run),
        _ => args.run,
    };
    let options = check(context, ui, typed, dev)?;
    ui.flush();
    Ok(openclaw_gateway::run(options))
}

fn check(context: Context, ui: &mut Ui, typed: RunArgs, dev: bool) -> Result<RunOptions, Failure> {
    if typed.reset && !dev {
        return Err(Failure::new("Use --reset with --dev."));
    }
    let ws_log = match typed.ws_log.as_deref() {
        _ if typed.compact => WsLog::Compact,
        None | Some("auto") => WsLog::Auto,
        Some("full") => WsLog::Full,
        Some("compact") => WsLog::Compact,
        Some(_) => return Err(Failure::new("Invalid --ws-log (use \"auto\", \"full\", \"compact\")")),
    };
    let port = numbers::port(typed.port.as_deref())?;
    let bind = typed.bind.as_deref().map(str::trim);
    if bind.is_some_and(|bind| Bind::parse(bind).is_none()) {
        return Err(Failure::new(
            "Invalid --bind (use \"loopback\", \"lan\", \"tailnet\", \"auto\", or \"custom\")",
        ));
    }
    let auth = typed.auth.as_deref().map(str::trim);
    if auth.is_some_and(|auth| AuthMode::parse(auth).is_none()) {
        return Err(Failure::new(
            "Invalid --auth (use \"none\", \"token\", \"password\", or \"trusted-proxy\")",
        ));
    }
    tailscale(typed.tailscale.as_deref())?;
    if typed.password.is_some() && typed.password_file.is_some() {
        return Err(Failure::new("Use either --password or --password-file."));
    }
    if typed.password.is_some() {
        ui.note_styled(
            Style::Warn,
            "Warning: --password can be exposed via process listings. Prefer --password-file or OPENCLAW_GATEWAY_PASSWORD.",
        );
    }
    Ok(RunOptions {
        port,
        bind: bind.map(str::to_owned),
        auth: auth.map(str::to_owned),
        token: typed.token.as_deref().and_then(Secret::present),
        password: typed.password.as_deref().and_then(Secret::present),
        password_file: typed.password_file,
        allow_unconfigured: typed.allow_unconfigured,
        force: typed.force,
        verbose: typed.verbose,
        dev,
        reset: typed.reset,
        ws_log,
        log_level: context.log_level,
        env: context.env,
        paths: context.paths,
    })
}

fn tailscale(mode: Option<&str>) -> Result<(), Failure> {
    match mode.map(TailscaleMode::parse) {
        None | Some(Some(TailscaleMode::Off)) => Ok(()),
        // Ruling 7: an exposure that was asked for and does not happen must not look like success.
        Some(Some(mode)) => Err(Failure::new(format!(
            "--tailscale {mode} is not part of this version; run `tailscale {mode} 18789` beside the gateway."
        ))),
        Some(None) => Err(Failure::new("Invalid --tailscale (use \"off\", \"serve\", or \"funnel\")")),
    }
}

#[cfg(test)]
mod tests {
    use super::{RunArgs, check};
    use crate::context::Context;
    use crate::ui::Terminal;
    use crate::ui::testing::capture;

    fn checked(typed: RunArgs, dev: bool) -> Result<(), String> {
        let (mut ui, _, _) = capture(Terminal::plain(), "");
        check(Context::testing(), &mut ui, typed, dev)
            .map(|_| ())
            .map_err(|failure| failure.message().to_owned())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn refusals_in_the_words_of_the_original() {
        let none = RunArgs::default;
        for (typed, message) in [
            (RunArgs { reset: true, ..none() }, "Use --reset with --dev."),
            (
                RunArgs { ws_log: some("x"), ..none() },
                "Invalid --ws-log (use \"auto\", \"full\", \"compact\")",
            ),
            (RunArgs { port: some("x"), ..none() }, "Invalid port"),
            (
                RunArgs { bind: some("0.0.0.0"), ..none() },
                "Invalid --bind (use \"loopback\", \"lan\", \"tailnet\", \"auto\", or \"custom\")",
            ),
            (
                RunArgs { auth: some("x"), ..none() },
                "Invalid --auth (use \"none\", \"token\", \"password\", or \"trusted-proxy\")",
            ),
            (
                RunArgs { tailscale: some("x"), ..none() },
                "Invalid --tailscale (use \"off\", \"serve\", or \"funnel\")",
            ),
            (
                RunArgs { tailscale: some("serve"), ..none() },
                "--tailscale serve is not part of this version; run `tailscale serve 18789` beside the gateway.",
            ),
            (
                RunArgs { password: some("a"), password_file: Some("b".into()), ..none() },
                "Use either --password or --password-file.",
            ),
        ] {
            assert_eq!(checked(typed, false), Err(message.to_owned()));
        }
        for bind in ["loopback", "lan", "tailnet", "auto", "custom"] {
            assert_eq!(checked(RunArgs { bind: some(bind), ..none() }, false), Ok(()));
        }
        assert_eq!(checked(RunArgs { reset: true, ..none() }, true), Ok(()));
    }

    #[test]
    fn a_password_on_the_command_line_is_warned_about() {
        let (mut ui, _, err) = capture(Terminal::plain(), "");
        let typed = RunArgs { password: some("hush"), ..RunArgs::default() };
        let options = check(Context::testing(), &mut ui, typed, false).unwrap();
        assert_eq!(options.password.map(|password| password.expose().to_owned()), some("hush"));
        assert!(
            err.text().starts_with("Warning: --password can be exposed via process listings.")
                && !err.text().contains("hush")
        );
    }
}
