//! What to write into the configuration of whatever stands before a gateway. Constants and checked values only: these
//! lines are copied into files (ruling 33).

use serde::Serialize;

/// Whose configuration a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The gateway's, as a command on its host.
    Gateway,
    /// nginx, inside of the `location` block.
    Nginx,
    /// Caddy, inside of the site's block.
    Caddy,
    /// Apache, inside of the `VirtualHost` block.
    Apache,
    /// Whoever manages the name, the firewall or the sign-in page.
    Network,
    /// This machine's, as a command.
    Here,
}

impl Side {
    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Gateway => "gateway",
            Side::Nginx => "nginx",
            Side::Caddy => "Caddy",
            Side::Apache => "Apache",
            Side::Network => "network",
            Side::Here => "here",
        }
    }
}

/// A line for one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Whose.
    pub side: Side,
    /// The directive, or the command.
    pub text: String,
}

impl Setting {
    pub(super) fn new(side: Side, text: impl Into<String>) -> Setting {
        Setting { side, text: text.into() }
    }
}

/// What a proxy must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Find the gateway.
    Upstream,
    /// Pass the upgrade on.
    Upgrade,
    /// Say who asks, and for which host.
    Forward,
    /// Not give up on quiet connections.
    Patience,
    /// Show a certificate that everybody trusts.
    Certificate,
}

/// The lines for the proxy that calls itself `server`; for the usual ones when it does not say, or is none of them.
pub(super) fn proxies(duty: Duty, server: Option<&str>) -> Vec<Setting> {
    let all = [Side::Nginx, Side::Caddy, Side::Apache];
    let server = server.unwrap_or_default().to_ascii_lowercase();
    let known = all.into_iter().find(|side| server.contains(&side.name().to_ascii_lowercase()));
    let sides = match known {
        Some(side) => vec![side],
        None => vec![Side::Nginx, Side::Caddy],
    };
    sides.into_iter().map(|side| Setting::new(side, directive(duty, side))).collect()
}

const fn directive(duty: Duty, side: Side) -> &'static str {
    match (duty, side) {
        (Duty::Upstream, Side::Caddy) => "reverse_proxy 127.0.0.1:18789",
        (Duty::Upstream, Side::Apache) => "ProxyPass / http://127.0.0.1:18789/ upgrade=websocket",
        (Duty::Upstream, _) => "proxy_pass http://127.0.0.1:18789;",
        (Duty::Upgrade, Side::Caddy) => {
            "reverse_proxy 127.0.0.1:18789   (passes WebSockets on by itself; remove header_up lines for Connection or Upgrade)"
        }
        (Duty::Upgrade, Side::Apache) => "ProxyPass / http://127.0.0.1:18789/ upgrade=websocket",
        (Duty::Upgrade, _) => {
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";"
        }
        (Duty::Forward, Side::Caddy) => {
            "reverse_proxy 127.0.0.1:18789   (sends them by itself; remove header_up lines for Host or X-Forwarded-*)"
        }
        (Duty::Forward, Side::Apache) => {
            "ProxyPreserveHost On; RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}"
        }
        (Duty::Forward, _) => {
            "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;"
        }
        (Duty::Patience, Side::Caddy) => "reverse_proxy 127.0.0.1:18789 { flush_interval -1 }",
        (Duty::Patience, Side::Apache) => "ProxyTimeout 3600",
        (Duty::Patience, _) => "proxy_buffering off; proxy_read_timeout 3600s;",
        (Duty::Certificate, Side::Caddy) => {
            "name the site by its public host name; Caddy then gets a certificate by itself"
        }
        (Duty::Certificate, Side::Apache) => {
            "SSLCertificateFile <fullchain.pem>; SSLCertificateKeyFile <privkey.pem>"
        }
        (Duty::Certificate, _) => "ssl_certificate <fullchain.pem>; ssl_certificate_key <privkey.pem>;",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_those_of_the_proxy_that_is_there() {
        let sides = |server: Option<&str>| -> Vec<Side> {
            proxies(Duty::Upgrade, server).iter().map(|setting| setting.side).collect()
        };
        assert_eq!(sides(Some("nginx/1.26.3")), [Side::Nginx]);
        assert_eq!(sides(Some("Caddy")), [Side::Caddy]);
        assert_eq!(sides(Some("Apache/2.4.62 (Debian)")), [Side::Apache]);
        assert_eq!(sides(Some("cloudflare")), [Side::Nginx, Side::Caddy]);
        assert_eq!(sides(None), [Side::Nginx, Side::Caddy]);
    }
}
