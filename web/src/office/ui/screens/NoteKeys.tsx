// The unit's key for notes: made here, opened here, and nowhere else.
import { useState } from "react";
import { dayOf, writeDay } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import {
  makeKey,
  type NoteKey,
  PHRASE_LEAST,
  PHRASE_MAX,
  phraseLength,
  samePhrase,
} from "../../core/notes";
import { useOffice, useOfficeTexts } from "../context";
import { type Unlocked, useNotes, usePaint } from "../notes";
import { TextField, Tick } from "../parts/fields";
import { Note, Trouble } from "../parts/page";
import css from "./Notes.module.css";
import office from "./office.module.css";

/** lockedOf are the keys that are not open in this page. */
export function useLocked(keys: readonly NoteKey[]): readonly NoteKey[] {
  const { open } = useNotes();
  return keys.filter((k) => open.every((o) => o.id !== k.id));
}

/** UnlockForm asks for the passphrase while any key is locked. */
export function UnlockForm({ keys }: { keys: readonly NoteKey[] }) {
  const { t } = useOfficeTexts();
  const { open, unlockAll } = useNotes();
  const locked = useLocked(keys);
  const [phrase, setPhrase] = useState("");
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<Unlocked>("open");
  const submit = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFound("open");
    setFound(phrase === "" ? "wrong" : await unlockAll(locked, phrase));
    setPhrase("");
    setBusy(false);
  };
  return (
    <form
      className={css["form"]}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <p>{open.length > 0 ? t("notes_old_locked", { n: locked.length }) : t("notes_locked")}</p>
      {found === "mismatch" ? (
        <Note tone="bad" live>
          <p>{t("notes_mismatch")}</p>
        </Note>
      ) : null}
      <TextField
        id="notes-phrase"
        label={t("notes_phrase")}
        type="password"
        value={phrase}
        max={PHRASE_MAX}
        error={found === "wrong" ? t("notes_wrong") : undefined}
        onChange={setPhrase}
      />
      <div className={office["acts"]}>
        <Act type="submit" tone="primary" isDisabled={busy}>
          {t("notes_unlock")}
        </Act>
        <p role="status">{busy ? t("notes_unlocking") : ""}</p>
      </div>
    </form>
  );
}

/** MakeKey makes the next key; number is its own. */
export function MakeKey({ number, onDone }: { number: number; onDone: () => void }) {
  const { t } = useOfficeTexts();
  const [phrase, setPhrase] = useState("");
  const [again, setAgain] = useState("");
  const [understood, setUnderstood] = useState(false);
  const [tried, setTried] = useState(false);
  const { make, busy, refused } = useMaking(number, onDone);
  const short = phraseLength(phrase) < PHRASE_LEAST;
  const differs = !samePhrase(phrase, again);
  return (
    <form
      className={css["form"]}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        setTried(true);
        if (!short && !differs && understood) void make(phrase);
      }}
    >
      <p>{t("notes_make_lead")}</p>
      <Note tone="attention">
        <p>
          <strong>{t("notes_make_lost")}</strong>
        </p>
        {number > 1 ? <p>{t("notes_make_again")}</p> : null}
      </Note>
      <Trouble refused={refused} />
      <TextField
        id="notes-phrase-new"
        label={t("notes_phrase_new")}
        hint={t("notes_phrase_hint", { n: PHRASE_LEAST })}
        type="password"
        value={phrase}
        max={PHRASE_MAX}
        error={tried && short ? t("notes_phrase_short", { n: PHRASE_LEAST }) : undefined}
        onChange={setPhrase}
      />
      <TextField
        id="notes-phrase-again"
        label={t("notes_phrase_again")}
        type="password"
        value={again}
        max={PHRASE_MAX}
        error={tried && !short && differs ? t("notes_phrase_differs") : undefined}
        onChange={setAgain}
      />
      <Tick label={t("notes_understood")} checked={understood} onChange={setUnderstood} />
      {tried && !understood ? (
        <p role="alert" className={css["error"]}>
          {t("notes_not_understood")}
        </p>
      ) : null}
      <div className={office["acts"]}>
        <Act type="submit" tone="primary" isDisabled={busy}>
          {t(number > 1 ? "notes_make_new" : "notes_make")}
        </Act>
        <p role="status">{busy ? t("notes_making") : ""}</p>
      </div>
    </form>
  );
}

function useMaking(
  number: number,
  onDone: () => void,
): { make: (phrase: string) => Promise<void>; busy: boolean; refused: Refused | null } {
  const { api, run } = useOffice();
  const { take } = useNotes();
  const paint = usePaint();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const make = async (phrase: string): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setRefused(null);
    await paint();
    try {
      const { recipient, identity, secret } = await makeKey(phrase);
      const made = await run(() => api.makeNoteKey({ number, recipient, identity }));
      take({ id: made.id, recipient, identity: secret });
      onDone();
    } catch (e) {
      setRefused(asRefused(e));
    }
    setBusy(false);
  };
  return { make, busy, refused };
}

/** KeyLines says whose keys there are, the newest first. */
export function KeyLines({ keys }: { keys: readonly NoteKey[] }) {
  const { t } = useOfficeTexts();
  return (
    <ul className={office["list"]}>
      {keys
        .toSorted((a, b) => b.number - a.number)
        .map((k) => (
          <li key={k.id}>
            {t("notes_key_line", {
              n: k.number,
              name: k.by,
              day: writeDay(dayOf(Date.parse(k.created))),
            })}
          </li>
        ))}
    </ul>
  );
}
