// Bảo quản: how long a recording is kept, and what forbids its disposal.
import { useState } from "react";
import { Act } from "../../../ui/parts/controls";
import type { Archive } from "../../core/archives";
import { asRefused, type Refused } from "../../core/client";
import { hasUse } from "../../core/places";
import { type OfficeTexts, useMe, useOffice, useOfficeTexts } from "../context";
import { Pick, TextField } from "../parts/fields";
import { Box, Sheet, Trouble } from "../parts/page";
import { Disposal } from "./ArchiveEnd";
import office from "./office.module.css";

/** CLASSES are the usual terms of case files; the server takes any number of years to 100. */
const CLASSES = ["permanent", "70", "50", "30", "20", "15", "10", "5"];

const classText = (c: string, t: OfficeTexts["t"]): string => {
  if (c === "") return t("archive_keep_unset");
  return c === "permanent" ? t("archive_keep_permanent") : t("archive_keep_years", { n: c });
};

export function ArchiveKeeping({ a, onChanged }: { a: Archive; onChanged: () => void }) {
  const { t } = useOfficeTexts();
  const { roles } = useMe();
  const [changing, setChanging] = useState(false);
  return (
    <Box title={t("archive_keep")}>
      <dl className={office["facts"]}>
        <dt>{t("archive_keep_class")}</dt>
        <dd>{classText(a.keep.class, t)}</dd>
        <dt>{t("archive_keep_hold")}</dt>
        <dd>{a.keep.hold === "" ? t("archive_keep_hold_none") : a.keep.hold}</dd>
      </dl>
      {hasUse("archive_keep", roles) && a.disposal?.outcome !== "confirmed" ? (
        <div className={office["stack"]}>
          <Disposal a={a} onChanged={onChanged} />
          <div>
            <Act
              onPress={() => {
                setChanging(true);
              }}
            >
              {t("archive_keep_change")}
            </Act>
          </div>
        </div>
      ) : null}
      {changing ? (
        <KeepSheet
          a={a}
          onClose={() => {
            setChanging(false);
          }}
          onKept={() => {
            setChanging(false);
            onChanged();
          }}
        />
      ) : null}
    </Box>
  );
}

function KeepSheet({
  a,
  onClose,
  onKept,
}: {
  a: Archive;
  onClose: () => void;
  onKept: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [term, setTerm] = useState(a.keep.class);
  const [hold, setHold] = useState(a.keep.hold);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const terms = CLASSES.includes(term) || term === "" ? CLASSES : [term, ...CLASSES];
  const save = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setRefused(null);
    try {
      await run(() => api.keepArchive(a.id, { class: term, hold: hold.trim() }));
      onKept();
    } catch (e) {
      setRefused(asRefused(e));
      setBusy(false);
    }
  };
  return (
    <Sheet title={t("archive_keep_change")} onClose={onClose}>
      <Trouble refused={refused} />
      <Pick
        id="keep-class"
        label={t("archive_keep_class")}
        value={term}
        empty={t("archive_keep_unset")}
        options={terms.map((c) => ({ value: c, label: classText(c, t) }))}
        onChange={setTerm}
      />
      <TextField
        id="keep-hold"
        label={t("archive_keep_hold")}
        hint={t("archive_keep_hold_hint")}
        value={hold}
        max={500}
        onChange={setHold}
      />
      <div className={office["acts"]}>
        <Act onPress={onClose}>{t("cancel")}</Act>
        <Act tone="primary" isDisabled={busy} onPress={() => void save()}>
          {t("save")}
        </Act>
      </div>
    </Sheet>
  );
}
