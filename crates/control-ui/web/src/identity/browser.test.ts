import { expect, it } from "vitest";
import { browserName, keepName, nameOf, platformOf } from "./browser";

const CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

it.each([
  ["Chrome on Linux", "Linux", `Mozilla/5.0 (X11; Linux x86_64) ${CHROME}`, 0],
  ["Chrome on Windows", "Windows", `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME}`, 0],
  ["Edge on Windows", "Windows", `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Edg/140.0.0.0`, 0],
  [
    "Firefox on macOS",
    "macOS",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    0,
  ],
  [
    "Safari on macOS",
    "macOS",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15",
    0,
  ],
  [
    "Safari on iPadOS",
    "iPadOS",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15",
    5,
  ],
  [
    "Safari on iOS",
    "iOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile/15E148 Safari/604.1",
    5,
  ],
  [
    "Firefox on iOS",
    "iOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 FxiOS/145.0 Mobile/15E148 Safari/605.1.15",
    5,
  ],
  [
    "Chrome on Android",
    "Android",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    5,
  ],
  ["Chrome on ChromeOS", "ChromeOS", `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME}`, 0],
  ["Browser", "web", "something", 0],
])("is called %s", (name, platform, userAgent, maxTouchPoints) => {
  expect(nameOf({ userAgent, maxTouchPoints })).toBe(name);
  expect(platformOf({ userAgent, maxTouchPoints })).toBe(platform);
});

it("may be called something else, and gets its own name back", () => {
  const own = browserName.value;
  keepName("  The kitchen's tablet  ");
  expect(browserName.value).toBe("The kitchen's tablet");
  expect(localStorage.getItem("openclaw.browserName")).toBe("The kitchen's tablet");
  keepName(" ");
  expect(browserName.value).toBe(own);
  expect(localStorage.getItem("openclaw.browserName")).toBeNull();
});
