//! TLS towards a gateway: public certificate authorities, or one pinned certificate.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use openclaw_protocol::words::Words;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// SHA-256 of a certificate in DER form, as `openssl x509 -fingerprint -sha256` prints it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(certificate: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }

    /// Reads 64 hex digits of either case, with or without colons, with or without `sha256:` in front.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let text = text.trim();
        let text = match text.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256:") => &text[7..],
            _ => text,
        };
        let mut digits = text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16));
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            *byte = (digits.next()?? << 4 | digits.next()??) as u8;
        }
        digits.next().is_none().then_some(Fingerprint(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why the TLS handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The certificate is not the pinned one.
    #[error("the server showed another certificate (SHA-256 {got}) than the pinned one ({pinned})")]
    FingerprintMismatch {
        /// The pinned fingerprint.
        pinned: Fingerprint,
        /// What the server showed.
        got: Fingerprint,
    },
    /// No public authority vouches for the certificate, or not for this name.
    #[error("the server's certificate is not trusted: {why} (SHA-256 {got})")]
    NotTrusted {
        /// In words: self-signed, expired, another name…
        why: String,
        /// What the server showed, for comparing and pinning.
        got: Fingerprint,
    },
    /// The server does not speak TLS at all.
    #[error("the server does not speak TLS on this port")]
    NotTls,
    /// Anything else: no common version, an alert, a broken handshake.
    #[error("the TLS handshake failed: {why}")]
    Handshake {
        /// The library's words.
        why: String,
    },
}

/// Verifies certificates and remembers what it saw, so that a failure can name it.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    rule: Rule,
    seen: Mutex<Option<Fingerprint>>,
}

#[derive(Debug)]
enum Rule {
    Pinned(Fingerprint),
    Authorities(Arc<WebPkiServerVerifier>),
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let got = Fingerprint::of(end_entity);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(got);
        match &self.rule {
            Rule::Pinned(pinned) if bool::from(pinned.0.ct_eq(&got.0)) => Ok(ServerCertVerified::assertion()),
            Rule::Pinned(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Rule::Authorities(inner) => {
                inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The TLS side of one connection attempt.
#[derive(Debug)]
pub(crate) struct Tls {
    /// For the connector.
    pub(crate) config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
}

impl Tls {
    /// Settings that accept exactly the pinned certificate, or whatever the public authorities vouch for.
    pub(crate) fn new(pinned: Option<Fingerprint>) -> Result<Tls, TlsFault> {
        let broken = |why: String| TlsFault::Handshake { why };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let rule = match pinned {
            Some(fingerprint) => Rule::Pinned(fingerprint),
            None => {
                let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                    .build()
                    .map(Rule::Authorities)
                    .map_err(|error| broken(error.to_string()))?
            }
        };
        let verifier = Arc::new(Verifier { provider: provider.clone(), rule, seen: Mutex::new(None) });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        // A proxy that would choose HTTP/2 cannot carry this upgrade.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { config: Arc::new(config), verifier })
    }

    /// Explains an error of the TLS stream; `None` when it is not about TLS.
    pub(crate) fn explain(&self, error: &std::io::Error) -> Option<TlsFault> {
        let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        let seen = *self.verifier.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Some(match (tls, seen, &self.verifier.rule) {
            (rustls::Error::InvalidCertificate(_), Some(got), Rule::Pinned(pinned)) if got != *pinned => {
                TlsFault::FingerprintMismatch { pinned: *pinned, got }
            }
            (rustls::Error::InvalidCertificate(why), Some(got), _) => {
                TlsFault::NotTrusted { why: certificate_words(why), got }
            }
            (rustls::Error::InvalidMessage(_), None, _) => TlsFault::NotTls,
            (other, _, _) => TlsFault::Handshake { why: other.to_string() },
        })
    }
}

/// Names of a certificate that are told; a delivery network's may have hundreds.
const MAX_NAMES: usize = 5;

fn certificate_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "it is self-signed or from an unknown authority".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet (is this machine's clock right?)".to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names: Vec<String> =
                presented.iter().take(MAX_NAMES).map(|name| Words::new(name).to_string()).collect();
            format!("it is for another host name ({})", names.join(", "))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host name".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_in_every_usual_spelling() {
        let hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
        let plain = Fingerprint::parse(hex).unwrap();
        let pairs: Vec<&str> = (0..32).map(|n| &hex[2 * n..2 * n + 2]).collect();
        let colons = pairs.join(":");
        assert_eq!(Fingerprint::parse(&colons), Some(plain));
        assert_eq!(Fingerprint::parse(&format!(" SHA256:{colons} ")), Some(plain));
        assert_eq!(plain.to_string(), hex.to_lowercase());
        for bad in ["", "00", &hex[1..], &format!("{hex}0"), &hex.replace('0', "g"), "sha256:"] {
            assert_eq!(Fingerprint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn both_rules_make_a_config() {
        assert!(Tls::new(None).is_ok());
        assert!(Tls::new(Some(Fingerprint::of(b"x"))).is_ok());
    }
}
