//! Operator scopes and what they imply (auth-and-pairing §5.1, §5.2).

mod describe;

use crate::words::Words;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{
    borrow::{Borrow, Cow},
    fmt,
};

/// One scope: a known `operator.*` name, or a `node.*` name. Other strings cannot become a `Scope`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Cow<'static, str>);

impl Scope {
    /// Everything an operator can do; satisfies every `operator.*` scope.
    pub const ADMIN: Self = Self::constant("operator.admin");
    /// Look at state, sessions, logs.
    pub const READ: Self = Self::constant("operator.read");
    /// Chat, run agents, invoke nodes.
    pub const WRITE: Self = Self::constant("operator.write");
    /// Decide about commands that ask for approval.
    pub const APPROVALS: Self = Self::constant("operator.approvals");
    /// See and decide pairing requests.
    pub const PAIRING: Self = Self::constant("operator.pairing");
    /// See one's own sessions.
    pub const SESSIONS_READ: Self = Self::constant("operator.sessions.read");
    /// Work in one's own sessions.
    pub const SESSIONS_WRITE: Self = Self::constant("operator.sessions.write");
    /// Answer questions of agents.
    pub const QUESTIONS: Self = Self::constant("operator.questions");
    /// Voice sessions.
    pub const TALK: Self = Self::constant("operator.talk");
    /// Read the voice providers' secrets.
    pub const TALK_SECRETS: Self = Self::constant("operator.talk.secrets");

    /// All known operator scopes, in the order in which they are shown.
    pub const OPERATOR: [Self; 10] = [
        Self::ADMIN,
        Self::READ,
        Self::WRITE,
        Self::APPROVALS,
        Self::PAIRING,
        Self::SESSIONS_READ,
        Self::SESSIONS_WRITE,
        Self::QUESTIONS,
        Self::TALK,
        Self::TALK_SECRETS,
    ];

    const fn constant(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The scope of that exact name: one of [`Scope::OPERATOR`] or a well-formed `node.*` name.
    #[must_use]
    pub fn known(name: &str) -> Option<Self> {
        Self::OPERATOR.into_iter().find(|scope| scope.0 == name).or_else(|| Self::node(name))
    }

    /// A node scope: `node.` and 1 to 64 of `a-z A-Z 0-9 . _ -`.
    #[must_use]
    pub fn node(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("node.")?;
        let fine = (1..=64).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        fine.then(|| Self(Cow::Owned(name.to_owned())))
    }

    /// The name on the wire, for example `operator.read`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without the `operator.` prefix, as it is shown to people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.strip_prefix("operator.").unwrap_or(&self.0)
    }

    /// Whether this is an `operator.*` scope.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.0.starts_with("operator.")
    }

    /// Whether holding `self` is enough where `wanted` is needed (§5.2).
    #[must_use]
    pub fn implies(&self, wanted: &Self) -> bool {
        if self == wanted {
            return true;
        }
        match self.as_str() {
            "operator.admin" => wanted.is_operator(),
            "operator.write" => {
                [Self::READ, Self::TALK, Self::SESSIONS_READ, Self::SESSIONS_WRITE].contains(wanted)
            }
            "operator.read" | "operator.sessions.write" => *wanted == Self::SESSIONS_READ,
            _ => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Self::known(&name).ok_or_else(|| D::Error::custom("unknown scope"))
    }
}

/// What CLIs of the early-2026 generation ask for.
pub const OPERATOR_DEFAULT_V3: [Scope; 5] =
    [Scope::ADMIN, Scope::READ, Scope::WRITE, Scope::APPROVALS, Scope::PAIRING];

/// What CLIs of the current generation ask for.
pub const OPERATOR_DEFAULT_V4: [Scope; 7] = [
    Scope::ADMIN,
    Scope::READ,
    Scope::WRITE,
    Scope::APPROVALS,
    Scope::QUESTIONS,
    Scope::PAIRING,
    Scope::TALK_SECRETS,
];

/// A set of scopes, kept sorted by name and free of duplicates, so that equal sets are equal texts.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet(Vec<Scope>);

impl ScopeSet {
    /// The empty set: grants nothing.
    pub const EMPTY: Self = Self(Vec::new());

