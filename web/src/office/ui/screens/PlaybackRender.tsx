// The MP4 of a part, made when somebody asks: for where this player is not.
import { useEffect, useState } from "react";
import type { OfficeKey } from "../../../i18n/vi.office";
import { Act } from "../../../ui/parts/controls";
import type { Rendering } from "../../core/api";
import { asRefused, type Refused } from "../../core/client";
import { useOffice, useOfficeTexts } from "../context";
import { Box, Trouble } from "../parts/page";

/** How often a rendering that is under way is asked about, in milliseconds. */
const EVERY = 3000;

const words: Record<Exclude<Rendering["state"], "running">, OfficeKey> = {
  none: "play_render_none",
  waiting: "play_render_waiting",
  ready: "play_render_ready",
  failed: "play_render_failed",
  no_room: "play_render_no_room",
};

export function RenderBox({ id, part }: { id: string; part: number }) {
  const { t } = useOfficeTexts();
  const { api, run } = useOffice();
  const [now, setNow] = useState<Rendering | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const busy = now === null || now.state === "waiting" || now.state === "running";
  useEffect(() => {
    if (!busy) return undefined;
    let current = true;
    const ask = (): void => {
      api.rendering(id, part).then(
        (r) => {
          if (current) setNow(r);
        },
        () => undefined, // the next round asks again
      );
    };
    ask();
    const timer = setInterval(ask, EVERY);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [api, id, part, busy]);
  const make = async (): Promise<void> => {
    setRefused(null);
    try {
      setNow(await run(() => api.render(id, part)));
    } catch (e) {
      setRefused(asRefused(e));
    }
  };
  if (!now) return null;
  const share = Math.floor(now.share * 100);
  return (
    <Box title={t("play_render")}>
      <p>{t("play_render_about")}</p>
      <p role="status">
        {now.state === "running" ? t("play_render_running", { n: share }) : t(words[now.state])}
      </p>
      <Trouble refused={refused} />
      {now.state === "ready" && now.download ? (
        <p>
          <a href={api.renderedAt(id, part)} download>
            {t("play_render_download")}
          </a>
        </p>
      ) : null}
      {now.state === "ready" ? null : (
        <div>
          <Act isDisabled={busy} onPress={() => void make()}>
            {t("play_render_make")}
          </Act>
        </div>
      )}
    </Box>
  );
}
