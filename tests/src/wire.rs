//! A client that speaks the wire by itself: every frame it sends is the test's, every frame it receives is checked
//! against the published schema when the connection is protocol 4.

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::handshake::client::generate_key;
use tungstenite::http::Request;
use tungstenite::protocol::CloseFrame;
use tungstenite::{HandshakeError, Message, WebSocket};

use crate::network::Origin;
use crate::wait::PATIENCE;
use crate::{Connect, Dialect, schema};

/// A WebSocket upgrade that has not been sent yet.
#[derive(Clone)]
pub struct Dial {
    to: SocketAddr,
    host: String,
    path: String,
    headers: Vec<(String, String)>,
    origin: Origin,
}

/// An upgrade that did not come about.
#[derive(Debug)]
pub struct NotUpgraded {
    /// The HTTP status; 0 when nobody answered in HTTP.
    pub status: u16,
    /// The body, or what went wrong.
    pub body: String,
}

impl NotUpgraded {
    fn because(reason: impl std::fmt::Display) -> NotUpgraded {
        NotUpgraded { status: 0, body: reason.to_string() }
    }
}

impl Dial {
    /// To this address, with its own name in `Host`.
    pub fn to(to: SocketAddr) -> Dial {
        Dial { to, host: to.to_string(), path: "/".into(), headers: Vec::new(), origin: Origin::Here }
    }

    /// With another `Host`. A public name makes the peer look remote.
    pub fn host(mut self, host: &str) -> Dial {
        self.host = host.into();
        self
    }

    /// With the `Origin` of a web page.
    pub fn web_origin(self, origin: &str) -> Dial {
        self.header("Origin", origin)
    }

    /// With one more header; a name may come more than once.
    pub fn header(mut self, name: &str, value: &str) -> Dial {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// On another path.
    pub fn path(mut self, path: &str) -> Dial {
        self.path = path.into();
        self
    }

    /// From another network namespace, or as another user.
    pub fn from(mut self, origin: Origin) -> Dial {
        self.origin = origin;
        self
    }

    /// Connects and upgrades; the challenge is read. Panics when the gateway does not upgrade.
    pub fn open(self) -> Socket {
        self.try_open().unwrap_or_else(|answer| panic!("no upgrade: {answer:?}"))
    }

    /// The same, and an answer that is not an upgrade is returned.
    pub fn try_open(self) -> Result<Socket, NotUpgraded> {
        let mut socket = self.upgrade()?;
        let challenge = match socket.recv(PATIENCE) {
            Some(Incoming::Frame(frame)) => frame,
            Some(Incoming::Closed(close)) => return Err(NotUpgraded::because(format!("{close:?}"))),
            other => panic!("the first thing on a new connection is the challenge, not {other:?}"),
        };
        assert_eq!(challenge["event"], json!("connect.challenge"), "{challenge}");
        socket.nonce = challenge["payload"]["nonce"].as_str().unwrap().to_owned();
        socket.challenge = challenge;
        Ok(socket)
    }

    /// Connects and upgrades, and reads nothing.
    pub fn upgrade(self) -> Result<Socket, NotUpgraded> {
        let to = self.to;
        let stream = self
            .origin
            .run(move || TcpStream::connect_timeout(&to, PATIENCE))
            .map_err(NotUpgraded::because)?;
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = Request::builder()
            .uri(format!("ws://{}{}", self.to, self.path))
            .header("Host", self.host)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", generate_key());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        match tungstenite::client(request.body(()).unwrap(), stream) {
            Ok((ws, _)) => Ok(Socket::over(ws)),
            Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => Err(NotUpgraded {
                status: answer.status().as_u16(),
                body: String::from_utf8_lossy(answer.body().as_deref().unwrap_or_default()).into_owned(),
            }),
            Err(error) => Err(NotUpgraded::because(error)),
        }
    }
}

/// How a connection ended. A connection that just broke off has code 1006.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The close code.
    pub code: u16,
    /// The reason beside it.
    pub reason: String,
}

/// What can come in.
#[derive(Debug)]
pub enum Incoming {
    /// A JSON frame.
    Frame(Value),
    /// A WebSocket ping; it is answered by itself.
    Ping,
    /// The end.
    Closed(Close),
}

