//! A gateway made of prepared answers, to test commands without one.

use std::collections::VecDeque;
use std::future::Future;

use openclaw_protocol::error::ErrorShape;
use openclaw_protocol::refusal::Vantage;
use serde_json::Value;

use super::{Answer, CallError, Gateway, Reply};

/// Answers calls in a fixed order; any other call fails the test.
pub(crate) struct Scripted {
    answers: VecDeque<(String, Result<Value, String>)>,
    /// What was called, with the parameters.
    pub(crate) calls: Vec<(String, Value)>,
    running: bool,
    /// The device as which it let this program in.
    pub(crate) own: Option<String>,
}

impl Scripted {
    /// A running gateway that expects these calls.
    pub(crate) fn new<const N: usize>(answers: [(&str, Result<Value, &str>); N]) -> Scripted {
        let answers =
            answers.into_iter().map(|(method, answer)| (method.to_owned(), answer.map_err(str::to_owned)));
        Scripted { answers: answers.collect(), calls: Vec::new(), running: true, own: None }
    }

    /// The same, but stopped: only its state directory answers.
    pub(crate) fn stopped(mut self) -> Scripted {
        self.running = false;
        self
    }
}

impl Gateway for Scripted {
    fn call<'a>(&'a mut self, method: &'a str, params: Value) -> Answer<'a> {
        let (expected, answer) =
            self.answers.pop_front().unwrap_or_else(|| panic!("unexpected call {method} {params}"));
        assert_eq!(method, expected, "{params}");
        self.calls.push((method.to_owned(), params));
        let answer = answer.map_err(|message| {
            CallError::Refused(Box::new(Reply::new(ErrorShape::invalid_request(message), Vantage::default())))
        });
        Box::pin(std::future::ready(answer))
    }

    fn is_running(&self) -> bool {
        self.running
    }

    fn own_device(&self) -> Option<String> {
        self.own.clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.answers.is_empty(), "never called: {:?}", self.answers);
        }
    }
}

/// Runs a future to its end with a clock that jumps over every wait.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}
