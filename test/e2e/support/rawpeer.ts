import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect } from "@playwright/test";
import { PEER } from "./paths.ts";

/** What peer.py prints: one JSON object a line. */
export interface Said {
  event: string;
  [member: string]: unknown;
}

/** RawPeer is the independent peer of peer.py: it does what it is told and no more. */
export class RawPeer {
  readonly said: Said[] = [];
  private readonly child: ChildProcess;
  private next = 1;

  constructor(params: {
    port: number;
    role: string;
    token: string;
    address?: string;
  }) {
    const args = [PEER, "--port", String(params.port), "--role", params.role];
    // A token may begin with a dash.
    args.push(`--token=${params.token}`, "--address", params.address ?? "127.0.0.1");
    this.child = spawn("/usr/bin/python3", args, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      this.said.push(JSON.parse(line) as Said);
    });
  }

  /** last of an event, if any. */
  last(event: string): Said | undefined {
    return this.said.findLast((s) => s.event === event);
  }

  /** until waits for an event that fits, looking at everything said so far. */
  async until(
    event: string,
    fits: (s: Said) => boolean = () => true,
    timeout = 15_000,
  ): Promise<Said> {
    let found: Said | undefined;
    await expect
      .poll(
        () => {
          if (this.child.exitCode !== null && !found)
            return `peer.py ended with ${this.child.exitCode}`;
          found = this.said.find((s) => s.event === event && fits(s));
          return found
            ? "found"
            : `waiting for ${event}, last: ${JSON.stringify(this.said.at(-1))}`;
        },
        { timeout, intervals: [20] },
      )
      .toBe("found");
    return found!;
  }

  /** ask sends an order and waits for its done line, which carries the outcome. */
  async ask(order: string, members: Record<string, unknown> = {}, timeout = 15_000): Promise<Said> {
    const n = this.next++;
    this.child.stdin!.write(`${JSON.stringify({ do: order, n, ...members })}\n`);
    return await this.until("done", (s) => s["n"] === n, timeout);
  }

  /** command sends an act of the protocol; the outcome is the server's CommandResult. */
  async command(act: string, fields: Record<string, unknown> = {}): Promise<Said> {
    return await this.ask("command", { act, fields });
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise<void>((done) => this.child.once("exit", () => done()));
    this.child.kill("SIGKILL");
    await gone;
  }
}
