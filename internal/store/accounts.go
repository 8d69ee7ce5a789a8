package store

import (
	"context"
	"time"

	"phientoa/internal/court"
)

// Unit is a court, procuracy or detention facility (domain 2.4).
type Unit struct {
	ID        court.UnitID
	Kind      string // identifier of the glossary: "court.province", "vks.regional", "detention_facility" …
	Parent    court.UnitID
	Name      string
	ValidFrom int64 // UTC unix microseconds
	ValidTo   int64 // 0: still valid
	Successor court.UnitID
}

// Role is what an official may do outside a hearing. In a hearing only the
// capacity counts (architecture, Authority).
type Role string

// Roles.
const (
	RoleJudge           Role = "judge"
	RoleChiefJudge      Role = "chief_judge"
	RoleClerk           Role = "clerk"
	RoleOperator        Role = "tech_operator"
	RoleAdmin           Role = "sys_admin" // accounts and devices; never media, never its own scope
	RoleAuditor         Role = "auditor"
	RoleArchivist       Role = "archivist"
	RoleProcurator      Role = "procurator"
	RoleProcuracyHead   Role = "procuracy_head"
	RoleProcuracyDeputy Role = "procuracy_deputy" // follows what a head lends, and nothing by itself
	RolePointOfficer    Role = "point_officer"
	RoleService         Role = "service" // another system, by its unit
)

// Account is an official or a service.
type Account struct {
	ID       string // UUIDv7
	Unit     court.UnitID
	Login    string // lower case, unique in the installation
	Name     string
	Roles    []Role
	Password string // argon2id in PHC form; empty: no password
	// MustChange: the password was set by somebody else and opens nothing but its change.
	MustChange bool
	Disabled   bool
	Created    time.Time
	// Version is 1 at first and grows by one with each change: a change of an older
	// version than the row's is refused, so that none undoes another unseen.
	Version uint64
}

// Credential is a passkey or certificate of an account.
type Credential struct {
	ID      string // UUIDv7
	Account string
	Kind    string // "passkey" or "certificate"
	Handle  []byte // credential id, or SHA-256 of the certificate's public key info; unique
	Data    []byte // go-webauthn's credential as JSON, or the certificate in DER
	Label   string
	Created time.Time
	Revoked bool
}

// AccountSession is a signed-in official outside a hearing.
type AccountSession struct {
	TokenHash [32]byte
	Account   string // of an official; of a room device its id
	Method    string // "password", "passkey", "certificate"; "device" of a room device
	Created   time.Time
	Expires   time.Time
	LastSeen  time.Time
	SteppedUp time.Time // last fresh proof of who it is; zero: none
	Revoked   bool
	// Address and Agent are where it began, for its holder's eyes: the network
	// address and the browser's own words, at most MaxAgentBytes.
	Address string
	Agent   string
}

// DeviceKind says how a room device proves itself.
type DeviceKind string

// Kinds of room devices.
const (
	Computer DeviceKind = "computer" // a browser with a non-exportable key
	Encoder  DeviceKind = "encoder"  // shows a bearer token and publishes by WHIP, nothing else
	Wall     DeviceKind = "wall"     // shows a bearer token and plays by WHEP, nothing else
)

// RoomDevice is an enrolled computer of a room, or an encoder or a viewing wall in it.
type RoomDevice struct {
	ID         string // UUIDv7
	Unit       court.UnitID
	Kind       DeviceKind // empty: Computer
	Label      string
	PublicKey  []byte // SubjectPublicKeyInfo, P-256; of who ShowsToken the SHA-256 of it
	Enrolled   time.Time
	EnrolledBy string // account
	Revoked    bool
}

// ShowsToken tells whether the device shows a token instead of signing in.
func (d RoomDevice) ShowsToken() bool { return d.Kind == Encoder || d.Kind == Wall }

// Challenge is a short-lived secret that is taken once: a step of a passkey, a
// nonce, an enrolment code.
type Challenge struct {
	Hash    [32]byte // SHA-256 of the secret
	Kind    string
	Subject string // account or device that it is for; empty: anybody
	Data    []byte // at most 64 KiB
	Expires time.Time
}

// Proposal is an act of an administrator that another administrator has to
// confirm.
type Proposal struct {
	ID      string // UUIDv7
	Unit    court.UnitID
	Kind    string // "reset", "enable", "certificate", "administrator"
	Account string // whom it is about
	Data    []byte // what is proposed, at most MaxBlobBytes; may be empty
	By      string // account that proposed it
	At      time.Time
	Expires time.Time
	// Outcome is empty while it is open, then "confirmed" or "withdrawn" by DoneBy.
	Outcome string
	DoneBy  string
	DoneAt  time.Time
}

// Outcomes of a proposal.
const (
	Confirmed = "confirmed"
	Withdrawn = "withdrawn"
)

// AdminEntry is a line of the administrative log, a hash chain of its own:
// Hash = SHA-256(Prev || canonical JSON of the rest).
type AdminEntry struct {
	N      uint64
	At     time.Time
	Actor  string // account, or "system"
	Unit   court.UnitID
	What   string // "account.created", "device.enrolled", …
	Object string
	Detail string // never a name, secret or token
	Prev   [32]byte
	Hash   [32]byte
}

