// Step 4: who takes part, in which capacity, at which point.

import { sentenceCase } from "../../../i18n";
import type { OfficeKey } from "../../../i18n/vi.office";
import { Act } from "../../../ui/parts/controls";
import type { RoomDevice } from "../../core/api";
import {
  actsFor,
  byComputer,
  capacitiesOf,
  centralOnly,
  changePerson,
  type DraftPerson,
  emptyPerson,
  LIMITS,
  mayHaveAccount,
  OWN_DEVICES,
  owners,
  removePerson,
  roomKind,
  shared,
  sharesWith,
} from "../../core/booking";
import { useLoad, useMe, useOffice, useOfficeTexts } from "../context";
import { Pick, TextField, Tick } from "../parts/fields";
import { Box, Note } from "../parts/page";
import { type Errors, focusOn } from "./Booking";
import css from "./Booking.module.css";

const deviceKeys: Record<(typeof OWN_DEVICES)[number], OfficeKey> = {
  desk_client: "device_desk",
  console: "device_console",
  room_client: "device_room",
};

export function PeopleStep({ errors }: { errors: Errors }) {
  const { t } = useOfficeTexts();
  const { draft, setDraft, newId } = useOffice();
  const wrong = errors("person-add");
  return (
    <Box title={t("step_people")}>
      <p>{t("people_lead")}</p>
      {draft.people.map((p, i) => (
        <Person key={p.key} p={p} n={i + 1} errors={errors} />
      ))}
      {wrong === undefined ? null : (
        <Note tone="bad">
          <p>{wrong}</p>
        </Note>
      )}
      <div>
        <Act
          id="person-add"
          onPress={() => {
            const key = newId();
            setDraft((d) => ({
              ...d,
              people: [...d.people, emptyPerson(key, d.points[0]?.key ?? "")],
            }));
            focusOn(`person-${key}-capacity`);
          }}
        >
          {t("person_add")}
        </Act>
      </div>
    </Box>
  );
}

function Person({ p, n, errors }: { p: DraftPerson; n: number; errors: Errors }) {
  const { t, capacity } = useOfficeTexts();
  const { setDraft } = useOffice();
  const id = (what: string): string => `person-${p.key}-${what}`;
  const change = (what: Partial<DraftPerson>): void => {
    setDraft((d) => changePerson(d, p.key, what));
  };
  const title = t("person_n", {
    n,
    capacity: p.capacity === "" ? t("person_new") : sentenceCase(capacity(p.capacity)),
  });
  return (
    <section className={css["person"]} aria-label={title}>
      <div className={css["personHead"]}>
        <h3 className={css["personTitle"]}>{title}</h3>
        <Act
          tone="warn"
          aria-label={`${t("person_remove")}: ${title}`}
          onPress={() => {
            setDraft((d) => removePerson(d, p.key));
          }}
        >
          {t("person_remove")}
        </Act>
      </div>
      <PersonFields p={p} id={id} errors={errors} change={change} />
      {p.capacity === "protected_witness" ? (
        <Note tone="bad" live>
          <p>{t("bad_protected_witness")}</p>
        </Note>
      ) : null}
      <div className={css["ticks"]}>
        <Tick
          label={t("required")}
          checked={p.required}
          onChange={(required) => {
            change({ required });
          }}
        />
        {centralOnly(p.capacity) ? null : (
          <Tick
            label={t("minor")}
            checked={p.minor}
            onChange={(minor) => {
              change({ minor });
            }}
          />
        )}
        {!centralOnly(p.capacity) && sharesWith(p) === "" && p.device !== "console" ? (
          <Tick
            label={t("person_private")}
            checked={p.private}
            onChange={(priv) => {
              change({ private: priv });
            }}
          />
        ) : null}
        {centralOnly(p.capacity) ? <p>{t("central_only_hint")}</p> : null}
      </div>
      {p.minor ? (
        <Note tone="attention">
          <p>{t("minor_note")}</p>
        </Note>
      ) : null}
    </section>
  );
}

