//! `cargo xtask mutants`: breaks one check of the admission decision at a time, in a copy, and demands that a test
//! notices. A check that nothing misses is a check that nobody would miss when it is gone.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::{copy, run};

/// One broken check: file below `crates/admission/src`, what stands there exactly once, and what takes its place.
struct Mutant {
    breaks: &'static str,
    file: &'static str,
    stands: &'static str,
    instead: &'static str,
}

macro_rules! mutants {
    ($($breaks:literal in $file:literal: $stands:literal => $instead:literal;)*) => {
        &[$(Mutant { breaks: $breaks, file: $file, stands: $stands, instead: $instead },)*]
    };
}

const MUTANTS: &[Mutant] = mutants! {
    "the protocol range" in "decide.rs": "self.refuse(\"protocol\", saw," => "let _ = |s: &mut Self| s.refuse(\"protocol\", saw,";
    "workers" in "decide.rs": "if connect.claims_worker() {" => "if false {";
    "unknown roles" in "decide.rs": "Words::new(connect.role_word()).to_string(), Refusal::InvalidRole);" => "String::new(), Refusal::InvalidRole); self.refusal = None;";
    "nodes at the owner socket" in "decide.rs": "if role == Role::Node {\n            self.refuse(\"owner\"" => "if false {\n            self.refuse(\"owner\"";
    "foreign pages" in "decide.rs": "self.refuse(\"origin\", format!(\"{origin} is not allowed\"), refusal);" => "let _ = refusal;";
    "pages without an origin" in "decide.rs": "Refusal::Origin { missing: true, origin: origin.clone() });" => "Refusal::Origin { missing: true, origin: origin.clone() }); self.refusal = None;";
    "unknown scopes" in "decide.rs": "node_scopes(&scopes) } else { scopes.operator_only() }" => "node_scopes(&scopes) } else { scopes }";
    "a proof that fails" in "decide.rs": "self.refuse(\"device\", error.to_string(), Refusal::Proof(error));\n                None" => "let _ = error;\n                PublicKey::parse(&input.device.public_key).map(|key| Proven { id: key.device_id(), key })";
    "the key of a paired device" in "decide.rs": ".filter(|device| device.public_key == *proven.key.as_bytes())" => ".filter(|_| false)";
    "requested scopes against approved ones" in "decide.rs": "let grant = grant(scopes.intersect_satisfied(&approved), true" => "let _ = approved; let grant = grant(ScopeSet::full_operator(), true";
    "a token that is too narrow" in "decide.rs": "if let TokenVerdict::TooNarrow = token {" => "if false {";
    "used-up codes" in "decide.rs": "self.effects.push(Effect::Store(Mutation::RedeemCode { code: hash, ask }));" => "let _ = hash;";
    "counting failures" in "decide.rs": "self.count_failures(shared, page, &code, &token, paired);" => "";
    "how many unknown scopes are told" in "decide.rs": "unknown.iter().take(MAX_TOLD).map" => "unknown.iter().map";
    "clearing counts" in "decide.rs": "self.clear_failures(shared, page, &token, &code, &proven.id);" => "";
    "self calls from elsewhere" in "decide/deviceless.rs": "self.at.is_local()\n            && *page == OriginVerdict::NotABrowser\n            && self.attempt" => "*page == OriginVerdict::NotABrowser\n            && self.attempt";
    "self calls of other clients" in "decide/deviceless.rs": "&& self.attempt.connect.client.is_backend_self()" => "";
    "self calls of pages" in "decide/deviceless.rs": "&& *page == OriginVerdict::NotABrowser\n            && self.attempt.connect.client.is_backend_self()" => "&& self.attempt.connect.client.is_backend_self()";
    "clearing scopes without a device" in "decide/deviceless.rs": "(ScopeSet::EMPTY, !scopes.is_empty())" => "(scopes, false)";
    "nodes without a device" in "decide/deviceless.rs": "if role == Role::Operator && self.refusal.is_none() =>" => "if self.refusal.is_none() =>";
    "mode none without a device" in "decide/deviceless.rs": "AuthMethod::None => (v4 && self.is_local_self_call(page)).then_some(true)," => "AuthMethod::None => Some(true),";
    "a proxy's word without a device" in "decide/deviceless.rs": "AuthMethod::TrustedProxy => Some(false)," => "AuthMethod::TrustedProxy => Some(true),";
    "the control UI without a device" in "decide/deviceless.rs": "_ if control_ui => None," => "";
    "counting without a device" in "decide/deviceless.rs": "self.effects.extend(key.map(Effect::CountFailure));" => "let _ = key;";
    "telling a right secret through a lock-out" in "decide/deviceless.rs": "if shared.is_ok() {" => "if false {";
    "the lock-out without a device" in "decide/deviceless.rs": "AuthReason::RateLimited, None, Some(*retry_after_ms)" => "AuthReason::TokenMismatch, None, Some(*retry_after_ms)";
    "comparing secrets for refused pages" in "decide/credentials.rs": "if self.refusal.is_some() {" => "if false {";
    "counting wrong shared secrets" in "decide/credentials.rs": "if matches!(shared, Shared::Wrong(_)) && judged != own {" => "if false {";
    "guesses beside a device's own token" in "decide/credentials.rs": "&& judged != own {" => "&& own.is_none() {";
    "a device's own token taken for a guess" in "decide/credentials.rs": "&& judged != own {" => "&& (judged != own || true) {";
    "counting wrong codes" in "decide/credentials.rs": "if matches!(code, CodeVerdict::Bad) {" => "if false {";
    "pages that a stranger claims to be" in "decide/credentials.rs": "(OriginVerdict::Allowed { origin, .. }, None) if self.at.is_local() => {" => "(OriginVerdict::Allowed { origin, .. }, None) => {";
    "counting each page of this machine by itself" in "decide/credentials.rs": "(OriginVerdict::Allowed { origin, .. }, None) if self.at.is_local() => {" => "(OriginVerdict::Allowed { origin, .. }, None) if false && origin.as_str().is_empty() => {";
    "the exemption of codes" in "decide/credentials.rs": "&& class == CredentialClass::Shared" => "";
    "the lock-out of codes" in "decide/credentials.rs": "return CodeVerdict::Locked { retry_after_ms };" => "let _ = retry_after_ms;";
    "expired and unknown codes" in "decide/credentials.rs": "devices.code(hash).filter(|code| code.is_live(now))" => "devices.code(hash).filter(|_| true)";
    "codes of other devices" in "decide/credentials.rs": "code.redeemed_by.as_ref().is_some_and(|device| *device != ask.device_id)" => "false";
    "the winner's second try with a claim code" in "decide/credentials.rs": "|| code.redeemed_by.is_some() =>" => "=>";
    "what a code covers" in "decide/credentials.rs": "if !roles.contains(ask.role) || !scopes.covers(&ask.scopes) {" => "if false {";
    "device tokens" in "decide/credentials.rs": "self.view.tokens.verify(device, role, candidate).is_ok()" => "self.view.tokens.verify(device, role, candidate).is_ok() || true";
    "the width of a device token" in "decide/credentials.rs": "if worth.covers(scopes) {" => "if true {";
    "silent approval from elsewhere" in "decide/pairing.rs": "self.at.is_local()\n            && self.policy.approve_local" => "self.policy.approve_local";
    "silent approval switched off" in "decide/pairing.rs": "&& self.policy.approve_local" => "";
    "silent approval of pages" in "decide/pairing.rs": "*own_local_page && is_browser_client" => "is_browser_client";
    "silent approval of other clients in a page" in "decide/pairing.rs": "*own_local_page && is_browser_client(&self.attempt.connect.client)" => "*own_local_page";
    "silent approval of other roles and machines" in "decide/pairing.rs": "&& matches!(needed, Need::NotPaired | Need::ScopeUpgrade)" => "";
    "locality: the address" in "peer.rs": "return Err(NotLocal::RemoteAddress);" => "";
    "locality: forwarding headers" in "peer.rs": "return Err(NotLocal::Forwarded { header });" => "let _ = header;";
    "locality: the host" in "peer.rs": "return Err(NotLocal::ForeignHost { host: Words::new(&host) });" => "let _ = host;";
    "locality: containers" in "peer.rs": "return Err(NotLocal::Container);" => "";
    "locality: other users" in "peer.rs": "Err(NotLocal::OtherUser { uid: *uid })" => "{ let _ = uid; Ok(()) }";
    "locality: unknown owners" in "peer.rs": "Err(NotLocal::OwnerUnknown)\n" => "Ok(())\n";
    "forwarding headers of delivery networks" in "peer.rs": "FORWARDING_NAMES.contains(&name) || FORWARDING_FAMILIES" => "FORWARDING_FAMILIES";
    "families of forwarding headers" in "peer.rs": "|| FORWARDING_FAMILIES.iter().any(|family| name.starts_with(family))" => "";
    "how many header names are told" in "peer.rs": "if names.len() == MAX_HEADERS_TOLD {" => "if false {";
    "how much of a header name is told" in "peer.rs": ".nth(MAX_NAME_CHARS)" => ".nth(usize::MAX)";
    "repeated headers" in "peer.rs": "(values.next().is_none() && !value.is_empty()).then_some(value)" => "(!value.is_empty()).then_some(value)";
    "unlisted proxies" in "peer.rs": "if !is_listed(trusted, peer) {" => "if false {";
    "forwarded loopback" in "peer.rs": "if !ip.is_loopback() && !is_listed(trusted, ip) {" => "if !is_listed(trusted, ip) {";
    "equality with Host behind a proxy" in "origin.rs": "let same_host = !forwarded\n" => "let same_host = true\n";
    "public names by Host" in "origin.rs": "(policy.host_header_fallback || is_private_name(&host))" => "true";
    "loopback pages from elsewhere" in "origin.rs": "&& at_loopback(at)" => "";
    "repeated origins" in "origin.rs": "if values.next().is_some() { None } else { Origin::parse(sent) }" => "Origin::parse(sent)";
    "the shared secret" in "shared.rs": "(false, true) => Shared::Ok { method, user: None }," => "(false, _) => Shared::Ok { method, user: None },";
    "the lock-out of shared secrets" in "shared.rs": "return Shared::Locked { retry_after_ms };" => "let _ = retry_after_ms;";
    "proxies that are not listed" in "shared.rs": "if !listed {" => "if false {";
    "proxies on this host" in "shared.rs": "if peer.is_loopback() && !proxy.allow_loopback {" => "if false {";
    "this host's own addresses as proxy" in "shared.rs": "return Err(\"trusted_proxy_local_interface_source\".into());" => "";
    "a proxy's required headers" in "shared.rs": "return Err(format!(\"trusted_proxy_missing_header_{name}\"));" => "";
    "a proxy's users" in "shared.rs": "return Err(\"trusted_proxy_user_not_allowed\".into());" => "";
    "the limit" in "limiter.rs": "if entry.failures.len() >= max_attempts as usize {" => "let _ = max_attempts; if false {";
    "the limit of codes" in "limiter.rs": "limits.max_attempts.min(MAX_CODE_ATTEMPTS)" => "limits.max_attempts";
    "success through a lock-out" in "limiter.rs": "if self.locked_for(key, now).is_some() {\n            return false;" => "if false {\n            return false;";
};

