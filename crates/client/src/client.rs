//! An open connection: requests with answers, a stream of events, and how it ended.
//!
//! One task owns the socket. It never waits for the application: answers go to whoever waits, events into a ring
//! that a slow reader falls out of, and output is written while reading goes on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openclaw_protocol::close::{self, Close};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::frame::{self, Inbound, StateVersion};
use openclaw_websocket::{Error as WsError, Message, OutFrame, Stream};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::auth::Sent;
use crate::connect::{Accepted, ConnectOptions, abnormal, establish};
use crate::error::ConnectError;
use crate::explain::close_text;
use crate::hello::Hello;
use crate::transport::Io;

/// Events that may wait for a slow reader; older ones are dropped and counted.
const EVENTS: usize = 256;
/// Requests that may wait to be taken up by the task; each then lives in its table until answered.
const COMMANDS: usize = 64;
/// Output that may wait for a gateway that does not read; more ends the request, not the connection.
const MAX_QUEUED: usize = 64 * 1024 * 1024;
/// How long a closing connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long a request waits for its answer unless told otherwise.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Something that happened at the gateway.
#[derive(Clone, Debug)]
pub struct Event {
    /// Name, for example `device.pair.requested`.
    pub name: String,
    /// What happened, as raw JSON.
    pub payload: Option<Arc<RawValue>>,
    /// Number in this connection's stream.
    pub seq: Option<u64>,
    /// Counters, with presence and health events.
    pub state_version: Option<StateVersion>,
}

impl Event {
    /// The payload as a JSON value; `null` when there is none.
    pub fn value(&self) -> Value {
        self.payload.as_deref().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

/// What an [`Events`] reader gets.
#[derive(Clone, Debug)]
pub enum Received {
    /// The next event.
    Event(Event),
    /// So many events came faster than they were read and are gone; reload what you show.
    Missed(u64),
}

/// A reader of events.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
}

impl Events {
    /// The next event; `None` after the connection ended and everything was read. Cancel-safe.
    pub async fn next(&mut self) -> Option<Received> {
        match self.receiver.recv().await {
            Ok(event) => Some(Received::Event(event)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Received::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The gateway answered with an error.
    #[error("{}", .0.message)]
    Refused(Box<ErrorShape>),
    /// No answer in time. The request may have been carried out all the same.
    #[error("gateway timeout after {}ms", .0.as_millis())]
    TimedOut(Duration),
    /// The connection ended first.
    #[error("{}", close_text(.0))]
    Closed(Close),
    /// The parameters cannot be written as JSON, or are larger than the gateway accepts.
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
}

#[derive(Debug)]
struct Call {
    id: String,
    text: String,
    /// Answers that only say "accepted" are skipped.
    wait_for_final: bool,
    answer: oneshot::Sender<Result<Box<RawValue>, RequestError>>,
}

#[derive(Debug)]
enum Command {
    Call(Call),
    Close,
}

/// A connection to a gateway. Cheap to clone; it ends when the last clone is dropped, when [`Client::close`] is called,
/// or when the gateway ends it.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    commands: mpsc::Sender<Command>,
    events: broadcast::WeakSender<Event>,
    /// The reader that has been there since the hello, until somebody takes it.
    first_events: Mutex<Option<broadcast::Receiver<Event>>>,
    ended: watch::Receiver<Option<Close>>,
    next_id: AtomicU64,
    hello: Hello,
    sent: Sent,
}

impl Client {
    /// Connects and waits for the hello.
    ///
    /// # Errors
    /// [`ConnectError`] tells every cause apart and knows what to do about it.
    pub async fn connect(options: &ConnectOptions) -> Result<Client, ConnectError> {
        let Accepted { stream, hello, sent } = establish(options).await?;
        let (commands, command_receiver) = mpsc::channel(COMMANDS);
        let (events, first_events) = broadcast::channel(EVENTS);
        let (ended_sender, ended) = watch::channel(None);
        let shared = Shared {
            commands,
            events: events.downgrade(),
            first_events: Mutex::new(Some(first_events)),
            ended,
            next_id: AtomicU64::new(1),
            hello,
            sent,
        };
        let task = Task {
            stream,
            commands: command_receiver,
            events,
            waiting: HashMap::new(),
            silence: shared.hello.tick_interval * 2,
        };
        tokio::spawn(async move {
            let close = task.run().await;
            let _ = ended_sender.send(Some(close));
        });
        Ok(Client { shared: Arc::new(shared) })
    }

    /// What the gateway said when it let us in.
    pub fn hello(&self) -> &Hello {
        &self.shared.hello
    }

    /// Which credentials got us in.
    pub fn sent(&self) -> Sent {
        self.shared.sent
    }

    /// Calls a method with the usual patience ([`REQUEST_TIMEOUT`]) and reads its result.
    pub async fn request(&self, method: &str, params: &impl Serialize) -> Result<Value, RequestError> {
        self.request_within(method, params, REQUEST_TIMEOUT).await
    }

    /// Calls a method and reads its result.
    pub async fn request_within(
        &self,
        method: &str,
        params: &impl Serialize,
        patience: Duration,
    ) -> Result<Value, RequestError> {
        let raw = self.request_raw(method, params, patience, false).await?;
        serde_json::from_str(raw.get()).map_err(|error| RequestError::Unsendable(error.to_string()))
    }

    /// Calls a method. With `wait_for_final`, an answer whose payload has `status: "accepted"` is skipped and the one
    /// that follows when the work is done is the result.
    pub async fn request_raw(
        &self,
        method: &str,
        params: &impl Serialize,
        patience: Duration,
        wait_for_final: bool,
    ) -> Result<Box<RawValue>, RequestError> {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed).to_string();
        let text = frame::request(&id, method, params)
            .map_err(|error| RequestError::Unsendable(error.to_string()))?;
        let limit = self.shared.hello.max_payload;
        if text.len() > limit {
            let text = format!("it has {} bytes and the gateway accepts {limit}", text.len());
            return Err(RequestError::Unsendable(text));
        }
        let (answer, result) = oneshot::channel();
        let call = Command::Call(Call { id, text, wait_for_final, answer });
        let exchange = async {
            // Either channel ends only with the connection.
            if self.shared.commands.send(call).await.is_err() {
                return Err(RequestError::Closed(self.ended().await));
            }
            match result.await {
                Ok(result) => result,
                Err(_) => Err(RequestError::Closed(self.ended().await)),
            }
        };
        timeout(patience, exchange).await.unwrap_or(Err(RequestError::TimedOut(patience)))
    }

    /// A reader of the gateway's events: the first one sees everything since the hello, later ones what comes after
    /// they were made.
    pub fn events(&self) -> Events {
        let first = self.shared.first_events.lock().unwrap_or_else(PoisonError::into_inner).take();
        let receiver = first.unwrap_or_else(|| match self.shared.events.upgrade() {
            Some(sender) => sender.subscribe(),
            // Ended: a reader that is at its end.
            None => broadcast::channel(1).1,
        });
        Events { receiver }
    }

    /// Waits until the connection has ended and says how: the gateway's close frame, 1006 without one, 4000 when the
    /// gateway fell silent.
    pub async fn ended(&self) -> Close {
        let mut ended = self.shared.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(close) => close.clone().unwrap_or_else(abnormal),
            Err(_) => abnormal(),
        }
    }

