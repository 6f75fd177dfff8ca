import type { Trouble } from "../gateway/trouble";
import { Callout, Command } from "../ui";
import { ClaimCodePlace } from "./Claim";
import styles from "./door.module.css";
import { EntryForm } from "./EntryForm";
import { Heading } from "./Frame";
import { isClaimable, sibling } from "./facts";
import { KeepingNote } from "./Keeping";
import { gateway, notice } from "./open";

type Props = { trouble: Trouble | null; busy: boolean };

/** The first face: one input, and where to find what belongs into it. */
export function Connect({ trouble, busy }: Props) {
  const password = trouble?.cause === "C-11";
  const claimable = trouble !== null && isClaimable(trouble);
  return (
    <section class={styles.card}>
      <Heading face="connect" leave>
        Connect to this gateway
      </Heading>
      <p class={styles.lead}>
        {claimable
          ? `This gateway is new. Enter the claim code that it shows, and this browser becomes its first operator. Its ${password ? "password" : "token"} works as well.`
          : password
            ? `The gateway at ${gateway.value.host} asks for its password. A code from another device works as well.`
            : `The gateway at ${gateway.value.host} asks who you are. This is needed once for each browser.`}
      </p>
      {notice.value && (
        <Callout tone="warn">
          <p>{notice.value}</p>
        </Callout>
      )}
      <EntryForm password={password} busy={busy} focus />
      <KeepingNote />
      <section class={styles.ways} aria-label="Where to find it">
        {claimable && (
          <div>
            <h2>Where the claim code is</h2>
            <ClaimCodePlace />
          </div>
        )}
        {!password && (
          <div>
            <h2>{claimable ? "Or a link" : "The easy way: a link"}</h2>
            <Command
              where="On the gateway's host this opens a link that signs you in:"
              line={sibling(trouble?.fix, "dashboard")}
            />
          </div>
        )}
        <div>
          <h2>{password ? "Where the password is" : "The token itself"}</h2>
          {password ? (
            <p>
              The owner chose it: <code>gateway.auth.password</code> in the gateway's configuration, or the
              variable <code>OPENCLAW_GATEWAY_PASSWORD</code>.
            </p>
          ) : (
            <Command
              where="On the gateway's host this shows it, to paste here:"
              line={sibling(trouble?.fix, "gateway auth-token --show")}
            />
          )}
        </div>
        <div>
          <h2>From a device that is already in</h2>
          <p>
            Open <strong>Devices</strong> there, choose <strong>Pair a device</strong>, and scan the picture
            or type the code here.
          </p>
        </div>
      </section>
    </section>
  );
}
