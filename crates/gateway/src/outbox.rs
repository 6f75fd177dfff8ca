//! What waits to be written to one connection: bounded, shared, and free when it is empty.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_protocol::close::Close;
use openclaw_protocol::frame::EventBody;
use tokio::sync::Notify;

/// Events and responses that may wait for one reader. A reader that is this far behind is gone or stuck.
const MAX_ITEMS: usize = 2_048;
/// Bytes that may wait for one reader: `policy.maxBufferedBytes`.
pub const MAX_BYTES: usize = 52_428_800;

/// Something to write.
#[derive(Debug, Clone)]
pub enum Item {
    /// A complete frame: a response, or an event that carries no `seq`.
    Frame(String),
    /// A broadcast event; the session adds its own `seq` when it writes it.
    Event(Arc<EventBody>),
    /// A WebSocket ping.
    Ping,
}

/// What an event replaces when an older one of the same kind still waits (ruling 4: newest wins).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    /// Nothing: every such event is delivered.
    Nothing,
    /// An older `presence`.
    Presence,
    /// An older `health`.
    Health,
    /// An older `tick`.
    Tick,
}

/// Why the session must end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Close with this code and reason after what is queued has been written.
    Close(Close),
    /// The reader is too slow: what is queued is dropped.
    SlowConsumer,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<(Item, Replaces)>,
    bytes: usize,
    end: Option<End>,
}

/// A bounded queue with one reader, the session, and any number of writers. Pushing never waits.
///
/// Order: items come out in the order they were pushed; a replaced event keeps the place of the older one.
#[derive(Debug, Default)]
pub struct Outbox {
    state: Mutex<State>,
    changed: Notify,
}

fn size(item: &Item) -> usize {
    match item {
        Item::Frame(text) => text.len(),
        Item::Event(body) => body.len(),
        Item::Ping => 0,
    }
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an item. After [`Outbox::end`] nothing is taken any more. A full queue ends the session.
    pub fn push(&self, item: Item, replaces: Replaces) {
        {
            let mut state = self.state();
            if state.end.is_some() {
                return;
            }
            let bytes = size(&item);
            let older = (replaces != Replaces::Nothing)
                .then(|| state.queue.iter().position(|(_, kind)| *kind == replaces))
                .flatten();
            if let Some(at) = older {
                let before = std::mem::replace(&mut state.queue[at].0, item);
                state.bytes = state.bytes - size(&before) + bytes;
            } else if state.queue.len() >= MAX_ITEMS || state.bytes + bytes > MAX_BYTES {
                state.queue = VecDeque::new();
                state.bytes = 0;
                state.end = Some(End::SlowConsumer);
            } else {
                state.queue.push_back((item, replaces));
                state.bytes += bytes;
            }
        }
        self.changed.notify_one();
    }

    /// Ends the session. The first call decides how.
    pub fn end(&self, close: Close) {
        self.state().end.get_or_insert(End::Close(close));
        self.changed.notify_one();
    }

    /// The next item, or how the session ends once the queue is empty. Cancel safe.
    pub async fn next(&self) -> Result<Item, End> {
        loop {
            // Registered before the look, so that a push between look and wait is not missed.
            let changed = self.changed.notified();
            if let Some(next) = self.try_next() {
                return next;
            }
            changed.await;
        }
    }

    /// As [`Outbox::next`], without waiting.
    pub fn try_next(&self) -> Option<Result<Item, End>> {
        let mut state = self.state();
        if let Some((item, _)) = state.queue.pop_front() {
            state.bytes -= size(&item);
            if state.queue.is_empty() {
                state.queue = VecDeque::new();
            }
            return Some(Ok(item));
        }
        state.end.clone().map(Err)
    }

    /// Whether the session has to end.
    pub fn has_ended(&self) -> bool {
        self.state().end.is_some()
    }

    /// Waits until the reader is declared too slow or the session is told to end: what a session blocked in a
    /// write must notice.
    pub async fn ended(&self) -> End {
        loop {
            let changed = self.changed.notified();
            if let Some(end) = self.state().end.clone() {
                return end;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Item {
        Item::Frame(text.to_owned())
    }

    fn text(item: Item) -> String {
        match item {
            Item::Frame(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn newest_presence_takes_the_place_of_the_older_one() {
        let outbox = Outbox::default();
        outbox.push(frame("p1"), Replaces::Presence);
        outbox.push(frame("r1"), Replaces::Nothing);
        outbox.push(frame("p2"), Replaces::Presence);
        assert_eq!(text(outbox.next().await.unwrap()), "p2");
        assert_eq!(text(outbox.next().await.unwrap()), "r1");
        assert!(outbox.try_next().is_none());
    }

    #[tokio::test]
    async fn what_was_queued_is_written_before_the_close() {
        let outbox = Outbox::default();
        outbox.push(frame("last words"), Replaces::Nothing);
        outbox.end(Close::new(1012, "service restart"));
        outbox.push(frame("too late"), Replaces::Nothing);
        assert_eq!(text(outbox.next().await.unwrap()), "last words");
        assert_eq!(outbox.next().await.unwrap_err(), End::Close(Close::new(1012, "service restart")));
    }

    #[tokio::test]
    async fn a_reader_too_far_behind_is_ended_and_holds_no_memory() {
        let outbox = Outbox::default();
        for _ in 0..=MAX_ITEMS {
            outbox.push(frame("x"), Replaces::Nothing);
        }
        assert_eq!(outbox.ended().await, End::SlowConsumer);
        assert_eq!(outbox.next().await.unwrap_err(), End::SlowConsumer);
        assert_eq!(outbox.state().queue.capacity(), 0);
    }
}
