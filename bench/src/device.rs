//! Devices whose keys follow from a number, so that ten thousand of them need no list.

use ed25519_dalek::SigningKey;
use openclaw_protocol::device_proof::PublicKey;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// One device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    key: SigningKey,
}

impl Device {
    /// Device number `number` of a group; groups share no keys.
    pub(crate) fn numbered(group: &str, number: usize) -> Device {
        let seed = Sha256::digest(format!("openclaw-bench {group} {number}"));
        Device { key: SigningKey::from_bytes(&seed.into()) }
    }

    /// Its key.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Its id.
    pub(crate) fn id(&self) -> String {
        PublicKey::from(&self.key).device_id().to_string()
    }
}

/// A `devices/paired.json` of early 2026 with the devices `0..count` of a group, all operators with every scope and
/// without a token entry: they bring the gateway's token the first time and get their own.
pub(crate) fn paired_file(group: &str, count: usize, now: Millis) -> String {
    let scopes = ScopeSet::full_operator();
    let records: Map<String, Value> = (0..count)
        .map(|number| {
            let device = Device::numbered(group, number);
            let at = now.0 - 86_400_000 + number as u64;
            let record = json!({
                "deviceId": device.id(),
                "publicKey": PublicKey::from(device.key()).to_base64url(),
                "displayName": format!("device {number}"),
                "platform": "linux",
                "clientId": "openclaw-tui",
                "clientMode": "ui",
                "role": "operator",
                "roles": ["operator"],
                "scopes": scopes,
                "approvedScopes": scopes,
                "remoteIp": format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255),
                "tokens": {},
                "createdAtMs": at,
                "approvedAtMs": at + 1_000,
            });
            (device.id(), record)
        })
        .collect();
    Value::Object(records).to_string()
}
