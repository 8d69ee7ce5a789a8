import type { Seat } from "./seat.ts";

/** The switch of a page's control line (its WebSocket). */
interface Line {
  cut(): void;
  mend(): void;
}

declare global {
  interface Window {
    __line: Line;
  }
}

/**
 * installLine runs in the page before the application: its WebSockets can be taken
 * away, and new ones fail until the line is mended. Media do not notice.
 */
export function installLine(): void {
  const Native = window.WebSocket;
  const open = new Set<WebSocket>();
  let off = false;
  class Switched extends Native {
    constructor(url: string | URL, protocols?: string | string[]) {
      // Port 9 (discard) takes nothing here: a connection is refused at once.
      super(off ? "ws://127.0.0.1:9/" : url, protocols);
      open.add(this);
      this.addEventListener("close", () => open.delete(this));
    }
  }
  window.WebSocket = Switched;
  window.__line = {
    cut() {
      off = true;
      for (const socket of open) socket.close();
    },
    mend() {
      off = false;
      window.dispatchEvent(new Event("online"));
    },
  };
}

/** cut takes a seat's control line away; the seat was opened with `line`. */
export async function cut(seat: Seat): Promise<void> {
  await seat.page.evaluate(() => window.__line.cut());
}

/** mend gives it back. */
export async function mend(seat: Seat): Promise<void> {
  await seat.page.evaluate(() => window.__line.mend());
}
