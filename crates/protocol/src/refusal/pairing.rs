//! `pairing required` in its four kinds (auth-and-pairing §3.4, causes C-01 to C-04).

use super::{Cause, Help, Vantage, WireRefusal};
use crate::{
    close::{self, Close},
    dialect::Dialect,
    error::ErrorShape,
    ids::{DeviceId, RequestId},
    role::Role,
    scope::ScopeSet,
    words::Words,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// Why the owner has to decide.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PairingReason {
    /// The device is not known.
    NotPaired,
    /// The device is paired, but not in this role.
    RoleUpgrade,
    /// The device is paired, but for less.
    ScopeUpgrade,
    /// The device says that it is something else than before.
    MetadataUpgrade {
        /// What changed.
        changed: Vec<MetadataChange>,
    },
}

/// One pinned property that changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataChange {
    /// The property, for example `platform`.
    pub field: Words,
    /// What was approved.
    pub old: Words,
    /// What the client says now.
    pub new: Words,
}

impl PairingReason {
    /// `details.reason`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotPaired => "not-paired",
            Self::RoleUpgrade => "role-upgrade",
            Self::ScopeUpgrade => "scope-upgrade",
            Self::MetadataUpgrade { .. } => "metadata-upgrade",
        }
    }

    /// The reason of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "not-paired" => Self::NotPaired,
            "role-upgrade" => Self::RoleUpgrade,
            "scope-upgrade" => Self::ScopeUpgrade,
            "metadata-upgrade" => Self::MetadataUpgrade { changed: Vec::new() },
            _ => return None,
        })
    }

    /// The cause id.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::NotPaired => Cause::NewDevice,
            Self::RoleUpgrade => Cause::OtherRole,
            Self::ScopeUpgrade => Cause::WiderAccess,
            Self::MetadataUpgrade { .. } => Cause::DetailsChanged,
        }
    }

    const fn v4_text(&self) -> &'static str {
        match self {
            Self::NotPaired => "device is not approved yet",
            Self::RoleUpgrade => "device is asking for a higher role than currently approved",
            Self::ScopeUpgrade => "device is asking for more scopes than currently approved",
            Self::MetadataUpgrade { .. } => "device identity changed and must be re-approved",
        }
    }

    const fn v4_hint(&self) -> &'static str {
        match self {
            Self::NotPaired => "Approve this device from the pending pairing requests.",
            Self::RoleUpgrade => "Review the requested role upgrade, then approve the pending request.",
            Self::ScopeUpgrade => "Review the requested scopes, then approve the pending upgrade.",
            Self::MetadataUpgrade { .. } => {
                "Review the refreshed device details, then approve the pending request."
            }
        }
    }
}

/// Why a peer that may look local to its user is not (ruling 16, acceptance G2-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotLocal {
    /// The peer's address as the gateway sees it.
    pub address: Option<IpAddr>,
    /// What speaks against it.
    pub why: NotLocalWhy,
}

/// What speaks against a peer being local.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotLocalWhy {
    /// The address is another machine's.
    Address,
    /// The address belongs to a container network.
    ContainerNetwork,
    /// The gateway runs in a container, where every address may be anybody's.
    InContainer,
    /// A forwarding header was sent, so a proxy stands between.
    Forwarded {
        /// Name of the header.
        header: Words,
        /// Whether `gateway.trustedProxies` lists the proxy.
        listed: bool,
    },
    /// The `Host` header is not a local name.
    Host {
        /// The header's value.
        host: Words,
    },
    /// The connecting program belongs to another user of the machine, or that cannot be known.
    OtherUser,
    /// A browser page of another origin opened the connection.
    OtherOrigin {
        /// The origin.
        origin: Words,
    },
}

impl NotLocalWhy {
    /// One word for it: `address`, `container-network`, `in-container`, `forwarded`, `host`, `other-user` or
    /// `other-origin`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::ContainerNetwork => "container-network",
            Self::InContainer => "in-container",
            Self::Forwarded { .. } => "forwarded",
            Self::Host { .. } => "host",
            Self::OtherUser => "other-user",
            Self::OtherOrigin { .. } => "other-origin",
        }
    }
}

impl NotLocal {
    /// What speaks against it, in words. `browser`: for the person whose browser it is.
    #[must_use]
    pub fn sentence(&self, browser: bool) -> String {
        let seen =
            self.address.map_or_else(|| "this connection".to_owned(), |ip| format!("this device as {ip}"));
        match &self.why {
            NotLocalWhy::Address => format!("The gateway sees {seen}, which is another machine."),
            NotLocalWhy::ContainerNetwork => {
                let who = if browser { "Your browser" } else { "This device" };
                let network = self.address.map_or_else(String::new, |ip| format!(" ({ip})"));
                format!(
                    "{who} reaches this gateway through a container network{network}, as any machine could, so it does \
                     not count as local."
                )
            }
            NotLocalWhy::InContainer => format!(
                "The gateway runs in a container and sees {seen}, where it cannot tell its own machine from others."
            ),
            NotLocalWhy::Forwarded { header, listed: true } => format!(
                "The gateway sees {seen}, through a proxy (header {header}), so it does not count as local."
            ),
            NotLocalWhy::Forwarded { header, listed: false } => format!(
                "The gateway sees {seen}, through a proxy (header {header}) that is not in gateway.trustedProxies, so it \
                 does not count as local. If that proxy is the owner's, listing it there shows where its clients come from."
            ),
            NotLocalWhy::Host { host } => {
                format!("The address that was used, {host}, is not a local name, so this does not count as local.")
            }
            NotLocalWhy::OtherUser => {
                "The connecting program may belong to another user of the gateway's machine, so it does not count as the owner's."
                    .to_owned()
            }
            NotLocalWhy::OtherOrigin { origin } => {
                format!("The page comes from {origin}, not from the gateway itself, so it is not let in unasked.")
            }
        }
    }
}

