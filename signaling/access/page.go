package access

import (
	"fmt"
	"strings"
)

//go:generate go test -run ^TestPageIsUpToDate$ . -update

// Page is the reference page docs/access.md.
func Page() string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("\n| Route | Who | Fresh proof | Before the password is changed |\n|---|---|---|---|\n")
	for _, r := range Routes() {
		who := map[Audience]string{Anyone: "anybody", Official: "every official", Device: "room device"}[r.Audience]
		if r.Roles != nil {
			words := make([]string, len(r.Roles))
			for i, role := range r.Roles {
				words[i] = "`" + string(role) + "`"
			}
			who = strings.Join(words, ", ")
		}
		mark := map[bool]string{true: "yes", false: ""}
		fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", r.Method, r.Path, who, mark[r.StepUp],
			map[bool]string{true: "open", false: ""}[r.Unchanged || r.Audience == Anyone])
	}
	return b.String()
}

const intro = `# Access: who one is

How officials and room devices sign in, and how a court says who may. The table is generated from
` + "`signaling/access`" + ` and checked by its test; a test walks every role over every route.

- **Sessions.** A cookie (` + "`__Host-phientoa-office`" + `, of room devices ` + "`__Host-phientoa-device`" + `; Secure, HttpOnly,
  SameSite=Strict), 256 random bits of which the database has the SHA-256. It ends after 12 h, or after 1 h without
  use; a seat in a hearing in progress counts as use. In a hearing only the capacity counts: these cookies open no seat.
- **Password.** ` + "`POST …/signin {login, password}`" + ` → ` + "`204`" + `. argon2id, 64 MiB, 3 passes. Unknown login, wrong password
  and disabled account answer alike. A password set by somebody else opens nothing but ` + "`POST …/password {old, new}`" + `
  (12 to 128 characters), which ends every older session.
- **Passkey.** ` + "`POST …/passkey/begin`" + ` → WebAuthn's options and a short-lived cookie; the authenticator's answer goes to
  ` + "`…/passkey/finish`" + `. User verification is required. ` + "`…/passkeys/begin|finish`" + ` register one.
- **Certificate.** ` + "`POST …/certificate`" + ` over a TLS connection with a client certificate of the configured authorities.
  The account is the one for which the court registered this public key; names inside are not read. Lists of revoked
  certificates are not asked: the court revokes the credential.
- **Fresh proof.** ` + "`POST …/stepup {password}`" + `, or ` + "`…/stepup/begin`" + ` and ` + "`…/stepup {passkey}`" + `; holds for 5 minutes. Without it
  ` + "`403 step_up`" + `. Signing in is none.
- **Seats.** ` + "`POST …/seat {hearing, person, device}`" + ` gives the seat's cookie if the calendar names the account for exactly
  that seat. No role opens a seat. It ends with the session that it was entered from.
- **Room devices.** An operator makes a code of 8 digits (15 minutes); the device sends it with its public key
  (` + "`…/devices/enrol {code, public_key, label}`" + `: SubjectPublicKeyInfo of P-256 in base64). To sign in it asks
  ` + "`…/devices/challenge {device}`" + ` for a nonce (32 bytes in base64url, 1 minute) and sends
  ` + "`…/devices/signin {device, nonce, signature}`" + `: ECDSA with SHA-256 over the 32 bytes, r and s, in base64.
- **Revocation.** Disabling an account, a reset, other roles, a revoked passkey, certificate or device end all its
  sessions and the media of its seats; signing out those entered from that session.
- **Other systems** ask by tokens, which open nothing here and no seat ([API](api.md)).
- **Administrators** act in their own unit, never on their own account, and reach no hearing. What lies in another unit
  answers like what does not exist. Each act is an entry of a hash chain of its own; ` + "`phientoa account log`" + ` verifies it.

Refusals are problems (RFC 9457) as in [the protocol](protocol.md): ` + "`401 sign_in`" + `; ` + "`403 signin, forbidden, step_up," + `
must_change, own_account, no_certificate` + "`" + `; ` + "`404 not_found, not_offered`" + `; ` + "`409 conflict`" + `; ` + "`400 bad_message, weak_password`" + `;
` + "`429 auth.throttled`" + `; ` + "`503 busy`" + `.
`
