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

/// Where people write the address that they gave their gateway: guides use the key of the original's plugin.
const PLUGIN_KEY: &str = "plugins.entries.device-pair.config.publicUrl";
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
    plugin: Option<String>,
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
    let looked = tokio::task::spawn_blocking(|| (host::primary_ip(), host::tailnet_address()));
    let (lan, tailnet) = looked
        .await
        .map_err(|_| ErrorShape::unavailable("the gateway's address could not be looked up", 1_000))?;
    let settings = core.policy();
    let plan = &settings.plan;
    let path = KeyPath::keys(PLUGIN_KEY.split('.'));
    let plugin = path.get(&settings.loaded.value).and_then(|value| value.as_str()).map(str::trim);
    choose(&Sources {
        given,
        prefer_remote,
        plugin: plugin.filter(|text| !text.is_empty()).map(str::to_owned),
        config: &settings.loaded.gateway,
        bind: plan.bind,
        custom_host: plan.custom_host,
        in_container: core.in_container,
        port: core.facts.port,
        lan,
        tailnet,
    })
}

fn choose(sources: &Sources<'_>) -> Result<Address, ErrorShape> {
    let remote = sources.config.remote.url.as_deref();
    let written = [
        (sources.given, PLUGIN_KEY),
        (remote.filter(|_| sources.prefer_remote), "gateway.remote.url"),
        (sources.plugin.as_deref(), PLUGIN_KEY),
        (remote, "gateway.remote.url"),
        (sources.config.public_origin.as_deref(), "gateway.publicOrigin"),
    ];
    for (url, source) in written {
        if let Some(url) = url {
            return written_address(url, source);
        }
    }
    let (ip, source) = match sources.bind {
        Bind::Loopback => (None, ""),
        Bind::Auto => (sources.lan.filter(|_| sources.in_container), "gateway.bind=auto"),
        Bind::Lan => (sources.lan, "gateway.bind=lan"),
        Bind::Tailnet => (sources.tailnet, "gateway.bind=tailnet"),
        Bind::Custom => match sources.custom_host {
            Some(all) if all.is_unspecified() => (sources.lan, "gateway.bind=custom"),
            one => (one, "gateway.bind=custom"),
        },
    };
    let Some(ip) = ip.filter(|ip| !ip.is_loopback()) else {
        return Err(ErrorShape::invalid_request(LOOPBACK_ONLY));
    };
    let scheme = if sources.config.tls.enabled { "wss" } else { "ws" };
    let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    checked(scheme, &format!("{host}:{}", sources.port), "", source)
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
        let plugin =
            || Sources { plugin: Some("https://p.example.com/claw/".to_owned()), ..sources(&config) };
        assert_eq!(url(&plugin()), Ok(("wss://p.example.com/claw".to_owned(), PLUGIN_KEY)));
        let remote = Sources { prefer_remote: true, ..plugin() };
        assert_eq!(url(&remote), Ok(("wss://remote.example.com:8443".to_owned(), "gateway.remote.url")));
        let given = Sources { given: Some("192.168.1.9:1234"), ..remote };
        assert_eq!(url(&given), Ok(("ws://192.168.1.9:1234".to_owned(), PLUGIN_KEY)));
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
