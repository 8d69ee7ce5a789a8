package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/sfu/estimate"
)

// framesIn are the timestamps of the frames in a packet of sound, the own one last.
func framesIn(t require.TestingT, p *rtp.Packet) (at []uint32) {
	if p.PayloadType == 111 {
		return []uint32{p.Timestamp}
	}
	require.EqualValues(t, 63, p.PayloadType)
	var blocks [maxRedBlocks]redBlock
	n, ok := parseRED(p.Payload, 111, &blocks)
	require.True(t, ok)
	require.LessOrEqual(t, len(p.Payload), maxPayload)
	for _, b := range blocks[:n] {
		at = append(at, p.Timestamp-uint32(b.offset))
	}
	return at
}

// However sound comes, with redundancy of its own or without, with losses, pauses and
// closings: a packet for a leg of depth d carries, besides its own frame, each of the
// d before it that came to us after the opening, and nothing else; frames stand in it
// by rising age once each and unchanged.
func TestALossyLegGetsTheFramesBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		src := f.publishes(p, Mic)
		q, w := f.peer("party")
		f.binds(q, src.id, "0")
		other, _ := f.peer("clerk") // keeps the source open while the party's grant is closed
		f.binds(other, src.id, "0")
		open := Routing{Grants: []Grant{toPeer(src.id, "clerk"), toPeer(src.id, "party")}}
		shut := Routing{Grants: []Grant{toPeer(src.id, "clerk")}}
		require.NoError(t, f.Apply(open))
		q.tx.line.est = estimate.New(estimate.Params{}, f.now)
		depth := rapid.IntRange(1, maxDepth).Draw(t, "depth")
		q.tx.line.red = depth
		own := rapid.IntRange(0, 1).Draw(t, "own redundancy")

		spokenAt := func(n uint32) []byte { return spoken(uint64(n)) }
		came := map[uint32]bool{} // frames that reached us since the opening
		ts := uint32(0)
		var row []uint32 // timestamps by sequence number
		opened, isOpen := 0, true
		seq := uint16(0)
		for range rapid.IntRange(10, 80).Draw(t, "packets") {
			if rapid.IntRange(0, 19).Draw(t, "grant") == 0 {
				if isOpen = !isOpen; isOpen {
					require.NoError(t, f.Apply(open))
					opened, came = 0, map[uint32]bool{}
				} else {
					require.NoError(t, f.Apply(shut))
				}
			}
			before := ts
			step := uint32(960)
			if rapid.IntRange(0, 9).Draw(t, "pause") == 0 {
				step = 20 * 960 // more than a block can tell
			}
			ts += step
			seq++
			row = append(row, ts)
			if rapid.IntRange(0, 3).Draw(t, "lost on the way to us") == 0 {
				continue
			}
			payload, pt := spokenAt(ts), uint8(111)
			if own == 1 && step < 1<<14 && seq > 1 {
				payload, pt = redPayload(spokenAt(ts), []uint16{uint16(step)}, [][]byte{spokenAt(before)}), 63
			}
			sent := len(w.packets)
			f.now = f.now.Add(20 * time.Millisecond)
			f.receives(src.layers[0], pt, seq, ts, payload)
			if isOpen {
				opened++
			}
			if !isOpen || opened == 1 {
				require.Len(t, w.packets, sent)
				continue
			}
			inIt := map[uint32]bool{ts: true}
			for back := 1; back <= depth && back < len(row); back++ {
				old := row[len(row)-1-back]
				repeated := own == 1 && back == 1 && pt == 63
				if (came[old] || repeated && after(old, src.sections[0].gate.floorTS)) && ts-old < 1<<14 {
					inIt[old] = true
				}
			}
			came[ts] = true
			require.Len(t, w.packets, sent+1)
			all := framesIn(t, w.packets[sent])
			for i := 1; i < len(all); i++ {
				require.True(t, after(all[i], all[i-1]))
			}
			got := map[uint32]bool{}
			for _, at := range all {
				got[at] = true
			}
			require.Equal(t, inIt, got, "packet %d", seq)
			_, frames := numbersIn(t, w.packets[sent])
			for i, n := range frames {
				require.EqualValues(t, all[i], n, "each frame at its own time")
			}
		}
		require.False(t, w.reused)
	})
}

// Redundancy follows the loss, rises at once, falls when less was enough for redTime,
// and leaves a narrow line to what it is for.
func TestRedundancyIsAsDeepAsTheLegLoses(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := line{est: estimate.New(estimate.Params{Start: 3_000_000}, now)}
	for _, c := range []struct {
		share float64
		deep  int
	}{{0, 0}, {0.02, 0}, {0.03, 1}, {0.10, 2}, {0.20, 3}, {0.30, 4}, {1, 4}} {
		l.red, l.lossy = 0, now
		l.loses(c.share, 90_000, now)
		require.Equal(t, c.deep, l.red, "%v lost", c.share)
	}
	l.loses(0, 90_000, now.Add(redTime-1))
	require.Equal(t, 4, l.red)
	l.loses(0.03, 90_000, now.Add(redTime))
	require.Equal(t, 1, l.red)
	l.loses(0.30, 90_000, now.Add(redTime+1))
	require.Equal(t, 4, l.red)
	l.loses(0, 90_000, now.Add(2*redTime+1))
	require.Zero(t, l.red)

	l.est = estimate.New(estimate.Params{Start: 300_000}, now)
	l.loses(0.30, 90_000, now.Add(3*redTime))
	require.Equal(t, 1, l.red, "sound alone would fill the line")
}
