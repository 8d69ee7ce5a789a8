// A call for technical help: one press, and a sentence that it was heard.
import { useRoom, useSeat, useTexts } from "../context";
import { Act } from "./controls";
import css from "./Help.module.css";

export function Help({ large = false, short = false }: { large?: boolean; short?: boolean }) {
  const seat = useSeat();
  const { help } = useRoom();
  const { t } = useTexts();
  const said =
    help === "sending" ? t("help_sending") : help === "sent" ? t("help_sent") : t("help_failed");
  return (
    <div className={css["help"]}>
      <Act large={large} isDisabled={help === "sending"} onPress={() => void seat.help()}>
        {t(short ? "help_short" : "help")}
      </Act>
      <p role="status" className={help === "failed" ? css["failed"] : css["said"]}>
        {help === "none" ? "" : said}
      </p>
    </div>
  );
}
