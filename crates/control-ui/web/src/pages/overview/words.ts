/** What the first page calls settings of the gateway. */

const BINDS: Record<string, string> = {
  loopback: "this machine only",
  lan: "every address of this machine",
  tailnet: "the tailnet's address",
  auto: "this machine, or all addresses where that is not enough",
  custom: "an address from the settings",
};

/** Where the gateway listens: `loopback: this machine only`. */
export function bindInWords(bind: string): string {
  const words = BINDS[bind];
  return words ? `${words} (${bind})` : bind;
}

const MODES: Record<string, string> = {
  token: "the gateway's token, then approval of each device",
  password: "the gateway's password, then approval of each device",
  none: "nothing but approval of each device",
  "trusted-proxy": "a trusted proxy that signs people in",
};

/** What a new client needs: `the gateway's token, … (token)`. */
export function authInWords(mode: string): string {
  const words = MODES[mode];
  return words ? `${words} (${mode})` : mode;
}

/** Bytes as people read them: `13.4 MB`. */
export function bytesInWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `2 paired, 1 connected`; `none` when there is none. */
export function pairedInWords({ paired, connected }: { paired: number; connected: number }): string {
  if (paired === 0) return "none paired";
  return `${paired.toLocaleString()} paired, ${connected === 0 ? "none" : connected.toLocaleString()} connected`;
}
