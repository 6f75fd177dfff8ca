import { fireEvent, render, screen } from "@testing-library/preact";
import { expect, test } from "vitest";
import { says } from "../generated/catalogue";
import { now } from "../ui";
import { Access, Lost } from "./Notices";

const CUT = { cause: "C-20", sentence: says.interrupted.sentence, facts: [] };

const WISH = {
  requestId: "7f3a9c1e",
  scopes: [],
  trouble: { ...CUT, fix: "openclaw devices approve 7f3a9c1e" },
};

function words(): string {
  return (document.body.textContent ?? "").replace(/\s+/g, " ");
}

test("a lost connection says why and when it is tried again", () => {
  render(<Lost trouble={CUT} retryAtMs={now.value + 4_500} />);
  expect(screen.getByRole("status").textContent).toContain(CUT.sentence);
  expect(words()).toContain("Next try in 5 s. What you see is from before.");
  expect(screen.getByRole("button", { name: "Retry now" }).getAttribute("aria-busy")).toBeNull();
});

test("while it is tried there is nothing to press", () => {
  render(<Lost trouble={CUT} retryAtMs={null} />);
  expect(words()).toContain("Trying…");
  expect(screen.getByRole("button", { name: "Retry now" }).getAttribute("aria-busy")).toBe("true");
});

test.each([
  [["operator.read"], "This browser may look, but not change anything"],
  [["operator.read", "operator.pairing"], "This browser has a part of the access"],
  [[], "This browser has no access yet"],
])("%j is said, and more can be asked for", (scopes, title) => {
  render(<Access scopes={scopes} wish={null} />);
  expect(words()).toContain(title);
  expect(screen.getByRole("button", { name: "Ask for full access" })).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Leave it so" }));
  expect(document.body.textContent).toBe("");
});

test("full access needs no word", () => {
  render(<Access scopes={["operator.admin"]} wish={null} />);
  expect(document.body.textContent).toBe("");
});

test("a wish that waits shows the owner's command", () => {
  render(<Access scopes={["operator.read"]} wish={{ ...WISH, declined: false }} />);
  expect(words()).toContain("More access was asked for");
  expect(words()).toContain("openclaw devices approve 7f3a9c1e");
});

test("a wish that was declined can be made again", () => {
  render(<Access scopes={["operator.read"]} wish={{ ...WISH, declined: true }} />);
  expect(words()).toContain("The owner declined more access");
  expect(screen.getByRole("button", { name: "Ask again" })).toBeTruthy();
});
