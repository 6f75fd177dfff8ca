//! Rows about gateways in containers and behind address translation.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use openclaw_tests::acceptance::{Row, fix_of};
use openclaw_tests::container::{Container, Image, Service};
use openclaw_tests::docker_host::{BRIDGE, CLIENT, DockerHost, PORT, Publish};
use openclaw_tests::network::{Namespace, wire};
use openclaw_tests::wait::until;
use openclaw_tests::{Answer, Connect, Device, Dial, Dialect, http, skipped};
use serde_json::{Value, json};

const NO_CONTAINERS: &str =
    "containers are made of namespaces here, which needs root, iproute2 and util-linux";

/// A host with our container on it, started as compose.yaml says.
fn compose() -> Option<(DockerHost, Container)> {
    let made = DockerHost::new().and_then(|docker| Some((Container::compose(&docker.container)?, docker)));
    let Some((container, docker)) = made else {
        skipped(NO_CONTAINERS);
        return None;
    };
    wait_ready(&container, &docker.container);
    Some((docker, container))
}

fn wait_ready(container: &Container, network: &Namespace) {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    until("the gateway in the container", || {
        network.run(|| http::get(at, "/readyz")).filter(|answer| answer.status == 200)
    });
    container.line_with("(PID 1)");
}

/// The token that the first start made, as the owner reads it in the volume.
fn token(container: &Container) -> String {
    let text = std::fs::read_to_string(container.state().join("openclaw.json")).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    config["gateway"]["auth"]["token"].as_str().unwrap().to_owned()
}

fn claim_code(container: &Container) -> String {
    let line = container.line_with("Claim code: ");
    line.split_whitespace().nth(2).unwrap().to_owned()
}

/// A browser at `localhost` of the machine that runs the container.
fn browser(dial: Dial) -> Dial {
    dial.host(&format!("localhost:{PORT}")).web_origin(&format!("http://localhost:{PORT}"))
}

/// Runs the `Fix:` of a refusal on the container's host, while the client keeps trying as clients do, and sees both end
/// well.
fn mend(container: &Container, refusal: &Value, dial: &(dyn Fn() -> Dial + Sync), connect: &Connect) {
    let fix = fix_of(refusal);
    std::thread::scope(|scope| {
        let fixed = scope.spawn(|| container.sh(&fix).ok());
        until("the client to be let in", || match dial().open().connect(connect) {
            Answer::Hello(hello) => Some(hello),
            Answer::Refused { .. } => None,
        });
        let said = fixed.join().unwrap();
        assert!(said.out.contains("Approved"), "{said:?}");
    });
}

#[test]
fn a_41_the_image_runs_what_the_guides_type() {
    let Some((docker, container)) = compose() else { return };
    let row = Row::of("A-41");
    for line in [
        "docker compose exec openclaw-gateway node dist/index.js devices list",
        "docker compose exec openclaw-gateway node openclaw.mjs devices list",
        "docker compose exec openclaw-gateway openclaw devices list",
        "docker compose run --rm openclaw-cli devices list",
    ] {
        let said = container.sh(line).ok();
        assert_eq!(said.out, "No device pairing entries.\n", "{line}: {said:?}");
    }
    let said = container.sh("docker compose exec openclaw-gateway node server.js").failed(1);
    row.says(&said).mends(&said);

    // What the image and the compose file have as health checks is answered; so is the one of older compose files.
    let image = Image::build().unwrap();
    let older = "fetch('http://127.0.0.1:18789/healthz').then((r)=>process.exit(r.ok?0:1)).catch(()=>process.exit(1))";
    let older = ["node", "-e", older].map(str::to_owned).to_vec();
    for check in [image.health_check, Service::of("openclaw-gateway").health_check, older] {
        let words: Vec<&str> = check.iter().map(String::as_str).collect();
        container.exec(&words).ok();
    }
    assert_eq!(image.command[..2], ["openclaw", "gateway"]);
    // Nothing that could run somebody else's words is in there.
    for program in ["bin/sh", "bin/bash", "usr/bin/env", "usr/bin/apt", "usr/bin/curl"] {
        assert!(!container.root().join(program).exists(), "{program}");
    }
    assert!(Service::of("openclaw-gateway").ports.contains(&(PORT, PORT)));
    drop(docker);
    assert_eq!(container.stop(), 0);
}

#[test]
fn g1_8_the_guides_line_lists_and_approves() {
    let Some((mut docker, container)) = compose() else { return };
    if let Err(why) = docker.publish(Publish::Translation) {
        return skipped(why);
    }
    let connect = Connect::cli(Dialect::V4).token(&token(&container)).device(&Device::new());
    let (error, _) = docker.from_afar().open().connect(&connect).refused();
    let request = error["details"]["requestId"].as_str().unwrap();
    let list = container.sh("docker compose exec openclaw-gateway node dist/index.js devices list").ok();
    assert!(list.out.contains(request), "{list:?}");
    let line = format!(
        "docker compose exec openclaw-gateway node dist/index.js devices approve {request} --no-wait"
    );
    let said = container.sh(&line).ok();
    Row::of("G1-8").says(&list).mends(&said);
    docker.from_afar().open().connect(&connect).hello();
}

