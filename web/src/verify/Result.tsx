// What a check has found, in plain words first; the report of the command stands
// below it to the letter. It prints as it stands.
import { type ReactNode, useRef } from "react";
import { clockSeconds, dayOf, writeDay } from "../core/dates";
import type { VerifyKey } from "../i18n/vi.verify";
import { sizeText } from "../office/core/archives";
import { Act } from "../ui/parts/controls";
import { kindOf, type Seal, type Stamp, type Verdict } from "./check";
import { type Say, useFocus, useSay } from "./VerifyFile";
import css from "./verify.module.css";

const MARKS = {
  whole: "✓",
  unknown: "?",
  partly: "?",
  uncompared: "?",
  alone: "?",
  damaged: "✕",
  unreadable: "✕",
} as const;
const TONES = {
  whole: "good",
  unknown: "attention",
  partly: "attention",
  uncompared: "attention",
  alone: "attention",
  damaged: "bad",
  unreadable: "bad",
} as const;

const moment = (ms: number): string => `${clockSeconds(ms)} ${writeDay(dayOf(ms))}`;

export function Result({
  name,
  verdict,
  at,
  onAgain,
}: {
  name: string;
  verdict: Verdict;
  at: Date;
  onAgain: () => void;
}) {
  const { say, language } = useSay();
  const head = useRef<HTMLHeadingElement>(null);
  useFocus(head);
  const kind = kindOf(verdict);
  return (
    <section className={css["result"]} aria-labelledby="verify-result">
      <div className={`${css["verdict"]} ${css[TONES[kind]]}`}>
        <h2 id="verify-result" ref={head} tabIndex={-1}>
          <span className="visually-hidden">{say("verify_result")}: </span>
          <span aria-hidden className={css["mark"]}>
            {MARKS[kind]}
          </span>{" "}
          {say(`verify_${kind}`)}
        </h2>
        <p>{unbroken(say(`verify_${kind}_text`))}</p>
      </div>
      <dl className={css["facts"]}>
        {facts(say, language, name, verdict, at).map(([key, value]) => (
          <div key={key}>
            <dt>{unbroken(say(key))}</dt>
            <dd>{unbroken(value)}</dd>
          </div>
        ))}
      </dl>
      <h3>{say("verify_detail")}</h3>
      {/* The command's own report: it has its lines, and may be wider than a phone. */}
      <pre className={css["detail"]}>{unbroken(language === "en" ? verdict.en : verdict.vi)}</pre>
      <div className={css["acts"]}>
        <Act
          tone="primary"
          onPress={() => {
            window.print();
          }}
        >
          {say("verify_print")}
        </Act>
        <Act onPress={onAgain}>{say("verify_again")}</Act>
      </div>
    </section>
  );
}

/** unbroken keeps a date, a range and a name with a hyphen on one line; a digest may break. */
function unbroken(text: string): ReactNode[] {
  return text.split(/(\S*-\S*)/).map((piece, i) =>
    i % 2 === 1 && piece.length < 32 ? (
      <span key={i} className="whole">
        {piece}
      </span>
    ) : (
      piece
    ),
  );
}

/** facts are the lines of the result that a person asks first. */
function facts(
  say: Say,
  language: "vi" | "en",
  name: string,
  { report, exit }: Verdict,
  at: Date,
): [VerifyKey, string][] {
  const out: [VerifyKey, string][] = [
    ["verify_name", name],
    ["verify_when", moment(at.getTime())],
  ];
  if (!report || exit === 2) return out;
  const { container, evidence, source, supplement } = report;
  const form = formOf(report);
  if (form) out.push(["verify_form", say(form)]);
  out.push(["verify_size", sizeText(container.bytes, language)]);
  const part = (hearing: string, n: number, from: number, to: number): void => {
    out.push(["verify_hearing", say("verify_part", { hearing, n })]);
    if (from > 0) {
      out.push([
        "verify_time",
        say("verify_span", { from: moment(from / 1000), to: moment(to / 1000) }),
      ]);
    }
  };
  for (const p of evidence?.parts ?? []) part(p.hearing, p.part, p.log.first_t, p.log.last_t);
  if (source) part(source.hearing, source.part, source.began_t, source.ended_t);
  if (supplement) {
    const { hearing, number: n } = supplement;
    out.push(["verify_hearing", say("verify_addition", { hearing, n })]);
  }
  if (source?.seal) out.push(["verify_source", signed(say, source.seal)]);
  if (container.seal) {
    out.push(["verify_signer", signed(say, container.seal)]);
    out.push(["verify_stamp", stamped(say, container.seal.timestamp)]);
    out.push([
      "verify_court",
      container.court_seal ? signed(say, container.court_seal) : say("verify_no_court"),
    ]);
  }
  const { tracks, gaps } = evidence ?? report;
  if (tracks && gaps) {
    out.push(["verify_tracks", String(tracks.length)]);
    out.push(["verify_gaps", String(gaps.length + (evidence?.more_gaps ?? 0))]);
  }
  if (container.manifest_sha256 !== undefined) out.push(["verify_list", container.manifest_sha256]);
  return out;
}

/** formOf is what the file is, where it is no sealed part. */
function formOf({ about, supplement }: NonNullable<Verdict["report"]>): VerifyKey | null {
  if (supplement) return "verify_supplement";
  if (!about) return null;
  return about.kind === "redacted" ? "verify_redacted" : "verify_excerpt";
}

function signed(say: Say, s: Seal): string {
  return say("verify_signed_by", { name: s.signer, at: moment(Date.parse(s.signing_time)) });
}

function stamped(say: Say, s: Stamp | undefined): string {
  if (!s) return say("verify_no_stamp");
  const at = moment(Date.parse(s.time));
  if (s.independent) return say("verify_stamp_free", { at, name: s.authority });
  return say(s.internal ? "verify_stamp_own" : "verify_stamp_unknown", { at });
}
