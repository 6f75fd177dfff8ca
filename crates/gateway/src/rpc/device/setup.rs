//! `device.pair.setupCode`, `.setupStatus` and `device.joinCode.create`: approvals given in advance (§4.8).
//!
//! A setup code is what a QR picture carries: the gateway's address and a single-use token. A join code is such a
//! token that a person can type. Neither is stored: the store knows a hash.

use std::net::IpAddr;
use std::sync::Arc;

use openclaw_pairing::model::MAX_CODE_TTL_MS;
use openclaw_pairing::{Code, CodeHash, CodeKind, Mutation, NewCode, Outcome, Roles};
use openclaw_protocol::claim_code::ClaimCode;
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::event::EventName;
use openclaw_protocol::role::Role;
use openclaw_protocol::schema::{Field, NAME, NAMES, Shape};
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::secret::Secret;
use openclaw_protocol::setup_code::SetupCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::address::{self, Address};
use super::decide::{apply, unexpected};
use crate::core::Core;
use crate::router::{Authority, Listed, Method, Need, Reply};
use crate::rpc::refused::Doing;
use crate::rpc::{Methods, NoParams, pairing_caller};

static SETUP: [Field; 5] = [
    Field::optional("publicUrl", NAME),
    Field::optional("preferRemoteUrl", Shape::Boolean),
    Field::optional("includeQr", Shape::Boolean),
    Field::optional("bootstrapProfile", Shape::Choice { v3: &["limited", "node"], v4: &["limited", "node"] }),
    Field::optional("joinUrl", Shape::Boolean),
];
static STATUS: [Field; 1] = [Field::required("setupId", Shape::Text { min: 1, max: 128 })];
static JOIN: [Field; 2] = [Field::optional("role", NAME), Field::optional("scopes", NAMES)];

pub(super) fn methods() -> Methods {
    let admin = || Need::Scope(Scope::ADMIN);
    vec![
        Method::new(
            "device.pair.setupCode",
            admin(),
            &SETUP,
            "Make a setup code for a phone or machine",
            setup_code,
        ),
        Method::new(
            "device.pair.setupStatus",
            admin(),
            &STATUS,
            "Whether a setup code was used",
            setup_status,
        ),
        Method::new("device.pair.addresses", admin(), &[], "What a setup code may name and give", addresses),
        Method::new(
            "device.joinCode.create",
            admin(),
            &JOIN,
            "Make a short code for one new device",
            join_code,
        ),
    ]
    .into_iter()
    .map(|method| method.listed(Listed::Hidden))
    .collect()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Setup {
    public_url: Option<String>,
    #[serde(default)]
    prefer_remote_url: bool,
    bootstrap_profile: Option<String>,
    #[serde(default)]
    join_url: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    setup_id: String,
}

#[derive(Deserialize)]
struct Join {
    role: Option<String>,
    scopes: Option<Vec<String>>,
}

/// What a code gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Node and operator, admin included.
    Full,
    /// Node and operator, for everyday use.
    Limited,
    /// Node only.
    Node,
}

impl Access {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Limited => "limited",
            Self::Node => "node",
        }
    }

    fn roles(self) -> Roles {
        match self {
            Self::Full | Self::Limited => Roles::BOTH,
            Self::Node => Roles::only(Role::Node),
        }
    }

    fn scopes(self) -> ScopeSet {
        let everyday = [Scope::APPROVALS, Scope::QUESTIONS, Scope::READ, Scope::TALK_SECRETS, Scope::WRITE];
        match self {
            Self::Full => everyday.into_iter().chain([Scope::ADMIN]).collect(),
            Self::Limited => everyday.into_iter().collect(),
            Self::Node => ScopeSet::EMPTY,
        }
    }

    /// What a minted code gives, from the code itself.
    fn of(code: &Code) -> Self {
        if !code.roles.contains(Role::Operator) {
            Self::Node
        } else if code.scopes.contains(Scope::ADMIN) {
            Self::Full
        } else {
            Self::Limited
        }
    }

    /// Full access only where nobody on the way can read the code's exchange.
    fn over(self, safe: bool) -> Self {
        if self == Self::Full && !safe { Self::Limited } else { self }
    }
}

