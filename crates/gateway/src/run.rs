//! `openclaw gateway run`: the order of start (ruling 9), the banner, restart and stop.

use std::io::{IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use openclaw_config::gateway::{AuthMode, Bind};
use openclaw_config::start::{EXIT_CONFIG, Overrides, StartPlan};
use openclaw_config::{Env, Loaded, Paths, first_run, report, start};
use openclaw_os::lock::{LockError, LockHeldBy, LockInfo, Purpose, StateLock};
use openclaw_os::{container, host, process};
use openclaw_pairing::{StatePaths, Store, StoreOptions};
use openclaw_protocol::refusal::Vantage;
use openclaw_protocol::secret::Secret;
use openclaw_protocol::time::Millis;

use crate::core::{Core, Facts};
use crate::lifecycle::port::{self, Conflict};
use crate::lifecycle::{self, Signals};
use crate::logging::{self, Level, Logging};
use crate::serve::{self, Ending};
use crate::settings::Settings;
use crate::{banner, reload, sockets, version};

/// How long a start waits for a predecessor that is just going down.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// How often, and how long apart, a busy port is tried.
const BIND_TRIES: u32 = 4;
const BIND_PAUSE: Duration = Duration::from_millis(500);
/// How long the last log lines may take to reach the file.
const FLUSH_PATIENCE: Duration = Duration::from_millis(200);

/// How much of each WebSocket message is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WsLog {
    /// Only what is worth it.
    #[default]
    Auto,
    /// Everything.
    Full,
    /// One short line each.
    Compact,
}

/// What `gateway run` was asked for. The texts have been checked by the command line.
#[derive(Clone)]
pub struct RunOptions {
    /// The environment.
    pub env: Env,
    /// Where files are.
    pub paths: Paths,
    /// `--port`.
    pub port: Option<u16>,
    /// `--bind`.
    pub bind: Option<String>,
    /// `--auth`.
    pub auth: Option<String>,
    /// `--token`.
    pub token: Option<Secret>,
    /// `--password`.
    pub password: Option<Secret>,
    /// `--password-file`.
    pub password_file: Option<PathBuf>,
    /// `--allow-unconfigured`.
    pub allow_unconfigured: bool,
    /// `--force`: end whoever holds the port.
    pub force: bool,
    /// `--verbose`.
    pub verbose: bool,
    /// `--dev`.
    pub dev: bool,
    /// `--reset`, with `--dev` only: start over with an empty configuration.
    pub reset: bool,
    /// `--ws-log`.
    pub ws_log: WsLog,
    /// `--log-level`.
    pub log_level: Option<String>,
}

/// Why a gateway did not start or did not stay: lines for standard error, and the exit code.
#[derive(Debug)]
struct Failure {
    lines: Vec<String>,
    exit: u8,
}

impl Failure {
    fn config(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], exit: EXIT_CONFIG }
    }

    fn other(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], exit: 1 }
    }
}

/// Runs the gateway until it is told to stop; answers the exit code.
pub fn run(options: RunOptions) -> u8 {
    match start_and_serve(options) {
        Ok(()) => 0,
        Err(failure) => {
            let mut err = std::io::stderr().lock();
            for line in &failure.lines {
                // Nothing is left to tell it to when standard error is gone.
                writeln!(err, "{line}").ok();
            }
            failure.exit
        }
    }
}

/// As [`run`], for a `main` that returns it.
pub fn run_to_exit(options: RunOptions) -> ExitCode {
    ExitCode::from(run(options))
}

