//! Entries of `gateway.trustedProxies`: what they hold, and whether that is more than a proxy (acceptance G2-9, F-14).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address or a CIDR range, as an entry of `gateway.trustedProxies` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    address: IpAddr,
    prefix: u8,
}

/// Why a range is wider than any proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// The whole internet.
    Everybody,
    /// All addresses of a private block: every home, office and container network, and the carriers' 100.64.0.0/10.
    WholePrivateBlock,
    /// More than 65,536 addresses, or more than one site of IPv6.
    TooMany,
}

impl fmt::Display for Breadth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Everybody => "every address there is",
            Self::WholePrivateBlock => "a whole private block",
            Self::TooMany => "more addresses than any proxy has",
        })
    }
}

/// Blocks that other people's machines live in as well.
const PRIVATE_BLOCKS: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0)), 8),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

impl Range {
    /// Reads an entry: IPv4, IPv6 (also in brackets) or IPv4 written as IPv6, alone or with a prefix length, with
    /// spaces where people leave them.
    #[must_use]
    pub fn parse(entry: &str) -> Option<Range> {
        let (address, bits) = match entry.split_once('/') {
            Some((address, bits)) => (address, Some(bits.trim())),
            None => (entry, None),
        };
        let address = address.trim();
        let address = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match bits {
            Some(bits) if !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) => {
                bits.parse().ok()?
            }
            Some(_) => return None,
            None => width,
        };
        match address.to_canonical() {
            v4 @ IpAddr::V4(_) if address.is_ipv6() && (96..=128).contains(&prefix) => {
                Some(Range { address: v4, prefix: prefix - 96 })
            }
            _ => (prefix <= width).then_some(Range { address, prefix }),
        }
    }

    /// Why it is too wide; `None` when it may be a proxy's. Loopback is this machine, however wide it is written.
    #[must_use]
    pub fn too_broad(&self) -> Option<Breadth> {
        let widest = match self.address {
            IpAddr::V4(_) => 16,
            IpAddr::V6(_) => 48,
        };
        let block = |(block, length): &(IpAddr, u8)| {
            block.is_ipv4() == self.address.is_ipv4() && self.prefix <= *length && self.holds(*block)
        };
        if self.prefix == 0 {
            Some(Breadth::Everybody)
        } else if PRIVATE_BLOCKS.iter().any(block) {
            Some(Breadth::WholePrivateBlock)
        } else if self.prefix < widest && !self.address.is_loopback() {
            Some(Breadth::TooMany)
        } else {
            None
        }
    }

    /// Whether an address is in it; IPv4 written as IPv6 is IPv4.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix);
                shift == 32 || u32::from(own) >> shift == u32::from(other) >> shift
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.prefix);
                shift == 128 || u128::from(own) >> shift == u128::from(other) >> shift
            }
            _ => false,
        }
    }
}

/// The entry that lists `address`, as it is written: for "peer … matches entry …".
#[must_use]
pub fn matching<'a>(entries: impl IntoIterator<Item = &'a str>, address: IpAddr) -> Option<&'a str> {
    entries.into_iter().find(|entry| Range::parse(entry).is_some_and(|range| range.holds(address)))
}

#[cfg(test)]
mod tests {
    use super::{Breadth, Range, matching};

    #[test]
    fn every_spelling_matches() {
        for (entry, peer, listed) in [
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.9.9.9/8", "10.1.1.1", true),
            (" 10.0.0.1 ", "10.0.0.1", true),
            ("10.0.0.0 / 24", "10.0.0.255", true),
            ("10.0.0.0/24", "10.0.1.0", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("::ffff:10.0.0.0/104", "10.200.0.1", true),
            ("2001:db8::/32", "2001:db8:1::9", true),
            ("[2001:db8::1]", "2001:db8::1", true),
            ("[2001:db8::]/32", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(matching([entry], peer.parse().unwrap()).is_some(), listed, "{entry} {peer}");
        }
        for bad in
            ["", "proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "::1/129", "10.0.0"]
        {
            assert_eq!(Range::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_no_proxy_needs() {
        for (entry, breadth) in [
            ("0.0.0.0/0", Some(Breadth::Everybody)),
            ("::/0", Some(Breadth::Everybody)),
            ("10.0.0.0/8", Some(Breadth::WholePrivateBlock)),
            ("::ffff:10.0.0.0/104", Some(Breadth::WholePrivateBlock)),
            ("172.16.0.0/12", Some(Breadth::WholePrivateBlock)),
            ("192.168.0.0/16", Some(Breadth::WholePrivateBlock)),
            ("100.64.0.0/10", Some(Breadth::WholePrivateBlock)),
            ("fd00::/8", Some(Breadth::WholePrivateBlock)),
            ("fc00::/7", Some(Breadth::WholePrivateBlock)),
            ("8.0.0.0/6", Some(Breadth::WholePrivateBlock)),
            ("203.0.0.0/8", Some(Breadth::TooMany)),
            ("2001:db8::/32", Some(Breadth::TooMany)),
            ("127.0.0.0/8", None),
            ("172.18.0.0/16", None),
            ("10.0.0.5", None),
            ("100.64.0.2", None),
            ("fd12:3456:789a::/48", None),
        ] {
            assert_eq!(Range::parse(entry).unwrap().too_broad(), breadth, "{entry}");
        }
    }
}
