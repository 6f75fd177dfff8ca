//! Device tokens: derived, never stored.
//!
//! A token is HMAC-SHA256 under a key file over device, role and generation, so that `hello-ok` can hand out the same
//! token as often as it likes, two programs of one device never invalidate each other, and a stolen database holds
//! nothing to log in with. A rotation raises the generation. Tokens taken over from another store are known by their
//! SHA-256 until the next rotation.
//!
//! A browser's token also depends on the gateway's shared secret (§4.5): whoever changes that secret signs every
//! browser out, and nobody else.

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use openclaw_os::file::Files;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::secret::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::model::{Device, Grant};

/// The key that device tokens are derived with.
#[derive(Clone)]
pub struct TokenKey {
    key: [u8; 32],
    /// Stands for the shared secret in force; zeros while there is none.
    shared: [u8; 32],
}

/// Why a presented token is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The device never had this role.
    #[error("the device has no token for this role")]
    NoSuchRole,
    /// The token was revoked.
    #[error("the token was revoked")]
    Revoked,
    /// It is not this device's token, or not any more.
    #[error("the token is not this device's current one")]
    Mismatch,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl Drop for TokenKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.shared.zeroize();
    }
}

impl TokenKey {
    /// A key from its 32 bytes.
    pub fn from_bytes(key: [u8; 32]) -> Self {
        Self { key, shared: [0; 32] }
    }

    /// The same key under this shared secret.
    #[must_use]
    pub fn under(&self, shared: Option<&Secret>) -> Self {
        let shared =
            shared.map_or([0; 32], |secret| self.mac(&format!("openclaw-shared-secret|{}", secret.expose())));
        Self { key: self.key, shared }
    }

    /// A new key from the system's randomness.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self::from_bytes(bytes))
    }

    /// Reads a key file: 64 hex digits and a line end. `Ok(None)`: there is none. `InvalidData`: there is one, and it
    /// is not a key.
    pub fn load(files: &Files, path: &Path) -> io::Result<Option<Self>> {
        let text = match files.read(path, 4096) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        parse_hex(text.trim_ascii()).map(|bytes| Some(Self::from_bytes(bytes))).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} does not hold a key", path.display()))
        })
    }

    /// Writes a new key file with mode 0600; an existing one is an `AlreadyExists` error, never replaced.
    pub fn save(&self, files: &Files, path: &Path) -> io::Result<()> {
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in self.key {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        text.push('\n');
        files.create_new(path, text.as_bytes(), 0o600)
    }

    /// By which the database knows whether its key file is still the same one: 16 hex digits that tell nothing else.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::new().chain_update(b"openclaw-token-key-id|").chain_update(self.key).finalize();
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The token of this device, role and generation: 43 characters.
    pub fn derive(&self, device: &Device, role: Role, generation: u32) -> Secret {
        self.derive_as(&device.id, device.is_browser(), role, generation)
    }

    fn derive_as(&self, device: &DeviceId, browser: bool, role: Role, generation: u32) -> Secret {
        let mut message =
            format!("openclaw-device-token-v1|{}|{}|{generation}", device.as_str(), role.as_str());
        if browser {
            message.push('|');
            message.push_str(&URL_SAFE_NO_PAD.encode(self.shared));
        }
        Secret::new(URL_SAFE_NO_PAD.encode(self.mac(&message)))
    }

    /// The token that `hello-ok` hands to a device that has the role; `None` when revoked or never approved.
    pub fn issue(&self, device: &Device, role: Role) -> Option<Secret> {
        device.effective(role).map(|grant| self.derive(device, role, grant.token.generation))
    }

    /// Checks a presented token, in constant time over what is secret. The grant it answers with bounds what the
    /// connection gets: see [`Device::token_scopes`].
    pub fn verify<'d>(
        &self,
        device: &'d Device,
        role: Role,
        presented: &str,
    ) -> Result<&'d Grant, TokenError> {
        let grant = device.grant(role).ok_or(TokenError::NoSuchRole)?;
        let derived = self.derive(device, role, grant.token.generation);
        let is_derived = derived.matches(presented);
        let is_imported = grant.token.imported.as_deref().is_some_and(|hash| {
            let digest: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
            bool::from(digest.ct_eq(hash))
        });
        if !(is_derived || is_imported) {
            return Err(TokenError::Mismatch);
        }
        if grant.token.revoked_at.is_some() { Err(TokenError::Revoked) } else { Ok(grant) }
    }

    fn mac(&self, message: &str) -> [u8; 32] {
        // HMAC takes keys of every length; the block-sized key is built by hand so that there is no error to ignore.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (slot, byte) in block.iter_mut().zip(self.key) {
            *slot = byte;
        }
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block);
        mac.update(message.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn parse_hex(text: &[u8]) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0u8; 32];
    for (slot, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *slot = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::ids::RequestId;
    use openclaw_protocol::scope::{Scope, ScopeSet};
    use openclaw_protocol::time::Millis;
    use openclaw_protocol::words::Words;

    use super::*;
    use crate::model::{ApprovedVia, Ask, Mutation, PeerKey, Snapshot};
    use crate::transition::transition;

    fn paired(client_id: &str, client_mode: &str) -> Device {
        let public_key = [3; 32];
        let ask = Ask {
            device_id: DeviceId::of_public_key(&public_key),
            public_key,
            role: Role::Operator,
            scopes: ScopeSet::from_iter([Scope::READ]),
            client_id: Words::new(client_id),
            client_mode: Words::new(client_mode),
            display_name: None,
            platform: None,
            device_family: None,
            remote_ip: None,
            origin: None,
            peer: PeerKey::local(),
            seen: None,
        };
        let id = ask.device_id.clone();
        let mut state = Snapshot::fresh();
        let approve = Mutation::ApproveSilently { ask, via: ApprovedVia::Owner };
        transition(&mut state, approve, Millis(1), &mut RequestId::random).unwrap();
        state.device(&id).unwrap().as_ref().clone()
    }

    #[test]
    fn a_new_shared_secret_signs_browsers_out_and_nobody_else() {
        let key = TokenKey::from_bytes([7; 32]);
        let before = key.under(Some(&Secret::new("the old gateway token".into())));
        let after = key.under(Some(&Secret::new("the new gateway token".into())));
        for (client_id, client_mode, browser) in [
            ("openclaw-control-ui", "webchat", true),
            ("webchat-ui", "ui", true),
            ("webchat", "webchat", true),
            ("cli", "cli", false),
            ("openclaw-ios", "ui", false),
            ("node-host", "node", false),
        ] {
            let device = paired(client_id, client_mode);
            let token = before.issue(&device, Role::Operator).unwrap();
            assert!(before.verify(&device, Role::Operator, token.expose()).is_ok());
            let still = after.verify(&device, Role::Operator, token.expose()).is_ok();
            assert_eq!(still, !browser, "{client_id}/{client_mode}");
        }
    }
}