fn start_and_serve(options: RunOptions) -> Result<(), Failure> {
    // First of all, before other descriptors are opened whose numbers could be mistaken for handed-over ones.
    let mut inherited = process::inherited();
    leave_the_terminal(&options.env);
    // Before anything is started: already a provider of secrets could leave a process behind (ruling 29).
    let adopting = process::become_subreaper();
    raise_descriptor_limit();
    let in_container = container::detect().is_some();
    let runtime = runtime().map_err(|error| Failure::other(format!("Gateway failed to start: {error}")))?;
    let signals = {
        let _guard = runtime.enter();
        // Early: a restart signal that comes before its handler would end the process.
        Signals::new().map_err(|error| Failure::other(format!("Gateway failed to start: {error}")))?
    };

    if options.reset {
        reset_dev(&options.paths)?;
    }
    let overrides = overrides(&options, in_container)?;
    let created = if options.allow_unconfigured {
        None
    } else {
        first_run::create_config(&options.paths, &options.env).map_err(|error| {
            let path = options.paths.config_path.display();
            Failure::config(format!("Gateway failed to start: cannot write {path}: {error}"))
        })?
    };
    let (loaded, mut plan) = load(&options, overrides.clone())?;
    if plan.generate_token {
        let now = Millis(now_ms());
        let (token, _) = first_run::store_token(&options.paths, &options.env, "gateway start", now).map_err(|error| {
            Failure::config(format!(
                "Gateway failed to start: token mode without a token, and a generated one cannot be saved: {error}"
            ))
        })?;
        plan.token = Some(start::Sourced { secret: token, source: start::Source::Config });
        plan.generate_token = false;
    }
    let logging = install_logging(&options, &loaded)?;
    for secret in [&plan.token, &plan.password].into_iter().flatten() {
        logging::mask(&secret.secret);
    }
    let addresses = sockets::addresses(plan.bind, loaded.gateway.custom_bind_host.as_deref(), in_container)
        .map_err(|error| Failure::config(error.to_string()))?;
    let kept = sockets::still_wanted(std::mem::take(&mut inherited.tcp), &addresses, plan.port);
    let listeners = runtime.block_on(listen(&options, &addresses, plan.port, kept))?;
    let lock = lock(&options, std::mem::take(&mut inherited.files))?;
    if let Err(error) = adopting {
        tracing::warn!(
            subsystem = "gateway",
            "orphans of tool processes cannot be told from the owner's: {error}"
        );
    }
    let state_dir = options.paths.state_dir.clone();
    let (store, opened) =
        Store::open(StatePaths::in_state_dir(&state_dir), StoreOptions::for_state_dir(&state_dir))
            .map_err(|error| Failure::other(format!("Gateway failed to start: {error}")))?;
    let (owner, owner_path) = match sockets::bind_owner_socket(&state_dir) {
        Ok((owner, path)) => (Some(owner), Some(path)),
        Err(error) => {
            tracing::error!(
                subsystem = "gateway/owner",
                "no owner socket: {error}. Commands on this host need the token"
            );
            (None, None)
        }
    };

    let facts = Facts {
        hostname: host::hostname(),
        ip: host::primary_ip(),
        platform: host::platform(),
        in_container,
        boot_id: uuid::Uuid::new_v4().to_string().into(),
        port: plan.port,
        listening: listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect(),
    };
    let settings = Settings::new(loaded, plan.clone(), reload::own_addresses());
    let paths = options.paths.clone();
    let core = Core::new(paths, options.env.clone(), settings, store, facts, Some(logging.clone()));
    banner::announce(&core, &plan, &listeners, created.is_some(), &opened);
    lifecycle::supervised::keep(&listeners);

    let kept: Vec<_> = listeners
        .iter()
        .map(std::net::TcpListener::try_clone)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::other(format!("Gateway failed to start: {error}")))?;
    let ending = runtime.block_on(async {
        let tcp =
            listeners.into_iter().map(tokio::net::TcpListener::from_std).collect::<Result<Vec<_>, _>>()?;
        let owner = owner.map(tokio::net::UnixListener::from_std).transpose()?;
        let until = reload::until_told(core.clone(), signals, overrides);
        Ok::<_, std::io::Error>(serve::serve(core.clone(), tcp, owner, until).await)
    });
    let ending = ending.map_err(|error| Failure::other(format!("Gateway failed to start: {error}")))?;
    // What cannot be written has been said already.
    core.journal.save().ok();
    if let Err(error) = core.store.close() {
        tracing::error!(subsystem = "gateway/pairing", "the device store did not close cleanly: {error}");
    }
    if let Some(path) = owner_path {
        // The next start makes its own; one that is left over is recognised as dead.
        std::fs::remove_file(path).ok();
    }
    runtime.shutdown_background();
    logging.flush(FLUSH_PATIENCE);
    if ending == Ending::Restart {
        let mut keep: Vec<_> = kept.iter().map(|listener| listener.as_fd()).collect();
        keep.push(lock.as_fd());
        let error = process::exec_self(&keep);
        return Err(Failure::other(format!("The gateway could not restart in place: {error}")));
    }
    Ok(())
}

/// A gateway that was started in the background has a session of its own: nothing that happens to the terminal from
/// which it was started reaches it.
fn leave_the_terminal(env: &Env) {
    if env.get(openclaw_service::running::STARTED_BY).is_some() {
        // It is refused after a restart in place, when it has been done.
        rustix::process::setsid().ok();
    }
}

/// A thread for each core, four at most: handshakes are short, and each thread costs memory.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(16)
        .thread_name("gateway")
        .enable_all()
        .build()
}

/// One connection is one descriptor, and the usual soft limit of 1,024 is for programs that use `select`.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).ok();
    }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `--dev --reset`: the old configuration is kept beside the new one, nothing else is touched.
fn reset_dev(paths: &Paths) -> Result<(), Failure> {
    let config = &paths.config_path;
    let aside = config.with_extension("json.reset");
    match std::fs::rename(config, &aside) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(Failure::config(format!("--reset: cannot move {} aside: {error}", config.display())))
        }
    }
}

fn overrides(options: &RunOptions, in_container: bool) -> Result<Overrides, Failure> {
    let password = match &options.password_file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::config(format!("--password-file {}: {error}", file.display())))?;
            Some(Secret::present(&text).ok_or_else(|| {
                Failure::config(format!("--password-file {}: the file is empty", file.display()))
            })?)
        }
        None => options.password.clone(),
    };
    let mut overrides = Overrides {
        port: options.port,
        bind: options.bind.as_deref().and_then(Bind::parse),
        auth_mode: options.auth.as_deref().and_then(AuthMode::parse),
        token: options.token.clone(),
        password,
        tailscale: None,
        allow_unconfigured: options.allow_unconfigured,
    };
    if in_container && overrides.bind.is_none() {
        let configured =
            openclaw_config::load(&options.paths, &options.env).ok().and_then(|loaded| loaded.gateway.bind);
        // Inside a container loopback can be reached by nobody.
        overrides.bind = configured.is_none().then_some(Bind::Auto);
    }
    Ok(overrides)
}

