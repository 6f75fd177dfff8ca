//! From a target to a connection that the gateway has accepted: challenge, `connect`, hello, and the one more try with
//! the device's own token.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use openclaw_protocol::close::{self, Close};
use openclaw_protocol::connect::{AuthParams, ClientInfo, ConnectParams};
use openclaw_protocol::device_proof;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::frame::{self, Inbound, MAX_PAYLOAD_BYTES};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use openclaw_protocol::words::Words;
use openclaw_websocket::{ClientHandshake, Error as WsError, Message, Stream, client_handshake};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use crate::auth::{Offer, Sent};
use crate::credentials::Credentials;
use crate::device_auth::DeviceAuth;
use crate::error::{Applicant, Cause, ConnectError, Phase, Refused};
use crate::hello::Hello;
use crate::identity::Identity;
use crate::target::{Endpoint, Target};
use crate::transport::{Io, dial};

/// How long after a refusal the close frame is waited for: it follows at once or not at all.
const CLOSE_WAIT: Duration = Duration::from_secs(1);
/// The id of the `connect` request.
const CONNECT_ID: &str = "connect";

/// The device that connects: its key, and where its tokens are kept (`None`: nowhere).
#[derive(Clone, Debug)]
pub struct Device {
    /// The key.
    pub identity: Identity,
    /// The tokens that this gateway issued to it.
    pub tokens: Option<DeviceAuth>,
}

/// Everything that a connection needs.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Where to.
    pub target: Target,
    /// What the client is.
    pub client: ClientInfo,
    /// Role to take.
    pub role: Role,
    /// Scopes to ask for, in the order in which they are signed.
    pub scopes: Vec<String>,
    /// Optional features, for example `tool-events`.
    pub caps: Vec<String>,
    /// Commands that a node offers.
    pub commands: Vec<String>,
    /// Permissions that a node reports.
    pub permissions: BTreeMap<String, bool>,
    /// Shared secrets.
    pub credentials: Credentials,
    /// A setup code's token or a claim code; sent only when there is neither a shared secret nor a device token.
    pub bootstrap: Option<Secret>,
    /// The signed identity. Never sent over the owner socket, where the kernel vouches for the account.
    pub device: Option<Device>,
    /// Further HTTP headers for a login proxy in front of the gateway (`gateway.remote.edgeAuth`).
    pub headers: Vec<(String, Secret)>,
    /// How long everything up to the hello may take.
    pub timeout: Duration,
}

/// How long a connection may take unless the user says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

