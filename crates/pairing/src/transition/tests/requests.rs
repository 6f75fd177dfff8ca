//! Waiting requests: their ids, what stands for them, and what an old id may still do.

use super::*;

#[test]
fn asking_again_keeps_the_id_and_asking_for_more_makes_a_new_one() {
    let mut world = World::new();
    let first = world.file(ask(1, Role::Operator, &["operator.write"])).unwrap();
    world.later(200_000);
    for (role, scopes) in [
        (Role::Operator, vec!["operator.write"]),
        (Role::Operator, vec!["operator.read"]),
        (Role::Operator, vec![]),
    ] {
        let again = world.file(ask(1, role, &scopes)).unwrap();
        assert_eq!((&again.id, again.ts, again.shown), (&first.id, first.ts, first.shown));
        assert_eq!(again.refreshed_at, world.now);
        assert_eq!(again.scopes, set(&["operator.write"]), "what is shown stays");
        assert!(world.last.is_empty(), "no event for a refresh");
    }
    world.later(200_000);
    assert!(world.state.request(&first.id).unwrap().is_live(world.now), "the refresh counts");

    let wider = world.file(ask(1, Role::Operator, &["operator.admin"])).unwrap();
    assert_ne!(wider.id, first.id);
    assert_eq!(wider.scopes, set(&["operator.write", "operator.admin"]));
    assert_eq!(wider.broadened.as_ref().unwrap().former, first.id);
    assert!(matches!(&world.last[..], [
        Change::Resolved { request_id, decision: Decision::Rejected, .. },
        Change::Requested(new),
    ] if *request_id == first.id && new.id == wider.id));

    let both = world.file(ask(1, Role::Node, &[])).unwrap();
    assert_eq!(both.roles, Roles::BOTH);
    assert_eq!(both.role, Role::Operator, "the first role stays in front");
    assert_eq!(world.state.request_count(), 1);
}

#[test]
fn another_kind_of_machine_is_another_request() {
    let mut world = World::new();
    let first = world.file(ask(1, Role::Operator, &[])).unwrap();
    let mut update = ask(1, Role::Operator, &[]);
    update.platform = Some(Words::new("Linux 6.99"));
    assert_eq!(world.file(update).unwrap().id, first.id, "versions are nothing");
    let mut mac = ask(1, Role::Operator, &[]);
    mac.platform = Some(Words::new("darwin"));
    let second = world.file(mac).unwrap();
    assert_ne!(second.id, first.id);
    let refused = world.approve(&first.id, CallerAuthority::owner());
    assert!(matches!(refused, Err(Rejected::Broadened { other_machine: true, .. })), "{refused:?}");
}

#[test]
fn an_old_id_explains_itself_and_never_grants_more_than_it_showed() {
    let mut world = World::new();
    let old = world.file(ask(1, Role::Operator, &["operator.read"])).unwrap();
    let new = world.file(ask(1, Role::Operator, &["operator.admin"])).unwrap();
    let refused = world.approve(&old.id, CallerAuthority::owner()).unwrap_err();
    assert_eq!(
        refused,
        Rejected::Broadened {
            replacement: new.id.clone(),
            more_roles: Roles::NONE,
            more_scopes: set(&["operator.admin"]),
            other_machine: false,
        }
    );
    assert!(refused.to_string().contains(new.id.as_str()) && refused.to_string().contains("admin"));
    assert!(world.state.device(&old.device_id).is_none());

    world.approve(&new.id, CallerAuthority::owner()).unwrap();
    for id in [&old.id, &new.id] {
        let refused = world.approve(id, CallerAuthority::owner());
        assert!(matches!(refused, Err(Rejected::FormerRequest { .. })), "{refused:?}");
    }
    let unknown = RequestId::parse("nobody").unwrap();
    assert_eq!(world.approve(&unknown, CallerAuthority::owner()), Err(Rejected::UnknownRequest));
}

