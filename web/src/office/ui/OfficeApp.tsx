// The officials' pages: which one follows from who is signed in and the address.
import { lazy, Suspense, useCallback, useState } from "react";
import { Act } from "../../ui/parts/controls";
import { home } from "../core/places";
import { useMe, useOffice, useOfficeTexts } from "./context";
import { NotesProvider } from "./notes";
import { Page, Trouble } from "./parts/page";
import { Gate, Link, Shell } from "./parts/Shell";
import { Account } from "./screens/Account";
import { Accounts } from "./screens/Accounts";
import { ArchivePage } from "./screens/ArchivePage";
import { ArchiveRequests } from "./screens/ArchiveRequests";
import { Archives } from "./screens/Archives";
import { Booking } from "./screens/Booking";
import { Calendar } from "./screens/Calendar";
import { CoveragePage } from "./screens/Coverage";
import { Delegations } from "./screens/Delegations";
import { Devices } from "./screens/Devices";
import { HearingPage } from "./screens/HearingPage";
import { MinutesPage } from "./screens/MinutesPage";
import { NotesPage } from "./screens/Notes";
import { ChangePassword, OfficialSignIn } from "./screens/OfficialSignIn";
import { Operations } from "./screens/Operations";
import { Oversight } from "./screens/Oversight";
import { ProofDialog } from "./screens/ProofDialog";
import { RoomDevicePage } from "./screens/RoomDevicePage";

// Few look at recordings, and the player is large.
const Playback = lazy(() => import("./screens/Playback"));
const Verify = lazy(() => import("./screens/Verify"));

export function OfficeApp() {
  const { session, renew, route } = useOffice();
  const { t } = useOfficeTexts();
  if (route.page === "room_device") return <RoomDevicePage />;
  switch (session.kind) {
    case "loading":
      return (
        <Gate>
          <Page title={t("office_title")}>
            <p role="status">{t("office_loading")}</p>
          </Page>
        </Gate>
      );
    case "unreachable":
      return (
        <Gate>
          <Page title={t("office_title")}>
            <Trouble refused={session.refused} title={t("not_loaded")} />
            <div>
              <Act onPress={() => void renew()}>{t("reload")}</Act>
            </div>
          </Page>
        </Gate>
      );
    case "signed_out":
      return route.page === "minutes" ? <SeatMinutes id={route.id} /> : <OfficialSignIn />;
    case "signed_in":
      if (session.me.must_change) return <ChangePassword />;
      return (
        <NotesProvider key={session.me.account}>
          <Shell dark={route.page === "operations" || route.page === "oversight"}>
            <Screen />
          </Shell>
          <ProofDialog />
        </NotesProvider>
      );
  }
}

/** SeatMinutes serves who holds a seat of the hearing and has no account; others sign in. */
function SeatMinutes({ id }: { id: string }) {
  const [nobody, setNobody] = useState(false);
  const turnAway = useCallback((): void => {
    setNobody(true);
  }, []);
  if (nobody) return <OfficialSignIn />;
  return (
    <Gate>
      <MinutesPage key={id} id={id} onNobody={turnAway} />
    </Gate>
  );
}

function Screen() {
  const { route } = useOffice();
  const { roles } = useMe();
  // Who has no calendar begins at the first page that is theirs.
  const page = route.page === "calendar" ? home(roles) : route.page;
  switch (page) {
    case "calendar":
      return <Calendar day={route.page === "calendar" ? route.day : undefined} />;
    case "book":
      return <Booking />;
    case "hearing":
      return route.page === "hearing" ? <HearingPage key={route.id} id={route.id} /> : null;
    case "minutes":
      return route.page === "minutes" ? <MinutesPage key={route.id} id={route.id} /> : null;
    case "playback":
      return route.page === "playback" ? (
        <Suspense fallback={<Waiting />}>
          <Playback key={`${route.id} ${route.part}`} id={route.id} part={route.part} />
        </Suspense>
      ) : null;
    case "operations":
      return <Operations />;
    case "oversight":
      return <Oversight />;
    case "coverage":
      return <CoveragePage day={route.page === "coverage" ? route.day : undefined} />;
    case "notes":
      return <NotesPage />;
    case "delegations":
      return <Delegations />;
    case "archives":
      return <Archives />;
    case "archive":
      return route.page === "archive" ? <ArchivePage key={route.id} id={route.id} /> : null;
    case "archive_requests":
      return <ArchiveRequests />;
    case "accounts":
      return <Accounts />;
    case "devices":
      return <Devices />;
    case "account":
      return <Account />;
    case "verify":
      return (
        <Suspense fallback={<Waiting />}>
          <Verify />
        </Suspense>
      );
    case "room_device":
    case "unknown":
      return <Unknown />;
  }
}

function Waiting() {
  const { t } = useOfficeTexts();
  return <p role="status">{t("office_loading")}</p>;
}

function Unknown() {
  const { t } = useOfficeTexts();
  return (
    <Page title={t("unknown_title")}>
      <p>{t("unknown_text")}</p>
      <p>
        <Link to={{ page: "calendar" }}>{t("nav_calendar")}</Link>
      </p>
    </Page>
  );
}
