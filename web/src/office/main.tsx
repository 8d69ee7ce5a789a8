// Wiring of the officials' pages: the browser's own parts are handed over here.
import { createRoot } from "react-dom/client";
import { browserClock } from "../core/clock";
import { TextProvider } from "../ui/context";
import { office } from "./core/api";
import { httpClient } from "./core/client";
import { indexedPlace } from "./core/devicekey";
import { OfficeProvider } from "./ui/context";
import { OfficeApp } from "./ui/OfficeApp";

export function show(root: Element): void {
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
}
