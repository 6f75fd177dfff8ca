//! Taking access away, and taking back what was a slip.

use super::*;

#[test]
fn an_admin_takes_access_away_for_good() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &["operator.admin"]);
    let first = key().issue(world.device(&id), Role::Operator).unwrap();
    let narrow = |scopes: &[&str], caller: CallerAuthority| Mutation::Narrow {
        device: id.clone(),
        scopes: set(scopes),
        caller,
    };
    let pairing_only = caller(&["operator.pairing", "operator.read"]);
    assert_eq!(
        world.go(narrow(&["operator.read"], pairing_only)).unwrap_err(),
        Rejected::MissingScope(Scope::ADMIN)
    );
    world.go(narrow(&["operator.write"], CallerAuthority::owner())).unwrap();
    assert!(matches!(&world.last[..], [Change::Narrowed { device_id, .. }] if *device_id == id));
    assert_eq!(world.device(&id).approved_scopes(Role::Operator), set(&["operator.write"]));
    // It keeps its token, which is worth no more than what is left.
    assert!(key().verify(world.device(&id), Role::Operator, first.expose()).is_ok());
    assert_eq!(world.device(&id).token_scopes(Role::Operator), Some(set(&["operator.write"])));
    // With the gateway's token it gets what is approved now, and has to ask for the rest.
    assert_eq!(need(&world.state, &ask(1, Role::Operator, &["operator.read"])), None);
    assert_eq!(need(&world.state, &ask(1, Role::Operator, &["operator.admin"])), Some(Need::ScopeUpgrade));
    assert_eq!(
        world.go(narrow(&["operator.admin"], CallerAuthority::owner())).unwrap_err(),
        Rejected::BeyondApproved(set(&["operator.admin"]))
    );
    world
        .go(Mutation::Revoke { device: id.clone(), role: Role::Operator, caller: CallerAuthority::owner() })
        .unwrap();
    assert_eq!(
        world.go(narrow(&["operator.read"], CallerAuthority::owner())).unwrap_err(),
        Rejected::Revoked
    );
    let node = world.paired(2, Role::Node, &[]);
    let change = Mutation::Narrow { device: node, scopes: set(&[]), caller: CallerAuthority::owner() };
    assert_eq!(world.go(change).unwrap_err(), Rejected::RoleNotApproved);
}

#[test]
fn a_removal_can_be_undone_for_a_while_by_an_admin() {
    let owner = CallerAuthority::owner;
    let remove = |id: &DeviceId| Mutation::Remove { device: id.clone(), caller: owner() };
    let restore = |id: &DeviceId, caller| Mutation::Restore { device: id.clone(), caller };
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &["operator.read"]);
    world.paired(1, Role::Node, &["node.a"]);
    world.go(Mutation::Revoke { device: id.clone(), role: Role::Node, caller: owner() }).unwrap();
    let before = world.device(&id).clone();
    let token = key().issue(&before, Role::Operator).unwrap();
    assert_eq!(world.go(restore(&id, owner())).unwrap_err(), Rejected::NotKept, "it is here");
    world.go(remove(&id)).unwrap();
    assert_eq!(world.state.removed(world.now).count(), 1);
    let small = caller(&["operator.pairing", "operator.read"]);
    assert_eq!(world.go(restore(&id, small)).unwrap_err(), Rejected::MissingScope(Scope::ADMIN));

    // Meanwhile it asks to be let in again: that is settled by the undo.
    world.later(599_999);
    let waiting = world.file(ask(1, Role::Operator, &["operator.read"])).unwrap();
    world.go(restore(&id, owner())).unwrap();
    assert!(matches!(world.last.last(), Some(Change::Restored(device)) if device.id == id));
    let after = world.device(&id).clone();
    assert_eq!(after.revision, before.revision + 1, "an edit of the old file is stale");
    assert_eq!(Device { revision: before.revision, ..after.clone() }, before);
    assert!(key().verify(&after, Role::Operator, token.expose()).is_ok());
    assert!(after.effective(Role::Node).is_none(), "what was revoked stays revoked");
    assert_eq!(world.state.former_request(&waiting.id).unwrap().fate, Fate::Approved);
    assert_eq!(world.go(restore(&id, owner())).unwrap_err(), Rejected::NotKept, "once");

    // Too late, and too late because it was paired anew.
    world.go(remove(&id)).unwrap();
    world.later(600_000);
    assert_eq!(world.go(restore(&id, owner())).unwrap_err(), Rejected::NotKept);
    let second = world.paired(2, Role::Operator, &["operator.admin"]);
    world.go(remove(&second)).unwrap();
    world.paired(2, Role::Operator, &["operator.read"]);
    assert_eq!(world.go(restore(&second, owner())).unwrap_err(), Rejected::NotKept);
    assert_eq!(world.device(&second).approved_scopes(Role::Operator), set(&["operator.read"]));
    assert_eq!(world.state.removed(world.now).count(), 0);
}