/// `{}` → `{choices, problem?, grants}`: what a page needs to offer a setup code.
///
/// * `choices`: `[{url, source, safe, access}]`, addresses for `device.pair.setupCode {publicUrl}`, the one taken unasked
///   first; `source` is the setting it comes from; `access` is the most that a code for this address gives, `full` or
///   `limited` (where others may listen, no code gives full access);
/// * `problem`: a sentence, when there is no choice: the person has to say an address, or change a setting;
/// * `grants`: `{full, limited, node}`, each `{roles, scopes}`: what a code of that access makes of a device.
async fn addresses(core: Arc<Core>, _: Authority, _: NoParams) -> Reply {
    let choices = address::choices(&core).await?;
    let grant = |access: Access| json!({"roles": access.roles().names(), "scopes": access.scopes()});
    let mut answer = json!({
        "choices": choices
            .iter()
            .map(|Address { url, source, safe }| {
                let access = Access::Full.over(*safe).as_str();
                json!({"url": url, "source": source, "safe": safe, "access": access})
            })
            .collect::<Vec<_>>(),
    });
    if choices.is_empty() {
        answer["problem"] = json!(address::NO_CHOICE);
    }
    let grants = [Access::Full, Access::Limited, Access::Node];
    answer["grants"] = grants.into_iter().map(|access| (access.as_str().to_owned(), grant(access))).collect();
    Ok(answer)
}

async fn setup_code(core: Arc<Core>, caller: Authority, params: Setup) -> Reply {
    if params.join_url {
        return Err(ErrorShape::invalid_request(
            "join links are not part of this version; use the setup code, or openclaw devices join-code",
        ));
    }
    let Address { url, source, safe } =
        address::find(&core, params.public_url.as_deref(), params.prefer_remote_url).await?;
    let wanted = match params.bootstrap_profile.as_deref() {
        Some("node") => Access::Node,
        Some(_) => Access::Limited,
        None => Access::Full,
    };
    let access = wanted.over(safe);
    let token = random_token()?;
    let code = mint(&core, &caller, token.expose(), access.roles(), access.scopes()).await?;
    let setup = SetupCode {
        url: url.clone(),
        bootstrap_token: token,
        expires_at_ms: Some(code.expires_at.0),
        tls_fingerprint: None,
        urls: Vec::new(),
    };
    let mut answer = json!({
        "setupId": setup_id(&code.hash),
        "setupCode": setup.encode(),
        "gatewayUrl": url,
        "auth": if core.policy().admission.auth.name() == "password" { "password" } else { "token" },
        "urlSource": source,
        "access": access.as_str(),
    });
    if access != wanted {
        answer["accessDowngraded"] = json!(true);
    }
    answer["expiresAtMs"] = json!(code.expires_at);
    tokio::spawn(tell_when_used(core, code.hash));
    Ok(answer)
}

async fn setup_status(core: Arc<Core>, _: Authority, params: Status) -> Reply {
    let completion = code_hash(&params.setup_id).and_then(|hash| completion(&core, &hash));
    Ok(match completion {
        Some(completion) => json!({"completion": completion}),
        None => json!({}),
    })
}

async fn join_code(core: Arc<Core>, caller: Authority, params: Join) -> Reply {
    let role = match params.role.as_deref().map(str::trim) {
        None => Role::Operator,
        Some(name) => Role::parse(name)
            .ok_or_else(|| ErrorShape::invalid_request("a device joins as operator or as node"))?,
    };
    let scopes = match (params.scopes.filter(|names| !names.is_empty()), role) {
        (Some(names), Role::Operator) => {
            let (scopes, unknown) = ScopeSet::parse_known(&names);
            if let Some(name) = unknown.first() {
                return Err(ErrorShape::invalid_request(format!("unknown scope: {name}")));
            }
            scopes.operator_only()
        }
        (Some(_), Role::Node) => return Err(ErrorShape::invalid_request("a node has no operator scopes")),
        (None, Role::Operator) => {
            // Where no address is known there is only loopback, or a proxy or tunnel of the owner's.
            let address = address::find(&core, None, false).await;
            Access::Full.over(address.map_or(true, |address| address.safe)).scopes()
        }
        (None, Role::Node) => ScopeSet::EMPTY,
    };
    let mut random = [0u8; 5];
    fill(&mut random)?;
    let typed = ClaimCode::from_random(random);
    let code = mint(&core, &caller, typed.expose(), Roles::only(role), scopes).await?;
    tokio::spawn(tell_when_used(core, code.hash));
    Ok(json!({
        "code": typed.expose(),
        "setupId": setup_id(&code.hash),
        "role": role,
        "scopes": code.scopes,
        "expiresAtMs": code.expires_at,
    }))
}

