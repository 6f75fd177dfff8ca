//! Handing a link with a token in it to the browser without putting it on a command line, where every user of this
//! machine could read it: the browser is given an address of this process that works once, for this user, and that
//! sends it on to the link.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use openclaw_protocol::ids::RequestId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long a browser may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one connection may take to say what it wants.
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);
/// A browser's request is about a kilobyte.
const MAX_REQUEST: usize = 16 * 1024;

/// The address that works once.
pub(super) struct Handover {
    listener: TcpListener,
    path: String,
    link: String,
}

impl Handover {
    /// Prepares it for a link.
    pub(super) async fn prepare(link: String) -> std::io::Result<Handover> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Handover { listener, path: format!("/{}", RequestId::random()), link })
    }

    /// What the browser is started with.
    pub(super) fn address(&self) -> std::io::Result<String> {
        Ok(format!("http://{}{}", self.listener.local_addr()?, self.path))
    }

    /// Waits for the browser; false when it did not come.
    pub(super) async fn serve(self) -> bool {
        tokio::time::timeout(PATIENCE, self.serve_until_taken()).await.is_ok()
    }

    async fn serve_until_taken(&self) {
        loop {
            let Ok((stream, peer)) = self.listener.accept().await else { continue };
            let taken = tokio::time::timeout(REQUEST_PATIENCE, self.answer(stream, peer)).await;
            if taken == Ok(Some(true)) {
                return;
            }
        }
    }

    /// Whether the link was handed over; `None` when the connection broke.
    async fn answer(&self, mut stream: TcpStream, peer: SocketAddr) -> Option<bool> {
        let owner = openclaw_os::peer::tcp_peer_uid(stream.local_addr().ok()?, peer);
        let ours = owner.is_none_or(|uid| uid == openclaw_os::peer::own_uid());
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && request.len() < MAX_REQUEST {
            if stream.read_buf(&mut request).await.ok()? == 0 {
                break;
            }
        }
        let wanted = format!("GET {} HTTP/1.", self.path);
        let taken = ours && request.starts_with(wanted.as_bytes());
        let head =
            if taken { format!("302 Found\r\nLocation: {}", self.link) } else { "404 Not Found".to_owned() };
        let answer = format!(
            "HTTP/1.1 {head}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.shutdown().await.ok()?;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::Handover;

    async fn get(address: &str, path: &str) -> String {
        let authority = address.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(authority).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_link_is_handed_over_once_and_only_for_the_secret_path() {
        let handover = Handover::prepare("http://127.0.0.1:18789/#token=T".to_owned()).await.unwrap();
        let address = handover.address().unwrap();
        assert!(!address.contains("token"));
        let path = format!("/{}", address.rsplit('/').next().unwrap());
        let browser = async {
            for wrong in ["/", "/favicon.ico", "/00000000-0000-4000-8000-000000000000"] {
                let answer = get(&address, wrong).await;
                assert!(answer.starts_with("HTTP/1.1 404 ") && !answer.contains("token"), "{answer}");
            }
            let answer = get(&address, &path).await;
            assert!(answer.starts_with("HTTP/1.1 302 "), "{answer}");
            assert!(answer.contains("\r\nLocation: http://127.0.0.1:18789/#token=T\r\n"), "{answer}");
            assert!(answer.contains("Cache-Control: no-store") && answer.contains("no-referrer"), "{answer}");
        };
        let (taken, ()) = tokio::join!(handover.serve(), browser);
        assert!(taken);
        let authority = address.strip_prefix("http://").unwrap().split('/').next().unwrap();
        assert!(TcpStream::connect(authority).await.is_err(), "it works once");
    }
}
