//! `gateway explain`: what would happen to a peer that the user describes, told step by step. Nobody connects, and
//! nothing comes of it.

use openclaw_client::Endpoint;
use openclaw_protocol::refusal::{Help, Vantage, unknown_proxy};
use openclaw_protocol::words::{Words, escape};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::args::reach::ReachArgs;
use crate::args::why::ExplainArgs;
use crate::commands::why::Remedy;
use crate::commands::why::trace::{self, Check};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::reach::{self, Door, Inputs, own_device_id};
use crate::ui::{Style, Ui};

/// Milliseconds to wait for an answer.
const TIMEOUT_MS: u64 = 10_000;
/// Longest text printed.
const MAX_TEXT: usize = 300;

/// Asks the gateway, or reads its configuration and state when it does not run.
pub(super) async fn run(context: &Context, ui: &mut Ui, args: &ExplainArgs, outer: ReachArgs) -> Outcome {
    let described = describe(context, args)?;
    let reach = args.reach().or(outer);
    if args.has_secret() {
        refuse_in_the_clear(context, &reach)?;
    }
    let mut gateway = reach::open(context, ui, &reach, Door::Management, TIMEOUT_MS).await?;
    let answer = gateway.call("gateway.explain", described).await;
    let (vantage, running) = (gateway.vantage(), gateway.is_running());
    gateway.close().await;
    let answer = answer.map_err(|error| {
        if error.is_unknown_method() {
            return Failure::new("This gateway cannot explain: it is older, or another product.");
        }
        error.into()
    })?;
    if !running && let Some(problem) = Inputs::gather(context, &reach)?.config_problem {
        ui.note(
            "The gateway would not start with this configuration. What follows is about one without any.",
        );
        for line in problem {
            ui.note(line);
        }
    }
    tell(answer, ui, args.json, &vantage)
}

/// The parameters of the method. Only what was said goes along; the gateway fills in what such a client would send.
fn describe(context: &Context, args: &ExplainArgs) -> Result<Value, Failure> {
    let device = match args.device.as_deref() {
        Some("own") => Some(own_device_id(context).ok_or_else(|| {
            Failure::new("This machine has no device identity yet, so its device would be a new one.")
                .fix(context.vantage().openclaw("gateway explain --device new"))
        })?),
        other => other.map(str::to_owned),
    };
    let mut described = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            described.insert(name.to_owned(), value);
        }
    };
    let list = |list: &[String]| (!list.is_empty()).then(|| json!(list));
    let flag = |set: bool| set.then(|| json!(true));
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    put("from", text(&args.from));
    put("headers", list(&args.header));
    put("host", text(&args.host));
    put("origin", text(&args.origin));
    put("client", text(&args.client));
    put("platform", text(&args.platform));
    put("role", text(&args.role));
    put("scopes", list(&args.scopes));
    put("protocol", args.protocol.map(|protocol| json!(protocol)));
    put("device", text(&device));
    put("token", text(&args.token));
    put("password", text(&args.password));
    put("deviceToken", text(&args.device_token));
    put("code", text(&args.code));
    put("gatewaySecret", flag(args.with_gateway_token));
    put("uid", args.uid.map(|uid| json!(uid)));
    put("tls", flag(args.tls));
    Ok(Value::Object(described))
}

/// A secret goes to this machine or over TLS, or it does not go.
fn refuse_in_the_clear(context: &Context, reach: &ReachArgs) -> Result<(), Failure> {
    let inputs = Inputs::gather(context, reach)?;
    if inputs.is_own() {
        return Ok(());
    }
    let target =
        inputs.target().resolve().map_err(|error| Failure::new(error.to_string()).kind("gateway_target"))?;
    match &target.endpoint {
        Endpoint::Url(url) if !url.tls && !url.is_loopback() => Err(Failure::new(
            "The secret would go to that gateway unencrypted. Use a wss:// address, or say --with-gateway-token instead.",
        )),
        _ => Ok(()),
    }
}

/// What the gateway says of the described peer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Peer {
    from: String,
    headers: Vec<String>,
    client: String,
    platform: Option<String>,
    role: String,
    scopes: Vec<String>,
    device: Option<String>,
    presents: Vec<String>,
    protocol: i64,
}

/// What it would come to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    peer: Peer,
    #[serde(default)]
    assumed: Vec<String>,
    #[serde(default)]
    trace: Vec<Check>,
    outcome: String,
    how: Option<String>,
    role: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    scopes_cleared: bool,
    message: Option<String>,
    close_code: Option<u16>,
    unlisted_proxy: Option<Proxy>,
}

