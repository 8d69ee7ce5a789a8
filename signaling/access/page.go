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

How officials and room devices sign in, and how a court says who may. The table, and the description for machines
[` + "`" + `openapi-access.json` + "`" + `](openapi-access.json) (OpenAPI 3.1, also at ` + "`" + `/api/v1/access/openapi.json` + "`" + `), are generated from
` + "`" + `signaling/access` + "`" + ` and checked by its tests; a test walks every role over every route.

- **Sessions.** A cookie (` + "`" + `__Host-phientoa-office` + "`" + `, of room devices ` + "`" + `__Host-phientoa-device` + "`" + `; Secure, HttpOnly,
  SameSite=Strict), 256 random bits of which the database has the SHA-256. It ends after 12 h, or after 1 h without
  use. A connection to a hearing in progress is use, and keeps its sign-in from ending, for at most 24 h after it began;
  then, and whenever the sign-in ends otherwise, connection and media end within 1 s. In a hearing only the capacity
  counts: these cookies open no seat. ` + "`" + `GET …/sessions` + "`" + ` lists one's own sign-ins, ` + "`" + `DELETE …/sessions/{session}` + "`" + ` ends one,
  ` + "`" + `DELETE …/sessions` + "`" + ` all but the one that asks.
- **Password.** ` + "`" + `POST …/signin {login, password}` + "`" + ` → ` + "`" + `204` + "`" + `. argon2id, 64 MiB, 3 passes. Unknown login, wrong password
  and disabled account answer alike. A password set by somebody else opens nothing but ` + "`" + `POST …/password {old, new}` + "`" + `
  (12 to 128 characters), which ends every older session.
- **Passkey.** ` + "`" + `POST …/passkey/begin` + "`" + ` → WebAuthn's options and a short-lived cookie; the authenticator's answer goes to
  ` + "`" + `…/passkey/finish` + "`" + `. User verification is required. ` + "`" + `…/passkeys/begin|finish` + "`" + ` register one.
- **Certificate.** ` + "`" + `POST …/certificate` + "`" + ` over a TLS connection with a client certificate of the configured authorities.
  The account is the one for which the court registered this public key; names inside are not read. Lists of revoked
  certificates are not asked: the court revokes the credential.
- **Fresh proof.** ` + "`" + `POST …/stepup {password}` + "`" + `, or ` + "`" + `…/stepup/begin` + "`" + ` and ` + "`" + `…/stepup {passkey}` + "`" + `; holds for 5 minutes. Without it
  ` + "`" + `403 step_up` + "`" + `. Signing in is none.
- **Seats.** ` + "`" + `POST /api/v1/hearings/{id}/enter` + "`" + ` ([API](api.md)) gives an official the seat's cookie if the calendar names
  the account for exactly that seat. No role opens a seat. It is a part of the sign-in that it was entered from: as old,
  and never longer-lived. A person who was invited has a sign-in of their own, under the same times; a clerk takes
  invitations back with ` + "`" + `DELETE …/hearings/{hearing}/invitations/{person}` + "`" + `, which also ends what they have opened.
- **Room devices.** An operator makes a code of 8 digits (15 minutes); the device sends it with its public key
  (` + "`" + `…/devices/enrol {code, public_key, label}` + "`" + `: SubjectPublicKeyInfo of P-256 in base64). To sign in it asks
  ` + "`" + `…/devices/challenge {device}` + "`" + ` for a nonce (32 bytes in base64url, 1 minute) and sends
  ` + "`" + `…/devices/signin {device, nonce, signature}` + "`" + `: ECDSA with SHA-256 over the 32 bytes, r and s, in base64.
  ` + "`" + `GET …/devices/seats` + "`" + ` → ` + "`" + `{seats: [{hearing, person, device, starts_at, minutes, status}]}` + "`" + `: those of today (UTC+7), and of
  yesterday's hearings that are still on; nothing of the case. ` + "`" + `POST …/devices/seat {hearing, person, device}` + "`" + ` gives the
  seat's cookie. A booking names a device of its own court only, or one of the point's unit that its operator
  lends to the court (` + "`" + `PUT …/devices/{device}/courts/{unit}` + "`" + `; ` + "`" + `DELETE` + "`" + ` ends it for later bookings). ` + "`" + `GET …/courts` + "`" + ` are the
  courts that may be lent to, ` + "`" + `GET …/devices/{device}/courts` + "`" + ` those that have the device, ` + "`" + `GET …/devices/lent` + "`" + ` what other
  units lend to the own court: each with its name, on the page "Máy phòng xử án" (clerk: to read).
- **Two administrators.** What gives somebody a way in or a role takes two: ` + "`" + `POST …/proposals {kind, account}` + "`" + ` by one,
  ` + "`" + `…/proposals/{proposal}/confirm` + "`" + ` by another within 24 h. Kinds: ` + "`" + `reset` + "`" + ` (a new one-time password; every passkey,
  certificate and session ends, the holder enrols anew), ` + "`" + `enable` + "`" + ` (a disabled account works again, with a reset),
  ` + "`" + `certificate {certificate, label}` + "`" + ` (in PEM; the second compares its SHA-256), ` + "`" + `roles {roles}` + "`" + ` (to add).
  ` + "`" + `POST …/accounts {login, name, roles}` + "`" + ` → ` + "`" + `{id, proposal, expires}` + "`" + ` makes a disabled account with the proposal to enable it.
  Nobody confirms what they proposed or what is about themselves; a proposal falls with its proposer's role. The
  one-time password is shown once, to who confirms. ` + "`" + `DELETE` + "`" + ` takes a proposal back or refuses it. The terminal of the
  server (` + "`" + `phientoa account` + "`" + `) makes the first administrators and acts alone.
- **Revocation.** One administrator is enough. Disabling an account, a reset, other roles, a revoked passkey,
  certificate or device end all its sessions and the media of its seats; signing out those entered from that session,
  also when it has run out.
- **Other systems** ask by tokens, which open nothing here and no seat ([API](api.md)).
- **Administrators** act in their own unit, never on their own account, and reach no hearing. What lies in another unit
  answers like what does not exist. Each act is an entry of a hash chain of its own; ` + "`" + `phientoa account log` + "`" + ` verifies it.
- **Denials** stand in the court's access log with the unit of whom they concern, as far as somebody is known.

Refusals are problems (RFC 9457) as in [the protocol](protocol.md): ` + "`" + `401 sign_in` + "`" + `; ` + "`" + `403 signin, forbidden, step_up,
must_change, own_account, two_needed, own_proposal, no_certificate` + "`" + `; ` + "`" + `404 not_found, not_offered` + "`" + `; ` + "`" + `409 conflict` + "`" + `;
` + "`" + `400 bad_message, weak_password` + "`" + `; ` + "`" + `429 auth.throttled` + "`" + `; ` + "`" + `503 busy` + "`" + `.
`
