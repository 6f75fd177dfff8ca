import { describe, expect, it } from "vitest";
import { grouped, predecessor } from "./list";
import { paired, pending } from "./testing";

const names = (entries: { name: string }[]) => entries.map((entry) => entry.name);

describe("the list of devices", () => {
  const list = {
    pending: [pending("r1", { ts: 1_000 }), pending("r2", { ts: 2_000, displayName: "Firefox on Android" })],
    paired: [
      paired("a", { displayName: "Old laptop", lastSeenAtMs: 10 }),
      paired("b", { displayName: "Phone", lastSeenAtMs: 20, roles: ["node", "operator"] }),
      paired("c", { displayName: "Camera", roles: ["node"], scopes: [], lastSeenAtMs: 90 }),
      paired("d", { displayName: "Desk", lastSeenAtMs: 5, connected: true }),
      paired("e", { displayName: "Here", lastSeenAtMs: 1 }),
    ],
  };

  it("puts what waits first, newest on top, and each device into one group", () => {
    const groups = grouped(list, {});
    expect(groups.waiting.map((row) => row.requestId)).toEqual(["r2", "r1"]);
    expect(names(groups.nodes)).toEqual(["Camera"]);
    expect(names(groups.operators)).toEqual(["Desk", "Phone", "Old laptop", "Here"]);
  });

  it("shows this browser first", () => {
    const groups = grouped(list, { own: "e" });
    expect(names(groups.operators)).toEqual(["Here", "Desk", "Phone", "Old laptop"]);
    expect(groups.operators[0]?.own).toBe(true);
  });

  it.each([
    ["name", ["Desk", "Here", "Old laptop", "Phone"]],
    ["approved", ["Phone", "Desk", "Here", "Old laptop"]],
  ] as const)("sorts by %s", (order, expected) => {
    const rows = list.paired.map((row) => ({ ...row, approvedAtMs: row.deviceId === "b" ? 2 : 1 }));
    expect(names(grouped({ pending: [], paired: rows }, { order }).operators)).toEqual(expected);
  });

  it.each([
    ["phone", 0, ["Phone"], []],
    ["node offline", 0, ["Phone"], ["Camera"]],
    ["FIREFOX waiting", 1, [], []],
    ["connected", 0, ["Desk"], []],
    ["no such thing", 0, [], []],
  ])("finds %s", (search, waiting, operators, nodes) => {
    const groups = grouped(list, { search });
    expect(groups.waiting).toHaveLength(waiting);
    expect(names(groups.operators)).toEqual(operators);
    expect(names(groups.nodes)).toEqual(nodes);
  });

  it("takes the likeliest device for the one that a request follows", () => {
    const sameAs = [
      { deviceId: "x", name: "Near", lastSeenAtMs: 1 },
      { deviceId: "y", name: "Far", lastSeenAtMs: 2 },
    ];
    expect(predecessor(pending("r", { sameAs }))?.name).toBe("Near");
    expect(predecessor(pending("r", { sameAs: [] }))).toBeUndefined();
  });

  it("puts requests for what was withheld before behind all others", () => {
    const rows = [pending("old", { ts: 9, withheldAtMs: 5 }), pending("new", { ts: 1 })];
    const { waiting } = grouped({ pending: rows, paired: [] }, {});
    expect(waiting.map((row) => row.requestId)).toEqual(["new", "old"]);
  });
});
