//! `connect` frames as OpenClaw's own programs send them, in both generations, and ways to spoil them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::Device;

/// A generation of the protocol, as the client asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Protocol 3, OpenClaw 2026.3.
    V3,
    /// Protocol 4, OpenClaw 2026.9.
    V4,
}

impl Dialect {
    /// Both, for tests that go through them.
    pub const BOTH: [Dialect; 2] = [Dialect::V3, Dialect::V4];

    /// The number on the wire.
    pub fn protocol(self) -> u32 {
        match self {
            Dialect::V3 => 3,
            Dialect::V4 => 4,
        }
    }

    /// `v3` or its counterpart, whichever is this dialect's.
    pub fn pick<T>(self, v3: T, v4: T) -> T {
        match self {
            Dialect::V3 => v3,
            Dialect::V4 => v4,
        }
    }

    fn version(self) -> &'static str {
        self.pick("2026.3.13", "2026.9.6")
    }
}

/// A last change to the finished params, after signing.
type Edit = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// Everything that makes a `connect` request; the proof is made when the challenge is known.
#[derive(Clone)]
pub struct Connect {
    /// The generation it asks for.
    pub dialect: Dialect,
    client: Value,
    role: &'static str,
    scopes: Vec<String>,
    auth: Map<String, Value>,
    device: Option<Device>,
    /// Which payload the signature covers: 2 or 3.
    payload: u8,
    /// Added to the clock for `signedAt`.
    clock_skew_ms: i64,
    extra: Map<String, Value>,
    edits: Vec<Edit>,
}

impl Connect {
    fn new(dialect: Dialect, client: Value, role: &'static str, scopes: &[&str]) -> Connect {
        Connect {
            dialect,
            client,
            role,
            scopes: scopes.iter().map(|scope| format!("operator.{scope}")).collect(),
            auth: Map::new(),
            device: None,
            payload: 3,
            clock_skew_ms: 0,
            extra: Map::new(),
            edits: Vec::new(),
        }
    }

    /// The command line of that generation.
    pub fn cli(dialect: Dialect) -> Connect {
        let client = json!({"id": "cli", "version": dialect.version(), "platform": "linux", "mode": "cli"});
        let v3: &[&str] = &["admin", "read", "write", "approvals", "pairing"];
        let v4: &[&str] = &["admin", "read", "write", "approvals", "questions", "pairing", "talk.secrets"];
        let mut connect =
            Connect::new(dialect, client, "operator", dialect.pick(v3, v4)).extra("caps", json!([]));
        if dialect == Dialect::V4 {
            connect.client["deviceFamily"] = json!("Linux");
        }
        connect
    }

    /// The Control UI in a browser. Browsers send an `Origin`; see [`crate::Dial::web_origin`].
    pub fn control_ui(dialect: Dialect) -> Connect {
        let client = json!({
            "id": "openclaw-control-ui", "version": dialect.version(), "platform": "Linux x86_64", "mode": "webchat",
            "instanceId": "9e8a6df9-03b7-44c8-bfb6-9ebefa8c76a2",
        });
        let v3: &[&str] = &["admin", "approvals", "pairing"];
        let v4: &[&str] = &["admin", "read", "write", "approvals", "questions", "pairing"];
        let mut connect = Connect::new(dialect, client, "operator", dialect.pick(v3, v4))
            .extra("caps", json!(["tool-events"]))
            .extra(
                "userAgent",
                json!("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/156.0.0.0 Safari/537.36"),
            )
            .extra("locale", json!("en-US"));
        if dialect == Dialect::V4 {
            connect.client["timeZone"] = json!("UTC");
            connect.client["buildId"] = json!("dev");
            connect = connect.extra("modelCatalog", json!({"sessionKey": "main"}));
        }
        connect
    }

    /// What the command line's status probes send: no device, one scope.
    pub fn probe(dialect: Dialect) -> Connect {
        let client = json!({"id": "cli", "version": "dev", "platform": "linux", "mode": "probe"});
        Connect::new(dialect, client, "operator", &["read"]).extra("caps", json!([]))
    }

    /// What OpenClaw's own programs on the gateway's host use for a single call.
    pub fn backend(dialect: Dialect) -> Connect {
        let client = json!({
            "id": "gateway-client", "displayName": "gateway:status", "version": dialect.version(),
            "platform": "linux", "mode": "backend",
        });
        Connect::new(dialect, client, "operator", &["admin", "read", "write", "approvals", "pairing"])
    }

    /// A client of no particular kind.
    pub fn test(dialect: Dialect) -> Connect {
        let client = json!({"id": "test", "version": "1.0.0", "platform": "linux", "mode": "test"});
        Connect::new(dialect, client, "operator", &["read"])
    }

    /// The terminal UI of protocol 4.
    pub fn tui() -> Connect {
        let client = json!({
            "id": "openclaw-tui", "displayName": "openclaw-tui", "version": "2026.9.6", "platform": "linux",
            "deviceFamily": "Linux", "mode": "ui", "instanceId": "66cbc20e-5cbe-4dc2-b8ce-d6676f17b289",
        });
        Connect::new(Dialect::V4, client, "operator", &["admin", "read", "write", "approvals"])
            .extra("caps", json!(["agent-kind", "plugin-approvals", "task-suggestions", "tool-events"]))
    }

    /// The operator half of a native app: `macos`, `ios` or `android`.
    pub fn app(dialect: Dialect, system: &str) -> Connect {
        let mut client = app_client(dialect, system);
        client["mode"] = json!("ui");
        Connect::new(dialect, client, "operator", &["read", "write", "talk.secrets"]).scopes_known_to(dialect)
    }

