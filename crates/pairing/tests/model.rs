//! The pairing state machine against a model written independently of it: plain maps and names, no shared code beyond
//! the types that go in and out.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{ask, id_of, set};
use openclaw_pairing::{
    ApprovedVia, CallerAuthority, CodeHash, CodeKind, Mutation, NewCode, Outcome, Rejected, Roles, Snapshot,
    TokenKey, transition,
};
use openclaw_protocol::ids::RequestId;
use openclaw_protocol::role::Role;
use openclaw_protocol::time::Millis;
use proptest::prelude::*;

type Names = BTreeSet<String>;

const DEVICES: u32 = 3;
const POOL: [&str; 6] = [
    "operator.admin",
    "operator.read",
    "operator.write",
    "operator.pairing",
    "operator.approvals",
    "operator.talk",
];
const LIFE: u64 = 300_000;

/// Who acts; the numbers stand for the callers below.
#[derive(Clone, Copy, Debug)]
enum Who {
    Owner,
    Admin,
    Pairing,
    PairingRead,
    Device(u32),
}

#[derive(Clone, Debug)]
enum Op {
    File(u32, bool, Vec<usize>),
    /// Any id ever seen, by position from the newest.
    Approve(usize, Who, Option<Vec<usize>>),
    Reject(usize, Who),
    Silent(u32, bool, Vec<usize>),
    Remove(u32, Who),
    Restore(u32, Who),
    /// And, perhaps, back again.
    Narrow(u32, Vec<usize>, Who, bool),
    Rotate(u32, bool, Option<Vec<usize>>, Who),
    Revoke(u32, bool, Who),
    Edit(u32, Vec<usize>, bool),
    Undo(u32),
    Mint(u8, bool, Vec<usize>),
    Redeem(u8, u32, bool, Vec<usize>),
    Wait(u64),
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        4 => Just(Who::Owner),
        1 => Just(Who::Admin),
        1 => Just(Who::Pairing),
        1 => Just(Who::PairingRead),
        1 => (0..DEVICES).prop_map(Who::Device),
    ]
}

fn names() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..POOL.len(), 0..3)
}

fn op() -> impl Strategy<Value = Op> {
    let device = 0..DEVICES;
    let node = proptest::bool::weighted(0.2);
    prop_oneof![
        6 => (device.clone(), node, names()).prop_map(|(d, n, s)| Op::File(d, n, s)),
        6 => (0usize..4, who(), proptest::option::weighted(0.4, names()))
            .prop_map(|(i, w, s)| Op::Approve(i, w, s)),
        1 => (0usize..3, who()).prop_map(|(i, w)| Op::Reject(i, w)),
        1 => (device.clone(), node, names()).prop_map(|(d, n, s)| Op::Silent(d, n, s)),
        2 => (device.clone(), who()).prop_map(|(d, w)| Op::Remove(d, w)),
        2 => (device.clone(), who()).prop_map(|(d, w)| Op::Restore(d, w)),
        2 => (device.clone(), names(), who(), any::<bool>())
            .prop_map(|(d, s, w, b)| Op::Narrow(d, s, w, b)),
        3 => (device.clone(), node, proptest::option::of(names()), who())
            .prop_map(|(d, n, s, w)| Op::Rotate(d, n, s, w)),
        2 => (device.clone(), node, who()).prop_map(|(d, n, w)| Op::Revoke(d, n, w)),
        2 => (device.clone(), names(), any::<bool>()).prop_map(|(d, s, f)| Op::Edit(d, s, f)),
        1 => device.clone().prop_map(Op::Undo),
        1 => (0u8..2, node, names()).prop_map(|(c, n, s)| Op::Mint(c, n, s)),
        2 => (0u8..2, device, node, names()).prop_map(|(c, d, n, s)| Op::Redeem(c, d, n, s)),
        1 => prop_oneof![Just(1_000u64), Just(LIFE), Just(LIFE * 2)].prop_map(Op::Wait),
    ]
}

// ---- the model ----

#[derive(Clone, Debug, Default)]
struct ModelGrant {
    approved: Names,
    token: Names,
    revoked: bool,
}

#[derive(Clone, Debug)]
struct ModelRequest {
    id: String,
    node: bool,
    operator: bool,
    scopes: Names,
    until: u64,
}

