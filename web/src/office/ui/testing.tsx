// Stand-ins for tests of the pages: a server that answers as its handlers say.
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";
import { testClock } from "../../core/testing";
import { installAria } from "../../i18n/aria";
import { TextProvider } from "../../ui/context";
import { office } from "../core/api";
import { httpClient } from "../core/client";
import type { Enrolled } from "../core/devicekey";
import { OfficeProvider } from "./context";
import { OfficeApp } from "./OfficeApp";

export const me = {
  account: "a1",
  name: "Phạm Quỳnh Như",
  login: "nhu.pq",
  unit: "u",
  unit_name: "TAND khu vực 3 – Đà Nẵng",
  roles: ["clerk"],
  method: "password",
  stepped_up: false,
  must_change: false,
};
export const problem = (status: number, code: string) =>
  Response.json({ code, vi: `Câu ${code}`, en: code }, { status });

export type Handler = (
  body: unknown,
  init: RequestInit,
  query: string,
) => Response | Promise<Response>;

/** show opens a page with a server that answers as the handlers say. */
export function show(
  path: string,
  handlers: Record<string, Handler>,
  enrolled: Enrolled | null = null,
) {
  const calls: { what: string; body: unknown; key: string | undefined }[] = [];
  const fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const [path = "", query = ""] = typeof input === "string" ? input.split("?") : [];
    const what = `${init.method ?? "GET"} ${path}`;
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const key = (init.headers as Record<string, string> | undefined)?.["Idempotency-Key"];
    calls.push({ what, body, key });
    const handler = handlers[what];
    if (what === "GET /api/v1/access/me" && !handler) return Response.json(me);
    return handler ? handler(body, init, query) : problem(404, "not_found");
  };
  history.replaceState(null, "", path);
  const leave = vi.fn();
  let id = 0;
  render(
    <TextProvider>
      <OfficeProvider
        parts={{
          api: office(httpClient(fetch)),
          clock: testClock,
          random: () => 0.5,
          newId: () => `id-${++id}`,
          storage: sessionStorage,
          keys: {
            read: () => Promise.resolve(enrolled),
            write: () => Promise.resolve(),
            clear: () => Promise.resolve(),
          },
          crypto,
          credentials: undefined,
          leave,
        }}
      >
        <OfficeApp />
      </OfficeProvider>
    </TextProvider>,
  );
  const count = (what: string): number => calls.filter((c) => c.what === what).length;
  return { calls, count, leave };
}

export const press = (name: string | RegExp): void => {
  fireEvent.click(screen.getByRole("button", { name }));
};
export const type = (label: string, value: string): void => {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
};

/** eachAnew gives every test of a file an empty page. */
export function eachAnew(): void {
  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
    installAria(window);
  });
  afterEach(cleanup);
}
