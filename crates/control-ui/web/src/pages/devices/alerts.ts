// Notifications of the browser about devices that wait. Only after the person asked for them on the Devices page.

import { computed, signal } from "@preact/signals";
import { go } from "../../shell/router";
import { nameOf } from "./names";
import type { PendingRow } from "./rows";

const KEPT_AT = "openclaw.alertWaiting";

/** Whether this browser can show notifications to this page at all: not over plain HTTP on a network address. */
export function canAlert(): boolean {
  return window.isSecureContext && "Notification" in window;
}

const wanted = signal(readWanted());
const permission = signal<NotificationPermission>(canAlert() ? Notification.permission : "denied");

/** Whether alerts are shown. */
export const alerting = computed(() => wanted.value && permission.value === "granted");
/** Whether the browser was told never to show any: only its own settings change that. */
export const blocked = computed(() => permission.value === "denied");

function readWanted(): boolean {
  try {
    return localStorage.getItem(KEPT_AT) === "on";
  } catch {
    return false;
  }
}

/** Turns alerts on, asking the browser's permission, or off. */
export async function setAlerting(on: boolean): Promise<void> {
  if (on) permission.value = await Notification.requestPermission();
  wanted.value = on && permission.value === "granted";
  try {
    localStorage.setItem(KEPT_AT, wanted.value ? "on" : "off");
  } catch {
    // A browser without storage: in force until the page is closed.
  }
}

/** Shows an alert for a device that began to wait while nobody looks at the page. */
export function alertAbout(row: PendingRow): void {
  if (!alerting.value || document.visibilityState === "visible") return;
  const alert = new Notification("A device waits for you", {
    body: `${nameOf(row)} asks to use the gateway.`,
    tag: row.requestId,
  });
  alert.onclick = () => {
    window.focus();
    go(`/devices?request=${encodeURIComponent(row.requestId)}`);
    alert.close();
  };
}
