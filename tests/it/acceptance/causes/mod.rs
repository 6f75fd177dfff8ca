//! Each cause of a refusal, brought about and mended by the command that the refusal names.

mod access;
mod doors;
mod secrets;

use openclaw_tests::acceptance::{Heard, fix_of};
use openclaw_tests::wait::until;
use openclaw_tests::{Close, Connect, Dial, Dialect, Gateway, Row};
use serde_json::Value;

use super::hostile;
use super::stand::{Stand, everywhere};

/// The refusal as the gateway's log has it: the entry with this text in its message.
fn logged(gateway: &Gateway, text: &str) -> Value {
    until("the refusal in the log", || {
        let log = std::fs::read_to_string(gateway.world.log_file()).ok()?;
        log.lines()
            .rev()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|entry| entry.heard().contains("cause=") && entry.heard().contains(text))
    })
}

/// What somebody who is refused hears, and that the log says the same.
fn refused(stand: &Stand, gateway: &Gateway, connect: &Connect, id: &str) -> (Value, Close) {
    refused_at(stand.dial(), stand, gateway, connect, id)
}

/// The same for one who comes in by another way.
fn refused_at(dial: Dial, stand: &Stand, gateway: &Gateway, connect: &Connect, id: &str) -> (Value, Close) {
    let what = format!("{id} {}", stand.name);
    let (error, close) = dial.open().connect(connect).refused();
    let help = &error["details"]["help"];
    assert_eq!(help["cause"], Value::from(&id[..4]), "{what}: {error}");
    assert_eq!(close.code, 1008, "{what}: {close:?}");
    let row = Row::of(id);
    row.says(&(&error, &close)).mends(&error);
    let line = logged(gateway, &fix_of(&error));
    row.says(&line).mends(&line);
    assert_eq!(fix_of(&line), fix_of(&error), "{what}: the log offers another way out");
    hostile::harmless(&stand.world, &(&error, &line));
    (error, close)
}

/// The whole story of a cause that the owner ends with a yes: refused, told, approved as told, let in; in both
/// dialects, from everywhere.
fn approved_from_everywhere(id: &str, before: impl Fn(&Stand, &Gateway, Dialect) -> Connect) {
    for stand in everywhere() {
        for dialect in Dialect::BOTH {
            let gateway = stand.world.start();
            let connect = before(&stand, &gateway, dialect);
            let (error, _) = refused(&stand, &gateway, &connect, id);
            let (said, hello, _gateway) = stand.mend(gateway, &error, &connect);
            hostile::harmless(&stand.world, &said);
            assert!(said.out.contains("Approved"), "{id} {}: {said:?}", stand.name);
            assert_eq!(said.out.contains("is connected"), !stand.stopped, "{id} {}: {said:?}", stand.name);
            assert_eq!(hello["protocol"], Value::from(dialect.protocol()));
        }
    }
}