#[test]
fn g3_7_a_fix_has_the_containers_prefix() {
    let Some((mut docker, container)) = compose() else { return };
    if let Err(why) = docker.publish(Publish::Translation) {
        return skipped(why);
    }
    let connect = Connect::cli(Dialect::V4).token(&token(&container)).device(&Device::new());
    let (error, _) = docker.from_afar().open().connect(&connect).refused();
    let row = Row::of("G3-7").says(&error["details"]["help"]);
    row.mends(&fix_of(&error));
    mend(&container, &error, &|| docker.from_afar(), &connect);
    // The log line, which people read with `docker logs`, has the same command.
    let line = container.line_with("closed before connect");
    assert!(line.contains("Fix: docker compose exec openclaw-gateway openclaw devices approve "), "{line}");
}

#[test]
fn g1_3_a_browser_on_the_host_of_the_container() {
    let Some((mut docker, container)) = compose() else { return };
    if let Err(why) = docker.publish(Publish::Proxy) {
        return skipped(why);
    }
    let row = Row::of("G1-3");
    let page = Connect::control_ui(Dialect::V4).device(&Device::new());
    let with_token = page.clone().token(&token(&container));
    let (error, _) = browser(docker.from_host()).open().connect(&with_token).refused();
    assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    row.says(&error["details"]["help"]);
    // The doctor in the container names the way there.
    let doctor = container.exec(&["openclaw", "doctor"]);
    assert!(doctor.out.contains(&format!("come through its bridge and appear as {BRIDGE}")), "{doctor:?}");
    let dashboard = container.exec(&["openclaw", "dashboard"]).ok();
    assert!(dashboard.out.contains("This is a container."), "{dashboard:?}");
    assert!(!dashboard.all().contains(&token(&container)), "{dashboard:?}");
    // Nobody needs a shell in the container for the first device: its log shows a code.
    row.mends(&container.logs());
    let with_code = page.auth("bootstrapToken", &claim_code(&container));
    browser(docker.from_host()).open().connect(&with_code).hello();
    browser(docker.from_host()).open().connect(&with_token).hello();
    // The second one is approved by the line that it is shown.
    let second = Connect::control_ui(Dialect::V4).device(&Device::new()).token(&token(&container));
    let (error, _) = browser(docker.from_host()).open().connect(&second).refused();
    mend(&container, &error, &|| browser(docker.from_host()), &second);
}

#[test]
fn g2_2_each_way_into_a_container_is_told_and_mended() {
    let ways = [
        (Publish::Translation, Dialect::V4),
        (Publish::Masquerade, Dialect::V3),
        (Publish::Proxy, Dialect::V4),
    ];
    let Some((mut docker, container)) = compose() else { return };
    for (how, dialect) in ways {
        docker.unpublish();
        if let Err(why) = docker.publish(how) {
            skipped(why);
            continue;
        }
        let seen: IpAddr = if how == Publish::Translation { CLIENT.into() } else { BRIDGE.into() };
        let at = format!("10.77.0.1:{PORT}");
        let connect = Connect::control_ui(dialect).token(&token(&container)).device(&Device::new());
        let dial = || docker.from_afar().host(&at).web_origin(&format!("http://{at}"));
        let (error, close) = dial().open().connect(&connect).refused();
        assert!(close.reason.starts_with("pairing required"), "{close:?}");
        let help = &error["details"]["help"];
        Row::of("G2-2").says(help).mends(&fix_of(help));
        let sentence = help["sentence"].as_str().unwrap();
        assert!(sentence.contains(&format!("({seen})")), "{how:?}: {sentence}");
        mend(&container, &error, &dial, &connect);
    }
}

#[test]
fn n_01_nothing_that_came_from_elsewhere_is_let_in_unasked() {
    let Some((mut docker, container)) = compose() else { return };
    let token = token(&container);
    let refused = |what: &str, dial: &dyn Fn() -> Dial, connect: Connect, code: &str| {
        let connect = connect.token(&token).device(&Device::new());
        let (error, _) = dial().open().connect(&connect).refused();
        assert_eq!(error["details"]["code"], json!(code), "{what}: {error}");
        error
    };
    let must_pair = |what: &str, dial: &dyn Fn() -> Dial| {
        for dialect in Dialect::BOTH {
            for connect in [Connect::cli(dialect), Connect::node_host(dialect)] {
                let error = refused(what, dial, connect, "PAIRING_REQUIRED");
                Row::of("N-01").says(&error["details"]["help"]);
            }
            let page = || browser(dial());
            let error = refused(what, &page, Connect::control_ui(dialect), "PAIRING_REQUIRED");
            Row::of("N-01").says(&error["details"]["help"]);
            // Nor with a header that claims a better address, and such a page not at all.
            let forged = || dial().header("X-Forwarded-For", "127.0.0.1").header("X-Real-IP", "::1");
            refused(what, &forged, Connect::cli(dialect), "PAIRING_REQUIRED");
            let forged = || browser(dial()).header("X-Forwarded-For", "127.0.0.1");
            refused(what, &forged, Connect::control_ui(dialect), "CONTROL_UI_ORIGIN_NOT_ALLOWED");
            let foreign = || dial().web_origin("https://evil.example");
            refused(what, &foreign, Connect::control_ui(dialect), "CONTROL_UI_ORIGIN_NOT_ALLOWED");
        }
        container.exec(&["openclaw", "devices", "clear", "--pending", "--yes"]).ok();
    };
    // From inside the container too: who knows what else runs in its network.
    let inside = openclaw_tests::network::Origin::Inside(docker.container.clone());
    let within = || {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
        Dial::to(at).host(&format!("localhost:{PORT}")).from(inside.clone())
    };
    must_pair("inside the container", &within);
    if let Err(why) = docker.publish(Publish::Proxy) {
        return skipped(why);
    }
    must_pair("through docker-proxy, by localhost", &|| docker.from_host());
    must_pair("through docker-proxy", &|| docker.from_afar());
    let paired = container.exec(&["openclaw", "devices", "list", "--json"]).ok().json();
    assert_eq!(paired["paired"], json!([]), "{paired}");
}

