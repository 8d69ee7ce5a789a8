// Notes as lines, opened as far as the keys of this page open them.
import { clockSeconds, dayOf, writeDay } from "../../../core/dates";
import type { NoteText, SealedNote } from "../../core/notes";
import { useOfficeTexts } from "../context";
import { useNoteTexts } from "../notes";
import css from "./Notes.module.css";

export function NoteList({ list, hearings }: { list: readonly SealedNote[]; hearings: boolean }) {
  const { t } = useOfficeTexts();
  const texts = useNoteTexts(list);
  if (list.length === 0) return <p>{t("notes_none")}</p>;
  return (
    <ul className={css["list"]}>
      {list.map((n) => (
        <Line key={n.id} note={n} hearing={hearings} text={texts.get(n.id)} />
      ))}
    </ul>
  );
}

function Line(p: { note: SealedNote; hearing: boolean; text: NoteText | null | undefined }) {
  const { t } = useOfficeTexts();
  const { note: n, text } = p;
  const at = Date.parse(n.at);
  return (
    <li className={css["note"]}>
      <p>
        <strong className={css["time"]}>
          {t("notes_line", { time: clockSeconds(at), day: writeDay(dayOf(at)) })}
        </strong>{" "}
        {p.hearing ? (
          <>
            <span className="whole">{n.docket_no}</span> {n.court}
          </>
        ) : null}
      </p>
      {text?.violation === true ? <p className={css["flag"]}>{t("notes_violation")}</p> : null}
      {text ? (
        <p className={css["text"]}>{text.text}</p>
      ) : (
        <p className={css["closed"]}>{t(text === null ? "notes_unreadable" : "notes_sealed")}</p>
      )}
      <p className={css["by"]}>{t("notes_by", { name: n.by })}</p>
    </li>
  );
}
