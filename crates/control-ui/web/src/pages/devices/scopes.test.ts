import { describe, expect, it } from "vitest";
import { beyond, implies } from "../../gateway/scopes";
import { essence, levelOf, mayBeReadOnly, sameReach, toggled } from "./scopes";

const op = (...names: string[]) => names.map((name) => `operator.${name}`);

describe("scopes", () => {
  it.each([
    ["admin", "pairing", true],
    ["admin", "talk.secrets", true],
    ["write", "read", true],
    ["write", "sessions.write", true],
    ["write", "approvals", false],
    ["read", "write", false],
    ["read", "sessions.read", true],
    ["pairing", "read", false],
  ])("%s brings %s: %s", (held, wanted, expected) => {
    expect(implies(`operator.${held}`, `operator.${wanted}`)).toBe(expected);
  });

  it("gives nothing of a node to an admin", () => {
    expect(implies("operator.admin", "node.camera")).toBe(false);
  });

  it("tells what an upgrade asks for in addition", () => {
    expect(beyond(op("read", "write", "admin"), op("write"))).toEqual(op("admin"));
    expect(beyond(op("read"), [])).toEqual(op("read"));
    expect(beyond(op("read", "pairing"), op("admin"))).toEqual([]);
  });

  it("leaves out what another scope brings along", () => {
    expect(essence(op("read", "write", "pairing", "write"))).toEqual(op("write", "pairing"));
    expect(essence(op("admin", "read", "questions"))).toEqual(op("admin"));
  });

  it.each([
    [op("admin", "read"), "full"],
    [op("read"), "read"],
    [op("read", "sessions.read"), "read"],
    [op("sessions.read"), "read"],
    [op("write"), "some"],
    [["node.camera"], "none"],
    [[], "none"],
  ])("names %j %s", (scopes, level) => {
    expect(levelOf(scopes)).toBe(level);
  });

  it("compares what sets allow, not how they are written", () => {
    expect(sameReach(op("write"), op("read", "write"))).toBe(true);
    expect(sameReach(op("write"), op("read"))).toBe(false);
  });

  it("offers read only where there is something to leave out", () => {
    expect(mayBeReadOnly(["operator"], op("admin"))).toBe(true);
    expect(mayBeReadOnly(["operator"], op("read"))).toBe(false);
    expect(mayBeReadOnly(["operator"], op("pairing"))).toBe(false);
    expect(mayBeReadOnly(["node"], [])).toBe(false);
    expect(mayBeReadOnly(["node", "operator"], op("admin"))).toBe(false);
  });

  it("ticks and clears", () => {
    expect(toggled(op("read", "pairing"), "operator.write", true)).toEqual(op("pairing", "write"));
    expect(toggled(op("write", "pairing"), "operator.write", false)).toEqual(op("pairing"));
  });
});
