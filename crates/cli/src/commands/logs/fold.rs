//! Repeats are counted, not shown: the first line of a kind is printed, with its fix, and one line at the end of a minute
//! says how many there were (`… ×17 in 60 s`, A-07). The gateway folds refusals itself; this folds what is left, and the
//! logs of gateways that do not.

use super::line::Line;

/// How long equal lines are counted together, milliseconds.
const WINDOW_MS: u64 = 60_000;
/// Kinds counted at the same time; the oldest gives way.
const MAX_KINDS: usize = 256;

/// The lines that are being counted.
#[derive(Debug, Default)]
pub(super) struct Fold {
    kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Kind {
    name: String,
    since: u64,
    /// Lines, or what the last of them says that they stand for.
    count: u64,
    last: Line,
    last_at: u64,
}

impl Kind {
    fn end(self) -> Option<Line> {
        (self.count > 1).then(|| self.last.repeated(self.count, self.last_at.saturating_sub(self.since)))
    }
}

impl Fold {
    /// Takes a line; answers what is to be printed now.
    pub(super) fn take(&mut self, line: Line) -> Vec<Line> {
        let Some(at) = line.at_ms() else { return vec![line] };
        let mut shown = self.due(at);
        let name = line.kind();
        if let Some(kind) = self.kinds.iter_mut().find(|kind| kind.name == name) {
            kind.count = (kind.count + 1).max(line.count());
            (kind.last, kind.last_at) = (line, at);
            return shown;
        }
        if self.kinds.len() == MAX_KINDS {
            shown.extend(self.kinds.remove(0).end());
        }
        let count = line.count();
        // A line that itself tells a count is the news about it; what it counts has been shown.
        self.kinds.push(Kind {
            name,
            since: at,
            count: if count > 1 { 1 } else { count },
            last: line.clone(),
            last_at: at,
        });
        shown.push(line);
        shown
    }

    /// What has been counted for long enough at `now`.
    pub(super) fn due(&mut self, now: u64) -> Vec<Line> {
        let (ended, going): (Vec<_>, Vec<_>) = std::mem::take(&mut self.kinds)
            .into_iter()
            .partition(|kind| now.saturating_sub(kind.since) >= WINDOW_MS);
        self.kinds = going;
        ended.into_iter().filter_map(Kind::end).collect()
    }

    /// Everything, because nothing follows.
    pub(super) fn end(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.kinds).into_iter().filter_map(Kind::end).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Fold;
    use crate::commands::logs::line::{Line, Times};

    fn line(second: u32, message: &str) -> Line {
        let time = format!("2026-11-20T08:{:02}:{:02}.000+00:00", second / 60, second % 60);
        let raw = json!({"0": "{\"subsystem\":\"gateway/ws\"}", "1": message, "time": time,
            "_meta": {"logLevelName": "WARN"}});
        Line::read(&raw.to_string()).unwrap()
    }

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines.iter().map(|line| line.text(Times::AsLogged, false)).collect()
    }

    #[test]
    fn seventeen_equal_lines_are_two() {
        let mut fold = Fold::default();
        let mut shown = Vec::new();
        for second in 0..17 {
            shown.extend(texts(
                fold.take(line(second, &format!("refused conn=c-{second} Fix: openclaw why last"))),
            ));
        }
        shown.extend(texts(fold.take(line(20, "something else"))));
        shown.extend(texts(fold.take(line(61, "refused conn=c-99 Fix: openclaw why last"))));
        assert_eq!(
            shown,
            [
                "2026-11-20T08:00:00.000+00:00 warn gateway/ws refused conn=c-0 Fix: openclaw why last",
                "2026-11-20T08:00:20.000+00:00 warn gateway/ws something else",
                "2026-11-20T08:00:16.000+00:00 warn gateway/ws refused Fix: openclaw why last … ×17 in 16 s",
                "2026-11-20T08:01:01.000+00:00 warn gateway/ws refused conn=c-99 Fix: openclaw why last",
            ]
        );
        assert!(fold.end().is_empty(), "what came once needs no count");
    }

    #[test]
    fn counts_of_the_gateway_are_taken_over() {
        let mut fold = Fold::default();
        assert_eq!(fold.take(line(0, "closed before connect conn=a client x")).len(), 1);
        for (second, count) in [(1, 2), (2, 4), (3, 8), (59, 17)] {
            let raw = json!({"1": format!("closed before connect ×{count} in 60 s conn=b client x"), "count": count.to_string(),
                "0": "{\"subsystem\":\"gateway/ws\"}", "cause": "C-01", "deviceId": "4b735ac174e4", "_meta": {"logLevelName": "WARN"},
                "time": format!("2026-11-20T08:00:{second:02}.000+00:00")});
            assert!(fold.take(Line::read(&raw.to_string()).unwrap()).is_empty(), "{count}");
        }
        assert_eq!(
            texts(fold.end()),
            [
                "2026-11-20T08:00:59.000+00:00 warn gateway/ws closed before connect, as above: cause=C-01 device=4b735ac1 … ×17 in 59 s"
            ]
        );
    }

    #[test]
    fn a_count_whose_beginning_was_not_seen_is_shown() {
        let mut fold = Fold::default();
        assert_eq!(fold.take(line(0, "closed before connect ×16 in 60 s client x")).len(), 1);
        assert!(fold.end().is_empty());
    }
}
