import { fireEvent, render, screen, within } from "@testing-library/preact";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { credential, signOut } from "../gateway/session";
import type { Trouble } from "../gateway/trouble";
import { causes, closes, codes, pairings, type Said, says } from "../generated/catalogue";
import { now } from "../ui";
import { Connect } from "./Connect";
import { OtherGateway } from "./OtherGateway";
import { doubtful, draft, enter } from "./open";
import { Refused } from "./Refused";
import { shownOf } from "./refusal";
import { titleOf } from "./titles";
import { Waiting } from "./Waiting";

const INPUT = "Gateway token, password or code";
const REQUEST = "7f3a9c1e-47b8-4757-ab6b-2da89ac73923";

function trouble(said: Said, more: Partial<Trouble> = {}): Trouble {
  return {
    cause: said.cause,
    sentence: said.sentence,
    facts: [],
    ...(said.fix && { fix: said.fix }),
    ...more,
  };
}

function coded(code: string, more: Partial<Trouble> = {}): Trouble {
  const said = codes[code];
  if (!said) throw new Error(`no such code: ${code}`);
  return trouble(said, { code, ...more });
}

/** All that can be read, with white space made even. */
function words(): string {
  return (document.body.textContent ?? "").replace(/\s+/g, " ");
}

beforeEach(async () => {
  draft.value = "";
  doubtful.value = null;
  await signOut();
});

describe("a refusal", () => {
  const table: [string, Said][] = [
    ...Object.entries(codes),
    ...Object.entries(says),
    ...closes.map(({ code, reason, help }): [string, Said] => [`${code} ${reason}`, help]),
  ];

  test.each(table.filter(([, said]) => causes[said.cause]?.browser))("%s has its panel", (code, said) => {
    const refused = trouble(said, { code });
    const shown = shownOf(refused);
    render(<Refused trouble={refused} busy={false} retryAtMs={null} />);
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe(titleOf(refused));
    const alert = screen.getByRole("alert").textContent ?? "";
    for (const word of said.sentence.split(" ")) expect(alert).toContain(word);
    if (said.fix && !shown.withoutFix) expect(words()).toContain(said.fix.replace(/\s+/g, " "));
    expect(screen.queryByLabelText(INPUT) !== null).toBe(shown.wanted !== null);
    if (shown.action) expect(screen.getByRole("button", { name: shown.actionLabel })).toBeTruthy();
    // Nobody is left without a way on.
    expect(shown.wanted ?? shown.action).not.toBeNull();
  });

  test("every cause that a browser can meet has a heading of its own", () => {
    const titles = Object.keys(causes).map((cause) => titleOf({ cause, sentence: "", facts: [] }));
    expect(new Set(titles).size).toBe(titles.length);
  });

  test("keeps what was typed, selected when it was wrong", () => {
    draft.value = "wrong-secret";
    render(<Refused trouble={coded("AUTH_TOKEN_MISMATCH")} busy={false} retryAtMs={null} />);
    const input = screen.getByLabelText<HTMLInputElement>(INPUT);
    expect(input.value).toBe("wrong-secret");
    expect(input.type).toBe("password");
    expect(document.activeElement).toBe(input);
    expect([input.selectionStart, input.selectionEnd]).toEqual([0, "wrong-secret".length]);
  });

  test("says it aloud again when the same is refused again", () => {
    const { rerender } = render(
      <Refused trouble={coded("AUTH_TOKEN_MISMATCH")} busy={false} retryAtMs={null} />,
    );
    const first = screen.getByRole("alert");
    rerender(<Refused trouble={coded("AUTH_TOKEN_MISMATCH")} busy={false} retryAtMs={null} />);
    expect(screen.getByRole("alert")).not.toBe(first);
  });

  test("a code that is no good gives way to the token that it took the place of", () => {
    enter({ kind: "token", value: "the-token" });
    enter({ kind: "code", value: "0000-0000" });
    render(<Refused trouble={coded("AUTH_BOOTSTRAP_TOKEN_INVALID")} busy={false} retryAtMs={null} />);
    fireEvent.click(screen.getByRole("button", { name: "Go on without the code" }));
    expect(credential.value).toEqual({ kind: "token", value: "the-token" });
    expect(screen.queryByRole("button", { name: "Go on without the code" })).toBeNull();
  });

  test("adds what the shape of the text tells", () => {
    draft.value = "ab".repeat(32);
    render(<Refused trouble={coded("AUTH_TOKEN_MISMATCH")} busy={false} retryAtMs={null} />);
    expect(screen.getByRole("alert").textContent).toContain("the shape of a device's id");
  });

  test("counts a lock-out down and takes nothing meanwhile", () => {
    const locked = coded("AUTH_RATE_LIMITED", { retryAfterMs: 251_000 });
    render(<Refused trouble={locked} busy={false} retryAtMs={null} />);
    expect(words()).toMatch(/Possible again in 4 min \d+ s\./);
    fireEvent.input(screen.getByLabelText(INPUT), { target: { value: "mended" } });
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Connect" }).disabled).toBe(true);
    fireEvent.submit(screen.getByLabelText(INPUT));
    expect([draft.value, credential.value]).toEqual(["mended", null]);
  });

  test("says when it tries again by itself", () => {
    const refused = trouble(says.unanswered, { code: "unanswered" });
    render(<Refused trouble={refused} busy={false} retryAtMs={now.value + 5_500} />);
    expect(screen.getByRole("timer").textContent).toBe("Tries again by itself in 6 s.");
    expect(screen.getByRole("button", { name: "Try now" })).toBeTruthy();
  });

  test("shows what a proxy lacks that lets no WebSocket through", () => {
    render(
      <Refused
        trouble={trouble(says.webSocketBlocked, { code: "webSocketBlocked" })}
        busy={false}
        retryAtMs={null}
      />,
    );
    expect(words()).toContain("proxy_set_header Upgrade $http_upgrade;");
  });

  test("a declined request can be made once more", () => {
    const declined = trouble(says.declined, { code: "declined", requestId: REQUEST });
    render(<Refused trouble={declined} busy={false} retryAtMs={null} />);
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("The owner declined this browser");
    expect(screen.getByRole("button", { name: "Ask again" })).toBeTruthy();
  });

  test("the copy for a bug report holds no secret", async () => {
    const copied = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    draft.value = "wrong-secret";
    const refused = coded("AUTH_TOKEN_MISMATCH", { facts: [["Seen as", "10.0.0.5"]] });
    render(<Refused trouble={refused} busy={false} retryAtMs={null} />);
    fireEvent.click(screen.getByText("Technical details"));
    fireEvent.click(screen.getByRole("button", { name: "Copy all for a bug report" }));
    await vi.waitFor(() => expect(copied).toHaveBeenCalled());
    const text = copied.mock.calls[0]?.[0] ?? "";
    expect(text).toContain("Cause: C-08");
    expect(text).toContain("Seen as: 10.0.0.5");
    expect(text).not.toContain("wrong-secret");
    copied.mockRestore();
  });
});

