import { person } from "../core/state";
import type { View } from "../wire/phientoa/v1/phientoa_pb";
import { useTexts } from "./context";

/**
 * useNames joins the names of people as inside a sentence; who is not known to the
 * reader is left out.
 */
export function useNames(view: View | null): (ids: readonly string[]) => string {
  const { who } = useTexts();
  return (ids) =>
    ids
      .flatMap((id) => {
        const p = person(view, id);
        return p ? [who(p)] : [];
      })
      .join(", ");
}
