import { type RefObject, useEffect, useRef, useState } from "react";
import { fromMicros } from "../core/clock";
import { useRoom, useSeat } from "./context";

/** useNow is the server's time in milliseconds, renewed every second. */
export function useNow(): number {
  const { offset } = useRoom();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const id = setInterval(() => {
      setNow(Date.now());
    }, 1000);
    return () => {
      clearInterval(id);
    };
  }, []);
  return now + offset;
}

/** useSince is the time since a wire timestamp in milliseconds, 0 when it is not set. */
export function useSince(us: bigint): number {
  const now = useNow();
  return us === 0n ? 0 : Math.max(0, now - fromMicros(us));
}

/** useTrack shows a track in a video or audio element for as long as both live. */
export function useTrack<E extends HTMLMediaElement>(
  track: MediaStreamTrack | undefined,
): RefObject<E | null> {
  const ref = useRef<E>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element || !track) return undefined;
    element.srcObject = new MediaStream([track]);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return ref;
}

/** A picture in which small print is read is asked for whole, however small it is shown. */
const WHOLE = { width: 3840, height: 2160 };

/** useHint tells the server how large an element shows a section. */
export function useHint(
  ref: RefObject<HTMLElement | null>,
  mid: string | undefined,
  whole = false,
): void {
  const { hints } = useSeat();
  useEffect(() => {
    const element = ref.current;
    if (!element || mid === undefined) return undefined;
    const observer = new ResizeObserver(() => {
      const { width, height } = element.getBoundingClientRect();
      hints.set(element, mid, whole ? WHOLE : { width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      hints.remove(element);
    };
  }, [ref, mid, hints, whole]);
}
