// Fields that are typed into. Days and times too: the browser's own fields for them
// follow the language of its computer ("12/01/2026", "08:00 AM"), never the court's.
import { type ReactNode, useState } from "react";
import { parseDay, parseTime, writeDay, writeTime } from "../../core/dates";
import { useTexts } from "../context";
import css from "./entry.module.css";

export interface Common {
  /** id of the control; a trouble names it, so that the focus finds it */
  id: string;
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

/** Around is what stands around every control: its label, its hint, and what is wrong. */
export function Around({ id, label, hint, error, children }: Common & { children: ReactNode }) {
  return (
    <div className={css["field"]}>
      <label htmlFor={id} className={css["label"]}>
        {label}
      </label>
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className={css["hint"]}>
          {hint}
        </p>
      )}
      {children}
      {error === undefined ? null : (
        <p id={`${id}-error`} className={css["error"]}>
          {error}
        </p>
      )}
    </div>
  );
}

/** described names what a screen reader reads after the label. */
export function described(p: Common): { "aria-describedby"?: string; "aria-invalid"?: true } {
  const ids = [
    ...(p.hint === undefined ? [] : [`${p.id}-hint`]),
    ...(p.error === undefined ? [] : [`${p.id}-error`]),
  ];
  return {
    ...(ids.length > 0 ? { "aria-describedby": ids.join(" ") } : {}),
    ...(p.error === undefined ? {} : { "aria-invalid": true }),
  };
}

interface TextProps extends Common {
  value: string;
  onChange: (value: string) => void;
  /** the field is left, or Enter pressed in it */
  onDone?: () => void;
  type?: "text" | "password";
  complete?: string;
  numeric?: boolean;
  max?: number;
  narrow?: boolean;
  /** the one thing that a dialog asks for */
  focus?: boolean;
}

export function TextField(p: TextProps) {
  return (
    <Around id={p.id} label={p.label} hint={p.hint} error={p.error}>
      <input
        id={p.id}
        className={`${css["input"]} ${p.narrow === true ? css["narrow"] : ""}`}
        type={p.type ?? "text"}
        value={p.value}
        autoComplete={p.complete ?? "off"}
        inputMode={p.numeric === true ? "numeric" : "text"}
        maxLength={p.max ?? 500}
        spellCheck={false}
        autoFocus={p.focus === true}
        {...described(p)}
        onChange={(e) => {
          p.onChange(e.currentTarget.value);
        }}
        onBlur={p.onDone}
        onKeyDown={(e) => {
          if (e.key === "Enter") p.onDone?.();
        }}
      />
    </Around>
  );
}

/** Without a hint there is the field's own; "" is none, where the field shows a day already. */
interface WhenProps extends Common {
  /** as typed; dates.ts reads it */
  value: string;
  onChange: (value: string) => void;
  /** what was read when the field is left or Enter pressed */
  onDone?: (value: string) => void;
}

/** useTidy writes what was typed the one way when the field is left, or says that it cannot be read. */
function useTidy(
  { value, onChange, onDone, error }: WhenProps,
  tidy: (v: string) => string | null,
) {
  const [left, setLeft] = useState(false);
  const good = tidy(value);
  const unread = left && value.trim() !== "" && good === null;
  return {
    value,
    unread: error === undefined && unread,
    onChange: (v: string): void => {
      setLeft(false);
      onChange(v);
    },
    onDone: (): void => {
      setLeft(true);
      if (good === null) return;
      if (good !== value) onChange(good);
      onDone?.(good);
    },
  };
}

function tidyDay(typed: string): string | null {
  const day = parseDay(typed);
  return day === null ? null : writeDay(day);
}

function tidyTime(typed: string): string | null {
  const minutes = parseTime(typed);
  return minutes === null ? null : writeTime(minutes);
}

/** DayField is a day, dd/mm/yyyy on every computer. */
export function DayField(p: WhenProps) {
  const { t } = useTexts();
  const { unread, ...tidy } = useTidy(p, tidyDay);
  return (
    <TextField
      id={p.id}
      label={p.label}
      hint={p.hint === "" ? undefined : (p.hint ?? t("day_hint"))}
      error={unread ? t("day_unread") : p.error}
      narrow
      numeric
      max={40}
      {...tidy}
    />
  );
}

/** TimeField is a time of day by the clock of 24 hours on every computer. */
export function TimeField(p: WhenProps) {
  const { t } = useTexts();
  const { unread, ...tidy } = useTidy(p, tidyTime);
  return (
    <TextField
      id={p.id}
      label={p.label}
      hint={t("time_hint")}
      error={unread ? t("time_unread") : p.error}
      narrow
      max={40}
      {...tidy}
    />
  );
}
