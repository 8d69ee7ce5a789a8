// The receipt: the latest signed checkpoint of the hearing's evidence log, kept
// on this computer. Whoever later doubts the archive can lay it beside it.

const PREFIX = "phientoa.receipt.";
/** A checkpoint note is a few hundred bytes; anything larger is not one. */
export const MAX_NOTE = 16_384;

/** keepReceipt stores the note for the room; false when it cannot be kept. */
export function keepReceipt(storage: Storage, room: string, note: string): boolean {
  if (note.length === 0 || note.length > MAX_NOTE) return false;
  try {
    storage.setItem(PREFIX + room, note);
    return true;
  } catch {
    return false; // storage full or forbidden: the hearing does not depend on it
  }
}
