// Whether this computer has an address that media can leave from. After a change of
// network a browser goes on with the addresses it knew for about two seconds (Chromium),
// and what it offers meanwhile leads nowhere.
import type { Clock } from "./clock";

const GATHER_WITHIN = 300;

/** hasAddress gathers candidates of pc's own computer, asks nobody and closes pc. */
export async function hasAddress(pc: RTCPeerConnection, clock: Clock): Promise<boolean> {
  let timer = 0;
  try {
    return await new Promise<boolean>((done, fail) => {
      pc.addEventListener("icecandidate", (e) => {
        // The end of the gathering has none, and none of TCP says that it could listen.
        if (e.candidate?.protocol === "udp") done(true);
        else if (!e.candidate) done(false);
      });
      timer = clock.setTimeout(() => {
        done(false);
      }, GATHER_WITHIN);
      pc.addTransceiver("audio", { direction: "recvonly" });
      pc.setLocalDescription().catch(fail);
    });
  } catch {
    return true; // it cannot be told; then it is tried
  } finally {
    clock.clearTimeout(timer);
    pc.close();
  }
}