#[test]
fn the_image_on_a_platform_that_sets_port_and_has_a_proxy_in_front() {
    const EDGE: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 2);
    let made = Namespace::new("box", Ipv4Addr::new(100, 64, 0, 9)).and_then(|inside| {
        let edge = Namespace::new("edge", EDGE)?;
        wire((&inside, "eth0", "100.64.0.9/10"), (&edge, "eth0", "100.64.0.2/10"))?;
        Some((Arc::new(inside), Arc::new(edge), Image::build()?))
    });
    let Some((inside, edge, image)) = made else { return skipped(NO_CONTAINERS) };
    let (command, health_check) = (image.command.clone(), image.health_check.clone());
    let container = Container::run(image, &inside, &[("PORT".to_owned(), "8080".to_owned())], &command);
    let at = SocketAddr::from((inside.address, 8080));
    until("the gateway on the platform's port", || {
        edge.run(|| http::get(at, "/healthz")).filter(|answer| answer.status == 200)
    });
    container.exec(&health_check.iter().map(String::as_str).collect::<Vec<_>>()).ok();

    // The platform's proxy says for whom it speaks, and is not believed for its address.
    let dial = || {
        let edge = Dial::to(at).from(openclaw_tests::network::Origin::Inside(edge.clone()));
        edge.host("app.example.com").header("X-Forwarded-For", "203.0.113.9")
    };
    let connect = Connect::cli(Dialect::V4).token(&token(&container)).device(&Device::new());
    let (error, _) = dial().open().connect(&connect).refused();
    assert_eq!(error["details"]["code"], json!("PAIRING_REQUIRED"), "{error}");
    let line = container.line_with("cause=C-15");
    assert!(line.contains("a proxy at 100.64.0.2") && line.contains("<proxy address>"), "{line}");
    let wide =
        ["openclaw", "config", "set", "gateway.trustedProxies", "[\"100.64.0.0/10\"]", "--strict-json"];
    container.exec(&wide).failed(1);
    container.exec(&[&wide[..], &["--force"]].concat()).ok();
    until("the proxy to be believed", || {
        let device = Device::new();
        let connect = Connect::cli(Dialect::V4).token(&token(&container)).device(&device);
        dial().open().connect(&connect).refused();
        let list = container.exec(&["openclaw", "devices", "list", "--json"]).ok().json();
        container.exec(&["openclaw", "devices", "clear", "--pending", "--yes"]).ok();
        let pending = list["pending"].as_array().unwrap();
        pending.iter().any(|entry| entry["remoteIp"] == json!("203.0.113.9")).then_some(())
    });
    // The first device needs no shell in there: the code in the platform's log does.
    let connect =
        Connect::cli(Dialect::V4).auth("bootstrapToken", &claim_code(&container)).device(&Device::new());
    dial().open().connect(&connect).hello();
}

#[test]
fn as_process_1_it_restarts_in_place_takes_care_of_orphans_and_stops_when_asked() {
    let Some((docker, mut container)) = compose() else { return };
    let first = container.first_process();
    let children = || {
        let text =
            std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(children(), Vec::<String>::new());
    // A program whose parent is gone becomes the child of process 1, which nobody else would wait for.
    let orphan = std::process::Command::new("nsenter")
        .args(["--target", &first.to_string(), "--pid", "/bin/sh", "-c", "sleep 1 >/dev/null 2>&1 &"])
        .status()
        .unwrap();
    assert!(orphan.success());
    until("the orphan to be adopted", || (!children().is_empty()).then_some(()));
    until("the orphan to be taken care of", || children().is_empty().then_some(()));

    let said = container.sh("docker compose exec openclaw-gateway node dist/index.js gateway restart");
    assert_eq!(said.code, 0, "{said:?}");
    wait_ready(&container, &docker.container);
    assert_eq!(container.exec(&["openclaw", "devices", "list"]).ok().out, "No device pairing entries.\n");
    // It was process 1 all the time: the container never ended.
    assert_eq!(container.exit_code(), None);
    container.exec(&["openclaw", "gateway", "stop"]);
    until("the container to end", || container.exit_code());
}
