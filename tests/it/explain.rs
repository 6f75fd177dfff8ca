//! `openclaw gateway explain`: it foretells exactly what a real connection then meets, and nothing comes of asking.

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Answer, Connect, Device, Dial, Dialect, Gateway, World};
use serde_json::{Value, json};

/// Somebody at the door, as a real connection and as a description of it.
struct Peer<'a> {
    what: &'a str,
    /// Request headers beside `Host`.
    headers: Vec<(&'a str, &'a str)>,
    host: Option<&'a str>,
    connect: Connect,
    /// The description, beside address and headers.
    words: Vec<&'a str>,
    expected: &'a str,
}

const NAME: &str = "gateway.example.com";

impl<'a> Peer<'a> {
    fn new(what: &'a str, connect: Connect, words: &[&'a str], expected: &'a str) -> Self {
        Peer { what, headers: Vec::new(), host: Some(NAME), connect, words: words.to_vec(), expected }
    }

    fn local(self) -> Self {
        Peer { host: None, ..self }
    }

    fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn dial(&self, gateway: &Gateway) -> Dial {
        let dial = match self.host {
            Some(host) => gateway.dial().host(host),
            None => gateway.dial(),
        };
        self.headers.iter().fold(dial, |dial, (name, value)| dial.header(name, value))
    }

    fn foretold(&self, world: &World) -> Value {
        let mut words: Vec<String> =
            ["gateway", "explain", "--json", "--from", "127.0.0.1"].map(str::to_owned).to_vec();
        if let Some(host) = self.host {
            words.extend(["--host".to_owned(), host.to_owned()]);
        }
        for (name, value) in &self.headers {
            words.extend(["--header".to_owned(), format!("{name}: {value}")]);
        }
        words.extend(self.words.iter().map(|word| (*word).to_owned()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        world.cli(&words).ok().json()
    }
}

/// The cause of a refusal, or `admitted`.
fn met(answer: Answer) -> String {
    match answer {
        Answer::Hello(_) => "admitted".to_owned(),
        refused => refused.refused().0["details"]["help"]["cause"].as_str().unwrap_or_default().to_owned(),
    }
}

fn told(answer: &Value) -> String {
    if answer["outcome"] == json!("admit") {
        return "admitted".to_owned();
    }
    answer["cause"].as_str().unwrap_or_default().to_owned()
}

fn world() -> World {
    World::new().with(|config| {
        config["gateway"]["controlUi"]["allowedOrigins"] = json!(["https://pages.example.com"]);
    })
}

#[test]
fn what_is_foretold_is_what_happens() {
    let world = world();
    let gateway = world.start();
    let (paired, waiting) = (Device::new(), Device::new());
    let test = || Connect::test(Dialect::V4);
    let own = gateway.pair_remote(&test().token(TOKEN).device(&paired));
    gateway.dial_remote().open().connect(&test().token(TOKEN).device(&waiting)).refused();
    let (id, waits) = (paired.id(), waiting.id());
    let new = || test().device(&Device::new());
    let page = || Connect::control_ui(Dialect::V4).token(TOKEN);
    let right = "--with-gateway-token";
    let ui = "--client=control-ui";
    let peers = [
        Peer::new("the owner's program", new().token(TOKEN), &["--client=test", right], "admitted").local(),
        Peer::new("the same without a token", new(), &["--client=test"], "C-07").local(),
        Peer::new("a new device", new().token(TOKEN), &["--client=test", right], "C-01"),
        Peer::new(
            "a new node",
            Connect::node_host(Dialect::V4).token(TOKEN).device(&Device::new()),
            &["--client=node", right],
            "C-01",
        ),
        Peer::new(
            "a new device of protocol 3",
            Connect::test(Dialect::V3).token(TOKEN).device(&Device::new()),
            &["--client=test", "--protocol=3", right],
            "C-01",
        ),
        Peer::new(
            "one that waits",
            test().token(TOKEN).device(&waiting),
            &["--device", &waits, right],
            "C-01",
        ),
        Peer::new("without a token", new(), &["--client=test"], "C-07"),
        Peer::new(
            "a wrong token",
            new().token("a-typed-secret"),
            &["--client=test", "--token=a-typed-secret"],
            "C-08",
        ),
        Peer::new(
            "a placeholder",
            new().token("YOUR_TOKEN"),
            &["--client=test", "--token=YOUR_TOKEN"],
            "C-08",
        ),
        Peer::new(
            "a wrong code",
            new().auth("bootstrapToken", "ZZZZ-ZZZZ"),
            &["--client=test", "--code=ZZZZ-ZZZZ"],
            "C-27",
        ),
        Peer::new(
            "an old client",
            new()
                .token(TOKEN)
                .edit(|params| (params["minProtocol"], params["maxProtocol"]) = (json!(2), json!(2))),
            &["--client=test", "--protocol=2", right],
            "C-16",
        ),
        Peer::new(
            "an unheard-of role",
            new().token(TOKEN).edit(|params| params["role"] = json!("king")),
            &["--client=test", "--role=king", right],
            "C-22",
        ),
        Peer::new("an unlisted proxy", new().token(TOKEN), &["--client=test", right], "C-01")
            .header("X-Forwarded-For", "203.0.113.9"),
        Peer::new("a foreign page", page().device(&Device::new()), &[ui, right], "C-14")
            .header("Origin", "https://evil.example"),
        Peer::new("an allowed page", page().device(&Device::new()), &[ui, right], "C-01")
            .header("Origin", "https://pages.example.com"),
        Peer::new("a page without identity", page(), &[ui, right, "--device=none"], "C-05")
            .header("Origin", "https://pages.example.com"),
        Peer::new(
            "a program without identity",
            test().token(TOKEN),
            &["--client=test", right, "--device=none"],
            "admitted",
        ),
        Peer::new(
            "the owner's backend",
            Connect::backend(Dialect::V4).token(TOKEN),
            &["--client=backend", right],
            "admitted",
        )
        .local(),
        Peer::new(
            "a paired device",
            test().auth("deviceToken", &own).device(&paired),
            &["--device", &id],
            "admitted",
        ),
        Peer::new(
            "the same with its beginning",
            test().auth("deviceToken", &own).device(&paired),
            &["--device", &id[..8]],
            "admitted",
        ),
        Peer::new(
            "its stale token",
            test().auth("deviceToken", "stale").device(&paired),
            &["--device", &id, "--device-token=stale"],
            "C-09",
        ),
        Peer::new(
            "its token for more",
            test().auth("deviceToken", &own).device(&paired).scopes(&["read", "write"]),
            &["--device", &id, "--scopes=read,write"],
            "C-10",
        ),
        Peer::new(
            "the same device for more",
            test().token(TOKEN).device(&paired).scopes(&["read", "write"]),
            &["--device", &id, "--scopes=read,write", right],
            "C-02",
        ),
        Peer::new(
            "the same device as a node",
            Connect::node_host(Dialect::V4)
                .client("deviceFamily", json!(null))
                .edit(|params| drop(params["client"].as_object_mut().unwrap().remove("deviceFamily")))
                .token(TOKEN)
                .device(&paired)
                .payload_v2(),
            &["--device", &id, "--client=node", right],
            "C-03",
        ),
        Peer::new(
            "the same device on another system",
            test().client("platform", json!("win32")).token(TOKEN).device(&paired),
            &["--device", &id, "--platform=win32", right],
            "C-04",
        ),
    ];
    for peer in &peers {
        let answer = peer.foretold(&world);
        assert_eq!(told(&answer), peer.expected, "foretold for {}: {answer:#}", peer.what);
        let socket_says = met(peer.dial(&gateway).open().connect(&peer.connect));
        assert_eq!(socket_says, peer.expected, "{}: {answer:#}", peer.what);
        if peer.what == "an unlisted proxy" {
            assert_eq!(answer["proxyHelp"]["cause"], json!("C-15"), "{answer}");
        }
    }
    // Whoever has guessed too often is told so beforehand, too.
    for _ in 0..10 {
        let guess = new().token("a-typed-secret");
        gateway.dial_remote().open().connect(&guess).refused();
    }
    let locked = Peer::new("locked out", new().token(TOKEN), &["--client=test", right], "C-13");
    assert_eq!(told(&locked.foretold(&world)), locked.expected);
    assert_eq!(met(locked.dial(&gateway).open().connect(&locked.connect)), locked.expected);
}

#[test]
fn behind_a_listed_proxy_the_client_is_the_one_it_vouches_for() {
    let world = world().with(|config| config["gateway"]["trustedProxies"] = json!(["127.0.0.1"]));
    let gateway = world.start();
    let connect = Connect::test(Dialect::V4).token(TOKEN).device(&Device::new());
    let peer = Peer::new("through a proxy", connect, &["--client=test", "--with-gateway-token"], "C-01")
        .header("X-Forwarded-For", "203.0.113.9");
    let answer = peer.foretold(&world);
    assert_eq!((told(&answer).as_str(), &answer["addressClass"]), ("C-01", &json!("public")), "{answer}");
    assert_eq!(answer.get("proxyHelp"), None);
    assert_eq!(met(peer.dial(&gateway).open().connect(&peer.connect)), "C-01");
    let said = gateway
        .cli(&[
            "gateway",
            "explain",
            "--header",
            "X-Forwarded-For: 203.0.113.9",
            "--client=test",
            "--with-gateway-token",
        ])
        .ok();
    for words in [
        "203.0.113.9, for whom the trusted proxy 127.0.0.1 vouches",
        "✓ credentials",
        "✗ pairing",
        "Taken for granted:",
        "Fix: openclaw devices approve <requestId>",
    ] {
        assert!(said.out.contains(words), "no {words} in\n{}", said.out);
    }
}

#[test]
fn asking_leaves_no_trace_and_needs_no_gateway() {
    let world = world();
    let gateway = world.start();
    let wrong = ["gateway", "explain", "--from", "203.0.113.9", "--token", "a-typed-secret"];
    for _ in 0..12 {
        let said = gateway.cli(&wrong).ok();
        assert!(said.out.contains("cause C-08") && !said.all().contains("a-typed-secret"), "{said:?}");
    }
    let guess = ["gateway", "explain", "--from", "203.0.113.9", "--with-gateway-token"];
    let running = gateway.cli(&guess).ok();
    assert!(running.out.contains("cause C-01"), "{running:?}");
    assert_eq!(gateway.cli(&["why"]).ok().out, "Nobody was refused, as far back as the journal goes.\n");
    let list = gateway.cli(&["devices", "list", "--json"]).ok().json();
    assert_eq!((&list["pending"], &list["paired"]), (&json!([]), &json!([])), "{list}");
    gateway.stop();
    for file in walk(world.home()) {
        let text = std::fs::read(&file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("a-typed-secret"), "{}", file.display());
    }
    // Stopped, it answers from configuration and state.
    let stopped = world.cli(&guess).ok();
    let from = |text: &str| text.split_once("It would be checked").map(|(_, rest)| rest.to_owned());
    assert_eq!(from(&stopped.out), from(&running.out));
    let broken = world.with(|config| config["gateway"]["trustedProxies"] = json!("10.0.0.1"));
    let said = broken.cli(&guess).ok();
    assert!(said.err.contains("The gateway would not start with this configuration"), "{said:?}");
    let unknown = broken.cli(&["gateway", "explain", "--device", "0123456789"]).failed(1);
    assert!(unknown.err.contains("no device 0123456789 is known"), "{unknown:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_secret_does_not_leave_the_machine_in_the_clear() {
    // Even where plaintext is allowed for this program's own credentials.
    let world = world().variable("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS", "1");
    let words = ["gateway", "explain", "--url", "ws://10.0.0.7:18789", "--token", "a-typed-secret"];
    let said = world.cli(&words).failed(1);
    assert!(said.err.contains("unencrypted") && !said.all().contains("a-typed-secret"), "{said:?}");
}
