// Form fields of the dialogs: the browser's own, large enough to hit.
import { type ReactNode, useId } from "react";
import css from "./controls.module.css";

interface FieldProps {
  label: string;
  value: string;
  onChange: (v: string) => void;
}

export function Choice(p: FieldProps & { options: readonly { value: string; text: string }[] }) {
  return (
    <label className={css["field"]}>
      {p.label}
      <select
        className={css["input"]}
        value={p.value}
        onChange={(e) => {
          p.onChange(e.target.value);
        }}
      >
        {p.options.map((o) => (
          <option key={o.value} value={o.value}>
            {o.text}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Tick(p: { checked: boolean; onChange: (v: boolean) => void; children: ReactNode }) {
  return (
    <label className={css["choice"]}>
      <input
        type="checkbox"
        checked={p.checked}
        onChange={(e) => {
          p.onChange(e.target.checked);
        }}
      />
      <span>{p.children}</span>
    </label>
  );
}

/** Pick is one question of a list with its few answers side by side; nothing is chosen beforehand. */
export function Pick(p: {
  label: string;
  /** "" as long as nothing is chosen */
  value: string;
  onChange: (v: string) => void;
  options: readonly { value: string; text: string }[];
}) {
  const name = useId();
  return (
    <fieldset className={css["pick"]}>
      <legend>{p.label}</legend>
      {p.options.map((o) => (
        <label key={o.value} className={css["choice"]}>
          <input
            type="radio"
            name={name}
            checked={p.value === o.value}
            onChange={() => {
              p.onChange(o.value);
            }}
          />
          <span>{o.text}</span>
        </label>
      ))}
    </fieldset>
  );
}
