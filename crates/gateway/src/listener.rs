//! Accepting connections, and the HTTP phase of each: from the first byte to the upgrade.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use openclaw_admission::peer::bucket;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use crate::core::Core;
use crate::http;
use crate::io::Io;

/// How long a client may take for the head of a request, and an idle HTTP connection may stay open.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// The largest request head. What a browser sends with all its cookies fits.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// How long to wait after the system refused a new descriptor.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The socket end of a connection, before anything was read from it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    /// From the network, or this machine's loopback.
    Tcp {
        /// The peer.
        peer: SocketAddr,
        /// Our end.
        local: SocketAddr,
    },
    /// Through the owner socket, checked.
    Owner,
}

/// What every connection keeps from being accepted to its last answer, or to its upgrade.
#[derive(Clone)]
pub(crate) struct Door {
    /// Turns true when the gateway stops: whoever has been accepted is still answered, and then the connection closes.
    pub(crate) stop: watch::Receiver<bool>,
    /// Nothing is ever sent. The channel is closed when the last of them is gone.
    #[expect(dead_code, reason = "it counts by being there")]
    pub(crate) held: mpsc::Sender<Infallible>,
}

/// Accepts TCP connections until the gateway stops.
pub(crate) async fn accept_tcp(core: Arc<Core>, listener: TcpListener, mut door: Door) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = door.stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                stream.set_nodelay(true).ok();
                let local = stream.local_addr().unwrap_or(peer);
                tokio::spawn(serve(core.clone(), Io::Tcp(stream), Origin::Tcp { peer, local }, door.clone()));
            }
            Err(error) => refused_by_system(&error).await,
        }
    }
}

/// Accepts connections on the owner socket until the gateway stops.
pub(crate) async fn accept_owner(core: Arc<Core>, listener: UnixListener, mut door: Door) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = door.stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _)) if is_owner(&stream) => {
                tokio::spawn(serve(core.clone(), Io::Unix(stream), Origin::Owner, door.clone()));
            }
            Ok(_) => {}
            Err(error) => refused_by_system(&error).await,
        }
    }
}

/// Whether the peer of the owner socket is the owner (rulings 28 and 29): the gateway's uid or root, never a uid
/// that stands for "somebody else" in this namespace, and nothing that the gateway itself has started.
fn is_owner(stream: &UnixStream) -> bool {
    let peer = match openclaw_os::peer::unix_peer(stream) {
        Ok(peer) => peer,
        Err(error) => {
            tracing::warn!(
                subsystem = "gateway/owner",
                "refused at the owner socket: the kernel did not name the peer ({error})"
            );
            return false;
        }
    };
    let own = openclaw_os::peer::own_uid();
    let overflow = openclaw_os::peer::overflow_uid();
    let uid_may = (peer.uid == own || peer.uid == 0) && peer.uid != overflow && own != overflow;
    if !uid_may {
        tracing::warn!(
            subsystem = "gateway/owner",
            "refused uid {} at the owner socket: only uid {own} and root are the owner",
            peer.uid
        );
        return false;
    }
    if openclaw_os::peer::is_descendant_of(&peer, std::process::id()) {
        tracing::warn!(
            subsystem = "gateway/owner",
            "refused process {} at the owner socket: the gateway started it, and what the agent runs is not the owner",
            peer.process.as_ref().map_or_else(|| "?".to_owned(), |process| process.pid().to_string())
        );
        return false;
    }
    true
}

async fn refused_by_system(error: &std::io::Error) {
    tracing::error!(
        subsystem = "gateway",
        "the system refused a new connection: {error}. If this repeats, raise the limit of open files (ulimit -n)"
    );
    tokio::time::sleep(EXHAUSTED_PAUSE).await;
}

/// Serves one connection until it is closed or has become a WebSocket.
async fn serve(core: Arc<Core>, io: Io, origin: Origin, mut door: Door) {
    let place = match origin {
        // A loopback peer may be a proxy that carries everybody; it is counted when its request is read.
        Origin::Tcp { peer, .. } if !core.carries_others(peer.ip()) => {
            core.unfinished.enter(Some(bucket(peer.ip())))
        }
        Origin::Tcp { .. } | Origin::Owner => core.unfinished.enter(None),
    };
    let place = Arc::new(place);
    if matches!(origin, Origin::Owner) {
        place.release();
    }
    let (asked, mut was_asked) = watch::channel(false);
    let service = {
        let (core, place) = (core.clone(), place.clone());
        service_fn(move |request| {
            asked.send_replace(true);
            let (core, place) = (core.clone(), place.clone());
            async move { Ok::<_, Infallible>(http::respond(&core, request, origin, &place).await) }
        })
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    // A connection that is told to end before anything was asked on it ends at once, with the question on its way.
    let stopping = async {
        let _ = door.stop.wait_for(|stop| *stop).await;
        let _ = was_asked.wait_for(|asked| *asked).await;
    };
    tokio::select! {
        // A client that sends nonsense or hangs up is its own business.
        _ = connection.as_mut() => return,
        () = place.displaced() => return,
        () = stopping => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = place.displaced() => {}
    }
}
