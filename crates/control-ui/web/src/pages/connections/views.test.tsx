import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { go } from "../../shell/router";
import { Confirm } from "../../ui/confirm";
import ConnectionsPage from ".";
import { Trace } from "./Trace";
import type { Connection, Entry } from "./wire";

/** What the gateway is asked, and answers: the real one answers in `tests/it/browser/connections.rs`. */
const asked = vi.hoisted(() => ({
  calls: [] as { method: string; params: Record<string, unknown> }[],
  answers: {} as Record<string, (params: Record<string, unknown>) => unknown>,
  scopes: new Set<string>(),
}));

vi.mock("../../gateway/call", async (original) => {
  const real = await original<typeof import("../../gateway/call")>();
  return {
    ...real,
    may: (scope: string) => asked.scopes.has(scope),
    on: () => () => undefined,
    call: async (method: string, params: Record<string, unknown> = {}) => {
      asked.calls.push({ method, params: structuredClone(params) });
      const answer = asked.answers[method]?.(params);
      if (answer instanceof Error)
        throw new real.CallError(method, { code: "INVALID_REQUEST", message: answer.message });
      return answer;
    },
  };
});

// Modules of a test stand in files; the page stands at the root of this address.
vi.mock("../../base", async (original) => {
  const real = await original<typeof import("../../base")>();
  const root = new URL("http://localhost:3000/");
  return {
    ...real,
    root,
    pageUrl: (to: string) => real.pageUrl(to, root),
    pathBelow: (at: { pathname: string }) => real.pathBelow(at, root),
  };
});

vi.mock("../../gateway/session", async (original) => {
  const { signal } = await import("@preact/signals");
  const real = await original<typeof import("../../gateway/session")>();
  return { ...real, phase: signal({ at: "open" }), clockSkewMs: signal(0) };
});

const entry = (number: number, more: Partial<Entry> = {}): Entry => ({
  cause: "C-08",
  sentence: `The token of number ${number} differs.`,
  fix: "openclaw gateway auth-token --show",
  message: "unauthorized",
  ts: Date.now() - number * 1_000,
  firstTs: Date.now() - number * 1_000,
  count: 1,
  connId: `conn-${number}-00000000`,
  firstConnId: `conn-${number}-00000000`,
  peer: `192.168.1.${number % 250}`,
  addressClass: "private",
  path: "direct",
  client: "cli/cli 1.0 on linux",
  trace: [],
  ...more,
});

const connection = (more: Partial<Connection> = {}): Connection => ({
  connId: "live-1",
  self: false,
  name: "Kitchen tablet",
  client: { id: "openclaw-control-ui", mode: "webchat", version: "1", platform: "Linux" },
  role: "operator",
  scopes: ["operator.read"],
  owner: false,
  auth: "device-token",
  address: "192.168.1.20",
  addressClass: "private",
  path: "direct",
  local: false,
  protocol: 4,
  connectedAtMs: Date.now() - 60_000,
  ...more,
});

beforeEach(() => {
  asked.calls.length = 0;
  asked.answers = {};
  asked.scopes = new Set(["operator.pairing", "operator.admin"]);
});

const open = (to: string) => {
  act(() => go(to));
  render(
    <>
      <ConnectionsPage />
      <Confirm />
    </>,
  );
};

it("the trace is an ordered list with its verdicts in words", () => {
  render(
    <Trace
      label="Checks"
      checks={[
        { name: "protocol", verdict: "pass", saw: "4 to 4" },
        { name: "origin", verdict: "fail", saw: "not allowed" },
        { name: "pairing", verdict: "fail", saw: "a new device" },
      ]}
    />,
  );
  const steps = within(screen.getByRole("list", { name: "Checks" })).getAllByRole("listitem");
  expect(steps.map((step) => step.textContent)).toEqual([
    expect.stringMatching(/^Protocol passed.*4 to 4$/),
    expect.stringMatching(/^Web page refused here.*not allowed$/),
    expect.stringMatching(/^Approval would fail next.*a new device$/),
  ]);
});

