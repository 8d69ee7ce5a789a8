import { type ReactNode, useId } from "react";
import css from "./Section.module.css";

/** Section is a named part of the desk: screen readers and keyboards find it by its heading. */
export function Section({
  title,
  quiet = false,
  children,
}: {
  title: string;
  /** the heading is for screen readers alone */
  quiet?: boolean;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={css["section"]}>
      <h2 id={id} className={quiet ? "visually-hidden" : css["heading"]}>
        {title}
      </h2>
      {children}
    </section>
  );
}
