//! Damaged configuration files before the real binary: the gateway comes up on loopback, or says everything that keeps
//! it from doing so and ends with 78, the file untouched (ruling 11). A thousand of them are judged in-process, in the
//! doctor's own tests; here it is shown that the program does as judged.

use openclaw_tests::World;
use openclaw_tests::wait::{PATIENCE, within};
use openclaw_tests::world::TOKEN;

/// What somebody did to the file. `{port}` and `{token}` are filled in.
const FILES: [(&str, &[&str]); 12] = [
    ("{gateway: {mode: 'local', port: {port}, auth: {token: '{token}'}}}", &[]),
    ("// a remark\n{gateway: {mode: 'local', odd: 1, port: {port}}, more: {x: []}}", &[]),
    ("{gateway: {mode: 'local', token: '{token}', auth: {type: 'token'}, port: {port}}}", &[]),
    ("{gateway: {mode: 'local', bind: '127.0.0.1', port: {port}}, channels: 5}", &[]),
    ("\u{feff}{gateway: {mode: 'local',\r\n port: {port},},}", &[]),
    (
        "{gateway: {mode: 'local', bind: {}, port: 'x'}, secrets: []}",
        &["gateway.bind", "gateway.port", "secrets"],
    ),
    (
        "{gateway: {mode: 'local', auth: {token: '__OPENCLAW_REDACTED__', mode: 7}}}",
        &["gateway.auth.token", "gateway.auth.mode"],
    ),
    (
        "{gateway: {mode: 'local', auth: {token: '{token}', password: 'x'}, tls: 5}}",
        &["gateway.auth", "gateway.tls"],
    ),
    ("{$include: './gone.json5', hooks: {token: 5}}", &["gone.json5", "hooks.token"]),
    ("{gateway: {mode: 'local'", &["JSON5"]),
    ("[]", &["expected object"]),
    ("{gateway: {port: {port}}}", &["gateway.mode=local"]),
];

#[test]
fn damaged_files_start_on_loopback_or_are_told_in_full() {
    for (text, problems) in FILES {
        let world = World::fresh();
        let text = text.replace("{port}", &world.port.to_string()).replace("{token}", TOKEN);
        world.write_config_text(&text);
        if problems.is_empty() {
            let gateway = world.launch();
            let healthy = within(PATIENCE, || gateway.get("/healthz").filter(|answer| answer.status == 200));
            assert!(healthy.is_some(), "{text}:\n{}", gateway.printed());
            gateway.stop();
            continue;
        }
        let said = world.start_refused().failed(78);
        for problem in problems {
            assert!(said.err.contains(problem), "{problem} is not told of {text}: {said:?}");
        }
        assert_eq!(std::fs::read_to_string(world.config_file()).unwrap(), text, "the file was touched");
        // The doctor sees the same, and so does a person who asks for the rest.
        let doctor = world.cli(&["doctor", "--json"]).failed(1).json();
        assert_eq!(doctor["ok"], serde_json::json!(false), "{text}: {doctor}");
    }
}
