//! Forwarded headers, hosts and origins: where a connection comes from, and whether its page may connect. Input: lines
//! (see [`Door`]), and `name`, `proxy`, `page` with a text for one parser alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_admission::origin::{self, Origin, OriginVerdict};
use openclaw_admission::peer::{Path, Peer, SocketOwner, Whereabouts, bucket, host_name, parse_proxy};
use openclaw_fuzz::{door::Door, harmless, lines};
use std::net::{IpAddr, SocketAddr};

const FORWARDING: [(&str, &str); 10] = [
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-anything", ""),
    ("x-real-ip", "::1"),
    ("forwarded", "for=127.0.0.1"),
    ("via", "1.1 proxy"),
    ("tailscale-user-login", "me@example.com"),
    ("cf-connecting-ip", "127.0.0.1"),
    ("client-ip", "127.0.0.1"),
    ("x-original-url", "/"),
];

fuzz_target!(|data: &[u8]| {
    let text = lines::text(data);
    let mut door = Door::default();
    for (word, rest) in lines::of(&text) {
        match word {
            "name" => names(rest),
            "proxy" => proxies(rest),
            "page" => pages(rest),
            _ => door.line(word, rest),
        }
    }
    let at = seen(&door);
    locality(&door, &at);
    client(&door, &at);
    nothing_claimed_helps(&door, &at);
    for browser in [false, true] {
        judged_pages(&door, &at, browser);
    }
    if let Some(ip) = at.client {
        buckets(ip);
    }
});

fn seen(door: &Door) -> Whereabouts {
    door.facts.whereabouts(&door.trusted, door.real_ip)
}

/// A host that means this machine, whatever it is followed by.
fn says_this_machine(host: &str) -> bool {
    let host = host.trim().to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.contains(':') => name,
        Some((name, port)) if name.ends_with(']') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => &host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Ruling 16: local takes a loopback peer of our own uid, a `Host` of this machine, no forwarding header, no container.
fn locality(door: &Door, at: &Whereabouts) {
    let Peer::Tcp { address, owner } = &door.facts.peer else {
        assert!(at.is_local() && at.path == Path::OwnerSocket && at.client.is_none());
        return;
    };
    let hosts: Vec<&str> = door.values("host").collect();
    let may = address.ip().to_canonical().is_loopback()
        && *owner == SocketOwner::Own
        && !door.facts.in_container
        && !door.forwarded()
        && matches!(hosts[..], [host] if says_this_machine(host));
    assert!(may || !at.is_local(), "local: {door:?}");
    // The usual spellings must work, or the owner's own program would have to pair.
    let plain =
        matches!(hosts[..], ["localhost" | "127.0.0.1" | "[::1]" | "localhost:18789" | "127.0.0.1:18789"]);
    assert!(!(may && plain) || at.is_local(), "not local: {door:?}");
    assert!(!may || door.facts.owner_matters());
    if let Err(why) = &at.local {
        harmless(&why.to_string());
    }
}

fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let ip = text.parse::<IpAddr>().ok();
    let ip = ip.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    ip.or_else(|| inside?.parse().ok().map(IpAddr::V6)).map(|ip| ip.to_canonical())
}

/// Whose address counts (§2.3, ruling 19): the peer's, unless a listed proxy vouches for another.
fn client(door: &Door, at: &Whereabouts) {
    let Peer::Tcp { address, .. } = &door.facts.peer else { return };
    let peer = address.ip().to_canonical();
    let listed = |ip: &IpAddr| door.trusted.iter().any(|net| net.contains(ip));
    if !door.forwarded() {
        assert_eq!((at.client, at.attributed, &at.path), (Some(peer), true, &Path::Direct));
        return;
    }
    if !listed(&peer) {
        assert_eq!((at.client, at.attributed), (Some(peer), false));
        assert!(
            matches!(&at.path, Path::UnlistedProxy { proxy, headers } if *proxy == peer && !headers.is_empty())
        );
        return;
    }
    assert_eq!(at.path, Path::TrustedProxy { proxy: peer });
    let all = door.values("x-forwarded-for").collect::<Vec<_>>();
    let mut want = None;
    if all.is_empty() {
        let real: Vec<&str> = door.values("x-real-ip").collect();
        if let ([one], true) = (&real[..], door.real_ip) {
            want = hop(one).filter(|ip| !ip.is_loopback());
        }
    } else {
        let joined = all.join(",");
        let mut hops = joined.rsplit(',').map(hop);
        want = hops.find(|hop| hop.is_none_or(|ip| !ip.is_loopback() && !listed(&ip))).flatten();
    }
    assert_eq!((at.client, at.attributed), (Some(want.unwrap_or(peer)), want.is_some()));
    // What the client itself puts in front of what the proxies wrote changes nothing.
    if want.is_some() && !all.is_empty() {
        let mut lying = door.clone();
        let at_header = lying.facts.headers.iter().position(|(name, _)| &**name == "x-forwarded-for");
        let (_, value) = &mut lying.facts.headers[at_header.expect("there is one")];
        *value = format!("127.0.0.1, 198.51.100.7, {value}").into();
        assert_eq!(seen(&lying).client, at.client);
        lying.facts.headers.insert(0, ("x-forwarded-for".into(), "198.51.100.8".into()));
        assert_eq!(seen(&lying).client, at.client);
    }
}

