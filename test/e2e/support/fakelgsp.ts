// FakeLGSP stands for the state's data-sharing platform, which cannot run here: it takes a
// report when bearer, digest and idempotency key are right. Schemas and signature are
// checked by its Go namesake (internal/lgsp/lgsptest).
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const LGSP_TOKEN = "fake-lgsp-token";

interface Envelope {
  unit: string;
  day: string;
  key: string;
  sha256: string;
  report: string;
}

const sha256 = (b: Buffer | string): string => createHash("sha256").update(b).digest("hex");

export class FakeLGSP {
  /** What was taken, by key. */
  readonly taken = new Map<string, Envelope>();
  /** When set, reports are refused for that reason. */
  refuse = "";
  private readonly server: Server;

  private constructor() {
    this.server = createServer((q, a) => {
      void this.answer(q, a);
    });
  }

  static async start(): Promise<FakeLGSP> {
    const f = new FakeLGSP();
    await new Promise<void>((done) => f.server.listen(0, "127.0.0.1", done));
    return f;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/reports`;
  }

  close(): void {
    this.server.close();
  }

  private async answer(q: IncomingMessage, a: ServerResponse): Promise<void> {
    const [status, reason] = await this.take(q);
    a.writeHead(status, { "content-type": "application/json" });
    a.end(JSON.stringify({ reason }));
  }

  private async take(q: IncomingMessage): Promise<[number, string]> {
    const parts: Buffer[] = [];
    for await (const part of q) parts.push(part as Buffer);
    if (q.headers.authorization !== `Bearer ${LGSP_TOKEN}`) return [401, "bearer"];
    if (this.refuse !== "") return [422, this.refuse];
    const e = JSON.parse(Buffer.concat(parts).toString("utf8")) as Envelope;
    const key = sha256(`${e.unit}\n${e.day}\n${e.sha256}\n`);
    if (sha256(Buffer.from(e.report, "base64")) !== e.sha256) return [422, "digest"];
    if (e.key !== key || q.headers["idempotency-key"] !== key) return [422, "key"];
    this.taken.set(key, e);
    return [201, ""];
  }
}