function PersonFields({
  p,
  id,
  errors,
  change,
}: {
  p: DraftPerson;
  id: (what: string) => string;
  errors: Errors;
  change: (what: Partial<DraftPerson>) => void;
}) {
  const { t, capacity } = useOfficeTexts();
  const { draft } = useOffice();
  const known = capacitiesOf(useMe().unit_kind ?? "");
  const others = draft.people.filter((x) => x.key !== p.key && x.name.trim() !== "");
  const goesWith = roomKind(p);
  return (
    <div className={css["personGrid"]}>
      <Pick
        id={id("capacity")}
        label={t("person_capacity")}
        value={p.capacity}
        empty={t("choose")}
        options={known.map((c) => ({ value: c, label: sentenceCase(capacity(c)) }))}
        error={errors(id("capacity"))}
        onChange={(c) => {
          change({ capacity: c as DraftPerson["capacity"] });
        }}
      />
      <TextField
        id={id("name")}
        label={t("person_name")}
        value={p.name}
        max={LIMITS.name}
        error={errors(id("name"))}
        onChange={(name) => {
          change({ name });
        }}
      />
      <Pick
        id={id("point")}
        label={t("person_point")}
        value={p.point}
        options={draft.points.map((x, i) => ({
          value: x.key,
          label: x.name === "" ? t("component_point", { n: i }) : x.name,
        }))}
        error={errors(id("point"))}
        onChange={(point) => {
          change({ point });
        }}
      />
      <Pick
        id={id("device")}
        label={t("person_device")}
        value={p.device}
        options={[
          ...OWN_DEVICES.map((k) => ({ value: k, label: t(deviceKeys[k]) })),
          ...owners(draft, p).map((x) => ({
            value: shared(x.key),
            label: t("device_shared", { who: x.name === "" ? capacity(x.capacity) : x.name }),
          })),
        ]}
        onChange={(device) => {
          change({ device });
        }}
      />
      {goesWith !== null ? (
        <RoomDevicePick
          id={id("room-device")}
          kind={goesWith}
          value={p.roomDevice}
          onChange={(roomDevice, roomUnit) => {
            change({ roomDevice, roomUnit });
          }}
        />
      ) : null}
      {mayHaveAccount(p.capacity) && sharesWith(p) === "" && !byComputer(p) ? (
        <TextField
          id={id("login")}
          label={t("person_login")}
          hint={t("person_login_hint")}
          value={p.login}
          max={LIMITS.short}
          error={errors(id("login"))}
          onChange={(login) => {
            change({ login });
          }}
        />
      ) : null}
      {actsFor(p.capacity) ? (
        <Pick
          id={id("client")}
          label={t("person_client")}
          value={p.client}
          empty={t("nobody")}
          options={others.map((x) => ({
            value: x.key,
            label: `${x.capacity === "" ? "" : `${capacity(x.capacity)} `}${x.name}`,
          }))}
          onChange={(client) => {
            change({ client });
          }}
        />
      ) : null}
    </div>
  );
}

/**
 * RoomDevicePick names the computer of the court, or one lent to it, that takes the seat by
 * itself, the encoder that sends picture and sound of whoever sits before a console, or the
 * viewing wall that shows the hearing to the public.
 */
function RoomDevicePick({
  id,
  kind,
  value,
  onChange,
}: {
  id: string;
  kind: RoomDevice["kind"];
  value: string;
  onChange: (id: string, unit: string) => void;
}) {
  const { t } = useOfficeTexts();
  const { api } = useOffice();
  const own = useLoad("room devices", () => api.devices()).data;
  const lent = useLoad("lent devices", () => api.lentDevices()).data;
  const known = [
    ...(own.kind === "ready" ? own.value.devices : [])
      .filter((d) => !d.revoked)
      .map((d) => ({ ...d, unit: "" })),
    ...(lent.kind === "ready" ? lent.value.devices : []).map((d) => ({
      ...d,
      label: `${d.label} (${d.unit_name})`,
    })),
  ].filter((d) => d.kind === kind);
  const none = own.kind === "ready" && lent.kind === "ready" && known.length === 0;
  const text = {
    computer: ["person_room_device", "person_room_device_none", "person_room_device_hint"],
    encoder: ["person_encoder", "person_encoder_none", "person_encoder_hint"],
    wall: ["person_wall", "person_wall_none", "person_wall_hint"],
  } as const;
  const [label, empty, hint] = text[kind];
  return (
    <Pick
      id={id}
      label={t(label)}
      hint={t(none ? empty : hint)}
      value={value}
      empty={t(kind === "encoder" ? "person_encoder_not" : "room_device_invited")}
      options={known.map((d) => ({ value: d.id, label: d.label }))}
      onChange={(id) => {
        onChange(id, known.find((d) => d.id === id)?.unit ?? "");
      }}
    />
  );
}
