// Form fields of the dialogs: the browser's own, large enough to hit.
import type { ReactNode } from "react";
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
