//! The claim code: the second root of trust (ruling 30).
//!
//! As long as this gateway created its state and never had an operator, one short code stands on its standard
//! output, and nowhere else. The first device that presents it becomes the operator.

use std::sync::{Mutex, MutexGuard, PoisonError};

use openclaw_config::Env;
use openclaw_pairing::{CallerAuthority, CodeHash, CodeKind, Mutation, NewCode, Roles};
use openclaw_protocol::claim_code::ClaimCode;
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::time::Millis;
use openclaw_service::running::STARTED_BY;

use crate::banner;
use crate::core::Core;

/// Life of a code, milliseconds.
const LIFE_MS: u64 = 600_000;
/// Wrong codes in an hour, from everywhere together, after which the code is replaced.
const MAX_TRIES_AN_HOUR: u32 = 50;
const HOUR_MS: u64 = 3_600_000;

#[derive(Debug, Default)]
struct State {
    current: Option<(CodeHash, Millis)>,
    /// Wrong codes in the hour that began at `hour_began`.
    tries: u32,
    hour_began: Millis,
}

/// Keeps the current claim code's hash, and counts wrong ones.
#[derive(Debug, Default)]
pub struct ClaimDesk {
    /// Standard output is a file that stays, as `gateway start` and launchd have it: no place for a code (ruling 30).
    kept: bool,
    state: Mutex<State>,
    /// Held while a code is made, so that two devices that arrive at once do not have two shown.
    showing: tokio::sync::Mutex<()>,
}

impl ClaimDesk {
    /// The desk of a gateway in this environment.
    pub fn new(env: &Env) -> Self {
        let kept = [STARTED_BY, "OPENCLAW_LAUNCHD_LABEL"].iter().any(|name| env.get(name).is_some());
        Self { kept, ..Self::default() }
    }

    /// Whether codes are shown by this gateway at all.
    pub fn shows(&self) -> bool {
        !self.kept
    }

    /// Shows a code if this gateway may be claimed and none is on show. Called at the start, and whenever an
    /// unpaired device arrives; a code lives ten minutes, so this is also how often a new one appears at most.
    pub async fn show_if_needed(&self, core: &Core) {
        if !core.is_claimable() || self.is_on_show(core.now()) {
            return;
        }
        let _alone = self.showing.lock().await;
        let now = core.now();
        if !self.is_on_show(now) {
            self.show_new(core, now).await;
        }
    }

    /// Counts a wrong code. From the fiftieth in an hour on the code on show is worn out, and is answered to be revoked.
    #[must_use = "a code that is worn out must not be redeemed any more"]
    pub fn count_wrong(&self, now: Millis) -> Option<CodeHash> {
        let mut state = self.state();
        let (code, _) = state.current.filter(|(_, expires)| *expires > now)?;
        if now.since(state.hour_began) >= HOUR_MS {
            state.hour_began = now;
            state.tries = 0;
        }
        state.tries += 1;
        (state.tries >= MAX_TRIES_AN_HOUR).then_some(code)
    }

    /// The code was revoked: from now on [`ClaimDesk::show_if_needed`] shows another.
    pub fn worn_out(&self, code: CodeHash) {
        let mut state = self.state();
        if state.current.is_some_and(|(current, _)| current == code) {
            state.current = None;
            state.tries = 0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_on_show(&self, now: Millis) -> bool {
        self.state().current.as_ref().is_some_and(|(_, expires)| *expires > now)
    }

    async fn show_new(&self, core: &Core, now: Millis) {
        let mut bytes = [0; 5];
        if getrandom::fill(&mut bytes).is_err() {
            tracing::error!(subsystem = "gateway/claim", "no claim code: the system has no randomness");
            return;
        }
        let code = ClaimCode::from_random(bytes);
        let hash = CodeHash::of(code.expose());
        let new = NewCode {
            hash,
            kind: CodeKind::Claim,
            roles: Roles::only(Role::Operator),
            scopes: ScopeSet::full_operator(),
            ttl_ms: LIFE_MS,
            minted_by: None,
        };
        let mint = Mutation::MintCode { code: new, caller: CallerAuthority::owner() };
        if let Err(error) = core.store.apply(mint).await {
            tracing::error!(subsystem = "gateway/claim", "no claim code: {error}");
            return;
        }
        // The one that was shown before is worth nothing since then.
        self.state().current = Some((hash, now.plus(LIFE_MS)));
        // Standard output only: never the log file, never `logs.tail`.
        if let Some(logging) = &core.logging {
            let code = code.expose();
            // In the fragment no server and no log ever sees it; the page takes it from there.
            let link = banner::page_address(core).map_or_else(String::new, |page| {
                format!("Or open the dashboard with it: {page}#code={code}\n")
            });
            logging.announce(&format!(
                "\nClaim code: {code}   (valid for 10 minutes, works once)\n\
                 Enter it in the dashboard, or give it to the first client in place of a token: that device becomes \
                 the operator of this gateway.\n{link}"
            ));
        }
    }
}
