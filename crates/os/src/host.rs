//! This host: its name, its addresses, its platform words.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use crate::netlink::{self, Request};

/// An address of a network interface that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `eth0`, `tailscale0`…
    pub name: String,
    /// The address.
    pub address: IpAddr,
    /// Length of the network prefix.
    pub prefix: u8,
}

/// The host's name as the kernel knows it, without a trailing dot; `localhost` when it has none.
pub fn hostname() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().trim_end_matches('.').to_owned();
    if name.is_empty() || name == "(none)" { "localhost".to_owned() } else { name }
}

/// System and kernel version as presence lists show it: `linux 6.18.44`.
pub fn platform() -> String {
    let uname = rustix::system::uname();
    platform_of(&uname.sysname().to_string_lossy(), &uname.release().to_string_lossy())
}

fn platform_of(system: &str, release: &str) -> String {
    // Distributions append words of their own (`6.18.44-fc-v657`), which mean nothing elsewhere.
    let version: String = release.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    format!("{} {}", system.to_lowercase(), version.trim_end_matches('.')).trim_end().to_owned()
}

/// All addresses of all interfaces, loopback included.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    const RTM_GETADDR: u16 = 22;
    // `struct ifaddrmsg` with family "any".
    let asked = Request { protocol: None, kind: RTM_GETADDR, list: true, body: &[0; 8] };
    let answers = netlink::ask(&asked)?;
    Ok(answers.iter().filter_map(|answer| interface(answer, &name_of_index)).collect())
}

/// Reads one `ifaddrmsg` with its attributes.
fn interface(answer: &[u8], name_of: &dyn Fn(u32) -> Option<String>) -> Option<Interface> {
    const IFA_ADDRESS: u16 = 1;
    const IFA_LOCAL: u16 = 2;
    const IFA_LABEL: u16 = 3;
    let prefix = *answer.get(1)?;
    let index = netlink::u32_at(answer, 4)?;
    let (mut address, mut local, mut label) = (None, None, None);
    let mut rest = answer.get(8..)?;
    while let (Some(length), Some(kind)) = (netlink::u16_at(rest, 0), netlink::u16_at(rest, 2)) {
        let Some(value) = rest.get(4..usize::from(length)) else { break };
        match kind {
            IFA_ADDRESS => address = ip(value),
            IFA_LOCAL => local = ip(value),
            IFA_LABEL => {
                label = Some(String::from_utf8_lossy(value).trim_end_matches('\0').to_owned());
            }
            _ => {}
        }
        rest = rest.get((usize::from(length) + 3) & !3..).unwrap_or_default();
    }
    // On point-to-point links `IFA_ADDRESS` is the other end.
    let address = local.or(address)?;
    let name = name_of(index).or(label).unwrap_or_else(|| format!("#{index}"));
    Some(Interface { name, address, prefix })
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(value)
        .map(IpAddr::from)
        .ok()
        .or_else(|| <[u8; 16]>::try_from(value).map(IpAddr::from).ok())
}

fn name_of_index(index: u32) -> Option<String> {
    let entries = fs::read_dir("/sys/class/net").ok()?;
    entries.flatten().find_map(|entry| {
        let text = fs::read_to_string(entry.path().join("ifindex")).ok()?;
        (text.trim().parse() == Ok(index)).then(|| entry.file_name().to_string_lossy().into_owned())
    })
}

/// The address under which others most likely reach this host: the source address of the default route, else the first
/// address that is neither loopback nor link-local. Sends nothing.
pub fn primary_ip() -> Option<IpAddr> {
    let by_route = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        // Connecting a datagram socket only asks the routing table; the address is from the documentation range.
        socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9)).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| is_reachable(*ip))
    };
    by_route().or_else(|| {
        let all = interfaces().unwrap_or_default();
        let mut reachable = all.iter().map(|interface| interface.address).filter(|ip| is_reachable(*ip));
        let first = reachable.clone().find(IpAddr::is_ipv4);
        first.or_else(|| reachable.next())
    })
}

fn is_reachable(address: IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !link_local
}

/// This host's address in a Tailscale network, when an interface has one. The range alone proves nothing about a peer
/// (ruling 19); it only says where `bind: tailnet` would listen.
pub fn tailnet_address() -> Option<IpAddr> {
    tailnet_of(&interfaces().unwrap_or_default())
}

