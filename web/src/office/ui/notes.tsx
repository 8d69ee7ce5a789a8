// What is open of the unit's notes: keys and drafts in the memory of this page, gone with
// it, with the sign-out, and when somebody else signs in.
import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
} from "react";
import {
  Mismatch,
  type NoteKey,
  type NoteText,
  type OpenKey,
  openNote,
  type SealedNote,
  unlock,
} from "../core/notes";
import { useOffice } from "./context";

/** Draft is a note that is being written; opened is when it was begun, its moment. */
export interface Draft extends NoteText {
  opened: number;
}

/** Unlocked is what became of a passphrase. */
export type Unlocked = "open" | "wrong" | "mismatch";

interface NotesValue {
  open: readonly OpenKey[];
  /** tries the passphrase on the keys that are locked, the newest first */
  unlockAll: (keys: readonly NoteKey[], passphrase: string) => Promise<Unlocked>;
  /** a key that was made here */
  take: (key: OpenKey) => void;
  lock: () => void;
  /** by hearing: a tile that goes for a moment takes no draft along */
  drafts: Readonly<Record<string, Draft>>;
  setDraft: (hearing: string, draft: Draft | null) => void;
}

const NotesContext = createContext<NotesValue | null>(null);

/** A moment in which the page shows that it works, before work that stops it, in milliseconds. */
const PAINT = 50;

export function NotesProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<readonly OpenKey[]>([]);
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>({});
  const paint = usePaint();
  const take = useCallback((key: OpenKey): void => {
    setOpen((was) => [...was.filter((k) => k.id !== key.id), key]);
  }, []);
  const lock = useCallback((): void => {
    setOpen([]);
  }, []);
  const unlockAll = useCallback(
    async (keys: readonly NoteKey[], passphrase: string): Promise<Unlocked> => {
      let found: Unlocked = "wrong";
      for (const key of keys.toSorted((a, b) => b.number - a.number)) {
        await paint();
        try {
          const opened = await unlock(key, passphrase);
          if (!opened) continue;
          take(opened);
          if (found === "wrong") found = "open";
        } catch (e) {
          if (!(e instanceof Mismatch)) throw e;
          found = "mismatch";
        }
      }
      return found;
    },
    [paint, take],
  );
  const setDraft = useCallback((hearing: string, draft: Draft | null): void => {
    setDrafts((was) => {
      const others = Object.fromEntries(Object.entries(was).filter(([h]) => h !== hearing));
      return draft === null ? others : { ...others, [hearing]: draft };
    });
  }, []);
  const value = useMemo(
    () => ({ open, unlockAll, take, lock, drafts, setDraft }),
    [open, unlockAll, take, lock, drafts, setDraft],
  );
  return <NotesContext value={value}>{children}</NotesContext>;
}

export function useNotes(): NotesValue {
  const value = use(NotesContext);
  if (!value) throw new Error("outside NotesProvider");
  return value;
}

/** usePaint waits until what was said last is on the screen. */
export function usePaint(): () => Promise<void> {
  const { clock } = useOffice();
  return useCallback(
    () =>
      new Promise((resolve) => {
        clock.setTimeout(resolve, PAINT);
      }),
    [clock],
  );
}

/** useNoteTexts opens what the open keys can open: null where they cannot, missing where none is open. */
export function useNoteTexts(list: readonly SealedNote[]): ReadonlyMap<string, NoteText | null> {
  const { open } = useNotes();
  const [texts, setTexts] = useState<ReadonlyMap<string, NoteText | null>>(new Map());
  useEffect(() => {
    let current = true;
    const read = async (): Promise<void> => {
      const found = new Map<string, NoteText | null>();
      for (const n of list) {
        const key = open.find((k) => k.id === n.key);
        if (key) found.set(n.id, await openNote(key, n.sealed));
      }
      if (current) setTexts(found);
    };
    void read();
    return () => {
      current = false;
    };
  }, [list, open]);
  return texts;
}