#[derive(Clone, Debug)]
struct ModelFormer {
    device: u32,
    node: bool,
    operator: bool,
    scopes: Names,
    decided: bool,
}

#[derive(Clone, Debug)]
struct ModelCode {
    node: bool,
    scopes: Names,
    until: u64,
    by: Option<u32>,
}

/// What a removed device had, and which of its tokens were good.
#[derive(Clone, Debug)]
struct ModelRemoved {
    at: u64,
    grants: BTreeMap<(u32, bool), ModelGrant>,
    added: Option<Names>,
    tokens: BTreeSet<String>,
}

#[derive(Clone, Debug, Default)]
struct Model {
    now: u64,
    grants: BTreeMap<(u32, bool), ModelGrant>,
    /// Removed devices have no entry; a device may be paired without grants of one role.
    requests: BTreeMap<u32, ModelRequest>,
    former: BTreeMap<String, ModelFormer>,
    added: BTreeMap<u32, Names>,
    removed: BTreeMap<u32, ModelRemoved>,
    codes: BTreeMap<u8, ModelCode>,
    /// Ids in the order in which they were seen.
    ids: Vec<String>,
}

fn enough(held: &Names, wanted: &str) -> bool {
    held.contains(wanted)
        || (wanted.starts_with("operator.") && held.contains("operator.admin"))
        || (["operator.read", "operator.talk"].contains(&wanted) && held.contains("operator.write"))
}

fn enough_for(held: &Names, wanted: &Names) -> bool {
    wanted.iter().all(|one| enough(held, one))
}

fn pick(indices: &[usize], node: bool) -> Names {
    // Operator scopes mean nothing on a node.
    if node { Names::new() } else { indices.iter().map(|i| POOL[*i].to_owned()).collect() }
}

impl Model {
    fn holds(&self, who: Who) -> Names {
        let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        match who {
            Who::Owner | Who::Admin => list(&["operator.admin"]),
            Who::Pairing => list(&["operator.pairing"]),
            Who::PairingRead | Who::Device(_) => list(&["operator.pairing", "operator.read"]),
        }
    }

    fn admin(who: Who) -> bool {
        matches!(who, Who::Owner | Who::Admin)
    }

    fn may(who: Who, device: u32) -> bool {
        !matches!(who, Who::Device(own) if own != device)
    }

    fn expire(&mut self) {
        let gone: Vec<u32> =
            self.requests.iter().filter(|(_, r)| r.until <= self.now).map(|(device, _)| *device).collect();
        for device in gone {
            self.retire(device, false);
        }
        let now = self.now;
        self.codes.retain(|_, code| code.until > now);
    }

    fn retire(&mut self, device: u32, decided: bool) -> ModelRequest {
        let request = self.requests.remove(&device).unwrap();
        let former = ModelFormer {
            device,
            node: request.node,
            operator: request.operator,
            scopes: request.scopes.clone(),
            decided,
        };
        self.former.insert(request.id.clone(), former);
        request
    }

    fn needs(&self, device: u32, node: bool, scopes: &Names) -> bool {
        match self.grants.get(&(device, node)) {
            Some(grant) if !grant.revoked => !enough_for(&grant.approved, scopes),
            _ => true,
        }
    }

    fn give(&mut self, device: u32, node: bool, scopes: &Names) {
        let grant = self.grants.entry((device, node)).or_default();
        if grant.revoked {
            *grant = ModelGrant::default();
        }
        grant.approved.extend(scopes.iter().cloned());
        grant.token.extend(scopes.iter().cloned());
    }

    /// Scopes that a regular approval covers are no hand edit any more.
    fn confirm(&mut self, device: u32, scopes: &Names) {
        if let Some(added) = self.added.get_mut(&device) {
            added.retain(|one| !enough(scopes, one));
            if added.is_empty() {
                self.added.remove(&device);
            }
        }
    }

    fn settle(&mut self, device: u32) {
        let Some(request) = self.requests.get(&device) else { return };
        let has = |node: bool| self.grants.get(&(device, node)).filter(|grant| !grant.revoked);
        let operator = has(false).map(|grant| grant.approved.clone());
        let fine = (!request.node || has(true).is_some())
            && (!request.operator || operator.is_some())
            && enough_for(&operator.unwrap_or_default(), &request.scopes);
        if fine {
            self.retire(device, true);
        }
    }

