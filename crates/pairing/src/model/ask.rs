//! What a connecting device asks for.

use std::net::IpAddr;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::refusal::NotLocal;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;
use serde::{Deserialize, Serialize};

use super::PeerKey;

/// A device with a verified proof and what it asks for. The words are frozen into the request that comes of it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// SHA-256 of the public key; checked again when the ask is applied.
    pub device_id: DeviceId,
    /// The 32 raw bytes of the Ed25519 key.
    pub public_key: [u8; 32],
    /// The role of this connection.
    pub role: Role,
    /// The scopes asked for. Those that do not belong to `role` are dropped when the ask is applied.
    pub scopes: ScopeSet,
    /// `client.id`.
    pub client_id: Words,
    /// `client.mode`.
    pub client_mode: Words,
    /// `client.displayName`.
    pub display_name: Option<Words>,
    /// `client.platform`.
    pub platform: Option<Words>,
    /// `client.deviceFamily`.
    pub device_family: Option<Words>,
    /// `client.modelIdentifier` and the like are not part of pairing; the address shown to the owner is: only set
    /// when it is the device's own (not local, trusted attribution).
    pub remote_ip: Option<IpAddr>,
    /// The browser's `Origin`.
    pub origin: Option<Words>,
    /// The bucket that the waiting request is counted under.
    pub peer: PeerKey,
    /// How the gateway saw it: for the owner's eyes, nothing depends on it.
    pub seen: Option<Box<Seen>>,
}

/// How the gateway saw a device when it asked, for those who decide about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The address that counts as the client's; `None` on the owner socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How it got here, in the journal's words: `direct`, `through the trusted proxy 10.0.0.1`.
    pub path: Words,
    /// The proxy it came through, listed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<IpAddr>,
    /// Why it does not count as local; `None` when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_local: Option<NotLocal>,
    /// The browser's name for itself (`userAgent`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Words>,
}