describe("the first face", () => {
  const missing = coded("AUTH_TOKEN_MISSING", { fix: "docker compose exec gw openclaw dashboard" });

  test("has one input, which has the focus, and says where to find what belongs there", () => {
    render(<Connect trouble={missing} busy={false} />);
    expect(document.activeElement).toBe(screen.getByLabelText(INPUT));
    expect(words()).toContain("docker compose exec gw openclaw dashboard");
    expect(words()).toContain("docker compose exec gw openclaw gateway auth-token --show");
    expect(words()).not.toContain("claim code");
  });

  test("speaks of the claim code when nobody owns the gateway yet", () => {
    render(<Connect trouble={{ ...missing, details: { help: { claimable: true } } }} busy={false} />);
    expect(words()).toContain("Nobody owns this gateway yet");
    expect(words()).toContain("docker logs");
    expect(screen.getByRole("heading", { name: "Where the claim code is" })).toBeTruthy();
  });

  test("asks for a password where the gateway has one", () => {
    render(<Connect trouble={coded("AUTH_PASSWORD_MISSING")} busy={false} />);
    fireEvent.input(screen.getByLabelText(INPUT), { target: { value: "open sesame" } });
    fireEvent.click(screen.getByRole("button", { name: "Connect" }));
    expect(credential.value).toEqual({ kind: "password", value: "open sesame" });
  });

  test("shows and hides what is typed", () => {
    render(<Connect trouble={missing} busy={false} />);
    const input = screen.getByLabelText<HTMLInputElement>(INPUT);
    fireEvent.click(screen.getByRole("button", { name: "Show what is typed" }));
    expect(input.type).toBe("text");
    fireEvent.click(screen.getByRole("button", { name: "Hide what is typed" }));
    expect(input.type).toBe("password");
  });

  test.each([
    ["export OPENCLAW_GATEWAY_TOKEN=abc123", { kind: "token", value: "abc123" }],
    ["7f3a 9c1e", { kind: "code", value: "7F3A-9C1E" }],
  ])("%s is understood", (text, want) => {
    render(<Connect trouble={missing} busy={false} />);
    fireEvent.input(screen.getByLabelText(INPUT), { target: { value: text } });
    fireEvent.click(screen.getByRole("button", { name: "Connect" }));
    expect(credential.value).toEqual(want);
  });

  test("explains the wrong kind, keeps it, and sends it all the same when told so", () => {
    render(<Connect trouble={missing} busy={false} />);
    const input = screen.getByLabelText<HTMLInputElement>(INPUT);
    fireEvent.input(input, { target: { value: REQUEST } });
    fireEvent.click(screen.getByRole("button", { name: "Connect" }));
    expect(credential.value).toBeNull();
    expect(words()).toContain("This is the id of a request");
    expect(words()).toContain(`openclaw devices approve ${REQUEST}`);
    expect(input.value).toBe(REQUEST);
    fireEvent.click(screen.getByRole("button", { name: "Send it as it is" }));
    expect(credential.value).toEqual({ kind: "token", value: REQUEST });
  });

  test("asks before it gives this gateway what was made for another", () => {
    render(<Connect trouble={missing} busy={false} />);
    fireEvent.input(screen.getByLabelText(INPUT), { target: { value: "http://10.9.8.7:18789/#token=abc" } });
    fireEvent.click(screen.getByRole("button", { name: "Connect" }));
    expect(credential.value).toBeNull();
    expect(screen.getByRole("link", { name: "Open 10.9.8.7:18789" }).getAttribute("href")).toBe(
      "http://10.9.8.7:18789/",
    );
    fireEvent.click(screen.getByRole("button", { name: "It is the same: use it here" }));
    expect(credential.value).toEqual({ kind: "token", value: "abc" });
  });

  test("an empty input says what is missing", () => {
    render(<Connect trouble={missing} busy={false} />);
    fireEvent.click(screen.getByRole("button", { name: "Connect" }));
    expect(screen.getByRole("alert").textContent).toBe("Type or paste it first.");
    expect(screen.getByLabelText(INPUT).getAttribute("aria-invalid")).toBe("true");
  });

  test("nothing that was typed stands in an attribute", () => {
    draft.value = "hush-hush";
    const { container } = render(<Connect trouble={missing} busy={false} />);
    expect(container.innerHTML).not.toContain("hush-hush");
  });
});

