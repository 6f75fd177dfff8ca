//! Device identity: keys, ids, and the signature that proves a client holds its key (auth-and-pairing §1.5).

use crate::{
    connect::{ClientInfo, ConnectParams, DeviceProofParams},
    ids::DeviceId,
    time::Millis,
};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
pub use ed25519_dalek::SigningKey;
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// How far the client's clock may be off, either way, in milliseconds.
pub const MAX_SKEW_MS: u64 = 120_000;

/// What stands before the raw key in an Ed25519 SubjectPublicKeyInfo.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const DECODE_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
const DECODE_STANDARD: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

/// A raw Ed25519 public key. Written as base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The raw bytes as a key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads base64url, base64 or an SPKI PEM block.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        decode_key(text)?.try_into().ok().map(Self)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The form in which keys are stored and sent.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The form in which `identity/device.json` holds it.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        let mut der = SPKI_PREFIX.to_vec();
        der.extend_from_slice(&self.0);
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// The id of the device that holds this key.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        DeviceId::of_public_key(&self.0)
    }
}

impl From<&SigningKey> for PublicKey {
    fn from(key: &SigningKey) -> Self {
        Self(key.verifying_key().to_bytes())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64url())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64url())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected an Ed25519 public key"))
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    DECODE_URL.decode(text).or_else(|_| DECODE_STANDARD.decode(text)).ok()
}

/// Key bytes of whatever length: a wrong length with a fitting id fails later, as a bad signature (§3.3).
fn decode_key(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("-----BEGIN PUBLIC KEY-----") {
        let body: String = rest.split("-----END").next()?.split_ascii_whitespace().collect();
        return decode(&body)?.strip_prefix(&SPKI_PREFIX).map(<[u8]>::to_vec);
    }
    decode(text).filter(|bytes| !bytes.is_empty())
}

/// Everything that goes under the signature, as the client sent it.
#[derive(Clone, Copy, Debug)]
pub struct ProofInput<'a> {
    /// The `device` block.
    pub device: &'a DeviceProofParams,
    /// The `client` block.
    pub client: &'a ClientInfo,
    /// The role's word, `operator` when none was sent.
    pub role: &'a str,
    /// Scopes in the order sent.
    pub scopes: &'a [String],
    /// The token under the signature ([`crate::connect::AuthParams::signed_token`]).
    pub token: &'a str,
}

impl<'a> ProofInput<'a> {
    /// What a `connect` claims; `None` when it carries no device.
    #[must_use]
    pub fn of(params: &'a ConnectParams) -> Option<Self> {
        Some(Self {
            device: params.device.as_ref()?,
            client: &params.client,
            role: params.role_word(),
            scopes: &params.scopes,
            token: params.auth.signed_token(),
        })
    }
}

/// The string under a `v2` signature.
#[must_use]
pub fn payload_v2(input: &ProofInput<'_>, nonce: &str) -> String {
    payload("v2", input, nonce)
}

/// The string under a `v3` signature: also platform and device family, trimmed and ASCII-lower-cased.
#[must_use]
pub fn payload_v3(input: &ProofInput<'_>, nonce: &str) -> String {
    let family = input.client.device_family.as_deref().unwrap_or_default();
    format!("{}|{}|{}", payload("v3", input, nonce), folded(&input.client.platform), folded(family))
}

fn payload(version: &str, input: &ProofInput<'_>, nonce: &str) -> String {
    let ProofInput { device, client, role, scopes, token } = input;
    format!(
        "{version}|{}|{}|{}|{role}|{}|{}|{token}|{nonce}",
        device.id,
        client.id,
        client.mode,
        scopes.join(","),
        device.signed_at
    )
}

/// Trimmed as the clients' language trims (which knows the byte-order mark but not U+0085), then ASCII-lower-cased.
fn folded(text: &str) -> String {
    let blank = |c: char| (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}';
    text.trim_matches(blank).to_ascii_lowercase()
}

/// Which check of the proof failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProofKind {
    /// The id is not the hash of the key, or the key cannot be read.
    IdMismatch,
    /// The signature's time is more than two minutes off.
    Expired,
    /// The nonce is blank.
    NonceMissing,
    /// The nonce is not this connection's.
    NonceMismatch,
    /// The signature does not fit.
    Signature,
    /// The key is not a usable Ed25519 key.
    PublicKey,
}

