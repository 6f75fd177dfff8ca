//! What a form needs beside the types: names, groups, an order, examples, words for choices, what is a secret, what asks
//! for a restart, and which keys this gateway does not read at all. The wire's names for all that are the original's
//! (`label help group order advanced sensitive placeholder tags`).
//!
//! Tags: `restart` and `live` (what a change asks of a running gateway), `unused` (kept for other programs that use the
//! same file). Only sections that this gateway reads are described key by key; of the others the section itself is, and
//! what is a secret in it.

use serde_json::{Map, Value, json};

use super::table::{CHANNELS, SECTIONS};
use super::{Kind, Node};
use crate::reload;

/// Sections that this gateway reads.
const READ: [&str; 4] = ["gateway", "logging", "env", "secrets"];

/// Keys of those sections that it does not read, with all that is below.
const UNREAD: [&str; 32] = [
    "gateway.auth.allowTailscale",
    "gateway.auth.identityScopes",
    "gateway.auth.trustedProxy.cloudflareAccessOidc",
    "gateway.auth.trustedProxy.deviceAutoApprove",
    "gateway.controlUi.root",
    "gateway.controlUi.environment",
    "gateway.controlUi.communityInvite",
    "gateway.controlUi.github",
    "gateway.controlUi.experimental",
    "gateway.controlUi.sessionObserver",
    "gateway.controlUi.embedSandbox",
    "gateway.controlUi.allowExternalEmbedUrls",
    "gateway.controlUi.automaticallyFetchFavicons",
    "gateway.controlUi.toolTitles",
    "gateway.remote.enabled",
    "gateway.remote.remotePort",
    "gateway.remote.sshHostKeyPolicy",
    "gateway.tls",
    "gateway.tailscale.preserveFunnel",
    "gateway.tailscale.resetOnExit",
    "gateway.nodes",
    "gateway.http.endpoints",
    "gateway.tools",
    "gateway.roles",
    "gateway.channelHealthCheckMinutes",
    "gateway.channelStaleEventThresholdMinutes",
    "gateway.channelMaxRestartsPerHour",
    "gateway.cliAgents",
    "gateway.terminal",
    "gateway.portals",
    "gateway.push",
    "logging.audit",
];

/// Keys below an unread one that are read all the same.
const READ_BELOW: [&str; 1] = ["gateway.nodes.pairing.autoApproveLocal"];

/// Keys for those who know why: they are shown last.
const ADVANCED: [&str; 14] = [
    "gateway.auth.rateLimit",
    "gateway.auth.trustedProxy",
    "gateway.allowRealIpFallback",
    "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback",
    "gateway.controlUi.allowInsecureAuth",
    "gateway.controlUi.dangerouslyDisableDeviceAuth",
    "gateway.remote",
    "gateway.reload.debounceMs",
    "gateway.http",
    "logging.maxFileBytes",
    "logging.redactPatterns",
    "secrets",
    "env.shellEnv",
    "gateway.tailscale",
];

/// Groups of the sections that are read, by the longest path that fits.
const GROUPS: [(&str, &str); 12] = [
    ("gateway", "Where it listens"),
    ("gateway.auth", "Who gets in"),
    ("gateway.trustedProxies", "Reverse proxies"),
    ("gateway.allowRealIpFallback", "Reverse proxies"),
    ("gateway.controlUi", "This page"),
    ("gateway.remote", "Commands on the gateway's machine"),
    ("gateway.reload", "When this file changes"),
    ("gateway.nodes", "Nodes"),
    ("gateway.http", "HTTP"),
    ("logging", "Log"),
    ("env", "Variables and secrets"),
    ("secrets", "Variables and secrets"),
];

/// The group of everything else.
const OTHERS: &str = "For other programs";

