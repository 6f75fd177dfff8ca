//! Approvals that give less than was asked for.

use super::*;

#[test]
fn an_approval_may_give_less_than_was_asked_for() {
    type Row<'a> = (&'a [&'a str], Role, &'a [&'a str], &'a [&'a str], Result<&'a [&'a str], Rejected>);
    let all: &[&str] = &["operator.admin"];
    let beyond = |names: &[&str]| Err(Rejected::BeyondAsked(set(names)));
    // caller's scopes, role, asked, given, what the device has then
    let rows: &[Row<'_>] = &[
        (
            all,
            Role::Operator,
            &["operator.read", "operator.write"],
            &["operator.read"],
            Ok(&["operator.read"]),
        ),
        (all, Role::Operator, &["operator.admin"], &["operator.read"], Ok(&["operator.read"])),
        (all, Role::Operator, &["operator.read"], &[], Ok(&[])),
        (all, Role::Operator, &["operator.read"], &["operator.write"], beyond(&["operator.write"])),
        (all, Role::Operator, &[], &["operator.read"], beyond(&["operator.read"])),
        (all, Role::Node, &["node.a", "node.b"], &["node.a"], Ok(&["node.a"])),
        (all, Role::Node, &["node.a"], &["node.b"], beyond(&["node.b"])),
        (all, Role::Operator, &["operator.admin"], &["node.a"], beyond(&["node.a"])),
        // Who does not hold what is asked for may give what he holds, and nothing else.
        (
            &["operator.pairing", "operator.read"],
            Role::Operator,
            &["operator.admin"],
            &["operator.read"],
            Ok(&["operator.read"]),
        ),
        (
            &["operator.pairing", "operator.read"],
            Role::Operator,
            &["operator.admin"],
            &["operator.write"],
            Err(Rejected::MissingScope(Scope::WRITE)),
        ),
        (&["operator.pairing"], Role::Node, &["node.a"], &[], Err(Rejected::RoleNeedsAdmin(Role::Node))),
    ];
    for (held, role, asked, given, want) in rows {
        let mut world = World::new();
        let request = world.file(ask(1, *role, asked)).unwrap();
        let result = world.approve_only(&request.id, caller(held), Some(set(given)));
        let has = result.map(|device| device.approved_scopes(*role));
        assert_eq!(has, want.clone().map(set), "{held:?} gives {given:?} of {asked:?}");
    }
}

#[test]
fn what_was_given_in_part_is_enough_for_that_part_and_asks_once_for_the_rest() {
    let mut world = World::new();
    let full = || ask(1, Role::Operator, &["operator.admin", "operator.read"]);
    let request = world.file(full()).unwrap();
    world.approve_only(&request.id, CallerAuthority::owner(), Some(set(&["operator.read"]))).unwrap();
    assert_eq!(world.state.former_request(&request.id).unwrap().fate, Fate::Approved);
    assert_eq!(need(&world.state, &ask(1, Role::Operator, &["operator.read"])), None);
    assert_eq!(need(&world.state, &full()), Some(Need::ScopeUpgrade));

    let more = world.file(full()).unwrap();
    assert_eq!((more.kind, more.is_repair), (RequestKind::ScopeUpgrade, true));
    for _ in 0..3 {
        assert_eq!(world.file(full()).unwrap().id, more.id, "one request, however often it asks");
    }
    assert_eq!(world.state.request_count(), 1);
    // The part that was given is added to what it has; nothing is taken.
    world.approve_only(&more.id, CallerAuthority::owner(), Some(set(&[]))).unwrap();
    assert_eq!(world.device(&more.device_id).approved_scopes(Role::Operator), set(&["operator.read"]));
}

#[test]
fn a_changed_machine_is_not_given_less_than_it_would_keep() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &["operator.admin"]);
    let mut elsewhere = ask(1, Role::Operator, &["operator.admin"]);
    elsewhere.platform = Some(Words::new("win32"));
    let request = world.file(elsewhere).unwrap();
    let owner = CallerAuthority::owner;
    let refused = world.approve_only(&request.id, owner(), Some(set(&["operator.read"])));
    assert_eq!(refused, Err(Rejected::WouldKeep(set(&["operator.admin"]))));
    world.approve_only(&request.id, owner(), Some(set(&["operator.admin"]))).unwrap();
    assert_eq!(world.device(&id).platform, Some(Words::new("win32")));
}

#[test]
fn who_approved_a_part_is_not_asked_the_same_as_something_new() {
    let mut world = World::new();
    let full = || ask(1, Role::Operator, &["operator.read", "operator.write", "operator.pairing"]);
    let first = world.file(full()).unwrap();
    world.approve_only(&first.id, CallerAuthority::owner(), Some(set(&["operator.read"]))).unwrap();
    assert_eq!(
        world.state.former_request(&first.id).unwrap().withheld,
        set(&["operator.pairing", "operator.write"])
    );
    let before =
        |world: &World, request: &Request| world.state.withheld_before(request, world.state.withholdings());
    world.later(1_000);
    let again = world.file(full()).unwrap();
    assert_eq!(before(&world, &again), Some(T0));
    let more = world.file(ask(1, Role::Operator, &["operator.admin"])).unwrap();
    assert_eq!(before(&world, &more), None, "admin is another question");
    let stranger = world.file(ask(2, Role::Operator, &["operator.write"])).unwrap();
    assert_eq!(before(&world, &stranger), None);
}
