import { type ReactNode, useId } from "react";
import css from "./Section.module.css";

/** Section is a named part of the desk: screen readers and keyboards find it by its heading. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={css["section"]}>
      <h2 id={id} className={css["heading"]}>
        {title}
      </h2>
      {children}
    </section>
  );
}
