// The page that checks a sealed file: choose, wait, read the result.
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { fill, type Params } from "../i18n";
import { verifyEn } from "../i18n/en.verify";
import { type VerifyKey, verifyVi } from "../i18n/vi.verify";
import { sizeText } from "../office/core/archives";
import { FileField } from "../office/ui/parts/fields";
import { useTexts } from "../ui/context";
import { Act } from "../ui/parts/controls";
import { type Line, MAX_SMALL, type Verdict } from "./check";
import { Result } from "./Result";
import { useCheck } from "./useCheck";
import css from "./verify.module.css";

const books = { vi: verifyVi, en: verifyEn };

/** Say is a text of this page in the chosen language. */
export type Say = (key: VerifyKey, params?: Params) => string;

/** useSay gives the texts of this page. */
export function useSay(): { say: Say; language: "vi" | "en" } {
  const { language } = useTexts();
  return useMemo(
    () => ({ language, say: (key, params) => fill(books[language][key], params) }),
    [language],
  );
}

function ownWorker(): Line {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }) as unknown as Line;
}

interface Files {
  file: File | null;
  roots: File | null;
  tsaRoots: File | null;
  receipts: File[];
}

/** VerifyFile is the whole of it, for a page that has its heading. begin makes a worker. */
export function VerifyFile({ begin = ownWorker }: { begin?: () => Line }) {
  const { say } = useSay();
  const { program, state, start, cancel, again } = useCheck(begin);
  const [files, setFiles] = useState<Files>({
    file: null,
    roots: null,
    tsaRoots: null,
    receipts: [],
  });
  const refused = state.kind === "answer" ? state.verdict.refused : undefined;
  const { file } = files;
  const choosing = state.kind === "idle" || file === null || refused !== undefined;
  return (
    <>
      {state.kind === "running" && file ? (
        <Running name={file.name} done={state.done} all={file.size} onCancel={cancel} />
      ) : null}
      {state.kind === "answer" && file && refused === undefined ? (
        <Result name={file.name} verdict={state.verdict} at={state.at} onAgain={again} />
      ) : null}
      {/* It stays, so that what was chosen is what it shows as chosen. */}
      <div hidden={!choosing} className={css["choice"]}>
        <p>{say("verify_stays")}</p>
        {state.kind === "idle" && state.note !== undefined ? (
          <p role="status" className={css["note"]}>
            {say(state.note === "cancelled" ? "verify_cancelled" : "verify_failed")}
          </p>
        ) : null}
        <Choice
          program={program}
          refused={refused}
          files={files}
          onFiles={(some) => {
            setFiles((f) => ({ ...f, ...some }));
            if (refused !== undefined) again();
          }}
          onStart={(chosen) => {
            start({
              file: chosen,
              roots: files.roots,
              tsaRoots: files.tsaRoots,
              receipts: files.receipts,
            });
          }}
        />
      </div>
    </>
  );
}

/** Choice asks for the file and, folded away, for what tells who signed. */
function Choice({
  program,
  refused,
  files,
  onFiles,
  onStart,
}: {
  program: "preparing" | "ready" | "broken";
  refused: Verdict["refused"];
  files: Files;
  onFiles: (some: Partial<Files>) => void;
  onStart: (file: File) => void;
}) {
  const { say } = useSay();
  const [missing, setMissing] = useState(false);
  const words = { choose: say("verify_choose"), none: say("verify_none") };
  const wrong = (f: File | null, bad: boolean, text: VerifyKey): string | undefined => {
    if (f && f.size > MAX_SMALL) return say("verify_too_large");
    return bad ? say(text) : undefined;
  };
  const errors = {
    roots: wrong(files.roots, refused === "roots", "verify_no_certificate"),
    tsaRoots: wrong(files.tsaRoots, refused === "tsa_roots", "verify_no_certificate"),
    receipts: wrong(
      files.receipts.find((f) => f.size > MAX_SMALL) ?? null,
      refused === "receipts",
      "verify_no_receipt",
    ),
  };
  const sealed = refused === "encrypted" ? say("verify_encrypted") : undefined;
  const unusable = missing ? say("verify_file_missing") : sealed;
  const stopped = Object.values(errors).some((e) => e !== undefined);
  return (
    <form
      className={css["form"]}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        setMissing(files.file === null);
        if (files.file === null) document.getElementById("verify-file")?.focus();
        else if (program === "ready" && !stopped) onStart(files.file);
      }}
    >
      <FileField
        id="verify-file"
        label={say("verify_file")}
        hint={say("verify_file_hint")}
        error={unusable}
        accept=".asice,.age"
        {...words}
        onFiles={([file]) => {
          setMissing(false);
          onFiles({ file: file ?? null });
        }}
      />
      <details open={stopped || undefined} className={css["more"]}>
        <summary>{say("verify_more")}</summary>
        <p>{say("verify_more_hint")}</p>
        <FileField
          id="verify-roots"
          label={say("verify_roots")}
          hint={say("verify_roots_hint")}
          error={errors.roots}
          accept=".pem,.crt,.cer"
          {...words}
          onFiles={([roots]) => {
            onFiles({ roots: roots ?? null });
          }}
        />
        <FileField
          id="verify-tsa"
          label={say("verify_tsa")}
          hint={say("verify_tsa_hint")}
          error={errors.tsaRoots}
          accept=".pem,.crt,.cer"
          {...words}
          onFiles={([tsaRoots]) => {
            onFiles({ tsaRoots: tsaRoots ?? null });
          }}
        />
        <FileField
          id="verify-receipt"
          label={say("verify_receipt")}
          hint={say("verify_receipt_hint")}
          error={errors.receipts}
          accept=".txt"
          multiple
          {...words}
          onFiles={(receipts) => {
            onFiles({ receipts });
          }}
        />
      </details>
      <div className={css["acts"]}>
        {program === "broken" ? (
          <p role="alert" className={css["note"]}>
            {say("verify_broken")}
          </p>
        ) : null}
        <Act tone="primary" large type="submit" isDisabled={program !== "ready"}>
          {say("verify_start")}
        </Act>
        <span role="status">{program === "preparing" ? say("verify_not_ready") : ""}</span>
      </div>
    </form>
  );
}

function Running({
  name,
  done,
  all,
  onCancel,
}: {
  name: string;
  done: number;
  all: number;
  onCancel: () => void;
}) {
  const { say, language } = useSay();
  const head = useRef<HTMLHeadingElement>(null);
  useFocus(head);
  return (
    <section className={css["running"]} aria-labelledby="verify-running">
      <h2 id="verify-running" ref={head} tabIndex={-1}>
        {say("verify_running", { name })}
      </h2>
      <progress aria-labelledby="verify-running" max={all} value={done} />
      <p>
        {say("verify_progress", { done: sizeText(done, language), all: sizeText(all, language) })}
      </p>
      <div>
        <Act onPress={onCancel}>{say("verify_cancel")}</Act>
      </div>
    </section>
  );
}

/** useFocus moves the focus to what has replaced the control that was pressed. */
export function useFocus(to: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    to.current?.focus();
  }, [to]);
}