fn tailnet_of(interfaces: &[Interface]) -> Option<IpAddr> {
    let candidates = || interfaces.iter().filter(|interface| in_tailnet_range(interface.address));
    let by_name = candidates().find(|i| i.name.starts_with("tailscale") && i.address.is_ipv4());
    let any_v4 = || candidates().find(|i| i.address.is_ipv4());
    by_name.or_else(any_v4).or_else(|| candidates().next()).map(|interface| interface.address)
}

/// 100.64.0.0/10 or fd7a:115c:a1e0::/48.
pub fn in_tailnet_range(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]),
        IpAddr::V6(v6) => v6.segments()[..3] == [0xfd7a, 0x115c, 0xa1e0],
    }
}

/// The next hop of the default route (in a container: the bridge's address on the host).
pub fn default_gateway() -> Option<IpAddr> {
    let v4 = fs::read_to_string("/proc/net/route").ok().and_then(|text| default_v4(&text));
    v4.or_else(|| fs::read_to_string("/proc/net/ipv6_route").ok().and_then(|text| default_v6(&text)))
}

fn default_v4(table: &str) -> Option<IpAddr> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let word = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok();
        let (destination, via, mask) = (word(1)?, word(2)?, word(7)?);
        (destination == 0 && mask == 0 && via != 0).then(|| IpAddr::V4(Ipv4Addr::from(via.to_ne_bytes())))
    })
}

fn default_v6(table: &str) -> Option<IpAddr> {
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let number = |at: usize| u128::from_str_radix(fields.get(at)?, 16).ok();
        let (destination, length, via) = (number(0)?, number(1)?, number(4)?);
        (destination == 0 && length == 0 && via != 0).then(|| IpAddr::V6(Ipv6Addr::from(via)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_words() {
        assert_eq!(platform_of("Linux", "6.18.44-fc-v657"), "linux 6.18.44");
        assert_eq!(platform_of("Darwin", "25.1.0"), "darwin 25.1.0");
        assert_eq!(platform_of("Linux", "custom"), "linux");
    }

    #[test]
    fn this_host_has_loopback_and_a_name() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|interface| interface.address.is_loopback()).unwrap();
        assert_eq!(lo.name, "lo");
        assert!(lo.prefix == 8 || lo.prefix == 128);
        assert!(!hostname().is_empty());
        assert!(primary_ip().is_none_or(is_reachable));
    }

    #[test]
    fn a_point_to_point_address_is_our_end() {
        let mut bytes = vec![2, 32, 0, 0, 7, 0, 0, 0];
        for (kind, address) in [(1u16, [100, 64, 0, 9]), (2, [100, 101, 102, 103])] {
            bytes.extend(8u16.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(address);
        }
        let found = interface(&bytes, &|_| Some("tailscale0".into())).unwrap();
        assert_eq!((found.address, found.prefix), (IpAddr::from([100, 101, 102, 103]), 32));
        assert_eq!(tailnet_of(&[found]), Some(IpAddr::from([100, 101, 102, 103])));
    }

    #[test]
    fn tailnet_prefers_its_own_interface_and_ipv4() {
        let interface = |name: &str, address: &str| Interface {
            name: name.into(),
            address: address.parse().unwrap(),
            prefix: 32,
        };
        let all = [
            interface("eth0", "100.70.0.1"),
            interface("tailscale0", "fd7a:115c:a1e0::1"),
            interface("tailscale0", "100.71.0.1"),
        ];
        assert_eq!(tailnet_of(&all), Some(IpAddr::from([100, 71, 0, 1])));
        assert_eq!(tailnet_of(&all[..1]), Some(IpAddr::from([100, 70, 0, 1])));
        assert_eq!(tailnet_of(&[interface("eth0", "100.128.0.1")]), None);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_default_route_names_the_gateway() {
        let v4 = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU\n\
                  eth0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n\
                  eth0 00000000 010011AC 0003 0 0 0 00000000 0 0 0\n";
        assert_eq!(default_v4(v4), Some(IpAddr::from([172, 17, 0, 1])));
        assert_eq!(default_v4("Iface\n"), None);
        let v6 = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                  fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n";
        assert_eq!(default_v6(v6), Some("fe80::1".parse().unwrap()));
    }
}
