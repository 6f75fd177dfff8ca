//! Lock-out after repeated failures (auth-and-pairing §2.7, rulings 16 and 20, S17).
//!
//! The limiter is a plain value. `decide` reads it; the gateway counts into it when it applies the effects of a
//! decision. Counting answers whether the failure was still inside the limit: of a thousand attempts judged at
//! the same instant only the first `max_attempts` get a verdict, the rest are told to wait.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::time::Millis;

/// How many keys are remembered. An attacker who owns an IPv6 network must not own our memory:
/// beyond this the key whose last failure is oldest is forgotten. About 150 bytes each, so under 2 MiB.
const MAX_KEYS: usize = 8_192;

/// What kind of credential was tried. Each has its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialClass {
    /// The gateway's token or password.
    Shared,
    /// A device token.
    Device,
    /// A setup or claim code.
    Bootstrap,
}

/// Who tried it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// A peer without `Origin`, by its network ([`crate::peer::bucket`]).
    Address(IpAddr),
    /// A web page: browsers are counted by page and network and are never exempt (S3).
    Page(IpAddr, Box<str>),
    /// A device, by its key and network: a stranger elsewhere cannot lock a device out (ruling 20).
    Device(IpAddr, DeviceId),
}

/// The key of one count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LimitKey {
    /// The credential that was tried.
    pub class: CredentialClass,
    /// Who tried it.
    pub who: Who,
}

/// Wrong setup or claim codes that start a lock-out, however generous the configuration is (ruling 30).
const MAX_CODE_ATTEMPTS: u32 = 5;

/// `gateway.auth.rateLimit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Failures inside the window that start a lock-out.
    pub max_attempts: u32,
    /// Length of the sliding window, milliseconds.
    pub window_ms: u64,
    /// Length of a lock-out, milliseconds.
    pub lockout_ms: u64,
    /// Whether peers that are local (ruling 16) are never locked out.
    pub exempt_local: bool,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { max_attempts: 10, window_ms: 60_000, lockout_ms: 300_000, exempt_local: true }
    }
}

/// What counting a failure led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// The failure was inside the limit; the peer may learn why it failed.
    Within,
    /// The key is locked: the attempt must be answered as if its credential had not been looked at.
    Locked {
        /// Milliseconds until the lock-out ends.
        retry_after_ms: u64,
    },
}

#[derive(Debug, Clone, Default)]
struct Entry {
    /// Times of the failures inside the window, oldest first; never longer than `max_attempts`.
    failures: VecDeque<Millis>,
    locked_until: Option<Millis>,
    last: Millis,
}

/// Counts of failures by key, bounded in memory.
#[derive(Debug, Clone, Default)]
pub struct Limiter {
    limits: RateLimits,
    entries: HashMap<LimitKey, Entry>,
}

