import { fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { PageView } from "./Page";

vi.mock("../base", () => import("../testing/base"));
afterEach(() => vi.unstubAllGlobals());

it("says that a page failed, tells the browser, and tries again", async () => {
  const reported = vi.fn();
  vi.stubGlobal("reportError", reported);
  let broken = true;
  const Sums = () => {
    if (broken) throw new RangeError("Invalid time value");
    return <p>All sums</p>;
  };
  const load = async () => ({ default: Sums });
  const page = { path: "/sums", title: "Sums", about: "", icon: "check" as const, load };
  render(<PageView page={page} />);
  const said = await screen.findByRole("alert");
  expect(said.textContent).toContain("Sums cannot be shown");
  expect(said.textContent).toContain("RangeError: Invalid time value");
  expect(reported).toHaveBeenCalledOnce();
  broken = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("All sums")).toBeTruthy();
});
