//! The gateway's methods on a stopped gateway's state directory (ruling 27): the same router, with the owner's
//! authority, under the state lock, without a socket.

use std::path::Path;
use std::sync::Arc;

use openclaw_config::start::{self, Overrides, StartPlan};
use openclaw_config::{Env, Loaded, Paths};
use openclaw_os::lock::{LockError, LockHeldBy, LockInfo, Purpose, StateLock};
use openclaw_os::{container, host};
use openclaw_pairing::{StatePaths, Store, StoreError, StoreOptions};
use openclaw_protocol::error::ErrorShape;
use serde_json::Value;

use crate::core::{Core, Facts};
use crate::router::Authority;
use crate::settings::Settings;
use crate::version;

/// Why the state directory cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// A program works on it: the gateway runs after all, or another command does.
    #[error("{0}")]
    Locked(LockHeldBy),
    /// The lock cannot be used.
    #[error("{0}")]
    Lock(LockError),
    /// The configuration cannot be read.
    #[error("{0}")]
    Config(String),
    /// The devices cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A stopped gateway's state directory, held until this is dropped.
pub struct Offline {
    core: Arc<Core>,
    _lock: StateLock,
}

/// The configuration, or none: the methods that mend things must not need one that would start a gateway.
fn settings(env: &Env, paths: &Paths) -> Result<(Loaded, StartPlan), OfflineError> {
    let overrides = Overrides { allow_unconfigured: true, ..Overrides::default() };
    let usable = openclaw_config::load(paths, env)
        .ok()
        .and_then(|loaded| start::plan(&loaded, paths, &overrides).ok().map(|plan| (loaded, plan)));
    if let Some(usable) = usable {
        return Ok(usable);
    }
    let nowhere = Paths::in_state_dir(Path::new("/nonexistent"));
    let none = openclaw_config::load(&nowhere, &Env::default())
        .map_err(|error| OfflineError::Config(error.to_string()))?;
    let plan =
        start::plan(&none, paths, &overrides).map_err(|refusal| OfflineError::Config(refusal.to_string()))?;
    Ok((none, plan))
}

impl Offline {
    /// Takes the state lock and opens the stores. Listens on nothing.
    pub fn open(env: &Env, paths: &Paths) -> Result<Self, OfflineError> {
        openclaw_os::file::ensure_dir(&paths.state_dir, 0o700)
            .map_err(|error| OfflineError::Config(error.to_string()))?;
        let info = LockInfo {
            purpose: Purpose::Command,
            config_path: paths.config_path.clone(),
            version: version::VERSION.to_owned(),
            node_lock_dir: None,
        };
        let lock = StateLock::acquire(&paths.state_dir, &info).map_err(|error| match error {
            LockError::Held(holder) => OfflineError::Locked(holder),
            other => OfflineError::Lock(other),
        })?;
        let (loaded, plan) = settings(env, paths)?;
        let state_dir = &paths.state_dir;
        let (store, _) =
            Store::open(StatePaths::in_state_dir(state_dir), StoreOptions::for_state_dir(state_dir))?;
        let facts = Facts {
            hostname: host::hostname(),
            ip: host::primary_ip(),
            platform: host::platform(),
            in_container: container::detect().is_some(),
            boot_id: uuid::Uuid::new_v4().to_string().into(),
            port: plan.port,
            listening: Vec::new(),
        };
        let settings = Settings::new(loaded, plan, crate::reload::own_addresses());
        Ok(Self { core: Core::new(paths.clone(), env.clone(), settings, store, facts, None), _lock: lock })
    }

    /// Calls a method with the owner's authority.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, ErrorShape> {
        let params = serde_json::value::to_raw_value(&params)
            .map_err(|error| ErrorShape::invalid_params(method, &error.to_string()))?;
        let call = self
            .core
            .router
            .call(&self.core, &Authority::owner(), method, Some(&params))
            .map_err(|refused| refused.error)?;
        call.reply.await
    }
}
