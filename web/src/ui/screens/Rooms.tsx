// Rooms apart from the courtroom: the private talk and the deliberation. What is
// seen is what the server lets through, nothing is recorded.
import { acts, may } from "../../core/acts";
import { own, person, type SectionView, sectionOf } from "../../core/state";
import { sentenceCase } from "../../i18n";
import type { View } from "../../wire/phientoa/v1/phientoa_pb";
import { useRoom, useSeat, useTexts } from "../context";
import { ActionBar } from "../parts/ActionBar";
import { Alerts } from "../parts/Alerts";
import { Act } from "../parts/controls";
import { ConsultTime } from "../parts/Drawers";
import { DemoBand } from "../parts/Frame";
import { Help } from "../parts/Help";
import { Sound } from "../parts/Stage";
import { StatusStrip, TimeOfDay } from "../parts/StatusStrip";
import { OwnPicture, Picture } from "../parts/Tile";
import css from "./Rooms.module.css";

/** devicesOf are the other devices whose sources are bound, in a steady order. */
export function devicesOf(sections: readonly SectionView[], mine: string): string[] {
  const live = sections.filter((x) => x.device !== "" && x.device !== mine && x.state?.granted);
  return [...new Set(live.map((x) => x.device))].toSorted();
}

/** Everybody else in this room, large and whole, and oneself. */
function Faces({ view }: { view: View }) {
  const s = useRoom();
  const { t, who } = useTexts();
  const devices = devicesOf(s.sections, own(view)?.device ?? s.device);
  return (
    <section className={`${css["faces"]} onStage`} aria-label={t("stage")} data-testid="stage">
      {devices.length === 0 ? <p className={css["alone"]}>{t("alone")}</p> : null}
      {devices.map((d) => {
        const section = s.sections.find((x) => x.device === d && x.kind === "cam");
        const names = view.people.filter((p) => p.device === d).map((p) => sentenceCase(who(p)));
        return (
          <figure key={d} className={css["face"]}>
            <div className={css["picture"]}>
              {section ? <Picture section={section} hidden={false} /> : null}
            </div>
            <figcaption>{names.join(", ")}</figcaption>
          </figure>
        );
      })}
      {s.own ? (
        <figure className={`${css["face"]} ${css["mine"]}`} data-testid="self-view">
          <div className={css["picture"]}>
            <OwnPicture stream={s.own.stream} />
          </div>
          <figcaption>{t("own_picture")}</figcaption>
        </figure>
      ) : null}
      <Sound />
    </section>
  );
}

export function Consult({ view }: { view: View }) {
  const { t, who } = useTexts();
  const seat = useSeat();
  const { link } = useRoom();
  const mine = view.consults.find((c) => c.open && (c.by === view.me || c.with.includes(view.me)));
  const others = mine
    ? [mine.by, ...mine.with]
        .filter((id) => id !== view.me)
        .flatMap((id) => person(view, id) ?? [])
        .map(who)
    : [];
  return (
    <div className={css["room"]}>
      <header className={css["head"]}>
        <DemoBand />
        <h1 className={css["title"]}>
          {t("consult_title")}
          {others.length > 0 ? `: ${others.join(", ")}` : ""}
        </h1>
        <p className={css["notice"]}>{t("consult_text")}</p>
        <Alerts />
      </header>
      <main className={css["main"]}>
        <Faces view={view} />
      </main>
      <footer className={css["bar"]} data-stays="bottom">
        <p className={css["time"]} role="timer">
          {mine ? <ConsultTime consult={mine} /> : <TimeOfDay />}
        </p>
        {mine && may(view, "end_consult") ? (
          <Act
            tone="primary"
            large
            isDisabled={link !== "open"}
            onPress={() => void seat.act(acts.endConsult(mine.id))}
          >
            {t("act_end_consult")}
          </Act>
        ) : null}
        <Help short />
      </footer>
    </div>
  );
}

/**
 * The clerk compares papers: who shows them sees the clerk and their own picture, large,
 * and is told that nobody else does.
 */
export function IdentityCheck() {
  const s = useRoom();
  const { t } = useTexts();
  const check = s.view?.identityCheck;
  const section = sectionOf(s, check?.byDevice ?? "", "cam");
  return (
    <div className={css["room"]}>
      <header className={css["head"]}>
        <DemoBand />
        <div role="status">
          <h1 className={css["title"]}>{t("identity_title")}</h1>
          <p className={css["notice"]}>{t("identity_text")}</p>
        </div>
        <Alerts />
      </header>
      <main className={css["main"]}>
        <section className={`${css["faces"]} onStage`} aria-label={t("identity_title")}>
          {s.own ? (
            <figure className={css["face"]} data-testid="self-view">
              <div className={css["picture"]}>
                <OwnPicture stream={s.own.stream} />
              </div>
              <figcaption>{t("own_picture")}</figcaption>
            </figure>
          ) : null}
          <figure className={css["face"]} data-testid="identity-picture">
            <div className={css["picture"]}>
              {section ? <Picture section={section} hidden={false} /> : null}
            </div>
            <figcaption>{t("capacity_clerk")}</figcaption>
          </figure>
          <Sound />
        </section>
      </main>
      <footer className={css["bar"]} data-stays="bottom">
        <p className={css["time"]}>
          <TimeOfDay />
        </p>
        <Help short />
      </footer>
    </div>
  );
}

/** The deliberation room. Minutes of it are the panel's own and not in the product. */
export function Deliberation({ view }: { view: View }) {
  const { t } = useTexts();
  const ends = may(view, "end_deliberation");
  return (
    <div className={css["room"]}>
      <div className={css["head"]}>
        <DemoBand />
        <StatusStrip view={view} />
        <Alerts />
      </div>
      <main className={css["main"]} aria-label={t("deliberation_title")}>
        <div className={`${css["notice"]} ${css["withHelp"]}`}>
          <p>
            <strong>{t("deliberation_title")}.</strong> {t("deliberation_text")}
          </p>
          {ends ? <Help short /> : null}
        </div>
        <Faces view={view} />
      </main>
      {ends ? (
        <ActionBar view={view} />
      ) : (
        <footer className={css["bar"]} data-stays="bottom">
          <Help short />
        </footer>
      )}
    </div>
  );
}