#[test]
fn an_expired_id_stands_for_the_same_request_made_again() {
    let mut world = World::new();
    let old = world.file(ask(1, Role::Operator, &["operator.read"])).unwrap();
    world.later(REQUEST_TTL_MS);
    assert!(expire(&mut world.state, world.now).is_some());
    assert_eq!(world.state.former_request(&old.id).unwrap().fate, Fate::Expired);
    let refused = world.approve(&old.id, CallerAuthority::owner());
    assert_eq!(refused, Err(Rejected::FormerRequest { fate: Fate::Expired }));

    let again = world.file(ask(1, Role::Operator, &["operator.read"])).unwrap();
    assert_ne!(again.id, old.id);
    world.approve(&old.id, CallerAuthority::owner()).unwrap();
    assert_eq!(world.state.former_request(&again.id).unwrap().fate, Fate::Approved);
    assert_eq!(world.state.former_request(&old.id).unwrap().fate, Fate::Approved);

    // What the owner rejected stays rejected: the same device asking again is a new question.
    let second = world.file(ask(2, Role::Operator, &[])).unwrap();
    world.go(Mutation::Reject { request: second.id.clone(), caller: CallerAuthority::owner() }).unwrap();
    world.file(ask(2, Role::Operator, &[])).unwrap();
    let refused = world.approve(&second.id, CallerAuthority::owner());
    assert_eq!(refused, Err(Rejected::FormerRequest { fate: Fate::Rejected }));
}

#[test]
fn an_approval_of_something_else_than_was_shown_is_refused() {
    let mut world = World::new();
    let request = world.file(ask(1, Role::Operator, &[])).unwrap();
    let approve = |expect| Mutation::Approve {
        request: request.id.clone(),
        caller: CallerAuthority::owner(),
        expect,
        scopes: None,
        replace: None,
    };
    let refused = world.go(approve(Some(Shown(request.shown.0 ^ 1))));
    assert_eq!(refused.unwrap_err(), Rejected::Changed { now: request.shown });
    assert_eq!(Shown::parse(&request.shown.to_string()), Some(request.shown));
    world.go(approve(Some(request.shown))).unwrap();
}

#[test]
fn words_lead_to_a_request_only_when_they_name_it() {
    let mut world = World::new();
    let mut one = ask(1, Role::Operator, &[]);
    one.display_name = Some(Words::new("Kitchen Tablet"));
    let id = RequestId::parse("abcd1234-0000").unwrap();
    transition(&mut world.state, Mutation::File(one), T0, &mut || id.clone()).unwrap();
    let twin = RequestId::parse("abcd1234-1111").unwrap();
    transition(&mut world.state, Mutation::File(ask(2, Role::Operator, &[])), T0, &mut || twin.clone())
        .unwrap();
    let look = |words: &str, terminal| match world.state.resolve(words, terminal, T0) {
        Resolved::Request(request) => request.id.to_string(),
        Resolved::Ambiguous(list) => format!("ambiguous {}", list.len()),
        Resolved::Preview(list) => format!("preview {}", list.len()),
        Resolved::TooShort { needed } => format!("too short {needed}"),
        Resolved::NotFound => "nothing".to_owned(),
        other => format!("{other:?}"),
    };
    let device = ask(1, Role::Operator, &[]).device_id;
    let rows = [
        ("abcd1234-0000", false, "abcd1234-0000"),
        ("  abcd1234-0000 ", true, "abcd1234-0000"),
        ("abcd1234-0", false, "abcd1234-0000"),
        ("ABCD1234-0", true, "abcd1234-0000"),
        ("abcd1234", false, "ambiguous 2"),
        ("abcd123", false, "too short 8"),
        ("abc", true, "too short 4"),
        ("abcd", true, "ambiguous 2"),
        (device.as_str(), false, "abcd1234-0000"),
        ("kitchen", true, "preview 1"),
        ("cli", true, "preview 2"),
        ("zzzz", true, "nothing"),
        ("", true, "nothing"),
    ];
    for (words, terminal, want) in rows {
        assert_eq!(look(words, terminal), want, "{words:?}");
    }
}

#[test]
fn a_device_id_does_not_stand_for_a_request_that_was_just_broadened() {
    let mut world = World::new();
    let old = world.file(ask(1, Role::Operator, &["operator.read"])).unwrap();
    let new = world.file(ask(1, Role::Operator, &["operator.admin"])).unwrap();
    let look = |world: &World, words: &str| world.state.resolve(words, true, world.now);
    match look(&world, new.device_id.as_str()) {
        Resolved::Broadened { request, from } => {
            assert_eq!((&request.id, &from.former), (&new.id, &old.id));
        }
        other => panic!("{other:?}"),
    }
    match look(&world, old.id.as_str()) {
        Resolved::Former { replacement: None, refused: Some(Rejected::Broadened { .. }), .. } => {}
        other => panic!("{other:?}"),
    }
    for _ in 0..3 {
        world.later(200_000);
        world.file(ask(1, Role::Operator, &["operator.admin"])).unwrap();
    }
    assert!(
        matches!(look(&world, new.device_id.as_str()), Resolved::Request(_)),
        "ten minutes later it does"
    );
}

