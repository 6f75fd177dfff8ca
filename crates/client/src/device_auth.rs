//! Device tokens that gateways issued to this machine, one per role (auth-and-pairing §4.4, §4.9).
//!
//! The gateway of this machine has the file of early 2026, `identity/device-auth.json`. Every other gateway has a file
//! of the same form, `identity/gateways/<16 hex of SHA-256 of host:port>.json`, so that one gateway's token is never
//! shown to another. One exception keeps older set-ups paired: a machine whose *config* makes it the client of a remote
//! gateway (`gateway.mode` remote) had that gateway's token in the early-2026 file, so it is read from there until the
//! remote issues a new one.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_os::file::Files;
use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::role::Role;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::identity::pretty;
use crate::target::{Endpoint, Target, UrlSource};

const MAX_BYTES: u64 = 1024 * 1024;

/// A device token and what it was issued for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: Secret,
    /// Its scopes, sorted.
    pub scopes: Vec<String>,
    /// When it was stored.
    pub updated_at: Millis,
}

/// The tokens of one device with one gateway.
#[derive(Clone, Debug)]
pub struct DeviceAuth {
    files: Files,
    path: PathBuf,
    /// Read when `path` does not exist yet; never written.
    inherited: Option<PathBuf>,
    device: DeviceId,
    gateway: Option<String>,
}

impl DeviceAuth {
    /// The tokens that `device` has from the gateway of `target`.
    pub fn new(files: Files, identity_dir: &Path, device: DeviceId, target: &Target) -> DeviceAuth {
        let own = identity_dir.join("device-auth.json");
        let (path, inherited, gateway) = match &target.endpoint {
            Endpoint::Url(url) if !target.source.is_this_machine() => {
                let authority = url.authority().to_ascii_lowercase();
                let digest = Sha256::digest(authority.as_bytes());
                let name: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
                let path = identity_dir.join("gateways").join(format!("{name}.json"));
                let inherits = target.source == UrlSource::ConfigRemote && (url.tls || url.is_loopback());
                (path, inherits.then_some(own), Some(authority))
            }
            _ => (own, None, None),
        };
        DeviceAuth { files, path, inherited, device, gateway }
    }

