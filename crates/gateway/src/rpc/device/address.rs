//! Under which address a new device reaches this gateway, and where that is known from (§4.8).

use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;
use openclaw_config::GatewayConfig;
use openclaw_config::gateway::Bind;
use openclaw_config::keypath::KeyPath;
use openclaw_os::host;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::words::Words;

use super::setup::is_private;
use crate::core::Core;
use crate::settings::Settings;

/// Where people write the address that they gave their gateway: guides use the key of the original's plugin.
const PLUGIN_KEY: &str = "plugins.entries.device-pair.config.publicUrl";
/// Under which origins pages of this gateway are opened.
const ORIGINS_KEY: &str = "gateway.controlUi.allowedOrigins";
/// Addresses offered at most: more than a gateway has, and few enough to choose from.
const MAX_CHOICES: usize = 8;
/// The text that guides quote.
const LOOPBACK_ONLY: &str = "Gateway is only bound to loopback. Set gateway.bind=lan, enable tailscale serve, or \
                             configure plugins.entries.device-pair.config.publicUrl.";

/// An address of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// `ws://` or `wss://`, without a path unless one was configured.
    pub(super) url: String,
    /// The setting it comes from.
    pub(super) source: &'static str,
    /// Whether nobody on the way can listen: TLS or loopback.
    pub(super) safe: bool,
}

/// What the choice depends on.
struct Sources<'a> {
    given: Option<&'a str>,
    prefer_remote: bool,
    plugin: Option<&'a str>,
    config: &'a GatewayConfig,
    bind: Bind,
    custom_host: Option<IpAddr>,
    in_container: bool,
    port: u16,
    lan: Option<IpAddr>,
    tailnet: Option<IpAddr>,
}

/// The address to put into a setup code: given, of the plugin setting, remote, public origin, or the bind address.
pub(super) async fn find(
    core: &Arc<Core>,
    given: Option<&str>,
    prefer_remote: bool,
) -> Result<Address, ErrorShape> {
    let own = own_addresses().await?;
    let settings = core.policy();
    let sources = sources(core, &settings, own);
    choose(&Sources { given, prefer_remote, ..sources })
}

/// All addresses that a code may name, as far as the gateway knows; the one it takes by itself first.
pub(super) async fn choices(core: &Arc<Core>) -> Result<Vec<Address>, ErrorShape> {
    let own = own_addresses().await?;
    let settings = core.policy();
    Ok(all(&sources(core, &settings, own)))
}

/// Why there is none.
pub(super) const NO_CHOICE: &str = LOOPBACK_ONLY;

/// This host's addresses in its network and in its tailnet.
type Own = (Option<IpAddr>, Option<IpAddr>);

async fn own_addresses() -> Result<Own, ErrorShape> {
    tokio::task::spawn_blocking(|| (host::primary_ip(), host::tailnet_address()))
        .await
        .map_err(|_| ErrorShape::unavailable("the gateway's address could not be looked up", 1_000))
}

fn sources<'a>(core: &Core, settings: &'a Settings, (lan, tailnet): Own) -> Sources<'a> {
    let plan = &settings.plan;
    let path = KeyPath::keys(PLUGIN_KEY.split('.'));
    let plugin = path.get(&settings.loaded.value).and_then(|value| value.as_str()).map(str::trim);
    Sources {
        given: None,
        prefer_remote: false,
        plugin: plugin.filter(|text| !text.is_empty()),
        config: &settings.loaded.gateway,
        bind: plan.bind,
        custom_host: plan.custom_host,
        in_container: core.in_container,
        port: core.facts.port,
        lan,
        tailnet,
    }
}

fn choose(sources: &Sources<'_>) -> Result<Address, ErrorShape> {
    let remote = sources.config.remote.url.as_deref();
    let written = [
        (sources.given, PLUGIN_KEY),
        (remote.filter(|_| sources.prefer_remote), "gateway.remote.url"),
        (sources.plugin, PLUGIN_KEY),
        (remote, "gateway.remote.url"),
        (sources.config.public_origin.as_deref(), "gateway.publicOrigin"),
    ];
    for (url, source) in written {
        if let Some(url) = url {
            return written_address(url, source);
        }
    }
    bound(sources).into_iter().next().unwrap_or_else(|| Err(ErrorShape::invalid_request(LOOPBACK_ONLY)))
}

