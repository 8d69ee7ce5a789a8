// Máy phòng xử án: the enrolled computers of the own unit, a code for one more, and
// those of other units that the court may use.
import { useState } from "react";
import { clock } from "../../../core/dates";
import { Act, Confirm } from "../../../ui/parts/controls";
import type { RoomDevice } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { hasUse } from "../../core/places";
import { ROOM_DEVICE } from "../../where";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { TextField } from "../parts/fields";
import { Answer, Box, Page, Sheet, Trouble } from "../parts/page";
import { Secret } from "../parts/Secret";
import { DeviceLine, LentHere } from "./Lending";
import office from "./office.module.css";

export function Devices() {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const me = useMe();
  const { data, again } = useLoad("devices", () => api.devices());
  const [given, setGiven] = useState<{ code: string; expires: string } | null>(null);
  const [naming, setNaming] = useState(false);
  const [leaving, setLeaving] = useState<RoomDevice | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const act = async (what: () => Promise<unknown>): Promise<void> => {
    setRefused(null);
    try {
      await run(what);
    } catch (e) {
      setRefused(asRefused(e));
    }
    again();
  };
  return (
    <Page
      title={t("devices_title")}
      acts={
        hasUse("enrolment", me.roles) ? (
          <Act
            tone="primary"
            onPress={() => {
              setNaming(true);
            }}
          >
            {t("device_code")}
          </Act>
        ) : undefined
      }
    >
      <Trouble refused={refused} />
      <Box title={t("devices_list")}>
        <p>{t("devices_what")}</p>
        <Answer data={data} again={again}>
          {({ devices }) => {
            const live = devices.filter((d) => !d.revoked);
            return live.length === 0 ? (
              <p>{t("devices_none")}</p>
            ) : (
              <ul className={office["list"]}>
                {live.map((d) => (
                  <DeviceLine
                    key={d.id}
                    device={d}
                    onRemove={() => {
                      setLeaving(d);
                    }}
                  />
                ))}
              </ul>
            );
          }}
        </Answer>
      </Box>
      <LentHere />
      {naming ? (
        <Naming
          onClose={() => {
            setNaming(false);
          }}
          onNamed={(label) => {
            setNaming(false);
            void act(async () => {
              setGiven(await api.enrolmentCode(label));
            });
          }}
        />
      ) : null}
      {given ? (
        <Sheet
          title={t("device_code")}
          onClose={() => {
            setGiven(null);
          }}
        >
          <p>{t("device_code_how", { path: `${location.origin}${ROOM_DEVICE}` })}</p>
          <Secret value={given.code} copy={t("copy_code")} large />
          <p>{t("device_code_until", { time: clock(Date.parse(given.expires)) })}</p>
          <div>
            <Act
              tone="primary"
              onPress={() => {
                setGiven(null);
                again();
              }}
            >
              {t("invited_done")}
            </Act>
          </div>
        </Sheet>
      ) : null}
      {leaving ? (
        <Confirm
          title={`${t("device_remove")}: ${leaving.label}`}
          text={t("device_remove_ask")}
          confirm={t("device_remove")}
          tone="danger"
          onClose={() => {
            setLeaving(null);
          }}
          onConfirm={() => {
            const { id } = leaving;
            setLeaving(null);
            void act(() => api.removeDevice(id));
          }}
        />
      ) : null}
    </Page>
  );
}

function Naming({ onClose, onNamed }: { onClose: () => void; onNamed: (label: string) => void }) {
  const { t } = useOfficeTexts();
  const [label, setLabel] = useState("");
  const [tried, setTried] = useState(false);
  return (
    <Sheet title={t("device_code")} onClose={onClose}>
      <form
        className={office["stack"]}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          setTried(true);
          if (label.trim() !== "") onNamed(label.trim().normalize("NFC"));
        }}
      >
        <TextField
          id="device-label"
          label={t("device_label")}
          hint={t("device_label_hint")}
          value={label}
          max={60}
          error={tried && label.trim() === "" ? t("need_label") : undefined}
          onChange={setLabel}
        />
        <div className={office["acts"]}>
          <Act onPress={onClose}>{t("cancel")}</Act>
          <Act type="submit" tone="primary">
            {t("device_code_make")}
          </Act>
        </div>
      </form>
    </Sheet>
  );
}
