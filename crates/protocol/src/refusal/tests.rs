//! The failure table of auth-and-pairing §3, row by row and dialect by dialect, against what real gateways answered.

use super::*;
use crate::{
    connect::{ClientHint, ClientKind},
    ids::DeviceId,
    role::Role,
    scope::{Scope, ScopeSet},
};

mod back;
mod words;

pub(super) const DEVICE: &str = "4b735ac174e40636507716ed5c9a8a75fbf6f462357fabb71ac42b7bd502c64a";
pub(super) const REQUEST: &str = "da01839f-d96a-4dc1-90bf-865d724a7642";

pub(super) const CLI: ClientHint = ClientHint { kind: ClientKind::Cli, local: true };
pub(super) const REMOTE_CLI: ClientHint = ClientHint { kind: ClientKind::Cli, local: false };
pub(super) const UI: ClientHint = ClientHint { kind: ClientKind::ControlUi, local: true };
pub(super) const NODE: ClientHint = ClientHint { kind: ClientKind::Node, local: false };
pub(super) const OTHER: ClientHint = ClientHint { kind: ClientKind::Other, local: false };

/// The error without our help object, and the close, as one text to compare.
fn said(refusal: &Refusal, dialect: Dialect) -> (String, u16, String) {
    let WireRefusal { error, close } = refusal.wire(dialect);
    let error = error.map_or_else(String::new, |mut error| {
        let help = error.details.as_mut().unwrap().as_object_mut().unwrap().remove("help");
        let keys: Vec<String> = help.unwrap().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["cause", "sentence", "fix"]);
        if error.details == Some(json!({})) {
            error.details = None;
        }
        serde_json::to_string(&error).unwrap()
    });
    (error, close.code, close.reason)
}

fn row(refusal: &Refusal, dialect: Dialect, error: &str, code: u16, reason: &str) {
    assert_eq!(said(refusal, dialect), (error.to_owned(), code, reason.to_owned()), "{refusal:?} {dialect}");
    // What the journal keeps of it says the same later.
    let kept: Refusal = serde_json::from_str(&serde_json::to_string(refusal).unwrap()).unwrap();
    assert_eq!((said(&kept, dialect), kept.help()), (said(refusal, dialect), refusal.help()), "{refusal:?}");
}

/// A row that is the same in both dialects.
fn both(refusal: &Refusal, error: &str, code: u16, reason: &str) {
    row(refusal, Dialect::V3, error, code, reason);
    row(refusal, Dialect::V4, error, code, reason);
}

