import styles from "./door.module.css";

/** Where the claim code of a gateway stands that nobody owns yet. */
export function ClaimCodePlace() {
  return (
    <p>
      Nobody owns this gateway yet. Its claim code looks like <code class={styles.code}>7F3A-9C1E</code> and
      stands in the gateway's output: in the terminal that started it, in <code>docker logs</code>, or in the
      service's journal. It works once, for ten minutes; then the gateway shows another.
    </p>
  );
}