fn load(options: &RunOptions, overrides: Overrides) -> Result<(Loaded, StartPlan), Failure> {
    let mut loaded = openclaw_config::load(&options.paths, &options.env).map_err(|error| Failure {
        lines: report::start_aborted(&options.paths, &error.issues()),
        exit: EXIT_CONFIG,
    })?;
    loaded.resolve_exec_secrets(&options.paths);
    let plan = start::plan(&loaded, &options.paths, &overrides)
        .map_err(|refusal| Failure { lines: refusal.lines, exit: refusal.exit })?;
    Ok((loaded, plan))
}

fn install_logging(options: &RunOptions, loaded: &Loaded) -> Result<Logging, Failure> {
    let settings = reload::logging_settings(
        loaded,
        &reload::LogOverrides {
            flag: options.log_level.as_deref().and_then(Level::parse),
            verbose: options.verbose,
            colour: wants_colour(&options.env),
            profile: options.paths.profile.clone(),
            environment: options.env.get("OPENCLAW_LOG_LEVEL").map(str::to_owned),
        },
    );
    logging::report_panics();
    Logging::install(settings)
        .map_err(|error| Failure::other(format!("Gateway failed to start: no log: {error}")))
}

fn wants_colour(env: &Env) -> bool {
    env.get("FORCE_COLOR").is_some_and(|value| value != "0")
        || (env.get("NO_COLOR").is_none() && std::io::stdout().is_terminal())
}

async fn listen(
    options: &RunOptions,
    addresses: &[std::net::IpAddr],
    port: u16,
    kept: Vec<std::net::TcpListener>,
) -> Result<Vec<std::net::TcpListener>, Failure> {
    // After a restart in place the holder of the port is this process itself.
    if options.force
        && kept.is_empty()
        && let Some(first) = addresses.first()
    {
        let say = |line: String| tracing::info!(subsystem = "gateway", "{line}");
        port::free_port(std::net::SocketAddr::new(*first, port), say)
            .await
            .map_err(|error| Failure::other(format!("Force: Error: {error}")))?;
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match sockets::listen(addresses, port, &kept) {
            Ok(listeners) => return Ok(listeners),
            Err(error) if error.is_busy() && tries < BIND_TRIES => tokio::time::sleep(BIND_PAUSE).await,
            Err(error) if error.is_busy() => {
                let url = format!("ws://127.0.0.1:{port}");
                let conflict =
                    Conflict::examine(&url, port, &options.paths.state_dir, &vantage(&options.paths));
                let mut lines = conflict.lines;
                if let Some(holder) = openclaw_os::lock::held_by(&options.paths.state_dir) {
                    lines.insert(0, held(&holder));
                }
                return Err(Failure { lines, exit: EXIT_CONFIG });
            }
            Err(error) => return Err(Failure::other(format!("Gateway failed to start: {error}"))),
        }
    }
}

/// From where the owner reads what this process prints.
pub(crate) fn vantage(paths: &Paths) -> Vantage {
    Vantage {
        profile: paths.profile.clone(),
        container: container::detect().and_then(|_| {
            let stated = std::env::var(container::PREFIX_VARIABLE).ok();
            Vantage::container_prefix(stated.as_deref(), &host::hostname())
        }),
        ..Vantage::default()
    }
}

fn lock(options: &RunOptions, inherited: Vec<std::os::fd::OwnedFd>) -> Result<StateLock, Failure> {
    let many = options.env.flag("OPENCLAW_ALLOW_MULTI_GATEWAY");
    let info = LockInfo {
        purpose: Purpose::Gateway,
        config_path: options.paths.config_path.clone(),
        version: version::VERSION.to_owned(),
        node_lock_dir: (!many).then(openclaw_os::tmp::node_lock_dir),
    };
    let mut inherited = Some(inherited);
    let began = Instant::now();
    loop {
        match StateLock::acquire_inherited(
            &options.paths.state_dir,
            &info,
            inherited.take().unwrap_or_default(),
        ) {
            Ok(lock) => return Ok(lock),
            Err(LockError::Held(_)) if began.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(LockError::Held(holder)) => {
                return Err(Failure {
                    lines: vec![
                        held(&holder),
                        format!(
                            "If the gateway is supervised, stop it with: {} gateway stop",
                            options.paths.command()
                        ),
                    ],
                    exit: EXIT_CONFIG,
                });
            }
            Err(error) => return Err(Failure::other(format!("Gateway failed to start: {error}"))),
        }
    }
}

/// The original's words for a state directory that a gateway works on already.
fn held(holder: &LockHeldBy) -> String {
    format!("Gateway failed to start: {holder}; lock timeout after {}ms", LOCK_PATIENCE.as_millis())
}
