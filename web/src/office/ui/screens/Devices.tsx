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
  const [naming, setNaming] = useState<RoomDevice["kind"] | null>(null);
  const [token, setToken] = useState<{ kind: TokenKind; token: string } | null>(null);
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
          <>
            <Act
              onPress={() => {
                setNaming("encoder");
              }}
            >
              {t("encoder_add")}
            </Act>
            <Act
              onPress={() => {
                setNaming("wall");
              }}
            >
              {t("wall_add")}
            </Act>
            <Act
              tone="primary"
              onPress={() => {
                setNaming("computer");
              }}
            >
              {t("device_code")}
            </Act>
          </>
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
          kind={naming}
          onClose={() => {
            setNaming(null);
          }}
          onNamed={(label) => {
            setNaming(null);
            void act(async () => {
              if (naming === "computer") setGiven(await api.enrolmentCode(label));
              else
                setToken({
                  kind: naming,
                  token: (await api.addTokenDevice(naming, label)).token,
                });
            });
          }}
        />
      ) : null}
      {token !== null ? (
        <DeviceToken
          {...token}
          onClose={() => {
            setToken(null);
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

type TokenKind = Exclude<RoomDevice["kind"], "computer">;

/** DeviceToken shows what an encoder or a viewing wall is set up with, once. */
function DeviceToken({
  kind,
  token,
  onClose,
}: {
  kind: TokenKind;
  token: string;
  onClose: () => void;
}) {
  const { t } = useOfficeTexts();
  const wall = kind === "wall";
  const url = `${location.origin}/api/v1/${wall ? "whep" : "whip"}`;
  return (
    <Sheet title={t(wall ? "wall_token" : "encoder_token")} onClose={onClose}>
      <p>{t(wall ? "wall_token_how" : "encoder_token_how", { url })}</p>
      <Secret value={token} copy={t("encoder_copy")} />
      <p>{t(wall ? "wall_token_once" : "encoder_token_once")}</p>
      <div>
        <Act tone="primary" onPress={onClose}>
          {t("invited_done")}
        </Act>
      </div>
    </Sheet>
  );
}

function Naming({
  kind,
  onClose,
  onNamed,
}: {
  kind: RoomDevice["kind"];
  onClose: () => void;
  onNamed: (label: string) => void;
}) {
  const { t } = useOfficeTexts();
  const text = {
    computer: ["device_code", "device_label", "device_label_hint", "device_code_make"],
    encoder: ["encoder_add", "encoder_label", "encoder_label_hint", "encoder_make"],
    wall: ["wall_add", "wall_label", "wall_label_hint", "encoder_make"],
  } as const;
  const [title, name, hint, make] = text[kind];
  const [label, setLabel] = useState("");
  const [tried, setTried] = useState(false);
  return (
    <Sheet title={t(title)} onClose={onClose}>
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
          label={t(name)}
          hint={t(hint)}
          value={label}
          max={60}
          error={tried && label.trim() === "" ? t("need_label") : undefined}
          onChange={setLabel}
        />
        <div className={office["acts"]}>
          <Act onPress={onClose}>{t("cancel")}</Act>
          <Act type="submit" tone="primary">
            {t(make)}
          </Act>
        </div>
      </form>
    </Sheet>
  );
}
