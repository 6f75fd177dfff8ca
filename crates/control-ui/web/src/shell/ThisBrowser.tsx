import { useState } from "preact/hooks";
import { CallError, call, may } from "../gateway/call";
import { device, hello, phase, rename, signOut, target } from "../gateway/session";
import type { Trouble } from "../gateway/trouble";
import { browserName } from "../identity/browser";
import { type Level, levelOf } from "../pages/devices/scopes";
import { Problem } from "../pages/Problem";
import { Button, confirm, Dialog, Facts, Id, TextInput, toast } from "../ui";
import styles from "./ThisBrowser.module.css";

const KEPT = {
  browser: "in this browser, until its data is cleared",
  tab: "only until this tab is closed: this browser does not let pages store anything",
  page: "only until this page is reloaded: this browser does not let pages store anything",
} as const;

const LEVELS: Record<Level, string> = {
  full: "everything",
  some: "a part",
  read: "reading only",
  none: "nothing",
};

/** Who this browser is for the gateway, and the ways out. */
export function ThisBrowser({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState(browserName.value);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const greeting = hello.value;
  const own = device.value;
  const open = phase.value.at === "open";
  const keepName = async () => {
    setTrouble(null);
    try {
      // Without the scope for it the gateway learns the name with the next connection.
      if (own && may("operator.pairing")) {
        await call("device.pair.rename", { deviceId: own.id, label: name.trim() });
      }
      rename(name.trim());
      toast({ tone: "good", text: `This browser is called ${name.trim()} now.` });
    } catch (error) {
      if (error instanceof CallError) setTrouble(error.trouble);
    }
  };
  const leave = async () => {
    onClose();
    await signOut();
  };
  const forget = async () => {
    const sure = await confirm({
      title: "Remove this browser from the gateway?",
      body: <p>It is signed out at once. To come back it has to be approved like a new one.</p>,
      yes: "Remove this browser",
      danger: true,
    });
    if (!sure || !own) return;
    try {
      // Of its own accord, which needs no scope: a browser that may only look can be forgotten too.
      await call("device.pair.leave");
      await leave();
    } catch (error) {
      if (error instanceof CallError) setTrouble(error.trouble);
    }
  };
  return (
    <Dialog
      title="This browser"
      onClose={onClose}
      actions={
        <>
          <Button kind="danger" disabled={!open || !own} onClick={forget}>
            Remove this browser
          </Button>
          <Button icon="signOut" onClick={leave}>
            Sign out
          </Button>
        </>
      }
    >
      {trouble && <Problem what="That did not work" trouble={trouble} />}
      <form
        class={styles.name}
        onSubmit={(event) => {
          event.preventDefault();
          void keepName();
        }}
      >
        <TextInput label="Its name" value={name} onValue={setName} maxLength={64} />
        <Button type="submit" disabled={!open || !name.trim() || name.trim() === browserName.value}>
          Rename
        </Button>
      </form>
      <Facts
        rows={[
          ["Gateway", target.value && new URL(target.value.root).host],
          ["Version", greeting?.server.version],
          ["Access", greeting && LEVELS[levelOf(greeting.auth.scopes)]],
          ["Device", own && <Id id={own.id} label="device id" />],
          ["Its key is kept", own && KEPT[own.keeping]],
        ]}
      />
      <p class={styles.soft}>
        Signing out forgets what lets this browser in; it stays paired, and comes back with the gateway's
        token or password.
      </p>
    </Dialog>
  );
}
