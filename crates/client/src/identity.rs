//! This machine's device identity: the Ed25519 key in `<state>/identity/device.json`, in the file format of early 2026
//! (auth-and-pairing §4.4), so that a machine that was paired stays paired.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use openclaw_os::file::Files;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::time::Millis;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// The file's name in the identity folder.
const NAME: &str = "device.json";
/// The file is a few hundred bytes; far more is not ours.
const MAX_BYTES: u64 = 64 * 1024;

/// A device's key and the id that follows from it. The key cannot be printed and is wiped from memory on drop.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
    id: DeviceId,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Identity {
    /// The identity with this secret key.
    pub fn from_seed(seed: &[u8; 32]) -> Identity {
        let key = SigningKey::from_bytes(seed);
        let id = DeviceId::of_public_key(key.verifying_key().as_bytes());
        Identity { key, id }
    }

    /// A fresh identity.
    pub fn generate() -> io::Result<Identity> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| io::Error::other("the system has no randomness"))?;
        Ok(Identity::from_seed(&seed))
    }

    /// The device id: SHA-256 of the public key.
    pub fn device_id(&self) -> &DeviceId {
        &self.id
    }

    /// The key, for signing.
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// Reads `device.json` of the identity folder, or `None` when there is none. A wrong `deviceId` in the file is
    /// corrected from the key, in the answer and, if possible, in the file.
    pub fn load(files: &Files, identity_dir: &Path) -> Result<Option<Identity>, IdentityError> {
        let path = identity_dir.join(NAME);
        let bytes = match files.read(&path, MAX_BYTES) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(IdentityError::Io { path, error }),
        };
        let damaged = |why: &'static str| IdentityError::Damaged { path: path.clone(), why };
        let mut document: Map<String, Value> =
            serde_json::from_slice(&bytes).map_err(|_| damaged("it is not a JSON object"))?;
        let pem = document.get("privateKeyPem").and_then(Value::as_str);
        let pem = pem.ok_or_else(|| damaged("it has no privateKeyPem"))?;
        let key = SigningKey::from_pkcs8_pem(pem.trim())
            .map_err(|_| damaged("its privateKeyPem is not an Ed25519 key in PKCS#8 form"))?;
        let identity = Identity::from_seed(&Zeroizing::new(key.to_bytes()));
        if document.get("deviceId").and_then(Value::as_str) != Some(identity.id.as_str()) {
            document.insert("deviceId".to_owned(), json!(identity.id.as_str()));
            // Cosmetic: the key is what counts, and it was read.
            if let Err(error) = files.write_atomic(&path, &pretty(&Value::Object(document)), 0o600) {
                tracing::warn!(%error, "the device id in the identity file could not be corrected");
            }
        }
        Ok(Some(identity))
    }

    /// Reads the identity, or makes one. Programs that do this at the same moment all end up with the same identity:
    /// the file appears whole and is never replaced.
    pub fn load_or_create(
        files: &Files,
        identity_dir: &Path,
        now: Millis,
    ) -> Result<Identity, IdentityError> {
        if let Some(identity) = Identity::load(files, identity_dir)? {
            return Ok(identity);
        }
        let path = identity_dir.join(NAME);
        let io_error = |error| IdentityError::Io { path: path.clone(), error };
        files.ensure_dir(identity_dir, 0o700).map_err(io_error)?;
        let fresh = Identity::generate().map_err(io_error)?;
        let document = fresh.document(now).map_err(io_error)?;
        match files.create_new(&path, &document, 0o600) {
            Ok(()) => Ok(fresh),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Another program was faster; its identity is the machine's.
                Identity::load(files, identity_dir)?.ok_or_else(|| io_error(error))
            }
            Err(error) => Err(io_error(error)),
        }
    }

    /// The file's content.
    fn document(&self, now: Millis) -> io::Result<Zeroizing<Vec<u8>>> {
        // Without the public key, which older OpenSSL does not understand inside a private key.
        let pair = KeypairBytes { secret_key: self.key.to_bytes(), public_key: None };
        let private = pair
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| io::Error::other("the key could not be encoded"))?;
        let public = self
            .key
            .verifying_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| io::Error::other("the public key could not be encoded"))?;
        let document = json!({
            "version": 1,
            "deviceId": self.id.as_str(),
            "publicKeyPem": public,
            "privateKeyPem": private.as_str(),
            "createdAtMs": now.0,
        });
        Ok(Zeroizing::new(pretty(&document)))
    }
}

