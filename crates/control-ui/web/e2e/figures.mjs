// How fast a page is, as Chromium itself measures it.

/** Begins to note long tasks, from now on or from the beginning of the next page. */
const WATCH = () => {
  window.__long = [];
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.__long.push(Math.round(task.duration));
  }).observe({ type: "longtask", buffered: true });
};

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
  await page.addInitScript(WATCH);
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
      longTasksMs: window.__long,
    };
  });
  await session.detach();
  return { ...times, bytes, answers };
}

/** Scrolls whatever scrolls up and down for `ms` and tells how the page kept up. */
async function scroll(page, ms) {
  return page.evaluate(async (ms) => {
    window.__long = [];
    const observer = new PerformanceObserver((list) => {
      for (const task of list.getEntries()) window.__long.push(Math.round(task.duration));
    });
    observer.observe({ type: "longtask" });
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
    observer.disconnect();
    return { frames, worstFrameMs: Math.round(worst), longTasksMs: window.__long };
  }, ms);
}

/** `what`: "first" with a `url`, or "scroll" with `ms`. */
export function measure(page, { what, url, ms }) {
  return what === "first" ? firstView(page, url) : scroll(page, ms);
}
