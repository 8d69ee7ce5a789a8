// What every page is made of: a heading, sentences when something is wrong, a dialog.
import { type ReactNode, useEffect, useRef } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Act } from "../../../ui/parts/controls";
import dialog from "../../../ui/parts/controls.module.css";
import type { Refused } from "../../core/client";
import { type Loaded, useOffice, useOfficeTexts } from "../context";
import css from "./page.module.css";

/** Page is the main part: its heading takes the focus when the address changes, so that it is read. */
export function Page({
  title,
  lead,
  acts,
  wide = false,
  children,
}: {
  title: string;
  lead?: string;
  /** for operations rooms: the whole width of a large screen */
  wide?: boolean;
  acts?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useOfficeTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  const { route } = useOffice();
  useEffect(() => {
    document.title = `${title} – ${t("app_title")}`;
  }, [title, t]);
  useEffect(() => {
    // A courtroom's computer has nobody before it.
    if (route.page !== "room_device") heading.current?.focus({ preventScroll: true });
  }, [route.page]);
  return (
    <main id="main" className={`${css["page"]} ${wide ? css["wide"] : ""}`}>
      <div className={css["head"]}>
        <div>
          <h1 ref={heading} tabIndex={-1} className={css["title"]}>
            {title}
          </h1>
          {lead === undefined ? null : <p className={css["lead"]}>{lead}</p>}
        </div>
        {acts === undefined ? null : <div className={css["acts"]}>{acts}</div>}
      </div>
      {children}
    </main>
  );
}

/** Trouble says what the server refused, and stays until the next try. */
export function Trouble({ refused, title }: { refused: Refused | null; title?: string }) {
  const { t, pick } = useOfficeTexts();
  const said = useRef<HTMLDivElement>(null);
  // In a low window it may stand above or below what is in sight.
  useEffect(() => {
    if (refused) said.current?.scrollIntoView({ block: "nearest" });
  }, [refused]);
  if (!refused) return null;
  const findings = refused.findings();
  return (
    <div ref={said} className={`${css["note"]} ${css["bad"]}`} role="alert">
      <p className={css["strong"]}>{title ?? t("not_done")}</p>
      <p>{pick(refused.problem)}</p>
      {findings.length === 0 ? null : (
        <ul className={css["findings"]}>
          {findings.map((f) => (
            <li key={`${f.code} ${f.field ?? ""}`}>{pick(f)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Note({
  tone = "info",
  live = false,
  children,
}: {
  tone?: "info" | "attention" | "bad" | "good";
  live?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={`${css["note"]} ${css[tone]}`} {...(live ? { role: "status" } : {})}>
      {children}
    </div>
  );
}

/** Answer shows a loaded value, or in words why there is none. */
export function Answer<T>({
  data,
  again,
  children,
}: {
  data: Loaded<T>;
  again: () => void;
  children: (value: T) => ReactNode;
}) {
  const { t } = useOfficeTexts();
  if (data.kind === "loading") return <p role="status">{t("office_loading")}</p>;
  if (data.kind === "ready") return <>{children(data.value)}</>;
  return (
    <div className={css["stack"]}>
      <Trouble refused={data.refused} title={t("not_loaded")} />
      <div>
        <Act onPress={again}>{t("reload")}</Act>
      </div>
    </div>
  );
}

/** Box is a named part of a page. */
export function Box({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css["box"]} aria-label={title}>
      <h2 className={css["boxTitle"]}>{title}</h2>
      {children}
    </section>
  );
}

/** Sheet is a dialog with a form or with something to read once. */
export function Sheet({
  title,
  children,
  onClose,
}: {
  title: string;
  children: ReactNode;
  onClose: () => void;
}) {
  return (
    <ModalOverlay
      isOpen
      isDismissable={false}
      className={dialog["overlay"] ?? ""}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={dialog["modal"] ?? ""}>
        <Dialog className={dialog["dialog"] ?? ""}>
          <Heading slot="title" className={dialog["title"] ?? ""}>
            {title}
          </Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
