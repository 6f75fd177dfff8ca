/** The form of Explain: a described peer, ready-made ones, and the parameters that come of it. */

/** What is presented. */
export type Credential = "none" | "gateway" | "token" | "password" | "deviceToken" | "code";

/** A peer as the form holds it. Texts that are empty are left to the gateway. */
export interface Described {
  /** What kind of client, in the names that the gateway knows. */
  client: string;
  /** The other end of the socket: the client, or the proxy in between. */
  from: string;
  /** Whether a proxy stands in between. */
  proxied: boolean;
  /** Through a proxy: the client's address, as the proxy reports it. */
  forwardedFor: string;
  /** Through a proxy: `https` or `http`, as the proxy reports it. */
  forwardedProto: string;
  /** Further headers, one on each line. */
  headers: string;
  host: string;
  origin: string;
  tls: boolean;
  /** `new`, `none`, or the id of a device or its beginning. */
  device: string;
  credential: Credential;
  /** Node or operator; empty: what such a client is. */
  role: string;
  protocol: string;
}

/** The kinds of clients that the gateway can put itself in the place of. */
export const CLIENTS: readonly { value: string; label: string; browser?: boolean }[] = [
  { value: "control-ui", label: "A browser with this dashboard", browser: true },
  { value: "webchat", label: "A browser with the web chat", browser: true },
  { value: "cli", label: "The command line" },
  { value: "tui", label: "The terminal UI" },
  { value: "macos", label: "The macOS app" },
  { value: "ios", label: "The iOS app" },
  { value: "android", label: "The Android app" },
  { value: "node", label: "A node" },
  { value: "backend", label: "A program on the gateway's side" },
  { value: "probe", label: "A probe that only looks whether the gateway answers" },
];

/** What can be presented. Typing a secret is for administrators: to compare it is to try it. */
export const CREDENTIALS: readonly { value: Credential; label: string; typed?: boolean }[] = [
  { value: "none", label: "Nothing" },
  { value: "gateway", label: "The gateway's token or password" },
  { value: "token", label: "A token that I type", typed: true },
  { value: "password", label: "A password that I type", typed: true },
  { value: "deviceToken", label: "A device's own token that I type", typed: true },
  { value: "code", label: "A setup or claim code that I type", typed: true },
];

/** A browser on the gateway's own machine. */
export const START: Described = {
  client: "control-ui",
  from: "127.0.0.1",
  proxied: false,
  forwardedFor: "",
  forwardedProto: "",
  headers: "",
  host: "",
  origin: "",
  tls: false,
  device: "new",
  credential: "gateway",
  role: "",
  protocol: "",
};

/** A peer that people ask about. */
export interface Preset {
  readonly id: string;
  readonly label: string;
  readonly peer: Described;
}

/** An address in the gateway's own network, which is where a phone at home is. */
export function neighbour(lanAddress: string | undefined): string {
  const four = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})$/.exec(lanAddress ?? "");
  if (!four) return "192.168.1.50";
  return `${four[1]}.${four[2] === "50" ? "51" : "50"}`;
}

/** The ready-made peers, for a gateway with that address. */
export function presets(lanAddress: string | undefined): Preset[] {
  const near = neighbour(lanAddress);
  return [
    { id: "phone", label: "A phone on my network", peer: { ...START, from: near } },
    { id: "here", label: "A browser on this machine", peer: START },
    {
      id: "proxy",
      label: "A browser behind nginx",
      peer: {
        ...START,
        proxied: true,
        forwardedFor: "203.0.113.9",
        forwardedProto: "https",
        host: "gateway.example.com",
        origin: "https://gateway.example.com",
      },
    },
    {
      id: "cli",
      label: "The command line here",
      peer: { ...START, client: "cli", from: "owner-socket", credential: "none" },
    },
    { id: "node", label: "A node on another machine", peer: { ...START, client: "node", from: near } },
    { id: "app", label: "The iOS app", peer: { ...START, client: "ios", from: near } },
  ];
}

/** Whether the credential is one that is typed. */
export function isTyped(credential: Credential): boolean {
  return CREDENTIALS.some((known) => known.value === credential && known.typed);
}

/** Whether the client lives in a browser, which always says from which page it comes. */
export function inBrowser(client: string): boolean {
  return CLIENTS.some((known) => known.value === client && known.browser);
}

/** The headers that are sent along, each as `Name: value`. */
export function headersOf(described: Described): string[] {
  const headers: string[] = [];
  if (described.proxied) {
    if (described.forwardedFor.trim()) headers.push(`X-Forwarded-For: ${described.forwardedFor.trim()}`);
    if (described.forwardedProto) headers.push(`X-Forwarded-Proto: ${described.forwardedProto}`);
  }
  const further = described.headers.split("\n").map((line) => line.trim());
  return [...headers, ...further.filter((line) => line !== "")];
}

/** The parameters of `gateway.explain`. `secret` is what was typed beside the form; it is nowhere else. */
export function parameters(described: Described, secret: string): Record<string, unknown> {
  const params: Record<string, unknown> = { client: described.client };
  const put = (name: string, value: string) => {
    if (value.trim() !== "") params[name] = value.trim();
  };
  put("from", described.from);
  put("host", described.host);
  if (inBrowser(described.client)) put("origin", described.origin);
  put("device", described.device);
  put("role", described.role);
  if (described.protocol) params.protocol = Number(described.protocol);
  if (described.tls && !described.proxied) params.tls = true;
  const headers = headersOf(described);
  if (headers.length > 0) params.headers = headers;
  if (described.credential === "gateway") params.gatewaySecret = true;
  else if (isTyped(described.credential) && secret !== "") params[described.credential] = secret;
  return params;
}

const LOOPBACK = /^(127\.|\[?::1\b|localhost\b)/;

/**
 * Whether a gateway that listens on these addresses cannot be reached from there at all: it listens on its own machine
 * only, and the other end of the socket is elsewhere.
 */
export function isOutOfReach(from: string, addresses: readonly string[]): boolean {
  const there = from.trim();
  if (there === "" || there === "owner-socket" || LOOPBACK.test(there)) return false;
  return addresses.length > 0 && addresses.every((address) => LOOPBACK.test(address));
}

/** The field that a complaint of the gateway is about: `at /from: an address, as 203.0.113.9`. */
export function complaint(message: string): { field: string; words: string } | null {
  const found = /\bat \/([A-Za-z]+)(?:\/\d+)?: (.+)$/.exec(message);
  const [, field, words] = found ?? [];
  return field && words
    ? { field, words: `${words.charAt(0).toUpperCase()}${words.slice(1)}.`.replace(/\.\.$/, ".") }
    : null;
}
