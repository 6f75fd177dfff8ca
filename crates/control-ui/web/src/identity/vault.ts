import { fromHex, hex } from "./bytes";

/** How long what is stored lasts: `browser` for good, `tab` until the tab is closed, `page` until it is reloaded. */
export type Kept = "browser" | "tab" | "page";

/** The shelves of a vault. */
export type Shelf = "keys" | "tokens";

/** A place for this browser's keys and device tokens. */
export type Vault = {
  readonly kept: Kept;
  /** What lies there; `undefined` when nothing does. */
  get(shelf: Shelf, name: string): Promise<unknown>;
  /** Puts the value there unless something is there already; answers what is there afterwards. Atomic across tabs. */
  add(shelf: Shelf, name: string, value: unknown): Promise<unknown>;
  put(shelf: Shelf, name: string, value: unknown): Promise<void>;
  remove(shelf: Shelf, name: string): Promise<void>;
};

const DATABASE = "openclaw";
/** Some browsers neither open nor refuse a database in a private window. */
const PATIENCE_MS = 3000;

/** Opens the best place that this browser has. */
export async function openVault(): Promise<Vault> {
  try {
    return databaseVault(await openDatabase());
  } catch {
    return tabVault();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error("the database does not open")), PATIENCE_MS);
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      for (const shelf of ["keys", "tokens"] satisfies Shelf[]) request.result.createObjectStore(shelf);
    };
    request.onsuccess = () => {
      clearTimeout(patience);
      resolve(request.result);
    };
    request.onerror = () => {
      clearTimeout(patience);
      reject(request.error);
    };
  });
}

function databaseVault(database: IDBDatabase): Vault {
  // Another tab with a newer page may want to change the database; holding it open would keep it waiting.
  database.onversionchange = () => database.close();
  const run = <T>(shelf: Shelf, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(shelf, mode);
      const request = work(transaction.objectStore(shelf));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error ?? request.error);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  return {
    kept: "browser",
    get: (shelf, name) => run<unknown>(shelf, "readonly", (store) => store.get(name)),
    add: (shelf, name, value) =>
      new Promise((resolve, reject) => {
        const transaction = database.transaction(shelf, "readwrite");
        const store = transaction.objectStore(shelf);
        const found = store.get(name);
        let there: unknown;
        found.onsuccess = () => {
          const old: unknown = found.result ?? undefined;
          there = old ?? value;
          if (old !== undefined) return;
          try {
            store.put(value, name);
          } catch (error) {
            // A key that this browser cannot store.
            transaction.abort();
            reject(error);
          }
        };
        transaction.oncomplete = () => resolve(there);
        transaction.onerror = () => reject(transaction.error);
        transaction.onabort = () => reject(transaction.error);
      }),
    put: async (shelf, name, value) => {
      await run(shelf, "readwrite", (store) => store.put(value, name));
    },
    remove: async (shelf, name) => {
      await run(shelf, "readwrite", (store) => store.delete(name));
    },
  };
}

/** Session storage of the tab; where that is blocked too, memory. It holds texts, so bytes are written as hex. */
function tabVault(): Vault {
  const memory = new Map<string, string>();
  const session = usableSessionStorage();
  const read = (at: string) => (session ? session.getItem(at) : (memory.get(at) ?? null));
  const write = (at: string, text: string) =>
    session ? session.setItem(at, text) : void memory.set(at, text);
  const at = (shelf: Shelf, name: string) => `openclaw.${shelf} ${name}`;
  const get = async (shelf: Shelf, name: string): Promise<unknown> => {
    const text = read(at(shelf, name));
    return text === null ? undefined : JSON.parse(text, revive);
  };
  const put = async (shelf: Shelf, name: string, value: unknown) =>
    write(at(shelf, name), JSON.stringify(value, replace));
  return {
    kept: session ? "tab" : "page",
    get,
    put,
    add: async (shelf, name, value) => {
      const there = await get(shelf, name);
      if (there !== undefined) return there;
      await put(shelf, name, value);
      return value;
    },
    remove: async (shelf, name) => {
      session?.removeItem(at(shelf, name));
      memory.delete(at(shelf, name));
    },
  };
}

function replace(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: hex(value) } : value;
}

function revive(_key: string, value: unknown): unknown {
  const digits = typeof value === "object" && value !== null && "hex" in value ? value.hex : undefined;
  return typeof digits === "string" ? fromHex(digits) : value;
}

function usableSessionStorage(): Storage | null {
  try {
    const probe = "openclaw.probe";
    sessionStorage.setItem(probe, "1");
    sessionStorage.removeItem(probe);
    return sessionStorage;
  } catch {
    return null;
  }
}
