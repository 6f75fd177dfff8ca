// How devices are called in front of people. All of it is said by strangers, and is shown as text only.

/** What names a device: the parts that requests and paired devices have in common. */
export interface Named {
  deviceId: string;
  operatorLabel?: string;
  displayName?: string;
  platform?: string;
  deviceFamily?: string;
  clientId?: string;
  clientMode?: string;
}

/** A table that is asked with strangers' words: `constructor` stands in every object, and in no map. */
function words(table: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(table));
}

const CLIENTS = words({
  "openclaw-control-ui": "Control UI in a browser",
  "webchat-ui": "web chat in a browser",
  cli: "command line",
  "openclaw-tui": "terminal UI",
  "gateway-client": "program on the gateway's side",
  "node-host": "node host",
  "openclaw-macos": "macOS app",
  "openclaw-ios": "iOS app",
  "openclaw-android": "Android app",
});

const PLATFORMS = words({
  linux: "Linux",
  darwin: "macOS",
  macos: "macOS",
  win: "Windows",
  windows: "Windows",
  ios: "iOS",
  ipados: "iPadOS",
  android: "Android",
  freebsd: "FreeBSD",
});

/** The beginning of an id, by which people compare two screens. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** The kind of client in words; a client that nobody knows is called as it calls itself. */
export function clientWords(row: Named): string | undefined {
  if (row.clientId === undefined) return undefined;
  return CLIENTS.get(row.clientId) ?? row.clientId;
}

/** What the id and mode of a connection's client stand for, as the beginning of a line. */
export function kindInWords(id: string, mode: string): string {
  if (mode === "probe") return "Probe";
  const known = CLIENTS.get(id);
  if (known === undefined) return mode === "" || mode === id ? id : `${id} (${mode})`;
  return `${capital(known)}${mode === "node" && id !== "node-host" ? ", as a node" : ""}`;
}

/** The operating system in words: `darwin 25.1` is `macOS 25.1`. */
export function platformWords(row: Named): string | undefined {
  const said = row.platform?.trim();
  if (!said) return row.deviceFamily;
  const family = /^[a-z]+/i.exec(said)?.[0] ?? "";
  const known = PLATFORMS.get(family.toLowerCase()) ?? (/^win/i.test(said) ? "Windows" : undefined);
  if (known === undefined) return said;
  // `Win32`, `Linux x86_64` and the like: only a version is worth reading.
  const version = /^[a-z]+\s+(\d[\d.]*)/i.exec(said)?.[1];
  return version === undefined ? known : `${known} ${version}`;
}

/** The name that a row goes by: the owner's, else the device's own, else what it is. */
export function nameOf(row: Named): string {
  const name = row.operatorLabel?.trim() || row.displayName?.trim();
  if (name) return name;
  const client = clientWords(row);
  return client === undefined ? `Device ${shortId(row.deviceId)}` : capital(client);
}

/** As the beginning of a line; `iOS` and `macOS` are written so everywhere. */
function capital(text: string): string {
  return /^[a-z]+[A-Z]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

const APPROVED_VIA: Record<string, string> = {
  silent: "by itself, because it connected from this machine",
  owner: "by the owner",
  bootstrap: "ahead of time, with a code",
  claim: "with the claim code of the first start",
  import: "by the gateway that this one took over from",
  "trusted-cidr": "by itself, because of its network",
  "ssh-verified": "by itself, after a check over SSH",
  "trusted-proxy": "by the identity that the proxy vouched for",
};

/** How a device came in, in words. */
export function approvedWords(via: string | undefined): string | undefined {
  return via === undefined ? undefined : (APPROVED_VIA[via] ?? via);
}
