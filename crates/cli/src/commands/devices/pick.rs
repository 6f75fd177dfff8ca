//! Which request the user means: by request id, by the beginning of one, by device id; a name only shows (ruling 22).

use openclaw_protocol::words::{Words, escape};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::{Listing, Pending};
use super::list;
use crate::failure::Failure;
use crate::reach::{CallError, Gateway};

/// Shortest beginning of a request id that counts when someone sits at a terminal and sees what it hits.
const PREFIX_AT_TERMINAL: usize = 4;
/// The same for scripts.
const PREFIX_IN_SCRIPTS: usize = 8;

/// What the words hit.
#[derive(Debug)]
pub(crate) enum Pick {
    /// This request, and no doubt about it; with a note when it took the place of the one that was named.
    Request(Box<Pending>, Option<String>),
    /// A request whose device calls itself so: strangers choose names, so it must be looked at first.
    Name(Box<Pending>),
    /// A request that is no longer waiting.
    Former(Former),
    /// Several requests.
    Ambiguous(Vec<Pending>),
    /// Nothing, with the reason where there is one to say.
    Nothing(Option<String>),
}

/// A request that was answered, replaced or forgotten.
#[derive(Debug, Default)]
pub(crate) struct Former {
    /// It was approved: nothing is left to do.
    pub(crate) approved: bool,
    /// What became of it, a sentence.
    pub(crate) note: String,
    /// What its successor asks for beyond it.
    pub(crate) difference: Option<String>,
    /// Its successor.
    pub(crate) request: Option<Box<Pending>>,
}

/// Answer of `device.pair.resolve`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resolved {
    kind: String,
    state: String,
    request: Option<Pending>,
    candidates: Vec<Pending>,
    note: Option<String>,
    difference: Option<Value>,
}

/// Asks the gateway what the words mean; a gateway that cannot tell is asked for its list.
pub(crate) async fn pick(gateway: &mut dyn Gateway, words: &str, terminal: bool) -> Result<Pick, Failure> {
    match gateway.call("device.pair.resolve", json!({ "words": words, "terminal": terminal })).await {
        Ok(answer) => understand(&answer),
        Err(error) if cannot_resolve(&error) => {
            let answer = gateway.call("device.pair.list", json!({})).await?;
            Ok(search(&list::read(&answer)?, words, terminal))
        }
        Err(error) => Err(error.into()),
    }
}

/// The method is missing, or is not for this caller: resolving is the owner's, listing is for `operator.pairing`.
fn cannot_resolve(error: &CallError) -> bool {
    error.is_unknown_method() || error.refusal().is_some_and(|message| message.starts_with("missing scope"))
}

fn understand(answer: &Value) -> Result<Pick, Failure> {
    let resolved = Resolved::deserialize(answer).map_err(|why| {
        Failure::new(format!(
            "The gateway answered device.pair.resolve in a form that is not understood: {why}."
        ))
    })?;
    let difference =
        resolved.difference.filter(|difference| !difference.is_null()).map(|difference| match difference {
            Value::String(text) => escape(&text, 400),
            other => escape(&other.to_string(), 400),
        });
    let note = resolved.note.map(|note| escape(&note, 400));
    Ok(match (resolved.kind.as_str(), resolved.request) {
        // A device id whose request was broadened a moment ago: the owner may have seen the smaller one.
        ("request", Some(request)) if difference.is_some() => Pick::Former(Former {
            approved: false,
            note: note.unwrap_or_default(),
            difference,
            request: Some(Box::new(request)),
        }),
        ("request", Some(request)) => Pick::Request(Box::new(request), note),
        ("name", Some(request)) => Pick::Name(Box::new(request)),
        ("former", request) => {
            let approved = resolved.state == "approved";
            Pick::Former(Former {
                approved,
                note: note.unwrap_or_default(),
                difference,
                request: request.map(Box::new),
            })
        }
        ("ambiguous", _) => Pick::Ambiguous(resolved.candidates),
        _ => Pick::Nothing(note),
    })
}

