// Questions before an act: one at a time, each with what follows and whom it
// touches. A question closes when the act was accepted; a refusal is said in it,
// and nothing typed is lost.
import { createContext, type ReactNode, use, useMemo, useState } from "react";
import type { Act } from "../core/signaling";
import { useRoom, useSeat, useTexts } from "./context";
import { Confirm, type Tone } from "./parts/controls";
import { Reason } from "./parts/Reason";

export interface Question {
  title: string;
  text: string;
  confirm: string;
  tone?: Tone;
  affected?: string[];
  /** none: no reason is asked for; required: the act needs one. */
  reason: "none" | "optional" | "required";
  act: (reason: string) => Act;
}

/** A form is a question of its own shape; it calls close when it is done. */
export type Form = (close: () => void) => ReactNode;

interface Asking {
  ask: (q: Question) => void;
  form: (f: Form) => void;
}

const AskContext = createContext<Asking | null>(null);

export function useAsk(): Asking {
  const asking = use(AskContext);
  if (!asking) throw new Error("outside Asks");
  return asking;
}

export function Asks({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [form, setForm] = useState<{ draw: Form } | null>(null);
  const asking = useMemo<Asking>(
    () => ({
      ask: setQuestion,
      form: (draw) => {
        setForm({ draw });
      },
    }),
    [],
  );
  return (
    <AskContext value={asking}>
      {children}
      {question ? (
        <QuestionDialog
          question={question}
          onClose={() => {
            setQuestion(null);
          }}
        />
      ) : null}
      {form
        ? form.draw(() => {
            setForm(null);
          })
        : null}
    </AskContext>
  );
}

/** useSend gives an act and tells whether it was refused, for a dialog that stays open then. */
export function useSend(onDone: () => void): {
  refused: string;
  busy: boolean;
  send: (act: Act) => void;
} {
  const seat = useSeat();
  const { refusal } = useRoom();
  const { pick } = useTexts();
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const send = async (act: Act): Promise<void> => {
    setBusy(true);
    const result = await seat.act(act);
    setBusy(false);
    if (result?.accepted) onDone();
    else setTried(true);
  };
  return {
    refused: tried && refusal ? pick(refusal) : "",
    busy,
    send: (act) => void send(act),
  };
}

function QuestionDialog({ question: q, onClose }: { question: Question; onClose: () => void }) {
  const { t } = useTexts();
  const [reason, setReason] = useState("");
  const { refused, busy, send } = useSend(onClose);
  const missing = q.reason === "required" && reason.trim() === "";
  return (
    <Confirm
      title={q.title}
      text={q.text}
      confirm={q.confirm}
      refused={refused}
      isDisabled={busy || missing}
      onClose={onClose}
      onConfirm={() => {
        send(q.act(reason.trim()));
      }}
      {...(q.tone ? { tone: q.tone } : {})}
      {...(q.affected ? { affected: q.affected } : {})}
    >
      {q.reason === "none" ? null : (
        <Reason
          label={t(q.reason === "required" ? "reason_required" : "act_reason")}
          value={reason}
          onChange={setReason}
        />
      )}
    </Confirm>
  );
}
