//! What devices get, keep and lose.

use super::*;

#[test]
fn nobody_gives_what_he_does_not_have() {
    // caller's scopes, role asked, scopes asked, allowed
    let rows: &[(&[&str], Role, &[&str], bool)] = &[
        (&["operator.pairing"], Role::Operator, &[], true),
        (&["operator.pairing"], Role::Operator, &["operator.pairing"], true),
        (&["operator.pairing"], Role::Operator, &["operator.admin"], false),
        (&["operator.pairing"], Role::Operator, &["operator.read"], false),
        (&["operator.pairing", "operator.write"], Role::Operator, &["operator.read"], true),
        (&["operator.pairing", "operator.read"], Role::Operator, &["operator.write"], false),
        (&["operator.pairing", "operator.write"], Role::Node, &[], false),
        (&["operator.admin"], Role::Node, &["node.run"], true),
        (&["operator.admin"], Role::Operator, &["operator.admin", "operator.talk.secrets"], true),
        (&["operator.write"], Role::Operator, &[], false),
        (&[], Role::Operator, &[], false),
    ];
    for (held, role, asked, allowed) in rows {
        let mut world = World::new();
        let request = world.file(ask(1, *role, asked)).unwrap();
        let result = world.approve(&request.id, caller(held));
        assert_eq!(result.is_ok(), *allowed, "{held:?} approves {asked:?}: {result:?}");
        if let Ok(device) = result {
            assert_eq!(
                device.approved_scopes(*role),
                set(asked),
                "empty asks for nothing and grants nothing"
            );
        }
    }
}

#[test]
fn a_device_without_admin_manages_only_itself() {
    let mut world = World::new();
    let own = world.paired(1, Role::Operator, &["operator.pairing", "operator.read"]);
    let other = world.paired(2, Role::Operator, &["operator.read"]);
    let mut me = caller(&["operator.pairing", "operator.read"]);
    me.own_device = Some(own.clone());
    let request = world.file(ask(2, Role::Operator, &["operator.pairing"])).unwrap();
    assert_eq!(world.approve(&request.id, me.clone()), Err(Rejected::NotYours));
    let rejected = world.go(Mutation::Reject { request: request.id, caller: me.clone() });
    assert_eq!(rejected.unwrap_err(), Rejected::NotYours);
    for (device, fine) in [(&other, false), (&own, true)] {
        let changes = [
            Mutation::Rename { device: device.clone(), label: Some("x".into()), caller: me.clone() },
            Mutation::Rotate {
                device: device.clone(),
                role: Role::Operator,
                scopes: None,
                caller: me.clone(),
            },
            Mutation::Revoke { device: device.clone(), role: Role::Operator, caller: me.clone() },
            Mutation::Remove { device: device.clone(), caller: me.clone() },
        ];
        for change in changes {
            let shown = format!("{change:?}");
            assert_eq!(world.go(change).is_ok(), fine, "{shown}");
        }
    }
}

#[test]
fn another_machine_with_an_admin_key_is_an_admins_decision() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &["operator.admin"]);
    let mut elsewhere = ask(1, Role::Operator, &[]);
    elsewhere.platform = Some(Words::new("win32"));
    let request = world.file(elsewhere).unwrap();
    assert_eq!(request.kind, RequestKind::MetadataUpgrade);
    let refused = world.approve(&request.id, caller(&["operator.pairing"]));
    assert_eq!(refused, Err(Rejected::MissingScope(Scope::ADMIN)));
    world.approve(&request.id, CallerAuthority::owner()).unwrap();
    assert_eq!(world.device(&id).approved_scopes(Role::Operator), set(&["operator.admin"]));
}

