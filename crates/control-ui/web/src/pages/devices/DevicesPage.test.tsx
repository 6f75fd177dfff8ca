import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("../../base", () => import("../../testing/base"));
vi.mock("../../gateway/session", () => import("./scripted"));

import { keptToken } from "../../identity/tokens";
import { go } from "../../shell/router";
import { Confirm } from "../../ui/confirm";
import { Toasts } from "../../ui/toast";
import DevicesPage from "./DevicesPage";
import { answer, calls, clockSkewMs, now, refuse, reset } from "./scripted";
import { paired, pending } from "./testing";

const list = () => ({
  pending: [
    pending("11112222-aaaa", { displayName: "Firefox on Android", expiresAtMs: Date.now() + 60_000 }),
  ],
  paired: [
    paired("own", { displayName: "Chrome on Linux", connected: true }),
    paired("laptop", { displayName: "Laptop", scopes: ["operator.read"] }),
    paired("camera", { displayName: "Porch camera", roles: ["node"], scopes: [] }),
  ],
});

function open(path = "/devices") {
  go(path);
  return render(
    <>
      <DevicesPage />
      <Confirm />
      <Toasts />
    </>,
  );
}

const button = (name: string | RegExp) => screen.getByRole("button", { name });
const called = (method: string) => calls.filter((call) => call.method === method).map((call) => call.params);

beforeEach(() => reset(list()));
afterEach(cleanup);

