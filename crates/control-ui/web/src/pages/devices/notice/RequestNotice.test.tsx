import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("../../../base", () => import("../../../testing/base"));
vi.mock("../../../gateway/session", () => import("../scripted"));

import { go, path } from "../../../shell/router";
import { Toasts } from "../../../ui/toast";
import { answer, calls, emit, now, reset } from "../scripted";
import { waitingCount } from "../store";
import { paired, pending } from "../testing";
import { RequestNotice } from "./RequestNotice";

const NOTICE = "Devices that wait for you";
const own = paired("own", { isSelf: true });
const phone = () => pending("p1", { displayName: "Phone" });

async function open(waiting = [phone()]) {
  reset({ pending: waiting, paired: [own] });
  render(
    <>
      <input aria-label="Being typed" />
      <RequestNotice />
      <Toasts />
    </>,
  );
  screen.getByLabelText("Being typed").focus();
  await waitFor(() => expect(waitingCount.value).toBe(waiting.length));
}

beforeEach(() => go("/overview"));
afterEach(cleanup);

describe("the notice of waiting devices", () => {
  it("shows a request at once, and leaves the focus where it is", async () => {
    await open([]);
    const row = phone();
    now({ pending: [row], paired: [own] });
    act(() => emit("device.pair.requested", row));
    const notice = await screen.findByRole("region", { name: NOTICE });
    expect(within(notice).getByRole("heading").textContent).toBe("Phone asks to be let in");
    expect(notice.textContent).toContain("It asks for full access.");
    expect(screen.getAllByRole("status")[0]?.textContent).toBe("Phone asks to use this gateway.");
    expect(document.activeElement).toBe(screen.getByLabelText("Being typed"));
  });

  it.each([
    ["Approve", "device.pair.approve", { requestId: "p1" }],
    ["Approve as read only", "device.pair.approve", { requestId: "p1", scopes: ["operator.read"] }],
    ["Reject", "device.pair.reject", { requestId: "p1" }],
  ])("%s", async (name, method, params) => {
    await open();
    answer(method, () => {
      now({ pending: [], paired: [own] });
      return {};
    });
    fireEvent.click(await screen.findByRole("button", { name }));
    await waitFor(() => expect(screen.queryByRole("region", { name: NOTICE })).toBeNull());
    expect(calls).toEqual([{ method, params }]);
    expect(screen.queryByText(/elsewhere/)).toBeNull();
  });

  it("goes away when somebody else decides, and says so", async () => {
    await open([pending("p9", { displayName: "Phone" })]);
    await screen.findByRole("region", { name: NOTICE });
    act(() => emit("device.pair.resolved", { requestId: "p9", decision: "approved" }));
    now({ pending: [], paired: [own] });
    await screen.findByText("Phone was approved elsewhere.");
    expect(screen.queryByRole("region", { name: NOTICE })).toBeNull();
  });

  it("folds several into one", async () => {
    const names = ["Phone", "Tablet", "Laptop", "Desk"];
    await open(names.map((displayName, at) => pending(`p${at}`, { displayName, ts: 10 - at })));
    const notice = await screen.findByRole("region", { name: NOTICE });
    expect(notice.textContent).toContain("4 devices are waiting");
    expect(notice.textContent).toContain("Phone, Tablet, Laptop and 1 more.");
    fireEvent.click(within(notice).getByRole("button", { name: "Look at them" }));
    expect(path.value).toBe("/devices");
  });

  it("leads to the details", async () => {
    await open();
    fireEvent.click(await screen.findByRole("button", { name: "Details" }));
    expect(location.search).toBe("?request=p1");
    expect(screen.queryByRole("region", { name: NOTICE })).toBeNull();
  });

  it("is put off until the next device asks", async () => {
    await open();
    fireEvent.click(await screen.findByRole("button", { name: "Decide later" }));
    expect(screen.queryByRole("region", { name: NOTICE })).toBeNull();
    expect(waitingCount.value).toBe(1);
    const next = pending("p2", { displayName: "Tablet" });
    now({ pending: [phone(), next], paired: [own] });
    await screen.findByText("Tablet asks to be let in");
  });

  it("keeps quiet about what the owner withheld before, and about this browser itself", async () => {
    await open([]);
    const again = pending("p1", { withheldAtMs: 5 });
    const itself = pending("p2", { deviceId: "own" });
    now({ pending: [again, itself, pending("p3", { displayName: "Tablet" })], paired: [own] });
    await screen.findByText("Tablet asks to be let in");
  });
});
