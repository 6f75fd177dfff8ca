use openclaw_config::{Env, Issue};

use super::{Asked, View};
use crate::context::Context;
use crate::look::Survey;
use crate::look::testing::{hanging, healthy, refused, stopped, taken};
use crate::snapshot;
use crate::ui::Terminal;
use crate::ui::testing::capture;

/// Both streams, as they arrive at a reader who sees which is which.
fn printed(context: &Context, survey: &Survey) -> String {
    let (mut ui, out, err) = capture(Terminal::plain(), "");
    View { context, survey, asked: Asked::default() }.print(&mut ui);
    let text = format!("── standard output\n{}── standard error\n{}", out.text(), err.text());
    text.replace(crate::version::VERSION, "<version>")
}

#[test]
fn what_people_read() {
    let context = Context::testing();
    snapshot::check("gateway-status-healthy.txt", &printed(&context, &healthy()));
    snapshot::check("gateway-status-stopped.txt", &printed(&context, &stopped(&context)));
    snapshot::check("gateway-status-refused.txt", &printed(&context, &refused(&context)));
    snapshot::check("gateway-status-port-taken.txt", &printed(&context, &taken(&context)));
    snapshot::check("gateway-status-hanging.txt", &printed(&context, &hanging(&context)));
    snapshot::check("gateway-status-invalid.txt", &printed(&context, &misconfigured(&context)));
}

/// Stopped, with a file that no gateway starts with.
fn misconfigured(context: &Context) -> Survey {
    let mut survey = stopped(context);
    survey.config.valid = false;
    survey.config.issues = issues();
    survey
}

/// The findings of a real file.
fn issues() -> Vec<Issue> {
    let home = tempfile::tempdir().unwrap();
    let env = Env::from_pairs([("HOME", home.path().to_str().unwrap())]);
    let paths = openclaw_config::paths::resolve(&env, &openclaw_config::Flags::default()).unwrap();
    std::fs::create_dir_all(&paths.state_dir).unwrap();
    std::fs::write(&paths.config_path, "{gateway: {mode: 'local', port: 'eighty', bind: 7}}").unwrap();
    openclaw_config::load(&paths, &env).unwrap().issues
}

#[test]
fn good_lines_and_problem_lines_are_told_apart() {
    let context = Context::testing();
    let split = |survey: &Survey| {
        let (mut ui, out, err) = capture(Terminal::plain(), "");
        View { context: &context, survey, asked: Asked::default() }.print(&mut ui);
        (out.text(), err.text())
    };
    let (out, err) = split(&healthy());
    for line in ["Runtime: running (pid 4242", "RPC probe: ok", "Connectivity probe: ok", "Auth Mode: token"]
    {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert_eq!(err, "");
    let (out, err) = split(&stopped(&context));
    assert!(out.contains("Runtime: stopped"), "{out}");
    assert!(err.contains("RPC probe: failed (C-20)") && err.contains("Fix: openclaw gateway start"), "{err}");
}

#[test]
fn the_document_has_the_keys_of_both_generations_and_no_secret() {
    let context = Context::testing();
    for survey in [healthy(), stopped(&context), refused(&context), misconfigured(&context)] {
        let document = View { context: &context, survey: &survey, asked: Asked::default() }.document();
        for pointer in [
            "/service/label",
            "/service/loaded",
            "/service/loadedText",
            "/service/notLoadedText",
            "/service/command",
            "/service/runtime/status",
            "/service/configAudit/ok",
            "/config/cli/path",
            "/config/cli/exists",
            "/config/cli/valid",
            "/gateway/bindMode",
            "/gateway/bindHost",
            "/gateway/port",
            "/gateway/portSource",
            "/gateway/probeUrl",
            "/gateway/controlUiLinks/httpUrl",
            "/gateway/controlUiLinks/wsUrl",
            "/port/port",
            "/port/status",
            "/port/listeners",
            "/port/hints",
            "/rpc/ok",
            "/rpc/url",
            "/rpc/kind",
            "/rpc/capability",
            "/rpc/auth/scopes",
            "/extraServices",
            "/cli/version",
            "/cli/entrypoint",
            "/logFile",
            "/hostDesktop",
            "/pluginVersionDrift/drifts",
        ] {
            assert!(document.pointer(pointer).is_some(), "{pointer}: {document:#}");
        }
    }
    let document = View { context: &context, survey: &refused(&context), asked: Asked::default() }.document();
    assert_eq!(document["rpc"]["cause"], "C-08", "{document:#}");
    assert_eq!(document["rpc"]["close"]["code"], 1008);
}
