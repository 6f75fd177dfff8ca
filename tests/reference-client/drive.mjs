// Drives OpenClaw's published gateway client for the tests of this repository: commands come in as one JSON object
// per line on standard input, and everything the client reports goes out the same way. The host's part of the work
// (device key, signing, keeping device tokens) is here and kept in one file, so that a second run is the same device.
//
//   {"op":"start","store":"/path/device.json","options":{...GatewayClientOptions}}
//   {"op":"call","id":1,"method":"status","params":{}}
//   {"op":"stop"}

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { GatewayClient } from "@openclaw/gateway-client";

const tell = (at, report = {}) => process.stdout.write(`${JSON.stringify({ at, ...report })}\n`);

/** The 32 raw bytes at the end of an Ed25519 public key's DER form. */
const rawKey = (publicKeyPem) =>
  createPublicKey(publicKeyPem).export({ type: "spki", format: "der" }).subarray(-32);

function newDevice() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicKeyPem = publicKey.export({ type: "spki", format: "pem" });
  return {
    identity: {
      deviceId: createHash("sha256").update(rawKey(publicKeyPem)).digest("hex"),
      publicKeyPem,
      privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }),
    },
    tokens: {},
  };
}

/** A device that remembers itself in a file. */
class Device {
  constructor(path) {
    this.path = path;
    this.state = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : newDevice();
    this.save();
  }

  save() {
    writeFileSync(this.path, JSON.stringify(this.state), { mode: 0o600 });
  }

  hostDeps() {
    return {
      loadOrCreateDeviceIdentity: () => this.state.identity,
      signDevicePayload: (pem, payload) =>
        sign(null, Buffer.from(payload), createPrivateKey(pem)).toString("base64url"),
      publicKeyRawBase64UrlFromPem: (pem) => rawKey(pem).toString("base64url"),
      loadDeviceAuthToken: ({ role }) => this.state.tokens[role] ?? null,
      storeDeviceAuthToken: ({ role, token, scopes }) => {
        this.state.tokens[role] = { token, scopes };
        this.save();
        tell("token-stored", { role, token, scopes });
      },
      clearDeviceAuthToken: ({ role }) => {
        delete this.state.tokens[role];
        this.save();
        tell("token-cleared", { role });
      },
    };
  }
}

const failure = (error) => ({
  message: String(error?.message ?? error),
  code: error?.gatewayCode ?? error?.code ?? null,
  details: error?.details ?? null,
  retryable: error?.retryable ?? null,
  retryAfterMs: error?.retryAfterMs ?? null,
});

let client;

const operations = {
  start({ store, options }) {
    const device = store ? new Device(store) : null;
    client = new GatewayClient({
      ...options,
      ...(device ? { deviceIdentity: device.state.identity, hostDeps: device.hostDeps() } : {}),
      onHelloOk: (hello) => tell("hello", { hello }),
      onConnectError: (error) => tell("connect-error", failure(error)),
      onReconnectPaused: (info) => tell("paused", info),
      onClose: (code, reason, info) => tell("close", { code, reason, phase: info?.phase ?? null }),
      onEvent: ({ event, payload, seq }) => tell("event", { event, payload: payload ?? null, seq: seq ?? null }),
      onGap: (gap) => tell("gap", gap),
    });
    client.start();
    tell("started", { deviceId: device?.state.identity.deviceId ?? null });
  },

  call({ id, method, params }) {
    client.request(method, params ?? {}).then(
      (payload) => tell("reply", { id, ok: true, payload }),
      (error) => tell("reply", { id, ok: false, error: failure(error) }),
    );
  },

  async stop() {
    await client?.stopAndWait({ timeoutMs: 5000 });
    tell("stopped");
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  await operations[command.op](command);
}
client?.stop();
