//! Rows about the supervisor, starting, stopping and restarting: without a supervisor, and under a real systemd of the
//! account where one can be had.

mod alone;
mod supervised;

use openclaw_tests::World;

/// A gateway in the background that no test owns as a child: it ends with the test, however that ends.
pub(super) struct Background<'w>(pub(super) &'w World);

impl Drop for Background<'_> {
    fn drop(&mut self) {
        let said = self.0.cli(&["gateway", "stop", "--force"]);
        if std::thread::panicking() {
            eprintln!("── {said:?}");
        }
    }
}
