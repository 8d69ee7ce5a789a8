// The three ways to prove who one is.
import type { Office } from "../core/api";
import { Refused } from "../core/client";
import { creationOptions, credentialJson, requestOptions } from "../core/webauthn";

const noPasskey = {
  code: "client_no_passkey",
  vi: "Chưa dùng được khóa bảo mật trên máy này. Vui lòng thử lại hoặc dùng mật khẩu.",
  en: "The passkey could not be used on this computer. Please try again or use the password.",
};

/** byPasskey signs in with whatever passkey the official chooses. */
export async function byPasskey(
  api: Office,
  keys: CredentialsContainer | undefined,
): Promise<void> {
  const options = requestOptions(await api.passkeyBegin());
  const credential = await asked(() => keys?.get(options));
  await api.passkeyFinish(credentialJson(credential));
}

/** stepUpByPasskey proves afresh who is signed in. */
export async function stepUpByPasskey(
  api: Office,
  keys: CredentialsContainer | undefined,
): Promise<void> {
  const options = requestOptions(await api.stepUpBegin());
  const credential = await asked(() => keys?.get(options));
  await api.stepUpByPasskey(credentialJson(credential));
}

/** addPasskey makes a passkey on this computer and registers it under a label. */
export async function addPasskey(
  api: Office,
  keys: CredentialsContainer | undefined,
  label: string,
): Promise<void> {
  const options = creationOptions(await api.addPasskeyBegin());
  const credential = await asked(() => keys?.create(options));
  await api.addPasskeyFinish(credentialJson(credential), label);
}

/** The browser's own reasons (cancelled, no device, not allowed) become one sentence. */
async function asked(ask: () => Promise<Credential | null> | undefined): Promise<Credential> {
  try {
    const credential = await ask();
    if (credential) return credential;
  } catch {
    // Cancelled by the official, or refused by the browser: the same sentence.
  }
  throw new Refused(noPasskey, 0);
}
