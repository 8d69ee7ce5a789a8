// The frame of every page outside the courtroom: a quiet sheet with one matter.
import type { ReactNode } from "react";
import { useRoom, useTexts } from "../context";
import { Act } from "./controls";
import css from "./Frame.module.css";
import { Phone } from "./Help";

export function LanguageSwitch() {
  const { language, setLanguage, t } = useTexts();
  const other = language === "vi" ? "en" : "vi";
  return (
    <span lang={other}>
      <Act
        tone="quiet"
        onPress={() => {
          setLanguage(other);
        }}
      >
        {t(other === "en" ? "language_en" : "language_vi")}
      </Act>
    </span>
  );
}

export function DemoBand() {
  const { phase } = useRoom();
  const { t } = useTexts();
  if (phase.kind !== "seated" || !phase.me.demo) return null;
  return <p className={css["demo"]}>{t("demo")}</p>;
}

/** Who the browser is signed in as; empty before sign-in. */
function Whose() {
  const { phase } = useRoom();
  const { capacity } = useTexts();
  if (phase.kind !== "seated") return null;
  const { me } = phase;
  return (
    <div className={css["whose"]}>
      <p className={css["court"]}>{me.court}</p>
      <p>
        <span className="whole">{me.docket_no}</span>
        {me.title ? ` – ${me.title}` : null}
      </p>
      <p>
        {me.name} ({capacity(me.capacity)})
      </p>
    </div>
  );
}

export function Frame({ children, wide = false }: { children: ReactNode; wide?: boolean }) {
  const { t } = useTexts();
  return (
    <div className={css["page"]}>
      <DemoBand />
      <header className={css["header"]}>
        <p className={css["brand"]}>{t("app_title")}</p>
        <div className={css["call"]}>
          <Phone />
        </div>
        <LanguageSwitch />
      </header>
      <main className={`${css["sheet"]} ${wide ? css["wide"] : ""}`}>
        <Whose />
        {children}
      </main>
    </div>
  );
}

/** A state with its own sentence, said once and large. */
export function Notice({
  title,
  text,
  children,
}: {
  title: string;
  text?: string;
  children?: ReactNode;
}) {
  return (
    <Frame>
      <div className={css["notice"]} role="status">
        <h1 className={css["title"]}>{title}</h1>
        {text === undefined ? null : <p className={css["large"]}>{text}</p>}
      </div>
      {children}
    </Frame>
  );
}

/** CallCourt names the number in the text itself: who is shut out has no other way. */
export function CallCourt() {
  const { phone } = useRoom();
  const { t } = useTexts();
  return phone === "" ? null : <p>{t("call_court", { phone })}</p>;
}
