package hearing

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// alone is what somebody reads before a console that is theirs alone.
func alone(s *State, p PersonID) View {
	n := s.clone()
	n.Booking = cloneBooking(s.Booking)
	n.Booking.Devices = append(n.Booking.Devices, Device{ID: "alone", Kind: Console, People: []PersonID{p}})
	n.Devices = append(n.Devices, DeviceState{ID: "alone"})
	n.seats = newSeating(n.Booking)
	return ViewFor(n, Reader{Person: p, Device: "alone"})
}

// within tells whether whoever reads b learns nothing from a: all that a says, b says.
func within(a, b reflect.Value) bool {
	switch {
	case a.IsZero():
		return true
	case a.Kind() == reflect.Pointer:
		return !b.IsNil() && within(a.Elem(), b.Elem())
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			if !within(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case a.Kind() == reflect.Slice:
		for i := range a.Len() {
			if !slices.ContainsFunc(elements(b), func(x reflect.Value) bool { return within(a.Index(i), x) }) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func elements(list reflect.Value) []reflect.Value {
	var all []reflect.Value
	for i := range list.Len() {
		all = append(all, list.Index(i))
	}
	return all
}

// ofOthers is a view without what is about the reader themself: their seat, which those
// beside them see them in, and the acts that are theirs to give.
func ofOthers(v View) View {
	me := v.Me
	v.Me, v.Acts, v.ConsultWith, v.Place = "", nil, nil, Nowhere
	v.Seq = 0 // counts what happens to anybody before the device
	v.Exhibits = slices.Clone(v.Exhibits)
	for i := range v.Exhibits {
		v.Exhibits[i].Showable = false
	}
	v.People = slices.DeleteFunc(slices.Clone(v.People), func(p PersonView) bool { return p.Person == me })
	for i := range v.People {
		v.People[i].Removable, v.People[i].Isolable, v.People[i].Dismissible = false, false, false
	}
	return v
}

// A device's entitlement is the intersection of those of the people before it
// (architecture, "Who is who"): on a screen that several read stands nothing that one
// of them may not know.
func TestASharedScreenTellsWhatEachBeforeItMayKnow(t *testing.T) {
	n := seen{}
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			here := s.inFront(s.device(r.Device))
			if len(here) < 2 || !slices.Contains(here, r.Person) || standingOf(s, r) == watcher {
				continue
			}
			v := ViewFor(s, r)
			for _, q := range here {
				if q == r.Person {
					continue
				}
				theirs := alone(s, q)
				require.True(t, within(reflect.ValueOf(ofOthers(v)), reflect.ValueOf(theirs)),
					"%+v beside %s reads\n%+v\nof what that one alone reads\n%+v", r, q, v, theirs)
				require.Contains(t, []Place{s.home(r.Person), theirs.Place}, v.Place)
				n["read"]++
				if mine := alone(s, r.Person); !within(reflect.ValueOf(ofOthers(mine)), reflect.ValueOf(v)) {
					n["less than alone"]++
				}
				if s.booked(r.Person).Capacity.HoldsRoom() && standingOf(s, r) == participant {
					n["a holder beside a party"]++
				}
			}
		}
	})
	n.require(t, "read", "less than alone", "a holder beside a party")
}

// The name of somebody protected stands on no screen that somebody else reads too.
func TestAProtectedNameIsNotReadBeside(t *testing.T) {
	b := plainBooking()
	b.People = append(b.People, Person{ID: "hidden", Capacity: court.Witness, Alias: "A1"})
	b.Devices = append(b.Devices,
		Device{ID: "d-both", Kind: Console, People: []PersonID{"hidden", "party"}},
		Device{ID: "d-own", Kind: Console, People: []PersonID{"hidden"}})
	r := &room{t: t, now: start()}
	r.ok(Book{b}, system)
	// Not bookable yet: nothing disguises picture and voice.
	r.s.Booking.People[len(b.People)-1].Capacity = court.ProtectedWitness
	named := func(d DeviceID) bool {
		v := ViewFor(r.s, Reader{Person: "hidden", Device: d})
		i := slices.IndexFunc(v.People, func(p PersonView) bool { return p.Person == "hidden" })
		return v.People[i].MayName
	}
	require.False(t, named("d-both"))
	require.True(t, named("d-own"))
	r.ok(CheckIn{true}, judge)
	r.ok(CheckIn{true}, party)
	r.ok(CheckIn{true}, Actor{Person: "hidden", Device: "d-own"})
	r.ok(Admit{"party"}, judge)
	r.ok(Admit{"hidden"}, judge)
	require.Equal(t, participant, standingOf(r.s, Reader{Person: "hidden", Device: "d-both"}))
	require.False(t, named("d-both"))
	require.True(t, named("d-own"))
}
