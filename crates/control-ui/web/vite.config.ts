import { defineConfig } from "vitest/config";

// The page may stand under any prefix that a proxy invents, so nothing in it names an absolute path: `./` here, and the
// gateway puts the way back to its root into the page (see `src/base.ts`).
export default defineConfig({
  base: "./",
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
