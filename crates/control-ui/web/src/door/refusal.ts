/** From what stands in the way to what is shown of it: which words, which command, which thing to do next. */

import type { Trouble } from "../gateway/trouble";
import { isSaid } from "./titles";

/** What the one input is for, when it is shown with a refusal. */
export type Wanted = "secret" | "password" | "code" | null;

/** The button that goes on. */
export type Action = "retry" | "reload" | null;

/** How a refusal is shown. */
export type Shown = {
  wanted: Wanted;
  /** What was typed was wrong: it is selected, so that typing replaces it. */
  replace: boolean;
  action: Action;
  actionLabel: string;
  /** Where the command is to be run. */
  where: string;
  /** The command is for other clients than a page, which is renewed by loading it anew. */
  withoutFix: boolean;
};

const HOST = "On the gateway's host";
const HERE = "On this computer";

type Row = Partial<Shown>;

const RETRY: Row = { action: "retry", actionLabel: "Try again" };
const RELOAD: Row = { action: "reload", actionLabel: "Reload this page" };
const SECRET: Row = { wanted: "secret", replace: true };

/** By cause. What is not listed gets a command, where there is one, and another try. */
const ROWS: Record<string, Row> = {
  "C-05": { ...RETRY, where: HERE },
  "C-06": { ...RETRY, where: HERE },
  "C-07": { wanted: "secret" },
  "C-08": SECRET,
  "C-09": { wanted: "secret" },
  "C-10": RETRY,
  "C-11": { wanted: "password", replace: true },
  "C-12": { ...RETRY, wanted: "secret" },
  "C-13": { wanted: "secret" },
  "C-16": { ...RELOAD, withoutFix: true },
  "C-22": { ...RELOAD, withoutFix: true },
  "C-26": { action: "retry", actionLabel: "Ask for access again" },
  "C-27": { wanted: "code", replace: true },
  "C-28": { ...RETRY, wanted: "secret" },
  "C-29": SECRET,
};

/** How the refusal is shown. */
export function shownOf(trouble: Trouble): Shown {
  const base: Shown = {
    wanted: null,
    replace: false,
    action: null,
    actionLabel: "",
    where: HOST,
    withoutFix: false,
  };
  if (isSaid(trouble, "declined")) return { ...base, action: "retry", actionLabel: "Ask again" };
  if (isSaid(trouble, "cannotSign") || isSaid(trouble, "signIn")) return { ...base, ...RELOAD };
  // The new secret is what is needed; the device itself is still approved.
  if (trouble.code === "AUTH_CHANGED" || trouble.code === "TOKEN_ROTATED")
    return { ...base, ...SECRET, replace: false };
  return { ...base, ...(ROWS[trouble.cause] ?? RETRY) };
}
