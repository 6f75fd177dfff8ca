//! The content security policy of the page: nothing but its own files, and connections to this gateway.

use std::net::Ipv6Addr;

use http::Request;
use http::header;

/// A file is no page.
pub(super) const OF_FILES: &str = "default-src 'none'; frame-ancestors 'none'";

/// The policy, without where connections may go.
const FIXED: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     object-src 'none'; connect-src 'self'";

/// The policy for this request.
///
/// `'self'` means WebSockets of the same host too, but not before Safari 16; so the host is named as well. Another
/// gateway is allowed only when the address names one (`gatewayUrl`); whether the page connects there, it asks.
pub(super) fn of_page<B>(request: &Request<B>) -> String {
    let mut policy = FIXED.to_owned();
    let mut hosts = request.headers().get_all(header::HOST).iter().filter_map(|host| host.to_str().ok());
    if let (Some(host), None) = (hosts.next().and_then(authority), hosts.next()) {
        policy.push_str(&format!(" ws://{host} wss://{host}"));
    }
    if let Some((secure, host)) = other_gateway(request.uri().query().unwrap_or_default()) {
        let s = if secure { "s" } else { "" };
        policy.push_str(&format!(" ws{s}://{host} http{s}://{host}"));
    }
    policy
}

/// Whether it is `wss`, and the host, of `gatewayUrl=ws[s]://host[:port][/path]`. Nothing when it is written otherwise or
/// more than once.
fn other_gateway(query: &str) -> Option<(bool, String)> {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix("gatewayUrl="));
    let value = values.next().filter(|_| values.next().is_none())?;
    let address = decoded(value)?.to_ascii_lowercase();
    let (secure, rest) = match address.split_once("://")? {
        ("ws", rest) => (false, rest),
        ("wss", rest) => (true, rest),
        _ => return None,
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if !path.bytes().all(in_path) {
        return None;
    }
    Some((secure, authority(host)?))
}

/// `host` or `host:port`, written anew from what was understood. A name is of letters, digits, dots and hyphens: that is
/// all a policy can hold, so an IPv6 address gives nothing (`'self'` covers the gateway's own).
fn authority(text: &str) -> Option<String> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if text.parse::<Ipv6Addr>().is_ok() || host.is_empty() || host.len() > 253 {
        return None;
    }
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
    };
    if !host.split('.').all(label) {
        return None;
    }
    let host = host.to_ascii_lowercase();
    match port {
        None => Some(host),
        Some(port) => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0)?;
            Some(format!("{host}:{port}"))
        }
    }
}

/// The text of a query's value; `None` when its escapes are not whole or not ASCII.
fn decoded(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        };
        text.push(Some(char::from(byte)).filter(char::is_ascii_graphic)?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_written_anew() {
        let rows = [
            ("localhost:18789", Some("localhost:18789")),
            ("Gateway.Example.com", Some("gateway.example.com")),
            ("192.168.1.2:080", Some("192.168.1.2:80")),
            ("[::1]:18789", None),
            ("::1", None),
            ("a;script-src *", None),
            ("a b", None),
            ("a,b", None),
            ("*", None),
            ("*.example.com", None),
            ("u@a", None),
            ("a:b", None),
            ("a:", None),
            ("a:0", None),
            ("a:+80", None),
            ("a:65536", None),
            ("a..b", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(authority(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn another_gateway_is_named_well_or_not_at_all() {
        let rows = [
            ("gatewayUrl=ws://10.0.0.2:18789", Some((false, "10.0.0.2:18789"))),
            ("a=b&gatewayUrl=wss%3A%2F%2FGW.example.com%2Fclaw%2F&c", Some((true, "gw.example.com"))),
            ("gatewayUrl=WSS://gw.example.com:443", Some((true, "gw.example.com:443"))),
            ("gatewayUrl=https://gw.example.com", None),
            ("gatewayUrl=ws://a;script-src%20*", None),
            ("gatewayUrl=ws://a/;script-src%20*", None),
            ("gatewayUrl=ws://a/%3bx", None),
            ("gatewayUrl=ws://u@a", None),
            ("gatewayUrl=ws://a?x", None),
            ("gatewayUrl=ws://a%23x", None),
            ("gatewayUrl=ws://*", None),
            ("gatewayUrl=ws:*", None),
            ("gatewayUrl=ws://", None),
            ("gatewayUrl=ws://a%0d%0aX:y", None),
            ("gatewayUrl=ws://a%4", None),
            ("gatewayUrl=ws://%C3%A4.example", None),
            ("gatewayUrl=ws://a&gatewayUrl=ws://b", None),
            ("xgatewayUrl=ws://a", None),
            ("", None),
        ];
        for (query, expected) in rows {
            let expected = expected.map(|(secure, host)| (secure, host.to_owned()));
            assert_eq!(other_gateway(query), expected, "{query}");
        }
    }

    #[test]
    fn where_connections_may_go() {
        let policy = |uri: &str, hosts: &[&str]| {
            let mut request = Request::get(uri);
            for host in hosts {
                request = request.header("host", *host);
            }
            let policy = of_page(&request.body(()).unwrap());
            policy.strip_prefix(FIXED).unwrap().to_owned()
        };
        assert_eq!(policy("/", &["a:1"]), " ws://a:1 wss://a:1");
        assert_eq!(policy("/", &[]), "");
        assert_eq!(policy("/", &["a", "b"]), "");
        assert_eq!(policy("/", &["[::1]:18789"]), "");
        assert_eq!(policy("/?gatewayUrl=wss://b/x", &["a"]), " ws://a wss://a wss://b https://b");
    }
}
