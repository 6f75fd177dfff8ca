import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

// The page introduces itself to the gateway with the version of the program that it is a part of.
const manifest = readFileSync(new URL("../../../Cargo.toml", import.meta.url), "utf8");
const version = /^version = "([^"]+)"/m.exec(manifest)?.[1] ?? "unknown";

// The page may stand under any prefix that a proxy invents, so nothing in it names an absolute path: `./` here, and the
// gateway puts the way back to its root into the page (see `src/base.ts`).
export default defineConfig({
  base: "./",
  define: { PAGE_VERSION: JSON.stringify(version) },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The policy of the page allows no inline style and no `data:` font or script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
