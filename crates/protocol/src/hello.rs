//! `hello-ok`, the answer to a `connect` that was let in (auth-and-pairing §1.8). One value holds everything;
//! writing it leaves out what the dialect does not have.

use crate::{
    dialect::Dialect,
    frame::{MAX_PAYLOAD_BYTES, StateVersion},
    ids::ConnId,
    role::Role,
    scope::ScopeSet,
    secret::Secret,
    time::Millis,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};
use std::{collections::BTreeMap, sync::Arc};

/// How a connection proved that it may come in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMethod {
    /// The gateway asks for nothing.
    None,
    /// The shared token.
    Token,
    /// The shared password.
    Password,
    /// A Tailscale identity.
    Tailscale,
    /// A trusted proxy's header.
    TrustedProxy,
    /// The device's own token.
    DeviceToken,
    /// A setup or claim code.
    BootstrapToken,
}

impl AuthMethod {
    /// The wire's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Token => "token",
            Self::Password => "password",
            Self::Tailscale => "tailscale",
            Self::TrustedProxy => "trusted-proxy",
            Self::DeviceToken => "device-token",
            Self::BootstrapToken => "bootstrap-token",
        }
    }
}

/// A device token handed to the client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceTokenGrant {
    /// The token.
    #[serde(serialize_with = "exposed")]
    pub device_token: Secret,
    /// Its role.
    pub role: Role,
    /// Its scopes, which may be fewer or more than the connection's.
    pub scopes: ScopeSet,
    /// When it was issued.
    pub issued_at_ms: Millis,
}

fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// The cap by which a client asks for `deviceTokenScopes`. Other clients hold a hello against the published schema,
/// which has no such property.
pub const CAP_TOKEN_SCOPES: &str = "device-token-scopes";

/// The `auth` block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HelloAuth {
    /// How the connection came in.
    pub method: AuthMethod,
    /// Its role.
    pub role: Role,
    /// Its effective scopes.
    pub scopes: ScopeSet,
    /// The token of this device for this role, when it has one.
    pub device_token: Option<DeviceTokenGrant>,
    /// Whether the client asked for that token's scopes, see [`CAP_TOKEN_SCOPES`] (protocol 4).
    pub says_token_scopes: bool,
    /// Tokens of further roles after a setup code (protocol 4).
    pub device_tokens: Vec<DeviceTokenGrant>,
    /// Names the credential for the client's own bookkeeping, opaque (protocol 4).
    pub recovery_scope: Option<String>,
    /// Whether the client may move its stored recovery data to the device token (protocol 4).
    pub recovery_migration_allowed: bool,
}

/// The `snapshot` block. `config_path`, `state_dir` and `auth_mode` are for admins (ruling 32): leave them out for others.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Presence entries, the gateway itself first; each is written once and shared by all who get it.
    pub presence: Vec<Arc<RawValue>>,
    /// The last health object; `{}` when there is none yet.
    pub health: Value,
    /// Counters of the two above.
    pub state_version: StateVersion,
    /// Milliseconds since the gateway started.
    pub uptime_ms: u64,
    /// Where the configuration is.
    pub config_path: Option<String>,
    /// Where the state is.
    pub state_dir: Option<String>,
    /// `none`, `token`, `password` or `trusted-proxy`.
    pub auth_mode: Option<String>,
    /// `defaultAgentId`, `mainKey`, `mainSessionKey`, `scope`; further properties reach protocol 4 only.
    pub session_defaults: Option<Value>,
    /// A newer version, when one is known.
    pub update_available: Option<Value>,
    /// Hash of the configuration in force (protocol 4).
    pub applied_config_hash: Option<String>,
    /// Whether the gateway takes work: `accepting`, `preparing`, `draining`, `prepared` (protocol 4).
    pub suspension_phase: Option<&'static str>,
}

/// Limits that a client should keep to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Largest frame, in bytes.
    pub max_payload: usize,
    /// Bytes that may wait for a slow reader before it is closed.
    pub max_buffered_bytes: usize,
    /// Milliseconds between ticks.
    pub tick_interval_ms: u64,
    /// Largest attachment (protocol 4): any, and images, in bytes.
    pub attachments: Option<(u64, u64)>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_payload: MAX_PAYLOAD_BYTES,
            max_buffered_bytes: 2 * MAX_PAYLOAD_BYTES,
            tick_interval_ms: 30_000,
            attachments: None,
        }
    }
}

/// Everything that `hello-ok` may say.
#[derive(Clone, Debug)]
pub struct HelloOk {
    /// Version of the gateway.
    pub version: Arc<str>,
    /// This connection.
    pub conn_id: ConnId,
    /// Build of the gateway (protocol 4).
    pub build_id: Option<Arc<str>>,
    /// UUID of this run of the process (protocol 4).
    pub boot_id: Option<Arc<str>>,
    /// Methods that may be called; shared by all connections.
    pub methods: Arc<[String]>,
    /// Events that may come; shared by all connections.
    pub events: Arc<[String]>,
    /// Capabilities that clients gate features on (protocol 4): only what is really there.
    pub capabilities: Arc<[String]>,
    /// What is so now.
    pub snapshot: Snapshot,
    /// Where the canvas is served (protocol 3).
    pub canvas_host_url: Option<String>,
    /// Surfaces and their addresses (protocol 4).
    pub plugin_surface_urls: BTreeMap<String, String>,
    /// Who the connection is.
    pub auth: HelloAuth,
    /// Limits.
    pub policy: Policy,
}

