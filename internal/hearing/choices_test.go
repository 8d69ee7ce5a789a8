package hearing

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// Nobody who makes up the trial is ever removed, whoever asks and however it stands.
func TestWhoMakesUpTheTrialIsNeverRemoved(t *testing.T) {
	n := seen{}
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, p := range s.Booking.People {
			c := p.Capacity
			stays := c.OnPanel() || c == court.Procurator || c == court.Clerk
			_, r := Decide(s, Remove{p.ID, "?"}, Actor{Person: "p0", Device: "d0"}, start())
			if stays {
				require.NotEqual(t, Removed, s.person(p.ID).Status)
				require.NotNil(t, r)
			}
			switch {
			case r == nil:
				n["removed"]++
			case r.Code == "trial_stays":
				require.True(t, stays)
				n[r.Code]++
			}
		}
	})
	n.require(t, "removed", "trial_stays")
}

// What a view says of whom an act is open about is what the rules answer.
func TestChoicesAgreeWithDecide(t *testing.T) {
	n := seen{}
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			v, a := ViewFor(s, r), Actor{Person: r.Person, Device: r.Device}
			accepted := func(c Command) bool {
				_, refusal := Decide(s, c, a, time.Time{})
				return refusal == nil
			}
			for _, p := range v.People {
				require.Equal(t, accepted(Remove{Person: p.Person, Reason: "?"}), p.Removable, "%s for %+v", p.Person, r)
				require.Equal(t, accepted(Isolate{Person: p.Person}), p.Isolable, "%s for %+v", p.Person, r)
				require.Equal(t, accepted(DismissWitness{Person: p.Person}), p.Dismissible, "%s for %+v", p.Person, r)
				for what, open := range map[string]bool{"removable": p.Removable, "isolable": p.Isolable, "dismissible": p.Dismissible} {
					if open {
						n[what]++
					}
				}
			}
			if !slices.Contains(v.Acts, "request_consult") {
				require.Empty(t, v.ConsultWith)
				continue
			}
			known := []PersonID{s.booked(r.Person).Client}
			for _, p := range v.People {
				known = append(known, p.Person)
			}
			var want, got []PersonID
			for _, id := range known {
				if !slices.Contains(want, id) && accepted(RequestConsult{[]PersonID{id}}) {
					want = append(want, id)
				}
			}
			for _, c := range v.ConsultWith {
				n["consult with"]++
				got = append(got, c.Person)
			}
			require.Equal(t, want, got)
		}
	})
	n.require(t, "removable", "isolable", "dismissible", "consult with")
}

// In a criminal case a counsel who has a client talks in private with the client, who
// helps both, and other counsel of the same client: with nobody of another side, nor
// with who helps such a one by name.
func TestPrivateTalksOfACriminalCaseStayOnOneSide(t *testing.T) {
	n := seen{}
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, e := range st.events {
			b, asked := e.Body.(ConsultRequested)
			if !asked {
				continue
			}
			by := s.booked(b.By)
			for _, id := range b.With {
				p := s.booked(id)
				require.False(t, p.Capacity.OfTrial() || p.Capacity.Watches() || p.Capacity.Called() || p.Capacity.Officers())
				client := p // or whom they help
				helps := slices.Contains([]court.Capacity{
					court.Interpreter, court.SignInterpreter, court.LegalRepresentative, court.AuthorisedRep,
				}, p.Capacity)
				if helps && p.Client != "" {
					client = s.booked(p.Client)
					n["helper of one"]++
				}
				everybodys := helps && p.Client == ""
				switch {
				case s.Booking.Procedure != court.Criminal:
					n["other procedures"]++
					_, other := s.mayConsult(by, p)
					require.Equal(t, by.Client != "" && client.ID != by.Client && p.Client != by.Client && !everybodys, other)
				case by.Client == "":
					n["client not named"]++
					require.True(t, everybodys || by.Capacity != court.DefenceCounsel || client.Capacity == court.Defendant)
				default:
					n["client named"]++
					require.True(t, everybodys || client.ID == by.Client || p.Client == by.Client)
				}
			}
		}
	})
	n.require(t, "other procedures", "client not named", "client named")
}

