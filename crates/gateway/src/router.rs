//! Methods: each declared once, with name, required scope, shape of its parameters and handler.
//!
//! `hello-ok.features`, the scope check, `unknown method` and the documentation derive from this registry.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use openclaw_protocol::dialect::Dialect;
use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::ids::{ConnId, DeviceId, RequestId};
use openclaw_protocol::refusal::{MissingScope, Vantage};
use openclaw_protocol::role::Role;
use openclaw_protocol::schema::{self, Field};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::core::Core;

/// Who calls, and with what authority. Made by admission for connections, and explicitly for everything inside
/// the process; never from what a caller says of itself.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The role of the connection.
    pub role: Role,
    /// What it may do.
    pub scopes: ScopeSet,
    /// The device that proved itself, if any.
    pub device: Option<DeviceId>,
    /// Whether it came in by its own device token, not by a shared secret.
    pub by_device_token: bool,
    /// Whether this is the owner: the OS user at the owner socket, or this process itself.
    pub owner: bool,
    /// The connection, when there is one.
    pub conn: Option<ConnId>,
    /// In which dialect errors are worded.
    pub dialect: Dialect,
    /// Whether it asked for scopes and was given none because it sent no device identity (C-17).
    pub scopes_cleared: bool,
}

impl Authority {
    /// The authority of the owner, for the owner socket, commands on a stopped gateway and internal work.
    pub fn owner() -> Self {
        Self {
            role: Role::Operator,
            scopes: ScopeSet::full_operator(),
            device: None,
            by_device_token: false,
            owner: true,
            conn: None,
            dialect: Dialect::V4,
            scopes_cleared: false,
        }
    }

    /// Who it is, for the log.
    pub fn in_words(&self) -> String {
        match (&self.device, self.owner) {
            (_, true) => "the owner".to_owned(),
            (Some(device), _) => device.to_string(),
            (None, _) => "a client without device identity".to_owned(),
        }
    }

    /// Whether the caller holds `scope`.
    pub fn may(&self, scope: &Scope) -> bool {
        self.scopes.satisfies(scope)
    }

    /// The error for a call that needs `scope`, with the reason why the caller does not hold it, and the request that
    /// would widen its device when one waits (C-17).
    pub fn missing(&self, scope: &Scope, request_id: Option<RequestId>, vantage: &Vantage) -> ErrorShape {
        MissingScope {
            missing: scope.clone(),
            required: vec![scope.clone()],
            held: Some(self.scopes.clone()),
            without_device: self.scopes_cleared,
            request_id,
        }
        .error(self.dialect, vantage)
    }
}

/// What a method requires of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Any connected client (`health`).
    Nothing,
    /// An operator, whatever its scopes.
    Operator,
    /// An operator with this scope.
    Scope(Scope),
    /// A node.
    Node,
}

/// The result of a call.
pub type Reply = Result<Value, ErrorShape>;
/// A running handler.
pub type BoxReply = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Handler = Box<dyn Fn(Arc<Core>, Authority, Value) -> Result<BoxReply, ErrorShape> + Send + Sync>;

/// One method of the gateway.
pub struct Method {
    /// The name on the wire.
    pub name: &'static str,
    /// What it requires.
    pub need: Need,
    /// Which dialects advertise it in `features.methods`. A hidden method is callable all the same.
    pub listed: Listed,
    /// Whether it changes how the gateway runs, and counts against the control-plane budget (§3.5).
    pub control_write: bool,
    /// Whether it may take long: then it does not hold up the connection's other calls.
    pub long: bool,
    /// One line for the reference.
    pub summary: &'static str,
    shape: Option<&'static [Field]>,
    handler: Handler,
}

/// In which dialects' feature lists a method appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Both.
    Both,
    /// Protocol 3 only.
    V3,
    /// Protocol 4 only.
    V4,
    /// Neither.
    Hidden,
}

impl Method {
    /// Declares a method. `P` is what the parameters mean once `shape` has accepted them.
    pub fn new<P, F, R>(
        name: &'static str,
        need: Need,
        shape: &'static [Field],
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        P: DeserializeOwned,
        F: Fn(Arc<Core>, Authority, P) -> R + Send + Sync + 'static,
        R: Future<Output = Reply> + Send + 'static,
    {
        let handler: Handler = Box::new(move |core, authority, params| {
            let params: P = serde_json::from_value(params)
                .map_err(|error| ErrorShape::invalid_params(name, &error.to_string()))?;
            Ok(Box::pin(handler(core, authority, params)))
        });
        Self {
            name,
            need,
            listed: Listed::Both,
            control_write: false,
            long: false,
            summary,
            shape: Some(shape),
            handler,
        }
    }

    /// Advertised in these dialects only.
    pub fn listed(mut self, listed: Listed) -> Self {
        self.listed = listed;
        self
    }

    /// Counts against the control-plane write budget.
    pub fn control_write(mut self) -> Self {
        self.control_write = true;
        self
    }

    /// May take long.
    pub fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// Takes any parameters: for a method that answers the same whatever it is asked.
    pub fn any_params(mut self) -> Self {
        self.shape = None;
        self
    }
}

/// All methods of the gateway.
pub struct Router {
    methods: BTreeMap<&'static str, Method>,
    /// In the order of declaration, as `features.methods` lists them.
    order: Vec<&'static str>,
    /// For the commands in its refusals.
    vantage: Vantage,
}

impl Router {
    /// Builds the registry from the families' declarations.
    pub fn new(families: impl IntoIterator<Item = Vec<Method>>) -> Self {
        let mut router = Self { methods: BTreeMap::new(), order: Vec::new(), vantage: Vantage::default() };
        for method in families.into_iter().flatten() {
            router.order.push(method.name);
            let before = router.methods.insert(method.name, method);
            debug_assert!(before.is_none(), "a method is declared once");
        }
        router
    }

