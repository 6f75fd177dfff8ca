// Made from the words of crates/protocol by its test `catalogue`: change them there, then run
// `UPDATE_SNAPSHOTS=1 cargo test -p openclaw-protocol --test catalogue`.

/** Words for a person: a cause, a sentence, and a command where one helps. */
export type Said = { cause: string; sentence: string; fix: string | null };

/** Causes by id. `browser`: a browser can be refused for it. */
export const causes: Record<string, { key: string; title: string; browser: boolean }> = {
  "C-01": {
    "key": "newDevice",
    "title": "This device needs approval",
    "browser": true
  },
  "C-02": {
    "key": "widerAccess",
    "title": "More access needs approval",
    "browser": true
  },
  "C-03": {
    "key": "otherRole",
    "title": "Another role needs approval",
    "browser": true
  },
  "C-04": {
    "key": "detailsChanged",
    "title": "Changed details need approval",
    "browser": true
  },
  "C-05": {
    "key": "noIdentity",
    "title": "No device identity was sent",
    "browser": true
  },
  "C-06": {
    "key": "proofWrong",
    "title": "The device could not prove itself",
    "browser": true
  },
  "C-07": {
    "key": "tokenMissing",
    "title": "The gateway's token is needed",
    "browser": true
  },
  "C-08": {
    "key": "tokenDiffers",
    "title": "The token is not the gateway's",
    "browser": true
  },
  "C-09": {
    "key": "deviceTokenStale",
    "title": "This device's own token is old",
    "browser": true
  },
  "C-10": {
    "key": "deviceTokenNarrow",
    "title": "This device's own token carries less",
    "browser": true
  },
  "C-11": {
    "key": "password",
    "title": "The gateway asks for its password",
    "browser": true
  },
  "C-12": {
    "key": "noSecretConfigured",
    "title": "The gateway has no token or password",
    "browser": true
  },
  "C-13": {
    "key": "lockedOut",
    "title": "Too many wrong attempts",
    "browser": true
  },
  "C-14": {
    "key": "origin",
    "title": "This page's origin is not allowed",
    "browser": true
  },
  "C-15": {
    "key": "unknownProxy",
    "title": "An unknown proxy stands between",
    "browser": true
  },
  "C-16": {
    "key": "protocol",
    "title": "The versions do not fit",
    "browser": true
  },
  "C-17": {
    "key": "missingScope",
    "title": "More access is needed",
    "browser": true
  },
  "C-18": {
    "key": "portTaken",
    "title": "The port is taken",
    "browser": false
  },
  "C-19": {
    "key": "bindWithoutAuth",
    "title": "Open to the network without a token",
    "browser": false
  },
  "C-20": {
    "key": "unreachable",
    "title": "The gateway is not reached",
    "browser": true
  },
  "C-21": {
    "key": "tooManyWaiting",
    "title": "Too many devices are waiting",
    "browser": true
  },
  "C-22": {
    "key": "malformed",
    "title": "The message was not understood",
    "browser": true
  },
  "C-23": {
    "key": "tooSlow",
    "title": "The connection was too slow",
    "browser": true
  },
  "C-24": {
    "key": "notNow",
    "title": "The gateway is not ready",
    "browser": true
  },
  "C-25": {
    "key": "storeUnavailable",
    "title": "The gateway cannot save",
    "browser": true
  },
  "C-26": {
    "key": "withdrawn",
    "title": "Access was withdrawn",
    "browser": true
  },
  "C-27": {
    "key": "codeInvalid",
    "title": "The code is not valid",
    "browser": true
  },
  "C-28": {
    "key": "proxyIdentity",
    "title": "The proxy's word was not accepted",
    "browser": true
  },
  "C-29": {
    "key": "notAccepted",
    "title": "The sign-in was not accepted",
    "browser": true
  }
};