/// The same decision over a list, for gateways without the method.
pub(crate) fn search(listing: &Listing, words: &str, terminal: bool) -> Pick {
    if let Some(exact) = listing.pending.iter().find(|request| request.request_id == words) {
        return Pick::Request(Box::new(exact.clone()), None);
    }
    let least = if terminal { PREFIX_AT_TERMINAL } else { PREFIX_IN_SCRIPTS };
    if words.len() >= least {
        let hits = listing.pending.iter().filter(|request| request.request_id.starts_with(words));
        match gather(hits) {
            Pick::Nothing(_) => {}
            found => return found,
        }
    }
    match gather(listing.pending.iter().filter(|request| request.device_id == words)) {
        Pick::Nothing(_) => {}
        found => return found,
    }
    let wanted = Words::new(words);
    let named = listing.pending.iter().filter(|request| {
        request.display_name.as_ref().is_some_and(|name| name.as_str().eq_ignore_ascii_case(wanted.as_str()))
    });
    match gather(named) {
        Pick::Request(request, _) => Pick::Name(request),
        other => other,
    }
}

fn gather<'a>(hits: impl Iterator<Item = &'a Pending>) -> Pick {
    let hits: Vec<Pending> = hits.cloned().collect();
    match hits.as_slice() {
        [] => Pick::Nothing(None),
        [one] => Pick::Request(Box::new(one.clone()), None),
        _ => Pick::Ambiguous(hits),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::entry::Listing;
    use super::{Pick, search, understand};

    fn listing() -> Listing {
        Listing::read(&json!({"pending": [
            {"requestId": "aaaa1111-0000", "deviceId": "d1", "displayName": "Phone", "ts": 3},
            {"requestId": "aaaa1111-9999", "deviceId": "d2", "displayName": "Tablet", "ts": 2},
            {"requestId": "bbbb2222-0000", "deviceId": "d3", "displayName": "phone", "ts": 1}
        ]}))
        .unwrap()
    }

    fn name(pick: &Pick) -> String {
        match pick {
            Pick::Request(request, note) => {
                format!("request {}{}", request.request_id, note.as_deref().unwrap_or_default())
            }
            Pick::Name(request) => format!("name {}", request.request_id),
            Pick::Former(former) => format!("former {} {:?}", former.approved, former.difference),
            Pick::Ambiguous(several) => format!("ambiguous {}", several.len()),
            Pick::Nothing(note) => format!("nothing{}", note.as_deref().unwrap_or_default()),
        }
    }

    #[test]
    fn order_of_meanings() {
        for (words, terminal, expected) in [
            ("aaaa1111-0000", false, "request aaaa1111-0000"),
            ("aaaa", true, "ambiguous 2"),
            ("aaaa1111-0", false, "request aaaa1111-0000"),
            ("bbbb", true, "request bbbb2222-0000"),
            ("bbbb", false, "nothing"),
            ("bbb", true, "nothing"),
            ("d2", false, "request aaaa1111-9999"),
            ("tablet", true, "name aaaa1111-9999"),
            ("PHONE", true, "ambiguous 2"),
            ("zzzzzzzz", true, "nothing"),
        ] {
            assert_eq!(name(&search(&listing(), words, terminal)), expected, "{words}");
        }
    }

    #[test]
    fn answers_of_the_gateway() {
        let request = json!({"requestId": "r", "deviceId": "d"});
        for (answer, expected) in [
            (json!({"kind": "request", "request": request}), "request r"),
            (
                json!({"kind": "request", "request": request, "difference": "also admin"}),
                "former false Some(\"also admin\")",
            ),
            (json!({"kind": "name", "request": request}), "name r"),
            (json!({"kind": "former", "state": "approved", "note": "done"}), "former true None"),
            (
                json!({"kind": "former", "difference": {"scopes": ["x"]}}),
                "former false Some(\"{\\\"scopes\\\":[\\\"x\\\"]}\")",
            ),
            (json!({"kind": "ambiguous", "candidates": [request, request]}), "ambiguous 2"),
            (json!({"kind": "none"}), "nothing"),
            (json!({"kind": "none", "note": " at all"}), "nothingat all"),
            (json!({"kind": "request", "request": request, "note": "!"}), "request r!"),
            (json!({"kind": "request"}), "nothing"),
        ] {
            assert_eq!(name(&understand(&answer).unwrap()), expected, "{answer}");
        }
        assert!(understand(&json!("text")).is_err());
    }
}
