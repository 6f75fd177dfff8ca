// Pictures of a page as people see it: at a desk and on a phone, light and dark. Each view is judged as well.

import { join } from "node:path";

export const SIZES = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

const ALL = [
  ["wide", "light"],
  ["phone", "dark"],
  ["wide", "dark"],
  ["phone", "light"],
];

/** What is still moving would be judged, and drawn, half-way. */
async function still(page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    const moving = document
      .getAnimations()
      .filter((each) => each.effect?.getTiming().iterations !== Infinity);
    await Promise.allSettled(moving.map((each) => each.finished));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  });
}

/** A window in which all of the page is seen, with what is fixed to its foot at its foot. */
async function whole(page, { width, height }) {
  const all = await page.evaluate(() => document.documentElement.scrollHeight);
  return { width, height: Math.min(Math.max(all, height), 6000) };
}

/** True when the page is wider than its window: on a phone that means scrolling sideways. */
const overflows = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

/**
 * Judges the page in two views that together meet both sizes and both schemes; with a `folder`, judges and draws all
 * four. What was found wrong comes back, each with its view.
 */
export async function portraits(page, name, folder, judge) {
  const size = page.viewportSize() ?? SIZES.wide;
  const dark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  const found = [];
  for (const [width, scheme] of folder ? ALL : ALL.slice(0, 2)) {
    await page.setViewportSize(SIZES[width]);
    await page.emulateMedia({ colorScheme: scheme });
    await still(page);
    for (const fault of await judge(page)) found.push(`${width}, ${scheme}: ${fault}`);
    if (await overflows(page)) found.push(`${width}, ${scheme}: the page is wider than its window`);
    if (folder) {
      await page.setViewportSize(await whole(page, SIZES[width]));
      await still(page);
      await page.screenshot({
        path: join(folder, `${name}.${width}.${scheme}.png`),
        animations: "disabled",
      });
    }
  }
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
  return found;
}