/** What the page says by itself. */
export const says = {
  "offline": {
    "cause": "C-20",
    "sentence": "This browser is offline, so the gateway is not reached. The page goes on by itself when the network is back.",
    "fix": null
  },
  "unanswered": {
    "cause": "C-20",
    "sentence": "Nothing answers at {address}: the gateway is not running, or the network on the way to it is interrupted. The page tries again by itself.",
    "fix": "openclaw gateway start"
  },
  "proxyAlone": {
    "cause": "C-20",
    "sentence": "The proxy at {address} answers, but does not reach the gateway behind it (HTTP {status}). The page tries again by itself.",
    "fix": "openclaw gateway start"
  },
  "webSocketBlocked": {
    "cause": "C-20",
    "sentence": "{address} answers pages but lets no WebSocket through, and everything here goes over one: a proxy on the way does not pass it on. Its configuration lacks the lines below.",
    "fix": null
  },
  "foreign": {
    "cause": "C-20",
    "sentence": "{address} answered HTTP {status} and is not an OpenClaw gateway. The address or its port may be wrong.",
    "fix": "openclaw config get gateway.port"
  },
  "signIn": {
    "cause": "C-20",
    "sentence": "{address} is behind a proxy that wants its own sign-in, and that has run out (HTTP {status}). Reload this page to sign in there again.",
    "fix": null
  },
  "misdirected": {
    "cause": "C-14",
    "sentence": "The gateway does not answer for the host name {host}. Is the name yours? Then allow this page's origin; otherwise open the gateway by its IP address.",
    "fix": "openclaw config set gateway.controlUi.allowedOrigins '[\"{origin}\"]' --strict-json"
  },
  "proxyNotTrusted": {
    "cause": "C-15",
    "sentence": "The request was forwarded by a proxy that the gateway does not know, so nothing it says about the sender is believed. Is the proxy yours? Then name it.",
    "fix": "openclaw config set gateway.trustedProxies '[\"<proxy address>\"]' --strict-json"
  },
  "mixedContent": {
    "cause": "C-20",
    "sentence": "This page came over HTTPS, so the browser connects only to addresses that begin with wss://, and {address} does not.",
    "fix": null
  },
  "cut": {
    "cause": "C-20",
    "sentence": "The connection to {address} was cut ({code}) before the gateway said anything: by a proxy, a tunnel, or a gateway that stopped. The page tries again by itself.",
    "fix": "openclaw doctor"
  },
  "silent": {
    "cause": "C-20",
    "sentence": "{address} opened the WebSocket and then said nothing: the gateway hangs, or a proxy holds its messages back. The page tries again by itself.",
    "fix": "openclaw doctor"
  },
  "interrupted": {
    "cause": "C-20",
    "sentence": "The connection to the gateway was interrupted. The page reconnects by itself.",
    "fix": null
  },
  "ticksMissing": {
    "cause": "C-20",
    "sentence": "The gateway was not heard for a while, so the connection counts as dead. The page reconnects by itself.",
    "fix": null
  },
  "declined": {
    "cause": "C-01",
    "sentence": "The owner declined this request. If that was a mistake, ask once more.",
    "fix": null
  },
  "cannotSign": {
    "cause": "C-06",
    "sentence": "This browser could not sign with the key that it keeps for this gateway. Reload the page; if that does not help, clear this site's data, and the browser introduces itself as a new device.",
    "fix": null
  },
  "keptForTab": {
    "cause": "C-01",
    "sentence": "This browser keeps nothing for this page: it is a private window, or its storage is blocked. What it is approved for lasts until this tab is closed; in a normal window it lasts.",
    "fix": null
  },
  "keptForPage": {
    "cause": "C-01",
    "sentence": "This browser keeps nothing for this page, not even for this tab. What it is approved for lasts until the page is reloaded; with storage allowed for this site it lasts.",
    "fix": null
  },
  "notConnected": {
    "cause": "C-20",
    "sentence": "There is no connection to the gateway at the moment. What you see may be old.",
    "fix": null
  },
  "callUnanswered": {
    "cause": "C-20",
    "sentence": "The gateway did not answer {method} in time. It may have done it all the same: look before you try again.",
    "fix": null
  },
  "callCut": {
    "cause": "C-20",
    "sentence": "The connection ended before the answer to {method} came. It may have been done all the same: look before you try again.",
    "fix": null
  },
  "unknownMethod": {
    "cause": "C-16",
    "sentence": "This gateway does not know {method}: it is of another version than this page.",
    "fix": "openclaw --version"
  }
};

