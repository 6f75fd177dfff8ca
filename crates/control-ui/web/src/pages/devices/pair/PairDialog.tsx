import { useEffect, useState } from "preact/hooks";
import { root } from "../../../base";
import { readGateway } from "../../../door/place";
import { call, on } from "../../../gateway/call";
import { Button, Callout, Dialog, Tabs, TextInput } from "../../../ui";
import { type Failure, failureOf } from "../failures";
import { FailureNote } from "../Request";
import { CodeView } from "./CodeView";
import styles from "./PairDialog.module.css";
import {
  ACCESS,
  type Access,
  type Answer,
  type Code,
  callFor,
  codeOf,
  isLoopback,
  type Kind,
  levelsOf,
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
  const own = readGateway(root.href);
  const usable = own !== null && !isLoopback(own);
  const [access, setAccess] = useState<Access>("full");
  const [address, setAddress] = useState(usable ? own.root : "");
  const [wrong, setWrong] = useState<string | undefined>();
  const [failure, setFailure] = useState<Failure | undefined>();
  const [busy, setBusy] = useState(false);
  const levels = levelsOf(kind);
  const make = async (event: Event) => {
    event.preventDefault();
    setFailure(undefined);
    const gateway = typedAddress(address);
    const left = address.trim() === "";
    // The gateway finds an address for a setup code by itself, and for no other.
    if (gateway === null && !(left && kind === "app")) {
      return setWrong(
        left
          ? "Say under which address the device reaches this gateway, for example http://192.168.1.5:18789."
          : "This is not an address. It looks like http://192.168.1.5:18789 or https://gateway.example.",
      );
    }
    setWrong(undefined);
    setBusy(true);
    try {
      const { method, params } = callFor(kind, access, gateway === null ? "" : gateway.root);
      const made = codeOf(kind, await call<Answer>(method, params), gateway ?? own ?? nowhere);
      if (made) onCode(made);
    } catch (error) {
      setFailure(failureOf(error, "There is no code"));
    } finally {
      setBusy(false);
    }
  };
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
      <TextInput
        label="Address of this gateway for the device"
        hint={addressHint(kind, usable)}
        placeholder={kind === "app" ? "As the gateway is set up" : "http://192.168.1.5:18789"}
        inputMode="url"
        value={address}
        onValue={setAddress}
        error={wrong}
      />
      {failure && <FailureNote failure={failure} />}
      <div class={styles.buttons}>
        <Button type="submit" kind="primary" icon="key" busy={busy}>
          Make a code
        </Button>
      </div>
    </form>
  );
}

function addressHint(kind: Kind, usable: boolean): string {
  if (usable)
    return "The address under which you opened this page. Change it if the device reaches the gateway by another.";
  const here =
    "You opened this page by an address that means “this very machine”, which no other device can use.";
  return kind === "app"
    ? `${here} Leave the field empty, and the gateway names the address it is set up with.`
    : `${here} Say the one that the device reaches the gateway by.`;
}

const nowhere = { socket: "", root: "", host: "" };
