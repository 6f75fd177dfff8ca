use super::*;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

fn pair(bind: &str, connect: impl Fn(u16) -> SocketAddr) -> Option<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(bind).ok()?;
    let port = listener.local_addr().ok()?.port();
    let client = TcpStream::connect(connect(port)).ok()?;
    let (server, _) = listener.accept().ok()?;
    Some((server, client))
}

#[test]
fn both_ways_name_the_owner_of_an_own_connection() {
    let v4 = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let v6 = |port| SocketAddr::new("::1".parse().unwrap(), port);
    for (bind, connection) in [
        ("127.0.0.1:0", pair("127.0.0.1:0", v4)),
        ("[::1]:0", pair("[::1]:0", v6)),
        ("[::]:0 mapped", pair("[::]:0", v4)),
    ] {
        let Some((server, client)) = connection else {
            println!("skipped: no {bind} here");
            continue;
        };
        let (local, remote) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
        assert_eq!(tcp_peer_uid(local, remote), Some(own_uid()), "{bind}");
        let (peer, ours) = (canonical(remote), canonical(local));
        assert_eq!(tcp::by_proc(peer, ours), Some(own_uid()), "{bind} by /proc");
        match tcp::by_sock_diag(peer, ours) {
            Ok(answer) => assert_eq!(answer, Some(own_uid()), "{bind} by diagnosis"),
            Err(error) => println!("skipped: no socket diagnosis here ({error})"),
        }
        drop(client);
        // Closed by the peer: what is left of it is reported as uid 0 by the kernel, and must not be believed.
        assert_eq!(tcp_peer_uid(local, remote), None, "{bind} after closing");
    }
}

#[test]
fn a_listener_is_not_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    assert_eq!(tcp_peer_uid(nobody, address), None);
}

#[test]
fn a_unix_peer_is_this_process_and_its_own_descendant() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let peer = unix_peer(&ours).unwrap();
    assert_eq!((peer.uid, peer.process.as_ref().unwrap().pid()), (own_uid(), std::process::id()));
    assert_eq!(ancestry(&peer, std::process::id()), Ancestry::Descendant);
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    assert_eq!(ancestry(&peer, other.id()), Ancestry::Stranger);
    assert!(!is_descendant_of(&peer, other.id()));
    other.kill().unwrap();
    other.wait().unwrap();
    let invisible = Peer { process: None, ..peer };
    assert_eq!(ancestry(&invisible, 1), Ancestry::Unknown);
    assert!(is_descendant_of(&invisible, 1), "what cannot be told counts as the worse");
}

#[test]
fn loopback_in_both_spellings() {
    for (text, expected) in
        [("127.9.0.1", true), ("::ffff:127.0.0.1", true), ("::1", true), ("10.0.0.1", false)]
    {
        assert_eq!(is_loopback(text.parse().unwrap()), expected, "{text}");
    }
}
