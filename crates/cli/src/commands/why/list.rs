//! `openclaw why --all`: the last refusals in a table, newest first.

use openclaw_protocol::words::escape;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::ui::{Column, Table, Ui, time};

/// Longest text in a cell.
const MAX_TEXT: usize = 128;

/// One refusal, as far as the table shows it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    ts: u64,
    count: u64,
    cause: String,
    peer: String,
    client: String,
    conn_id: String,
    device_id: Option<String>,
    request_id: Option<String>,
    message: String,
}

impl Entry {
    /// The shortest of its ids that `openclaw why` takes.
    fn id(&self) -> String {
        let id = self.request_id.as_ref().or(self.device_id.as_ref()).unwrap_or(&self.conn_id);
        escape(id.get(..8).unwrap_or(id), MAX_TEXT)
    }
}

/// Prints the answer of `gateway.journal`.
pub(super) fn tell(answer: &Value, ui: &mut Ui, json: bool, now: u64) -> Outcome {
    if json {
        let mut answer = answer.clone();
        answer["ok"] = json!(true);
        ui.json(&answer);
        return Ok(0);
    }
    let entries = answer.get("entries").map(Vec::<Entry>::deserialize).transpose().map_err(|why| {
        Failure::new(format!("The gateway answered gateway.journal in a form that is not understood: {why}."))
    })?;
    let entries = entries.unwrap_or_default();
    if entries.is_empty() {
        ui.line("Nobody was refused, as far back as the journal goes.");
        return Ok(0);
    }
    let mut table = Table::new(&[
        Column::whole("Why"),
        Column::whole("Last"),
        Column::whole("Times"),
        Column::whole("Cause"),
        Column::wrapping("From"),
        Column::wrapping("Client"),
        Column::wrapping("Told"),
    ]);
    for entry in &entries {
        table.row([
            entry.id(),
            time::age(entry.ts, now),
            entry.count.to_string(),
            escape(&entry.cause, 16),
            escape(&entry.peer, MAX_TEXT),
            escape(&entry.client, MAX_TEXT),
            escape(&entry.message, MAX_TEXT),
        ]);
    }
    ui.table(&table);
    Ok(0)
}
