// Layer hints: how large each section is shown, told to the server when it changes.
import { create } from "@bufbuild/protobuf";
import { LayerHintSchema, LayerHintsSchema } from "../wire/phientoa/v1/phientoa_pb";
import type { Clock } from "./clock";
import type { Body } from "./signaling";

/** Sizes settle for so long before they are told: dragging a window is not news. */
const SETTLE = 250;

export interface Size {
  width: number;
  height: number;
}

export interface HintsParams {
  clock: Clock;
  send(body: Body): boolean;
  /** device pixel ratio at this moment */
  ratio(): number;
  /** mids of the video sections, so that hidden ones are told as 0 x 0 */
  mids(): string[];
}

export class Hints {
  private readonly p: HintsParams;
  /** element -> what it shows and how large, CSS pixels */
  private readonly shown = new Map<object, { mid: string; size: Size }>();
  private told = new Map<string, string>();
  private timer = 0;

  constructor(p: HintsParams) {
    this.p = p;
  }

  set(element: object, mid: string, size: Size): void {
    this.shown.set(element, { mid, size });
    this.soon();
  }

  remove(element: object): void {
    if (this.shown.delete(element)) this.soon();
  }

  /** everything is told again, to a server that has forgotten */
  renew(): void {
    this.told.clear();
    this.soon();
  }

  stop(): void {
    this.p.clock.clearTimeout(this.timer);
    this.timer = 0;
  }

  private soon(): void {
    if (this.timer !== 0) return;
    this.timer = this.p.clock.setTimeout(() => {
      this.timer = 0;
      this.flush();
    }, SETTLE);
  }

  private flush(): void {
    const ratio = this.p.ratio();
    const largest = new Map<string, Size>(this.p.mids().map((m) => [m, { width: 0, height: 0 }]));
    for (const { mid, size } of this.shown.values()) {
      const now = largest.get(mid);
      if (!now || size.width * size.height <= now.width * now.height) continue;
      largest.set(mid, size);
    }
    const changed = [...largest].flatMap(([mid, s]) => {
      const width = Math.round(s.width * ratio);
      const height = Math.round(s.height * ratio);
      if (this.told.get(mid) === `${width}x${height}`) return [];
      return [create(LayerHintSchema, { mid, width, height })];
    });
    if (changed.length === 0) return;
    const sent = this.p.send({
      case: "layerHints",
      value: create(LayerHintsSchema, { hints: changed }),
    });
    if (sent) for (const h of changed) this.told.set(h.mid, `${h.width}x${h.height}`);
  }
}
