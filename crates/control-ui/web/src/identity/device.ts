import { platformOf } from "./browser";
import { type DeviceKey, deviceKey } from "./key";
import { openVault, type Vault } from "./vault";

let vault: Promise<Vault> | undefined;
const keys = new Map<string, Promise<DeviceKey>>();

/** The place for keys and tokens, opened once. */
export function theVault(): Promise<Vault> {
  vault ??= openVault();
  return vault;
}

/** This browser's key for the gateway at that root. */
export function keyFor(root: string): Promise<DeviceKey> {
  let key = keys.get(root);
  if (!key) {
    key = theVault().then((vault) => deviceKey(vault, root, platformOf(navigator)));
    keys.set(root, key);
    key.catch(() => keys.delete(root));
  }
  return key;
}
