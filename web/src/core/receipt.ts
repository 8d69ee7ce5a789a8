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

/** keptReceipt is the note that is kept for the room; null: none, or it cannot be read. */
export function keptReceipt(storage: Storage, room: string): string | null {
  try {
    return storage.getItem(PREFIX + room);
  } catch {
    return null;
  }
}

/** The first line of the file; the verifier knows it by this (internal/ledger). */
const RECEIPT_HEAD = "BIÊN NHẬN BẢN GHI PHIÊN TÒA (phientoa receipt 1)";

/** receiptFile is what somebody saves: words what it is for, then the note as it is. */
export function receiptFile(words: string, note: string): string {
  return `${RECEIPT_HEAD}\n\n${words.trim()}\n---\n${note}`;
}