/// JSON as the original writes it: two spaces, one newline at the end.
pub(crate) fn pretty(document: &Value) -> Vec<u8> {
    let mut text = format!("{document:#}").into_bytes();
    text.push(b'\n');
    text
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file system refused.
    #[error("the device identity {} cannot be used: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file is there and is not an identity. It is not replaced by itself, because a new identity must be paired
    /// anew, while a backup of the old one need not.
    #[error(
        "the device identity {} is damaged: {why}. Restore it from a backup, or move it away to get a new identity, which must be paired again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Seed 00..1f of the test vector in auth-and-pairing §1.5, wrapped as Node's crypto module writes it.
    const ORIGINAL: &str = r#"{
  "version": 1,
  "deviceId": "0000",
  "publicKeyPem": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n-----END PUBLIC KEY-----\n",
  "privateKeyPem": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n",
  "createdAtMs": 1771891200000,
  "kept": true
}"#;
    const ORIGINAL_ID: &str = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";

    #[test]
    fn an_identity_of_the_original_is_taken_over_and_a_wrong_id_corrected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, ORIGINAL).unwrap();
        let files = Files::real();
        let identity = Identity::load_or_create(&files, dir.path(), Millis(1)).unwrap();
        assert_eq!(identity.device_id().as_str(), ORIGINAL_ID);
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(document["deviceId"], ORIGINAL_ID);
        assert_eq!(document["kept"], true);
        assert_eq!(document["createdAtMs"], 1_771_891_200_000_u64);
    }

    #[test]
    fn what_is_written_is_what_the_original_writes() {
        let seed: [u8; 32] = std::array::from_fn(|n| n as u8);
        let text = Identity::from_seed(&seed).document(Millis(1_771_891_200_000)).unwrap();
        let mut expected: Value = serde_json::from_str(ORIGINAL).unwrap();
        expected["deviceId"] = json!(ORIGINAL_ID);
        expected.as_object_mut().unwrap().remove("kept");
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), expected);
        assert!(text.starts_with(b"{\n  \"version\": 1,\n"));
    }

    #[test]
    fn a_new_identity_is_private_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("identity");
        let files = Files::real();
        assert!(Identity::load(&files, &folder).unwrap().is_none());
        let first = Identity::load_or_create(&files, &folder, Millis(5)).unwrap();
        let again = Identity::load_or_create(&files, &folder, Millis(6)).unwrap();
        assert_eq!(first.device_id(), again.device_id());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(NAME))), (0o700, 0o600));
        assert!(!format!("{first:?}").contains("key"));
    }

    #[test]
    fn programs_that_create_it_at_the_same_moment_agree() {
        let dir = tempfile::tempdir().unwrap();
        let barrier = std::sync::Barrier::new(8);
        let ids: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        let identity =
                            Identity::load_or_create(&Files::real(), dir.path(), Millis(1)).unwrap();
                        identity.device_id().as_str().to_owned()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no litter");
    }

    #[test]
    fn a_damaged_file_is_told_and_not_replaced() {
        for content in [
            "",
            "[]",
            "{}",
            r#"{"privateKeyPem":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}"#,
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(NAME);
            std::fs::write(&path, content).unwrap();
            let error = Identity::load_or_create(&Files::real(), dir.path(), Millis(1)).unwrap_err();
            assert!(matches!(error, IdentityError::Damaged { .. }), "{content}: {error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
    }
}