/// Runs all mutants whose name contains `word`.
pub(crate) fn check(word: Option<&str>) -> Result<()> {
    let work = run::target_dir()?.join("mutants");
    let tree = work.join("tree");
    copy::write(&copy::workspace(&["protocol", "os", "pairing", "admission"], "admission")?, &tree)?;
    let began = Instant::now();
    ensure!(tests_pass(&tree, &work)?, "the tests fail before anything is broken");
    let mut survivors = Vec::new();
    let mut killed = 0;
    for mutant in MUTANTS.iter().filter(|mutant| word.is_none_or(|word| mutant.breaks.contains(word))) {
        let path = tree.join("crates/admission/src").join(mutant.file);
        let source = std::fs::read_to_string(&path).with_context(|| mutant.file)?;
        let count = source.matches(mutant.stands).count();
        ensure!(
            count == 1,
            "the mutant '{}' is stale: its text stands {count} times in {}",
            mutant.breaks,
            mutant.file
        );
        std::fs::write(&path, source.replacen(mutant.stands, mutant.instead, 1))?;
        let survived = tests_pass(&tree, &work);
        std::fs::write(&path, source)?;
        if survived? {
            println!("SURVIVED  {}", mutant.breaks);
            survivors.push(mutant.breaks);
        } else {
            println!("caught    {}", mutant.breaks);
            killed += 1;
        }
    }
    println!(
        "mutants: {killed} caught, {} survived, {:.0} s",
        survivors.len(),
        began.elapsed().as_secs_f64()
    );
    if survivors.is_empty() { Ok(()) } else { bail!("no test misses: {}", survivors.join("; ")) }
}

/// Whether all tests of the room pass. A mutant that does not compile is an error: it proves nothing.
fn tests_pass(tree: &Path, work: &Path) -> Result<bool> {
    let cargo = |arguments: &[&str]| {
        run::cargo()
            .args(arguments)
            .current_dir(tree)
            .env("CARGO_TARGET_DIR", work.join("build"))
            .env("RUSTFLAGS", "-Awarnings")
            .output()
            .context("cargo did not start")
    };
    let room = ["test", "--quiet", "-p", "openclaw-admission", "--lib", "--test", "it"];
    let built = cargo(&[&room[..], &["--no-run"]].concat())?;
    ensure!(built.status.success(), "a mutant does not compile:\n{}", String::from_utf8_lossy(&built.stderr));
    // The tables answer at once and catch most; the properties take seconds.
    for tests in [&["--", "--skip", "properties"][..], &["--", "properties"][..]] {
        if !cargo(&[&room[..], tests].concat())?.status.success() {
            return Ok(false);
        }
    }
    Ok(true)
}
