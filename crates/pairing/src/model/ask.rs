//! What a connecting device asks for.

use std::net::IpAddr;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;

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
}