// Accounts is the part of the database about officials. Every change appends its
// AdminEntry in the same transaction. Foreign rows look missing (ErrNotFound).
type Accounts interface {
	PutUnit(ctx context.Context, sc court.Scope, u Unit, by AdminEntry) error
	Units(ctx context.Context, sc court.Scope) ([]Unit, error)

	CreateAccount(ctx context.Context, sc court.Scope, a Account, by AdminEntry) error
	// UpdateAccount changes an account that still has a.Version, else ErrConflict:
	// name, roles, password and Disabled. Disabling or a new password ends the
	// account's sessions and those of its seats; a new password that somebody else
	// has set (MustChange) also revokes every credential.
	UpdateAccount(ctx context.Context, sc court.Scope, a Account, by AdminEntry) error
	Account(ctx context.Context, sc court.Scope, id string) (Account, error)
	AccountByLogin(ctx context.Context, login string) (Account, error)
	AccountsOf(ctx context.Context, sc court.Scope) ([]Account, error)

	PutCredential(ctx context.Context, sc court.Scope, c Credential, by AdminEntry) error
	// UpdateCredential stores new Data (signature counter) of a live credential.
	UpdateCredential(ctx context.Context, c Credential) error
	CredentialByHandle(ctx context.Context, kind string, handle []byte) (Credential, error)
	Credentials(ctx context.Context, sc court.Scope, account string) ([]Credential, error)
	RevokeCredential(ctx context.Context, sc court.Scope, id string, by AdminEntry) error

	CreateAccountSession(ctx context.Context, s AccountSession) error
	AccountSessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (AccountSession, error)
	TouchAccountSession(ctx context.Context, tokenHash [32]byte, now time.Time) error
	StepUp(ctx context.Context, tokenHash [32]byte, now time.Time) error
	// AccountSessions returns those of an account that stand, the latest first.
	AccountSessions(ctx context.Context, account string, now time.Time) ([]AccountSession, error)
	// EndAccountSession also ends the sessions of seats entered from it and returns
	// these, also ones that had ended before or are out of time, so that their media
	// can be ended. Unknown: no error.
	EndAccountSession(ctx context.Context, tokenHash [32]byte) ([]Session, error)
	// EndAccountSessions ends all of one account or room device, also its seat
	// sessions, and returns those that it ended so that their media can be ended.
	EndAccountSessions(ctx context.Context, sc court.Scope, account string) ([]Session, error)

	// SeatSessions returns the seats' sessions of an account or room device that began
	// after since, also ended ones, so that their media can be ended.
	SeatSessions(ctx context.Context, owner string, since time.Time) ([]Session, error)

	// RevokedSeats returns the sessions of at most MaxHearings hearings that were ended
	// before their time and began after since, so that a node learns what others ended.
	RevokedSeats(ctx context.Context, hearings []string, since time.Time) ([]Session, error)

	// PutProposal adds one. An open one of the same kind about the same account gives
	// ErrConflict, an account outside the scope ErrNotFound.
	PutProposal(ctx context.Context, sc court.Scope, p Proposal, by AdminEntry) error
	// Proposals returns those of the scope that are open, and those that were made
	// after since; the latest first, at most MaxProposals.
	Proposals(ctx context.Context, sc court.Scope, since, now time.Time) ([]Proposal, error)
	// Proposal finds one of the scope, however old; else ErrNotFound.
	Proposal(ctx context.Context, sc court.Scope, id string) (Proposal, error)
	// SettleProposal gives an open proposal its outcome, once, by by.Actor and at
	// by.At; it returns the proposal. Nobody confirms what they proposed or what is
	// about themselves, nor a proposal that is out of time or settled: ErrConflict.
	SettleProposal(ctx context.Context, sc court.Scope, id, outcome string, by AdminEntry) (Proposal, error)

	// PutChallenge forgets expired ones. Beyond MaxChallenges: ErrUnavailable.
	PutChallenge(ctx context.Context, c Challenge, now time.Time) error
	// TakeChallenge removes and returns it, once; else ErrUsed.
	TakeChallenge(ctx context.Context, kind string, hash [32]byte, now time.Time) (Challenge, error)

	// PutRoomDevice adds one, or changes label and Revoked of one that stands;
	// revoking is for good and ends its sessions, also those of its seats.
	PutRoomDevice(ctx context.Context, sc court.Scope, d RoomDevice, by AdminEntry) error
	RoomDevice(ctx context.Context, id string) (RoomDevice, error)
	RoomDevices(ctx context.Context, sc court.Scope) ([]RoomDevice, error)
	// LendRoomDevice lets a court use a device of the scope, or no longer; again is a
	// success. Revoked or foreign: ErrNotFound; to more than MaxLent: ErrInvalid.
	LendRoomDevice(ctx context.Context, sc court.Scope, device string, to court.UnitID, lend bool, by AdminEntry) error
	// RoomDeviceCourts returns the courts to which the device is lent, by id.
	RoomDeviceCourts(ctx context.Context, device string) ([]court.UnitID, error)
	// RoomDevicesLentTo returns the devices that other units lend to the court and that
	// are not revoked, by unit and id, at most MaxRoomDevices.
	RoomDevicesLentTo(ctx context.Context, to court.UnitID) ([]RoomDevice, error)

	// AdminLog returns entries from N on, at most limit (<= 1000); the chain is whole
	// only for a scope that covers every unit, others see their unit's entries.
	AdminLog(ctx context.Context, sc court.Scope, from uint64, limit int) ([]AdminEntry, error)
	AppendAdmin(ctx context.Context, e AdminEntry) error
}
