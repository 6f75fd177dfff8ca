// How fast a page is, as Chromium itself measures it.

/** What people notice. */
const LONG_MS = 50;

/**
 * Does `work` and tells of the tasks on the page's main thread meanwhile. A task is as long as the clock says and costs as
 * much processor time: where other programs keep the machine busy, only the second is the page's own.
 */
async function tasks(page, work) {
  const session = await page.context().browser().newBrowserCDPSession();
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
  const categories = ["toplevel", "disabled-by-default-devtools.timeline", "__metadata"];
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: categories },
  });
  const value = await work();
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const main = new Set(
    events
      .filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain")
      .map((event) => `${event.pid} ${event.tid}`),
  );
  const run = events.filter((event) => /RunTask$/.test(event.name) && main.has(`${event.pid} ${event.tid}`));
  const over = (field) => run.filter((event) => (event[field] ?? 0) > LONG_MS * 1000).length;
  const most = (field) =>
    Math.round(run.reduce((worst, event) => Math.max(worst, event[field] ?? 0), 0) / 1000);
  return {
    ...value,
    longTasks: over("dur"),
    longestTaskMs: most("dur"),
    longTasksByCpu: over("tdur"),
    longestTaskCpuMs: most("tdur"),
  };
}

/** Opens `url` as for the first time and tells when something was to be seen, what it weighed, and what held it up. */
async function firstView(page, url) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.clearBrowserCache");
  let bytes = 0;
  let answers = 0;
  session.on("Network.loadingFinished", (event) => {
    bytes += event.encodedDataLength;
    answers += 1;
  });
  await page.goto(url, { waitUntil: "networkidle" });
  const times = await page.evaluate(() => {
    const paint = Object.fromEntries(
      performance.getEntriesByType("paint").map((entry) => [entry.name, Math.round(entry.startTime)]),
    );
    const [navigation] = performance.getEntriesByType("navigation");
    return {
      firstPaintMs: paint["first-paint"],
      firstContentfulPaintMs: paint["first-contentful-paint"],
      loadMs: Math.round(navigation.loadEventEnd),
    };
  });
  await session.detach();
  return { ...times, bytes, answers };
}

/** Scrolls whatever scrolls up and down for `ms` and tells how the page kept up. */
async function scroll(page, ms) {
  return page.evaluate(async (ms) => {
    const taller = (one, other) =>
      other.scrollHeight - other.clientHeight - (one.scrollHeight - one.clientHeight);
    const scrolls = (each) => /auto|scroll/.test(getComputedStyle(each).overflowY);
    const [target = document.scrollingElement] = [...document.querySelectorAll("*")]
      .filter(scrolls)
      .sort(taller);
    const end = performance.now() + ms;
    let frames = 0;
    let worst = 0;
    let last = performance.now();
    while (performance.now() < end) {
      const now = await new Promise((done) => requestAnimationFrame(done));
      worst = Math.max(worst, now - last);
      last = now;
      frames += 1;
      const room = target.scrollHeight - target.clientHeight;
      target.scrollTop = room * (0.5 + 0.5 * Math.sin(frames / 15));
    }
    return { frames, worstFrameMs: Math.round(worst) };
  }, ms);
}

/** `what`: "first" with a `url`, or "scroll" with `ms`. */
export function measure(page, { what, url, ms }) {
  return tasks(page, () => (what === "first" ? firstView(page, url) : scroll(page, ms)));
}
