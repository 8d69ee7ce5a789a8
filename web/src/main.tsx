// Wiring of the room: the browser's own parts are handed to the seat here and nowhere else.
import "./styles/tokens.css";
import { createRoot } from "react-dom/client";
import { httpApi, takeInvitation } from "./core/api";
import { browserClock } from "./core/clock";
import { getDevices } from "./core/devices";
import { isMarked, returnWhenOver } from "./core/roomreturn";
import { Seat } from "./core/seat";
import { type Socket, SUBPROTOCOL } from "./core/signaling";
import type { SectionView } from "./core/state";
import { storedLanguage } from "./i18n";
import { installAria } from "./i18n/aria";
import { ROOM_DEVICE, ROOM_DEVICE_FLAG } from "./office/where";
import { App } from "./ui/App";
import { Providers } from "./ui/context";
import type { View } from "./wire/phientoa/v1/phientoa_pb";

declare global {
  interface Window {
    /** For tests of the running application: reads, never writes. */
    __phientoa?: {
      pc(): RTCPeerConnection | null;
      view(): View | null;
      sections(): readonly SectionView[];
    };
  }
}

function connect(): Socket {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}/ws`, SUBPROTOCOL) as Socket;
}

// The token leaves the address before anything else happens.
const token = takeInvitation(location, history);
installAria(window);

const seat = new Seat({
  api: httpApi((input, init) => fetch(input, init)),
  clock: browserClock,
  random: () => Math.random(),
  newId: () => crypto.randomUUID(),
  connect,
  // One bundle, one port: the server demultiplexes everything on it (RFC 7983).
  newPeerConnection: (iceServers) =>
    new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require", iceServers }),
  getDevices: () => getDevices(navigator.mediaDevices),
  language: () => storedLanguage(localStorage),
  storage: localStorage,
  pixelRatio: () => window.devicePixelRatio,
});

// An invitation opened in this very window changes the fragment and nothing else.
window.addEventListener("hashchange", () => {
  if (location.hash.startsWith("#i=")) location.reload();
});
window.addEventListener("online", () => {
  seat.online();
});
window.__phientoa = Object.freeze({
  pc: () => seat.connection(),
  view: () => seat.store.get().view,
  sections: () => seat.store.get().sections,
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <Providers seat={seat}>
    <App />
  </Providers>,
);
if (isMarked(() => sessionStorage, ROOM_DEVICE_FLAG)) {
  returnWhenOver(seat.store, browserClock, () => {
    location.assign(ROOM_DEVICE);
  });
}
void seat.begin(token);