/// A connection that the owner must approve first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PairingRefusal {
    /// Why.
    pub reason: PairingReason,
    /// The waiting request; it is on the list.
    pub request_id: RequestId,
    /// The device, proven.
    pub device_id: DeviceId,
    /// The role asked for.
    pub requested_role: Role,
    /// The scopes asked for.
    pub requested_scopes: ScopeSet,
    /// Approved roles; empty unless the stored key is this device's.
    pub approved_roles: Vec<Role>,
    /// Approved scopes; empty unless the stored key is this device's.
    pub approved_scopes: ScopeSet,
    /// Whether a Control UI asks, which keeps trying by itself.
    pub control_ui: bool,
    /// Why a local-looking peer does not count as local.
    pub not_local: Option<NotLocal>,
    /// Whether the gateway's token or password was right (acceptance G4-8).
    pub token_accepted: bool,
    /// Whether a claim code is on show that would do instead (ruling 30).
    pub claimable: bool,
}

impl PairingRefusal {
    pub(super) fn wire(&self, dialect: Dialect) -> WireRefusal {
        match dialect {
            Dialect::V3 => {
                WireRefusal::policy(ErrorShape::not_paired("pairing required").with_details(json!({
                    "code": "PAIRING_REQUIRED",
                    "requestId": self.request_id,
                    "reason": self.reason.as_str(),
                })))
            }
            Dialect::V4 => {
                let message = format!("pairing required: {}", self.reason.v4_text());
                WireRefusal {
                    close: Close::with_request(close::POLICY, &message, &self.request_id),
                    error: Some(
                        ErrorShape::not_paired(message).with_details(Value::Object(self.v4_details())),
                    ),
                }
            }
        }
    }

    fn v4_details(&self) -> Map<String, Value> {
        let mut details = Map::new();
        let mut put = |name: &str, value: Value| details.insert(name.to_owned(), value);
        put("code", json!("PAIRING_REQUIRED"));
        put("reason", json!(self.reason.as_str()));
        put("requestId", json!(self.request_id));
        put("remediationHint", json!(self.reason.v4_hint()));
        if self.control_ui && self.requested_role == Role::Operator {
            put("recommendedNextStep", json!("wait_then_retry"));
            put("retryable", json!(true));
            put("pauseReconnect", json!(false));
        }
        put("deviceId", json!(self.device_id));
        put("requestedRole", json!(self.requested_role));
        if !self.requested_scopes.is_empty() {
            put("requestedScopes", json!(self.requested_scopes));
        }
        if !self.approved_roles.is_empty() {
            put("approvedRoles", json!(self.approved_roles));
        }
        if !self.approved_scopes.is_empty() {
            put("approvedScopes", json!(self.approved_scopes));
        }
        details
    }

    pub(super) fn help(&self, vantage: &Vantage) -> Help {
        let mut sentence = self.what_happened();
        if let Some(not_local) = &self.not_local {
            sentence.push(' ');
            sentence.push_str(&not_local.sentence(self.control_ui));
        }
        sentence.push_str(match (&self.reason, self.claimable) {
            (PairingReason::NotPaired, true) => {
                " Enter the claim code that the gateway shows in its output, or approve the device on the gateway's host."
            }
            (PairingReason::RoleUpgrade, _) if self.requested_role == Role::Node => {
                " An admin must approve a node, on the gateway's host or from an admin's device."
            }
            _ => " The owner approves it on the gateway's host.",
        });
        Help::new(self.reason.cause(), sentence, vantage.approve(&self.request_id))
    }

    fn what_happened(&self) -> String {
        let role = self.requested_role;
        match &self.reason {
            PairingReason::NotPaired => {
                let mut text =
                    "This device is not approved yet, which is normal once for each browser, app and profile."
                        .to_owned();
                if self.token_accepted {
                    text.push_str(" The token was right, but a token does not approve a device.");
                }
                if !self.requested_scopes.is_empty() {
                    text.push_str(&format!(" It asks for {role} access: {}.", self.requested_scopes));
                } else if role == Role::Node {
                    text.push_str(" It asks to be a node.");
                }
                text
            }
            PairingReason::ScopeUpgrade if self.requested_scopes.is_empty() => {
                "This device is paired and asks for more than it was approved for. Meanwhile its old access keeps working."
                    .to_owned()
            }
            PairingReason::ScopeUpgrade if self.approved_scopes.is_empty() => format!(
                "This device is paired without any access yet and asks for {}.",
                self.requested_scopes
            ),
            PairingReason::ScopeUpgrade => format!(
                "This device is paired for {} and asks for {} in addition. Meanwhile its old access keeps working.",
                self.approved_scopes,
                self.requested_scopes.beyond(&self.approved_scopes)
            ),
            PairingReason::RoleUpgrade if self.approved_roles.contains(&role) => {
                format!("This device's access as {role} was withdrawn, so it must be approved again.")
            }
            PairingReason::RoleUpgrade => {
                let before = self.approved_roles.iter().map(|role| role.as_str()).collect::<Vec<_>>();
                let before = if before.is_empty() { "something else".to_owned() } else { before.join(" and ") };
                format!("This device is paired as {before} and now connects as {role}.")
            }
            PairingReason::MetadataUpgrade { changed } if changed.is_empty() => {
                "This device is paired, but says that it is another kind of device than before.".to_owned()
            }
            PairingReason::MetadataUpgrade { changed } => {
                let changes =
                    changed.iter().map(|change| format!("{} {} → {}", change.field, change.old, change.new));
                format!(
                    "This device is paired, but what it says about itself changed: {}. A new version alone never asks for this.",
                    changes.collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}
