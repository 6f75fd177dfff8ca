//! Asking a provider's program for a secret. No shell; a clean environment; bounded in time and output.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use openclaw_os::file::{Owners, check_trusted};
use serde_json::{Map, Value, json};

use super::SecretRef;
use crate::env::Env;

const DEFAULT_TIMEOUT_MS: u64 = 5_000;
/// A start that hangs for longer than this looks broken, whatever the file says.
const MAX_TIMEOUT_MS: u64 = 30_000;
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;

/// Runs the program and returns the value of `reference.id`.
pub(super) fn ask(
    provider: &Map<String, Value>,
    reference: &SecretRef,
    env: &Env,
    owners: &Owners,
) -> Result<String, String> {
    let text = |key: &str| provider.get(key).and_then(Value::as_str);
    let flag = |key: &str| provider.get(key).and_then(Value::as_bool).unwrap_or(false);
    let number = |key: &str| provider.get(key).and_then(Value::as_u64);
    let words = |key: &str| -> Vec<&str> {
        provider.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let command = Path::new(text("command").ok_or("the exec provider has no command")?);
    let program = allowed(
        command,
        flag("allowSymlinkCommand"),
        flag("allowInsecurePath"),
        &words("trustedDirs"),
        owners,
    )?;

    let mut call = Command::new(&program);
    call.args(words("args")).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    for name in words("passEnv") {
        if let Some(value) = env.get(name) {
            call.env(name, value);
        }
    }
    if let Some(fixed) = provider.get("env").and_then(Value::as_object) {
        for (name, value) in fixed.iter().filter_map(|(n, v)| Some((n, v.as_str()?))) {
            if !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0') {
                call.env(name, value);
            }
        }
    }
    let timeout =
        Duration::from_millis(number("timeoutMs").unwrap_or(DEFAULT_TIMEOUT_MS).min(MAX_TIMEOUT_MS));
    let limit = number("maxOutputBytes").unwrap_or(MAX_OUTPUT_BYTES).min(MAX_OUTPUT_BYTES);
    let question = json!({
        "protocolVersion": 1,
        "provider": reference.provider.as_deref().unwrap_or("default"),
        "ids": [reference.id],
    });
    let answer = run(call, &question.to_string(), timeout, limit)?;
    let plain_allowed = provider.get("jsonOnly").and_then(Value::as_bool) == Some(false);
    read_answer(&answer, &reference.id, plain_allowed)
}

/// The program, when it is one that only trusted owners can change.
fn allowed(
    command: &Path,
    symlink: bool,
    insecure: bool,
    trusted_dirs: &[&str],
    owners: &Owners,
) -> Result<std::path::PathBuf, String> {
    if !command.is_absolute() {
        return Err("the exec provider's command must be an absolute path".to_owned());
    }
    let program = if symlink {
        std::fs::canonicalize(command).map_err(|e| format!("{}: {e}", command.display()))?
    } else {
        command.to_path_buf()
    };
    if !insecure {
        check_trusted(&program, owners).map_err(|e| e.to_string())?;
    }
    if !trusted_dirs.is_empty() && !trusted_dirs.iter().any(|dir| program.starts_with(dir)) {
        return Err(format!("{} is in none of the provider's trustedDirs", program.display()));
    }
    Ok(program)
}

/// Runs the call with the question on its standard input; what it prints is not part of any error.
fn run(mut call: Command, question: &str, timeout: Duration, limit: u64) -> Result<String, String> {
    let mut child =
        call.spawn().map_err(|e| format!("the exec provider's command could not be started: {e}"))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("the exec provider's command has no pipes".to_owned());
    };
    let (sender, receiver) = mpsc::channel();
    let question = question.to_owned();
    // The threads end when the pipes do, at the latest when the child is killed below.
    std::thread::spawn(move || {
        // A program that answers without reading its question is fine.
        let _ = stdin.write_all(question.as_bytes());
    });
    std::thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.take(limit + 1).read_to_end(&mut output).map(|_| output);
        let _ = sender.send(read);
    });
    let read = receiver.recv_timeout(timeout);
    let finished = read.is_ok() && wait_briefly(&mut child);
    if !finished {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    let output = match read {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("the exec provider's answer could not be read: {error}")),
        Err(_) => {
            return Err(format!(
                "the exec provider's command did not answer within {} ms",
                timeout.as_millis()
            ));
        }
    };
    if output.len() as u64 > limit {
        return Err(format!("the exec provider's command printed more than {limit} bytes"));
    }
    if finished && !status.success() {
        return Err("the exec provider's command failed".to_owned());
    }
    String::from_utf8(output).map_err(|_| "the exec provider's answer is not text".to_owned())
}

