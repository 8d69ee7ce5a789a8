import { Input, Label, TextField } from "react-aria-components";
import css from "./Reason.module.css";

/** A reason that goes into the record with the act; at most 500 characters. */
export function Reason(p: { label: string; value: string; onChange: (v: string) => void }) {
  return (
    <TextField className={css["field"] ?? ""} value={p.value} onChange={p.onChange} maxLength={500}>
      <Label>{p.label}</Label>
      <Input className={css["input"] ?? ""} />
    </TextField>
  );
}