    /// Says goodbye (1000) and waits until the connection is gone.
    pub async fn close(self) {
        if self.shared.commands.send(Command::Close).await.is_ok() {
            self.ended().await;
        }
    }
}

/// The task that owns the socket.
struct Task {
    stream: Stream<Io>,
    commands: mpsc::Receiver<Command>,
    events: broadcast::Sender<Event>,
    waiting: HashMap<String, Call>,
    /// So long without any message means that the gateway is gone (it sends ticks).
    silence: Duration,
}

impl Task {
    async fn run(mut self) -> Close {
        let mut heard = Instant::now();
        let (code, reason) = loop {
            tokio::select! {
                message = self.stream.recv() => {
                    heard = Instant::now();
                    match message {
                        Ok(Message::Text(text)) => self.take(text.as_bytes()),
                        Ok(Message::Binary(bytes)) => self.take(&bytes),
                        Ok(Message::Pong) => {}
                        Ok(Message::Close { code, reason }) => {
                            self.stream.finish(Instant::now() + GOODBYE).await;
                            return Close { code, reason };
                        }
                        Err(error) => match error.close_code() {
                            Some(code) => break (code, ""),
                            None => return ended_by(&error),
                        },
                    }
                }
                command = self.commands.recv() => match command {
                    Some(Command::Call(call)) => self.send(call),
                    Some(Command::Close) | None => break (close::NORMAL, ""),
                },
                () = tokio::time::sleep_until(heard + self.silence) => {
                    break (close::TICK_TIMEOUT, "tick timeout");
                }
            }
        };
        let _ = self.stream.queue(OutFrame::Close(code, reason.to_owned()));
        self.stream.finish(Instant::now() + GOODBYE).await;
        Close::new(code, reason)
    }

    fn send(&mut self, call: Call) {
        // Callers that gave up leave their entry behind; none of them may stay for ever.
        if self.waiting.len() >= COMMANDS {
            self.waiting.retain(|_, call| !call.answer.is_closed());
        }
        let refusal = if self.stream.queued_bytes() + call.text.len() > MAX_QUEUED {
            Some(RequestError::Unsendable("the gateway does not read what is sent to it".to_owned()))
        } else {
            let text = call.text.clone();
            self.stream.queue(OutFrame::Text(text)).err().map(|_| RequestError::Closed(abnormal()))
        };
        match refusal {
            Some(error) => {
                let _ = call.answer.send(Err(error));
            }
            None => {
                self.waiting.insert(call.id.clone(), Call { text: String::new(), ..call });
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        match frame::decode_inbound(bytes) {
            Ok(Some(Inbound::Event { event, payload, seq, state_version })) => {
                // Nobody listening is fine.
                let _ = self.events.send(Event {
                    name: event,
                    payload: payload.map(Arc::from),
                    seq,
                    state_version,
                });
            }
            Ok(Some(Inbound::Response { id, ok, payload, error })) => {
                let Some(call) = self.waiting.remove(&id) else { return };
                if ok && call.wait_for_final && payload.as_deref().is_some_and(is_accepted) {
                    self.waiting.insert(id, call);
                    return;
                }
                let result = if ok {
                    Ok(payload.unwrap_or_else(|| RawValue::NULL.to_owned()))
                } else {
                    let unknown = || ErrorShape::invalid_request("the gateway refused without a reason");
                    Err(RequestError::Refused(Box::new(error.unwrap_or_else(unknown))))
                };
                let _ = call.answer.send(result);
            }
            // Kinds of frames that newer gateways may send.
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a frame of the gateway cannot be read"),
        }
    }
}

fn is_accepted(payload: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Status<'a> {
        #[serde(borrow)]
        status: Option<std::borrow::Cow<'a, str>>,
    }
    serde_json::from_str::<Status<'_>>(payload.get()).is_ok_and(|s| s.status.as_deref() == Some("accepted"))
}

fn ended_by(error: &WsError) -> Close {
    tracing::debug!(%error, "the connection ended without a close frame");
    abnormal()
}
