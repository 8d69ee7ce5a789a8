// What every form of the office does: look whether all is there, ask once, say why not.
import { useState } from "react";
import { asRefused, type Refused } from "../../core/client";
import { useOffice } from "../context";

/**
 * useAct makes the call once everything needed is there. After a call that went well it
 * stays busy: the form goes. final is called after a refusal that trying again won't change.
 */
export function useAct(
  call: () => Promise<unknown>,
  ready: boolean,
  final?: () => void,
): { act: () => void; tried: boolean; busy: boolean; refused: Refused | null } {
  const { run } = useOffice();
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const go = async (): Promise<void> => {
    setTried(true);
    if (!ready || busy) return;
    setBusy(true);
    setRefused(null);
    try {
      await run(call);
    } catch (e) {
      const why = asRefused(e);
      if (why.status >= 400 && why.status < 500) final?.();
      setRefused(why);
      setBusy(false);
    }
  };
  return { act: () => void go(), tried, busy, refused };
}