impl ProofKind {
    /// All kinds, in the order of the checks.
    pub const ALL: [Self; 6] = [
        Self::IdMismatch,
        Self::Expired,
        Self::NonceMissing,
        Self::NonceMismatch,
        Self::Signature,
        Self::PublicKey,
    ];
}

/// A proof that does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error, Serialize, Deserialize)]
#[error("device proof failed: {kind:?}")]
#[serde(rename_all = "camelCase")]
pub struct ProofError {
    /// Which check.
    pub kind: ProofKind,
    /// For [`ProofKind::Expired`]: by how many milliseconds the client's clock differs (positive: it is ahead).
    pub skew_ms: Option<i64>,
}

impl From<ProofKind> for ProofError {
    fn from(kind: ProofKind) -> Self {
        Self { kind, skew_ms: None }
    }
}

/// Checks a proof in the order of §1.6 step 14: id, time, nonce present, nonce right, signature, key.
///
/// # Errors
/// The first check that fails.
pub fn verify(input: &ProofInput<'_>, now: Millis, challenge: &str) -> Result<DeviceId, ProofError> {
    let device = input.device;
    let bytes = decode_key(&device.public_key).ok_or(ProofKind::IdMismatch)?;
    let id = DeviceId::of_key_bytes(&bytes);
    // Compared as text on purpose: an upper-case id is refused by both generations.
    if id.as_str() != device.id {
        return Err(ProofKind::IdMismatch.into());
    }
    if now.0.abs_diff(device.signed_at) > MAX_SKEW_MS {
        let skew = i128::from(device.signed_at) - i128::from(now.0);
        let skew_ms = i64::try_from(skew).unwrap_or(i64::MAX);
        return Err(ProofError { kind: ProofKind::Expired, skew_ms: Some(skew_ms) });
    }
    let nonce = device.nonce.trim();
    if nonce.is_empty() {
        return Err(ProofKind::NonceMissing.into());
    }
    if nonce != challenge {
        return Err(ProofKind::NonceMismatch.into());
    }
    // A key of the wrong length is told as a bad signature, as the real gateways do.
    let key: [u8; 32] = bytes.try_into().map_err(|_| ProofKind::Signature)?;
    let signature = decode(&device.signature)
        .and_then(|bytes| Signature::from_slice(&bytes).ok())
        .ok_or(ProofKind::Signature)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| ProofKind::PublicKey)?;
    let fits = |payload: String| key.verify_strict(payload.as_bytes(), &signature).is_ok();
    if fits(payload_v3(input, nonce)) || fits(payload_v2(input, nonce)) {
        Ok(id)
    } else {
        Err(ProofKind::Signature.into())
    }
}

/// Signs the `v3` payload of a request whose `device` block is complete but for the signature; base64url.
#[must_use]
pub fn sign_v3(key: &SigningKey, input: &ProofInput<'_>, nonce: &str) -> String {
    URL_SAFE_NO_PAD.encode(key.sign(payload_v3(input, nonce).as_bytes()).to_bytes())
}

/// As [`sign_v3`] for the older payload.
#[must_use]
pub fn sign_v2(key: &SigningKey, input: &ProofInput<'_>, nonce: &str) -> String {
    URL_SAFE_NO_PAD.encode(key.sign(payload_v2(input, nonce).as_bytes()).to_bytes())
}

/// Puts a signed `device` block into a request. Do it last: role, scopes, client and credentials are under the signature.
pub fn attach(params: &mut ConnectParams, key: &SigningKey, nonce: &str, now: Millis) {
    let public = PublicKey::from(key);
    params.device = Some(DeviceProofParams {
        id: public.device_id().as_str().to_owned(),
        public_key: public.to_base64url(),
        signature: String::new(),
        signed_at: now.0,
        nonce: nonce.to_owned(),
    });
    let signature = ProofInput::of(params).map(|input| sign_v3(key, &input, nonce));
    if let (Some(device), Some(signature)) = (&mut params.device, signature) {
        device.signature = signature;
    }
}

#[cfg(test)]
mod tests;
