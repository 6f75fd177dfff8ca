//! The description of a peer, and the connection that it stands for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use openclaw_admission::Supposed;
use openclaw_admission::address::in_words;
use openclaw_admission::peer::{Peer, PeerFacts, SocketOwner};
use openclaw_config::gateway::AuthMode;
use openclaw_pairing::{Device, Request};
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::words::Words;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::people::Kind;
use crate::core::Core;
use crate::http::kept_headers;

/// The method, for complaints.
pub(crate) const METHOD: &str = "gateway.explain";
/// Characters of a device id that stand for it.
const MIN_PREFIX: usize = 4;

/// A peer as somebody describes it. What is left out is filled in as such a client would.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Described {
    /// The other end of the socket: an address, an address with a port, or `owner-socket`.
    pub(crate) from: Option<String>,
    /// For loopback: the user that the connecting program runs as; the gateway's own unless said otherwise.
    pub(crate) uid: Option<u32>,
    /// Further request headers, `Name: value`.
    pub(crate) headers: Vec<String>,
    /// `Host`.
    pub(crate) host: Option<String>,
    /// `Origin`.
    pub(crate) origin: Option<String>,
    /// The kind of client, or `id/mode`.
    pub(crate) client: Option<String>,
    /// `client.platform`.
    pub(crate) platform: Option<String>,
    /// The role.
    pub(crate) role: Option<String>,
    /// Scopes, with or without `operator.`.
    pub(crate) scopes: Option<Vec<String>>,
    /// The protocol: 3 or 4.
    pub(crate) protocol: Option<i64>,
    /// Whether the connection is encrypted up to the gateway.
    pub(crate) tls: bool,
    /// `new`, `none`, or the id of a device or its beginning.
    pub(crate) device: Option<String>,
    /// `auth.token`.
    pub(crate) token: Option<Secret>,
    /// `auth.password`.
    pub(crate) password: Option<Secret>,
    /// `auth.deviceToken`.
    pub(crate) device_token: Option<Secret>,
    /// `auth.bootstrapToken`: a setup or claim code.
    pub(crate) code: Option<Secret>,
    /// Present the gateway's own token or password, whatever it is.
    pub(crate) gateway_secret: bool,
}

/// What comes of a description.
pub(super) struct Prepared {
    pub(super) facts: PeerFacts,
    pub(super) params: Box<RawValue>,
    pub(super) device: Option<Supposed>,
    /// The peer as it is told back; no secret in it.
    pub(super) peer: Value,
    /// What was taken for granted, in sentences.
    pub(super) assumed: Vec<String>,
}

/// Whose device a description names.
#[derive(Debug)]
enum DeviceSaid {
    /// None is sent.
    None,
    /// One that nobody knows.
    New,
    /// A paired one.
    Paired(Arc<Device>),
    /// One that waits.
    Waiting(Arc<Request>),
}

/// What is presented, for the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    /// The gateway's own secret.
    Gateway,
    /// Something typed.
    Typed(&'static str),
    /// The device's own token.
    OwnToken,
}

impl Credential {
    fn in_words(self) -> &'static str {
        match self {
            Self::Gateway => "the gateway's own token or password",
            Self::Typed(what) => what,
            Self::OwnToken => "the device's own token",
        }
    }
}

fn invalid(why: impl std::fmt::Display) -> ErrorShape {
    ErrorShape::invalid_params(METHOD, &why.to_string())
}

impl Described {
    /// Whether a secret was typed, which makes this a way to try secrets.
    pub(crate) fn tries_a_secret(&self) -> bool {
        [&self.token, &self.password, &self.device_token, &self.code].into_iter().any(Option::is_some)
    }

