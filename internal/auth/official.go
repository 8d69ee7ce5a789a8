package auth

import (
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Official is a signed-in official outside a hearing: who it is, in which unit,
// with which roles. In a hearing only the capacity counts.
type Official struct {
	ID    string // of the account, UUIDv7
	Unit  court.UnitID
	Name  string
	Roles []store.Role
	// Scope is what the official reaches: its own unit and no other. It is never
	// the scope of the system, whatever the roles.
	Scope court.Scope
	// SteppedUp is when the official last proved afresh who it is; zero: not since
	// signing in. A proof holds for StepUpLife.
	SteppedUp time.Time
	// Token is the id of the token by which another system asks, Rights what it may;
	// empty: a person, or a service that signed in like one, which may nothing.
	Token  string
	Rights []Right
}

// Has tells whether the official holds at least one of the roles.
func (o Official) Has(roles ...store.Role) bool {
	return slices.ContainsFunc(o.Roles, func(r store.Role) bool { return slices.Contains(roles, r) })
}

// Fresh tells whether the official proved who it is within StepUpLife before now,
// which acts that cannot be undone ask for.
func (o Official) Fresh(now time.Time) bool {
	return !o.SteppedUp.IsZero() && now.Sub(o.SteppedUp) < StepUpLife && !o.SteppedUp.After(now)
}

// StepUpLife is how long a fresh proof of who one is holds for sensitive acts.
const StepUpLife = 5 * time.Minute
