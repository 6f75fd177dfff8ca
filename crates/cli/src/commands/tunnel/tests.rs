//! What is asked for, and what is refused before ssh is started.

use super::{Route, Trouble, failure, local_port, route};
use crate::args::tunnel::TunnelArgs;
use crate::context::Context;
use crate::ui::Terminal;
use crate::ui::testing::capture;

fn args(target: Option<&str>) -> TunnelArgs {
    TunnelArgs {
        target: target.map(str::to_owned),
        port: None,
        local_port: None,
        ssh_port: None,
        identity: None,
        check: false,
        json: false,
        timeout: None,
    }
}

#[test]
fn a_target_that_could_be_an_option_or_code_is_refused() {
    let context = Context::testing();
    let (mut ui, _, _) = capture(Terminal::plain(), "");
    for bad in ["-oProxyCommand=reboot", "ada@-x", "a b", "ada@host;reboot", "@host", "ada@", "ada@host:22"] {
        let message = route(&context, &mut ui, &args(Some(bad))).unwrap_err();
        assert!(message.message().ends_with("is not user@host."), "{bad}");
        assert_eq!(message.fix_command(), Some("openclaw tunnel <user>@<host>"));
    }
    assert!(route(&context, &mut ui, &args(None)).is_err());
    for good in ["ada@host", "vps", "ada@2001:db8::1"] {
        assert_eq!(route(&context, &mut ui, &args(Some(good))).unwrap().target, good);
    }
}

#[test]
fn a_taken_port_is_left_alone() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (mut ui, _, err) = capture(Terminal::plain(), "");
    assert!(local_port(&mut ui, Some(port), 18789).unwrap_err().message().contains("is taken"));
    let other = local_port(&mut ui, None, port).unwrap();
    assert_ne!(other, port);
    assert!(err.text().contains(&format!("Port {port} is taken on this machine")), "{}", err.text());
}

#[test]
fn every_trouble_has_its_own_words() {
    let target = "ada@vps".to_owned();
    let route = Route { target, local: 19999, remote: 18789, ssh_port: None, identity: None };
    let mut shown = String::new();
    for trouble in [
        Trouble::NoProgram,
        Trouble::UnknownHost,
        Trouble::NoServer,
        Trouble::NoAnswer,
        Trouble::UnknownKey,
        Trouble::ChangedKey,
        Trouble::Login,
        Trouble::LocalPort,
        Trouble::Forbidden,
        Trouble::NothingThere,
    ] {
        let (mut ui, _, err) = capture(Terminal::plain(), "");
        failure(&route, trouble, None).print(&mut ui, false);
        shown.push_str(&err.text());
    }
    crate::snapshot::check("tunnel-troubles.txt", &shown);
}