#[test]
fn only_the_last_removals_are_kept() {
    let mut world = World::new();
    let ids: Vec<_> = (1..=70).map(|n| world.paired(n, Role::Operator, &[])).collect();
    world.go(Mutation::Clear { devices: true, requests: false, caller: CallerAuthority::owner() }).unwrap();
    let kept: Vec<_> = world.state.removed(world.now).map(|removed| removed.device.id.clone()).collect();
    assert_eq!(kept.len(), 64);
    assert!(kept.iter().all(|id| ids.contains(id)));
}

#[test]
fn what_was_taken_comes_back_while_nobody_decided_anew() {
    let owner = CallerAuthority::owner;
    let all: &[&str] = &["operator.read", "operator.write"];
    let narrow = |id: &DeviceId, left: &[&str]| Mutation::Narrow {
        device: id.clone(),
        scopes: set(left),
        caller: owner(),
    };
    let rewiden = |id: &DeviceId| Mutation::Rewiden { device: id.clone(), caller: owner() };
    let token_of = |world: &World, id: &DeviceId| key().issue(world.device(id), Role::Operator).unwrap();
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, all);
    let token = token_of(&world, &id);
    world.go(narrow(&id, &["operator.read"])).unwrap();
    let Some(Change::Narrowed { taken, .. }) = world.last.first() else { panic!("{:?}", world.last) };
    assert_eq!(*taken, set(&["operator.write"]));
    assert_eq!(token_of(&world, &id), token, "the token stays, and is worth less");
    assert_eq!(world.device(&id).token_scopes(Role::Operator), Some(set(&["operator.read"])));
    assert_eq!(need(&world.state, &ask(1, Role::Operator, all)), Some(Need::ScopeUpgrade));
    world.go(rewiden(&id)).unwrap();
    assert_eq!(world.device(&id).token_scopes(Role::Operator), Some(set(all)));
    assert_eq!(world.go(rewiden(&id)).unwrap_err(), Rejected::NothingTaken, "once");

    // Nothing that was decided later is undone along with it.
    let steps: [fn(&DeviceId) -> Mutation; 3] = [
        |id| Mutation::Rotate {
            device: id.clone(),
            role: Role::Operator,
            scopes: None,
            caller: CallerAuthority::owner(),
        },
        |id| Mutation::Revoke { device: id.clone(), role: Role::Operator, caller: CallerAuthority::owner() },
        |id| Mutation::Remove { device: id.clone(), caller: CallerAuthority::owner() },
    ];
    for (n, step) in (2..).zip(steps) {
        let id = world.paired(n, Role::Operator, all);
        world.go(narrow(&id, &[])).unwrap();
        world.go(step(&id)).unwrap();
        assert_eq!(world.go(rewiden(&id)).unwrap_err(), Rejected::NothingTaken);
    }
    world.go(narrow(&id, &[])).unwrap();
    world.later(600_000);
    assert_eq!(world.go(rewiden(&id)).unwrap_err(), Rejected::NothingTaken, "too late");
}
