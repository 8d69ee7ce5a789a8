// A courtroom's computer goes back to its waiting page when its hearing is over.
import { HearingState } from "../wire/phientoa/v1/phientoa_pb";
import type { Clock } from "./clock";
import type { State } from "./state";

/** AFTER is how long the last screen of a hearing stays, in milliseconds. */
const AFTER = 30_000;

const over: readonly HearingState[] = [
  HearingState.CLOSED,
  HearingState.SUSPENDED,
  HearingState.ADJOURNED,
  HearingState.CANCELLED,
];

/** isOver tells whether nothing more will happen on this screen. A server that cannot be reached is not that. */
export function isOver(s: State): boolean {
  if (s.phase.kind === "signed_out") return s.phase.problem === null;
  return s.view !== null && over.includes(s.view.state);
}

/** isMarked tells whether this tab is a courtroom's computer; a browser without storage is none. */
export function isMarked(storage: () => Storage, mark: string): boolean {
  try {
    return storage().getItem(mark) !== null;
  } catch {
    return false;
  }
}

interface Follows {
  get(): State;
  subscribe(listener: () => void): () => void;
}

/** returnWhenOver calls leave once the hearing has been over for AFTER without a break. */
export function returnWhenOver(store: Follows, clock: Clock, leave: () => void): () => void {
  let timer: number | null = null;
  const look = (): void => {
    const ended = isOver(store.get());
    if (ended && timer === null) timer = clock.setTimeout(leave, AFTER);
    if (!ended && timer !== null) {
      clock.clearTimeout(timer);
      timer = null;
    }
  };
  look();
  return store.subscribe(look);
}
