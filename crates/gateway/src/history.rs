//! How busy the door has been, for the charts: connections, admissions, refusals and requests, per minute for three hours
//! and per quarter of an hour for two days. In memory, bounded, and without a clock of its own: a gateway to which nothing
//! happens does nothing here, and what lies between two events is filled in when somebody reads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use openclaw_protocol::refusal::Cause;
use openclaw_protocol::time::Millis;

/// Step and number of the fine series: three hours by the minute.
const FINE: (u64, usize) = (60_000, 180);
/// Step and number of the coarse series: two days by the quarter of an hour.
const COARSE: (u64, usize) = (900_000, 192);

/// What happened in one step. Only steps in which something happened are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Step {
    /// Its beginning, in steps since the epoch.
    number: u64,
    /// Most connections at one time.
    peak: u32,
    /// Connections at its end.
    level: u32,
    admitted: u32,
    requests: u32,
    /// Refusals by cause; at most one entry for each cause there is.
    refused: Vec<(Cause, u32)>,
}

/// Steps of one length, oldest first.
#[derive(Debug)]
struct Ring {
    step_ms: u64,
    length: usize,
    steps: VecDeque<Step>,
}

impl Ring {
    const fn new((step_ms, length): (u64, usize)) -> Self {
        Self { step_ms, length, steps: VecDeque::new() }
    }

    /// The step that `now` falls into. A clock that was set back goes on counting where it was.
    fn at(&mut self, now: Millis) -> &mut Step {
        let number = now.0 / self.step_ms;
        let last = self.steps.back().map(|step| (step.number, step.level));
        if last.is_none_or(|(last, _)| last < number) {
            let level = last.map_or(0, |(_, level)| level);
            self.steps.push_back(Step { number, peak: level, level, ..Step::default() });
            let oldest = (number + 1).saturating_sub(self.length as u64);
            // One older step stays: its level is that of the gap between it and the next.
            while self.steps.get(1).is_some_and(|step| step.number <= oldest) {
                self.steps.pop_front();
            }
        }
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// The last steps up to `now`, complete. Before `since` nothing was counted here.
    fn series(&self, since: Millis, now: Millis) -> Series {
        let last = (now.0 / self.step_ms).max(self.steps.back().map_or(0, |step| step.number));
        let first = (last + 1).saturating_sub(self.length as u64);
        let mut series = Series::empty(self.step_ms, first, self.length);
        let mut steps = self.steps.iter().peekable();
        let mut level = 0;
        while let Some(step) = steps.next_if(|step| step.number < first) {
            level = step.level;
        }
        for (at, number) in (first..=last).enumerate() {
            let step = steps.next_if(|step| step.number == number);
            series.connections[at] = match step {
                Some(step) => Some(step.peak),
                None => (number >= since.0 / self.step_ms).then_some(level),
            };
            let Some(step) = step else { continue };
            level = step.level;
            series.admitted[at] = step.admitted;
            series.requests[at] = step.requests;
            for (cause, count) in &step.refused {
                series.refuse(at, *cause, *count);
            }
        }
        series
    }
}

/// One series as it is told: all columns have the same length, one value for each step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Length of a step.
    pub step_ms: u64,
    /// Beginning of the first step.
    pub from: Millis,
    /// Most connections at one time; `None` where this process did not run yet.
    pub connections: Vec<Option<u32>>,
    /// Connections that were let in.
    pub admitted: Vec<u32>,
    /// Requests of clients, whatever was answered.
    pub requests: Vec<u32>,
    /// Connections that were refused.
    pub refused: Vec<u32>,
    /// The same by cause, for the causes that occurred.
    pub causes: Vec<(Cause, Vec<u32>)>,
}

impl Series {
    fn empty(step_ms: u64, first: u64, length: usize) -> Self {
        let none = || vec![0; length];
        Self {
            step_ms,
            from: Millis(first * step_ms),
            connections: vec![None; length],
            admitted: none(),
            requests: none(),
            refused: none(),
            causes: Vec::new(),
        }
    }

    fn refuse(&mut self, at: usize, cause: Cause, count: u32) {
        let Some(all) = self.refused.get_mut(at) else { return };
        *all = all.saturating_add(count);
        let column = match self.causes.iter().position(|(known, _)| *known == cause) {
            Some(column) => column,
            None => {
                self.causes.push((cause, vec![0; self.refused.len()]));
                self.causes.len() - 1
            }
        };
        let cell = &mut self.causes[column].1[at];
        *cell = cell.saturating_add(count);
    }

    /// Adds refusals that the journal remembers from before this process counted.
    pub fn add_earlier(&mut self, ts: Millis, cause: Cause, count: u32) {
        if let Some(past) = ts.0.checked_sub(self.from.0) {
            let at = usize::try_from(past / self.step_ms).unwrap_or(usize::MAX);
            self.refuse(at, cause, count);
        }
    }
}

/// The counts so far.
#[derive(Debug)]
pub struct History {
    /// Requests since the last look at the rings, which belong to the minute `minute`. They are counted here because
    /// every request of every connection comes by.
    requests: AtomicU32,
    minute: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    since: Millis,
    fine: Ring,
    coarse: Ring,
}

