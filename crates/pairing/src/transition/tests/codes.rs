//! Setup, join and claim codes.

use super::*;

fn mint(kind: CodeKind, code: &str, roles: Roles, scopes: &[&str]) -> Mutation {
    minted(kind, code, roles, scopes, None)
}

fn minted(kind: CodeKind, code: &str, roles: Roles, scopes: &[&str], by: Option<DeviceId>) -> Mutation {
    let (hash, scopes) = (CodeHash::of(code), set(scopes));
    Mutation::MintCode {
        code: NewCode { hash, kind, roles, scopes, ttl_ms: u64::MAX, minted_by: by },
        caller: CallerAuthority::owner(),
    }
}

fn redeem(code: &str, ask: Ask) -> Mutation {
    Mutation::RedeemCode { code: CodeHash::of(code), ask }
}

/// An admin whose access is taken has no code left with which it comes back under another key.
#[test]
fn what_a_device_loses_it_gives_nobody_any_more() {
    let owner = CallerAuthority::owner;
    let admin = || ask(1, Role::Operator, &["operator.admin"]);
    let id = admin().device_id;
    let losses = [
        Mutation::Remove { device: id.clone(), caller: owner() },
        Mutation::Revoke { device: id.clone(), role: Role::Operator, caller: owner() },
        Mutation::Rotate { device: id.clone(), role: Role::Operator, scopes: None, caller: owner() },
        Mutation::Narrow { device: id.clone(), scopes: set(&["operator.read"]), caller: owner() },
    ];
    for loss in losses {
        let mut world = World::new();
        world.go(Mutation::ApproveSilently { ask: admin(), via: ApprovedVia::Owner }).unwrap();
        let operator = Roles::only(Role::Operator);
        let by_it = |kind, code| minted(kind, code, operator, &["operator.admin"], Some(id.clone()));
        for mutation in [
            by_it(CodeKind::Setup, "setup"),
            by_it(CodeKind::Join, "join"),
            by_it(CodeKind::Join, "exchanged"),
            by_it(CodeKind::Setup, "used"),
            mint(CodeKind::Setup, "owner's", operator, &["operator.admin"]),
        ] {
            world.go(mutation).unwrap();
        }
        let exchange = |join: &str, setup: &str| Mutation::RedeemJoin {
            join: CodeHash::of(join),
            setup: CodeHash::of(setup),
            ttl_ms: 60_000,
        };
        world.go(exchange("exchanged", "of the join")).unwrap();
        let other = |byte, code: &str| redeem(code, ask(byte, Role::Operator, &["operator.admin"]));
        world.go(other(2, "used")).unwrap();
        world.go(loss.clone()).unwrap();
        for code in ["setup", "of the join"] {
            assert_eq!(world.go(other(3, code)).unwrap_err(), Rejected::CodeInvalid, "{code} {loss:?}");
        }
        assert_eq!(world.go(exchange("join", "x")).unwrap_err(), Rejected::CodeInvalid, "{loss:?}");
        world.go(other(2, "used")).unwrap();
        world.go(other(3, "owner's")).unwrap();
    }
}

