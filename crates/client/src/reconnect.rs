//! When to try again: backoff with jitter, and which failures are worth it at all (auth-and-pairing §4.9).

use std::time::Duration;

use openclaw_protocol::close;
use openclaw_protocol::error::ErrorCode;

use crate::error::{Cause, ConnectError, Refused};
use crate::tls::TlsFault;

/// Growing pauses between attempts, spread so that clients of a restarted gateway do not all come back at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Default for Backoff {
    /// One second, doubling up to half a minute.
    fn default() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(30))
    }
}

impl Backoff {
    /// Pauses that begin at `first` and double up to `most`.
    pub fn new(first: Duration, most: Duration) -> Backoff {
        Backoff { first, most, failures: 0 }
    }

    /// To be called after a success: the next failure begins from the start.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The pause before the next attempt: between half and all of the current step, as `random` (any number) says.
    pub fn next(&mut self, random: u32) -> Duration {
        let step = self.first.saturating_mul(1 << self.failures.min(16)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        step / 2 + (step / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// [`Backoff::next`] with the system's randomness.
    pub fn next_random(&mut self) -> Duration {
        let mut bytes = [0; 4];
        // Without randomness the pause is only less well spread.
        let _ = getrandom::fill(&mut bytes);
        self.next(u32::from_ne_bytes(bytes))
    }
}

/// What a failed attempt means for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after the usual pause.
    Retry,
    /// Try again after exactly this time: the gateway named it.
    After(Duration),
    /// Nothing changes by itself: somebody must approve, correct a secret or an address first.
    Pause,
}

impl Verdict {
    /// Judges a failed attempt.
    pub fn of(error: &ConnectError) -> Verdict {
        match &error.cause {
            Cause::Refused(refused) => of_refusal(refused),
            Cause::Cut { close: Some(close), .. } => of_close(close.code),
            Cause::ForeignServer(answer) if answer.status < 500 && answer.status != 429 => Verdict::Pause,
            Cause::Tls(
                TlsFault::FingerprintMismatch { .. } | TlsFault::NotTrusted { .. } | TlsFault::NotTls,
            )
            | Cause::StrangerAtSocket { .. }
            | Cause::Plaintext(_)
            | Cause::WantsTls
            | Cause::NotAGateway { .. }
            | Cause::Local(_) => Verdict::Pause,
            _ => Verdict::Retry,
        }
    }
}

/// Judges the end of a connection that had been up.
pub fn of_close(code: u16) -> Verdict {
    match code {
        close::POLICY | close::PROTOCOL | close::INVALIDATED => Verdict::Pause,
        _ => Verdict::Retry,
    }
}

/// The longest pause that a gateway may ask for.
const LONGEST: Duration = Duration::from_secs(3600);

fn of_refusal(refused: &Refused) -> Verdict {
    let error = &refused.error;
    let detail = |name: &str| error.details.as_ref().and_then(|details| details.get(name)?.as_bool());
    let invited = error.retryable == Some(true)
        || error.code == ErrorCode::Unavailable && error.retryable != Some(false)
        || detail("retryable") == Some(true)
        || detail("pauseReconnect") == Some(false);
    match (invited, error.retry_after_ms) {
        (true, Some(ms)) => Verdict::After(Duration::from_millis(ms).min(LONGEST)),
        (true, None) => Verdict::Retry,
        (false, _) if matches!(refused.close.as_ref().map(|c| c.code), Some(1012 | 1013)) => Verdict::Retry,
        (false, _) => Verdict::Pause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openclaw_protocol::close::Close;
    use openclaw_protocol::error::ErrorShape;
    use serde_json::json;

    #[test]
    fn pauses_grow_are_spread_and_bounded() {
        let mut backoff = Backoff::default();
        let longest: Vec<u128> = (0..7).map(|_| backoff.next(u32::MAX).as_millis()).collect();
        assert_eq!(longest, [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        backoff.reset();
        let shortest: Vec<u128> = (0..3).map(|_| backoff.next(0).as_millis()).collect();
        assert_eq!(shortest, [500, 1000, 2000]);
        for _ in 0..100 {
            assert!(backoff.next_random() <= Duration::from_secs(30));
        }
    }

    fn refusal(error: ErrorShape, close: u16) -> Verdict {
        of_refusal(&Refused { error, close: Some(Close::new(close, "")) })
    }

    #[test]
    fn only_what_may_change_by_itself_is_tried_again() {
        let pairing = |extra: serde_json::Value| {
            let mut details = json!({"code": "PAIRING_REQUIRED"});
            details.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            ErrorShape::not_paired("pairing required").with_details(details)
        };
        assert_eq!(refusal(pairing(json!({})), 1008), Verdict::Pause);
        assert_eq!(refusal(pairing(json!({"pauseReconnect": true})), 1008), Verdict::Pause);
        assert_eq!(refusal(pairing(json!({"pauseReconnect": false})), 1008), Verdict::Retry);
        assert_eq!(refusal(pairing(json!({"retryable": true})), 1008), Verdict::Retry);
        let starting = ErrorShape::unavailable("gateway starting; retry shortly", 500);
        assert_eq!(refusal(starting, 1013), Verdict::After(Duration::from_millis(500)));
        let endless = ErrorShape::unavailable("later", u64::MAX);
        assert_eq!(refusal(endless, 1013), Verdict::After(LONGEST));
        assert_eq!(refusal(ErrorShape::invalid_request("unauthorized"), 1008), Verdict::Pause);
        assert_eq!(refusal(ErrorShape::invalid_request("restart"), 1012), Verdict::Retry);
        assert_eq!(of_close(1006), Verdict::Retry);
        assert_eq!(of_close(1012), Verdict::Retry);
        assert_eq!(of_close(1008), Verdict::Pause);
    }
}