    /// The device that is meant.
    ///
    /// # Errors
    /// When no device or more than one begins like that.
    fn device(&self, core: &Core, kind_sends_one: bool) -> Result<DeviceSaid, ErrorShape> {
        let words = match self.device.as_deref().map(str::trim) {
            None | Some("") if kind_sends_one => return Ok(DeviceSaid::New),
            None | Some("" | "none") => return Ok(DeviceSaid::None),
            Some("new") => return Ok(DeviceSaid::New),
            Some(words) => words,
        };
        let devices = core.store.snapshot();
        let fits = |id: &DeviceId| {
            id.as_str() == words || (words.len() >= MIN_PREFIX && id.as_str().starts_with(words))
        };
        let mut found: Vec<DeviceSaid> =
            devices.devices().filter(|device| fits(&device.id)).cloned().map(DeviceSaid::Paired).collect();
        let waiting = devices
            .requests()
            .filter(|request| fits(&request.device_id) && devices.device(&request.device_id).is_none());
        found.extend(waiting.cloned().map(DeviceSaid::Waiting));
        match found.len() {
            0 => Err(invalid(format!("at /device: no device {} is known", Words::new(words)))),
            1 => Ok(found.swap_remove(0)),
            more => Err(invalid(format!("at /device: {more} devices begin with {}", Words::new(words)))),
        }
    }

    fn kind(&self) -> Result<(Kind, Option<(String, String)>), ErrorShape> {
        let Some(name) = self.client.as_deref() else {
            return Ok((Kind::named("cli").unwrap_or(NOBODY), None));
        };
        if let Some(kind) = Kind::named(name) {
            return Ok((kind, None));
        }
        match name.split_once('/') {
            Some((id, mode)) => Ok((NOBODY, Some((id.to_owned(), mode.to_owned())))),
            None => Err(invalid(format!("at /client: one of {}, or id/mode", Kind::names()))),
        }
    }

    pub(super) fn prepare(&self, core: &Core) -> Result<Prepared, ErrorShape> {
        let (kind, typed) = self.kind()?;
        let said = self.device(core, kind.device)?;
        let mut assumed = Vec::new();
        let facts = self.facts(core, &kind, &said, &mut assumed)?;
        let (client, role) = self.client(&kind, typed, &said);
        let scopes = self.scopes(&kind, &said, role);
        let (auth, credentials) = self.auth(core, &said, role, &mut assumed);
        let protocol = self.protocol.unwrap_or(4);
        let role_word = self.role.clone().unwrap_or_else(|| role.as_str().to_owned());
        let params = json!({
            "minProtocol": protocol, "maxProtocol": protocol, "client": client, "role": role_word,
            "scopes": scopes, "auth": auth,
        });
        let params = serde_json::value::to_raw_value(&params).map_err(invalid)?;
        let device = match &said {
            DeviceSaid::None => None,
            DeviceSaid::New => Some(Supposed::of_key(rand_key())),
            DeviceSaid::Paired(device) => Some(Supposed::of_key(device.public_key)),
            DeviceSaid::Waiting(request) => Some(Supposed::of_key(request.public_key)),
        };
        if device.is_some() {
            assumed.push("The device proves its key (clock, nonce and signature are right).".to_owned());
        }
        assumed.push("It is quick enough, and not one connection too many.".to_owned());
        let words = |value: &Value| value.as_str().map(Words::new);
        let device_told = match &said {
            DeviceSaid::None => json!(null),
            DeviceSaid::New => json!("new"),
            DeviceSaid::Paired(device) => json!(device.id),
            DeviceSaid::Waiting(request) => json!(request.device_id),
        };
        let peer = json!({
            "from": from_in_words(&facts.peer),
            "headers": facts.headers.iter().map(|(name, value)| Words::new(&format!("{name}: {value}"))).collect::<Vec<_>>(),
            "tls": facts.tls,
            "client": format!("{}/{}", words(&client["id"]).unwrap_or_default(), words(&client["mode"]).unwrap_or_default()),
            "platform": words(&client["platform"]),
            "role": Words::new(&role_word),
            "scopes": scopes.iter().map(|scope| Words::new(scope)).collect::<Vec<_>>(),
            "device": device_told,
            "presents": credentials.iter().map(|credential| credential.in_words()).collect::<Vec<_>>(),
            "protocol": protocol,
        });
        Ok(Prepared { facts, params, device, peer, assumed })
    }

