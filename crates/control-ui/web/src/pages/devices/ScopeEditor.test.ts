import { describe, expect, it } from "vitest";
import { without } from "./ScopeEditor";

const op = (...names: string[]) => names.map((name) => `operator.${name}`);

describe("clearing a box of what a device may do", () => {
  it("leaves of full access what it was made of, as far as that was approved", () => {
    const left = without(op("admin"), op("admin"), "operator.admin", false);
    expect(new Set(left)).toEqual(new Set(op("write", "approvals", "pairing", "questions", "talk.secrets")));
  });

  it("leaves reading when writing goes", () => {
    expect(new Set(without(op("write"), op("write"), "operator.write", false))).toEqual(
      new Set(op("read", "sessions.write", "talk")),
    );
  });

  it("takes away one that stands alone", () => {
    expect(without(op("read", "pairing"), op("read", "pairing"), "operator.pairing", false)).toEqual(
      op("read"),
    );
  });

  it("ticks what was approved", () => {
    expect(without(op("read"), op("write"), "operator.write", true)).toEqual(op("write"));
  });
});