/// Names and examples that the key itself does not give: path, label, example.
const NAMES: [(&str, &str, &str); 29] = [
    ("gateway", "Gateway", ""),
    ("gateway.mode", "What this machine is", ""),
    ("gateway.bind", "Listens on", ""),
    ("gateway.customBindHost", "Own address to listen on", "192.168.1.10"),
    ("gateway.publicOrigin", "Address from outside", "https://gateway.example.com"),
    ("gateway.auth.mode", "How clients prove themselves", ""),
    ("gateway.auth.token", "Gateway token", ""),
    ("gateway.auth.password", "Gateway password", ""),
    ("gateway.auth.rateLimit.maxAttempts", "Wrong secrets before a lock-out", ""),
    ("gateway.auth.rateLimit.windowMs", "Counted within (ms)", ""),
    ("gateway.auth.rateLimit.lockoutMs", "Lock-out lasts (ms)", ""),
    ("gateway.auth.rateLimit.exemptLoopback", "Never lock out this machine", ""),
    ("gateway.trustedProxies", "Trusted proxies", "10.0.0.2"),
    ("gateway.allowRealIpFallback", "Believe X-Real-IP", ""),
    ("gateway.controlUi.enabled", "Serve this page", ""),
    ("gateway.controlUi.basePath", "Path of this page", "/openclaw"),
    ("gateway.controlUi.allowedOrigins", "Pages that may connect", "https://gateway.example.com"),
    ("gateway.remote.url", "Address of the remote gateway", "wss://gateway.example.com"),
    ("gateway.reload.mode", "When this file changes", ""),
    ("gateway.reload.debounceMs", "Quiet before it is read (ms)", ""),
    ("gateway.tls", "TLS", ""),
    ("logging", "Log", ""),
    ("logging.level", "Written to the file", ""),
    ("logging.file", "Log file", "~/openclaw.log"),
    ("logging.maxFileBytes", "Largest file (bytes)", ""),
    ("logging.consoleLevel", "Printed on the console", ""),
    ("logging.redactSensitive", "Hide secrets in tool output", ""),
    ("env", "Variables", ""),
    ("secrets", "Where secrets come from", ""),
];

/// A few words for each choice.
const CHOICES: [(&str, &[(&str, &str)]); 9] = [
    (
        "gateway.mode",
        &[("local", "It runs the gateway"), ("remote", "Its commands talk to a gateway elsewhere")],
    ),
    (
        "gateway.bind",
        &[
            ("loopback", "This machine only"),
            ("lan", "All addresses: the network can reach it"),
            ("tailnet", "The Tailscale address"),
            ("auto", "This machine only; in a container all addresses"),
            ("custom", "One address of your own"),
        ],
    ),
    (
        "gateway.auth.mode",
        &[
            ("token", "By a shared token"),
            ("password", "By a shared password"),
            ("none", "Not at all: only on this machine"),
            ("trusted-proxy", "A login proxy vouches for them"),
        ],
    ),
    (
        "gateway.reload.mode",
        &[
            ("hybrid", "Take over what can be, restart for the rest"),
            ("hot", "Take over what can be, never restart"),
            ("restart", "Restart for every change"),
            ("off", "Do nothing"),
        ],
    ),
    (
        "gateway.tailscale.mode",
        &[("off", "Not used"), ("serve", "Within the tailnet"), ("funnel", "For everybody")],
    ),
    ("logging.level", &LEVELS),
    ("logging.consoleLevel", &LEVELS),
    (
        "logging.consoleStyle",
        &[("pretty", "For people"), ("compact", "Short, for people"), ("json", "For programs")],
    ),
    ("logging.redactSensitive", &[("off", "Show them"), ("tools", "Hide them")]),
];

const LEVELS: [(&str, &str); 7] = [
    ("silent", "Nothing"),
    ("fatal", "What ends the gateway"),
    ("error", "What went wrong"),
    ("warn", "What looks wrong"),
    ("info", "What happened"),
    ("debug", "How it happened"),
    ("trace", "Everything"),
];

/// Parts of keys that are written in their own way.
const ABBREVIATIONS: [(&str, &str); 9] = [
    ("api", "API"),
    ("http", "HTTP"),
    ("id", "id"),
    ("ip", "IP"),
    ("ms", "(ms)"),
    ("ssh", "SSH"),
    ("tls", "TLS"),
    ("ui", "UI"),
    ("url", "URL"),
];

