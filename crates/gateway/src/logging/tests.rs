use super::*;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tracing::{debug, info, info_span, warn};

/// A console that can be read.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settings(path: &Path) -> Settings {
    let config = openclaw_config::gateway::Logging {
        file: path.to_str().map(str::to_owned),
        level: Level::Debug,
        ..openclaw_config::gateway::Logging::default()
    };
    Settings::resolve(&config, &Overrides::default()).0
}

struct Scene {
    logging: Logging,
    out: Screen,
    err: Screen,
    dir: tempfile::TempDir,
}

impl Scene {
    /// Runs `what` with a log of its own and waits until everything is written.
    fn play(what: impl FnOnce(&Self)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (out, err) = (Screen::default(), Screen::default());
        let outputs = writer::Outputs { out: Box::new(out.clone()), err: Box::new(err.clone()) };
        let (logging, layer) = Logging::start_with(settings(&dir.path().join("a.log")), outputs).unwrap();
        let scene = Self { logging, out, err, dir };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || what(&scene));
        scene.logging.flush(Duration::from_secs(30));
        scene
    }

    fn lines(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(self.dir.path().join("a.log")).unwrap_or_default();
        let line = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let name: serde_json::Value = serde_json::from_str(value["0"].as_str().unwrap()).unwrap();
            (name["subsystem"].as_str().unwrap().to_owned(), value["1"].as_str().unwrap().to_owned())
        };
        text.lines().map(line).collect()
    }
}

#[test]
fn each_line_goes_where_it_belongs() {
    let scene = Scene::play(|_| {
        info!(subsystem = "gateway/ws", code = 1008, reason = "pairing required", "closed");
        debug!("only in the file");
        warn!(target: "hyper::client", "a library's warning");
        debug!(target: "hyper::client", "a library's chatter");
        let span = info_span!("connection", conn = "c1", subsystem = "gateway/ws");
        let _entered = span.enter();
        info!(conn = "own", other = 1, "in a span");
        info!("again");
    });
    let lines = scene.lines();
    let expect = [
        ("gateway/ws", "closed code=1008 reason=\"pairing required\""),
        ("gateway/logging/tests", "only in the file"),
        ("hyper/client", "a library's warning"),
        ("gateway/ws", "in a span conn=own other=1"),
        ("gateway/ws", "again conn=c1"),
    ];
    let ours = |(subsystem, text): &(String, String)| {
        // The crate under test may be built under another name.
        let subsystem =
            if subsystem.ends_with("logging/tests") { "gateway/logging/tests" } else { subsystem };
        (subsystem.to_owned(), text.clone())
    };
    let lines: Vec<_> = lines.iter().map(ours).collect();
    assert_eq!(lines, expect.map(|(a, b)| (a.to_owned(), b.to_owned())));
    let out = scene.out.text();
    assert!(out.contains("[ws] closed code=1008") && !out.contains("only in the file"), "{out}");
    assert!(scene.err.text().contains("a library's warning") && !out.contains("library"));
    let health = scene.logging.health();
    assert_eq!((health.trouble, health.lost), (None, 0));
    assert_eq!(health.file, Some(scene.dir.path().join("a.log")));
}

#[test]
fn levels_and_file_change_while_running() {
    let scene = Scene::play(|scene| {
        debug!(subsystem = "s", "one");
        let other = scene.dir.path().join("b.log");
        let quiet = Settings { file_level: Level::Warn, console_level: Level::Silent, ..settings(&other) };
        scene.logging.apply(quiet);
        assert!(!scene.logging.shows(Level::Info));
        info!(subsystem = "s", "two");
        warn!(subsystem = "s", "three");
    });
    assert_eq!(scene.lines(), [("s".to_owned(), "one".to_owned())]);
    let other = std::fs::read_to_string(scene.dir.path().join("b.log")).unwrap();
    assert!(other.contains("three") && !other.contains("two"), "{other}");
    assert_eq!(scene.out.text() + &scene.err.text(), "");
}

#[test]
fn announcements_never_reach_the_file_and_secrets_reach_nothing() {
    let scene = Scene::play(|scene| {
        scene.logging.announce("claim code: 1234-5678");
        mask(&Secret::from("very-secret-token-of-a-test"));
        warn!(subsystem = "s", "oops very-secret-token-of-a-test and ?token=another-one-12");
    });
    assert_eq!(scene.out.text(), "claim code: 1234-5678\n");
    assert_eq!(scene.lines(), [("s".to_owned(), "oops *** and ?token=***".to_owned())]);
    assert!(scene.err.text().contains("oops ***"));
}

#[test]
fn repeats_are_folded_on_console_and_in_the_file() {
    let scene = Scene::play(|_| {
        for number in 0..17 {
            warn!(
                subsystem = "s",
                fold = "c-01/10.0.0.7",
                "refused 10.0.0.7\nFix: openclaw devices approve r{number}"
            );
        }
        warn!(subsystem = "s", fold = "c-02", "once");
    });
    let texts: Vec<String> = scene.lines().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert_eq!(texts[0], "refused 10.0.0.7\nFix: openclaw devices approve r0");
    assert_eq!(texts[1], "once");
    assert!(texts[2].starts_with("refused 10.0.0.7 … ×17 in "), "{}", texts[2]);
}

#[test]
fn an_unwritable_file_is_heard_of_on_standard_error_and_in_the_health() {
    let scene = Scene::play(|scene| {
        std::fs::create_dir(scene.dir.path().join("a.log")).unwrap();
        for _ in 0..5 {
            info!(subsystem = "s", "hello");
        }
    });
    let err = scene.err.text();
    assert_eq!(err.matches("cannot be written").count(), 1, "{err}");
    let health = scene.logging.health();
    assert_eq!(health.lost, 5);
    assert!(health.trouble.is_some_and(|text| text.contains("a.log")));
    assert_eq!(scene.out.text().lines().count(), 5, "the console goes on");
}
