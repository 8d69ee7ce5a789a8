// The application: the screen follows from the state, nothing else.
import { screenOf } from "../core/state";
import { useRoom, useSeat, useTexts } from "./context";
import { Alerts } from "./parts/Alerts";
import { Act } from "./parts/controls";
import { Notice } from "./parts/Frame";
import { Desk } from "./screens/Desk";
import { Party } from "./screens/Party";
import { Rules } from "./screens/Rules";
import { SelfTest } from "./screens/SelfTest";
import { SignIn } from "./screens/SignIn";

export function App() {
  const s = useRoom();
  const { t, pick } = useTexts();
  switch (screenOf(s)) {
    case "loading":
      return <Notice title={t("loading")} />;
    case "sign_in":
      return <SignIn phase={s.phase} />;
    case "self_test":
      return <SelfTest />;
    case "connecting":
      return (
        <Notice
          title={t(s.link === "reconnecting" ? "lost_title" : "connecting_title")}
          text={t(s.link === "reconnecting" ? "lost_text" : "connecting_text")}
        />
      );
    case "rules":
      return <Rules />;
    case "waiting":
      return (
        <Notice title={t("wait")} text={t("wait_more")}>
          <Alerts />
        </Notice>
      );
    case "removed":
      return <Notice title={t("removed_title")} text={t("removed_text")} />;
    case "closed":
      return <ClosedScreen />;
    case "ended":
      return (
        <Notice title={t("ended_title")} {...(s.ended ? { text: pick(s.ended) } : {})}>
          <div>
            <Act
              onPress={() => {
                window.location.reload();
              }}
            >
              {t("reload")}
            </Act>
          </div>
        </Notice>
      );
    case "desk":
      return s.view ? <Desk view={s.view} /> : null;
    case "party":
      return s.view ? <Party view={s.view} /> : null;
  }
}

function ClosedScreen() {
  const s = useRoom();
  const seat = useSeat();
  const { t } = useTexts();
  return (
    <Notice title={t("closed_title")} text={t("closed_text")}>
      {s.receipt ? <p>{t("closed_receipt")}</p> : null}
      <div>
        <Act onPress={() => void seat.signOut()}>{t("sign_out")}</Act>
      </div>
    </Notice>
  );
}
