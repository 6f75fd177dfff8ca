import { useState } from "preact/hooks";
import { atHere } from "../../gateway/clock";
import { Ago, Badge, Button, confirm, Facts } from "../../ui";
import { revoke, rotate } from "./actions";
import styles from "./Device.module.css";
import type { Failure } from "./failures";
import { nameOf } from "./names";
import { FailureNote } from "./Request";
import type { PairedRow, TokenRow } from "./rows";

const ROLE_WORDS = { operator: "Operator", node: "Node" } as const;

/** The tokens by which a device is known again, one for each role. The tokens themselves are never shown. */
export function Tokens({ row, own }: { row: PairedRow; own: boolean }) {
  return (
    <section class={styles.part} aria-label="Tokens">
      <h4>Tokens</h4>
      {row.tokens.length === 0 && (
        <p class={styles.soft}>It has none. It gets one when it comes in the next time.</p>
      )}
      {row.tokens.map((token) => (
        <Token key={token.role} row={row} token={token} own={own} />
      ))}
    </section>
  );
}

function Token({ row, token, own }: { row: PairedRow; token: TokenRow; own: boolean }) {
  const [failure, setFailure] = useState<Failure | undefined>();
  const [busy, setBusy] = useState(false);
  const run = async (act: () => Promise<Failure | undefined>) => {
    setBusy(true);
    setFailure(undefined);
    setFailure(await act());
    setBusy(false);
  };
  const name = nameOf(row);
  const replace = async () => {
    const yes = await confirm({
      title: `Replace the token of ${name}?`,
      body: own
        ? "The old token is void at once, and this browser's connection ends for a moment. It keeps the new token and comes back by itself."
        : "The old token is void at once, and its connection ends. With the gateway's token the device gets the new one by itself; otherwise it has to sign in again. Do this when the old token may have been seen by somebody.",
      yes: "Replace the token",
    });
    if (yes) await run(() => rotate(row, token.role));
  };
  const withdraw = async () => {
    const yes = await confirm({
      title: `Revoke the token of ${name}?`,
      body: own
        ? "This browser is signed out at once and has to be approved again, from another device or the gateway's command line."
        : `It is disconnected at once and may not come in as ${token.role} until you approve it again. Its entry and its name stay.`,
      yes: "Revoke the token",
      danger: true,
    });
    if (yes) await run(() => revoke(row, token.role));
  };
  return (
    <div class={styles.token}>
      <div class={styles.line}>
        <strong>{ROLE_WORDS[token.role]}</strong>
        {token.revokedAtMs !== undefined && (
          <Badge tone="bad">
            revoked <Ago ms={atHere(token.revokedAtMs)} />
          </Badge>
        )}
        {token.revokedAtMs === undefined && (
          <span class={styles.actions}>
            <Button small icon="refresh" busy={busy} onClick={replace}>
              Replace
            </Button>
            <Button small kind="danger" busy={busy} onClick={withdraw}>
              Revoke
            </Button>
          </span>
        )}
      </div>
      <Facts
        rows={[
          ["Made", <Ago key="made" ms={atHere(token.createdAtMs)} />],
          ["Replaced", token.rotatedAtMs ? <Ago key="rotated" ms={atHere(token.rotatedAtMs)} /> : null],
          ["Used last", token.lastUsedAtMs ? <Ago key="used" ms={atHere(token.lastUsedAtMs)} /> : null],
        ]}
      />
      {failure && <FailureNote failure={failure} />}
    </div>
  );
}
