// The page of its own for whoever has a file and no account (verify.html).
import "../styles/tokens.css";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";
import { installAria } from "../i18n/aria";
import { TextProvider, useTexts } from "../ui/context";
import { LanguageSwitch } from "../ui/parts/Frame";
import { useSay, VerifyFile } from "./VerifyFile";
import css from "./verify.module.css";

function Sheet() {
  const { t } = useTexts();
  const { say } = useSay();
  const title = say("verify_title");
  useEffect(() => {
    document.title = `${title} – ${t("app_title")}`;
  }, [title, t]);
  return (
    <>
      <header className={css["header"]}>
        <p className={css["brand"]}>{t("app_title")}</p>
        <LanguageSwitch />
      </header>
      <main className={css["page"]}>
        <h1 className={css["title"]}>{title}</h1>
        <p>{say("verify_lead")}</p>
        <VerifyFile />
      </main>
    </>
  );
}

installAria(window);
const root = document.getElementById("root");
if (!root) throw new Error("verify.html has no #root");
createRoot(root).render(
  <TextProvider>
    <Sheet />
  </TextProvider>,
);
