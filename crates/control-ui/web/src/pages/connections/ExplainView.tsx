import { useEffect, useRef, useState } from "preact/hooks";
import { CallError, call, may } from "../../gateway/call";
import { useLive } from "../../gateway/live";
import { Button, Panel, SecretInput, Select, Switch, TextArea, TextInput } from "../../ui";
import { Problem } from "../Problem";
import {
  CLIENTS,
  CREDENTIALS,
  type Credential,
  complaint,
  type Described,
  inBrowser,
  isOutOfReach,
  isTyped,
  parameters,
  presets,
  START,
} from "./describe";
import styles from "./Explain.module.css";
import { Explanation } from "./Explanation";
import type { Explained } from "./wire";

/** Whether what is typed reaches the gateway without others reading it. */
function isPrivate(): boolean {
  const { protocol, hostname } = location;
  return protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Describe a peer, and read what would happen to it. */
export function ExplainView() {
  const [peer, setPeer] = useState<Described>(START);
  const [preset, setPreset] = useState("");
  const [secret, setSecret] = useState("");
  const [answer, setAnswer] = useState<{ explained: Explained; from: string }>();
  const [error, setError] = useState<CallError>();
  const [busy, setBusy] = useState(false);
  const result = useRef<HTMLDivElement>(null);
  const info = useLive<{ lanAddress?: string }>("system.info");
  const overview = useLive<{ setup?: { addresses: string[] } }>("gateway.overview");
  const set = (changes: Partial<Described>) => {
    setPreset("");
    setPeer((before) => ({ ...before, ...changes }));
  };
  const ask = async (of: Described, typed: string) => {
    setBusy(true);
    setError(undefined);
    try {
      const explained = await call<Explained>("gateway.explain", parameters(of, typed));
      setAnswer({ explained, from: of.from });
    } catch (failure) {
      if (failure instanceof CallError) setError(failure);
      setAnswer(undefined);
    } finally {
      setBusy(false);
      setSecret("");
    }
  };
  useEffect(() => {
    // On a phone the answer stands below the form, out of sight.
    const place = result.current;
    if (answer && place && place.getBoundingClientRect().top > window.innerHeight * 0.8) {
      place.scrollIntoView({ block: "start" });
    }
  }, [answer]);
  const wrong = error && complaint(error.message);
  const at = (...fields: string[]) => (wrong && fields.includes(wrong.field) ? wrong.words : undefined);
  const maySecrets = may("operator.admin") && isPrivate();
  return (
    <div class={styles.columns}>
      <Panel
        title="Describe a peer"
        about="The gateway goes through its checks as if such a client knocked now. Nothing connects, and nothing is counted, written or paired."
      >
        <form
          class={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            void ask(peer, secret);
          }}
        >
          <fieldset class={styles.presets}>
            <legend>Start from</legend>
            {presets(info.data?.lanAddress).map((known) => (
              <Button
                key={known.id}
                small
                aria-pressed={preset === known.id}
                onClick={() => {
                  setPeer(known.peer);
                  setPreset(known.id);
                  setSecret("");
                  void ask(known.peer, "");
                }}
              >
                {known.label}
              </Button>
            ))}
          </fieldset>
          <Select
            label="Who knocks"
            value={peer.client}
            onValue={(client) => set({ client })}
            options={CLIENTS}
          />
          <TextInput
            label={peer.proxied ? "The proxy's address, as the gateway sees it" : "From which address"}
            hint={
              peer.proxied ? undefined : "127.0.0.1 is this machine; owner-socket is the owner's own door."
            }
            error={at("from")}
            value={peer.from}
            onValue={(from) => set({ from })}
          />
          <Switch
            label="Through a proxy"
            hint="nginx, Caddy, a tunnel, or a platform that forwards to the gateway."
            on={peer.proxied}
            onChange={(proxied) => set({ proxied })}
          />
          {peer.proxied && (
            <div class={styles.pair}>
              <TextInput
                label="The client's address (X-Forwarded-For)"
                value={peer.forwardedFor}
                onValue={(forwardedFor) => set({ forwardedFor })}
              />
              <Select
                label="Its scheme (X-Forwarded-Proto)"
                value={peer.forwardedProto}
                onValue={(forwardedProto) => set({ forwardedProto })}
                options={[
                  { value: "", label: "Not sent" },
                  { value: "https", label: "https" },
                  { value: "http", label: "http" },
                ]}
              />
            </div>
          )}
          <div class={styles.pair}>
            <TextInput
              label="The host it asks for"
              placeholder="as such a client would"
              error={at("host")}
              value={peer.host}
              onValue={(host) => set({ host })}
            />
            {inBrowser(peer.client) && (
              <TextInput
                label="The page it comes from (origin)"
                placeholder="the gateway's own"
                error={at("origin")}
                value={peer.origin}
                onValue={(origin) => set({ origin })}
              />
            )}
          </div>
          <div class={styles.pair}>
            <TextInput
              label="Its device"
              hint="new, none, or the id of a device or its beginning."
              error={at("device")}
              value={peer.device}
              onValue={(device) => set({ device })}
            />
            <Select
              label="It presents"
              hint={
                maySecrets
                  ? undefined
                  : "Typing a secret needs operator.admin, and a page that came over https or from this machine."
              }
              value={peer.credential}
              onValue={(credential) => set({ credential: credential as Credential })}
              options={CREDENTIALS.map(({ value, label, typed }) => ({
                value,
                label,
                disabled: Boolean(typed) && !maySecrets,
              }))}
            />
          </div>
          {isTyped(peer.credential) && (
            <SecretInput
              label={
                CREDENTIALS.find((known) => known.value === peer.credential)?.label.replace(
                  " that I type",
                  "",
                ) ?? ""
              }
              hint="It is compared once and forgotten: it is not kept here, and clears after each answer."
              error={at("token", "password", "deviceToken", "code")}
              value={secret}
              onValue={setSecret}
            />
          )}
          <details class={styles.more}>
            <summary>More</summary>
            <div class={styles.form}>
              <TextArea
                label="Further headers"
                hint="One on each line, as Name: value."
                error={at("headers")}
                rows={3}
                mono
                value={peer.headers}
                onValue={(headers) => set({ headers })}
              />
              <div class={styles.pair}>
                <Select
                  label="Role"
                  value={peer.role}
                  onValue={(role) => set({ role })}
                  options={[
                    { value: "", label: "As such a client asks" },
                    { value: "operator", label: "operator" },
                    { value: "node", label: "node" },
                  ]}
                />
                <Select
                  label="Protocol"
                  value={peer.protocol}
                  onValue={(protocol) => set({ protocol })}
                  options={[
                    { value: "", label: "The current one" },
                    { value: "4", label: "4" },
                    { value: "3", label: "3" },
                  ]}
                />
              </div>
              {!peer.proxied && (
                <Switch
                  label="Encrypted up to the gateway (https)"
                  on={peer.tls}
                  onChange={(tls) => set({ tls })}
                />
              )}
            </div>
          </details>
          <div>
            <Button kind="primary" type="submit" busy={busy}>
              Explain
            </Button>
          </div>
        </form>
      </Panel>
      <div ref={result} aria-live="polite" class={styles.result}>
        {error && !wrong && <Problem what="The explanation could not be loaded" trouble={error.trouble} />}
        {wrong && (
          <p class={styles.hint}>Something in the description is not understood; see the marked field.</p>
        )}
        {answer ? (
          <Explanation
            answer={answer.explained}
            outOfReach={isOutOfReach(answer.from, overview.data?.setup?.addresses ?? [])}
          />
        ) : (
          !error && (
            <p class={styles.hint}>
              Choose a ready-made peer, or describe one, to read what would happen to it.
            </p>
          )
        )}
      </div>
    </div>
  );
}
