//! The config commands on a real file.

use openclaw_config::Env;
use openclaw_config::paths::{Flags, resolve};

use crate::args::Command;
use crate::context::Context;
use crate::grammar::{Typed, read};
use crate::ui::Terminal;
use crate::ui::testing::capture;

struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(home.0.path().join(".openclaw")).unwrap();
        if !config.is_empty() {
            std::fs::write(home.config(), config).unwrap();
        }
        home
    }

    fn config(&self) -> std::path::PathBuf {
        self.0.path().join(".openclaw/openclaw.json")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap()
    }

    /// Exit code, standard output, standard error.
    fn run(&self, words: &[&str]) -> (u8, String, String) {
        let env = Env::from_pairs([("HOME", self.0.path().to_str().unwrap())]);
        let paths = resolve(&env, &Flags::default()).unwrap();
        let typed: Vec<std::ffi::OsString> =
            std::iter::once("config").chain(words.iter().copied()).map(Into::into).collect();
        let Typed::Run(root) = read(&typed) else { panic!("{words:?}") };
        let Some(Command::Config(args)) = root.command else { panic!("{words:?}") };
        let context = Context::new(env, paths, None, Vec::new());
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        let json = super::wants_json(&args);
        let code = match super::run(&context, &mut ui, &args) {
            Ok(code) => code,
            Err(failure) => {
                failure.print(&mut ui, json);
                failure.exit_code()
            }
        };
        (code, out.text(), err.text())
    }
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn secrets_are_hidden_and_the_way_to_see_them_is_named() {
    let home = Home::new(&format!("{{gateway: {{mode: 'local', auth: {{token: '{TOKEN}'}}}}}}"));
    let (code, out, err) = home.run(&["get", "gateway.auth.token"]);
    assert_eq!((code, out.as_str()), (0, "__OPENCLAW_REDACTED__\n"));
    assert!(err.contains("openclaw gateway auth-token --show") && err.contains("fingerprint"), "{err}");
    for words in [&["get", "gateway"][..], &["get", "gateway", "--json"], &["validate", "--json"]] {
        let (_, out, err) = home.run(words);
        assert!(!format!("{out}{err}").contains(TOKEN), "{words:?}");
    }
}

