//! Which account owns a local TCP socket, and who listens on a port: the kernel's socket diagnosis, else
//! `/proc/net/tcp*`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::netlink::{self, Request};

/// `SOCK_DIAG_BY_FAMILY`
const BY_FAMILY: u16 = 20;
/// `TCP_ESTABLISHED`, here and in `/proc`. Other states prove nothing: a socket in TIME_WAIT or one that no process
/// holds any more is reported with uid 0.
const ESTABLISHED: u8 = 1;
/// `TCP_LISTEN`, likewise.
const LISTEN: u8 = 10;
const UNSPECIFIED: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Asks for the one established socket with this local and remote end. `Ok(None)`: there is none; `Err`: the kernel
/// does not answer such questions.
pub(super) fn by_sock_diag(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<u32>> {
    let family = if local.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let body = request(family, ESTABLISHED, local, remote);
    let asked = Request {
        protocol: Some(rustix::net::netlink::SOCK_DIAG),
        kind: BY_FAMILY,
        list: false,
        body: &body,
    };
    match netlink::ask(&asked) {
        Ok(answers) => match answers.first() {
            Some(answer) => Ok(read(answer, local, remote)),
            None => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        },
        // ENOENT means "no such socket", but also "no module that could know": the other way decides.
        Err(error) => Err(error),
    }
}

/// Every socket that listens on `port`. The diagnosis walks the listeners only; the tables hold every connection of the
/// machine, and take longer the more there are.
pub(crate) fn listeners(port: u16) -> Vec<Row> {
    listeners_by_sock_diag(port).unwrap_or_else(|_| listeners_by_proc(port))
}

fn listeners_by_sock_diag(port: u16) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let local = SocketAddr::new(UNSPECIFIED, port);
        let body = request(family, LISTEN, local, SocketAddr::new(UNSPECIFIED, 0));
        let asked = Request {
            protocol: Some(rustix::net::netlink::SOCK_DIAG),
            kind: BY_FAMILY,
            list: true,
            body: &body,
        };
        let answers = netlink::ask(&asked)?;
        rows.extend(answers.iter().filter_map(|answer| Row::read(answer)));
    }
    rows.retain(|row| row.is_listening_on(port));
    Ok(rows)
}

fn listeners_by_proc(port: u16) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        rows.extend(text.lines().filter_map(Row::parse).filter(|row| row.is_listening_on(port)));
    }
    rows
}

/// `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, then the socket's id.
fn request(family: i32, state: u8, local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    const IPPROTO_TCP: u8 = 6;
    let mut out = vec![family as u8, IPPROTO_TCP, 0, 0];
    out.extend_from_slice(&(1u32 << state).to_ne_bytes());
    out.extend_from_slice(&local.port().to_be_bytes());
    out.extend_from_slice(&remote.port().to_be_bytes());
    out.extend_from_slice(&sixteen(local.ip()));
    out.extend_from_slice(&sixteen(remote.ip()));
    // Any interface, no cookie.
    out.extend_from_slice(&0u32.to_ne_bytes());
    out.extend_from_slice(&[0xff; 8]);
    out
}

fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => {
            let mut out = [0; 16];
            out[..4].copy_from_slice(&v4.octets());
            out
        }
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// The kernel answers a lookup without a match with the *listener* of the address, so the state and both ends are
/// compared again.
fn read(answer: &[u8], local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let same = |a: SocketAddr, b: SocketAddr| (a.ip(), a.port()) == (b.ip(), b.port());
    let row = Row::read(answer)?;
    let matches = same(row.local, local) && same(row.remote, remote);
    (row.state == ESTABLISHED && matches && row.inode != 0).then_some(row.uid)
}

/// The same from the tables in `/proc`, which need no module but are read from the top.
pub(super) fn by_proc(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|path| {
        let lines = BufReader::new(File::open(path).ok()?).lines().map_while(Result::ok);
        lines.filter_map(|line| Row::parse(&line)).find_map(|row| {
            let matches = row.state == ESTABLISHED && row.local == local && row.remote == remote;
            (matches && row.inode != 0).then_some(row.uid)
        })
    })
}

/// One socket: a line of `/proc/net/tcp` or `tcp6`, or an answer of the diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) state: u8,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

impl Row {
    /// Reads `struct inet_diag_msg`.
    fn read(answer: &[u8]) -> Option<Self> {
        let family = i32::from(*answer.first()?);
        let end = |port_at: usize, address_at: usize| -> Option<SocketAddr> {
            let port = u16::from_be_bytes(answer.get(port_at..port_at + 2)?.try_into().ok()?);
            let bytes: [u8; 16] = answer.get(address_at..address_at + 16)?.try_into().ok()?;
            let address = if family == libc::AF_INET {
                IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]))
            } else {
                IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
            };
            Some(SocketAddr::new(address, port))
        };
        Some(Self {
            local: end(4, 8)?,
            remote: end(6, 24)?,
            state: *answer.get(1)?,
            uid: netlink::u32_at(answer, 64)?,
            inode: u64::from(netlink::u32_at(answer, 68)?),
        })
    }

    fn is_listening_on(&self, port: u16) -> bool {
        self.state == LISTEN && self.local.port() == port
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        Some(Self {
            local: end(fields.get(1)?)?,
            remote: end(fields.get(2)?)?,
            state: u8::from_str_radix(fields.get(3)?, 16).ok()?,
            uid: fields.get(7)?.parse().ok()?,
            inode: fields.get(9)?.parse().ok()?,
        })
    }
}

/// `0100007F:4965`: the address as 32-bit words in the machine's byte order, the port as a number. IPv4-mapped
/// addresses come out as IPv4.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let hex = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let mut bytes = [0u8; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
            }
            IpAddr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn rows_of_both_tables() {
        let v4 = "   0: 0100007F:4965 0200007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 4321 1 x";
        let row = Row::parse(v4).unwrap();
        assert_eq!(row.local, "127.0.0.1:18789".parse().unwrap());
        assert_eq!(row.remote, "127.0.0.2:49153".parse().unwrap());
        assert_eq!((row.state, row.uid, row.inode), (1, 1000, 4321));
        let mapped = "1: 0000000000000000FFFF00000100007F:0016 00000000000000000000000001000000:0017 0A 0:0 0:0 0 5 0 9";
        let row = Row::parse(mapped).unwrap();
        assert_eq!(row.local, "127.0.0.1:22".parse().unwrap());
        assert_eq!(row.remote, "[::1]:23".parse().unwrap());
        assert!(Row::parse("  sl  local_address rem_address   st").is_none());
    }

    #[test]
    fn both_ways_see_the_same_listeners() {
        let v4 = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = v4.local_addr().unwrap().port();
        let _v6 = std::net::TcpListener::bind(("::1", port)).ok();
        let connection = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let sorted = |mut rows: Vec<Row>| {
            rows.sort_by_key(|row| row.inode);
            rows
        };
        let told = sorted(listeners_by_proc(port));
        assert!(told.iter().any(|row| row.local == v4.local_addr().unwrap()), "{told:?}");
        match listeners_by_sock_diag(port) {
            Ok(rows) => assert_eq!(sorted(rows), told),
            Err(error) => eprintln!("the kernel does not answer such questions: {error}"),
        }
        drop(connection);
    }

    proptest::proptest! {
        #[test]
        fn strange_lines_and_answers_are_no_rows(line in ".{0,80}", bytes in proptest::collection::vec(0u8.., 0..90)) {
            let any = SocketAddr::from(([127, 0, 0, 1], 1));
            let _ = Row::parse(&line);
            let _ = read(&bytes, any, any);
        }
    }
}
