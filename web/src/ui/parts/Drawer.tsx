import { type ReactNode, useId, useState } from "react";
import { Act } from "./controls";
import css from "./Drawer.module.css";

interface DrawerProps {
  title: string;
  /** what waits inside, said on the closed drawer */
  count?: number;
  /** open from the beginning; a drawer that gets something to do opens by itself */
  wanted?: boolean;
  children: ReactNode;
}

/** Drawer is a part of the desk that can be put away; it opens when something in it waits. */
export function Drawer({ title, count = 0, wanted = false, children }: DrawerProps) {
  const id = useId();
  const [open, setOpen] = useState(wanted);
  const [before, setBefore] = useState(wanted);
  if (wanted !== before) {
    setBefore(wanted);
    if (wanted) setOpen(true);
  }
  return (
    <section className={css["drawer"]} aria-label={title}>
      <h2 className={css["heading"]}>
        <Act
          tone="quiet"
          aria-expanded={open}
          aria-controls={id}
          onPress={() => {
            setOpen(!open);
          }}
        >
          <span className={css["title"]}>
            {title}
            {count > 0 ? ` (${count})` : ""}
          </span>
          <span aria-hidden="true">{open ? "▴" : "▾"}</span>
        </Act>
      </h2>
      <div id={id} hidden={!open} className={css["body"]}>
        {children}
      </div>
    </section>
  );
}
