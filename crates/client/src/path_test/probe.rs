//! Walking the way: looks at each hop with a real peer, and hands what it saw to the judges.

use std::time::Duration;

use openclaw_protocol::close;
use openclaw_protocol::connect::{AuthParams, ClientInfo};
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::time::Millis;
use openclaw_websocket::{ClientHandshake, HttpAnswer, Stream, http_get};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::inside::{self, Admitted, Seen};
use super::judge::{self, Way};
use super::{Finding, Hop, Path, State, certificate};
use crate::auth::Sent;
use crate::connect::{ConnectOptions, Progress, attempt, establish, greet, now};
use crate::error::{Cause, Phase};
use crate::target::{Endpoint, PlainReach, Target};
use crate::transport::{Io, connect, dial, judge as reachable, resolve, secure};

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What is to be tested.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The connection as a client of this machine would make it, with the credentials it has. Its time limit is that of
    /// each hop.
    pub options: ConnectOptions,
    /// Why no credentials may be sent, or are there to send; in words for the hop that is left out.
    pub anonymous: Option<&'static str>,
    /// Where the address came from, in words.
    pub source: &'static str,
}

/// Walks the way to its end, or to the first hop that nobody gets past.
pub async fn walk(plan: &Plan, vantage: &Vantage) -> Path {
    let options = &plan.options;
    let Endpoint::Url(url) = &options.target.endpoint else {
        return Path { target: options.target.shown(), findings: Vec::new() };
    };
    let mut walk = Walk {
        plan,
        way: Way { url, source: plan.source, vantage },
        // Without a secret, anything may be asked.
        target: Target { plain_reach: PlainReach::Anywhere, ..options.target.clone() },
        findings: Vec::new(),
        server: None,
    };
    // Nothing to go on with after a hop that fails; the rest is filled in below.
    let _ = walk.outside().await;
    for hop in Hop::ALL {
        if !walk.findings.iter().any(|finding| finding.hop == hop) {
            walk.findings.push(Finding::skipped(hop, "behind a hop that fails"));
        }
    }
    walk.findings.sort_by_key(|finding| finding.hop);
    Path { target: url.to_string(), findings: walk.findings }
}

struct Walk<'a> {
    plan: &'a Plan,
    way: Way<'a>,
    target: Target,
    findings: Vec<Finding>,
    /// What the HTTP server calls itself.
    server: Option<String>,
}

/// The way ends at a hop that was noted.
struct End;

