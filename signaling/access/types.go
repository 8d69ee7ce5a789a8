package access

import (
	"time"

	"phientoa/internal/store"
)

// Bodies of requests and answers; their tags make the OpenAPI document.

// SignInBody is a login with its password.
type SignInBody struct {
	Login    string `json:"login" maxLength:"64"`
	Password string `json:"password" maxLength:"128"`
}

// PasswordBody changes one's own password.
type PasswordBody struct {
	Old string `json:"old" maxLength:"128"`
	New string `json:"new" minLength:"12" maxLength:"128" doc:"Neither the login nor the old one"`
}

// MeAnswer is who one is.
type MeAnswer struct {
	Account    string       `json:"account"`
	Name       string       `json:"name"`
	Login      string       `json:"login"`
	Unit       string       `json:"unit"`
	UnitName   string       `json:"unit_name"`
	UnitKind   string       `json:"unit_kind" doc:"Identifier of the glossary, as court.regional; empty: not known"`
	Roles      []store.Role `json:"roles"`
	Method     string       `json:"method" doc:"password, passkey, certificate"`
	SteppedUp  bool         `json:"stepped_up" doc:"A fresh proof holds"`
	MustChange bool         `json:"must_change" doc:"The password was set by somebody else"`
}

// SessionItem is a sign-in of one's own account.
type SessionItem struct {
	ID      string    `json:"id" doc:"To end it; it opens nothing"`
	Method  string    `json:"method"`
	Address string    `json:"address" doc:"Network address it began from"`
	Agent   string    `json:"agent" doc:"The browser's own words"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen" doc:"Last used, to the minute"`
	Expires time.Time `json:"expires"`
	Current bool      `json:"current" doc:"The one that asks"`
}

// SessionsAnswer lists one's own sign-ins, the latest first.
type SessionsAnswer struct {
	Sessions []SessionItem `json:"sessions"`
}

// CredentialItem is a passkey or certificate without its data.
type CredentialItem struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind" enum:"passkey,certificate"`
	Label   string    `json:"label"`
	Created time.Time `json:"created"`
	Revoked bool      `json:"revoked"`
}

// CredentialsAnswer lists those of an account.
type CredentialsAnswer struct {
	Credentials []CredentialItem `json:"credentials"`
}

// IDAnswer names what was made.
type IDAnswer struct {
	ID string `json:"id"`
}

// AccountItem is an account without its secrets.
type AccountItem struct {
	ID         string       `json:"id"`
	Unit       string       `json:"unit"`
	Login      string       `json:"login"`
	Name       string       `json:"name"`
	Roles      []store.Role `json:"roles"`
	Disabled   bool         `json:"disabled"`
	MustChange bool         `json:"must_change"`
	Created    time.Time    `json:"created"`
}

// AccountsAnswer lists those of the unit.
type AccountsAnswer struct {
	Accounts []AccountItem `json:"accounts"`
}

// NewAccountBody describes an account of the own unit.
type NewAccountBody struct {
	Login string       `json:"login" maxLength:"64"`
	Name  string       `json:"name" minLength:"1" maxLength:"200"`
	Roles []store.Role `json:"roles" minItems:"1"`
}

// NewAccountAnswer names the account, which opens nothing yet, and the proposal to
// enable it.
type NewAccountAnswer struct {
	ID       string    `json:"id"`
	Proposal string    `json:"proposal" doc:"Of kind enable; the one-time password is shown to who confirms it"`
	Expires  time.Time `json:"expires" doc:"End of the proposal"`
}

// ChangeAccountBody changes an account; what is missing stays.
type ChangeAccountBody struct {
	Name     *string      `json:"name,omitempty" maxLength:"200"`
	Roles    []store.Role `json:"roles,omitempty" doc:"Of those that the account has; another one takes a proposal"`
	Disabled *bool        `json:"disabled,omitempty" doc:"true; to enable takes a proposal"`
}

// ProposalBody is an act that another administrator has to confirm.
type ProposalBody struct {
	Kind        string       `json:"kind" enum:"reset,enable,certificate,roles"`
	Account     string       `json:"account"`
	Certificate string       `json:"certificate,omitempty" doc:"PEM, of kind certificate"`
	Label       string       `json:"label,omitempty" maxLength:"200" doc:"Of kind certificate"`
	Roles       []store.Role `json:"roles,omitempty" doc:"Of kind roles: those to add"`
}

// ProposedAnswer names a new proposal.
type ProposedAnswer struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
}

// ProposalItem is an act that takes two administrators, without its secrets.
type ProposalItem struct {
	ID          string       `json:"id"`
	Kind        string       `json:"kind"`
	Account     string       `json:"account" doc:"Whom it is about"`
	By          string       `json:"by" doc:"Account of who proposed it"`
	At          time.Time    `json:"at"`
	Expires     time.Time    `json:"expires"`
	Open        bool         `json:"open"`
	Outcome     string       `json:"outcome,omitempty" doc:"confirmed or withdrawn, by done_by; missing: open, or out of time"`
	DoneBy      string       `json:"done_by,omitempty"`
	DoneAt      *time.Time   `json:"done_at,omitempty"`
	Label       string       `json:"label,omitempty" doc:"Of a certificate"`
	Roles       []store.Role `json:"roles,omitempty" doc:"To be added"`
	Fingerprint string       `json:"fingerprint,omitempty" doc:"SHA-256 of the certificate in hexadecimal"`
}

