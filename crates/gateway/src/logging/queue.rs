//! The bounded queue between those who log and the thread that writes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Health;
use super::line::Record;
use super::settings::Settings;

/// What may wait: a few thousand ordinary lines. Beyond it lines are dropped and counted.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Something for the writer to do.
#[derive(Debug)]
pub(super) enum Work {
    Line(Record),
    Announce(String),
    Apply(Box<Settings>),
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is work, or the end.
    ready: Condvar,
    /// A batch was written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    work: VecDeque<Work>,
    bytes: usize,
    dropped: u64,
    lost: u64,
    /// Numbers of the last item pushed and of the last written.
    pushed: u64,
    done: u64,
    flushing: bool,
    closed: bool,
    health: Health,
}

/// What the writer gets at once.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) work: VecDeque<Work>,
    /// Lines dropped since the last batch.
    pub(super) dropped: u64,
    /// Somebody waits for everything, the counted repeats included.
    pub(super) flushing: bool,
    /// Nobody can push any more.
    pub(super) closed: bool,
    upto: u64,
}

impl Queue {
    pub(super) fn push(&self, record: Record) {
        let weight = record.weight();
        let mut state = self.lock();
        if state.bytes + weight > MAX_BYTES {
            state.dropped += 1;
            state.lost += 1;
            return;
        }
        state.bytes += weight;
        state.push(Work::Line(record));
        self.ready.notify_one();
    }

    /// For the few things that must not be dropped; their number is bounded by what the owner does.
    pub(super) fn push_always(&self, work: Work) {
        self.lock().push(work);
        self.ready.notify_one();
    }

    /// Waits for work, at most `limit`.
    pub(super) fn take(&self, limit: Option<Duration>) -> Batch {
        let mut state = self.lock();
        let until = limit.map(|limit| Instant::now() + limit);
        while state.work.is_empty() && state.dropped == 0 && !state.flushing && !state.closed {
            state = match until {
                None => self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    self.ready.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.bytes = 0;
        Batch {
            work: std::mem::take(&mut state.work),
            dropped: std::mem::take(&mut state.dropped),
            flushing: std::mem::take(&mut state.flushing),
            closed: state.closed,
            upto: state.pushed,
        }
    }

    /// The batch is written; `unwritten` lines of it never reached the file.
    pub(super) fn done(&self, batch: &Batch, unwritten: u64, health: Health) {
        let mut state = self.lock();
        state.done = batch.upto;
        state.lost += unwritten;
        state.health = health;
        self.written.notify_all();
    }

    pub(super) fn flush(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        // An item of its own, so that the batch now being written does not count as the answer.
        state.pushed += 1;
        let target = state.pushed;
        state.flushing = true;
        self.ready.notify_one();
        while state.done < target {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.written.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn health(&self) -> Health {
        let state = self.lock();
        Health { lost: state.lost, ..state.health.clone() }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, work: Work) {
        self.pushed += 1;
        self.work.push_back(work);
    }
}

/// The pushing end. When the last clone's `Arc` goes, the writer finishes what is there and ends.
#[derive(Debug)]
pub(super) struct Feed(pub(super) Arc<Queue>);

impl std::ops::Deref for Feed {
    type Target = Queue;
    fn deref(&self) -> &Queue {
        &self.0
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::Level;

    fn line(text: &str) -> Record {
        Record {
            time: std::time::SystemTime::UNIX_EPOCH,
            level: Level::Info,
            subsystem: "x".into(),
            message: text.into(),
            place: None,
            fold: None,
            facts: Vec::new(),
            to_file: true,
            to_console: true,
        }
    }

    #[test]
    fn overflow_costs_lines_and_is_counted() {
        let queue = Queue::default();
        let big = "x".repeat(16 * 1024);
        for _ in 0..MAX_BYTES / big.len() + 10 {
            queue.push(line(&big));
        }
        queue.push_always(Work::Announce("must arrive".into()));
        let batch = queue.take(None);
        assert!(batch.dropped >= 10, "{}", batch.dropped);
        assert!(matches!(batch.work.back(), Some(Work::Announce(_))));
        queue.done(&batch, 3, Health::default());
        assert_eq!(queue.health().lost, batch.dropped + 3);
        queue.push(line("again"));
        assert_eq!(queue.take(None).work.len(), 1);
    }

    #[test]
    fn taking_waits_no_longer_than_asked_and_flushing_needs_a_later_batch() {
        let queue = Arc::new(Queue::default());
        assert!(queue.take(Some(Duration::ZERO)).work.is_empty());
        queue.push(line("a"));
        let early = queue.take(None);
        let flusher = {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || queue.flush(Duration::from_secs(30)))
        };
        let batch = queue.take(None);
        queue.done(&early, 0, Health::default());
        assert!(batch.flushing && !flusher.is_finished());
        queue.done(&batch, 0, Health::default());
        flusher.join().unwrap();
        drop(Feed(Arc::clone(&queue)));
        assert!(queue.take(None).closed);
    }
}
