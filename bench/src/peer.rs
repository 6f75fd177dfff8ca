//! One client on the wire, light enough to have ten thousand of them: dial, challenge, signed `connect`, calls.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use openclaw_protocol::connect::{ClientInfo, ConnectParams};
use openclaw_protocol::device_proof;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::frame::{self, Inbound};
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use openclaw_websocket::{ClientHandshake, Error as WsError, Message, Stream, client_handshake};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, UnixStream};

use crate::device::Device;
use crate::place::Place;

/// A public name: with it in `Host` a peer is remote, wherever it comes from.
const PUBLIC_NAME: &str = "gateway.example.com";
/// How long an orderly end may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

type Socket = Stream<Box<dyn Bytes>>;

#[derive(Clone, Debug)]
enum To {
    Tcp { to: SocketAddr, from: Option<Ipv4Addr> },
    Owner(PathBuf),
}

/// How to reach the gateway, and what the peer looks like from there.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    to: To,
    host: String,
    headers: Vec<(String, String)>,
}

impl Dial {
    /// Over TCP from this host and user.
    pub(crate) fn tcp(to: SocketAddr) -> Dial {
        Dial { to: To::Tcp { to, from: None }, host: to.to_string(), headers: Vec::new() }
    }

    /// Over the owner socket.
    pub(crate) fn owner(place: &Place<'_>) -> Dial {
        Dial { to: To::Owner(place.owner_socket()), host: "localhost".to_owned(), headers: Vec::new() }
    }

    /// Looking remote: the gateway is asked for by a public name.
    pub(crate) fn remote(mut self) -> Dial {
        self.host = PUBLIC_NAME.to_owned();
        self
    }

    /// From this address of the loopback network.
    pub(crate) fn from(mut self, address: Ipv4Addr) -> Dial {
        if let To::Tcp { from, .. } = &mut self.to {
            *from = Some(address);
        }
        self
    }

    /// As if through a reverse proxy that was asked by this address.
    pub(crate) fn forwarded_for(mut self, address: Ipv4Addr) -> Dial {
        self.headers.push(("X-Forwarded-For".to_owned(), address.to_string()));
        self
    }

    /// Connects, upgrades and waits for the challenge.
    pub(crate) async fn open(&self) -> Result<Challenged> {
        let io: Box<dyn Bytes> = match &self.to {
            To::Owner(path) => Box::new(UnixStream::connect(path).await?),
            To::Tcp { to, from } => {
                let socket = TcpSocket::new_v4()?;
                if let Some(from) = from {
                    // Several links of one source address share its ports with those that are just going away.
                    socket.set_reuseaddr(true)?;
                    socket.bind(SocketAddr::from((*from, 0)))?;
                }
                let stream = socket.connect(*to).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        };
        let request =
            ClientHandshake { host: self.host.clone(), path: "/".to_owned(), headers: self.headers.clone() };
        let mut ws = client_handshake(io, &request).await?;
        ws.set_max_message(frame::MAX_PAYLOAD_BYTES);
        match receive(&mut ws).await? {
            Received::Frame(Inbound::Event { event, payload: Some(payload), .. })
                if event == "connect.challenge" =>
            {
                let payload: Value = serde_json::from_str(payload.get())?;
                let nonce = payload["nonce"].as_str().context("a challenge without a nonce")?;
                Ok(Challenged { nonce: nonce.to_owned(), ws })
            }
            Received::Closed { code, reason } => bail!("closed before the challenge: {code} {reason}"),
            other => bail!("no challenge: {other:?}"),
        }
    }
}

/// What a client says in `connect`.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    client: ClientInfo,
    scopes: Vec<String>,
    device: Option<Device>,
    token: Option<String>,
    device_token: Option<String>,
    bootstrap_token: Option<String>,
}

impl Params {
    fn new(id: &str, mode: &str) -> Params {
        Params {
            client: ClientInfo::new(id, mode, "2026.9.6", "linux"),
            scopes: ScopeSet::full_operator().to_strings(),
            device: None,
            token: None,
            device_token: None,
            bootstrap_token: None,
        }
    }

    /// The command line: it comes and goes and is not listed in presence.
    pub(crate) fn cli() -> Params {
        Params::new("cli", "cli")
    }

    /// A user interface: it stays, and everybody is told of it.
    pub(crate) fn ui() -> Params {
        Params::new("openclaw-tui", "ui")
    }

    /// With a device's key and the proof that belongs to it.
    pub(crate) fn device(mut self, device: &Device) -> Params {
        self.device = Some(device.clone());
        self
    }

    /// With the gateway's token.
    pub(crate) fn token(mut self, token: &str) -> Params {
        self.token = Some(token.to_owned());
        self
    }

    /// With the device's own token.
    pub(crate) fn device_token(mut self, token: &str) -> Params {
        self.device_token = Some(token.to_owned());
        self
    }

    /// With the token of a setup code.
    pub(crate) fn bootstrap_token(mut self, token: &str) -> Params {
        self.bootstrap_token = Some(token.to_owned());
        self
    }

