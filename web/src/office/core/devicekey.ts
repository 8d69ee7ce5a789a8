// The key of an enrolled room device: ECDSA P-256, made in the browser, not
// exportable, kept in IndexedDB. It proves which courtroom's computer this is.
import { toB64 } from "./webauthn";

const DATABASE = "phientoa";
const KEYS = "device";
const SLOT = "key";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Enrolled is what this computer keeps of its enrolment. */
export interface Enrolled {
  device: string;
  key: CryptoKey;
}

/** KeyPlace is where the enrolment is kept; tests have one of their own. */
export interface KeyPlace {
  read(): Promise<Enrolled | null>;
  write(e: Enrolled): Promise<void>;
  clear(): Promise<void>;
}

function asPromise<T>(r: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    r.addEventListener("success", () => {
      resolve(r.result);
    });
    r.addEventListener("error", () => {
      reject(r.error ?? new Error("IndexedDB"));
    });
  });
}

async function open(factory: IDBFactory): Promise<IDBDatabase> {
  const r = factory.open(DATABASE, 1);
  r.addEventListener("upgradeneeded", () => {
    r.result.createObjectStore(KEYS);
  });
  return asPromise(r);
}

/** indexedPlace keeps the enrolment in IndexedDB, the only storage that holds a key it cannot read. */
export function indexedPlace(factory: IDBFactory): KeyPlace {
  const within = async <T>(
    mode: IDBTransactionMode,
    act: (s: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    const db = await open(factory);
    try {
      return await asPromise(act(db.transaction(KEYS, mode).objectStore(KEYS)));
    } finally {
      db.close();
    }
  };
  return {
    read: async () =>
      ((await within("readonly", (s) => s.get(SLOT))) as Enrolled | undefined) ?? null,
    write: async (e) => {
      await within("readwrite", (s) => s.put(e, SLOT));
    },
    clear: async () => {
      await within("readwrite", (s) => s.delete(SLOT));
    },
  };
}

/** newKey makes the device's key pair; publicKey is its SubjectPublicKeyInfo in base64. */
export async function newKey(subtle: SubtleCrypto): Promise<{ key: CryptoKey; publicKey: string }> {
  const pair = await subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const spki = await subtle.exportKey("spki", pair.publicKey);
  return { key: pair.privateKey, publicKey: standardB64(spki) };
}

/** sign signs the server's nonce (base64) as ECDSA with SHA-256, r||s, in base64. */
export async function sign(subtle: SubtleCrypto, key: CryptoKey, nonce: string): Promise<string> {
  const bytes = Uint8Array.from(atob(nonce.replace(/-/g, "+").replace(/_/g, "/")), (c) =>
    c.charCodeAt(0),
  );
  return standardB64(await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, bytes));
}

function standardB64(bytes: ArrayBuffer): string {
  const url = toB64(bytes).replace(/-/g, "+").replace(/_/g, "/");
  return url.padEnd(Math.ceil(url.length / 4) * 4, "=");
}
