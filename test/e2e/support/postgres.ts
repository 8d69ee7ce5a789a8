import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Postgres is a private cluster on a unix socket, durable settings left as they come. */
export class Postgres {
  private readonly dir = mkdtempSync("/tmp/pte-"); // a socket's path holds 107 bytes
  private readonly bin: string;

  constructor() {
    this.bin = Postgres.binaries();
    if (process.getuid?.() === 0) {
      chownSync(this.dir, Number(idOf("-u")), Number(idOf("-g")));
    }
    this.run("initdb", [
      "-D",
      join(this.dir, "data"),
      "-U",
      "court",
      "--auth=trust",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
    ]);
    this.start();
    this.run("createdb", ["-h", this.dir, "-U", "court", "phientoa"]);
  }

  static binaries(): string {
    const base = "/usr/lib/postgresql";
    const versions = existsSync(base) ? readdirSync(base).toSorted() : [];
    const dir = versions
      .map((v) => join(base, v, "bin"))
      .findLast((d) => existsSync(join(d, "initdb")));
    if (!dir) throw new Error("PostgreSQL is missing: install postgresql-15");
    return dir;
  }

  get dsn(): string {
    return `postgres://court@/phientoa?host=${encodeURIComponent(this.dir)}&sslmode=disable`;
  }

  start(): void {
    const options = `-c listen_addresses='' -c unix_socket_directories=${this.dir}`;
    const log = join(this.dir, "log");
    this.run("pg_ctl", ["-D", join(this.dir, "data"), "-w", "-l", log, "-o", options, "start"]);
  }

  /** stop ends it as a power cut would: every connection dies, recovery at the next start. */
  stop(): void {
    this.run("pg_ctl", ["-D", join(this.dir, "data"), "-w", "-m", "immediate", "stop"]);
  }

  /** freeze stops every process where it stands: connections hang instead of failing. */
  freeze(): void {
    for (const pid of this.processes()) process.kill(pid, "SIGSTOP");
  }

  thaw(): void {
    for (const pid of this.processes()) process.kill(pid, "SIGCONT");
  }

  /** rows runs one query and gives its lines, tab-separated. */
  rows(sql: string): string[] {
    const out = this.run("psql", [
      "-h",
      this.dir,
      "-U",
      "court",
      "-d",
      "phientoa",
      "-At",
      "-F",
      "\t",
      "-c",
      sql,
    ]);
    return out.split("\n").filter((line) => line !== "");
  }

  dispose(): void {
    try {
      this.thaw();
      this.stop();
    } catch {
      // it was stopped already
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The postmaster and its children, and nobody else's. */
  private processes(): number[] {
    const pidFile = join(this.dir, "data", "postmaster.pid");
    const head = execFileSync("head", ["-n", "1", pidFile], { encoding: "utf8" }).trim();
    const children = execFileSync("ps", ["-o", "pid=", "--ppid", head], { encoding: "utf8" });
    return [head, ...children.split("\n")].map((s) => Number(s.trim())).filter((n) => n > 0);
  }

  private run(program: string, args: string[]): string {
    const command = [join(this.bin, program), ...args];
    // PostgreSQL refuses to run as root.
    if (process.getuid?.() === 0) {
      command.unshift("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups");
    }
    return execFileSync(command[0]!, command.slice(1), {
      encoding: "utf8",
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

function idOf(flag: string): string {
  return execFileSync("id", [flag, "postgres"], { encoding: "utf8" }).trim();
}