#[test]
fn a_setup_code_pairs_one_device_once() {
    let mut world = World::new();
    world.go(mint(CodeKind::Setup, "s", Roles::BOTH, &["operator.write"])).unwrap();
    let wide = world.go(redeem("s", ask(1, Role::Operator, &["operator.admin"])));
    assert_eq!(wide.unwrap_err(), Rejected::CodeTooNarrow, "and it is not used up by that");
    match world.go(redeem("s", ask(1, Role::Node, &[]))).unwrap() {
        Outcome::Redeemed { device, again: false, .. } => {
            assert_eq!(device.effective_roles(), Roles::BOTH);
            assert_eq!(device.approved_scopes(Role::Operator), set(&["operator.write"]));
            assert_eq!(device.approved_via, ApprovedVia::Bootstrap);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.go(redeem("s", ask(2, Role::Node, &[]))).unwrap_err(), Rejected::CodeInvalid);
    let again = world.go(redeem("s", ask(1, Role::Operator, &["operator.read"]))).unwrap();
    assert!(matches!(again, Outcome::Redeemed { again: true, .. }), "the answer may have been lost");
    let wide = world.go(redeem("s", ask(1, Role::Operator, &["operator.admin"])));
    assert_eq!(wide.unwrap_err(), Rejected::CodeTooNarrow);
    let id = ask(1, Role::Node, &[]).device_id;
    world.go(Mutation::Revoke { device: id, role: Role::Node, caller: CallerAuthority::owner() }).unwrap();
    let again = world.go(redeem("s", ask(1, Role::Node, &[])));
    assert_eq!(again.unwrap_err(), Rejected::CodeInvalid, "a used code does not undo a revocation");
}

#[test]
fn codes_expire_after_ten_minutes_at_most() {
    let mut world = World::new();
    world.go(mint(CodeKind::Setup, "s", Roles::BOTH, &[])).unwrap();
    world.later(MAX_CODE_TTL_MS);
    assert_eq!(world.go(redeem("s", ask(1, Role::Node, &[]))).unwrap_err(), Rejected::CodeInvalid);
    expire(&mut world.state, world.now).unwrap();
    assert!(world.state.code(&CodeHash::of("s")).is_none());
    for n in 0..64 {
        world.go(mint(CodeKind::Setup, &n.to_string(), Roles::BOTH, &[])).unwrap();
    }
    let one_more = world.go(mint(CodeKind::Setup, "one more", Roles::BOTH, &[]));
    assert_eq!(one_more.unwrap_err(), Rejected::TooManyCodes);
}

#[test]
fn only_admins_mint_codes() {
    let mut world = World::new();
    let Mutation::MintCode { code, .. } = mint(CodeKind::Setup, "s", Roles::BOTH, &[]) else {
        unreachable!()
    };
    let refused =
        world.go(Mutation::MintCode { code, caller: caller(&["operator.pairing", "operator.write"]) });
    assert_eq!(refused.unwrap_err(), Rejected::MissingScope(Scope::ADMIN));
}

#[test]
fn a_join_code_is_exchanged_once_for_a_setup_code_with_the_same_gifts() {
    let mut world = World::new();
    world.go(mint(CodeKind::Join, "j", Roles::only(Role::Node), &[])).unwrap();
    assert_eq!(world.go(redeem("j", ask(1, Role::Node, &[]))).unwrap_err(), Rejected::CodeInvalid);
    let exchange =
        || Mutation::RedeemJoin { join: CodeHash::of("j"), setup: CodeHash::of("s"), ttl_ms: 1_000 };
    world.go(exchange()).unwrap();
    assert_eq!(world.go(exchange()).unwrap_err(), Rejected::CodeInvalid);
    let operator = world.go(redeem("s", ask(1, Role::Operator, &[])));
    assert_eq!(operator.unwrap_err(), Rejected::CodeTooNarrow);
    world.go(redeem("s", ask(1, Role::Node, &[]))).unwrap();
}

#[test]
fn a_gateway_is_claimed_once() {
    let mut world = World::new();
    assert!(world.state.latch().is_open());
    world.go(mint(CodeKind::Claim, "old", Roles::NONE, &[])).unwrap();
    world.go(mint(CodeKind::Claim, "new", Roles::NONE, &[])).unwrap();
    let old = world.go(redeem("old", ask(1, Role::Operator, &[])));
    assert_eq!(old.unwrap_err(), Rejected::CodeInvalid, "a new code replaces the one shown before");
    assert_eq!(world.go(redeem("new", ask(1, Role::Node, &[]))).unwrap_err(), Rejected::CodeTooNarrow);
    match world.go(redeem("new", ask(1, Role::Operator, &["operator.read"]))).unwrap() {
        Outcome::Redeemed { device, .. } => {
            assert_eq!(device.approved_scopes(Role::Operator), ScopeSet::full_operator());
        }
        other => panic!("{other:?}"),
    }
    assert!(world.last.iter().any(|change| matches!(change, Change::Claimed)));
    assert_eq!(world.go(redeem("new", ask(2, Role::Operator, &[]))).unwrap_err(), Rejected::CodeInvalid);
    assert!(matches!(
        world.go(redeem("new", ask(1, Role::Operator, &[]))).unwrap(),
        Outcome::Redeemed { again: true, .. }
    ));
    assert_eq!(world.go(mint(CodeKind::Claim, "x", Roles::NONE, &[])).unwrap_err(), Rejected::NotClaimable);

    // Neither removing the operator nor an admin over the network opens it again; the owner of the host can.
    let id = ask(1, Role::Operator, &[]).device_id;
    world.go(Mutation::Remove { device: id, caller: CallerAuthority::owner() }).unwrap();
    assert!(!world.state.latch().is_open());
    let admin = caller(&["operator.admin"]);
    assert!(world.go(Mutation::ResetLatch { caller: admin }).is_err());
    world.go(Mutation::ResetLatch { caller: CallerAuthority::owner() }).unwrap();
    assert!(world.state.latch().is_open());
}

#[test]
fn any_paired_operator_closes_the_latch_and_voids_the_code_shown() {
    let mut world = World::new();
    world.go(mint(CodeKind::Claim, "c", Roles::NONE, &[])).unwrap();
    world.paired(1, Role::Node, &[]);
    assert!(world.state.latch().is_open(), "a node is no operator");
    world.paired(2, Role::Operator, &[]);
    assert!(!world.state.latch().is_open());
    assert_eq!(world.go(redeem("c", ask(3, Role::Operator, &[]))).unwrap_err(), Rejected::CodeInvalid);
}
