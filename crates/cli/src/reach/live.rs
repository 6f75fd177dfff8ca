//! Whether a gateway answers at an address, by its open probe: no credentials, no device, no trace left behind.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The probe's answer and its headers are some two hundred bytes.
const MAX_ANSWER: u64 = 16 * 1024;

/// What is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    /// A gateway that is alive.
    Gateway,
    /// An HTTP server that is none.
    Foreign {
        /// Its status.
        status: u16,
    },
    /// Nothing listens.
    Nothing,
    /// Somebody took the connection and cut it without an answer in HTTP.
    Cut,
    /// No answer in time.
    Timeout,
}

/// Asks `GET /healthz`.
pub(crate) async fn look(at: SocketAddr, patience: Duration) -> Live {
    tokio::time::timeout(patience, ask(at)).await.unwrap_or(Live::Timeout)
}

async fn ask(at: SocketAddr) -> Live {
    let mut stream = match TcpStream::connect(at).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => return Live::Timeout,
        Err(_) => return Live::Nothing,
    };
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    // A tunnel whose far end is closed accepts first and cuts afterwards, at any of these steps.
    if stream.write_all(request.as_bytes()).await.is_err()
        || stream.take(MAX_ANSWER).read_to_end(&mut answer).await.is_err() && answer.is_empty()
    {
        return Live::Cut;
    }
    read(&answer)
}

fn read(answer: &[u8]) -> Live {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let Some(status) = head
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|status| status.trim().parse().ok())
    else {
        return Live::Cut;
    };
    let document: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    if status == 200 && document["ok"] == true && document["status"] == "live" {
        Live::Gateway
    } else {
        Live::Foreign { status }
    }
}

#[cfg(test)]
mod tests {
    use super::{Live, read};

    #[test]
    fn only_a_gateways_answer_counts() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\nx: y\r\n\r\n{\"ok\":true,\"status\":\"live\"}", Live::Gateway),
            ("HTTP/1.1 200 OK\r\n\r\n<html>", Live::Foreign { status: 200 }),
            ("HTTP/1.1 200 OK\r\n\r\n{\"ok\":true}", Live::Foreign { status: 200 }),
            ("HTTP/1.0 404 Not Found\r\n\r\n", Live::Foreign { status: 404 }),
            ("SSH-2.0-OpenSSH_9.2\r\n", Live::Cut),
            ("", Live::Cut),
        ] {
            assert_eq!(read(answer.as_bytes()), expected, "{answer}");
        }
    }
}
