// The application: the screen follows from the state, nothing else.
import { isOver } from "../core/api";
import { type Screen, screenOf } from "../core/state";
import type { View } from "../wire/phientoa/v1/phientoa_pb";
import { Asks } from "./ask";
import { useRoom, useTexts } from "./context";
import { Act } from "./parts/controls";
import { CallCourt, Notice } from "./parts/Frame";
import { Desk } from "./screens/Desk";
import { Officer } from "./screens/Officer";
import { Party } from "./screens/Party";
import { Ended, Isolation, SeatTaken, Suspended, Waiting } from "./screens/Places";
import { Consult, Deliberation, IdentityCheck } from "./screens/Rooms";
import { Rules } from "./screens/Rules";
import { SelfTest } from "./screens/SelfTest";
import { SignIn } from "./screens/SignIn";
import { Viewer } from "./screens/Viewer";
import { Wall } from "./screens/Wall";

export function App() {
  const s = useRoom();
  const screen = screenOf(s);
  // A question belongs to the screen that asked it.
  return (
    <Asks key={screen}>
      <Page screen={screen} view={s.view} />
    </Asks>
  );
}

function Page({ screen, view }: { screen: Screen; view: View | null }) {
  const s = useRoom();
  const { t } = useTexts();
  switch (screen) {
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
      return <Waiting view={view} />;
    case "isolation":
      return <Isolation />;
    case "removed":
      return (
        <Notice title={t("removed_title")} text={t("removed_text")}>
          <CallCourt />
        </Notice>
      );
    case "seat_taken":
      return <SeatTaken />;
    case "ended":
      return <Goodbye />;
    default:
      break;
  }
  if (!view) return null;
  switch (screen) {
    case "closed":
    case "cancelled":
    case "adjourned":
      return <Ended view={view} state={screen} />;
    case "suspended":
      return <Suspended view={view} />;
    case "consult":
      return <Consult view={view} />;
    case "identity":
      return <IdentityCheck />;
    case "deliberation":
      return <Deliberation view={view} />;
    case "desk":
      return <Desk view={view} />;
    case "officer":
      return <Officer view={view} />;
    case "viewer":
      return <Viewer view={view} />;
    case "wall":
      return <Wall view={view} />;
    case "party":
      return <Party view={view} />;
  }
}

/** The server said goodbye for good, and why. */
function Goodbye() {
  const { ended } = useRoom();
  const { t, pick } = useTexts();
  return (
    <Notice title={t("ended_title")} {...(ended ? { text: pick(ended) } : {})}>
      <CallCourt />
      {ended && isOver(ended) ? null : (
        <div>
          <Act
            onPress={() => {
              window.location.reload();
            }}
          >
            {t("reload")}
          </Act>
        </div>
      )}
    </Notice>
  );
}
