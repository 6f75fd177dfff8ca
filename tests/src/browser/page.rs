//! One page (a tab) and what a person does with it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::process::Driver;
use super::texts;

/// A tab. It stays open as long as its browser, unless it is closed.
#[derive(Clone)]
pub struct Page {
    driver: Arc<Driver>,
    base: String,
    profile: u64,
    index: u64,
}

impl Page {
    pub(super) fn open(driver: &Arc<Driver>, base: &str, profile: u64) -> Page {
        let index = driver.ask(json!({"op": "page", "profile": profile}), "open a page").as_u64().unwrap();
        Page { driver: driver.clone(), base: base.to_owned(), profile, index }
    }

    /// Another tab of the same browser.
    pub fn new_tab(&self) -> Page {
        Page::open(&self.driver, &self.base, self.profile)
    }

    #[track_caller]
    fn ask(&self, mut command: Value, step: &str) -> Value {
        command["page"] = json!(self.index);
        self.driver.ask(command, step)
    }

    /// Opens an address; a path is one of the gateway's. Returns the status of the answer.
    #[track_caller]
    pub fn goto(&self, url: &str) -> u64 {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let step = format!("open {url}");
        self.ask(json!({"op": "goto", "url": url}), &step).as_u64().unwrap()
    }

    /// Clicks the one thing of that role and name, once it can be clicked.
    #[track_caller]
    pub fn click(&self, role: &str, name: &str) {
        self.ask(json!({"op": "click", "role": role, "name": name}), &format!("click the {role} “{name}”"));
    }

    /// Puts `text` in the place of what the field of that label holds.
    #[track_caller]
    pub fn fill(&self, label: &str, text: &str) {
        self.ask(json!({"op": "fill", "label": label, "text": text}), &format!("fill in “{label}”"));
    }

    /// Chooses an option of a list.
    #[track_caller]
    pub fn select(&self, label: &str, option: &str) {
        let step = format!("choose “{option}” for “{label}”");
        self.ask(json!({"op": "select", "label": label, "option": option}), &step);
    }

    /// Sets a box or a switch.
    #[track_caller]
    pub fn check(&self, label: &str, on: bool) {
        self.ask(json!({"op": "check", "label": label, "on": on}), &format!("set “{label}” to {on}"));
    }

    /// What the field of that label holds.
    #[track_caller]
    pub fn value(&self, label: &str) -> String {
        self.text_of(json!({"op": "value", "label": label}), &format!("read the field “{label}”"))
    }

    /// Presses a key, as `Enter`, `Tab`, `Control+k`.
    #[track_caller]
    pub fn press(&self, key: &str) {
        self.ask(json!({"op": "press", "key": key}), &format!("press {key}"));
    }

    /// Types letter by letter where the focus is.
    #[track_caller]
    pub fn types(&self, text: &str) {
        self.ask(json!({"op": "write", "text": text}), "type");
    }

    /// Waits until these words can be read.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.ask(json!({"op": "sees", "text": text}), &format!("see “{text}”"));
    }

    /// Waits until these words cannot be read any more.
    #[track_caller]
    pub fn gone(&self, text: &str) {
        self.ask(json!({"op": "gone", "text": text}), &format!("see “{text}” go"));
    }

    /// Waits until there is something of that role and name.
    #[track_caller]
    pub fn sees_role(&self, role: &str, name: &str) {
        let step = format!("see the {role} “{name}”");
        self.ask(json!({"op": "sees_role", "role": role, "name": name}), &step);
    }

    /// Waits until there is nothing of that role and name any more.
    #[track_caller]
    pub fn gone_role(&self, role: &str, name: &str) {
        let step = format!("see the {role} “{name}” go");
        self.ask(json!({"op": "gone_role", "role": role, "name": name}), &step);
    }

    /// How many of that role and name there are now.
    #[track_caller]
    pub fn count(&self, role: &str, name: &str) -> u64 {
        let step = format!("count {role} “{name}”");
        self.ask(json!({"op": "count", "role": role, "name": name}), &step).as_u64().unwrap()
    }

    /// The name of what has the focus; empty when nothing has it.
    pub fn focused(&self) -> String {
        self.text_of(json!({"op": "focused"}), "look for the focus")
    }

    /// All that can be read.
    pub fn text(&self) -> String {
        self.text_of(json!({"op": "text"}), "read the page")
    }

    /// What stands in the address bar.
    pub fn url(&self) -> String {
        self.text_of(json!({"op": "url"}), "read the address bar")
    }

    /// Waits until this stands in the address bar.
    #[track_caller]
    pub fn at(&self, url: &str) {
        self.ask(json!({"op": "until_url", "pattern": url}), &format!("come to {url}"));
    }

    /// The title of the tab.
    pub fn title(&self) -> String {
        self.text_of(json!({"op": "title"}), "read the title")
    }

    /// Evaluates an expression in the page, promises awaited.
    #[track_caller]
    pub fn eval(&self, js: &str) -> Value {
        self.ask(json!({"op": "eval", "js": js}), &format!("evaluate {js}"))
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn until(&self, js: &str) {
        self.ask(json!({"op": "until", "js": js}), &format!("see {js} become true"));
    }

    /// Loads the page anew, as F5 does.
    #[track_caller]
    pub fn reload(&self) {
        self.ask(json!({"op": "reload"}), "reload");
    }

    /// The addresses and titles in the tab's history.
    pub fn history(&self) -> Vec<String> {
        texts(&self.ask(json!({"op": "history"}), "read the history"))
    }

    /// Closes the tab.
    pub fn close(self) {
        self.ask(json!({"op": "forget"}), "close the page");
    }

    /// Takes the size of a phone.
    pub fn set_phone(&self) {
        self.ask(json!({"op": "size", "name": "phone"}), "become a phone");
    }

    /// Prefers dark.
    pub fn set_dark(&self) {
        self.ask(json!({"op": "scheme", "name": "dark"}), "become dark");
    }

    /// Takes this browser off the network, or puts it back. Open WebSockets stay.
    pub fn offline(&self, on: bool) {
        self.ask(json!({"op": "offline", "on": on}), "unplug the network");
    }

    /// Clears what the site has stored, as a person does in the browser's settings.
    #[track_caller]
    pub fn clear_storage(&self) {
        self.ask(json!({"op": "clear"}), "clear the storage");
    }

    /// Judges the page as it is now with axe-core, wide and light and as a phone and dark: a serious fault fails the
    /// test. With `OPENCLAW_PORTRAITS=<folder>` also draws it there in all four views.
    #[track_caller]
    pub fn portrait(&self, name: &str) {
        let folder = std::env::var_os("OPENCLAW_PORTRAITS").map(PathBuf::from);
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
        }
        let found = texts(&self.ask(
            json!({"op": "portrait", "name": name, "folder": folder}),
            &format!("take the portrait {name}"),
        ));
        assert!(found.is_empty(), "the page “{name}” is not for everybody:\n{}", found.join("\n"));
    }

    /// Measures: see `e2e/figures.mjs`.
    #[track_caller]
    pub fn figures(&self, what: Value) -> Value {
        let mut command = what;
        command["op"] = json!("figures");
        self.ask(command, "measure")
    }

    #[track_caller]
    fn text_of(&self, command: Value, step: &str) -> String {
        self.ask(command, step).as_str().unwrap_or_default().to_owned()
    }
}
