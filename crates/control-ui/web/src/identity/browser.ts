import { signal } from "@preact/signals";

/** What of the browser tells its kind. */
export type Agent = { userAgent: string; maxTouchPoints?: number };

const NAME_AT = "openclaw.browserName";

/** The operating system in one stable word: versions would make a known device look like another. */
export function platformOf({ userAgent, maxTouchPoints = 0 }: Agent): string {
  if (/iPhone|iPod/.test(userAgent)) return "iOS";
  if (/iPad/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) return "iPadOS";
  if (/Android/.test(userAgent)) return "Android";
  if (/Windows/.test(userAgent)) return "Windows";
  if (/Macintosh|Mac OS X/.test(userAgent)) return "macOS";
  if (/CrOS/.test(userAgent)) return "ChromeOS";
  return /Linux|X11/.test(userAgent) ? "Linux" : "web";
}

/** The browser's product name. */
function productOf(userAgent: string): string {
  if (/Edg(e|A|iOS)?\//.test(userAgent)) return "Edge";
  if (/OPR\/|Opera/.test(userAgent)) return "Opera";
  if (/SamsungBrowser\//.test(userAgent)) return "Samsung Internet";
  if (/Firefox\/|FxiOS\//.test(userAgent)) return "Firefox";
  if (/Chrome\/|Chromium\/|CriOS\//.test(userAgent)) return "Chrome";
  return /Safari\//.test(userAgent) ? "Safari" : "Browser";
}

/** A name that a person recognises in a list, for example "Chrome on Linux". */
export function nameOf(agent: Agent): string {
  const platform = platformOf(agent);
  const product = productOf(agent.userAgent);
  return platform === "web" ? product : `${product} on ${platform}`;
}

/** The name under which this browser introduces itself; change it with `rename`. */
export const browserName = signal(storedName() ?? nameOf(navigator));

/** Keeps another name for this browser; an empty one brings the first back. */
export function keepName(name: string): void {
  const kept = name.trim().slice(0, 64);
  browserName.value = kept || nameOf(navigator);
  try {
    if (kept) localStorage.setItem(NAME_AT, kept);
    else localStorage.removeItem(NAME_AT);
  } catch {
    // Without storage the name lasts as long as the page.
  }
}

function storedName(): string | null {
  try {
    return localStorage.getItem(NAME_AT);
  } catch {
    return null;
  }
}