// ProposalsAnswer lists the open ones and those of the last 30 days.
type ProposalsAnswer struct {
	Proposals []ProposalItem `json:"proposals"`
}

// OneTimeAnswer is a one-time password, shown once.
type OneTimeAnswer struct {
	Password string `json:"password"`
}

// AdminItem is an entry of the administrative log.
type AdminItem struct {
	N      uint64    `json:"n"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor" doc:"Account, or system"`
	Unit   string    `json:"unit"`
	What   string    `json:"what"`
	Object string    `json:"object"`
	Detail string    `json:"detail"`
	Hash   string    `json:"hash" doc:"Of the chain, in hexadecimal"`
}

// AdminLogAnswer is at most 200 entries, by number.
type AdminLogAnswer struct {
	Entries []AdminItem `json:"entries"`
}

// RoomDeviceItem is an enrolled room device.
type RoomDeviceItem struct {
	ID       string    `json:"id"`
	Unit     string    `json:"unit"`
	Kind     string    `json:"kind" enum:"computer,encoder,wall" doc:"An encoder publishes by WHIP, a viewing wall plays by WHEP"`
	Label    string    `json:"label"`
	Enrolled time.Time `json:"enrolled"`
	Revoked  bool      `json:"revoked"`
}

// RoomDevicesAnswer lists those of the unit.
type RoomDevicesAnswer struct {
	Devices []RoomDeviceItem `json:"devices"`
}

// CourtItem is a court by its unit.
type CourtItem struct {
	ID   string `json:"id"`
	Name string `json:"name" doc:"Empty where the unit is known no longer"`
}

// CourtsAnswer lists courts by id.
type CourtsAnswer struct {
	Courts []CourtItem `json:"courts"`
}

// LentDeviceItem is a room device that another unit lends to the court.
type LentDeviceItem struct {
	ID       string `json:"id"`
	Unit     string `json:"unit" doc:"Whose it is; a point where it is booked names this unit"`
	UnitName string `json:"unit_name"`
	Kind     string `json:"kind" enum:"computer,encoder,wall"`
	Label    string `json:"label"`
}

// LentDevicesAnswer lists those lent to the caller's court and not revoked.
type LentDevicesAnswer struct {
	Devices []LentDeviceItem `json:"devices"`
}

// EnrolmentBody names a device to be enrolled.
type EnrolmentBody struct {
	Label string `json:"label,omitempty" maxLength:"200"`
}

// EnrolmentAnswer is the code that the device sends, good once.
type EnrolmentAnswer struct {
	Code    string    `json:"code" pattern:"^[0-9]{8}$"`
	Expires time.Time `json:"expires"`
}

// TokenAnswer is a new encoder or viewing wall with its token, which is shown this once.
type TokenAnswer struct {
	Device string `json:"device"`
	Token  string `json:"token" doc:"For Authorization: Bearer, of an encoder at /api/v1/whip (RFC 9725), of a wall at /api/v1/whep"`
}

// EnrolBody enrols a device with the operator's code.
type EnrolBody struct {
	Code      string `json:"code"`
	PublicKey string `json:"public_key" doc:"SubjectPublicKeyInfo of P-256 in base64"`
	Label     string `json:"label,omitempty" maxLength:"200" doc:"The operator's label comes before it"`
}

// DeviceAnswer names an enrolled device.
type DeviceAnswer struct {
	Device string `json:"device"`
}

// ChallengeBody asks for a nonce.
type ChallengeBody struct {
	Device string `json:"device"`
}

// NonceAnswer is what the device signs within a minute.
type NonceAnswer struct {
	Nonce string `json:"nonce" doc:"32 bytes in base64url"`
}

// DeviceSignInBody proves the device's key.
type DeviceSignInBody struct {
	Device    string `json:"device"`
	Nonce     string `json:"nonce"`
	Signature string `json:"signature" doc:"ECDSA with SHA-256 over the nonce's bytes, r and s, in base64"`
}

// SeatBody names a seat.
type SeatBody struct {
	Hearing string `json:"hearing"`
	Person  string `json:"person"`
	Device  string `json:"device"`
}

// RoomSeatItem is a seat of a room device: when and where, nothing of the case.
type RoomSeatItem struct {
	Hearing  string    `json:"hearing"`
	Person   string    `json:"person"`
	Device   string    `json:"device"`
	StartsAt time.Time `json:"starts_at"`
	Minutes  int       `json:"minutes,omitempty" doc:"Scheduled length"`
	Status   string    `json:"status"`
}

// RoomSeatsAnswer lists the device's seats of today.
type RoomSeatsAnswer struct {
	Seats []RoomSeatItem `json:"seats"`
}
