package hearing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

// Seats of the criminal hearing of J1 and J5.
var (
	defender = Actor{Person: "counsel", Device: "d-counsel"}
	ksv      = Actor{Person: "ksv", Device: "d-ksv"}
	bc       = Actor{Person: "bc", Device: "d-bc"}
	cb       = Actor{Person: "cb", Device: "d-cb"}
	home     = Actor{Person: "home", Device: "d-home"}
)

// bookingOfJ1: the court at P0, a detention point P1 with the defendant and an
// officer, a victim at home at P2. It is booked ten days ahead by these tests.
func bookingOfJ1() Booking {
	seat := func(p PersonID, kind DeviceKind) Device {
		return Device{ID: DeviceID("d-" + p), Kind: kind, People: []PersonID{p}}
	}
	return Booking{
		Hearing: "h1", Unit: "u1", Court: "TAND khu vực 1", DocketNo: "45/2026/TLST-HS", Title: "Vụ án hình sự",
		StartsAt: start().UnixMicro(), Procedure: court.Criminal, Minutes: 240,
		Points: []Point{
			{ID: "P0", Kind: CentralPoint, Name: "Tòa án", Unit: "u1"},
			{ID: "P1", Kind: ComponentPoint, Name: "Trại tạm giam", Unit: "t1", Detention: true},
			{ID: "P2", Kind: ComponentPoint, Name: "Nơi ở của bị hại"},
		},
		People: []Person{
			{ID: "judge", Capacity: court.PresidingJudge, Point: "P0"},
			{ID: "clerk", Capacity: court.Clerk, Point: "P0"},
			{ID: "ksv", Capacity: court.Procurator, Point: "P0"},
			{ID: "counsel", Capacity: court.DefenceCounsel, Point: "P0", Client: "bc"},
			{ID: "bc", Capacity: court.Defendant, Point: "P1"},
			{ID: "cb", Capacity: court.DetentionOfficer, Point: "P1"},
			{ID: "home", Capacity: court.Victim, Point: "P2"},
		},
		Devices: []Device{
			seat("judge", DeskClient), seat("clerk", Console), seat("ksv", DeskClient), seat("counsel", DeskClient),
			seat("bc", RoomClient), seat("cb", Console), seat("home", DeskClient),
		},
	}
}

