// Documents: offered by who may, decided about by the court, shown to everybody.
import { useState } from "react";
import { acts, may } from "../../core/acts";
import type { Problem } from "../../core/api";
import {
  EXHIBIT_BYTES,
  EXHIBIT_NAME,
  EXHIBIT_PAGES,
  EXHIBIT_TYPES,
  megabytes,
  offerExhibit,
} from "../../core/exhibits";
import { person } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { ExhibitView, View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { Act, Sheet } from "./controls";
import { Drawer } from "./Drawer";
import { ExhibitPage } from "./ExhibitPage";
import css from "./Exhibits.module.css";
import { Reason } from "./Reason";

/** shownExhibit is the document before everybody, if this reader sees it. */
export function shownExhibit(view: View): ExhibitView | undefined {
  return view.exhibits.find((x) => x.no === view.showing?.exhibit);
}

/** The page before everybody, large on the stage; who may turns it. */
export function Shown({ view, exhibit: x }: { view: View; exhibit: ExhibitView }) {
  const { t } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const off = link !== "open";
  const page = view.showing?.page ?? 1;
  const turn = (to: number): void => {
    if (x.showable && !off && to >= 1 && to <= x.pages) void seat.act(acts.showExhibit(x.no, to));
  };
  return (
    <section className={css["shown"]} aria-label={t("exhibit_shown")} data-testid="exhibit-shown">
      <p className={css["title"]}>
        <strong>{t("exhibit_of", { no: x.no, name: x.name })}</strong>
      </p>
      <div className={css["sheet"]} tabIndex={0} role="group" aria-label={x.name}>
        <ExhibitPage key={x.sha256} exhibit={x} page={page} />
      </div>
      <div className={css["turn"]}>
        {x.showable && x.pages > 1 ? (
          <Act
            isDisabled={off || page <= 1}
            onPress={() => {
              turn(page - 1);
            }}
          >
            {t("act_page_before")}
          </Act>
        ) : null}
        <p className={css["number"]} role="status">
          {t("exhibit_page", { page, pages: x.pages })}
        </p>
        {x.showable && x.pages > 1 ? (
          <Act
            isDisabled={off || page >= x.pages}
            onPress={() => {
              turn(page + 1);
            }}
          >
            {t("act_page_after")}
          </Act>
        ) : null}
        {may(view, "stop_exhibit") ? (
          <Act isDisabled={off} onPress={() => void seat.act(acts.stopExhibit())}>
            {t("act_stop_exhibit")}
          </Act>
        ) : null}
      </div>
    </section>
  );
}

/** The desk's documents: what waits for a decision opens by itself. */
export function ExhibitDrawer({ view }: { view: View }) {
  const { t } = useTexts();
  const waits = view.exhibits.filter((x) => x.status === "offered");
  if (view.exhibits.length === 0 && !may(view, "offer_exhibit")) return null;
  const wanted = waits.length > 0 && may(view, "admit_exhibit");
  return (
    <Drawer title={t("exhibits")} count={waits.length} wanted={wanted}>
      <ExhibitList view={view} />
      {may(view, "offer_exhibit") ? <OfferButton /> : null}
    </Drawer>
  );
}

/** The documents of a party, behind one button. */
export function ExhibitButton({ view }: { view: View }) {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  if (view.exhibits.length === 0) return may(view, "offer_exhibit") ? <OfferButton /> : null;
  return (
    <>
      <Act
        onPress={() => {
          setOpen(true);
        }}
      >
        {t("exhibits")} ({view.exhibits.length})
      </Act>
      {open ? (
        <Sheet
          title={t("exhibits")}
          text=""
          answers={[]}
          onClose={() => {
            setOpen(false);
          }}
        >
          <ExhibitList
            view={view}
            onShown={() => {
              setOpen(false);
            }}
          />
          {may(view, "offer_exhibit") ? <OfferButton /> : null}
        </Sheet>
      ) : null}
    </>
  );
}

function ExhibitList({ view, onShown }: { view: View; onShown?: () => void }) {
  const { t } = useTexts();
  if (view.exhibits.length === 0) return <p>{t("exhibits_none")}</p>;
  return (
    <ul className={css["list"]}>
      {view.exhibits.map((x) => (
        <Item key={x.no} view={view} exhibit={x} {...(onShown ? { onShown } : {})} />
      ))}
    </ul>
  );
}

function Status({ view, exhibit: x }: { view: View; exhibit: ExhibitView }) {
  const { t } = useTexts();
  if (view.showing?.exhibit === x.no) return <p>{t("exhibit_shown")}</p>;
  switch (x.status) {
    case "offered":
      return <p>{t("exhibit_offered")}</p>;
    case "admitted":
      return <p>{t("exhibit_admitted")}</p>;
    case "withdrawn":
      return <p>{t("exhibit_withdrawn")}</p>;
    default:
      return <p>{t("exhibit_refused_why", { reason: x.reason })}</p>;
  }
}

interface ItemProps {
  view: View;
  exhibit: ExhibitView;
  /** told when the document was put before everybody */
  onShown?: () => void;
}

function Item({ view, exhibit: x, onShown }: ItemProps) {
  const { t, who, language } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const off = link !== "open";
  const [asked, setAsked] = useState<"view" | "refuse" | null>(null);
  const by = person(view, x.by);
  const waits = x.status === "offered";
  const close = (): void => {
    setAsked(null);
  };
  const show = (): void => {
    void seat.act(acts.showExhibit(x.no, 1));
    onShown?.();
  };
  return (
    <li className={css["item"]}>
      <p className={css["name"]}>{t("exhibit_of", { no: x.no, name: x.name })}</p>
      {by && x.by !== view.me ? <p>{t("exhibit_by", { by: sentenceCase(who(by)) })}</p> : null}
      <p>
        {t("exhibit_facts", {
          pages: x.pages,
          size: megabytes(x.bytes, language),
          digest: `${x.sha256.slice(0, 12)}…`,
        })}
      </p>
      <Status view={view} exhibit={x} />
      <div className={css["acts"]}>
        {x.opens ? (
          <Act
            onPress={() => {
              setAsked("view");
            }}
          >
            {t("act_view_exhibit")}
          </Act>
        ) : null}
        {waits && may(view, "admit_exhibit") ? (
          <Act isDisabled={off} onPress={() => void seat.act(acts.admitExhibit(x.no))}>
            {t("act_admit_exhibit")}
          </Act>
        ) : null}
        {waits && may(view, "refuse_exhibit") ? (
          <Act
            isDisabled={off}
            onPress={() => {
              setAsked("refuse");
            }}
          >
            {t("act_refuse_exhibit")}
          </Act>
        ) : null}
        {waits && x.by === view.me ? (
          <Act isDisabled={off} onPress={() => void seat.act(acts.withdrawExhibit(x.no))}>
            {t("act_withdraw_exhibit")}
          </Act>
        ) : null}
        {x.showable && view.showing?.exhibit !== x.no ? (
          <Act isDisabled={off} onPress={show}>
            {t("act_show_exhibit")}
          </Act>
        ) : null}
      </div>
      {asked === "view" ? <Preview exhibit={x} onClose={close} /> : null}
      {asked === "refuse" ? <Refuse exhibit={x} onClose={close} /> : null}
    </li>
  );
}

/** A document looked at by oneself; nobody else sees it. */
function Preview({ exhibit: x, onClose }: { exhibit: ExhibitView; onClose: () => void }) {
  const { t } = useTexts();
  const [page, setPage] = useState(1);
  return (
    <Sheet
      title={t("exhibit_of", { no: x.no, name: x.name })}
      text=""
      answers={[]}
      onClose={onClose}
    >
      <div className={css["preview"]} tabIndex={0} role="group" aria-label={x.name}>
        <ExhibitPage exhibit={x} page={page} />
      </div>
      <div className={css["turn"]}>
        <Act
          isDisabled={page <= 1}
          onPress={() => {
            setPage(page - 1);
          }}
        >
          {t("act_page_before")}
        </Act>
        <p className={css["number"]} role="status">
          {t("exhibit_page", { page, pages: x.pages })}
        </p>
        <Act
          isDisabled={page >= x.pages}
          onPress={() => {
            setPage(page + 1);
          }}
        >
          {t("act_page_after")}
        </Act>
      </div>
    </Sheet>
  );
}

function Refuse({ exhibit: x, onClose }: { exhibit: ExhibitView; onClose: () => void }) {
  const { t } = useTexts();
  const seat = useSeat();
  const [why, setWhy] = useState("");
  return (
    <Sheet
      title={t("act_refuse_exhibit")}
      text={t("exhibit_of", { no: x.no, name: x.name })}
      answers={[
        {
          label: t("act_refuse_exhibit"),
          isDisabled: why.trim() === "",
          onPress: () => {
            void seat.act(acts.refuseExhibit(x.no, why));
            onClose();
          },
        },
      ]}
      onClose={onClose}
    >
      <Reason label={t("act_refuse_exhibit_reason")} value={why} onChange={setWhy} />
    </Sheet>
  );
}

/** pagesOf counts a file's pages on this machine; 0: it is none that the court takes. */
async function pagesOf(file: File): Promise<number> {
  if (!EXHIBIT_TYPES.includes(file.type) || file.size > EXHIBIT_BYTES) return 0;
  if (file.type.startsWith("image/")) return 1;
  const { openPdf } = await import("../../core/pdf");
  const pdf = await openPdf(new Uint8Array(await file.arrayBuffer()));
  pdf.close();
  return pdf.pages <= EXHIBIT_PAGES ? pdf.pages : 0;
}

function OfferButton() {
  const { t } = useTexts();
  const { link } = useRoom();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Act
        isDisabled={link !== "open"}
        onPress={() => {
          setOpen(true);
        }}
      >
        {t("act_offer_exhibit")}
      </Act>
      {open ? (
        <Offer
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </>
  );
}

function Offer({ onClose }: { onClose: () => void }) {
  const { t, pick } = useTexts();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | "bad" | null>(null);
  const send = async (): Promise<void> => {
    if (!file) return;
    setSending(true);
    setProblem(null);
    const pages = await pagesOf(file).catch(() => 0);
    const refused =
      pages === 0 ? ("bad" as const) : await offerExhibit(globalThis.fetch, file, name, pages);
    setSending(false);
    if (refused === null) onClose();
    else setProblem(refused);
  };
  const why = problem === "bad" ? t("offer_exhibit_bad") : problem ? pick(problem) : "";
  return (
    <Sheet
      title={t("act_offer_exhibit")}
      text={t("offer_exhibit_text")}
      refused={why}
      answers={[
        {
          label: t(sending ? "offer_exhibit_sending" : "offer_exhibit_send"),
          isDisabled: sending || !file || name.trim() === "",
          onPress: () => void send(),
        },
      ]}
      onClose={onClose}
    >
      <div className={css["form"]}>
        <label className={css["field"]}>
          {t("offer_exhibit_file")}
          <input
            className={css["input"]}
            type="file"
            accept={EXHIBIT_TYPES.join(",")}
            onChange={(e) => {
              const chosen = e.target.files?.[0] ?? null;
              setFile(chosen);
              if (chosen && name === "") setName(chosen.name.replace(/\.[^.]*$/, ""));
            }}
          />
        </label>
        <label className={css["field"]}>
          {t("offer_exhibit_name")}
          <input
            className={css["input"]}
            type="text"
            value={name}
            maxLength={EXHIBIT_NAME}
            onChange={(e) => {
              setName(e.target.value);
            }}
          />
        </label>
      </div>
    </Sheet>
  );
}