/** What codes of gateways mean that send no words. */
export const codes: Record<string, Said> = {
  "AUTH_TOKEN_MISSING": {
    "cause": "C-07",
    "sentence": "The gateway expects a token and none was sent. Open the dashboard on the gateway's host: its link signs you in.",
    "fix": "openclaw dashboard"
  },
  "AUTH_TOKEN_MISMATCH": {
    "cause": "C-08",
    "sentence": "The token that was sent is not the gateway's token. Open the dashboard on the gateway's host: its link signs you in.",
    "fix": "openclaw dashboard"
  },
  "AUTH_TOKEN_NOT_CONFIGURED": {
    "cause": "C-12",
    "sentence": "The gateway has no token, so nobody can sign in with one. Let it make one.",
    "fix": "openclaw doctor --generate-gateway-token"
  },
  "AUTH_PASSWORD_MISSING": {
    "cause": "C-11",
    "sentence": "The gateway asks for a password and none was sent. Enter it on the page, or let the gateway use a token instead.",
    "fix": "openclaw config set gateway.auth.mode token"
  },
  "AUTH_PASSWORD_MISMATCH": {
    "cause": "C-11",
    "sentence": "The gateway asks for a password and the one that was sent is not it. Enter it on the page, or let the gateway use a token instead.",
    "fix": "openclaw config set gateway.auth.mode token"
  },
  "AUTH_PASSWORD_NOT_CONFIGURED": {
    "cause": "C-11",
    "sentence": "The gateway asks for a password but has none, so nobody can sign in. Set one, or let it use a token.",
    "fix": "openclaw config set gateway.auth.mode token"
  },
  "AUTH_DEVICE_TOKEN_MISMATCH": {
    "cause": "C-09",
    "sentence": "This device's own token is old or was withdrawn. With the gateway's token it gets a new one by itself; otherwise the owner can issue one.",
    "fix": "openclaw devices rotate --device <deviceId> --role operator"
  },
  "AUTH_SCOPE_MISMATCH": {
    "cause": "C-10",
    "sentence": "This device's own token is good for less than it asks for. The owner can approve more.",
    "fix": "openclaw devices list"
  },
  "AUTH_BOOTSTRAP_TOKEN_INVALID": {
    "cause": "C-27",
    "sentence": "This setup or claim code is not valid, or not any more: a code works once and only for ten minutes. Make a new one.",
    "fix": "openclaw qr"
  },
  "AUTH_RATE_LIMITED": {
    "cause": "C-13",
    "sentence": "Too many wrong attempts: signing in is possible again in a few minutes. The owner on the gateway's host, and paired devices with their own token, are not locked out.",
    "fix": null
  },
  "AUTH_UNAUTHORIZED": {
    "cause": "C-29",
    "sentence": "The gateway did not accept the credentials. Its log names the reason.",
    "fix": "openclaw doctor"
  },
  "AUTH_TAILSCALE_IDENTITY_MISSING": {
    "cause": "C-28",
    "sentence": "The request carries no tailnet user. Use the gateway's token instead.",
    "fix": "openclaw gateway auth-token --show"
  },
  "AUTH_TAILSCALE_PROXY_MISSING": {
    "cause": "C-28",
    "sentence": "The request names a tailnet user but did not come through Tailscale Serve. Use the gateway's token instead.",
    "fix": "openclaw gateway auth-token --show"
  },
  "AUTH_TAILSCALE_WHOIS_FAILED": {
    "cause": "C-28",
    "sentence": "The tailnet could not be asked who this is. Use the gateway's token instead.",
    "fix": "openclaw gateway auth-token --show"
  },
  "AUTH_TAILSCALE_IDENTITY_MISMATCH": {
    "cause": "C-28",
    "sentence": "The tailnet says that this is somebody else. Use the gateway's token instead.",
    "fix": "openclaw gateway auth-token --show"
  },
  "CONTROL_UI_ORIGIN_NOT_ALLOWED": {
    "cause": "C-14",
    "sentence": "This page's origin is not one that the gateway allows. Is the page yours? Then allow it; otherwise leave it refused.",
    "fix": "openclaw config set gateway.controlUi.allowedOrigins '[\"https://<your page>\"]' --strict-json"
  },
  "CONTROL_UI_DEVICE_IDENTITY_REQUIRED": {
    "cause": "C-05",
    "sentence": "This page did not send a signed device identity: it is an old page, in a private window, or over plain HTTP in a way that keeps the browser from signing. Use HTTPS, or this tunnel and then http://localhost:18789.",
    "fix": "ssh -N -L 18789:127.0.0.1:18789 user@host"
  },
  "DEVICE_IDENTITY_REQUIRED": {
    "cause": "C-05",
    "sentence": "This client did not send a signed device identity, so the gateway cannot know it again. Current clients send one by themselves; this checks the one on this machine.",
    "fix": "openclaw doctor"
  },
  "PROTOCOL_MISMATCH": {
    "cause": "C-16",
    "sentence": "The gateway was updated and this page is from before. Reload the page.",
    "fix": null
  },
  "startup-sidecars": {
    "cause": "C-24",
    "sentence": "The gateway is starting. The client tries again by itself.",
    "fix": null
  },
  "gateway-restarting": {
    "cause": "C-24",
    "sentence": "The gateway is restarting. The client tries again by itself.",
    "fix": null
  },
  "gateway-suspending": {
    "cause": "C-24",
    "sentence": "The gateway is being suspended and takes no new connections until it resumes.",
    "fix": null
  },
  "too-many-waiting": {
    "cause": "C-21",
    "sentence": "Too many devices are waiting for approval, so this one could not be put on the list. Try again in 1 s, or let the owner look through the list.",
    "fix": "openclaw devices list"
  },
  "store-unavailable": {
    "cause": "C-25",
    "sentence": "The gateway cannot save anything at the moment, so it cannot record this device. Its own check says why.",
    "fix": "openclaw doctor"
  },
  "DEVICE_AUTH_DEVICE_ID_MISMATCH": {
    "cause": "C-06",
    "sentence": "The device id that was sent does not belong to its key: this device's identity file is damaged or was edited.",
    "fix": "openclaw doctor"
  },
  "DEVICE_AUTH_SIGNATURE_EXPIRED": {
    "cause": "C-06",
    "sentence": "This device's clock is more than 2 min away from the gateway's; 2 min are accepted. Set the clock (or the gateway's, if that is the wrong one).",
    "fix": "sudo timedatectl set-ntp true"
  },
  "DEVICE_AUTH_NONCE_REQUIRED": {
    "cause": "C-06",
    "sentence": "The identity was signed for another connection than this one. The client is outdated, or something between repeats old messages.",
    "fix": "openclaw update"
  },
  "DEVICE_AUTH_NONCE_MISMATCH": {
    "cause": "C-06",
    "sentence": "The identity was signed for another connection than this one. The client is outdated, or something between repeats old messages.",
    "fix": "openclaw update"
  },
  "DEVICE_AUTH_SIGNATURE_INVALID": {
    "cause": "C-06",
    "sentence": "The signature does not fit what was sent. The client is outdated, or something between changes messages.",
    "fix": "openclaw update"
  },
  "DEVICE_AUTH_PUBLIC_KEY_INVALID": {
    "cause": "C-06",
    "sentence": "The key that was sent is not usable: this device's identity file is damaged or was edited.",
    "fix": "openclaw doctor"
  }
};