#[test]
fn rotation_stays_within_approval_and_caller() {
    let all = ["operator.admin"];
    // approved, asked for the new token, caller, own device?, outcome
    type Row<'a> =
        (&'a [&'a str], Option<&'a [&'a str]>, &'a [&'a str], bool, Result<&'a [&'a str], Rejected>);
    let pairing_read: &[&str] = &["operator.pairing", "operator.read"];
    let rows: &[Row<'_>] = &[
        (&["operator.write"], None, &all, false, Ok(&["operator.write"])),
        (&["operator.write"], Some(&["operator.read"]), &all, false, Ok(&["operator.read"])),
        (&["operator.write"], Some(&[]), &all, false, Ok(&[])),
        (
            &["operator.write"],
            Some(&["operator.admin"]),
            &all,
            false,
            Err(Rejected::BeyondApproved(set(&["operator.admin"]))),
        ),
        (pairing_read, None, pairing_read, true, Ok(pairing_read)),
        (pairing_read, None, pairing_read, false, Err(Rejected::NotYours)),
        (&all, None, pairing_read, true, Err(Rejected::MissingScope(Scope::ADMIN))),
        (&all, Some(&["operator.read"]), pairing_read, true, Ok(&["operator.read"])),
    ];
    for (approved, asked, held, own, want) in rows {
        let mut world = World::new();
        let id = world.paired(1, Role::Operator, approved);
        let old = key().issue(world.device(&id), Role::Operator).unwrap();
        let mut by = caller(held);
        by.own_device = own.then(|| id.clone());
        let result = world.go(Mutation::Rotate {
            device: id.clone(),
            role: Role::Operator,
            scopes: asked.map(set),
            caller: by,
        });
        match (result, want) {
            (Ok(Outcome::Rotated { scopes, generation, .. }), Ok(wanted)) => {
                assert_eq!((scopes, generation), (set(wanted), 2));
                let device = world.device(&id);
                assert_eq!(key().verify(device, Role::Operator, old.expose()), Err(TokenError::Mismatch));
                assert_eq!(device.token_scopes(Role::Operator), Some(set(wanted)));
            }
            (Err(error), Err(wanted)) => assert_eq!(error, *wanted),
            (other, _) => panic!("{approved:?} {asked:?} {held:?}: {other:?}"),
        }
    }
}

#[test]
fn tokens_die_with_revocation_removal_and_rotation_and_never_come_back() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &["operator.admin"]);
    let owner = CallerAuthority::owner;
    let first = key().issue(world.device(&id), Role::Operator).unwrap();
    assert_eq!(first.expose().len(), 43);

    // More scopes: the same token.
    let request = world.file(ask(1, Role::Node, &[])).unwrap();
    world.approve(&request.id, owner()).unwrap();
    assert_eq!(key().issue(world.device(&id), Role::Operator), Some(first.clone()));

    let revoke = Mutation::Revoke { device: id.clone(), role: Role::Operator, caller: owner() };
    world.go(revoke.clone()).unwrap();
    let verify =
        |world: &World, token: &str| key().verify(world.device(&id), Role::Operator, token).map(drop);
    assert_eq!(verify(&world, first.expose()), Err(TokenError::Revoked));
    assert_eq!(key().issue(world.device(&id), Role::Operator), None);
    assert!(world.device(&id).approved_scopes(Role::Operator).is_empty());
    let rotate = Mutation::Rotate { device: id.clone(), role: Role::Operator, scopes: None, caller: owner() };
    assert_eq!(world.go(rotate).unwrap_err(), Rejected::Revoked);
    world.later(5);
    match world.go(revoke).unwrap() {
        Outcome::Revoked { revoked_at, .. } => assert_eq!(revoked_at, T0, "the first revocation counts"),
        other => panic!("{other:?}"),
    }

    // A new approval of nothing is an approval of nothing: what was revoked does not come back.
    assert_eq!(need(&world.state, &ask(1, Role::Operator, &[])), Some(Need::RoleUpgrade));
    let request = world.file(ask(1, Role::Operator, &[])).unwrap();
    let device = world.approve(&request.id, caller(&["operator.pairing"])).unwrap();
    assert!(device.approved_scopes(Role::Operator).is_empty());
    assert_eq!(device.operator.as_ref().unwrap().token.generation, 2);
    assert_eq!(verify(&world, first.expose()), Err(TokenError::Mismatch));

    let second = key().issue(world.device(&id), Role::Operator).unwrap();
    world.go(Mutation::Remove { device: id.clone(), caller: owner() }).unwrap();
    assert!(matches!(&world.last[..], [Change::Removed(removed)] if *removed == id));
    assert_eq!(world.state.tombstone(&id).unwrap().operator, 2);
    world.paired(1, Role::Operator, &["operator.read"]);
    for token in [&first, &second] {
        assert_eq!(verify(&world, token.expose()), Err(TokenError::Mismatch));
    }
    assert_eq!(world.device(&id).operator.as_ref().unwrap().token.generation, 3);
}

