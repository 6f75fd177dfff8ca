//! Which version of a file a request gets, or none because it has it.

use http::header::{self, HeaderMap, HeaderName};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// Its name in `Content-Encoding`.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// What is put behind a file's hash: each version has an `ETag` of its own.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Identity => "",
        }
    }
}

/// The smallest version that the client takes. Browsers take Brotli over https only.
pub(super) fn best(headers: &HeaderMap, brotli: bool, gzip: bool) -> Encoding {
    if brotli && takes(headers, "br") {
        Encoding::Brotli
    } else if gzip && takes(headers, "gzip") {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// Whether `Accept-Encoding` names `coding`, and not with the weight zero. `*` is no reason to compress.
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    list(headers, &header::ACCEPT_ENCODING).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = parts
            .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .any(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0));
        named && !refused
    })
}

/// Whether the client holds what `etag` names. A proxy that compresses by itself marks a tag as weak.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    list(headers, &header::IF_NONE_MATCH)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn list<'h>(headers: &'h HeaderMap, name: &'h HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_smallest_version_that_is_taken() {
        let rows = [
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("gzip, deflate", Encoding::Gzip),
            ("br;q=0, GZIP;q=0.5", Encoding::Gzip),
            ("br;q=0.001", Encoding::Brotli),
            ("gzip; q=0.0, identity", Encoding::Identity),
            ("brotli, gzipped, *", Encoding::Identity),
            ("", Encoding::Identity),
        ];
        for (sent, expected) in rows {
            assert_eq!(best(&headers(header::ACCEPT_ENCODING, sent), true, true), expected, "{sent}");
        }
        let all = headers(header::ACCEPT_ENCODING, "br, gzip");
        assert_eq!(best(&all, false, true), Encoding::Gzip);
        assert_eq!(best(&all, false, false), Encoding::Identity);
        assert_eq!(best(&HeaderMap::new(), true, true), Encoding::Identity);
    }

    #[test]
    fn what_the_client_holds() {
        for sent in ["\"a-1\"", "W/\"a-1\"", "\"b\", \"a-1\"", "*"] {
            assert!(is_known(&headers(header::IF_NONE_MATCH, sent), "\"a-1\""), "{sent}");
        }
        for sent in ["a-1", "\"a-2\"", "\"a\"", ""] {
            assert!(!is_known(&headers(header::IF_NONE_MATCH, sent), "\"a-1\""), "{sent}");
        }
    }
}
