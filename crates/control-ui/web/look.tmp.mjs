import { chromium } from "playwright-core";
import { execFileSync } from "node:child_process";
const TOKEN = JSON.parse((await import("node:fs")).readFileSync("/tmp/dh/.openclaw/openclaw.json","utf8")).gateway.auth.token;
const args = ["--headless","--no-sandbox","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking","--disable-component-update","--disable-sync"];
export const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
export async function person({ width = 1280, height = 800, scheme = "light", host = "127.0.0.1", ua } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, ...(ua && { userAgent: ua }) });
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" || m.type()==="warning") console.log("CONSOLE", m.text()); });
  page.on("pageerror", (e) => console.log("PAGEERROR", e.message));
  page.visit = (path = "/", token = true) => page.goto(`http://${host}:28789${path}${token ? `#token=${TOKEN}` : ""}`);
  page.shot = (name) => page.screenshot({ path: `/tmp/shots/${name}.png` });
  return page;
}
export const cli = (...a) => { try { return execFileSync("/tmp/gw.sh", a, { encoding: "utf8" }); } catch (e) { return `${e.stdout}${e.stderr}`; } };
