// What every page of the officials may ask for: the server, the address, who is
// signed in, and the proof of it afresh where an act asks for one.
import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Clock } from "../../core/clock";
import { fill, type Params } from "../../i18n";
import { officeEn } from "../../i18n/en.office";
import type { Key } from "../../i18n/vi";
import { type OfficeKey, officeVi } from "../../i18n/vi.office";
import { type Texts, useTexts } from "../../ui/context";
import type { Me, Office } from "../core/api";
import { type Draft, emptyDraft } from "../core/booking";
import { asRefused, type Refused } from "../core/client";
import type { KeyPlace } from "../core/devicekey";
import { forget, recall, remember } from "../core/draftstore";
import { pathOf, type Route, routeOf } from "../core/routes";

export interface Parts {
  api: Office;
  clock: Clock;
  random: () => number;
  newId: () => string;
  storage: Storage;
  keys: KeyPlace;
  crypto: Crypto;
  credentials: CredentialsContainer | undefined;
  /** leaves these pages, for the room */
  leave: (path: string) => void;
}

/** Session is what is known of who sits here. */
export type Session =
  | { kind: "loading" }
  | { kind: "unreachable"; refused: Refused }
  | { kind: "signed_out" }
  | { kind: "signed_in"; me: Me };

/** Proof is a question to the official that a call waits for. */
export interface Proof {
  kind: "sign_in" | "step_up";
  done: () => void;
  cancel: () => void;
}

interface OfficeValue extends Parts {
  session: Session;
  /** asks the server again who is signed in */
  renew: () => Promise<void>;
  signOut: () => Promise<void>;
  route: Route;
  go: (r: Route) => void;
  /** run makes a call; it asks for a fresh proof or a new sign-in where the server wants one, and calls again */
  run: <T>(call: () => Promise<T>) => Promise<T>;
  proof: Proof | null;
  draft: Draft;
  setDraft: (change: (d: Draft) => Draft) => void;
  /** the draft was read back after a reload, without its names */
  recalled: boolean;
  dropDraft: () => void;
  /** the key under which the server remembers the answer to a body; the same until fresh is asked for */
  keyFor: (body: string, fresh?: boolean) => string;
}

const OfficeContext = createContext<OfficeValue | null>(null);

/** proofOf is which proof the server asks for, if it does. */
function proofOf(r: Refused): Proof["kind"] | null {
  if (r.status === 401) return "sign_in";
  return r.problem.code === "step_up" ? "step_up" : null;
}

/** useProof lets calls wait while the official proves afresh who it is; many calls wait for one proof. */
function useProof(signedIn: boolean) {
  const [proof, setProof] = useState<Proof | null>(null);
  const open = useRef<{ kind: Proof["kind"]; promise: Promise<void> } | null>(null);
  const ask = useCallback((kind: Proof["kind"]): Promise<void> => {
    if (open.current?.kind === kind) return open.current.promise;
    const promise = new Promise<void>((resolve, reject) => {
      const end = (then: () => void) => (): void => {
        open.current = null;
        setProof(null);
        then();
      };
      const cancel = end(() => {
        reject(new Error("cancelled"));
      });
      setProof({ kind, done: end(resolve), cancel });
    });
    open.current = { kind, promise };
    return promise;
  }, []);
  const run = useCallback(
    async <T,>(call: () => Promise<T>): Promise<T> => {
      // Each round needs an act of the official, so that this ends.
      for (;;) {
        try {
          return await call();
        } catch (e) {
          const refused = asRefused(e);
          const kind = signedIn ? proofOf(refused) : null;
          if (kind === null) throw refused;
          await ask(kind).catch(() => {
            throw refused;
          });
        }
      }
    },
    [ask, signedIn],
  );
  return { proof, run };
}

function useRoute() {
  const [route, setRoute] = useState<Route>(() => routeOf(location.pathname));
  useEffect(() => {
    const follow = (): void => {
      setRoute(routeOf(location.pathname));
    };
    window.addEventListener("popstate", follow);
    return () => {
      window.removeEventListener("popstate", follow);
    };
  }, []);
  const go = useCallback((r: Route): void => {
    history.pushState(null, "", pathOf(r));
    setRoute(r);
    window.scrollTo(0, 0);
  }, []);
  return { route, go };
}

/** useDraft keeps the booking over pages, errors and (without names) reloads. */
function useDraft(storage: Storage) {
  const [first] = useState(() => recall(storage));
  const [draft, set] = useState<Draft>(() => first ?? emptyDraft());
  const [recalled, setRecalled] = useState(first !== null);
  const setDraft = useCallback(
    (change: (d: Draft) => Draft): void => {
      set((d) => {
        const next = change(d);
        remember(storage, next);
        return next;
      });
    },
    [storage],
  );
  const dropDraft = useCallback((): void => {
    forget(storage);
    setRecalled(false);
    set(emptyDraft());
  }, [storage]);
  return { draft, setDraft, recalled, dropDraft };
}

