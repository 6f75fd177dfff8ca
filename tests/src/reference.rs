//! OpenClaw's published gateway client, driven over standard input and output.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::place;
use crate::wait::PATIENCE;

/// One running client. Dropping it ends it.
pub struct Reference {
    child: Child,
    input: ChildStdin,
    reports: Receiver<Value>,
    kept: Vec<Value>,
    calls: u64,
    /// The id of its device.
    pub device_id: String,
}

impl Reference {
    /// Starts a client with these `GatewayClientOptions`. Its device key and device tokens live in `store`.
    pub fn start(store: &Path, options: Value) -> Reference {
        let mut child = Command::new(place::node())
            .arg("drive.mjs")
            .current_dir(place::reference())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js does not start");
        let (send, reports) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if send.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take().unwrap();
        let mut client =
            Reference { child, input, reports, kept: Vec::new(), calls: 0, device_id: String::new() };
        client.say(json!({"op": "start", "store": store, "options": options}));
        client.device_id = client.report("started")["deviceId"].as_str().unwrap().to_owned();
        client
    }

    /// The next report of that kind: `hello`, `connect-error`, `close`, `paused`, `event`, `token-stored`, …
    pub fn report(&mut self, kind: &str) -> Value {
        self.report_where(kind, |_| true)
    }

    /// The next report of that kind for which `wanted` holds; others are kept.
    pub fn report_where(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let fits = |report: &Value| report["at"] == json!(kind) && wanted(report);
        if let Some(at) = self.kept.iter().position(fits) {
            return self.kept.remove(at);
        }
        loop {
            match self.reports.recv_timeout(PATIENCE) {
                Ok(report) if fits(&report) => return report,
                Ok(report) => self.kept.push(report),
                Err(_) => panic!("the client reports no {kind}; so far: {:?}", self.kept),
            }
        }
    }

    /// True when it has reported something of that kind that was not asked for yet.
    pub fn has_reported(&mut self, kind: &str) -> bool {
        while let Ok(report) = self.reports.recv_timeout(Duration::ZERO) {
            self.kept.push(report);
        }
        self.kept.iter().any(|report| report["at"] == json!(kind))
    }

    /// Calls a method: the payload, or the error as the client shows it.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.calls += 1;
        let id = self.calls;
        self.say(json!({"op": "call", "id": id, "method": method, "params": params}));
        let mut reply = self.report_where("reply", |report| report["id"] == json!(id));
        if reply["ok"] == json!(true) { Ok(reply["payload"].take()) } else { Err(reply["error"].take()) }
    }

    /// Stops it in the orderly way.
    pub fn stop(mut self) {
        self.say(json!({"op": "stop"}));
        self.report("stopped");
    }

    fn say(&mut self, command: Value) {
        writeln!(self.input, "{command}").expect("the client has ended");
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
