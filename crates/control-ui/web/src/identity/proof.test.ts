import { describe, expect, it } from "vitest";
import { proofs } from "../generated/vectors";
import { base64url, fromBase64url, fromHex, hex, utf8, uuid } from "./bytes";
import { payloadV3 } from "./proof";
import { publicKeyOf, sha256, signWith } from "./software";

const seed = fromHex(proofs.seed);

describe("a device proof", () => {
  it.each(proofs.rows.map((row) => [row.signed.clientId, row] as const))(
    "of %s is what the gateway checks",
    (_, row) => {
      expect(payloadV3(row.signed)).toBe(row.payload);
      expect(base64url(signWith(seed, utf8(row.payload)))).toBe(row.signature);
    },
  );

  it("is made with the key whose hash is the device's id", () => {
    const key = publicKeyOf(seed);
    expect(base64url(key)).toBe(proofs.publicKey);
    expect(hex(sha256(key))).toBe(proofs.deviceId);
  });
});

it("bytes survive their writing", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  expect(fromBase64url(base64url(bytes))).toEqual(bytes);
  expect(fromHex(hex(bytes))).toEqual(bytes);
  expect(base64url(bytes)).toMatch(/^[\w-]+$/);
});

it("ids are UUIDs of the random kind, and differ", () => {
  const ids = Array.from({ length: 50 }, uuid);
  expect(new Set(ids).size).toBe(50);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
