import { describe, expect, it } from "vitest";
import { pathOf, picture } from "./qr";

describe("a QR picture", () => {
  it("joins the dark modules of a row", () => {
    expect(
      pathOf([
        [true, true, false, true],
        [false, false, false, false],
        [false, true, true, true],
      ]),
    ).toBe("M0 0h2v1h-2zM3 0h1v1h-1zM1 2h3v1h-3z");
  });

  it("has a quiet zone of four modules around it", async () => {
    const drawn = await picture("https://gateway.example/");
    expect(drawn?.path.startsWith("M4 4h7")).toBe(true);
    expect((drawn?.side ?? 0) % 4).toBe(1);
  });

  it("is refused for a text that no picture holds", async () => {
    expect(await picture("x".repeat(4000))).toBeNull();
  });
});
