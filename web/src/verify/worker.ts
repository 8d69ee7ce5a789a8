// The verifier in a worker of its own: it reads the chosen file by slices, so that
// the page stays free and no file has to fit into memory. Its script alone is allowed
// to compile WebAssembly (signaling/static.go), and it asks for nothing but that.
import glue from "./generated/wasm_exec.js?url";
import program from "./generated/verifier.wasm?url";
import type { FromWorker, ToWorker } from "./check";

interface Chosen {
  name: string;
  roots: Uint8Array | null;
  tsaRoots: Uint8Array | null;
  receipts: Uint8Array[];
}

/** What wasm_exec.js of Go and cmd/phientoa-verify-web put into the worker. */
interface World {
  Go: new () => {
    importObject: WebAssembly.Imports;
    run: (i: WebAssembly.Instance) => Promise<void>;
  };
  phientoaVerify: (
    size: number,
    read: (offset: number, length: number) => Uint8Array | null,
    chosen: Chosen,
  ) => string;
  FileReaderSync: new () => { readAsArrayBuffer: (b: Blob) => ArrayBuffer };
  onmessage: ((e: MessageEvent<ToWorker>) => void) | null;
  postMessage: (m: FromWorker, transfer: Transferable[]) => void;
}

const world = globalThis as unknown as World;
const say = (m: FromWorker): void => {
  world.postMessage(m, []);
};

/** How often the page hears how far the reading is, in milliseconds. */
const EVERY = 100;

async function prepare(): Promise<void> {
  await import(/* @vite-ignore */ glue);
  const go = new world.Go();
  const answer = await fetch(program);
  const { instance } = await WebAssembly.instantiateStreaming(answer, go.importObject);
  void go.run(instance); // ends with the worker
}

world.onmessage = (e) => {
  try {
    say({ kind: "answer", json: verify(e.data) });
  } catch (reason) {
    say({ kind: "failed", reason: String(reason) });
  }
};

function verify({ file, roots, tsaRoots, receipts }: ToWorker): string {
  const reader = new world.FileReaderSync();
  const all = (b: Blob | null): Uint8Array | null =>
    b === null ? null : new Uint8Array(reader.readAsArrayBuffer(b));
  let done = 0;
  let said = 0;
  const read = (offset: number, length: number): Uint8Array | null => {
    try {
      const bytes = new Uint8Array(reader.readAsArrayBuffer(file.slice(offset, offset + length)));
      done += bytes.length;
      const now = performance.now();
      if (now - said >= EVERY) {
        said = now;
        say({ kind: "progress", done: Math.min(done, file.size) });
      }
      return bytes;
    } catch {
      return null; // the answer says that the file cannot be read
    }
  };
  return world.phientoaVerify(file.size, read, {
    name: file.name,
    roots: all(roots),
    tsaRoots: all(tsaRoots),
    receipts: receipts.map((r) => new Uint8Array(reader.readAsArrayBuffer(r))),
  });
}

prepare().then(
  () => {
    say({ kind: "ready" });
  },
  (reason: unknown) => {
    say({ kind: "broken", reason: String(reason) });
  },
);
