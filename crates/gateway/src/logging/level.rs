//! Arithmetic on the config's log levels: thresholds, the numbers of the file's lines, `tracing`'s own levels.

use openclaw_config::gateway::Level;
use tracing::level_filters::LevelFilter;

/// Whether a line of this level passes the threshold.
pub(super) const fn passes(level: Level, threshold: Level) -> bool {
    level as u8 <= threshold as u8 && !matches!(level, Level::Silent)
}

/// The more talkative of two thresholds.
pub(super) const fn louder(a: Level, b: Level) -> Level {
    if a as u8 >= b as u8 { a } else { b }
}

/// The number in `_meta.logLevelId`.
pub(super) const fn wire_id(level: Level) -> u8 {
    match level {
        Level::Silent => 0,
        Level::Trace => 1,
        Level::Debug => 2,
        Level::Info => 3,
        Level::Warn => 4,
        Level::Error => 5,
        Level::Fatal => 6,
    }
}

/// Back from `level as u8`.
pub(super) const fn from_number(number: u8) -> Level {
    match number {
        0 => Level::Silent,
        1 => Level::Fatal,
        2 => Level::Error,
        3 => Level::Warn,
        4 => Level::Info,
        5 => Level::Debug,
        _ => Level::Trace,
    }
}

/// The level of a `tracing` event, which knows neither fatal nor silent.
pub(super) const fn of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

/// The threshold in `tracing`'s terms.
pub(super) const fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Silent => LevelFilter::OFF,
        Level::Fatal | Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_thresholds_agree() {
        for word in ["silent", "fatal", "error", "warn", "info", "debug", "trace"] {
            let level = Level::parse(word).unwrap();
            assert_eq!(from_number(level as u8), level);
        }
        assert!(passes(Level::Warn, Level::Info) && !passes(Level::Debug, Level::Info));
        assert!(!passes(Level::Fatal, Level::Silent));
        assert_eq!(louder(Level::Warn, Level::Debug), Level::Debug);
    }
}
