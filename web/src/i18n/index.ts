// Choice of language and the filling in of texts.
import { en } from "./en";
import { type Catalogue, type Key, vi } from "./vi";

export type Language = "vi" | "en";
export const catalogues: Record<Language, Catalogue> = { vi, en };

export type Params = Record<string, string | number>;

/** fill replaces {x} by its value; an unknown {x} stays visible, so that a test finds it. */
export function fill(text: string, params: Params = {}): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => String(params[name] ?? all));
}

/** capacityKey is the text of a procedural capacity; unknown ones have a plain word. */
export function capacityKey(capacity: string): Key {
  const key = `capacity_${capacity}`;
  return Object.hasOwn(vi, key) ? (key as Key) : "capacity_other";
}

/** sentenceCase raises the first letter, for a capacity that stands at the beginning. */
export function sentenceCase(text: string): string {
  return text.charAt(0).toLocaleUpperCase("vi") + text.slice(1);
}

const STORED = "phientoa.language";

export function storedLanguage(storage: Storage): Language {
  try {
    return storage.getItem(STORED) === "en" ? "en" : "vi";
  } catch {
    return "vi";
  }
}

export function storeLanguage(storage: Storage, l: Language): void {
  try {
    storage.setItem(STORED, l);
  } catch {
    // A browser without storage forgets the choice; nothing else is lost.
  }
}
