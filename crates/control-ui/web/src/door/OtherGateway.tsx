import { Button } from "../ui";
import styles from "./door.module.css";
import { Heading } from "./Frame";
import { ownGateway } from "./intake";
import { answer, type Question } from "./open";

type Props = { asked: Question; decide?: (yes: boolean) => void };

/** A link wants this page to talk to another gateway. Nothing was connected to yet. */
export function OtherGateway({ asked, decide = answer }: Props) {
  const own = ownGateway();
  return (
    <section class={styles.card}>
      <Heading face="other">Connect to another gateway?</Heading>
      <p class={styles.lead}>
        This link wants to connect this page to <strong class={styles.address}>{asked.gateway.socket}</strong>
        .
      </p>
      <p>
        Only go on if you made this link yourself. Nothing that is stored for the gateway at {own.host} is
        sent there{asked.credential ? "; the token or code in the link is" : ""}.
      </p>
      <p class={styles.buttons}>
        <Button kind="primary" onClick={() => decide(false)}>
          Stay with {own.host}
        </Button>
        <Button onClick={() => decide(true)}>Connect to {asked.gateway.host}</Button>
      </p>
      <p class={styles.soft}>If you go on, this tab stays with that gateway until it is closed.</p>
    </section>
  );
}
