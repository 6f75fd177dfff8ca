//! The first request of every connection (auth-and-pairing §1.4): what it may contain, and what it says about the
//! client. Whether the client gets in is decided elsewhere.

mod client;
mod shape;

pub use client::{ClientHint, ClientInfo, ClientKind};

use crate::{dialect::Dialect, guard, role::Role, schema, secret::Secret};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use std::collections::BTreeMap;

/// Parameters of `connect`, valid in shape. Strings are as the client sent them: show them through
/// [`crate::words::Words`] only.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectParams {
    /// Lowest protocol the client speaks.
    #[serde(deserialize_with = "shape::integer")]
    pub min_protocol: i64,
    /// Highest protocol the client speaks.
    #[serde(deserialize_with = "shape::integer")]
    pub max_protocol: i64,
    /// What the client says it is.
    pub client: ClientInfo,
    /// Optional features of the client, for example `tool-events`.
    #[serde(default)]
    pub caps: Vec<String>,
    /// Commands that a node offers.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Permissions that a node reports.
    #[serde(default)]
    pub permissions: BTreeMap<String, bool>,
    /// The node's `PATH`.
    pub path_env: Option<String>,
    /// The role as sent; see [`ConnectParams::role`].
    #[serde(rename = "role")]
    pub role_sent: Option<String>,
    /// Requested scopes in the order sent, which is also the order that was signed.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The signed device identity.
    pub device: Option<DeviceProofParams>,
    /// Credentials.
    #[serde(default)]
    pub auth: AuthParams,
    /// The client's language.
    pub locale: Option<String>,
    /// The browser's name for itself.
    pub user_agent: Option<String>,
    /// Protocol 4: computer-use offer of a node, uninterpreted.
    pub computer_use: Option<Value>,
    /// Protocol 4: worker offer of a node, uninterpreted.
    pub worker_runs: Option<Value>,
    /// Protocol 4: model catalogue selector of the browser UI, uninterpreted.
    pub model_catalog: Option<Value>,
}

/// The `device` block: a key and the proof that the client holds it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceProofParams {
    /// Claimed device id.
    pub id: String,
    /// Public key: base64url, base64 or SPKI PEM.
    pub public_key: String,
    /// Ed25519 signature over the payload of [`crate::device_proof`].
    pub signature: String,
    /// When the client signed, by its own clock, in milliseconds since the epoch.
    #[serde(deserialize_with = "shape::whole_number")]
    pub signed_at: u64,
    /// The challenge that was signed.
    pub nonce: String,
}

/// The `auth` block. A property that is present but empty stays `Some("")`, because it was signed that way.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthParams {
    /// The shared gateway token (or a device token, in older clients).
    pub token: Option<Secret>,
    /// The shared gateway password.
    pub password: Option<Secret>,
    /// The device's own token.
    pub device_token: Option<Secret>,
    /// A setup code's token, or a claim code.
    pub bootstrap_token: Option<Secret>,
    /// Protocol 4: credential of an approval runtime.
    pub approval_runtime_token: Option<Secret>,
    /// Protocol 4: credential of an agent runtime.
    pub agent_runtime_identity_token: Option<Secret>,
}

impl AuthParams {
    /// The token that the client put under its signature: the first *present* of token, device token, bootstrap
    /// token, untrimmed; the password never (§1.5).
    #[must_use]
    pub fn signed_token(&self) -> &str {
        [&self.token, &self.device_token, &self.bootstrap_token]
            .into_iter()
            .flatten()
            .next()
            .map_or("", Secret::expose)
    }

    /// Whether a token or password of any kind was sent (blank ones do not count).
    #[must_use]
    pub fn any_secret(&self) -> bool {
        [&self.token, &self.password, &self.device_token, &self.bootstrap_token]
            .into_iter()
            .flatten()
            .any(|secret| !secret.expose().trim().is_empty())
    }
}

/// Parameters that are not a `connect`. Carries the complaint in both dialects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invalid {
    v3: String,
    v4: String,
}

impl Invalid {
    /// `invalid connect params: …` in the words of the dialect.
    #[must_use]
    pub fn message(&self, dialect: Dialect) -> String {
        let errors = match dialect {
            Dialect::V3 => &self.v3,
            Dialect::V4 => &self.v4,
        };
        format!("invalid connect params: {errors}")
    }

    fn both(errors: &str) -> Self {
        Self { v3: errors.to_owned(), v4: errors.to_owned() }
    }
}

/// Reads the protocol range, even when the rest is nonsense, because it decides the dialect of the complaint
/// (ruling 2). `None` when it is not there or not two whole numbers.
#[must_use]
pub fn peek_range(params: &RawValue) -> Option<(i64, i64)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Range {
        #[serde(deserialize_with = "shape::integer")]
        min_protocol: i64,
        #[serde(deserialize_with = "shape::integer")]
        max_protocol: i64,
    }
    if !guard::opens_object(params.get().as_bytes()) {
        return None;
    }
    let range: Range = serde_json::from_str(params.get()).ok()?;
    Some((range.min_protocol, range.max_protocol))
}

/// The dialect to answer these parameters in: the highest that fits, protocol 4 when unreadable or when none fits.
#[must_use]
pub fn dialect_of(params: Option<&RawValue>) -> Dialect {
    let range = params.and_then(peek_range);
    range.map_or(Dialect::V4, |(min, max)| Dialect::choose(min, max).unwrap_or_else(|answer| answer))
}

