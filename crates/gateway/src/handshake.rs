//! From the upgrade to `hello-ok` or a refusal (auth-and-pairing §1.3 to §1.8).

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use openclaw_admission::peer::PeerFacts;
use openclaw_admission::{Attempt, Decision, Grant};
use openclaw_protocol::connect::{self, ConnectParams};
use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::frame::{self, FrameError, Request};
use openclaw_protocol::hello::AuthMethod;
use openclaw_protocol::ids::{ConnId, Nonce};
use openclaw_protocol::refusal::{Refusal, Telling};
use openclaw_protocol::role::Role;
use openclaw_protocol::words::Words;
use openclaw_websocket::{Error as WsError, Message, OutFrame, Stream};

use crate::caps::Place;
use crate::core::Core;
use crate::desk::{self, Judged, Verdict};
use crate::hub::{Client, Connection, Declared};
use crate::io::Io;
use crate::journal;
use crate::outbox::Outbox;
use crate::router::Authority;
use crate::{hello, session};

/// Serves a connection that has just become a WebSocket.
pub(crate) async fn run(core: Arc<Core>, mut ws: Stream<Io>, facts: PeerFacts, place: Arc<Place>) {
    // Boxed, so that what the handshake needs is gone when the session idles.
    let handshake = Box::pin(Handshake::new(&core, &facts).perform(&mut ws));
    let outcome = tokio::select! {
        outcome = handshake => outcome,
        () = place.displaced() => Ended::Refused(Answer::silent(&Refusal::Displaced)),
    };
    place.release();
    drop((place, facts));
    match outcome {
        Ended::Admitted { connection, hello } => session::run(core, connection, ws, hello).await,
        Ended::Refused(answer) => session::refuse(ws, answer.frame, answer.close).await,
        Ended::Gone => {}
    }
}

/// How a handshake ended.
enum Ended {
    Admitted {
        connection: Arc<Connection>,
        hello: String,
    },
    Refused(Answer),
    /// The peer hung up first.
    Gone,
}

/// The last words to a refused peer.
struct Answer {
    frame: Option<String>,
    close: openclaw_protocol::close::Close,
}

impl Answer {
    /// To a peer that has not said in which dialect it speaks, or whom nobody answers.
    fn silent(refusal: &Refusal) -> Self {
        Self { frame: None, close: refusal.wire(Dialect::V4).close }
    }

    fn to(request: &Request, refusal: &Refusal, dialect: Dialect, telling: &Telling<'_>) -> Self {
        let wire = refusal.wire_told(dialect, telling);
        let frame = wire.error.as_ref().map(|error| frame::response_error(&request.id, error));
        Self { frame, close: wire.close }
    }
}

/// A handshake in progress.
struct Handshake<'a> {
    core: &'a Arc<Core>,
    facts: &'a PeerFacts,
    conn: ConnId,
    nonce: Nonce,
}

impl<'a> Handshake<'a> {
    fn new(core: &'a Arc<Core>, facts: &'a PeerFacts) -> Self {
        Self { core, facts, conn: ConnId::random(), nonce: Nonce::random() }
    }

    async fn perform(self, ws: &mut Stream<Io>) -> Ended {
        match tokio::time::timeout(self.core.handshake_patience, self.talk(ws)).await {
            Ok(ended) => ended,
            Err(_) => {
                self.note(&Refusal::HandshakeTimeout, None);
                Ended::Refused(Answer::silent(&Refusal::HandshakeTimeout))
            }
        }
    }

    async fn talk(&self, ws: &mut Stream<Io>) -> Ended {
        let challenge = frame::challenge(&self.nonce, self.core.now());
        if ws.queue(OutFrame::Text(challenge)).is_err() {
            return Ended::Gone;
        }
        let bytes = match ws.recv().await {
            Ok(Message::Text(text)) => text.into_bytes(),
            Ok(Message::Binary(bytes)) => bytes,
            Ok(Message::Pong) => return Ended::Refused(self.silently(Refusal::InvalidFrame)),
            Ok(Message::Close { .. }) | Err(WsError::Eof | WsError::Io(_) | WsError::Closed) => {
                return Ended::Gone;
            }
            Err(WsError::TooBig { .. }) => return Ended::Refused(self.silently(Refusal::FrameTooLarge)),
            Err(error) => {
                let close = error.close_code().unwrap_or(openclaw_protocol::close::PROTOCOL);
                let close = openclaw_protocol::close::Close::new(close, "WebSocket protocol error");
                return Ended::Refused(Answer { frame: None, close });
            }
        };
        let request = match frame::decode(&bytes) {
            Ok(request) => request,
            Err(FrameError::NotJson) => return Ended::Refused(self.silently(Refusal::InvalidJson)),
            Err(FrameError::NotRequest { .. }) => {
                return Ended::Refused(self.silently(Refusal::InvalidFrame));
            }
        };
        if request.method != "connect" {
            let refusal = Refusal::NotConnect;
            self.note(&refusal, None);
            return Ended::Refused(Answer::to(&request, &refusal, Dialect::V4, &self.telling(None)));
        }
        match connect::parse(request.params.as_deref()) {
            Ok(params) => self.judge(&request, &params).await,
            Err(invalid) => {
                let dialect = connect::dialect_of(request.params.as_deref());
                let refusal = Refusal::InvalidParams { message: invalid.message(dialect) };
                self.note(&refusal, None);
                Ended::Refused(Answer::to(&request, &refusal, dialect, &self.telling(None)))
            }
        }
    }