#[test]
fn when_a_connection_needs_an_approval() {
    let mut world = World::new();
    world.paired(1, Role::Operator, &["operator.write"]);
    let base = || ask(1, Role::Operator, &["operator.read"]);
    assert_eq!(need(&world.state, &base()), None);
    assert_eq!(need(&world.state, &ask(2, Role::Operator, &[])), Some(Need::NotPaired));
    assert_eq!(need(&world.state, &ask(1, Role::Node, &[])), Some(Need::RoleUpgrade));
    assert_eq!(need(&world.state, &ask(1, Role::Operator, &["operator.admin"])), Some(Need::ScopeUpgrade));
    let platforms = [
        (Some("linux 7.0"), true),
        (Some(" LINUX"), true),
        (Some("darwin"), false),
        (Some("win32"), false),
        (None, false),
    ];
    for (platform, same) in platforms {
        let mut other = base();
        other.platform = platform.map(Words::new);
        assert_eq!(need(&world.state, &other).is_none(), same, "{platform:?}");
    }
    let mut other = base();
    other.device_family = Some(Words::new("Desktop"));
    other.client_id = Words::new("openclaw-control-ui");
    other.remote_ip = Some(IpAddr::from([203, 0, 113, 7]));
    assert_eq!(need(&world.state, &other), None, "nothing was pinned, and clients and addresses may change");

    let mut world = World::new();
    let mut pinned = ask(1, Role::Node, &["node.a"]);
    pinned.device_family = Some(Words::new("Mac"));
    let request = world.file(pinned.clone()).unwrap();
    world.approve(&request.id, CallerAuthority::owner()).unwrap();
    assert_eq!(need(&world.state, &pinned), None);
    pinned.device_family = Some(Words::new(" mac "));
    assert_eq!(need(&world.state, &pinned), None);
    pinned.device_family = None;
    match need(&world.state, &pinned) {
        Some(Need::MetadataUpgrade { changed }) => {
            assert_eq!(
                (changed[0].field, changed[0].old.as_str(), &changed[0].new),
                ("deviceFamily", "Mac", &None)
            );
        }
        other => panic!("{other:?}"),
    }
    let mut other = ask(1, Role::Node, &["node.b"]);
    other.device_family = Some(Words::new("Mac"));
    assert_eq!(need(&world.state, &other), Some(Need::ScopeUpgrade));
}

#[test]
fn silent_approval_grants_what_was_asked_and_settles_the_waiting_request() {
    let mut world = World::new();
    let request = world.file(ask(1, Role::Operator, &["operator.read"])).unwrap();
    let silent = |scopes: &[&str]| Mutation::ApproveSilently {
        ask: ask(1, Role::Operator, scopes),
        via: ApprovedVia::Silent,
    };
    world.go(silent(&["operator.pairing"])).unwrap();
    assert!(world.state.request(&request.id).is_some(), "a broader request waits on");
    world.go(silent(&["operator.write"])).unwrap();
    assert!(matches!(&world.last[..], [
        Change::Resolved { decision: Decision::Approved, .. },
        Change::Approved(device),
    ] if device.approved_via == ApprovedVia::Silent));
    assert_eq!(world.state.request_count(), 0);
    assert!(!world.state.latch().is_open());
    let mut forged = ask(1, Role::Operator, &[]);
    forged.public_key = [7; 32];
    for mutation in [
        Mutation::File(forged.clone()),
        Mutation::ApproveSilently { ask: forged.clone(), via: ApprovedVia::Silent },
        Mutation::RedeemCode { code: CodeHash::of("x"), ask: forged },
    ] {
        assert_eq!(world.go(mutation).unwrap_err(), Rejected::KeyMismatch);
    }
    let again = world.go(Mutation::File(ask(1, Role::Operator, &["operator.read"])));
    assert_eq!(again.unwrap_err(), Rejected::NotNeeded);
}

#[test]
fn hand_edits_add_operator_scopes_and_can_be_undone() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &["operator.read"]);
    let edit = |world: &World, scopes: &[&str]| Mutation::HandEdit {
        device: id.clone(),
        scopes: set(scopes),
        revision: world.device(&id).revision,
    };
    let nothing = edit(&world, &[]);
    world.go(nothing).unwrap();
    assert_eq!(
        world.device(&id).approved_scopes(Role::Operator),
        set(&["operator.read"]),
        "absence removes nothing"
    );
    let before = world.device(&id).revision;
    let more = edit(&world, &["operator.read", "operator.admin", "node.run"]);
    world.go(more).unwrap();
    assert!(matches!(&world.last[..], [Change::Widened { added, .. }] if *added == set(&["operator.admin"])));
    assert_eq!(
        world.device(&id).token_scopes(Role::Operator),
        Some(set(&["operator.read", "operator.admin"]))
    );
    let stale =
        Mutation::HandEdit { device: id.clone(), scopes: set(&["operator.pairing"]), revision: before };
    assert_eq!(world.go(stale).unwrap_err(), Rejected::Stale);
    let undo = || Mutation::UndoWidening { device: id.clone(), caller: CallerAuthority::owner() };
    world.go(undo()).unwrap();
    assert_eq!(world.device(&id).approved_scopes(Role::Operator), set(&["operator.read"]));
    assert_eq!(world.go(undo()).unwrap_err(), Rejected::NothingToUndo);

    // A later approval of the same scopes makes them the owner's regular decision.
    let more = edit(&world, &["operator.admin"]);
    world.go(more).unwrap();
    let silent = Mutation::ApproveSilently {
        ask: ask(1, Role::Operator, &["operator.admin"]),
        via: ApprovedVia::Owner,
    };
    world.go(silent).unwrap();
    assert_eq!(world.go(undo()).unwrap_err(), Rejected::NothingToUndo);

    world
        .go(Mutation::Revoke { device: id.clone(), role: Role::Operator, caller: CallerAuthority::owner() })
        .unwrap();
    let revive = edit(&world, &["operator.admin"]);
    assert_eq!(world.go(revive).unwrap_err(), Rejected::Revoked);
    let node = world.paired(2, Role::Node, &[]);
    let on_node = Mutation::HandEdit {
        revision: world.device(&node).revision,
        device: node,
        scopes: set(&["operator.admin"]),
    };
    assert_eq!(world.go(on_node).unwrap_err(), Rejected::RoleNotApproved);
}

