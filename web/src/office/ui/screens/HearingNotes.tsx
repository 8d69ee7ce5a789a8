// Notes about the hearing that is followed: one press keeps the moment, then it is written
// what was seen. Nothing of it goes to the hearing.
import { useRef, useState } from "react";
import { clockSeconds } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { NOTE_MAX, type NoteKey, newest, sealNote, TooLong } from "../../core/notes";
import { hasUse } from "../../core/places";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { type Draft, useNotes } from "../notes";
import { LongText, Tick } from "../parts/fields";
import { Answer, Note, Trouble } from "../parts/page";
import { Link } from "../parts/Shell";
import { UnlockForm, useLocked } from "./NoteKeys";
import { NoteList } from "./NoteList";
import css from "./Notes.module.css";
import office from "./office.module.css";

export function HearingNotes({ hearing }: { hearing: string }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad("keys", api.noteKeys);
  return (
    <section aria-label={t("notes_of_hearing")} className={css["hearing"]}>
      <Answer data={data} again={again}>
        {({ keys }) => (keys.length === 0 ? <NoKey /> : <Notes hearing={hearing} keys={keys} />)}
      </Answer>
    </section>
  );
}

/** NoKey tells a head where it is made; a deputy waits for that. */
export function NoKey() {
  const { t } = useOfficeTexts();
  const { roles } = useMe();
  return (
    <Note>
      <p>
        {hasUse("note_key", roles) ? (
          <>
            {t("notes_no_key")} <Link to={{ page: "notes" }}>{t("notes_go")}</Link>
          </>
        ) : (
          t("notes_by_head")
        )}
      </p>
    </Note>
  );
}

function Notes({ hearing, keys }: { hearing: string; keys: readonly NoteKey[] }) {
  const { t } = useOfficeTexts();
  const { clock } = useOffice();
  const { open, drafts, setDraft } = useNotes();
  const locked = useLocked(keys);
  const [saved, setSaved] = useState<{ n: number; at: number } | null>(null);
  // Whoever leaves the form by keyboard goes on at the button that opened it.
  const [left, setLeft] = useState(false);
  const draft = drafts[hearing];
  const close = (): void => {
    setDraft(hearing, null);
    setLeft(true);
  };
  return (
    <>
      {draft ? (
        <Write
          hearing={hearing}
          draft={draft}
          onDrop={close}
          onSaved={() => {
            close();
            setSaved({ n: (saved?.n ?? 0) + 1, at: draft.opened });
          }}
        />
      ) : (
        <div className={office["acts"]}>
          <Act
            tone="primary"
            autoFocus={left}
            onPress={() => {
              setDraft(hearing, { opened: clock.now(), text: "", violation: false });
            }}
          >
            {t("notes_write")}
          </Act>
          <p role="status">{saved ? t("notes_saved", { time: clockSeconds(saved.at) }) : ""}</p>
        </div>
      )}
      <h2 className={css["title"]}>{t("notes_of_hearing")}</h2>
      {open.length > 0 ? <Listed key={saved?.n ?? 0} hearing={hearing} /> : null}
      {locked.length > 0 ? <UnlockForm keys={keys} /> : null}
    </>
  );
}

/** Listed is asked for only by who can read it: each reading is in the access log. */
function Listed({ hearing }: { hearing: string }) {
  const { api } = useOffice();
  const { data, again } = useLoad(hearing, () => api.hearingNotes(hearing));
  return (
    <Answer data={data} again={again}>
      {({ notes }) => <NoteList list={notes} hearings={false} />}
    </Answer>
  );
}

function Write(p: { hearing: string; draft: Draft; onSaved: () => void; onDrop: () => void }) {
  const { t } = useOfficeTexts();
  const { setDraft } = useNotes();
  const { draft } = p;
  const { save, busy, wrong, refused } = useSaving(p.hearing, draft, p.onSaved);
  return (
    <form
      className={css["form"]}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <p className={css["time"]}>{t("notes_moment", { time: clockSeconds(draft.opened) })}</p>
      <Trouble refused={refused} />
      <LongText
        id={`note-${p.hearing}`}
        label={t("notes_text")}
        hint={t("notes_text_hint")}
        value={draft.text}
        max={NOTE_MAX}
        focus={draft.text === ""}
        error={wrong}
        onChange={(text) => {
          setDraft(p.hearing, { ...draft, text });
        }}
      />
      <Tick
        label={t("notes_violation")}
        checked={draft.violation}
        onChange={(violation) => {
          setDraft(p.hearing, { ...draft, violation });
        }}
      />
      <div className={office["acts"]}>
        <Act type="submit" tone="primary" isDisabled={busy}>
          {t("notes_save")}
        </Act>
        <Act isDisabled={busy} onPress={p.onDrop}>
          {t("notes_drop")}
        </Act>
        <p role="status">{busy ? t("notes_saving") : ""}</p>
      </div>
    </form>
  );
}

/** useSaving seals for the unit's newest key; what was sealed once is sent again as it is, and stands once. */
function useSaving(
  hearing: string,
  draft: Draft,
  onSaved: () => void,
): {
  save: () => Promise<void>;
  busy: boolean;
  wrong: string | undefined;
  refused: Refused | null;
} {
  const { t } = useOfficeTexts();
  const { api, run, clock } = useOffice();
  const { open } = useNotes();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [refused, setRefused] = useState<Refused | null>(null);
  const sent = useRef({ of: "", sealed: "" });
  const send = async (): Promise<void> => {
    const key = newest((await run(api.noteKeys)).keys);
    if (!key) return setWrong(t("notes_no_key"));
    // A key that was opened here is known to be the unit's.
    const recipient = open.find((k) => k.id === key.id)?.recipient ?? key.recipient;
    const text = draft.text.trim();
    const of = JSON.stringify([key.id, recipient, text, draft.violation]);
    if (sent.current.of !== of) {
      sent.current = { of, sealed: await sealNote(recipient, { ...draft, text }) };
    }
    const { sealed } = sent.current;
    await run(() =>
      api.writeNote(hearing, {
        ago_ms: Math.max(0, Math.round(clock.now() - draft.opened)),
        key: key.id,
        sealed,
      }),
    );
    onSaved();
  };
  const save = async (): Promise<void> => {
    if (busy) return;
    setRefused(null);
    setWrong(draft.text.trim() === "" && !draft.violation ? t("notes_empty") : undefined);
    if (draft.text.trim() === "" && !draft.violation) return;
    setBusy(true);
    try {
      await send();
    } catch (e) {
      if (e instanceof TooLong) setWrong(t("notes_long"));
      else setRefused(asRefused(e));
    }
    setBusy(false);
  };
  return { save, busy, wrong, refused };
}
