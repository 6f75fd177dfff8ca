import { act, cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("../../../base", () => import("../../../testing/base"));
vi.mock("../../../gateway/session", () => import("../scripted"));

import { answer, calls, emit, refuse, reset, target } from "../scripted";
import { PairDialog } from "./PairDialog";

const ADDRESS = "Address of this gateway for the device";
const close = vi.fn();

function open(tab = "Browser") {
  render(<PairDialog onClose={close} />);
  fireEvent.click(screen.getByRole("tab", { name: tab }));
}

async function make(address?: string) {
  const button = await screen.findByRole("button", { name: "Make a code" });
  if (address) fireEvent.input(screen.getByLabelText(ADDRESS), { target: { value: address } });
  calls.length = 0;
  fireEvent.click(button);
}

beforeEach(() => {
  reset({ pending: [], paired: [] });
  target.value = { socket: "ws://localhost:3000/", root: "http://localhost:3000/" };
  const expiresAtMs = Date.now() + 600_000;
  answer("device.joinCode.create", () => ({ setupId: "s1", code: "ABCD-EFGH", expiresAtMs }));
  answer("device.pair.setupCode", () => ({
    setupId: "s2",
    setupCode: "eyJ1cmwi",
    gatewayUrl: "wss://gw.example",
    accessDowngraded: true,
    expiresAtMs,
  }));
  answer("device.pair.addresses", () => ({ choices: [] }));
});
afterEach(cleanup);

describe("pairing a new device", () => {
  it("gives a browser a picture, a code and a link, and says when it is in", async () => {
    open();
    fireEvent.click(await screen.findByRole("radio", { name: /^Read only/ }));
    await make("https://gw.example");
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
    open("Command line");
    await make("192.168.1.5:18789");
    await screen.findByText("On the other machine:");
    expect(document.querySelector("figure code")?.textContent).toBe(
      "openclaw health --url ws://192.168.1.5:18789 --token ABCD-EFGH",
    );
  });

  it("says when a setup code gives less than was wanted", async () => {
    answer("device.pair.addresses", () => ({ choices: [{ url: "ws://192.168.1.5:18789", safe: false }] }));
    open("Phone app");
    await screen.findByText(/gives everyday use at most/);
    await make();
    await screen.findByText("It gives everyday use, not full access");
    expect(screen.getByText("eyJ1cmwi")).toBeTruthy();
    expect(calls).toEqual([
      { method: "device.pair.setupCode", params: { publicUrl: "http://192.168.1.5:18789/" } },
    ]);
  });

  it("keeps an address that is none, and says what one looks like", async () => {
    open();
    await make("my gateway");
    expect((await screen.findByRole("alert")).textContent).toContain("This is not an address");
    expect(screen.getByLabelText<HTMLInputElement>(ADDRESS).value).toBe("my gateway");
    expect(calls).toEqual([]);
  });

  it("says why there is no code", async () => {
    refuse("device.pair.setupCode", "the gateway cannot save changes; retry later");
    open("Phone app");
    await make("https://gw.example");
    expect((await screen.findByRole("alert")).textContent).toContain("The gateway cannot save changes");
  });

  it("says what to change when no other device can reach the gateway", async () => {
    const problem = "Gateway is only bound to loopback. Set gateway.bind=lan, or …";
    answer("device.pair.addresses", () => ({ choices: [], problem }));
    open();
    await screen.findByText("No other device can reach this gateway as it is set up");
    expect(document.querySelector("figure code")?.textContent).toBe("openclaw config set gateway.bind lan");
  });

  it("offers the gateway that it talks to, which need not be the one that served the page", async () => {
    target.value = { socket: "wss://other.example/", root: "https://other.example/" };
    answer("device.pair.addresses", () => ({ choices: [] }));
    open();
    const select = await screen.findByLabelText<HTMLSelectElement>(/^Address by which/);
    expect(select.value).toBe("https://other.example/");
  });

  it("lets one choose among several addresses, or type another", async () => {
    const choices = [
      { url: "wss://gw.example", safe: true },
      { url: "ws://192.168.1.5:18789", safe: false },
    ];
    answer("device.pair.addresses", () => ({ choices }));
    open();
    const select = await screen.findByLabelText<HTMLSelectElement>(/^Address by which/);
    expect([...select.options].map((option) => option.textContent)).toEqual([
      "https://gw.example/",
      "http://192.168.1.5:18789/",
      "Another address",
    ]);
    fireEvent.change(select, { target: { value: "other" } });
    await make("nas.local");
    await screen.findByText("http://nas.local/");
  });
});
