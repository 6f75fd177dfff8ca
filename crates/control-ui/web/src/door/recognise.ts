/**
 * Telling by its shape what somebody pasted, exactly as the gateway does (`protocol::recognise`): the generated vectors
 * hold both to the same answers. It is a guess for explaining; it never decides who gets in.
 */

import { placeholders, redacted } from "../generated/catalogue";

/** What a pasted text looks like. */
export type Kind =
  | "claimCode"
  | "setupCode"
  | "deviceToken"
  | "hexToken"
  | "placeholder"
  | "id"
  | "url"
  | "other";

/** What a setup code says. */
export type SetupCode = {
  url: string;
  bootstrapToken: string;
  expiresAtMs: number | undefined;
};

const PLACEHOLDER_WORDS = new Set(placeholders);
const MAX_CODE_CHARS = 8192;
const SEPARATOR = /[-\u0020\u2010-\u2015]/;

/** Says what a text looks like. */
export function recognise(text: string): Kind {
  const trimmed = text.trim();
  if (isPlaceholder(trimmed)) return "placeholder";
  if (isClaimCode(trimmed)) return "claimCode";
  if (/^(?:https?|wss?):\/\//.test(trimmed)) return "url";
  if (isUuid(trimmed) || /^[0-9a-f]{64}$/.test(trimmed)) return "id";
  if (/^[0-9A-Fa-f]{32,}$/.test(trimmed)) return "hexToken";
  if (decodeSetupCode(trimmed)) return "setupCode";
  if (/^[A-Za-z0-9_-]{43}$/.test(trimmed)) return "deviceToken";
  return "other";
}

/** Whether a text is a UUID, as the ids of pairing requests are. */
export function isUuid(text: string): boolean {
  return /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(text);
}

/** Whether a value is what a guide or a redacted listing prints in the place of a token. */
export function isPlaceholder(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === redacted || (trimmed.length > 1 && trimmed.startsWith("<") && trimmed.endsWith(">"))) {
    return true;
  }
  if (trimmed.startsWith("$")) {
    return /^[$({]+[A-Z0-9_]+[})]*$/.test(trimmed);
  }
  if (/^[*•….xX]+$/u.test(trimmed)) return true;
  return PLACEHOLDER_WORDS.has(trimmed.replace(/[^A-Za-z0-9]/g, "").toLowerCase());
}

/** Reads a claim code as a person types it: any case, `O` for zero, `I` or `L` for one. */
export function parseClaimCode(text: string): string | null {
  let symbols = "";
  for (const typed of text.trim()) {
    if (SEPARATOR.test(typed)) continue;
    // Upper case of ASCII only: other alphabets have letters whose capitals are ours.
    const symbol = /^[a-z]$/.test(typed) ? typed.toUpperCase() : typed;
    const digit = symbol.replace("O", "0").replace(/[IL]/, "1");
    if (!/^[0-9A-HJKMNP-TV-Z]$/.test(digit)) return null;
    symbols += digit;
  }
  return symbols.length === 8 ? `${symbols.slice(0, 4)}-${symbols.slice(4)}` : null;
}

/** Whether a text looks like a claim code: four, a separator, four. */
function isClaimCode(text: string): boolean {
  const chars = [...text];
  return chars.length === 9 && SEPARATOR.test(chars[4] ?? "") && parseClaimCode(text) !== null;
}

/** Reads a setup code that somebody pasted; line breaks, spaces and padding do not matter. */
export function decodeSetupCode(text: string): SetupCode | null {
  if (text.length > MAX_CODE_CHARS) return null;
  const compact = text.replace(/\s+/g, "").replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  // Cheap refusal before anything is decoded: an object begins with a brace, which base64 writes as `e` and more.
  if (!/^[A-Za-z0-9+/]{8,}$/.test(compact)) return null;
  try {
    const bytes = Uint8Array.from(atob(compact), (char) => char.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    const { url, bootstrapToken, expiresAtMs, tlsFingerprint, urls } = value as Record<string, unknown>;
    if (typeof url !== "string" || !/^wss?:\/\//.test(url)) return null;
    if (typeof bootstrapToken !== "string" || bootstrapToken === "") return null;
    const expires = expiresAtMs ?? undefined;
    if (expires !== undefined && !(Number.isInteger(expires) && Number(expires) >= 0)) return null;
    if (typeof (tlsFingerprint ?? "") !== "string") return null;
    if (urls !== undefined && !(Array.isArray(urls) && urls.every((it) => typeof it === "string")))
      return null;
    return { url, bootstrapToken, expiresAtMs: expires === undefined ? undefined : Number(expires) };
  } catch {
    return null;
  }
}
