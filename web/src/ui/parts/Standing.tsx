import { own, person } from "../../core/state";
import type { View } from "../../wire/phientoa/v1/phientoa_pb";
import { useTexts } from "../context";
import css from "./Standing.module.css";

/** Standing asks people to stand, large, for as long as it is meant (BLTTHS art. 256). */
export function Standing({ view }: { view: View }) {
  const { t, who, capacity } = useTexts();
  if (view.standing === "") return null;
  const me = own(view);
  const one = person(view, view.standing);
  const text =
    view.standing === "all"
      ? t("stand_all")
      : t("stand_you", {
          capacity: one ? (one.person === me?.person ? capacity(one.capacity) : who(one)) : "",
        });
  return (
    <p className={css["standing"]} role="status" data-testid="standing">
      {text}
    </p>
  );
}
