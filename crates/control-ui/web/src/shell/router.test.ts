import { afterEach, expect, test } from "vitest";
import { addressOf } from "./router";

afterEach(() => history.replaceState(null, "", "/"));

test("a link to a page stands below the root", () => {
  expect(addressOf("/devices?request=1")).toMatch(/\/devices\?request=1$/);
});

test("another gateway stays in the address from page to page", () => {
  history.replaceState(null, "", "/?gatewayUrl=wss%3A%2F%2Fgw.example%2F");
  expect(addressOf("/devices?request=1")).toMatch(
    /\/devices\?request=1&gatewayUrl=wss%3A%2F%2Fgw.example%2F$/,
  );
});