/// After its output has ended a program has a second to exit.
fn wait_briefly(child: &mut std::process::Child) -> bool {
    for _ in 0..100 {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(_) => return false,
        }
    }
    false
}

fn read_answer(answer: &str, id: &str, plain_allowed: bool) -> Result<String, String> {
    let parsed: Option<Value> = crate::parse::parse(answer).ok().filter(Value::is_object);
    let Some(parsed) = parsed else {
        return if plain_allowed {
            Ok(answer.trim_end_matches(['\r', '\n']).to_owned())
        } else {
            Err("the exec provider's answer is not JSON".to_owned())
        };
    };
    if parsed.get("protocolVersion").and_then(Value::as_u64) != Some(1) {
        return Err("the exec provider's answer has another protocolVersion than 1".to_owned());
    }
    match parsed.get("values").and_then(|v| v.get(id)) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(format!("the exec provider's value for {id} is not a string")),
        None => {
            // Only codes we know are repeated: anything else in the answer could be the secret.
            let code = parsed.get("errors").and_then(|e| e.get(id)?.get("code")?.as_str());
            let code = code.filter(|c| ["NOT_FOUND", "AMBIGUOUS_DUPLICATE_KEY"].contains(c));
            Err(format!(
                "the exec provider has no value for {id}{}",
                code.map(|c| format!(" ({c})")).unwrap_or_default()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secretref::Source;

    fn ask_script(script: &str, more: Value) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        // The shell runs the script: a program written a moment ago cannot always be started ("text file busy").
        let mut provider = more.as_object().cloned().unwrap_or_default();
        let mut args = vec![json!("-c"), json!(script), json!("provider")];
        args.extend(provider.get("args").and_then(Value::as_array).cloned().unwrap_or_default());
        provider.insert("args".into(), args.into());
        provider.entry("command").or_insert_with(|| "/bin/sh".into());
        provider.entry("allowSymlinkCommand").or_insert(true.into());
        let reference = SecretRef { source: Source::Exec, provider: Some("v".into()), id: "a/b".into() };
        ask(
            &provider,
            &reference,
            &Env::from_pairs([("SEEN", "yes"), ("UNSEEN", "no")]),
            &Owners::of_state(dir.path()),
        )
    }

    #[test]
    fn answers() {
        let json = r#"read q; echo '{"protocolVersion":1,"values":{"a/b":"s3"}}'"#;
        assert_eq!(ask_script(json, json!({})).as_deref(), Ok("s3"));
        assert_eq!(ask_script("echo plain", json!({"jsonOnly": false})).as_deref(), Ok("plain"));
        assert_eq!(
            ask_script(
                "echo \"$SEEN$UNSEEN$OWN$1\"",
                json!({"jsonOnly": false, "passEnv": ["SEEN"], "env": {"OWN": "o"}, "args": ["x"]})
            )
            .as_deref(),
            Ok("yesox")
        );
    }

    #[test]
    fn refusals_never_repeat_output() {
        let table = [
            ("echo hush", json!({}), "is not JSON"),
            ("echo '{\"values\":{}}'", json!({}), "protocolVersion"),
            (
                "echo '{\"protocolVersion\":1,\"values\":{},\"errors\":{\"a/b\":{\"code\":\"NOT_FOUND\",\"message\":\"hush\"}}}'",
                json!({}),
                "(NOT_FOUND)",
            ),
            (
                "echo '{\"protocolVersion\":1,\"errors\":{\"a/b\":{\"code\":\"hush\"}}}'",
                json!({}),
                "has no value",
            ),
            ("echo hush; exit 3", json!({"jsonOnly": false}), "failed"),
            ("exec sleep 20", json!({"timeoutMs": 50}), "did not answer within 50 ms"),
            ("echo hushhush", json!({"maxOutputBytes": 4}), "more than 4 bytes"),
            ("echo", json!({"command": "relative"}), "absolute"),
            ("echo", json!({"trustedDirs": ["/nowhere"]}), "trustedDirs"),
            ("echo", json!({"command": "/nonexistent/x", "allowSymlinkCommand": false}), "does not exist"),
        ];
        for (script, provider, want) in table {
            let error = ask_script(script, provider).unwrap_err();
            assert!(error.contains(want), "{script}: {error}");
            assert!(!error.contains("hush"), "{script}: {error}");
        }
    }
}
