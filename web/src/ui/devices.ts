// The devices during the self-test. The stream is stopped again unless it was
// handed over to the seat.
import { useCallback, useEffect, useRef, useState } from "react";
import { type DeviceChoice, type DeviceProblem, getDevices, stopStream } from "../core/devices";

export interface TestDevices {
  stream: MediaStream | null;
  problem: DeviceProblem | null;
  asking: boolean;
  list: MediaDeviceInfo[];
  /** the stream, or null when it could not be had (see problem) */
  ask: (choice?: DeviceChoice) => Promise<MediaStream | null>;
  /** the device id in use for a kind, "" when there is none */
  current: (kind: "videoinput" | "audioinput") => string;
  handOver: () => void;
}

export function useDevices(): TestDevices {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [problem, setProblem] = useState<DeviceProblem | null>(null);
  const [asking, setAsking] = useState(false);
  const [list, setList] = useState<MediaDeviceInfo[]>([]);
  const choice = useRef<DeviceChoice>({});
  const held = useRef<MediaStream | null>(null);

  useEffect(
    () => () => {
      if (held.current) stopStream(held.current);
      held.current = null;
    },
    [],
  );

  const ask = useCallback(async (wanted: DeviceChoice = {}): Promise<MediaStream | null> => {
    choice.current = { ...choice.current, ...wanted };
    setAsking(true);
    // Some systems open a device once only: the old one is given back first.
    if (held.current) stopStream(held.current);
    held.current = null;
    const media = navigator.mediaDevices as MediaDevices | undefined;
    const result = await getDevices(media, choice.current);
    setAsking(false);
    if (!result.ok) {
      setStream(null);
      setProblem(result.problem);
      return null;
    }
    held.current = result.stream;
    setStream(result.stream);
    setProblem(null);
    setList((await media?.enumerateDevices()) ?? []);
    return result.stream;
  }, []);

  const current = (kind: "videoinput" | "audioinput"): string => {
    const tracks = kind === "videoinput" ? stream?.getVideoTracks() : stream?.getAudioTracks();
    return tracks?.[0]?.getSettings().deviceId ?? "";
  };
  const handOver = (): void => {
    held.current = null;
  };
  return { stream, problem, asking, list, ask, current, handOver };
}
