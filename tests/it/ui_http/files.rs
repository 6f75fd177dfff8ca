//! The page and its files: content, headers, versions, and what a browser keeps of them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use openclaw_tests::{World, http, place};

use super::{get, references, resolve};

/// What is left when the page's policy allows nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     object-src 'none'; connect-src 'self'";

/// Headers that every answer has.
const ALWAYS: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// Unpacks with Node.js, which is somebody else's implementation.
fn unpacked(function: &str, bytes: &[u8]) -> Vec<u8> {
    let script = format!(
        "const z=require('node:zlib');process.stdout.write(z.{function}(require('node:fs').readFileSync(0)))"
    );
    let mut command = Command::new(place::node());
    command.args(["-e", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "not {function}");
    out.stdout
}

#[test]
fn the_page_has_these_headers() {
    let world = World::new();
    let gateway = world.start();
    let page = gateway.get("/").unwrap();
    references(&page.body);
    let policy = format!("{POLICY} ws://127.0.0.1:{0} wss://127.0.0.1:{0}", world.port);
    let own = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("content-security-policy", policy.as_str()),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in own.into_iter().chain(ALWAYS) {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    assert_eq!(page.header("strict-transport-security"), None);
    // Where a browser ignores it, and complains about it on the console, it is not sent.
    let opener = |headers: &[(&str, &str)]| {
        get(gateway.address(), "/", headers).header("cross-origin-opener-policy").map(str::to_owned)
    };
    assert_eq!(opener(&[("Host", "10.0.0.5:18789")]), None);
    let over_https = [("Host", "10.0.0.5"), ("X-Forwarded-Proto", "https")];
    assert_eq!(opener(&over_https).as_deref(), Some("same-origin"));
    // Nothing in it that the policy forbids.
    for forbidden in ["<style", " style=", " onload=", "javascript:"] {
        assert!(!page.body.contains(forbidden), "{forbidden}: {}", page.body);
    }
}

#[test]
fn a_page_may_connect_where_its_address_says_and_nowhere_else() {
    let world = World::new();
    let gateway = world.start();
    let connects = |path: &str, headers: &[(&str, &str)]| {
        let page = get(gateway.address(), path, headers);
        let policy = page.header("content-security-policy").unwrap().to_owned();
        assert_eq!(policy.matches(';').count(), POLICY.matches(';').count(), "{policy}");
        policy.strip_prefix(POLICY).unwrap_or_else(|| panic!("{policy}")).trim().to_owned()
    };
    let host = [("Host", "gw.local")];
    assert_eq!(connects("/", &host), "ws://gw.local wss://gw.local");
    let other = connects("/?gatewayUrl=wss%3A%2F%2FOther.example.com%3A8443%2Fclaw", &host);
    assert_eq!(
        other,
        "ws://gw.local wss://gw.local wss://other.example.com:8443 https://other.example.com:8443"
    );
    for crafted in
        ["wss://a;script-src%20*", "wss://a%20*", "wss://*", "https://a", "wss://u@a", "javascript:x"]
    {
        let path = format!("/?gatewayUrl={crafted}");
        assert_eq!(connects(&path, &host), "ws://gw.local wss://gw.local", "{crafted}");
    }
    assert_eq!(connects("/", &[("Host", "a b;script-src *")]), "");
}

#[test]
fn every_file_comes_in_the_version_that_the_browser_takes() {
    let world = World::new();
    let gateway = world.start();
    let page = gateway.get("/").unwrap();
    let mut compressed = 0;
    for reference in references(&page.body) {
        let path = resolve("/", reference);
        let plain = get(gateway.address(), &path, &[]);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
        let length = plain.bytes.len().to_string();
        assert_eq!(plain.header("content-length"), Some(length.as_str()), "{path}");
        let hashed = path.starts_with("/assets/");
        let cached = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let kind = match path.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "webmanifest" => "application/manifest+json; charset=utf-8",
            other => panic!("{path}: a new kind of file, .{other}"),
        };
        let own = [
            ("content-type", kind),
            ("cache-control", cached),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        let mut tags = vec![plain.header("etag").unwrap().to_owned()];
        let asked =
            [("gzip, deflate, br, zstd", "br"), ("gzip, deflate", "gzip"), ("br;q=0, gzip;q=0.1", "gzip")];
        for (accepted, expected) in asked {
            let packed = get(gateway.address(), &path, &[("Accept-Encoding", accepted)]);
            for (name, value) in own.into_iter().chain(ALWAYS) {
                assert_eq!(packed.header(name), Some(value), "{path} {name}");
                assert_eq!(plain.header(name), Some(value), "{path} {name}");
            }
            let Some(encoding) = packed.header("content-encoding") else {
                // A file of a few bytes is not worth it.
                assert!(plain.bytes.len() < 1000 && packed.bytes == plain.bytes, "{path} as {expected}");
                continue;
            };
            assert_eq!((encoding, packed.header("vary")), (expected, Some("Accept-Encoding")), "{path}");
            assert_eq!(plain.header("vary"), Some("Accept-Encoding"), "{path}");
            assert!(packed.bytes.len() < plain.bytes.len(), "{path}");
            let function = if expected == "br" { "brotliDecompressSync" } else { "gunzipSync" };
            assert_eq!(unpacked(function, &packed.bytes), plain.bytes, "{path} as {expected}");
            tags.push(packed.header("etag").unwrap().to_owned());
            compressed += 1;
        }
        tags.sort();
        tags.dedup();
        assert_eq!(
            tags.len(),
            1 + usize::from(tags.len() > 1) * 2,
            "each version has a tag of its own: {tags:?}"
        );
    }
    assert!(compressed >= 6, "script and style are compressed: {compressed}");
}

#[test]
fn what_the_browser_has_is_not_sent_again() {
    let world = World::new();
    let gateway = world.start();
    let page = gateway.get("/").unwrap();
    let script = references(&page.body).into_iter().find(|reference| reference.ends_with(".js")).unwrap();
    for path in ["/".to_owned(), "/chat/main/x".to_owned(), "/favicon.svg".to_owned(), resolve("/", script)] {
        let gzip = ("Accept-Encoding", "gzip");
        let first = get(gateway.address(), &path, &[gzip]);
        let tag = first.header("etag").unwrap().to_owned();
        for sent in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = get(gateway.address(), &path, &[gzip, ("If-None-Match", &sent)]);
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{path} {sent}");
            for name in ["etag", "cache-control", "vary", "content-security-policy", "x-content-type-options"]
            {
                assert_eq!(again.header(name), first.header(name), "{path} {name}");
            }
        }
        let other = get(gateway.address(), &path, &[gzip, ("If-None-Match", "\"other\"")]);
        assert_eq!((other.status, &other.bytes), (200, &first.bytes), "{path}");
    }
    // The same page at another depth is another text.
    let tag = |path: &str| gateway.get(path).unwrap().header("etag").unwrap().to_owned();
    assert_eq!(tag("/"), tag("/devices"));
    assert_ne!(tag("/"), tag("/chat/main"));
}

#[test]
fn head_tells_what_get_would_and_nothing_else_is_answered() {
    let world = World::new();
    let gateway = world.start();
    let page = gateway.get("/").unwrap();
    let script = resolve("/", references(&page.body).into_iter().find(|name| name.ends_with(".js")).unwrap());
    for path in ["/", "/devices/", "/favicon.svg", "/favicon.ico", "/manifest.webmanifest", &script] {
        let whole = gateway.get(path).unwrap();
        let head = http::request(gateway.address(), "HEAD", path, &[], "").unwrap();
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
        for name in ["content-length", "content-type", "etag", "cache-control", "content-security-policy"] {
            assert_eq!(head.header(name), whole.header(name), "{path} {name}");
        }
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = http::request(gateway.address(), method, path, &[], "a=b").unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (404, "Not Found"), "{method} {path}");
        }
    }
    assert_eq!(gateway.get("/favicon.ico").unwrap().bytes, gateway.get("/favicon.svg").unwrap().bytes);
}