/// The answer to `connect`.
#[derive(Debug)]
pub enum Answer {
    /// Let in: the payload of hello-ok.
    Hello(Value),
    /// Not let in: the error when there was a response at all, and the close.
    Refused {
        /// The error of the response; null without a response.
        error: Value,
        /// How the connection ended.
        close: Close,
    },
}

impl Answer {
    /// The hello; panics on a refusal.
    pub fn hello(self) -> Value {
        match self {
            Answer::Hello(hello) => hello,
            Answer::Refused { error, close } => panic!("refused: {error} {close:?}"),
        }
    }

    /// The error and the close; panics on a hello.
    pub fn refused(self) -> (Value, Close) {
        match self {
            Answer::Hello(hello) => panic!("let in with {}", hello["auth"]),
            Answer::Refused { error, close } => (error, close),
        }
    }
}

/// One WebSocket connection.
pub struct Socket {
    ws: WebSocket<TcpStream>,
    /// The challenge frame.
    pub challenge: Value,
    nonce: String,
    dialect: Option<Dialect>,
    asked: BTreeMap<String, String>,
    calls: u32,
    backlog: VecDeque<Value>,
    /// The end, once it was seen.
    end: Option<Close>,
}

impl Socket {
    fn over(ws: WebSocket<TcpStream>) -> Socket {
        Socket {
            ws,
            challenge: Value::Null,
            nonce: String::new(),
            dialect: None,
            asked: BTreeMap::new(),
            calls: 0,
            backlog: VecDeque::new(),
            end: None,
        }
    }

    /// The nonce of the challenge.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Sends `connect` and waits for the outcome.
    pub fn connect(&mut self, connect: &Connect) -> Answer {
        self.dialect = Some(connect.dialect);
        let params = connect.params(&self.nonce);
        self.connect_with(&params)
    }

    /// Sends finished params and waits for the outcome.
    pub fn connect_with(&mut self, params: &Value) -> Answer {
        self.asked.insert("c1".into(), "connect".into());
        self.send(&json!({"type": "req", "id": "c1", "method": "connect", "params": params}));
        self.outcome()
    }

    /// Waits for the answer to the request `c1`, or for the end.
    pub fn outcome(&mut self) -> Answer {
        let mut error = Value::Null;
        loop {
            match self.recv(PATIENCE) {
                Some(Incoming::Frame(mut frame)) if frame["id"] == json!("c1") => {
                    if frame["ok"] == json!(true) {
                        return Answer::Hello(frame["payload"].take());
                    }
                    error = frame["error"].take();
                }
                Some(Incoming::Frame(frame)) => panic!("before hello-ok nothing else is sent: {frame}"),
                Some(Incoming::Ping) => {}
                Some(Incoming::Closed(close)) => return Answer::Refused { error, close },
                None => panic!("no answer to connect; so far {error}"),
            }
        }
    }

