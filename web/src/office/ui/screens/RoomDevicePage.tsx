// The page of a courtroom's computer: enrolment once, then a blank screen that
// waits for its hearing. Nothing of any case stands here.
import { useEffect, useState } from "react";
import { dayOf, longDay, clock as timeOf } from "../../../core/dates";
import { Act } from "../../../ui/parts/controls";
import { asRefused, type Refused } from "../../core/client";
import type { Enrolled } from "../../core/devicekey";
import { Poll } from "../../core/poll";
import { due, enrol, seats } from "../../core/roomdevice";
import { ROOM_DEVICE_FLAG } from "../../where";
import { useOffice, useOfficeTexts } from "../context";
import { TextField } from "../parts/fields";
import { Page, Trouble } from "../parts/page";
import { Gate } from "../parts/Shell";
import office from "./office.module.css";
import css from "./RoomDevicePage.module.css";

type Kept = { kind: "loading" } | { kind: "none" } | { kind: "kept"; enrolled: Enrolled };

export function RoomDevicePage() {
  const { t } = useOfficeTexts();
  const { keys } = useOffice();
  const [kept, setKept] = useState<Kept>({ kind: "loading" });
  useEffect(() => {
    keys.read().then(
      (enrolled) => {
        setKept(enrolled ? { kind: "kept", enrolled } : { kind: "none" });
      },
      () => {
        setKept({ kind: "none" });
      },
    );
  }, [keys]);
  switch (kept.kind) {
    case "loading":
      return (
        <Gate dark>
          <Page title={t("room_title")}>
            <p role="status">{t("office_loading")}</p>
          </Page>
        </Gate>
      );
    case "none":
      return (
        <Enrol
          onDone={(enrolled) => {
            setKept({ kind: "kept", enrolled });
          }}
        />
      );
    case "kept":
      return (
        <Waiting
          enrolled={kept.enrolled}
          onForget={() => {
            void keys.clear().then(() => {
              setKept({ kind: "none" });
            });
          }}
        />
      );
  }
}

const DIGITS = 8;

function Enrol({ onDone }: { onDone: (e: Enrolled) => void }) {
  const { t } = useOfficeTexts();
  const { api, keys, crypto } = useOffice();
  const [code, setCode] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const submit = async (): Promise<void> => {
    setTried(true);
    if (busy || code.length !== DIGITS) return;
    setBusy(true);
    setRefused(null);
    try {
      onDone(await enrol(api, keys, crypto.subtle, code));
    } catch (e) {
      setRefused(asRefused(e));
      setBusy(false);
    }
  };
  return (
    <Gate>
      <div className={office["narrow"]}>
        <Page title={t("enrol_title")} lead={t("enrol_lead")}>
          <Trouble refused={refused} title={t("enrol_not")} />
          <form
            className={office["stack"]}
            noValidate
            onSubmit={(e) => {
              e.preventDefault();
              void submit();
            }}
          >
            <TextField
              id="enrol-code"
              label={t("enrol_code")}
              hint={t("enrol_code_hint")}
              value={code}
              numeric
              narrow
              complete="one-time-code"
              max={16}
              error={tried && code.length !== DIGITS ? t("enrol_short") : undefined}
              onChange={(v) => {
                setCode(v.replace(/\D/g, "").slice(0, DIGITS));
              }}
            />
            <div>
              <Act type="submit" tone="primary" large isDisabled={busy}>
                {t("enrol_go")}
              </Act>
            </div>
          </form>
        </Page>
      </div>
    </Gate>
  );
}

/** useHearing asks for the device's hearing and goes there; what it returns is why it cannot. */
function useHearing(enrolled: Enrolled): Refused | null {
  const { api, crypto, clock, random, leave, storage } = useOffice();
  const [refused, setRefused] = useState<Refused | null>(null);
  useEffect(() => {
    const poll = new Poll({
      clock,
      random,
      ask: async () => {
        try {
          const mine = await seats(api, crypto.subtle, enrolled);
          const seat = due(mine, clock.now());
          setRefused(null);
          if (!seat) return;
          await api.deviceEnter(seat);
          poll.stop();
          storage.setItem(ROOM_DEVICE_FLAG, "1");
          leave("/");
        } catch (e) {
          setRefused(asRefused(e));
          throw e;
        }
      },
    });
    poll.start();
    return () => {
      poll.stop();
    };
  }, [api, crypto, clock, random, leave, storage, enrolled]);
  return refused;
}

function useTime(): number {
  const { clock } = useOffice();
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    const id = setInterval(() => {
      setNow(clock.now());
    }, 1000);
    return () => {
      clearInterval(id);
    };
  }, [clock]);
  return now;
}

function Waiting({ enrolled, onForget }: { enrolled: Enrolled; onForget: () => void }) {
  const { t, language } = useOfficeTexts();
  const refused = useHearing(enrolled);
  const now = useTime();
  const revoked = refused?.status === 403;
  return (
    <Gate dark>
      <div className={css["centre"]}>
        <Page title={t(revoked ? "room_revoked" : "room_none")}>
          <p className={css["time"]}>{timeOf(now)}</p>
          <p className={css["day"]}>{longDay(dayOf(now), language)}</p>
          {revoked ? (
            <>
              <p>{t("room_revoked_text")}</p>
              <div>
                <Act onPress={onForget}>{t("room_again")}</Act>
              </div>
            </>
          ) : (
            <p>{t("room_none_text")}</p>
          )}
          {refused && !revoked ? (
            <p className={css["meta"]} role="status">
              {t("room_trouble")}
            </p>
          ) : null}
        </Page>
      </div>
    </Gate>
  );
}
