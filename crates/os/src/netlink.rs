//! The little netlink we need: send one request, read its answers. Messages are built and read by hand over a safe socket.

use std::io;
use std::time::Duration;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType};

/// `NLM_F_REQUEST`
const REQUEST: u16 = 0x01;
/// `NLM_F_ROOT | NLM_F_MATCH`: list everything.
const DUMP: u16 = 0x300;
/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// `NLMSG_DONE`
const DONE: u16 = 3;
const HEADER: usize = 16;

/// What is asked.
pub(crate) struct Request<'a> {
    /// The netlink family (`None` is routing).
    pub(crate) protocol: Option<Protocol>,
    /// The message type.
    pub(crate) kind: u16,
    /// Whether a list is wanted or one answer.
    pub(crate) list: bool,
    /// The body after the header.
    pub(crate) body: &'a [u8],
}

/// Sends the request and returns the bodies of the answers. The kernel's error comes back as an `io::Error` with its
/// number (`NotFound` for no such socket).
pub(crate) fn ask(request: &Request<'_>) -> io::Result<Vec<Vec<u8>>> {
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, request.protocol)?;
    // The kernel answers at once; the bound is for kernels that do not know the request and say nothing.
    sockopt::set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_millis(500)))?;
    let message = encode(request);
    rustix::net::sendto(&socket, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut bodies = Vec::new();
    let mut buffer = vec![0u8; 32 * 1024];
    loop {
        let (read, _, from) = rustix::net::recvfrom(&socket, &mut buffer[..], RecvFlags::empty())?;
        let from = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
        // Only the kernel has port 0; another process could send us anything.
        if from.is_none_or(|from| from.pid() != 0) {
            continue;
        }
        if read_messages(&buffer[..read.min(buffer.len())], request.list, &mut bodies)? {
            return Ok(bodies);
        }
    }
}

fn encode(request: &Request<'_>) -> Vec<u8> {
    let length = (HEADER + request.body.len()) as u32;
    let flags = if request.list { REQUEST | DUMP } else { REQUEST };
    let mut out = Vec::with_capacity(length as usize);
    out.extend_from_slice(&length.to_ne_bytes());
    out.extend_from_slice(&request.kind.to_ne_bytes());
    out.extend_from_slice(&flags.to_ne_bytes());
    out.extend_from_slice(&1u32.to_ne_bytes());
    out.extend_from_slice(&0u32.to_ne_bytes());
    out.extend_from_slice(request.body);
    out
}

/// Adds the bodies in one datagram; `true` when the answer is complete.
fn read_messages(mut bytes: &[u8], list: bool, bodies: &mut Vec<Vec<u8>>) -> io::Result<bool> {
    while let (Some(length), Some(kind)) = (u32_at(bytes, 0), u16_at(bytes, 4)) {
        let length = length as usize;
        let Some(body) = bytes.get(HEADER..length) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a netlink message is cut short"));
        };
        match kind {
            DONE => return Ok(true),
            ERROR => {
                let number = u32_at(body, 0).unwrap_or(0) as i32;
                return if number == 0 { Ok(true) } else { Err(io::Error::from_raw_os_error(-number)) };
            }
            _ => bodies.push(body.to_vec()),
        }
        if !list {
            return Ok(true);
        }
        bytes = bytes.get((length + 3) & !3..).unwrap_or_default();
    }
    Ok(false)
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        encode(&Request { protocol: None, kind, list: false, body })
    }

    #[test]
    fn a_list_ends_with_done_and_an_error_is_the_kernels() {
        let mut bodies = Vec::new();
        let mut bytes = message(20, &[1, 2, 3, 4]);
        bytes.extend(message(20, &[5, 6, 7, 8]));
        assert!(!read_messages(&bytes, true, &mut bodies).unwrap());
        assert_eq!(bodies, [vec![1, 2, 3, 4], vec![5, 6, 7, 8]]);
        assert!(read_messages(&message(DONE, &[0; 4]), true, &mut bodies).unwrap());
        let error = read_messages(&message(ERROR, &(-2i32).to_ne_bytes()), false, &mut bodies).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = read_messages(&bytes, true, &mut Vec::new());
        }
    }
}
