//! Times as people read them: relative ages, and instants as ISO 8601.

use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};

/// How long ago something was: `just now`, `1m ago`, `2h ago`, `3d ago` (cli §1.2). A time in the future is
/// `just now`: clocks of two machines differ.
pub(crate) fn age(then_ms: u64, now_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1000;
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{}m ago", seconds / 60),
        3600..86_400 => format!("{}h ago", seconds / 3600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

/// How long something still takes or lasts, rounded: `45 s`, `10 min`, `2 h`, `3 d`.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", (seconds + 30) / 60),
        7200..172_800 => format!("{} h", (seconds + 1800) / 3600),
        _ => format!("{} d", (seconds + 43_200) / 86_400),
    }
}

/// Milliseconds since the epoch, now. The edge where the clock enters the program.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// The instant in milliseconds since the epoch.
pub(crate) fn ms(text: &str) -> Option<u64> {
    u64::try_from(text.parse::<Timestamp>().ok()?.as_millisecond()).ok()
}

/// The instant written in ISO 8601 with offset: in local time or as given.
pub(crate) fn iso(text: &str, local: bool) -> Option<String> {
    let instant: Timestamp = text.parse().ok()?;
    let zone = if local { TimeZone::system() } else { TimeZone::UTC };
    strtime::format("%Y-%m-%dT%H:%M:%S.%3f%:z", &instant.to_zoned(zone)).ok()
}

/// The wall-clock part of an instant, local time: `14:03:59`.
pub(crate) fn clock(text: &str) -> Option<String> {
    let instant: Timestamp = text.parse().ok()?;
    strtime::format("%H:%M:%S", &instant.to_zoned(TimeZone::system())).ok()
}

#[cfg(test)]
mod tests {
    use super::{age, iso, span};

    #[test]
    fn ages() {
        let now = 100 * 86_400_000;
        for (ago_s, text) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1m ago"),
            (3599, "59m ago"),
            (7200, "2h ago"),
            (86_399, "23h ago"),
            (3 * 86_400, "3d ago"),
        ] {
            assert_eq!(age(now - ago_s * 1000, now), text);
        }
        assert_eq!(age(now + 5000, now), "just now");
    }

    #[test]
    fn spans() {
        for (ms, text) in [
            (1, "1 s"),
            (59_001, "60 s"),
            (120_000, "2 min"),
            (600_000, "10 min"),
            (600_050, "10 min"),
            (7_200_000, "2 h"),
            (259_200_000, "3 d"),
        ] {
            assert_eq!(span(ms), text);
        }
    }

    #[test]
    fn instants_keep_their_moment() {
        assert_eq!(
            iso("2026-11-20T10:00:00.5+02:00", false).as_deref(),
            Some("2026-11-20T08:00:00.500+00:00")
        );
        assert_eq!(iso("yesterday", false), None);
    }
}
