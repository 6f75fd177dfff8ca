import { useState } from "preact/hooks";
import { atHere } from "../../gateway/clock";
import { useLive } from "../../gateway/live";
import { Ago, Badge, Busy, Button, Changes, Dialog, Empty, Panel, Table } from "../../ui";
import { Problem } from "../Problem";
import { takeBack } from "./Review";
import type { Past } from "./wire";

type Told = { changes: Past[] };
type Shown = { shown?: { id: number; lines: string[] } };

/** What was changed, by whom, and the way back. */
export function History({
  mayWrite,
  onUndone,
  hash,
}: {
  mayWrite: boolean;
  onUndone: () => void;
  hash: string;
}) {
  const history = useLive<Told>("config.history", {}, { events: ["config.changed"], pause: !mayWrite });
  const [open, setOpen] = useState<Past | null>(null);
  if (!mayWrite) return <Empty icon="shield" title="Only an admin sees the history" />;
  if (history.error) {
    return (
      <Problem
        what="The history could not be read"
        trouble={history.error.trouble}
        onRetry={history.reload}
      />
    );
  }
  if (!history.data) return <Busy what="Loading the history" />;
  const { changes } = history.data;
  if (changes.length === 0) {
    return (
      <Empty icon="undo" title="Nothing has been changed yet">
        <p>Each change made here or by openclaw config is kept, and can be taken back.</p>
      </Empty>
    );
  }
  const after = () => {
    history.reload();
    onUndone();
  };
  return (
    <Panel flush>
      <Table
        caption="Changes of the configuration, newest first"
        rows={changes}
        rowKey={(change) => String(change.id)}
        columns={[
          { key: "when", title: "When", cell: (change) => <Ago ms={atHere(change.atMs)} /> },
          {
            key: "what",
            title: "What",
            cell: (change) => <code>{change.changedPaths.join(", ") || "nothing but the wording"}</code>,
          },
          {
            key: "by",
            title: "By",
            cell: (change) =>
              change.undoes ? `${change.origin}, taking ${change.undoes} back` : change.origin,
          },
          {
            key: "state",
            title: "State",
            cell: (change) =>
              change.undone ? (
                <Badge>taken back</Badge>
              ) : change.undoable ? (
                <Badge tone="good">in the file</Badge>
              ) : (
                <Badge>earlier</Badge>
              ),
          },
          {
            key: "do",
            title: "Do",
            cell: (change) => (
              <>
                <Button small onClick={() => setOpen(change)}>
                  Show
                </Button>{" "}
                {change.undoable && (
                  <Button small icon="undo" onClick={() => void takeBack(change.id, after)}>
                    Undo
                  </Button>
                )}
              </>
            ),
          },
        ]}
      />
      {open && <One change={open} onClose={() => setOpen(null)} key={hash} />}
    </Panel>
  );
}

function One({ change, onClose }: { change: Past; onClose: () => void }) {
  const told = useLive<Shown>("config.history", { change: change.id });
  return (
    <Dialog wide title={`Change ${change.id}`} onClose={onClose}>
      {told.error && <Problem what="This change could not be read" trouble={told.error.trouble} />}
      {told.data?.shown ? (
        <Changes lines={told.data.shown.lines} label="Changed lines" />
      ) : (
        !told.error && <Busy />
      )}
    </Dialog>
  );
}
