import { fireEvent, render, screen, within } from "@testing-library/preact";
import { describe, expect, it, vi } from "vitest";
import { DoctorPart, type Examination } from "./DoctorPart";
import { Headline } from "./Headline";
import { GatewayPart, OtherParts, PeoplePart } from "./Parts";
import type { Finding, Overview } from "./wire";

const overview: Overview = {
  ts: 0,
  version: "2026.11.0",
  ready: true,
  failing: [],
  startedAtMs: 1,
  uptimeMs: 1,
  inContainer: true,
  connections: { total: 2, operators: 1, nodes: 1 },
  refused: { last10Min: 0, lastHour: 0, lastDay: 0 },
  parts: [
    { id: "channels", state: "absent", sentence: "Not there yet." },
    { id: "models", state: "ok", sentence: "One model answers." },
  ],
};
const devices = { pending: 2, operators: { paired: 3, connected: 1 }, nodes: { paired: 1, connected: 1 } };

describe("the headline", () => {
  it("answers in words, and leads to what is behind it", () => {
    const things = [
      { key: "a", weight: "warn" as const, sentence: "2 devices wait.", to: "/devices", look: "Decide" },
      { key: "b", weight: "bad" as const, sentence: "The port is taken.", fix: "openclaw gateway restart" },
    ];
    render(<Headline verdict={{ tone: "bad", headline: "2 things to look at", aside: "", things }} />);
    const part = screen.getByRole("region", { name: "2 things to look at" });
    expect(within(part).getByRole("link", { name: "Decide" }).getAttribute("href")).toMatch(/\/devices$/);
    expect(within(part).getByRole("figure").textContent).toContain("openclaw gateway restart");
  });
});

describe("people and machines", () => {
  it("show who waits, with the way there", () => {
    render(<PeoplePart overview={{ ...overview, devices }} />);
    expect(screen.getByRole("link", { name: "Decide: Waiting for a decision" })).toBeTruthy();
    expect(screen.getByText("3 paired, 1 connected")).toBeTruthy();
    expect(screen.getByText("1 operator, 1 node")).toBeTruthy();
  });

  it("show only what this connection may see", () => {
    render(<PeoplePart overview={overview} />);
    expect(screen.queryByText("Operators")).toBeNull();
    expect(screen.queryByRole("link")).toBeNull();
  });
});

describe("the gateway", () => {
  it("leaves out what is not known, and parts that are not there", () => {
    render(
      <>
        <GatewayPart overview={overview} />
        <OtherParts overview={overview} />
      </>,
    );
    expect(screen.getByText("a container")).toBeTruthy();
    expect(screen.queryByText("Listens on")).toBeNull();
    expect(screen.getByText("One model answers.")).toBeTruthy();
    expect(screen.queryByText("Not there yet.")).toBeNull();
  });
});

describe("the doctor", () => {
  const finding = (status: Finding["status"], what: string, more: Partial<Finding> = {}): Finding => ({
    id: what,
    check: what,
    title: what,
    status,
    what,
    fact: `the fact of ${what}`,
    text: "",
    ...more,
  });
  const examination = (findings: Finding[], more: Partial<Examination> = {}): Examination => ({
    doctor: { ts: 0, durationMs: 1, blocking: 1, warnings: 1, findings, leftOut: [] },
    error: undefined,
    busy: false,
    repairs: [],
    again: vi.fn(),
    run: vi.fn(async () => undefined),
    undo: vi.fn(async () => undefined),
    working: "",
    ...more,
  });

  it("runs what can be run from here, and says why other things cannot", () => {
    const seen = examination([
      finding("warning", "Service", {
        fix: "openclaw gateway install",
        repair: { here: false, why: "On the host." },
      }),
      finding("blocking", "Files", {
        fix: "openclaw doctor --fix",
        repair: { here: true, changes: ["- 0644"] },
      }),
      finding("ok", "Clock"),
    ]);
    render(<DoctorPart examination={seen} />);
    const names = screen.getAllByRole("listitem").map((item) => item.textContent);
    expect(names[0]).toMatch(/^Files/);
    fireEvent.click(screen.getByRole("button", { name: "Run the repair: Files" }));
    expect(seen.run).toHaveBeenCalledWith(expect.objectContaining({ id: "Files" }));
    expect(screen.queryByRole("button", { name: "Run the repair: Service" })).toBeNull();
    expect(screen.getByText("On the host.")).toBeTruthy();
    expect(screen.getByText("1 thing is fine")).toBeTruthy();
  });

  it("tells what a repair did, and takes it back", () => {
    const repair = {
      id: "x",
      ok: true,
      what: "Settings",
      message: "Changed.",
      patch: ["- a", "+ b"],
      undoChange: 7,
    };
    const seen = examination([], { repairs: [repair] });
    render(<DoctorPart examination={seen} />);
    expect(screen.getByRole("status").textContent).toContain("Changed.");
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(seen.undo).toHaveBeenCalledWith(repair);
  });

  it("shows the command where no button takes it back", () => {
    const repair = { id: "x", ok: true, what: "Files", message: "Closed.", undo: "chmod 0644 x" };
    render(<DoctorPart examination={examination([], { repairs: [repair] })} />);
    expect(screen.getByRole("figure").textContent).toMatch(/To take it back.*chmod 0644 x/);
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });
});