/// A proxy that the configuration does not list.
#[derive(Debug, Deserialize)]
struct Proxy {
    address: std::net::IpAddr,
    #[serde(default)]
    headers: Vec<Words>,
    /// Whether it may stand in a command (ruling 33).
    #[serde(default)]
    offered: bool,
    /// The entries that stand there already.
    #[serde(default)]
    listed: Vec<String>,
}

impl Proxy {
    fn help(&self, vantage: &Vantage) -> Help {
        let offer = self.offered.then_some(self.address);
        unknown_proxy(Some(self.address), &self.headers, offer, &self.listed, vantage)
    }
}

fn tell(mut answer: Value, ui: &mut Ui, json: bool, vantage: &Vantage) -> Outcome {
    let told = Told::deserialize(&answer).map_err(|why| {
        Failure::new(format!("The gateway answered gateway.explain in a form that is not understood: {why}."))
    })?;
    let remedy = (told.outcome != "admit").then(|| Remedy::read(&answer, vantage));
    let proxy = told.unlisted_proxy.as_ref().map(|proxy| proxy.help(vantage));
    if json {
        // The commands as they work from here, in the place of the gateway's.
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("ok".to_owned(), json!(true));
            if let Some(remedy) = &remedy {
                fields.insert("fix".to_owned(), json!(remedy.fix()));
            }
            if let Some(help) = &proxy {
                fields.insert("proxyHelp".to_owned(), json!(help));
            }
        }
        ui.json(&answer);
        return Ok(0);
    }
    introduce(&told.peer, ui);
    ui.line("");
    ui.line("It would be checked in this order:");
    trace::print(&told.trace, ui);
    ui.line("");
    match &remedy {
        None => ui.styled(Style::Good, admitted(&told)),
        Some(remedy) => {
            let message = escape(told.message.as_deref().unwrap_or_default(), MAX_TEXT);
            let close = told.close_code.map(|code| format!("close {code}, ")).unwrap_or_default();
            let cause = remedy.cause();
            ui.styled(Style::Warn, format!("It would be refused: {message} ({close}cause {cause})"));
            ui.line(remedy.sentence());
        }
    }
    if let Some(help) = &proxy {
        ui.line(format!("{} (cause {})", help.sentence, help.cause));
        if let Some(fix) = &help.fix {
            ui.styled(Style::Command, format!("For the proxy: {fix}"));
        }
    }
    ui.line("");
    ui.line("Taken for granted:");
    for assumed in &told.assumed {
        ui.line(format!("  {}", escape(assumed, MAX_TEXT)));
    }
    if let Some(remedy) = &remedy {
        remedy.tell_fix(ui);
    }
    Ok(0)
}

fn introduce(peer: &Peer, ui: &mut Ui) {
    let text = |text: &str| escape(text, MAX_TEXT);
    let platform = peer.platform.as_deref().map(|name| format!(" on {}", text(name))).unwrap_or_default();
    let (client, from) = (text(&peer.client), text(&peer.from));
    ui.styled(Style::Heading, format!("If {client}{platform} connected from {from}"));
    let device = match peer.device.as_deref() {
        None => "none".to_owned(),
        Some("new") => "a new one".to_owned(),
        Some(id) => text(id),
    };
    ui.line(format!("  Device    {device}"));
    let scopes = short(&peer.scopes);
    let scopes = if scopes.is_empty() { scopes } else { format!(": {scopes}") };
    ui.line(format!("  Asks for  {}{scopes} (protocol {})", text(&peer.role), peer.protocol));
    let presents: Vec<String> = peer.presents.iter().map(|what| text(what)).collect();
    let presents = if presents.is_empty() { "no credentials".to_owned() } else { presents.join(", ") };
    ui.line(format!("  Sends     {presents}"));
    for header in &peer.headers {
        ui.line(format!("  Header    {}", text(header)));
    }
}

/// Scopes without their prefix.
fn short(scopes: &[String]) -> String {
    let short = |scope: &String| escape(scope.strip_prefix("operator.").unwrap_or(scope), 64);
    scopes.iter().map(short).collect::<Vec<_>>().join(", ")
}

fn admitted(told: &Told) -> String {
    let role = escape(told.role.as_deref().unwrap_or("operator"), 32);
    let may = match (told.scopes.is_empty(), told.scopes_cleared) {
        (false, _) => format!(" with {}", short(&told.scopes)),
        (true, true) => " without any scope, because it sends no device identity".to_owned(),
        (true, false) => String::new(),
    };
    let how = match told.how.as_deref() {
        Some("silently") => {
            ". Its device would be paired without asking: it is the owner's own program on this machine."
        }
        Some("by-code") => ". Its device would be paired by the code, which is then used up.",
        Some("owner") => ": it is the owner.",
        _ => ".",
    };
    format!("It would be let in as {role}{may}{how}")
}

#[cfg(test)]
mod tests;