impl HelloOk {
    /// The payload in a dialect. Protocol 3 has an `auth` block only when there is a device token.
    #[must_use]
    pub fn to_json(&self, dialect: Dialect) -> Box<RawValue> {
        // Strings, numbers and JSON values always serialise.
        serde_json::value::to_raw_value(&View::of(self, dialect))
            .unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    r#type: &'static str,
    protocol: Dialect,
    server: Server<'a>,
    features: Features<'a>,
    snapshot: SnapshotView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canvas_host_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin_surface_urls: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<AuthView<'a>>,
    policy: PolicyView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Server<'a> {
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_ui_build_source: Option<&'static str>,
    conn_id: &'a ConnId,
}

#[derive(Serialize)]
struct Features<'a> {
    methods: &'a [String],
    events: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<&'a [String]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<Phase>,
    presence: &'a [Arc<RawValue>],
    health: &'a Value,
    state_version: StateVersion,
    uptime_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_config_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_dir: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_defaults: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_available: Option<&'a Value>,
}

#[derive(Serialize)]
struct Phase {
    phase: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum AuthView<'a> {
    V3(&'a DeviceTokenGrant),
    V4(AuthV4<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthV4<'a> {
    method: AuthMethod,
    role: Role,
    scopes: &'a ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_migration_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at_ms: Option<Millis>,
    // Ours: what the owner approved, so that a page need not ask for everything to learn what it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token_scopes: Option<&'a ScopeSet>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    device_tokens: &'a [DeviceTokenGrant],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyView {
    max_payload: usize,
    max_buffered_bytes: usize,
    tick_interval_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Attachments>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachments {
    max_bytes: u64,
    max_image_bytes: u64,
}

impl<'a> View<'a> {
    fn of(hello: &'a HelloOk, dialect: Dialect) -> Self {
        let v4 = dialect == Dialect::V4;
        let snapshot = &hello.snapshot;
        Self {
            r#type: "hello-ok",
            protocol: dialect,
            server: Server {
                version: &hello.version,
                build_id: hello.build_id.as_deref().filter(|_| v4),
                boot_id: hello.boot_id.as_deref().filter(|_| v4),
                control_ui_build_source: hello.build_id.is_some().then_some("bundled").filter(|_| v4),
                conn_id: &hello.conn_id,
            },
            features: Features {
                methods: &hello.methods,
                events: &hello.events,
                capabilities: v4.then_some(&*hello.capabilities),
            },
            snapshot: SnapshotView {
                suspension: snapshot.suspension_phase.filter(|_| v4).map(|phase| Phase { phase }),
                presence: &snapshot.presence,
                health: &snapshot.health,
                state_version: snapshot.state_version,
                uptime_ms: snapshot.uptime_ms,
                applied_config_hash: snapshot.applied_config_hash.as_deref().filter(|_| v4),
                config_path: snapshot.config_path.as_deref(),
                state_dir: snapshot.state_dir.as_deref(),
                session_defaults: snapshot.session_defaults.as_ref().map(|defaults| kept(defaults, dialect)),
                auth_mode: snapshot.auth_mode.as_deref(),
                update_available: snapshot.update_available.as_ref(),
            },
            canvas_host_url: hello.canvas_host_url.as_deref().filter(|_| !v4),
            plugin_surface_urls: Some(&hello.plugin_surface_urls).filter(|urls| v4 && !urls.is_empty()),
            auth: if v4 {
                Some(AuthView::V4(AuthV4::of(&hello.auth)))
            } else {
                hello.auth.device_token.as_ref().map(AuthView::V3)
            },
            policy: PolicyView {
                max_payload: hello.policy.max_payload,
                max_buffered_bytes: hello.policy.max_buffered_bytes,
                tick_interval_ms: hello.policy.tick_interval_ms,
                attachments: hello
                    .policy
                    .attachments
                    .filter(|_| v4)
                    .map(|(max_bytes, max_image_bytes)| Attachments { max_bytes, max_image_bytes }),
            },
        }
    }
}

impl<'a> AuthV4<'a> {
    fn of(auth: &'a HelloAuth) -> Self {
        Self {
            method: auth.method,
            role: auth.role,
            scopes: &auth.scopes,
            recovery_scope: auth.recovery_scope.as_deref(),
            recovery_migration_allowed: auth.recovery_migration_allowed.then_some(true),
            device_token: auth.device_token.as_ref().map(|grant| grant.device_token.expose()),
            issued_at_ms: auth.device_token.as_ref().map(|grant| grant.issued_at_ms),
            device_token_scopes: auth
                .device_token
                .as_ref()
                .filter(|_| auth.says_token_scopes)
                .map(|grant| &grant.scopes),
            device_tokens: &auth.device_tokens,
        }
    }
}

/// Protocol 3 knows four session defaults; the rest stays out of its hello.
fn kept(defaults: &Value, dialect: Dialect) -> Value {
    let mut defaults = defaults.clone();
    if dialect == Dialect::V3
        && let Some(map) = defaults.as_object_mut()
    {
        map.retain(|name, _| {
            matches!(name.as_str(), "defaultAgentId" | "mainKey" | "mainSessionKey" | "scope")
        });
    }
    defaults
}

#[cfg(test)]
mod tests;