#[test]
fn get_values_defaults_and_nothing() {
    let home = Home::new("{gateway: {mode: 'local', port: 19000}}");
    assert_eq!(home.run(&["get", "gateway.port"]).1, "19000\n");
    assert_eq!(home.run(&["get", "gateway.mode"]).1, "local\n");
    assert_eq!(home.run(&["get", "gateway.mode", "--json"]).1, "\"local\"\n");
    // Ruling 37: the value in force, and success.
    let (code, out, err) = home.run(&["get", "gateway.bind"]);
    let expected = if openclaw_os::container::detect().is_some() { "auto\n" } else { "loopback\n" };
    assert_eq!((code, out.as_str()), (0, expected));
    assert!(err.contains("this default is in force"), "{err}");
    let (code, out, err) = home.run(&["get", "gateway.prot"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("Config path not found: gateway.prot\n(Did you mean gateway.port?)\n"), "{err}");
    let (code, out, _) = home.run(&["get", "gateway.nope", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, document["ok"].as_bool(), document["error"]["type"].as_str()),
        (1, Some(false), Some("cli_error"))
    );
}

#[test]
fn the_default_bind_depends_on_the_place() {
    for (path, in_container, expected) in [
        ("gateway.bind", false, "loopback"),
        ("gateway.bind", true, "auto"),
        ("gateway.mode", true, "loopback"),
    ] {
        assert_eq!(super::read::in_force(&path.parse().unwrap(), "loopback".into(), in_container), expected);
    }
}

#[test]
fn set_keeps_comments_and_says_what_happens_next() {
    let home = Home::new("{\n  // mine\n  gateway: { mode: 'local' },\n}\n");
    let (code, out, _) = home.run(&["set", "gateway.auth.mode", "token"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("Updated gateway.auth.mode."), "{out}");
    assert!(home.text().contains("// mine"));
    assert_eq!(
        home.run(&["set", "gateway.auth.mode", "token"]).1,
        "No change: gateway.auth.mode is that already.\n"
    );
    let (code, out, _) = home.run(&["set", "gateway.port", "19001", "--dry-run"]);
    assert_eq!((code, out.as_str()), (0, "Dry run: gateway.port would change. Nothing was written.\n"));
    assert!(!home.text().contains("19001"));
}

#[test]
fn the_folk_spelling_of_the_token_works_and_is_not_echoed() {
    let home = Home::new("{gateway: {mode: 'local'}}");
    let (code, out, err) = home.run(&["set", "gateway.token", TOKEN]);
    assert_eq!(code, 0, "{err}");
    assert!(!format!("{out}{err}").contains(TOKEN));
    assert!(err.contains("wrote gateway.auth.token instead"), "{err}");
    let written: serde_json::Value = json5::from_str(&home.text()).unwrap();
    assert_eq!(
        (written["gateway"]["auth"]["token"].as_str(), written["gateway"]["auth"]["mode"].as_str()),
        (Some(TOKEN), Some("token"))
    );
}

#[test]
fn wrong_values_and_unknown_keys_change_nothing() {
    let home = Home::new("{gateway: {mode: 'local'}}");
    let before = home.text();
    for (words, text) in [
        (&["set", "gateway.port", "abc"][..], "Config validation failed: gateway.port"),
        (&["set", "gateway.prot", "1"], "Did you mean gateway.port?"),
        (&["set", "gateway.port", "{", "--strict-json"], "Failed to parse JSON5 value"),
        (&["set", "gateway.auth.token", "YOUR_TOKEN"], "placeholder"),
        (&["unset", "gateway.port"], "Config path not found: gateway.port"),
        (&["patch"], "config patch mode error: provide exactly one of --file <path> or --stdin."),
        (&["undo"], "no earlier configuration"),
    ] {
        let (code, out, err) = home.run(words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}");
        assert!(err.contains(text), "{words:?}: {err}");
        assert_eq!(home.text(), before);
    }
    assert_eq!(home.run(&["set", "gateway.somethingNew", "1", "--force"]).0, 0);
}

#[test]
fn unset_undo_and_patch() {
    let home = Home::new("{gateway: {mode: 'local', port: 19000}}");
    assert!(home.run(&["unset", "gateway.port"]).1.starts_with("Removed gateway.port."));
    assert!(!home.text().contains("19000"));
    let (code, out, err) = home.run(&["undo"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("Took change 1 back (config unset: gateway.port)."), "{out}");
    assert!(err.contains("openclaw config undo 2"), "{err}");
    assert_eq!(home.text(), "{gateway: {mode: 'local', port: 19000}}");
    let history = home.run(&["history"]).1;
    assert!(history.contains("config unset") && history.contains("taken back"), "{history}");
    std::fs::write(home.config(), "{gateway: {mode: 'local', port: 19001}}").unwrap();
    let (code, _, err) = home.run(&["undo", "2"]);
    assert_eq!((code, home.text().contains("19001")), (1, true));
    assert!(err.contains("changed after change 2") && err.contains("Nothing was undone"), "{err}");
    let patch = home.0.path().join("patch.json5");
    std::fs::write(&patch, "{gateway: {port: 19500}}").unwrap();
    let (code, out, err) = home.run(&["patch", "--file", patch.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("Updated gateway.port."), "{out}");
    assert!(home.text().contains("19500"));
}

#[test]
fn file_and_validate() {
    let home = Home::new("{gateway: {mode: 'local'}, bogus: 1}");
    assert_eq!(home.run(&["file"]).1, format!("{}\n", home.config().display()));
    let (code, out, err) = home.run(&["validate"]);
    assert_eq!((code, out.as_str()), (0, "Config valid: ~/.openclaw/openclaw.json\n"));
    assert!(err.contains("bogus"), "{err}");
    let broken = Home::new("{gateway: {port: 'x'}, logging: 3}");
    let (code, _, err) = broken.run(&["validate"]);
    assert_eq!(code, 1);
    assert!(
        err.starts_with("Config invalid at ~/.openclaw/openclaw.json:\n")
            && err.contains("  × gateway.port: "),
        "{err}"
    );
    assert!(err.contains("logging"), "all at once: {err}");
    let unreadable = Home::new("{");
    let (code, out, _) = unreadable.run(&["validate", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, document["valid"].as_bool(), document["issues"][0]["path"].as_str()),
        (1, Some(false), Some("<root>"))
    );
    let (code, out, _) = Home::new("").run(&["validate", "--json"]);
    assert_eq!(code, 1);
    assert!(out.contains("\"error\":\"file not found\"") && out.lines().count() == 1, "{out}");
}

#[test]
fn schema_whole_and_by_path() {
    let home = Home::new("{}");
    let whole: serde_json::Value = serde_json::from_str(&home.run(&["schema"]).1).unwrap();
    assert!(whole["properties"]["gateway"].is_object());
    let one: serde_json::Value = serde_json::from_str(&home.run(&["schema", "gateway.auth"]).1).unwrap();
    assert_eq!(one["path"], "gateway.auth");
    assert_eq!(home.run(&["schema", "gateway.atuh"]).0, 1);
}

#[test]
fn the_first_setting_makes_a_file_that_a_gateway_starts_with() {
    let home = Home::new("");
    let (code, out, err) = home.run(&["set", "gateway.port", "19000"]);
    assert_eq!((code, out.as_str()), (0, "Updated gateway.port. Restart the gateway to apply.\n"), "{err}");
    assert_eq!(err, "There was no ~/.openclaw/openclaw.json yet; it is made with gateway.mode local.\n");
    let config: serde_json::Value = json5::from_str(&home.text()).unwrap();
    assert_eq!(config, serde_json::json!({"gateway": {"port": 19000, "mode": "local"}}));
    // Whoever uses a gateway elsewhere says so, and there is none here.
    for key in ["gateway.remote.url", "gateway.mode"] {
        let home = Home::new("");
        let value = if key == "gateway.mode" { "remote" } else { "wss://gw.example" };
        let (code, _, err) = home.run(&["set", key, value]);
        assert_eq!((code, err.as_str()), (0, ""), "{key}");
        assert!(!home.text().contains("local"), "{}", home.text());
    }
}
