//! The whole way of an edit: read, change, check as loading would, write.

use std::io;
use std::path::PathBuf;

use openclaw_protocol::secret::is_placeholder;
use openclaw_protocol::time::Millis;
use serde_json::Value;

use super::audit::{self, Entry};
use super::commit::{CommitError, backups, commit};
use super::text::{self, TextError};
use super::{Edit, PathProblem, diff, history, merged};
use crate::env::Env;
use crate::file::{self, LoadError, Loaded, from_text, hash_of, read_text};
use crate::issue::{Issue, IssueKind, Severity};
use crate::keypath::KeyPath;
use crate::paths::Paths;
use crate::redact::{self, RestoreError};
use crate::reload::{self, Plan};
use crate::secretref::is_env_shorthand;
use crate::{migrate, schema, substitute};

/// How often an edit of single keys is made again when the file changed between reading and writing.
const RETRIES: usize = 5;

/// Why the configuration was not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The environment forbids writing.
    #[error("The configuration is read-only ({0} is set). Change it where it is generated, or unset {0}.")]
    ReadOnly(&'static str),
    /// Somebody else wrote the file since the caller read it.
    #[error("config changed since last load; re-run config.get and retry")]
    Changed,
    /// The edit does not fit what is there.
    #[error(transparent)]
    Path(#[from] PathProblem),
    /// The key exists in no version.
    #[error(
        "Unknown config path: {path}.{} Run openclaw config schema to inspect valid paths, or add --force to store it anyway.",
        suggestion.as_ref().map(|s| format!(" Did you mean {s}?")).unwrap_or_default()
    )]
    UnknownKey {
        /// The path.
        path: String,
        /// A path that was perhaps meant.
        suggestion: Option<String>,
    },
    /// The result would be invalid; the findings are the new ones.
    #[error("Config validation failed: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Invalid(Vec<Issue>),
    /// The value comes from an included file.
    #[error(
        "Config write would flatten $include-owned config at {0}; edit that include file directly or remove the $include first."
    )]
    IncludeOwned(String),
    /// A redaction marker or a guide's placeholder in the place of a secret.
    #[error(
        "{path}: a placeholder stands where a secret belongs. Set the real value, or let one be generated: openclaw doctor --generate-gateway-token"
    )]
    Placeholder {
        /// The path.
        path: String,
    },
    /// A range of trusted proxies that would vouch for strangers.
    #[error("{0}. Name the proxy's own address, or add --force to trust the whole range.")]
    TooBroad(Issue),
    /// A marker came back for which nothing is stored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The file, or the text to replace it, cannot be read or parsed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The system refused the write.
    #[error("The configuration could not be written: {0}")]
    Io(#[source] io::Error),
    /// There is no backup to go back to.
    #[error("There is no earlier configuration to go back to.")]
    NothingToUndo,
    /// The file is no longer what the change to be undone left behind.
    #[error(
        "The configuration file changed after change {id} ({origin}), so undoing that change would take the later ones back too. Nothing was undone."
    )]
    ChangedSince {
        /// The change that was to be undone.
        id: u64,
        /// What made it.
        origin: String,
        /// Later changes that the journal knows, the newest first; empty when somebody edited the file by hand.
        later: Vec<u64>,
        /// The file as it was before the change.
        copy: PathBuf,
    },
    /// The edit cannot be made in place, and writing the file anew was not wanted.
    #[error(
        "The file can only be written anew, which would lose its comments: two readers of JSON5 do not agree on what it says. Nothing was changed."
    )]
    NotInPlace,
    /// The journal has no change of that number.
    #[error("There is no change {0} in the journal.")]
    NoSuchChange(u64),
}

/// What an edit did.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the file was (or with a dry run: would be) changed.
    pub changed: bool,
    /// The changed paths.
    pub changed_paths: Vec<String>,
    /// Hash before; `None` when there was no file.
    pub old_hash: Option<String>,
    /// Hash after.
    pub new_hash: String,
    /// The copy of what was there.
    pub backup: Option<PathBuf>,
    /// The number of this change in the journal, for undoing it.
    pub change: Option<u64>,
    /// Sentences for whoever asked: an alias was used, comments were lost, no backup could be kept.
    pub notes: Vec<String>,
    /// The configuration as it is now, with its findings.
    pub loaded: Loaded,
    /// What a running gateway has to do about it.
    pub plan: Plan,
}

