import { useEffect, useState } from "preact/hooks";
import { root } from "../../../base";
import { readGateway } from "../../../door/place";
import { call, on } from "../../../gateway/call";
import { useLive } from "../../../gateway/live";
import { target } from "../../../gateway/session";
import { Busy, Button, Callout, Command, Dialog, Select, Tabs, TextInput } from "../../../ui";
import { explained, type Failure, failureOf } from "../failures";
import { FailureNote } from "../Request";
import { CodeView } from "./CodeView";
import styles from "./PairDialog.module.css";
import {
  ACCESS,
  type Access,
  type Addresses,
  type Answer,
  type Code,
  callFor,
  codeOf,
  type Kind,
  levelsOf,
  offered,
  typedAddress,
} from "./plan";

const KINDS: readonly { id: Kind; label: string; about: string }[] = [
  {
    id: "browser",
    label: "Browser",
    about: "Another computer or a phone, with a link or by camera. Nobody has to approve it afterwards.",
  },
  { id: "app", label: "Phone app", about: "Scan the picture in the OpenClaw app, or paste the code there." },
  { id: "cli", label: "Command line", about: "Run one command on the other machine." },
  {
    id: "node",
    label: "Node",
    about: "A machine whose camera, screen or commands agents may use once you allow them.",
  },
];

/** Lets a new device in ahead of time: a code for it, good once and for ten minutes. */
export function PairDialog({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<Kind>("browser");
  const [code, setCode] = useState<Code | undefined>();
  const [joined, setJoined] = useState<string | undefined>();
  useEffect(() => {
    if (!code) return;
    return on<{ setupId: string; deviceName?: string }>("device.pair.setup.completed", (done) => {
      if (done.setupId === code.setupId) setJoined(done.deviceName ?? "The device");
    });
  }, [code]);
  const again = () => {
    setCode(undefined);
    setJoined(undefined);
  };
  const chosen = KINDS.find((one) => one.id === kind);
  return (
    <Dialog title="Pair a device" wide onClose={onClose}>
      {joined !== undefined ? (
        <Callout tone="good" title={`${joined} is paired`} live>
          <p>It is in the list of devices, where you can rename or limit it.</p>
          <div class={styles.buttons}>
            <Button kind="primary" onClick={onClose}>
              Done
            </Button>
            <Button onClick={again}>Pair another device</Button>
          </div>
        </Callout>
      ) : (
        <Tabs
          label="What to pair"
          tabs={KINDS}
          current={kind}
          onChange={(id) => {
            setKind(KINDS.find((one) => one.id === id)?.id ?? "browser");
            again();
          }}
        >
          <div class={styles.body}>
            <p class={styles.soft}>{chosen?.about}</p>
            {code ? (
              <CodeView kind={kind} code={code} onAgain={again} />
            ) : (
              <Choices key={kind} kind={kind} onCode={setCode} />
            )}
          </div>
        </Tabs>
      )}
    </Dialog>
  );
}

/** What the device will be able to do, and how it reaches the gateway. */
function Choices({ kind, onCode }: { kind: Kind; onCode: (code: Code) => void }) {
  const [access, setAccess] = useState<Access>("full");
  const [picked, setPicked] = useState<string | undefined>();
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const [failure, setFailure] = useState<Failure | undefined>();
  const [busy, setBusy] = useState(false);
  const known = useLive<Addresses>("device.pair.addresses");
  // A code belongs to the gateway that makes it, which need not be the one that served this page.
  const here = target.value?.root ?? root.href;
  const options = offered(readGateway(here), known.data?.choices ?? []);
  const chosen = picked ?? options[0]?.gateway.root ?? OTHER;
  const option = options.find(({ gateway }) => gateway.root === chosen);
  const gateway = option?.gateway ?? typedAddress(typed);
  const levels = levelsOf(kind);
  const make = async (event: Event) => {
    event.preventDefault();
    setFailure(undefined);
    setWrong(gateway === null ? WRONG : undefined);
    if (gateway === null) return;
    setBusy(true);
    try {
      const { method, params } = callFor(kind, access, gateway.root);
      const made = codeOf(kind, await call<Answer>(method, params), gateway);
      if (made) onCode(made);
    } catch (error) {
      setFailure(failureOf(error, "There is no code"));
    } finally {
      setBusy(false);
    }
  };
  if (!known.data && !known.error) return <Busy what="Looking up the gateway's addresses" />;
  return (
    <form class={styles.body} onSubmit={make}>
      {levels.length > 0 && (
        <fieldset class={styles.levels}>
          <legend>What it may do</legend>
          {ACCESS.filter(({ value }) => levels.includes(value)).map(({ value, label, text }) => (
            <label key={value} class={styles.level}>
              <input
                type="radio"
                name="access"
                checked={access === value}
                onChange={() => setAccess(value)}
              />
              <span>
                {label}
                <small class={styles.soft}>{text}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {options.length > 0 ? (
        <Select
          label="Address by which the device reaches this gateway"
          value={chosen}
          onValue={setPicked}
          options={[
            ...options.map(({ gateway: { root: url } }) => ({ value: url, label: url })),
            { value: OTHER, label: "Another address" },
          ]}
        />
      ) : (
        known.data?.problem && <NoAddress problem={known.data.problem} />
      )}
      {chosen === OTHER && (
        <TextInput
          label="Address of this gateway for the device"
          hint="As it would be typed there into a browser."
          placeholder="http://192.168.1.5:18789"
          inputMode="url"
          value={typed}
          onValue={setTyped}
          error={wrong}
        />
      )}
      {option && !option.safe && (
        <p class={styles.soft}>
          Whoever can listen in that network could read the code on its way. Use it in a network you trust.
          {kind === "app" && " A setup code for it gives everyday use at most."}
        </p>
      )}
      {failure && <FailureNote failure={failure} />}
      <div class={styles.buttons}>
        <Button type="submit" kind="primary" icon="key" busy={busy}>
          Make a code
        </Button>
      </div>
    </form>
  );
}

/** No other device can reach the gateway as it is set up: why, and what changes that. */
function NoAddress({ problem }: { problem: string }) {
  const { text, fix } = explained(problem);
  return (
    <Callout tone="info" title="No other device can reach this gateway as it is set up">
      <p>{text}</p>
      {fix !== undefined && <Command line={fix} where="On the gateway's host:" />}
    </Callout>
  );
}

const OTHER = "other";
const WRONG = "This is not an address. It looks like http://192.168.1.5:18789 or https://gateway.example.";
