// Lập lịch phiên tòa: five steps, one matter each. What is typed lives above this
// page, so that no error, no other page and no expired sign-in loses it.
import { useEffect, useRef, useState } from "react";
import type { OfficeKey } from "../../../i18n/vi.office";
import { Act, Confirm } from "../../../ui/parts/controls";
import { excludedBy, furthest, STEPS, type Step, troubles } from "../../core/booking";
import { useOffice, useOfficeTexts } from "../context";
import { Note, Page } from "../parts/page";
import { Link } from "../parts/Shell";
import css from "./Booking.module.css";
import { CaseStep } from "./BookingCase";
import { FormStep } from "./BookingForm";
import { PeopleStep } from "./BookingPeople";
import { PointsStep } from "./BookingPoints";
import { ReviewStep } from "./BookingReview";
import office from "./office.module.css";

const stepKeys: Record<Step, OfficeKey> = {
  case: "step_case",
  form: "step_form",
  points: "step_points",
  people: "step_people",
  review: "step_review",
};

/** Errors are the sentences of the fields of one step; before the first try there are none. */
export type Errors = (field: string) => string | undefined;

export function Booking() {
  const { t } = useOfficeTexts();
  const { draft, recalled, dropDraft, clock } = useOffice();
  const [step, setStep] = useState<Step>("case");
  const [tried, setTried] = useState(false);
  const [booked, setBooked] = useState<string | null>(null);
  const [dropping, setDropping] = useState(false);
  const now = clock.now();
  const wrong = troubles(draft, step, now);
  const excluded = excludedBy(draft) !== null;
  const typed = booked === null && draft.docketNo + draft.title !== "";
  useLeaveWarning(typed);
  const open = (s: Step): void => {
    setTried(false);
    setStep(s);
    window.scrollTo(0, 0);
  };
  if (booked !== null) return <Booked id={booked} />;
  const errors: Errors = (field) => {
    const found = tried ? wrong.find((w) => w.field === field) : undefined;
    return found && t(found.text, found.params);
  };
  const at = STEPS.indexOf(step);
  const reach = STEPS.indexOf(furthest(draft, now));
  const next = (): void => {
    setTried(true);
    if (reach <= at) {
      focusOn(wrong[0]?.field ?? "excluded");
      return;
    }
    open(STEPS[at + 1] ?? "review");
  };
  return (
    <Page
      title={t("book_title")}
      acts={
        <Act
          tone="quiet"
          onPress={() => {
            setDropping(true);
          }}
        >
          {t("book_drop")}
        </Act>
      }
    >
      <Stepper step={step} reach={reach} onOpen={open} />
      {recalled && step !== "review" ? (
        <Note tone="attention">
          <p>{t("book_recalled")}</p>
        </Note>
      ) : null}
      {tried && wrong.length > 0 ? <Summary wrong={wrong} /> : null}
      <div className={office["stack"]}>
        {step === "case" ? <CaseStep errors={errors} /> : null}
        {step === "form" ? <FormStep errors={errors} /> : null}
        {step === "points" ? <PointsStep errors={errors} /> : null}
        {step === "people" ? <PeopleStep errors={errors} /> : null}
        {step === "review" ? <ReviewStep onOpen={open} onBooked={setBooked} /> : null}
      </div>
      {step === "review" ? null : (
        <div className={css["bar"]}>
          {at > 0 ? (
            <Act
              onPress={() => {
                open(STEPS[at - 1] ?? "case");
              }}
            >
              {t("book_back")}
            </Act>
          ) : (
            <span />
          )}
          <Act tone="primary" large isDisabled={step === "case" && excluded} onPress={next}>
            {t("book_next", { step: t(stepKeys[STEPS[at + 1] ?? "review"]) })}
          </Act>
        </div>
      )}
      {dropping ? (
        <Confirm
          title={t("book_drop")}
          text={t("book_drop_ask")}
          confirm={t("book_drop")}
          tone="danger"
          onClose={() => {
            setDropping(false);
          }}
          onConfirm={() => {
            setDropping(false);
            dropDraft();
            open("case");
          }}
        />
      ) : null}
    </Page>
  );
}

/** The browser asks before a page with typed names is closed or loaded again. */
function useLeaveWarning(typed: boolean): void {
  useEffect(() => {
    if (!typed) return undefined;
    const warn = (e: BeforeUnloadEvent): void => {
      e.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => {
      window.removeEventListener("beforeunload", warn);
    };
  }, [typed]);
}

export function focusOn(field: string): void {
  // After the render that shows the sentence, so that it is read together.
  requestAnimationFrame(() => {
    document.getElementById(field)?.focus();
  });
}

function Stepper({
  step,
  reach,
  onOpen,
}: {
  step: Step;
  reach: number;
  onOpen: (s: Step) => void;
}) {
  const { t } = useOfficeTexts();
  return (
    <ol className={css["steps"]} aria-label={t("book_steps")}>
      {STEPS.map((s, i) => (
        <li key={s}>
          <button
            type="button"
            className={css["step"]}
            disabled={i > reach}
            aria-current={s === step ? "step" : undefined}
            onClick={() => {
              onOpen(s);
            }}
          >
            <span className={css["number"]}>{i + 1}</span>
            <span>
              {t(stepKeys[s])}
              {i < reach && s !== step ? (
                <span className={css["done"]}>{t("step_done")}</span>
              ) : null}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Summary names every field that is not right; each line goes to its field. */
function Summary({ wrong }: { wrong: ReturnType<typeof troubles> }) {
  const { t } = useOfficeTexts();
  const ref = useRef<HTMLDivElement>(null);
  return (
    <div ref={ref} role="alert">
      <Note tone="bad">
        <p className={office["strong"]}>{t("book_wrong", { n: wrong.length })}</p>
        <ul className={css["wrong"]}>
          {wrong.slice(0, 8).map((w) => (
            <li key={`${w.field} ${w.text}`}>
              <a
                href={`#${w.field}`}
                onClick={(e) => {
                  e.preventDefault();
                  focusOn(w.field);
                }}
              >
                {t(w.text, w.params)}
              </a>
            </li>
          ))}
        </ul>
      </Note>
    </div>
  );
}

function Booked({ id }: { id: string }) {
  const { t } = useOfficeTexts();
  return (
    <Page title={t("booked_title")}>
      <Note tone="good" live>
        <p>{t("booked_text")}</p>
      </Note>
      <p>
        <Link to={{ page: "hearing", id }} className={css["go"]}>
          {t("booked_prepare")}
        </Link>
      </p>
      <p>
        <Link to={{ page: "calendar" }}>{t("nav_calendar")}</Link>
      </p>
    </Page>
  );
}
