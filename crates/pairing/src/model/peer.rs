//! Where a request came from, as coarse as the bounds on waiting requests need it (ruling 21).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// The address a waiting request is counted under: the IPv4 address, or the /64 of an IPv6 address (one host usually
/// owns a whole /64, so counting single addresses would count nothing). Mapped IPv4 addresses count as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeerKey(IpAddr);

/// The network a waiting request is counted under when all places are taken: an IPv4 /24 or an IPv6 /48 (what one
/// customer is usually given).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpAddr);

impl PeerKey {
    /// The bucket of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => IpAddr::V4(v4),
                None => IpAddr::V6(mask_v6(v6, 64)),
            },
        })
    }

    /// The bucket of callers that have no address, such as the owner socket.
    pub fn local() -> Self {
        Self(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// The bucket's first address, as stored.
    pub fn address(self) -> IpAddr {
        self.0
    }

    /// The network this address lies in.
    pub fn network(self) -> Network {
        Network(match self.0 {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00)),
            IpAddr::V6(v6) => IpAddr::V6(mask_v6(v6, 48)),
        })
    }
}

fn mask_v6(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)))
}

impl fmt::Display for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => write!(f, "{v4}"),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_and_networks() {
        let rows = [
            ("192.0.2.77", "192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::"),
            ("::1", "::/64", "::"),
        ];
        for (address, bucket, network) in rows {
            let key = PeerKey::of(address.parse().unwrap());
            assert_eq!(key.to_string(), bucket);
            assert_eq!(key.network().0.to_string(), network);
            assert_eq!(PeerKey::of(key.address()), key, "a stored bucket reads back as itself");
        }
    }
}
