//! Device proofs: what one end signed against what the other end is shown. Input: lines (see [`Claim::line`]); those
//! before a line `presented` describe what is signed, those after it what changes on the way.

#![no_main]

use ed25519_dalek::Signer as _;
use libfuzzer_sys::fuzz_target;
use openclaw_fuzz::lines;
use openclaw_protocol::connect::{ClientInfo, ConnectParams, DeviceProofParams};
use openclaw_protocol::device_proof::{self, ProofInput, ProofKind, PublicKey, SigningKey};
use openclaw_protocol::time::Millis;
use sha2::{Digest, Sha256};

/// The gateway's clock.
const NOW: u64 = 1_795_159_616_760;

/// Everything that is under a signature, and how it is shown.
#[derive(Clone)]
struct Claim {
    params: ConnectParams,
    key: u8,
    at: u64,
    nonce: String,
    challenge: String,
    older: bool,
    id: Option<String>,
    public_key: Option<String>,
    signature: Option<String>,
    form: u8,
}

impl Claim {
    fn new() -> Self {
        Self {
            params: ConnectParams::new(ClientInfo::new("cli", "cli", "1.0.0", "linux"), 3, 4),
            key: 1,
            at: NOW,
            nonce: "8f05f80a-8615-4317-8039-2702faafa775".to_owned(),
            challenge: "8f05f80a-8615-4317-8039-2702faafa775".to_owned(),
            older: false,
            id: None,
            public_key: None,
            signature: None,
            form: 0,
        }
    }

    fn line(&mut self, word: &str, rest: &str) {
        let owned = || rest.to_owned();
        let some = || Some(rest.to_owned());
        match word {
            "client" => self.params.client.id = owned(),
            "mode" => self.params.client.mode = owned(),
            "platform" => self.params.client.platform = owned(),
            "family" => self.params.client.device_family = some(),
            "no-family" => self.params.client.device_family = None,
            "role" => self.params.role_sent = some(),
            "no-role" => self.params.role_sent = None,
            "scope" => self.params.scopes.push(owned()),
            "no-scopes" => self.params.scopes.clear(),
            "swap-scopes" => self.params.scopes.reverse(),
            "token" => self.params.auth.token = some().map(Into::into),
            "no-token" => self.params.auth.token = None,
            "device-token" => self.params.auth.device_token = some().map(Into::into),
            "bootstrap" => self.params.auth.bootstrap_token = some().map(Into::into),
            "password" => self.params.auth.password = some().map(Into::into),
            "version" => self.params.client.version = owned(),
            "key" => self.key = rest.parse().unwrap_or(self.key),
            "skew" => self.at = NOW.wrapping_add_signed(rest.parse().unwrap_or(0)),
            "nonce" => self.nonce = owned(),
            "challenge" => self.challenge = owned(),
            "older" => self.older = true,
            "id" => self.id = some(),
            "public-key" => self.public_key = some(),
            "signature" => self.signature = some(),
            "form" => self.form = rest.parse().unwrap_or(0),
            _ => {}
        }
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&[self.key; 32])
    }

    fn id(&self) -> String {
        let digest = Sha256::digest(self.signing_key().verifying_key().as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What goes under the signature (auth-and-pairing §1.5), written independently.
    fn payload(&self, version: &str, nonce: &str) -> String {
        let ConnectParams { client, auth, .. } = &self.params;
        let token = [&auth.token, &auth.device_token, &auth.bootstrap_token].into_iter().flatten().next();
        let mut parts = vec![
            version.to_owned(),
            self.id.clone().unwrap_or_else(|| self.id()),
            client.id.clone(),
            client.mode.clone(),
            self.params.role_sent.clone().unwrap_or_else(|| "operator".to_owned()),
            self.params.scopes.join(","),
            self.at.to_string(),
            token.map(|token| token.expose().to_owned()).unwrap_or_default(),
            nonce.to_owned(),
        ];
        if version == "v3" {
            parts.push(folded(&client.platform));
            parts.push(folded(client.device_family.as_deref().unwrap_or_default()));
        }
        parts.join("|")
    }
}

/// As `String.prototype.trim` and ASCII lower case.
fn folded(text: &str) -> String {
    const BLANKS: &str = "\t\n\u{b}\u{c}\r \u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\
        \u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";
    text.trim_matches(|c| BLANKS.contains(c)).chars().map(|c| c.to_ascii_lowercase()).collect()
}

/// Base64 in one of its spellings: with `form` 0 the common one of clients.
fn base64(bytes: &[u8], form: u8) -> String {
    let standard = form & 1 == 1;
    let alphabet: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(if standard { ['+', '/'] } else { ['-', '_'] })
        .collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            out.push(alphabet[(bits >> (18 - 6 * at) & 63) as usize]);
        }
        if form & 2 == 2 {
            out.extend(std::iter::repeat_n('=', 3 - chunk.len()));
        }
    }
    out
}

