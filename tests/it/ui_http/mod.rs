//! The browser app over HTTP: its page, its files, and where they are.

mod files;
mod paths;
mod surface;

use std::net::SocketAddr;

use openclaw_tests::http::{self, Response};

/// An answer to GET with these headers.
fn get(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    http::request(to, "GET", path, headers, "").unwrap_or_else(|| panic!("{path}: no answer"))
}

/// What the page refers to, as it is written there.
///
/// # Panics
///
/// When the binary under test was built without the page, or the page refers to something outside its own root.
fn references(page: &str) -> Vec<&str> {
    assert!(page.contains("<script"), "the binary has no page: build it with OPENCLAW_UI=required\n{page}");
    let values = page.split("=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let found: Vec<&str> = values.filter(|value| value.starts_with('.')).collect();
    assert!(found.iter().any(|reference| reference.contains("assets/")), "{page}");
    for attribute in ["src=\"", "href=\""] {
        for value in page.split(attribute).skip(1) {
            assert!(value.starts_with('.'), "{attribute} of another place: {value}");
        }
    }
    found
}

/// The path that a browser makes of a reference on the page at `page`.
fn resolve(page: &str, reference: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "." => {}
            ".." => {
                // A browser stays at the root where it cannot go up. Here that would be a mistake.
                assert!(parts.len() > 1, "{reference} on {page} leads out");
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
