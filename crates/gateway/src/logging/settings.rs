//! What the log is told to do: the `logging` section of the config, the environment and the command line together.

use std::path::PathBuf;

use openclaw_config::gateway::{ConsoleStyle, Level, Logging};

use super::level;

/// Where the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `openclaw-YYYY-MM-DD.log` (with the profile's name in it) in `dir`, or in the temporary directory of
    /// [`openclaw_os::tmp_dir`] when that is `None`. A new one each local day; those older than 24 hours go.
    Daily {
        /// The folder.
        dir: Option<PathBuf>,
        /// The profile's name.
        profile: Option<String>,
    },
    /// `logging.file`: one file, rotated by size only.
    File(PathBuf),
    /// No file.
    Off,
}

/// Everything the log needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where lines are kept.
    pub destination: Destination,
    /// Threshold of the file.
    pub file_level: Level,
    /// Threshold of the console.
    pub console_level: Level,
    /// Look of the console.
    pub console_style: ConsoleStyle,
    /// Whether the console understands colours.
    pub colour: bool,
    /// Size at which a file is rotated.
    pub max_file_bytes: u64,
    /// The program's version, for `_meta.runtimeVersion`.
    pub version: String,
}

/// What stands above the config.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--log-level`
    pub flag: Option<Level>,
    /// `OPENCLAW_LOG_LEVEL`, as it was written.
    pub environment: Option<String>,
    /// `--verbose`
    pub verbose: bool,
    /// The profile's name.
    pub profile: Option<String>,
    /// Whether the console understands colours (terminal, `NO_COLOR`, `FORCE_COLOR`).
    pub colour: bool,
    /// The program's version.
    pub version: String,
}

impl Settings {
    /// Puts the sources together: `--log-level` beats `OPENCLAW_LOG_LEVEL` beats `logging.level` and
    /// `logging.consoleLevel`; `--verbose` raises both to `debug`. The second value is what to tell about a variable that
    /// was not understood; it is then ignored.
    pub fn resolve(config: &Logging, overrides: &Overrides) -> (Self, Option<String>) {
        let mut problem = None;
        let word = overrides.environment.as_deref().map(str::trim).filter(|word| !word.is_empty());
        let from_environment = word.and_then(|word| {
            let parsed = Level::parse(&word.to_ascii_lowercase());
            if parsed.is_none() {
                problem = Some(format!(
                    "OPENCLAW_LOG_LEVEL: {word:?} is not a log level (silent, fatal, error, warn, info, debug, trace)"
                ));
            }
            parsed
        });
        let above = overrides.flag.or(from_environment);
        let least = if overrides.verbose { Level::Debug } else { Level::Silent };
        let settings = Self {
            destination: match config.file.as_deref().map(str::trim).filter(|path| !path.is_empty()) {
                Some(path) => Destination::File(PathBuf::from(path)),
                None => Destination::Daily { dir: None, profile: overrides.profile.clone() },
            },
            file_level: level::louder(above.unwrap_or(config.level), least),
            console_level: level::louder(above.unwrap_or(config.console_level), least),
            console_style: config.console_style,
            colour: overrides.colour,
            max_file_bytes: config.max_file_bytes,
            version: overrides.version.clone(),
        };
        (settings, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_word_wins() {
        let levels = |flag, environment: Option<&str>, verbose| {
            let config = Logging { level: Level::Warn, console_level: Level::Error, ..Logging::default() };
            let environment = environment.map(str::to_owned);
            let overrides = Overrides { flag, environment, verbose, ..Overrides::default() };
            let (settings, problem) = Settings::resolve(&config, &overrides);
            assert_eq!(problem, None);
            (settings.file_level, settings.console_level)
        };
        assert_eq!(levels(None, None, false), (Level::Warn, Level::Error));
        assert_eq!(levels(None, Some(" TRACE "), false), (Level::Trace, Level::Trace));
        assert_eq!(levels(Some(Level::Silent), Some("trace"), false), (Level::Silent, Level::Silent));
        assert_eq!(levels(None, Some(""), true), (Level::Debug, Level::Debug));
        assert_eq!(levels(None, Some("trace"), true), (Level::Trace, Level::Trace));
    }

    #[test]
    fn a_variable_that_means_nothing_is_told() {
        let overrides = Overrides { environment: Some("loud".into()), ..Overrides::default() };
        let (settings, problem) = Settings::resolve(&Logging::default(), &overrides);
        assert!(problem.is_some_and(|text| text.contains("\"loud\"")));
        assert_eq!(settings.file_level, Level::Info);
        assert_eq!(settings.destination, Destination::Daily { dir: None, profile: None });
        let config = Logging { file: Some("/var/log/a.log".into()), ..Logging::default() };
        let (settings, _) = Settings::resolve(&config, &Overrides::default());
        assert_eq!(settings.destination, Destination::File("/var/log/a.log".into()));
    }
}