/// What forms want to know beside the schema, by path.
#[must_use]
pub fn ui_hints() -> Value {
    let mut hints = Map::new();
    for node in SECTIONS.iter().flat_map(|section| section.nodes()) {
        hints_of(node, node.name.to_owned(), &mut hints);
    }
    let channels = json!({"label": "Channels", "group": OTHERS, "advanced": true, "tags": ["unused"]});
    hints.insert("channels".to_owned(), channels);
    for node in CHANNELS.iter().flat_map(|section| section.nodes()) {
        hints_of(node, format!("channels.{}", node.name), &mut hints);
    }
    // In the order of the table, so that a form need not know it.
    for (order, (_, hint)) in hints.iter_mut().enumerate() {
        hint["order"] = json!(order);
    }
    Value::Object(hints)
}

fn hints_of(node: &Node, path: String, hints: &mut Map<String, Value>) {
    if let Some(hint) = hint(node, &path) {
        hints.insert(path.clone(), hint);
    }
    for child in &node.children {
        hints_of(child, below(&path, child.name), hints);
    }
}

/// The path of an entry below another.
pub(super) fn below(path: &str, name: &str) -> String {
    if name == "[]" { format!("{path}[]") } else { format!("{path}.{name}") }
}

/// The hint for one entry.
pub(super) fn hint(node: &Node, path: &str) -> Option<Value> {
    let mut hint = Map::new();
    let section = path.split('.').next().unwrap_or_default();
    let read = READ.contains(&section);
    if read || !path.contains('.') {
        let name = NAMES.iter().find(|(known, ..)| *known == path);
        let label = name.map_or_else(|| label_of(node.name), |(_, label, _)| (*label).to_owned());
        hint.insert("label".to_owned(), label.into());
        hint.insert("group".to_owned(), group_of(path).into());
        if let Some((_, _, example)) = name.filter(|(_, _, example)| !example.is_empty()) {
            hint.insert("placeholder".to_owned(), (*example).into());
        }
        if !is_read(path) || is_below(path, &ADVANCED) {
            hint.insert("advanced".to_owned(), true.into());
        }
        let tags: Vec<&str> = match (is_read(path), reload_of(path)) {
            (false, _) => vec!["unused"],
            (true, "none") => vec![],
            (true, reload) => vec![reload],
        };
        if !tags.is_empty() {
            hint.insert("tags".to_owned(), tags.into());
        }
    }
    if let Some(doc) = node.doc {
        hint.insert("help".to_owned(), doc.into());
    }
    if node.kind.has(Kind::SECRET) {
        hint.insert("sensitive".to_owned(), true.into());
    }
    (!hint.is_empty()).then_some(Value::Object(hint))
}

/// Keywords of our own in the schema of one entry.
pub(super) fn keywords(node: &Node, path: &str, out: &mut Map<String, Value>) {
    if !is_read(path) || (node.is_object() && !node.kind.has(Kind::MAP)) {
        return;
    }
    out.insert("x-reload".to_owned(), reload_of(path).into());
    if let Some((_, choices)) = CHOICES.iter().find(|(known, _)| *known == path) {
        let words: Map<String, Value> =
            choices.iter().map(|(choice, words)| ((*choice).to_owned(), json!(words))).collect();
        out.insert("x-choices".to_owned(), Value::Object(words));
    }
}

/// Whether this gateway reads what stands there.
fn is_read(path: &str) -> bool {
    let section = path.split('.').next().unwrap_or_default();
    READ.contains(&section)
        && (!is_below(path, &UNREAD)
            || READ_BELOW.iter().any(|read| is_below(read, &[path]) || *read == path))
}

