import { vi } from "vitest";

/** A socket that a test plays the gateway on. */
export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: { type: string; id: string; method: string; params: Record<string, unknown> }[] = [];
  closed: { code: number | undefined; reason: string | undefined } | null = null;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  /** The newest one. */
  static last(): FakeSocket {
    const last = FakeSocket.all.at(-1);
    if (!last) throw new Error("nothing connects");
    return last;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number, reason?: string): void {
    this.closed ??= { code, reason };
    this.readyState = 3;
  }

  opens(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  says(frame: object | string): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  ends(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }

  challenges(ts = Date.now()): void {
    this.opens();
    this.says({ type: "event", event: "connect.challenge", payload: { nonce: "n1", ts } });
  }

  /** The request of that method that was sent last. */
  asked(method: string): FakeSocket["sent"][number] {
    const found = this.sent.findLast((request) => request.method === method);
    if (!found) throw new Error(`${method} was not sent`);
    return found;
  }

  answers(method: string, payload: unknown): void {
    this.says({ type: "res", id: this.asked(method).id, ok: true, payload });
  }

  refuses(method: string, error: object): void {
    this.says({ type: "res", id: this.asked(method).id, ok: false, error });
  }
}

/** Puts the fake in place of the browser's sockets; undone by `vi.unstubAllGlobals`. */
export function playGateway(): void {
  FakeSocket.all = [];
  vi.stubGlobal("WebSocket", FakeSocket);
}
