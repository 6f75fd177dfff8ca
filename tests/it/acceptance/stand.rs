//! The places where a user may stand when he copies a `Fix:` line: it must work in each of them as it was printed.

use std::net::SocketAddr;
use std::sync::Arc;

use openclaw_tests::acceptance::Fixed;
use openclaw_tests::network::{Namespace, Origin, two_hosts};
use openclaw_tests::wait::until;
use openclaw_tests::world::Said;
use openclaw_tests::{Answer, Connect, Dial, Gateway, World, skipped};
use serde_json::{Value, json};

use super::hostile;

/// A gateway and where its clients and its owner are.
pub(super) struct Stand {
    /// What is special about it.
    pub(super) name: &'static str,
    /// The gateway's home.
    pub(super) world: World,
    /// The gateway's and the client's hosts, when they are two.
    hosts: Option<(Arc<Namespace>, Arc<Namespace>)>,
    /// The gateway is down when the owner acts.
    pub(super) stopped: bool,
}

impl Stand {
    fn new(name: &'static str, world: World) -> Stand {
        Stand { name, world, hosts: None, stopped: false }
    }

    /// An upgrade of somebody who does not count as local here, in hostile dress.
    pub(super) fn dial(&self) -> Dial {
        let dial = match &self.hosts {
            Some((here, there)) => Dial::to(SocketAddr::from((here.address, self.world.port)))
                .from(Origin::Inside(there.clone())),
            None => {
                let to = SocketAddr::from(([127, 0, 0, 1], self.world.port));
                Dial::to(to).host("gateway.example.com")
            }
        };
        hostile::dialled(dial)
    }

    /// Does what the refusal says while the client keeps knocking, and returns what the command said and the hello.
    /// Where the gateway is down for the owner, it is started again after the command.
    pub(super) fn mend<'w>(
        &'w self,
        gateway: Gateway<'w>,
        refusal: &(impl Fixed + Sync),
        connect: &Connect,
    ) -> (Said, Value, Gateway<'w>) {
        if self.stopped {
            gateway.stop();
            let said = self.world.run_fix(refusal).ok();
            let gateway = self.world.start();
            let hello = self.dial().open().connect(connect).hello();
            return (said, hello, gateway);
        }
        let (said, hello) = std::thread::scope(|scope| {
            let mending = scope.spawn(|| self.world.run_fix(refusal));
            // It stays until the command has ended, which says that it came.
            let let_in = until("being let in", || {
                let mut socket = self.dial().open();
                match socket.connect(connect) {
                    Answer::Hello(hello) => Some(Some((socket, hello))),
                    Answer::Refused { .. } => mending.is_finished().then_some(None),
                }
            });
            let said = mending.join().unwrap();
            // The command may have ended in the moment in which the client was refused for the last time.
            let hello = match let_in {
                Some((_socket, hello)) => hello,
                None => match self.dial().open().connect(connect) {
                    Answer::Hello(hello) => hello,
                    Answer::Refused { error, .. } => panic!("{}: {said:?}, and still {error}", self.name),
                },
            };
            (said.ok(), hello)
        });
        (said, hello, gateway)
    }
}

/// All of them; those that this machine cannot make are left out with a word.
pub(super) fn everywhere() -> Vec<Stand> {
    let mut stands = vec![
        Stand::new("where everybody stands", World::new()),
        Stand::new("in a profile", World::new().profile("work")),
        Stand::new(
            "beside a gateway on a port that the configuration does not name",
            World::new().with(|config| {
                config["gateway"].as_object_mut().unwrap().remove("port");
            }),
        ),
        Stand { stopped: true, ..Stand::new("when the gateway is down", World::new()) },
    ];
    match two_hosts() {
        Some((here, there)) => stands.push(Stand {
            hosts: Some((here.clone(), there)),
            ..Stand::new(
                "with the client on another host",
                World::inside(&here).with(|config| config["gateway"]["bind"] = json!("lan")),
            )
        }),
        None => skipped("network namespaces cannot be made here (they need root and iproute2)"),
    }
    stands
}