/// Changes the configuration file. One value per command or request; `origin` and `argv` go into the audit record.
#[derive(Clone)]
pub struct Editor<'a> {
    paths: &'a Paths,
    env: &'a Env,
    origin: &'a str,
    now: Millis,
    argv: Vec<String>,
    force: bool,
    dry_run: bool,
    base: Option<String>,
    in_place: bool,
    undoes: Option<u64>,
}

/// A change to be made to whatever the file says.
enum Change<'c> {
    Edits(&'c [Edit]),
    Patch(&'c Value),
    Text(&'c str),
    /// A text that was once the file's: it may hold what is refused elsewhere.
    Back(&'c str),
}

impl<'a> Editor<'a> {
    /// An editor for the file of `paths`. `origin` is a word for the audit record: `config set`, `config.patch`.
    #[must_use]
    pub fn new(paths: &'a Paths, env: &'a Env, origin: &'a str, now: Millis) -> Self {
        Self {
            paths,
            env,
            origin,
            now,
            argv: vec![],
            force: false,
            dry_run: false,
            base: None,
            in_place: false,
            undoes: None,
        }
    }

    /// Store keys that no version knows, and ranges of proxies that are too wide.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Do everything but write.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Refuse to write the file anew where an edit cannot be made in its text: repairs are patches (D-03).
    #[must_use]
    pub fn in_place(mut self, in_place: bool) -> Self {
        self.in_place = in_place;
        self
    }

    /// Refuse unless the file still has this hash ([`Loaded::hash`]). Without it, edits of single keys are made to
    /// whatever the file says now.
    #[must_use]
    pub fn base_hash(mut self, hash: impl Into<String>) -> Self {
        self.base = Some(hash.into());
        self
    }

    /// The command line, for the audit record, which hides what could be a secret in it.
    #[must_use]
    pub fn argv(mut self, argv: impl IntoIterator<Item = String>) -> Self {
        self.argv = argv.into_iter().collect();
        self
    }

    /// Sets one value. Old spellings (`gateway.token`, `gateway.auth.type`, `gateway.bind 0.0.0.0`) become the current
    /// ones, with a note. Where there is no file yet, the new one is that of a gateway of this machine, as the first
    /// start would write it: without a mode the next start would refuse it (ruling 10).
    ///
    /// # Errors
    /// [`EditError`]; nothing is written then.
    pub fn set(&self, path: &KeyPath, value: Value) -> Result<Outcome, EditError> {
        let file = self.current()?;
        let is_first = file.as_ref().is_some_and(|file| !file.exists) && !is_about_the_mode(path);
        let current = file.map_or_else(|| Value::Object(serde_json::Map::new()), |file| file.source);
        let (mut edits, note) = match migrate::alias(path, &value, &current) {
            Some(alias) => (alias.edits, Some(alias.note)),
            None => (vec![Edit::Set { path: path.clone(), value }], None),
        };
        if is_first {
            edits.push(Edit::Set { path: KeyPath::keys(["gateway", "mode"]), value: "local".into() });
        }
        let mut outcome = self.run(&Change::Edits(&edits))?;
        outcome.notes.splice(0..0, note);
        if is_first && outcome.changed {
            let file = self.paths.short(&self.paths.config_path);
            outcome.notes.push(format!("There was no {file} yet; it is made with gateway.mode local."));
        }
        Ok(outcome)
    }

    /// Removes one value.
    ///
    /// # Errors
    /// [`EditError`]; nothing is written then.
    pub fn unset(&self, path: &KeyPath) -> Result<Outcome, EditError> {
        self.run(&Change::Edits(&[Edit::Unset { path: path.clone() }]))
    }

    /// Makes several edits at once: all of them or none.
    ///
    /// # Errors
    /// [`EditError`]; nothing is written then.
    pub fn edits(&self, edits: &[Edit]) -> Result<Outcome, EditError> {
        self.run(&Change::Edits(edits))
    }

    /// Merges a patch: objects key by key, `null` removes (RPC `config.patch`). Redaction markers keep what is stored.
    ///
    /// # Errors
    /// [`EditError`]; nothing is written then.
    pub fn patch(&self, patch: &Value) -> Result<Outcome, EditError> {
        self.run(&Change::Patch(patch))
    }

    /// Replaces the whole text (RPC `config.set` and `config.apply`). Redaction markers become the stored values again,
    /// and values that repeat what a `${VAR}` came to keep the reference.
    ///
    /// # Errors
    /// [`EditError`]; nothing is written then.
    pub fn apply(&self, raw: &str) -> Result<Outcome, EditError> {
        self.run(&Change::Text(raw))
    }

    /// Takes a change back (`openclaw config undo`): the file gets the very bytes it had before. Without a number it is
    /// the last change that was not taken back yet; a number may also name an undo, which is then redone. Where the
    /// journal knows of no change, the newest backup is used.
    ///
    /// # Errors
    /// [`EditError::ChangedSince`] when the file is not what that change left; nothing is written then.
    pub fn undo(&self, id: Option<u64>) -> Result<(Outcome, Option<history::Entry>), EditError> {
        let journal = history::entries(self.paths);
        let chosen = match id {
            Some(id) => journal.iter().find(|entry| entry.id == id).ok_or(EditError::NoSuchChange(id))?,
            None => match journal.iter().find(|entry| entry.undoes.is_none() && !entry.undone) {
                Some(entry) => entry,
                None if journal.is_empty() => return self.undo_by_backup().map(|outcome| (outcome, None)),
                None => return Err(EditError::NothingToUndo),
            },
        };
        let before = match history::before(self.paths, chosen) {
            Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| EditError::NothingToUndo)?,
            Ok(None) => return Err(EditError::NothingToUndo),
            Err(error) => return Err(EditError::Io(error)),
        };
        let editor = Self { base: Some(chosen.next_hash.clone()), undoes: Some(chosen.id), ..self.clone() };
        match editor.run(&Change::Back(&before)) {
            Ok(outcome) => Ok((outcome, Some(chosen.clone()))),
            Err(EditError::Changed) => Err(EditError::ChangedSince {
                id: chosen.id,
                origin: chosen.origin.clone(),
                later: journal.iter().map(|entry| entry.id).filter(|later| *later > chosen.id).collect(),
                copy: history::folder(self.paths).join(format!("{:06}.before", chosen.id)),
            }),
            Err(error) => Err(error),
        }
    }

    fn undo_by_backup(&self) -> Result<Outcome, EditError> {
        let target =
            std::fs::canonicalize(&self.paths.config_path).unwrap_or_else(|_| self.paths.config_path.clone());
        let newest = backups(&target).into_iter().next().ok_or(EditError::NothingToUndo)?;
        let (text, _) = read_text(&newest)?.ok_or(EditError::NothingToUndo)?;
        self.run(&Change::Back(&text))
    }

    fn run(&self, change: &Change<'_>) -> Result<Outcome, EditError> {
        for name in ["OPENCLAW_NIX_MODE", "OPENCLAW_CONFIG_READONLY"] {
            if self.env.flag(name) {
                return Err(EditError::ReadOnly(name));
            }
        }
        let mut last = EditError::Changed;
        for _ in 0..RETRIES {
            match self.once(change) {
                // Single keys can be set in whatever the file has become, unless the caller insists on its version.
                Err(EditError::Changed) if self.base.is_none() && !matches!(change, Change::Text(_)) => {
                    last = EditError::Changed
                }
                done => return done,
            }
        }
        Err(last)
    }

    /// What the file says now; `None` when it cannot be parsed (a whole new text may still replace it).
    fn current(&self) -> Result<Option<Loaded>, EditError> {
        match file::load(self.paths, self.env) {
            Ok(loaded) => Ok(Some(loaded)),
            Err(LoadError::Syntax { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn once(&self, change: &Change<'_>) -> Result<Outcome, EditError> {
        let (old, hash) = match file::load(self.paths, self.env) {
            Ok(old) => {
                let hash = old.hash.clone();
                (Some(old), hash)
            }
            Err(LoadError::Syntax { hash, .. }) if matches!(change, Change::Text(_) | Change::Back(_)) => {
                (None, Some(hash))
            }
            Err(error) => return Err(error.into()),
        };
        if self.base.is_some() && self.base != hash {
            return Err(EditError::Changed);
        }
        let mut notes = vec![];
        let new_text = self.new_text(change, old.as_ref(), &mut notes)?;
        let loaded = from_text(self.paths, self.env, new_text.clone(), Some(hash_of(new_text.as_bytes())))?;
        if !matches!(change, Change::Back(_)) {
            self.judge(change, old.as_ref(), &loaded)?;
        }

        let empty = Value::Null;
        let before = old.as_ref().map_or(&empty, |o| &o.source);
        let changed_paths: Vec<String> =
            diff::changed(before, &loaded.source).iter().map(ToString::to_string).collect();
        let new_hash = hash_of(new_text.as_bytes());
        let changed = hash.as_deref() != Some(new_hash.as_str());
        let plan = reload::plan(old.as_ref().map_or(&empty, |o| &o.value), &loaded.value);
        let mut outcome = Outcome {
            changed,
            changed_paths,
            old_hash: hash.clone(),
            new_hash,
            backup: None,
            change: None,
            notes,
            loaded,
            plan,
        };
        if changed && !self.dry_run {
            self.write(&new_text, hash.as_deref(), old.as_ref(), &mut outcome)?;
        }
        Ok(outcome)
    }

    /// The text after the change.
    fn new_text(
        &self,
        change: &Change<'_>,
        old: Option<&Loaded>,
        notes: &mut Vec<String>,
    ) -> Result<String, EditError> {
        let old_text = old.map_or("", |o| o.raw.as_str());
        let nothing = Value::Object(serde_json::Map::new());
        let (source, resolved) = old.map_or((&nothing, &nothing), |o| (&o.source, &o.value));
        let (base, edits) = match change {
            Change::Back(text) => return Ok((*text).to_owned()),
            Change::Edits(edits) => {
                for edit in *edits {
                    self.permit(edit, old)?;
                }
                (old_text, edits.to_vec())
            }
            Change::Patch(patch) => {
                let mut new = merged(source, patch);
                redact::restore(&mut new, source, resolved)?;
                (old_text, diff::edits(source, &new))
            }
            Change::Text(raw) => {
                let sent = crate::parse::parse(raw).map_err(|error| LoadError::Syntax {
                    path: self.paths.config_path.clone(),
                    error,
                    hash: String::new(),
                })?;
                let mut new = sent.clone();
                redact::restore(&mut new, source, resolved)?;
                (*raw, diff::edits(&sent, &new))
            }
        };
        let edited = text::apply(base, &edits).map_err(|error| match error {
            TextError::Path(problem) => EditError::Path(problem),
            TextError::Parse(error) => EditError::Load(LoadError::Syntax {
                path: self.paths.config_path.clone(),
                error,
                hash: String::new(),
            }),
        })?;
        if edited.rewritten && self.in_place {
            return Err(EditError::NotInPlace);
        }
        if edited.rewritten {
            notes.push("The file could not be edited in place and was written anew: comments and formatting are gone (the backup has them).".to_owned());
        }
        Ok(edited.text)
    }

    /// What can be said against a single edit before it is made.
    fn permit(&self, edit: &Edit, old: Option<&Loaded>) -> Result<(), EditError> {
        let path = edit.path();
        if let Edit::Set { value, .. } = edit {
            if schema::at(path).is_none() && !self.force {
                return Err(EditError::UnknownKey {
                    path: path.to_string(),
                    suggestion: schema::suggest(path),
                });
            }
            no_placeholders(path, value, schema::is_secret(path))?;
        }
        if let Some(old) = old {
            for owned in &old.include_owned {
                let inside = owned.is_prefix_of(path) && owned != path;
                // A value that only the included file has: setting it here would hide that one, removing it here
                // would do nothing.
                if inside && path.get(&old.source).is_none() && path.get(&old.value).is_some() {
                    return Err(EditError::IncludeOwned(owned_name(owned)));
                }
            }
        }
        Ok(())
    }

    /// Compares the findings before and after, and refuses what got worse.
    fn judge(&self, change: &Change<'_>, old: Option<&Loaded>, new: &Loaded) -> Result<(), EditError> {
        let before: &[Issue] = old.map_or(&[], |o| &o.issues);
        let mut added: Vec<&Issue> =
            new.issues.iter().filter(|i| !before.iter().any(|b| b.same_finding(i))).collect();
        if let Some(issue) = added.iter().find(|i| i.kind == IssueKind::Placeholder) {
            return Err(EditError::Placeholder { path: issue.path.clone() });
        }
        let unknown = added.iter().find(|i| i.kind == IssueKind::UnknownKey).filter(|_| !self.force);
        if let Some(issue) = unknown {
            let key = issue.subject.as_deref().unwrap_or_default();
            let parent: KeyPath = issue.path.parse().unwrap_or_default();
            let path = if issue.path == "<root>" { KeyPath::keys([key]) } else { parent.key(key) };
            return Err(EditError::UnknownKey { path: path.to_string(), suggestion: schema::suggest(&path) });
        }
        if let Some(issue) = added.iter().find(|i| i.kind == IssueKind::TooBroad).filter(|_| !self.force) {
            return Err(EditError::TooBroad((*issue).clone()));
        }
        added.retain(|i| i.severity != Severity::Warning);
        if !added.is_empty() {
            return Err(EditError::Invalid(added.into_iter().cloned().collect()));
        }
        if let Some(old) = old.filter(|_| !self.force) {
            for owned in &old.include_owned {
                let kept = owned.key("$include");
                let removed_on_purpose = match change {
                    Change::Edits(edits) => edits.iter().any(
                        |e| matches!(e, Edit::Unset { path } if path.is_prefix_of(owned) || *path == kept),
                    ),
                    _ => false,
                };
                if !removed_on_purpose && kept.get(&old.source) != kept.get(&new.source) {
                    return Err(EditError::IncludeOwned(owned_name(owned)));
                }
            }
        }
        Ok(())
    }

    fn write(
        &self,
        text: &str,
        base: Option<&str>,
        old: Option<&Loaded>,
        outcome: &mut Outcome,
    ) -> Result<(), EditError> {
        let mode =
            |value: &Value| value.get("gateway").and_then(|g| g.get("mode")?.as_str()).map(str::to_owned);
        let mode_before = old.and_then(|o| mode(&o.source));
        let mode_after = mode(&outcome.loaded.source);
        let mut entry = Entry {
            origin: self.origin,
            argv: &self.argv,
            now: self.now,
            existed: base.is_some(),
            previous_hash: base,
            next_hash: &outcome.new_hash,
            previous_bytes: old.map_or(0, |o| o.raw.len()),
            next_bytes: text.len(),
            changed_paths: &outcome.changed_paths,
            mode_before: mode_before.as_deref(),
            mode_after: mode_after.as_deref(),
            has_meta_before: old.is_some_and(|o| o.source.get("meta").is_some()),
            has_meta_after: outcome.loaded.source.get("meta").is_some(),
            result: "failed",
            error: None,
        };
        let journal = history::folder(self.paths);
        match commit(&self.paths.config_path, &self.paths.state_dir, text, base, &journal) {
            Ok(done) => {
                entry.result = done.how;
                outcome.notes.extend(done.warnings);
                outcome.notes.extend(audit::record(self.paths, &entry));
                match done.kept.map(|kept| kept.record(self.change(base, outcome))) {
                    Some(Ok(id)) => outcome.change = Some(id),
                    Some(Err(error)) => {
                        outcome.notes.push(format!("This change cannot be undone by its number: {error}"));
                    }
                    None => {}
                }
                outcome.backup = done.backup;
                Ok(())
            }
            Err(CommitError::Changed) => Err(EditError::Changed),
            Err(CommitError::Io(error)) => {
                entry.error = Some(&error);
                // The failure itself is the message; that it could not be recorded either adds nothing.
                let _ = audit::record(self.paths, &entry);
                Err(EditError::Io(error))
            }
        }
    }
}

impl Editor<'_> {
    /// What the journal tells about a change.
    fn change(&self, base: Option<&str>, outcome: &Outcome) -> history::Entry {
        history::Entry {
            id: 0,
            at: self.now,
            origin: self.origin.to_owned(),
            config_path: self.paths.config_path.clone(),
            changed_paths: outcome.changed_paths.clone(),
            previous_hash: base.map(str::to_owned),
            next_hash: outcome.new_hash.clone(),
            undoes: self.undoes,
            undone: false,
        }
    }
}

fn owned_name(owned: &KeyPath) -> String {
    if owned.is_root() { "<root>".to_owned() } else { owned.to_string() }
}

/// Refuses markers and placeholders wherever a secret would be stored, also deep in an object.
fn no_placeholders(path: &KeyPath, value: &Value, secret: bool) -> Result<(), EditError> {
    match value {
        Value::String(text) => {
            let reference = is_env_shorthand(text) || substitute::mentions(text);
            let marker = text.contains(openclaw_protocol::secret::REDACTED);
            if marker || (secret && !reference && is_placeholder(text)) {
                return Err(EditError::Placeholder { path: path.to_string() });
            }
            Ok(())
        }
        Value::Array(list) => {
            list.iter().enumerate().try_for_each(|(i, v)| no_placeholders(&path.index(i), v, secret))
        }
        Value::Object(map) => map.iter().try_for_each(|(k, v)| {
            let below = path.key(k);
            let secret = schema::is_secret(&below);
            no_placeholders(&below, v, secret)
        }),
        _ => Ok(()),
    }
}

/// Whether a key is about which gateway this machine uses: whoever sets it decides the mode.
fn is_about_the_mode(path: &KeyPath) -> bool {
    let path = path.to_string();
    path == "gateway" || path == "gateway.mode" || path.starts_with("gateway.remote")
}

#[cfg(test)]
mod tests;
