// Ghi chú của đơn vị: the unit's key, made and opened here, and its latest notes.
import { useState } from "react";
import { Act } from "../../../ui/parts/controls";
import type { NoteKey } from "../../core/notes";
import { hasUse } from "../../core/places";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { useNotes } from "../notes";
import { Answer, Box, Page } from "../parts/page";
import { NoKey } from "./HearingNotes";
import { KeyLines, MakeKey, UnlockForm, useLocked } from "./NoteKeys";
import { NoteList } from "./NoteList";
import office from "./office.module.css";

export function NotesPage() {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad("keys", api.noteKeys);
  return (
    <Page title={t("notes_title")} lead={t("notes_lead")}>
      <Answer data={data} again={again}>
        {({ keys }) => <Unit keys={keys} again={again} />}
      </Answer>
    </Page>
  );
}

function Unit({ keys, again }: { keys: readonly NoteKey[]; again: () => void }) {
  const { t } = useOfficeTexts();
  const { roles } = useMe();
  const { open, lock } = useNotes();
  const locked = useLocked(keys);
  const [making, setMaking] = useState(false);
  const makes = hasUse("note_key", roles);
  if (keys.length === 0 && !makes) return <NoKey />;
  if (keys.length === 0) {
    return (
      <Box title={t("notes_key")}>
        <p>{t("notes_no_key")}</p>
        <MakeKey number={1} onDone={again} />
      </Box>
    );
  }
  const done = (): void => {
    setMaking(false);
    again();
  };
  return (
    <>
      <Box title={t("notes_key")}>
        <KeyLines keys={keys} />
        {open.length > 0 ? (
          <div className={office["acts"]}>
            <p role="status">{t("notes_open")}</p>
            <Act onPress={lock}>{t("notes_lock")}</Act>
          </div>
        ) : null}
        {locked.length > 0 ? <UnlockForm keys={keys} /> : null}
        {makes ? (
          <div>
            <Act
              tone="quiet"
              aria-expanded={making}
              onPress={() => {
                setMaking(!making);
              }}
            >
              {t(making ? "cancel" : "notes_make_new")}
            </Act>
          </div>
        ) : null}
        {making ? (
          <MakeKey number={Math.max(...keys.map((k) => k.number)) + 1} onDone={done} />
        ) : null}
      </Box>
      {open.length > 0 ? <Latest /> : null}
    </>
  );
}

function Latest() {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad("latest", api.latestNotes);
  return (
    <Box title={t("notes_latest")}>
      <Answer data={data} again={again}>
        {({ notes }) => <NoteList list={notes} hearings />}
      </Answer>
    </Box>
  );
}