    async fn judge(&self, request: &Request, params: &ConnectParams) -> Ended {
        let attempt = Attempt { facts: self.facts, nonce: &self.nonce, connect: params };
        let judged = desk::judge(self.core, &attempt).await;
        let decision = &judged.decision;
        match &judged.verdict {
            Verdict::Refused(refusal) => {
                self.note(refusal, Some((params, decision)));
                // Who stands before a gateway that nobody owns yet needs a code that is still good, also when what he
                // tried was the old one, or nothing.
                if matches!(refusal, Refusal::Pairing(_) | Refusal::Unauthorized(_)) {
                    self.core.claim.show_if_needed(self.core).await;
                }
                let refused = if matches!(refusal, Refusal::WorkerClaim) {
                    Answer::silent(refusal)
                } else {
                    Answer::to(request, refusal, decision.dialect, &self.telling(Some(decision)))
                };
                Ended::Refused(refused)
            }
            Verdict::Admitted(grant) => self.admit(request, &attempt, &judged, grant),
        }
    }

    fn admit(&self, request: &Request, attempt: &Attempt<'_>, judged: &Judged, grant: &Grant) -> Ended {
        let (params, decision) = (attempt.connect, &judged.decision);
        let connection = Arc::new(Connection {
            id: self.conn.clone(),
            dialect: decision.dialect,
            authority: Authority {
                role: grant.role,
                scopes: grant.scopes.clone(),
                device: grant.device.clone(),
                by_device_token: grant.method == AuthMethod::DeviceToken,
                owner: grant.owner,
                conn: Some(self.conn.clone()),
                dialect: decision.dialect,
                scopes_cleared: grant.scopes_cleared,
            },
            by_gateway_auth: !grant.owner
                && !matches!(grant.method, AuthMethod::DeviceToken | AuthMethod::BootstrapToken),
            client_ip: decision.at.client,
            client: self.core.hub.share(Client::of(params, &decision.at, grant.method, grant.paired)),
            since: self.core.now(),
            asked: AtomicU64::new(0),
            declared: (grant.role == Role::Node).then(|| Box::new(Declared::of(params))),
            outbox: Outbox::default(),
        });
        // Entered first, looked at again afterwards: whoever revokes the device or changes the secret from now on
        // closes this connection, and whoever did so before this line is seen here (S19, S21).
        self.core.hub.enter(connection.clone());
        if let Some(why) = desk::lost_meanwhile(self.core, judged, grant, attempt) {
            self.core.hub.leave(&connection.id);
            let refusal = Refusal::Invalidated { why };
            self.note(&refusal, Some((params, decision)));
            return Ended::Refused(Answer::to(
                request,
                &refusal,
                decision.dialect,
                &self.telling(Some(decision)),
            ));
        }
        self.core.on_connect(&connection, params, grant);
        let hello = hello::build(self.core, &connection, params, grant);
        tracing::info!(
            subsystem = "gateway/ws",
            conn = %self.conn,
            "← connect client={} version={} mode={} platform={} auth={} from={}",
            Words::new(&params.client.id), Words::new(&params.client.version), Words::new(&params.client.mode),
            Words::new(&params.client.platform), grant.method.as_str(),
            peer_in_words(decision.at.client)
        );
        Ended::Admitted { connection, hello: frame::response_ok(&request.id, &hello) }
    }

    /// What this gateway tells with a refusal: the peer's own address, and how commands are typed here.
    fn telling<'d>(&self, decision: Option<&'d Decision>) -> Telling<'d> {
        Telling {
            ahead: decision.map_or(&[], |decision| &decision.ahead),
            vantage: self.core.vantage.client.clone(),
            seen: decision.and_then(|decision| decision.at.client),
            claimable: decision.is_some() && self.core.is_claimable(),
        }
    }

    fn silently(&self, refusal: Refusal) -> Answer {
        self.note(&refusal, None);
        Answer::silent(&refusal)
    }

    /// Tells the journal and the log.
    fn note(&self, refusal: &Refusal, decided: Option<(&ConnectParams, &Decision)>) {
        journal::note(self.core, refusal, &journal::Knock { conn: &self.conn, facts: self.facts, decided });
    }
}

fn peer_in_words(client: Option<std::net::IpAddr>) -> String {
    client.map_or_else(|| "the owner socket".to_owned(), openclaw_admission::address::in_words)
}
