//! The command on a real home without a gateway.

use openclaw_config::Env;
use openclaw_config::paths::{Flags, resolve};
use serde_json::Value;

use crate::args::Command;
use crate::context::Context;
use crate::grammar::{Typed, read};
use crate::ui::Terminal;
use crate::ui::testing::capture;

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str) -> Home {
        use std::os::unix::fs::PermissionsExt;
        let home = Home(tempfile::tempdir().unwrap());
        let state = home.0.path().join(".openclaw");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::set_permissions(&state, PermissionsExt::from_mode(0o700)).unwrap();
        if !config.is_empty() {
            std::fs::write(home.config(), config).unwrap();
            std::fs::set_permissions(home.config(), PermissionsExt::from_mode(0o600)).unwrap();
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
    async fn run(&self, words: &[&str]) -> (u8, String, String) {
        let env = Env::from_pairs([("HOME", self.0.path().to_str().unwrap())]);
        let paths = resolve(&env, &Flags::default()).unwrap();
        let typed: Vec<std::ffi::OsString> =
            std::iter::once("doctor").chain(words.iter().copied()).map(Into::into).collect();
        let Typed::Run(root) = read(&typed) else { panic!("{words:?}") };
        let Some(Command::Doctor(args)) = root.command else { panic!("{words:?}") };
        let context = Context::new(env, paths, None, Vec::new());
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        let code = match super::run(&context, &mut ui, &args).await {
            Ok(code) => code,
            Err(failure) => {
                failure.print(&mut ui, args.json);
                failure.exit_code()
            }
        };
        (code, out.text(), err.text())
    }
}

#[tokio::test]
async fn looking_changes_nothing_and_says_one_line_a_check() {
    let home = Home::new(&format!("{{gateway: {{mode: 'local', token: '{TOKEN}'}}, odd: 1}}"));
    let before = home.text();
    let (code, out, _) =
        home.run(&["--only", "legacy-config-keys", "--only", "core/doctor/unknown-config-keys"]).await;
    assert_eq!((code, home.text()), (0, before));
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "! Old configuration keys – gateway.token is ignored; use gateway.auth.token instead (auto-migrated on load). – Fix: openclaw doctor --fix",
            "! Unknown configuration keys – <root>: Unrecognized key: \"odd\" (line 1). The value is kept and has no effect.",
            "Nothing is blocked; 2 warnings.",
            "Run \"openclaw doctor --fix\" to apply changes.",
        ]
    );
    let (code, _, err) = home.run(&["--only", "nonsense"]).await;
    assert!(code == 1 && err.contains("There is no check nonsense."), "{err}");
}

#[tokio::test]
async fn fixing_moves_old_keys_and_keeps_everything_else() {
    let before = format!(
        "// mine\n{{\n  gateway: {{\n    mode: 'local', // here\n    token: '{TOKEN}',\n    auth: {{ type: 'token' }},\n    odd: [1, 2],\n  }},\n}}\n"
    );
    let home = Home::new(&before);
    let (code, out, err) = home.run(&["--fix", "--only", "legacy-config-keys"]).await;
    assert_eq!(code, 0, "{out}{err}");
    let after = home.text();
    for kept in ["// mine", "// here", "odd: [1, 2]", TOKEN] {
        assert!(after.contains(kept), "{kept} is gone:\n{after}");
    }
    assert!(out.contains("Moved gateway.token → gateway.auth.token."), "{out}");
    assert!(out.contains("Undo: openclaw config undo ") && !out.contains(TOKEN), "{out}");
    let (code, out, _) = home.run(&["--only", "legacy-config-keys"]).await;
    assert!(code == 0 && out.contains("✓ Old configuration keys – none"), "{out}");
}

#[tokio::test]
async fn the_document_has_the_keys_of_the_current_generation() {
    let home = Home::new("{gateway: {port: 'x'}}");
    let (code, out, err) = home.run(&["--json"]).await;
    assert_eq!((code, err.as_str()), (1, ""));
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((document["schemaVersion"].as_u64(), document["ok"].as_bool()), (Some(1), Some(false)));
    let finding = &document["findings"][0];
    assert_eq!(finding["checkId"], "core/doctor/gateway-config");
    assert_eq!(
        (finding["severity"].as_str(), finding["path"].as_str()),
        (Some("error"), Some("gateway.port"))
    );
    assert!(document["checksRun"].as_u64().unwrap() >= 15 && finding["fixHint"].is_string());
}

#[tokio::test]
async fn a_token_is_made_alone() {
    let home = Home::new("{gateway: {mode: 'local', token: 5, port: 'x'}}");
    let (code, out, err) = home.run(&["--generate-gateway-token"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("Gateway token configured: a new one (fingerprint "), "{out}");
    assert!(err.contains("gateway.port") && home.text().contains("port: 'x'"), "{err}");
    let made = home.text();
    let (code, out, _) = home.run(&["--generate-gateway-token"]).await;
    assert!(code == 0 && out.contains("it was kept") && home.text() == made, "{out}");
    let broken = Home::new("{gateway:");
    let (code, out, err) = broken.run(&["--generate-gateway-token"]).await;
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("No gateway token was made"), "{err}");
}
