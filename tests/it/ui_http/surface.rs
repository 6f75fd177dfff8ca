//! What anybody gets who has no secret (S5, S7, S33): exactly this.

use std::collections::BTreeSet;

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Dialect, World, http};

use super::{get, references, resolve};

/// Path, and what comes back: the status, and the body or where it is told.
const SURFACE: [(&str, u16, &str); 34] = [
    ("/", 200, "the page"),
    ("/devices", 200, "the page"),
    ("/chat/main/x", 200, "the page"),
    ("/index.html", 404, "Not Found"),
    ("/favicon.svg", 200, "a file"),
    ("/favicon.ico", 200, "a file"),
    ("/manifest.webmanifest", 200, "a file"),
    ("/assets", 200, "the page"),
    ("/assets/", 200, "the page"),
    ("/assets/index.js", 404, "Not Found"),
    ("/assets/index.html", 404, "Not Found"),
    ("/health", 200, r#"{"ok":true,"status":"live"}"#),
    ("/healthz", 200, r#"{"ok":true,"status":"live"}"#),
    ("/ready", 200, r#"{"ready":true}"#),
    ("/readyz", 200, r#"{"ready":true}"#),
    (
        "/__openclaw__/control-ui-config.json",
        200,
        r#"{"basePath":"","assistantName":"Assistant","assistantAvatar":"A","assistantAgentId":"main"}"#,
    ),
    (
        "/__openclaw/control-ui-config.json",
        200,
        r#"{"basePath":"","assistantName":"Assistant","assistantAvatar":"A","assistantAgentId":"main"}"#,
    ),
    ("/__openclaw__/requests/00000000-0000-4000-8000-000000000000", 200, r#"{"state":"unknown"}"#),
    ("/__openclaw__/requests/", 200, r#"{"state":"unknown"}"#),
    ("/__openclaw__/requests", 404, "Not Found"),
    ("/__openclaw__", 404, "Not Found"),
    ("/__openclaw__/canvas", 404, "Not Found"),
    ("/control-ui-config.json", 404, "Not Found"),
    ("/api", 404, "Not Found"),
    ("/api/config", 404, "Not Found"),
    ("/v1/models", 404, "Not Found"),
    ("/hooks/wake", 404, "Not Found"),
    ("/tools/invoke", 404, "Not Found"),
    ("/avatar/main", 404, "Not Found"),
    ("/j/ABCD", 404, "Not Found"),
    ("/plugins/x", 404, "Not Found"),
    ("/sessions/main/history", 404, "Not Found"),
    ("/.env", 404, "Not Found"),
    ("/openclaw.json", 404, "Not Found"),
];

#[test]
fn this_is_all_that_is_told_without_a_secret() {
    let world = World::new();
    let gateway = world.start();
    gateway.operator(Dialect::V4).close();
    let page = gateway.get("/").unwrap().body;
    let secrets =
        [TOKEN.to_owned(), world.home().display().to_string(), env!("CARGO_PKG_VERSION").to_owned()];
    for (path, status, expected) in SURFACE {
        let answer = get(gateway.address(), path, &[("X-Forwarded-For", "203.0.113.9")]);
        let text = format!("{answer:?}");
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{path}: {text}");
        let found = match (answer.status, answer.header("content-type")) {
            (200, Some("text/html; charset=utf-8")) => "the page",
            (200, Some("image/svg+xml" | "application/manifest+json; charset=utf-8")) => "a file",
            _ => answer.body.as_str(),
        };
        assert_eq!((answer.status, found), (status, expected), "{path}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }
    // What is in the files is the same for everybody, and refers to nobody else.
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<String> = references(&page).iter().map(|name| resolve("/", name)).collect();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let file = get(gateway.address(), &path, &[]);
        assert_eq!(file.status, 200, "{path}");
        assert!(!secrets.iter().any(|secret| file.body.contains(secret)), "{path} has a secret in it");
        // Script and style that others load when they are wanted: "./name-hash.js" and "assets/name-hash.js".
        for name in
            file.body.split(['"', '\'', '`']).filter(|text| text.ends_with(".js") || text.ends_with(".css"))
        {
            let name = name.rsplit('/').next().unwrap();
            let path = format!("/assets/{name}");
            if !name.contains(' ') && gateway.get(&path).unwrap().status == 200 {
                waiting.push(path);
            }
        }
    }
    assert!(seen.iter().any(|path| path.ends_with(".js")), "{seen:?}");
}

#[test]
fn no_spelling_of_a_path_leads_to_a_file() {
    let world = World::new();
    let gateway = world.start();
    let script = {
        let page = gateway.get("/").unwrap().body;
        resolve("/", references(&page).into_iter().find(|name| name.ends_with(".js")).unwrap())
    };
    let name = script.strip_prefix("/assets/").unwrap();
    for path in [
        "/../../etc/passwd".to_owned(),
        "/assets/../../../etc/passwd".to_owned(),
        "/assets/..%2f..%2fetc%2fpasswd".to_owned(),
        "/assets/..%5c..%5cetc".to_owned(),
        "/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/assets/%00".to_owned(),
        "/assets%2f..%2ffavicon.svg".to_owned(),
        "/./favicon.svg".to_owned(),
        "/assets/../favicon.svg".to_owned(),
        "//favicon.svg".to_owned(),
        format!("/assets//{name}"),
        format!("/assets/./{name}"),
        format!("/assets%2f{name}"),
        format!("/ASSETS/{name}"),
        format!("/assets/{name}/"),
        format!("/assets/{name}.gz"),
        format!("/assets/{name}.br"),
        format!("/assets\\{name}"),
    ] {
        let Some(answer) = gateway.get(&path) else { continue };
        let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        assert!(answer.status >= 400 || is_page, "{path}: {answer:?}");
        assert!(!answer.body.contains("root:"), "{path}: {answer:?}");
    }
    // A query is no part of the name.
    assert_eq!(gateway.get(&format!("{script}?v=1")).unwrap().status, 200);
}

#[test]
fn under_a_foreign_name_there_is_the_page_with_its_files_and_nothing_else() {
    let world = World::new();
    let gateway = world.start();
    let page = gateway.get("/").unwrap().body;
    let files: Vec<String> = references(&page).iter().map(|name| resolve("/", name)).collect();
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "gw@evil.example"] {
        let ask = |method: &str, path: &str| {
            http::request(gateway.address(), method, path, &[("Host", host)], "").unwrap().status
        };
        for path in
            ["/", "/devices", "/favicon.ico", "/healthz"].into_iter().chain(files.iter().map(String::as_str))
        {
            assert_eq!((ask("GET", path), ask("HEAD", path)), (200, 200), "{host} {path}");
        }
        for path in ["/__openclaw__/control-ui-config.json", "/v1/models", "/assets/nothing.js", "/x.json"] {
            assert_eq!(ask("GET", path), 421, "{host} {path}");
        }
        assert_eq!((ask("POST", "/"), ask("POST", &files[0])), (421, 421), "{host}");
    }
}
