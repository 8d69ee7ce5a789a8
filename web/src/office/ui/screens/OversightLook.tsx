// Beside the large picture: who represents the procuracy there, how the points are
// connected, and whose camera is to be seen.
import { useEffect, useState } from "react";
import type { LookCamera, OversightLook } from "../../core/api";
import { Poll } from "../../core/poll";
import { useOffice, useOfficeTexts } from "../context";
import { Pick } from "../parts/fields";
import css from "./Oversight.module.css";
import { Lights } from "./PointLights";

/** useLook asks every few seconds, as the hearing may go on to somebody else. */
function useLook(hearing: string): OversightLook | null {
  const { api, run, clock, random } = useOffice();
  const [look, setLook] = useState<OversightLook | null>(null);
  useEffect(() => {
    const p = new Poll({
      clock,
      random,
      ask: async () => {
        setLook(await run(() => api.look(hearing)));
      },
    });
    p.start();
    return () => {
      p.stop();
    };
  }, [api, run, clock, random, hearing]);
  return look;
}

export function Look(p: { hearing: string; camera: string; onCamera: (camera: string) => void }) {
  const { t, capacity } = useOfficeTexts();
  const look = useLook(p.hearing);
  if (!look) return null;
  const label = (c: LookCamera): string =>
    [c.point, c.capacity ? capacity(c.capacity) : ""].filter(Boolean).join(" · ") ||
    t("oversight_camera_other");
  return (
    <div className={css["look"]}>
      {look.cameras.length > 1 ? (
        <Pick
          id={`camera-${p.hearing}`}
          label={t("oversight_camera")}
          value={p.camera}
          options={[
            { value: "", label: t("oversight_camera_floor") },
            ...look.cameras.map((c) => ({ value: c.camera, label: label(c) })),
          ]}
          onChange={p.onCamera}
        />
      ) : null}
      {look.procurators.length > 0 ? (
        <p>{t("oversight_procurator", { names: look.procurators.join(", ") })}</p>
      ) : null}
      <Lights points={look.points} />
    </div>
  );
}
