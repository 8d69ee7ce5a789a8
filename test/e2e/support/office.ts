// The officials' pages: accounts of the demonstration's court, and a window on them.
import { execFileSync } from "node:child_process";
import type { Browser, Page } from "@playwright/test";
import { BINARY } from "./paths.ts";
import { Seat } from "./seat.ts";
import type { Server } from "./server.ts";

/** Unit of the demonstration. */
export const UNIT = "demo-court";
export const COURT = "TAND khu vực 3 – Đà Nẵng";

export interface Official {
  login: string;
  name: string;
  roles: readonly string[];
}

/** The password that an official chooses at the first sign-in. */
const OWN = "mot cau dai de nho";

/** phientoa runs a command of the binary over a data directory, and gives what it said. */
export function phientoa(dataDir: string, ...args: string[]): string {
  return execFileSync(BINARY, [...args, "--data-dir", dataDir], { encoding: "utf8" }).trim();
}

/** unit makes a court, as an administrator does at the server's terminal, or ends one. */
export function unit(dataDir: string, id: string, name: string, successor = ""): void {
  const args = ["unit", "put", "--id", id, "--kind", "court.regional", "--name", name];
  phientoa(dataDir, ...args, ...(successor === "" ? [] : ["--successor", successor]));
}

/** accounts of a unit that stands; it gives the one-time passwords by login. */
export function accounts(
  dataDir: string,
  of: string,
  people: readonly Official[],
): Record<string, string> {
  return Object.fromEntries(
    people.map((p) => {
      const roles = p.roles.flatMap((r) => ["--role", r]);
      const args = ["--unit", of, "--login", p.login, "--name", p.name, ...roles];
      return [p.login, phientoa(dataDir, "account", "create", ...args)];
    }),
  );
}

/** staff makes the demonstration's court and its accounts in a data directory. */
export function staff(dataDir: string, people: readonly Official[]): Record<string, string> {
  unit(dataDir, UNIT, COURT);
  return accounts(dataDir, UNIT, people);
}

/** Office is one official's window; it may become a seat of a hearing. */
export class Office {
  readonly seat: Seat;

  private constructor(seat: Seat) {
    this.seat = seat;
  }

  /** host: a role of the demonstration, whose name the window uses as its server's. */
  static async open(server: Server, browser: Browser, host = "clerk"): Promise<Office> {
    return new Office(await Seat.open(server, { role: host, media: "none", browser }));
  }

  get page(): Page {
    return this.seat.page;
  }

  async goto(path: string): Promise<void> {
    await this.page.goto(`${this.seat.server.origin(this.seat.role)}/cong-viec/${path}`);
  }

  /** signIn with the one-time password, which is changed at once, as it must be. */
  async signIn(who: Official, passwords: Record<string, string>): Promise<void> {
    const once = passwords[who.login] ?? "";
    await this.goto("");
    await this.page.getByLabel("Tên đăng nhập").fill(who.login);
    await this.page.getByLabel("Mật khẩu").fill(once);
    await this.button("Đăng nhập").click();
    await this.page.getByLabel("Mật khẩu đang dùng").fill(once);
    await this.page.getByLabel("Mật khẩu mới", { exact: true }).fill(OWN);
    await this.page.getByLabel("Nhập lại mật khẩu mới").fill(OWN);
    await this.button("Lưu mật khẩu mới").click();
    await this.page.getByRole("navigation").getByRole("link").first().waitFor();
  }

  button(name: string | RegExp) {
    return this.seat.button(name);
  }

  async close(): Promise<void> {
    await this.seat.close();
  }
}