export function OfficeProvider({ parts, children }: { parts: Parts; children: ReactNode }) {
  const [session, setSession] = useState<Session>({ kind: "loading" });
  const { proof, run } = useProof(session.kind === "signed_in");
  const { route, go } = useRoute();
  const { draft, setDraft, recalled, dropDraft } = useDraft(parts.storage);
  const [fixed] = useState(parts);
  const [opened] = useState(route.page);
  const account = useRef("");
  const keys = useRef(new Map<string, string>());
  const keyFor = useCallback(
    (body: string, fresh = false): string => {
      const known = fresh ? undefined : keys.current.get(body);
      const key = known ?? fixed.newId();
      keys.current.set(body, key);
      return key;
    },
    [fixed],
  );

  const renew = useCallback(async (): Promise<void> => {
    try {
      const me = await fixed.api.me();
      // Somebody else signed in at this computer: nothing of the former one stays.
      if (account.current !== "" && account.current !== me.account) dropDraft();
      account.current = me.account;
      setSession({ kind: "signed_in", me });
    } catch (e) {
      const refused = asRefused(e);
      setSession(
        refused.status === 401 ? { kind: "signed_out" } : { kind: "unreachable", refused },
      );
    }
  }, [fixed, dropDraft]);

  const signOut = useCallback(async (): Promise<void> => {
    await fixed.api.signOut();
    dropDraft();
    account.current = "";
    setSession({ kind: "signed_out" });
  }, [fixed, dropDraft]);

  useEffect(() => {
    // The page of a room device has no official; the others ask once, when they open.
    if (opened !== "room_device") queueMicrotask(() => void renew());
  }, [renew, opened]);

  const value = useMemo(
    () => ({
      ...fixed,
      session,
      renew,
      signOut,
      route,
      go,
      run,
      proof,
      draft,
      setDraft,
      recalled,
      dropDraft,
      keyFor,
    }),
    [
      fixed,
      session,
      renew,
      signOut,
      route,
      go,
      run,
      proof,
      draft,
      setDraft,
      recalled,
      dropDraft,
      keyFor,
    ],
  );
  return <OfficeContext value={value}>{children}</OfficeContext>;
}

export function useOffice(): OfficeValue {
  const value = use(OfficeContext);
  if (!value) throw new Error("outside OfficeProvider");
  return value;
}

/** useMe is the signed-in official; only below the shell, which shows nothing to others. */
export function useMe(): Me {
  const { session } = useOffice();
  if (session.kind !== "signed_in") throw new Error("nobody is signed in");
  return session.me;
}

export interface OfficeTexts extends Omit<Texts, "t"> {
  t: (key: Key | OfficeKey, params?: Params) => string;
}

const books = { vi: officeVi, en: officeEn } as const;
const isOfficeKey = (key: string): key is OfficeKey => key in officeVi;

/** useOfficeTexts is useTexts with the texts of these pages, which the room does not load. */
export function useOfficeTexts(): OfficeTexts {
  const base = useTexts();
  return useMemo(() => {
    const t = (key: Key | OfficeKey, params?: Params): string =>
      isOfficeKey(key) ? fill(books[base.language][key], params) : base.t(key, params);
    return { ...base, t };
  }, [base]);
}

/** Loaded is a page's answer from the server in its three forms. */
export type Loaded<T> =
  | { kind: "loading" }
  | { kind: "failed"; refused: Refused }
  | { kind: "ready"; value: T };

/** useLoad asks when the page opens and whenever key changes; a late answer to an old key is left aside. */
export function useLoad<T>(
  key: string,
  ask: () => Promise<T>,
): { data: Loaded<T>; again: () => void } {
  const { run } = useOffice();
  const [round, setRound] = useState(0);
  const [held, setHeld] = useState<{ key: string; round: number; data: Loaded<T> }>({
    key,
    round,
    data: { kind: "loading" },
  });
  const asked = useRef(ask);
  useEffect(() => {
    asked.current = ask;
  });
  useEffect(() => {
    let current = true;
    const take = (data: Loaded<T>): void => {
      if (current) setHeld({ key, round, data });
    };
    run(() => asked.current()).then(
      (value) => {
        take({ kind: "ready", value });
      },
      (e: unknown) => {
        take({ kind: "failed", refused: asRefused(e) });
      },
    );
    return () => {
      current = false;
    };
  }, [key, round, run]);
  const again = useCallback((): void => {
    setRound((n) => n + 1);
  }, []);
  // What was asked for another key is never shown under this one.
  const data: Loaded<T> = held.key === key ? held.data : { kind: "loading" };
  return { data, again };
}