impl History {
    /// Counts from now on.
    pub fn new(now: Millis) -> Self {
        let state = State { since: now, fine: Ring::new(FINE), coarse: Ring::new(COARSE) };
        Self { requests: AtomicU32::new(0), minute: AtomicU64::new(0), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, now: Millis, change: impl Fn(&mut Step)) {
        let mut state = self.state();
        self.settle(&mut state);
        change(state.fine.at(now));
        change(state.coarse.at(now));
    }

    /// Puts the requests that were counted aside into their step.
    fn settle(&self, state: &mut State) {
        let requests = self.requests.swap(0, Ordering::Relaxed);
        if requests > 0 {
            let minute = Millis(self.minute.load(Ordering::Relaxed) * FINE.0);
            for ring in [&mut state.fine, &mut state.coarse] {
                let step = ring.at(minute);
                step.requests = step.requests.saturating_add(requests);
            }
        }
    }

    /// A connection was let in; with it there are so many.
    pub fn admitted(&self, now: Millis, connections: usize) {
        let level = u32::try_from(connections).unwrap_or(u32::MAX);
        self.change(now, |step| {
            step.admitted = step.admitted.saturating_add(1);
            step.level = level;
            step.peak = step.peak.max(level);
        });
    }

    /// A connection has ended; without it there are so many.
    pub fn left(&self, now: Millis, connections: usize) {
        let level = u32::try_from(connections).unwrap_or(u32::MAX);
        self.change(now, |step| step.level = level);
    }

    /// A connection was refused.
    pub fn refused(&self, now: Millis, cause: Cause) {
        self.change(now, |step| match step.refused.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => step.refused.push((cause, 1)),
        });
    }

    /// A client asked for something.
    pub fn requested(&self, now: Millis) {
        let minute = now.0 / FINE.0;
        if self.minute.load(Ordering::Relaxed) != minute {
            let mut state = self.state();
            self.settle(&mut state);
            self.minute.store(minute, Ordering::Relaxed);
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Since when counting goes on, and the series: fine, coarse.
    pub fn read(&self, now: Millis) -> (Millis, [Series; 2]) {
        let mut state = self.state();
        self.settle(&mut state);
        (state.since, [state.fine.series(state.since, now), state.coarse.series(state.since, now)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = FINE.0;
    const START: u64 = 1_000_000 * COARSE.0;

    fn at(minutes: u64) -> Millis {
        Millis(START + minutes * MINUTE + 1)
    }

    fn last<T: Copy>(column: &[T], count: usize) -> Vec<T> {
        column[column.len() - count..].to_vec()
    }

    #[test]
    fn a_step_holds_the_most_there_were_and_a_gap_holds_what_stayed() {
        let history = History::new(at(0));
        history.admitted(at(0), 1);
        history.admitted(at(0), 2);
        history.left(at(1), 1);
        history.admitted(at(4), 2);
        history.left(at(4), 1);
        history.left(at(4), 0);
        let (since, [fine, coarse]) = history.read(at(5));
        assert_eq!(since, at(0));
        let some = |counts: [u32; 6]| counts.map(Some).to_vec();
        assert_eq!(last(&fine.connections, 6), some([2, 2, 1, 1, 2, 0]));
        assert_eq!(fine.connections[FINE.1 - 7], None, "before the start nobody counted");
        assert_eq!(last(&fine.admitted, 6), [2, 0, 0, 0, 1, 0]);
        assert_eq!((fine.from, fine.connections.len()), (Millis(START - 174 * MINUTE), FINE.1));
        assert_eq!(last(&coarse.connections, 2), [None, Some(2)]);
        assert_eq!(last(&coarse.admitted, 1), [3]);
    }

    #[test]
    fn requests_stand_in_the_minute_they_came_in() {
        let history = History::new(at(0));
        for minute in [0, 0, 0, 2, 2, 7] {
            history.requested(at(minute));
        }
        let (_, [fine, coarse]) = history.read(at(8));
        assert_eq!(last(&fine.requests, 9), [3, 0, 2, 0, 0, 0, 0, 1, 0]);
        assert_eq!(last(&coarse.requests, 1), [6]);
        history.requested(at(8));
        assert_eq!(last(&history.read(at(8)).1[0].requests, 2), [1, 1]);
    }

    #[test]
    fn refusals_are_told_by_cause_also_those_of_an_earlier_run() {
        let history = History::new(at(10));
        history.refused(at(10), Cause::NewDevice);
        history.refused(at(11), Cause::NewDevice);
        history.refused(at(11), Cause::TokenDiffers);
        let (_, [mut fine, _]) = history.read(at(11));
        fine.add_earlier(at(9), Cause::Origin, 40);
        fine.add_earlier(Millis(5), Cause::Origin, 7);
        assert_eq!(last(&fine.refused, 3), [40, 1, 2]);
        let by_cause: Vec<_> = fine.causes.iter().map(|(cause, counts)| (*cause, last(counts, 3))).collect();
        assert_eq!(
            by_cause,
            [
                (Cause::NewDevice, vec![0, 1, 1]),
                (Cause::TokenDiffers, vec![0, 0, 1]),
                (Cause::Origin, vec![40, 0, 0]),
            ]
        );
    }

    #[test]
    fn it_is_bounded_and_survives_a_clock_that_is_set_back() {
        let history = History::new(at(0));
        for minute in 0..10_000 {
            history.admitted(at(minute), 3);
            history.refused(at(minute), Cause::Origin);
        }
        {
            let state = history.state();
            assert!(state.fine.steps.len() <= FINE.1 + 1 && state.coarse.steps.len() <= COARSE.1 + 1);
        }
        history.left(at(5_000), 2);
        let (_, [fine, _]) = history.read(at(5_000));
        assert_eq!(last(&fine.connections, 2), [Some(3), Some(3)]);
        // After more than the whole length without anything, what stayed is still known.
        let (_, [fine, coarse]) = history.read(at(20_000));
        assert_eq!((fine.connections[0], coarse.connections[0]), (Some(2), Some(2)));
        history.admitted(at(20_000), 4);
        let (_, [fine, _]) = history.read(at(20_000));
        assert_eq!((fine.connections[0], last(&fine.connections, 2)), (Some(2), vec![Some(2), Some(4)]));
    }
}
