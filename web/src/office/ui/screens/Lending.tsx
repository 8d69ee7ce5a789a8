// A courtroom's computer that other courts may use: which they are, one more, one less;
// and what other units let this court use.
import { useState } from "react";
import { dayOf, writeDay } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { CourtRow, RoomDevice } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { hasUse } from "../../core/places";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { Pick } from "../parts/fields";
import { Answer, Box, Sheet, Trouble } from "../parts/page";
import office from "./office.module.css";

const nameOf = (c: CourtRow): string => (c.name === "" ? c.id : c.name);

/**
 * DeviceLine is an enrolled computer of the unit: since when, which courts use it, and
 * what whoever keeps the computers may do with it.
 */
export function DeviceLine({ device, onRemove }: { device: RoomDevice; onRemove: () => void }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const me = useMe();
  const courts = useLoad(`courts of ${device.id}`, () => api.deviceCourts(device.id));
  const [open, setOpen] = useState(false);
  return (
    <li className={office["line"]}>
      <div>
        <p>
          <strong>{device.label}</strong>
          {device.kind === "computer"
            ? ""
            : ` (${t(device.kind === "wall" ? "wall_kind" : "encoder_kind")})`}
          , {t("since_day", { day: writeDay(dayOf(Date.parse(device.enrolled))) })}
        </p>
        <LentTo data={courts.data} />
      </div>
      <div className={office["acts"]}>
        {hasUse("lend", me.roles) ? (
          <Act
            aria-label={`${t("device_lend")}: ${device.label}`}
            onPress={() => {
              setOpen(true);
            }}
          >
            {t("device_lend")}
          </Act>
        ) : null}
        {hasUse("device_remove", me.roles) ? (
          <Act tone="warn" aria-label={`${t("device_remove")}: ${device.label}`} onPress={onRemove}>
            {t("device_remove")}
          </Act>
        ) : null}
      </div>
      {open ? (
        <LendSheet
          device={device}
          courts={courts}
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </li>
  );
}

type Courts = ReturnType<typeof useLoad<{ courts: CourtRow[] }>>;

function LentTo({ data }: { data: Courts["data"] }) {
  const { t } = useOfficeTexts();
  if (data.kind === "loading") return null;
  if (data.kind === "failed") return <p>{t("device_lent_unknown")}</p>;
  const names = data.value.courts.map(nameOf).join("; ");
  return names === "" ? null : <p>{t("device_lent_to", { courts: names })}</p>;
}

function LendSheet({
  device,
  courts,
  onClose,
}: {
  device: RoomDevice;
  courts: Courts;
  onClose: () => void;
}) {
  const { t } = useOfficeTexts();
  const { api, run, proof } = useOffice();
  const [ending, setEnding] = useState<CourtRow | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const act = async (what: () => Promise<unknown>): Promise<void> => {
    setRefused(null);
    try {
      await run(what);
    } catch (e) {
      setRefused(asRefused(e));
    }
    courts.again();
  };
  // The fresh proof is a dialog of its own, and of two the lower one keeps the focus.
  if (proof) return null;
  if (ending) {
    return (
      <Confirm
        title={`${t("lend_end")}: ${device.label}`}
        text={t("lend_end_ask", { court: nameOf(ending) })}
        confirm={t("lend_end")}
        tone="danger"
        onClose={() => {
          setEnding(null);
        }}
        onConfirm={() => {
          setEnding(null);
          void act(() => api.keepDevice(device.id, ending.id));
        }}
      />
    );
  }
  return (
    <Sheet title={`${t("device_lend")}: ${device.label}`} onClose={onClose}>
      <p>{t("lend_what")}</p>
      <Trouble refused={refused} />
      <Answer data={courts.data} again={courts.again}>
        {({ courts: lent }) => (
          <>
            <LentCourts courts={lent} onEnd={setEnding} />
            <LendMore
              lent={lent}
              onLend={(court) => void act(() => api.lendDevice(device.id, court))}
            />
          </>
        )}
      </Answer>
      <div>
        <Act onPress={onClose}>{t("lend_close")}</Act>
      </div>
    </Sheet>
  );
}

function LentCourts({ courts, onEnd }: { courts: CourtRow[]; onEnd: (c: CourtRow) => void }) {
  const { t } = useOfficeTexts();
  if (courts.length === 0) return <p>{t("lend_nobody")}</p>;
  return (
    <div>
      <p id="lend-now" className={office["strong"]}>
        {t("lend_now")}
      </p>
      <ul className={office["list"]} aria-labelledby="lend-now">
        {courts.map((c) => (
          <li key={c.id} className={office["line"]}>
            <span>{nameOf(c)}</span>
            <Act
              tone="warn"
              aria-label={`${t("lend_end")}: ${nameOf(c)}`}
              onPress={() => {
                onEnd(c);
              }}
            >
              {t("lend_end")}
            </Act>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** LendMore names one more of the courts that do not use the computer yet. */
function LendMore({ lent, onLend }: { lent: CourtRow[]; onLend: (court: string) => void }) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad("courts", () => api.courts());
  const [court, setCourt] = useState("");
  const [tried, setTried] = useState(false);
  return (
    <Answer data={data} again={again}>
      {({ courts }) => {
        const free = courts.filter((c) => lent.every((l) => l.id !== c.id));
        if (free.length === 0) return <p>{t("lend_no_courts")}</p>;
        return (
          <form
            className={office["stack"]}
            noValidate
            onSubmit={(e) => {
              e.preventDefault();
              setTried(court === "");
              if (court === "") return;
              setCourt("");
              onLend(court);
            }}
          >
            <Pick
              id="lend-court"
              label={t("lend_court")}
              value={court}
              empty={t("lend_choose")}
              options={free.map((c) => ({ value: c.id, label: nameOf(c) }))}
              error={tried && court === "" ? t("need_court") : undefined}
              onChange={setCourt}
            />
            <div>
              <Act type="submit" tone="primary">
                {t("lend_yes")}
              </Act>
            </div>
          </form>
        );
      }}
    </Answer>
  );
}

/** LentHere lists what other units let this court use: a booking may name them. */
export function LentHere() {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const { data, again } = useLoad("lent devices", () => api.lentDevices());
  return (
    <Box title={t("lent_list")}>
      <p>{t("lent_what")}</p>
      <Answer data={data} again={again}>
        {({ devices }) =>
          devices.length === 0 ? (
            <p>{t("lent_none")}</p>
          ) : (
            <ul className={office["list"]}>
              {devices.map((d) => (
                <li key={d.id} className={office["line"]}>
                  <span>
                    <strong>{d.label}</strong>, {t("lent_of", { unit: d.unit_name })}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Box>
  );
}
