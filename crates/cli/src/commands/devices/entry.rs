//! Waiting requests and paired devices as the list method gives them (spec 4.6), read leniently: the gateway may be
//! of another version, or another product. Every text in them may come from a stranger and is kept escaped.

use openclaw_protocol::likeness::Likeness;
use openclaw_protocol::words::Words;
use serde::Deserialize;
use serde_json::Value;

/// Answer of `device.pair.list`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Listing {
    /// Waiting requests, newest first.
    pub(crate) pending: Vec<Pending>,
    /// Paired devices, newest first.
    pub(crate) paired: Vec<Paired>,
}

impl Listing {
    /// Reads an answer; a shape that is not understood is an empty list with the reason.
    pub(crate) fn read(answer: &Value) -> Result<Listing, serde_json::Error> {
        let mut listing = Listing::deserialize(answer)?;
        listing.pending.sort_by_key(|request| std::cmp::Reverse(request.ts));
        Ok(listing)
    }

    /// The paired device with this id.
    pub(crate) fn device(&self, id: &str) -> Option<&Paired> {
        self.paired.iter().find(|device| device.device_id == id)
    }
}

/// A request that waits for approval.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Pending {
    /// The id that approves it.
    pub(crate) request_id: String,
    /// Who asks: hash of the public key.
    pub(crate) device_id: String,
    /// What the device calls itself.
    pub(crate) display_name: Option<Words>,
    /// `linux`, `darwin`, `iOS 18`.
    pub(crate) platform: Option<Words>,
    /// `iPhone`, `Mac`.
    pub(crate) device_family: Option<Words>,
    /// `cli`, `openclaw-control-ui`.
    pub(crate) client_id: Option<Words>,
    /// `cli`, `ui`, `node`.
    pub(crate) client_mode: Option<Words>,
    /// The role it asks for.
    pub(crate) role: Option<Words>,
    /// All the roles it asks for.
    pub(crate) roles: Vec<Words>,
    /// The scopes it asks for.
    pub(crate) scopes: Vec<Words>,
    /// The address it came from, when the gateway vouches for it.
    pub(crate) remote_ip: Option<Words>,
    /// The device is paired already and asks for more, or comes back changed.
    pub(crate) is_repair: bool,
    /// When it was filed, ms.
    pub(crate) ts: u64,
    /// Why it waits: `new-pairing`, `role-upgrade`, `scope-upgrade`, `re-approval`; only the owner is told.
    pub(crate) kind: Option<String>,
    /// Fingerprint of what this entry shows, to approve exactly that.
    pub(crate) shown: Option<String>,
}

/// A paired device.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Paired {
    /// Hash of the public key.
    pub(crate) device_id: String,
    /// The name the owner gave it.
    pub(crate) operator_label: Option<Words>,
    /// What the device calls itself.
    pub(crate) display_name: Option<Words>,
    /// `linux`, `darwin`, `iOS 18`.
    pub(crate) platform: Option<Words>,
    /// `cli`, `openclaw-control-ui`.
    pub(crate) client_id: Option<Words>,
    /// The role it was paired with first.
    pub(crate) role: Option<Words>,
    /// All its roles.
    pub(crate) roles: Vec<Words>,
    /// Its scopes.
    pub(crate) scopes: Vec<Words>,
    /// The address it last came from.
    pub(crate) remote_ip: Option<Words>,
    /// One summary for each role; never a secret.
    pub(crate) tokens: Vec<Token>,
    /// It is connected now.
    pub(crate) connected: bool,
    /// When it was there last, ms.
    pub(crate) last_seen_at_ms: Option<u64>,
    /// When it was approved, ms.
    pub(crate) approved_at_ms: u64,
}

/// Summary of a device token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Token {
    /// The role it is for.
    pub(crate) role: String,
    /// When it was revoked, ms.
    pub(crate) revoked_at_ms: Option<u64>,
}

impl Pending {
    /// How people would call it: its own name, else client and platform, else the device id.
    pub(crate) fn name(&self) -> String {
        name(self.display_name.as_ref(), self.client_id.as_ref(), self.platform.as_ref(), &self.device_id)
    }