#[test]
fn an_approval_may_take_the_place_of_an_older_device() {
    let mut world = World::new();
    let old = world.paired(1, Role::Operator, &["operator.read"]);
    let node = world.paired(2, Role::Node, &[]);
    let request = world.file(ask(3, Role::Operator, &["operator.read"])).unwrap();
    let replacing = |device: &DeviceId, caller: CallerAuthority| Mutation::Approve {
        request: request.id.clone(),
        caller,
        expect: None,
        scopes: None,
        replace: Some(device.clone()),
    };
    let owner = CallerAuthority::owner;
    // All of it or nothing: the request still waits after each of these.
    let stranger = ask(9, Role::Operator, &[]).device_id;
    assert_eq!(world.go(replacing(&stranger, owner())).unwrap_err(), Rejected::UnknownDevice);
    assert_eq!(world.go(replacing(&request.device_id, owner())).unwrap_err(), Rejected::ReplacesItself);
    let small = caller(&["operator.pairing", "operator.read"]);
    assert_eq!(world.go(replacing(&node, small)).unwrap_err(), Rejected::RoleNeedsAdmin(Role::Node));
    world.go(replacing(&old, owner())).unwrap();
    assert!(world.state.device(&old).is_none() && world.state.device(&request.device_id).is_some());
    assert!(world.last.iter().any(|change| matches!(change, Change::Removed(id) if *id == old)));
}

#[test]
fn a_waiting_device_may_choose_another_name_and_the_old_id_stands_for_it() {
    let named = |name: &str| {
        let mut ask = ask(1, Role::Operator, &["operator.read"]);
        ask.display_name = Words::some(name);
        ask
    };
    let mut world = World::new();
    let first = world.file(named("Firefox")).unwrap();
    let second = world.file(named("Peter's laptop")).unwrap();
    assert_ne!(
        (second.id.clone(), second.shown),
        (first.id.clone(), first.shown),
        "what was shown is frozen"
    );
    assert!(matches!(&world.last[..], [
        Change::Resolved { request_id, decision: Decision::Rejected, .. },
        Change::Requested(new),
    ] if *request_id == first.id && new.id == second.id));
    assert!(second.broadened.is_none(), "it asks for no more, so its device id still names it");
    let look = world.state.resolve(second.device_id.as_str(), false, world.now);
    assert!(matches!(look, Resolved::Request(found) if found.id == second.id));
    // Another program of the same device, or one without a name, says nothing about the name of this one.
    let mut other = named("Phone app");
    other.client_mode = Words::new("node");
    for again in [named(""), other, named("Peter's laptop")] {
        assert_eq!(world.file(again).unwrap().id, second.id);
    }
    // Who saw the first name and insists on exactly that is told.
    let insist = Mutation::Approve {
        request: first.id.clone(),
        caller: CallerAuthority::owner(),
        expect: Some(first.shown),
        scopes: None,
        replace: None,
    };
    assert_eq!(world.go(insist).unwrap_err(), Rejected::Changed { now: second.shown });
    let device = world.approve(&first.id, CallerAuthority::owner()).unwrap();
    assert_eq!(device.display_name, Words::some("Peter's laptop"));
}

#[test]
fn names_do_not_go_on_changing_for_ever_and_cost_nobody_a_place() {
    let named = |n: usize| {
        let mut ask = ask(1, Role::Operator, &[]);
        ask.display_name = Words::some(&format!("name {n}"));
        ask
    };
    let mut world = World::new();
    let mut ids = BTreeSet::new();
    for n in 0..50 {
        ids.insert(world.file(named(n)).unwrap().id.to_string());
        assert_eq!(world.state.request_count(), 1);
    }
    assert_eq!(ids.len(), 9, "eight changes of name, each with an id of its own");

    // From a crowded address the device keeps its place and its name.
    let mut world = World::new();
    let crowded = |n: u8| {
        let mut ask = ask(n, Role::Operator, &[]);
        ask.peer = PeerKey::of(IpAddr::from([192, 0, 2, 200]));
        ask
    };
    for n in 2..=17 {
        world.file(crowded(n)).unwrap();
    }
    let first = world.file(named(0)).unwrap();
    let mut moved = named(1);
    moved.peer = crowded(1).peer;
    assert_eq!(world.file(moved).unwrap().id, first.id);
}