// The same of who helps one of two accused by name, which chance seldom brings about.
func TestCounselMeetsWhoHelpsTheirOwnClientOnly(t *testing.T) {
	r := trialRoom(t, func(b *Booking) {
		policy := court.DefaultPolicy(court.Criminal)
		policy.RequireOpinion, policy.RequireFacilities, policy.RequireReady = false, false, false
		b.Procedure, b.Form, b.Policy = court.Criminal, Online, &policy
		b.Points = []Point{
			{ID: "P0", Kind: CentralPoint, Name: "Trung tâm"},
			{ID: "P1", Kind: ComponentPoint, Name: "Trại tạm giam", Detention: true},
			{ID: "P2", Kind: ComponentPoint, Name: "Trụ sở"},
		}
		b.People = append(b.People,
			Person{ID: "father", Capacity: court.LegalRepresentative, Point: "P0", Client: "accused"},
			Person{ID: "mother", Capacity: court.LegalRepresentative, Point: "P0", Client: "second"})
	})
	r.no("not_for_consult", RequestConsult{[]PersonID{"accused", "mother"}}, counsellor)
	r.no("not_for_consult", RequestConsult{[]PersonID{"second"}}, counsellor)
	r.ok(RequestConsult{[]PersonID{"accused", "father"}}, counsellor)
}

// The table of mayConsult, by procedure and capacity.
func TestWhomACounselMayAskFor(t *testing.T) {
	defendant := &Person{ID: "client", Capacity: court.Defendant}
	for _, c := range []struct {
		procedure  court.Procedure
		by, with   Person
		may, other bool
	}{
		{court.Criminal, Person{Capacity: court.DefenceCounsel, Client: "client"}, Person{Capacity: court.Victim}, false, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel, Client: "client"}, Person{Capacity: court.Defendant}, false, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel, Client: "client"}, Person{Capacity: court.Interpreter}, true, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel, Client: "client"}, Person{Capacity: court.Lawyer, Client: "client"}, true, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel, Client: "client"}, Person{Capacity: court.Lawyer, Client: "x"}, false, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel, Client: "client"}, Person{Capacity: court.LegalRepresentative, Client: "client"}, true, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel, Client: "client"}, Person{Capacity: court.LegalRepresentative, Client: "x"}, false, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel}, *defendant, true, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel}, Person{Capacity: court.LegalRepresentative, Client: "client"}, true, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel}, Person{Capacity: court.LegalRepresentative, Client: "x"}, false, false},
		{court.Criminal, Person{Capacity: court.RightsProtector}, Person{Capacity: court.Interpreter, Client: "client"}, false, false},
		{court.Criminal, Person{Capacity: court.DefenceCounsel}, Person{Capacity: court.Victim}, false, false},
		{court.Criminal, Person{Capacity: court.RightsProtector}, Person{Capacity: court.Victim}, true, false},
		{court.Criminal, Person{Capacity: court.RightsProtector}, *defendant, false, false},
		{court.Criminal, Person{Capacity: court.Lawyer}, Person{Capacity: court.DefenceCounsel}, false, false},
		{court.Civil, Person{Capacity: court.Lawyer, Client: "client"}, Person{Capacity: court.Respondent}, true, true},
		{court.Civil, Person{Capacity: court.Lawyer, Client: "client"}, Person{Capacity: court.AuthorisedRep, Client: "x"}, true, true},
		{court.Civil, Person{Capacity: court.Lawyer, Client: "client"}, Person{Capacity: court.AuthorisedRep, Client: "client"}, true, false},
		{court.Civil, Person{Capacity: court.Lawyer}, Person{Capacity: court.Respondent}, true, false},
		{court.Civil, Person{Capacity: court.Lawyer}, Person{Capacity: court.Judge}, false, false},
	} {
		c.by.ID = "counsel"
		if c.with.ID == "" {
			c.with.ID = "other"
		}
		s := &State{Booking: Booking{Procedure: c.procedure, People: []Person{*defendant, {ID: "x", Capacity: court.Victim}}}}
		s.seats = newSeating(s.Booking)
		may, other := s.mayConsult(&c.by, &c.with)
		require.Equal(t, []bool{c.may, c.other}, []bool{may, other}, "%+v with %+v", c.by, c.with)
	}
}
