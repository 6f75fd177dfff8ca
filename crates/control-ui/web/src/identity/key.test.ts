import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fromBase64url, utf8 } from "./bytes";
import { deviceKey } from "./key";
import { openVault, type Vault } from "./vault";

const ROOT = "http://gw.example/";

async function holds(key: { publicKey: string; sign(text: string): Promise<string> }): Promise<boolean> {
  const verifier = await crypto.subtle.importKey("raw", fromBase64url(key.publicKey), "Ed25519", false, [
    "verify",
  ]);
  const signature = fromBase64url(await key.sign("said"));
  return crypto.subtle.verify("Ed25519", verifier, signature, utf8("said"));
}

async function names(vault: Vault): Promise<string[]> {
  const stored = await vault.get("keys", ROOT);
  return Object.keys(stored as object).sort();
}

beforeEach(() => sessionStorage.clear());
afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  const vault = await openVault();
  await vault.remove("keys", ROOT);
});

describe("a key made with software", () => {
  it("where the page is not secure is kept, and the same next time", async () => {
    const { getRandomValues, subtle } = crypto;
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
    const vault = await openVault();
    const key = await deviceKey(vault, ROOT, "Linux");
    const again = await deviceKey(vault, ROOT, "Android");
    expect([again.id, again.publicKey, again.platform]).toEqual([key.id, key.publicKey, "Linux"]);
    expect(key.kept).toBe("browser");
    expect(await names(vault)).toEqual(["platform", "seed"]);
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto), subtle });
    expect(await holds(again)).toBe(true);
  });

  it("where the browser cannot store its own kind of key is stored instead", async () => {
    const vault = await openVault();
    const picky: Vault = {
      ...vault,
      add: (shelf, name, value) => {
        if (typeof value === "object" && value !== null && "privateKey" in value)
          throw new DOMException("", "DataCloneError");
        return vault.add(shelf, name, value);
      },
    };
    expect(await holds(await deviceKey(picky, ROOT, "Linux"))).toBe(true);
    expect(await names(vault)).toEqual(["platform", "seed"]);
  });
});

describe("without a database", () => {
  beforeEach(() => {
    vi.spyOn(indexedDB, "open").mockImplementation(() => {
      throw new DOMException("", "SecurityError");
    });
  });

  it("the key lasts as long as the tab", async () => {
    const key = await deviceKey(await openVault(), ROOT, "Linux");
    expect(key.kept).toBe("tab");
    expect((await deviceKey(await openVault(), ROOT, "Linux")).id).toBe(key.id);
    expect(await holds(key)).toBe(true);
  });

  it("and without the tab's storage, as long as the page", async () => {
    vi.stubGlobal("sessionStorage", {
      setItem: () => {
        throw new DOMException("", "SecurityError");
      },
    });
    const vault = await openVault();
    const key = await deviceKey(vault, ROOT, "Linux");
    expect(key.kept).toBe("page");
    expect((await deviceKey(vault, ROOT, "Linux")).id).toBe(key.id);
  });
});

it("two tabs that open at once get one key", async () => {
  const [one, other] = await Promise.all([openVault(), openVault()]);
  const [a, b] = await Promise.all([deviceKey(one, ROOT, "Linux"), deviceKey(other, ROOT, "Linux")]);
  expect(a.id).toBe(b.id);
});

it.each([[{ platform: "Linux" }], [{ platform: "Linux", seed: new Uint8Array(5) }], ["junk"], [null]])(
  "a damaged key %o gives way to a new one",
  async (junk) => {
    const vault = await openVault();
    await vault.put("keys", ROOT, junk);
    const key = await deviceKey(vault, ROOT, "Linux");
    expect(await holds(key)).toBe(true);
    expect((await deviceKey(vault, ROOT, "Linux")).id).toBe(key.id);
  },
);