    /// The same, and what it runs on where the name that it chose does not tell.
    pub(crate) fn description(&self) -> String {
        let name = self.name();
        match self.platform.as_ref().filter(|platform| !platform.as_str().is_empty()) {
            Some(platform) if !name.to_lowercase().contains(&platform.as_str().to_lowercase()) => {
                format!("{name} ({platform})")
            }
            _ => name,
        }
    }

    /// The paired device that probably was this one before its storage was cleared or its app installed anew: of the
    /// same name, program and platform, and not connected. Strangers choose names, so this is only a question.
    pub(crate) fn predecessor<'a>(&self, listing: &'a Listing) -> Option<&'a Paired> {
        if listing.device(&self.device_id).is_some() {
            return None;
        }
        let new = Likeness::new(
            self.client_id.as_ref(),
            self.platform.as_ref(),
            self.display_name.as_ref(),
            self.remote_ip.as_ref(),
        );
        let alike = listing.paired.iter().filter(|device| !device.connected && new.may_be(&device.looks()));
        alike.max_by_key(|device| (new.same_place(&device.looks()), device.last_there_ms()))
    }

    /// The roles it asks for, without repetition.
    pub(crate) fn roles(&self) -> Vec<String> {
        roles(self.role.as_ref(), &self.roles)
    }
}

impl Paired {
    /// How people would call it: the owner's name for it first.
    pub(crate) fn name(&self) -> String {
        let given = self.operator_label.as_ref().or(self.display_name.as_ref());
        name(given, self.client_id.as_ref(), self.platform.as_ref(), &self.device_id)
    }

    fn looks(&self) -> Likeness<'_> {
        let Paired { client_id, platform, display_name, remote_ip, .. } = self;
        Likeness::new(client_id.as_ref(), platform.as_ref(), display_name.as_ref(), remote_ip.as_ref())
    }

    /// Its roles, without repetition.
    pub(crate) fn roles(&self) -> Vec<String> {
        roles(self.role.as_ref(), &self.roles)
    }

    /// When it was there last, or at least approved, ms.
    pub(crate) fn last_there_ms(&self) -> u64 {
        self.last_seen_at_ms.unwrap_or(self.approved_at_ms).max(self.approved_at_ms)
    }

    /// `operator, node (revoked)`.
    pub(crate) fn tokens(&self) -> String {
        let summaries: Vec<String> = self
            .tokens
            .iter()
            .map(|token| {
                let role = Words::new(&token.role);
                if token.revoked_at_ms.is_some() { format!("{role} (revoked)") } else { role.to_string() }
            })
            .collect();
        summaries.join(", ")
    }
}

/// The first twelve digits of a device id: enough to recognise it, and to name it to `devices remove`.
pub(crate) fn short(device_id: &str) -> String {
    Words::new(device_id).as_str().chars().take(12).collect()
}

fn name(given: Option<&Words>, client: Option<&Words>, platform: Option<&Words>, device_id: &str) -> String {
    let given = given.filter(|words| !words.as_str().is_empty());
    match (given, client, platform) {
        (Some(given), _, _) => given.to_string(),
        (None, Some(client), Some(platform)) => format!("{client} on {platform}"),
        (None, Some(one), None) | (None, None, Some(one)) => one.to_string(),
        (None, None, None) => short(device_id),
    }
}

fn roles(first: Option<&Words>, all: &[Words]) -> Vec<String> {
    let mut roles: Vec<String> = Vec::new();
    for role in all.iter().chain(first) {
        if !roles.contains(&role.to_string()) {
            roles.push(role.to_string());
        }
    }
    roles
}

/// Scopes as people read them: `admin, read` for operator scopes, the rest in full; `none` for none.
pub(crate) fn scopes(scopes: &[Words]) -> String {
    if scopes.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = scopes
        .iter()
        .map(|scope| scope.as_str().strip_prefix("operator.").unwrap_or(scope.as_str()))
        .collect();
    names.join(", ")
}