fn is_below(path: &str, of: &[&str]) -> bool {
    of.iter().any(|above| {
        path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

fn reload_of(path: &str) -> &'static str {
    let keys: Vec<&str> = path.split('.').map(|key| key.trim_end_matches("[]")).collect();
    reload::action_of(&keys).word()
}

fn group_of(path: &str) -> &'static str {
    let fitting = GROUPS.iter().filter(|(above, _)| is_below(path, &[above]));
    fitting.max_by_key(|(above, _)| above.len()).map_or(OTHERS, |(_, group)| group)
}

/// `maxAttempts` → `Max attempts`.
fn label_of(key: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    for letter in key.chars() {
        if letter.is_ascii_uppercase() && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    for word in &mut words {
        if let Some((_, own)) = ABBREVIATIONS.iter().find(|(known, _)| known == word) {
            *word = (*own).to_owned();
        }
    }
    let mut label = words.join(" ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

#[cfg(test)]
mod tests {
    use super::super::at;
    use super::*;
    use crate::gateway::GatewayConfig;
    use crate::keypath::KeyPath;

    fn node(path: &str) -> &'static Node {
        let path: KeyPath = path.parse().unwrap();
        at(&path).and_then(|known| known.node()).unwrap_or_else(|| panic!("{path} is not in the table"))
    }

    #[test]
    fn what_a_form_is_told() {
        let hints = ui_hints();
        assert_eq!(
            hints["gateway.auth.token"],
            json!({
                "label": "Gateway token", "group": "Who gets in", "tags": ["live"], "sensitive": true,
                "help": "The shared token. Generated on the first start when nothing is set.",
                "order": hints["gateway.auth.token"]["order"],
            })
        );
        assert_eq!(hints["gateway.port"]["tags"], json!(["restart"]));
        assert_eq!(hints["gateway.auth.trustedProxy.allowUsers"]["label"], json!("Allow users"));
        assert_eq!(hints["gateway.remote.sshIdentity"]["label"], json!("SSH identity"));
        assert_eq!(hints["gateway.tls.enabled"]["tags"], json!(["unused"]));
        assert_eq!(hints["gateway.nodes.pairing.autoApproveLocal"]["tags"], json!(["live"]));
        assert_eq!(hints["agents"]["group"], json!(OTHERS));
        assert_eq!(
            (&hints["agents"]["tags"], &hints["channels"]["tags"]),
            (&json!(["unused"]), &json!(["unused"]))
        );
        assert_eq!(hints["channels.telegram.botToken"]["sensitive"], json!(true));
        let order = |path: &str| hints[path]["order"].as_u64().unwrap();
        assert!(
            order("gateway.mode") < order("gateway.port") && order("gateway.port") < order("gateway.bind")
        );
    }

    #[test]
    fn every_word_here_belongs_to_a_key_that_there_is() {
        for path in UNREAD.iter().chain(&READ_BELOW).chain(&ADVANCED) {
            node(path);
        }
        for path in NAMES.iter().map(|(path, ..)| path).chain(GROUPS.iter().map(|(path, _)| path)) {
            node(path);
        }
        for (path, choices) in CHOICES {
            let told: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            assert_eq!(told, node(path).choices, "{path}");
        }
    }

    /// Values that are none of the defaults, one for each type.
    fn samples(node: &Node) -> Vec<Value> {
        let mut samples: Vec<Value> = node.choices.iter().map(|choice| json!(choice)).collect();
        samples.extend([json!(true), json!(false), json!(7), json!("x"), json!(["x"]), json!({"x": ["y"]})]);
        samples.extend([json!({"x": "y"}), json!("https://x.example")]);
        samples
    }

    #[test]
    fn no_key_that_is_not_even_read_is_shown_as_if_it_did_something() {
        let nothing = GatewayConfig::from_value(&json!({}));
        let mut leaves = Vec::new();
        for section in ["gateway", "logging"] {
            walk(node(section), section.to_owned(), &mut leaves);
        }
        let mut unread = Vec::new();
        for (path, node) in leaves {
            // Secrets are filled in by the loader.
            if node.kind.has(Kind::SECRET) || path.contains('*') || path.contains("[]") {
                continue;
            }
            let reads = samples(node).into_iter().any(|sample| {
                let value = path.rsplit('.').fold(sample, |below, key| json!({ key: below }));
                GatewayConfig::from_value(&value) != nothing
            });
            if !reads && is_read(&path) {
                unread.push(path);
            }
        }
        assert_eq!(unread, Vec::<String>::new(), "these belong into UNREAD");
    }

    fn walk(node: &'static Node, path: String, leaves: &mut Vec<(String, &'static Node)>) {
        if node.children.is_empty() {
            leaves.push((path, node));
            return;
        }
        for child in &node.children {
            walk(child, below(&path, child.name), leaves);
        }
    }
}
