// A QR code as the server gives it (rows of "1" and "0") as a path of one unit a module. Pure.

/** QUIET is the free border in modules, without which no camera finds the code (ISO/IEC 18004, 6.3.8). */
export const QUIET = 4;

/** path draws each run of dark modules of a row as one rectangle. */
export function path(rows: readonly string[]): string {
  return rows
    .flatMap((row, y) =>
      [...row.matchAll(/1+/g)].map((m) => `M${m.index} ${y}h${m[0].length}v1h-${m[0].length}z`),
    )
    .join("");
}