describe("the devices page", () => {
  it("shows who waits, operators and nodes, with their numbers", async () => {
    open();
    await screen.findByRole("heading", { name: "Waiting for you (1)" });
    expect(screen.getByRole("heading", { name: "Operators (2)" })).toBeTruthy();
    expect(screen.getByRole("heading", { name: "Nodes (1)" })).toBeTruthy();
    const request = screen.getByRole("article", { name: "Firefox on Android" });
    expect(within(request).getByText("11112222")).toBeTruthy();
    expect(request.textContent).toContain("192.168.1.20");
    expect(request.textContent).toContain("It asks for full access");
  });

  it("tells times by this browser's clock, however wrong it is", async () => {
    clockSkewMs.value = 3_600_000;
    reset({ pending: [pending("r", { ts: Date.now() + 3_600_000 - 150_000 })], paired: [] });
    open();
    expect(await screen.findByText("2 min ago")).toBeTruthy();
    clockSkewMs.value = 0;
  });

  it("finds a device by words", async () => {
    open();
    await screen.findByRole("heading", { name: "Operators (2)" });
    fireEvent.input(screen.getByLabelText("Search devices"), { target: { value: "read only" } });
    await screen.findByRole("heading", { name: "Operators (1)" });
    fireEvent.input(screen.getByLabelText("Search devices"), { target: { value: "toaster" } });
    fireEvent.click(await screen.findByRole("button", { name: "Show all devices" }));
    await screen.findByRole("heading", { name: "Operators (2)" });
  });

  it.each([
    ["Approve", "device.pair.approve", {}],
    ["Approve as read only", "device.pair.approve", { scopes: ["operator.read"] }],
    ["Reject", "device.pair.reject", {}],
  ])("%s", async (name, method, terms) => {
    answer(method, () => {
      now({ ...list(), pending: [] });
      return {};
    });
    open();
    fireEvent.click(await screen.findByRole("button", { name }));
    await screen.findByText(/^Nobody waits/);
    expect(called(method)).toEqual([{ requestId: "11112222-aaaa", ...terms }]);
  });

  it("says why an approval failed, and leaves the request to be decided", async () => {
    refuse("device.pair.approve", "missing scope: operator.admin");
    open();
    fireEvent.click(await screen.findByRole("button", { name: "Approve" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("Firefox on Android was not approved");
    expect(alert.textContent).toContain("lacks “admin”");
    await waitFor(() => expect(button("Approve").getAttribute("disabled")).toBeNull());
  });

  it("replaces the browser that a request follows", async () => {
    const sameAs = [{ deviceId: "laptop", name: "Laptop", lastSeenAtMs: Date.now() - 6.5 * 86_400_000 }];
    reset({ ...list(), pending: [pending("r1", { sameAs })] });
    answer("device.pair.approve", () => ({}));
    open();
    const request = await screen.findByRole("article", { name: "Chrome on Linux" });
    expect(request.textContent).toContain("The same browser as Laptop, last seen 6 days ago?");
    fireEvent.click(within(request).getByRole("button", { name: "Approve and replace it" }));
    await waitFor(() =>
      expect(called("device.pair.approve")).toEqual([{ requestId: "r1", replace: "laptop" }]),
    );
  });

  it("shows what a paired device asks for in addition", async () => {
    const more = pending("r1", {
      deviceId: "laptop",
      displayName: "Laptop",
      scopes: ["operator.read", "operator.write"],
    });
    const labelled = paired("laptop", { operatorLabel: "My laptop", scopes: ["operator.read"] });
    reset({ pending: [more], paired: [labelled] });
    open();
    const request = await screen.findByRole("article", { name: "My laptop" });
    expect(request.textContent).toContain("asks in addition for");
    expect(within(request).getAllByRole("listitem")[0]?.textContent).toContain("write");
  });

  it("keeps a name that could not be saved", async () => {
    refuse("device.pair.rename", "unknown deviceId");
    open();
    fireEvent.click(await screen.findByRole("button", { name: /^Laptop/ }));
    fireEvent.click(button("Rename Laptop"));
    const field = screen.getByLabelText<HTMLInputElement>("Name");
    fireEvent.input(field, { target: { value: "Desk" } });
    fireEvent.click(button("Save the name"));
    expect((await screen.findByRole("alert")).textContent).toContain("not paired any more");
    expect(field.value).toBe("Desk");
    expect(called("device.pair.rename")).toEqual([{ deviceId: "laptop", label: "Desk" }]);
  });

  it("asks before a device is removed, by key as by button", async () => {
    answer("device.pair.remove", () => ({}));
    open();
    const row = await screen.findByRole("button", { name: /^Laptop/ });
    fireEvent.keyDown(row, { key: "Delete" });
    const dialog = await screen.findByRole("alertdialog", { name: "Remove Laptop?" });
    expect(called("device.pair.remove")).toEqual([]);
    fireEvent.click(within(dialog).getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(called("device.pair.remove")).toEqual([{ deviceId: "laptop" }]));
  });

  it("says that this browser would sign itself out", async () => {
    open();
    fireEvent.click(await screen.findByRole("button", { name: /^Chrome on Linux.*this browser/ }));
    fireEvent.click(button("Remove this device"));
    const dialog = await screen.findByRole("alertdialog", { name: "Remove this very browser?" });
    expect(dialog.textContent).toContain("has to be approved again");
    fireEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    expect(called("device.pair.remove")).toEqual([]);
  });

  it("replaces and revokes tokens after a word on what that does", async () => {
    answer("device.token.rotate", () => ({}));
    answer("device.token.revoke", () => ({}));
    open();
    fireEvent.click(await screen.findByRole("button", { name: /^Laptop/ }));
    fireEvent.click(button("Replace"));
    fireEvent.click(await screen.findByRole("button", { name: "Replace the token" }));
    await waitFor(() =>
      expect(called("device.token.rotate")).toEqual([{ deviceId: "laptop", role: "operator" }]),
    );
    await screen.findByText("The token of Laptop was replaced.");
    await waitFor(() => expect(button("Revoke").getAttribute("aria-busy")).toBeNull());
    fireEvent.click(button("Revoke"));
    fireEvent.click(await screen.findByRole("button", { name: "Revoke the token" }));
    await waitFor(() =>
      expect(called("device.token.revoke")).toEqual([{ deviceId: "laptop", role: "operator" }]),
    );
  });

  it("keeps this browser's own new token, or it could not come back", async () => {
    answer("device.token.rotate", () => ({ token: "fresh", scopes: ["operator.admin"] }));
    open();
    fireEvent.click(await screen.findByRole("button", { name: /^Chrome on Linux.*this browser/ }));
    fireEvent.click(button("Replace"));
    fireEvent.click(await screen.findByRole("button", { name: "Replace the token" }));
    await screen.findByText("The token of Chrome on Linux was replaced.");
    expect(await keptToken("http://gateway.test/")).toEqual({ token: "fresh", scopes: ["operator.admin"] });
    expect(document.body.textContent).not.toContain("fresh");
  });

  it("puts the focus on the request that a link names", async () => {
    open("/devices?request=11112222-aaaa");
    const request = await screen.findByRole("article", { name: "Firefox on Android" });
    await waitFor(() => expect(document.activeElement).toBe(request));
  });

  it("says what became of a request that a link names and that waits no longer", async () => {
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ state: "approved" })));
    open("/devices?request=gone");
    await screen.findByText("This request was approved already");
    fireEvent.click(button("All right"));
    await waitFor(() => expect(screen.queryByText("This request was approved already")).toBeNull());
    vi.unstubAllGlobals();
  });

  it("moves between the lines with the arrow keys", async () => {
    open();
    const first = await screen.findByRole("button", { name: /^Chrome on Linux/ });
    first.focus();
    fireEvent.keyDown(first, { key: "ArrowDown" });
    expect(document.activeElement).toBe(button(/^Laptop/));
  });

  it("shows a fleet by the hundred", async () => {
    const fleet = Array.from({ length: 1000 }, (_, at) => paired(`d${at}`));
    reset({ pending: [], paired: fleet });
    open();
    await screen.findByRole("heading", { name: "Operators (1000)" });
    const rows = () => document.querySelectorAll("[data-device-row]").length;
    expect(rows()).toBe(100);
    fireEvent.click(button("Show 100 more of 900"));
    expect(rows()).toBe(200);
  });

  it("tells a browser without full access what it does not see", async () => {
    reset(list(), ["operator.pairing", "operator.read"]);
    open();
    await screen.findByText("This browser has no full access");
    expect(screen.queryByRole("button", { name: "Pair a device" })).toBeNull();
    expect(button("Approve").hasAttribute("disabled")).toBe(true);
    expect(button("Approve as read only").hasAttribute("disabled")).toBe(false);
  });
});
