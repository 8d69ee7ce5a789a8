// A call for technical help: one press, and a sentence that it was heard.
import { useRoom, useSeat, useTexts } from "../context";
import { Act } from "./controls";
import css from "./Help.module.css";

/** Phone is the number to call when the screen is of no help. */
export function Phone() {
  const { phone } = useRoom();
  return <PhoneLine phone={phone} />;
}

/** PhoneLine is nothing where the court gives no number. */
export function PhoneLine({ phone }: { phone: string }) {
  const { t } = useTexts();
  if (phone === "") return null;
  return (
    <p className={css["phone"]} data-phone>
      {t("help_phone")} <a href={`tel:${phone.replace(/[^+\d]/g, "")}`}>{phone}</a>
    </p>
  );
}

interface HelpProps {
  large?: boolean;
  /** beside other buttons: the number appears with the answer to the call */
  short?: boolean;
  /** the number stands beside the button; pages of a frame have it at their top */
  phone?: boolean;
}

export function Help({ large = false, short = false, phone = short }: HelpProps) {
  const seat = useSeat();
  const { help } = useRoom();
  const { t } = useTexts();
  const said =
    help === "sending" ? t("help_sending") : help === "sent" ? t("help_sent") : t("help_failed");
  return (
    <div className={css["help"]} data-called={help === "none" ? undefined : true}>
      <Act large={large} isDisabled={help === "sending"} onPress={() => void seat.help()}>
        {t(short ? "help_short" : "help")}
      </Act>
      <p role="status" className={help === "failed" ? css["failed"] : css["said"]}>
        {help === "none" ? "" : said}
      </p>
      {phone && (!short || help !== "none") ? <Phone /> : null}
    </div>
  );
}
