//! The stream over small in-memory pipes: echoing, pings under back pressure, cancellation, and every way to end.

use std::time::Duration;

use bytes::Bytes;
use openclaw_websocket::{Error, Message, Opcode, OutFrame, Stream, encode, encode_text};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

fn pair(size: usize) -> (Stream<DuplexStream>, Stream<DuplexStream>) {
    let (server, client) = duplex(size);
    (Stream::server(server, Bytes::new()), Stream::client(client, Bytes::new()))
}

fn text(text: &str) -> Message {
    Message::Text(text.to_owned())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// Polls once.
async fn once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match future.as_mut().poll(cx) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn a_stream_is_small() {
    assert!(size_of::<Stream<tokio::net::TcpStream>>() <= 256);
}

#[tokio::test]
async fn messages_pass_both_ways_through_a_pipe_of_eight_bytes() {
    let (mut server, mut client) = pair(8);
    let long = "x".repeat(50_000);
    let at_server = async {
        let first = server.recv().await.unwrap();
        server.send_text("hello".into()).await.unwrap();
        server.send(OutFrame::Encoded(encode_text("encoded"))).await.unwrap();
        let parts = [Bytes::from_static(b"sha"), Bytes::new(), Bytes::from_static(b"red")];
        server.send_shared(&parts).await.unwrap();
        (first, server.recv().await.unwrap())
    };
    let at_client = async {
        client.send_text(long.clone()).await.unwrap();
        let got = [client.recv().await.unwrap(), client.recv().await.unwrap(), client.recv().await.unwrap()];
        client.send_shared(&[Bytes::from_static(b"a"), Bytes::from_static(b"b")]).await.unwrap();
        got
    };
    let (at_server, at_client) = tokio::join!(at_server, at_client);
    assert_eq!(at_server, (text(&long), text("ab")));
    assert_eq!(at_client, [text("hello"), text("encoded"), text("shared")]);
}

#[tokio::test]
async fn messages_that_arrive_together_or_with_the_upgrade_come_one_by_one() {
    let (server, _client) = duplex(64);
    let mask = Some([1, 2, 3, 4]);
    let mut leftover = Vec::new();
    for word in ["one", "two", "three"] {
        leftover.extend_from_slice(&encode(Opcode::Text, word.as_bytes(), mask));
    }
    let mut server = Stream::server(server, Bytes::from(leftover));
    for word in ["one", "two", "three"] {
        assert_eq!(server.recv().await.unwrap(), text(word));
    }
}

#[tokio::test]
async fn recv_can_be_dropped_at_any_byte() {
    let (server, mut client) = duplex(64);
    let mut server = Stream::server(server, Bytes::new());
    let frame = encode(Opcode::Text, b"cancelled", Some([7; 4]));
    for (at, byte) in frame.iter().enumerate() {
        assert!(once(server.recv()).await.is_none(), "at byte {at}");
        client.write_all(&[*byte]).await.unwrap();
    }
    assert_eq!(once(server.recv()).await.unwrap().unwrap(), text("cancelled"));
}

#[tokio::test]
async fn a_send_that_was_dropped_goes_out_whole_with_the_next() {
    for parts in [1, 3] {
        let (mut server, mut client) = pair(8);
        let parts: Vec<Bytes> = (0..parts).map(|_| Bytes::from_static(b"0123456789")).collect();
        assert!(once(server.send_shared(&parts)).await.is_none());
        assert!(server.queued_bytes() > 0);
        let (sent, received) = tokio::join!(server.send_text("next".into()), async {
            (client.recv().await.unwrap(), client.recv().await.unwrap())
        });
        sent.unwrap();
        assert_eq!(received, (text(&"0123456789".repeat(parts.len())), text("next")));
        assert_eq!(server.queued_bytes(), 0);
    }
}

#[tokio::test]
async fn pings_are_answered_by_recv() {
    let (mut server, mut client) = pair(256);
    client.ping(b"are you there").await.unwrap();
    assert!(once(server.recv()).await.is_none());
    assert_eq!(client.recv().await.unwrap(), Message::Pong);
}

#[tokio::test]
async fn a_peer_that_pings_and_never_reads_costs_nothing_and_is_still_heard() {
    let (server, mut client) = duplex(32);
    let mut server = Stream::server(server, Bytes::new());
    let writer = async {
        for n in 0..1000u32 {
            let ping = encode(Opcode::Ping, &n.to_be_bytes(), Some([0; 4]));
            client.write_all(&ping).await.unwrap();
        }
        client.write_all(&encode(Opcode::Text, b"still here", Some([0; 4]))).await.unwrap();
    };
    let (message, ()) = tokio::join!(server.recv(), writer);
    assert_eq!(message.unwrap(), text("still here"));
    assert!(server.queued_bytes() < 64, "{}", server.queued_bytes());
    // Reading again, the peer gets whole pongs, the last of them for its newest ping.
    assert!(once(server.recv()).await.is_none());
    let mut pongs = Vec::new();
    loop {
        let mut pong = [0; 6];
        tokio::select! {
            biased;
            read = client.read_exact(&mut pong) => read.unwrap(),
            got = server.recv() => panic!("{got:?}"),
        };
        assert_eq!(pong[..2], [0x8A, 4]);
        pongs.push(u32::from_be_bytes([pong[2], pong[3], pong[4], pong[5]]));
        if pong[2..] == 999u32.to_be_bytes() {
            break;
        }
    }
    assert!(pongs.is_sorted(), "{pongs:?}");
}

#[tokio::test]
async fn a_clean_close_from_the_server() {
    let (mut server, mut client) = pair(64);
    server.close(1008, "pairing required").await.unwrap();
    assert!(matches!(server.send_text("late".into()).await, Err(Error::Closed)));
    let client_side = async {
        assert_eq!(
            client.recv().await.unwrap(),
            Message::Close { code: 1008, reason: "pairing required".into() }
        );
        assert!(matches!(client.recv().await, Err(Error::Closed)));
        client.finish(soon()).await;
    };
    tokio::join!(server.finish(soon()), client_side);
}

#[tokio::test]
async fn a_clean_close_from_the_client_is_answered_with_its_code() {
    let (mut server, mut client) = pair(64);
    client.close(4000, "bye").await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Message::Close { code: 4000, reason: "bye".into() });
    let answer = async {
        assert_eq!(client.recv().await.unwrap(), Message::Close { code: 4000, reason: String::new() });
        client.finish(soon()).await;
    };
    tokio::join!(
        async {
            server.finish(soon()).await;
            drop(server);
        },
        answer
    );
}

