// What a browser says of itself, in the few words by which its holder knows it again.
// Pure; a guess, shown as one: such words can say anything.

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, "Edge"],
  [/\bCoc_Coc_Browser\/|\bcoc_coc/i, "Cốc Cốc"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bChrome\/|\bCriOS\/|\bChromium\//, "Chrome"],
  [/\bVersion\/.*\bSafari\//, "Safari"],
];
const systems: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, "Android"],
  [/\b(iPhone|iPad)\b/, "iOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

const first = (agent: string, list: typeof browsers): string =>
  list.find(([mark]) => mark.test(agent))?.[1] ?? "";

/** machineOf names browser and system, "" where nothing is known. */
export function machineOf(agent: string): string {
  return [first(agent, browsers), first(agent, systems)].filter((s) => s !== "").join(", ");
}
