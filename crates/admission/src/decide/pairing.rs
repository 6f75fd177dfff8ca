//! Step 17: whether the device must be approved, and when that happens without asking.

use openclaw_pairing::model::Seen;
use openclaw_pairing::{Ask, Device, Mutation, Need, PeerKey};
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::refusal::{MetadataChange, NotLocal, NotLocalWhy, PairingReason};
use openclaw_protocol::role::Role;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::words::Words;

use super::{Judge, Proven, is_browser_client};
use crate::address::AddressClass;
use crate::origin::OriginVerdict;
use crate::outcome::{Decision, Effect, Outcome, PairingWish, is_shared_secret};
use crate::peer::{self, Path};

impl Judge<'_> {
    pub(super) fn ask(&self, role: Role, scopes: ScopeSet, page: &OriginVerdict, proven: &Proven) -> Ask {
        let client = &self.attempt.connect.client;
        let remote_ip = self.at.client.filter(|ip| self.at.attributed && !ip.is_loopback());
        Ask {
            device_id: proven.id.clone(),
            public_key: *proven.key.as_bytes(),
            role,
            scopes,
            client_id: Words::new(&client.id),
            client_mode: Words::new(&client.mode),
            display_name: client.display_name.as_deref().and_then(Words::some),
            platform: Words::some(&client.platform),
            device_family: client.device_family.as_deref().and_then(Words::some),
            remote_ip,
            origin: match page {
                OriginVerdict::Allowed { origin, .. } => Some(origin.clone()),
                _ => None,
            },
            peer: self.at.client.map_or_else(PeerKey::local, PeerKey::of),
            seen: None,
        }
    }

    /// §4.3 under rulings 1, 16 and 18: only the owner's own program on this machine, a page only when it is this
    /// gateway's own, and never for another role or changed identity details.
    pub(super) fn may_pair_silently(&self, page: &OriginVerdict, needed: &Need, method: AuthMethod) -> bool {
        let page_may = match page {
            OriginVerdict::NotABrowser => true,
            OriginVerdict::Allowed { own_local_page, .. } => {
                *own_local_page && is_browser_client(&self.attempt.connect.client)
            }
            _ => false,
        };
        self.at.is_local()
            && self.policy.approve_local
            && page_may
            && matches!(needed, Need::NotPaired | Need::ScopeUpgrade)
            && matches!(method, AuthMethod::None | AuthMethod::Token | AuthMethod::Password)
    }

    /// Why the peer is not local, as it may be told: it concerns the peer itself.
    pub(super) fn not_local(&self) -> Option<NotLocal> {
        let local = self.at.local.as_ref().err()?;
        let in_container = self.attempt.facts.in_container;
        let forwarded = self.attempt.facts.forwarding_headers().into_iter().next();
        let container =
            || self.at.client.is_some_and(|ip| AddressClass::of(ip).is_container_network(in_container));
        let why = match (local, forwarded) {
            // Whoever set up the proxy is helped by its name, wherever the proxy is.
            (_, Some(header)) => NotLocalWhy::Forwarded {
                header: Words::new(&header),
                listed: matches!(self.at.path, Path::TrustedProxy { .. }),
            },
            (peer::NotLocal::RemoteAddress, _) if container() => NotLocalWhy::ContainerNetwork,
            (peer::NotLocal::RemoteAddress, _) => NotLocalWhy::Address,
            (peer::NotLocal::Forwarded { header }, _) => {
                NotLocalWhy::Forwarded { header: Words::new(header), listed: false }
            }
            (peer::NotLocal::ForeignHost { host }, _) => NotLocalWhy::Host { host: host.clone() },
            (peer::NotLocal::OtherUser { .. } | peer::NotLocal::OwnerUnknown, _) => NotLocalWhy::OtherUser,
            (peer::NotLocal::Container, _) => NotLocalWhy::InContainer,
        };
        Some(NotLocal { address: self.at.client, why })
    }

    /// How this peer looks from here, for those who decide about its request.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            address: self.at.client,
            path: self.at.path.in_words(),
            proxy: self.at.path.proxy(),
            not_local: self.not_local(),
            user_agent: self.attempt.connect.user_agent.as_deref().and_then(Words::some),
        }
    }

    pub(super) fn pair(
        mut self,
        ask: Ask,
        needed: Need,
        paired: Option<&Device>,
        method: AuthMethod,
    ) -> Decision {
        self.trace.fail("pairing", need_in_words(&needed));
        let wish = PairingWish {
            reason: pairing_reason(needed),
            device: ask.device_id.clone(),
            role: ask.role,
            scopes: ask.scopes.clone(),
            approved_roles: paired
                .map(|device| device.effective_roles().iter().collect())
                .unwrap_or_default(),
            approved_scopes: paired.map(Device::all_scopes).unwrap_or_default(),
            control_ui: self.is_control_ui() && ask.role == Role::Operator,
            token_accepted: is_shared_secret(method),
            claimable: self.view.devices.latch().is_open(),
            not_local: self.not_local(),
        };
        let ask = Ask { seen: Some(Box::new(self.seen())), ..ask };
        self.effects.push(Effect::Store(Mutation::File(ask)));
        self.finish(Outcome::Pair(wish))
    }
}

pub(super) fn pairing_reason(need: Need) -> PairingReason {
    match need {
        Need::NotPaired => PairingReason::NotPaired,
        Need::RoleUpgrade => PairingReason::RoleUpgrade,
        Need::ScopeUpgrade => PairingReason::ScopeUpgrade,
        Need::MetadataUpgrade { changed } => PairingReason::MetadataUpgrade {
            changed: changed
                .into_iter()
                .map(|change| MetadataChange {
                    field: Words::new(change.field),
                    old: change.old,
                    new: change.new.unwrap_or_else(|| Words::new("nothing")),
                })
                .collect(),
        },
    }
}

pub(super) fn need_in_words(need: &Need) -> String {
    match need {
        Need::NotPaired => "the device is not approved yet".to_owned(),
        Need::RoleUpgrade => "the device is not approved for this role".to_owned(),
        Need::ScopeUpgrade => "the device asks for more scopes than approved".to_owned(),
        Need::MetadataUpgrade { changed } => {
            let changes = changed.iter().map(|change| {
                let new = change.new.as_ref().map_or("nothing", Words::as_str);
                format!("{} was {} and is now {new}", change.field, change.old)
            });
            changes.collect::<Vec<_>>().join(", ")
        }
    }
}