    /// The stored token for a role. A file that is missing, damaged or of another device is as good as empty: the
    /// gateway issues a new token.
    pub fn get(&self, role: Role) -> Option<StoredToken> {
        let document = match self.read(&self.path) {
            Ok(document) => document,
            Err(_) => self.read(self.inherited.as_ref()?).ok()?,
        };
        let entry = document.get("tokens")?.get(role.as_str())?;
        let token = Secret::present(entry.get("token")?.as_str()?)?;
        let scopes = entry.get("scopes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Some(StoredToken {
            token,
            scopes: scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            updated_at: Millis(entry.get("updatedAtMs").and_then(Value::as_u64).unwrap_or_default()),
        })
    }

    /// Stores a token, replacing the role's older one and keeping the other roles'. Writes nothing when the same
    /// token with the same scopes is there already.
    pub fn put(&self, role: Role, token: &Secret, scopes: &[String], now: Millis) -> io::Result<()> {
        let mut scopes = scopes.to_vec();
        scopes.sort();
        scopes.dedup();
        if self.read(&self.path).is_ok()
            && self.get(role).is_some_and(|stored| stored.token == *token && stored.scopes == scopes)
        {
            return Ok(());
        }
        let entry = json!({
            "token": token.expose(),
            "role": role.as_str(),
            "scopes": scopes,
            "updatedAtMs": now.0,
        });
        self.change(|tokens| {
            tokens.insert(role.as_str().to_owned(), entry);
            true
        })
    }

    /// Forgets a role's token, because the gateway said that it is not valid, and only while it is still the one that
    /// was refused: another program may have got a new one meanwhile.
    pub fn forget(&self, role: Role, refused: &Secret) -> io::Result<()> {
        self.change(|tokens| {
            let stored =
                tokens.get(role.as_str()).and_then(|entry| entry.get("token")).and_then(Value::as_str);
            if stored.is_some_and(|stored| refused.matches(stored)) {
                tokens.remove(role.as_str());
                return true;
            }
            false
        })
    }

    /// The document, if it is this device's.
    fn read(&self, path: &Path) -> io::Result<Map<String, Value>> {
        let bytes = Zeroizing::new(self.files.read(path, MAX_BYTES)?);
        let document: Map<String, Value> = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        if document.get("deviceId").and_then(Value::as_str) != Some(self.device.as_str()) {
            return Err(io::Error::other("the tokens are another device's"));
        }
        Ok(document)
    }

    fn change(&self, edit: impl FnOnce(&mut Map<String, Value>) -> bool) -> io::Result<()> {
        let mut document = match (self.read(&self.path), &self.inherited) {
            (Ok(document), _) => document,
            (Err(_), Some(path)) => self.read(path).unwrap_or_default(),
            (Err(_), None) => Map::new(),
        };
        let mut tokens = match document.remove("tokens") {
            Some(Value::Object(tokens)) => tokens,
            _ => Map::new(),
        };
        if !edit(&mut tokens) {
            return Ok(());
        }
        let sorted: BTreeMap<String, Value> = tokens.into_iter().collect();
        document.insert("version".to_owned(), json!(1));
        document.insert("deviceId".to_owned(), json!(self.device.as_str()));
        if let Some(gateway) = &self.gateway {
            document.insert("gateway".to_owned(), json!(gateway));
        }
        document.insert("tokens".to_owned(), json!(sorted));
        if let Some(folder) = self.path.parent() {
            self.files.ensure_dir(folder, 0o700)?;
        }
        let bytes = Zeroizing::new(pretty(&Value::Object(document)));
        self.files.write_atomic(&self.path, &bytes, 0o600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TargetInputs;
    use std::os::unix::fs::PermissionsExt;

    const DEVICE: &str = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";

    fn target(inputs: TargetInputs<'_>) -> Target {
        inputs.resolve().unwrap()
    }

    fn auth(dir: &Path, target: &Target) -> DeviceAuth {
        DeviceAuth::new(Files::real(), dir, DeviceId::parse(DEVICE).unwrap(), target)
    }

    fn scopes(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_file_of_early_2026_is_read_and_written() {
        let dir = tempfile::tempdir().unwrap();
        let local = auth(dir.path(), &target(TargetInputs::default()));
        assert_eq!(local.get(Role::Operator), None);
        let token = Secret::from("tok-1");
        local.put(Role::Operator, &token, &scopes(&["operator.write", "operator.admin"]), Millis(7)).unwrap();
        local.put(Role::Node, &Secret::from("tok-2"), &[], Millis(8)).unwrap();
        let path = dir.path().join("device-auth.json");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({"version": 1, "deviceId": DEVICE, "tokens": {
                "node": {"token": "tok-2", "role": "node", "scopes": [], "updatedAtMs": 8},
                "operator": {"token": "tok-1", "role": "operator",
                             "scopes": ["operator.admin", "operator.write"], "updatedAtMs": 7},
            }})
        );
        let stored = local.get(Role::Operator).unwrap();
        assert_eq!((stored.token, stored.updated_at), (token.clone(), Millis(7)));

        // The same token again is not a reason to write.
        local
            .put(Role::Operator, &token, &scopes(&["operator.admin", "operator.write"]), Millis(99))
            .unwrap();
        assert_eq!(local.get(Role::Operator).unwrap().updated_at, Millis(7));

        local.forget(Role::Operator, &Secret::from("an older one")).unwrap();
        assert!(local.get(Role::Operator).is_some());
        local.forget(Role::Operator, &token).unwrap();
        assert_eq!(local.get(Role::Operator), None);
        assert!(local.get(Role::Node).is_some());
    }

    #[test]
    fn another_devices_or_a_damaged_file_counts_as_empty() {
        let dir = tempfile::tempdir().unwrap();
        let local = auth(dir.path(), &target(TargetInputs::default()));
        for content in ["", "null", r#"{"version":1,"deviceId":"ff","tokens":{"operator":{"token":"t"}}}"#] {
            std::fs::write(dir.path().join("device-auth.json"), content).unwrap();
            assert_eq!(local.get(Role::Operator), None, "{content}");
        }
        local.put(Role::Operator, &Secret::from("new"), &[], Millis(1)).unwrap();
        assert!(local.get(Role::Operator).is_some());
    }

    #[test]
    fn every_gateway_has_its_own_tokens() {
        let dir = tempfile::tempdir().unwrap();
        let local = auth(dir.path(), &target(TargetInputs::default()));
        local.put(Role::Operator, &Secret::from("local"), &[], Millis(1)).unwrap();
        let by_flag =
            |url| auth(dir.path(), &target(TargetInputs { cli_url: Some(url), ..Default::default() }));
        let (one, other) = (by_flag("wss://one.example"), by_flag("wss://one.example:8443"));
        assert_eq!(one.get(Role::Operator), None, "a token must not travel to another gateway");
        one.put(Role::Operator, &Secret::from("one"), &[], Millis(1)).unwrap();
        assert_eq!(other.get(Role::Operator), None);
        assert_eq!(
            by_flag("https://ONE.example/path").get(Role::Operator).unwrap().token,
            Secret::from("one")
        );
        assert_eq!(local.get(Role::Operator).unwrap().token, Secret::from("local"));
        // A tunnel on the loopback interface leads to another gateway.
        assert_eq!(by_flag("ws://127.0.0.1:19999").get(Role::Operator), None);
    }

    #[test]
    fn a_configured_remote_inherits_the_token_of_early_2026() {
        let dir = tempfile::tempdir().unwrap();
        auth(dir.path(), &target(TargetInputs::default()))
            .put(Role::Operator, &Secret::from("old"), &[], Millis(1))
            .unwrap();
        let remote = auth(
            dir.path(),
            &target(TargetInputs {
                remote_mode: true,
                remote_url: Some("wss://gateway.example"),
                ..TargetInputs::default()
            }),
        );
        assert_eq!(remote.get(Role::Operator).unwrap().token, Secret::from("old"));
        remote.forget(Role::Operator, &Secret::from("old")).unwrap();
        assert_eq!(remote.get(Role::Operator), None);
        remote.put(Role::Operator, &Secret::from("new"), &[], Millis(2)).unwrap();
        assert_eq!(remote.get(Role::Operator).unwrap().token, Secret::from("new"));
        let local = auth(dir.path(), &target(TargetInputs::default()));
        assert_eq!(local.get(Role::Operator).unwrap().token, Secret::from("old"));
    }
}
