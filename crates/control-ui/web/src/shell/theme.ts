import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

/** It is no secret, and a choice for this browser: so it may stay in its local storage. */
const KEY = "openclaw.theme";

export const theme = signal<Theme>(read());

function read(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

/** Puts the theme on the page, now and whenever it changes. */
export function followTheme(): void {
  effect(() => {
    const chosen = theme.value;
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    try {
      if (chosen === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, chosen);
    } catch {
      // Storage is blocked: the choice holds for this visit.
    }
  });
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function nextTheme(): void {
  theme.value = NEXT[theme.value];
}