// J1.1: a fourth component point and an excluded case are refused, and every
// other condition of the law by a refusal of its own.
func TestJ1_1ABookingFollowsTheLaw(t *testing.T) {
	person := func(b *Booking, id PersonID) *Person {
		for i := range b.People {
			if b.People[i].ID == id {
				return &b.People[i]
			}
		}
		return nil
	}
	component := func(id string) Point { return Point{ID: id, Kind: ComponentPoint, Name: id} }
	for name, c := range map[string]struct {
		code  string
		spoil func(*Booking)
	}{
		"fourth component point":   {"too_many_points", func(b *Booking) { b.Points = append(b.Points, component("P3"), component("P4")) }},
		"points beyond any policy": {"too_many_points", func(b *Booking) { b.Points = append(b.Points, manyPoints()...) }},
		"no central point":         {"central_point", func(b *Booking) { b.Points = b.Points[1:] }},
		"two central points":       {"central_point", func(b *Booking) { b.Points[1].Kind = CentralPoint }},
		"kind of point":            {"point", func(b *Booking) { b.Points[1].Kind = "branch" }},
		"point twice":              {"point", func(b *Booking) { b.Points[2].ID = "P1" }},
		"point without a name":     {"point", func(b *Booking) { b.Points[2].Name = "" }},
		"id of a point":            {"point", func(b *Booking) { b.Points[2].ID = "P 2" }},
		"unit of a point":          {"point", func(b *Booking) { b.Points[2].Unit = "a/b" }},
		"nowhere":                  {"person_point", func(b *Booking) { person(b, "home").Point = "P7" }},
		"procurator elsewhere":     {"central_only", func(b *Booking) { person(b, "ksv").Point = "P1" }},
		"clerk elsewhere":          {"central_only", func(b *Booking) { person(b, "clerk").Point = "P1" }},
		"presiding elsewhere":      {"central_only", func(b *Booking) { person(b, "judge").Point = "P2" }},
		"chapter XIII":             {"excluded_case", func(b *Booking) { b.Exclusions = []court.Exclusion{court.ChapterXIII} }},
		"chapter XXVI":             {"excluded_case", func(b *Booking) { b.Exclusions = []court.Exclusion{court.ChapterXXVI} }},
		"state secret":             {"excluded_case", func(b *Booking) { b.Exclusions = []court.Exclusion{court.StateSecret} }},
		"secret in person": {"excluded_case", func(b *Booking) {
			inPerson(b)
			b.Exclusions = []court.Exclusion{court.ChapterXIII, court.StateSecret}
		}},
		"unknown exclusion":   {"exclusion", func(b *Booking) { b.Exclusions = []court.Exclusion{"weather"} }},
		"in person elsewhere": {"in_person_points", func(b *Booking) { b.Form = InPerson }},
		"protected witness":   {"protected_witness", func(b *Booking) { person(b, "home").Capacity = court.ProtectedWitness }},
		"client":              {"client", func(b *Booking) { person(b, "counsel").Client = "nobody" }},
		"own client":          {"client", func(b *Booking) { person(b, "counsel").Client = "counsel" }},
		"procedure":           {"procedure", func(b *Booking) { b.Procedure = "labour" }},
		"instance":            {"instance", func(b *Booking) { b.Instance = "third" }},
		"form":                {"form", func(b *Booking) { b.Form = "mail" }},
		"visibility":          {"visibility", func(b *Booking) { b.Visibility = Deliberating }},
		"minutes":             {"minutes", func(b *Booking) { b.Minutes = -1 }},
		"points of no procedure": {"without_procedure", func(b *Booking) {
			b.Procedure, b.Minutes = "", 0
		}},
		"policy": {"policy", func(b *Booking) { b.Policy = &court.Policy{} }},
		"policy without hold": {"policy", func(b *Booking) {
			p := court.DefaultPolicy(court.Criminal)
			p.HoldAfter = 0
			b.Policy = &p
		}},
		"policy of many points": {"policy", func(b *Booking) {
			p := court.DefaultPolicy(court.Criminal)
			p.MaxComponentPoints = MaxPoints
			b.Policy = &p
		}},
	} {
		b := bookingOfJ1()
		c.spoil(&b)
		_, refusal := Decide(nil, Book{b}, system, start())
		require.NotNil(t, refusal, name)
		require.Equal(t, c.code, refusal.Code, name)
		fillProcedure(&b)
		b.LateAfter = 1
		_, err := Apply(nil, Event{Seq: 1, At: 1, Body: Booked{b}})
		require.ErrorIs(t, err, ErrImpossible, name)
	}
	b := bookingOfJ1()
	b.Exclusions = []court.Exclusion{court.ChapterXIII}
	_, refusal := Decide(nil, Book{b}, system, start())
	require.Contains(t, refusal.Vi, "Chương XIII")
	require.Contains(t, refusal.Vi, "33/2021/QH15")
}

func manyPoints() []Point {
	var list []Point
	for i := range MaxPoints {
		list = append(list, Point{ID: "X" + string(rune('a'+i)), Kind: ComponentPoint, Name: "X"})
	}
	return list
}

func inPerson(b *Booking) {
	b.Form, b.Points = InPerson, b.Points[:1]
	for i := range b.People {
		b.People[i].Point = "P0"
	}
}

func TestABookingGetsTheLawsFigures(t *testing.T) {
	b := bookingOfJ1()
	bodies, refusal := Decide(nil, Book{b}, system, start())
	require.Nil(t, refusal)
	booked := bodies[0].(Booked).Booking
	require.Equal(t, court.DefaultPolicy(court.Criminal), *booked.Policy)
	require.Equal(t, []any{"first_instance", Online, Public}, []any{booked.Instance, booked.Form, booked.Visibility})
	require.Nil(t, b.Policy, "the caller's booking stays as it was")

	own := court.DefaultPolicy(court.Civil)
	own.MaxComponentPoints = 2
	b.Policy, b.Visibility = &own, ClosedDoors
	s := nil0(b)
	require.Equal(t, 2, s.Booking.Policy.MaxComponentPoints)
	require.Equal(t, ClosedDoors, s.Visibility)
	own.MaxComponentPoints = 9
	b.Points[0].Name = "khác"
	require.Equal(t, 2, s.Booking.Policy.MaxComponentPoints, "a state keeps no caller's policy")
	require.Equal(t, "Tòa án", s.Booking.Points[0].Name)

	inPerson(&b)
	b.Exclusions = []court.Exclusion{court.ChapterXXVI}
	_, refusal = Decide(nil, Book{b}, system, start())
	require.Nil(t, refusal, "in person the chapters may be tried")
}
