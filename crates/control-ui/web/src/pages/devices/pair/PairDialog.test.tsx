import { act, cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("../../../base", () => import("../../../testing/base"));
vi.mock("../../../gateway/session", () => import("../scripted"));

import { answer, calls, emit, refuse, reset } from "../scripted";
import { PairDialog } from "./PairDialog";

const ADDRESS = "Address of this gateway for the device";
const close = vi.fn();

function make(address: string) {
  fireEvent.input(screen.getByLabelText(ADDRESS), { target: { value: address } });
  fireEvent.click(screen.getByRole("button", { name: "Make a code" }));
}

beforeEach(() => {
  reset({ pending: [], paired: [] });
  const expiresAtMs = Date.now() + 600_000;
  answer("device.joinCode.create", () => ({ setupId: "s1", code: "ABCD-EFGH", expiresAtMs }));
  answer("device.pair.setupCode", () => ({
    setupId: "s2",
    setupCode: "eyJ1cmwi",
    gatewayUrl: "wss://gw.example",
    accessDowngraded: true,
    expiresAtMs,
  }));
  render(<PairDialog onClose={close} />);
});
afterEach(cleanup);

describe("pairing a new device", () => {
  it("gives a browser a picture, a code and a link, and says when it is in", async () => {
    fireEvent.click(screen.getByRole("radio", { name: /^Read only/ }));
    make("https://gw.example");
    await screen.findByRole("img", { name: /^Picture of the link/ });
    expect(screen.getByText("ABCD-EFGH")).toBeTruthy();
    expect(calls).toEqual([
      { method: "device.joinCode.create", params: { role: "operator", scopes: ["operator.read"] } },
    ]);
    act(() => emit("device.pair.setup.completed", { setupId: "other", deviceName: "Stranger" }));
    expect(screen.queryByText(/is paired/)).toBeNull();
    act(() => emit("device.pair.setup.completed", { setupId: "s1", deviceName: "Phone" }));
    expect(screen.getByRole("status").textContent).toContain("Phone is paired");
    fireEvent.click(screen.getByRole("button", { name: "Done" }));
    expect(close).toHaveBeenCalled();
  });

  it("gives a command line the exact command", async () => {
    fireEvent.click(screen.getByRole("tab", { name: "Command line" }));
    make("192.168.1.5:18789");
    await screen.findByText("On the other machine:");
    expect(document.querySelector("figure code")?.textContent).toBe(
      "openclaw status --url ws://192.168.1.5:18789 --token ABCD-EFGH",
    );
  });

  it("says when a setup code gives less than was wanted", async () => {
    fireEvent.click(screen.getByRole("tab", { name: "Phone app" }));
    make("");
    await screen.findByText("It gives everyday use, not full access");
    expect(screen.getByText("eyJ1cmwi")).toBeTruthy();
    expect(calls).toEqual([{ method: "device.pair.setupCode", params: {} }]);
  });

  it("keeps an address that is none, and says what one looks like", async () => {
    make("my gateway");
    expect((await screen.findByRole("alert")).textContent).toContain("This is not an address");
    expect(screen.getByLabelText<HTMLInputElement>(ADDRESS).value).toBe("my gateway");
    expect(calls).toEqual([]);
  });

  it("says why there is no code", async () => {
    refuse("device.pair.setupCode", "Gateway is only bound to loopback.");
    fireEvent.click(screen.getByRole("tab", { name: "Phone app" }));
    make("");
    expect((await screen.findByRole("alert")).textContent).toContain("openclaw config set gateway.bind lan");
  });
});