/// Reads the parameters of `connect`. The shape is that of the client's own generation ([`dialect_of`]): a
/// protocol 3 client that sends a protocol 4 property is told so, as the gateways of its time would.
///
/// # Errors
/// [`Invalid`] holds the complaint for the wire. A range that fits no dialect is not a complaint of this function.
pub fn parse(params: Option<&RawValue>) -> Result<ConnectParams, Invalid> {
    let dialect = dialect_of(params);
    let value: Option<Value> = match params {
        None => None,
        Some(raw) => {
            guard::check_json(raw.get().as_bytes(), usize::MAX, guard::MAX_DEPTH)
                .map_err(|error| Invalid::both(&error.to_string()))?;
            Some(serde_json::from_str(raw.get()).map_err(|_| Invalid::both("must be object"))?)
        }
    };
    let issues = schema::check(value.as_ref(), shape::CONNECT, dialect);
    if !issues.is_empty() {
        let other = if dialect == Dialect::V3 { Dialect::V4 } else { Dialect::V3 };
        let mine = issues.text();
        let others = schema::check(value.as_ref(), shape::CONNECT, other);
        let others = if others.is_empty() { mine.clone() } else { others.text() };
        return Err(match dialect {
            Dialect::V3 => Invalid { v3: mine, v4: others },
            Dialect::V4 => Invalid { v3: others, v4: mine },
        });
    }
    // The shape is checked, so this can only fail on numbers beyond what the types hold.
    serde_json::from_value(value.unwrap_or_default()).map_err(|_| Invalid::both("number out of range"))
}

impl ConnectParams {
    /// A request of a client for the default role and nothing else; fill in what is needed.
    #[must_use]
    pub fn new(client: ClientInfo, min_protocol: i64, max_protocol: i64) -> Self {
        Self {
            min_protocol,
            max_protocol,
            client,
            caps: Vec::new(),
            commands: Vec::new(),
            permissions: BTreeMap::new(),
            path_env: None,
            role_sent: None,
            scopes: Vec::new(),
            device: None,
            auth: AuthParams::default(),
            locale: None,
            user_agent: None,
            computer_use: None,
            worker_runs: None,
            model_catalog: None,
        }
    }

    /// The effective role: `operator` when none was sent, `None` when the word is not a role.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.role_sent.as_deref().map_or(Some(Role::Operator), Role::parse)
    }

    /// The word for the role as it is signed: `operator` when none was sent.
    #[must_use]
    pub fn role_word(&self) -> &str {
        self.role_sent.as_deref().unwrap_or("operator")
    }

    /// The dialect that the range asks for.
    ///
    /// # Errors
    /// When none fits: the dialect to refuse in.
    pub const fn dialect(&self) -> Result<Dialect, Dialect> {
        Dialect::choose(self.min_protocol, self.max_protocol)
    }

    /// Whether role, id or mode claims to be a worker, which has no business on this port (§1.4).
    #[must_use]
    pub fn claims_worker(&self) -> bool {
        self.role_sent.as_deref() == Some("worker") || self.client.claims_worker()
    }

    /// The parameters as JSON for sending. This exposes the secrets; never log it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("minProtocol".to_owned(), json!(self.min_protocol));
        map.insert("maxProtocol".to_owned(), json!(self.max_protocol));
        map.insert("client".to_owned(), self.client.to_json());
        let mut list = |name: &str, items: &[String]| {
            if !items.is_empty() {
                map.insert(name.to_owned(), json!(items));
            }
        };
        list("caps", &self.caps);
        list("commands", &self.commands);
        if !self.permissions.is_empty() {
            map.insert("permissions".to_owned(), json!(self.permissions));
        }
        if let Some(role) = &self.role_sent {
            map.insert("role".to_owned(), json!(role));
        }
        map.insert("scopes".to_owned(), json!(self.scopes));
        let texts = [("pathEnv", &self.path_env), ("locale", &self.locale), ("userAgent", &self.user_agent)];
        for (name, text) in texts {
            if let Some(text) = text {
                map.insert(name.to_owned(), json!(text));
            }
        }
        let values = [
            ("computerUse", &self.computer_use),
            ("workerRuns", &self.worker_runs),
            ("modelCatalog", &self.model_catalog),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                map.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(device) = &self.device {
            map.insert(
                "device".to_owned(),
                json!({
                    "id": device.id,
                    "publicKey": device.public_key,
                    "signature": device.signature,
                    "signedAt": device.signed_at,
                    "nonce": device.nonce,
                }),
            );
        }
        let auth = self.auth.to_json();
        if !auth.is_empty() {
            map.insert("auth".to_owned(), Value::Object(auth));
        }
        Value::Object(map)
    }
}

impl AuthParams {
    fn to_json(&self) -> Map<String, Value> {
        let secrets = [
            ("token", &self.token),
            ("password", &self.password),
            ("deviceToken", &self.device_token),
            ("bootstrapToken", &self.bootstrap_token),
            ("approvalRuntimeToken", &self.approval_runtime_token),
            ("agentRuntimeIdentityToken", &self.agent_runtime_identity_token),
        ];
        secrets
            .into_iter()
            .filter_map(|(name, secret)| Some((name.to_owned(), json!(secret.as_ref()?.expose()))))
            .collect()
    }
}

#[cfg(test)]
mod tests;
