//! An admitted connection: requests in, responses and events out, until either side has enough.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openclaw_protocol::close::{self, Close};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::frame;
use openclaw_protocol::refusal::Refusal;
use openclaw_websocket::{Error as WsError, Message, OutFrame, Stream};
use tokio::time::Instant;

use crate::core::Core;
use crate::hub::Connection;
use crate::io::Io;
use crate::outbox::{End, Item, Replaces};

/// Bytes queued on the socket beyond which nothing more is read or taken from the outbox.
const HIGH_WATER: usize = 1024 * 1024;
/// How long a peer may take to read what is queued before it counts as gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(50);
/// How long a closing handshake may take.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);
/// Calls with the wrong role in a row that end the connection (auth-and-pairing §3.5).
const MAX_UNAUTHORIZED: u32 = 10;

/// Runs an admitted connection to its end. `hello` is its first frame.
pub(crate) async fn run(core: Arc<Core>, connection: Arc<Connection>, mut ws: Stream<Io>, hello: String) {
    ws.set_max_message(frame::MAX_PAYLOAD_BYTES);
    let mut session = Session { core, connection, ws, seq: 0, awaiting_pong: false, unauthorized: 0 };
    let close = match session.ws.queue(OutFrame::Text(hello)) {
        Ok(()) => session.serve().await,
        Err(_) => None,
    };
    session.core.hub.leave(&session.connection.id);
    session.core.on_disconnect(&session.connection);
    if let Some(close) = close {
        tracing::debug!(
            subsystem = "gateway/ws",
            conn = %session.connection.id,
            "→ close code={} reason={}", close.code, close.reason
        );
        session.ws.queue(OutFrame::Close(close.code, close.reason)).ok();
        session.ws.finish(Instant::now() + CLOSE_PATIENCE).await;
    } else {
        session.ws.finish(Instant::now() + CLOSE_PATIENCE).await;
    }
}

struct Session {
    core: Arc<Core>,
    connection: Arc<Connection>,
    ws: Stream<Io>,
    seq: u64,
    /// A ping was sent and not answered yet.
    awaiting_pong: bool,
    /// Calls with the wrong role in a row.
    unauthorized: u32,
}

/// What woke the session.
enum Woken {
    Received(Result<Message, WsError>),
    ToWrite(Result<Item, End>),
}

impl Session {
    /// Serves until the end; the close frame to send, or `None` when the peer is gone or has closed.
    async fn serve(&mut self) -> Option<Close> {
        loop {
            if self.ws.queued_bytes() > HIGH_WATER
                && let Err(close) = self.wait_for_reader().await
            {
                return close;
            }
            let woken = tokio::select! {
                received = self.ws.recv() => Woken::Received(received),
                item = self.connection.outbox.next() => Woken::ToWrite(item),
            };
            let proceed = match woken {
                Woken::Received(Ok(message)) => self.receive(message).await,
                Woken::Received(Err(error)) => Err(self.closing_for(&error)),
                Woken::ToWrite(Ok(item)) => self.write(item),
                Woken::ToWrite(Err(End::Close(close))) => Err(Some(close)),
                Woken::ToWrite(Err(End::SlowConsumer)) => Err(Some(self.slow_consumer())),
            };
            if let Err(close) = proceed {
                return close;
            }
        }
    }

    async fn wait_for_reader(&mut self) -> Result<(), Option<Close>> {
        tokio::select! {
            flushed = tokio::time::timeout(WRITE_PATIENCE, self.ws.flush()) => match flushed {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(None),
                Err(_) => Err(Some(self.slow_consumer())),
            },
            end = self.connection.outbox.ended() => Err(Some(match end {
                End::Close(close) => close,
                End::SlowConsumer => self.slow_consumer(),
            })),
        }
    }

    fn slow_consumer(&self) -> Close {
        tracing::warn!(
            subsystem = "gateway/ws",
            conn = %self.connection.id,
            "the client reads too slowly and was disconnected"
        );
        Refusal::SlowConsumer.wire(self.connection.dialect).close
    }

    /// What to answer a transport error with; `None` when nobody is left to answer.
    fn closing_for(&self, error: &WsError) -> Option<Close> {
        let reason =
            if matches!(error, WsError::TooBig { .. }) { "frame too large" } else { "protocol error" };
        error.close_code().map(|code| Close::new(code, reason))
    }

    fn write(&mut self, item: Item) -> Result<(), Option<Close>> {
        let frame = match item {
            Item::Frame(text) => OutFrame::Text(text),
            Item::Event(body) => {
                self.seq += 1;
                OutFrame::Text(body.with_seq(self.seq))
            }
            Item::Ping if self.awaiting_pong => return Err(None),
            Item::Ping => {
                self.awaiting_pong = true;
                OutFrame::Ping(Vec::new())
            }
        };
        self.ws.queue(frame).map_err(|_| None)
    }

