// One page of a document, drawn from the file that this seat may have.
import { useEffect, useRef, useState } from "react";
import { isPicture, readExhibit } from "../../core/exhibits";
import type { Pdf } from "../../core/pdf";
import type { ExhibitView } from "../../wire/phientoa/v1/phientoa_pb";
import { useTexts } from "../context";
import css from "./Exhibits.module.css";

type Loaded =
  | { kind: "loading" }
  | { kind: "failed" }
  | { kind: "picture"; url: string }
  | { kind: "pdf"; pdf: Pdf };

/** useFile reads a document's file once, whatever page of it is looked at. */
function useFile(x: ExhibitView): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ kind: "loading" });
  const { no, type, opens } = x;
  useEffect(() => {
    if (!opens) return undefined;
    const stop = new AbortController();
    let free = (): void => undefined;
    const load = async (): Promise<void> => {
      const data = await readExhibit(globalThis.fetch, no, stop.signal);
      if (isPicture({ type })) {
        const url = URL.createObjectURL(new Blob([data], { type }));
        free = () => {
          URL.revokeObjectURL(url);
        };
        setLoaded({ kind: "picture", url });
        return;
      }
      const { openPdf } = await import("../../core/pdf");
      const pdf = await openPdf(data);
      free = () => {
        pdf.close();
      };
      setLoaded({ kind: "pdf", pdf });
    };
    load().catch(() => {
      if (!stop.signal.aborted) setLoaded({ kind: "failed" });
    });
    return () => {
      stop.abort();
      free();
      setLoaded({ kind: "loading" });
    };
  }, [no, type, opens]);
  return loaded;
}

/** ExhibitPage shows a page (from 1); what it is stands beside it in words. */
export function ExhibitPage({ exhibit: x, page }: { exhibit: ExhibitView; page: number }) {
  const { t } = useTexts();
  const file = useFile(x);
  const label = `${t("exhibit_of", { no: x.no, name: x.name })}. ${t("exhibit_page", { page, pages: x.pages })}`;
  if (!x.opens) return <p className={css["note"]}>{t("exhibit_page_only")}</p>;
  switch (file.kind) {
    case "loading":
      return <p className={css["note"]}>{t("exhibit_loading")}</p>;
    case "failed":
      return <p className={css["note"]}>{t("exhibit_failed")}</p>;
    case "picture":
      return <img className={css["page"]} src={file.url} alt={label} data-testid="exhibit-page" />;
    case "pdf":
      return <Canvas pdf={file.pdf} page={page} label={label} />;
  }
}

function Canvas({ pdf, page, label }: { pdf: Pdf; page: number; label: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { t } = useTexts();
  const [drawn, setDrawn] = useState(0);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return undefined;
    let gone = false;
    // Drawn aside, so that no half page is ever before the court.
    const aside = document.createElement("canvas");
    const width =
      Math.max(canvas.parentElement?.clientWidth ?? 0, 800) * globalThis.devicePixelRatio;
    pdf
      .draw(aside, page, width)
      .then(() => {
        if (gone) return;
        canvas.width = aside.width;
        canvas.height = aside.height;
        canvas.getContext("2d")?.drawImage(aside, 0, 0);
        setFailed(false);
        setDrawn(page);
      })
      .catch(() => {
        if (!gone) setFailed(true);
      });
    return () => {
      gone = true;
    };
  }, [pdf, page]);
  return (
    <>
      {failed ? <p className={css["note"]}>{t("exhibit_failed")}</p> : null}
      <canvas
        ref={ref}
        className={css["page"]}
        role="img"
        aria-label={label}
        hidden={failed}
        data-testid="exhibit-page"
        data-page={drawn}
      />
    </>
  );
}