#[test]
fn labels_have_one_to_sixty_four_characters() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &[]);
    let rows = [
        ("", Err(Rejected::LabelRequired)),
        (" \t", Err(Rejected::LabelRequired)),
        ("Küche", Ok("Küche")),
        ("a\u{202e}b", Ok("a\\u{202e}b")),
    ];
    for (label, want) in rows {
        let rename = Mutation::Rename {
            device: id.clone(),
            label: Some(label.into()),
            caller: CallerAuthority::owner(),
        };
        match (world.go(rename), want) {
            (Ok(Outcome::Changed { device }), Ok(want)) => {
                assert_eq!(device.label.as_ref().unwrap().as_str(), want)
            }
            (Err(error), Err(want)) => assert_eq!(error, want),
            (other, _) => panic!("{label:?}: {other:?}"),
        }
    }
    let long = |n| Mutation::Rename {
        device: id.clone(),
        label: Some("ä".repeat(n)),
        caller: CallerAuthority::owner(),
    };
    world.go(long(64)).unwrap();
    assert_eq!(world.go(long(65)).unwrap_err(), Rejected::LabelTooLong);
}

#[test]
fn being_seen_changes_nothing_that_counts() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &["operator.read"]);
    let before = world.device(&id).clone();
    let seen = |platform: &str| Mutation::Seen {
        device: id.clone(),
        role: Role::Operator,
        by_token: true,
        display_name: Some(Words::new("renamed")),
        platform: Some(Words::new(platform)),
        remote_ip: Some(IpAddr::from([203, 0, 113, 9])),
    };
    let applied =
        transition(&mut world.state, seen("linux 9.9"), T0.plus(7), &mut RequestId::random).unwrap();
    assert!(!applied.touched.is_durable() && applied.changes.is_empty());
    let after = world.device(&id).clone();
    assert_eq!(after.platform, Some(Words::new("linux 9.9")));
    assert_eq!(after.operator.as_ref().unwrap().token.last_used_at, Some(T0.plus(7)));
    assert_eq!(
        (after.revision, &after.operator.unwrap().scopes),
        (before.revision, &before.operator.unwrap().scopes)
    );
    world.go(seen("darwin")).unwrap();
    assert_eq!(world.device(&id).platform, Some(Words::new("linux 9.9")), "another class needs an approval");
}

#[test]
fn clearing_needs_an_admin_and_leaves_tombstones() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &[]);
    let request = world.file(ask(2, Role::Operator, &[])).unwrap();
    let clear = |caller| Mutation::Clear { devices: true, requests: true, caller };
    assert!(world.go(clear(caller(&["operator.pairing"]))).is_err());
    match world.go(clear(CallerAuthority::owner())).unwrap() {
        Outcome::Cleared { devices, requests } => {
            assert_eq!((devices, requests), (vec![id.clone()], vec![request.id]))
        }
        other => panic!("{other:?}"),
    }
    assert!(world.state.tombstone(&id).is_some());
    assert_eq!((world.state.device_count(), world.state.request_count()), (0, 0));
}

#[test]
fn the_owners_name_for_a_device_can_be_taken_away() {
    let mut world = World::new();
    let id = world.paired(1, Role::Operator, &[]);
    let rename = |label: Option<&str>| Mutation::Rename {
        device: id.clone(),
        label: label.map(str::to_owned),
        caller: CallerAuthority::owner(),
    };
    world.go(rename(Some("Kitchen"))).unwrap();
    assert_eq!(world.device(&id).shown_name().as_str(), "Kitchen");
    world.go(rename(None)).unwrap();
    assert_eq!(world.device(&id).shown_name().as_str(), "device 1");
}
