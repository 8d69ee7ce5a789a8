// Passkeys: the server's options (WebAuthn's JSON form, base64url) to what the
// browser takes, and the browser's answer back (W3C WebAuthn level 3, 5.1.8–5.1.10).
// By hand: Firefox ESR of the courts' computers lacks parseCreationOptionsFromJSON.

/** fromB64 reads base64url, with or without padding. */
export function fromB64(text: string): ArrayBuffer {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const out = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; i++) out[i] = plain.charCodeAt(i);
  return out.buffer;
}

/** toB64 writes base64url without padding. */
export function toB64(bytes: ArrayBuffer): string {
  let plain = "";
  for (const b of new Uint8Array(bytes)) plain += String.fromCharCode(b);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

type Json = Record<string, unknown>;

function publicKeyOf(options: unknown): Json {
  const outer = options as { publicKey?: Json };
  return outer.publicKey ?? (options as Json);
}

function ids(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list ?? []) as { id: string }[]).map((c) => ({
    ...c,
    type: "public-key",
    id: fromB64(c.id),
  }));
}

/** creationOptions is what navigator.credentials.create takes, from the server's JSON. */
export function creationOptions(options: unknown): CredentialCreationOptions {
  const o = publicKeyOf(options);
  const user = o["user"] as { id: string };
  return {
    publicKey: {
      ...o,
      challenge: fromB64(o["challenge"] as string),
      user: { ...user, id: fromB64(user.id) },
      excludeCredentials: ids(o["excludeCredentials"]),
    } as unknown as PublicKeyCredentialCreationOptions,
  };
}

/** requestOptions is what navigator.credentials.get takes, from the server's JSON. */
export function requestOptions(options: unknown): CredentialRequestOptions {
  const o = publicKeyOf(options);
  return {
    publicKey: {
      ...o,
      challenge: fromB64(o["challenge"] as string),
      allowCredentials: ids(o["allowCredentials"]),
    },
  };
}

/** credentialJson is the browser's answer as the server reads it. */
export function credentialJson(credential: Credential): Json {
  const c = credential as PublicKeyCredential;
  const r = c.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const response: Json = { clientDataJSON: toB64(r.clientDataJSON) };
  if ("attestationObject" in r) {
    response["attestationObject"] = toB64(r.attestationObject);
    response["transports"] = typeof r.getTransports === "function" ? r.getTransports() : [];
  } else {
    const a = r as AuthenticatorAssertionResponse;
    response["authenticatorData"] = toB64(a.authenticatorData);
    response["signature"] = toB64(a.signature);
    if (a.userHandle) response["userHandle"] = toB64(a.userHandle);
  }
  return {
    id: c.id,
    rawId: toB64(c.rawId),
    type: c.type,
    authenticatorAttachment: c.authenticatorAttachment,
    clientExtensionResults: c.getClientExtensionResults(),
    response,
  };
}
