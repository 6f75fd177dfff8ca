use std::os::unix::fs::PermissionsExt;

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::role::Role;
use serde_json::json;

use super::*;
use crate::rpc::testing::{House, ask, operator, owner, scopes};

/// Writes the identity of this machine's command line.
fn identity(house: &House, id: &str, mode: u32) {
    let folder = house.dir.path().join("identity");
    std::fs::create_dir_all(&folder).unwrap();
    for path in [house.dir.path(), &folder] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700)).unwrap();
    }
    let file = folder.join("device.json");
    std::fs::write(&file, json!({"version": 1, "deviceId": id}).to_string()).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn only_this_machines_own_device_is_completed_and_only_by_the_owner() {
    let house = House::new();
    let own = house.pair(ask(1, Role::Operator, &["read"])).await;
    let other = house.pair(ask(2, Role::Operator, &["read"])).await;
    identity(&house, own.as_str(), 0o600);
    let held =
        |id: &DeviceId| house.core.store.snapshot().device(id).unwrap().approved_scopes(Role::Operator);

    let admin = operator(Dialect::V4, &["admin"]);
    let refused = house.call(&admin, COMPLETE, json!({})).await.unwrap_err();
    assert!(refused.message.contains("unknown method"), "{refused:?}");
    // There is no way to say which device.
    house.call(&owner(Dialect::V4), COMPLETE, json!({"deviceId": other})).await.unwrap_err();
    assert_eq!((held(&own), held(&other)), (scopes(&["read"]), scopes(&["read"])));

    let answer = house.call(&owner(Dialect::V4), COMPLETE, json!({})).await.unwrap();
    assert_eq!(answer["deviceId"], json!(own));
    assert!(answer["added"].as_array().unwrap().contains(&json!("operator.admin")), "{answer}");
    assert!(held(&own).covers(&ScopeSet::full_operator()), "{}", held(&own));
    assert_eq!(held(&other), scopes(&["read"]));
    // Once more changes nothing, and it can be taken back.
    let again = house.call(&owner(Dialect::V4), COMPLETE, json!({})).await.unwrap();
    assert_eq!(again["added"], json!([]));
    house.call(&owner(Dialect::V4), "device.pair.undo", json!({"deviceId": own})).await.unwrap();
    assert_eq!(held(&own), scopes(&["read"]));
}

#[tokio::test]
async fn an_identity_that_others_could_have_written_names_nobody() {
    let house = House::new();
    let device = house.pair(ask(1, Role::Operator, &["read"])).await;
    house.call(&owner(Dialect::V4), COMPLETE, json!({})).await.unwrap_err();
    identity(&house, device.as_str(), 0o666);
    let refused = house.call(&owner(Dialect::V4), COMPLETE, json!({})).await.unwrap_err();
    assert!(refused.message.contains("can be written by other accounts"), "{refused:?}");
    identity(&house, &"f".repeat(64), 0o600);
    house.call(&owner(Dialect::V4), COMPLETE, json!({})).await.unwrap_err();
    // A role that was revoked does not come back this way.
    let revoke = Mutation::Revoke {
        device: device.clone(),
        role: Role::Operator,
        caller: openclaw_pairing::CallerAuthority::owner(),
    };
    house.core.store.apply(revoke).await.unwrap();
    identity(&house, device.as_str(), 0o600);
    house.call(&owner(Dialect::V4), COMPLETE, json!({})).await.unwrap_err();
}
