import { vi } from "vitest";

// The place of the page for tests: a test's script is a file, whose address is no place for a page.
// Use it with `vi.mock("../../base", () => import("../../testing/base"))`.

const actual = await vi.importActual<typeof import("../base")>("../base");

export const root = new URL("/", location.href);
export const rootOf = actual.rootOf;
export const socketUrl = (at: URL = root): string => actual.socketUrl(at);
export const pathBelow = (place: { pathname: string }, at: URL = root): string | null =>
  actual.pathBelow(place, at);
export const pageUrl = (to: string, at: URL = root): string => actual.pageUrl(to, at);