    /// The node half of the same app, on the same key.
    pub fn app_node(dialect: Dialect, system: &str) -> Connect {
        let mut client = app_client(dialect, system);
        client["mode"] = json!("node");
        Connect::new(dialect, client, "node", &[])
            .extra("caps", json!(["canvas", "camera", "location", "screen"]))
            .extra("commands", json!(["canvas.present", "canvas.hide", "camera.snap", "location.get"]))
            .extra("permissions", json!({"camera": true, "location": false, "microphone": false}))
            .extra("locale", json!("en_GB"))
            .extra("userAgent", json!("Version 15.1"))
    }

    /// The headless node host.
    pub fn node_host(dialect: Dialect) -> Connect {
        let mut client = json!({
            "id": "node-host", "displayName": "workbench", "version": dialect.version(), "platform": "linux",
            "mode": "node", "instanceId": "0f4a4c7e-2a1c-4c54-8a5f-fb1a6e0f55c1",
        });
        if dialect == Dialect::V4 {
            client["deviceFamily"] = json!("Linux");
        }
        Connect::new(dialect, client, "node", &[])
            .extra("caps", json!(["browser", "system"]))
            .extra("commands", json!(["browser.proxy", "system.run", "system.run.prepare", "system.which"]))
            .extra("pathEnv", json!("/usr/local/bin:/usr/bin:/bin"))
    }

    /// With a device's key; the proof is made for the challenge.
    pub fn device(mut self, device: &Device) -> Connect {
        self.device = Some(device.clone());
        self
    }

    /// With the shared token.
    pub fn token(self, token: &str) -> Connect {
        self.auth("token", token)
    }

    /// With one field of `auth`: `token`, `password`, `deviceToken`, `bootstrapToken`.
    pub fn auth(mut self, field: &str, value: &str) -> Connect {
        self.auth.insert(field.into(), json!(value));
        self
    }

    /// Asking for these operator scopes instead; written without `operator.`.
    pub fn scopes(mut self, scopes: &[&str]) -> Connect {
        self.scopes = scopes.iter().map(|scope| format!("operator.{scope}")).collect();
        self
    }

    /// With the signature over the older payload.
    pub fn payload_v2(mut self) -> Connect {
        self.payload = 2;
        self
    }

    /// With a clock that is off by this much.
    pub fn clock_skew_ms(mut self, skew: i64) -> Connect {
        self.clock_skew_ms = skew;
        self
    }

    /// With one more field of `client`, or another value for it. It is covered by the signature.
    pub fn client(mut self, field: &str, value: Value) -> Connect {
        self.client[field] = value;
        self
    }

    /// With a change to the finished params, after signing.
    pub fn edit(mut self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Connect {
        self.edits.push(Arc::new(change));
        self
    }

    fn extra(mut self, field: &str, value: Value) -> Connect {
        self.extra.insert(field.into(), value);
        self
    }

    fn scopes_known_to(mut self, dialect: Dialect) -> Connect {
        if dialect == Dialect::V3 {
            self.scopes.retain(|scope| scope != "operator.talk.secrets");
        }
        self
    }

    /// The finished `params`, with a proof for the challenge `nonce` when there is a device.
    pub fn params(&self, nonce: &str) -> Value {
        let mut params = json!({
            "minProtocol": self.dialect.protocol(),
            "maxProtocol": self.dialect.protocol(),
            "client": self.client,
            "role": self.role,
            "scopes": self.scopes,
        });
        for (field, value) in &self.extra {
            params[field] = value.clone();
        }
        if !self.auth.is_empty() {
            params["auth"] = Value::Object(self.auth.clone());
        }
        if let Some(device) = &self.device {
            params["device"] = self.proof(device, nonce);
        }
        for edit in &self.edits {
            edit(&mut params);
        }
        params
    }

    fn proof(&self, device: &Device, nonce: &str) -> Value {
        let signed_at = now_ms() as i64 + self.clock_skew_ms;
        let text = |field: &str| self.client[field].as_str().unwrap_or_default().to_owned();
        let token = ["token", "deviceToken", "bootstrapToken"]
            .iter()
            .find_map(|field| self.auth.get(*field)?.as_str())
            .unwrap_or_default();
        let mut payload = format!(
            "v{}|{}|{}|{}|{}|{}|{signed_at}|{token}|{nonce}",
            self.payload,
            device.id(),
            text("id"),
            text("mode"),
            self.role,
            self.scopes.join(","),
        );
        if self.payload == 3 {
            let (platform, family) = (text("platform"), text("deviceFamily"));
            payload +=
                &format!("|{}|{}", platform.trim().to_ascii_lowercase(), family.trim().to_ascii_lowercase());
        }
        json!({
            "id": device.id(), "publicKey": device.public_key(), "signature": device.sign(&payload),
            "signedAt": signed_at, "nonce": nonce,
        })
    }
}

/// The client block of a native app, without its mode.
fn app_client(dialect: Dialect, system: &str) -> Value {
    let (platform, family, model) = match system {
        "macos" => ("macOS 15.1.0", "Mac", "Mac16,1"),
        "ios" => ("iOS 18.1.0", "iPhone", "iPhone17,1"),
        "android" => ("Android 15 (SDK 35)", "Android", "Google Pixel 9"),
        other => panic!("no app for {other}"),
    };
    json!({
        "id": format!("openclaw-{system}"), "displayName": format!("A {family}"), "version": dialect.version(),
        "platform": platform, "deviceFamily": family, "modelIdentifier": model,
        "instanceId": "3f9a7a52-44e2-4d7b-9f3b-6a5f0d5a3a11",
    })
}

/// Now, in Unix milliseconds.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}
