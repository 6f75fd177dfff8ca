// Drives one Chromium for one whole-program test (`tests/src/browser.rs`): a JSON command a line on standard input, a
// JSON answer a line on standard output. What a page is asked for, it is asked as a person would: by role and label.
// `tests/src/browser.rs` says what each command means to a test.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as rest } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { chromium } from "playwright-core";
import { judge } from "./axe.mjs";
import { measure } from "./figures.mjs";
import { portraits, SIZES } from "./portraits.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // The name in the proxies' configurations, which no name server knows.
  "--host-resolver-rules=MAP gateway.example.com 10.77.0.1",
  // Small shared memory in containers.
  "--disable-dev-shm-usage",
];

const require = createRequire(import.meta.url);
const axe = require.resolve("axe-core/axe.min.js");

let browser;
let patience = 20_000;
const contexts = [];
const pages = [];
/** Addresses a test asked for itself; everything else that a page asks for must be there too. */
const asked = new Set();
const requests = [];
const faults = [];

/** Chromium's own words about answers and sockets that did not come: what a test provokes, not what a page did wrong. */
const UNREACHED = /^(WebSocket connection to|Failed to load resource)/;

function listen(page) {
  page.on("pageerror", (error) => faults.push(`page error: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    if (!UNREACHED.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("websocket", (socket) => requests.push(socket.url()));
}

async function newContext() {
  const context = await browser.newContext({
    viewport: SIZES.wide,
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    colorScheme: "light",
  });
  context.setDefaultTimeout(patience);
  context.on("request", (request) => requests.push(request.url()));
  context.on("page", listen);
  contexts.push(context);
  return contexts.length - 1;
}

/** `…` in what a test looks for stands for anything, and any white space for any other. */
function pattern(text, whole) {
  const pieces = text.split("…").map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").trim());
  const body = pieces.map((piece) => piece.replace(/\s+/g, "\\s+")).join("[\\s\\S]*?");
  return new RegExp(whole ? `^\\s*${body}\\s*$` : body);
}

const named = (page, { role, name }) =>
  page.getByRole(role, name === undefined ? {} : { name: pattern(name, true) });
const labelled = (page, { label }) => page.getByLabel(pattern(label, true));

/** What a person reads on the page, or why nobody can. */
async function shown(page) {
  try {
    return await page.evaluate(() => document.body?.innerText ?? "");
  } catch (error) {
    return `(unreadable: ${error.message})`;
  }
}

async function see(page, text, wanted, timeout) {
  const { source, flags } = pattern(text, false);
  const test = ([source, flags, wanted]) =>
    new RegExp(source, flags).test(document.body?.innerText ?? "") === wanted;
  await page.waitForFunction(test, [source, flags, wanted], { timeout, polling: 50 });
}

const cdp = (page) => page.context().newCDPSession(page);

/** What an expression comes to in the page, promises awaited, whatever its policy. */
async function evaluate(page, js) {
  const session = await cdp(page);
  try {
    const { result, exceptionDetails: thrown } = await session.send("Runtime.evaluate", {
      expression: js,
      awaitPromise: true,
      returnByValue: true,
    });
    if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
    return result.value ?? null;
  } finally {
    await session.detach();
  }
}

const COMMANDS = {
  async start({ chromium: executablePath, patience: limit }) {
    patience = limit;
    browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
  },
  profile: () => newContext(),
  async page({ profile }) {
    const page = await contexts[profile].newPage();
    pages.push(page);
    return pages.length - 1;
  },
  async goto({ page, url }) {
    asked.add(new URL(url).host);
    const answer = await page.goto(url, { waitUntil: "load" });
    return answer?.status() ?? 0;
  },
  allow: ({ host }) => void asked.add(host),
  click: ({ page, ...what }) => named(page, what).click(),
  fill: ({ page, text, ...what }) => labelled(page, what).fill(text),
  select: async ({ page, option, ...what }) => {
    const field = labelled(page, what);
    const wanted = pattern(option, true);
    const fits = field.locator("option").filter({ hasText: wanted });
    await fits.first().waitFor({ state: "attached" });
    await field.selectOption({ label: await fits.first().innerText() });
  },
  check: ({ page, on, ...what }) => labelled(page, what).setChecked(on),
  value: ({ page, ...what }) => labelled(page, what).inputValue(),
  press: ({ page, key }) => page.keyboard.press(key),
  write: ({ page, text }) => page.keyboard.type(text),
  sees: ({ page, text }) => see(page, text, true, patience),
  gone: ({ page, text }) => see(page, text, false, patience),
  sees_role: ({ page, ...what }) => named(page, what).first().waitFor({ state: "visible" }),
  gone_role: async ({ page, ...what }) => {
    // Each, because the first may be another one by then.
    const all = named(page, what);
    while ((await all.count()) > 0) await all.first().waitFor({ state: "hidden" });
  },
  count: ({ page, ...what }) => named(page, what).count(),
  focused: ({ page }) =>
    page.evaluate(() => {
      const at = document.activeElement;
      return at === null || at === document.body
        ? ""
        : (at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent ?? "");
    }),
  text: ({ page }) => shown(page),
  url: ({ page }) => page.url(),
  title: ({ page }) => page.title(),
  eval: ({ page, js }) => evaluate(page, js),
  until: async ({ page, js }) => {
    const end = Date.now() + patience;
    // Playwright's own waiting makes code of an expression in the page, which the page's policy forbids.
    while ((await evaluate(page, js)) !== true) {
      if (Date.now() > end) throw new Error(`not true within ${patience} ms`);
      await rest(50);
    }
  },
  until_url: ({ page, pattern: text }) => page.waitForURL((url) => pattern(text, true).test(url.href)),
  reload: ({ page }) => page.reload({ waitUntil: "load" }).then(() => undefined),
  forget: ({ page }) => page.close(),
  /** Every address in the tab's history, also those that the page has replaced since. */
  history: async ({ page }) => {
    const session = await cdp(page);
    const { entries } = await session.send("Page.getNavigationHistory");
    await session.detach();
    return entries.map((entry) => `${entry.url} ${entry.title}`);
  },
  size: ({ page, name }) => page.setViewportSize(SIZES[name]),
  scheme: ({ page, name }) => page.emulateMedia({ colorScheme: name }),
  offline: ({ page, on }) => page.context().setOffline(on),
  clear: async ({ page }) => {
    const session = await cdp(page);
    await page.evaluate(() => sessionStorage.clear());
    await session.send("Storage.clearDataForOrigin", {
      origin: new URL(page.url()).origin,
      storageTypes: "all",
    });
    await session.detach();
  },
  requests: () => requests,
  faults: () => faults,
  forgive: () => void faults.splice(0),
  strangers: () => requests.filter((url) => /^(https?|wss?):/.test(url) && !asked.has(new URL(url).host)),
  portrait: ({ page, name, folder }) => portraits(page, name, folder, (page) => judge(page, axe)),
  figures: (what) => measure(what.page, what),
  async end() {
    await browser?.close();
  },
};

async function answer({ id, op, page: index, ...rest }) {
  const page = index === undefined ? undefined : pages[index];
  try {
    const value = await COMMANDS[op]({ ...rest, page });
    return { id, ok: true, value: value ?? null };
  } catch (error) {
    const said = stripVTControlCharacters(String(error?.message ?? error));
    const more = page ? { url: page.url(), shown: await shown(page) } : {};
    return { id, ok: false, error: said, ...more };
  }
}

// A test that ended without saying so takes its browser along.
const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
await browser?.close();
