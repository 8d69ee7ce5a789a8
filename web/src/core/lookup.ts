/** lookup reads a table of ours by a word from elsewhere; "constructor" is no entry of it. */
export function lookup<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
