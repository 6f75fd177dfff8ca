/** What the pages say of clients, addresses and devices. */
import { kindInWords } from "../devices/names";
import type { DeviceNow, Entry, RequestNow, Standing } from "./wire";

/** A client in words, with what is known beside its kind. */
export interface ClientWords {
  readonly name: string;
  readonly detail: string;
}

/** The journal's `cli/cli 2026.11.0 on linux` in words. */
export function clientInWords(told: string): ClientWords {
  const parts = /^([^\s/]+)\/(\S+)(?: (.*?))?(?: on (.+))?$/.exec(told);
  if (!parts) return { name: told || "A client that did not say what it is", detail: "" };
  const [, id = "", mode = "", version, platform] = parts;
  const detail = [version && `version ${version}`, platform && `on ${platform}`].filter(Boolean).join(" ");
  return { name: kindInWords(id, mode), detail };
}

const CLASSES: Record<string, string> = {
  loopback: "this machine",
  "container-bridge": "likely a container network",
  private: "private network",
  "link-local": "same wire",
  "shared-or-tailnet": "tailnet or carrier network",
  public: "internet",
};

/** What kind of network an address belongs to; empty when that is not known. */
export function classInWords(addressClass: string | null | undefined): string {
  if (!addressClass) return "";
  return CLASSES[addressClass] ?? addressClass.replaceAll("-", " ");
}

/** `192.168.1.50 (private network)`. */
export function peerInWords(peer: string, addressClass?: string | null): string {
  const kind = classInWords(addressClass);
  return kind ? `${peer} (${kind})` : peer;
}

/** `just once`, or how many times since when is left to the caller. */
export function timesInWords(count: number): string {
  if (count === 1) return "once";
  return count === 2 ? "twice" : `${count.toLocaleString()} times`;
}

/** What has become of a refusal since. `null`: nothing that the gateway knows of. */
export function sinceInWords(
  standing: Standing | undefined,
  device: DeviceNow | undefined,
  request: RequestNow | undefined,
): { tone: "good" | "warn" | "info"; sentence: string } | null {
  switch (standing) {
    case "mended":
      return {
        tone: "good",
        sentence: device?.connectedSinceMs
          ? "It has been let in since, and is connected now. Nothing is left to do."
          : "It has been let in since, or was given what it asked for. Nothing is left to do.",
      };
    case "perhaps":
      return {
        tone: "info",
        sentence:
          "Somebody from the same address has been let in since. If that was this client, nothing is left to do.",
      };
    case "rejected":
      return { tone: "info", sentence: "The owner rejected its request. The device may ask again." };
    case "expired":
      return {
        tone: "info",
        sentence: "Its request is no longer on the list. When the device tries again, it files a new one.",
      };
    default:
      if (device?.requestId || request?.state === "waiting") {
        return { tone: "warn", sentence: "Its request is still waiting for a decision." };
      }
      return null;
  }
}

/** Whether there is something left to do about it. */
export function isOpen(entry: Entry): boolean {
  return entry.standing === undefined || entry.standing === "open" || entry.standing === "perhaps";
}

/** A device as it stands now, in a few words: `Kitchen tablet, paired, connected`. */
export function deviceInWords(device: DeviceNow): string {
  const states: Record<DeviceNow["state"], string> = {
    paired: "paired",
    waiting: "waiting for approval",
    removed: "removed by the owner",
    unknown: "not paired",
  };
  return [device.name, states[device.state], device.connectedSinceMs ? "connected" : undefined]
    .filter(Boolean)
    .join(", ");
}

/** What became of a request, in words. */
export function requestInWords(request: RequestNow): string {
  const states: Record<RequestNow["state"], string> = {
    waiting: "waiting for a decision",
    superseded: "replaced by a newer request of the same device",
    approved: "approved",
    rejected: "rejected",
    expired: "no longer waiting: it was too old",
    "gave-way": "no longer waiting: it gave way to others",
  };
  return states[request.state];
}

const PROOFS: Record<string, string> = {
  none: "nothing, because the gateway asks for nothing",
  token: "the gateway's token",
  password: "the gateway's password",
  tailscale: "its Tailscale identity",
  "trusted-proxy": "a trusted proxy's word",
  "device-token": "its own device token",
  "bootstrap-token": "a setup or claim code",
  "owner-socket": "being the owner of this machine's account",
};

/** What a connection was let in by. */
export function proofInWords(auth: string): string {
  return PROOFS[auth] ?? auth;
}

/** What a connection may do, short: `operator: everything`, `operator: read, write`, `node`. */
export function mayInWords(role: string, scopes: readonly string[]): string {
  if (scopes.includes("operator.admin")) return `${role}: everything`;
  const short = scopes.map((scope) => scope.replace(/^operator\./, "")).join(", ");
  if (role === "node") return short ? `node: ${short}` : "node";
  return `${role}: ${short || "nothing yet"}`;
}