impl Limiter {
    /// An empty limiter with these limits.
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, entries: HashMap::new() }
    }

    /// Takes new limits into use; counts that exist stay.
    pub fn set_limits(&mut self, limits: RateLimits) {
        self.limits = limits;
    }

    /// Milliseconds until `key` may try again, or `None` when it is not locked out.
    pub fn locked_for(&self, key: &LimitKey, now: Millis) -> Option<u64> {
        let until = self.entries.get(key)?.locked_until?;
        (until > now).then(|| until.since(now))
    }

    /// Counts a failure. The failure that reaches the limit starts the lock-out and is itself still
    /// [`Counted::Within`], so that the peer reads the real reason once (§2.7).
    pub fn count_failure(&mut self, key: &LimitKey, now: Millis) -> Counted {
        if let Some(retry_after_ms) = self.locked_for(key, now) {
            return Counted::Locked { retry_after_ms };
        }
        if !self.entries.contains_key(key) && self.entries.len() >= MAX_KEYS {
            self.forget_oldest(now);
        }
        let limits = self.limits;
        let entry = self.entries.entry(key.clone()).or_default();
        entry.locked_until = None;
        entry.last = now;
        while entry.failures.front().is_some_and(|at| now.since(*at) >= limits.window_ms) {
            entry.failures.pop_front();
        }
        entry.failures.push_back(now);
        let max_attempts = match key.class {
            CredentialClass::Bootstrap => limits.max_attempts.min(MAX_CODE_ATTEMPTS),
            CredentialClass::Shared | CredentialClass::Device => limits.max_attempts,
        };
        if entry.failures.len() >= max_attempts as usize {
            entry.failures.clear();
            entry.locked_until = Some(now.plus(limits.lockout_ms));
        }
        Counted::Within
    }

    /// Forgets the failures of `key` after a success. Answers `false` when the key is locked out: then the
    /// success must not count (another attempt of the same moment reached the limit first).
    pub fn succeed(&mut self, key: &LimitKey, now: Millis) -> bool {
        if self.locked_for(key, now).is_some() {
            return false;
        }
        self.entries.remove(key);
        true
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Makes room: drops what has expired, and if that is nothing, a tenth of the keys, oldest first. Doing it
    /// in strides keeps the cost of a storm of new addresses flat.
    fn forget_oldest(&mut self, now: Millis) {
        let limits = self.limits;
        self.entries.retain(|_, entry| match entry.locked_until {
            Some(until) => until > now,
            None => now.since(entry.last) < limits.window_ms,
        });
        if self.entries.len() < MAX_KEYS {
            return;
        }
        // Lock-outs go last: whoever is locked out must not get free by making others fail.
        let rank = |entry: &Entry| (entry.locked_until.is_some(), entry.last);
        let mut ranks: Vec<(bool, Millis)> = self.entries.values().map(rank).collect();
        let cut = MAX_KEYS / 10;
        let (_, threshold, _) = ranks.select_nth_unstable(cut);
        let threshold = *threshold;
        let mut spare = cut + 1;
        self.entries.retain(|_, entry| {
            if rank(entry) <= threshold && spare > 0 {
                spare -= 1;
                false
            } else {
                true
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(last: u8) -> LimitKey {
        LimitKey { class: CredentialClass::Shared, who: Who::Address(IpAddr::from([203, 0, 113, last])) }
    }

    fn limiter(max_attempts: u32) -> Limiter {
        Limiter::new(RateLimits { max_attempts, window_ms: 1_000, lockout_ms: 5_000, exempt_local: true })
    }

    #[test]
    fn the_failure_that_reaches_the_limit_still_carries_its_reason() {
        let mut limiter = limiter(3);
        for at in 0..3 {
            assert_eq!(limiter.count_failure(&key(1), Millis(at)), Counted::Within);
        }
        assert_eq!(limiter.count_failure(&key(1), Millis(3)), Counted::Locked { retry_after_ms: 4_999 });
        assert_eq!(limiter.locked_for(&key(1), Millis(3)), Some(4_999));
        assert_eq!(limiter.locked_for(&key(2), Millis(3)), None);
    }

    #[test]
    fn a_lockout_ends_and_the_count_starts_anew() {
        let mut limiter = limiter(2);
        limiter.count_failure(&key(1), Millis(0));
        limiter.count_failure(&key(1), Millis(1));
        assert!(limiter.locked_for(&key(1), Millis(5_000)).is_some());
        assert_eq!(limiter.locked_for(&key(1), Millis(5_001)), None);
        assert_eq!(limiter.count_failure(&key(1), Millis(5_001)), Counted::Within);
        assert_eq!(limiter.locked_for(&key(1), Millis(5_002)), None, "one failure is not two");
    }

    #[test]
    fn failures_leave_the_window() {
        let mut limiter = limiter(2);
        limiter.count_failure(&key(1), Millis(0));
        limiter.count_failure(&key(1), Millis(1_000));
        assert_eq!(limiter.locked_for(&key(1), Millis(1_000)), None);
    }

    #[test]
    fn success_resets_but_not_through_a_lockout() {
        let mut limiter = limiter(2);
        limiter.count_failure(&key(1), Millis(0));
        assert!(limiter.succeed(&key(1), Millis(1)));
        limiter.count_failure(&key(1), Millis(2));
        assert_eq!(limiter.locked_for(&key(1), Millis(2)), None);
        limiter.count_failure(&key(1), Millis(3));
        assert!(!limiter.succeed(&key(1), Millis(4)), "locked by an attempt of the same moment");
        assert!(limiter.locked_for(&key(1), Millis(4)).is_some());
    }

    #[test]
    fn a_million_addresses_do_not_cost_memory() {
        let mut limiter = limiter(3);
        for n in 0..1_000_000u32 {
            let who = Who::Address(IpAddr::from(n.to_be_bytes()));
            limiter.count_failure(
                &LimitKey { class: CredentialClass::Shared, who },
                Millis(u64::from(n) / 1_000),
            );
            assert!(limiter.len() <= MAX_KEYS);
        }
    }
}
