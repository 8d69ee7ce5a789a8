package recording

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/ledger"
	"phientoa/internal/store"
)

// wideBooking reaches every bound of a booking but that of names, with the text that
// JSON writes longest: one '<' takes six bytes in a line and seven in a line within a
// line. Names and points have so many characters.
func wideBooking(runes int) hearing.Booking {
	label, name := strings.Repeat("<", hearing.MaxLabelRunes), strings.Repeat("<", runes)
	id := func(i int) string { return fmt.Sprintf("%0*d", hearing.MaxIDBytes, i) }
	b := hearing.Booking{
		Hearing: hearing.ID(id(0)), Unit: court.UnitID(id(0)),
		Court: label, DocketNo: label, Title: label, Reference: label,
		StartsAt: 1 << 54, LateAfter: (24 * time.Hour).Microseconds(), Demo: true,
	}
	for i := range hearing.MaxPeople {
		capacity := court.DetentionOfficer
		if i == 0 {
			capacity = court.PresidingJudge
		}
		b.People = append(b.People, hearing.Person{ID: hearing.PersonID(id(i)), Capacity: capacity, Alias: name, Point: name})
	}
	for i := range hearing.MaxDevices {
		d := hearing.Device{ID: hearing.DeviceID(id(i)), Kind: hearing.Console, People: []hearing.PersonID{hearing.PersonID(id(i % hearing.MaxPeople))}}
		if i > 0 && i <= hearing.MaxAllSeats-hearing.MaxDevices {
			d.People = append(d.People, hearing.PersonID(id(0)))
		}
		b.Devices = append(b.Devices, d)
	}
	return b
}

// Three packages bound a line, and a booking stands in lines of all three: as it
// is in the state log, escaped within a line of the evidence log, and in the
// genesis of every part. What the rules accept, the others must be able to keep.
func TestTheWidestBookingFitsIntoEveryLog(t *testing.T) {
	system := hearing.Actor{System: true}
	var bodies []hearing.EventBody
	for runes := hearing.MaxNameRunes; bodies == nil; runes-- {
		require.Positive(t, runes, "no such booking is taken")
		bodies, _ = hearing.Decide(nil, hearing.Book{Booking: wideBooking(runes)}, system, time.UnixMicro(1<<54))
	}
	line, err := hearing.MarshalEvent(hearing.Event{Seq: 1, At: 1 << 54, Actor: system, Body: bodies[0]})
	require.NoError(t, err)
	require.LessOrEqual(t, len(line), hearing.MaxLineBytes)
	require.LessOrEqual(t, hearing.MaxLineBytes, store.MaxLineBytes, "the store takes every line of the rules")

	genesis, err := json.Marshal(bodies[0].(hearing.Booked).Booking)
	require.NoError(t, err)
	o := newOpener(t, time.Now())
	part, _ := o.open(func(p *Params) { p.Genesis = genesis })
	ctx := context.Background()
	require.NoError(t, part.Event(ctx, 1, line, true, true))
	require.NoError(t, part.Close(ctx))
	require.Empty(t, o.verify(Options{}).Damages)

	within := record(ledger.KindEvent, eventBody{Seq: 1 << 62, Line: string(line)})
	t.Logf("%d bytes of %d in the state log, %d of %d in the evidence log",
		len(line), hearing.MaxLineBytes, len(within.Body), ledger.MaxLine)
	require.Less(t, len(within.Body), ledger.MaxLine-1024)
}