/** The same for pairing, by its reason. */
export const pairings: Record<string, Said> = {
  "not-paired": {
    "cause": "C-01",
    "sentence": "This device is not approved yet, which is normal once for each browser, app and profile. The owner approves it on the gateway's host.",
    "fix": "openclaw devices approve <requestId>"
  },
  "role-upgrade": {
    "cause": "C-03",
    "sentence": "This device is paired as something else and now connects as operator. The owner approves it on the gateway's host.",
    "fix": "openclaw devices approve <requestId>"
  },
  "scope-upgrade": {
    "cause": "C-02",
    "sentence": "This device is paired and asks for more than it was approved for. Meanwhile its old access keeps working. The owner approves it on the gateway's host.",
    "fix": "openclaw devices approve <requestId>"
  },
  "metadata-upgrade": {
    "cause": "C-04",
    "sentence": "This device is paired, but says that it is another kind of device than before. The owner approves it on the gateway's host.",
    "fix": "openclaw devices approve <requestId>"
  }
};

/** Closes without an answer; an empty reason fits all of its code. Those that withdraw access have a name. */
export const closes: { code: number; reason: string; name: string; temporary: boolean; help: Said }[] = [
  {
    "code": 1000,
    "reason": "handshake timeout",
    "name": "",
    "temporary": true,
    "help": {
      "cause": "C-23",
      "sentence": "The client connected but did not sign in in time. Something between may hold messages back; this checks each step.",
      "fix": "openclaw doctor"
    }
  },
  {
    "code": 1008,
    "reason": "slow consumer",
    "name": "",
    "temporary": true,
    "help": {
      "cause": "C-23",
      "sentence": "The client read too slowly, so too much was waiting for it and the gateway hung up. It can reconnect at once.",
      "fix": null
    }
  },
  {
    "code": 1008,
    "reason": "repeated unauthorized calls",
    "name": "",
    "temporary": false,
    "help": {
      "cause": "C-22",
      "sentence": "The client kept calling what its role may not call, so the gateway hung up. The client may be outdated, or connects in the wrong role.",
      "fix": "openclaw update"
    }
  },
  {
    "code": 1013,
    "reason": "too many unfinished connections; retry shortly",
    "name": "",
    "temporary": true,
    "help": {
      "cause": "C-23",
      "sentence": "Too many unfinished connections came from the same address, so the oldest gave way. The client can try again in a moment.",
      "fix": null
    }
  },
  {
    "code": 1009,
    "reason": "frame too large",
    "name": "",
    "temporary": false,
    "help": {
      "cause": "C-22",
      "sentence": "The client's message is larger than the gateway accepts; before signing in that is 64 KiB.",
      "fix": "openclaw update"
    }
  },
  {
    "code": 1008,
    "reason": "too many pending handshake frames",
    "name": "",
    "temporary": false,
    "help": {
      "cause": "C-22",
      "sentence": "The client sent many messages without waiting to be let in. The client may be outdated.",
      "fix": "openclaw update"
    }
  },
  {
    "code": 1008,
    "reason": "invalid request frame",
    "name": "",
    "temporary": false,
    "help": {
      "cause": "C-22",
      "sentence": "The client's first message is not a request that this gateway understands. The client may be outdated.",
      "fix": "openclaw update"
    }
  },
  {
    "code": 1000,
    "reason": "invalid JSON",
    "name": "",
    "temporary": false,
    "help": {
      "cause": "C-22",
      "sentence": "The client's first message is not JSON, so it is no OpenClaw client, or a proxy changed the message.",
      "fix": "openclaw update"
    }
  },
  {
    "code": 1013,
    "reason": "gateway starting",
    "name": "",
    "temporary": true,
    "help": {
      "cause": "C-24",
      "sentence": "The gateway is starting. The client tries again by itself.",
      "fix": null
    }
  },
  {
    "code": 1013,
    "reason": "gateway restart in progress",
    "name": "",
    "temporary": true,
    "help": {
      "cause": "C-24",
      "sentence": "The gateway is restarting. The client tries again by itself.",
      "fix": null
    }
  },
  {
    "code": 4001,
    "reason": "client invalidated: device removed",
    "name": "DEVICE_REMOVED",
    "temporary": false,
    "help": {
      "cause": "C-26",
      "sentence": "The owner removed this device. When it connects again it asks for approval like a new one.",
      "fix": "openclaw devices list"
    }
  },
  {
    "code": 4001,
    "reason": "client invalidated: device token revoked",
    "name": "TOKEN_REVOKED",
    "temporary": false,
    "help": {
      "cause": "C-26",
      "sentence": "The owner withdrew this device's token. When it connects again it asks for approval.",
      "fix": "openclaw devices list"
    }
  },
  {
    "code": 4001,
    "reason": "client invalidated: device token rotated",
    "name": "TOKEN_ROTATED",
    "temporary": false,
    "help": {
      "cause": "C-26",
      "sentence": "This device's token was replaced. With the gateway's token the client gets the new one by itself.",
      "fix": null
    }
  },
  {
    "code": 4001,
    "reason": "client invalidated: device access reduced",
    "name": "ACCESS_REDUCED",
    "temporary": false,
    "help": {
      "cause": "C-26",
      "sentence": "The owner reduced this device's access. The client reconnects with what is left.",
      "fix": null
    }
  },
  {
    "code": 4001,
    "reason": "gateway auth changed",
    "name": "AUTH_CHANGED",
    "temporary": false,
    "help": {
      "cause": "C-26",
      "sentence": "The gateway's token or password was changed. Show the new one on the gateway's host and use it here.",
      "fix": "openclaw gateway auth-token --show"
    }
  },
  {
    "code": 4001,
    "reason": "client invalidated: connection closed by an admin",
    "name": "CLOSED",
    "temporary": false,
    "help": {
      "cause": "C-26",
      "sentence": "An admin closed this connection. Nothing was taken from the device: it may connect again at once.",
      "fix": null
    }
  },
  {
    "code": 1009,
    "reason": "",
    "name": "",
    "temporary": false,
    "help": {
      "cause": "C-22",
      "sentence": "The client's message is larger than the gateway accepts; before signing in that is 64 KiB.",
      "fix": "openclaw update"
    }
  },
  {
    "code": 1012,
    "reason": "",
    "name": "",
    "temporary": true,
    "help": {
      "cause": "C-24",
      "sentence": "The gateway is restarting. The client tries again by itself.",
      "fix": null
    }
  }
];

