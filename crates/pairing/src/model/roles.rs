//! A set of roles in one byte.

use openclaw_protocol::role::Role;
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde::{Deserialize, Serialize};

/// Which of the two roles are meant; iterates operator first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Operator and node.
    pub const BOTH: Self = Self(3);

    /// Just this role.
    pub fn only(role: Role) -> Self {
        Self(bit(role))
    }

    /// Whether `role` is in the set.
    pub fn contains(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    /// Whether every role of `other` is in this set.
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is here and not in `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, operator first.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        [Role::Operator, Role::Node].into_iter().filter(move |role| self.contains(*role))
    }

    /// The names as on the wire, operator first.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Role::as_str).collect()
    }
}

fn bit(role: Role) -> u8 {
    match role {
        Role::Operator => 1,
        Role::Node => 2,
    }
}

/// Which role a scope can belong to: `node.*` to nodes, everything else to operators.
pub(crate) fn role_of_scope(scope: &Scope) -> Role {
    if scope.as_str().starts_with("node.") { Role::Node } else { Role::Operator }
}

/// The part of `scopes` that belongs to `role`.
pub(crate) fn scopes_of_role(scopes: &ScopeSet, role: Role) -> ScopeSet {
    scopes.iter().filter(|scope| role_of_scope(scope) == role).cloned().collect()
}
