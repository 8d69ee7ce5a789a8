// A store in the shape that useSyncExternalStore asks for.
import { type Change, initialState, reduce, type State } from "./state";

export class Store {
  private state: State = initialState;
  private readonly listeners = new Set<() => void>();

  readonly get = (): State => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  apply(c: Change): void {
    const next = reduce(this.state, c);
    if (next === this.state) return;
    this.state = next;
    for (const l of this.listeners) l();
  }
}
