//! From a gateway's address to that of its page.

use openclaw_client::GatewayUrl;

/// The page of the gateway at this address. A proxy that gives the gateway a prefix gives it to the page too; `ws` at
/// the end is how proxies' configurations like to name the socket alone.
pub(crate) fn page_of(url: &GatewayUrl) -> String {
    let path = url.request_path().split('?').next().unwrap_or_default().trim_end_matches('/');
    let path = path.strip_suffix("/ws").unwrap_or(path);
    format!("{}{path}/", url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stands_where_its_gateway_does() {
        for (url, page) in [
            ("ws://127.0.0.1:18789", "http://127.0.0.1:18789/"),
            ("wss://gw.example", "https://gw.example/"),
            ("wss://gw.example/ws", "https://gw.example/"),
            ("wss://gw.example:8443/claw/?token=secret", "https://gw.example:8443/claw/"),
            ("wss://gw.example/claw/ws/", "https://gw.example/claw/"),
            ("ws://[fd00::1]:18789/news", "http://[fd00::1]:18789/news/"),
        ] {
            assert_eq!(page_of(&GatewayUrl::parse(url).unwrap()), page, "{url}");
        }
    }
}
