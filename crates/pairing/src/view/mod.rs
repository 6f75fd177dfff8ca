//! The readable view: `devices/paired.json` and `devices/pending.json` in the early-2026 layout, without token values.
//!
//! One thread owns both directions, so that they cannot get in each other's way: it rewrites the files within a second
//! of a change, and it looks for hand edits before it overwrites anything.

mod edits;
pub(crate) mod format;
pub(crate) mod pieces;
#[cfg(test)]
mod tests;
mod thread;

use std::sync::{Arc, mpsc};

use openclaw_protocol::ids::DeviceId;
use openclaw_protocol::scope::ScopeSet;
use tokio::sync::oneshot;

use crate::model::SetAside;
use crate::store::{Command, Shared};
use thread::ViewThread;

/// What came of looking for hand edits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditReport {
    /// Devices that got more scopes, and which.
    pub widened: Vec<(DeviceId, ScopeSet)>,
    /// What was not taken, and why.
    pub set_aside: Vec<SetAside>,
    /// The file cannot be read as JSON yet; somebody may still be writing it. It is looked at again shortly.
    pub postponed: bool,
}

/// What the view thread starts from.
pub(crate) struct ViewStart {
    pub(crate) bookmark: Option<String>,
    pub(crate) serial: u64,
    /// What is in the folder is not an edit of ours.
    pub(crate) overwrite: bool,
}

pub(crate) enum ViewCommand {
    Changed { serial: u64 },
    Check { reply: oneshot::Sender<EditReport> },
    Flush { reply: oneshot::Sender<()> },
    Suspend { reply: oneshot::Sender<()> },
    Stop { reply: mpsc::SyncSender<()> },
}

/// How others reach the view thread.
#[derive(Clone)]
pub(crate) struct ViewHandle {
    sender: mpsc::Sender<ViewCommand>,
}

/// Makes the thread's body and the handle to it.
pub(crate) fn channel(
    shared: Arc<Shared>,
    writer: mpsc::Sender<Command>,
    start: ViewStart,
) -> (ViewHandle, ViewThread) {
    let (sender, receiver) = mpsc::channel();
    (ViewHandle { sender }, ViewThread::new(shared, writer, receiver, start))
}

impl ViewHandle {
    /// The state changed; `serial` is its commit.
    pub(crate) fn changed(&self, serial: u64) {
        // After the stop there is nobody to tell, and nothing to do.
        let _ = self.sender.send(ViewCommand::Changed { serial });
    }

    pub(crate) async fn check(&self) -> EditReport {
        let (reply, answer) = oneshot::channel();
        let _ = self.sender.send(ViewCommand::Check { reply });
        answer.await.unwrap_or_default()
    }

    pub(crate) fn check_blocking(&self) -> EditReport {
        let (reply, answer) = oneshot::channel();
        let _ = self.sender.send(ViewCommand::Check { reply });
        answer.blocking_recv().unwrap_or_default()
    }

    pub(crate) fn flush_blocking(&self) {
        let (reply, answer) = oneshot::channel();
        let _ = self.sender.send(ViewCommand::Flush { reply });
        let _ = answer.blocking_recv();
    }

    pub(crate) fn suspend_blocking(&self) {
        let (reply, answer) = oneshot::channel();
        let _ = self.sender.send(ViewCommand::Suspend { reply });
        let _ = answer.blocking_recv();
    }

    /// Stops the thread after a last look and a last write.
    pub(crate) fn stop(&self) {
        let (reply, answer) = mpsc::sync_channel(1);
        if self.sender.send(ViewCommand::Stop { reply }).is_ok() {
            let _ = answer.recv();
        }
    }
}
