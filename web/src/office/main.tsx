// Wiring of the officials' pages, which are a page of their own (office.html): the
// browser's own parts are handed over here.
import "../styles/tokens.css";
import { createRoot } from "react-dom/client";
import { browserClock } from "../core/clock";
import { installAria } from "../i18n/aria";
import { TextProvider } from "../ui/context";
import { office } from "./core/api";
import { httpClient } from "./core/client";
import { indexedPlace } from "./core/devicekey";
import { OfficeProvider } from "./ui/context";
import { OfficeApp } from "./ui/OfficeApp";

installAria(window);
const root = document.getElementById("root");
if (!root) throw new Error("office.html has no #root");
createRoot(root).render(
  <TextProvider>
    <OfficeProvider
      parts={{
        api: office(httpClient((input, init) => fetch(input, init))),
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
