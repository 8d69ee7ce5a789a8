package signaling

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

func cmdCheck(person string) *wire.Command {
	return &wire.Command{Act: &wire.Command_BeginIdentityCheck{BeginIdentityCheck: &wire.BeginIdentityCheck{Person: person}}}
}

var cmdEndCheck = &wire.Command{Act: &wire.Command_EndIdentityCheck{EndIdentityCheck: &wire.EndIdentityCheck{}}}

func cmdNote(person string) *wire.Command {
	return &wire.Command{Act: &wire.Command_NoteIdentity{NoteIdentity: &wire.NoteIdentity{
		Person: person, Method: "citizen_card", Challenge: "48 12",
	}}}
}

// TestOnlyTheClerkAndThePersonHearACheck: before the opening, with everybody waiting
// and sending, the clerk compares papers. Picture and sound come out at the clerk and
// at that one person, from the answer of the beginning to that of the end, and nowhere
// else: not at who waits beside them, not at the judge, the public or the recorder.
func TestOnlyTheClerkAndThePersonHearACheck(t *testing.T) {
	s := newStage(t, wireBooking())
	for _, p := range append(senders(), officer, viewer) {
		s.clients[p] = s.enter(p)
		if p != viewer {
			s.clients[p].must(cmdCheckIn)
		}
	}
	s.reconnect()
	list := []stretch{{from: s.now(), allowed: map[pair]bool{}, what: "the check-in"}}
	s.flows(list[0])
	step := func(what, by string, cmd *wire.Command, with string) {
		t.Helper()
		s.fence(func() { list[len(list)-1].to = s.now() })
		s.clients[by].must(cmd)
		next := stretch{from: s.now(), allowed: map[pair]bool{}, what: what}
		if with != "" {
			for _, cam := range []bool{false, true} {
				next.allowed[pair{with, clerk, cam}], next.allowed[pair{clerk, with, cam}] = true, true
			}
		}
		require.Equal(t, next.allowed, allowedIn(s.at()), what)
		s.reconnect()
		sent := s.counter("sfu_packets_sent_total")
		s.flows(next)
		if with == "" {
			require.Equal(t, sent, s.counter("sfu_packets_sent_total"), "the sfu sends although nothing may flow, after %s", what)
		}
		list = append(list, next)
	}
	step("the check of the plaintiff", clerk, cmdCheck(plaintiff), plaintiff)
	step("its end", clerk, cmdEndCheck, "")
	step("the check of a witness, who waits isolated", clerk, cmdCheck(witness), witness)
	step("the check of the next", clerk, cmdCheck(respondent), respondent)
	step("the note that the papers match", clerk, cmdNote(respondent), "")
	step("the check of somebody in the courtroom", clerk, cmdCheck(lawyer), lawyer)
	step("an admission of somebody else", judge, cmdAdmit(plaintiff), lawyer)
	step("the removal", judge, cmdRemove(lawyer), "")
	step("the check of the plaintiff again", clerk, cmdCheck(plaintiff), plaintiff)
	s.fence(func() { list[len(list)-1].to = s.now() })
	v := s.judge(list)
	t.Logf("%d packets came out where they may (by kind %v), %d where not; the last of what was closed was sent %v after its command",
		v.lawful, v.kinds, v.forbidden, v.closing)
	require.Zero(t, v.forbidden, v.first)
	require.Positive(t, v.kinds[markSound])
	require.Positive(t, v.kinds[markFirst])
	s.mu.Lock()
	defer s.mu.Unlock()
	require.False(t, slices.ContainsFunc(s.heard, func(h heardPacket) bool { return h.at == recorderEar || h.at == viewer || h.at == judge }))
	for _, way := range [][2]string{{plaintiff, clerk}, {clerk, plaintiff}, {witness, clerk}, {clerk, witness}, {clerk, respondent}, {respondent, clerk}} {
		require.True(t, slices.ContainsFunc(s.heard, func(h heardPacket) bool { return h.from == way[0] && h.at == way[1] }), "%v", way)
	}
}

// TestACheckSaysWhoSeesWhom: the clerk and the person are told with which device they
// see each other; who waits beside them is told nothing.
func TestACheckSaysWhoSeesWhom(t *testing.T) {
	s := newStage(t, wireBooking())
	for _, p := range []string{judge, clerk, plaintiff, lawyer} {
		s.clients[p] = s.enter(p)
		s.clients[p].must(cmdCheckIn)
	}
	s.clients[clerk].must(cmdCheck(plaintiff))
	on := func(v *wire.View) bool { return v.IdentityCheck != nil }
	for _, p := range []string{clerk, plaintiff} {
		c := s.clients[p].view("the check", on).IdentityCheck
		require.Equal(t, clerk, c.By)
		require.Equal(t, device(clerk), c.ByDevice)
		require.Equal(t, plaintiff, c.Person)
		require.Equal(t, device(plaintiff), c.Device)
		require.Equal(t, int64(hearing.IdentityCheckMinutes*60e6), c.Until-c.Since)
	}
	s.clients[clerk].must(cmdEndCheck)
	for _, p := range []string{clerk, plaintiff} {
		s.clients[p].view("its end", func(v *wire.View) bool { return !on(v) })
	}
	s.clients[judge].must(cmdAdmit(lawyer)) // whatever was sent before has arrived with what this sends
	s.clients[lawyer].view("the courtroom", func(v *wire.View) bool { return v.Place == string(hearing.Courtroom) })
	for _, p := range []string{judge, lawyer} {
		for _, e := range s.clients[p].heard() {
			require.False(t, e.GetView() != nil && on(e.GetView()), "%s is told", p)
		}
	}
}
