//! `hello-ok` for one connection (auth-and-pairing §1.8).

use std::sync::{Arc, OnceLock};

use openclaw_admission::Grant;
use openclaw_pairing::Device;
use openclaw_protocol::connect::ConnectParams;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::event::EventName;
use openclaw_protocol::hello::{CAP_TOKEN_SCOPES, DeviceTokenGrant, HelloAuth, HelloOk, Policy, Snapshot};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::secret::Secret;
use serde_json::json;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::core::Core;
use crate::hub::Connection;
use crate::{health, outbox, version};

/// Attachments that fit into a frame once they are base64: any, and images.
const ATTACHMENTS: (u64, u64) = (19_464_192, 6_291_456);
/// Milliseconds between ticks, as promised to clients.
pub(crate) const TICK_INTERVAL_MS: u64 = 30_000;

/// The events that this gateway sends.
const EVENTS: [&str; 11] = [
    EventName::CONNECT_CHALLENGE,
    EventName::PRESENCE,
    EventName::TICK,
    EventName::SHUTDOWN,
    EventName::HEALTH,
    EventName::CONFIG_CHANGED,
    EventName::NODE_PAIR_REQUESTED,
    EventName::NODE_PAIR_RESOLVED,
    EventName::DEVICE_PAIR_REQUESTED,
    EventName::DEVICE_PAIR_RESOLVED,
    EventName::DEVICE_PAIR_CHANGED,
];

/// The lists that are the same for all connections of a dialect.
struct Lists {
    methods: Arc<[String]>,
    events: Arc<[String]>,
}

fn lists(core: &Core, dialect: Dialect) -> &'static Lists {
    static V3: OnceLock<Lists> = OnceLock::new();
    static V4: OnceLock<Lists> = OnceLock::new();
    let cell = match dialect {
        Dialect::V3 => &V3,
        Dialect::V4 => &V4,
    };
    cell.get_or_init(|| Lists {
        methods: core.router.listed(dialect).into_iter().map(str::to_owned).collect(),
        events: EVENTS.iter().map(|name| (*name).to_owned()).collect(),
    })
}

/// Builds the first answer to an admitted connection.
pub(crate) fn build(
    core: &Core,
    connection: &Connection,
    params: &ConnectParams,
    grant: &Grant,
) -> Box<RawValue> {
    let lists = lists(core, connection.dialect);
    let admin = connection.authority.may(&Scope::ADMIN);
    // Protocol 3 clients expect these three, whoever they are; ruling 32 keeps them from strangers, and an
    // admitted protocol 3 client without admin gets them empty rather than not at all.
    let for_admin = |value: String| match (admin, connection.dialect) {
        (true, _) => Some(value),
        (false, Dialect::V3) => Some(String::new()),
        (false, Dialect::V4) => None,
    };
    let hello = HelloOk {
        version: version::VERSION.into(),
        conn_id: connection.id.clone(),
        build_id: None,
        boot_id: Some(core.facts.boot_id.clone()),
        methods: lists.methods.clone(),
        events: lists.events.clone(),
        capabilities: Arc::new([]),
        snapshot: Snapshot {
            presence: if connection.authority.may(&Scope::READ) { core.presence_list() } else { Vec::new() },
            health: health::summary(core, admin),
            state_version: core.hub.versions(),
            uptime_ms: core.uptime_ms(),
            config_path: for_admin(core.paths.config_path.display().to_string()),
            state_dir: for_admin(core.paths.state_dir.display().to_string()),
            auth_mode: match connection.dialect {
                Dialect::V3 => Some(core.policy().admission.auth.name().to_owned()),
                Dialect::V4 => for_admin(core.policy().admission.auth.name().to_owned()),
            },
            session_defaults: Some(json!({
                "defaultAgentId": "main",
                "modelConfigured": false,
                "ownership": "sole",
                "selectionRequired": false,
                "mainKey": "main",
                "mainSessionKey": "agent:main:main",
                "scope": "per-sender",
            })),
            update_available: None,
            applied_config_hash: None,
            suspension_phase: Some("accepting"),
        },
        canvas_host_url: None,
        plugin_surface_urls: std::collections::BTreeMap::new(),
        auth: auth(core, params, grant),
        policy: Policy {
            max_buffered_bytes: outbox::MAX_BYTES,
            tick_interval_ms: TICK_INTERVAL_MS,
            attachments: Some(ATTACHMENTS),
            ..Policy::default()
        },
    };
    hello.to_json(connection.dialect)
}

fn auth(core: &Core, params: &ConnectParams, grant: &Grant) -> HelloAuth {
    let devices = core.store.snapshot();
    let device = grant.device.as_ref().filter(|_| grant.paired).and_then(|id| devices.device(id));
    let token = device.and_then(|device| token_of(core, params, device, grant.role));
    let other = match grant.role {
        Role::Operator => Role::Node,
        Role::Node => Role::Operator,
    };
    // After a setup code the device gets the tokens of all its roles at once (§4.8).
    let by_code = grant.method == openclaw_protocol::hello::AuthMethod::BootstrapToken;
    let others = device.filter(|_| by_code).and_then(|device| token_of(core, params, device, other));
    HelloAuth {
        method: grant.method,
        role: grant.role,
        scopes: grant.scopes.clone(),
        recovery_scope: (grant.role == Role::Operator).then(|| recovery_scope(core, grant)),
        recovery_migration_allowed: grant.role == Role::Operator && grant.user.is_none() && token.is_some(),
        device_token: token,
        says_token_scopes: params.caps.iter().any(|cap| cap == CAP_TOKEN_SCOPES),
        device_tokens: others.into_iter().collect(),
    }
}

/// The token of a role: the one that the client presented if it is right, so that a token taken over from the
/// original stays what it is; else the derived one.
fn token_of(core: &Core, params: &ConnectParams, device: &Device, role: Role) -> Option<DeviceTokenGrant> {
    let record = &device.effective(role)?.token;
    let keys = core.tokens();
    let presented = [&params.auth.device_token, &params.auth.token].into_iter().flatten();
    let presented = presented
        .map(|token| token.expose().trim())
        .find(|token| keys.verify(device, role, token).is_ok())
        .map(|token| Secret::new(token.to_owned()));
    Some(DeviceTokenGrant {
        device_token: presented.or_else(|| keys.issue(device, role))?,
        role,
        scopes: device.token_scopes(role).unwrap_or_default(),
        issued_at_ms: record.rotated_at.unwrap_or(record.created_at),
    })
}

/// Names the credential for the client's own bookkeeping; opaque, and the same as long as the credential is.
fn recovery_scope(core: &Core, grant: &Grant) -> String {
    use base64::Engine as _;
    let identity = json!([
        core.store.token_key().fingerprint(),
        grant.method.as_str(),
        grant.device.as_ref().map(ToString::to_string),
        grant.user.as_ref().map(ToString::to_string),
    ]);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(identity.to_string()))
}