    fn signed(&self, nonce: &str) -> ConnectParams {
        let mut params = ConnectParams::new(self.client.clone(), 4, 4);
        params.role_sent = Some("operator".to_owned());
        params.scopes.clone_from(&self.scopes);
        let secret = |text: &Option<String>| text.clone().map(Secret::new);
        params.auth.token = secret(&self.token);
        params.auth.device_token = secret(&self.device_token);
        params.auth.bootstrap_token = secret(&self.bootstrap_token);
        if let Some(device) = &self.device {
            device_proof::attach(&mut params, device.key(), nonce, now());
        }
        params
    }
}

/// Now, in Unix milliseconds.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The answer to `connect`.
#[derive(Debug)]
pub(crate) enum Hello {
    /// Let in; the payload, unread: with a long presence list reading it costs more than all the rest.
    Admitted(Box<RawValue>),
    /// Told why not.
    Refused(ErrorShape),
    /// Closed without an answer.
    Closed {
        /// The close code; 1006 when the connection broke off.
        code: u16,
        /// The reason beside it.
        reason: String,
    },
}

impl Hello {
    /// The device token in a hello.
    pub(crate) fn device_token(&self) -> Result<String> {
        match self {
            Hello::Admitted(hello) => {
                let hello: Value = serde_json::from_str(hello.get())?;
                let token = hello["auth"]["deviceToken"].as_str();
                Ok(token.with_context(|| format!("no device token in {}", hello["auth"]))?.to_owned())
            }
            other => bail!("not let in: {other:?}"),
        }
    }
}

/// An upgraded connection that has been challenged.
pub(crate) struct Challenged {
    nonce: String,
    ws: Socket,
}

impl Challenged {
    /// Sends `connect` and waits for the outcome.
    pub(crate) async fn connect(mut self, params: &Params) -> Result<(Link, Hello)> {
        let signed = params.signed(&self.nonce).to_json();
        // A peer that was turned away meanwhile cannot send any more, but may still read why.
        let _ = self.ws.send_text(frame::request("c", "connect", &signed)?).await;
        let hello = loop {
            match receive(&mut self.ws).await? {
                Received::Frame(Inbound::Response { ok: true, payload: Some(payload), .. }) => {
                    break Hello::Admitted(payload);
                }
                Received::Frame(Inbound::Response { error: Some(error), .. }) => break Hello::Refused(error),
                Received::Closed { code, reason } => break Hello::Closed { code, reason },
                Received::Frame(_) | Received::Nothing => {}
            }
        };
        Ok((Link { ws: self.ws, calls: 0 }, hello))
    }
}

/// A connection after `connect`.
pub(crate) struct Link {
    ws: Socket,
    calls: u64,
}

impl Link {
    /// Calls a method and waits for its answer; events meanwhile are dropped.
    pub(crate) async fn call(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.calls += 1;
        let wanted = self.calls.to_string();
        self.ws.send_text(frame::request(&wanted, method, params)?).await?;
        loop {
            match receive(&mut self.ws).await? {
                Received::Frame(Inbound::Response { id, payload, error, .. }) if id == wanted => {
                    return match (error, payload) {
                        (Some(error), _) => Err(anyhow!("{method}: {}", error.message)),
                        (None, Some(payload)) => Ok(serde_json::from_str(payload.get())?),
                        (None, None) => Ok(Value::Null),
                    };
                }
                Received::Closed { code, reason } => bail!("{method}: closed with {code} {reason}"),
                Received::Frame(_) | Received::Nothing => {}
            }
        }
    }

    /// Reads and drops whatever comes, as a client does that has nothing to say; returns how it ended.
    pub(crate) async fn idle(&mut self) -> String {
        loop {
            match self.ws.recv().await {
                Ok(Message::Close { code, reason }) => return format!("{code} {reason}"),
                Ok(_) => {}
                Err(error) => return error.to_string(),
            }
        }
    }

    /// Says goodbye in the orderly way.
    pub(crate) async fn close(mut self) {
        // Whether the gateway hears it makes no difference to us.
        let _ = self.ws.close(1000, "bye").await;
        self.ws.finish(tokio::time::Instant::now() + CLOSE_PATIENCE).await;
    }
}

#[derive(Debug)]
enum Received {
    Frame(Inbound),
    Closed {
        code: u16,
        reason: String,
    },
    /// A frame of a kind that a client need not know.
    Nothing,
}

async fn receive(ws: &mut Socket) -> Result<Received> {
    Ok(match ws.recv().await {
        Ok(Message::Text(text)) => frame::decode_inbound(text.as_bytes())
            .map_err(|error| anyhow!("{error:?}"))?
            .map_or(Received::Nothing, Received::Frame),
        Ok(Message::Close { code, reason }) => Received::Closed { code, reason },
        Ok(_) => Received::Nothing,
        Err(WsError::Eof | WsError::Io(_) | WsError::Closed) => {
            Received::Closed { code: 1006, reason: String::new() }
        }
        Err(error) => return Err(error.into()),
    })
}
