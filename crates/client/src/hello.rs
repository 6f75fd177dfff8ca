//! `hello-ok` as a client reads it: leniently, because gateways of both generations and all ages send it
//! (auth-and-pairing §1.8).

use std::time::Duration;

use openclaw_protocol::frame::MAX_PAYLOAD_BYTES;
use openclaw_protocol::role::Role;
use openclaw_protocol::secret::Secret;
use serde_json::Value;

/// What the gateway said when it let us in.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// The protocol of the connection: 3 or 4.
    pub protocol: u32,
    /// The gateway's version.
    pub server_version: String,
    /// The connection's id at the gateway.
    pub conn_id: String,
    /// Methods that it offers.
    pub methods: Vec<String>,
    /// Events that it sends.
    pub events: Vec<String>,
    /// How we were authenticated (`token`, `device-token`, `none`…); only protocol 4 tells.
    pub auth_method: Option<String>,
    /// Our scopes, where the gateway tells them: with protocol 4 the connection's, with 3 the device token's.
    pub scopes: Option<Vec<String>>,
    /// How often it sends `tick`.
    pub tick_interval: Duration,
    /// The largest message that it accepts, in bytes.
    pub max_payload: usize,
    /// The whole payload, without the device tokens in it.
    pub payload: Value,
}

/// A device token that came with the hello.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) role: Role,
    pub(crate) token: Secret,
    pub(crate) scopes: Vec<String>,
}

impl Hello {
    /// Reads the payload and takes the device tokens out of it. `None` when it is no `hello-ok`.
    pub(crate) fn read(mut payload: Value, role: Role) -> Option<(Hello, Vec<Issued>)> {
        let protocol = u32::try_from(payload.get("protocol")?.as_u64()?).ok()?;
        let mut issued = Vec::new();
        if let Some(auth) = payload.get_mut("auth") {
            issued.extend(take_token(auth, role));
            if let Some(Value::Array(others)) = auth.get_mut("deviceTokens") {
                issued.extend(others.iter_mut().filter_map(|other| take_token(other, role)));
            }
        }
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let texts = |pointer: &str| payload.pointer(pointer).map(strings);
        let number = |pointer: &str| payload.pointer(pointer).and_then(Value::as_u64).filter(|n| *n > 0);
        let hello = Hello {
            protocol,
            server_version: text("/server/version").unwrap_or_default(),
            conn_id: text("/server/connId").unwrap_or_default(),
            methods: texts("/features/methods").unwrap_or_default(),
            events: texts("/features/events").unwrap_or_default(),
            auth_method: text("/auth/method"),
            scopes: texts("/auth/scopes"),
            tick_interval: Duration::from_millis(number("/policy/tickIntervalMs").unwrap_or(30_000)),
            max_payload: number("/policy/maxPayload")
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(MAX_PAYLOAD_BYTES),
            payload,
        };
        Some((hello, issued))
    }
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn take_token(auth: &mut Value, default_role: Role) -> Option<Issued> {
    let auth = auth.as_object_mut()?;
    let Some(Value::String(token)) = auth.remove("deviceToken") else { return None };
    let role = auth.get("role").and_then(Value::as_str).map_or(Some(default_role), Role::parse)?;
    let scopes = auth.get("scopes").map(strings).unwrap_or_default();
    Some(Issued { role, token: Secret::present(&token)?, scopes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_generations_are_read_and_tokens_taken_out() {
        let v3 = json!({"type": "hello-ok", "protocol": 3, "server": {"version": "2026.3.13", "connId": "c"},
            "features": {"methods": ["health"], "events": ["tick"]},
            "auth": {"deviceToken": "D", "role": "operator", "scopes": ["operator.admin"], "issuedAtMs": 1},
            "policy": {"maxPayload": 1000, "tickIntervalMs": 5}});
        let (hello, issued) = Hello::read(v3, Role::Operator).unwrap();
        assert_eq!((hello.protocol, hello.max_payload, hello.tick_interval.as_millis()), (3, 1000, 5));
        assert_eq!(hello.methods, ["health"]);
        assert_eq!((issued.len(), issued[0].token.expose()), (1, "D"));
        assert!(!format!("{hello:?}").contains("\"D\""));

        let v4 = json!({"protocol": 4, "auth": {"method": "token", "role": "node", "scopes": [], "deviceToken": "N",
            "deviceTokens": [{"deviceToken": "O", "role": "operator", "scopes": ["operator.read"]},
                             {"deviceToken": "X", "role": "unknown"}]}});
        let (hello, issued) = Hello::read(v4, Role::Node).unwrap();
        assert_eq!(hello.auth_method.as_deref(), Some("token"));
        let shown: Vec<_> = issued.iter().map(|i| (i.role, i.token.expose())).collect();
        assert_eq!(shown, [(Role::Node, "N"), (Role::Operator, "O")]);
        assert_eq!(hello.tick_interval.as_secs(), 30);

        assert!(Hello::read(json!({"protocol": 3}), Role::Node).unwrap().1.is_empty());
        assert!(Hello::read(json!({"ok": true}), Role::Node).is_none());
        assert!(Hello::read(json!(null), Role::Node).is_none());
    }
}
