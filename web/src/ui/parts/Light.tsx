import css from "./Light.module.css";

export type LightKind = "full" | "half" | "none" | "wait";

/** ● here, ◐ in part, ✕ lost, ○ not here yet: the shape says it as well as the word beside it. */
export function Light({ kind }: { kind: LightKind }) {
  return <span className={`${css["light"]} ${css[kind]}`} aria-hidden="true" />;
}
