// Looking again at what runs at the server.
import { useEffect, useRef } from "react";
import { Poll } from "../../core/poll";
import { useOffice } from "../context";

/** useFollow asks again and again while something runs at the server. */
export function useFollow(running: boolean, again: () => void): void {
  const { clock: time, random } = useOffice();
  const ask = useRef(again);
  useEffect(() => {
    ask.current = again;
  });
  useEffect(() => {
    if (!running) return undefined;
    let first = true;
    const poll = new Poll({
      clock: time,
      random,
      ask: () => {
        // The answer that showed it is fresh.
        if (!first) ask.current();
        first = false;
        return Promise.resolve();
      },
    });
    poll.start();
    return () => {
      poll.stop();
    };
  }, [running, time, random]);
}
