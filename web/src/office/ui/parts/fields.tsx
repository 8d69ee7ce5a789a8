// The forms of entry: native controls with a label, a hint and a sentence when
// something is wrong. Native, because they work with every aid and cost nothing.
import { useId, useState } from "react";
import { Around, type Common, described } from "../../../ui/parts/entry";
import entry from "../../../ui/parts/entry.module.css";
import css from "./fields.module.css";

export { DayField, TextField, TimeField } from "../../../ui/parts/entry";

/** LongText is for sentences; it grows by hand. */
export function LongText(
  p: Common & {
    value: string;
    max: number;
    /** it comes when it was asked for, to be written in at once */
    focus?: boolean;
    onChange: (v: string) => void;
  },
) {
  return (
    <Around id={p.id} label={p.label} hint={p.hint} error={p.error}>
      <textarea
        id={p.id}
        className={entry["input"]}
        rows={3}
        autoFocus={p.focus === true}
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
        className={entry["input"]}
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
      <legend className={entry["label"]}>{p.label}</legend>
      {p.hint === undefined ? null : (
        <p id={`${p.id}-hint`} className={entry["hint"]}>
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
        <p id={`${p.id}-error`} className={entry["error"]}>
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

/** FileField is a file of this computer; the browser's own words for it are in the language of the computer. */
export function FileField(
  p: Common & {
    accept: string;
    choose: string;
    none: string;
    /** more than one may be chosen */
    multiple?: boolean;
    onFiles: (files: File[]) => void;
  },
) {
  const [name, setName] = useState("");
  const said = name === "" ? p.none : name;
  const { "aria-describedby": others, ...wrong } = described(p);
  return (
    <Around id={p.id} label={p.label} hint={p.hint} error={p.error}>
      <div className={`${entry["input"]} ${css["file"]}`}>
        <input
          id={p.id}
          type="file"
          accept={p.accept}
          multiple={p.multiple}
          title={said}
          {...wrong}
          aria-describedby={[`${p.id}-name`, others].filter(Boolean).join(" ")}
          onChange={(e) => {
            const files = [...(e.currentTarget.files ?? [])];
            setName(files.map((f) => f.name).join(", "));
            p.onFiles(files);
          }}
        />
        <span aria-hidden className={css["fileButton"]}>
          {p.choose}
        </span>
        <span id={`${p.id}-name`} className={css["fileName"]}>
          {said}
        </span>
      </div>
    </Around>
  );
}
