import { phase } from "../gateway/session";

/** What is shown to whoever is not let in. */
export function Door() {
  const now = phase.value;
  return (
    <main>
      <h1>OpenClaw</h1>
      <p>{"trouble" in now ? now.trouble.sentence : now.at}</p>
    </main>
  );
}
