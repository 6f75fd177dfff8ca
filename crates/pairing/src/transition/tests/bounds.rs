//! How many may wait (ruling 21).

use super::*;

fn from(n: u32, address: [u8; 4]) -> Ask {
    let mut public_key = [0; 32];
    public_key[..4].copy_from_slice(&n.to_be_bytes());
    public_key[4] = 1;
    Ask {
        device_id: DeviceId::of_public_key(&public_key),
        public_key,
        peer: PeerKey::of(IpAddr::from(address)),
        seen: None,
        ..ask(1, Role::Operator, &[])
    }
}

#[test]
fn an_address_has_sixteen_places() {
    let mut world = World::new();
    let requests: Vec<_> = (0..16).map(|n| world.file(from(n, [192, 0, 2, 1])).unwrap()).collect();
    world.later(1_000);
    match world.file(from(16, [192, 0, 2, 1])) {
        Err(Rejected::TooMany { retry_after_ms }) => assert!((5_000..=60_000).contains(&retry_after_ms)),
        other => panic!("{other:?}"),
    }
    world.file(from(17, [192, 0, 2, 2])).unwrap();
    // Who waits already may refresh, and may ask for more, in its own place.
    assert_eq!(world.file(from(3, [192, 0, 2, 1])).unwrap().id, requests[3].id);
    let mut more = from(3, [192, 0, 2, 1]);
    more.scopes = set(&["operator.read"]);
    assert_ne!(world.file(more).unwrap().id, requests[3].id);
    world.approve(&requests[5].id, CallerAuthority::owner()).unwrap();
    world.file(from(16, [192, 0, 2, 1])).unwrap();
}

#[test]
fn the_busiest_network_gives_way_and_a_lone_request_never_does() {
    let mut world = World::new();
    for n in 0..1_024u32 {
        let [_, _, high, low] = n.to_be_bytes();
        // 64 networks of 16 addresses each.
        world.file(from(n, [10, high, low >> 4, low & 15])).unwrap();
        world.later(1);
    }
    let owner = world.file(from(9_000, [198, 51, 100, 1])).unwrap();
    assert_eq!(world.state.request_count(), 1_024);
    assert!(
        matches!(&world.last[..], [Change::Dropped { .. }, Change::Requested(new)] if new.id == owner.id)
    );
    for n in 2_000..4_000 {
        // The same crowd goes on: nobody of it pushes the owner's device out.
        let _ = world.file(from(n, [10, 9, 9, u8::try_from(n % 256).unwrap()]));
        assert!(world.state.request(&owner.id).is_some());
        assert!(world.state.request_count() <= 1_024);
    }
    let own =
        world.state.requests().filter(|r| r.peer.network() == PeerKey::of([10, 9, 9, 0].into()).network());
    let held = own.count();
    assert!((14..=17).contains(&held), "a fair share, not all places: {held}");
    assert!(world.state.former_order.len() <= MAX_FORMER);
    world.approve(&owner.id, CallerAuthority::owner()).unwrap();
}

#[test]
fn where_every_network_holds_one_place_nobody_is_pushed_out() {
    let mut world = World::new();
    for n in 0..1_024u32 {
        let [_, _, high, low] = n.to_be_bytes();
        world.file(from(n, [10, high, low, 1])).unwrap();
    }
    let before: BTreeSet<_> = world.state.requests().map(|request| request.id.clone()).collect();
    let refused = world.file(from(9_000, [198, 51, 100, 1]));
    assert!(matches!(refused, Err(Rejected::TooMany { .. })), "{refused:?}");
    let after: BTreeSet<_> = world.state.requests().map(|request| request.id.clone()).collect();
    assert_eq!(before, after);
    // Who waits may still ask for more.
    let mut more = from(7, [10, 0, 7, 1]);
    more.scopes = set(&["operator.read"]);
    world.file(more).unwrap();
    assert_eq!(world.state.request_count(), 1_024);
}
