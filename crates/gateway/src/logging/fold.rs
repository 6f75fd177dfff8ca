//! Repeats are counted, not repeated: the first line of a kind is shown, and a minute later one line says how many there
//! were (`… ×17 in 60 s`).

use std::collections::HashMap;

use openclaw_protocol::time::Millis;

/// How long equal lines are counted together.
pub const WINDOW_MS: u64 = 60_000;
/// Kinds counted at the same time; strangers can choose keys, so there is a bound. The oldest gives way.
const MAX_KINDS: usize = 1_024;

/// What to do with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The first of its kind: show it.
    Show,
    /// Counted: show nothing now.
    Counted,
}

/// A kind of line whose window has ended after repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded<T> {
    /// What was noted with the last line of the kind.
    pub last: T,
    /// All lines of the window, the first included; at least 2.
    pub count: u64,
    /// The window's length in milliseconds.
    pub window_ms: u64,
}

impl<T> Folded<T> {
    /// `×17 in 60 s`
    pub fn words(&self) -> String {
        format!("×{} in {} s", self.count, self.window_ms.div_ceil(1_000).max(1))
    }
}

/// Counts equal keys in windows of [`WINDOW_MS`].
#[derive(Debug)]
pub struct Fold<T> {
    kinds: HashMap<String, Kind<T>>,
}

#[derive(Debug)]
struct Kind<T> {
    since: Millis,
    count: u64,
    last: T,
}

impl<T> Default for Fold<T> {
    fn default() -> Self {
        Self { kinds: HashMap::new() }
    }
}

impl<T> Fold<T> {
    /// Notes a line of the kind `key` with what it says. What has become due meanwhile is to be shown before it.
    pub fn note(&mut self, key: &str, what: T, now: Millis) -> (Noted, Vec<Folded<T>>) {
        let mut due = self.due(now);
        if let Some(kind) = self.kinds.get_mut(key) {
            kind.count += 1;
            kind.last = what;
            return (Noted::Counted, due);
        }
        if self.kinds.len() >= MAX_KINDS {
            let oldest = self.kinds.iter().min_by_key(|(_, kind)| kind.since).map(|(key, _)| key.clone());
            due.extend(oldest.and_then(|key| self.kinds.remove(&key)).and_then(|kind| kind.end(now)));
        }
        self.kinds.insert(key.to_owned(), Kind { since: now, count: 1, last: what });
        (Noted::Show, due)
    }

    /// The kinds whose window has ended and which were repeated, oldest first. The next line of such a kind is a first
    /// one again.
    pub fn due(&mut self, now: Millis) -> Vec<Folded<T>> {
        if self.next_due().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let mut ended: Vec<Kind<T>> = self
            .kinds
            .extract_if(|_, kind| now.since(kind.since) >= WINDOW_MS)
            .map(|(_, kind)| kind)
            .collect();
        ended.sort_by_key(|kind| kind.since);
        ended.into_iter().filter_map(|kind| kind.end(now)).collect()
    }

    /// Everything counted so far, at the end of the process.
    pub fn drain(&mut self, now: Millis) -> Vec<Folded<T>> {
        let mut ended: Vec<Kind<T>> = self.kinds.drain().map(|(_, kind)| kind).collect();
        ended.sort_by_key(|kind| kind.since);
        ended.into_iter().filter_map(|kind| kind.end(now)).collect()
    }

    /// When [`Fold::due`] next has something to look at.
    pub fn next_due(&self) -> Option<Millis> {
        self.kinds.values().map(|kind| kind.since.plus(WINDOW_MS)).min()
    }
}

impl<T> Kind<T> {
    fn end(self, now: Millis) -> Option<Folded<T>> {
        let window_ms = now.since(self.since).min(WINDOW_MS);
        (self.count > 1).then_some(Folded { last: self.last, count: self.count, window_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_shown_and_the_rest_counted() {
        let mut fold = Fold::default();
        let at = |ms: u64| Millis(1_000_000 + ms);
        assert_eq!(fold.note("a", 0, at(0)), (Noted::Show, vec![]));
        for number in 1..17 {
            assert_eq!(fold.note("a", number, at(number)), (Noted::Counted, vec![]));
        }
        assert_eq!(fold.note("b", 99, at(500)).0, Noted::Show);
        assert_eq!(fold.next_due(), Some(at(60_000)));
        assert!(fold.due(at(59_999)).is_empty());
        let due = fold.due(at(60_000));
        assert_eq!(due, [Folded { last: 16, count: 17, window_ms: 60_000 }]);
        assert_eq!(due[0].words(), "×17 in 60 s");
        assert!(fold.due(at(70_000)).is_empty(), "what came once needs no count");
        assert_eq!(fold.note("a", 1, at(80_000)).0, Noted::Show);
    }

    #[test]
    fn a_late_repeat_comes_after_the_count_of_the_earlier_ones() {
        let mut fold = Fold::default();
        fold.note("a", 1, Millis(0));
        fold.note("a", 2, Millis(1));
        let (noted, due) = fold.note("a", 3, Millis(WINDOW_MS + 5));
        assert_eq!((noted, due.len(), due[0].count), (Noted::Show, 1, 2));
    }

    #[test]
    fn kinds_are_bounded_and_nothing_counted_is_lost() {
        let mut fold = Fold::default();
        fold.note("first", 0, Millis(0));
        fold.note("first", 0, Millis(1));
        let mut said = Vec::new();
        for number in 0..2 * MAX_KINDS as u64 {
            said.extend(fold.note(&format!("k{number}"), 0, Millis(2 + number)).1);
        }
        assert_eq!(fold.kinds.len(), MAX_KINDS);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].count, 2);
        assert!(fold.drain(Millis(9_999)).is_empty());
        assert_eq!(fold.next_due(), None);
    }

    #[test]
    fn a_clock_that_steps_back_does_no_harm() {
        let mut fold = Fold::default();
        fold.note("a", 0, Millis(100_000));
        assert_eq!(fold.note("a", 0, Millis(5)).0, Noted::Counted);
        assert_eq!(fold.due(Millis(160_000)).len(), 1);
    }
}
