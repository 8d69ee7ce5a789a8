package access

import (
	"net/http"

	"phientoa/internal/store"
)

// Audience is who may ask at all.
type Audience int

// Audiences.
const (
	Anyone   Audience = iota // also somebody who is not signed in
	Official                 // a signed-in official with one of the route's roles
	Device                   // a signed-in room device
)

// Route is one line of the table from which the handler is built: what is not in
// it does not exist, and who is not named in it is refused.
type Route struct {
	Method, Path string
	Audience     Audience
	Roles        []store.Role // of an Official; nil: every role
	StepUp       bool         // asks for a fresh proof of who one is
	// Unchanged: open also to an account that must change its password first.
	Unchanged bool

	serve func(*Server, call) error
}

// Prefix of every path.
const Prefix = "/api/v1/access/"

// Routes is the table. Each call makes a new one.
func Routes() []Route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		accounts = Prefix + "accounts"
		devices  = Prefix + "devices"
		passkeys = Prefix + "passkeys"

		sessions  = Prefix + "sessions"
		proposals = Prefix + "proposals"
	)
	admin := []store.Role{store.RoleAdmin}
	tech := []store.Role{store.RoleOperator}
	either := []store.Role{store.RoleOperator, store.RoleAdmin}
	bookers := append([]store.Role{store.RoleClerk, store.RoleJudge}, either...) // who books names a room's device
	readers := []store.Role{store.RoleAdmin, store.RoleAuditor}
	return []Route{
		{Method: get, Path: Prefix + "openapi.json", serve: (*Server).openapi},
		{Method: post, Path: Prefix + "signin", serve: (*Server).signIn},
		{Method: post, Path: Prefix + "certificate", serve: (*Server).certificate},
		{Method: post, Path: Prefix + "passkey/begin", serve: (*Server).passkeyBegin},
		{Method: post, Path: Prefix + "passkey/finish", serve: (*Server).passkeyFinish},
		{Method: post, Path: Prefix + "signout", serve: (*Server).signOut},

		{Method: get, Path: Prefix + "me", Audience: Official, Unchanged: true, serve: (*Server).me},
		{Method: post, Path: Prefix + "password", Audience: Official, Unchanged: true, serve: (*Server).password},
		{Method: post, Path: Prefix + "stepup", Audience: Official, serve: (*Server).stepUp},
		{Method: post, Path: Prefix + "stepup/begin", Audience: Official, serve: (*Server).stepUpBegin},
		{Method: get, Path: sessions, Audience: Official, serve: (*Server).sessions},
		{Method: del, Path: sessions, Audience: Official, serve: (*Server).endOthers},
		{Method: del, Path: sessions + "/{session}", Audience: Official, serve: (*Server).endSession},

		{Method: get, Path: passkeys, Audience: Official, serve: (*Server).ownPasskeys},
		{Method: post, Path: passkeys + "/begin", Audience: Official, StepUp: true, serve: (*Server).registerBegin},
		{Method: post, Path: passkeys + "/finish", Audience: Official, serve: (*Server).registerFinish},
		{Method: del, Path: passkeys + "/{credential}", Audience: Official, StepUp: true, serve: (*Server).removePasskey},

		{Method: get, Path: accounts, Audience: Official, Roles: admin, serve: (*Server).accounts},
		{Method: post, Path: accounts, Audience: Official, Roles: admin, StepUp: true, serve: (*Server).createAccount},
		{Method: patch, Path: accounts + "/{account}", Audience: Official, Roles: admin, StepUp: true, serve: (*Server).changeAccount},
		{Method: get, Path: Prefix + credentials, Audience: Official, Roles: admin, serve: (*Server).credentials},
		{Method: del, Path: Prefix + credentials + "/{credential}", Audience: Official, Roles: admin, StepUp: true, serve: (*Server).removeCredential},
		{Method: get, Path: proposals, Audience: Official, Roles: admin, serve: (*Server).proposals},
		{Method: post, Path: proposals, Audience: Official, Roles: admin, StepUp: true, serve: (*Server).propose},
		{Method: post, Path: proposals + "/{proposal}/confirm", Audience: Official, Roles: admin, StepUp: true, serve: (*Server).confirm},
		{Method: del, Path: proposals + "/{proposal}", Audience: Official, Roles: admin, serve: (*Server).withdraw},
		{Method: get, Path: Prefix + "adminlog", Audience: Official, Roles: readers, serve: (*Server).adminLog},

		{Method: del, Path: Prefix + invitations, Audience: Official, Roles: []store.Role{store.RoleClerk}, serve: (*Server).revokeInvitation},

		{Method: get, Path: devices, Audience: Official, Roles: bookers, serve: (*Server).devices},
		{Method: post, Path: devices, Audience: Official, Roles: tech, StepUp: true, serve: (*Server).offerEnrolment},
		{Method: post, Path: devices + "/encoders", Audience: Official, Roles: tech, StepUp: true, serve: (*Server).offerEncoder},
		{Method: post, Path: devices + "/walls", Audience: Official, Roles: tech, StepUp: true, serve: (*Server).offerWall},
		{Method: del, Path: devices + "/{device}", Audience: Official, Roles: either, StepUp: true, serve: (*Server).removeDevice},
		{Method: get, Path: devices + "/lent", Audience: Official, Roles: bookers, serve: (*Server).lentDevices},
		{Method: get, Path: Prefix + "courts", Audience: Official, Roles: tech, serve: (*Server).courts},
		{Method: get, Path: devices + "/{device}/courts", Audience: Official, Roles: bookers, serve: (*Server).deviceCourts},
		{Method: put, Path: devices + "/{device}/courts/{unit}", Audience: Official, Roles: tech, StepUp: true, serve: (*Server).lendDevice},
		{Method: del, Path: devices + "/{device}/courts/{unit}", Audience: Official, Roles: tech, serve: (*Server).keepDevice},
		{Method: post, Path: devices + "/enrol", serve: (*Server).enrol},
		{Method: post, Path: devices + "/challenge", serve: (*Server).challenge},
		{Method: post, Path: devices + "/signin", serve: (*Server).deviceSignIn},
		{Method: post, Path: devices + "/signout", serve: (*Server).deviceSignOut},
		{Method: get, Path: devices + "/seats", Audience: Device, serve: (*Server).deviceSeats},
		{Method: post, Path: devices + "/seat", Audience: Device, serve: (*Server).deviceSeat},
	}
}