    /// The request an id stands for: itself, or the same device's if it asks for no more.
    fn stands_for(&self, id: &str) -> Option<u32> {
        if let Some((device, _)) = self.requests.iter().find(|(_, request)| request.id == id) {
            return Some(*device);
        }
        let former = self.former.get(id).filter(|former| !former.decided)?;
        let now = self.requests.get(&former.device)?;
        let no_more = (former.node || !now.node)
            && (former.operator || !now.operator)
            && enough_for(&former.scopes, &now.scopes);
        no_more.then_some(former.device)
    }
}

// ---- both side by side ----

struct Pair {
    model: Model,
    state: Snapshot,
    fresh: u32,
    /// Every token ever handed out: device, node?, text, still good?
    tokens: Vec<(u32, bool, String, bool)>,
}

fn caller(who: Who) -> CallerAuthority {
    match who {
        Who::Owner => CallerAuthority::owner(),
        Who::Admin => CallerAuthority::with_scopes(set(&["operator.admin"])),
        Who::Pairing => CallerAuthority::with_scopes(set(&["operator.pairing"])),
        Who::PairingRead => CallerAuthority::with_scopes(set(&["operator.pairing", "operator.read"])),
        Who::Device(n) => CallerAuthority {
            own_device: Some(id_of(n)),
            ..CallerAuthority::with_scopes(set(&["operator.pairing", "operator.read"]))
        },
    }
}

fn role(node: bool) -> Role {
    if node { Role::Node } else { Role::Operator }
}

fn key() -> TokenKey {
    TokenKey::from_bytes([3; 32])
}

impl Pair {
    fn real(&mut self, mutation: Mutation) -> Result<Outcome, Rejected> {
        let fresh = &mut self.fresh;
        transition(&mut self.state, mutation, Millis(self.model.now), &mut || {
            *fresh += 1;
            RequestId::parse(&format!("id-{fresh}")).unwrap()
        })
        .map(|applied| applied.outcome)
    }

    fn id(&self, back: usize) -> Option<String> {
        self.model.ids.iter().rev().nth(back).cloned()
    }

    fn void(&mut self, device: u32, node: Option<bool>) {
        for token in &mut self.tokens {
            if token.0 == device && node.is_none_or(|node| node == token.1) {
                token.3 = false;
            }
        }
    }