    /// Calls a method and waits for its answer: the payload, or the error.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(&id)
    }

    /// Sends a request and returns its id.
    pub fn ask(&mut self, method: &str, params: Value) -> String {
        self.calls += 1;
        let id = format!("r{}", self.calls);
        self.asked.insert(id.clone(), method.to_owned());
        self.send(&json!({"type": "req", "id": id, "method": method, "params": params}));
        id
    }

    /// Waits for the answer to the request of that id; events meanwhile are kept.
    pub fn answer(&mut self, id: &str) -> Result<Value, Value> {
        self.try_answer(id).unwrap_or_else(|| panic!("no answer to {id}; the end: {:?}", self.end))
    }

    /// The same; `None` when the connection ends or nothing comes.
    pub fn try_answer(&mut self, id: &str) -> Option<Result<Value, Value>> {
        loop {
            match self.recv(PATIENCE)? {
                Incoming::Frame(mut frame) if frame["id"] == json!(id) => {
                    let ok = frame["ok"] == json!(true);
                    return Some(if ok { Ok(frame["payload"].take()) } else { Err(frame["error"].take()) });
                }
                Incoming::Frame(frame) => self.backlog.push_back(frame),
                Incoming::Ping => {}
                Incoming::Closed(_) => return None,
            }
        }
    }

    /// The next event of that name, from those kept or yet to come; `None` when none comes in time.
    pub fn event_within(&mut self, name: &str, limit: Duration) -> Option<Value> {
        if let Some(at) = self.backlog.iter().position(|frame| frame["event"] == json!(name)) {
            return self.backlog.remove(at);
        }
        let end = Instant::now() + limit;
        loop {
            match self.recv(end.saturating_duration_since(Instant::now())) {
                Some(Incoming::Frame(frame)) if frame["event"] == json!(name) => return Some(frame),
                Some(Incoming::Frame(frame)) => self.backlog.push_back(frame),
                Some(Incoming::Ping) => {}
                Some(Incoming::Closed(_)) | None => return None,
            }
        }
    }

    /// The next event of that name; panics when none comes.
    pub fn event(&mut self, name: &str) -> Value {
        self.event_within(name, PATIENCE)
            .unwrap_or_else(|| panic!("no {name} event; the end: {:?}", self.end))
    }

    /// Lets what comes from now on go unchecked against the schema, which takes its time: for floods.
    pub fn unchecked(mut self) -> Socket {
        self.dialect = None;
        self
    }

    /// The frames kept so far, in the order in which they came.
    pub fn kept(&self) -> impl Iterator<Item = &Value> {
        self.backlog.iter()
    }

    /// Waits for the end; what comes before it is kept.
    pub fn closed(&mut self) -> Close {
        self.closed_within(PATIENCE).expect("the connection stays open")
    }

    /// The same with a limit; `None` when the connection is still open then.
    pub fn closed_within(&mut self, limit: Duration) -> Option<Close> {
        let end = Instant::now() + limit;
        while self.end.is_none() {
            match self.recv(end.saturating_duration_since(Instant::now())) {
                Some(Incoming::Frame(frame)) => self.backlog.push_back(frame),
                Some(_) => {}
                None => return None,
            }
        }
        self.end.clone()
    }

    /// Sends one JSON frame as text.
    pub fn send(&mut self, frame: &Value) {
        self.send_message(Message::text(frame.to_string()));
    }

    /// Sends anything. A connection that is already gone is no error here: the end tells why.
    pub fn send_message(&mut self, message: Message) {
        if let Err(error) = self.ws.send(message) {
            assert!(
                matches!(
                    error,
                    tungstenite::Error::Io(_)
                        | tungstenite::Error::ConnectionClosed
                        | tungstenite::Error::AlreadyClosed
                        | tungstenite::Error::Protocol(_)
                ),
                "{error}"
            );
        }
    }

    /// Says goodbye in the orderly way.
    pub fn close(mut self) {
        let frame = CloseFrame { code: 1000.into(), reason: "bye".into() };
        let _ = self.ws.close(Some(frame));
        let _ = self.closed_within(Duration::from_secs(2));
    }

    /// The next thing that comes in, or `None` when nothing does in time.
    pub fn recv(&mut self, limit: Duration) -> Option<Incoming> {
        if let Some(close) = &self.end {
            return Some(Incoming::Closed(close.clone()));
        }
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.ws.get_ref().set_read_timeout(Some(left)).unwrap();
            let message = match self.ws.read() {
                Ok(message) => message,
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return None;
                }
                Err(_) => return Some(self.ended(Close { code: 1006, reason: String::new() })),
            };
            match message {
                Message::Text(text) => return Some(Incoming::Frame(self.frame(text.as_str()))),
                Message::Ping(_) => {
                    let _ = self.ws.flush();
                    return Some(Incoming::Ping);
                }
                Message::Close(frame) => {
                    let close = frame.map_or(Close { code: 1005, reason: String::new() }, |frame| Close {
                        code: frame.code.into(),
                        reason: frame.reason.to_string(),
                    });
                    let _ = self.ws.flush();
                    return Some(self.ended(close));
                }
                Message::Binary(_) => panic!("a gateway sends text"),
                Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    fn ended(&mut self, close: Close) -> Incoming {
        assert!(close.reason.len() <= 120, "a close reason has at most 120 bytes: {close:?}");
        self.end = Some(close.clone());
        Incoming::Closed(close)
    }

    fn frame(&mut self, text: &str) -> Value {
        let frame: Value = serde_json::from_str(text).unwrap();
        if self.dialect == Some(Dialect::V4) {
            let method = frame["id"].as_str().and_then(|id| self.asked.remove(id));
            schema::check_frame(&frame, method.as_deref());
        }
        frame
    }
}
