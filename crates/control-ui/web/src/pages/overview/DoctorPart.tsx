import { useState } from "preact/hooks";
import { CallError, call } from "../../gateway/call";
import { useLive } from "../../gateway/live";
import { Badge, Busy, Button, Callout, Changes, Command, confirm, Icon, Panel, toast } from "../../ui";
import { Problem } from "../Problem";
import styles from "./Doctor.module.css";
import type { Doctor, Finding, Repair, Repaired } from "./wire";

/** What the doctor found, and what came of repairs made here. */
export interface Examination {
  doctor: Doctor | undefined;
  error: CallError | undefined;
  busy: boolean;
  repairs: readonly Repair[];
  again: () => void;
  run: (finding: Finding) => Promise<void>;
  undo: (repair: Repair) => Promise<void>;
  /** The finding or repair that is being worked on. */
  working: string;
}

/** Examines the gateway when the page opens, and after each repair. */
export function useDoctor(allowed: boolean): Examination {
  const live = useLive<Doctor>("gateway.doctor", {}, { pause: !allowed, everyMs: 300_000 });
  const [repairs, setRepairs] = useState<readonly Repair[]>([]);
  const [working, setWorking] = useState("");
  const attempt = async (id: string, what: () => Promise<void>) => {
    setWorking(id);
    try {
      await what();
    } catch (failure) {
      const words = failure instanceof CallError ? failure.trouble.sentence : String(failure);
      toast({ tone: "bad", text: `That did not succeed: ${words}` });
    } finally {
      setWorking("");
      live.reload();
    }
  };
  const run = async (finding: Finding) => {
    const { repair } = finding;
    if (!repair?.here) return;
    const sure = await confirm({
      title: `Repair: ${finding.what}`,
      body: (
        <>
          <p>{finding.fact}</p>
          <Patch lines={repair.changes} label="What will change" />
        </>
      ),
      yes: "Run the repair",
    });
    if (!sure) return;
    await attempt(finding.id, async () => {
      const answer = await call<Repaired>("gateway.doctor.fix", { ids: [finding.id] });
      setRepairs((before) => [...answer.repairs, ...before.filter((old) => old.id !== finding.id)]);
    });
  };
  const undo = (repair: Repair) =>
    attempt(repair.id, async () => {
      await call("config.undo", { change: repair.undoChange });
      setRepairs((before) => before.filter((old) => old !== repair));
      toast({ tone: "good", text: `Taken back: ${repair.what}.` });
    });
  const { data: doctor, error, busy, reload: again } = live;
  return { doctor, error, busy, repairs, again, run, undo, working };
}

const MARKS = {
  blocking: { word: "does not work", tone: "bad", icon: "cross" },
  warning: { word: "worth a look", tone: "warn", icon: "warning" },
  ok: { word: "fine", tone: "good", icon: "check" },
  skipped: { word: "not looked at", tone: "plain", icon: "info" },
} as const;

/** The doctor's findings with their fixes. */
export function DoctorPart({ examination }: { examination: Examination }) {
  const { doctor, error, busy, again, repairs } = examination;
  const of = (...statuses: Finding["status"][]) =>
    doctor?.findings.filter((found) => statuses.includes(found.status)) ?? [];
  const troubles = [...of("blocking"), ...of("warning")];
  const calm = [...of("ok"), ...of("skipped")];
  return (
    <div id="doctor" tabIndex={-1} class={styles.place}>
      <Panel
        title="Doctor"
        about={doctor ? summary(doctor) : "Looks at settings, files and the machine for what causes trouble."}
        actions={
          <Button small icon="refresh" busy={busy && doctor !== undefined} onClick={again}>
            Look again
          </Button>
        }
      >
        <div class={styles.doctor}>
          {error && !doctor && (
            <Problem
              what="The doctor's findings could not be loaded"
              trouble={error.trouble}
              onRetry={again}
            />
          )}
          {!doctor && !error && <Busy what="The doctor is looking" />}
          {repairs.map((repair) => (
            <Result key={repair.id} repair={repair} examination={examination} />
          ))}
          {troubles.length > 0 && (
            <ul class={styles.findings}>
              {troubles.map((finding) => (
                <FindingView key={finding.id} finding={finding} examination={examination} />
              ))}
            </ul>
          )}
          {calm.length > 0 && (
            <details class={styles.calm}>
              <summary>{calmInWords(calm)}</summary>
              <ul>
                {calm.map((finding) => (
                  <li key={finding.id} data-tone={MARKS[finding.status].tone}>
                    <Icon name={MARKS[finding.status].icon} />
                    <span>
                      {finding.what}: {finding.fact}{" "}
                      <span class={styles.word}>{MARKS[finding.status].word}</span>
                    </span>
                  </li>
                ))}
              </ul>
            </details>
          )}
        </div>
      </Panel>
    </div>
  );
}