describe("waiting for approval", () => {
  function waiting(reason: string, more: Record<string, unknown> = {}): Trouble {
    return trouble(pairings[reason] ?? says.declined, {
      fix: `openclaw devices approve ${REQUEST}`,
      requestId: REQUEST,
      details: {
        reason,
        requestedRole: "operator",
        requestedScopes: ["operator.admin", "operator.read", "operator.write"],
        ...more,
      },
    });
  }

  test.each(Object.keys(pairings))(
    "%s says who decides, with what command, and that the page goes on",
    (reason) => {
      render(<Waiting trouble={waiting(reason)} requestId={REQUEST} />);
      expect(screen.getByRole("heading", { level: 1 }).textContent).toMatch(/^Waiting /);
      expect(words()).toContain(`openclaw devices approve ${REQUEST}`);
      expect(words()).toContain("This page goes on by itself");
      expect(words()).toContain("Full access: everything this page can do");
      expect(screen.getByRole("button", { name: "Check now" })).toBeTruthy();
      expect(screen.getByRole("button", { name: "Copy the request id 7f3a9c1e" })).toBeTruthy();
    },
  );

  test("announces what Check now found", () => {
    render(<Waiting trouble={waiting("not-paired")} requestId={REQUEST} />);
    fireEvent.click(screen.getByRole("button", { name: "Check now" }));
    const said = screen.getAllByRole("status").map((status) => status.textContent);
    expect(said.join(" ")).toContain("not approved yet");
  });

  test("this browser's name can be changed before the approval", () => {
    render(<Waiting trouble={waiting("not-paired")} requestId={REQUEST} />);
    const rename = screen.getByRole<HTMLButtonElement>("button", { name: "Rename" });
    expect(rename.disabled).toBe(true);
    fireEvent.input(screen.getByLabelText("Name of this browser"), { target: { value: "Kitchen tablet" } });
    fireEvent.click(rename);
    expect(words()).toContain("The owner now sees “Kitchen tablet”.");
  });

  test("takes the claim code where nobody owns the gateway", () => {
    const unclaimed = waiting("not-paired", { help: { claimable: true } });
    render(<Waiting trouble={unclaimed} requestId={REQUEST} />);
    const form = screen.getByRole("heading", { name: "Enter the claim code" }).parentElement;
    expect(form && within(form).getByLabelText(INPUT)).toBeTruthy();
    fireEvent.input(screen.getByLabelText(INPUT), { target: { value: "7f3a-9c1e" } });
    fireEvent.click(screen.getByRole("button", { name: "Claim" }));
    expect(credential.value).toEqual({ kind: "code", value: "7F3A-9C1E" });
  });
});

test("another gateway is asked for, and its address is shown whole", () => {
  const gateway = { socket: "wss://gw.example/claw/", root: "https://gw.example/claw/", host: "gw.example" };
  const decide = vi.fn();
  render(<OtherGateway asked={{ gateway, credential: null }} decide={decide} />);
  expect(words()).toContain("This link wants to connect this page to wss://gw.example/claw/.");
  expect(words()).toContain("Only go on if you made this link yourself.");
  fireEvent.click(screen.getByRole("button", { name: /^Stay with/ }));
  fireEvent.click(screen.getByRole("button", { name: "Connect to gw.example" }));
  expect(decide.mock.calls).toEqual([[false], [true]]);
});
