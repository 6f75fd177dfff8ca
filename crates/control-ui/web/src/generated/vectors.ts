// Made from the words of crates/protocol by its test `catalogue`: change them there, then run
// `UPDATE_SNAPSHOTS=1 cargo test -p openclaw-protocol --test catalogue`.

/** Texts that people paste, and what they look like. */
export const recognised: [text: string, kind: string][] = [
  [
    "7F3A-9C1E",
    "claimCode"
  ],
  [
    " 7f3a 9cle ",
    "claimCode"
  ],
  [
    "7F3A–9C1E",
    "claimCode"
  ],
  [
    "7F3A9C1E",
    "other"
  ],
  [
    "7F3A-9C1U",
    "other"
  ],
  [
    "eyJ1cmwiOiJ3c3M6Ly9ndy5leGFtcGxlL2NsYXciLCJib290c3RyYXBUb2tlbiI6InNpbmdsZS11c2UtdG9rZW4iLCJleHBpcmVzQXRNcyI6MTc3MTg5MTIwMDAwMH0",
    "setupCode"
  ],
  [
    "eyJ1cmwiOiJodHRwOi8vaG9zdCIsImJvb3RzdHJhcFRva2VuIjoiYWJjIn0",
    "other"
  ],
  [
    "mH3Qf_TiD223BoD5rDMOOog9NFB-UZRlNunxRJvducU",
    "deviceToken"
  ],
  [
    "0123456789abcdef0123456789abcdef0123456789abcdef",
    "hexToken"
  ],
  [
    "0123456789ABCDEF0123456789ABCDEF",
    "hexToken"
  ],
  [
    "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
    "id"
  ],
  [
    "56475AA75463474C0285DF5DBF2BCAB73DA651358839E9B77481B2EAB107708C",
    "hexToken"
  ],
  [
    "05493183-47b8-4757-ab6b-2da89ac73923",
    "id"
  ],
  [
    "http://127.0.0.1:18789/#token=x",
    "url"
  ],
  [
    "wss://gw.example",
    "url"
  ],
  [
    "__OPENCLAW_REDACTED__",
    "placeholder"
  ],
  [
    "<token>",
    "placeholder"
  ],
  [
    "<your token>",
    "placeholder"
  ],
  [
    "YOUR_TOKEN",
    "placeholder"
  ],
  [
    "your-gateway-token",
    "placeholder"
  ],
  [
    "$OPENCLAW_GATEWAY_TOKEN",
    "placeholder"
  ],
  [
    "${OPENCLAW_GATEWAY_TOKEN}",
    "placeholder"
  ],
  [
    "$ecret",
    "other"
  ],
  [
    "********",
    "placeholder"
  ],
  [
    "…",
    "placeholder"
  ],
  [
    "xxxx",
    "placeholder"
  ],
  [
    "changeme",
    "placeholder"
  ],
  [
    "TOK-secret-123",
    "other"
  ],
  [
    "my-token-7",
    "other"
  ],
  [
    "",
    "other"
  ],
  [
    "  ",
    "other"
  ]
];

/** Device proofs that the gateway accepts. */
export const proofs = {
  "seed": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
  "publicKey": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
  "deviceId": "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
  "rows": [
    {
      "signed": {
        "deviceId": "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
        "clientId": "cli",
        "clientMode": "cli",
        "role": "operator",
        "scopes": [
          "operator.read",
          "operator.admin"
        ],
        "signedAtMs": 1771891200000,
        "token": "example-gateway-token",
        "nonce": "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42",
        "platform": "  Linux 6.8.0 ",
        "deviceFamily": "Desktop"
      },
      "payload": "v3|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|cli|cli|operator|operator.read,operator.admin|1771891200000|example-gateway-token|3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42|linux 6.8.0|desktop",
      "signature": "iZpGIFIQYZH7JsA7Lg4WSn3upbUB63QrXWdGPdI_5gJ0AOH3MAba3m9ZQDtb9Ihn3egW1NUFc0-zdvAmi47EDg"
    },
    {
      "signed": {
        "deviceId": "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
        "clientId": "node-host",
        "clientMode": "node",
        "role": "node",
        "scopes": [],
        "signedAtMs": 1771891200000,
        "token": "",
        "nonce": "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42",
        "platform": "darwin",
        "deviceFamily": ""
      },
      "payload": "v3|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|node-host|node|node||1771891200000||3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42|darwin|",
      "signature": "A5DTVWDH-ohcFdLDoNiB9NPDvqnrc9d7g0-1Fw40vNzcregIOgGIzVlbYmYvYtvxrMn5wYTfJgapXZTSqhkvCw"
    },
    {
      "signed": {
        "deviceId": "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
        "clientId": "openclaw-control-ui",
        "clientMode": "webchat",
        "role": "operator",
        "scopes": [
          "operator.admin"
        ],
        "signedAtMs": 1771891200000,
        "token": "mH3Qf_TiD223BoD5rDMOOog9",
        "nonce": "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42",
        "platform": "iPadOS",
        "deviceFamily": ""
      },
      "payload": "v3|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|openclaw-control-ui|webchat|operator|operator.admin|1771891200000|mH3Qf_TiD223BoD5rDMOOog9|3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42|ipados|",
      "signature": "r1yneaGY6WVD1OQoNwDdIkhCKYy5--wpkVclYiZ2DbOxTJNKG9FOdoVZwDfKVPBxGiurzfpPzpOl1y1Mv_9KBQ"
    },
    {
      "signed": {
        "deviceId": "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
        "clientId": "openclaw-control-ui",
        "clientMode": "webchat",
        "role": "operator",
        "scopes": [],
        "signedAtMs": 1771891200000,
        "token": "tökèn|with|bars",
        "nonce": "3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42",
        "platform": "﻿ÄÖ WINDOWS ",
        "deviceFamily": " Phone\t"
      },
      "payload": "v3|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|openclaw-control-ui|webchat|operator||1771891200000|tökèn|with|bars|3f2b8c1e-6d55-4a0f-9f11-2f6f0c9b7a42|ÄÖ windows|phone",
      "signature": "eisqI4O0RzrX6jEDQepHGAXVewhCOwj3Ln8I_5_hPluwdp5pax1iMYlLJJg7IDpWIP_CwOUVROcFS58-ynA5BA"
    }
  ]
};
