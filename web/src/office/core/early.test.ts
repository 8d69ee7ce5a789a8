import { describe, expect, it, vi } from "vitest";
import { office } from "./api";
import { httpClient } from "./client";
import { early, spanOf } from "./early";
import { NOW } from "./testing";

/** start asks early at a path; asked lists what went to the server, "?" cut off. */
function start(path: string, me: object | null, week: () => Response = () => Response.json({})) {
  const asked: string[] = [];
  const fetch = vi.fn<typeof globalThis.fetch>((url) => {
    const to = typeof url === "string" ? url : "";
    asked.push(to.split("?")[0] ?? "");
    if (!to.endsWith("/me")) return Promise.resolve(week());
    return Promise.resolve(
      me ? Response.json({ must_change: false, ...me }) : new Response(null, { status: 401 }),
    );
  });
  return { api: early(office(httpClient(fetch)), path, NOW), asked };
}

const settle = (): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, 0);
  });
const ME = "/api/v1/access/me";
const WEEK = "/api/v1/hearings";

describe("the first questions", () => {
  it("are asked before anybody wants them, once, and anew from then on", async () => {
    const { api, asked } = start("/cong-viec/lich", { roles: ["clerk"] });
    await settle();
    expect(asked).toEqual([ME, WEEK]);
    await api.me();
    await api.calendar(...spanOf("2026-11-18"));
    expect(asked).toEqual([ME, WEEK]);
    await api.me();
    await api.calendar(...spanOf("2026-11-18"));
    expect(asked).toEqual([ME, WEEK, ME, WEEK]);
  });

  it("are of the day in the address, and another week is asked for itself", async () => {
    const { api, asked } = start("/cong-viec/lich/2026-12-05", { roles: ["judge"] });
    await settle();
    await api.calendar(...spanOf("2026-12-01"));
    expect(asked).toEqual([ME, WEEK]);
    const other = start("/cong-viec/lich", { roles: ["judge"] });
    await other.api.calendar(...spanOf("2026-12-01"));
    expect(other.asked).toEqual([ME, WEEK, WEEK]);
  });

  it("never ask what the server would refuse or the page does not show", async () => {
    for (const [path, me, questions] of [
      ["/cong-viec/lich", null, [ME]],
      ["/cong-viec/lich", { roles: ["sys_admin"] }, [ME]],
      ["/cong-viec/lich", { roles: ["clerk"], must_change: true }, [ME]],
      ["/cong-viec/lap-lich", { roles: ["clerk"] }, [ME]],
      ["/thiet-bi", { roles: ["clerk"] }, []],
    ] as const) {
      const { asked } = start(path, me);
      await settle();
      expect(asked, path).toEqual(questions);
    }
  });

  it("give a refusal to who asks, once, and the next try is a new one", async () => {
    let away = true;
    const { api } = start("/cong-viec/lich", { roles: ["clerk"] }, () =>
      away ? new Response(null, { status: 503 }) : Response.json({ hearings: [] }),
    );
    await settle();
    await expect(api.calendar(...spanOf("2026-11-20"))).rejects.toMatchObject({ status: 503 });
    away = false;
    expect(await api.calendar(...spanOf("2026-11-20"))).toEqual({ hearings: [] });
    const out = start("/cong-viec/lich", null);
    await settle();
    await expect(out.api.me()).rejects.toMatchObject({ status: 401 });
  });
});