async fn mint(
    core: &Core,
    caller: &Authority,
    text: &str,
    roles: Roles,
    scopes: ScopeSet,
) -> Result<Arc<Code>, ErrorShape> {
    let code = NewCode {
        hash: CodeHash::of(text),
        kind: CodeKind::Setup,
        roles,
        scopes,
        ttl_ms: MAX_CODE_TTL_MS,
        minted_by: caller.device.clone(),
    };
    let mint = Mutation::MintCode { code, caller: pairing_caller(caller) };
    let applied = apply(core, caller, Doing::Own, Ok(mint)).await?;
    match applied.outcome {
        Outcome::Minted { code } => Ok(code),
        other => Err(unexpected(&other)),
    }
}

fn fill(bytes: &mut [u8]) -> Result<(), ErrorShape> {
    getrandom::fill(bytes).map_err(|error| {
        tracing::error!(subsystem = "gateway/pairing", "the system has no randomness: {error}");
        ErrorShape::unavailable("the system has no randomness at the moment", 1_000)
    })
}

fn random_token() -> Result<Secret, ErrorShape> {
    let mut bytes = [0u8; 32];
    fill(&mut bytes)?;
    Ok(Secret::new(base64(&bytes)))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A setup is named by the hash of its code: unique, and of no use to anybody who does not have the code.
fn setup_id(hash: &CodeHash) -> String {
    base64(&hash.0)
}

fn code_hash(setup_id: &str) -> Option<CodeHash> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(setup_id).ok()?;
    bytes.try_into().ok().map(CodeHash)
}

/// Who used a code, as `device.pair.setupStatus` and `device.pair.setup.completed` say it.
fn completion(core: &Core, hash: &CodeHash) -> Option<Value> {
    let devices = core.store.snapshot();
    let code = devices.code(hash)?;
    let device = devices.device(code.redeemed_by.as_ref()?)?;
    let mut completion = json!({"setupId": setup_id(hash), "deviceId": device.id});
    let name = device.shown_name().as_str();
    if !name.is_empty() {
        completion["deviceName"] = json!(name);
    }
    completion["access"] = json!(Access::of(code).as_str());
    completion["ts"] = json!(device.approved_at);
    Some(completion)
}

/// Tells operators when a code is used. Ends with the code: there are few codes, and none lives longer than ten
/// minutes.
async fn tell_when_used(core: Arc<Core>, hash: CodeHash) {
    let mut changes = core.store.subscribe();
    loop {
        if let Some(completion) = completion(&core, &hash) {
            core.hub.broadcast_to(EventName::DEVICE_PAIR_SETUP_COMPLETED, &completion, |connection| {
                connection.dialect == Dialect::V4
            });
            return;
        }
        let now = core.now();
        let left = core
            .store
            .snapshot()
            .code(&hash)
            .filter(|code| code.is_live(now))
            .map(|code| code.expires_at.since(now));
        let Some(left) = left else { return };
        tokio::select! {
            change = changes.recv() => if matches!(change, Err(RecvError::Closed)) { return },
            () = tokio::time::sleep(std::time::Duration::from_millis(left.max(1))) => {}
        }
    }
}

/// Whether an address is one that strangers on the way to it cannot be on.
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || openclaw_os::host::in_tailnet_range(IpAddr::V4(v4))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests;