    /// Reads names from the wire or a file. Unknown names are not granted and not kept: they come back, escaped,
    /// so that the caller can say which.
    pub fn parse_known<I>(names: I) -> (Self, Vec<Words>)
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut unknown = Vec::new();
        let known = names
            .into_iter()
            .filter_map(|name| {
                let scope = Scope::known(name.as_ref());
                if scope.is_none() {
                    unknown.push(Words::new(name.as_ref()));
                }
                scope
            })
            .collect();
        (known, unknown)
    }

    /// Every known operator scope: what the local owner and the claim code get.
    #[must_use]
    pub fn full_operator() -> Self {
        Scope::OPERATOR.into_iter().collect()
    }

    /// Scopes in name order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many scopes it lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the scope itself is listed, implications aside.
    pub fn contains(&self, scope: impl Borrow<Scope>) -> bool {
        self.0.binary_search(scope.borrow()).is_ok()
    }

    /// Whether the set is enough where `scope` is needed: listed, or implied by one that is (§5.2).
    pub fn satisfies(&self, scope: impl Borrow<Scope>) -> bool {
        let wanted = scope.borrow();
        self.0.iter().any(|held| held.implies(wanted))
    }

    /// Whether every scope of `other` is satisfied by this set.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|scope| self.satisfies(scope))
    }

    /// Of the scopes in `self` (requested), those that `approved` satisfies: the grant of a connection.
    #[must_use]
    pub fn intersect_satisfied(&self, approved: &Self) -> Self {
        Self(self.0.iter().filter(|scope| approved.satisfies(*scope)).cloned().collect())
    }

    /// Of the scopes in `self` (requested), those that `approved` does not satisfy: what an upgrade asks for.
    #[must_use]
    pub fn beyond(&self, approved: &Self) -> Self {
        Self(self.0.iter().filter(|scope| !approved.satisfies(*scope)).cloned().collect())
    }

    /// Both sets together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other).cloned().collect()
    }

    /// Only the `operator.*` (or only the other) scopes.
    #[must_use]
    pub fn operator_only(&self) -> Self {
        Self(self.0.iter().filter(|scope| scope.is_operator()).cloned().collect())
    }

    /// The set for people: `admin, read, write`; `nothing` when empty.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.is_empty() {
            return "nothing".to_owned();
        }
        // Known scopes in the order in which people know them, node scopes after.
        let known = Scope::OPERATOR.into_iter().filter(|scope| self.contains(scope));
        let others = self.0.iter().filter(|scope| !scope.is_operator()).cloned();
        known.chain(others).map(|scope| scope.short().to_owned()).collect::<Vec<_>>().join(", ")
    }

    /// The names, for places that want plain strings.
    #[must_use]
    pub fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.as_str().to_owned()).collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut list: Vec<Scope> = scopes.into_iter().collect();
        list.sort_unstable();
        list.dedup();
        Self(list)
    }
}

impl<'a> IntoIterator for &'a ScopeSet {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.0).finish()
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Reads a list of names; unknown names are dropped, because an old file may hold scopes that no longer exist.
impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse_known(Vec::<String>::deserialize(deserializer)?).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*, sample::select};

    fn set(names: &[&str]) -> ScopeSet {
        let (set, unknown) = ScopeSet::parse_known(names);
        assert!(unknown.is_empty());
        set
    }

    #[test]
    fn implications_of_section_5_2() {
        for (held, wanted, enough) in [
            ("operator.admin", "operator.pairing", true),
            ("operator.admin", "operator.talk.secrets", true),
            ("operator.admin", "node.run", false),
            ("operator.write", "operator.read", true),
            ("operator.write", "operator.talk", true),
            ("operator.write", "operator.sessions.write", true),
            ("operator.write", "operator.approvals", false),
            ("operator.write", "operator.pairing", false),
            ("operator.write", "operator.talk.secrets", false),
            ("operator.read", "operator.write", false),
            ("operator.read", "operator.sessions.read", true),
            ("operator.read", "operator.sessions.write", false),
            ("operator.sessions.write", "operator.sessions.read", true),
            ("operator.sessions.write", "operator.read", false),
            ("operator.pairing", "operator.read", false),
            ("node.run", "node.run", true),
            ("node.run", "node.other", false),
        ] {
            assert_eq!(set(&[held]).satisfies(Scope::known(wanted).unwrap()), enough, "{held} → {wanted}");
        }
    }

    #[test]
    fn unknown_names_come_back_escaped_and_are_not_granted() {
        let (set, unknown) =
            ScopeSet::parse_known(["operator.read", "operator.root\u{202e}", "node.", "READ"]);
        assert_eq!(set.to_strings(), ["operator.read"]);
        assert_eq!(unknown[0].as_str(), "operator.root\\u{202e}");
        assert_eq!(unknown.len(), 3);
    }

    #[test]
    fn sets_are_lists_of_names_on_the_wire() {
        let set: ScopeSet =
            serde_json::from_str(r#"["operator.write","operator.admin","operator.write","gone"]"#).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["operator.admin","operator.write"]"#);
        assert_eq!(set.in_words(), "admin, write");
        assert_eq!(ScopeSet::EMPTY.in_words(), "nothing");
    }

    fn any_set() -> impl Strategy<Value = ScopeSet> {
        let mut all = Scope::OPERATOR.to_vec();
        all.push(Scope::node("node.run").unwrap());
        vec(select(all), 0..6).prop_map(|scopes| scopes.into_iter().collect())
    }

    proptest! {
        #[test]
        fn covers_is_reflexive_and_transitive(a in any_set(), b in any_set(), c in any_set()) {
            prop_assert!(a.covers(&a));
            prop_assert!(a.covers(&ScopeSet::EMPTY));
            if a.covers(&b) && b.covers(&c) {
                prop_assert!(a.covers(&c));
            }
        }

        #[test]
        fn union_is_the_least_thing_that_covers_both(a in any_set(), b in any_set(), c in any_set()) {
            let both = a.union(&b);
            prop_assert_eq!(&both, &b.union(&a));
            prop_assert_eq!(&both.union(&a), &both);
            prop_assert!(both.covers(&a) && both.covers(&b));
            if c.covers(&a) && c.covers(&b) {
                prop_assert!(c.covers(&both));
            }
        }

        #[test]
        fn a_grant_is_within_what_was_asked_and_what_was_approved(asked in any_set(), approved in any_set()) {
            let grant = asked.intersect_satisfied(&approved);
            prop_assert!(approved.covers(&grant));
            prop_assert!(grant.iter().all(|scope| asked.contains(scope)));
            prop_assert_eq!(grant == asked, approved.covers(&asked));
            prop_assert_eq!(grant.union(&asked.beyond(&approved)), asked);
        }
    }
}
