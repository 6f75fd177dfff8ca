//! C-01 to C-04 and C-10: the owner decides whether a device comes in, and for what.

use openclaw_tests::world::TOKEN;
use openclaw_tests::{Connect, Device, Dialect, Row};
use serde_json::json;

use super::super::hostile::dressed;
use super::approved_from_everywhere;

#[test]
fn c_01_new_device() {
    approved_from_everywhere("C-01", |_, _, dialect| {
        dressed(Connect::cli(dialect).token(TOKEN).device(&Device::new()))
    });
}

/// A device that is paired for reading, and what it says about itself.
fn paired_for_reading(
    stand: &super::Stand,
    gateway: &openclaw_tests::Gateway,
    dialect: Dialect,
    device: &Device,
) -> String {
    let connect = dressed(Connect::test(dialect).token(TOKEN).device(device));
    let (error, _) = stand.dial().open().connect(&connect).refused();
    gateway.approve(error["details"]["requestId"].as_str().unwrap());
    let hello = stand.dial().open().connect(&connect).hello();
    hello["auth"]["deviceToken"].as_str().unwrap().to_owned()
}

#[test]
fn c_02_wider_access() {
    approved_from_everywhere("C-02", |stand, gateway, dialect| {
        let device = Device::new();
        paired_for_reading(stand, gateway, dialect, &device);
        let connect = || dressed(Connect::test(dialect).token(TOKEN).device(&device));
        // The old access keeps working while the wider one waits.
        stand.dial().open().connect(&connect().scopes(&["read", "write", "admin"])).refused();
        stand.dial().open().connect(&connect()).hello();
        connect().scopes(&["read", "write", "admin"])
    });
}

#[test]
fn c_03_another_role() {
    approved_from_everywhere("C-03", |stand, gateway, dialect| {
        let device = Device::new();
        paired_for_reading(stand, gateway, dialect, &device);
        dressed(Connect::node_host(dialect).token(TOKEN).device(&device))
    });
}

#[test]
fn c_04_details_changed() {
    approved_from_everywhere("C-04", |stand, gateway, dialect| {
        let device = Device::new();
        paired_for_reading(stand, gateway, dialect, &device);
        let connect = || dressed(Connect::test(dialect).token(TOKEN).device(&device));
        // A new version, and a new version of the same system, are not asked about.
        let newer = connect().client("version", json!("2027.1.1")).client("platform", json!("linux 7.1"));
        stand.dial().open().connect(&newer).hello();
        connect().client("platform", json!("win32"))
    });
}

#[test]
fn c_10_the_devices_own_token_is_narrower() {
    for stand in super::everywhere() {
        let gateway = stand.world.start();
        let device = Device::new();
        let token = paired_for_reading(&stand, &gateway, Dialect::V4, &device);
        let own = || dressed(Connect::test(Dialect::V4).auth("deviceToken", &token).device(&device));
        let wider = own().scopes(&["read", "write"]);
        let (error, close) = stand.dial().open().connect(&wider).refused();
        Row::of("C-10").says(&(&error, &close)).mends(&error);
        let (said, _, _gateway) = stand.mend(gateway, &error, &wider);
        super::hostile::harmless(&stand.world, &(&error, &said));
    }
}
