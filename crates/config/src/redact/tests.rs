use super::*;
use proptest::prelude::*;
use serde_json::json;

fn config() -> Value {
    json!({
        "gateway": {"port": 1, "auth": {"mode": "token", "token": "hush-1", "password": {"source": "env", "provider": "default", "id": "PW"}},
                    "remote": {"url": "wss://h/?token=hush-2", "token": "${TOK}"}},
        "hooks": {"token": "hush-3"},
        "env": {"vars": {"KEY": "hush-4"}, "OPENAI_API_KEY": "hush-5"},
        "channels": {"telegram": {"botToken": "hush-6", "accounts": {"a": {"botToken": "hush-7"}}, "proxy": "socks5://u:hush-8@h"}},
        "models": {"providers": {"p": {"apiKey": "hush-9", "headers": {"X-Any": "hush-10"}, "models": [{"id": "m", "maxTokens": 5}]}}},
        "plugins": {"entries": {"x": {"config": {"api_key": "hush-11", "nested": [{"clientSecret": "hush-12"}], "note": "sk-hush-13-1234567890"}}}},
        "mcp": {"servers": {"s": {"args": ["--api-key", "hush-14", "--token=hush-15", "plain"], "env": {"A_TOKEN": "hush-16"}}}},
        "unknown": {"password": "hush-17", "privateKey": "hush-18"},
        "skills": {"entries": {"k": {"env": {"Q": "hush-19"}, "apiKey": "hush-20"}}},
    })
}

#[test]
fn hides_every_secret_and_nothing_else() {
    let shown = redact(&config());
    let text = shown.to_string();
    assert!(!text.contains("hush"), "{text}");
    for (path, want) in [
        ("gateway.port", json!(1)),
        ("gateway.auth.mode", json!("token")),
        ("gateway.auth.password", json!({"source": "env", "provider": "default", "id": "PW"})),
        ("gateway.remote.token", json!("${TOK}")),
        ("models.providers.p.models[0].maxTokens", json!(5)),
        ("mcp.servers.s.args[3]", json!("plain")),
        ("gateway.auth.token", json!(REDACTED)),
    ] {
        assert_eq!(path.parse::<crate::KeyPath>().unwrap().get(&shown), Some(&want), "{path}");
    }
}

#[test]
fn harmless_things_stay() {
    for value in [
        json!({"session": {"mainKey": "main"}}),
        json!({"channels": {"telegram": {"tokenFile": "/run/t"}}}),
        json!({"gateway": {"publicOrigin": "https://a@b.example/path?x=1"}}),
        json!({"models": {"providers": {"p": {"auth": "token"}}}}),
        json!({"gateway": {"auth": {"token": ""}}}),
        json!({"secrets": {"defaults": {"env": "default"}, "providers": {"v": {"source": "exec", "command": "/bin/x"}}}}),
    ] {
        assert_eq!(redact(&value), value);
    }
}

#[test]
fn round_trip_keeps_secrets_and_references() {
    let source = config();
    let mut resolved = config();
    resolved["gateway"]["remote"]["token"] = json!("real-token");
    let mut sent = redact(&resolved);
    assert_eq!(sent["gateway"]["remote"]["token"], REDACTED);
    sent["gateway"]["port"] = json!(2);
    restore(&mut sent, &source, &resolved).unwrap();
    let mut want = source.clone();
    want["gateway"]["port"] = json!(2);
    assert_eq!(sent, want);

    let mut sent = json!({"gateway": {"remote": {"token": "real-token"}}});
    restore(&mut sent, &source, &resolved).unwrap();
    assert_eq!(sent["gateway"]["remote"]["token"], "${TOK}");
}

#[test]
fn markers_without_a_stored_value_are_refused() {
    let source = json!({"l": [{"id": "a", "token": "ta"}, {"id": "b", "token": "tb"}], "p": ["x", "y"]});
    let marker = |v: Value| {
        let mut v = v;
        restore(&mut v, &source, &source).map(|()| v)
    };
    assert_eq!(
        marker(json!({"l": [{"id": "b", "token": REDACTED}]})),
        Ok(json!({"l": [{"id": "b", "token": "tb"}]}))
    );
    for bad in [
        json!({"gateway": {"auth": {"token": REDACTED}}}),
        json!({"l": [{"id": "c", "token": REDACTED}]}),
        json!({"l": [{"token": REDACTED}]}),
        json!({"p": ["new", REDACTED, "y"]}),
        json!({"t": format!("Bearer {REDACTED}")}),
    ] {
        assert!(marker(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn texts() {
    let text = "// mine\n{\n  gateway: { auth: { token: 'hush-1', mode: 'token' } }, // keep\n  l: ['--token', 'hush-2'],\n}\n";
    let source = crate::parse::parse(text).unwrap();
    let shown = redact_text(text, &source).unwrap();
    assert_eq!(
        shown,
        text.replace("'hush-1'", &format!("\"{REDACTED}\"")).replace("'hush-2'", &format!("\"{REDACTED}\""))
    );
    for leaky in [
        "// token: hush-old-token\n{}",
        "/* \"apiKey\": \"hush-old\" */ {}",
        "{} // sk-hush-1234567890abcdef",
        "{gateway: {auth: {token: 'hush-9'}}} // it was hush-9",
        "// password = hunter2hunter2\n{}",
        "// f00dfacef00dfacef00d\n{}",
        "{gateway: {auth: {token: 'hush-9-first', token: '${T}'}}}",
    ] {
        let source = crate::parse::parse(leaky).unwrap();
        assert_eq!(redact_text(leaky, &source), None, "{leaky}");
    }
    for fine in [
        "// the token is generated\n{}",
        "// see docs: https://docs.openclaw.ai\n{}",
        "// token: see below\n{a: 1}",
    ] {
        assert_eq!(redact_text(fine, &crate::parse::parse(fine).unwrap()).as_deref(), Some(fine), "{fine}");
    }
}

proptest! {
    /// Wherever the table or the name says that a secret stands, its text appears nowhere in what is shown, and comes
    /// back on restoring.
    #[test]
    fn never_leaks(
        path in prop::sample::select(vec![
            "gateway.auth.token", "gateway.auth.password", "gateway.remote.token", "hooks.token", "env.vars.X", "env.Y",
            "channels.discord.token", "channels.slack.accounts.q.signingSecret", "models.providers.z.apiKey",
            "models.providers.z.headers.Auth", "plugins.entries.p.config.deep.er.secretKey", "newsection.credentials.x.y",
            "tools.web.search.apiKey", "agents.list[0].x.client_secret", "cron.webhookToken",
        ]),
        secret in "[!-~]{8,40}",
    ) {
        let secret = format!("Zq{}", secret.replace(['"', '\\'], "q"));
        let mut value = json!({"agents": {"list": [{"id": "a"}]}});
        let edit = crate::edit::Edit::Set { path: path.parse().unwrap(), value: secret.as_str().into() };
        edit.apply(&mut value).unwrap();
        let shown = redact(&value);
        prop_assert!(!shown.to_string().contains(&secret));
        let text = crate::edit::text::pretty(&value);
        if let Some(shown) = redact_text(&text, &value) {
            prop_assert!(!shown.contains(&secret));
        }
        let mut back = shown;
        restore(&mut back, &value, &value).unwrap();
        prop_assert_eq!(back, value);
    }
}