    fn step(&mut self, op: Op) -> Result<(), TestCaseError> {
        let all = |list: &[usize]| -> Vec<&'static str> { list.iter().map(|i| POOL[*i]).collect() };
        if let Op::Wait(ms) = op {
            self.model.now += ms;
            openclaw_pairing::transition::expire(&mut self.state, Millis(self.model.now));
            self.model.expire();
            return Ok(());
        }
        // What may be refused leaves both as they were.
        let (real, expected) = match op.clone() {
            Op::Wait(_) => return Ok(()),
            Op::File(device, node, list) => {
                let real = self.real(Mutation::File(ask(device, role(node), &all(&list))));
                let scopes = pick(&list, node);
                let expected = self.model.needs(device, node, &scopes);
                if expected {
                    let (id, created) = match &real {
                        Ok(Outcome::Filed { request, created }) => (request.id.to_string(), *created),
                        other => return Err(TestCaseError::fail(format!("{other:?}"))),
                    };
                    let mut wanted = ModelRequest {
                        id: id.clone(),
                        node,
                        operator: !node,
                        scopes,
                        until: self.model.now + LIFE,
                    };
                    let covered = self.model.requests.get(&device).is_some_and(|old| {
                        (old.node || !node)
                            && (old.operator || node)
                            && enough_for(&old.scopes, &wanted.scopes)
                    });
                    prop_assert_eq!(created, !covered, "a new id exactly when it asks for more");
                    if covered {
                        let old = self.model.requests.get_mut(&device).unwrap();
                        prop_assert_eq!(&old.id, &id, "the id is stable");
                        old.until = wanted.until;
                    } else {
                        prop_assert!(!self.model.ids.contains(&id), "ids are never used twice");
                        if self.model.requests.contains_key(&device) {
                            let old = self.model.retire(device, false);
                            wanted.node |= old.node;
                            wanted.operator |= old.operator;
                            wanted.scopes.extend(old.scopes);
                        }
                        self.model.ids.push(id);
                        self.model.requests.insert(device, wanted);
                    }
                }
                (real, expected)
            }
            Op::Approve(back, who, given) => {
                let Some(id) = self.id(back) else { return Ok(()) };
                let request = RequestId::parse(&id).unwrap();
                let real = self.real(Mutation::Approve {
                    request,
                    caller: caller(who),
                    expect: None,
                    scopes: given.as_ref().map(|given| set(&all(given))),
                    replace: None,
                });
                let device = self.model.stands_for(&id);
                let held = self.model.holds(who);
                let expected = device.is_some_and(|device| {
                    let request = &self.model.requests[&device];
                    let given = given.as_ref().map_or_else(|| request.scopes.clone(), |one| pick(one, false));
                    Model::may(who, device)
                        && (Model::admin(who) || !request.node)
                        && enough_for(&request.scopes, &given)
                        && enough_for(&held, &given)
                });
                if let (true, Some(device)) = (expected, device) {
                    let mut request = self.model.retire(device, true);
                    if let Some(given) = &given {
                        request.scopes = pick(given, false);
                    }
                    if let Some(former) = self.model.former.get_mut(&id) {
                        former.decided = true;
                    }
                    if request.operator {
                        self.model.give(device, false, &request.scopes);
                    }
                    if request.node {
                        self.model.give(device, true, &Names::new());
                    }
                    self.model.confirm(device, &request.scopes);
                }
                (real, expected)
            }
            Op::Reject(back, who) => {
                let Some(id) = self.id(back) else { return Ok(()) };
                let request = RequestId::parse(&id).unwrap();
                let real = self.real(Mutation::Reject { request, caller: caller(who) });
                let device = self.model.requests.iter().find(|(_, r)| r.id == id).map(|(device, _)| *device);
                let expected = device.is_some_and(|device| Model::may(who, device));
                if let (true, Some(device)) = (expected, device) {
                    self.model.retire(device, true);
                }
                (real, expected)
            }
            Op::Silent(device, node, list) => {
                let ask = ask(device, role(node), &all(&list));
                let real = self.real(Mutation::ApproveSilently { ask, via: ApprovedVia::Silent });
                let scopes = pick(&list, node);
                self.model.give(device, node, &scopes);
                self.model.confirm(device, &scopes);
                self.model.settle(device);
                (real, true)
            }
            Op::Remove(device, who) => {
                let real = self.real(Mutation::Remove { device: id_of(device), caller: caller(who) });
                let paired =
                    [true, false].iter().any(|node| self.model.grants.contains_key(&(device, *node)));
                let node = self.model.grants.contains_key(&(device, true));
                let expected = paired && Model::may(who, device) && (Model::admin(who) || !node);
                if expected {
                    let good = self.tokens.iter().filter(|token| token.0 == device && token.3);
                    let was = ModelRemoved {
                        at: self.model.now,
                        grants: self
                            .model
                            .grants
                            .iter()
                            .filter(|((one, _), _)| *one == device)
                            .map(|(key, grant)| (*key, grant.clone()))
                            .collect(),
                        added: self.model.added.get(&device).cloned(),
                        tokens: good.map(|token| token.2.clone()).collect(),
                    };
                    self.model.removed.insert(device, was);
                    self.model.grants.remove(&(device, true));
                    self.model.grants.remove(&(device, false));
                    self.model.added.remove(&device);
                    self.void(device, None);
                }
                (real, expected)
            }
            Op::Restore(device, who) => {
                let real = self.real(Mutation::Restore { device: id_of(device), caller: caller(who) });
                let paired =
                    [true, false].iter().any(|node| self.model.grants.contains_key(&(device, *node)));
                let now = self.model.now;
                let was = self.model.removed.get(&device).filter(|was| now < was.at + 600_000).cloned();
                let expected = Model::admin(who) && !paired && was.is_some();
                if let (true, Some(was)) = (expected, was) {
                    self.model.removed.remove(&device);
                    self.model.grants.extend(was.grants);
                    self.model.added.extend(was.added.map(|added| (device, added)));
                    for token in &mut self.tokens {
                        token.3 |= was.tokens.contains(&token.2);
                    }
                    self.model.settle(device);
                }
                (real, expected)
            }
            Op::Narrow(device, list, who, back) => {
                let real = self.real(Mutation::Narrow {
                    device: id_of(device),
                    scopes: set(&all(&list)),
                    caller: caller(who),
                });
                let left = pick(&list, false);
                let grant = self.model.grants.get_mut(&(device, false));
                let grant = grant.filter(|grant| {
                    Model::admin(who) && !grant.revoked && enough_for(&grant.approved, &left)
                });
                let expected = grant.is_some();
                if let Some(grant) = grant.filter(|grant| !enough_for(&left, &grant.approved)) {
                    let before = grant.clone();
                    grant.token = left.iter().filter(|one| enough(&before.token, one)).cloned().collect();
                    grant.approved = left.clone();
                    if let Some(added) = self.model.added.get_mut(&device) {
                        added.retain(|one| enough(&left, one));
                        if added.is_empty() {
                            self.model.added.remove(&device);
                        }
                    }
                    if back {
                        self.compare()?;
                        let rewiden = Mutation::Rewiden { device: id_of(device), caller: caller(who) };
                        prop_assert!(self.real(rewiden).is_ok());
                        self.model.grants.insert((device, false), before);
                        self.model.settle(device);
                    }
                }
                (real, expected)
            }
            Op::Rotate(device, node, list, who) => {
                let scopes = list.as_ref().map(|list| if node { set(&[]) } else { set(&all(list)) });
                let mutation = Mutation::Rotate {
                    device: id_of(device),
                    role: role(node),
                    scopes: scopes.clone(),
                    caller: caller(who),
                };
                let real = self.real(mutation);
                let own = Model::admin(who) || (matches!(who, Who::Device(own) if own == device) && !node);
                let held = self.model.holds(who);
                let expected = own
                    && self.model.grants.get(&(device, node)).is_some_and(|grant| {
                        let wanted =
                            list.as_ref().map_or_else(|| grant.token.clone(), |list| pick(list, node));
                        !grant.revoked && enough_for(&grant.approved, &wanted) && enough_for(&held, &wanted)
                    });
                if expected {
                    let grant = self.model.grants.get_mut(&(device, node)).unwrap();
                    if let Some(list) = &list {
                        grant.token = pick(list, node);
                    }
                    self.void(device, Some(node));
                }
                (real, expected)
            }
            Op::Revoke(device, node, who) => {
                let mutation =
                    Mutation::Revoke { device: id_of(device), role: role(node), caller: caller(who) };
                let real = self.real(mutation);
                let expected = self.model.grants.contains_key(&(device, node))
                    && Model::may(who, device)
                    && (Model::admin(who) || !node);
                if expected {
                    self.model.grants.get_mut(&(device, node)).unwrap().revoked = true;
                    if !node {
                        self.model.added.remove(&device);
                    }
                    self.void(device, Some(node));
                }
                (real, expected)
            }
            Op::Edit(device, list, fresh) => {
                let revision = self.state.device(&id_of(device)).map_or(0, |device| device.revision);
                let mutation = Mutation::HandEdit {
                    device: id_of(device),
                    scopes: set(&all(&list)),
                    revision: if fresh { revision } else { revision.wrapping_sub(1) },
                };
                let real = self.real(mutation);
                let grant = self.model.grants.get_mut(&(device, false)).filter(|grant| !grant.revoked);
                let expected = fresh && grant.is_some();
                if let (true, Some(grant)) = (expected, grant) {
                    let new: Names =
                        pick(&list, false).into_iter().filter(|one| !enough(&grant.approved, one)).collect();
                    grant.approved.extend(new.iter().cloned());
                    grant.token.extend(new.iter().cloned());
                    if !new.is_empty() {
                        self.model.added.entry(device).or_default().extend(new);
                    }
                }
                (real, expected)
            }
            Op::Undo(device) => {
                let mutation =
                    Mutation::UndoWidening { device: id_of(device), caller: CallerAuthority::owner() };
                let real = self.real(mutation);
                let added = self.model.added.remove(&device);
                if let (Some(added), Some(grant)) = (&added, self.model.grants.get_mut(&(device, false))) {
                    grant.approved.retain(|one| !added.contains(one));
                    grant.token.retain(|one| !added.contains(one));
                }
                (real, added.is_some())
            }
            Op::Mint(code, node, list) => {
                let hash = CodeHash::of(&code.to_string());
                let new = NewCode {
                    hash,
                    kind: CodeKind::Setup,
                    roles: Roles::only(role(node)),
                    scopes: if node { set(&[]) } else { set(&all(&list)) },
                    ttl_ms: LIFE,
                    minted_by: None,
                };
                let real = self.real(Mutation::MintCode { code: new, caller: CallerAuthority::owner() });
                let scopes = pick(&list, node);
                self.model
                    .codes
                    .insert(code, ModelCode { node, scopes, until: self.model.now + LIFE, by: None });
                (real, true)
            }
            Op::Redeem(code, device, node, list) => {
                let ask = ask(device, role(node), &all(&list));
                let real = self.real(Mutation::RedeemCode { code: CodeHash::of(&code.to_string()), ask });
                let scopes = pick(&list, node);
                let fits = self.model.codes.get(&code).filter(|code| {
                    code.node == node
                        && enough_for(&code.scopes, &scopes)
                        && code.by.is_none_or(|first| first == device)
                });
                let mut expected = false;
                if let Some(found) = fits.cloned() {
                    if found.by.is_some() {
                        expected = !self.model.needs(device, node, &found.scopes);
                    } else {
                        expected = true;
                        self.model.give(device, node, &found.scopes);
                        self.model.confirm(device, &found.scopes);
                        self.model.codes.get_mut(&code).unwrap().by = Some(device);
                        self.model.settle(device);
                    }
                }
                (real, expected)
            }
        };
        prop_assert_eq!(real.is_ok(), expected, "{:?} came to {:?}\n{:#?}", op, real, self.model);
        self.compare()
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.state.request_count(), self.model.requests.len());
        for (device, request) in &self.model.requests {
            let real = self.state.request_of(&id_of(*device)).unwrap();
            prop_assert_eq!(real.id.as_str(), &request.id);
            let names: Names = real.scopes.to_strings().into_iter().collect();
            prop_assert_eq!(&names, &request.scopes);
            prop_assert_eq!(real.roles.contains(Role::Node), request.node);
            prop_assert_eq!(real.roles.contains(Role::Operator), request.operator);
        }
        for device in 0..DEVICES {
            let real = self.state.device(&id_of(device)).cloned();
            for node in [false, true] {
                let grant = real.as_ref().and_then(|device| device.grant(role(node)).cloned());
                let model = self.model.grants.get(&(device, node));
                prop_assert_eq!(grant.is_some(), model.is_some());
                let (Some(grant), Some(model), Some(real)) = (grant, model, real.as_ref()) else { continue };
                let names: Names = grant.scopes.to_strings().into_iter().collect();
                prop_assert_eq!(grant.token.revoked_at.is_some(), model.revoked);
                if model.revoked {
                    prop_assert!(real.approved_scopes(role(node)).is_empty());
                    prop_assert_eq!(real.token_scopes(role(node)), None);
                    continue;
                }
                prop_assert_eq!(&names, &model.approved);
                let token = real.token_scopes(role(node)).unwrap();
                prop_assert!(grant.scopes.covers(&token), "no token beyond its grant");
                let token: Names = token.to_strings().into_iter().collect();
                let bounded: Names =
                    model.token.iter().filter(|one| enough(&model.approved, one)).cloned().collect();
                prop_assert_eq!(token, bounded);
                // What the device would be handed now.
                let text = key().issue(real, role(node)).unwrap().expose().to_owned();
                match self.tokens.iter().find(|known| known.2 == text) {
                    Some(known) => prop_assert!(known.3, "a void token came back: {known:?}"),
                    None => self.tokens.push((device, node, text, true)),
                }
            }
        }
        for (device, node, text, good) in &self.tokens {
            let works = self
                .state
                .device(&id_of(*device))
                .is_some_and(|device| key().verify(device, role(*node), text).is_ok());
            prop_assert_eq!(works, *good, "device {} node {}", device, node);
        }
        let operator = self.model.grants.keys().any(|(_, node)| !node);
        prop_assert!(
            !operator || !self.state.latch().is_open(),
            "with an operator there is nothing to claim"
        );
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_agrees_with_the_model(ops in proptest::collection::vec(op(), 1..60)) {
        let mut pair =
            Pair { model: Model { now: 1_000_000, ..Model::default() }, state: Snapshot::fresh(), fresh: 0, tokens: Vec::new() };
        for op in ops {
            pair.step(op)?;
        }
    }
}