/// What is written down comes first, in the order of [`choose`], then the names that pages may be served under, then
/// what the gateway listens on. What cannot be used is left out.
fn all(sources: &Sources<'_>) -> Vec<Address> {
    let config = sources.config;
    let written = [
        (sources.plugin, PLUGIN_KEY),
        (config.remote.url.as_deref(), "gateway.remote.url"),
        (config.public_origin.as_deref(), "gateway.publicOrigin"),
    ];
    let written = written.into_iter().filter_map(|(url, source)| Some((url?, source)));
    // `*` names nobody.
    let pages = config.control_ui.allowed_origins.iter().filter(|url| !url.contains('*'));
    let pages = pages.map(|url| (url.as_str(), ORIGINS_KEY));
    let mut found: Vec<Address> = Vec::new();
    let written = written.chain(pages).map(|(url, source)| written_address(url, source));
    for address in written.chain(bound(sources)).flatten() {
        // Another device's own loopback is not this gateway.
        if !is_loopback(&address.url) && found.iter().all(|known| known.url != address.url) {
            found.push(address);
        }
    }
    found.truncate(MAX_CHOICES);
    found
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| host_of(rest.split('/').next().unwrap_or(rest)));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// The addresses that the gateway listens on, as far as other devices can reach them; the likeliest first.
fn bound(sources: &Sources<'_>) -> Vec<Result<Address, ErrorShape>> {
    let all = || vec![sources.lan, sources.tailnet];
    let (ips, source) = match sources.bind {
        Bind::Loopback => (Vec::new(), ""),
        Bind::Auto if sources.in_container => (all(), "gateway.bind=auto"),
        Bind::Auto => (Vec::new(), ""),
        Bind::Lan => (all(), "gateway.bind=lan"),
        Bind::Tailnet => (vec![sources.tailnet], "gateway.bind=tailnet"),
        Bind::Custom => match sources.custom_host {
            Some(any) if any.is_unspecified() => (all(), "gateway.bind=custom"),
            one => (vec![one], "gateway.bind=custom"),
        },
    };
    let scheme = if sources.config.tls.enabled { "wss" } else { "ws" };
    let reachable = ips.into_iter().flatten().filter(|ip| !ip.is_loopback());
    reachable
        .map(|ip| {
            let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
            checked(scheme, &format!("{host}:{}", sources.port), "", source)
        })
        .collect()
}

/// An address as a person writes it: any of four schemes, or none.
fn written_address(text: &str, source: &'static str) -> Result<Address, ErrorShape> {
    let text = text.trim();
    let bad = || {
        ErrorShape::invalid_request(format!("{source}: {} is not an address of a gateway", Words::new(text)))
    };
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("ws".to_owned(), text),
    };
    let scheme = match scheme.as_str() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err(bad()),
    };
    let uri: Uri = format!("{scheme}://{rest}").parse().map_err(|_| bad())?;
    let authority = uri.authority().map(http::uri::Authority::as_str).filter(|text| !text.contains('@'));
    let authority = authority.ok_or_else(bad)?;
    checked(scheme, authority, uri.path().trim_end_matches('/'), source)
}

/// Never a code whose exchange strangers can read: in the clear only towards private addresses.
fn checked(scheme: &str, authority: &str, path: &str, source: &'static str) -> Result<Address, ErrorShape> {
    let host = host_of(authority);
    let ip = host.parse::<IpAddr>().ok();
    let loopback =
        ip.is_some_and(|ip| ip.to_canonical().is_loopback()) || host.eq_ignore_ascii_case("localhost");
    let name = host.to_ascii_lowercase();
    let private = match ip {
        Some(ip) => is_private(ip),
        None => {
            !name.contains('.')
                || [".local", ".lan", ".internal", ".ts.net"].iter().any(|end| name.ends_with(end))
        }
    };
    if scheme == "ws" && !private {
        return Err(ErrorShape::invalid_request(format!(
            "{source}: refusing to send a pairing secret to {} in the clear; use https:// or wss://",
            Words::new(authority)
        )));
    }
    Ok(Address { url: format!("{scheme}://{authority}{path}"), source, safe: scheme == "wss" || loopback })
}

fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(config: &GatewayConfig) -> Sources<'_> {
        Sources {
            given: None,
            prefer_remote: false,
            plugin: None,
            config,
            bind: Bind::Loopback,
            custom_host: None,
            in_container: false,
            port: 18_789,
            lan: Some("192.168.1.2".parse().unwrap()),
            tailnet: Some("100.64.0.7".parse().unwrap()),
        }
    }

    #[test]
    fn sources_in_their_order() {
        let mut config = GatewayConfig::default();
        let url = |sources: &Sources<'_>| {
            choose(sources).map(|address| (address.url, address.source)).map_err(|e| e.message)
        };
        assert_eq!(url(&sources(&config)), Err(LOOPBACK_ONLY.to_owned()));
        let bound = |bind| Sources { bind, ..sources(&config) };
        assert_eq!(url(&bound(Bind::Lan)), Ok(("ws://192.168.1.2:18789".to_owned(), "gateway.bind=lan")));
        assert_eq!(
            url(&bound(Bind::Tailnet)),
            Ok(("ws://100.64.0.7:18789".to_owned(), "gateway.bind=tailnet"))
        );
        assert_eq!(url(&bound(Bind::Auto)), Err(LOOPBACK_ONLY.to_owned()));
        let in_container = Sources { in_container: true, ..bound(Bind::Auto) };
        assert_eq!(url(&in_container), Ok(("ws://192.168.1.2:18789".to_owned(), "gateway.bind=auto")));
        config.tls.enabled = true;
        let custom =
            |host: &str| Sources { custom_host: host.parse().ok(), bind: Bind::Custom, ..sources(&config) };
        assert_eq!(
            url(&custom("0.0.0.0")),
            Ok(("wss://192.168.1.2:18789".to_owned(), "gateway.bind=custom"))
        );
        assert_eq!(url(&custom("10.1.1.1")), Ok(("wss://10.1.1.1:18789".to_owned(), "gateway.bind=custom")));
        assert_eq!(url(&custom("127.0.0.1")), Err(LOOPBACK_ONLY.to_owned()));
        config.public_origin = Some("https://gw.example.com".to_owned());
        assert_eq!(url(&sources(&config)), Ok(("wss://gw.example.com".to_owned(), "gateway.publicOrigin")));
        config.remote.url = Some("wss://remote.example.com:8443/".to_owned());
        assert_eq!(
            url(&sources(&config)),
            Ok(("wss://remote.example.com:8443".to_owned(), "gateway.remote.url"))
        );
        let plugin = || Sources { plugin: Some("https://p.example.com/claw/"), ..sources(&config) };
        assert_eq!(url(&plugin()), Ok(("wss://p.example.com/claw".to_owned(), PLUGIN_KEY)));
        let remote = Sources { prefer_remote: true, ..plugin() };
        assert_eq!(url(&remote), Ok(("wss://remote.example.com:8443".to_owned(), "gateway.remote.url")));
        let given = Sources { given: Some("192.168.1.9:1234"), ..remote };
        assert_eq!(url(&given), Ok(("ws://192.168.1.9:1234".to_owned(), PLUGIN_KEY)));
    }

    #[test]
    fn what_there_is_to_choose_from() {
        let mut config = GatewayConfig::default();
        let urls = |sources: &Sources<'_>| {
            all(sources).into_iter().map(|address| (address.url, address.safe)).collect::<Vec<_>>()
        };
        let clear = |url: &str| (url.to_owned(), false);
        let safe = |url: &str| (url.to_owned(), true);
        assert_eq!(urls(&sources(&config)), []);
        let lan = || Sources { bind: Bind::Lan, ..sources(&config) };
        let both = [clear("ws://192.168.1.2:18789"), clear("ws://100.64.0.7:18789")];
        assert_eq!(urls(&lan()), both);
        assert_eq!(choose(&lan()).unwrap().url, both[0].0, "the first is the one taken unasked");
        config.public_origin = Some("https://gw.example.com".to_owned());
        config.control_ui.allowed_origins = [
            "*",
            "https://gw.example.com",
            "https://other.example.com",
            "http://localhost:5173",
            "http://10.0.0.9:80",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(
            urls(&sources(&config)),
            [safe("wss://gw.example.com"), safe("wss://other.example.com"), clear("ws://10.0.0.9:80")]
        );
    }

    #[test]
    fn in_the_clear_only_where_nobody_listens() {
        let address = |text: &str| written_address(text, "x").map(|address| address.safe).ok();
        for (text, safe) in [
            ("wss://gw.example.com", Some(true)),
            ("ws://127.0.0.1:18789", Some(true)),
            ("http://[::1]:18789", Some(true)),
            ("ws://localhost", Some(true)),
            ("ws://10.0.0.5", Some(false)),
            ("ws://100.100.1.1:1", Some(false)),
            ("ws://[fd00::1]:1", Some(false)),
            ("ws://nas:18789", Some(false)),
            ("ws://nas.local", Some(false)),
            ("ws://gw.example.com", None),
            ("ws://203.0.113.5", None),
            ("ws://[2001:db8::1]", None),
            ("ftp://gw.example.com", None),
            ("wss://user:pw@gw.example.com", None),
            ("wss://gw example.com", None),
            ("", None),
        ] {
            assert_eq!(address(text), safe, "{text}");
        }
    }
}
