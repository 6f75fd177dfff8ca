use super::*;
use crate::env::Env;
use crate::file::from_text;

type Vars<'v> = &'v [(&'v str, &'v str)];

fn load(text: &str, env: &[(&str, &str)]) -> (Paths, Loaded) {
    let paths = Paths::in_state_dir(std::path::Path::new("/nonexistent/s"));
    let env = Env::from_pairs(env.iter().copied());
    let loaded = from_text(&paths, &env, text.to_owned(), Some("h".to_owned())).unwrap();
    (paths, loaded)
}

fn run(text: &str, env: &[(&str, &str)], overrides: &Overrides) -> Result<StartPlan, StartRefusal> {
    let (paths, loaded) = load(text, env);
    plan(&loaded, &paths, overrides)
}

fn token(text: &str) -> Option<Secret> {
    Some(Secret::from(text))
}

#[test]
fn modes_and_secrets() {
    type Case<'c> = (&'c str, Vars<'c>, Overrides, AuthMode, Option<(&'c str, Source)>, bool);
    let none = Overrides::default;
    let env_token = Source::Env("OPENCLAW_GATEWAY_TOKEN");
    let table: [Case<'_>; 12] = [
        ("{gateway:{mode:'local'}}", &[], none(), AuthMode::Token, None, true),
        (
            "{gateway:{mode:'local',auth:{token:' a '}}}",
            &[],
            none(),
            AuthMode::Token,
            Some(("a", Source::Config)),
            false,
        ),
        (
            "{gateway:{mode:'local'}}",
            &[("OPENCLAW_GATEWAY_TOKEN", "e")],
            none(),
            AuthMode::Token,
            Some(("e", env_token)),
            false,
        ),
        (
            "{gateway:{mode:'local',auth:{token:'a'}}}",
            &[("OPENCLAW_GATEWAY_TOKEN", "e")],
            none(),
            AuthMode::Token,
            Some(("a", Source::Config)),
            false,
        ),
        (
            "{gateway:{mode:'local',auth:{token:'a'}}}",
            &[],
            Overrides { token: token("f"), ..none() },
            AuthMode::Token,
            Some(("f", Source::Flag)),
            false,
        ),
        (
            "{gateway:{mode:'local',auth:{token:'${T}'}}}",
            &[("T", "x")],
            none(),
            AuthMode::Token,
            Some(("x", Source::Config)),
            false,
        ),
        (
            "{gateway:{mode:'local',auth:{token:'$T'}}}",
            &[("T", "x")],
            none(),
            AuthMode::Token,
            Some(("x", Source::Config)),
            false,
        ),
        (
            "{gateway:{mode:'local',token:'old'}}",
            &[],
            none(),
            AuthMode::Token,
            Some(("old", Source::Config)),
            false,
        ),
        ("{gateway:{mode:'local',auth:{password:'p'}}}", &[], none(), AuthMode::Password, None, false),
        (
            "{gateway:{mode:'local',auth:{token:'a'}}}",
            &[("OPENCLAW_GATEWAY_PASSWORD", "p")],
            none(),
            AuthMode::Password,
            None,
            false,
        ),
        (
            "{gateway:{mode:'local',auth:{mode:'token',token:'a',password:'p'}}}",
            &[],
            none(),
            AuthMode::Token,
            Some(("a", Source::Config)),
            false,
        ),
        ("{gateway:{mode:'local',bind:'lan'}}", &[], none(), AuthMode::Token, None, true),
    ];
    for (text, env, overrides, mode, want, generate) in table {
        let got = run(text, env, &overrides).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!((got.auth_mode, got.generate_token), (mode, generate), "{text}");
        if mode == AuthMode::Token {
            let found = got.token.as_ref().map(|s| (s.secret.expose(), s.source));
            assert_eq!(found, want, "{text} {env:?}");
        }
    }
}

