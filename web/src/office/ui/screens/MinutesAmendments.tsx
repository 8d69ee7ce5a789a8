// Requests for amendments (BLTTHS art. 258.4): asked for by those who may read the
// minutes, answered by a line at their end.
import { useState } from "react";
import { clock, dayOf, writeDay } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import { type AmendmentRequest, lineNumber, type Minutes } from "../../core/minutes";
import { useOffice, useOfficeTexts } from "../context";
import { LongText, TextField } from "../parts/fields";
import { Box, Trouble } from "../parts/page";
import { MAX_TEXT } from "./MinutesWrite";
import office from "./office.module.css";

interface Params {
  id: string;
  minutes: Minutes;
  onDone: () => void;
}

export function Amendments({ id, minutes: m, onDone }: Params) {
  const { t } = useOfficeTexts();
  if (m.status === "draft" && m.requests.length === 0) return null;
  return (
    <Box title={t("minutes_requests")}>
      {m.requests.length === 0 ? (
        <p>{t("minutes_requests_none")}</p>
      ) : (
        <ul className={office["list"]}>
          {m.requests.map((r) => (
            <li key={r.id} className={office["stack"]}>
              <RequestLine id={id} r={r} mayAnswer={m.may.answer} onDone={onDone} />
            </li>
          ))}
        </ul>
      )}
      {m.may.ask ? <AskFor id={id} total={m.total} onDone={onDone} /> : null}
    </Box>
  );
}

function RequestLine({
  id,
  r,
  mayAnswer,
  onDone,
}: {
  id: string;
  r: AmendmentRequest;
  mayAnswer: boolean;
  onDone: () => void;
}) {
  const { t, capacity } = useOfficeTexts();
  const at = Date.parse(r.at);
  return (
    <>
      <p>
        <strong>
          {t("minutes_request_of", {
            name: r.by,
            capacity: capacity(r.capacity),
            time: `${clock(at)} ${writeDay(dayOf(at))}`,
          })}
        </strong>
        <br />
        {r.line === 0
          ? t("minutes_request_whole", { text: r.text })
          : t("minutes_request_line", { n: r.line, text: r.text })}
      </p>
      {r.answered ? (
        <p>{t(r.accepted ? "minutes_accepted" : "minutes_declined", { text: r.answer })}</p>
      ) : mayAnswer ? (
        <AnswerIt id={id} r={r} onDone={onDone} />
      ) : null}
    </>
  );
}

/** useSending sends once at a time and keeps the refusal of the last try. */
function useSending(onDone: () => void): {
  refused: Refused | null;
  send: (call: () => Promise<void>) => Promise<boolean>;
} {
  const { run } = useOffice();
  const [refused, setRefused] = useState<Refused | null>(null);
  const send = async (call: () => Promise<void>): Promise<boolean> => {
    setRefused(null);
    try {
      await run(call);
      onDone();
      return true;
    } catch (e) {
      setRefused(asRefused(e));
      return false;
    }
  };
  return { refused, send };
}

function AnswerIt({ id, r, onDone }: { id: string; r: AmendmentRequest; onDone: () => void }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { refused, send } = useSending(onDone);
  const [text, setText] = useState("");
  const [tried, setTried] = useState(false);
  const answer = (accepted: boolean): void => {
    setTried(true);
    if (text.trim() !== "") void send(() => api.answerAmendment(id, r.id, accepted, text));
  };
  return (
    <div className={office["stack"]}>
      <LongText
        id={`minutes-answer-${r.id}`}
        label={t("minutes_answer")}
        error={tried && text.trim() === "" ? t("minutes_empty") : undefined}
        value={text}
        max={MAX_TEXT}
        onChange={setText}
      />
      <Trouble refused={refused} />
      <div className={office["acts"]}>
        <Act
          tone="primary"
          onPress={() => {
            answer(true);
          }}
        >
          {t("minutes_accept")}
        </Act>
        <Act
          onPress={() => {
            answer(false);
          }}
        >
          {t("minutes_decline")}
        </Act>
      </div>
    </div>
  );
}

function AskFor({ id, total, onDone }: { id: string; total: number; onDone: () => void }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { refused, send } = useSending(onDone);
  const [text, setText] = useState("");
  const [line, setLine] = useState("");
  const [tried, setTried] = useState(false);
  const [said, setSaid] = useState(false);
  const n = lineNumber(line, total);
  const ask = async (): Promise<void> => {
    setTried(true);
    setSaid(false);
    if (n === null || text.trim() === "") return;
    if (!(await send(() => api.askAmendment(id, n, text)))) return;
    setText("");
    setLine("");
    setTried(false);
    setSaid(true);
  };
  return (
    <div className={office["other"]}>
      <h3>{t("minutes_ask")}</h3>
      <TextField
        id="minutes-ask-line"
        label={t("minutes_ask_line")}
        hint={t("minutes_ask_line_hint")}
        error={tried && n === null ? t("minutes_ask_line_wrong") : undefined}
        value={line}
        max={6}
        numeric
        narrow
        onChange={setLine}
      />
      <LongText
        id="minutes-ask-text"
        label={t("minutes_ask_text")}
        error={tried && text.trim() === "" ? t("minutes_empty") : undefined}
        value={text}
        max={MAX_TEXT}
        onChange={setText}
      />
      <Trouble refused={refused} />
      <div className={office["acts"]}>
        <Act onPress={() => void ask()}>{t("minutes_ask_act")}</Act>
        <span role="status">{said ? t("minutes_asked") : ""}</span>
      </div>
    </div>
  );
}
