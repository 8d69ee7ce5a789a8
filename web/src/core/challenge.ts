// The spoken challenge of an identity check: a recording made beforehand cannot
// know it.

/** challenge is four digits, each said alone, from random in [0, 1). */
export function challenge(random: () => number): string {
  return Array.from({ length: 4 }, () => Math.min(9, Math.floor(random() * 10))).join(" ");
}
