// A state in words with a shape, so that nobody has to see its colour.
import type { ReactNode } from "react";
import { useOfficeTexts } from "../context";
import { type Mark, statusWord } from "../words";
import css from "./StatusMark.module.css";

function Shape({ mark }: { mark: Mark }) {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" className={css["shape"]}>
      {mark === "dot" ? <circle cx="9" cy="9" r="8" fill="currentColor" /> : null}
      {mark === "ring" || mark === "half" ? (
        <circle cx="9" cy="9" r="7" fill="none" stroke="currentColor" strokeWidth="2.5" />
      ) : null}
      {mark === "half" ? <path d="M9 2a7 7 0 0 1 0 14z" fill="currentColor" /> : null}
      {mark === "bars" ? <path d="M3 2h4v14H3zM11 2h4v14h-4z" fill="currentColor" /> : null}
      {mark === "square" ? (
        <rect
          x="2"
          y="2"
          width="14"
          height="14"
          fill="none"
          stroke="currentColor"
          strokeWidth="2.5"
        />
      ) : null}
      {mark === "cross" ? (
        <path d="M3 3l12 12M15 3L3 15" stroke="currentColor" strokeWidth="3" />
      ) : null}
      {mark === "check" ? (
        <path d="M2 9l5 5 9-11" fill="none" stroke="currentColor" strokeWidth="3" />
      ) : null}
    </svg>
  );
}

export function Marked({
  mark,
  tone,
  children,
}: {
  mark: Mark;
  tone: "plain" | "ok" | "attention" | "error" | "gold";
  children: ReactNode;
}) {
  return (
    <span className={`${css["marked"]} ${css[tone]}`}>
      <Shape mark={mark} />
      <span>{children}</span>
    </span>
  );
}

export function StatusMark({ status }: { status: string }) {
  const { t } = useOfficeTexts();
  const word = statusWord(status);
  return (
    <Marked mark={word.mark} tone={word.tone}>
      {t(word.text)}
    </Marked>
  );
}
