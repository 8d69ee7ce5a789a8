package sfu

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// hall is a room with many microphones, and a receiver who hears them all.
type hall struct {
	f      *fakeRoom
	mics   []*source
	level  []uint8
	n      uint64
	hearer *Peer
	wire   *fakeWire
}

func newHall(mics int) *hall {
	h := &hall{f: newFakeRoom(), level: make([]uint8, mics)}
	h.hearer, h.wire = h.f.peer("hearer")
	for i := range mics {
		p, _ := h.f.peer(fmt.Sprint("speaker", i))
		src := h.f.publishes(p, Mic)
		h.mics = append(h.mics, src)
		h.f.binds(h.hearer, src.id, fmt.Sprint(i))
		h.level[i] = silence
	}
	return h
}

func (h *hall) route(t require.TestingT, grants ...Grant) {
	require.NoError(t, h.f.Apply(Routing{Epoch: 1, Grants: grants}))
}

// round lets every microphone send one packet and says which were given to the hearer.
func (h *hall) round() (given []int) {
	h.n++
	for i, src := range h.mics {
		before := len(h.wire.packets)
		h.f.says(src.layers[0], h.n, h.level[i])
		if len(h.wire.packets) > before {
			given = append(given, i)
		}
	}
	h.f.now = h.f.now.Add(20 * time.Millisecond)
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	var e errands
	h.hearer.reviewSounds(&e, h.f.now)
	return given
}

func (h *hall) sections() (out []*section) {
	for _, src := range h.mics {
		out = append(out, h.hearer.sectionOf(src.id))
	}
	return out
}

// Whatever is granted and however loud it gets: a viewer hears at most three at once and
// as many as there are up to that, a higher priority never loses to a lower, who is as
// good as another is not changed for it sooner than after the hold, and no number is
// left out or used twice. Who takes part hears everything.
func TestAViewerHearsTheLoudestOfTheMostImportant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHall(rapid.IntRange(4, 7).Draw(t, "microphones"))
		party, heard := h.f.peer("party")
		for i, src := range h.mics {
			h.f.binds(party, src.id, fmt.Sprint(i))
		}
		var open []int
		var changed time.Time
		was := map[int]bool{}
		check := func(regranted bool) {
			var now []int
			for i, s := range h.sections() {
				if s.gate.open && !s.withheld {
					now = append(now, i)
				}
			}
			require.Len(t, now, min(maxSounds, len(open)))
			for _, i := range open {
				for _, j := range now {
					require.False(t, !slices.Contains(now, i) && h.sections()[i].grant.Priority > h.sections()[j].grant.Priority)
				}
			}
			moved := false
			for _, i := range now {
				moved = moved || !was[i]
			}
			switch {
			case regranted:
				changed = time.Time{}
			case moved:
				require.True(t, changed.IsZero() || h.f.now.Sub(changed) >= soundHold, "changed again after %s", h.f.now.Sub(changed))
				changed = h.f.now
			}
			clear(was)
			for _, i := range now {
				was[i] = true
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"route": func(t *rapid.T) {
				var grants []Grant
				open = nil
				for i, src := range h.mics {
					if !rapid.Bool().Draw(t, "granted") {
						continue
					}
					g := toPeer(src.id, "hearer")
					g.Yield, g.Priority = YieldPublic, rapid.SampledFrom([]uint8{254, 254, 255}).Draw(t, "priority")
					open = append(open, i)
					grants = append(grants, g, toPeer(src.id, "party"))
				}
				h.route(t, grants...)
				check(true)
			},
			"talk": func(t *rapid.T) {
				for i := range h.level {
					h.level[i] = rapid.SampledFrom([]uint8{20, 24, 40, 127}).Draw(t, "level")
				}
			},
			"a while": func(t *rapid.T) {
				for range rapid.IntRange(1, 120).Draw(t, "rounds") {
					before := len(heard.packets)
					fresh := slices.ContainsFunc(h.sections(), func(s *section) bool { return s.gate.skip })
					given := h.round()
					require.LessOrEqual(t, len(given), maxSounds)
					for _, i := range given {
						require.Contains(t, open, i)
					}
					if !fresh {
						require.Len(t, heard.packets, before+len(open), "who takes part hears everything")
					}
					check(false)
				}
			},
		})
		require.False(t, h.wire.reused)
		last := map[uint32]uint16{}
		for _, p := range h.wire.packets {
			if seq, ok := last[p.SSRC]; ok {
				require.Equal(t, seq+1, p.SequenceNumber, "a gap would be taken for loss")
			}
			last[p.SSRC] = p.SequenceNumber
		}
	})
}

// With three open microphones or fewer a viewer gets packet for packet what one who
// takes part gets.
func TestFewMicrophonesAreNotChosenAmong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHall(5)
		party, heard := h.f.peer("party")
		for i, src := range h.mics {
			h.f.binds(party, src.id, fmt.Sprint(i))
		}
		for range rapid.IntRange(1, 6).Draw(t, "routings") {
			var grants []Grant
			for _, i := range rapid.Permutation(order(5)).Draw(t, "open")[:rapid.IntRange(0, maxSounds).Draw(t, "how many")] {
				g := toPeer(h.mics[i].id, "hearer")
				g.Yield, g.Priority = YieldPublic, rapid.Uint8Range(254, 255).Draw(t, "priority")
				o := toPeer(h.mics[i].id, "party")
				o.Priority = g.Priority
				grants = append(grants, g, o)
			}
			h.route(t, grants...)
			for range rapid.IntRange(1, 40).Draw(t, "rounds") {
				for i := range h.level {
					h.level[i] = rapid.Uint8Range(0, silence).Draw(t, "level")
				}
				h.round()
			}
		}
		require.Len(t, h.wire.packets, len(heard.packets))
		for i, p := range h.wire.packets {
			require.Equal(t, heard.packets[i].Payload, p.Payload)
			require.Equal(t, heard.packets[i].Timestamp, p.Timestamp)
			require.Equal(t, heard.packets[i].SSRC, p.SSRC)
		}
	})
}

// A fourth who is clearly louder is heard in place of the quietest, and is said to be
// given; one who is as loud is not.
func TestAClearlyLouderVoiceIsHeard(t *testing.T) {
	h := newHall(4)
	var grants []Grant
	for _, src := range h.mics {
		g := toPeer(src.id, "hearer")
		g.Yield = YieldPublic
		grants = append(grants, g)
	}
	h.route(t, grants...)
	copy(h.level, []uint8{30, 34, 38, 34})
	var given []int
	for range 300 {
		given = h.round()
	}
	require.Equal(t, []int{0, 1, 2}, given, "4 dB are no reason")
	require.Equal(t, PausedByPolicy, h.sections()[3].state(h.f.now).PausedBy)
	h.level[3] = 25
	for range 20 {
		given = h.round()
	}
	require.Equal(t, []int{0, 1, 3}, given)
	require.Equal(t, PausedByPolicy, h.sections()[2].state(h.f.now).PausedBy)
	require.Equal(t, NotPaused, h.sections()[3].state(h.f.now).PausedBy)
}
