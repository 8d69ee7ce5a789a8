// What every component may ask for: texts, the state and the seat.
import {
  createContext,
  type ReactNode,
  use,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import type { Problem } from "../core/api";
import type { Seat } from "../core/seat";
import type { State } from "../core/state";
import {
  capacityKey,
  catalogues,
  fill,
  type Language,
  type Params,
  storedLanguage,
  storeLanguage,
} from "../i18n";
import type { Key } from "../i18n/vi";
import type { PersonView } from "../wire/phientoa/v1/phientoa_pb";

export interface Texts {
  language: Language;
  setLanguage: (l: Language) => void;
  t: (key: Key, params?: Params) => string;
  /** the sentence of a refusal or alert in the chosen language */
  pick: (p: { vi: string; en: string } | Problem) => string;
  capacity: (capacity: string) => string;
  /** capacity and name of a person; the alias stands where the name may not be known */
  who: (p: PersonView) => string;
}

const SeatContext = createContext<Seat | null>(null);
const TextContext = createContext<Texts | null>(null);

function textsOf(language: Language, setLanguage: (l: Language) => void): Texts {
  const t = (key: Key, params?: Params): string => fill(catalogues[language][key], params);
  const capacity = (c: string): string => t(capacityKey(c));
  return {
    language,
    setLanguage,
    t,
    capacity,
    pick: (p) => (language === "en" ? p.en || p.vi : p.vi || p.en),
    who: (p) => (p.name === "" ? capacity(p.capacity) : `${capacity(p.capacity)} ${p.name}`),
  };
}

/** TextProvider gives the texts in the chosen language; it needs no seat. */
export function TextProvider({ children }: { children: ReactNode }) {
  const [language, set] = useState<Language>(() => storedLanguage(localStorage));
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = catalogues[language].app_title;
  }, [language]);
  const texts = useMemo(
    () =>
      textsOf(language, (l) => {
        storeLanguage(localStorage, l);
        set(l);
      }),
    [language],
  );
  return <TextContext value={texts}>{children}</TextContext>;
}

export function Providers({ seat, children }: { seat: Seat; children: ReactNode }) {
  return (
    <SeatContext value={seat}>
      <TextProvider>{children}</TextProvider>
    </SeatContext>
  );
}

export function useSeat(): Seat {
  const seat = use(SeatContext);
  if (!seat) throw new Error("outside Providers");
  return seat;
}

export function useTexts(): Texts {
  const texts = use(TextContext);
  if (!texts) throw new Error("outside Providers");
  return texts;
}

export function useRoom(): State {
  const { store } = useSeat();
  return useSyncExternalStore(store.subscribe, store.get);
}
