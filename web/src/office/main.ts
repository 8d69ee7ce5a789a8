// The officials' pages are a page of their own (office.html). This first part is small:
// it asks the server and lets the rest come (vite.config.ts has the browser fetch both
// at once).
import { browserClock } from "../core/clock";
import { office } from "./core/api";
import { httpClient } from "./core/client";
import { early } from "./core/early";

const api = office(httpClient((input, init) => fetch(input, init)));
const asked = early(api, location.pathname, browserClock.now());
void import("./start").then(({ start }) => {
  start(asked);
});