impl ConnectOptions {
    /// A connection as operator with these scopes and nothing else; fill in what is needed.
    pub fn operator(target: Target, client: ClientInfo, scopes: Vec<String>) -> ConnectOptions {
        ConnectOptions {
            target,
            client,
            role: Role::Operator,
            scopes,
            caps: Vec::new(),
            commands: Vec::new(),
            permissions: BTreeMap::new(),
            credentials: Credentials::default(),
            bootstrap: None,
            device: None,
            headers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    fn applicant(&self) -> Applicant {
        Applicant {
            client: self.client.id.clone(),
            platform: self.client.platform.clone(),
            role: self.role.to_string(),
            scopes: ScopeSet::parse_known(&self.scopes).0,
            device: self.device.as_ref().map(|device| device.identity.device_id().clone()),
        }
    }

    fn is_socket(&self) -> bool {
        matches!(self.target.endpoint, Endpoint::Socket(_))
    }

    fn tokens(&self) -> Option<&DeviceAuth> {
        self.device.as_ref()?.tokens.as_ref()
    }

    fn offer(&self) -> Offer {
        if self.is_socket() {
            return Offer::default();
        }
        Offer {
            credentials: self.credentials.clone(),
            stored: self.tokens().and_then(|tokens| tokens.get(self.role)).map(|stored| stored.token),
            bootstrap: self.bootstrap.clone(),
            may_volunteer: self.target.is_trusted_with_device_token(),
        }
    }

    /// The request, signed over the challenge. Only properties that gateways of early 2026 know.
    fn params(&self, auth: AuthParams, nonce: &str, now: Millis) -> ConnectParams {
        let mut params = ConnectParams::new(self.client.clone(), 3, 4);
        params.role_sent = Some(self.role.as_str().to_owned());
        params.scopes.clone_from(&self.scopes);
        params.caps.clone_from(&self.caps);
        params.commands.clone_from(&self.commands);
        params.permissions.clone_from(&self.permissions);
        params.auth = auth;
        if let (Some(device), false) = (&self.device, self.is_socket()) {
            device_proof::attach(&mut params, device.identity.signing_key(), nonce, now);
        }
        params
    }
}

/// An accepted connection.
pub(crate) struct Accepted {
    pub(crate) stream: Stream<Io>,
    pub(crate) hello: Hello,
    pub(crate) sent: Sent,
}

/// Connects, with one more try where the gateway's answer invites it. Stores and forgets device tokens as told.
pub(crate) async fn establish(options: &ConnectOptions) -> Result<Accepted, ConnectError> {
    let offer = options.offer();
    let deadline = Instant::now() + options.timeout;
    let (auth, sent) = offer.first();
    let first = match attempt(options, auth, sent, deadline).await {
        Ok(accepted) => return Ok(accepted),
        Err(error) => error,
    };
    forget_if_stale(options, &offer, &first);
    let Some((auth, sent)) = first.refused().and_then(|refused| offer.second(first.sent, refused)) else {
        return Err(first);
    };
    tracing::debug!(with = %sent, "connecting once more");
    match attempt(options, auth, sent, deadline).await {
        Ok(accepted) => Ok(accepted),
        Err(second) => {
            forget_if_stale(options, &offer, &second);
            // The shared token was wrong in the first place; that is what the user can correct.
            Err(if matches!(sent, Sent::SharedAndDevice { .. }) { first } else { second })
        }
    }
}

fn forget_if_stale(options: &ConnectOptions, offer: &Offer, error: &ConnectError) {
    let stale = matches!(error.sent, Sent::Device | Sent::SharedAndDevice { .. })
        && error.refused().is_some_and(Refused::is_device_token_mismatch);
    if let (true, Some(tokens), Some(stored)) = (stale, options.tokens(), &offer.stored)
        && let Err(error) = tokens.forget(options.role, stored)
    {
        tracing::warn!(%error, "a device token that is no longer valid could not be removed");
    }
}

/// One attempt.
pub(crate) async fn attempt(
    options: &ConnectOptions,
    auth: AuthParams,
    sent: Sent,
    deadline: Instant,
) -> Result<Accepted, ConnectError> {
    let mut progress = Progress::default();
    let result = timeout_at(deadline, converse(options, auth, deadline, &mut progress)).await;
    let failed = |cause| ConnectError {
        target: options.target.shown(),
        source: options.target.source,
        patience: options.timeout,
        sent,
        applicant: options.applicant(),
        cause,
    };
    let (stream, payload) = match result {
        Ok(Ok(done)) => done,
        Ok(Err(cause)) => return Err(failed(cause)),
        Err(_) => return Err(failed(Cause::TimedOut { phase: progress.phase })),
    };
    let Some((hello, issued)) = Hello::read(payload, options.role) else {
        return Err(failed(Cause::NotAGateway { start: Words::new("an answer that is no hello-ok") }));
    };
    if let Some(tokens) = options.tokens() {
        for token in issued {
            if let Err(error) = tokens.put(token.role, &token.token, &token.scopes, now()) {
                tracing::warn!(%error, role = %token.role, "the device token could not be stored");
            }
        }
    }
    Ok(Accepted { stream, hello, sent })
}

/// How far an attempt has come.
#[derive(Debug)]
pub(crate) struct Progress {
    /// What it waits for.
    pub(crate) phase: Phase,
    /// The gateway's clock as it says in its first frame, and ours at that moment.
    pub(crate) clocks: Option<(Millis, Millis)>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { phase: Phase::Resolve, clocks: None }
    }
}

/// Opens the WebSocket and hears the gateway's first frame; answers the nonce in it.
pub(crate) async fn greet(
    options: &ConnectOptions,
    deadline: Instant,
    progress: &mut Progress,
) -> Result<(Stream<Io>, String), Cause> {
    let io = dial(&options.target, deadline, &mut progress.phase).await?;
    progress.phase = Phase::Upgrade;
    let plain = matches!(io, Io::Tcp(_));
    let (host, path) = match &options.target.endpoint {
        Endpoint::Url(url) => (url.authority(), url.request_path().to_owned()),
        Endpoint::Socket(_) => ("localhost".to_owned(), "/".to_owned()),
    };
    let headers =
        options.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
    let request = ClientHandshake { host, path, headers };
    let mut stream =
        client_handshake(io, &request).await.map_err(|error| Cause::of_handshake(error, plain))?;
    stream.set_max_message(MAX_PAYLOAD_BYTES);

    progress.phase = Phase::Challenge;
    let (nonce, ts) = challenge(&mut stream, progress.phase).await?;
    progress.clocks = ts.map(|ts| (ts, now()));
    Ok((stream, nonce))
}

/// The conversation up to the payload of the hello.
async fn converse(
    options: &ConnectOptions,
    auth: AuthParams,
    deadline: Instant,
    progress: &mut Progress,
) -> Result<(Stream<Io>, Value), Cause> {
    let (mut stream, nonce) = greet(options, deadline, progress).await?;
    progress.phase = Phase::Hello;
    let params = options.params(auth, &nonce, now());
    let text = frame::request(CONNECT_ID, "connect", &params.to_json())
        .map_err(|error| Cause::Local(format!("The connect request cannot be written: {error}.")))?;
    // A failure to send shows as the end of the connection, where the gateway's last words are.
    let _ = stream.send_text(text).await;
    match answer(&mut stream, progress.phase).await? {
        Ok(payload) => Ok((stream, payload)),
        Err(error) => {
            let close = timeout_at(deadline.min(Instant::now() + CLOSE_WAIT), close_of(&mut stream)).await;
            Err(Cause::Refused(Box::new(Refused { error, close: close.ok().flatten() })))
        }
    }
}

/// Waits for `connect.challenge`: its nonce, and the gateway's time.
async fn challenge(stream: &mut Stream<Io>, phase: Phase) -> Result<(String, Option<Millis>), Cause> {
    loop {
        let Inbound::Event { event, payload, .. } = next(stream, phase).await? else { continue };
        if event != "connect.challenge" {
            continue;
        }
        let payload: Option<Value> = payload.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let nonce = payload.as_ref().and_then(|value| value.get("nonce")?.as_str());
        return match nonce {
            Some(nonce) if !nonce.is_empty() => {
                let ts = payload.as_ref().and_then(|value| value.get("ts")?.as_u64());
                Ok((nonce.to_owned(), ts.map(Millis)))
            }
            _ => Err(Cause::NotAGateway { start: Words::new("a challenge without a nonce") }),
        };
    }
}

/// Waits for the answer to `connect`.
async fn answer(stream: &mut Stream<Io>, phase: Phase) -> Result<Result<Value, ErrorShape>, Cause> {
    loop {
        let Inbound::Response { id, ok, payload, error } = next(stream, phase).await? else { continue };
        if id != CONNECT_ID {
            continue;
        }
        return Ok(if ok {
            Ok(payload.as_deref().map(parsed).unwrap_or_default())
        } else {
            Err(error.unwrap_or_else(|| ErrorShape::invalid_request("the gateway refused without a reason")))
        });
    }
}

fn parsed(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// The next frame that means anything; the end of the connection is an error.
async fn next(stream: &mut Stream<Io>, phase: Phase) -> Result<Inbound, Cause> {
    loop {
        let bytes = match stream.recv().await {
            Ok(Message::Text(text)) => Bytes::from(text),
            Ok(Message::Binary(bytes)) => Bytes::from(bytes),
            Ok(Message::Pong) => continue,
            Ok(Message::Close { code, reason }) => {
                return Err(Cause::Cut { phase, close: Some(Close { code, reason }), error: None });
            }
            Err(error) => return Err(cut(phase, error)),
        };
        match frame::decode_inbound(&bytes) {
            Ok(Some(inbound)) => return Ok(inbound),
            Ok(None) => {}
            Err(_) => {
                let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
                return Err(Cause::NotAGateway { start: Words::new(&start) });
            }
        }
    }
}

fn cut(phase: Phase, error: WsError) -> Cause {
    match error {
        WsError::Io(error) => Cause::Cut { phase, close: None, error: Some(error) },
        WsError::Eof | WsError::Closed => Cause::Cut { phase, close: None, error: None },
        other => Cause::NotAGateway { start: Words::new(&other.to_string()) },
    }
}

/// The close frame after a refusal; `None` when the connection ends without.
async fn close_of(stream: &mut Stream<Io>) -> Option<Close> {
    loop {
        match stream.recv().await {
            Ok(Message::Close { code, reason }) => return Some(Close { code, reason }),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// The close frame that stands for "no close frame", for connections that were up.
pub(crate) fn abnormal() -> Close {
    Close { code: close::ABNORMAL, reason: String::new() }
}

/// The time.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
