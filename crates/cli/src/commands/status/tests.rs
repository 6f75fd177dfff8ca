use openclaw_doctor::audit::Report;
use openclaw_protocol::refusal::Vantage;
use serde_json::json;

use super::Page;
use crate::context::Context;
use crate::look::testing::{hanging, healthy, refused, stopped, taken};
use crate::look::{OwnerView, Survey, attention};
use crate::snapshot;
use crate::ui::Terminal;
use crate::ui::testing::capture;

fn page<'a>(context: &'a Context, survey: &'a Survey) -> Page<'a> {
    Page {
        context,
        survey,
        audit: Report { ts: 0, findings: Vec::new() },
        items: attention::of(survey, &Vantage::default()),
        all: false,
        deep: false,
        usage: false,
        verbose: false,
    }
}

fn printed(page: &Page<'_>) -> String {
    let (mut ui, out, err) = capture(Terminal::plain(), "");
    page.print(&mut ui);
    assert_eq!(err.text(), "", "the answer of status is one text");
    out.text().replace(crate::version::VERSION, "<version>")
}

/// The lines that do not depend on the machine.
fn portable(text: &str) -> String {
    let own = |line: &&str| !["│ OS ", "│ Tailscale "].iter().any(|start| line.starts_with(start));
    text.lines().filter(own).map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_people_read() {
    let context = Context::testing();
    for (name, survey) in [
        ("healthy", healthy()),
        ("stopped", stopped(&context)),
        ("refused", refused(&context)),
        ("port-taken", taken(&context)),
        ("hanging", hanging(&context)),
        ("busy", busy()),
    ] {
        snapshot::check(&format!("status-{name}.txt"), &portable(&printed(&page(&context, &survey))));
    }
}

/// Everything that can wait for the owner at once.
fn busy() -> Survey {
    let mut survey = healthy();
    survey.devices.pending = 2;
    if let OwnerView::Answers(answers) = &mut survey.owner {
        answers.status["gateway"]["refusedLast10Min"] = json!(17);
        answers.status["gateway"]["log"]["trouble"] = json!("No space left on device (os error 28)");
        answers.status["devices"]["handEdited"] =
            json!([{"deviceId": "ab".repeat(32), "name": "laptop\u{1b}[2J", "scopes": ["operator.admin"]}]);
        answers.status["devices"]["setAside"] = json!([{"record": "xyz", "why": "a record's key is a device id", "keptIn": "/h/.openclaw/devices/aside.json"}]);
        answers.status["configuration"]["inForce"] = json!(false);
        survey.troubles = crate::look::trouble::told(&survey.owner);
    }
    survey
}

#[test]
fn the_two_lines_that_a_healthy_gateway_has_at_zero() {
    let context = Context::testing();
    let text = printed(&page(&context, &healthy()));
    assert!(text.contains("\nPairing: 0 pending\nRefused in last 10 min: 0\n"), "{text}");
}

#[test]
fn usage_is_honest() {
    let context = Context::testing();
    let survey = healthy();
    let mut page = page(&context, &survey);
    page.usage = true;
    assert!(printed(&page).contains("No usage is recorded"));
    assert_eq!(page.document()["usage"]["providers"], json!([]));
}

#[test]
fn the_document_has_the_keys_of_both_generations() {
    let context = Context::testing();
    for survey in [healthy(), stopped(&context), refused(&context)] {
        let mut page = page(&context, &survey);
        page.deep = true;
        let document = page.document();
        for name in [
            "runtimeVersion",
            "heartbeat",
            "channelSummary",
            "queuedSystemEvents",
            "sessions",
            "os",
            "update",
            "updateChannel",
            "updateChannelSource",
            "memory",
            "memoryPlugin",
            "gateway",
            "gatewayService",
            "nodeService",
            "agents",
            "securityAudit",
            "secretDiagnostics",
            "health",
            "channels",
            "hostDesktop",
            "degradedSecretOwners",
            "degradedPlugins",
            "tasks",
            "taskAudit",
            "collection",
        ] {
            assert!(document.get(name).is_some(), "{name}: {document:#}");
        }
        for name in [
            "mode",
            "url",
            "urlSource",
            "misconfigured",
            "reachable",
            "connectLatencyMs",
            "self",
            "error",
            "authWarning",
        ] {
            assert!(document["gateway"].get(name).is_some(), "gateway.{name}");
        }
    }
}