describe("the journal", () => {
  const journal = (entries: Entry[]) => {
    asked.answers["gateway.journal"] = () => ({ ts: Date.now(), entries });
  };

  it("opens an entry to its story, and says so in the address", async () => {
    const one = entry(1, { count: 17, requestId: "req-1-00000000" });
    journal([one, entry(2, { cause: "C-14" })]);
    asked.answers["gateway.why"] = () => ({
      ts: 1,
      looked: { entries: 2, devices: 1 },
      entry: { ...one, standing: "mended" },
      device: { deviceId: "d".repeat(64), state: "paired", name: "Tablet", connectedSinceMs: 5 },
      request: { requestId: "req-1-00000000", state: "approved", atMs: 1 },
    });
    open("/connections?tab=refused");
    const line = await screen.findByRole("button", { name: /×17/ });
    expect(line.getAttribute("aria-expanded")).toBe("false");
    fireEvent.click(line);
    expect(location.search).toContain(`id=${one.connId}`);
    expect(await screen.findByText(/It has been let in since, and is connected now/)).toBeTruthy();
    expect(screen.getByRole("link", { name: "Tablet, paired, connected" }).getAttribute("href")).toMatch(
      /devices\?device=d+$/,
    );
    expect(screen.queryByText("What mends it:")).toBeNull();
  });

  it("is reached by the id of a request that it does not hold any more", async () => {
    journal([entry(1)]);
    asked.answers["gateway.why"] = () => ({ ts: 1, looked: { entries: 1, devices: 1 } });
    open("/connections?id=long-gone-request");
    expect(await screen.findByText("Nothing is known here about that id")).toBeTruthy();
    expect(asked.calls).toContainEqual({ method: "gateway.why", params: { id: "long-gone-request" } });
  });

  it("knows a connection that was let in", async () => {
    journal([]);
    asked.answers["gateway.why"] = () => ({ ts: 1, looked: { entries: 0, devices: 1 } });
    asked.answers["gateway.connections"] = () => ({
      ts: 1,
      total: 1,
      matching: 1,
      connections: [connection({ connId: "live-and-well" })],
      nextCursor: null,
    });
    open("/connections?id=live-and-well");
    expect(await screen.findByText("This connection was let in, and is here now")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Kitchen tablet" }).getAttribute("href")).toMatch(
      /find=live-and-well$/,
    );
  });

  it("narrows, counts in words, and shows all again", async () => {
    journal([entry(1, { cause: "C-14", origin: "https://evil.example" }), entry(2), entry(3)]);
    open("/connections?tab=refused&cause=C-08");
    expect(await screen.findByText("2 refused connections of 3, newest first.")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Show all" }));
    expect(screen.getByText("3 refused connections, newest first.")).toBeTruthy();
    fireEvent.input(screen.getByLabelText("Find"), { target: { value: "evil" } });
    expect(screen.getByText("1 refused connection of 3, newest first.")).toBeTruthy();
    fireEvent.input(screen.getByLabelText("Find"), { target: { value: "nobody at all" } });
    expect(screen.getByText("No refusal fits")).toBeTruthy();
  });

  it("shows a thousand entries page by page", async () => {
    journal(Array.from({ length: 1_000 }, (_, number) => entry(number)));
    open("/connections?tab=refused");
    const list = () => screen.getAllByRole("button", { expanded: false });
    await screen.findByText("1,000 refused connections, newest first.");
    expect(list()).toHaveLength(50);
    fireEvent.click(screen.getByRole("button", { name: "Show 50 older ones" }));
    expect(list()).toHaveLength(100);
  });

  it("says what it means that it is empty", async () => {
    journal([]);
    open("/connections?tab=refused");
    expect(await screen.findByText("Nobody was refused")).toBeTruthy();
    expect(screen.queryByLabelText("Find")).toBeNull();
  });

  it("says why it could not be loaded", async () => {
    asked.answers["gateway.journal"] = () => new Error("the store is busy");
    open("/connections?tab=refused");
    expect(await screen.findByText("the store is busy")).toBeTruthy();
  });
});

describe("live connections", () => {
  const live = (connections: Connection[]) => {
    asked.answers["gateway.connections"] = () => ({
      ts: 1,
      total: connections.length,
      matching: connections.length,
      connections,
      nextCursor: null,
    });
  };

  it("are told in words, and closed only after a question", async () => {
    live([connection(), connection({ connId: "mine", name: "Chrome", self: true })]);
    asked.answers["gateway.connections.close"] = () => ({ ok: true });
    open("/connections");
    const row = await screen.findByRole("row", { name: /Kitchen tablet/ });
    expect(row.textContent).toContain("operator: read");
    expect(row.textContent).toContain("192.168.1.20 (private network)");
    expect(row.textContent).toContain("its own device token");
    expect(screen.getAllByRole("button", { name: /^Close the connection of/ })).toHaveLength(1);
    fireEvent.click(screen.getByRole("button", { name: "Close the connection of Kitchen tablet" }));
    const question = screen.getByRole("alertdialog", {
      name: "Close the connection of Kitchen tablet?",
      hidden: true,
    });
    fireEvent.click(within(question).getByRole("button", { name: "Cancel", hidden: true }));
    expect(asked.calls.map((call) => call.method)).not.toContain("gateway.connections.close");
    fireEvent.click(screen.getByRole("button", { name: "Close the connection of Kitchen tablet" }));
    fireEvent.click(screen.getByRole("button", { name: "Close the connection", hidden: true }));
    await waitFor(() =>
      expect(asked.calls).toContainEqual({
        method: "gateway.connections.close",
        params: { connId: "live-1" },
      }),
    );
  });

  it("come page by page where there are many", async () => {
    asked.answers["gateway.connections"] = ({ cursor }) => ({
      ts: 1,
      total: 10_000,
      matching: 10_000,
      connections: Array.from({ length: 2 }, (_, number) =>
        connection({
          connId: `${cursor ?? "first"}-${number}`,
          name: `Device of ${cursor ?? "the first page"}`,
        }),
      ),
      nextCursor: cursor ? null : "second",
    });
    open("/connections");
    expect(await screen.findByText("1 to 2 of 10,000")).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Previous" }).disabled).toBe(true);
    fireEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(await screen.findByText("101 to 102 of 10,000")).toBeTruthy();
    expect(screen.getAllByText("Device of second")).toHaveLength(2);
    fireEvent.click(screen.getByRole("button", { name: "Previous" }));
    expect(await screen.findByText("1 to 2 of 10,000")).toBeTruthy();
  });

  it("cannot be closed by who is no administrator", async () => {
    asked.scopes.delete("operator.admin");
    live([connection()]);
    open("/connections");
    await screen.findByRole("row", { name: /Kitchen tablet/ });
    expect(screen.queryByRole("button", { name: /^Close the connection of/ })).toBeNull();
  });
});

describe("explain", () => {
  const explained = {
    ts: 1,
    peer: {
      from: "192.168.1.50 (private network)",
      headers: [],
      tls: false,
      client: "a/b",
      role: "operator",
      scopes: [],
      presents: [],
      protocol: 4,
    },
    assumed: ["It is quick enough."],
    authMode: "token",
    outcome: "pair",
    cause: "C-01",
    sentence: "The device must be approved.",
    fix: "openclaw devices list",
    trace: [{ name: "pairing", verdict: "fail", saw: "a new device" }],
  };

  it("asks for a ready-made peer at once, and tells the sequence", async () => {
    asked.answers["gateway.explain"] = () => explained;
    open("/connections?tab=explain");
    fireEvent.click(screen.getByRole("button", { name: "A phone on my network" }));
    expect(await screen.findByText("It would have to wait for your approval")).toBeTruthy();
    expect(screen.getByRole("button", { name: "A phone on my network" }).getAttribute("aria-pressed")).toBe(
      "true",
    );
    expect(screen.getByRole("list", { name: "Checks in their order" }).textContent).toContain("refused here");
    expect(asked.calls.at(-1)?.params).toMatchObject({
      client: "control-ui",
      from: "192.168.1.50",
      gatewaySecret: true,
    });
  });

  it("keeps no secret: not in the page after the answer, not in storage, not in the address", async () => {
    asked.answers["gateway.explain"] = () => explained;
    open("/connections?tab=explain");
    fireEvent.change(screen.getByLabelText("It presents"), { target: { value: "token" } });
    const field = screen.getByLabelText<HTMLInputElement>("A token");
    expect(field.type).toBe("password");
    fireEvent.input(field, { target: { value: "hush-hush-hush" } });
    fireEvent.click(screen.getByRole("button", { name: "Explain" }));
    await screen.findByText("It would have to wait for your approval");
    expect(asked.calls.at(-1)?.params).toMatchObject({ token: "hush-hush-hush" });
    expect(screen.getByLabelText<HTMLInputElement>("A token").value).toBe("");
    expect(
      document.body.innerHTML + location.href + JSON.stringify({ ...localStorage, ...sessionStorage }),
    ).not.toContain("hush-hush");
  });

  it("offers typed secrets to administrators only", () => {
    asked.scopes.delete("operator.admin");
    open("/connections?tab=explain");
    const options = within(screen.getByLabelText("It presents")).getAllByRole<HTMLOptionElement>("option");
    expect(options.filter((option) => option.disabled).map((option) => option.value)).toEqual([
      "token",
      "password",
      "deviceToken",
      "code",
    ]);
  });

  it("shows a complaint at its field and keeps what was typed", async () => {
    asked.answers["gateway.explain"] = () =>
      new Error("invalid gateway.explain params: at /from: an address, as 203.0.113.9");
    open("/connections?tab=explain");
    const from = screen.getByLabelText<HTMLInputElement>("From which address");
    fireEvent.input(from, { target: { value: "not an address" } });
    fireEvent.click(screen.getByRole("button", { name: "Explain" }));
    expect((await screen.findByRole("alert")).textContent).toBe("An address, as 203.0.113.9.");
    expect(from.value).toBe("not an address");
    expect(from.getAttribute("aria-invalid")).toBe("true");
  });
});