/** Close codes by number. */
export const closeCodes: Record<string, string> = {
  "1000": "Everything is fine",
  "1001": "The other side went away",
  "1002": "The protocol versions do not fit",
  "1005": "Ended without a code",
  "1006": "Broke off without a word",
  "1008": "Refused",
  "1009": "A message was too large",
  "1012": "The gateway restarts",
  "1013": "Not now, later",
  "4000": "The gateway was not heard for a while",
  "4001": "Access was withdrawn",
  "1015": "TLS did not come about"
};

/** Operator scopes in the order in which they are shown. */
export const scopes: { name: string; short: string; says: string; implies: string[] }[] = [
  {
    "name": "operator.admin",
    "short": "admin",
    "says": "Everything: settings, devices, tokens, and all that is below",
    "implies": [
      "operator.read",
      "operator.write",
      "operator.approvals",
      "operator.pairing",
      "operator.sessions.read",
      "operator.sessions.write",
      "operator.questions",
      "operator.talk",
      "operator.talk.secrets"
    ]
  },
  {
    "name": "operator.read",
    "short": "read",
    "says": "Look: status, sessions, logs, and change nothing",
    "implies": [
      "operator.sessions.read"
    ]
  },
  {
    "name": "operator.write",
    "short": "write",
    "says": "Chat, run agents, use nodes; look as well",
    "implies": [
      "operator.read",
      "operator.sessions.read",
      "operator.sessions.write",
      "operator.talk"
    ]
  },
  {
    "name": "operator.approvals",
    "short": "approvals",
    "says": "Decide about commands that ask before they run",
    "implies": []
  },
  {
    "name": "operator.pairing",
    "short": "pairing",
    "says": "See and decide who may come in",
    "implies": []
  },
  {
    "name": "operator.sessions.read",
    "short": "sessions.read",
    "says": "Look at sessions of its own",
    "implies": []
  },
  {
    "name": "operator.sessions.write",
    "short": "sessions.write",
    "says": "Work in sessions of its own",
    "implies": [
      "operator.sessions.read"
    ]
  },
  {
    "name": "operator.questions",
    "short": "questions",
    "says": "Answer questions of agents",
    "implies": []
  },
  {
    "name": "operator.talk",
    "short": "talk",
    "says": "Speak with agents",
    "implies": []
  },
  {
    "name": "operator.talk.secrets",
    "short": "talk.secrets",
    "says": "Use the keys of voice services",
    "implies": []
  }
];

/** Lines that a proxy needs for WebSockets, by the proxy's name. */
export const proxyLines: [proxy: string, lines: string[]][] = [
  [
    "nginx",
    [
      "proxy_http_version 1.1;",
      "proxy_set_header Upgrade $http_upgrade;",
      "proxy_set_header Connection \"upgrade\";"
    ]
  ],
  [
    "Apache",
    [
      "ProxyPass \"/\" \"http://127.0.0.1:18789/\" upgrade=websocket"
    ]
  ]
];

/** Stands in the gateway's answers where a secret is; sent back, it means "as it was". */
export const redacted = "__OPENCLAW_REDACTED__";

/** What guides print in the place of a token, letters and digits only, in lower case. */
export const placeholders: string[] = [
  "token",
  "yourtoken",
  "yourtokenhere",
  "yourgatewaytoken",
  "yourgatewaytokenhere",
  "youropenclawtoken",
  "yoursecrettoken",
  "yourpassword",
  "pasteyourtokenhere",
  "gatewaytoken",
  "newtoken",
  "changeme",
  "replaceme",
  "openclawredacted"
];
