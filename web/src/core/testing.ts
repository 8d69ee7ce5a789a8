// Stand-ins for tests of core: a socket that the test plays the server on.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Envelope, EnvelopeSchema } from "../wire/phientoa/v1/phientoa_pb";
import type { Clock } from "./clock";
import type { Socket } from "./signaling";

/** Timers of the test runner (vi.useFakeTimers replaces what these call). */
export const testClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => Number(setTimeout(fn, ms)),
  clearTimeout: (id) => {
    clearTimeout(id);
  },
};

export class FakeSocket implements Socket {
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Envelope[] = [];
  closed = false;

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(fromBinary(EnvelopeSchema, data));
  }

  close(): void {
    this.closed = true;
  }

  // The server's side.
  say(e: MessageInitShape<typeof EnvelopeSchema>): void {
    const bytes = toBinary(EnvelopeSchema, create(EnvelopeSchema, e));
    this.onmessage?.({ data: bytes.slice().buffer });
  }

  cut(): void {
    this.onclose?.({ code: 1006 });
  }

  last(kind: Envelope["body"]["case"]): Envelope | undefined {
    return this.sent.findLast((e) => e.body.case === kind);
  }
}