    async fn receive(&mut self, message: Message) -> Result<(), Option<Close>> {
        // Whatever arrives shows that the peer is alive.
        self.awaiting_pong = false;
        match message {
            // Who has to leave is served no more, also while its last events are being written.
            Message::Text(_) | Message::Binary(_) if self.connection.outbox.has_ended() => Ok(()),
            Message::Text(text) => self.handle(text.as_bytes()).await,
            Message::Binary(bytes) => self.handle(&bytes).await,
            Message::Pong => Ok(()),
            Message::Close { .. } => Err(None),
        }
    }

    async fn handle(&mut self, bytes: &[u8]) -> Result<(), Option<Close>> {
        let dialect = self.connection.dialect;
        let request = match frame::decode(bytes) {
            Ok(request) => request,
            Err(error) => {
                let answer = error.answer(dialect);
                if answer.is_none() {
                    tracing::debug!(subsystem = "gateway/ws", conn = %self.connection.id, "ignored a frame that is not JSON");
                }
                return answer.map_or(Ok(()), |(id, error)| self.respond_error(&id, &error));
            }
        };
        if request.method == "connect" && dialect == Dialect::V4 {
            return self.respond_error(&request.id, &ErrorShape::second_connect());
        }
        let now = self.core.now();
        self.connection.asked.store(now.0, Ordering::Relaxed);
        self.core.history.requested(now);
        let authority = &self.connection.authority;
        let called = self.core.router.call(&self.core, authority, &request.method, request.params.as_deref());
        match called {
            Err(refused) => {
                self.unauthorized = if refused.wrong_role { self.unauthorized + 1 } else { 0 };
                self.respond_error(&request.id, &refused.error)?;
                if self.unauthorized > MAX_UNAUTHORIZED {
                    return Err(Some(Refusal::RepeatedUnauthorized.wire(dialect).close));
                }
                Ok(())
            }
            Ok(call) if call.long => {
                self.unauthorized = 0;
                let connection = self.connection.clone();
                tokio::spawn(async move {
                    let frame = response(&request.id, call.reply.await);
                    connection.outbox.push(Item::Frame(frame), Replaces::Nothing);
                });
                Ok(())
            }
            Ok(call) => {
                self.unauthorized = 0;
                let frame = response(&request.id, call.reply.await);
                self.ws.queue(OutFrame::Text(frame)).map_err(|_| None)
            }
        }
    }

    fn respond_error(&mut self, id: &str, error: &ErrorShape) -> Result<(), Option<Close>> {
        self.ws.queue(OutFrame::Text(frame::response_error(id, error))).map_err(|_| None)
    }
}

fn response(id: &str, reply: crate::router::Reply) -> String {
    match reply {
        Ok(payload) => frame::response_ok(id, &payload),
        Err(error) => frame::response_error(id, &error),
    }
}

/// Sends the last frames of a connection that was not admitted, and ends it.
pub(crate) async fn refuse(mut ws: Stream<Io>, answer: Option<String>, close: Close) {
    if let Some(answer) = answer {
        ws.queue(OutFrame::Text(answer)).ok();
    }
    debug_assert!(close.code != close::ABNORMAL, "an abnormal closure is never sent");
    ws.queue(OutFrame::Close(close.code, close.reason)).ok();
    ws.finish(Instant::now() + CLOSE_PATIENCE).await;
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::dialect::Dialect;
    use openclaw_websocket::{Message, OutFrame, Stream};
    use tokio::net::UnixStream;

    use super::*;
    use crate::outbox::{Item, Replaces};
    use crate::rpc::testing::{House, operator};

    #[tokio::test]
    async fn who_has_to_leave_is_served_no_more() {
        let house = House::new();
        let connection = house.connect(operator(Dialect::V4, &["read"]));
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut client = Stream::client(theirs, Default::default());
        for number in 0..20 {
            let request = format!(r#"{{"type":"req","id":"r{number}","method":"health"}}"#);
            client.queue(OutFrame::Text(request)).unwrap();
        }
        client.flush().await.unwrap();
        // Revoked, while events wait to be written: the requests are there before either.
        ours.readable().await.unwrap();
        for number in 0..20 {
            connection.outbox.push(Item::Frame(format!("{{\"event\":{number}}}")), Replaces::Nothing);
        }
        connection.outbox.end(Close::new(4001, "client invalidated: device removed"));
        let ws = Stream::server(Io::Unix(ours), Default::default());
        let serving = tokio::spawn(run(house.core.clone(), connection.clone(), ws, "{}".to_owned()));
        let mut events = 0;
        let close = loop {
            match client.recv().await {
                Ok(Message::Text(text)) if text == "{}" => {}
                Ok(Message::Text(text)) => {
                    assert!(text.contains("event"), "served: {text}");
                    events += 1;
                }
                Ok(Message::Close { code, .. }) => break code,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((events, close), (20, 4001));
        drop(client);
        serving.await.unwrap();
    }
}
