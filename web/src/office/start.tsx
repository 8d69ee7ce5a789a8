// The officials' pages themselves, once their script is here; main.ts has asked the
// first questions by then.
import "../styles/tokens.css";
import { createRoot } from "react-dom/client";
import { browserClock } from "../core/clock";
import { installAria } from "../i18n/aria";
import { TextProvider } from "../ui/context";
import type { Office } from "./core/api";
import { indexedPlace } from "./core/devicekey";
import { OfficeProvider } from "./ui/context";
import { OfficeApp } from "./ui/OfficeApp";

/** start draws the pages into the document. */
export function start(api: Office): void {
  installAria(window);
  const root = document.getElementById("root");
  if (!root) throw new Error("office.html has no #root");
  createRoot(root).render(
    <TextProvider>
      <OfficeProvider
        parts={{
          api,
          clock: browserClock,
          random: () => Math.random(),
          newId: () => crypto.randomUUID(),
          storage: sessionStorage,
          keys: indexedPlace(indexedDB),
          crypto,
          credentials: navigator.credentials,
          leave: (path) => {
            location.assign(path);
          },
        }}
      >
        <OfficeApp />
      </OfficeProvider>
    </TextProvider>,
  );
}
