//! The opening handshake (RFC 6455 §4). The server's side is one function, because the gateway's HTTP layer does
//! the rest; the client's side also says what it met when the other end is no WebSocket server.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::Stream;

/// The most bytes of an HTTP answer's head.
const HEAD_LIMIT: usize = 16 * 1024;
/// How many bytes of a foreign answer's body are kept for diagnosis.
const BODY_KEPT: usize = 1024;
/// How long to wait for the beginning of a foreign answer's body.
const BODY_WAIT: Duration = Duration::from_millis(250);

/// The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`.
pub fn accept_key(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.trim().as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// A fresh `Sec-WebSocket-Key`.
pub fn new_key() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| io::Error::other("the system has no randomness"))?;
    Ok(STANDARD.encode(bytes))
}

/// What a client asks for.
#[derive(Debug, Clone)]
pub struct ClientHandshake {
    /// The `Host` header: `name`, `name:port` or `[v6]:port`.
    pub host: String,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Further header lines as name and value.
    pub headers: Vec<(String, String)>,
}

/// An HTTP answer that is not the expected upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The status text, for example `Not Found`.
    pub status_text: String,
    /// The `Server` header.
    pub server: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Location` header of a redirect.
    pub location: Option<String>,
    /// The first bytes of the body (at most 1 KiB), not UTF-8 replaced.
    pub body_start: String,
}

/// Why a connection did not become a WebSocket.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The byte stream failed.
    #[error("the connection failed during the WebSocket handshake: {0}")]
    Io(#[from] io::Error),
    /// The peer hung up before its answer was complete.
    #[error("the peer hung up during the WebSocket handshake after {received} bytes")]
    Eof {
        /// Bytes received until then.
        received: usize,
    },
    /// The peer does not speak HTTP, or its answer's head has no end within 16 KiB.
    #[error("the peer does not speak HTTP")]
    NotHttp {
        /// The first bytes received (at most 1 KiB).
        start: Vec<u8>,
    },
    /// The peer speaks HTTP and refused, redirected or answered with a page.
    #[error("the server answered HTTP {} instead of opening a WebSocket", .0.status)]
    Answer(Box<HttpAnswer>),
    /// The peer answered 101 without proving that it read the request: a cache or a foreign protocol.
    #[error("the server's WebSocket answer does not belong to this request")]
    WrongAccept,
    /// The host, path or a header contains a character that would break the request apart.
    #[error("the WebSocket request has an invalid {0}")]
    BadRequest(&'static str),
}

/// The bytes of the upgrade request.
pub fn request_bytes(request: &ClientHandshake, key: &str) -> Result<Vec<u8>, HandshakeError> {
    let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !visible(&request.host) {
        return Err(HandshakeError::BadRequest("host"));
    }
    if !visible(&request.path) || !request.path.starts_with('/') {
        return Err(HandshakeError::BadRequest("path"));
    }
    let mut text = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
        request.path, request.host
    );
    for (name, value) in &request.headers {
        let sound = visible(name) && !name.contains(':') && !value.contains(|c: char| c.is_control());
        if !sound {
            return Err(HandshakeError::BadRequest("header"));
        }
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    Ok(text.into_bytes())
}

/// Sends the upgrade request and reads the answer. Time limits are the caller's.
pub async fn client_handshake<IO: AsyncRead + AsyncWrite + Unpin>(
    mut io: IO,
    request: &ClientHandshake,
) -> Result<Stream<IO>, HandshakeError> {
    let key = new_key()?;
    io.write_all(&request_bytes(request, &key)?).await?;
    io.flush().await?;
    let (head, rest) = read_head(&mut io).await?;
    let text = String::from_utf8_lossy(&head).into_owned();
    let Head { mut answer, accept, length } =
        parse_head(&text).ok_or(HandshakeError::NotHttp { start: head })?;
    if answer.status == 101 {
        if accept.is_none_or(|value| value != accept_key(&key)) {
            return Err(HandshakeError::WrongAccept);
        }
        return Ok(Stream::client(io, Bytes::from(rest)));
    }
    answer.body_start = body_start(&mut io, rest, length).await;
    Err(HandshakeError::Answer(Box::new(answer)))
}

/// Asks for a page in the plain way and reads the answer's head and the beginning of its body: for finding out who is
/// there before a WebSocket is asked of him. The connection is of no further use. Time limits are the caller's.
pub async fn http_get<IO: AsyncRead + AsyncWrite + Unpin>(
    mut io: IO,
    request: &ClientHandshake,
) -> Result<HttpAnswer, HandshakeError> {
    let text = String::from_utf8_lossy(&request_bytes(request, "-")?).into_owned();
    let upgrade = ["Connection: Upgrade", "Upgrade: ", "Sec-WebSocket-"];
    let kept = text.split_inclusive("\r\n").filter(|line| !upgrade.iter().any(|name| line.starts_with(name)));
    let mut plain: String = kept.collect();
    plain.insert_str(plain.len() - 2, "Accept: application/json\r\nConnection: close\r\n");
    io.write_all(plain.as_bytes()).await?;
    io.flush().await?;
    let (head, rest) = read_head(&mut io).await?;
    let text = String::from_utf8_lossy(&head).into_owned();
    let Head { mut answer, length, .. } = parse_head(&text).ok_or(HandshakeError::NotHttp { start: head })?;
    answer.body_start = body_start(&mut io, rest, length).await;
    Ok(answer)
}

/// The head of an HTTP answer, and what came with it.
async fn read_head<IO: AsyncRead + Unpin>(io: &mut IO) -> Result<(Vec<u8>, Vec<u8>), HandshakeError> {
    let mut received = Vec::new();
    let head_end = loop {
        if let Some(at) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let may_be_http = received.iter().zip(b"HTTP/1.").all(|(got, want)| got == want);
        if !may_be_http || received.len() > HEAD_LIMIT {
            received.truncate(BODY_KEPT);
            return Err(HandshakeError::NotHttp { start: received });
        }
        if io.read_buf(&mut received).await? == 0 {
            return Err(HandshakeError::Eof { received: received.len() });
        }
    };
    let rest = received.split_off(head_end);
    Ok((received, rest))
}

/// What the head of an answer says.
struct Head<'a> {
    answer: HttpAnswer,
    /// `Sec-WebSocket-Accept`, if the answer claims to upgrade to a WebSocket.
    accept: Option<&'a str>,
    /// `Content-Length`.
    length: Option<usize>,
}

fn parse_head(head: &str) -> Option<Head<'_>> {
    let mut lines = head.split("\r\n");
    let status_line = lines.next()?.strip_prefix("HTTP/1.")?;
    let mut words = status_line.splitn(3, ' ');
    words.next()?;
    let status = words.next()?.parse().ok()?;
    let mut answer = HttpAnswer {
        status,
        status_text: words.next().unwrap_or_default().trim().to_owned(),
        ..HttpAnswer::default()
    };
    let (mut accept, mut upgrades, mut length) = (None, false, None);
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "server" => answer.server = Some(value.to_owned()),
            "content-type" => answer.content_type = Some(value.to_owned()),
            "location" => answer.location = Some(value.to_owned()),
            "upgrade" => upgrades = value.eq_ignore_ascii_case("websocket"),
            "content-length" => length = value.parse().ok(),
            "sec-websocket-accept" => accept = Some(value),
            _ => {}
        }
    }
    Some(Head { answer, accept: accept.filter(|_| upgrades), length })
}

/// The beginning of the body. It often comes in a packet of its own; one short wait is worth a better diagnosis.
async fn body_start<IO: AsyncRead + Unpin>(io: &mut IO, mut body: Vec<u8>, length: Option<usize>) -> String {
    let wanted = length.unwrap_or(BODY_KEPT).min(BODY_KEPT);
    let _ = tokio::time::timeout(BODY_WAIT, async {
        while body.len() < wanted {
            match io.read_buf(&mut body).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    })
    .await;
    body.truncate(BODY_KEPT);
    String::from_utf8_lossy(&body).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_of_rfc_6455_section_1_3() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[tokio::test]
    async fn a_page_is_asked_for_without_an_upgrade() {
        let (client, mut server) = tokio::io::duplex(4096);
        let request = ClientHandshake {
            host: "h:1".into(),
            path: "/healthz".into(),
            headers: vec![("X-A".into(), "b".into())],
        };
        let serve = async {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                server.read_buf(&mut asked).await.unwrap();
            }
            server
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nServer: x\r\n\r\n{\"ok\":true}")
                .await
                .unwrap();
            String::from_utf8(asked).unwrap()
        };
        let (answer, asked) = tokio::join!(http_get(client, &request), serve);
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.body_start.as_str()), (200, "{\"ok\":true}"));
        assert!(asked.starts_with("GET /healthz HTTP/1.1\r\nHost: h:1\r\nX-A: b\r\n"), "{asked}");
        assert!(!asked.to_ascii_lowercase().contains("upgrade") && !asked.contains("Sec-"), "{asked}");
    }

    #[test]
    fn a_request_cannot_be_broken_apart() {
        let fine = ClientHandshake { host: "[::1]:1".into(), path: "/ws?a=1".into(), headers: Vec::new() };
        let text = String::from_utf8(request_bytes(&fine, "K").unwrap()).unwrap();
        assert!(text.starts_with("GET /ws?a=1 HTTP/1.1\r\nHost: [::1]:1\r\n"), "{text}");
        assert!(text.ends_with("Sec-WebSocket-Key: K\r\n\r\n"), "{text}");
        for (host, path, header) in [
            ("a\r\nb", "/", ("x", "y")),
            ("a", "/ b", ("x", "y")),
            ("a", "b", ("x", "y")),
            ("a", "/", ("x", "y\r\nz: 1")),
            ("a", "/", ("x y", "z")),
        ] {
            let bad = ClientHandshake {
                host: host.into(),
                path: path.into(),
                headers: vec![(header.0.into(), header.1.into())],
            };
            assert!(matches!(request_bytes(&bad, "K"), Err(HandshakeError::BadRequest(_))), "{bad:?}");
        }
    }

    async fn answered(answer: &'static [u8]) -> HandshakeError {
        let (client, mut server) = tokio::io::duplex(64);
        let request = ClientHandshake { host: "gateway".into(), path: "/".into(), headers: Vec::new() };
        let peer = async {
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\n\r\n") {
                server.read_buf(&mut seen).await.unwrap();
            }
            server.write_all(answer).await.ok();
            drop(server);
        };
        let (result, ()) = tokio::join!(client_handshake(client, &request), peer);
        result.map(|_| ()).unwrap_err()
    }

    #[tokio::test]
    async fn foreign_answers_are_told_apart() {
        let page = answered(
            b"HTTP/1.1 301 Moved\r\nServer: nginx/1.2\r\nLocation: https://x/\r\n\
              Content-Type: text/html\r\n\r\n<html>",
        )
        .await;
        let HandshakeError::Answer(answer) = page else { panic!("{page:?}") };
        assert_eq!(
            *answer,
            HttpAnswer {
                status: 301,
                status_text: "Moved".into(),
                server: Some("nginx/1.2".into()),
                content_type: Some("text/html".into()),
                location: Some("https://x/".into()),
                body_start: "<html>".into(),
            }
        );
        assert!(matches!(answered(b"SSH-2.0-OpenSSH_9\r\n").await, HandshakeError::NotHttp { .. }));
        assert!(matches!(answered(b"").await, HandshakeError::Eof { received: 0 }));
        assert!(matches!(answered(b"HTTP/1.1 2").await, HandshakeError::Eof { received: 10 }));
        let forged = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n";
        assert!(matches!(answered(forged).await, HandshakeError::WrongAccept));
    }
}
