// React Aria has no Vietnamese dictionary. It reads one from the window when it
// is set before the first render; every package must be in it or components
// throw, so ours starts from the English one.
// The package types this module as a type only; it exports a plain object.
import * as enModule from "react-aria-components/i18n/en-US";

type Strings = Record<string, Record<string, unknown>>;

/** What a person can meet through a screen reader in the components that we use. */
const vi: Strings = {
  "@react-aria/overlays": { dismiss: "Đóng" },
  "react-aria-components": { selectPlaceholder: "Chọn một mục" },
};

export const english = (enModule as unknown as { default: Strings }).default;

/** ariaStrings is the English dictionary with our Vietnamese laid over known keys. */
export function ariaStrings(base: Strings = english): Strings {
  const out: Strings = {};
  for (const [pack, strings] of Object.entries(base)) {
    const ours = Object.entries(vi[pack] ?? {}).filter(([key]) => key in strings);
    out[pack] = { ...strings, ...Object.fromEntries(ours) };
  }
  return out;
}

export function installAria(w: Window): void {
  const slots = w as unknown as Record<symbol, unknown>;
  slots[Symbol.for("react-aria.i18n.locale")] = "vi-VN";
  slots[Symbol.for("react-aria.i18n.strings")] = ariaStrings();
}
