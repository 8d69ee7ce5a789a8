import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { ask } from "./http.ts";
import { BINARY, RESULTS } from "./paths.ts";

/** The number that the screens of every test show to whoever needs help. */
export const HELP_PHONE = "0236 382 1234";

export interface ServerParams {
  /** kind of the demonstration's hearing; plain without order of business */
  case?: "plain" | "criminal" | "civil";
  /** address of the media sockets; loopback when empty */
  mediaAddress?: string;
  /** what is done to the data directory before the first process */
  before?: (dataDir: string) => void;
  /** address of a data-sharing platform and the file of its token */
  lgsp?: { url: string; token: string };
  /** postgres://… instead of SQLite in the data directory */
  database?: string;
}

/**
 * Server is one installation of the real binary: a data directory that outlives
 * its processes, and at most one process at a time.
 */
export class Server {
  readonly dataDir: string;
  readonly port: number;
  readonly mediaPort: number;
  readonly relayPort: number;
  readonly log: string;
  private readonly p: ServerParams;
  private child: ChildProcess | null = null;
  private kept = false;
  private exited: Promise<void> = Promise.resolve();

  private constructor(p: ServerParams, port: number, mediaPort: number, relayPort: number) {
    this.p = p;
    this.port = port;
    this.mediaPort = mediaPort;
    this.relayPort = relayPort;
    this.dataDir = mkdtempSync(join(tmpdir(), "phientoa-e2e-"));
    mkdirSync(RESULTS, { recursive: true });
    this.log = join(RESULTS, `server-${port}.log`);
  }

  static async start(p: ServerParams = {}): Promise<Server> {
    const server = new Server(p, await freePort(), await freePort(), await freePort());
    p.before?.(server.dataDir);
    await server.up();
    return server;
  }

  /** origin of a role; each role has a host, hence cookies, of its own. */
  origin(role: string): string {
    return `http://${role}.localhost:${this.port}`;
  }

  get landing(): string {
    return `http://localhost:${this.port}/`;
  }

  /** up starts a process on the data directory and waits until it takes requests. */
  async up(): Promise<void> {
    const args = ["demo", "--data-dir", this.dataDir, "--log-level", "debug"];
    args.push("--help-phone", HELP_PHONE);
    args.push("--case", this.p.case ?? "plain");
    args.push("--port", String(this.port), "--media-port", String(this.mediaPort));
    args.push("--relay-port", String(this.relayPort));
    if (this.p.mediaAddress) args.push("--media-address", this.p.mediaAddress);
    if (this.p.lgsp)
      args.push("--lgsp-url", this.p.lgsp.url, "--lgsp-token-file", this.p.lgsp.token);
    if (this.p.database) args.push("--database", this.p.database);
    // A group of its own: whatever it starts can be ended with it.
    const child = spawn(BINARY, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (text: Buffer): void => appendFileSync(this.log, text);
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    this.child = child;
    let code: number | null = null;
    this.exited = new Promise((done) => {
      child.once("exit", (c, signal) => {
        code = c ?? (signal ? 128 : 0);
        done();
      });
    });
    await expect
      .poll(
        async () => {
          if (code !== null) return `exited with ${code}, see ${this.log}`;
          return await ready(this.port);
        },
        { timeout: 20_000, intervals: [50] },
      )
      .toBe(200);
  }

  get pid(): number {
    const pid = this.child?.pid;
    if (!pid) throw new Error("the server is not running");
    return pid;
  }

  /**
   * kill ends the server's process alone, at once; its children find out by
   * themselves. It gives the moment, UTC unix microseconds.
   */
  async kill(): Promise<number> {
    process.kill(this.pid, "SIGKILL");
    const at = (Date.now() + 1) * 1000; // the clock shows whole milliseconds
    await this.exited;
    this.child = null;
    return at;
  }

  /** stop ends it in order. */
  async stop(): Promise<void> {
    if (!this.child) return;
    const pid = this.pid;
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
    await Promise.race([this.exited, new Promise((done) => setTimeout(done, 8_000).unref())]);
    try {
      process.kill(-pid, "SIGKILL"); // what is left of the group, ours alone
    } catch {
      // nothing was left
    }
    this.child = null;
  }

  /** keep leaves the data where they are when the server is disposed of. */
  keep(): void {
    this.kept = true;
  }

  /** dispose stops the server and deletes its data. */
  async dispose(): Promise<void> {
    await this.stop();
    if (!this.kept && !process.env["PHIENTOA_E2E_KEEP"])
      rmSync(this.dataDir, { recursive: true, force: true });
  }

  /**
   * sealed waits until the record of a closed hearing verifies as whole, in its
   * directory and as the sealed file beside it, and gives the verifier's words about
   * the directory. The last line is durable a moment before its checkpoint, and the
   * sealed file follows.
   */
  async sealed(dir: string): Promise<string> {
    let text = "";
    for (const path of [`${dir}.asice`, dir]) {
      await expect
        .poll(() => {
          const last = this.verify(path);
          text = last.text;
          return last.code === 0 || last.code === 3 ? "whole" : last.text;
        })
        .toBe("whole");
    }
    return text;
  }

  /** verify runs the offline verifier over a directory or a sealed file. */
  verify(dir: string, ...more: string[]): { code: number; text: string } {
    try {
      const text = execFileSync(BINARY, ["verify", dir, "--lang", "en", ...more], {
        encoding: "utf8",
      });
      return { code: 0, text };
    } catch (error) {
      const e = error as { status: number; stdout: string; stderr: string };
      return { code: e.status, text: e.stdout + e.stderr };
    }
  }
}

async function ready(port: number): Promise<number | string> {
  try {
    return (await ask(port, `localhost:${port}`, "GET", "/readyz")).status;
  } catch (error) {
    return String(error);
  }
}

/** A port that is free for TCP at this moment; media ports are taken from the same well. */
function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address ? address.port : 0;
      probe.close(() => done(port));
    });
  });
}
