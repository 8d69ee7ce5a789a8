package hearing

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newComparing is the case of J1 whose clerk has a desk client, with the accused before
// the room client of the detention centre beside its officer.
func newComparing(t *testing.T) *room {
	t.Helper()
	b := bookingOfJ1()
	for i := range b.Devices {
		switch d := &b.Devices[i]; d.ID {
		case "d-clerk":
			d.Kind = DeskClient
		case "d-bc":
			d.People = append(d.People, "cb")
		}
	}
	r := &room{t: t, now: start().Add(-time.Hour)}
	r.ok(Book{b}, system)
	for _, a := range []Actor{judge, clerk, defender, bc} {
		r.ok(DeviceConnected{a.Device}, system)
		r.ok(CheckIn{true}, a)
	}
	return r
}

// between are the devices that see and hear each other.
func (r *room) between() []DeviceID {
	var list []DeviceID
	for _, m := range Routes(r.s).Members {
		list = append(list, m.Device)
	}
	slices.Sort(list)
	return list
}

// J1.5: the clerk compares the papers of who waits, and sees and hears them meanwhile.
func TestJ1_5TheClerkSeesWhosePapersTheyCompare(t *testing.T) {
	r := newComparing(t)
	r.no("check_device_shared", BeginIdentityCheck{"bc"}, clerk) // the officer beside has not checked in
	r.ok(CheckIn{true}, cb)
	r.no("only_clerk", BeginIdentityCheck{"bc"}, judge)
	r.no("not_checked_in", BeginIdentityCheck{"home"}, clerk)
	r.no("own_check", BeginIdentityCheck{"clerk"}, clerk)
	r.no("unknown_person", BeginIdentityCheck{"nobody"}, clerk)
	r.no("no_check", EndIdentityCheck{}, clerk)
	r.ok(BeginIdentityCheck{"bc"}, clerk)
	require.Equal(t, []DeviceID{"d-bc", "d-clerk"}, r.between())
	r.no("in_check", BeginIdentityCheck{"bc"}, clerk)
	r.no("only_clerk", EndIdentityCheck{}, judge)
	for _, told := range []Actor{clerk, bc, cb, {Person: "cb", Device: "d-bc"}} {
		require.NotNil(t, ViewFor(r.s, Reader{Person: told.Person, Device: told.Device}).IdentityCheck, told)
	}
	for _, other := range []Actor{judge, defender} {
		require.Nil(t, ViewFor(r.s, Reader{Person: other.Person, Device: other.Device}).IdentityCheck, other)
	}
	r.ok(Admit{"counsel"}, judge) // of somebody else: nothing changes
	require.Equal(t, []DeviceID{"d-bc", "d-clerk"}, r.between())
	r.ok(NoteIdentity{"bc", "citizen_card", "48 12"}, clerk)
	require.Empty(t, r.between())
	require.Equal(t, "citizen_card", r.s.person("bc").Identity)
	r.ok(BeginIdentityCheck{"bc"}, clerk)
	r.ok(Admit{"bc"}, clerk) // the officer beside still waits: they are in different rooms
	require.Empty(t, r.between())
}

// A check ends by itself, and with the opening; whoever is late is compared in a break.
func TestJ1_5ACheckIsBoundInTime(t *testing.T) {
	r := newComparing(t)
	r.ok(BeginIdentityCheck{"counsel"}, clerk)
	r.tick(r.now.Add(IdentityCheckMinutes * time.Minute))
	require.Empty(t, r.between())
	r.ok(RecordOpinion{Agrees: true, On: start().Add(-24 * time.Hour).UnixMicro()}, clerk)
	r.ok(RecordFacilities{OK: true}, clerk)
	r.s.Booking.Policy.RequireReady = false
	r.ok(BeginIdentityCheck{"counsel"}, clerk)
	r.ok(RecorderReport{Recording: true}, system)
	r.ok(Open{}, judge)
	require.Nil(t, r.s.Check)
	require.NotContains(t, r.between(), DeviceID("d-counsel")) // who still waits
	r.no("check_in_session", BeginIdentityCheck{"counsel"}, clerk)
	r.ok(CheckIn{true}, home)
	r.ok(Recess{}, judge)
	r.ok(BeginIdentityCheck{"home"}, clerk)
	require.Equal(t, []DeviceID{"d-clerk", "d-home"}, r.between())
	r.ok(Resume{}, judge)
	require.Nil(t, r.s.Check)
}

// What ends a check, each told once.
func TestJ1_5WhatEndsACheck(t *testing.T) {
	comparing := func(t *testing.T) *room {
		r := newComparing(t)
		r.s.Booking.Policy.RequireReady = false
		r.ok(Admit{"counsel"}, judge)
		r.ok(RecorderReport{Recording: true}, system)
		return r
	}
	recess := func(r *room) {
		r.ok(Open{}, judge)
		r.ok(Recess{}, judge)
	}
	for name, c := range map[string]struct {
		before func(*room)
		act    Command
		by     Actor
	}{
		"the clerk":      {nil, EndIdentityCheck{}, clerk},
		"a mismatch":     {nil, NoteMismatch{"counsel", "ảnh khác người"}, clerk},
		"a removal":      {nil, Remove{"counsel", "gây rối"}, judge},
		"an isolation":   {nil, Isolate{"counsel", ""}, judge},
		"leaving":        {nil, NoteAway{"counsel"}, clerk},
		"the opening":    {nil, Open{}, judge},
		"cancellation":   {nil, Cancel{"trùng lịch"}, clerk},
		"a resumption":   {recess, Resume{}, judge},
		"a suspension":   {recess, Suspend{"mất điện", tomorrow()}, judge},
		"an adjournment": {recess, Adjourn{"mất điện", 0, Online}, judge},
		"the closing":    {recess, Close{}, judge},
		"a reopening": {func(r *room) {
			recess(r)
			r.ok(Suspend{"mất điện", tomorrow()}, judge)
		}, Reopen{}, clerk},
	} {
		t.Run(name, func(t *testing.T) {
			r := comparing(t)
			if c.before != nil {
				c.before(r)
			}
			r.ok(BeginIdentityCheck{"counsel"}, clerk)
			require.Equal(t, []DeviceID{"d-clerk", "d-counsel"}, r.between())
			r.ok(c.act, c.by)
			require.Nil(t, r.s.Check)
			for _, m := range Routes(r.s).Members {
				require.False(t, ofCheck(m.Class))
			}
		})
	}
}

// A clerk at a console, or at a desk that others share, sees nobody.
func TestAClerkWithoutADeskOfTheirOwnComparesThroughOfficers(t *testing.T) {
	r := newTrial(t)
	r.arrive()
	r.no("no_check_desk", BeginIdentityCheck{"bc"}, clerk)
	require.NotContains(t, ViewFor(r.s, Reader{Person: "clerk", Device: "d-clerk"}).Acts, "begin_identity_check")
}
