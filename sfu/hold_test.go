package sfu

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A receiver gets a camera's packets in the order of their numbers as long as
// what is missing comes within holdTime, gets everything that came, and waits for
// nothing longer than that; a tap never waits.
func TestPacketsWaitForWhatIsMissingButNotLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		p.answers = newAnswerTime()
		src := f.publishes(p, Cam)
		l := src.layers[0]
		l.nack = true
		q, w := f.peer("a")
		f.binds(q, src.id, "0")
		tap := newTapLog()
		_, err := f.Tap(TapParams{Class: "recorder", Tap: tap})
		require.NoError(t, err)
		require.NoError(t, f.Apply(Routing{Grants: []Grant{
			toPeer(src.id, "a"), {Source: src.id, Audience: Audience{Class: "recorder"}},
		}}))
		n := rapid.Uint16().Draw(t, "first")
		var m mendRound
		came := 0
		get := func(n uint16, key bool) {
			before := len(tap.packets)
			f.receives(l, 96, n, uint32(n)*3000, vp8Frame(key, n, 0, 640, 360, "x"))
			require.Len(t, tap.packets, before+1)
			came++
		}
		get(n, true)
		patient := rapid.Bool().Draw(t, "everything is mended in time")
		var lost []uint16
		for range rapid.IntRange(1, 60).Draw(t, "packets") {
			n++
			if rapid.IntRange(0, 4).Draw(t, "lost?") == 0 && len(lost) < maxMissing/2 {
				lost = append(lost, n)
				continue
			}
			get(n, false)
		}
		n++
		get(n, false)
		if patient {
			for _, i := range rapid.Permutation(lost).Draw(t, "order of mending") {
				get(i, false)
			}
			for i, k := range w.packets {
				require.Equal(t, w.packets[0].SequenceNumber+uint16(i), k.SequenceNumber)
			}
		} else {
			for end := f.now.Add(holdTime); f.now.Before(end); {
				d := p.collectNacks(&m)
				if d == 0 {
					break
				}
				f.now = f.now.Add(d)
			}
			p.collectNacks(&m)
		}
		require.Len(t, w.packets, came)
		require.False(t, w.reused)
	})
}

// A packet without payload takes no number of the receiver's, waiting or not.
func TestPaddingThatWaitsLeavesNoHole(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	l := src.layers[0]
	l.nack = true
	q, w := f.peer("a")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
	frame := func(n uint16) { f.receives(l, 96, n, uint32(n)*3000, vp8Frame(n == 1, n, 0, 640, 360, "x")) }
	frame(1)
	f.receives(l, 96, 3, 9000, nil)
	frame(4)
	require.Len(t, w.packets, 1)
	frame(2)
	require.Len(t, w.packets, 3)
	for i, k := range w.packets {
		require.Equal(t, w.packets[0].SequenceNumber+uint16(i), k.SequenceNumber)
	}
}