/// The bytes of a base64 text in whatever spelling; bits that do not fill a byte are ignored.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bits = 0u32;
    let mut have = 0;
    let mut out = Vec::new();
    for b in text.trim_end_matches('=').bytes() {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xfff;
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
        }
    }
    Some(out)
}

fuzz_target!(|data: &[u8]| {
    let text = lines::text(data);
    let mut signed = Claim::new();
    let mut presented = None;
    for (word, rest) in lines::of(&text) {
        match (&mut presented, word) {
            (None, "presented") => presented = Some(signed.clone()),
            (None, "keys") => keys(rest),
            (None, _) => signed.line(word, rest),
            (Some(claim), _) => claim.line(word, rest),
        }
    }
    let presented = presented.unwrap_or_else(|| signed.clone());
    let under = signed.payload(if signed.older { "v2" } else { "v3" }, &signed.nonce);
    let signature = signed.signing_key().sign(under.as_bytes()).to_bytes();
    judge(&under, &signature, &presented);
    what_we_attach_is_accepted(&presented);
});

fn judge(under: &str, signature: &[u8; 64], shown: &Claim) {
    let public = PublicKey::from(&shown.signing_key());
    let written = match shown.form & 4 {
        0 => base64(public.as_bytes(), shown.form),
        _ => public.to_spki_pem(),
    };
    let mut params = shown.params.clone();
    params.device = Some(DeviceProofParams {
        id: shown.id.clone().unwrap_or_else(|| shown.id()),
        public_key: shown.public_key.clone().unwrap_or(written),
        signature: shown.signature.clone().unwrap_or_else(|| base64(signature, shown.form)),
        signed_at: shown.at,
        nonce: shown.nonce.clone(),
    });
    let input = ProofInput::of(&params).expect("there is a device");
    let verdict = device_proof::verify(&input, Millis(NOW), &shown.challenge);
    let device = input.device;
    // A key or a signature in words of the fuzzer is judged one way only: it may be refused for its spelling, and
    // must be refused when it does not say the same bytes.
    let same_key =
        shown.public_key.is_none() || unbase64(device.public_key.trim()) == Some(public.as_bytes().to_vec());
    let same_signature = shown.signature.is_none() || unbase64(&device.signature) == Some(signature.to_vec());
    let nonce = shown.nonce.trim();
    let covered = ["v3", "v2"].iter().any(|version| shown.payload(version, nonce) == under);
    let wrong = if !same_key || device.id != shown.id() {
        Some(ProofKind::IdMismatch)
    } else if NOW.abs_diff(shown.at) > 120_000 {
        Some(ProofKind::Expired)
    } else if nonce.is_empty() {
        Some(ProofKind::NonceMissing)
    } else if nonce != shown.challenge {
        Some(ProofKind::NonceMismatch)
    } else if !same_signature || !covered {
        Some(ProofKind::Signature)
    } else {
        None
    };
    let overridden = shown.public_key.is_some() || shown.signature.is_some();
    match verdict {
        Ok(id) => {
            assert_eq!(wrong, None, "accepted");
            assert_eq!(id.as_str(), shown.id());
        }
        Err(error) => {
            assert!(overridden || wrong == Some(error.kind), "{:?} instead of {wrong:?}", error.kind);
            assert_eq!(error.skew_ms.is_some(), error.kind == ProofKind::Expired);
            let skew = i128::from(shown.at) - i128::from(NOW);
            assert!(error.skew_ms.is_none_or(|ms| i128::from(ms) == skew || ms == i64::MAX), "skew");
        }
    }
}

/// The client side: whatever the request says, attaching a proof makes it acceptable to the gateway that asked.
fn what_we_attach_is_accepted(claim: &Claim) {
    let challenge = claim.challenge.trim();
    if challenge.is_empty() {
        return;
    }
    let mut params = claim.params.clone();
    device_proof::attach(&mut params, &claim.signing_key(), challenge, Millis(NOW));
    let input = ProofInput::of(&params).expect("it was attached");
    let verdict = device_proof::verify(&input, Millis(NOW), challenge);
    assert_eq!(verdict.map(|id| id.as_str().to_owned()), Ok(claim.id()));
}

/// A key has one identity, however it is written.
fn keys(text: &str) {
    let Some(key) = PublicKey::parse(text) else { return };
    let forms = [key.to_base64url(), key.to_spki_pem(), base64(key.as_bytes(), 0), base64(key.as_bytes(), 3)];
    for form in forms {
        assert_eq!(PublicKey::parse(&form), Some(key), "{form}");
        assert_eq!(PublicKey::parse(&format!("  {form}\n")), Some(key), "{form}");
    }
    assert_eq!(key.device_id().as_str().len(), 64);
    if !text.contains("-----") {
        assert_eq!(unbase64(text.trim()).as_deref(), Some(&key.as_bytes()[..]));
    }
}
