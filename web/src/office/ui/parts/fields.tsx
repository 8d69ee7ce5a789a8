// The forms of entry: native controls with a label, a hint and a sentence when
// something is wrong. Native, because they work with every aid and cost nothing.
import { type ReactNode, useId } from "react";
import css from "./fields.module.css";

interface Common {
  /** id of the control; a trouble names it, so that the focus finds it */
  id: string;
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

function Around({ id, label, hint, error, children }: Common & { children: ReactNode }) {
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
function described(p: Common): { "aria-describedby"?: string; "aria-invalid"?: true } {
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
      />
    </Around>
  );
}

/** LongText is for sentences; it grows by hand. */
export function LongText(
  p: Common & { value: string; max: number; onChange: (v: string) => void },
) {
  return (
    <Around id={p.id} label={p.label} hint={p.hint} error={p.error}>
      <textarea
        id={p.id}
        className={css["input"]}
        rows={3}
        value={p.value}
        maxLength={p.max}
        {...described(p)}
        onChange={(e) => {
          p.onChange(e.currentTarget.value);
        }}
      />
    </Around>
  );
}

export interface Option {
  value: string;
  label: string;
}

interface PickProps extends Common {
  value: string;
  options: Option[];
  /** the sentence of the empty choice; without it there is always a choice */
  empty?: string;
  onChange: (value: string) => void;
}

export function Pick(p: PickProps) {
  return (
    <Around id={p.id} label={p.label} hint={p.hint} error={p.error}>
      <select
        id={p.id}
        className={css["input"]}
        value={p.value}
        {...described(p)}
        onChange={(e) => {
          p.onChange(e.currentTarget.value);
        }}
      >
        {p.empty === undefined ? null : <option value="">{p.empty}</option>}
        {p.options.map((o) => (
          <option key={o.value} value={o.value}>
            {o.label}
          </option>
        ))}
      </select>
    </Around>
  );
}

/** Choice is a question with few answers, all of them in sight. */
export function Choice(
  p: Common & { value: string; options: Option[]; onChange: (v: string) => void },
) {
  const name = useId();
  return (
    <fieldset id={p.id} tabIndex={-1} className={css["choice"]} {...described(p)}>
      <legend className={css["label"]}>{p.label}</legend>
      {p.hint === undefined ? null : (
        <p id={`${p.id}-hint`} className={css["hint"]}>
          {p.hint}
        </p>
      )}
      <div className={`${css["options"]} ${p.options.length > 2 ? css["upright"] : ""}`}>
        {p.options.map((o) => (
          <label key={o.value} className={css["option"]}>
            <input
              type="radio"
              name={name}
              value={o.value}
              checked={p.value === o.value}
              onChange={() => {
                p.onChange(o.value);
              }}
            />
            {o.label}
          </label>
        ))}
      </div>
      {p.error === undefined ? null : (
        <p id={`${p.id}-error`} className={css["error"]}>
          {p.error}
        </p>
      )}
    </fieldset>
  );
}

export function Tick({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label className={css["option"]}>
      <input
        type="checkbox"
        checked={checked}
        onChange={(e) => {
          onChange(e.currentTarget.checked);
        }}
      />
      {label}
    </label>
  );
}