/// No forwarding header, no second `Host` and no container makes anything local, and one of them is enough to end it.
fn nothing_claimed_helps(door: &Door, at: &Whereabouts) {
    if door.facts.peer == Peer::OwnerSocket {
        return;
    }
    for (name, value) in FORWARDING {
        let mut more = door.clone();
        more.header(name, value);
        assert!(!seen(&more).is_local(), "{name} is local");
    }
    let mut more = door.clone();
    more.header("host", "localhost");
    assert!(!seen(&more).is_local() || door.values("host").next().is_none(), "two hosts");
    let mut more = door.clone();
    more.header("x-openclaw-scopes", "operator.admin");
    assert_eq!(&seen(&more), at);
}

/// Names under which a home network may open the page without configuration, written independently.
fn is_private(host: &str) -> bool {
    let by_address = |ip: IpAddr| match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let n = u32::from(v4);
            [(0x7f00_0000, 8), (0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16)]
                .into_iter()
                .chain([(0xa9fe_0000, 16), (0x6440_0000, 10)])
                .any(|(net, bits): (u32, u32)| n >> (32 - bits) == net >> (32 - bits))
        }
        IpAddr::V6(v6) => {
            let n = u128::from(v6);
            n == 1 || n >> 121 == 0xfc >> 1 || n >> 118 == 0xfe80 >> 6
        }
    };
    let named = host == "localhost" || host.ends_with(".local") || host.ends_with(".ts.net");
    named || host.parse().is_ok_and(by_address)
}

fn judged_pages(door: &Door, at: &Whereabouts, browser: bool) {
    let policy = door.origins();
    let sent: Vec<&str> = door.values("origin").collect();
    match origin::judge(&policy, &door.facts, at, browser) {
        OriginVerdict::NotABrowser => assert!(sent.is_empty() && !browser),
        OriginVerdict::MissingOrInvalid { origin } => {
            let fine = matches!(sent[..], [one] if Origin::parse(one).is_some());
            assert!(!fine && (browser || !sent.is_empty()));
            assert_eq!(origin.is_some(), !sent.is_empty());
            origin.iter().for_each(|words| harmless(words.as_str()));
        }
        OriginVerdict::NotAllowed { origin } => {
            harmless(origin.as_str());
            let page = Origin::parse(sent[0]).expect("an origin");
            assert!(!policy.any && !policy.allowed.contains(&page), "a listed page is refused");
        }
        OriginVerdict::Allowed { own_local_page, origin } => {
            harmless(origin.as_str());
            let [one] = sent[..] else { panic!("{} origins", sent.len()) };
            let page = Origin::parse(one).expect("only an origin is allowed");
            assert!(!own_local_page || (at.is_local() && says_this_machine(page.host())), "not its own page");
            if policy.any || policy.allowed.contains(&page) {
                return;
            }
            assert!(!door.forwarded(), "a page through a proxy must be listed");
            let host = door.facts.host().expect("a page has a host");
            let loopback = says_this_machine(&host) && says_this_machine(page.host());
            assert!(loopback || page.host() == host, "another site's page");
            assert!(is_private(&host) || policy.host_header_fallback, "a public name nobody listed");
        }
    }
}

fn names(text: &str) {
    let Some(host) = host_name(text) else { return };
    assert!(
        !host.is_empty()
            && !host.contains(|c: char| c.is_uppercase() || c.is_whitespace() || "[]/@".contains(c))
    );
    assert_eq!(host_name(&host).as_deref(), Some(&*host), "{text:?} has two normal forms");
    assert_eq!(host_name(&text.to_ascii_uppercase()).as_deref(), Some(&*host));
}

fn proxies(text: &str) {
    let Some(net) = parse_proxy(text) else { return };
    assert_eq!(parse_proxy(&net.to_string()), Some(net));
    assert!(net.contains(&net.addr().to_canonical()) || net.addr().to_canonical() != net.addr());
    // A proxy that is seen under its mapped address is the same proxy.
    if let IpAddr::V4(v4) = net.addr() {
        let mapped = IpAddr::V6(v4.to_ipv6_mapped());
        assert!(openclaw_admission::peer::is_listed(&[net], mapped));
    }
}

fn pages(text: &str) {
    let Some(page) = Origin::parse(text) else { return };
    assert_eq!(Origin::parse(&text.to_ascii_uppercase()).as_ref(), Some(&page));
    assert_eq!(Origin::parse(&format!("  {text}\t")).as_ref(), Some(&page));
    assert!(!page.host().is_empty() && !page.host().contains(['/', '@', '?', '#', ' ']));
    assert_eq!(host_name(page.host()).as_deref(), Some(page.host()), "{text:?} has two normal forms");
}

fn buckets(ip: IpAddr) {
    let key = bucket(ip);
    assert_eq!(bucket(key), key);
    match ip.to_canonical() {
        IpAddr::V4(v4) => assert_eq!(key, bucket(IpAddr::V6(v4.to_ipv6_mapped()))),
        IpAddr::V6(v6) => {
            let neighbour = IpAddr::from((u128::from(v6) ^ 0x1234_5678).to_be_bytes());
            assert!(bucket(neighbour) == key || neighbour.to_canonical().is_ipv4());
        }
    }
}
