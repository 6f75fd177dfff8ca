//! `openclaw doctor --url <url>`: the way to a gateway as somebody outside walks it, hop by hop, and what to write on
//! both sides of the first hop that nobody gets past (acceptance D-05, G1-9, G2-9, G2-11, G3-10).

use openclaw_client::path_test::{Path, Plan, State, walk};
use openclaw_client::{
    ConnectOptions, Credentials, Device, DeviceAuth, Endpoint, GatewayUrl, Identity, PlainReach, Target,
    TargetError, UrlSource,
};
use openclaw_os::file::Files;
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{OPERATOR_DEFAULT_V3, ScopeSet};
use openclaw_protocol::time::Millis;
use serde_json::{Value, json};

use crate::args::reach::ReachArgs;
use crate::context::Context;
use crate::failure::{EXIT_FAILED, Failure, Outcome};
use crate::reach::{Inputs, client_info};
use crate::ui::{Style, Ui, time};

/// Milliseconds that each hop may take unless `--timeout` says otherwise.
const PATIENCE_MS: u64 = 10_000;
/// Column in which facts begin.
const INDENT: usize = 11;

/// Tests the way to `--url` (or to the gateway that the environment or the configuration names) and prints a line for
/// each hop; with `json` one document. The exit code is 1 when a hop fails.
pub(crate) async fn run(context: &Context, ui: &mut Ui, args: &ReachArgs, json: bool) -> Outcome {
    let inputs = Inputs::gather(context, args)?;
    let patience = inputs.patience(PATIENCE_MS)?;
    let (target, in_the_clear) = target(&inputs)?;
    let is_own = inputs.is_own_address(&target.shown());
    let vantage = if is_own {
        Vantage { url: Some(target.shown()), ..context.vantage().clone() }
    } else {
        target.source.seen_from(context.vantage(), &target.shown())
    };
    let mut options = ConnectOptions {
        timeout: patience,
        headers: inputs.edge_headers(&target),
        ..ConnectOptions::operator(target, client_info("cli"), Vec::new())
    };
    let anonymous = if in_the_clear {
        Some("not tried: the token would be sent in the clear")
    } else {
        equip(context, &inputs, &mut options)?
    };
    let source = options.target.source.as_str();
    let path = walk(&Plan { options, anonymous, source }, &vantage).await;
    if json {
        ui.json(&document(&path, source));
    } else {
        print(ui, &path, source, &vantage);
    }
    match path.first_failure() {
        None => Ok(0),
        Some(_) => Err(Failure::shown(EXIT_FAILED)),
    }
}

/// The target, and whether secrets would go to it in the clear: then it is looked at without any.
fn target(inputs: &Inputs<'_>) -> Result<(Target, bool), Failure> {
    let wanted = inputs.target();
    let refused = match wanted.resolve() {
        Ok(target) => return Ok((target, false)),
        Err(refused) => refused,
    };
    let failure = || Failure::new(refused.to_string()).kind("gateway_target");
    let TargetError::Plaintext { .. } = &refused else { return Err(failure()) };
    let (url, source) = match (wanted.cli_url, wanted.env_url) {
        (Some(url), _) => (url, UrlSource::CliUrl),
        (None, Some(url)) => (url, UrlSource::Env),
        (None, None) => (wanted.remote_url.unwrap_or_default(), UrlSource::ConfigRemote),
    };
    let url = GatewayUrl::parse(url).map_err(|_| failure())?;
    let plain_reach = PlainReach::Loopback;
    Ok((Target { endpoint: Endpoint::Url(url), source, fingerprint: None, plain_reach }, true))
}

/// Gives the connection what a client of this machine would send; `Some` says why there is nothing.
fn equip(
    context: &Context,
    inputs: &Inputs<'_>,
    options: &mut ConnectOptions,
) -> Result<Option<&'static str>, Failure> {
    // An address from elsewhere gets no secrets of the configuration, and that is no failure here.
    options.credentials = inputs.credentials(&options.target).unwrap_or_else(|_| Credentials::default());
    let files = Files::real();
    let folder = context.paths.identity_dir();
    let broken = |why: &dyn std::fmt::Display| Failure::new(why.to_string());
    // Without a secret a device would only be put on a waiting list that it has no business on.
    let identity = if options.credentials.is_empty() {
        Identity::load(&files, &folder).map_err(|why| broken(&why))?
    } else {
        let made = Identity::load_or_create(&files, &folder, Millis(time::now_ms()));
        Some(made.map_err(|why| broken(&why))?)
    };
    let nothing = Some("not tried: there is no token for this address; give it with --token");
    let Some(identity) = identity else { return Ok(nothing) };
    let tokens = DeviceAuth::new(files, &folder, identity.device_id().clone(), &options.target);
    let held = tokens.get(Role::Operator).map(|stored| ScopeSet::parse_known(&stored.scopes).0);
    if held.is_none() && options.credentials.is_empty() {
        return Ok(nothing);
    }
    let scopes = held.filter(|held| !held.is_empty());
    options.scopes = scopes.unwrap_or_else(|| OPERATOR_DEFAULT_V3.into_iter().collect()).to_strings();
    options.device = Some(Device { identity, tokens: Some(tokens) });
    Ok(None)
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Passed => "✓",
        State::Noted => "!",
        State::Failed => "✗",
        State::Skipped => "–",
    }
}

fn print(ui: &mut Ui, path: &Path, source: &str, vantage: &Vantage) {
    ui.line(format!("The way to {} (from {source})", path.target));
    for finding in &path.findings {
        let line = format!(
            "{} {:<width$}{}",
            mark(finding.state),
            finding.hop.name(),
            finding.fact,
            width = INDENT - 2
        );
        match finding.state {
            State::Failed => ui.styled(Style::Bad, line),
            State::Noted => ui.styled(Style::Warn, line),
            State::Passed | State::Skipped => ui.line(line),
        }
    }
    let Some(trouble) = path.first_trouble() else {
        ui.line("Nothing is in the way.");
        return;
    };
    ui.line("");
    let what =
        if trouble.state == State::Failed { "The first hop that fails" } else { "What could be better" };
    ui.line(format!("{what}: {}", trouble.hop.name()));
    if let Some(help) = &trouble.help {
        ui.line(format!("  {}", help.sentence));
    }
    for setting in &trouble.settings {
        ui.line(format!("  {:<width$}{}", setting.side.name(), setting.text, width = INDENT - 2));
    }
    if let Some(help) = &trouble.help {
        let line = Failure::new(&*trouble.fact).remedy(help, vantage).fix_line();
        if let Some(line) = line {
            ui.styled(Style::Command, line);
        }
    }
}

/// Every hop, and the facts of the first that fails where failures have them.
fn document(path: &Path, source: &str) -> Value {
    let failed = path.first_failure();
    let help = failed.and_then(|finding| finding.help.as_ref());
    json!({
        "ok": failed.is_none(),
        "target": path.target,
        "source": source,
        "hops": path.findings,
        "firstFailure": failed.map(|finding| finding.hop),
        "cause": help.map(|help| help.cause),
        "message": failed.map(|finding| &finding.fact),
        "fix": help.and_then(|help| help.fix.as_ref()),
        "requestId": failed.and_then(|finding| finding.request_id.as_ref()),
    })
}