#[test]
fn refusals() {
    let none = Overrides::default;
    let proxy = "mode:'trusted-proxy',trustedProxy:{userHeader:'x-user'}";
    let table: [(String, Vars<'_>, Overrides, &str); 17] = [
        (
            "{}".into(),
            &[],
            none(),
            "Gateway start blocked: set gateway.mode=local (current: unset) or pass --allow-unconfigured.",
        ),
        (
            "{gateway:{mode:'remote'}}".into(),
            &[],
            none(),
            "Gateway start blocked: set gateway.mode=local (current: remote)",
        ),
        (
            "{gateway:{mode:'local',port:'x'}}".into(),
            &[],
            none(),
            "Gateway failed to start: Invalid config at ",
        ),
        (
            "{gateway:{mode:'local',auth:{token:'a',password:'b'}}}".into(),
            &[],
            none(),
            "Gateway failed to start: Invalid config at ",
        ),
        (
            "{gateway:{mode:'local',auth:{token:'__OPENCLAW_REDACTED__'}}}".into(),
            &[],
            none(),
            "Gateway failed to start: Invalid config at ",
        ),
        (
            "{gateway:{mode:'local',auth:{mode:'password'}}}".into(),
            &[],
            none(),
            "Gateway auth is set to password, but no password is configured.",
        ),
        (
            "{gateway:{mode:'local',bind:'lan',auth:{mode:'none'}}}".into(),
            &[],
            none(),
            "Refusing to bind gateway to lan without auth.",
        ),
        (
            "{gateway:{mode:'local',auth:{mode:'none'}}}".into(),
            &[],
            Overrides { bind: Some(Bind::Auto), ..none() },
            "Refusing to bind gateway to auto without auth.",
        ),
        (
            "{gateway:{mode:'local',auth:{token:'${NO}'}}}".into(),
            &[],
            none(),
            "gateway.auth.token is configured but unavailable: environment variable NO is not set.",
        ),
        (
            "{gateway:{mode:'local',auth:{token:'${NO}'}}}".into(),
            &[("OPENCLAW_GATEWAY_TOKEN", "e")],
            none(),
            "gateway.auth.token is configured but unavailable",
        ),
        (
            "{gateway:{mode:'local',auth:{token:{source:'env',id:'NO'}}}}".into(),
            &[],
            none(),
            "gateway.auth.token is configured but unavailable",
        ),
        (
            "{gateway:{mode:'local',auth:{mode:'password',password:'$NO'}}}".into(),
            &[],
            none(),
            "gateway.auth.password is configured but unavailable",
        ),
        (
            "{gateway:{mode:'local',bind:'custom'}}".into(),
            &[],
            none(),
            "Gateway failed to start: Error: gateway.bind=custom requires gateway.customBindHost",
        ),
        (
            "{gateway:{mode:'local',bind:'custom',customBindHost:'x'}}".into(),
            &[],
            none(),
            "Gateway failed to start: Error: gateway.bind=custom requires a valid IPv4 customBindHost (got x)",
        ),
        (
            "{gateway:{mode:'local',auth:{mode:'trusted-proxy'}}}".into(),
            &[],
            none(),
            "gateway auth mode is trusted-proxy, but no trustedProxy config",
        ),
        (
            format!("{{gateway:{{mode:'local',auth:{{{proxy}}}}}}}"),
            &[],
            none(),
            "gateway auth mode=trusted-proxy requires gateway.trustedProxies",
        ),
        (
            format!("{{gateway:{{mode:'local',trustedProxies:['10.0.0.1'],auth:{{{proxy},token:'t'}}}}}}"),
            &[],
            none(),
            "gateway auth mode is trusted-proxy, but a shared token is also configured",
        ),
    ];
    for (text, env, overrides, want) in table {
        let refusal = run(&text, env, &overrides).expect_err(&text);
        assert!(refusal.lines[0].starts_with(want), "{text}: {refusal}");
        assert_eq!(refusal.exit, 78);
    }
    let refusal =
        run("{gateway:{mode:'local'}}", &[], &Overrides { tailscale: Some(TailscaleMode::Serve), ..none() })
            .unwrap_err();
    assert_eq!(refusal.exit, 1);
}

#[test]
fn usual_mistakes_are_named() {
    let text = "{gateway:{mode:'local',remote:{token:'r'},auth:{mode:'password'}}}";
    let refusal = run(text, &[], &Overrides::default()).unwrap_err();
    assert!(refusal.lines.iter().any(|l| l.contains("gateway.remote.token")), "{refusal}");
}

#[test]
fn none_is_for_loopback() {
    for (text, ok) in [
        ("{gateway:{mode:'local',auth:{mode:'none'}}}", true),
        ("{gateway:{mode:'local',bind:'custom',customBindHost:'127.0.0.5',auth:{mode:'none'}}}", true),
        ("{gateway:{mode:'local',bind:'custom',customBindHost:'10.0.0.5',auth:{mode:'none'}}}", false),
        ("{gateway:{mode:'local',bind:'tailnet',auth:{mode:'none'}}}", false),
    ] {
        assert_eq!(run(text, &[], &Overrides::default()).is_ok(), ok, "{text}");
    }
}

#[test]
fn ports() {
    let table: [(&str, Vars<'_>, Option<u16>, u16, Source); 7] = [
        ("{}", &[], None, 18789, Source::Default),
        ("{}", &[("PORT", "8080")], None, 8080, Source::Env("PORT")),
        ("{gateway:{port:1234}}", &[("PORT", "8080")], None, 1234, Source::Config),
        (
            "{gateway:{port:1234}}",
            &[("OPENCLAW_GATEWAY_PORT", " 99 ")],
            None,
            99,
            Source::Env("OPENCLAW_GATEWAY_PORT"),
        ),
        ("{gateway:{port:1234}}", &[("OPENCLAW_GATEWAY_PORT", "x")], None, 1234, Source::Config),
        (
            "{}",
            &[("CLAWDBOT_GATEWAY_PORT", "77"), ("PORT", "0")],
            None,
            77,
            Source::Env("CLAWDBOT_GATEWAY_PORT"),
        ),
        ("{gateway:{port:1234}}", &[("OPENCLAW_GATEWAY_PORT", "99")], Some(5), 5, Source::Flag),
    ];
    for (text, env, flag, want, source) in table {
        let (paths, loaded) = load(text, env);
        assert_eq!(port(&loaded, &paths, flag), (want, source), "{text} {env:?}");
    }
}

#[test]
fn a_port_that_is_none_is_said() {
    let plan = run("{gateway:{mode:'local'}}", &[("OPENCLAW_GATEWAY_PORT", "eighty")], &Overrides::default())
        .unwrap();
    assert_eq!(plan.warnings, ["OPENCLAW_GATEWAY_PORT is not a port number and is ignored."]);
}

#[test]
fn sources_and_fingerprints() {
    let long = "0123456789abcdef0123456789abcdef";
    let (_, loaded) = load(
        &format!("{{gateway:{{auth:{{token:'{long}'}}}}}}"),
        &[("OPENCLAW_GATEWAY_TOKEN", "other"), ("OPENCLAW_GATEWAY_PASSWORD", long)],
    );
    let found = secret_sources(&loaded, &Overrides::default());
    assert_eq!(found.len(), 3);
    assert_eq!((found[0].source, found[0].in_force, found[0].stale), (Source::Config, true, false));
    assert_eq!(found[0].fingerprint.as_ref().map(String::len), Some(8));
    assert_eq!((found[1].in_force, found[1].stale, &found[1].fingerprint), (false, true, &None));
    assert_eq!((found[2].kind, &found[2].fingerprint), ("password", &None));
}

#[test]
fn live_changes() {
    let none = Overrides::default();
    let (paths, first) = load("{gateway:{mode:'local',auth:{mode:'token',token:'a'}}}", &[]);
    let running = plan(&first, &paths, &none).unwrap();

    let (_, changed) = load("{gateway:{mode:'local',port:1,bind:'lan',auth:{mode:'token',token:'b'}}}", &[]);
    let (next, notes) = running.after_reload(&changed, &paths, &none);
    assert!(next.token.as_ref().is_some_and(|t| t.secret.matches("b")) && notes.is_empty());
    assert_eq!((next.port, next.bind), (running.port, running.bind));

    for removed in ["{gateway:{mode:'local'}}", "{}", "{gateway:{mode:'local',auth:{mode:'token',token:''}}}"]
    {
        let (_, removed) = load(removed, &[]);
        let (next, notes) = running.after_reload(&removed, &paths, &none);
        assert!(next.token.as_ref().is_some_and(|t| t.secret.matches("a")) && !next.generate_token);
        assert_eq!(notes.len(), 1);
    }

    let (_, broken) = load("{gateway:{mode:'local',port:'x',auth:{mode:'none'}}}", &[]);
    let (next, notes) = running.after_reload(&broken, &paths, &none);
    assert_eq!(next, running);
    assert!(notes.len() > 1);

    // Started on all addresses; the file now says loopback and none, but the socket is where it was.
    let (_, open) = load("{gateway:{mode:'local',bind:'lan',auth:{mode:'token',token:'a'}}}", &[]);
    let running = plan(&open, &paths, &none).unwrap();
    let (_, careless) = load("{gateway:{mode:'local',auth:{mode:'none'}}}", &[]);
    let (next, _) = running.after_reload(&careless, &paths, &none);
    assert_eq!((next.auth_mode, next.token), (AuthMode::Token, running.token.clone()));
}
