//! A device's key and its proofs, built from the description of the wire and not from the gateway's own code.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

/// One device: an Ed25519 key and the id that follows from it.
#[derive(Clone, Debug)]
pub struct Device {
    key: SigningKey,
}

impl Device {
    /// A device that nobody has met.
    pub fn new() -> Device {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        Device::from_seed(seed)
    }

    /// The device of a known seed.
    pub fn from_seed(seed: [u8; 32]) -> Device {
        Device { key: SigningKey::from_bytes(&seed) }
    }

    /// The 32 raw bytes of the public key.
    pub fn raw_public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The public key as it goes over the wire: base64url without padding.
    pub fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.raw_public_key())
    }

    /// Lower-case hex of the SHA-256 of the raw public key.
    pub fn id(&self) -> String {
        Sha256::digest(self.raw_public_key()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A signature over `payload` as it goes over the wire.
    pub fn sign(&self, payload: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(payload.as_bytes()).to_bytes())
    }
}

impl Default for Device {
    fn default() -> Device {
        Device::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_known_seed_has_the_known_id() {
        let device = Device::from_seed(std::array::from_fn(|at| at as u8));
        assert_eq!(device.public_key(), "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg");
        assert_eq!(device.id(), "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c");
    }
}
