// The state of the page that checks a file: the program is fetched when the page
// opens, so that the check itself needs no network.
import { useCallback, useEffect, useRef, useState } from "react";
import type { FromWorker, Line, ToWorker, Verdict } from "./check";

export type State =
  | { kind: "idle"; note?: "cancelled" | "failed" }
  | { kind: "running"; done: number }
  | { kind: "answer"; verdict: Verdict; at: Date };

/** useCheck runs one check at a time in a worker that begin makes; a cancelled one is ended with it. */
export function useCheck(begin: () => Line) {
  // The worker of which round has its program, or could not get it.
  const [program, setProgram] = useState<{ round: number; ready: boolean } | null>(null);
  const [round, setRound] = useState(0);
  const [state, setState] = useState<State>({ kind: "idle" });
  const line = useRef<Line | null>(null);

  const abandon = useCallback((note: "cancelled" | "failed"): void => {
    setState({ kind: "idle", note });
    setRound((n) => n + 1);
  }, []);

  useEffect(() => {
    const worker = begin();
    line.current = worker;
    worker.onerror = (e) => {
      e.preventDefault();
      setProgram({ round, ready: false });
    };
    worker.onmessage = ({ data }: { data: FromWorker }) => {
      switch (data.kind) {
        case "ready":
        case "broken":
          setProgram({ round, ready: data.kind === "ready" });
          break;
        case "progress":
          setState({ kind: "running", done: data.done });
          break;
        case "answer":
          setState({ kind: "answer", verdict: JSON.parse(data.json) as Verdict, at: new Date() });
          break;
        case "failed":
          abandon("failed"); // and what has failed is not asked again
          break;
      }
    };
    return () => {
      worker.terminate();
    };
  }, [begin, round, abandon]);

  const start = useCallback((m: ToWorker): void => {
    setState({ kind: "running", done: 0 });
    line.current?.postMessage(m);
  }, []);
  const cancel = useCallback((): void => {
    abandon("cancelled");
  }, [abandon]);
  const again = useCallback((): void => {
    setState({ kind: "idle" });
  }, []);
  let now: "preparing" | "ready" | "broken" = "preparing";
  if (program?.round === round) now = program.ready ? "ready" : "broken";
  return { program: now, state, start, cancel, again };
}
