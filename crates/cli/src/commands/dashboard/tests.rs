//! What is printed, to whom.

use openclaw_config::Env;
use openclaw_config::paths::{Flags, resolve};

use super::desktop::Desktop;
use super::{Page, in_fragment, run};
use crate::args::dashboard::DashboardArgs;
use crate::context::Context;
use crate::ui::testing::{at_terminal, capture};
use crate::ui::{Terminal, Ui};

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";
/// A port on which nothing listens: only root may bind it, and nothing of this project does.
const PORT: u16 = 9;

fn printed(config: &str, more: &[(&str, &str)], args: &DashboardArgs, terminal: Terminal) -> String {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join(".openclaw");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("openclaw.json"), config).unwrap();
    let home = folder.path().to_str().unwrap();
    let env = Env::from_pairs([("HOME", home)].into_iter().chain(more.iter().copied()));
    let paths = resolve(&env, &Flags::default()).unwrap();
    let context = Context::new(env, paths, None, Vec::new());
    let (mut ui, out, err): (Ui, _, _) = capture(terminal, "");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(run(&context, &mut ui, args)), Ok(0));
    out.text() + &err.text()
}

fn link(json: bool) -> DashboardArgs {
    DashboardArgs { no_open: true, yes: false, json }
}

fn config() -> String {
    format!("{{gateway:{{port:{PORT},auth:{{token:'{TOKEN}'}}}}}}")
}

#[test]
fn the_token_is_in_the_fragment_and_only_on_a_terminal() {
    let shown = printed(&config(), &[], &link(false), at_terminal());
    assert!(
        shown.starts_with(&format!("Dashboard URL: http://127.0.0.1:{PORT}/#token={TOKEN}\n")),
        "{shown}"
    );
    assert!(shown.contains("Browser launch disabled (--no-open). Use the URL above."), "{shown}");
    assert!(shown.contains("Gateway is not running."), "{shown}");
    for args in [link(false), link(true)] {
        for terminal in [Terminal::plain(), Terminal { output: args.json, ..Terminal::plain() }] {
            let shown = printed(&config(), &[], &args, terminal);
            assert!(
                !shown.contains(TOKEN) && shown.contains(&format!("http://127.0.0.1:{PORT}/")),
                "{shown}"
            );
        }
    }
}

#[test]
fn an_address_that_is_opened_from_elsewhere_over_the_network_has_no_token() {
    for (own, desktop, leaves) in [
        ("192.168.1.5:18789", Desktop::Elsewhere, true),
        ("192.168.1.5:18789", Desktop::NoOpener, false),
        ("127.0.0.1:18789", Desktop::Elsewhere, false),
    ] {
        let page = Page {
            url: String::new(),
            websocket: String::new(),
            port: 18789,
            own: own.parse().ok(),
            lan: None,
            may_have_token: true,
        };
        assert_eq!(page.leaves_the_machine(&desktop), leaves, "{own} {desktop:?}");
    }
}

#[test]
fn on_a_machine_without_a_screen_the_way_there_is_spelled_out() {
    let session =
        &[("USER", "ada"), ("SSH_CONNECTION", "198.51.100.7 50000 203.0.113.9 22"), ("OPENCLAW_X", "")];
    let args = DashboardArgs { no_open: false, yes: false, json: false };
    // Whether this test itself runs in a container decides about user and host; both ways show a line.
    let shown = printed(&config(), session, &args, at_terminal());
    assert!(shown.contains(&format!("ssh -N -L {PORT}:127.0.0.1:{PORT} ")), "{shown}");
    assert!(shown.contains(&format!("Then open:\nhttp://localhost:{PORT}/#token={TOKEN}\n")), "{shown}");
}

#[test]
fn json_has_the_keys_of_both_generations() {
    let shown = printed(&config(), &[], &link(true), Terminal::plain());
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    for key in ["url", "browserUrl", "httpUrl", "wsUrl"] {
        assert!(document[key].is_string(), "{key}: {document}");
    }
    assert_eq!((&document["port"], &document["tokenIncluded"]), (&PORT.into(), &false.into()));
    assert_eq!(document["running"], false);
}

#[test]
fn other_gateways_other_modes() {
    let remote = "{gateway:{mode:'remote',remote:{url:'wss://gw.example/ws',token:'remote-token'}}}";
    let shown = printed(remote, &[], &link(false), at_terminal());
    assert!(shown.starts_with("Dashboard URL: https://gw.example/#token=remote-token\n"), "{shown}");
    for (url, has) in
        [("ws://gw.example:18789", false), ("ws://127.0.0.1:19999", true), ("ws://[::1]:19999", true)]
    {
        let config = format!("{{gateway:{{mode:'remote',remote:{{url:'{url}',token:'remote-token'}}}}}}");
        let shown = printed(&config, &[], &link(false), at_terminal());
        assert_eq!(shown.contains("#token=remote-token"), has, "{shown}");
    }
    let none = format!("{{gateway:{{port:{PORT},auth:{{mode:'none'}},controlUi:{{basePath:'/claw'}}}}}}");
    let shown = printed(&none, &[], &link(false), at_terminal());
    assert!(shown.starts_with(&format!("Dashboard URL: http://127.0.0.1:{PORT}/claw/\n")), "{shown}");
    let unresolved = format!("{{gateway:{{port:{PORT},auth:{{token:'${{NOPE}}'}}}}}}");
    assert!(printed(&unresolved, &[], &link(false), at_terminal()).contains("Token auto-auth unavailable: "));
}

#[test]
fn what_keeps_the_page_away_is_said() {
    let off = format!("{{gateway:{{port:{PORT},controlUi:{{enabled:false}},auth:{{token:'{TOKEN}'}}}}}}");
    let shown = printed(&off, &[], &DashboardArgs { no_open: false, yes: false, json: false }, at_terminal());
    assert!(shown.contains("The dashboard is switched off: gateway.controlUi.enabled is false."), "{shown}");
    assert!(shown.contains("Fix: openclaw config set gateway.controlUi.enabled true"), "{shown}");
    let shown = printed(&config(), &[], &link(false), at_terminal());
    let without = openclaw_control_ui::page().is_err();
    assert_eq!(
        shown.contains("Fix: OPENCLAW_UI=required cargo install --path crates/cli"),
        without,
        "{shown}"
    );
}

#[test]
fn a_token_of_any_characters_fits_a_fragment() {
    assert_eq!(in_fragment("aZ0-._~"), "aZ0-._~");
    assert_eq!(in_fragment("a b#&%ä"), "a%20b%23%26%25%C3%A4");
}