    /// The socket and the headers.
    fn facts(
        &self,
        core: &Core,
        kind: &Kind,
        said: &DeviceSaid,
        assumed: &mut Vec<String>,
    ) -> Result<PeerFacts, ErrorShape> {
        let from = self.from.as_deref().map_or("127.0.0.1", str::trim);
        let peer = if from == "owner-socket" {
            Peer::OwnerSocket
        } else {
            let address = address(from).ok_or_else(|| invalid("at /from: an address, as 203.0.113.9"))?;
            Peer::Tcp { address, owner: SocketOwner::NotAsked }
        };
        let mut headers = HeaderMap::new();
        for header in &self.headers {
            let (name, value) =
                header.split_once(':').ok_or_else(|| invalid("at /headers: each as `Name: value`"))?;
            put(&mut headers, name.trim(), value.trim())?;
        }
        let own = |name: &str| headers.contains_key(name);
        let (has_host, has_origin) = (own("host"), own("origin"));
        let host = match (&self.host, has_host) {
            (Some(host), _) => Some(host.clone()),
            (None, true) => None,
            (None, false) => {
                let host = default_host(core, &peer);
                assumed.push(format!("It asks for the host {host}."));
                Some(host)
            }
        };
        if let Some(host) = &host {
            put(&mut headers, "host", host)?;
        }
        let in_browser = kind.browser || matches!(said, DeviceSaid::Paired(device) if device.is_browser());
        let origin = match (&self.origin, has_origin, in_browser, &host) {
            (Some(origin), ..) => Some(origin.clone()),
            (None, false, true, Some(host)) => {
                let scheme = if self.tls { "https" } else { "http" };
                assumed.push(format!("The page is the gateway's own: {scheme}://{host}."));
                Some(format!("{scheme}://{host}"))
            }
            _ => None,
        };
        if let Some(origin) = &origin {
            put(&mut headers, "origin", origin)?;
        }
        let headers = kept_headers(core, &headers);
        let mut facts = PeerFacts { peer, in_container: core.in_container, tls: self.tls, headers };
        if facts.owner_matters()
            && let Peer::Tcp { owner, .. } = &mut facts.peer
        {
            let gateway = openclaw_os::peer::own_uid();
            *owner = match self.uid {
                Some(uid) if uid != gateway => SocketOwner::Other(uid),
                Some(_) => SocketOwner::Own,
                None => {
                    assumed.push("The connecting program runs as the gateway's own user.".to_owned());
                    SocketOwner::Own
                }
            };
        }
        Ok(facts)
    }

    /// The `client` block and the role. A known device comes as what it was approved as.
    fn client(&self, kind: &Kind, typed: Option<(String, String)>, said: &DeviceSaid) -> (Value, Role) {
        let known = match said {
            DeviceSaid::Paired(device) => {
                Some((&device.client_id, &device.client_mode, &device.platform, &device.device_family))
            }
            DeviceSaid::Waiting(request) => {
                Some((&request.client_id, &request.client_mode, &request.platform, &request.device_family))
            }
            DeviceSaid::None | DeviceSaid::New => None,
        };
        let (mut id, mut mode) = typed.unwrap_or_else(|| (kind.id.to_owned(), kind.mode.to_owned()));
        let mut platform = kind.platform.to_owned();
        let mut family = kind.family.map(str::to_owned);
        if let Some((known_id, known_mode, known_platform, known_family)) = known {
            if self.client.is_none() {
                (id, mode) = (known_id.to_string(), known_mode.to_string());
            }
            platform = known_platform.as_ref().map_or(platform, Words::to_string);
            family = known_family.as_ref().map(Words::to_string);
        }
        let platform = self.platform.clone().unwrap_or(platform);
        let mut client =
            json!({"id": id, "mode": mode, "version": crate::version::VERSION, "platform": platform});
        if let Some(family) = family {
            client["deviceFamily"] = json!(family);
        }
        let role = match said {
            _ if self.client.is_some() => kind.role,
            DeviceSaid::Paired(device)
                if device.effective(Role::Operator).is_none() && device.node.is_some() =>
            {
                Role::Node
            }
            DeviceSaid::Waiting(request) => request.role,
            _ => kind.role,
        };
        let role = self.role.as_deref().and_then(Role::parse).unwrap_or(role);
        (client, role)
    }