#[tokio::test]
async fn close_frames_may_be_without_code_and_long_reasons_are_cut_between_characters() {
    let (mut server, mut client) = pair(1024);
    server.close(1005, "never sent").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Message::Close { code: 1005, reason: String::new() });
    let (mut server, mut client) = pair(1024);
    server.close(1008, &"é".repeat(100)).await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Message::Close { code: 1008, reason: "é".repeat(61) });
}

#[tokio::test]
async fn an_oversized_message_is_refused_and_the_refusal_arrives() {
    let (mut server, mut client) = pair(4096);
    server.set_max_message(100);
    let big = "x".repeat(200_000);
    let server_side = async {
        let error = server.recv().await.unwrap_err();
        assert!(matches!(error, Error::TooBig { limit: 100 }));
        server.close(error.close_code().unwrap(), "").await.unwrap();
        // Drains the rest of the big message; otherwise this client could never finish sending.
        server.finish(soon()).await;
    };
    let client_side = async {
        client.send_text(big).await.unwrap();
        assert_eq!(client.recv().await.unwrap(), Message::Close { code: 1009, reason: String::new() });
        drop(client);
    };
    tokio::join!(server_side, client_side);
}

#[tokio::test(start_paused = true)]
async fn finish_gives_up_at_its_deadline() {
    let (mut server, _client) = pair(64);
    server.close(1000, "").await.unwrap();
    let begun = Instant::now();
    server.finish(begun + Duration::from_secs(2)).await;
    assert_eq!(begun.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn hanging_up_without_a_close_frame_is_told_apart() {
    let (mut server, client) = pair(64);
    drop(client);
    assert!(matches!(server.recv().await, Err(Error::Eof)));
    assert!(matches!(server.recv().await, Err(Error::Closed)));
    assert!(matches!(server.send_text("x".into()).await, Err(Error::Io(_))));
}

#[tokio::test]
async fn what_was_sent_before_hanging_up_is_still_read() {
    let (mut server, mut client) = pair(256);
    client.ping(b"p").await.unwrap();
    client.send_text("last words".into()).await.unwrap();
    drop(client);
    assert_eq!(server.recv().await.unwrap(), text("last words"));
}

#[tokio::test]
async fn a_client_cannot_send_unmasked_frames() {
    let (_server, mut client) = pair(64);
    assert!(matches!(client.send(OutFrame::Encoded(encode_text("x"))).await, Err(Error::Protocol(_))));
}