function summary({ blocking, warnings, findings }: Doctor): string {
  if (blocking + warnings === 0) return `Looked at ${findings.length} things and found nothing to mend.`;
  const parts = [
    blocking > 0 && `${blocking} ${blocking === 1 ? "thing does" : "things do"} not work until mended`,
    warnings > 0 && `${warnings} ${warnings === 1 ? "is" : "are"} worth a look`,
  ].filter(Boolean);
  return `Looked at ${findings.length} things: ${parts.join(", ")}.`;
}

function calmInWords(calm: readonly Finding[]): string {
  const fine = calm.filter((finding) => finding.status === "ok").length;
  const skipped = calm.length - fine;
  const words = `${fine} ${fine === 1 ? "thing is" : "things are"} fine`;
  return skipped > 0 ? `${words}, ${skipped} could not be looked at` : words;
}

function FindingView({ finding, examination }: { finding: Finding; examination: Examination }) {
  const mark = MARKS[finding.status];
  const { repair, fix, fixHint } = finding;
  return (
    <li class={styles.finding} data-tone={mark.tone}>
      <Icon name={mark.icon} />
      <div class={styles.words}>
        <p class={styles.what}>
          {finding.what} <Badge tone={mark.tone}>{mark.word}</Badge>
        </p>
        <p>{finding.fact}</p>
        {finding.path && (
          <p class={styles.word}>
            In the settings at <code>{finding.path}</code>
            {finding.line ? `, line ${finding.line}` : ""}
          </p>
        )}
        {repair?.here && (
          <Button
            small
            icon="play"
            busy={examination.working === finding.id}
            aria-label={`Run the repair: ${finding.what}`}
            onClick={() => void examination.run(finding)}
          >
            Run the repair
          </Button>
        )}
        {fix ? (
          <Command line={fix} where={repair?.here ? "Or on the gateway's host:" : undefined} />
        ) : (
          fixHint && <p>{fixHint}</p>
        )}
        {repair && !repair.here && <p class={styles.word}>{repair.why}</p>}
      </div>
    </li>
  );
}

/** What a repair did, with the way back. */
function Result({ repair, examination }: { repair: Repair; examination: Examination }) {
  return (
    <Callout
      tone={repair.ok ? "good" : "bad"}
      title={repair.ok ? `Done: ${repair.what}` : `Not done: ${repair.what}`}
      live
    >
      <p>{repair.message}</p>
      {repair.patch && repair.patch.length > 0 && <Patch lines={repair.patch} label="What changed" />}
      {repair.fix && <Command line={repair.fix} />}
      {repair.undoChange !== undefined && (
        <Button
          small
          icon="undo"
          busy={examination.working === repair.id}
          onClick={() => void examination.undo(repair)}
        >
          Undo
        </Button>
      )}
      {repair.undo && <Command line={repair.undo} where="To take it back, on the gateway's host:" />}
    </Callout>
  );
}

/** Lines before and after. */
function Patch({ lines, label }: { lines: readonly string[]; label: string }) {
  return (
    <figure class={styles.patch}>
      <figcaption>{label}</figcaption>
      <Changes lines={lines} label={label} />
    </figure>
  );
}
