package sfu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who joins in a class hears what goes to the class and nothing else, however the routing
// changes around it, nothing after the class is granted nothing, and is in no class after
// it has left.
func TestAViewerJoinsInItsClasses(t *testing.T) {
	r := newTestRoom(t, nil)
	to := func(class string) Grant {
		return Grant{Source: mic("judge"), Audience: Audience{Class: class}, MaxLayer: 255, Yield: YieldMonitor}
	}
	judge := join(t, r, clientParams{id: "judge", mic: true})
	one := join(t, r, clientParams{id: "one", follows: true, audio: 1, onlooker: true, classes: []string{"monitors", "monitors:u1"}})
	other := join(t, r, clientParams{id: "two", follows: true, audio: 1, onlooker: true, classes: []string{"monitors", "monitors:u2"}})
	s := newSpeaker(judge)
	heard := func(c *client, what string) bool { return c.has(mic("judge"), what) || c.has(mic(c.peer.id), what) }
	epoch := uint64(0)
	apply := func(grants ...Grant) {
		epoch++
		require.NoError(t, r.Apply(Routing{Epoch: epoch, Grants: grants}))
	}

	apply(to("monitors"))
	every(t, "both hear", func(int) { s.say("to all") }, func() bool { return heard(one, "to all") && heard(other, "to all") })

	many := []Grant{to("monitors:u1")} // so that the table is built anew
	for i := range 2 * maxIncrement {
		many = append(many, toPeer(mic(fmt.Sprint("x", i)), "nobody"))
	}
	apply(many...)
	every(t, "the named one hears", func(int) { s.say("named") }, func() bool { return heard(one, "named") })
	require.False(t, heard(other, "named"))

	apply()
	muted := r.loop.count.dropped[dropMuted].Load()
	every(t, "nobody is granted", func(int) { s.say("secret") }, func() bool { return r.loop.count.dropped[dropMuted].Load() > muted+20 })
	apply(to("monitors:u2"))
	every(t, "the other hears", func(int) { s.say("later") }, func() bool { return heard(other, "later") })
	require.False(t, heard(one, "secret") || heard(other, "secret") || heard(one, "later"))

	other.peer.Close()
	one.peer.Close()
	behind := r.gallery.room
	require.Same(t, behind, one.peer.room)
	behind.mu.Lock()
	defer behind.mu.Unlock()
	require.Empty(t, behind.table.fixed)
	require.Empty(t, behind.members)
}