    /// With commands in its refusals as they are typed from that vantage point.
    #[must_use]
    pub fn speaking_to(self, vantage: Vantage) -> Self {
        Self { vantage, ..self }
    }

    /// Every method, in order of declaration.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.order.iter().filter_map(|name| self.methods.get(name))
    }

    /// The method of this name.
    pub fn get(&self, name: &str) -> Option<&Method> {
        self.methods.get(name)
    }

    /// The names that `hello-ok.features.methods` lists in this dialect.
    pub fn listed(&self, dialect: Dialect) -> Vec<&'static str> {
        let shown = |listed| match dialect {
            Dialect::V3 => matches!(listed, Listed::Both | Listed::V3),
            Dialect::V4 => matches!(listed, Listed::Both | Listed::V4),
        };
        self.methods().filter(|method| shown(method.listed)).map(|method| method.name).collect()
    }

    /// Whether the caller may call `name` (auth-and-pairing §5.3). An unknown method is an unknown method only
    /// to an administrator; to anybody else it is a missing scope.
    /// `waiting` says which request of the caller's device would bring a scope.
    pub fn authorise(
        &self,
        name: &str,
        authority: &Authority,
        waiting: impl FnOnce(&Scope) -> Option<RequestId>,
    ) -> Result<&Method, Refused> {
        let method = self.get(name);
        let need = method.map_or(Need::Scope(Scope::ADMIN), |method| method.need.clone());
        if need != Need::Nothing {
            let role = if need == Need::Node { Role::Node } else { Role::Operator };
            if authority.role != role {
                let error = ErrorShape::unauthorized_role(authority.role);
                return Err(Refused { error, wrong_role: true });
            }
        }
        if let Need::Scope(scope) = &need
            && !authority.may(scope)
        {
            return Err(authority.missing(scope, waiting(scope), &self.vantage).into());
        }
        method.ok_or_else(|| ErrorShape::unknown_method(name).into())
    }

    /// Authorises, checks the parameters and starts the call. What comes back is the running call, so that the
    /// session decides whether to wait for it.
    pub fn call(
        &self,
        core: &Arc<Core>,
        authority: &Authority,
        name: &str,
        params: Option<&RawValue>,
    ) -> Result<Call, Refused> {
        let method = self.authorise(name, authority, |scope| waiting_for(core, authority, scope))?;
        let params = match params {
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|error| ErrorShape::invalid_params(name, &error.to_string()))?,
            None => Value::Object(serde_json::Map::new()),
        };
        if let Some(shape) = method.shape {
            let issues = schema::check(Some(&params), shape, authority.dialect);
            if !issues.is_empty() {
                return Err(ErrorShape::invalid_params(name, &issues.text()).into());
            }
        }
        if method.control_write && !authority.owner {
            core.control_budget.take(name, authority, core.now())?;
        }
        Ok(Call { reply: (method.handler)(core.clone(), authority.clone(), params)?, long: method.long })
    }
}

/// The request of the caller's own device that asks for `scope`.
fn waiting_for(core: &Core, authority: &Authority, scope: &Scope) -> Option<RequestId> {
    let devices = core.store.snapshot();
    let request = devices.request_of(authority.device.as_ref()?)?;
    (request.is_live(core.now()) && request.scopes.satisfies(scope)).then(|| request.id.clone())
}

/// A call that has been accepted.
pub struct Call {
    /// The running handler.
    pub reply: BoxReply,
    /// Whether it may take long: then the caller does not wait for it before it reads on.
    pub long: bool,
}

/// A call that was not accepted.
#[derive(Debug)]
pub struct Refused {
    /// What to answer.
    pub error: ErrorShape,
    /// Whether the caller has the wrong role for the method: a connection that repeats this is closed.
    pub wrong_role: bool,
}

impl From<ErrorShape> for Refused {
    fn from(error: ErrorShape) -> Self {
        Self { error, wrong_role: false }
    }
}
