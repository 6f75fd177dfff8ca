//! The owner's commands about devices do the same through each of their doors: the owner socket, the network with the
//! gateway's token, and the state directory of a gateway that is stopped.

use openclaw_tests::world::{Said, TOKEN};
use openclaw_tests::{Connect, Device, Dialect, Gateway, World};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Door {
    OwnerSocket,
    Network,
    StoppedGateway,
}

/// The owner at one of the doors.
struct Owner<'w> {
    world: &'w World,
    door: Door,
    url: String,
}

impl Owner<'_> {
    fn says(&self, words: &[&str]) -> Said {
        let mut words = [&["devices"], words].concat();
        if self.door == Door::Network {
            words.extend(["--url", &self.url, "--token", TOKEN]);
        }
        let said = self.world.cli(&words);
        let aside = "working on its state directory";
        assert_eq!(said.err.contains(aside), self.door == Door::StoppedGateway, "{words:?}: {said:?}");
        said
    }

    fn list(&self) -> Value {
        self.says(&["list", "--json"]).ok().json()
    }

    fn paired(&self, device: &Device) -> Option<Value> {
        let list = self.list();
        let mut paired = list["paired"].as_array().unwrap().iter();
        paired.find(|entry| entry["deviceId"] == json!(device.id())).cloned()
    }
}

/// A device with its request for reading.
fn newcomer() -> (Device, Connect) {
    let device = Device::new();
    let connect = Connect::test(Dialect::V4).device(&device);
    (device, connect)
}

fn asks(gateway: &Gateway, connect: &Connect) -> String {
    let (error, _) = gateway.dial_remote().open().connect(&connect.clone().token(TOKEN)).refused();
    error["details"]["requestId"].as_str().unwrap().to_owned()
}

fn through(door: Door) {
    let world = World::new();
    let gateway = world.start();
    let url = gateway.url();
    let [(first, as_first), (second, as_second)] = [newcomer(), newcomer()];
    let [first_request, second_request] = [&as_first, &as_second].map(|connect| asks(&gateway, connect));
    let [(renamed, as_renamed), (rotated, as_rotated), (revoked, as_revoked), (removed, as_removed)] =
        [newcomer(), newcomer(), newcomer(), newcomer()];
    let [renamed_token, rotated_token, revoked_token, removed_token] =
        [&as_renamed, &as_rotated, &as_revoked, &as_removed]
            .map(|connect| gateway.pair_remote(&connect.clone().token(TOKEN)));
    let running = if door == Door::StoppedGateway {
        gateway.stop();
        None
    } else {
        Some(gateway)
    };

    let owner = Owner { world: &world, door, url };
    let pending = owner.list()["pending"].clone();
    assert_eq!(pending.as_array().unwrap().len(), 2, "{pending}");
    let shown = owner.says(&["list"]).ok().out;
    assert!(shown.contains("Pending (2)") && shown.contains(&first_request[..8]), "{shown}");

    let said = owner.says(&["approve", &first_request, "--no-wait"]).ok();
    assert!(said.out.contains(&format!("Approved {} ({first_request})", first.id())), "{said:?}");
    let said = owner.says(&["reject", &second_request]).ok();
    assert!(said.out.contains("Rejected") && owner.paired(&second).is_none(), "{said:?}");
    owner.says(&["approve", &second_request]).failed(1);
    owner.says(&["rename", "--device", &renamed.id(), "--name", "Kitchen tablet"]).ok();
    assert!(owner.says(&["list"]).ok().out.contains("Kitchen tablet"));
    let turned = owner.says(&["rotate", "--device", &rotated.id(), "--role", "operator"]).ok().json();
    assert_eq!(turned.get("token"), None, "{turned}");
    owner.says(&["revoke", "--device", &revoked.id(), "--role", "operator"]).ok();
    owner.says(&["remove", &removed.id()]).ok();
    assert!(owner.paired(&removed).is_none());
    owner.says(&["remove", &removed.id()]).failed(1);
    let join =
        owner.says(&["join-code", "--role", "operator", "--scope", "operator.read", "--json"]).ok().json();
    let code = join["code"].as_str().unwrap_or_else(|| panic!("{join}")).to_owned();

    // What was decided holds on the wire.
    let gateway = running.unwrap_or_else(|| world.start());
    let dial = || gateway.dial_remote().open();
    dial().connect(&as_first.clone().token(TOKEN)).hello();
    dial().connect(&as_second.token(TOKEN)).refused();
    dial().connect(&as_renamed.auth("deviceToken", &renamed_token)).hello();
    dial().connect(&as_rotated.clone().auth("deviceToken", &rotated_token)).refused();
    dial().connect(&as_rotated.token(TOKEN)).hello();
    dial().connect(&as_revoked.auth("deviceToken", &revoked_token)).refused();
    dial().connect(&as_removed.auth("deviceToken", &removed_token)).refused();
    dial().connect(&newcomer().1.auth("bootstrapToken", &code)).hello();
    dial().connect(&newcomer().1.auth("bootstrapToken", &code)).refused();
    if door == Door::StoppedGateway {
        gateway.stop();
    }

    let refused = owner.says(&["clear"]).failed(1);
    assert!(refused.err.contains("--yes"), "{refused:?}");
    owner.says(&["clear", "--yes", "--pending"]).ok();
    assert!(owner.paired(&first).is_none() && owner.paired(&renamed).is_none());
}

#[test]
fn by_the_owner_socket() {
    through(Door::OwnerSocket);
}

#[test]
fn over_the_network_with_the_token() {
    through(Door::Network);
}

#[test]
fn on_the_state_of_a_stopped_gateway() {
    through(Door::StoppedGateway);
}
