//! The table of what `connect` may contain, in both generations, in the order in which the real gateways look.

use crate::schema::{Field, NAME, NAMES, Shape, TEXT};
use serde::{Deserialize, Deserializer, de::Error as _};

/// Largest whole number that clients can write exactly.
const MAX_SAFE: i64 = 9_007_199_254_740_991;

pub(super) const CONNECT: &[Field] = &[
    Field::required("minProtocol", PROTOCOL),
    Field::required("maxProtocol", PROTOCOL),
    Field::required("client", Shape::Object(CLIENT)),
    Field::optional("caps", NAMES),
    Field::optional("commands", NAMES),
    Field::since_v4("computerUse", Shape::Any),
    Field::since_v4("workerRuns", Shape::Object(WORKER_RUNS)),
    Field::optional("permissions", Shape::Flags),
    Field::optional("pathEnv", TEXT),
    Field::optional("role", NAME),
    Field::optional("scopes", NAMES),
    Field::optional("device", Shape::Object(DEVICE)),
    Field::optional("auth", Shape::Object(AUTH)),
    Field::optional("locale", TEXT),
    Field::optional("userAgent", TEXT),
    Field::since_v4("modelCatalog", Shape::Any),
];

const PROTOCOL: Shape = Shape::Integer { min: 1, max: i64::MAX };

// `id`, `version`, `platform`, `mode`: missing ones are named in this order.
const CLIENT: &[Field] = &[
    Field::required("id", Shape::Choice { v3: IDS_V3, v4: IDS_V4 }),
    Field::optional("displayName", NAME),
    Field::required("version", NAME),
    Field::since_v4("buildId", Shape::Text { min: 1, max: 96 }),
    Field::required("platform", NAME),
    Field::optional("deviceFamily", NAME),
    Field::optional("modelIdentifier", NAME),
    Field::since_v4("timeZone", Shape::Text { min: 1, max: 64 }),
    Field::required("mode", Shape::Choice { v3: MODES_V3, v4: MODES_V4 }),
    Field::optional("instanceId", NAME),
];

const DEVICE: &[Field] = &[
    Field::required("id", NAME),
    Field::required("publicKey", NAME),
    Field::required("signature", NAME),
    Field::required("signedAt", Shape::Integer { min: 0, max: i64::MAX }),
    Field::required("nonce", NAME),
];

const AUTH: &[Field] = &[
    Field::optional("token", TEXT),
    Field::optional("bootstrapToken", TEXT),
    Field::optional("deviceToken", TEXT),
    Field::optional("password", TEXT),
    Field::since_v4("approvalRuntimeToken", TEXT),
    Field::since_v4("agentRuntimeIdentityToken", TEXT),
];

const WORKER_RUNS: &[Field] = &[
    Field::required("bundleHash", Shape::Digest),
    Field::required("openclawVersion", Shape::Text { min: 1, max: 128 }),
    Field::required("protocolFeatures", Shape::Texts { max_items: 64, max: 128, unique: true }),
    Field::optional("bundlePrewarm", Shape::Integer { min: 1, max: MAX_SAFE }),
];

const IDS_V3: &[&str] = &[
    "webchat-ui",
    "openclaw-control-ui",
    "webchat",
    "cli",
    "gateway-client",
    "openclaw-macos",
    "openclaw-ios",
    "openclaw-android",
    "node-host",
    "test",
    "fingerprint",
    "openclaw-probe",
];

const IDS_V4: &[&str] = &[
    "webchat-ui",
    "openclaw-control-ui",
    "openclaw-browser-copilot",
    "openclaw-tui",
    "webchat",
    "cli",
    "gateway-client",
    "openclaw-macos",
    "openclaw-linux",
    "openclaw-ios",
    "openclaw-watchos",
    "openclaw-android",
    "node-host",
    "openclaw-worker",
    "test",
    "fingerprint",
    "openclaw-probe",
];

const MODES_V3: &[&str] = &["webchat", "cli", "ui", "backend", "node", "probe", "test"];
const MODES_V4: &[&str] = &["webchat", "cli", "ui", "backend", "node", "worker", "probe", "test"];

/// Reads a whole number, also when it is written `4.0`, as the clients' language cannot tell the difference.
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    if let Some(whole) = number.as_i64() {
        return Ok(whole);
    }
    match number.as_f64() {
        // Beyond the range of i64 the cast saturates, which is as good as any other nonsense value.
        #[expect(clippy::cast_possible_truncation, reason = "saturates, see above")]
        Some(value) if value.fract() == 0.0 => Ok(value as i64),
        _ => Err(D::Error::custom("not a whole number")),
    }
}

/// As [`integer`], for numbers that are not negative.
pub(super) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::try_from(integer(deserializer)?).map_err(D::Error::custom)
}