impl Walk<'_> {
    /// Writes a finding down; the way ends when it is a failure.
    fn note(&mut self, finding: Finding) -> Result<(), End> {
        let failed = finding.state == State::Failed;
        self.findings.push(finding);
        if failed { Err(End) } else { Ok(()) }
    }

    fn patience(&self) -> Duration {
        self.plan.options.timeout
    }

    fn patience_ms(&self) -> u64 {
        u64::try_from(self.patience().as_millis()).unwrap_or(u64::MAX)
    }

    async fn outside(&mut self) -> Result<(), End> {
        let io = self.reach().await?;
        self.ask(io).await?;
        let clocks = self.upgrade().await?;
        // From here on each hop says something of its own, whatever the others say.
        let clock = inside::clock(&self.way, clocks);
        let _ = self.note(clock);
        let seen = self.seen().await;
        let headers = inside::headers(&self.way, seen.as_ref(), self.server.as_deref());
        let _ = self.note(headers);
        self.origin().await;
        self.enter().await;
        Ok(())
    }

    /// Name, TCP and TLS.
    async fn reach(&mut self) -> Result<Io, End> {
        let url = self.way.url;
        let found = limited(self.patience(), Phase::Resolve, resolve(url)).await;
        self.note(judge::dns(&self.way, &found))?;
        let addresses = found.and_then(|found| reachable(url, &self.target, found)).map_err(|_| End)?;
        let began = Instant::now();
        let mut connected = connect(&addresses, began + self.patience()).await;
        let outcome = match &mut connected {
            Ok(tcp) => match tcp.peer_addr() {
                Ok(address) => Ok((address, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))),
                Err(error) => Err(Cause::Unreachable { error }),
            },
            Err(cause) => Err(std::mem::replace(cause, Cause::Local(String::new()))),
        };
        self.note(judge::tcp(&self.way, &outcome, self.patience_ms()))?;
        let tcp = connected.map_err(|_| End)?;
        if !url.tls {
            self.note(Finding::skipped(Hop::Tls, "not asked for: the address says ws:// or http://"))?;
            return Ok(Io::Tcp(tcp));
        }
        let secured = limited(self.patience(), Phase::Tls, secure(url, &self.target, tcp)).await;
        let (io, outcome) = match secured {
            Ok(io) => {
                let left = days_left(&io);
                (Some(io), Ok(left))
            }
            Err(cause) => (None, Err(cause)),
        };
        self.note(judge::tls(&self.way, &outcome))?;
        io.ok_or(End)
    }

    /// Who answers HTTP.
    async fn ask(&mut self, io: Io) -> Result<(), End> {
        let answer = self.get(io, "/healthz").await;
        self.server = answer.as_ref().ok().and_then(|answer| answer.server.clone());
        self.note(judge::http(&self.way, &answer))
    }

    async fn get(&self, io: Io, path: &str) -> Result<HttpAnswer, Cause> {
        let plain = matches!(io, Io::Tcp(_));
        let request = ClientHandshake {
            host: self.way.url.authority(),
            path: format!("{}{path}", self.base()),
            headers: self.headers(),
        };
        let asking =
            async { http_get(io, &request).await.map_err(|error| Cause::of_handshake(error, plain)) };
        let answer = limited(self.patience(), Phase::Upgrade, asking).await?;
        if answer.status == 400 && crate::error::speaks_of_tls(&answer) && plain {
            return Err(Cause::WantsTls);
        }
        Ok(answer)
    }

    /// The path under which a proxy serves the gateway, without its end.
    fn base(&self) -> &str {
        self.way.url.request_path().split('?').next().unwrap_or_default().trim_end_matches('/')
    }

    fn headers(&self) -> Vec<(String, String)> {
        let headers = self.plan.options.headers.iter();
        headers.map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
    }

    /// The upgrade, by a connection that only listens. Answers the two clocks.
    async fn upgrade(&mut self) -> Result<Option<(Millis, Millis)>, End> {
        let mut progress = Progress::default();
        let options = self.anonymous(self.plan.options.client.clone(), None);
        let deadline = Instant::now() + self.patience();
        let greeted = timeout(self.patience(), greet(&options, deadline, &mut progress)).await;
        match greeted.unwrap_or(Err(Cause::TimedOut { phase: progress.phase })) {
            Ok((stream, _)) => leave(stream).await,
            Err(cause) => {
                let finding = judge::upgrade(&self.way, &cause, self.server.as_deref(), self.patience_ms());
                self.note(finding)?;
            }
        }
        self.note(Finding::passed(Hop::Upgrade, "a WebSocket opens and the gateway speaks first"))?;
        Ok(progress.clocks)
    }

    /// A client without credentials and device, as a page of `origin` when there is one.
    fn anonymous(&self, client: ClientInfo, origin: Option<&str>) -> ConnectOptions {
        let mut options = ConnectOptions {
            timeout: self.patience(),
            headers: self.plan.options.headers.clone(),
            ..ConnectOptions::operator(self.target.clone(), client, Vec::new())
        };
        if let Some(origin) = origin {
            options.headers.push(("Origin".to_owned(), origin.to_owned().into()));
        }
        options
    }

    /// What the gateway says that it sees.
    async fn seen(&self) -> Option<Seen> {
        let mut phase = Phase::Resolve;
        let io = dial(&self.target, Instant::now() + self.patience(), &mut phase).await.ok()?;
        let answer = self.get(io, "/__openclaw__/seen").await.ok()?;
        if answer.status != 200 {
            return None;
        }
        let body = &answer.body_start;
        let json = body.get(body.find('{')?..=body.rfind('}')?)?;
        let document: Value = serde_json::from_str(json).ok()?;
        serde_json::from_value(document.get("seen")?.clone()).ok()
    }

    async fn origin(&mut self) {
        let origin = self.way.url.origin();
        let info = &self.plan.options.client;
        let page = ClientInfo::new("openclaw-control-ui", "webchat", &info.version, &info.platform);
        let options = self.anonymous(page, Some(&origin));
        let deadline = Instant::now() + self.patience();
        let answer = match attempt(&options, AuthParams::default(), Sent::Nothing, deadline).await {
            Ok(accepted) => {
                leave(accepted.stream).await;
                Ok(())
            }
            Err(error) => Err(error),
        };
        let _ = self.note(inside::origin(&self.way, &origin, &answer));
    }

    /// Protocol, credentials, pairing.
    async fn enter(&mut self) {
        let answer = match self.plan.anonymous {
            Some(_) => establish(&self.anonymous(self.plan.options.client.clone(), None)).await,
            None => establish(&self.plan.options).await,
        };
        let answer = match answer {
            Ok(accepted) => {
                let (protocol, sent) = (accepted.hello.protocol, accepted.sent);
                let scopes = accepted.hello.scopes.clone().unwrap_or_default();
                leave(accepted.stream).await;
                Ok(Admitted { protocol, sent, scopes })
            }
            Err(error) => Err(error),
        };
        for finding in inside::admission(&self.way, &answer, self.plan.anonymous) {
            let _ = self.note(finding);
        }
    }
}

/// Says goodbye, so that the gateway does not take the end for a fault.
async fn leave(mut stream: Stream<Io>) {
    if stream.close(close::NORMAL, "").await.is_ok() {
        stream.finish(Instant::now() + GOODBYE).await;
    }
}

/// Seconds for which the certificate is still valid.
fn days_left(io: &Io) -> Option<i64> {
    let Io::Tls(stream) = io else { return None };
    let ends = certificate::not_after(stream.get_ref().1.peer_certificates()?.first()?)?;
    Some(i64::try_from(ends).ok()? - i64::try_from(now().0 / 1000).ok()?)
}

async fn limited<T>(
    patience: Duration,
    phase: Phase,
    work: impl Future<Output = Result<T, Cause>>,
) -> Result<T, Cause> {
    timeout(patience, work).await.unwrap_or(Err(Cause::TimedOut { phase }))
}
