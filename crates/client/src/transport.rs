//! Getting bytes to a gateway: name resolution, TCP, TLS, the owner socket. Addresses are resolved once, judged, and
//! then used as they are, so that a name cannot change its meaning between the check and the use (S35, S43).

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::error::{Cause, Phase};
use crate::owner_socket::OwnerSocket;
use crate::target::{Endpoint, GatewayUrl, Target, TargetError};
use crate::tls::{Tls, TlsFault};

/// A byte stream to a gateway.
#[derive(Debug)]
pub(crate) enum Io {
    /// Plain TCP.
    Tcp(TcpStream),
    /// TLS over TCP; boxed because its state is large.
    Tls(Box<TlsStream<TcpStream>>),
    /// The owner socket.
    Unix(UnixStream),
}

macro_rules! each {
    ($io:expr, $stream:ident => $call:expr) => {
        match $io.get_mut() {
            Io::Tcp($stream) => $call,
            Io::Tls($stream) => $call,
            Io::Unix($stream) => $call,
        }
    };
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

/// Connects. `phase` always says what is being waited for, so that a caller whose patience ends can name it.
pub(crate) async fn dial(target: &Target, deadline: Instant, phase: &mut Phase) -> Result<Io, Cause> {
    let url = match &target.endpoint {
        Endpoint::Socket(socket) => {
            *phase = Phase::Connect;
            return dial_socket(socket).await.map(Io::Unix);
        }
        Endpoint::Url(url) => url,
    };
    *phase = Phase::Resolve;
    let addresses = judge(url, target, resolve(url).await?)?;
    *phase = Phase::Connect;
    let tcp = connect(&addresses, deadline).await?;
    if !url.tls {
        return Ok(Io::Tcp(tcp));
    }
    *phase = Phase::Tls;
    secure(url, target, tcp).await
}

/// The TLS handshake.
pub(crate) async fn secure(url: &GatewayUrl, target: &Target, tcp: TcpStream) -> Result<Io, Cause> {
    let tls = Tls::new(target.fingerprint).map_err(Cause::Tls)?;
    let name = match &url.host {
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(|_| {
            Cause::Tls(TlsFault::Handshake { why: "the host name is not valid for TLS".to_owned() })
        })?,
        Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
        Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
    };
    match TlsConnector::from(Arc::clone(&tls.config)).connect(name, tcp).await {
        Ok(stream) => Ok(Io::Tls(Box::new(stream))),
        Err(error) => Err(match tls.explain(&error) {
            Some(fault) => Cause::Tls(fault),
            None => Cause::Cut { phase: Phase::Tls, close: None, error: Some(error) },
        }),
    }
}

/// The addresses of the host.
pub(crate) async fn resolve(url: &GatewayUrl) -> Result<Vec<SocketAddr>, Cause> {
    let port = url.port;
    match &url.host {
        Host::Ipv4(address) => Ok(vec![SocketAddr::from((*address, port))]),
        Host::Ipv6(address) => Ok(vec![SocketAddr::from((*address, port))]),
        // Not left to the resolver: whoever controls that must not decide where "localhost" is.
        Host::Domain(name) if name.eq_ignore_ascii_case("localhost") => Ok(vec![
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        ]),
        Host::Domain(name) => {
            let unknown = |why: String| Cause::UnknownHost { host: name.clone(), why };
            let found = tokio::net::lookup_host((name.as_str(), port)).await;
            let addresses: Vec<SocketAddr> = found.map_err(|error| unknown(error.to_string()))?.collect();
            if addresses.is_empty() { Err(unknown("it has no address".to_owned())) } else { Ok(addresses) }
        }
    }
}

/// Keeps the addresses that plaintext may go to; with TLS, all.
pub(crate) fn judge(
    url: &GatewayUrl,
    target: &Target,
    mut addresses: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Cause> {
    if !url.tls {
        addresses.retain(|address| target.plain_reach.allows(address.ip()));
    }
    if addresses.is_empty() {
        return Err(Cause::Plaintext(TargetError::Plaintext { url: url.to_string(), private: false }));
    }
    Ok(addresses)
}

/// Tries the addresses in turn, each with its share of the time that is left.
pub(crate) async fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Cause> {
    let (mut refused, mut silent, mut unreachable) = (Vec::new(), false, None);
    for (nth, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = u32::try_from(addresses.len() - nth).unwrap_or(u32::MAX);
        let until = now + deadline.saturating_duration_since(now) / left;
        match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Frames are small and somebody waits for each.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => refused.push(*address),
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => silent = true,
            Ok(Err(error)) => unreachable = Some(error),
            Err(_) => silent = true,
        }
    }
    Err(match unreachable {
        // A refusal is an answer: the host is there. Silence is weaker, "no route" weakest.
        _ if !refused.is_empty() => Cause::NothingListening { addresses: refused },
        Some(error) if !silent => Cause::Unreachable { error },
        _ => Cause::TimedOut { phase: Phase::Connect },
    })
}

async fn dial_socket(socket: &OwnerSocket) -> Result<UnixStream, Cause> {
    let mut failed: Option<(PathBuf, io::Error)> = None;
    for path in &socket.paths {
        let stream = match UnixStream::connect(path).await {
            Ok(stream) => stream,
            Err(error) => {
                let absent =
                    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
                if !absent || failed.is_none() {
                    failed = Some((path.clone(), error));
                }
                continue;
            }
        };
        let server = openclaw_os::peer::unix_peer(&stream).map_err(|error| Cause::Cut {
            phase: Phase::Connect,
            close: None,
            error: Some(error),
        })?;
        if !socket.may_be_served_by(server.uid) {
            return Err(Cause::StrangerAtSocket { path: path.clone(), uid: server.uid });
        }
        return Ok(stream);
    }
    Err(match failed {
        Some((path, error)) => Cause::NoOwnerSocket { path, error },
        None => Cause::NoOwnerSocket {
            path: PathBuf::new(),
            error: io::Error::new(io::ErrorKind::NotFound, "no place for a socket was given"),
        },
    })
}
