package hearing

import (
	"time"

	"phientoa/internal/court"
)

// Bounds of what a procedure brings into a booking.
const (
	MaxPoints  = 21          // of a hearing, whatever the policy allows
	MaxMinutes = 7 * 24 * 60 // scheduled length of a hearing

	maxPolicyDays    = 365
	maxConsultPolicy = 120 // minutes
)

// fillProcedure gives a booking with a procedure what it leaves open, before the
// booking is checked and noted: the log then says what held, whatever later
// versions would fill in.
func fillProcedure(b *Booking) {
	// One form of empty, as the line of the booking has it.
	if len(b.Exclusions) == 0 {
		b.Exclusions = nil
	}
	if len(b.Points) == 0 {
		b.Points = nil
	}
	if b.Procedure == "" {
		return
	}
	if b.Instance == "" {
		b.Instance = firstInstance
	}
	if b.Form == "" {
		b.Form = Online
	}
	if b.Visibility == "" {
		b.Visibility = Public
	}
	if b.Policy == nil {
		policy := court.DefaultPolicy(b.Procedure)
		b.Policy = &policy
	}
}

// Instances of Booking.Instance.
const (
	firstInstance = "first_instance"
	appealHearing = "appeal"
)

func (f Form) valid() bool { return f == Online || f == InPerson || f == Mixed }

// checkProcedure names the first fault of what the law asks of a booking
// (NQ 33/2021/QH15 art. 1; TTLT 05/2021 art. 4.2, 10), each by a code of its own.
func checkProcedure(b Booking) *Refusal {
	if r := checkPeopleOfCase(b); r != nil {
		return r
	}
	if b.Procedure == "" {
		if b.Instance != "" || b.Form != "" || b.Visibility != "" || b.Minutes != 0 ||
			b.Exclusions != nil || b.Points != nil || b.Policy != nil {
			return refuseWithoutProcedure()
		}
		return nil
	}
	switch {
	case !b.Procedure.Valid():
		return refuseProcedure()
	case b.Instance != firstInstance && b.Instance != appealHearing:
		return refuseInstance()
	case !b.Form.valid():
		return refuseForm()
	case b.Visibility != Public && b.Visibility != ClosedDoors:
		return refuseVisibility()
	case b.Minutes < 0 || b.Minutes > MaxMinutes:
		return refuseMinutes()
	case b.Policy == nil || !validPolicy(*b.Policy):
		return refusePolicy()
	}
	if r := checkExclusions(b); r != nil {
		return r
	}
	return checkPoints(b)
}

// checkPeopleOfCase holds for every booking. A protected witness needs a disguise
// of picture and voice, which does not exist yet (domain 8b).
func checkPeopleOfCase(b Booking) *Refusal {
	known := make(map[PersonID]bool, len(b.People))
	for i := range b.People {
		known[b.People[i].ID] = true
	}
	for i := range b.People {
		p := &b.People[i]
		if p.Capacity == court.ProtectedWitness {
			return refuseProtectedWitness()
		}
		if p.Client != "" && (p.Client == p.ID || !known[p.Client]) {
			return refuseClient()
		}
	}
	return nil
}

// checkExclusions refuses what may not be tried online. A hearing in person may
// be about all but secrets of the state, which never come onto the system.
func checkExclusions(b Booking) *Refusal {
	for _, x := range b.Exclusions {
		switch {
		case !x.Valid():
			return refuseUnknownExclusion()
		case x == court.StateSecret || b.Form != InPerson:
			return refuseExcludedCase(x)
		}
	}
	return nil
}

func checkPoints(b Booking) *Refusal {
	central, components := "", 0
	seen := make(map[string]bool, len(b.Points))
	for _, p := range b.Points {
		switch {
		case !validID(p.ID) || seen[p.ID] || p.Unit != "" && !validID(string(p.Unit)):
			return refusePoint()
		case p.Name == "" || !validText(p.Name, MaxNameRunes):
			return refusePoint()
		case p.Kind == ComponentPoint:
			components++
		case p.Kind != CentralPoint:
			return refusePoint()
		case central != "":
			return refuseCentralPoint()
		default:
			central = p.ID
		}
		seen[p.ID] = true
		if len(seen) > MaxPoints {
			return refuseTooManyPoints(b.Policy.MaxComponentPoints)
		}
	}
	switch {
	case central == "":
		return refuseCentralPoint()
	case b.Form == InPerson && components > 0:
		return refuseInPersonPoints()
	case components > b.Policy.MaxComponentPoints:
		return refuseTooManyPoints(b.Policy.MaxComponentPoints)
	}
	for i := range b.People {
		switch p := &b.People[i]; {
		case !seen[p.Point]:
			return refusePersonPoint()
		case p.Capacity.CentralOnly() && p.Point != central:
			return refuseCentralOnly()
		}
	}
	return nil
}

// validPolicy keeps figures within what the arithmetic of deadlines bears and a
// hearing can live with.
func validPolicy(p court.Policy) bool {
	between := func(d int64, low, high time.Duration) bool {
		return d >= low.Microseconds() && d <= high.Microseconds()
	}
	return p.MaxComponentPoints >= 0 && p.MaxComponentPoints < MaxPoints &&
		p.NoticeDays >= 0 && p.NoticeDays <= maxPolicyDays &&
		p.SuspendMaxDays >= 1 && p.SuspendMaxDays <= maxPolicyDays &&
		p.AdjournMaxDays >= 1 && p.AdjournMaxDays <= maxPolicyDays &&
		between(p.HoldAfter, time.Second, time.Hour) &&
		between(p.HoldCountdown, time.Second, time.Hour) &&
		between(p.HoldSettle, 100*time.Millisecond, time.Minute) &&
		p.ConsultMinutes >= 1 && p.ConsultMinutes <= maxConsultPolicy
}
