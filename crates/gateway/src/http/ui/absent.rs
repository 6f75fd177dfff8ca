//! The page of a build that has no Control UI: that the gateway runs, why the app is missing, and how to get it.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderValue};
use http_body_util::Full;
use openclaw_control_ui::Absence;
use sha2::{Digest, Sha256};

use crate::core::Core;
use crate::http::Answer;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:10vh auto;padding:0 1rem;\
     background:#f6f5f2;color:#1c1c1a}code{background:#8883;padding:.1em .3em;border-radius:.2em}\
     li{margin:.4em 0}@media(prefers-color-scheme:dark){body{background:#14161a;color:#ddd}}";

/// No script and no connection; the one style is the page's own.
static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'none'; \
         style-src 'sha256-{style}'"
    )
});

pub(super) fn answer(core: &Core, absence: Absence) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(html(core.is_claimable(), absence))));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, super::ASK_AGAIN);
    if let Ok(policy) = HeaderValue::from_str(&CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// What a person reads who opens the gateway's address. It names no version, path or device: anybody may read it.
fn html(claimable: bool, absence: Absence) -> String {
    let claim = if claimable {
        "<p>This gateway has no owner yet. Its start showed a <b>claim code</b>: the first device that connects with \
         it becomes its operator.</p>\n"
    } else {
        ""
    };
    let why = why(absence);
    let first = match absence {
        Absence::NoNode | Absence::OldNode => {
            "<li>Install Node.js 20.19 or newer there (of the 22 series: 22.12), with npm.</li>\n"
        }
        Absence::NoPackages => {
            "<li>Connect that computer to the internet, or give npm a cache or mirror.</li>\n"
        }
        Absence::NoSources => "<li>Get the complete sources, with <code>crates/control-ui/web</code>.</li>\n",
        Absence::LeftOut | Absence::NotBuilt => "",
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>OpenClaw gateway</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>The gateway is running</h1>\n\
         <p>Programs and apps can connect to this address. Its page for the browser, the Control UI, is not in this \
         build: {why}</p>\n\
         <h2>Get the page</h2>\n<p>On the computer where the gateway is built, in the folder of its sources:</p>\n\
         <ol>\n{first}\
         <li>Run <code>OPENCLAW_UI=required cargo install --path crates/cli</code>. If the page cannot be built, it \
         ends and says why.</li>\n\
         <li>Run <code>openclaw gateway restart</code> on the gateway host, and load this page again.</li>\n</ol>\n\
         <h2>Until then</h2>\n\
         <p>A device that is new here is told its request id. See and approve it on the gateway host:</p>\n\
         <p><code>openclaw devices list</code><br><code>openclaw devices approve &lt;request id&gt;</code></p>\n\
         <p><code>openclaw status</code> says whether everything is well.</p>\n\
         {claim}</body>\n</html>\n"
    )
}

fn why(absence: Absence) -> &'static str {
    match absence {
        Absence::LeftOut => "it was left out on purpose (OPENCLAW_UI=off).",
        Absence::NoNode => "there was no Node.js where it was built.",
        Absence::OldNode => "the Node.js where it was built is too old.",
        Absence::NoPackages => "npm could not get the packages that are needed to build it.",
        Absence::NotBuilt => "building it failed.",
        Absence::NoSources => "its sources were not there when the gateway was built.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_comes_with_what_to_do() {
        use Absence::{LeftOut, NoNode, NoPackages, NoSources, NotBuilt, OldNode};
        let rows = [
            (LeftOut, "OPENCLAW_UI=off", None),
            (NoNode, "no Node.js", Some("Install Node.js")),
            (OldNode, "too old", Some("Install Node.js")),
            (NoPackages, "npm could not", Some("to the internet")),
            (NotBuilt, "failed", None),
            (NoSources, "its sources", Some("the complete sources")),
        ];
        for (absence, reason, first) in rows {
            let page = html(false, absence);
            assert!(page.contains(reason) && page.contains("cargo install --path crates/cli"), "{page}");
            assert_eq!(page.matches("<li>").count(), 2 + usize::from(first.is_some()), "{page}");
            assert!(first.is_none_or(|first| page.contains(first)), "{page}");
            assert!(!page.contains("claim code") && html(true, absence).contains("claim code"));
        }
    }

    #[test]
    fn its_own_policy_lets_it_look_like_something() {
        let page = html(true, Absence::NoNode);
        let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap();
        let hash = STANDARD.encode(Sha256::digest(style));
        assert!(CONTENT_SECURITY_POLICY.ends_with(&format!("style-src 'sha256-{hash}'")));
        assert!(!page.contains("<script") && !page.contains("style="));
    }
}
