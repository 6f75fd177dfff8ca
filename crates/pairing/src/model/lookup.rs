//! From what an owner types to the request meant (ruling 22).

use std::sync::Arc;

use openclaw_protocol::ids::{DeviceId, RequestId};
use openclaw_protocol::time::Millis;

use super::{Asked, Broadened, Fate, Former, Rejected, Request, Snapshot};

/// Shortest request-id prefix on a terminal, where the owner sees what it stands for and is asked.
pub const PREFIX_ON_TERMINAL: usize = 4;
/// Shortest request-id prefix elsewhere.
pub const PREFIX_OFF_TERMINAL: usize = 8;
/// How long a broadened request cannot be named by its device id.
const BROADENED_MS: u64 = 600_000;

/// What the words stand for.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// Exactly this request.
    Request(Arc<Request>),
    /// An id of a request that waits no longer; `replacement` waits now and asks for no more than the old one showed,
    /// so approving the old id approves it.
    Former {
        /// The old request.
        former: Arc<Former>,
        /// What an approval of the old id would approve.
        replacement: Option<Arc<Request>>,
        /// Why it would not, when a broader one waits.
        refused: Option<Rejected>,
    },
    /// Several requests begin like this.
    Ambiguous(Vec<Arc<Request>>),
    /// The words are a name, not an id: show these and ask, never approve.
    Preview(Vec<Arc<Request>>),
    /// The device id of a request that was broadened in the last ten minutes: name the request itself.
    Broadened {
        /// What waits now.
        request: Arc<Request>,
        /// What it took the place of.
        from: Broadened,
    },
    /// The beginning of an id, but too short to be trusted here.
    TooShort {
        /// Characters needed.
        needed: usize,
    },
    /// Nothing.
    NotFound,
}

impl Snapshot {
    /// What `words` stand for: request id, prefix of one (4 characters or more on a terminal, 8 elsewhere), device id,
    /// and last a name, which only previews.
    pub fn resolve(&self, words: &str, terminal: bool, now: Millis) -> Resolved {
        let words = words.trim();
        if words.is_empty() {
            return Resolved::NotFound;
        }
        if let Some(id) = RequestId::parse(words) {
            if let Some(request) = self.requests.get(&id).filter(|request| request.is_live(now)) {
                return Resolved::Request(Arc::clone(request));
            }
            if let Some(former) = self.former.get(&id) {
                let found = self.replacement(former, now);
                let (replacement, refused) = match found {
                    Ok(request) => (Some(request), None),
                    Err(refused @ Rejected::Broadened { .. }) => (None, Some(refused)),
                    Err(_) => (None, None),
                };
                return Resolved::Former { former: Arc::clone(former), replacement, refused };
            }
        }
        let needed = if terminal { PREFIX_ON_TERMINAL } else { PREFIX_OFF_TERMINAL };
        let lower = words.to_ascii_lowercase();
        let alike = self.live(now, |request| request.id.as_str().to_ascii_lowercase().starts_with(&lower));
        if !alike.is_empty() && words.chars().count() < needed {
            return Resolved::TooShort { needed };
        }
        match <[Arc<Request>; 1]>::try_from(alike) {
            Ok([request]) => return Resolved::Request(request),
            Err(several) if !several.is_empty() => return Resolved::Ambiguous(several),
            Err(_) => {}
        }
        if let Some(device) = DeviceId::parse(words) {
            return match self.request_of(&device).filter(|request| request.is_live(now)) {
                Some(request) => match &request.broadened {
                    Some(from) if now.since(from.at) < BROADENED_MS => {
                        Resolved::Broadened { request: Arc::clone(request), from: (**from).clone() }
                    }
                    _ => Resolved::Request(Arc::clone(request)),
                },
                None => Resolved::NotFound,
            };
        }
        let named = self.live(now, |request| {
            let name = request.display_name.as_ref().map(|name| name.as_str().to_lowercase());
            name.is_some_and(|name| name.contains(&words.to_lowercase()))
                || request.client_id.as_str().eq_ignore_ascii_case(words)
        });
        if named.is_empty() { Resolved::NotFound } else { Resolved::Preview(named) }
    }

    /// The live requests for which `fits` holds, newest first.
    fn live(&self, now: Millis, fits: impl Fn(&Request) -> bool) -> Vec<Arc<Request>> {
        let mut found: Vec<_> =
            self.requests.values().filter(|request| request.is_live(now) && fits(request)).cloned().collect();
        found.sort_by(|a, b| b.ts.cmp(&a.ts).then_with(|| a.id.cmp(&b.id)));
        found
    }

    /// The request that an approval of the old id stands for: the same device's, asking for no more than was shown,
    /// and only when nobody decided about the old one.
    pub(crate) fn replacement(&self, former: &Former, now: Millis) -> Result<Arc<Request>, Rejected> {
        let gone = || Rejected::FormerRequest { fate: former.fate.clone() };
        if matches!(former.fate, Fate::Approved | Fate::Rejected) {
            return Err(gone());
        }
        let request =
            self.request_of(&former.device_id).filter(|request| request.is_live(now)).ok_or_else(gone)?;
        let now_asked: Asked = request.asked();
        if former.asked.covers(&now_asked) {
            return Ok(Arc::clone(request));
        }
        let (more_roles, more_scopes) = former.asked.missing(&now_asked);
        Err(Rejected::Broadened {
            replacement: request.id.clone(),
            more_roles,
            more_scopes,
            other_machine: !former.asked.same_machine(&now_asked),
        })
    }
}