/// A row whose close has the message's text.
fn policy(refusal: &Refusal, dialect: Dialect, message: &str, details: &str) {
    let error = format!(r#"{{"code":"INVALID_REQUEST","message":"{message}","details":{details}}}"#);
    row(refusal, dialect, &error, 1008, message);
}

#[test]
fn section_3_1_frames_schema_protocol_role_start() {
    both(&Refusal::InvalidJson, "", 1000, "invalid JSON");
    both(&Refusal::InvalidFrame, "", 1008, "invalid request frame");
    both(&Refusal::FrameTooLarge, "", 1009, "frame too large");
    both(&Refusal::HandshakeTimeout, "", 1000, "handshake timeout");
    both(&Refusal::TooManyHandshakeFrames, "", 1008, "too many pending handshake frames");
    both(
        &Refusal::NotConnect,
        r#"{"code":"INVALID_REQUEST","message":"invalid handshake: first request must be connect"}"#,
        1008,
        "invalid handshake: first request must be connect",
    );
    both(
        &Refusal::InvalidParams {
            message: "invalid connect params: must have required property 'minProtocol'; must have required property 'maxProtocol'; must have required property 'client'".to_owned(),
        },
        r#"{"code":"INVALID_REQUEST","message":"invalid connect params: must have required property 'minProtocol'; must have required property 'maxProtocol'; must have required property 'client'"}"#,
        1008,
        "invalid connect params: must have required property 'minProtocol'; must have required property 'maxProtocol'; must have ",
    );
    let mismatch = Refusal::ProtocolMismatch { min: 1, max: 2 };
    row(
        &mismatch,
        Dialect::V3,
        r#"{"code":"INVALID_REQUEST","message":"protocol mismatch","details":{"expectedProtocol":3}}"#,
        1002,
        "protocol mismatch",
    );
    row(
        &mismatch,
        Dialect::V4,
        r#"{"code":"INVALID_REQUEST","message":"protocol mismatch","details":{"code":"PROTOCOL_MISMATCH","clientMinProtocol":1,"clientMaxProtocol":2,"expectedProtocol":4,"minimumProbeProtocol":3}}"#,
        1002,
        "protocol mismatch",
    );
    let role = r#"{"code":"INVALID_REQUEST","message":"invalid role"}"#;
    both(&Refusal::InvalidRole, role, 1008, "invalid role");
    row(&Refusal::WorkerClaim, Dialect::V3, role, 1008, "invalid role");
    row(&Refusal::WorkerClaim, Dialect::V4, "", 1008, "invalid-handshake");
    both(
        &Refusal::Starting,
        r#"{"code":"UNAVAILABLE","message":"gateway starting; retry shortly","retryable":true,"retryAfterMs":500,"details":{"reason":"startup-sidecars"}}"#,
        1013,
        "gateway starting",
    );
    both(
        &Refusal::Draining { reason: DrainReason::Restart },
        r#"{"code":"UNAVAILABLE","message":"connect unavailable during gateway restart","retryable":true,"retryAfterMs":1000,"details":{"method":"connect","reason":"gateway-restarting","phase":"draining"}}"#,
        1013,
        "gateway restart in progress",
    );
    both(
        &Refusal::Draining { reason: DrainReason::Suspension },
        r#"{"code":"UNAVAILABLE","message":"connect unavailable during gateway suspension","retryable":true,"retryAfterMs":1000,"details":{"method":"connect","reason":"gateway-suspending","phase":"draining"}}"#,
        1013,
        "gateway suspension in progress",
    );
    both(
        &Refusal::BuildMismatch { gateway_build: "b1".to_owned() },
        r#"{"code":"UNAVAILABLE","message":"protocol mismatch: Control UI updated; reload this page to continue","retryable":false,"details":{"code":"PROTOCOL_MISMATCH","gatewayBuildId":"b1","reloadRequired":true}}"#,
        1008,
        "protocol mismatch: Control UI updated; reload this page to continue",
    );
}

fn details(code: &str, reason: &str, retry: bool, next: &str) -> String {
    format!(
        r#"{{"code":"{code}","authReason":"{reason}","canRetryWithDeviceToken":{retry},"recommendedNextStep":"{next}"}}"#
    )
}

fn failure(reason: AuthReason, client: ClientHint) -> Refusal {
    Refusal::Unauthorized(AuthFailure::new(reason, client))
}

#[test]
fn section_3_2_token_hints_for_each_client() {
    let missing = details("AUTH_TOKEN_MISSING", "token_missing", false, "update_auth_configuration");
    let wrong = details("AUTH_TOKEN_MISMATCH", "token_mismatch", false, "update_auth_credentials");
    let remote = "set gateway.remote.token to match gateway.auth.token";
    let local = "use this gateway's gateway.auth.token or pair the device";
    let page = "open the dashboard URL and paste the token in Control UI settings";
    let page_v4 = "paste in Control UI settings or openclaw doctor --generate-gateway-token; restart";
    let any = "provide gateway auth token";
    for (client, dialect, hint_wrong, hint_missing) in [
        (CLI, Dialect::V3, remote, remote),
        (REMOTE_CLI, Dialect::V3, remote, remote),
        (CLI, Dialect::V4, local, local),
        (REMOTE_CLI, Dialect::V4, remote, remote),
        (UI, Dialect::V3, page, page),
        (UI, Dialect::V4, page, page_v4),
        (NODE, Dialect::V3, any, any),
        (OTHER, Dialect::V4, any, any),
    ] {
        let message = format!("unauthorized: gateway token mismatch ({hint_wrong})");
        policy(&failure(AuthReason::TokenMismatch, client), dialect, &message, &wrong);
        // A placeholder is a wrong token on the wire; only the help differs.
        policy(&failure(AuthReason::Placeholder, client), dialect, &message, &wrong);
        let message = format!("unauthorized: gateway token missing ({hint_missing})");
        policy(&failure(AuthReason::TokenMissing, client), dialect, &message, &missing);
    }
    let mut retry = AuthFailure::new(AuthReason::TokenMismatch, CLI);
    retry.can_retry_with_device_token = true;
    policy(
        &Refusal::Unauthorized(retry),
        Dialect::V3,
        &format!("unauthorized: gateway token mismatch ({remote})"),
        &details("AUTH_TOKEN_MISMATCH", "token_mismatch", true, "retry_with_device_token"),
    );
}

#[test]
fn section_3_2_password_hints_for_each_client() {
    let missing = details("AUTH_PASSWORD_MISSING", "password_missing", false, "update_auth_configuration");
    let wrong = details("AUTH_PASSWORD_MISMATCH", "password_mismatch", false, "update_auth_credentials");
    let remote = "set gateway.remote.password to match gateway.auth.password";
    for (client, dialect, hint) in [
        (CLI, Dialect::V3, remote),
        (CLI, Dialect::V4, "use this gateway's gateway.auth.password"),
        (REMOTE_CLI, Dialect::V4, remote),
        (UI, Dialect::V3, "enter the password in Control UI settings"),
        (UI, Dialect::V4, "enter the password in Control UI settings"),
        (OTHER, Dialect::V3, "provide gateway auth password"),
    ] {
        let message = format!("unauthorized: gateway password mismatch ({hint})");
        policy(&failure(AuthReason::PasswordMismatch, client), dialect, &message, &wrong);
        let message = format!("unauthorized: gateway password missing ({hint})");
        policy(&failure(AuthReason::PasswordMissing, client), dialect, &message, &missing);
    }
}

#[test]
fn section_3_2_the_rest() {
    let stale =
        details("AUTH_DEVICE_TOKEN_MISMATCH", "device_token_mismatch", false, "update_auth_credentials");
    let stale_text = "unauthorized: device token mismatch (rotate/reissue device token)";
    let review = "review_auth_configuration";
    for dialect in [Dialect::V3, Dialect::V4] {
        policy(&failure(AuthReason::DeviceTokenMismatch, CLI), dialect, stale_text, &stale);
        policy(
            &failure(AuthReason::TokenNotConfigured, CLI),
            dialect,
            "unauthorized: gateway token not configured on gateway (set gateway.auth.token)",
            &details("AUTH_TOKEN_NOT_CONFIGURED", "token_missing_config", false, "update_auth_configuration"),
        );
        policy(
            &failure(AuthReason::PasswordNotConfigured, CLI),
            dialect,
            "unauthorized: gateway password not configured on gateway (set gateway.auth.password)",
            &details(
                "AUTH_PASSWORD_NOT_CONFIGURED",
                "password_missing_config",
                false,
                "update_auth_configuration",
            ),
        );
        for (reason, name, code, text) in [
            (
                TailscaleReason::UserMissing,
                "tailscale_user_missing",
                "IDENTITY_MISSING",
                "identity missing (use Tailscale Serve auth or gateway token/password)",
            ),
            (
                TailscaleReason::ProxyMissing,
                "tailscale_proxy_missing",
                "PROXY_MISSING",
                "proxy headers missing (use Tailscale Serve or gateway token/password)",
            ),
            (
                TailscaleReason::WhoisFailed,
                "tailscale_whois_failed",
                "WHOIS_FAILED",
                "identity check failed (use Tailscale Serve auth or gateway token/password)",
            ),
            (
                TailscaleReason::UserMismatch,
                "tailscale_user_mismatch",
                "IDENTITY_MISMATCH",
                "identity mismatch (use Tailscale Serve auth or gateway token/password)",
            ),
        ] {
            policy(
                &failure(AuthReason::Tailscale(reason), CLI),
                dialect,
                &format!("unauthorized: tailscale {text}"),
                &details(&format!("AUTH_TAILSCALE_{code}"), name, false, review),
            );
        }
        policy(
            &failure(AuthReason::TrustedProxy("trusted_proxy_user_missing".to_owned()), CLI),
            dialect,
            "unauthorized",
            &details("AUTH_UNAUTHORIZED", "trusted_proxy_user_missing", false, review),
        );
    }
    policy(&failure(AuthReason::ScopeMismatch, CLI), Dialect::V3, stale_text, &stale);
    policy(
        &failure(AuthReason::ScopeMismatch, CLI),
        Dialect::V4,
        "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)",
        &details("AUTH_SCOPE_MISMATCH", "scope_mismatch", false, review),
    );
    let code = details("AUTH_BOOTSTRAP_TOKEN_INVALID", "bootstrap_token_invalid", false, review);
    policy(
        &failure(AuthReason::BootstrapInvalid, CLI),
        Dialect::V3,
        "unauthorized: bootstrap token invalid or expired (scan a fresh setup code)",
        &code,
    );
    policy(
        &failure(AuthReason::BootstrapInvalid, CLI),
        Dialect::V4,
        "unauthorized: setup code invalid, expired, revoked, or already used (create a new code; review `openclaw devices list`)",
        &code,
    );
}

#[test]
fn section_3_2_lock_out_and_proxy_headers() {
    let mut locked = AuthFailure::new(AuthReason::RateLimited, CLI);
    locked.retry_after_ms = Some(19_991);
    let locked = Refusal::Unauthorized(locked);
    let text = "unauthorized: too many failed authentication attempts (retry later)";
    let limited = details("AUTH_RATE_LIMITED", "rate_limited", false, "wait_then_retry");
    policy(&locked, Dialect::V3, text, &limited);
    row(
        &locked,
        Dialect::V4,
        &format!(
            r#"{{"code":"INVALID_REQUEST","message":"{text}","retryable":true,"retryAfterMs":19991,"details":{limited}}}"#
        ),
        1008,
        text,
    );
    let reason = "trusted_proxy_missing_header_x-forwarded-proto";
    let header = |client| failure(AuthReason::TrustedProxy(reason.to_owned()), client);
    let review = "review_auth_configuration";
    let v3 = details("AUTH_UNAUTHORIZED", reason, false, review);
    let v4 = details("AUTH_IDENTITY_HEADER_REQUIRED", reason, false, review);
    policy(&header(CLI), Dialect::V3, "unauthorized", &v3);
    policy(&header(NODE), Dialect::V3, "unauthorized", &v3);
    policy(&header(CLI), Dialect::V4, "unauthorized", &v4);
    let node = "gateway rejected this node: trusted-proxy identity-header authentication is required and no usable machine credential was accepted; run `openclaw doctor` on the Gateway";
    row(
        &header(NODE),
        Dialect::V4,
        &format!(r#"{{"code":"INVALID_REQUEST","message":"{node}","details":{v4}}}"#),
        1008,
        &node[..120],
    );
}

#[test]
fn section_3_3_device_identity_and_origin() {
    both(
        &Refusal::DeviceRequired { control_ui: false },
        r#"{"code":"NOT_PAIRED","message":"device identity required","details":{"code":"DEVICE_IDENTITY_REQUIRED"}}"#,
        1008,
        "device identity required",
    );
    for dialect in [Dialect::V3, Dialect::V4] {
        policy(
            &Refusal::DeviceRequired { control_ui: true },
            dialect,
            "control ui requires device identity (use HTTPS or localhost secure context)",
            r#"{"code":"CONTROL_UI_DEVICE_IDENTITY_REQUIRED"}"#,
        );
        for (kind, text, code, reason) in [
            (ProofKind::IdMismatch, "device identity mismatch", "DEVICE_ID_MISMATCH", "device-id-mismatch"),
            (ProofKind::Expired, "device signature expired", "SIGNATURE_EXPIRED", "device-signature-stale"),
            (ProofKind::NonceMissing, "device nonce required", "NONCE_REQUIRED", "device-nonce-missing"),
            (ProofKind::NonceMismatch, "device nonce mismatch", "NONCE_MISMATCH", "device-nonce-mismatch"),
            (ProofKind::Signature, "device signature invalid", "SIGNATURE_INVALID", "device-signature"),
            (ProofKind::PublicKey, "device public key invalid", "PUBLIC_KEY_INVALID", "device-public-key"),
        ] {
            let details = format!(r#"{{"code":"DEVICE_AUTH_{code}","reason":"{reason}"}}"#);
            policy(&Refusal::Proof(kind.into()), dialect, text, &details);
        }
        for (missing, reason) in [(true, "origin missing or invalid"), (false, "origin not allowed")] {
            policy(
                &Refusal::Origin { missing, origin: None },
                dialect,
                "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)",
                &format!(r#"{{"code":"CONTROL_UI_ORIGIN_NOT_ALLOWED","reason":"{reason}"}}"#),
            );
        }
    }
}

pub(super) fn scopes(list: &[Scope]) -> ScopeSet {
    list.iter().cloned().collect()
}

pub(super) fn pairing(reason: PairingReason) -> PairingRefusal {
    PairingRefusal {
        reason,
        request_id: RequestId::parse(REQUEST).unwrap(),
        device_id: DeviceId::parse(DEVICE).unwrap(),
        requested_role: Role::Operator,
        requested_scopes: scopes(&[Scope::ADMIN]),
        approved_roles: Vec::new(),
        approved_scopes: ScopeSet::EMPTY,
        control_ui: false,
        not_local: None,
        token_accepted: false,
        claimable: false,
    }
}

#[test]
fn section_3_4_pairing_in_protocol_3() {
    for reason in ["not-paired", "role-upgrade", "scope-upgrade", "metadata-upgrade"] {
        row(
            &Refusal::Pairing(pairing(PairingReason::parse(reason).unwrap())),
            Dialect::V3,
            &format!(
                r#"{{"code":"NOT_PAIRED","message":"pairing required","details":{{"code":"PAIRING_REQUIRED","requestId":"{REQUEST}","reason":"{reason}"}}}}"#
            ),
            1008,
            "pairing required",
        );
    }
}

#[test]
fn section_3_4_pairing_in_protocol_4() {
    let mut page = pairing(PairingReason::NotPaired);
    page.control_ui = true;
    row(
        &Refusal::Pairing(page),
        Dialect::V4,
        &format!(
            r#"{{"code":"NOT_PAIRED","message":"pairing required: device is not approved yet","details":{{"code":"PAIRING_REQUIRED","reason":"not-paired","requestId":"{REQUEST}","remediationHint":"Approve this device from the pending pairing requests.","recommendedNextStep":"wait_then_retry","retryable":true,"pauseReconnect":false,"deviceId":"{DEVICE}","requestedRole":"operator","requestedScopes":["operator.admin"]}}}}"#
        ),
        1008,
        &format!("pairing required: device is not approved yet (requestId: {REQUEST})"),
    );
    let mut node = pairing(PairingReason::NotPaired);
    node.requested_role = Role::Node;
    node.requested_scopes = ScopeSet::EMPTY;
    let (error, ..) = said(&Refusal::Pairing(node), Dialect::V4);
    assert!(error.ends_with(&format!(r#""deviceId":"{DEVICE}","requestedRole":"node"}}}}"#)), "{error}");

    let mut wider = pairing(PairingReason::ScopeUpgrade);
    wider.approved_roles = vec![Role::Operator];
    wider.approved_scopes = scopes(&[Scope::READ, Scope::WRITE]);
    row(
        &Refusal::Pairing(wider.clone()),
        Dialect::V4,
        &format!(
            r#"{{"code":"NOT_PAIRED","message":"pairing required: device is asking for more scopes than currently approved","details":{{"code":"PAIRING_REQUIRED","reason":"scope-upgrade","requestId":"{REQUEST}","remediationHint":"Review the requested scopes, then approve the pending upgrade.","deviceId":"{DEVICE}","requestedRole":"operator","requestedScopes":["operator.admin"],"approvedRoles":["operator"],"approvedScopes":["operator.read","operator.write"]}}}}"#
        ),
        1008,
        // The real gateway cuts the id here; ours gives up words instead (ruling 3).
        &format!("pairing required: device is asking for more scopes than currently… (requestId: {REQUEST})"),
    );
    for (reason, text, hint) in [
        (
            "role-upgrade",
            "device is asking for a higher role than currently approved",
            "Review the requested role upgrade, then approve the pending request.",
        ),
        (
            "metadata-upgrade",
            "device identity changed and must be re-approved",
            "Review the refreshed device details, then approve the pending request.",
        ),
    ] {
        let refusal = Refusal::Pairing(pairing(PairingReason::parse(reason).unwrap()));
        let wire = refusal.wire(Dialect::V4);
        let error = wire.error.unwrap();
        assert_eq!(error.message, format!("pairing required: {text}"));
        assert_eq!(error.detail("remediationHint"), Some(hint));
        assert_eq!(error.detail("reason"), Some(reason));
        assert!(wire.close.reason.starts_with("pairing required: device "));
        assert_eq!(wire.close.request_id().unwrap().as_str(), REQUEST);
    }
}

#[test]
fn section_3_5_and_our_own_rows() {
    both(&Refusal::SlowConsumer, "", 1008, "slow consumer");
    both(&Refusal::RepeatedUnauthorized, "", 1008, "repeated unauthorized calls");
    both(&Refusal::Displaced, "", 1013, "too many unfinished connections; retry shortly");
    both(&Refusal::Invalidated { why: InvalidatedWhy::AuthChanged }, "", 4001, "gateway auth changed");
    both(
        &Refusal::Invalidated { why: InvalidatedWhy::DeviceRemoved },
        "",
        4001,
        "client invalidated: device removed",
    );
    both(
        &Refusal::TooManyWaiting { retry_after_ms: 5000 },
        r#"{"code":"UNAVAILABLE","message":"too many devices are waiting for approval; retry later","retryable":true,"retryAfterMs":5000,"details":{"reason":"too-many-waiting"}}"#,
        1013,
        "too many devices are waiting for approval",
    );
    let store =
        Refusal::StoreUnavailable { retry_after_ms: 2000, why: "/home/u/.openclaw: disk full".to_owned() };
    both(
        &store,
        r#"{"code":"UNAVAILABLE","message":"gateway cannot save changes; retry later","retryable":true,"retryAfterMs":2000,"details":{"reason":"store-unavailable"}}"#,
        1013,
        "gateway cannot save changes",
    );
    // The reason names a path; it is for the log only (ruling 32).
    assert!(!serde_json::to_string(&store.wire(Dialect::V4).error).unwrap().contains("/home"));
    assert_eq!(store.private_note().as_deref(), Some("/home/u/.openclaw: disk full"));
}