    /// Scopes as asked: those that are said, those that a paired device has, those that the kind of client asks for.
    fn scopes(&self, kind: &Kind, said: &DeviceSaid, role: Role) -> Vec<String> {
        let full = |name: &String| {
            if name.contains('.') && name.starts_with("operator.") {
                name.clone()
            } else {
                format!("operator.{name}")
            }
        };
        match (&self.scopes, said) {
            (Some(scopes), _) => scopes.iter().map(full).collect(),
            (None, DeviceSaid::Paired(device)) if self.client.is_none() => {
                device.approved_scopes(role).to_strings()
            }
            (None, DeviceSaid::Waiting(request)) if self.client.is_none() => request.scopes.to_strings(),
            _ if role == Role::Node => Vec::new(),
            _ => kind.scopes.iter().map(|scope| format!("operator.{scope}")).collect(),
        }
    }

    /// The `auth` block, and what is in it in words.
    fn auth(
        &self,
        core: &Core,
        said: &DeviceSaid,
        role: Role,
        assumed: &mut Vec<String>,
    ) -> (Value, Vec<Credential>) {
        let mut auth = json!({});
        let mut told = Vec::new();
        let typed = [
            ("token", &self.token, "a token"),
            ("password", &self.password, "a password"),
            ("deviceToken", &self.device_token, "a device token"),
            ("bootstrapToken", &self.code, "a code"),
        ];
        for (name, secret, words) in typed {
            if let Some(secret) = secret {
                auth[name] = json!(secret.expose());
                told.push(Credential::Typed(words));
            }
        }
        let policy = core.policy();
        if policy.plan.generate_token {
            assumed.push("The gateway has no token yet; its next start makes one.".to_owned());
        }
        if self.gateway_secret
            && let Some(secret) = policy.shared_secret()
        {
            let name = if policy.plan.auth_mode == AuthMode::Token { "token" } else { "password" };
            auth[name] = json!(secret.expose());
            told.push(Credential::Gateway);
        }
        if let DeviceSaid::Paired(device) = said
            && told.is_empty()
            && let Some(token) = core.tokens().issue(device, role)
        {
            auth["deviceToken"] = json!(token.expose());
            told.push(Credential::OwnToken);
            assumed.push("The device presents its own token, and it is the current one.".to_owned());
        }
        (auth, told)
    }
}

/// A client that is no kind of its own.
const NOBODY: Kind = Kind {
    id: "cli",
    mode: "cli",
    platform: "linux",
    family: None,
    role: Role::Operator,
    scopes: &["read"],
    browser: false,
    device: true,
};

fn address(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    let with_port = |ip: IpAddr| SocketAddr::new(ip, 50_000);
    bare.parse::<IpAddr>().map(with_port).ok().or_else(|| text.parse().ok())
}

/// The name under which such a peer reaches the gateway.
fn default_host(core: &Core, peer: &Peer) -> String {
    let port = core.facts.port;
    match peer {
        Peer::Tcp { address, .. } if !address.ip().to_canonical().is_loopback() => {
            let own = core.facts.ip.map_or_else(
                || core.facts.hostname.clone(),
                |ip| match ip {
                    IpAddr::V4(v4) => v4.to_string(),
                    IpAddr::V6(v6) => format!("[{v6}]"),
                },
            );
            format!("{own}:{port}")
        }
        _ => format!("127.0.0.1:{port}"),
    }
}

fn from_in_words(peer: &Peer) -> String {
    match peer {
        Peer::OwnerSocket => "the owner socket".to_owned(),
        Peer::Tcp { address, .. } => in_words(address.ip()),
    }
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), ErrorShape> {
    let header = |name: &str, value: &str| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    let (name, value) = header(name, value)
        .ok_or_else(|| invalid(format!("at /headers: {} is no header", Words::new(name))))?;
    headers.append(name, value);
    Ok(())
}

/// A key that belongs to nobody.
fn rand_key() -> [u8; 32] {
    let (first, second) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let mut key = [0; 32];
    key[..16].copy_from_slice(first.as_bytes());
    key[16..].copy_from_slice(second.as_bytes());
    key
}
