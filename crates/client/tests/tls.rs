//! TLS with a real handshake: pinned, not pinned, pinned to another, and no TLS at all.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod fake;

use std::sync::Arc;

use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey};
use fake::{admit, at, challenge, hello, listener, options, upgrade};
use openclaw_client::{Cause, Client, Fingerprint, GatewayUrl, Target, TlsFault, UrlSource, Verdict};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One DER element.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..128 => out.push(short as u8),
        medium @ 128..256 => out.extend([0x81, medium as u8]),
        long => out.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    out.extend(content);
    out
}

/// A self-signed certificate, made on the spot so that no private key lies in the repository.
fn certificate(key: &SigningKey) -> CertificateDer<'static> {
    let ed25519 = der(0x30, &[&der(0x06, &[&[0x2B, 0x65, 0x70]])]);
    let name = der(
        0x30,
        &[&der(0x31, &[&der(0x30, &[&der(0x06, &[&[0x55, 0x04, 0x03]]), &der(0x0C, &[b"gateway"])])])],
    );
    let validity = der(0x30, &[&der(0x17, &[b"250101000000Z"]), &der(0x17, &[b"491231235959Z"])]);
    let key_info = der(0x30, &[&ed25519, &der(0x03, &[&[0], key.verifying_key().as_bytes()])]);
    let version = der(0xA0, &[&der(0x02, &[&[2]])]);
    let serial = der(0x02, &[&[1]]);
    let names = der(0x04, &[&der(0x30, &[&der(0x87, &[&[127, 0, 0, 1]])])]);
    let for_address = der(0x30, &[&der(0x06, &[&[0x55, 0x1D, 0x11]]), &names]);
    let extensions = der(0xA3, &[&der(0x30, &[&for_address])]);
    let body = der(0x30, &[&version, &serial, &ed25519, &name, &validity, &name, &key_info, &extensions]);
    let signature = key.sign(&body).to_bytes();
    CertificateDer::from(der(0x30, &[&body, &ed25519, &der(0x03, &[&[0], &signature])]))
}

fn server() -> (TlsAcceptor, Fingerprint) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let certificate = certificate(&key);
    let fingerprint = Fingerprint::of(&certificate);
    let pair = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let private = PrivatePkcs8KeyDer::from(pair.to_pkcs8_der().unwrap().as_bytes().to_vec());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::from(private))
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), fingerprint)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    let (socket, _) = listener.accept().await.unwrap();
    let Ok(tls) = acceptor.accept(socket).await else { return };
    let (mut stream, _) = upgrade(tls).await;
    challenge(&mut stream).await;
    admit(&mut stream, hello(None)).await;
    while stream.recv().await.is_ok() {}
}

/// Connects to a fresh TLS server; `pin` chooses the fingerprint from the real one.
async fn connect(
    pin: impl Fn(Fingerprint) -> Option<Fingerprint>,
) -> Result<(), openclaw_client::ConnectError> {
    let (listener, address) = listener().await;
    let (acceptor, real) = server();
    let url = GatewayUrl::parse(&format!("wss://127.0.0.1:{}", address.port())).unwrap();
    let target = Target { fingerprint: pin(real), ..at(url, UrlSource::ConfigRemote) };
    let options = options(target);
    let client = async {
        let client = Client::connect(&options).await?;
        client.close().await;
        Ok(())
    };
    tokio::join!(client, serve(listener, acceptor)).0
}

#[tokio::test]
async fn the_pinned_certificate_is_enough() {
    connect(Some).await.unwrap();
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let other = Fingerprint::of(b"another");
    let error = connect(|_| Some(other)).await.unwrap_err();
    let (_, real) = server();
    let expected = TlsFault::FingerprintMismatch { pinned: other, got: real };
    assert!(matches!(&error.cause, Cause::Tls(fault) if *fault == expected), "{error:?}");
    assert_eq!(Verdict::of(&error), Verdict::Pause);
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_and_named() {
    let error = connect(|_| None).await.unwrap_err();
    let (_, real) = server();
    assert!(
        matches!(&error.cause, Cause::Tls(TlsFault::NotTrusted { got, .. }) if *got == real),
        "{error:?}"
    );
    assert!(error.facts().concat().contains(&real.to_string()), "{error:?}");
}

#[tokio::test]
async fn tls_to_a_plaintext_server_and_plaintext_to_a_tls_server() {
    let (listener, address) = listener().await;
    let url = GatewayUrl::parse(&format!("wss://127.0.0.1:{}", address.port())).unwrap();
    let wrong = options(at(url, UrlSource::CliUrl));
    let server = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.read_buf(&mut Vec::new()).await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        socket.read_to_end(&mut Vec::new()).await.ok();
    };
    let (error, ()) = tokio::join!(Client::connect(&wrong), server);
    let error = error.map(|_| ()).unwrap_err();
    assert!(matches!(error.cause, Cause::Tls(TlsFault::NotTls)), "{error:?}");

    let wrong = options(fake::local(address));
    let (acceptor, _) = self::server();
    let (error, ()) = tokio::join!(Client::connect(&wrong), serve(listener, acceptor));
    let error = error.map(|_| ()).unwrap_err();
    assert!(matches!(error.cause, Cause::WantsTls), "{error:?}");
}

/// Walks the way to a fresh TLS server under an address of that scheme; the server sees as many connections as come.
async fn walked(scheme: &str) -> (openclaw_client::path_test::Path, Fingerprint) {
    use openclaw_client::path_test::{Plan, walk};
    let (listener, address) = listener().await;
    let (acceptor, real) = server();
    let url = GatewayUrl::parse(&format!("{scheme}://127.0.0.1:{}", address.port())).unwrap();
    let options = options(at(url, UrlSource::CliUrl));
    let plan = Plan { options, anonymous: Some("not tried"), source: "cli --url" };
    let vantage = openclaw_protocol::refusal::Vantage::default();
    let serving = async {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let _ = acceptor.accept(socket).await;
        }
    };
    tokio::select! {
        path = walk(&plan, &vantage) => (path, real),
        () = serving => unreachable!(),
    }
}

#[tokio::test]
async fn the_path_test_tells_a_wrong_certificate_from_a_wrong_scheme() {
    use openclaw_client::path_test::Hop;
    let (path, real) = walked("wss").await;
    let failed = path.first_failure().unwrap();
    assert_eq!(failed.hop, Hop::Tls);
    assert!(failed.fact.contains(&real.to_string()), "to compare with: {}", failed.fact);
    // What was seen is not what may be trusted: the owner fills in his own (ruling 33).
    let fix = failed.help.as_ref().and_then(|help| help.fix.clone()).unwrap();
    assert!(fix.contains("tlsFingerprint") && !fix.contains(&real.to_string()), "{fix}");

    let (path, _) = walked("ws").await;
    let failed = path.first_failure().unwrap();
    let fix = failed.help.as_ref().and_then(|help| help.fix.clone()).unwrap();
    assert_eq!(failed.hop, Hop::Http);
    assert!(fix.starts_with("openclaw doctor --url wss://127.0.0.1:"), "{fix}");
}
