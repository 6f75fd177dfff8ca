//! What kind of address somebody comes from, in words: the first thing that people ask when a connection does not count
//! as local. It explains and never decides; locality is [`crate::peer`]'s.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

/// The kind of network that an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressClass {
    /// This machine's own loopback.
    Loopback,
    /// Where container engines put their bridges: traffic of a published port seems to come from there (G2-8). A company
    /// may use the same range, so this is a likelihood.
    ContainerBridge,
    /// A private network: home, office.
    Private,
    /// An address that is only good on its own wire.
    LinkLocal,
    /// 100.64.0.0/10, which tailnets, carriers and platforms share, or a tailnet's own range. No proof of a tailnet
    /// (ruling 19).
    SharedOrTailnet,
    /// Anywhere else.
    Public,
}

impl AddressClass {
    /// The class of an address; mapped IPv4 counts as IPv4.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [127, ..] => Self::Loopback,
            // Docker's default pool, and Podman's default network.
            [172, 16..=31, ..] | [10, 88, ..] => Self::ContainerBridge,
            [10, ..] | [192, 168, ..] => Self::Private,
            [169, 254, ..] => Self::LinkLocal,
            [100, 64..=127, ..] => Self::SharedOrTailnet,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [0xfd7a, 0x115c, 0xa1e0, ..] => Self::SharedOrTailnet,
            [first, ..] if first & 0xfe00 == 0xfc00 => Self::Private,
            [first, ..] if first & 0xffc0 == 0xfe80 => Self::LinkLocal,
            _ => Self::Public,
        }
    }

    /// Whether a direct peer of this class came over a container network: a bridge's own range always, and any private
    /// address when the gateway itself is in a container, where there is no other network to come over.
    pub const fn is_container_network(self, in_container: bool) -> bool {
        match self {
            Self::ContainerBridge => true,
            Self::Private | Self::LinkLocal => in_container,
            Self::Loopback | Self::SharedOrTailnet | Self::Public => false,
        }
    }

    /// The class in words, as they stand behind an address: `172.18.0.1 (container bridge)`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::ContainerBridge => "container bridge",
            Self::Private => "private network",
            Self::LinkLocal => "link-local",
            Self::SharedOrTailnet => "tailnet or carrier network",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An address with its class: `172.18.0.1 (container bridge)`. Mapped IPv4 is written as IPv4.
pub fn in_words(address: IpAddr) -> String {
    format!("{} ({})", address.to_canonical(), AddressClass::of(address))
}

#[cfg(test)]
mod tests {
    use super::{AddressClass, in_words};

    #[test]
    fn classes() {
        use AddressClass::{ContainerBridge, LinkLocal, Loopback, Private, Public, SharedOrTailnet};
        for (address, class) in [
            ("127.0.0.1", Loopback),
            ("127.9.9.9", Loopback),
            ("::1", Loopback),
            ("::ffff:127.0.0.1", Loopback),
            ("172.15.255.255", Public),
            ("172.16.0.1", ContainerBridge),
            ("172.18.0.1", ContainerBridge),
            ("172.31.255.254", ContainerBridge),
            ("172.32.0.1", Public),
            ("10.88.0.1", ContainerBridge),
            ("10.87.255.255", Private),
            ("10.0.0.7", Private),
            ("192.168.1.20", Private),
            ("fd12::1", Private),
            ("169.254.1.1", LinkLocal),
            ("fe80::1", LinkLocal),
            ("100.63.255.255", Public),
            ("100.64.0.1", SharedOrTailnet),
            ("100.127.255.255", SharedOrTailnet),
            ("100.128.0.0", Public),
            ("fd7a:115c:a1e0::5", SharedOrTailnet),
            ("203.0.113.9", Public),
            ("2001:db8::1", Public),
        ] {
            assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
        }
    }

    #[test]
    fn words() {
        assert_eq!(in_words("172.18.0.1".parse().unwrap()), "172.18.0.1 (container bridge)");
        assert_eq!(in_words("::ffff:203.0.113.9".parse().unwrap()), "203.0.113.9 (public)");
    }

    #[test]
    fn container_networks() {
        for (address, outside, inside) in [
            ("172.17.0.1", true, true),
            ("::ffff:172.18.0.1", true, true),
            ("172.32.0.1", false, false),
            ("192.168.65.1", false, true),
            ("10.88.0.1", true, true),
            ("10.1.2.3", false, true),
            ("fd00::1", false, true),
            ("203.0.113.9", false, false),
            ("100.64.0.2", false, false),
            ("127.0.0.1", false, false),
        ] {
            let class = AddressClass::of(address.parse().unwrap());
            assert_eq!(class.is_container_network(false), outside, "{address}");
            assert_eq!(class.is_container_network(true), inside, "{address}");
        }
    }
}
