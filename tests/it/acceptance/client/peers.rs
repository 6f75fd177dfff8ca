//! Whatever may be at an address in a gateway's place.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

/// Serves every connection with `answer`, for as long as the test runs.
fn serve(answer: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            answer(stream);
        }
    });
    address
}

/// Reads a request's head.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A web server that answers every request like this.
pub(super) fn web_server(answer: &'static str) -> SocketAddr {
    serve(move |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(answer.as_bytes());
    })
}

/// Opens a WebSocket, and closes it with that code without a word; 1005 without a code, 1006 without a close frame.
pub(super) fn closing(code: u16) -> SocketAddr {
    serve(move |stream| {
        let Ok(mut socket) = tungstenite::accept(stream) else { return };
        match code {
            1006 => return,
            1005 => socket.close(None),
            code => socket.close(Some(CloseFrame { code: CloseCode::from(code), reason: "".into() })),
        }
        .unwrap();
        // The answer to the close frame, so that nothing cuts it short.
        while socket.read().is_ok() {}
    })
}

/// Accepts connections and says nothing.
pub(super) fn silent() -> SocketAddr {
    serve(|mut stream| {
        // Until the other end has had enough.
        thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
    })
}

/// Hands bytes on to `to`, as a tunnel does.
pub(super) fn tunnel(to: SocketAddr) -> SocketAddr {
    serve(move |near| {
        let Ok(far) = TcpStream::connect(to) else { return };
        pipe(near, far);
    })
}

/// A proxy in front of `to` that lets nobody in without the headers of its own sign-in.
pub(super) fn signed_in(to: SocketAddr) -> SocketAddr {
    serve(move |mut near| {
        let asked = head(&mut near);
        let lower = asked.to_ascii_lowercase();
        if !lower.contains("cf-access-client-id: me\r\n")
            || !lower.contains("cf-access-client-secret: s3cret\r\n")
        {
            let _ =
                near.write_all(b"HTTP/1.1 403 Forbidden\r\nServer: cloudflare\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        let Ok(mut far) = TcpStream::connect(to) else { return };
        far.write_all(asked.as_bytes()).unwrap();
        pipe(near, far);
    })
}

/// Hands bytes on both ways until either end is gone.
fn pipe(near: TcpStream, far: TcpStream) {
    for (mut from, mut into) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut into);
            let _ = into.shutdown(std::net::Shutdown::Both);
        });
    }
}
