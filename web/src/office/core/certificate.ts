// A certificate file as the server reads it: PEM stays as it is, DER becomes PEM.

/** MAX_CERTIFICATE bounds the file in bytes; the server takes 64 KiB of JSON. */
export const MAX_CERTIFICATE = 32 * 1024;

/** pemOf reads a certificate file; null when it is too large or empty. */
export function pemOf(file: Uint8Array): string | null {
  if (file.length === 0 || file.length > MAX_CERTIFICATE) return null;
  const text = new TextDecoder("latin1").decode(file);
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(text);
  if (pem) return `${pem[0]}\n`;
  const lines = btoa(text).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
